//! The table: a line for each detector, soonest first within what is told in words: no winner where intervals overlap.

use std::time::Duration;

use indexmap::IndexSet;

use super::super::canvas::{Line, Page, Tone, View};
use super::super::tally::VerdictCounts;
use super::super::terminal::expectation;
use super::super::text::{UNKNOWN, percent, plural};
use crate::base::format_duration;
use crate::event::{BenchScores, DetectorScores, Rate, Times, Watches, two_figures};

/// Columns of a name.
const NAME_COLUMNS: usize = 18;

/// A benchmark, for a terminal.
pub fn scores_table(scores: &BenchScores, view: &View) -> String {
    let mut page = Page::new(*view);
    let replicas = scores.worlds * scores.probe_seeds;
    let facts = format!(
        "   seed {}, {} ({} of the scenario, {} of the probes), {} healthy days",
        scores.seed,
        plural(replicas as u64, "replica", "replicas"),
        plural(scores.worlds as u64, "seed", "seeds"),
        scores.probe_seeds,
        scores.healthy_days,
    );
    page.push(Line::new().put(Tone::Strong, &scores.scenario).put(Tone::Plain, facts));
    page.blank();
    heads(&mut page, scores);
    let groups: IndexSet<Option<String>> = scores.detectors.iter().map(group).collect();
    for title in groups {
        let indent = title.as_ref().map_or(0, |title| {
            page.push(Line::new().put(Tone::Dim, title));
            2
        });
        for detector in scores.detectors.iter().filter(|detector| group(detector) == title) {
            row(&mut page, detector, indent);
        }
    }
    page.blank();
    for note in notes(scores) {
        page.paragraph(Tone::Dim, &note, 0);
    }
    expectations(&mut page, scores);
    page.finish()
}

/// What was expected, and what came of it: the verdict last, as after a run.
fn expectations(page: &mut Page, scores: &BenchScores) {
    if scores.verdicts.is_empty() {
        return;
    }
    page.blank();
    page.push(Line::new().put(Tone::Strong, "expectations"));
    for verdict in &scores.verdicts {
        expectation(page, Some(&scores.file), verdict);
    }
    let counts = VerdictCounts::of(&scores.verdicts);
    let (word, tone) = if counts.not_met() > 0 { ("FAILED", Tone::Bad) } else { ("PASSED", Tone::Good) };
    page.blank();
    page.push(Line::new().put(tone, word).put(Tone::Plain, "  ").put(Tone::Plain, counts.text()));
}

fn heads(page: &mut Page, scores: &BenchScores) {
    let deadlines = scores.detectors.first().map_or(&[][..], |first| &first.within);
    let mut line = Line::new()
        .put(Tone::Strong, "detector")
        .put_right(Tone::Dim, "found", 25)
        .put_right(Tone::Dim, "median", 32)
        .put_right(Tone::Dim, "95%", 51)
        .put_right(Tone::Dim, "p90", 58);
    for (n, (seconds, _)) in deadlines.iter().enumerate() {
        let limit = format_duration(Duration::from_secs_f64(*seconds));
        line = line.put_right(Tone::Dim, format!("in {limit}"), deadline_column(n));
    }
    let end = deadline_column(deadlines.len()) - 8;
    page.push(line.put_right(Tone::Dim, "false/day", end + 10).put_right(Tone::Dim, "alarms", end + 17));
}

const fn deadline_column(n: usize) -> usize {
    66 + 8 * n
}

/// The monitor of a detector, and how it looks at its targets: `on edge (30 targets, over the fleet)`.
pub(super) fn group(detector: &DetectorScores) -> Option<String> {
    let monitor = detector.monitor.as_ref()?;
    let fleet = detector.watches.filter(|watches| watches.targets > 1).map(|Watches { targets, each }| {
        let how = if each { "each by itself" } else { "over the fleet" };
        format!(" ({targets} targets, {how})")
    });
    Some(format!("on {monitor}{}", fleet.unwrap_or_default()))
}

