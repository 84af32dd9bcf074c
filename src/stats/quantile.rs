//! Quantiles of times some of which were never seen to end, with their bootstrap intervals.
//!
//! A detector that never fired has not a long time to detect but an unknown one: it is censored, and counts as longer than all
//! others. The k-th smallest of n, k = ⌈q n⌉, is the quantile; where k lies among the censored, it is not known.
//!
//! The interval is the bootstrap's, percentile method (B. Efron, *Bootstrap Methods: Another Look at the Jackknife*, Annals of
//! Statistics 7, 1979), without its noise: the k-th smallest of a resample is at most the j-th of the sample with the
//! probability that k of n draws fall among the first j, a binomial tail, so that no resample has to be drawn (Efron's
//! own remark, section 3).

/// A quantile and its interval of 95 %; an end that lies among the censored is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// The quantile.
    pub value: Option<f64>,
    /// The interval's lower end.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
}

/// What the interval leaves on either side.
const TAIL: f64 = 0.025;

/// The quantile `q` (0 to 1) of `all` times, of which `seen`, sorted, were seen to end.
pub fn censored_quantile(seen: &[f64], all: usize, q: f64) -> Quantile {
    let n = all.max(seen.len());
    let k = ((q.clamp(0.0, 1.0) * n as f64).ceil() as usize).clamp(1, n.max(1));
    let at = |place: usize| place.checked_sub(1).and_then(|place| seen.get(place)).copied();
    let first = |share: f64| {
        // The chance rises with j.
        let (mut low, mut high) = (1, n.max(1));
        while low < high {
            let middle = usize::midpoint(low, high);
            if at_least(k, n, middle as f64 / n as f64) >= share {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    };
    Quantile { value: at(k), low: at(first(TAIL)), high: at(first(1.0 - TAIL)) }
}

/// The probability of at least k successes in n trials.
fn at_least(k: usize, n: usize, p: f64) -> f64 {
    if p >= 1.0 {
        return 1.0;
    }
    let (k, n) = (k as f64, n as f64);
    let ln_term = |i: f64| {
        libm::lgamma(n + 1.0) - libm::lgamma(i + 1.0) - libm::lgamma(n - i + 1.0)
            + i * p.ln()
            + (n - i) * (1.0 - p).ln()
    };
    let (mut i, mut sum) = (k, 0.0);
    let odds = p / (1.0 - p);
    let mut term = ln_term(k).exp();
    // Far below the mode the first terms are no numbers: begin where they are.
    if term <= 0.0 && k < n * p {
        return 1.0;
    }
    while i <= n {
        sum += term;
        term *= (n - i) / (i + 1.0) * odds;
        i += 1.0;
    }
    f64::min(sum, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Label, Seed};

    /// Against a bootstrap that does draw resamples.
    #[test]
    fn the_interval_is_that_of_many_resamples() {
        let mut stream = Seed(3).stream(Label::new("bootstrap"));
        let mut seen: Vec<f64> = (0..60).map(|_| -stream.unit().ln()).collect();
        seen.sort_by(f64::total_cmp);
        for q in [0.5, 0.9] {
            let k = (q * 60.0_f64).ceil() as usize;
            let mut resampled: Vec<usize> = (0..20_000)
                .map(|_| {
                    let mut places: Vec<usize> = (0..60).map(|_| stream.below(60) as usize).collect();
                    places.sort_unstable();
                    places[k - 1]
                })
                .collect();
            resampled.sort_unstable();
            let told = censored_quantile(&seen, 60, q);
            let place = |value: Option<f64>| seen.iter().position(|seen| Some(*seen) == value).unwrap();
            assert_eq!(told.value, Some(seen[k - 1]));
            // Within one place of it: the resamples have noise of their own.
            assert!(place(told.low).abs_diff(resampled[500]) <= 1);
            assert!(place(told.high).abs_diff(resampled[19_500]) <= 1);
        }
    }

    #[test]
    fn the_censored_are_longer_than_all_others() {
        let seen: Vec<f64> = (1..=60).map(f64::from).collect();
        let median = censored_quantile(&seen, 100, 0.5);
        assert_eq!(median.value, Some(50.0));
        assert!(median.low.is_some() && median.high.is_some_and(|high| high > 55.0));
        assert_eq!(censored_quantile(&seen, 100, 0.9).value, None);
        let none = Quantile { value: None, low: None, high: None };
        assert_eq!(censored_quantile(&[], 10, 0.5), none);
        assert_eq!(censored_quantile(&[], 0, 0.5), none);
    }

    #[test]
    fn large_samples_keep_their_precision() {
        let seen: Vec<f64> = (1..=10_000).map(f64::from).collect();
        let Quantile { value, low, high } = censored_quantile(&seen, 10_000, 0.5);
        assert_eq!(value, Some(5_000.0));
        // 1.96 √(n/4) places to either side.
        assert!((low.unwrap() - 4_902.0).abs() < 3.0 && (high.unwrap() - 5_098.0).abs() < 3.0);
    }
}
