//! Series: what Prometheus would have scraped of a monitor's probes.
//!
//! Each target is a `blackbox_exporter` probe (`up`, `probe_success`, `probe_duration_seconds`, `probe_http_status_code`), and of
//! an HTTP monitor also an instrumented client (`http_requests_total` by `code`, the histogram `http_request_duration_seconds` with
//! the buckets of Prometheus' Go client). `job` is the monitor, `instance` the target.
//!
//! What a monitor can't see has the code of the proxy that would tell it: 504 for an answer that did not come in time, 503 for a
//! connection that broke or was refused (Envoy's for `UT` and `UF`); `probe_http_status_code` is 0, as the exporter has it. A
//! counter begins with its first event, as clients have it: a code that was never seen has no series.
//!
//! A sample stands at the instant at which its probe's time is up, never before the outcome is known, so that a scrape is
//! regular whatever a probe took. Instants are multiples of a second, or of the largest part of it that fits the interval.

use std::sync::Arc;
use std::time::Duration;

use super::world::Watched;
use crate::base::limits::RULE_SAMPLES_MAX;
use crate::detect::Sample;
use crate::rules::{AppendError, Labels, RuleFile, SeriesId, SeriesStore};

/// Upper ends of the histogram's buckets: `prometheus.DefBuckets` of Prometheus' Go client.
const BUCKETS: [(f64, &str); 12] = [
    (0.005, "0.005"),
    (0.01, "0.01"),
    (0.025, "0.025"),
    (0.05, "0.05"),
    (0.1, "0.1"),
    (0.25, "0.25"),
    (0.5, "0.5"),
    (1.0, "1"),
    (2.5, "2.5"),
    (5.0, "5"),
    (10.0, "10"),
    (f64::INFINITY, "+Inf"),
];

const CODES: [&str; 3] = ["200", "503", "504"];

/// The metrics of every monitor, then those of HTTP monitors.
const GAUGES: [&str; 4] = ["up", "probe_success", "probe_duration_seconds", "probe_http_status_code"];
const REQUESTS: &str = "http_requests_total";
const HISTOGRAM: [&str; 3] = [
    "http_request_duration_seconds_bucket",
    "http_request_duration_seconds_sum",
    "http_request_duration_seconds_count",
];

/// A metric family: its name in `OpenMetrics`, its type, and the metrics that it is made of.
pub(super) const FAMILIES: [(&str, &str, &[&str]); 6] = [
    ("up", "gauge", &["up"]),
    ("probe_success", "gauge", &["probe_success"]),
    ("probe_duration_seconds", "gauge", &["probe_duration_seconds"]),
    ("probe_http_status_code", "gauge", &["probe_http_status_code"]),
    ("http_requests", "counter", &[REQUESTS]),
    ("http_request_duration_seconds", "histogram", &HISTOGRAM),
];

/// Which metrics are written: all, or those that rules read.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    gauges: [bool; 4],
    requests: bool,
    histogram: bool,
}

/// Writes the samples of a monitor into series.
#[derive(Clone, Debug)]
pub(super) struct Scrapes {
    job: Arc<str>,
    timeout: Duration,
    grid_ns: u64,
    wanted: Wanted,
    targets: Vec<Target>,
}

#[derive(Clone, Debug)]
struct Target {
    instance: Arc<str>,
    gauges: [Option<SeriesId>; 4],
    requests: [Option<SeriesId>; 3],
    counts: [u32; 3],
    histogram: Vec<SeriesId>,
    /// Of each bucket, how many took no longer; then the sum and the count.
    durations: [f64; 14],
}

// === impl Scrapes ===

impl Scrapes {
    /// The series of a monitor: all of them, or those that the rules read.
    pub(super) fn new(watched: &Watched, rules: Option<&RuleFile>) -> Self {
        let reads = |metric: &str| rules.is_none_or(|rules| rules.reads(metric));
        let mut gauges = GAUGES.map(reads);
        gauges[3] &= watched.is_http();
        let requests = watched.is_http() && reads(REQUESTS);
        let histogram = watched.is_http() && HISTOGRAM.iter().any(|metric| reads(metric));
        let target = |instance: &Arc<str>| Target {
            instance: Arc::clone(instance),
            gauges: [None; 4],
            requests: [None; 3],
            counts: [0; 3],
            histogram: Vec::new(),
            durations: [0.0; 14],
        };
        Self {
            job: Arc::clone(&watched.name),
            timeout: watched.probe.timeout,
            grid_ns: grid_ms(watched.every) * 1_000_000,
            wanted: Wanted { gauges, requests, histogram },
            targets: watched.instances.iter().map(target).collect(),
        }
    }

