//! Monitors and detectors: what a probe asks for, and whether a rule can ever fire.

use std::sync::Arc;
use std::time::Duration;

use super::head::Head;
use super::mistakes::{DETECTOR, MONITOR, Mistakes, SERVICE, exact};
use super::rules::lower_rules;
use super::wan::lower_pair;
use crate::base::SimTime;
use crate::base::limits::{DETECTOR_TARGETS_MAX, PROBE_BODY_BYTES_MAX, SCENARIO_ITEMS_MAX};
use crate::detect::{Contradiction, DETECTOR_KINDS, DetectorSpec, Feed};
use crate::diag::{Code, Diagnostic, SourceFile, SourceSpan};
use crate::scenario::files::TraceFiles;
use crate::scenario::placed::{Pairs, Placed};
use crate::scenario::plan::{Check, DetectorPlan, MonitorPlan, PairPlan, Plan, RulePlan};
use crate::scenario::raw::{
    RawDetector, RawDetectors, RawHttp, RawMonitor, RawPath, RawPrometheus, RawScenario,
};
use crate::wan::{History, SiteId};

/// Shortest time between two probes of a monitor on the wall clock: tokio's timer has no finer grain.
const PROBE_EVERY_MIN: Duration = Duration::from_millis(1);

pub(super) fn lower_monitors(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    head: &Head,
    wan: Option<&History>,
    pairs: &mut Vec<PairPlan>,
) -> Vec<MonitorPlan> {
    let mut monitors = Vec::new();
    for (name, item) in raw.monitors.get().into_iter().flatten() {
        told.check_name(MONITOR, Placed { value: &name.value, span: name.span });
        let of_pairs = item.value.targets.get().and_then(|fleet| fleet.pairs.placed());
        let targets = match of_pairs {
            Some(named) => lower_pairs(told, raw, &item.value, named, (head, wan, &mut *pairs))
                .map(|pairs| (Vec::new(), pairs)),
            None => lower_targets(told, raw, name, &item.value).map(|services| (services, Vec::new())),
        };
        check_interval(told, &item.value, head);
        let check = lower_check(told, name, &item.value);
        let (Some((targets, pairs)), Some(check)) = (targets, check) else { continue };
        monitors.push(MonitorPlan {
            name: Arc::from(name.value.as_str()),
            targets,
            pairs,
            every: head.clock.shorten(item.value.every.value.get()),
            timeout: item.value.timeout.value.get(),
            check,
        });
    }
    monitors
}

/// The pairs of sites that a monitor probes.
fn lower_pairs(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    monitor: &RawMonitor,
    named: Placed<&Pairs>,
    (head, wan, known): (&Head, Option<&History>, &mut Vec<PairPlan>),
) -> Option<Vec<usize>> {
    let before = told.count();
    let fleet = monitor.targets.get();
    let others = [
        ("via", monitor.via.span()),
        ("services", fleet.and_then(|fleet| fleet.services.span())),
        ("instances", fleet.and_then(|fleet| fleet.instances.span())),
    ];
    for (key, span) in others.into_iter().filter_map(|(key, span)| span.map(|span| (key, span))) {
        let message = format!("targets are either `pairs` of sites or what `{key}` names");
        let mistake = Diagnostic::error(Code::Contradiction, message).at(told.key(span, key), "");
        told.push(mistake.hint(format!("leave `{key}` out")));
    }
    if raw.wan.get().is_none() {
        let mistake = Diagnostic::error(
            Code::MissingKey,
            "pairs of sites are of a WAN, and the scenario has no `wan` section",
        );
        told.push(
            mistake
                .at(told.key(named.span, "pairs"), "")
                .hint("add `wan: { topology: global-backbone }`, say"),
        );
    }
    // A WAN with a mistake in it has no history; the mistake was told.
    let history = wan?;
    let paths: Vec<Placed<RawPath>> = match named.value {
        Pairs::These(these) => {
            let path = |pair: &Placed<(Placed<String>, Placed<String>)>| {
                let (from, to) = &pair.value;
                Placed { value: RawPath { from: from.clone(), to: to.clone() }, span: pair.span }
            };
            these.iter().map(path).collect()
        }
        Pairs::All => all_pairs(history, named.span),
    };
    if paths.is_empty() || paths.len() > DETECTOR_TARGETS_MAX as usize {
        let message = format!("a fleet has 1 to {DETECTOR_TARGETS_MAX} targets, found `{}`", paths.len());
        told.push(Diagnostic::error(Code::BadValue, message).at(told.item(named.span), ""));
        return None;
    }
    // All of them are looked up, so that every mistake is told.
    let places: Vec<Option<usize>> =
        paths.iter().map(|path| lower_pair(told, path.as_ref(), history, head, known)).collect();
    let places: Option<Vec<usize>> = places.into_iter().collect();
    places.filter(|_| told.count() == before)
}

