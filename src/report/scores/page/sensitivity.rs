//! The maps of sensitivity: for each detector a row for each length of a failure, a column for each share of dark flows.

use super::super::super::text::{escape, percent};
use super::chart::span;
use crate::event::{Sensitivity, SensitivityCell};

pub(super) fn about(maps: &[&Sensitivity]) -> String {
    let deadline = maps.first().map_or(0.0, |map| map.deadline);
    let of = maps.first().and_then(|map| map.cells.first()).map_or(0, |cell| cell.found.of);
    format!(
        "One blackhole on an otherwise healthy path: the share of dark flows to the right, for how long they were dark downwards. A cell \
         says in how many of 100 trials the detector fired within {} ({of} trials a cell, the same probes in all).",
        span(deadline)
    )
}

pub(super) fn maps(maps: &[&Sensitivity]) -> String {
    let tables = maps.iter().map(|map| table(map)).collect::<Vec<String>>().concat();
    format!("<div class=\"maps\">{tables}</div>")
}

fn table(map: &Sensitivity) -> String {
    let columns = map.cells.iter().take_while(|cell| cell.burst <= map.cells[0].burst).count().max(1);
    let heads = map
        .cells
        .iter()
        .take(columns)
        .map(|cell| format!("<th>{}</th>", whole(cell.share)))
        .collect::<Vec<String>>()
        .concat();
    let row = |cells: &[SensitivityCell]| {
        let figures = cells.iter().map(cell).collect::<Vec<String>>().concat();
        format!("<tr><th>{}</th>{figures}</tr>", span(cells[0].burst))
    };
    let rows = map.cells.chunks(columns).map(row).collect::<Vec<String>>().concat();
    format!(
        "<table class=\"map\"><caption>{}</caption><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>",
        escape(&map.detector)
    )
}

fn cell(cell: &SensitivityCell) -> String {
    let share = cell.found.share();
    let class = match share {
        share if share <= 0.0 => 0,
        share if share < 0.25 => 1,
        share if share < 0.5 => 2,
        share if share < 0.95 => 3,
        _ => 4,
    };
    let figure = match cell.found.count {
        0 => "·".to_owned(),
        count if count == cell.found.of => "100".to_owned(),
        // Neither none nor all of what is only nearly so.
        _ => format!("{:.0}", (share * 100.0).clamp(1.0, 99.0)),
    };
    let range = format!("{} to {}", percent(cell.found.low), percent(cell.found.high));
    format!("<td class=\"m{class}\" title=\"{}\">{figure}</td>", escape(&range))
}

fn whole(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}
