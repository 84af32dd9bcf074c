//! Bernoulli CUSUM: fires when failures have come more often than they should for long enough.
//!
//! S = max(0, S + m - 1) after a failure and max(0, S - 1) after a success, and fires at h m: h is about the number of
//! failures that it takes without a success between. m follows from the two rates that it tells apart: 1/m = r1 / r2 with
//! r1 = -ln((1 - p1) / (1 - p0)) and r2 = ln(p1 (1 - p0) / (p0 (1 - p1))), rounded to a whole number so that the sum is
//! exact. Of all rules with the same rate of false alarms it has the least worst delay (G. V. Moustakides, 1986).
//!
//! Sources: E. S. Page, *Continuous Inspection Schemes*, Biometrika 41, 1954; M. R. Reynolds and Z. G. Stoumbos, *A CUSUM
//! Chart for Monitoring a Proportion When Inspecting Continuously*, Journal of Quality Technology 31(1), 1999. With p0 = 1 %,
//! p1 = 10 % and h = 3 there are 41,462 samples between false alarms (a week at 15 s), and 10 % of failures are found
//! after 49 samples on average.

use serde::Deserialize;

use crate::base::Ratio;
use crate::detect::machine::Machine;
use crate::detect::odds::{Odds, Trigger};
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Variants};

/// More failures than there should be, added up.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cusum {
    /// The share of failures when all is well (p0).
    pub background: Ratio,
    /// The share of failures that should be found (p1).
    pub failing: Ratio,
    /// It fires when the sum stands for so many failures beyond what is allowed (h).
    #[serde(default = "three")]
    pub failures: f64,
}

const fn three() -> f64 {
    3.0
}

/// Highest sum: so rare a background, and so many failures, that no run is long enough for it.
const SUM_MAX: f64 = 1e12;

#[derive(Clone, Copy, Debug)]
struct Sum {
    value: i64,
    /// What a failure adds: m - 1.
    step: i64,
    trigger: Trigger<i64>,
}

// === impl Cusum ===

impl Cusum {
    /// m: so many successes weigh as much as a failure, and one more.
    fn weight(self) -> f64 {
        let odds = Odds::new(self.background, self.failing);
        let (r1, r2) = (-odds.of_success().ln(), odds.of_failure().ln() - odds.of_success().ln());
        (r2 / r1).round()
    }
}

impl Kind for Cusum {
    const SOURCE: &'static str = "E. S. Page, Biometrika 41, 1954; M. R. Reynolds and Z. G. Stoumbos, Journal of Quality Technology 31(1), 1999";
    const EXAMPLE: &'static str = "{ background: 1%, failing: 10% }";

    fn summary(&self) -> String {
        format!("{} failures beyond {}, weighed for {}", self.failures, self.background, self.failing)
    }

    fn contradictions(&self, _feed: &Feed) -> Vec<Contradiction> {
        if let Some(told) = Odds::contradiction(self.background, self.failing) {
            return vec![told];
        }
        let (m, h) = (self.weight(), self.failures);
        let told = [
            Contradiction::unless(m >= 2.0, || {
                let message = format!(
                    "{} and {} are so high that a failure says no more than a success",
                    self.background, self.failing
                );
                Contradiction::new(message).hint("write lower shares")
            }),
            Contradiction::unless(h > 0.0 && h * m <= SUM_MAX, || {
                Contradiction::new(format!("`failures` is a number above 0 that can be reached, found `{h}`"))
            }),
        ];
        told.into_iter().flatten().collect()
    }

    fn variants(&self) -> Variants<Self> {
        let counts = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0];
        Variants::new("failures", counts, |failures| Self { failures, ..*self })
    }

    fn machine(&self, _feed: &Feed) -> Box<dyn Machine> {
        let m = self.weight().clamp(2.0, SUM_MAX);
        let threshold = (self.failures * m).round().clamp(1.0, SUM_MAX) as i64;
        Box::new(Sum { value: 0, step: m as i64 - 1, trigger: Trigger::new(threshold, (threshold + 1) / 2) })
    }
}

// === impl Sum ===

impl Machine for Sum {
    fn observe(&mut self, sample: &Sample) -> bool {
        self.value = (self.value + if sample.failed { self.step } else { -1 }).max(0);
        self.trigger.level(&mut self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{feed, play, until_it_fires};

    fn rule(background: (u64, u64), failing: (u64, u64), failures: f64) -> Cusum {
        let ratio = |(n, d)| Ratio::new(n, d).unwrap();
        Cusum { background: ratio(background), failing: ratio(failing), failures }
    }

    /// 1/γ for pairs of rates: 25.159, 40.023, 78.785, 9.067.
    #[test]
    fn the_weight_of_a_failure_follows_from_the_rates() {
        for (background, failing, weight) in [
            ((1, 100), (1, 10), 25.0),
            ((1, 100), (1, 20), 40.0),
            ((1, 1_000), (1, 20), 79.0),
            ((1, 20), (1, 5), 9.0),
        ] {
            assert!((rule(background, failing, 3.0).weight() - weight).abs() < 1e-9);
        }
    }

    /// Exact means from the chain of the sum: background, failing, h; then the share of failures and the mean.
    #[test]
    fn run_lengths_meet_the_chain() {
        for (background, failing, h, f, runs, expected) in [
            ((1, 100), (1, 10), 2.0, 0.01, 2_000, 4_328.92),
            ((1, 100), (1, 10), 2.0, 0.1, 4_000, 34.045),
            ((1, 100), (1, 10), 3.0, 0.05, 3_000, 169.084),
            ((1, 100), (1, 10), 3.0, 0.1, 4_000, 49.437),
            ((1, 100), (1, 10), 3.0, 0.2, 4_000, 20.602),
            ((1, 100), (1, 20), 3.0, 0.05, 3_000, 110.887),
            ((1, 1_000), (1, 20), 2.0, 0.1, 4_000, 30.026),
        ] {
            until_it_fires(rule(background, failing, h), f, runs).is_about(expected);
        }
    }

    /// h = 3 and m = 25: four failures in a row (24 each, to 75), and back below half of it after 38 successes.
    #[test]
    fn it_falls_silent_when_half_the_evidence_is_gone() {
        let outcomes = format!("xxxxxx{}", ".".repeat(45));
        let expected = format!("...!!!{}{}", "!".repeat(37), ".".repeat(8));
        assert_eq!(play(rule((1, 100), (1, 10), 3.0), &outcomes), expected);
    }

    #[test]
    fn what_tells_nothing_is_told() {
        let told = |rule: Cusum| rule.contradictions(&feed())[0].message.clone();
        assert!(told(rule((1, 10), (1, 100), 3.0)).contains("must be more than"));
        assert!(told(rule((0, 1), (1, 100), 3.0)).contains("0%"));
        assert!(told(rule((7, 10), (9, 10), 3.0)).contains("so high"));
        assert!(told(rule((1, 100), (1, 10), f64::INFINITY)).contains("reached"));
    }
}
