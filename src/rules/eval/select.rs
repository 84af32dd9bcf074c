//! Selectors: the newest sample of each series at each tick, no older than the look-back.

use super::{Column, Evaluation, MISSING, Row, Semantics};
use crate::rules::expr::{Expr, Selector};
use crate::rules::store::{Samples, is_stale};

/// How long a sample counts if none follows it (`--query.lookback-delta`'s default).
pub(in crate::rules) const LOOKBACK_MS: i64 = 300_000;

// === impl Evaluation ===

impl Evaluation<'_> {
    /// An instant selector's result.
    pub(super) fn select(&self, selector: &Selector) -> Vec<Row> {
        self.newest(selector, |samples, index| samples.values[index])
    }

    /// `timestamp(...)`: of a selector, when each sample was taken; of anything else, the tick.
    pub(super) fn timestamp(&mut self, of: &Expr) -> Vec<Row> {
        let rows = match of {
            Expr::Select(selector) => self.newest(selector, |samples, index| {
                if is_stale(samples.values[index]) { MISSING } else { samples.times[index] as f64 / 1e3 }
            }),
            other => {
                let mut rows = self.vector(other);
                for row in &mut rows {
                    for (value, tick) in row.column.values.iter_mut().zip(self.ticks) {
                        *value = if is_stale(*value) { MISSING } else { *tick as f64 / 1e3 };
                    }
                    row.column.inexact = false;
                }
                rows
            }
        };
        rows.into_iter().map(Row::nameless).collect()
    }

    fn newest(&self, selector: &Selector, value: impl Fn(&Samples, usize) -> f64) -> Vec<Row> {
        let age_max = if self.semantics == Semantics::V2 { LOOKBACK_MS } else { LOOKBACK_MS - 1 };
        let (Some(&first), false) = (self.ticks.first(), selector.matchers.is_empty()) else {
            return Vec::new();
        };
        let first = selector.shift.from(first);
        let mut rows = Vec::new();
        for (labels, samples) in self.store.of_metric(selector.name.as_deref()) {
            if !selector.accepts(labels) {
                continue;
            }
            let mut next = samples.times.partition_point(|time| *time <= first);
            let at_tick = |tick: &i64| {
                let at = selector.shift.from(*tick);
                while samples.times.get(next).is_some_and(|time| *time <= at) {
                    next += 1;
                }
                match next.checked_sub(1) {
                    Some(index) if at - samples.times[index] <= age_max => value(samples, index),
                    _ => MISSING,
                }
            };
            let column = Column { values: self.ticks.iter().map(at_tick).collect(), inexact: false };
            if column.is_anywhere() {
                rows.push(Row { labels: labels.clone(), column });
            }
        }
        rows
    }
}
