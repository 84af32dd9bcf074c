//! The heat map: a row a pair, time to the right.

use std::time::Duration;

use super::super::clock::Clock;
use super::super::pairs::name;
use super::super::{Sight, Surveys};
use super::style::{LEVEL_LABELS, level};
use super::{Canvas, MARGIN, WIDTH};
use crate::base::{SimTime, format_duration};
use crate::report::text::escape;
use crate::report::text::{fit, percent};
use crate::wan::Survey;

/// Most rows: a picture with more is a wall.
const ROWS_MAX: usize = 400;
/// Columns of cells.
const CELLS: usize = 300;
/// Where cells begin and end.
const LEFT: f64 = 230.0;
const RIGHT: f64 = WIDTH - 170.0;

/// An outage so long is told in whole minutes.
const HOURS: Duration = Duration::from_secs(10 * 3_600);
/// Most happenings that are marked.
const EVENTS_MAX: usize = 24;
/// Letters of a pair's name.
const NAME_LETTERS: usize = 27;

/// Draws the map.
pub(super) fn draw(canvas: &mut Canvas, sight: Sight<'_>, surveys: &Surveys, rows: usize, at: SimTime) {
    let shown = &surveys.pairs[..rows.min(ROWS_MAX).min(surveys.pairs.len())];
    let height = if shown.len() > 60 { 7.0 } else { 16.0 };
    canvas.text("head", MARGIN, canvas.y, "Round trips lost between sites");
    legend(canvas);
    canvas.y += 22.0;
    let span = format_duration(sight.until.since(sight.from) / CELLS as u32);
    let count = format!("the worst {} of {} pairs; one cell is {span}", shown.len(), surveys.pairs.len());
    canvas.text("dim", MARGIN, canvas.y, &count);
    canvas.y += 26.0;
    let (top, bottom) = (canvas.y, canvas.y + shown.len() as f64 * height);
    axis(canvas, sight, top, bottom);
    for (label, x) in [("dark for", RIGHT + 70.0), ("worst", RIGHT + 128.0)] {
        canvas.text("small end", x, top - 6.0, label);
    }
    for (row, pair) in shown.iter().enumerate() {
        line(canvas, sight, pair, top + row as f64 * height, height);
    }
    events(canvas, sight, top, bottom);
    if (sight.from..=sight.until).contains(&at) {
        let x = column(sight, at);
        canvas.add(format_args!("<path class=\"at\" d=\"M{x:.1} {:.1}V{bottom:.1}\"/>", top - 4.0));
        let up = top - 4.0;
        canvas.add(format_args!("<path class=\"atdot\" d=\"M{:.1} {:.1}h9l-4.5 7z\"/>", x - 4.5, up - 6.0));
    }
    canvas.y = bottom + 104.0;
}

fn line(canvas: &mut Canvas, sight: Sight<'_>, pair: &Survey, y: f64, height: f64) {
    let roomy = height > 10.0;
    let title = name(sight, pair);
    if roomy {
        let middle = y + height / 2.0 + 4.0;
        canvas.text("end", LEFT - 10.0, middle, &fit(&title, NAME_LETTERS));
        // Seconds of an outage of hours say nothing, and don't fit.
        let dark = pair.outage();
        let dark = if dark >= HOURS { Duration::from_secs(dark.as_secs() / 60 * 60) } else { dark };
        let dark = if dark.is_zero() { "-".to_owned() } else { format_duration(dark) };
        canvas.text("num dim", RIGHT + 70.0, middle, &dark);
        canvas.text("num dim", RIGHT + 128.0, middle, &percent(f64::from(pair.worst()) / 256.0));
    }
    let width = (RIGHT - LEFT) / CELLS as f64;
    let cells = pair.lost_by_column(sight.from, sight.until, CELLS);
    let levels: Vec<usize> = cells.into_iter().map(level).collect();
    canvas.add(format_args!("<g><title>{}</title>", escape(&title)));
    let mut start = 0;
    for run in levels.chunk_by(|a, b| a == b) {
        let (x, w) = (LEFT + start as f64 * width, run.len() as f64 * width);
        start += run.len();
        let h = height - if roomy { 2.0 } else { 0.5 };
        canvas.add(format_args!(
            "<rect class=\"v{}\" x=\"{x:.2}\" y=\"{y:.1}\" width=\"{w:.2}\" height=\"{h:.1}\"/>",
            run[0]
        ));
    }
    canvas.add(format_args!("</g>"));
}

