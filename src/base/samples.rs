//! `Samples`: measured durations as a distribution of their own.
//!
//! A quantile is the smallest sample below or at which that share of all samples lies: the inverse of the empirical
//! distribution function, without interpolation. So only durations come out that were measured, as often as they were, and
//! their mean is the mean of the samples; a line drawn between two modes would fill the gap with durations that never were.

use std::sync::Arc;
use std::time::Duration;

/// Durations in ascending order, at least one, of a mean above zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Samples {
    sorted: Vec<Duration>,
    mean: Duration,
    deviation: Duration,
}

// === impl Samples ===

impl Samples {
    /// These durations, in any order; nothing, if there are none above zero.
    pub fn new(mut samples: Vec<Duration>) -> Option<Arc<Self>> {
        samples.sort_unstable();
        let count = samples.len().max(1) as f64;
        let mean = samples.iter().map(Duration::as_secs_f64).sum::<f64>() / count;
        let variance = samples.iter().map(|s| (s.as_secs_f64() - mean).powi(2)).sum::<f64>() / count;
        let (mean, deviation) = (Duration::from_secs_f64(mean), Duration::from_secs_f64(variance.sqrt()));
        (!mean.is_zero()).then(|| Arc::new(Self { sorted: samples, mean, deviation }))
    }

    /// The sample at `u`, strictly between 0 and 1.
    pub fn quantile(&self, u: f64) -> Duration {
        let place = (u * self.sorted.len() as f64) as usize;
        self.sorted[place.min(self.sorted.len() - 1)]
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// Their mean.
    pub const fn mean(&self) -> Duration {
        self.mean
    }

    /// Their standard deviation.
    pub const fn deviation(&self) -> Duration {
        self.deviation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_samples() {
        let samples = Samples::new([40, 10, 20, 30].map(Duration::from_millis).to_vec()).unwrap();
        let at = |u| samples.quantile(u).as_millis();
        assert_eq!([at(0.01), at(0.26), at(0.5), at(0.99)], [10, 20, 30, 40]);
        assert_eq!((samples.count(), samples.mean().as_millis()), (4, 25));
        assert!((samples.deviation().as_secs_f64() - 0.011_180).abs() < 1e-5);
    }

    #[test]
    fn no_samples_are_no_distribution() {
        assert_eq!(Samples::new(Vec::new()), None);
        assert_eq!(Samples::new(vec![Duration::ZERO; 3]), None);
    }
}
