//! Rows: one for each detector of each scenario, as comma-separated values (RFC 4180). An empty field was not observed.

use crate::event::{BenchScores, DetectorScores, Watches};

const HEAD: &str = "scenario,seed,replicas,detector,monitor,targets,scope,rule,impaired,found,found_share,found_low,found_high,\
median_s,median_low_s,median_high_s,p90_s,p90_low_s,p90_high_s,false_alarms,healthy_days,false_alarms_per_day,\
false_alarms_low,false_alarms_high,alarms_mean,unexplained_mean,resolved_median_s";

/// Benchmarks as CSV. After the fixed columns come the shares found within each deadline: `found_within_300s`.
pub fn scores_csv(all: &[BenchScores]) -> String {
    let deadlines =
        all.iter().flat_map(|scores| &scores.detectors).next().map_or(&[][..], |first| &first.within);
    let mut lines = vec![HEAD.to_owned()];
    lines[0].extend(deadlines.iter().map(|(seconds, _)| format!(",found_within_{seconds}s")));
    for scores in all {
        lines.extend(scores.detectors.iter().map(|detector| row(scores, detector)));
    }
    lines.join("\r\n") + "\r\n"
}

fn row(scores: &BenchScores, detector: &DetectorScores) -> String {
    let rate = detector.false_alarms.as_ref();
    let (found, median, p90) = (&detector.found, &detector.median, &detector.p90);
    let mut fields = vec![
        scores.scenario.clone(),
        scores.seed.to_string(),
        (scores.worlds * scores.probe_seeds).to_string(),
        detector.name.clone(),
        detector.monitor.clone().unwrap_or_default(),
        detector.watches.map(|watches| watches.targets.to_string()).unwrap_or_default(),
        detector.watches.map(|watches| scope(watches).to_owned()).unwrap_or_default(),
        detector.rule.clone(),
        found.of.to_string(),
        found.count.to_string(),
        found.share().to_string(),
        found.low.to_string(),
        found.high.to_string(),
    ];
    let figures = [median.value, median.low, median.high, p90.value, p90.low, p90.high];
    fields.extend(figures.map(number));
    fields.push(rate.map(|rate| rate.count.to_string()).unwrap_or_default());
    fields.extend(
        [
            rate.map(|rate| rate.days),
            rate.map(|rate| rate.per_day),
            rate.map(|rate| rate.low),
            rate.map(|rate| rate.high),
            detector.alarms,
            detector.unexplained,
            detector.resolved.value,
        ]
        .map(number),
    );
    fields.extend(detector.within.iter().map(|(_, found)| found.share().to_string()));
    line(&fields)
}

/// A number; nothing where none was observed.
pub(super) fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Fields as a line.
pub(super) fn line(fields: &[String]) -> String {
    fields.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(",")
}

/// One target, a fleet as one stream, or each target of a fleet.
const fn scope(watches: Watches) -> &'static str {
    match (watches.targets, watches.each) {
        (0 | 1, _) => "target",
        (_, false) => "fleet",
        (_, true) => "each",
    }
}

/// Quoted where it must be; a formula is none (spreadsheets take a leading sign for one).
fn quoted(field: &str) -> String {
    let number = field.parse::<f64>().is_ok();
    let formula = !number && field.starts_with(['=', '+', '-', '@']);
    let safe = if formula { format!("'{field}") } else { field.to_owned() };
    if safe.contains([',', '"', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}