fn row(page: &mut Page, detector: &DetectorScores, indent: usize) {
    let tone = if detector.found.count == 0 { Tone::Dim } else { Tone::Plain };
    let found = if detector.found.of == 0 { UNKNOWN.to_owned() } else { percent(detector.found.share()) };
    let mut line = Line::indented(indent)
        .put(tone, super::super::text::fit(&detector.name, NAME_COLUMNS))
        .put_right(tone, found, 25)
        .put_right(tone, seconds(detector.median.value), 32)
        .put_right(Tone::Dim, range(&detector.median), 51)
        .put_right(tone, seconds(detector.p90.value), 58);
    for (n, (_, found)) in detector.within.iter().enumerate() {
        let share = if found.of == 0 { UNKNOWN.to_owned() } else { percent(found.share()) };
        line = line.put_right(tone, share, deadline_column(n));
    }
    let end = deadline_column(detector.within.len()) - 8;
    let alarms = detector.alarms.map_or_else(|| UNKNOWN.to_owned(), |alarms| format!("{alarms:.1}"));
    let line = line
        .put_right(tone, detector.false_alarms.as_ref().map_or_else(|| UNKNOWN.to_owned(), per_day), end + 10)
        .put_right(tone, alarms, end + 17);
    page.push(line);
}

pub(super) fn seconds(value: Option<f64>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| format_duration(Duration::from_secs_f64(value)))
}

pub(super) fn range(times: &Times) -> String {
    match (times.value, times.low, times.high) {
        (None, ..) => String::new(),
        (_, low, None) => format!("{} to never", seconds(low)),
        (_, low, high) => format!("{} to {}", seconds(low), seconds(high)),
    }
}

/// A rate a day; where nothing was counted, what it is bounded by.
pub(super) fn per_day(rate: &Rate) -> String {
    if rate.count == 0 { format!("<{}", two_figures(rate.high)) } else { two_figures(rate.per_day) }
}

/// What the figures can't say.
pub(super) fn notes(scores: &BenchScores) -> Vec<String> {
    let mut notes = vec![
        "Time to detect runs from the first instant at which 1% of the probes are expected to fail; a miss counts as longer \
         than all others. `<` bounds a rate by the days in which nothing was counted (95%)."
            .to_owned(),
    ];
    let software = || scores.detectors.iter().filter(|detector| detector.monitor.is_some());
    let known = software().filter_map(|detector| detector.median.value.map(|value| (detector, value)));
    if let Some((first, _)) = known.min_by(|(_, a), (_, b)| a.total_cmp(b)) {
        let high = first.median.high.unwrap_or(f64::INFINITY);
        let rivals: Vec<&str> = software()
            .filter(|other| other.name != first.name && other.median.low.is_some_and(|low| low <= high))
            .map(|other| other.name.as_str())
            .collect();
        notes.push(if rivals.is_empty() {
            format!("`{}` is the first to fire: its interval lies below all others.", first.name)
        } else {
            format!(
                "Nothing tells `{}` from {}: their intervals of the median overlap.",
                first.name,
                rivals.join(", ")
            )
        });
    }
    let silent: Vec<&str> =
        software().filter(|d| d.found.of > 0 && d.found.count == 0).map(|d| d.name.as_str()).collect();
    if !silent.is_empty() {
        notes.push(format!("Never fired: {}.", silent.join(", ")));
    }
    let unexplained: Vec<String> = software()
        .filter_map(|d| {
            let mean = d.unexplained.filter(|mean| *mean > 0.0)?;
            Some(format!("{} {}", d.name, two_figures(mean)))
        })
        .collect();
    if !unexplained.is_empty() {
        notes.push(format!("Alarms of a replica that nothing explains: {}.", unexplained.join(", ")));
    }
    if software().all(|detector| detector.found.of == 0) {
        notes.push("No path of a monitor was ever impaired: there was nothing to find.".to_owned());
    }
    for detector in scores.detectors.iter().filter(|detector| detector.monitor.is_none()) {
        notes.push(format!("{}: told, not measured. {}.", detector.name, detector.rule));
    }
    notes
}
