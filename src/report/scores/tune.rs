//! Tuning, for a terminal and for programs: a line for each detector, its value as written and the best within the budget.

use super::super::canvas::{Line, Page, Tone, View};
use super::super::text::{UNKNOWN, fit, percent, plural};
use super::frontier::span;
use super::table::per_day;
use crate::event::{TuneReport, TunedDetector, TunedFigures, two_figures};

/// Columns: where each ends.
const VALUE: usize = 44;
const MEDIAN: usize = 54;
const FOUND: usize = 63;
const RATE: usize = 74;

/// What tuning says, for a terminal.
pub fn tune_table(report: &TuneReport, view: &View) -> String {
    let mut page = Page::new(*view);
    let facts = format!(
        "   {} and {} healthy days, twice: to choose, and to confirm",
        plural(report.replicas as u64, "replica", "replicas"),
        report.healthy_days
    );
    page.push(Line::new().put(Tone::Strong, report.scenarios.join(", ")).put(Tone::Plain, facts));
    page.blank();
    let head = Line::new()
        .put(Tone::Strong, "detector")
        .put_right(Tone::Dim, "value", VALUE)
        .put_right(Tone::Dim, "median", MEDIAN)
        .put_right(Tone::Dim, "found", FOUND)
        .put_right(Tone::Dim, "false/day", RATE);
    page.push(head);
    for tuned in &report.detectors {
        block(&mut page, tuned, report.budget_per_day);
    }
    page.blank();
    let budget = two_figures(report.budget_per_day);
    let worst = if report.scenarios.len() > 1 {
        " Figures are those of the scenario in which they are worst."
    } else {
        ""
    };
    let note = format!(
        "Budget: {budget} false alarms a day, which the upper end of the interval (95%) must keep. The best value is told with the \
         figures of seeds that it was not chosen by.{worst}"
    );
    page.paragraph(Tone::Dim, &note, 0);
    if let Some((first, figures)) = soonest(report) {
        let best = first.best.as_ref().map_or("", |best| best.value.as_str());
        let told = format!(
            "Soonest within the budget: {} with {} {best}, after {}.",
            first.detector,
            first.parameter,
            figures.median.map_or_else(|| UNKNOWN.to_owned(), span)
        );
        page.paragraph(Tone::Plain, &told, 0);
    }
    page.finish()
}

fn block(page: &mut Page, tuned: &TunedDetector, budget: f64) {
    let name = format!("{}: {}", tuned.detector, tuned.parameter);
    let mut title = Line::new().put(Tone::Strong, fit(&name, 30));
    if let Some(written) = &tuned.written {
        title = figures(title, &written.value, &written.figures, Tone::Dim).put(Tone::Dim, "  as written");
    }
    page.push(title);
    if let (Some(best), Some(confirmed)) = (&tuned.best, &tuned.confirmed) {
        let kept = confirmed.false_alarms.high <= budget;
        let (tone, word) =
            if kept { (Tone::Good, "  best, confirmed") } else { (Tone::Warn, "  best, not confirmed") };
        page.push(figures(Line::new(), &best.value, confirmed, Tone::Plain).put(tone, word));
    }
    if let Some(why) = &tuned.why_not {
        page.paragraph(Tone::Warn, why, 4);
    }
}

fn figures(line: Line, value: &str, figures: &TunedFigures, tone: Tone) -> Line {
    line.put_right(tone, value, VALUE)
        .put_right(tone, figures.median.map_or_else(|| UNKNOWN.to_owned(), span), MEDIAN)
        .put_right(tone, percent(figures.found), FOUND)
        .put_right(tone, per_day(&figures.false_alarms), RATE)
}

/// The detector that is soonest where its best value was confirmed.
fn soonest(report: &TuneReport) -> Option<(&TunedDetector, TunedFigures)> {
    let confirmed = report.detectors.iter().filter_map(|tuned| Some((tuned, tuned.confirmed?)));
    let kept = confirmed.filter(|(_, figures)| {
        figures.false_alarms.high <= report.budget_per_day && figures.median.is_some()
    });
    kept.min_by(|(_, a), (_, b)| {
        a.median.unwrap_or(f64::INFINITY).total_cmp(&b.median.unwrap_or(f64::INFINITY))
    })
}

/// What tuning says, as JSON.
pub fn tune_json(report: &TuneReport) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}
