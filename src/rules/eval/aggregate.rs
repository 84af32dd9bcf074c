//! Aggregations: rows to groups, each made one by a sum, an extreme, a quantile or a choice.

use indexmap::IndexMap;

use super::numbers::{Kahan, order, quantile};
use super::{Column, Evaluation, Exactness, MISSING, Row, Semantics};
use crate::rules::expr::{Aggregate, AggregateOp, Grouping};
use crate::rules::labels::Labels;
use crate::rules::store::is_stale;

// === impl Evaluation ===

impl Evaluation<'_> {
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate) -> Vec<Row> {
        let param = aggregate.param.as_ref().map(|param| self.scalar(param));
        let adds = matches!(aggregate.op, AggregateOp::Sum | AggregateOp::Avg);
        let exactness = self.exactness;
        if adds {
            // Prometheus adds series in no defined order, so their last bits mean nothing.
            self.exactness = Exactness::Fast;
        }
        let doubts = std::mem::take(&mut self.notes.doubts);
        let mut rows = self.vector(&aggregate.of);
        self.exactness = exactness;
        let alone = grouped(&aggregate.grouping, &rows).values().any(|members| members.len() == 1);
        if adds && exactness == Exactness::Exact {
            // A group of one is no sum, and a comparison below may have been too close.
            if alone || !std::mem::take(&mut self.notes.doubts).is_empty() {
                rows = self.vector(&aggregate.of);
            }
            self.notes.doubts = doubts;
        } else if !doubts.is_empty() {
            self.notes.doubts.resize(self.ticks.len(), false);
            for (doubt, before) in self.notes.doubts.iter_mut().zip(doubts) {
                *doubt |= before;
            }
        }
        let groups = grouped(&aggregate.grouping, &rows);
        if matches!(aggregate.op, AggregateOp::Topk | AggregateOp::Bottomk) {
            return self.choose(aggregate.op, &rows, &groups, &param.unwrap_or_else(|| self.constant(1.0)));
        }
        let make = |(labels, members): (Labels, Vec<usize>)| {
            let columns: Vec<&Column> = members.iter().map(|row| &rows[*row].column).collect();
            let inexact = columns.iter().any(|column| column.inexact);
            let values = self.merged(aggregate.op, &columns, param.as_ref());
            Row { labels, column: Column { values, inexact } }
        };
        groups.into_iter().map(make).collect()
    }

    /// The columns of a group made one.
    fn merged(&self, op: AggregateOp, columns: &[&Column], param: Option<&Column>) -> Vec<f64> {
        match op {
            AggregateOp::Sum | AggregateOp::Avg => self.added(op == AggregateOp::Avg, columns),
            AggregateOp::Min => {
                self.fold(columns, |old, new| if new < old || old.is_nan() { new } else { old })
            }
            AggregateOp::Max => {
                self.fold(columns, |old, new| if new > old || old.is_nan() { new } else { old })
            }
            AggregateOp::Group => self.fold(columns, |old, _| old).into_iter().map(one).collect(),
            _ => {
                let mut there = Vec::with_capacity(columns.len());
                let at_tick = |tick: usize| {
                    there.clear();
                    there.extend(
                        columns.iter().map(|column| column.values[tick]).filter(|value| !is_stale(*value)),
                    );
                    match op {
                        _ if there.is_empty() => MISSING,
                        AggregateOp::Count => there.len() as f64,
                        AggregateOp::Stdvar => variance(&there),
                        AggregateOp::Stddev => variance(&there).sqrt(),
                        _ => {
                            there.sort_by(|a, b| order(*a, *b));
                            quantile(param.map_or(f64::NAN, |param| param.values[tick]), &there)
                        }
                    }
                };
                (0..self.ticks.len()).map(at_tick).collect()
            }
        }
    }

    fn fold(&self, columns: &[&Column], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let mut values = self.missing();
        for column in columns {
            for (value, new) in values.iter_mut().zip(&column.values).filter(|(_, new)| !is_stale(**new)) {
                *value = if is_stale(*value) { *new } else { f(*value, *new) };
            }
        }
        values
    }

    fn added(&self, mean: bool, columns: &[&Column]) -> Vec<f64> {
        let mut sums = vec![(Kahan::default(), 0_u32); self.ticks.len()];
        let v3 = self.semantics == Semantics::V3;
        for column in columns {
            for ((sum, count), new) in sums.iter_mut().zip(&column.values).filter(|(_, new)| !is_stale(**new))
            {
                *count += 1;
                match (v3, mean) {
                    (true, _) => sum.add(*new),
                    (false, false) => sum.sum += new,
                    (false, true) if sum.sum.is_infinite() && *count > 1 => {
                        if !new.is_finite() && (new.is_nan() || (*new > 0.0) != (sum.sum > 0.0)) {
                            sum.sum = f64::NAN;
                        }
                    }
                    (false, true) if *count == 1 => sum.sum = *new,
                    (false, true) => sum.sum += new / f64::from(*count) - sum.sum / f64::from(*count),
                }
            }
        }
        let value = |(sum, count): (Kahan, u32)| match count {
            0 => MISSING,
            _ if mean && v3 => sum.sum / f64::from(count) + sum.lost / f64::from(count),
            _ => sum.total(),
        };
        sums.into_iter().map(value).collect()
    }

    /// `topk` and `bottomk`: rows stay as they are, but only the chosen ones at each tick.
    fn choose(
        &mut self,
        op: AggregateOp,
        rows: &[Row],
        groups: &IndexMap<Labels, Vec<usize>>,
        param: &Column,
    ) -> Vec<Row> {
        if rows.iter().any(|row| row.column.inexact) {
            self.doubt_all();
        }
        let mut chosen: Vec<Row> = rows.to_vec();
        for row in &mut chosen {
            row.column.values = self.missing();
        }
        for members in groups.values() {
            for tick in 0..self.ticks.len() {
                let mut there: Vec<usize> =
                    members.iter().copied().filter(|row| !is_stale(rows[*row].column.values[tick])).collect();
                let value = |row: usize| rows[row].column.values[tick];
                there.sort_by(|a, b| {
                    let (a, b) = (value(*a), value(*b));
                    let rising = if op == AggregateOp::Topk { b.partial_cmp(&a) } else { a.partial_cmp(&b) };
                    // A number is always chosen before a NaN.
                    rising.unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
                });
                let count = param.values[tick].clamp(0.0, there.len() as f64) as usize;
                for row in &there[..count] {
                    chosen[*row].column.values[tick] = value(*row);
                }
            }
        }
        chosen.retain(|row| row.column.is_anywhere());
        chosen
    }
}

fn grouped(grouping: &Grouping, rows: &[Row]) -> IndexMap<Labels, Vec<usize>> {
    let mut groups: IndexMap<Labels, Vec<usize>> = IndexMap::new();
    for (index, row) in rows.iter().enumerate() {
        let labels = match grouping {
            Grouping::By(names) => row.labels.keep(names),
            Grouping::Without(names) => row.labels.nameless().without(names),
        };
        groups.entry(labels).or_default().push(index);
    }
    groups
}

fn one(value: f64) -> f64 {
    if is_stale(value) { MISSING } else { 1.0 }
}

/// Welford's way, without the care for lost parts that windows get.
fn variance(values: &[f64]) -> f64 {
    let (mut mean, mut squares) = (0.0, 0.0);
    for (index, value) in values.iter().enumerate() {
        let delta = value - mean;
        mean += delta / (index + 1) as f64;
        squares += delta * (value - mean);
    }
    squares / values.len() as f64
}
