//! The frontier: time to detect against false alarms a day, a line for each detector as its main parameter moves.

use super::super::super::text::escape;
use super::super::table::{per_day, range, seconds};
use super::chart::{LogScale, WIDTH, figure, fill, put, stroke, text};
use crate::event::{DetectorScores, Frontier, FrontierPoint};

const LEFT: f64 = 60.0;
/// Where points without a false alarm stand, and where the scale of those with one begins.
const NONE: f64 = LEFT + 46.0;
const SOME: f64 = LEFT + 120.0;
const RIGHT: f64 = WIDTH - 20.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 380.0;

pub(super) fn plot(curves: &[&Frontier], own: &[&DetectorScores]) -> String {
    let points = || curves.iter().flat_map(|curve| curve.points.iter().filter_map(figures));
    let (mut from, mut to) = (f64::INFINITY, 0.0_f64);
    let (mut soon, mut late) = (f64::INFINITY, 0.0_f64);
    for (rate, median) in points() {
        if rate > 0.0 {
            (from, to) = (from.min(rate), to.max(rate));
        }
        (soon, late) = (soon.min(median), late.max(median));
    }
    if points().next().is_none() {
        return "<p>No point of any detector fires in half of the replicas, or no healthy day was played.</p>".to_owned();
    }
    let rates = if to > 0.0 { (from * 0.7, to * 1.4) } else { (0.1, 10.0) };
    let rates = LogScale::new(rates, (SOME, RIGHT));
    let times = LogScale::new((soon * 0.8, late * 1.25), (BOTTOM, TOP));
    let mut inside = String::new();
    for (at, name) in times.times() {
        let y = times.at(at);
        put(&mut inside, format_args!("<path class=\"tick\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>"));
        inside += &text("dim end", LEFT - 8.0, y + 4.0, &name);
    }
    for rate in rates.powers() {
        let x = rates.at(rate);
        put(&mut inside, format_args!("<path class=\"tick\" d=\"M{x:.1} {TOP}V{:.1}\"/>", BOTTOM + 5.0));
        inside += &text("dim mid", x, BOTTOM + 20.0, &format!("{rate}"));
    }
    let bound = curves.iter().flat_map(|curve| &curve.points).filter_map(|point| point.false_alarms.as_ref());
    let bound = bound.filter(|rate| rate.count == 0).map(per_day).next();
    put(&mut inside, format_args!("<path class=\"tick\" d=\"M{NONE} {TOP}V{:.1}\"/>", BOTTOM + 5.0));
    let none = bound.map_or_else(|| "none".to_owned(), |bound| format!("none ({bound})"));
    inside += &text("dim mid", NONE, BOTTOM + 20.0, &none);
    inside += &text("small end", RIGHT, BOTTOM + 38.0, "false alarms a day");
    inside += &text("small", LEFT - 50.0, BOTTOM + 38.0, "up: median time to detect");
    for curve in curves {
        let place = own.iter().position(|row| row.name == curve.detector).unwrap_or_default();
        inside += &line(curve, place, &rates, &times);
    }
    figure(
        "Time to detect against false alarms, as each detector's main parameter moves",
        BOTTOM + 46.0,
        &inside,
    )
}

fn line(curve: &Frontier, place: usize, rates: &LogScale, times: &LogScale) -> String {
    let seen: Vec<(&FrontierPoint, bool, f64, f64)> = curve
        .points
        .iter()
        .filter_map(|point| {
            let (rate, median) = figures(point)?;
            let x = if rate > 0.0 { rates.at(rate) } else { NONE };
            Some((point, rate > 0.0, x, times.at(median)))
        })
        .collect();
    let path: Vec<String> = seen.iter().map(|(_, _, x, y)| format!("{x:.1} {y:.1}")).collect();
    let mut drawn = format!("<path class=\"{} thin\" d=\"M{}\"/>", stroke(place), path.join("L"));
    if path.is_empty() {
        drawn.clear();
    }
    for (point, counted, x, y) in seen {
        let told = format!(
            "{}, {} {}: median {} ({}), {} false alarms a day",
            curve.detector,
            curve.parameter,
            point.value,
            seconds(point.median.value),
            range(&point.median),
            point.false_alarms.as_ref().map(per_day).unwrap_or_default()
        );
        let dot = if counted { fill(place) } else { format!("hollow s{}", place % 8) };
        put(&mut drawn, format_args!("<g><title>{}</title>", escape(&told)));
        if point.best {
            put(&mut drawn, format_args!("<path class=\"star {}\" d=\"{}\"/>", fill(place), star(x, y)));
        } else {
            put(&mut drawn, format_args!("<circle class=\"{dot}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.6\"/>"));
        }
        if point.own {
            put(
                &mut drawn,
                format_args!("<circle class=\"ring s{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"9\"/>", place % 8),
            );
        }
        drawn += "</g>";
    }
    drawn
}

/// False alarms a day, and the median; nothing where one of the two is not known.
fn figures(point: &FrontierPoint) -> Option<(f64, f64)> {
    Some((point.false_alarms.as_ref()?.per_day, point.median.value?.max(0.1)))
}

/// Five points, eight units across.
fn star(x: f64, y: f64) -> String {
    let corner = |n: u32| {
        let angle = f64::from(n) * std::f64::consts::PI / 5.0 - std::f64::consts::FRAC_PI_2;
        let radius = if n.is_multiple_of(2) { 8.0 } else { 3.4 };
        format!("{:.1} {:.1}", x + radius * angle.cos(), y + radius * angle.sin())
    };
    let corners: Vec<String> = (0..10).map(corner).collect();
    format!("M{}Z", corners.join("L"))
}