/// Every pair of sites that have addresses, once: a probe goes both ways.
fn all_pairs(history: &History, span: SourceSpan) -> Vec<Placed<RawPath>> {
    let topology = history.topology();
    let sites = topology.sites().iter().enumerate();
    let reached = sites.filter(|(place, _)| topology.block_of(SiteId(*place as u32)).is_some());
    let names: Vec<Placed<String>> =
        reached.map(|(_, site)| Placed { value: site.name.as_str().to_owned(), span }).collect();
    let pair = |from: &Placed<String>, to: &Placed<String>| Placed {
        value: RawPath { from: from.clone(), to: to.clone() },
        span,
    };
    let after = |n: usize| names[n + 1..].iter();
    names.iter().enumerate().flat_map(|(n, from)| after(n).map(move |to| pair(from, to))).collect()
}

/// The services of a monitor's targets.
fn lower_targets(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    name: &Placed<String>,
    monitor: &RawMonitor,
) -> Option<Vec<usize>> {
    let services = || raw.services.value.keys().map(|name| name.value.as_str());
    let fleet = monitor.targets.placed();
    if let Some(named) = fleet.and_then(|fleet| fleet.value.services.placed()) {
        if let Some(via) = monitor.via.placed() {
            let mistake = Diagnostic::error(
                Code::Contradiction,
                "`via` and `targets: { services }` both name services",
            );
            told.push(mistake.at(via.span, "").hint("leave `via` out"));
        }
        if let Some(instances) = fleet.and_then(|fleet| fleet.value.instances.placed()) {
            let mistake =
                Diagnostic::error(Code::Contradiction, "targets are either `services` or `instances` of one");
            told.push(mistake.at(instances.span, "").hint("leave `instances` out"));
        }
        if named.value.0.is_empty() {
            told.push(
                Diagnostic::error(Code::BadValue, "a fleet has at least one target").at(named.span, ""),
            );
        }
        let resolve = |service: &Placed<String>| {
            told.resolve(SERVICE, Placed { value: service.value.as_str(), span: service.span }, services())
        };
        // All of them are looked up, so that every mistake is told.
        let found: Vec<Option<usize>> = named.value.0.iter().map(resolve).collect();
        return found.into_iter().collect::<Option<Vec<usize>>>().filter(|targets| !targets.is_empty());
    }
    let service = match monitor.via.placed() {
        Some(via) => told.resolve(SERVICE, Placed { value: via.value.as_str(), span: via.span }, services()),
        None => told.only(SERVICE, "via", name.span, services()),
    };
    let Some(fleet) = fleet else { return service.map(|service| vec![service]) };
    let Some(instances) = fleet.value.instances.placed() else {
        let mistake = Diagnostic::error(Code::NoKind, "targets without a key that names them");
        told.push(
            mistake.at(fleet.span, "").hint("write `services: [a, b]`, `instances: 10` or `pairs: all`"),
        );
        return None;
    };
    let count = *instances.value;
    if count == 0 || count > DETECTOR_TARGETS_MAX {
        let message = format!("a fleet has 1 to {DETECTOR_TARGETS_MAX} targets, found `{count}`");
        told.push(Diagnostic::error(Code::BadValue, message).at(instances.span, ""));
        return None;
    }
    service.map(|service| vec![service; count as usize])
}

fn check_interval(told: &mut Mistakes<'_>, monitor: &RawMonitor, head: &Head) {
    for (key, value) in [("every", monitor.every), ("timeout", monitor.timeout)] {
        if value.value.get().is_zero() {
            let message = format!("`{key}` must be longer than 0s");
            told.push(Diagnostic::error(Code::BadValue, message).at(value.span, ""));
        }
    }
    let (every, end) = (monitor.every.value.get(), head.duration);
    let shortened = head.clock.shorten(every);
    if every > end.value && !end.value.is_zero() {
        let label = format!("the scenario lasts `{}` (line {})", told.text(end.span), told.line(end.span));
        let mistake =
            Diagnostic::error(Code::OutsideScenario, "the second probe would come after the scenario's end");
        told.push(mistake.at(monitor.every.span, label));
    } else if !every.is_zero() && shortened < PROBE_EVERY_MIN {
        let message = format!("a probe every {} is more than can be timed", exact(shortened));
        let label = if head.clock.plays_at_speed() {
            format!("at a speed of {} it is every {}", head.clock.speed, exact(shortened))
        } else {
            format!("the shortest interval is {}", exact(PROBE_EVERY_MIN))
        };
        told.push(Diagnostic::error(Code::BadValue, message).at(monitor.every.span, label));
    }
}

