//! Consecutive failures: fires when the last k samples failed, resolves when the last m succeeded.
//!
//! The rule of Kubernetes probes, of load balancers' health checks and of most uptime monitors. With independent failures
//! of probability f it fires after (1 - f^k) / ((1 - f) f^k) samples on average (Feller, *An Introduction to Probability
//! Theory*, vol. 1, XIII.7): for k = 3 and f = 10 % that is 1,110 samples, nine hours at one every 30 s. One success in
//! between starts the count again, which is why sporadic failures stay below it.
//!
//! A preset holds only the counts: how often its system probes, and for how long it waits, is the monitor's `every` and
//! `timeout`. Nagios probes more often while a failure is not confirmed (`retry_interval`); a monitor here does not.

use std::num::NonZeroU32;

use serde::Deserialize;

use crate::detect::machine::Machine;
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Preset, Variants};

/// Failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
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

/// The length of the current run of outcomes that speak against the present state.
#[derive(Clone, Debug)]
struct Run {
    spec: Consecutive,
    firing: bool,
    against: u32,
}

// === impl Consecutive ===

impl Kind for Consecutive {
    const SOURCE: &'static str = "Kubernetes, load balancers and uptime monitors; W. Feller, An Introduction to Probability Theory, vol. 1, XIII.7";
    const EXAMPLE: &'static str = "{ failures: 3 }";
    const PRESETS: &'static [Preset] = &[
        Preset {
            name: "kubernetes-liveness",
            parameters: r#"{"failures": 3, "successes": 1}"#,
            source: "kubernetes.io, Configure Liveness, Readiness and Startup Probes: failureThreshold 3, successThreshold 1 (every 10s, timeout 1s)",
        },
        Preset {
            name: "kubernetes-readiness",
            parameters: r#"{"failures": 3, "successes": 1}"#,
            source: "the same defaults; what follows is no restart, but no traffic",
        },
        Preset {
            name: "aws-alb",
            parameters: r#"{"failures": 2, "successes": 5}"#,
            source: "AWS Elastic Load Balancing user guide: UnhealthyThresholdCount 2, HealthyThresholdCount 5 (every 30s, timeout 5s)",
        },
        Preset {
            name: "route-53-checker",
            parameters: r#"{"failures": 3, "successes": 3}"#,
            source: "AWS Route 53 developer guide: FailureThreshold 3 either way, of one checker (every 30s); all of them: per_target, route-53",
        },
        Preset {
            name: "haproxy",
            parameters: r#"{"failures": 3, "successes": 2}"#,
            source: "HAProxy configuration manual: fall 3, rise 2 (inter 2s)",
        },
        Preset {
            name: "nagios",
            parameters: r#"{"failures": 3, "successes": 1}"#,
            source: "Nagios Core's template generic-service: max_check_attempts 3, from soft to hard; the first success is a hard recovery",
        },
    ];

    fn summary(&self) -> String {
        let failures = self.failures;
        let plural = if failures == one() { "failure" } else { "failures in a row" };
        format!("{failures} {plural}")
    }

    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
        let all = feed.samples_in(feed.lasts);
        let never = || {
            let message =
                format!("the rule needs {} failures, and the scenario has {all} probes", self.failures);
            Contradiction::new(message)
                .hint("probe more often, ask for fewer failures, or make the scenario longer")
        };
        Contradiction::unless(u64::from(self.failures.get()) <= all, never).into_iter().collect()
    }

    fn variants(&self) -> Variants<Self> {
        let counts = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30].into_iter().filter_map(NonZeroU32::new);
        Variants::new("failures", counts, |failures| Self { failures, ..*self })
    }

    fn machine(&self, _feed: &Feed) -> Box<dyn Machine> {
        Box::new(Run { spec: *self, firing: false, against: 0 })
    }
}

// === impl Run ===

impl Machine for Run {
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
    use super::*;
    use crate::detect::testing::{play, until_it_fires};

    fn rule(failures: u32, successes: u32) -> Consecutive {
        let count = |n| NonZeroU32::new(n).unwrap();
        Consecutive { failures: count(failures), successes: count(successes) }
    }

    #[test]
    fn a_success_starts_the_count_again() {
        assert_eq!(play(rule(3, 1), "xx.xx.xxx.x"), "........!..");
        assert_eq!(play(rule(2, 2), "xx.x..xx"), ".!!!!..!");
    }

    /// Feller's closed form, (1 - f^k) / ((1 - f) f^k).
    #[test]
    fn the_mean_number_of_samples_meets_the_closed_form() {
        for (k, f, runs, expected) in
            [(2, 0.5, 20_000, 6.0), (3, 0.2, 4_000, 155.0), (3, 0.3, 8_000, 51.48), (5, 0.5, 8_000, 62.0)]
        {
            until_it_fires(rule(k, 1), f, runs).is_about(expected);
        }
    }
}
