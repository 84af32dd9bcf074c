//! `histogram_quantile` over classic histograms: series with a label `le`.

use indexmap::IndexMap;

use super::{Column, Evaluation, MISSING, Row, Semantics};
use crate::rules::expr::Expr;
use crate::rules::labels::Labels;
use crate::rules::store::is_stale;

/// The label that holds a bucket's upper bound.
const BUCKET: &str = "le";

/// Differences of counts that Prometheus 3.x takes for rounding.
const TOLERANCE: f64 = 1e-12;

// === impl Evaluation ===

impl Evaluation<'_> {
    pub(super) fn histogram_quantile(&mut self, quantile: &Expr, of: &Expr) -> Vec<Row> {
        let quantile = self.scalar(quantile);
        let rows = self.vector(of);
        let mut histograms: IndexMap<Labels, Vec<(f64, &Column)>> = IndexMap::new();
        for row in &rows {
            if let Some(bound) = bound(row.labels.get(BUCKET)) {
                histograms.entry(row.labels.without(&[BUCKET])).or_default().push((bound, &row.column));
            }
        }
        let mut made = Vec::with_capacity(histograms.len());
        for (labels, mut buckets) in histograms {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            let inexact = quantile.inexact || buckets.iter().any(|(_, column)| column.inexact);
            let mut counts: Vec<(f64, f64)> = Vec::with_capacity(buckets.len());
            let at_tick = |tick: usize| {
                counts.clear();
                for (bound, column) in buckets.iter().filter(|(_, column)| !is_stale(column.values[tick])) {
                    match counts.last_mut() {
                        Some(same) if same.0.total_cmp(bound).is_eq() => same.1 += column.values[tick],
                        _ => counts.push((*bound, column.values[tick])),
                    }
                }
                if counts.is_empty() {
                    return MISSING;
                }
                bucket_quantile(quantile.values[tick], &mut counts, self.semantics)
            };
            let values = (0..self.ticks.len()).map(at_tick).collect();
            made.push(Row { labels: labels.nameless(), column: Column { values, inexact } });
        }
        made
    }
}

/// A bound as Go reads it; `+Inf` among them.
fn bound(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// The quantile of cumulative counts, by upper bound; linear within a bucket.
fn bucket_quantile(q: f64, buckets: &mut [(f64, f64)], semantics: Semantics) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let last = buckets.len() - 1;
    if buckets[last].0 != f64::INFINITY || buckets.len() < 2 {
        return f64::NAN;
    }
    make_rising(buckets, semantics);
    let observations = buckets[last].1;
    if observations == 0.0 {
        return f64::NAN;
    }
    let mut rank = q * observations;
    let hit = buckets[..last].partition_point(|(_, count)| *count < rank);
    if hit == last {
        return buckets[last - 1].0;
    }
    let (end, mut count) = buckets[hit];
    if hit == 0 && end <= 0.0 {
        return end;
    }
    let mut start = 0.0;
    if hit > 0 {
        start = buckets[hit - 1].0;
        count -= buckets[hit - 1].1;
        rank -= buckets[hit - 1].1;
    }
    start + (end - start) * (rank / count)
}

/// Counts never fall with the bound; where scrapes were torn they are made not to.
fn make_rising(buckets: &mut [(f64, f64)], semantics: Semantics) {
    let mut most = buckets[0].1;
    for (_, count) in &mut buckets[1..] {
        let close = semantics == Semantics::V3 && almost_equal(most, *count);
        if *count > most && !close {
            most = *count;
        } else if *count < most || close {
            *count = most;
        }
    }
}

#[expect(clippy::float_cmp, reason = "infinities have no difference")]
fn almost_equal(a: f64, b: f64) -> bool {
    let sum = a.abs() + b.abs();
    a == b || (a - b).abs() < TOLERANCE * sum.min(f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_in_its_bucket() {
        let buckets = [(0.1, 50.0), (0.5, 90.0), (1.0, 100.0), (f64::INFINITY, 100.0)];
        let at = |q| bucket_quantile(q, &mut buckets.clone(), Semantics::V3);
        assert!((at(0.5) - 0.1).abs() < 1e-12);
        assert!((at(0.9) - 0.5).abs() < 1e-12);
        assert!((at(0.25) - 0.05).abs() < 1e-12);
        assert!((at(0.99) - 0.95).abs() < 1e-12);
        assert!(bucket_quantile(0.5, &mut [(0.1, 1.0), (1.0, 1.0)], Semantics::V3).is_nan());
        assert!(
            (bucket_quantile(1.0, &mut [(0.1, 1.0), (f64::INFINITY, 2.0)], Semantics::V2) - 0.1).abs()
                < 1e-12
        );
    }
}