    /// Whether a store holds what it writes of so much time.
    pub(super) fn fits(&self, time: Duration, every: Duration) -> bool {
        let wanted = self.wanted;
        let series = wanted.gauges.iter().filter(|wanted| **wanted).count()
            + usize::from(wanted.requests) * CODES.len()
            + usize::from(wanted.histogram) * (BUCKETS.len() + 2);
        let samples = time.as_nanos() / every.as_nanos().max(1) * (series * self.targets.len()) as u128;
        // What rules record takes room as well.
        samples <= RULE_SAMPLES_MAX as u128 / 2
    }

    /// Makes every series that there can be, those of codes that may never be seen among them.
    pub(super) fn name_all(&mut self, store: &mut SeriesStore) -> Result<(), AppendError> {
        for n in 0..self.targets.len() {
            self.name(n, store)?;
            for code in 0..CODES.len() {
                if self.wanted.requests {
                    self.request_series(n, code, store)?;
                }
            }
        }
        Ok(())
    }

    /// Appends what these samples are in the series.
    pub(super) fn write(&mut self, store: &mut SeriesStore, samples: &[Sample]) -> Result<(), AppendError> {
        for sample in samples {
            let n = sample.target as usize;
            let sent = sample.at.since_start().saturating_sub(sample.latency);
            let due = u64::try_from((sent + self.timeout).as_nanos()).unwrap_or(u64::MAX);
            let at_ms = (due.div_ceil(self.grid_ns).saturating_mul(self.grid_ns) / 1_000_000).cast_signed();
            self.name(n, store)?;
            let (seconds, ok) = (sample.latency.as_secs_f64(), !sample.failed);
            let values = [1.0, f64::from(u8::from(ok)), seconds, if ok { 200.0 } else { 0.0 }];
            for (id, value) in self.targets[n].gauges.iter().zip(values) {
                if let Some(id) = id {
                    store.append(*id, at_ms, value)?;
                }
            }
            if self.wanted.requests {
                let code = if ok { 0 } else { 1 + usize::from(sample.latency >= self.timeout) };
                self.targets[n].counts[code] += 1;
                self.request_series(n, code, store)?;
                let target = &self.targets[n];
                for (id, count) in target.requests.iter().zip(target.counts) {
                    if let Some(id) = id {
                        store.append(*id, at_ms, f64::from(count))?;
                    }
                }
            }
            if self.wanted.histogram {
                let target = &mut self.targets[n];
                for ((end, _), count) in BUCKETS.iter().zip(&mut target.durations) {
                    *count += f64::from(u8::from(seconds <= *end));
                }
                target.durations[12] += seconds;
                target.durations[13] += 1.0;
                for (id, value) in target.histogram.iter().zip(target.durations) {
                    store.append(*id, at_ms, value)?;
                }
            }
        }
        Ok(())
    }

    /// Makes the series that a target has from its first scrape on.
    fn name(&mut self, n: usize, store: &mut SeriesStore) -> Result<(), AppendError> {
        let target = &mut self.targets[n];
        let (job, instance) = (&*self.job, &*target.instance);
        for ((id, name), wanted) in target.gauges.iter_mut().zip(GAUGES).zip(self.wanted.gauges) {
            if wanted && id.is_none() {
                *id = Some(store.series(Labels::metric(name, [("job", job), ("instance", instance)]))?);
            }
        }
        if self.wanted.histogram && target.histogram.is_empty() {
            for (_, end) in BUCKETS {
                let labels = [("job", job), ("instance", instance), ("le", end)];
                target.histogram.push(store.series(Labels::metric(HISTOGRAM[0], labels))?);
            }
            for name in &HISTOGRAM[1..] {
                let labels = Labels::metric(name, [("job", job), ("instance", instance)]);
                target.histogram.push(store.series(labels)?);
            }
        }
        Ok(())
    }

    fn request_series(&mut self, n: usize, code: usize, store: &mut SeriesStore) -> Result<(), AppendError> {
        let target = &mut self.targets[n];
        if target.requests[code].is_none() {
            let labels = [("job", &*self.job), ("instance", &*target.instance), ("code", CODES[code])];
            target.requests[code] = Some(store.series(Labels::metric(REQUESTS, labels))?);
        }
        Ok(())
    }
}

