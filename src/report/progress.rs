//! One line of live progress: where the run is, what is in force, what fires.
//!
//! The most telling parts come first, so that a narrow terminal leaves out what is least missed: the clock, the timeline
//! so far with a cursor, then firing detectors, faults in force, probes and open connections. Never wider than asked,
//! in columns; never a control character, so that a carriage return before it is all that redrawing takes.

use super::canvas::Charset;
use super::strip::bar;
use super::tally::{Cells, ProbeCell, Tally};
use super::text::{clean, fit, width};
use crate::base::{SimTime, format_duration};

/// Columns of the timeline on a wide terminal.
const STRIP_COLUMNS: usize = 24;
/// Below this width there is no room for a timeline.
const STRIP_WIDTH_MIN: usize = 60;
/// Most names of one sort; more are counted.
const NAMES_MAX: usize = 3;
/// Most columns of one name.
const NAME_COLUMNS_MAX: usize = 24;

/// The state of the run at `now`, in at most `columns` columns.
pub fn line(tally: &Tally, now: SimTime, columns: usize) -> String {
    let (from, until) = (tally.from(), tally.planned_until());
    let now = now.clamp(from, until);
    let clock = format!("{}/{}", format_duration(now.since(from)), format_duration(until.since(from)));
    let mut parts = vec![clock];
    if columns >= STRIP_WIDTH_MIN {
        parts.push(strip(tally, now));
    }
    let firing = tally.detectors.values().filter(|detector| detector.firing_since.is_some());
    parts.extend(names("! ", firing.map(|detector| &*detector.name)));
    let active = tally.faults.values().filter(|fault| {
        fault.info.as_ref().is_some_and(|info| info.windows.iter().any(|window| window.contains(now)))
    });
    parts.extend(names("", active.map(|fault| &*fault.name)));
    let probes: u64 = tally.monitors.values().map(|monitor| monitor.probes).sum();
    let failed: u64 = tally.monitors.values().map(super::tally::MonitorTally::failed).sum();
    if !tally.monitors.is_empty() {
        parts.push(format!("probes {} ok, {failed} failed", probes.saturating_sub(failed)));
    }
    parts.push(format!("{} open", tally.open()));
    let mut shown = String::new();
    for part in parts {
        let gap = if shown.is_empty() { "" } else { "  " };
        if width(&shown) + width(gap) + width(&part) > columns && !shown.is_empty() {
            continue;
        }
        shown.push_str(gap);
        shown.push_str(&part);
    }
    fit(&shown, columns)
}

/// Failed probes so far, the cursor, and what is still to come.
fn strip(tally: &Tally, now: SimTime) -> String {
    let axis = (tally.from(), tally.planned_until());
    let mut merged = vec![ProbeCell::default(); STRIP_COLUMNS];
    for monitor in tally.monitors.values() {
        let cells: &Cells<ProbeCell> = &monitor.by_time;
        let columns = cells.columns(axis.0, axis.1, STRIP_COLUMNS);
        merged.iter_mut().zip(columns).for_each(|(sum, cell)| *sum += cell);
    }
    let cursor = super::tally::column_of(now, axis.0, axis.1, STRIP_COLUMNS);
    let sign = |(column, cell): (usize, ProbeCell)| match column {
        past if past < cursor => bar(cell.failed_share(), Charset::Unicode),
        here if here == cursor => '▶',
        _ => '┈',
    };
    let cells: String = merged.into_iter().enumerate().map(sign).collect();
    format!("▕{cells}▏")
}

/// The first names, and how many more there are.
fn names<'a>(sign: &str, all: impl Iterator<Item = &'a str>) -> Option<String> {
    let all: Vec<&str> = all.collect();
    let shown: Vec<String> =
        all.iter().take(NAMES_MAX).map(|name| fit(&clean(name), NAME_COLUMNS_MAX)).collect();
    let more = all.len().saturating_sub(NAMES_MAX);
    let more = if more > 0 { format!(" +{more}") } else { String::new() };
    (!all.is_empty()).then(|| format!("{sign}{}{more}", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn at(seconds: u64, columns: usize) -> String {
        let now = SimTime::from_secs(seconds);
        let events: Vec<_> = fixture::events().into_iter().filter(|entry| entry.t <= now).collect();
        line(&fixture::tally_of(&events), now, columns)
    }

    #[test]
    fn a_line_says_where_the_run_is() {
        insta::assert_snapshot!(at(0, 100), @"0s/5m  ▕▶┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈▏  probes 2 ok, 0 failed  1 open");
        insta::assert_snapshot!(at(149, 120), @"2m29s/5m  ▕·········▁▁▶┈┈┈┈┈┈┈┈┈┈┈┈▏  ! burn  latency@30s, blackhole@2m  probes 101 ok, 4 failed  2 open");
        insta::assert_snapshot!(at(149, 80), @"2m29s/5m  ▕·········▁▁▶┈┈┈┈┈┈┈┈┈┈┈┈▏  ! burn  latency@30s, blackhole@2m  2 open");
        insta::assert_snapshot!(at(149, 30), @"2m29s/5m  ! burn  2 open");
    }

    #[test]
    fn no_width_is_exceeded() {
        for columns in 0..130 {
            assert!(width(&at(149, columns)) <= columns, "{columns}: {}", at(149, columns));
        }
    }
}
