//! Functions of windows: `rate`, `avg_over_time` and their kin, over samples or over a subquery's results.

use std::borrow::Cow;

use super::numbers::{mean, quantile, regression, sum, variance};
use super::slide::{Points, SlidingExtreme, SlidingOrder, SlidingSum, Span, Window};
use super::{Column, Evaluation, Exactness, MISSING, Row, Semantics};
use crate::base::limits::RULE_SUBQUERY_STEPS_MAX;
use crate::rules::expr::{Expr, RangeCall, RangeFunction, WindowSource};
use crate::rules::labels::Labels;
use crate::rules::store::is_stale;

/// Below this, every whole number has its own `f64`, so sums of them have no error.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// What a function of a window needs beside the window.
struct Call<'a> {
    function: RangeFunction,
    param: Option<&'a [f64]>,
    span: Span,
    exactness: Exactness,
}

// === impl Evaluation ===

impl Evaluation<'_> {
    pub(super) fn range(&mut self, call: &RangeCall) -> Vec<Row> {
        let param = call.param.as_ref().map(|param| self.scalar(param));
        let shift = match &call.source {
            WindowSource::Series(selector) => selector.shift,
            WindowSource::Subquery { shift, .. } => *shift,
        };
        let span = Span { shift, range_ms: call.range_ms, semantics: self.semantics };
        let param = param.as_ref().map(|column| &*column.values);
        let plan = Call { function: call.function, param, span, exactness: self.exactness };
        let mut rows = Vec::new();
        let mut give = |labels: &Labels, points: Points<'_>, ticks: &[i64]| {
            let column = plan.over(points, ticks);
            if column.is_anywhere() {
                let kept = call.function == RangeFunction::Last;
                let labels = if kept { labels.clone() } else { labels.nameless() };
                rows.push(Row { labels, column });
            }
        };
        match &call.source {
            WindowSource::Series(selector) => {
                let Some((from, until)) = self.reach(&span) else { return rows };
                for (labels, samples) in self.store.of_metric(selector.name.as_deref()) {
                    if selector.accepts(labels) {
                        let (times, values) = samples.between(from, until);
                        give(labels, Points { times: &times, values: &values }, self.ticks);
                    }
                }
            }
            WindowSource::Subquery { of, step_ms, .. } => {
                let ticks = self.ticks;
                for row in self.subquery(of, step_ms.unwrap_or(self.default_step_ms), &span) {
                    give(&row.labels, Points { times: &row.times, values: &row.values }, ticks);
                }
            }
        }
        if call.function == RangeFunction::Absent { self.absent_over_time(&rows, &call.absent) } else { rows }
    }

    /// The earliest and the latest instant that any window holds.
    fn reach(&self, span: &Span) -> Option<(i64, i64)> {
        Some((span.ends(*self.ticks.first()?).0, span.ends(*self.ticks.last()?).1))
    }

    fn absent_over_time(&self, rows: &[Row], labels: &Labels) -> Vec<Row> {
        let absent = |tick: usize| rows.iter().all(|row| is_stale(row.column.values[tick]));
        let value = |tick| if absent(tick) { 1.0 } else { MISSING };
        let column = Column::exact((0..self.ticks.len()).map(value).collect());
        vec![Row { labels: labels.clone(), column }]
    }

    /// An inner expression at every multiple of the step that a window holds.
    fn subquery(&mut self, of: &Expr, step: i64, span: &Span) -> Vec<Series> {
        let mut steps: Vec<i64> = Vec::new();
        for (index, tick) in self.ticks.iter().enumerate() {
            let (from, until) = span.ends(*tick);
            if (until - from) / step > RULE_SUBQUERY_STEPS_MAX {
                self.notes.fail(index, || {
                    format!(
                        "a subquery has more than {RULE_SUBQUERY_STEPS_MAX} steps (RULE_SUBQUERY_STEPS_MAX)"
                    )
                });
                continue;
            }
            let mut at = from.div_euclid(step) * step;
            while span.is_before(at, from) {
                at += step;
            }
            at = steps.last().map_or(at, |last| at.max(last + step));
            while at <= until {
                steps.push(at);
                at += step;
            }
        }
        let mut inner = self.beside(&steps, Exactness::Exact);
        let rows = inner.vector(of);
        let notes = inner.notes;
        for (step, told) in notes.errors {
            for (index, tick) in self.ticks.iter().enumerate() {
                let (from, until) = span.ends(*tick);
                if steps[step] <= until && !span.is_before(steps[step], from) {
                    self.notes.fail(index, || told.clone());
                }
            }
        }
        rows.into_iter().map(|row| Series::of(row, &steps)).collect()
    }
}

