//! Shiryaev-Roberts procedure: fires when a change at some time in the past has become likely enough.
//!
//! R = (1 + R) Λ, where Λ is the likelihood ratio of a sample, adds up the odds that the change came with each of the samples
//! so far; it fires at A. R less the number of samples is a martingale on healthy data, so there are at least A samples
//! between false alarms on average: the threshold *is* the guarantee.
//!
//! Sources: A. N. Shiryaev, Theory of Probability and its Applications 8, 1963; S. W. Roberts, Technometrics 8(3), 1966; M.
//! Pollak, Annals of Statistics 13(1), 1985. For a unit shift of normal data the mean time to a false alarm is A / 0.5604.

use serde::Deserialize;

use crate::base::Ratio;
use crate::detect::machine::Machine;
use crate::detect::odds::{Odds, Trigger};
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Variants};

/// The odds that something has changed by now.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiryaevRoberts {
    /// The share of failures when all is well (p0).
    pub background: Ratio,
    /// The share of failures that should be found (p1).
    pub failing: Ratio,
    /// At least so many samples between two false alarms, on average (A).
    pub false_alarm_every: f64,
}

/// Longest time between false alarms that makes sense: no number here loses its last samples.
const EVERY_MAX: f64 = 1e12;

#[derive(Clone, Copy, Debug)]
struct Procedure {
    odds: f64,
    of_failure: f64,
    of_success: f64,
    trigger: Trigger<f64>,
}

// === impl ShiryaevRoberts ===

impl ShiryaevRoberts {
    /// Where R comes to rest if nothing ever fails: the fixed point of R = (1 + R) Λ.
    fn at_rest(&self) -> f64 {
        let ratio = Odds::new(self.background, self.failing).of_success();
        ratio / (1.0 - ratio)
    }
}

impl Kind for ShiryaevRoberts {
    const SOURCE: &'static str = "A. N. Shiryaev, Theory Probab. Appl. 8, 1963; S. W. Roberts, Technometrics 8(3), 1966; M. Pollak, Ann. Statist. 13(1), 1985";
    const EXAMPLE: &'static str = "{ background: 1%, failing: 10%, false_alarm_every: 40320 }";

    fn summary(&self) -> String {
        format!(
            "{} of failures instead of {}, a false alarm in {} samples",
            self.failing, self.background, self.false_alarm_every
        )
    }

    fn contradictions(&self, _feed: &Feed) -> Vec<Contradiction> {
        if let Some(told) = Odds::contradiction(self.background, self.failing) {
            return vec![told];
        }
        // Twice, for it must fall below half to be silent again.
        let least = 2.0 * self.at_rest();
        let every = self.false_alarm_every;
        let told = Contradiction::unless(every > least && every <= EVERY_MAX, || {
            let message =
                format!("`false_alarm_every` is a number of samples above {least:.1}, found `{every}`");
            Contradiction::new(message).hint("a week of a sample every 15s is 40320")
        });
        told.into_iter().collect()
    }

    fn variants(&self) -> Variants<Self> {
        let every = [1e2, 3e2, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 1e7, 1e8];
        Variants::new("false_alarm_every", every, |false_alarm_every| Self { false_alarm_every, ..*self })
    }

    fn machine(&self, _feed: &Feed) -> Box<dyn Machine> {
        let odds = Odds::new(self.background, self.failing);
        Box::new(Procedure::new(odds.of_failure(), odds.of_success(), self.false_alarm_every))
    }
}

// === impl Procedure ===

impl Procedure {
    const fn new(of_failure: f64, of_success: f64, threshold: f64) -> Self {
        Self { odds: 0.0, of_failure, of_success, trigger: Trigger::new(threshold, threshold / 2.0) }
    }

    fn push(&mut self, ratio: f64) -> bool {
        self.odds = (1.0 + self.odds) * ratio;
        self.trigger.level(&mut self.odds)
    }
}

impl Machine for Procedure {
    fn observe(&mut self, sample: &Sample) -> bool {
        self.push(if sample.failed { self.of_failure } else { self.of_success })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{estimate, feed, first, normal, play, until_it_fires};

    fn rule(every: f64) -> ShiryaevRoberts {
        let ratio = |n, d| Ratio::new(n, d).unwrap();
        ShiryaevRoberts { background: ratio(1, 100), failing: ratio(1, 10), false_alarm_every: every }
    }

    /// N(0, 1) against N(1, 1): Λ = exp(x - 1/2), and A / 0.5604 samples to a false alarm: 99.9 for 56, 499.6 for 280.
    #[test]
    fn run_lengths_meet_pollaks_constant() {
        for (threshold, runs, expected) in [(56.0, 4_000, 99.9), (280.0, 2_000, 499.6)] {
            estimate(&format!("shiryaev {threshold}"), runs, |stream| {
                let mut procedure = Procedure::new(0.0, 0.0, threshold);
                first(|| procedure.push((normal(stream, 0.0) - 0.5).exp()))
            })
            .is_about(expected);
        }
    }

    /// The promise of the parameter: at least so many samples between false alarms.
    #[test]
    fn false_alarms_are_no_more_frequent_than_asked() {
        let measured = until_it_fires(rule(500.0), 0.01, 2_000);
        assert!(measured.mean - 4.0 * measured.error > 500.0, "{measured:?}");
        assert!(measured.error < 0.05 * measured.mean, "{measured:?}");
    }

    #[test]
    fn it_falls_silent_after_successes() {
        let seen = play(rule(500.0), &format!("{}{}", "x".repeat(5), ".".repeat(30)));
        assert!(seen.contains('!') && seen.ends_with('.'), "{seen}");
    }

    #[test]
    fn a_threshold_that_health_reaches_is_told() {
        assert!(rule(15.0).contradictions(&feed())[0].message.contains("above 20.0"));
        assert_eq!(rule(f64::NAN).contradictions(&feed()).len(), 1);
    }
}
