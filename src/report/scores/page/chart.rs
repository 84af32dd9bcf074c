//! Axes: where a value stands, and which values are worth a label.

use std::fmt::Write as _;
use std::time::Duration;

use super::super::super::text::escape;
use crate::base::format_duration;

/// The width of a picture, in its own units.
pub(super) const WIDTH: f64 = 1_000.0;

/// Values and the places that they have; equal ratios have equal lengths.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogScale {
    values: (f64, f64),
    places: (f64, f64),
}

/// Times that people count in, in seconds.
const TIMES: [f64; 16] = [
    1.0,
    2.0,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    1_800.0,
    3_600.0,
    7_200.0,
    21_600.0,
    86_400.0,
    604_800.0,
    2_592_000.0,
];

// === impl LogScale ===

impl LogScale {
    /// From the first value to the second; both are above zero, and the second is larger.
    pub(super) fn new(values: (f64, f64), places: (f64, f64)) -> Self {
        let from = values.0.max(1e-9);
        Self { values: (from, values.1.max(from * 1.01)), places }
    }

    /// The place of a value; what lies beyond an end stands there.
    pub(super) fn at(&self, value: f64) -> f64 {
        let (from, to) = self.values;
        let share = (value.clamp(from, to) / from).ln() / (to / from).ln();
        self.places.0 + share * (self.places.1 - self.places.0)
    }

    /// Times within, each with its name.
    pub(super) fn times(&self) -> impl Iterator<Item = (f64, String)> {
        let (from, to) = self.values;
        TIMES.into_iter().filter(move |time| (from..=to).contains(time)).map(|time| (time, span(time)))
    }

    /// Powers of ten within.
    pub(super) fn powers(&self) -> impl Iterator<Item = f64> {
        let (from, to) = self.values;
        (-9..=9)
            .map(|power| 10_f64.powi(power))
            .filter(move |value| (from * 0.999..=to * 1.001).contains(value))
    }
}

/// The class of a detector's line, by its place.
pub(super) fn stroke(place: usize) -> String {
    format!("line s{}{}", place % 8, if place >= 8 { " dash" } else { "" })
}

/// The class of what is filled with a detector's colour.
pub(super) fn fill(place: usize) -> String {
    format!("f{}", place % 8)
}

/// A number of seconds for people.
pub(super) fn span(seconds: f64) -> String {
    format_duration(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

/// Appends markup.
pub(super) fn put(to: &mut String, markup: std::fmt::Arguments<'_>) {
    to.write_fmt(markup).expect("writing into a string does not fail");
}

pub(super) fn text(class: &str, x: f64, y: f64, text: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(text))
}

/// A picture in a frame of its own, which scrolls where the page is narrow.
pub(super) fn figure(label: &str, height: f64, inside: &str) -> String {
    let label = escape(label);
    format!(
        "<figure><svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{label}\">{inside}</svg></figure>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ratios_have_equal_lengths() {
        let scale = LogScale::new((1.0, 10_000.0), (0.0, 100.0));
        for (value, place) in [(0.1, 0.0), (1.0, 0.0), (10.0, 25.0), (100.0, 50.0), (1e9, 100.0)] {
            assert!((scale.at(value) - place).abs() < 1e-9, "{value}");
        }
        assert_eq!(scale.times().map(|(_, name)| name).last().as_deref(), Some("2h"));
        assert_eq!(scale.powers().count(), 5);
    }
}
