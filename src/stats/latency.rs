//! Quantiles of latencies in bounded memory.
//!
//! An HDR histogram: counts in buckets whose width is a thousandth of their value, so every quantile is right to three
//! figures however many latencies there were, and a long run costs no more than a short one (some 100 KiB). The
//! largest latency and the mean are exact. Nothing recorded means no quantile: the answer is `None`, never zero.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Significant figures of a quantile: what a report prints.
const FIGURES: u8 = 3;
/// Latencies are told apart down to this: finer ones are noise of the clock.
const LOWEST_NANOS: u64 = 1_000;
/// Larger latencies count as this in the quantiles (the maximum stays exact): an attempt that long has no timeout.
const LARGEST: Duration = Duration::from_secs(86_400);

/// How long things took.
#[derive(Clone, Debug)]
pub struct LatencyHistogram {
    histogram: Histogram<u32>,
    sum_nanos: u128,
    max: Duration,
}

// === impl LatencyHistogram ===

impl LatencyHistogram {
    /// Nothing recorded yet.
    pub fn new() -> Self {
        let mut histogram = Histogram::new_with_bounds(LOWEST_NANOS, 2 * LOWEST_NANOS, FIGURES)
            .expect("bounds and figures are constants that the histogram takes");
        histogram.auto(true);
        Self { histogram, sum_nanos: 0, max: Duration::ZERO }
    }

    /// Counts one latency.
    pub fn record(&mut self, latency: Duration) {
        // An auto-resizing histogram takes every value up to its day's maximum; the clamp keeps it small.
        let nanos = latency.min(LARGEST).as_nanos() as u64;
        let recorded = self.histogram.record(nanos);
        debug_assert!(recorded.is_ok(), "a clamped latency fits: {recorded:?}");
        self.sum_nanos = self.sum_nanos.saturating_add(latency.as_nanos());
        self.max = self.max.max(latency);
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The latency that a share `q` (0 to 1) of them does not exceed.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        if self.count() == 0 {
            return None;
        }
        let upper = Duration::from_nanos(self.histogram.value_at_quantile(q.clamp(0.0, 1.0)));
        // A bucket's upper edge may lie beyond the largest value that is in it.
        Some(if q >= 1.0 { self.max } else { upper.min(self.max) })
    }

    /// The largest.
    pub fn max(&self) -> Option<Duration> {
        (self.count() > 0).then_some(self.max)
    }

    /// Their mean.
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum_nanos.checked_div(u128::from(self.count()))?;
        Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recorded(latencies: impl IntoIterator<Item = Duration>) -> LatencyHistogram {
        let mut histogram = LatencyHistogram::new();
        for latency in latencies {
            histogram.record(latency);
        }
        histogram
    }

    #[test]
    fn nothing_recorded_is_nothing_known() {
        let empty = LatencyHistogram::new();
        assert_eq!((empty.count(), empty.quantile(0.5), empty.max(), empty.mean()), (0, None, None, None));
    }

    #[test]
    fn absurd_latencies_are_counted_and_keep_their_maximum() {
        let histogram = recorded([Duration::ZERO, Duration::MAX]);
        assert_eq!(histogram.count(), 2);
        assert_eq!(histogram.max(), Some(Duration::MAX));
        assert!(histogram.quantile(0.99) >= Some(LARGEST), "{:?}", histogram.quantile(0.99));
        assert_eq!(histogram.quantile(f64::NAN).map(|q| q < LARGEST), Some(true));
    }

    proptest! {
        /// Against the sorted list: right to three figures or to a microsecond, and never beyond the maximum.
        #[test]
        fn quantiles_are_right_to_three_figures(
            micros in prop::collection::vec(0u64..100_000_000, 1..200),
            q in 0.0f64..1.0,
        ) {
            let mut sorted: Vec<Duration> = micros.into_iter().map(Duration::from_micros).collect();
            sorted.sort();
            let histogram = recorded(sorted.iter().copied());
            let rank = ((q * sorted.len() as f64).ceil() as usize).max(1);
            let exact = sorted[rank - 1].as_secs_f64();
            let told = histogram.quantile(q).unwrap().as_secs_f64();
            prop_assert!((told - exact).abs() <= exact * 1e-3 + 1e-6, "{told} for {exact}");
            prop_assert!(histogram.quantile(q) <= histogram.max());
            prop_assert_eq!(histogram.max(), sorted.last().copied());
        }
    }
}