fn lower_check(told: &mut Mistakes<'_>, name: &Placed<String>, monitor: &RawMonitor) -> Option<Check> {
    let http =
        monitor.http.placed().map(|http| ("http", Placed { value: Some(http.value), span: http.span }));
    let tcp = monitor.tcp.placed().map(|tcp| ("tcp", Placed { value: None, span: tcp.span }));
    let kinds = http.into_iter().chain(tcp).collect();
    let kind = told.exactly_one("a monitor", name.span, kinds, &["http", "tcp"])?;
    Some(kind.value.map_or(Check::Tcp, |http| lower_http(told, http)))
}

fn lower_http(told: &mut Mistakes<'_>, http: &RawHttp) -> Check {
    let mut bad = |message: String, value: crate::diag::SourceSpan, hint: Option<String>| {
        told.push(Diagnostic::error(Code::BadValue, message).at(value, "").maybe_hint(hint));
    };
    let path = http.get.value.as_str();
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if !path.starts_with('/') {
        let own = path.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()));
        let mended = own.unwrap_or_else(|| format!("/{path}"));
        bad(
            format!("expected a path that begins with `/`, found `{path}`"),
            http.get.span,
            Some(format!("write `get: {mended}`")),
        );
    } else if !plain(path) || path.contains('#') {
        let hint = "write a space as `%20`, any other character as its bytes in `%` and hexadecimal";
        bad(
            format!("`{path}` has characters that a request line can't have"),
            http.get.span,
            Some(hint.to_owned()),
        );
    }
    if let Some(host) = http.host.placed()
        && (host.value.is_empty() || !plain(host.value) || host.value.contains(['/', '@']))
    {
        bad(format!("expected a host name, with or without a port, found `{}`", host.value), host.span, None);
    }
    if let Some(status) = http.status.placed()
        && !(100..=599).contains(status.value)
    {
        bad(format!("expected an HTTP status from 100 to 599, found `{}`", status.value), status.span, None);
    }
    if let Some(text) = http.body_contains.placed()
        && text.value.is_empty()
    {
        bad(
            "every body contains the empty text".to_owned(),
            text.span,
            Some("leave `body_contains` out".to_owned()),
        );
    }
    if let Some(size) = http.body_at_least.placed()
        && size.value.0 > PROBE_BODY_BYTES_MAX as u64
    {
        let most = PROBE_BODY_BYTES_MAX >> 20;
        bad(
            format!("a probe reads at most {most}MiB of a body, and {} are asked for", size.value),
            size.span,
            None,
        );
    }
    Check::Http {
        path: path.into(),
        host: http.host.get().map(|host| Arc::from(host.as_str())),
        status: http.status.get().copied(),
        body_contains: http.body_contains.get().map(|text| Arc::from(text.as_str())),
        body_at_least: http.body_at_least.get().copied(),
    }
}

/// A monitor, as its detectors see it.
struct Watched<'a> {
    name: &'a str,
    every: Duration,
    targets: usize,
}

/// Monitors that detectors may be on.
struct Watchers<'a> {
    monitors: Vec<Watched<'a>>,
    lasts: Duration,
    /// Whether a detector that names no monitor is on the first of several.
    first_of_several: bool,
}

pub(super) fn lower_detectors(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    lowered: &[MonitorPlan],
    files: &mut TraceFiles,
) -> (Vec<DetectorPlan>, Vec<RulePlan>) {
    let monitors = raw.monitors.get().into_iter().flatten().map(|(name, item)| {
        let fleet = item.value.targets.get();
        let services = fleet.and_then(|fleet| fleet.services.get()).map(|named| named.0.len());
        let instances = fleet.and_then(|fleet| fleet.instances.get()).map(|count| *count as usize);
        let pairs = || lowered.iter().find(|monitor| *monitor.name == *name.value).map(|it| it.pairs.len());
        let targets = services.or(instances).or_else(pairs).unwrap_or(1);
        Watched { name: &name.value, every: item.value.every.value.get(), targets }
    });
    let (monitors, lasts) = (monitors.collect(), raw.duration.value.get());
    let watchers = Watchers { monitors, lasts, first_of_several: false };
    let items = raw.detectors.get().into_iter().flatten();
    sorted(items.filter_map(|(name, item)| lower_detector(told, &watchers, name, &item.value, files)))
}

