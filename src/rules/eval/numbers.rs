//! The sums of Prometheus, in its order of operations, so that results are equal to the last bit.
//!
//! Sources: `promql/functions.go`, `promql/engine.go` and `promql/quantile.go` of Prometheus 2.42 and 3.x.

use super::Semantics;

/// A sum with the small part that it would lose (Kahan's, in Neumaier's form).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kahan {
    pub(super) sum: f64,
    pub(super) lost: f64,
}

// === impl Kahan ===

impl Kahan {
    pub(super) fn add(&mut self, value: f64) {
        let total = self.sum + value;
        if total.is_infinite() {
            self.lost = 0.0;
        } else if self.sum.abs() >= value.abs() {
            self.lost += (self.sum - total) + value;
        } else {
            self.lost += (value - total) + self.sum;
        }
        self.sum = total;
    }

    pub(super) fn total(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.lost }
    }
}

pub(super) fn sum(values: &[f64]) -> f64 {
    let mut sum = Kahan::default();
    for value in values {
        sum.add(*value);
    }
    sum.total()
}

/// The mean of a window, by each version's own way.
pub(super) fn mean(values: &[f64], semantics: Semantics) -> f64 {
    let mut kahan = Kahan::default();
    if semantics == Semantics::V3 {
        let count = values.len() as f64;
        for value in values {
            kahan.add(*value);
        }
        if !kahan.sum.is_infinite() || values.iter().any(|value| value.is_infinite()) {
            return kahan.sum / count + kahan.lost / count;
        }
        kahan = Kahan::default();
    }
    for (index, value) in values.iter().enumerate() {
        let count = (index + 1) as f64;
        if kahan.sum.is_infinite() {
            let same = value.is_infinite() && (kahan.sum > 0.0) == (*value > 0.0);
            if same || value.is_finite() {
                continue;
            }
        }
        kahan.add(value / count - kahan.sum / count);
    }
    kahan.total()
}

/// The variance of a window (Welford's way).
pub(super) fn variance(values: &[f64]) -> f64 {
    let mut mean = Kahan::default();
    let mut squares = Kahan::default();
    for (index, value) in values.iter().enumerate() {
        let delta = value - (mean.sum + mean.lost);
        mean.add(delta / (index + 1) as f64);
        squares.add(delta * (value - (mean.sum + mean.lost)));
    }
    (squares.sum + squares.lost) / values.len() as f64
}

/// Slope (per second) and height at `at_ms` of the line through the points.
#[expect(clippy::float_cmp, reason = "a level line is level to the last bit")]
pub(super) fn regression(times: &[i64], values: &[f64], at_ms: i64) -> (f64, f64) {
    let first = values[0];
    if values.iter().all(|value| *value == first) {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let (mut x, mut y, mut xy, mut xx) =
        (Kahan::default(), Kahan::default(), Kahan::default(), Kahan::default());
    for (time, value) in times.iter().zip(values) {
        let seconds = (time - at_ms) as f64 / 1e3;
        x.add(seconds);
        y.add(*value);
        xy.add(seconds * value);
        xx.add(seconds * seconds);
    }
    let count = values.len() as f64;
    let [x, y, xy, xx] = [x, y, xy, xx].map(|sum| sum.sum + sum.lost);
    let covariance = xy - x * y / count;
    let slope = covariance / (xx - x * x / count);
    (slope, y / count - slope * x / count)
}

/// The quantile of sorted values, between neighbours.
pub(super) fn quantile(q: f64, sorted: &[f64]) -> f64 {
    if sorted.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let rank = q * (sorted.len() as f64 - 1.0);
    let lower = rank.floor().max(0.0);
    let upper = (sorted.len() as f64 - 1.0).min(lower + 1.0);
    let weight = rank - rank.floor();
    sorted[lower as usize] * (1.0 - weight) + sorted[upper as usize] * weight
}

/// The order of Prometheus: a NaN comes before every number.
pub(super) fn order(a: f64, b: f64) -> std::cmp::Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_what_plain_ones_lose() {
        assert_eq!(sum(&[1.0, 1e100, 1.0, -1e100]).to_bits(), 2.0_f64.to_bits());
        assert!(sum(&[f64::INFINITY, 1.0]).is_infinite());
        assert!((variance(&[1.0, 2.0, 3.0, 4.0]) - 1.25).abs() < 1e-15);
    }

    /// The two versions' means of the same window differ in the last bit now and then.
    #[test]
    fn means_are_those_of_their_version() {
        let window = [1.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        assert_eq!(mean(&window, Semantics::V3).to_bits(), (5.0_f64 / 6.0).to_bits());
        assert!((mean(&window, Semantics::V2) - 5.0 / 6.0).abs() < 1e-15);
        assert_eq!(mean(&[f64::MAX, f64::MAX], Semantics::V3).to_bits(), f64::MAX.to_bits());
        assert!(mean(&[f64::INFINITY, f64::NEG_INFINITY], Semantics::V3).is_nan());
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        for (q, expected) in
            [(0.0, 1.0), (0.5, 2.5), (1.0, 4.0), (-0.1, f64::NEG_INFINITY), (1.1, f64::INFINITY)]
        {
            assert_eq!(quantile(q, &[1.0, 2.0, 3.0, 4.0]).to_bits(), f64::to_bits(expected), "{q}");
        }
        assert_eq!(order(f64::NAN, 1.0), std::cmp::Ordering::Less);
        assert_eq!(order(f64::NAN, f64::NAN), std::cmp::Ordering::Equal);
    }

    #[test]
    fn a_line_is_found_again() {
        let (slope, height) = regression(&[0, 1_000, 2_000], &[1.0, 3.0, 5.0], 0);
        assert_eq!((slope.to_bits(), height.to_bits()), (2.0_f64.to_bits(), 1.0_f64.to_bits()));
    }
}
