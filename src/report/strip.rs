//! The timeline strip: what was in force, what failed and what fired, above one another on one axis of scenario time.
//!
//! One row a fault (the share of each column in which it was in force, as a shade), one a monitor (the share of its
//! probes that failed, as a bar; a dot where all succeeded, nothing where there was none), one a detector (firing, as a
//! shade), one a service (the worst way in which a connection ended). The axis covers what was played. ASCII has its own
//! signs for the same; the legend under the strip names those that occur.

use std::time::Duration;

use super::canvas::{Charset, Line, Page, Tone, View};
use super::tally::{EndCell, ServiceTally, Tally, column_of};
use super::text;
use crate::base::{SimTime, format_duration};
use crate::event::Window;

/// Most rows of one sort; a picture with more shows nothing.
const ROWS_MAX: usize = 24;
/// Columns of the names before the rows, at most.
const NAME_COLUMNS_MAX: usize = 24;
/// Least columns between the beginnings of two labels of the axis.
const LABEL_COLUMNS: u64 = 9;
/// Distances between the labels of an axis that people can count in, in milliseconds.
const STEPS_MS: [u64; 28] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    21_600_000,
    43_200_000,
    86_400_000,
    604_800_000,
];

/// The span of scenario time that a strip covers, and its columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Its first instant.
    pub(super) from: SimTime,
    /// The first instant after it.
    pub(super) until: SimTime,
    /// How many columns it has.
    pub(super) columns: usize,
}

/// A row: its name, its tone and one character a column.
struct Row {
    name: String,
    tone: Tone,
    cells: String,
}

/// Draws the strip of what was played; nothing if there is no row to draw.
pub(super) fn draw(page: &mut Page, tally: &Tally) {
    if [tally.faults.len(), tally.monitors.len(), tally.detectors.len(), tally.services.len()] == [0; 4] {
        return;
    }
    page.blank();
    let view = page.view;
    let faults = tally.faults.values().map(|fault| text::width(&text::clean(&fault_name(tally, fault))));
    let names = tally.monitors.keys().chain(tally.detectors.keys()).chain(tally.services.keys());
    let longest = names.map(|name| text::width(&text::clean(name))).chain(faults).max().unwrap_or(0);
    let labels = longest.clamp(9, NAME_COLUMNS_MAX) + 4;
    let axis = Axis { from: tally.from(), until: tally.played_until(), columns: view.columns() - labels };
    for line in axis.lines(view) {
        page.push(Line::indented(labels).put(Tone::Dim, line));
    }
    let groups: [(&str, Vec<Row>, usize); 4] = [
        ("faults", fault_rows(tally, axis, view), tally.faults.len()),
        ("monitors", monitor_rows(tally, axis, view), tally.monitors.len()),
        ("detectors", detector_rows(tally, axis, view), tally.detectors.len()),
        ("services", service_rows(tally, axis, view), tally.services.len()),
    ];
    let mut used = String::new();
    for (title, rows, total) in groups.into_iter().filter(|(_, rows, _)| !rows.is_empty()) {
        page.push(Line::new().put(Tone::Dim, title));
        for row in &rows {
            let name = text::fit(&text::clean(&row.name), NAME_COLUMNS_MAX);
            page.push(Line::indented(2).put(Tone::Plain, name).to(labels).put(row.tone, &row.cells));
            used.push_str(&row.cells);
        }
        if total > rows.len() {
            page.push(Line::indented(2).put(Tone::Dim, format!("and {} more", total - rows.len())));
        }
    }
    for line in text::wrap_parts(&legend(view, &used), "   ", axis.columns) {
        page.push(Line::indented(labels).put(Tone::Dim, line));
    }
}

/// One character for the share of probes that failed; a blank where there was none.
pub(super) fn bar(share: Option<f64>, charset: Charset) -> char {
    let Some(share) = share else { return ' ' };
    let level = |levels: f64| (share.clamp(0.0, 1.0) * levels).ceil() as usize;
    match charset {
        Charset::Unicode => ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][level(8.0)],
        Charset::Ascii => ['.', '1', '2', '3', '4', '5', '6', '7', '8', '9', '#'][level(10.0)],
    }
}

/// One character for the share of a column in which something held.
fn shade(share: f64, charset: Charset) -> char {
    let level = (share.clamp(0.0, 1.0) * 4.0).ceil() as usize;
    match charset {
        Charset::Unicode => [' ', '░', '▒', '▓', '█'][level],
        Charset::Ascii => [' ', '-', '=', '%', '#'][level],
    }
}

