//! Who knew, and when: for each detector the share of replicas in which it had fired, over time.

use super::chart::{LogScale, WIDTH, figure, put, span, stroke, text};
use crate::event::{BenchScores, DetectorScores};

const LEFT: f64 = 52.0;
const RIGHT: f64 = WIDTH - 16.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 300.0;

pub(super) fn plot(scores: &BenchScores, own: &[&DetectorScores]) -> String {
    let told: Vec<&DetectorScores> =
        scores.detectors.iter().filter(|row| row.monitor.is_none() && row.found.count > 0).collect();
    let last = own.iter().filter_map(|row| row.found_after.last().map(|(after, _)| *after));
    let last = last.chain(told.iter().filter_map(|row| row.median.value)).fold(60.0, f64::max);
    let time = LogScale::new((1.0, last * 1.15), (LEFT, RIGHT));
    let mut inside = String::new();
    for quarter in 0..=4 {
        let y = height(f64::from(quarter) / 4.0);
        put(&mut inside, format_args!("<path class=\"tick\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>"));
        inside += &text("dim end", LEFT - 8.0, y + 4.0, &format!("{}%", quarter * 25));
    }
    for (at, name) in time.times() {
        let x = time.at(at);
        put(&mut inside, format_args!("<path class=\"tick\" d=\"M{x:.1} {BOTTOM}v5\"/>"));
        inside += &text("dim mid", x, BOTTOM + 20.0, &name);
    }
    for (n, row) in told.iter().enumerate() {
        let Some(after) = row.median.value else { continue };
        let x = time.at(after);
        put(&mut inside, format_args!("<path class=\"told\" d=\"M{x:.1} {TOP}V{BOTTOM}\"/>"));
        let label = format!("{}: {}", row.name, span(after));
        inside += &text("small end", x + 4.0, TOP - 14.0 + 12.0 * n as f64, &label);
    }
    for (n, row) in own.iter().enumerate().filter(|(_, row)| !row.found_after.is_empty()) {
        let mut path = format!("M{LEFT} {BOTTOM}");
        for (after, share) in &row.found_after {
            put(&mut path, format_args!("H{:.1}V{:.1}", time.at(*after), height(*share)));
        }
        put(&mut path, format_args!("H{RIGHT}"));
        let name = super::super::super::text::escape(&row.name);
        put(
            &mut inside,
            format_args!("<path class=\"{}\" d=\"{path}\"><title>{name}</title></path>", stroke(n)),
        );
    }
    figure("The share of replicas in which each detector had fired, over time", BOTTOM + 30.0, &inside)
}

fn height(share: f64) -> f64 {
    BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP)
}
