//! What a ratio of few observations is worth: the Wilson score interval.
//!
//! 3 failures of 20 probes are not "15 % failures": another 20 probes would have said something else. The interval holds
//! the true ratio with the stated confidence, for any number of observations and right up to 0 and 1, where the
//! textbook interval `p ± z·√(p(1−p)/n)` collapses to a point and lies (Brown, Cai and DasGupta, *Interval Estimation
//! for a Binomial Proportion*, Statistical Science 16(2), 2001, recommend Wilson's for small n).
//!
//! The formula is E. B. Wilson's, *Probable Inference, the Law of Succession, and Statistical Inference*, Journal of
//! the American Statistical Association 22 (1927), without continuity correction:
//!
//! ```text
//!             p + z²/2n  ±  z √( p(1−p)/n + z²/4n² )
//! interval =  ---------------------------------------
//!                          1 + z²/n
//! ```
//!
//! It assumes independent observations. Probes of one outage are not, so under bursts of failure the true uncertainty
//! is larger than told here; a report can't know by how much.

/// The standard normal quantile at 97.5 %: what a two-sided interval of 95 % needs.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// A range that holds a ratio with some confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end, 0 or more.
    pub low: f64,
    /// Its upper end, 1 or less.
    pub high: f64,
}

/// The Wilson score interval of `successes` in `trials`; none without a trial, for then nothing is known.
///
/// More successes than trials (a broken journal) count as all of them.
pub fn wilson(successes: u64, trials: u64, z: f64) -> Option<Interval> {
    if trials == 0 {
        return None;
    }
    let n = trials as f64;
    let share = successes.min(trials) as f64 / n;
    let centre = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    // At the ends the closed forms are exact; the general one is off by a rounding.
    let low = if successes == 0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let high = if successes >= trials { 1.0 } else { ((centre + half) / scale).min(1.0) };
    Some(Interval { low, high })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(interval: Interval, low: f64, high: f64) {
        assert!((interval.low - low).abs() < 1e-9, "{interval:?}: low {low}");
        assert!((interval.high - high).abs() < 1e-9, "{interval:?}: high {high}");
    }

    /// With no success the formula reduces to [0, z²/(n+z²)], with all of them to [n/(n+z²), 1].
    #[test]
    fn the_ends_meet_their_closed_forms() {
        for n in [1, 5, 10, 10_000] {
            let (trials, square) = (n as f64, Z_95 * Z_95);
            close(wilson(0, n, Z_95).unwrap(), 0.0, square / (trials + square));
            close(wilson(n, n, Z_95).unwrap(), trials / (trials + square), 1.0);
        }
    }

    /// At one half it reduces to ½ ± z/(2√(n+z²)).
    #[test]
    fn the_middle_meets_its_closed_form() {
        for n in [2, 10, 1_000] {
            let half = Z_95 / (2.0 * (n as f64 + Z_95 * Z_95).sqrt());
            close(wilson(n / 2, n, Z_95).unwrap(), 0.5 - half, 0.5 + half);
        }
    }

    /// Newcombe, *Two-sided confidence intervals for the single proportion*, Statistics in Medicine 17 (1998), table I:
    /// 81 of 263 and 15 of 148.
    #[test]
    fn published_values_are_met() {
        let rounded = |s, n| {
            let interval = wilson(s, n, Z_95).unwrap();
            format!("{:.4} {:.4}", interval.low, interval.high)
        };
        assert_eq!(rounded(81, 263), "0.2553 0.3662");
        assert_eq!(rounded(15, 148), "0.0624 0.1605");
    }

    #[test]
    fn without_a_trial_nothing_is_known() {
        assert_eq!(wilson(0, 0, Z_95), None);
        assert_eq!(wilson(3, 2, Z_95), wilson(2, 2, Z_95));
    }

    proptest! {
        #[test]
        fn the_observed_ratio_lies_within(trials in 1u64..1 << 40, part in 0.0f64..=1.0) {
            let successes = (trials as f64 * part) as u64;
            let interval = wilson(successes, trials, Z_95).unwrap();
            let share = successes as f64 / trials as f64;
            prop_assert!(0.0 <= interval.low && interval.high <= 1.0);
            prop_assert!(interval.low <= share + 1e-12 && share - 1e-12 <= interval.high, "{interval:?} {share}");
        }
    }
}
