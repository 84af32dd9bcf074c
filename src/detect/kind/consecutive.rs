//! Consecutive failures: fires when the last k samples failed, resolves when the last m succeeded.
//!
//! The rule of Kubernetes probes (`failureThreshold`, default 3; `successThreshold`, default 1), of load balancers' health
//! checks and of most uptime monitors. With independent failures of probability f it fires after (1 - f^k) / ((1 - f) f^k)
//! samples on average (Feller, *An Introduction to Probability Theory*, vol. 1, XIII.7): for k = 3 and f = 10 % that is
//! 1,110 samples, nine hours at one every 30 s. One success in between starts the count again, which is why sporadic
//! failures stay below it.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::detect::sample::Sample;
use crate::detect::spec::Detector;

/// Failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consecutive {
    /// So many failures in a row make it fire.
    pub failures: NonZeroU32,
    /// So many successes in a row make it fall silent.
    #[serde(default = "one")]
    pub successes: NonZeroU32,
}

const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// The machine: the length of the current run of equal outcomes.
#[derive(Debug)]
pub(crate) struct Machine {
    spec: Consecutive,
    firing: bool,
    /// Outcomes in a row that speak against the present state.
    against: u32,
}

// === impl Consecutive ===

impl Consecutive {
    pub(crate) const fn detector(self) -> Machine {
        Machine { spec: self, firing: false, against: 0 }
    }

    pub(crate) fn summary(self) -> String {
        format!("{} failures in a row", self.failures)
    }
}

// === impl Machine ===

impl Detector for Machine {
    fn observe(&mut self, sample: &Sample) -> bool {
        self.against = if sample.failed == self.firing { 0 } else { self.against + 1 };
        let enough = if self.firing { self.spec.successes } else { self.spec.failures };
        if self.against >= enough.get() {
            self.firing = !self.firing;
            self.against = 0;
        }
        self.firing
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::{Label, Ratio, Seed, SimTime};

    fn sample(n: u64, failed: bool) -> Sample {
        Sample { at: SimTime::from_secs(n), failed, latency: Duration::ZERO }
    }

    fn run(failures: u32, successes: u32, outcomes: &str) -> String {
        let count = |n| NonZeroU32::new(n).unwrap();
        let mut machine = Consecutive { failures: count(failures), successes: count(successes) }.detector();
        let fires = |(n, outcome)| machine.observe(&sample(n as u64, outcome == 'x'));
        outcomes.chars().enumerate().map(fires).map(|firing| if firing { '!' } else { '.' }).collect()
    }

    #[test]
    fn a_success_starts_the_count_again() {
        assert_eq!(run(3, 1, "xx.xx.xxx.x"), "........!..");
        assert_eq!(run(2, 2, "xx.x..xx"), ".!!!!..!");
    }

    /// The closed form for k = 2 and f = 1/2 is 6 samples; the mean of 20,000 runs is within 2 %.
    #[test]
    fn the_mean_number_of_samples_meets_the_closed_form() {
        let mut stream = Seed(5).stream(Label::new("consecutive"));
        let half = Ratio::new(1, 2).unwrap();
        let runs = 20_000;
        let total: u64 = (0..runs)
            .map(|_| {
                let mut machine =
                    Consecutive { failures: NonZeroU32::new(2).unwrap(), successes: one() }.detector();
                (1..100_000).find(|n| machine.observe(&sample(*n, stream.happens(half)))).unwrap()
            })
            .sum();
        let mean = total as f64 / f64::from(runs);
        assert!((mean / 6.0 - 1.0).abs() < 0.02, "{mean}");
    }
}
