//! Series as monitors and exporters would write them, with what makes evaluation hard: phases, gaps, restarts, NaN.

use brownout::base::{Label, Seed, Stream};
use brownout::rules::{Labels, STALE, SeriesStore};

/// Milliseconds between two scrapes of a series.
const SCRAPE_MS: i64 = 15_000;

/// How one metric's values go on from scrape to scrape.
#[derive(Clone, Copy)]
enum Kind {
    /// 1 and 0, in spells.
    Spells,
    /// 200 and 503, in spells.
    Status,
    /// A time in seconds.
    Seconds,
    /// A whole number that wanders.
    Level,
    /// A counter that begins anew now and then, with this growth.
    Counter(f64),
    /// Bytes that run out.
    Draining,
    /// The same number for ever.
    Constant(f64),
}

/// The series of a fleet, and where they end.
pub(crate) struct Fleet {
    pub(crate) store: SeriesStore,
    pub(crate) until_ms: i64,
}

/// Series of every metric that the tests' rules read.
pub(crate) fn fleet(seed: u64, targets: u32, minutes: i64) -> Fleet {
    let mut store = SeriesStore::new();
    let until_ms = minutes * 60_000;
    let mut add = |name: &str, pairs: &[(&str, &str)], kind: Kind, phase_ms: i64| {
        let labels = Labels::metric(name, pairs.iter().copied());
        let mut stream = Seed(seed).stream(Label::new("series").part(&labels.to_string()));
        let id = store.series(labels).expect("room");
        for (at_ms, value) in samples(kind, phase_ms, until_ms, &mut stream) {
            store.append(id, at_ms, value).expect("in order");
        }
    };
    for target in 0..targets {
        let (instance, service) = (format!("t{target}"), format!("s{}", target % 3));
        let phase = i64::from(target % 3) * 5_000;
        let base = [("instance", &*instance), ("job", "blackbox"), ("service", &*service)];
        add("up", &base, Kind::Spells, phase);
        add("probe_success", &base, Kind::Spells, phase);
        add("probe_http_status_code", &base, Kind::Status, phase);
        add("probe_duration_seconds", &base, Kind::Seconds, phase);
        add("queue_depth", &base, Kind::Level, phase);
        for (code, growth) in [("200", 40.0), ("404", 3.0), ("500", 4.0), ("503", 1.0)] {
            add(
                "http_requests_total",
                &[&base[..], &[("code", code)]].concat(),
                Kind::Counter(growth),
                phase,
            );
        }
        for (le, growth) in [("0.1", 20.0), ("0.5", 34.0), ("1", 38.0), ("+Inf", 40.0)] {
            let labels = [&base[..], &[("le", le)]].concat();
            add("http_request_duration_seconds_bucket", &labels, Kind::Counter(growth), phase);
        }
        let node = [("instance", &*instance)];
        add("node_filesystem_avail_bytes", &node, Kind::Draining, phase);
        add("node_filesystem_size_bytes", &node, Kind::Constant(1e10), phase);
        add("node_memory_MemAvailable_bytes", &node, Kind::Draining, phase);
        add("node_load1", &node, Kind::Seconds, phase);
        for cpu in ["0", "1"] {
            add(
                "node_cpu_seconds_total",
                &[node[0], ("cpu", cpu), ("mode", "idle")],
                Kind::Counter(15.0),
                phase,
            );
        }
        let pod = [("namespace", "shop"), ("pod", &*instance)];
        add("kube_pod_container_status_restarts_total", &pod, Kind::Counter(0.1), phase);
        add("kube_pod_status_phase", &[pod[0], pod[1], ("phase", "Pending")], Kind::Spells, phase);
        add("kube_pod_owner", &[pod[0], pod[1], ("owner_kind", "ReplicaSet")], Kind::Constant(1.0), phase);
        let deployment = [("deployment", &*instance)];
        add("kube_deployment_spec_replicas", &deployment, Kind::Constant(1.0), phase);
        add("kube_deployment_status_replicas_available", &deployment, Kind::Spells, phase);
        let ready = [("condition", "Ready"), ("node", &*instance), ("status", "true")];
        add("kube_node_status_condition", &ready, Kind::Spells, phase);
    }
    Fleet { store, until_ms }
}

fn samples(kind: Kind, phase_ms: i64, until_ms: i64, stream: &mut Stream) -> Vec<(i64, f64)> {
    let mut samples = Vec::new();
    let mut level = match kind {
        Kind::Draining => 9e9,
        Kind::Constant(value) => value,
        _ => (stream.below(50)) as f64,
    };
    let mut good = true;
    let mut at_ms = phase_ms;
    while at_ms <= until_ms {
        let (chance, size) = (stream.unit(), stream.unit());
        good = if good { chance > 0.06 } else { chance > 0.6 };
        let value = match kind {
            Kind::Spells => f64::from(u8::from(good)),
            Kind::Status => {
                if good {
                    200.0
                } else {
                    503.0
                }
            }
            Kind::Seconds => (if good { 0.1 } else { 2.0 }) * (0.5 + size),
            Kind::Level => {
                level = (level + (size * 9.0).floor() - 4.0).max(0.0);
                if chance < 0.01 { f64::NAN } else { level }
            }
            Kind::Counter(growth) => {
                level = if chance < 0.006 { 0.0 } else { level + (size * 2.0 * growth).round() };
                level
            }
            Kind::Draining => {
                level = if level < 1e9 { 9e9 } else { level - (size * 2e8).round() };
                level
            }
            Kind::Constant(value) => value,
        };
        let lost = stream.unit();
        if lost < 0.004 {
            // Gone for good measure: with a marker, or silently for longer than the look-back.
            if lost < 0.002 {
                samples.push((at_ms, STALE));
            }
            at_ms += SCRAPE_MS * (10 + stream.below(20).cast_signed());
        } else if lost > 0.02 {
            samples.push((at_ms, value));
        }
        at_ms += SCRAPE_MS;
    }
    samples
}
