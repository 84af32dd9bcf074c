//! Windows that slide over the samples of one series, and what is kept while they do.
//!
//! Both ends of a window only move forward, so a sum, an extreme or an order is brought along instead of made anew.

use super::Semantics;
use super::numbers::order;
use crate::rules::expr::Shift;

/// The samples of one series without staleness markers, by time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Points<'a> {
    pub(super) times: &'a [i64],
    pub(super) values: &'a [f64],
}

/// Where windows lie: `range_ms` long, seen from each tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) shift: Shift,
    pub(super) range_ms: i64,
    pub(super) semantics: Semantics,
}

/// The samples `start..end` of a series: those of one tick's window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The window's own ends.
    pub(super) from_ms: i64,
    pub(super) until_ms: i64,
}

// === impl Span ===

impl Span {
    /// The ends of the window seen at `tick`.
    pub(super) fn ends(&self, tick: i64) -> (i64, i64) {
        let until = self.shift.from(tick);
        (until.saturating_sub(self.range_ms), until)
    }

    /// Whether a sample lies before the window that begins at `from_ms`.
    pub(super) fn is_before(&self, time: i64, from_ms: i64) -> bool {
        match self.semantics {
            Semantics::V2 => time < from_ms,
            Semantics::V3 => time <= from_ms,
        }
    }

    /// Calls `see` with the window of each tick that has samples in it, and the tick's index.
    pub(super) fn windows(&self, points: Points<'_>, ticks: &[i64], mut see: impl FnMut(usize, Window)) {
        let Some(&first) = ticks.first() else { return };
        let (from_ms, until_ms) = self.ends(first);
        let mut start = points.times.partition_point(|time| self.is_before(*time, from_ms));
        let mut end = points.times.partition_point(|time| *time <= until_ms);
        for (index, tick) in ticks.iter().enumerate() {
            let (from_ms, until_ms) = self.ends(*tick);
            while points.times.get(end).is_some_and(|time| *time <= until_ms) {
                end += 1;
            }
            while start < end && self.is_before(points.times[start], from_ms) {
                start += 1;
            }
            if start < end {
                see(index, Window { start, end, from_ms, until_ms });
            }
        }
    }
}

// === impl Window ===

impl Window {
    pub(super) fn of<'a>(&self, points: Points<'a>) -> Points<'a> {
        Points { times: &points.times[self.start..self.end], values: &points.values[self.start..self.end] }
    }

    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }
}

/// A sum of a sliding window, kept in two parts: what slips out leaves no trace but in the last of 106 bits.
#[derive(Debug, Default)]
pub(super) struct SlidingSum {
    start: usize,
    end: usize,
    high: f64,
    low: f64,
}

// === impl SlidingSum ===

impl SlidingSum {
    pub(super) fn slide(&mut self, window: Window, values: &[f64]) -> f64 {
        if window.start >= self.end {
            *self = Self { start: window.start, end: window.start, high: 0.0, low: 0.0 };
        }
        for value in &values[self.end..window.end] {
            self.add(*value);
        }
        for value in &values[self.start..window.start] {
            self.add(-value);
        }
        (self.start, self.end) = (window.start, window.end);
        self.high + self.low
    }

    fn add(&mut self, value: f64) {
        let total = self.high + value;
        let part = total - self.high;
        let lost = (self.high - (total - part)) + (value - part);
        let low = self.low + lost;
        self.high = total + low;
        self.low = low - (self.high - total);
    }
}

/// The place of the extreme value of a sliding window; looked for anew only when it slips out.
#[derive(Debug)]
pub(super) struct SlidingExtreme<F> {
    /// Whether the first takes the place of the second.
    pub(super) beats: F,
    pub(super) at: usize,
    pub(super) end: usize,
}

// === impl SlidingExtreme ===

impl<F: Fn(f64, f64) -> bool> SlidingExtreme<F> {
    pub(super) fn slide(&mut self, window: Window, values: &[f64]) -> f64 {
        let mut next = self.end;
        if self.at < window.start || self.end == 0 {
            self.at = window.start;
            next = window.start + 1;
        }
        for index in next..window.end {
            if (self.beats)(values[index], values[self.at]) {
                self.at = index;
            }
        }
        self.end = window.end;
        values[self.at]
    }
}

/// The values of a sliding window in order.
#[derive(Debug, Default)]
pub(super) struct SlidingOrder {
    start: usize,
    end: usize,
    sorted: Vec<f64>,
}

// === impl SlidingOrder ===

impl SlidingOrder {
    pub(super) fn slide(&mut self, window: Window, values: &[f64]) -> &[f64] {
        if window.start >= self.end {
            *self = Self { start: window.start, end: window.start, sorted: Vec::new() };
        }
        for value in &values[self.end..window.end] {
            let at = self.sorted.partition_point(|other| order(*other, *value).is_lt());
            self.sorted.insert(at, *value);
        }
        for value in &values[self.start..window.start] {
            let at = self.sorted.partition_point(|other| order(*other, *value).is_lt());
            self.sorted.remove(at);
        }
        (self.start, self.end) = (window.start, window.end);
        &self.sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sliding(values: &[f64], mut see: impl FnMut(Window)) {
        let times: Vec<i64> = (0..60).take(values.len()).map(|index| index * 1_000).collect();
        let ticks: Vec<i64> = (0..100).map(|index| index * 700).collect();
        let span = Span { shift: Shift::default(), range_ms: 4_000, semantics: Semantics::V2 };
        span.windows(Points { times: &times, values }, &ticks, |_, window| see(window));
    }

    #[test]
    fn both_ends_are_in_a_window_of_2x_and_one_in_3x() {
        let times: Vec<i64> = (0..50).map(|index| index * 15_000).collect();
        let values = vec![1.0; 50];
        for (semantics, expected) in [(Semantics::V2, 21), (Semantics::V3, 20)] {
            let span = Span { shift: Shift::default(), range_ms: 300_000, semantics };
            let points = Points { times: &times, values: &values };
            span.windows(points, &[600_000], |_, window| assert_eq!(window.len(), expected));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_slides_is_what_is_made_anew(values in proptest::collection::vec(-9_i32..9, 1..60)) {
            let values: Vec<f64> = values.into_iter().map(|value| f64::from(value) / 8.0).collect();
            let (mut total, mut sorted) = (SlidingSum::default(), SlidingOrder::default());
            let mut largest = SlidingExtreme { beats: |new: f64, old: f64| new > old, at: 0, end: 0 };
            sliding(&values, |window| {
                let inside = &values[window.start..window.end];
                assert_eq!(total.slide(window, &values).to_bits(), (inside.iter().sum::<f64>() + 0.0).to_bits());
                let mut anew = inside.to_vec();
                anew.sort_by(|a, b| order(*a, *b));
                assert_eq!(sorted.slide(window, &values), &*anew);
                assert_eq!(largest.slide(window, &values).to_bits(), anew[anew.len() - 1].to_bits());
            });
        }
    }
}