fn legend(view: View, used: &str) -> Vec<&'static str> {
    let any = |signs: &str| used.chars().any(|c| signs.contains(c));
    let mut parts = Vec::new();
    match view.charset {
        Charset::Unicode => {
            if any("░▒▓") {
                parts.push("░▒▓█ in force or firing, by share of the column");
            } else if any("█") {
                parts.push("█ in force or firing");
            }
            if any("▁▂▃▄▅▆▇") {
                parts.push("▁▄█ probes failed, by share");
            }
        }
        Charset::Ascii => {
            if any("-=%#") {
                parts.push("-=%# in force or firing, by share of the column");
            }
            if any("123456789") {
                parts.push("1-9# probes failed, in tenths");
            }
        }
    }
    if any(view.sign("·", ".")) {
        parts.push(view.sign("· all well", ". all well"));
    }
    if any("×x") {
        parts.push(view.sign("× ended by a fault", "x ended by a fault"));
    }
    if any("!") {
        parts.push("! reset by a peer or unreachable");
    }
    if any("?") {
        parts.push("? in force or not: the journal does not list it");
    }
    parts
}

/// A fault's name; with its service, where those of several services bear it.
fn fault_name(tally: &Tally, fault: &super::tally::FaultTally) -> String {
    let alone = tally.faults.keys().filter(|(_, name)| *name == fault.name).count() < 2;
    if alone { fault.name.to_string() } else { format!("{} {}", fault.service, fault.name) }
}

fn fault_rows(tally: &Tally, axis: Axis, view: View) -> Vec<Row> {
    let row = |fault: &super::tally::FaultTally| {
        let unknown = || "?".repeat(axis.columns);
        let cells = fault.info.as_ref().map_or_else(unknown, |info| {
            let unlisted = (info.windows_total > info.windows.len())
                .then(|| info.windows.last().map_or(SimTime::ZERO, |window| window.until));
            let shares = axis.shares(&info.windows);
            let column = |(column, share): (usize, f64)| match unlisted {
                Some(from) if axis.start_of(column) >= from => '?',
                _ => shade(share, view.charset),
            };
            shares.into_iter().enumerate().map(column).collect()
        });
        Row { name: fault_name(tally, fault), tone: Tone::Fault, cells }
    };
    tally.faults.values().take(ROWS_MAX).map(row).collect()
}

fn monitor_rows(tally: &Tally, axis: Axis, view: View) -> Vec<Row> {
    let row = |monitor: &super::tally::MonitorTally| {
        let columns = monitor.by_time.columns(axis.from, axis.until, axis.columns);
        let cells = columns.into_iter().map(|cell| bar(cell.failed_share(), view.charset)).collect();
        let tone = if monitor.failed() > 0 { Tone::Bad } else { Tone::Good };
        Row { name: monitor.name.to_string(), tone, cells }
    };
    tally.monitors.values().take(ROWS_MAX).map(row).collect()
}

fn detector_rows(tally: &Tally, axis: Axis, view: View) -> Vec<Row> {
    let row = |detector: &super::tally::DetectorTally| {
        let window = |alarm: &super::tally::AlarmSpan| Window {
            from: alarm.from,
            until: alarm.until.unwrap_or(axis.until),
        };
        let spans: Vec<Window> = detector.alarms.iter().map(window).collect();
        let cells = axis.shares(&spans).into_iter().map(|share| shade(share, view.charset)).collect();
        Row { name: detector.name.to_string(), tone: Tone::Warn, cells }
    };
    tally.detectors.values().take(ROWS_MAX).map(row).collect()
}

fn service_rows(tally: &Tally, axis: Axis, view: View) -> Vec<Row> {
    let sign = |cell: EndCell| match cell {
        EndCell { by_fault: 1.., .. } => view.sign("×", "x"),
        EndCell { broken: 1.., .. } => "!",
        EndCell { in_order: 1.., .. } => view.sign("·", "."),
        EndCell { .. } => " ",
    };
    let row = |service: &ServiceTally| {
        let columns = service.ends_by_time.columns(axis.from, axis.until, axis.columns);
        let cells = columns.into_iter().map(sign).collect();
        Row { name: service.name.to_string(), tone: Tone::Plain, cells }
    };
    tally.services.values().take(ROWS_MAX).map(row).collect()
}

// === impl Axis ===

impl Axis {
    fn span(self) -> Duration {
        self.until.since(self.from)
    }

    fn start_of(self, column: usize) -> SimTime {
        let nanos = self.span().as_nanos() * column as u128 / self.columns.max(1) as u128;
        self.from.plus(Duration::from_nanos(nanos as u64))
    }

