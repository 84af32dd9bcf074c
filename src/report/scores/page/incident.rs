//! The incident: what each target is in for, as a strip of colour, and below it when each detector fired.

use super::super::super::text::{escape, fit, percent};
use super::chart::{WIDTH, figure, fill, put, span, text};
use super::style::{LEVEL_LABELS, level};
use crate::event::{DetectorScores, Incident};

const LEFT: f64 = 170.0;
const RIGHT: f64 = WIDTH - 10.0;
/// Of a strip.
const HEIGHT: f64 = 15.0;
/// Letters of a name.
const LETTERS: usize = 24;
/// Most targets that are drawn: the worst of them.
const TARGETS_MAX: usize = 40;

pub(super) fn plot(incident: &Incident, own: &[&DetectorScores]) -> String {
    let mut targets: Vec<_> = incident.targets.iter().collect();
    let left_out = targets.len().saturating_sub(TARGETS_MAX);
    if left_out > 0 {
        let sum = |shares: &[f64]| shares.iter().sum::<f64>();
        targets.sort_by(|a, b| sum(&b.shares).total_cmp(&sum(&a.shares)));
        targets.truncate(TARGETS_MAX);
    }
    let mut y = 6.0;
    let mut inside = String::new();
    for target in targets {
        inside += &text("end", LEFT - 8.0, y + 11.5, &fit(&target.name, LETTERS));
        inside += &strip(&target.shares, y);
        y += HEIGHT + 3.0;
    }
    if left_out > 0 {
        inside += &text("small", LEFT, y + 10.0, &format!("and {left_out} more, which fare better"));
        y += HEIGHT;
    }
    y += 8.0;
    let at = |seconds: f64| LEFT + (seconds / incident.lasts.max(1e-9)).clamp(0.0, 1.0) * (RIGHT - LEFT);
    for (name, spans) in &incident.alarms {
        let Some(place) = own.iter().position(|row| row.name == *name) else { continue };
        inside += &text("end", LEFT - 8.0, y + 11.5, &fit(name, LETTERS));
        put(
            &mut inside,
            format_args!("<path class=\"tick\" d=\"M{LEFT} {:.1}H{RIGHT}\"/>", y + HEIGHT / 2.0),
        );
        for (from, until) in spans {
            let (x, width) = (at(*from), (at(*until) - at(*from)).max(2.0));
            let told = format!("{}: {} to {}", name, span(*from), span(*until));
            put(
                &mut inside,
                format_args!(
                    "<rect class=\"{}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"9\" rx=\"2\"><title>{}</title></rect>",
                    fill(place),
                    y + 3.0,
                    escape(&told)
                ),
            );
        }
        y += HEIGHT + 3.0;
    }
    for (seconds, name) in ticks(incident.lasts) {
        let x = at(seconds);
        put(&mut inside, format_args!("<path class=\"tick\" d=\"M{x:.1} {y:.1}v5\"/>"));
        inside += &text("dim mid", x, y + 19.0, &name);
    }
    y += 34.0;
    let mut x = LEFT;
    inside += &text("small end", LEFT - 8.0, y + 10.0, "share that fails, from");
    for (n, label) in LEVEL_LABELS.iter().enumerate() {
        put(
            &mut inside,
            format_args!("<rect class=\"v{n}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"30\" height=\"12\"/>"),
        );
        inside += &text("small", x + 34.0, y + 10.0, label);
        x += 70.0;
    }
    y -= 8.0;
    figure("What each target is in for, and when each detector fired", y + 28.0, &inside)
}

/// Runs of one level.
fn strip(shares: &[f64], y: f64) -> String {
    let width = (RIGHT - LEFT) / shares.len().max(1) as f64;
    let levels: Vec<usize> = shares.iter().map(|share| level(*share)).collect();
    let mut start = 0;
    let mut strip = String::new();
    for run in levels.chunk_by(|a, b| a == b) {
        let worst = shares[start..start + run.len()].iter().copied().fold(0.0, f64::max);
        put(
            &mut strip,
            format_args!(
                "<rect class=\"v{}\" x=\"{:.2}\" y=\"{y:.1}\" width=\"{:.2}\" height=\"{HEIGHT}\"><title>up to {}</title></rect>",
                run[0],
                LEFT + start as f64 * width,
                run.len() as f64 * width + 0.2,
                percent(worst)
            ),
        );
        start += run.len();
    }
    strip
}

/// Six to twelve times that people count in.
fn ticks(lasts: f64) -> Vec<(f64, String)> {
    const STEPS: [f64; 16] = [
        1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 21_600.0,
        86_400.0, 604_800.0,
    ];
    let step = STEPS.into_iter().find(|step| lasts / step <= 12.0).unwrap_or(lasts);
    let count = (lasts / step).floor() as u32;
    (0..=count).map(|n| f64::from(n) * step).map(|at| (at, span(at))).collect()
}