/// The grid that scrapes stand on: a second, or the largest part of it that the interval is a multiple of.
fn grid_ms(every: Duration) -> u64 {
    let gcd = |mut a: u64, mut b: u64| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    gcd(u64::try_from(every.as_millis()).unwrap_or(1_000), 1_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SimTime;
    use crate::bench::world::World;
    use crate::scenario::load_text;

    fn watched(check: &str) -> World {
        let text = format!(
            "name: x\nduration: 2h\nservices: {{ a: {{ upstream: \"a:1\" }} }}\nmonitors: {{ edge: {{ every: 15s, timeout: 5s, \
             {check}, targets: {{ instances: 2 }} }} }}\n"
        );
        World::new(&load_text("x", &text).unwrap()).unwrap()
    }

    fn sample(sent_ms: u64, target: u32, failed: bool, latency_ms: u64) -> Sample {
        let at = SimTime::from_millis(sent_ms + latency_ms);
        Sample { at, target, failed, latency: Duration::from_millis(latency_ms) }
    }

    fn lines(store: &SeriesStore) -> Vec<String> {
        store.iter().map(|(labels, times, values)| format!("{labels} {times:?} {values:?}")).collect()
    }

    /// A scrape is regular whatever a probe took, and never before its outcome is known.
    #[test]
    fn probes_become_what_the_exporter_and_a_client_would_tell() {
        let world = watched("http: { get: / }");
        let mut store = SeriesStore::new();
        let samples =
            [sample(2_400, 1, false, 30), sample(17_400, 1, true, 5_000), sample(32_400, 1, true, 80)];
        Scrapes::new(&world.monitors[0], None).write(&mut store, &samples).unwrap();
        let told = lines(&store);
        let of = |name: &str| told.iter().filter(|line| line.starts_with(name)).cloned().collect::<Vec<_>>();
        let labels = r#"instance="a/1", job="edge""#;
        assert_eq!(
            of("probe_success"),
            [format!("probe_success{{{labels}}} [8000, 23000, 38000] [1.0, 0.0, 0.0]")]
        );
        assert_eq!(of("probe_http")[0].split("] ").last(), Some("[200.0, 0.0, 0.0]"));
        assert_eq!(
            of("http_requests_total"),
            [
                format!(
                    r#"http_requests_total{{code="200", {labels}}} [8000, 23000, 38000] [1.0, 1.0, 1.0]"#
                ),
                format!(r#"http_requests_total{{code="504", {labels}}} [23000, 38000] [1.0, 1.0]"#),
                format!(r#"http_requests_total{{code="503", {labels}}} [38000] [1.0]"#),
            ]
        );
        let bucket = of("http_request_duration_seconds_bucket");
        assert_eq!(bucket.len(), 12);
        assert!(
            bucket[3].contains(r#"le="0.05""#) && bucket[3].ends_with("[1.0, 1.0, 1.0]"),
            "{}",
            bucket[3]
        );
        assert!(bucket[11].ends_with("[1.0, 2.0, 3.0]"), "{}", bucket[11]);
    }

    #[test]
    fn only_what_rules_read_is_written() {
        let world = watched("tcp: {}");
        let text = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: '{__name__=~\"probe_.*\"} == 0'}\n";
        let rules = RuleFile::parse("r.yml", text).unwrap();
        let mut store = SeriesStore::new();
        let mut scrapes = Scrapes::new(&world.monitors[0], Some(&rules));
        scrapes.name_all(&mut store).unwrap();
        assert_eq!(store.names().collect::<Vec<_>>(), ["probe_success", "probe_duration_seconds"]);
        assert_eq!(store.len(), 4);
    }

    #[test]
    fn pairs_of_sites_are_instances() {
        let text = "name: x\nduration: 1h\nservices: { a: { upstream: \"a:1\" } }\nwan:\n  \
            topology: { sites: { a: {}, b: {} }, links: [{ ends: [a, b], delay: 5ms }] }\n\
            monitors: { mesh: { targets: { pairs: [[a, b]] }, every: 15s, timeout: 1s, tcp: {} } }\n";
        let world = World::new(&load_text("x", text).unwrap()).unwrap();
        let mut store = SeriesStore::new();
        Scrapes::new(&world.monitors[0], None).name_all(&mut store).unwrap();
        assert!(lines(&store)[0].starts_with(r#"up{instance="a/b", job="mesh"}"#), "{:?}", lines(&store));
        assert_eq!(world.monitors[0].instances.len(), world.monitors[0].targets.len());
    }

    #[test]
    fn the_grid_fits_the_interval() {
        let grid = |ms| grid_ms(Duration::from_millis(ms));
        assert_eq!([15_000, 2_500, 300, 1].map(grid), [1_000, 500, 100, 1]);
    }
}
