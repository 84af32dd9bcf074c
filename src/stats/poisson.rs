//! What a count of rare events is worth: the exact interval of a Poisson mean.
//!
//! F. Garwood, *Fiducial Limits for the Poisson Distribution*, Biometrika 28, 1936: the interval's ends are the means under
//! which so many events or more, and so many or fewer, have half of what the confidence leaves. No event in a time is not a
//! rate of zero: it bounds the rate at 3.69 events in that time (two-sided 95 %; at 3.0, the "rule of three", one-sided).

use super::interval::Interval;

/// The interval that holds the mean with this confidence (0.95, say), when so many events were counted.
pub fn poisson(events: u64, confidence: f64) -> Interval {
    let tail = (1.0 - confidence.clamp(0.0, 0.999_999)) / 2.0;
    // An upper end far beyond what any tail here reaches: ten deviations and twenty.
    let beyond = events as f64 + 10.0 * (events as f64).sqrt() + 20.0;
    let low = if events == 0 {
        0.0
    } else {
        // P(X >= events) rises with the mean.
        solve(0.0, events as f64, |mean| 1.0 - at_most(events - 1, mean) < tail)
    };
    Interval { low, high: solve(events as f64, beyond, |mean| at_most(events, mean) > tail) }
}

/// P(X <= k) for a mean above zero: the terms from the largest on, so that nothing is lost.
fn at_most(k: u64, mean: f64) -> f64 {
    if mean <= 0.0 {
        return 1.0;
    }
    let ln_term = |n: f64| n * mean.ln() - mean - libm::lgamma(n + 1.0);
    let mut sum = 0.0;
    let mut term = ln_term(k as f64).exp();
    let mut n = k as f64;
    while n >= 0.0 {
        sum += term;
        // Below the mean the terms fall without end.
        if n < mean && term < sum * 1e-17 {
            break;
        }
        term = if n < 1.0 { 0.0 } else { ln_term(n - 1.0).exp() };
        n -= 1.0;
    }
    sum.min(1.0)
}

/// Where `below` ceases to hold, between two values; to a part in 10^12.
fn solve(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Garwood's table, at 95 %.
    #[test]
    fn published_values_are_met() {
        for (events, low, high) in
            [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (10, 4.7954, 18.3904)]
        {
            let Interval { low: told_low, high: told_high } = poisson(events, 0.95);
            assert!((told_low - low).abs() < 1e-4 && (told_high - high).abs() < 1e-4, "{events}");
        }
        assert!((poisson(0, 0.9).high - 2.9957).abs() < 1e-4, "the rule of three");
    }

    /// Many events: nearly normal, k ± 1.96 √k, a little to the right.
    #[test]
    fn large_counts_are_nearly_normal() {
        let Interval { low, high } = poisson(10_000, 0.95);
        assert!((low - 9_804.0).abs() < 2.0 && (high - 10_198.0).abs() < 2.0, "{low} {high}");
    }
}