/// The results of a subquery that became samples.
struct Series {
    labels: Labels,
    times: Vec<i64>,
    values: Vec<f64>,
}

// === impl Series ===

impl Series {
    fn of(row: Row, steps: &[i64]) -> Self {
        let there = steps.iter().zip(&row.column.values).filter(|(_, value)| !is_stale(**value));
        let (times, values) = there.unzip();
        Self { labels: row.labels, times, values }
    }
}

// === impl Call ===

impl Call<'_> {
    fn over(&self, points: Points<'_>, ticks: &[i64]) -> Column {
        use RangeFunction as F;
        let values = points.values;
        match self.function {
            F::Count => self.each(points, ticks, |_, window| window.len() as f64),
            F::Present | F::Absent => self.each(points, ticks, |_, _| 1.0),
            F::Last => self.each(points, ticks, |_, window| values[window.end - 1]),
            F::Min => self.extreme(points, ticks, |new, old| new < old || old.is_nan()),
            F::Max => self.extreme(points, ticks, |new, old| new > old || old.is_nan()),
            F::Sum | F::Avg => self.total(points, ticks),
            F::Changes => self.pairs(points, ticks, differ),
            F::Resets => self.pairs(points, ticks, |old, new| new < old),
            F::Stdvar => self.each(points, ticks, |_, window| variance(window.of(points).values)),
            F::Stddev => self.each(points, ticks, |_, window| variance(window.of(points).values).sqrt()),
            F::Quantile => {
                let mut order = SlidingOrder::default();
                self.each(points, ticks, |tick, window| {
                    quantile(self.param(tick), order.slide(window, values))
                })
            }
            F::Rate | F::Increase | F::Delta => self.rate(points, ticks),
            F::Irate | F::Idelta => {
                self.each(points, ticks, |_, window| self.instant_rate(window.of(points)))
            }
            F::Deriv | F::PredictLinear => self.each(points, ticks, |tick, window| {
                let inside = window.of(points);
                if inside.times.len() < 2 {
                    return MISSING;
                }
                if self.function == F::Deriv {
                    return regression(inside.times, inside.values, inside.times[0]).0;
                }
                // Prometheus draws the line from the tick itself, whatever the offset.
                let (slope, height) = regression(inside.times, inside.values, ticks[tick]);
                slope * self.param(tick) + height
            }),
        }
    }

    fn param(&self, tick: usize) -> f64 {
        self.param.map_or(f64::NAN, |param| param[tick])
    }

    fn each(&self, points: Points<'_>, ticks: &[i64], mut value: impl FnMut(usize, Window) -> f64) -> Column {
        let mut values = vec![MISSING; ticks.len()];
        self.span.windows(points, ticks, |tick, window| values[tick] = value(tick, window));
        Column::exact(values)
    }

    fn extreme(&self, points: Points<'_>, ticks: &[i64], beats: impl Fn(f64, f64) -> bool) -> Column {
        let mut extreme = SlidingExtreme { beats, at: 0, end: 0 };
        self.each(points, ticks, |_, window| extreme.slide(window, points.values))
    }

    /// `sum_over_time` and `avg_over_time`.
    fn total(&self, points: Points<'_>, ticks: &[i64]) -> Column {
        let values = points.values;
        let whole = values.iter().all(|value| value.fract() == 0.0 && value.abs() < WHOLE_MAX)
            && values.iter().map(|value| value.abs()).sum::<f64>() < WHOLE_MAX;
        let is_sum = self.function == RangeFunction::Sum;
        let slides_exactly = whole && (is_sum || self.span.semantics == Semantics::V3);
        let mut sliding = SlidingSum::default();
        if slides_exactly || self.exactness == Exactness::Fast && values.iter().all(|value| value.is_finite())
        {
            let mut column = self.each(points, ticks, |_, window| {
                let total = sliding.slide(window, values);
                if is_sum { total } else { total / window.len() as f64 }
            });
            column.inexact = !slides_exactly;
            return column;
        }
        if is_sum {
            return self.each(points, ticks, |_, window| sum(window.of(points).values));
        }
        // The mean of equal values is that value, however it is made; most windows of a healthy series are such.
        let changes = changes_before(values, |old, new| old.to_bits() != new.to_bits());
        self.each(points, ticks, |_, window| {
            let constant = changes[window.end - 1] == changes[window.start];
            if constant && values[window.start].is_finite() {
                return values[window.start];
            }
            mean(window.of(points).values, self.span.semantics)
        })
    }

    /// How many neighbours in the window are told apart by `differ(old, new)`.
    fn pairs(&self, points: Points<'_>, ticks: &[i64], differ: impl Fn(f64, f64) -> bool) -> Column {
        let before = changes_before(points.values, differ);
        self.each(points, ticks, |_, window| f64::from(before[window.end - 1] - before[window.start]))
    }

    /// `rate`, `increase` and `delta`: the difference of a window's ends, stretched to the whole window.
    fn rate(&self, points: Points<'_>, ticks: &[i64]) -> Column {
        let values = points.values;
        let counter = self.function != RangeFunction::Delta;
        let resets: Vec<usize> =
            (1..values.len()).filter(|index| counter && values[*index] < values[index - 1]).collect();
        self.each(points, ticks, |_, window| {
            let inside = window.of(points);
            let count = inside.values.len();
            if count < 2 {
                return MISSING;
            }
            let mut growth = inside.values[count - 1] - inside.values[0];
            let first = resets.partition_point(|reset| *reset <= window.start);
            for reset in resets[first..].iter().take_while(|reset| **reset < window.end) {
                growth += values[reset - 1];
            }
            growth * self.stretch(window, inside, growth, counter)
        })
    }

    /// By what the growth between two samples is multiplied to stand for the whole window.
    fn stretch(&self, window: Window, inside: Points<'_>, growth: f64, counter: bool) -> f64 {
        let (first, last) = (inside.times[0], inside.times[inside.times.len() - 1]);
        let mut to_start = (first - window.from_ms) as f64 / 1_000.0;
        let mut to_end = (window.until_ms - last) as f64 / 1_000.0;
        let sampled = (last - first) as f64 / 1_000.0;
        let spacing = sampled / (inside.times.len() - 1) as f64;
        // A series that begins or ends within the window is stretched by half a spacing only.
        let threshold = spacing * 1.1;
        // A counter was never below zero.
        let to_zero = (counter && growth > 0.0 && inside.values[0] >= 0.0)
            .then(|| sampled * (inside.values[0] / growth));
        let to_zero = to_zero.unwrap_or(f64::INFINITY);
        let whole = match self.span.semantics {
            Semantics::V2 => {
                to_start = if to_zero < to_start { to_zero } else { to_start };
                let mut whole = sampled;
                whole += if to_start < threshold { to_start } else { spacing / 2.0 };
                whole += if to_end < threshold { to_end } else { spacing / 2.0 };
                whole
            }
            Semantics::V3 => {
                to_start = if to_start >= threshold { spacing / 2.0 } else { to_start };
                to_start = if to_zero < to_start { to_zero } else { to_start };
                to_end = if to_end >= threshold { spacing / 2.0 } else { to_end };
                sampled + to_start + to_end
            }
        };
        let factor = whole / sampled;
        if self.function == RangeFunction::Rate {
            factor / (self.span.range_ms as f64 / 1_000.0)
        } else {
            factor
        }
    }

    /// `irate` and `idelta`: the last two samples.
    fn instant_rate(&self, inside: Points<'_>) -> f64 {
        let [.., old, new] = *inside.values else { return MISSING };
        let [.., before, at] = *inside.times else { return MISSING };
        if self.function == RangeFunction::Idelta {
            return new - old;
        }
        let growth = if new < old { new } else { new - old };
        growth / ((at - before) as f64 / 1_000.0)
    }
}

