//! The frontier for a terminal and for a spreadsheet: a block for each detector, a line for each value of its main parameter.

use std::time::Duration;

use super::super::canvas::{Line, Page, Tone, View};
use super::super::text::{UNKNOWN, fit, percent};
use super::rows::{line, number};
use super::table::{per_day, range, seconds};
use crate::base::format_duration;
use crate::event::{BenchScores, Frontier, FrontierPoint};

/// The frontier; nothing, if nobody asked for it.
pub fn frontier_table(scores: &BenchScores, view: &View) -> String {
    if scores.frontier.is_empty() {
        return String::new();
    }
    let mut page = Page::new(*view);
    page.blank();
    let head = Line::new()
        .put(Tone::Strong, "frontier")
        .put_right(Tone::Dim, "value", 32)
        .put_right(Tone::Dim, "false/day", 44)
        .put_right(Tone::Dim, "found", 54)
        .put_right(Tone::Dim, "median", 62)
        .put_right(Tone::Dim, "95%", 84);
    page.push(head);
    for curve in &scores.frontier {
        block(&mut page, curve);
    }
    page.blank();
    let best = view.sign("★", "*");
    let own = view.sign("◂", "<");
    let told = format!(
        "{best} no other point of its monitor is as good in one respect and better in the other, by the estimates alone; {own} as the \
         detector is written. All points are judged on the same probes."
    );
    page.paragraph(Tone::Dim, &told, 0);
    page.finish()
}

fn block(page: &mut Page, curve: &Frontier) {
    let mut name = format!("{}: {}", curve.detector, curve.parameter);
    for point in &curve.points {
        let tone = if point.found.count == 0 { Tone::Dim } else { Tone::Plain };
        let best = if point.best { page.view.sign("★", "*") } else { "" };
        let own = if point.own { page.view.sign("◂", "<") } else { "" };
        let found = if point.found.of == 0 { UNKNOWN.to_owned() } else { percent(point.found.share()) };
        let line = Line::new()
            .put(Tone::Strong, fit(&std::mem::take(&mut name), 24))
            .put_right(tone, &point.value, 32)
            .put_right(tone, point.false_alarms.as_ref().map_or_else(|| UNKNOWN.to_owned(), per_day), 44)
            .put_right(tone, found, 54)
            .put_right(tone, seconds(point.median.value), 62)
            .put_right(Tone::Dim, range(&point.median), 84)
            .to(86)
            .put(Tone::Good, best)
            .to(88)
            .put(Tone::Strong, own);
        page.push(line);
    }
}

/// A row for each point (RFC 4180).
pub fn frontier_csv(all: &[BenchScores]) -> String {
    let head = "scenario,seed,monitor,detector,parameter,value,as_written,best,impaired,found,found_share,found_low,found_high,\
                median_s,median_low_s,median_high_s,false_alarms,healthy_days,false_alarms_per_day,false_alarms_low,\
                false_alarms_high";
    let mut lines = vec![head.to_owned()];
    for scores in all {
        for curve in &scores.frontier {
            lines.extend(curve.points.iter().map(|point| row(scores, curve, point)));
        }
    }
    lines.join("\r\n") + "\r\n"
}

fn row(scores: &BenchScores, curve: &Frontier, point: &FrontierPoint) -> String {
    let (found, median, rate) = (&point.found, &point.median, point.false_alarms.as_ref());
    let mut fields = vec![
        scores.scenario.clone(),
        scores.seed.to_string(),
        curve.monitor.clone(),
        curve.detector.clone(),
        curve.parameter.clone(),
        point.value.clone(),
        point.own.to_string(),
        point.best.to_string(),
        found.of.to_string(),
        found.count.to_string(),
        found.share().to_string(),
        found.low.to_string(),
        found.high.to_string(),
    ];
    fields.extend([median.value, median.low, median.high].map(number));
    fields.push(rate.map(|rate| rate.count.to_string()).unwrap_or_default());
    fields.extend(
        [rate.map(|r| r.days), rate.map(|r| r.per_day), rate.map(|r| r.low), rate.map(|r| r.high)]
            .map(number),
    );
    line(&fields)
}

/// A number of seconds for people.
pub(super) fn span(seconds: f64) -> String {
    format_duration(Duration::from_secs_f64(seconds.max(0.0)))
}