/// The detectors of a file of their own, for the monitors of a plan.
pub(in crate::scenario) fn lower_detectors_of(
    file: &SourceFile,
    raw: &RawDetectors,
    plan: &Plan,
    files: &mut TraceFiles,
) -> Result<(Vec<DetectorPlan>, Vec<RulePlan>), Vec<Diagnostic>> {
    let mut told = Mistakes::new(file);
    let count = raw.detectors.value.len();
    if count == 0 || count > SCENARIO_ITEMS_MAX {
        let (code, message) = if count == 0 {
            (Code::MissingKey, "the file has no detector".to_owned())
        } else {
            (Code::TooMany, format!("`detectors` has {count} items, and {SCENARIO_ITEMS_MAX} is the most"))
        };
        told.push(Diagnostic::error(code, message).at(told.item(raw.detectors.span), ""));
        return Err(told.into_diagnostics());
    }
    let monitors = plan.monitors.iter().map(|monitor| Watched {
        name: &monitor.name,
        every: monitor.every,
        targets: monitor.target_count(),
    });
    let watchers = Watchers { monitors: monitors.collect(), lasts: plan.duration, first_of_several: true };
    let items = raw.detectors.value.iter();
    let detectors = sorted(
        items.filter_map(|(name, item)| lower_detector(&mut told, &watchers, name, &item.value, files)),
    );
    if told.any() || !files.mistaken.is_empty() { Err(told.into_diagnostics()) } else { Ok(detectors) }
}

fn lower_detector(
    told: &mut Mistakes<'_>,
    watchers: &Watchers<'_>,
    name: &Placed<String>,
    detector: &RawDetector,
    files: &mut TraceFiles,
) -> Option<Lowered> {
    told.check_name(DETECTOR, Placed { value: &name.value, span: name.span });
    let names = watchers.monitors.iter().map(|monitor| monitor.name);
    let monitor = match detector.monitor.placed() {
        Some(named) => told.resolve(MONITOR, Placed { value: named.value.as_str(), span: named.span }, names),
        None if watchers.first_of_several && !watchers.monitors.is_empty() => Some(0),
        None => told.only(MONITOR, "monitor", name.span, names),
    };
    let kind = lower_kind(told, name, detector);
    let (monitor, kind) = (monitor?, kind?);
    let spec = match kind.value {
        Kind::Rules(rules) => {
            let rules = Placed { value: rules, span: kind.span };
            return lower_rules(told, name, rules, monitor, files).map(Lowered::Rules);
        }
        Kind::Spec(spec) => Placed { value: spec, span: kind.span },
    };
    check_reach(told, watchers.lasts, &spec, &watchers.monitors[monitor]);
    Some(Lowered::Detector(DetectorPlan { name: Arc::from(name.value.as_str()), monitor, spec: spec.value }))
}

/// A detector of the table's kinds, or rules.
enum Lowered {
    Detector(DetectorPlan),
    Rules(RulePlan),
}

fn sorted(lowered: impl Iterator<Item = Lowered>) -> (Vec<DetectorPlan>, Vec<RulePlan>) {
    let (mut detectors, mut rules) = (Vec::new(), Vec::new());
    for one in lowered {
        match one {
            Lowered::Detector(detector) => detectors.push(detector),
            Lowered::Rules(one) => rules.push(one),
        }
    }
    (detectors, rules)
}

/// What a detector's one key names.
enum Kind<'r> {
    Spec(DetectorSpec),
    Rules(&'r RawPrometheus),
}

fn lower_kind<'r>(
    told: &mut Mistakes<'_>,
    name: &Placed<String>,
    detector: &'r RawDetector,
) -> Option<Placed<Kind<'r>>> {
    const PROMETHEUS: &str = "prometheus";
    let all: Vec<&str> = DETECTOR_KINDS.iter().map(|kind| kind.name).chain([PROMETHEUS]).collect();
    let of_table = detector.kinds().into_iter();
    let of_table = of_table.map(|kind| {
        let (name, span) = (kind.value.info().name, kind.span);
        (name, Placed { value: Kind::Spec(kind.value), span })
    });
    let rules = detector.prometheus.placed();
    let rules = rules.map(|rules| (PROMETHEUS, Placed { value: Kind::Rules(rules.value), span: rules.span }));
    told.exactly_one("a detector", name.span, of_table.chain(rules).collect(), &all)
}

/// Tells a rule that can never fire on the probes that it gets, or always does.
fn check_reach(
    told: &mut Mistakes<'_>,
    lasts: Duration,
    spec: &Placed<DetectorSpec>,
    &Watched { name, every, targets }: &Watched<'_>,
) {
    if every.is_zero() {
        return;
    }
    let targets = targets.clamp(1, DETECTOR_TARGETS_MAX as usize) as u32;
    let feed = Feed { targets, ..Feed::of_one(every, SimTime::ZERO, lasts) };
    for Contradiction { message, hint } in spec.value.contradictions(&feed) {
        let each = if targets > 1 { format!("each of {targets} targets ") } else { String::new() };
        let rhythm = format!("monitor `{name}` probes {each}every {}", exact(every));
        let mistake = Diagnostic::error(Code::Contradiction, message).at(told.item(spec.span), rhythm);
        told.push(mistake.maybe_hint(hint));
    }
}