/// Whether a value changed; one NaN is like another.
#[expect(clippy::float_cmp, reason = "`changes` counts the smallest change")]
fn differ(old: f64, new: f64) -> bool {
    old != new && !(old.is_nan() && new.is_nan())
}

/// For each value, how many of those up to it differ from the one before them.
fn changes_before(values: &[f64], differ: impl Fn(f64, f64) -> bool) -> Vec<u32> {
    let mut count = 0;
    let mut before = Vec::with_capacity(values.len() + 1);
    for (index, value) in values.iter().enumerate() {
        count += u32::from(index > 0 && differ(values[index - 1], *value));
        before.push(count);
    }
    before
}

// === impl Samples ===

impl crate::rules::store::Samples {
    /// The samples of an interval, both ends included, without staleness markers.
    fn between(&self, from_ms: i64, until_ms: i64) -> (Cow<'_, [i64]>, Cow<'_, [f64]>) {
        let start = self.times.partition_point(|time| *time < from_ms);
        let end = self.times.partition_point(|time| *time <= until_ms).max(start);
        let (times, values) = (&self.times[start..end], &self.values[start..end]);
        if self.stale_markers == 0 {
            return (Cow::Borrowed(times), Cow::Borrowed(values));
        }
        let there = times.iter().zip(values).filter(|(_, value)| !is_stale(**value));
        let (times, values): (Vec<i64>, Vec<f64>) = there.unzip();
        (Cow::Owned(times), Cow::Owned(values))
    }
}
