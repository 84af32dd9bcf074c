//! The series of one replica as `OpenMetrics` text, for `promtool tsdb create-blocks-from openmetrics`; and what is wrong with rules
//! on those series.
//!
//! The replica is the first: the plan's own seed, the first set of probes, as `bench` plays it, with its healthy past. The
//! scenario's beginning is at `starts_at`; without one, at 2000-01-01T00:00:00Z.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use super::matrix::{BenchError, first_replica, history};
use super::ruling::dead;
use super::series::{FAMILIES, Scrapes};
use super::world::World;
use crate::diag::{Diagnostic, SourceFile};
use crate::rules::{Labels, METRIC_NAME, RuleFile, SeriesStore};
use crate::scenario::{Plan, RulePlan};

/// Where t = 0 is, if the scenario doesn't say: 2000-01-01T00:00:00Z.
const EPOCH_MS: i64 = 946_684_800_000;

/// What is wrong with each rules file of a plan, on the series of all monitors that it is judged on: alerts that can never fire, and windows that are never full.
pub fn dead_rules_of(plan: &Plan) -> Result<Vec<(SourceFile, Vec<Diagnostic>)>, BenchError> {
    if plan.rules.is_empty() || plan.monitors.is_empty() {
        return Ok(Vec::new());
    }
    let world = World::new(plan)?;
    let history = history(plan, &world) + plan.duration;
    let mut told: Vec<(&Arc<RuleFile>, _)> = Vec::new();
    for RulePlan { file, .. } in &plan.rules {
        if told.iter().any(|(known, _)| Arc::ptr_eq(known, file)) {
            continue;
        }
        let its = plan.rules.iter().filter(|rules| Arc::ptr_eq(&rules.file, file));
        told.push((file, dead(file, its.map(|rules| &world.monitors[rules.monitor]), history)));
    }
    Ok(told.into_iter().map(|(_, told)| told).collect())
}

/// Writes the series of all monitors in the first replica. Tells when they begin, in words.
pub fn export_openmetrics(plan: &Plan, out: &mut impl Write) -> Result<String, BenchError> {
    if plan.monitors.is_empty() {
        return Err(BenchError::NoMonitor);
    }
    let world = World::new(plan)?;
    let past = history(plan, &world);
    let mut store = SeriesStore::new();
    for watched in &world.monitors {
        let mut scrapes = Scrapes::new(watched, None);
        let unscrapable = |why| BenchError::Unscrapable { monitor: watched.name.clone(), why };
        if watched.probe.timeout > watched.every {
            return Err(unscrapable(
                "its timeout is longer than its interval, which Prometheus allows no scrape",
            ));
        }
        let full = |_| unscrapable("there are more samples than a store holds (RULE_SAMPLES_MAX)");
        for samples in first_replica(plan, &world, watched, past) {
            scrapes.write(&mut store, &samples).map_err(full)?;
        }
    }
    let starts_at = plan.starts_at.as_ref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let epoch_ms = starts_at.map_or(EPOCH_MS, jiff::Timestamp::as_millisecond);
    write(&store, epoch_ms, past, out).map_err(BenchError::Export)?;
    let began = jiff::Timestamp::from_millisecond(epoch_ms).unwrap_or_default();
    let past = crate::base::exact_duration(past);
    Ok(format!("the scenario begins at {began}, after {past} of health"))
}

fn write(store: &SeriesStore, epoch_ms: i64, past: Duration, out: &mut impl Write) -> io::Result<()> {
    let first_ms = epoch_ms - i64::try_from(past.as_millis()).unwrap_or_default();
    for (family, kind, metrics) in FAMILIES {
        let mut series = store.iter().filter(|(labels, ..)| metrics.contains(&labels.name())).peekable();
        if series.peek().is_some() {
            writeln!(out, "# TYPE {family} {kind}")?;
        }
        for (labels, times, values) in series {
            let labels = compact(labels);
            for (time, value) in times.iter().zip(values) {
                let at_ms = first_ms + time;
                let (seconds, millis) = (at_ms.div_euclid(1_000), at_ms.rem_euclid(1_000));
                writeln!(out, "{labels} {value} {seconds}.{millis:03}")?;
            }
        }
    }
    writeln!(out, "# EOF")
}

/// A series' name with its labels. Unlike PromQL, the format has no space between them, and knows three escapes.
fn compact(labels: &Labels) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let others = labels.iter().filter(|(name, _)| *name != METRIC_NAME);
    let pairs: Vec<String> = others.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{}{{{}}}", labels.name(), pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_stay_together() {
        let mut store = SeriesStore::new();
        for (name, value) in [("probe_success", 1.0), ("http_requests_total", 3.0), ("up", 1.0)] {
            let id = store.series(Labels::metric(name, [("job", "a\"b"), ("z", "c")])).unwrap();
            store.append(id, 1_500, value).unwrap();
        }
        let mut out = Vec::new();
        write(&store, 10_000, Duration::from_secs(5), &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "# TYPE up gauge\nup{job=\"a\\\"b\",z=\"c\"} 1 6.500\n# TYPE probe_success gauge\nprobe_success{job=\"a\\\"b\",z=\"c\"} 1 \
             6.500\n# TYPE http_requests counter\nhttp_requests_total{job=\"a\\\"b\",z=\"c\"} 3 6.500\n# EOF\n"
        );
    }
}
