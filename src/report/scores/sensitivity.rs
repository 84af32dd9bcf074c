//! Sensitivity for a terminal and for a spreadsheet: a map for each detector, a row for each length of a failure, a column for
//! each share of dark flows. A cell says how often it was found, in percent: figures first, colour only repeats them.

use super::super::canvas::{Line, Page, Tone, View};
use super::super::text::percent;
use super::frontier::span;
use super::rows::{line, number};
use crate::event::{BenchScores, Sensitivity, SensitivityCell};

/// Columns of a cell.
const CELL: usize = 7;

/// Where the cells begin.
const LABEL: usize = 24;

/// The maps; nothing, if nobody asked for them.
pub fn sensitivity_table(scores: &BenchScores, view: &View) -> String {
    let Some(first) = scores.sensitivity.first() else { return String::new() };
    let mut page = Page::new(*view);
    page.blank();
    let about = format!(
        "Found within {}, in percent: by the share of dark flows, and for how long they were dark",
        span(first.deadline)
    );
    page.paragraph(Tone::Strong, &about, 0);
    for map in &scores.sensitivity {
        block(&mut page, map);
    }
    page.blank();
    let of = first.cells.first().map_or(0, |cell| cell.found.of);
    let note = format!(
        "{of} trials a cell, the same probes in all: half the width of the interval (95%) is at most {:.0} points. `.` is never.",
        first.cells.iter().map(|cell| (cell.found.high - cell.found.low) * 50.0).fold(0.0, f64::max)
    );
    page.paragraph(Tone::Dim, &note, 0);
    page.finish()
}

fn block(page: &mut Page, map: &Sensitivity) {
    page.blank();
    let columns = map.cells.iter().take_while(|cell| cell.burst <= map.cells[0].burst).count().max(1);
    for (n, of_burst) in map.cells.chunks(columns).enumerate() {
        if n == 0 {
            let mut head = Line::new().put(Tone::Strong, super::super::text::fit(&map.detector, LABEL - 2));
            for (n, cell) in of_burst.iter().enumerate() {
                head = head.put_right(Tone::Dim, percent(cell.share), LABEL + (n + 1) * CELL);
            }
            page.push(head);
        }
        let mut row = Line::new().put_right(Tone::Dim, span(of_burst[0].burst), LABEL - 2);
        for (n, cell) in of_burst.iter().enumerate() {
            row = row.put_right(tone(cell), figure(cell), LABEL + (n + 1) * CELL);
        }
        page.push(row);
    }
}

fn figure(cell: &SensitivityCell) -> String {
    let share = cell.found.share();
    match cell.found.count {
        0 => ".".to_owned(),
        count if count == cell.found.of => "100".to_owned(),
        // Neither none nor all of what is only nearly so.
        _ => format!("{:.0}", (share * 100.0).clamp(1.0, 99.0)),
    }
}

fn tone(cell: &SensitivityCell) -> Tone {
    match cell.found.share() {
        share if share >= 0.95 => Tone::Good,
        share if share >= 0.5 => Tone::Warn,
        share if share > 0.0 => Tone::Bad,
        _ => Tone::Dim,
    }
}

/// A row for each cell (RFC 4180).
pub fn sensitivity_csv(all: &[BenchScores]) -> String {
    let head = "scenario,seed,monitor,detector,share,lasts_s,deadline_s,trials,found,found_share,found_low,found_high,median_s,\
                median_low_s,median_high_s";
    let mut lines = vec![head.to_owned()];
    for scores in all {
        for map in &scores.sensitivity {
            lines.extend(map.cells.iter().map(|cell| row(scores, map, cell)));
        }
    }
    lines.join("\r\n") + "\r\n"
}

fn row(scores: &BenchScores, map: &Sensitivity, cell: &SensitivityCell) -> String {
    let mut fields = vec![
        scores.scenario.clone(),
        scores.seed.to_string(),
        map.monitor.clone(),
        map.detector.clone(),
        cell.share.to_string(),
        cell.burst.to_string(),
        map.deadline.to_string(),
        cell.found.of.to_string(),
        cell.found.count.to_string(),
        cell.found.share().to_string(),
        cell.found.low.to_string(),
        cell.found.high.to_string(),
    ];
    fields.extend([cell.median.value, cell.median.low, cell.median.high].map(number));
    line(&fields)
}
