//! SPRT: decides again and again between health and failure, each time when the evidence is enough.
//!
//! Wald's sequential probability ratio test: the logarithms of the likelihood ratios of the samples are added up until the
//! sum is at ln((1 - β) / α) (it fires) or at ln(β / (1 - α)) (it is silent); then it begins anew. α is the probability to
//! fire on health, β that to miss failure, of one decision. As a detector it makes a decision after the other, so false
//! alarms come about once in 1/α decisions.
//!
//! Source: A. Wald, *Sequential Tests of Statistical Hypotheses*, Annals of Mathematical Statistics 16(2), 1945. The real
//! error probabilities are at most α / (1 - β) and β / (1 - α).

use serde::Deserialize;

use crate::base::Ratio;
use crate::detect::machine::Machine;
use crate::detect::odds::Odds;
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Variants};

/// One decision after the other between two shares of failures.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sprt {
    /// The share of failures when all is well (p0).
    pub background: Ratio,
    /// The share of failures that should be found (p1).
    pub failing: Ratio,
    /// The probability that a decision is wrong when all is well (α).
    #[serde(default = "alpha")]
    pub false_alarm: Ratio,
    /// The probability that a decision is wrong when failures are that many (β).
    #[serde(default = "beta")]
    pub miss: Ratio,
}

fn alpha() -> Ratio {
    Ratio::new(1, 1_000).unwrap_or(Ratio::ZERO)
}

fn beta() -> Ratio {
    Ratio::new(1, 20).unwrap_or(Ratio::ZERO)
}

#[derive(Clone, Copy, Debug)]
struct Test {
    evidence: f64,
    of_failure: f64,
    of_success: f64,
    upper: f64,
    lower: f64,
    firing: bool,
}

// === impl Sprt ===

impl Kind for Sprt {
    const SOURCE: &'static str = "A. Wald, Annals of Mathematical Statistics 16(2), 1945";
    const EXAMPLE: &'static str = "{ background: 1%, failing: 10% }";

    fn summary(&self) -> String {
        format!(
            "{} of failures is likelier than {}, with errors of {} and {}",
            self.failing, self.background, self.false_alarm, self.miss
        )
    }

    fn contradictions(&self, _feed: &Feed) -> Vec<Contradiction> {
        let errors = Contradiction::unless(
            !self.false_alarm.is_zero()
                && !self.miss.is_zero()
                && self.false_alarm.as_f64() + self.miss.as_f64() < 1.0,
            || {
                let message = "`false_alarm` and `miss` are above 0%, and together below 100%";
                Contradiction::new(message).hint("a test that can't err never decides")
            },
        );
        Odds::contradiction(self.background, self.failing).into_iter().chain(errors).collect()
    }

    fn variants(&self) -> Variants<Self> {
        let shares = (1..=10).filter_map(|digits| Ratio::new(1, 10_u64.pow(digits)));
        Variants::new("false_alarm", shares, |false_alarm| Self { false_alarm, ..*self })
    }

    fn machine(&self, _feed: &Feed) -> Box<dyn Machine> {
        Box::new(self.test())
    }
}

impl Sprt {
    fn test(&self) -> Test {
        let odds = Odds::new(self.background, self.failing);
        let (alpha, beta) = (self.false_alarm.as_f64(), self.miss.as_f64());
        Test {
            evidence: 0.0,
            of_failure: odds.of_failure().ln(),
            of_success: odds.of_success().ln(),
            upper: ((1.0 - beta) / alpha).ln(),
            lower: (beta / (1.0 - alpha)).ln(),
            firing: false,
        }
    }
}

// === impl Test ===

impl Test {
    /// Takes a sample; the decision, if there is one now.
    fn push(&mut self, failed: bool) -> Option<bool> {
        self.evidence += if failed { self.of_failure } else { self.of_success };
        let decision = if self.evidence >= self.upper {
            true
        } else if self.evidence <= self.lower {
            false
        } else {
            return None;
        };
        self.evidence = 0.0;
        Some(decision)
    }
}

impl Machine for Test {
    fn observe(&mut self, sample: &Sample) -> bool {
        self.firing = self.push(sample.failed).unwrap_or(self.firing);
        self.firing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{estimate, feed, first};

    fn rule(background: (u64, u64), failing: (u64, u64), alpha: (u64, u64), beta: (u64, u64)) -> Sprt {
        let ratio = |(n, d)| Ratio::new(n, d).unwrap();
        Sprt {
            background: ratio(background),
            failing: ratio(failing),
            false_alarm: ratio(alpha),
            miss: ratio(beta),
        }
    }

    /// Exact figures from the walk of the evidence: the mean number of samples to a decision at either rate and the power;
    /// and Wald's bounds on both errors.
    #[test]
    fn errors_and_sample_numbers_meet_the_exact_ones() {
        for (rule, samples0, power, samples1, alpha) in [
            (rule((1, 100), (1, 10), (1, 100), (1, 20)), 42.166, 0.95257, 35.522, 0.004_39),
            (rule((1, 100), (1, 20), (1, 100), (1, 20)), 119.787, 0.95097, 115.665, 0.005_79),
            (rule((1, 10), (3, 10), (1, 20), (1, 10)), 18.527, 0.90657, 18.378, 0.032_95),
        ] {
            let decide = |failing: f64, stream: &mut crate::base::Stream| {
                let mut test = rule.test();
                let mut decided = false;
                let samples = first(|| {
                    let decision = test.push(stream.unit() < failing);
                    decided = decision.unwrap_or(decided);
                    decision.is_some()
                });
                (samples, decided)
            };
            let (healthy, failing) = (rule.background.as_f64(), rule.failing.as_f64());
            estimate("sprt 0", 4_000, |stream| decide(healthy, stream).0).is_about(samples0);
            estimate("sprt 1", 4_000, |stream| decide(failing, stream).0).is_about(samples1);
            estimate("sprt p", 4_000, |stream| f64::from(u8::from(decide(failing, stream).1)))
                .is_about(power);
            let wrong = estimate("sprt a", 20_000, |stream| f64::from(u8::from(decide(healthy, stream).1)));
            let bound = rule.false_alarm.as_f64() / (1.0 - rule.miss.as_f64());
            assert!(wrong.mean < bound && (wrong.mean - alpha).abs() < 4.0 * wrong.error, "{wrong:?}");
        }
    }

    #[test]
    fn a_test_that_can_not_err_is_told() {
        assert_eq!(rule((1, 100), (1, 10), (0, 1), (1, 20)).contradictions(&feed()).len(), 1);
        assert_eq!(rule((1, 100), (1, 10), (1, 2), (1, 2)).contradictions(&feed()).len(), 1);
    }
}