fn axis(canvas: &mut Canvas, sight: Sight<'_>, top: f64, bottom: f64) {
    let clock = Clock::new(sight.starts_at);
    for (at, label) in clock.ticks(sight.from, sight.until, 14) {
        let x = column(sight, at);
        canvas.add(format_args!("<path class=\"tick\" d=\"M{x:.1} {top:.1}V{:.1}\"/>", bottom + 5.0));
        canvas.text("mid dim", x, bottom + 19.0, &label);
    }
    canvas.text("small end", RIGHT + 128.0, bottom + 19.0, clock.zone());
}

/// What happens: a line through the rows, a number below, and what it was.
fn events(canvas: &mut Canvas, sight: Sight<'_>, top: f64, bottom: f64) {
    let script = sight.history.script().iter().filter(|(at, _)| *at >= sight.from && *at < sight.until);
    let clock = Clock::new(sight.starts_at);
    let mut instants: Vec<(SimTime, Vec<String>)> = Vec::new();
    for (at, happening) in script {
        let words = happening.words(sight.history.topology()).to_string();
        match instants.last_mut() {
            Some((last, all)) if last == at => all.push(words),
            _ => instants.push((*at, vec![words])),
        }
    }
    for (at, words) in instants.iter().take(EVENTS_MAX) {
        let x = column(sight, *at);
        let told = escape(&format!("{} {}", clock.short(*at), words.join("; ")));
        canvas.add(format_args!(
            "<g><title>{told}</title><path class=\"event\" d=\"M{x:.1} {top:.1}V{:.1}\"/>\
             <circle class=\"eventdot\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"3.2\"/></g>",
            bottom + 26.0,
            bottom + 28.0
        ));
    }
    // The words, as far as they have room on two lines; all of them are in the titles.
    let mut free = [LEFT; 2];
    for (at, words) in instants.iter().take(EVENTS_MAX) {
        let more = if words.len() > 1 { format!(" (+{})", words.len() - 1) } else { String::new() };
        let text = format!("{} {}{more}", clock.short(*at), words[0]);
        let x = column(sight, *at);
        let wide = text.chars().count() as f64 * 5.7;
        let (start, end) = if x + wide > WIDTH - MARGIN { (x - wide, x) } else { (x, x + wide) };
        if let Some(row) = free.iter().position(|free| start >= *free) {
            let class = if start < x { "small end" } else { "small" };
            canvas.text(class, x, bottom + 45.0 + 14.0 * row as f64, &text);
            free[row] = end + 14.0;
        }
    }
}

fn legend(canvas: &mut Canvas) {
    let mut x = RIGHT + 128.0 - LEVEL_LABELS.len() as f64 * 44.0;
    let y = canvas.y - 12.0;
    for (number, label) in LEVEL_LABELS.iter().enumerate() {
        canvas.add(format_args!(
            "<rect class=\"v{number}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"42\" height=\"12\" rx=\"1.5\"/>"
        ));
        canvas.text("small mid", x + 21.0, y + 25.0, label);
        x += 44.0;
    }
    canvas.text(
        "small end",
        RIGHT + 128.0 - LEVEL_LABELS.len() as f64 * 44.0 - 10.0,
        y + 10.0,
        "share lost, from",
    );
}

fn column(sight: Sight<'_>, at: SimTime) -> f64 {
    let span = sight.until.since(sight.from).as_secs_f64().max(1e-9);
    LEFT + at.since(sight.from).as_secs_f64() / span * (RIGHT - LEFT)
}