    /// The share of each column that the windows cover. A window of no length still shows.
    fn shares(self, windows: &[Window]) -> Vec<f64> {
        let mut shares = vec![0.0_f64; self.columns];
        let width = self.span().as_secs_f64().max(1e-9) / self.columns.max(1) as f64;
        for window in windows {
            let (from, until) = (window.from.max(self.from), window.until.min(self.until));
            if from > until
                || window.from >= self.until
                || (window.until <= self.from && self.from > SimTime::ZERO)
            {
                continue;
            }
            let (first, last) = (self.column(from), self.column(until));
            for (column, share) in shares.iter_mut().enumerate().take(last + 1).skip(first) {
                let end = self.start_of(column + 1).min(until);
                *share += end.since(self.start_of(column).max(from)).as_secs_f64() / width;
            }
            shares[first] = shares[first].max(f64::EPSILON);
        }
        shares
    }

    fn column(self, t: SimTime) -> usize {
        column_of(t, self.from, self.until, self.columns)
    }

    /// The instants that are labelled: multiples of the finest step whose labels have room.
    fn ticks(self) -> Vec<SimTime> {
        let room = (self.columns as u64 / LABEL_COLUMNS).max(1);
        let span_ms = u64::try_from(self.span().as_millis()).unwrap_or(u64::MAX).max(1);
        let step = STEPS_MS.into_iter().find(|step| span_ms / step <= room).unwrap_or(span_ms);
        let first = (self.from.as_nanos() / 1_000_000).div_ceil(step);
        let ticks = (first..=first + room).map(|n| SimTime::from_millis(n.saturating_mul(step)));
        ticks.filter(|t| (self.from..=self.until).contains(t)).collect()
    }

    /// Its labels, and the rule under them.
    fn lines(self, view: View) -> [String; 2] {
        let (line, tick) = match view.charset {
            Charset::Unicode => ('─', '┬'),
            Charset::Ascii => ('-', '+'),
        };
        let mut rule = vec![line; self.columns];
        let mut labels = String::new();
        for t in self.ticks() {
            let column = self.column(t);
            let label = format_duration(t.since_start());
            rule[column] = tick;
            // A label at the very end stands before its tick, as far as there is room.
            let start = column.min(self.columns.saturating_sub(text::width(&label)));
            if labels.is_empty() || start > text::width(&labels) {
                labels = format!("{}{label}", text::pad_right(&labels, start));
            }
        }
        [labels, rule.into_iter().collect()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(from_s: u64, until_s: u64, columns: usize) -> Axis {
        Axis { from: SimTime::from_secs(from_s), until: SimTime::from_secs(until_s), columns }
    }

    fn window(from_s: u64, until_s: u64) -> Window {
        Window { from: SimTime::from_secs(from_s), until: SimTime::from_secs(until_s) }
    }

    #[test]
    fn a_column_shows_the_share_that_a_window_covers() {
        let shares = axis(0, 10, 5).shares(&[window(1, 4), window(9, 99), window(20, 30)]);
        assert_eq!(
            shares,
            [0.5, 1.0, f64::EPSILON, 0.0, 0.5].map(|share: f64| if share < 0.1 { 0.0 } else { share })
        );
        assert_eq!(axis(0, 10, 5).shares(&[window(6, 6)])[3].total_cmp(&0.0), std::cmp::Ordering::Greater);
    }

    #[test]
    fn an_axis_is_labelled_in_steps_that_people_count_in() {
        let view = View { width: 80, color: super::super::canvas::Color::Plain, charset: Charset::Ascii };
        let shown = |axis: Axis| axis.lines(view).join("\n");
        insta::assert_snapshot!(shown(axis(0, 300, 60)), @"
        0s          1m          2m          3m          4m        5m
        +-----------+-----------+-----------+-----------+----------+
        ");
        insta::assert_snapshot!(shown(axis(3_600, 22_500, 60)), @"
        1h         2h         3h          4h         5h          6h
        +----------+----------+-----------+----------+-----------+--
        ");
        insta::assert_snapshot!(shown(axis(5, 5, 20)), @"
        5s
        +-------------------
        ");
    }

    #[test]
    fn bars_and_shades_never_hide_a_little() {
        assert_eq!(bar(Some(0.000_1), Charset::Unicode), '▁');
        assert_eq!(bar(Some(0.0), Charset::Unicode), '·');
        assert_eq!(bar(None, Charset::Ascii), ' ');
        assert_eq!(shade(1e-9, Charset::Unicode), '░');
        assert_eq!(shade(1.0, Charset::Ascii), '#');
    }
}
