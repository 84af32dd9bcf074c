//! Page-Hinkley test: fires when failures have become more than they used to be, by the mean that it learns itself.
//!
//! sum = max(0, α sum + x - mean - δ), where x is 1 for a failure and 0 for a success and mean is that of all samples so
//! far; it fires at a threshold, once it has seen `min_samples`. It needs no background rate, and it is slow where the
//! history is short: an outage from the beginning is the mean. While it fires, the mean does not learn.
//!
//! Sources: E. S. Page, Biometrika 41, 1954; D. V. Hinkley, *Inference about the Change-Point from Cumulative Sum Tests*,
//! Biometrika 58, 1971; defaults and order of the steps from River's `PageHinkley`. River's own threshold of 50 stands for
//! more than 500 samples of which a tenth fail. With a mean that is known, α = 1 and normal data it is Page's one-sided
//! CUSUM with k = δ, whose run lengths the test meets.

use std::time::Duration;

use serde::Deserialize;

use crate::detect::machine::Machine;
use crate::detect::odds::Trigger;
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Preset, Variants};

/// More failures than the mean so far.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageHinkley {
    /// It fires when so many failures have come beyond the mean.
    pub threshold: f64,
    /// What is allowed beyond the mean (δ).
    #[serde(default = "delta")]
    pub delta: f64,
    /// What a sample leaves of the sum before it (α).
    #[serde(default = "alpha")]
    pub alpha: f64,
    /// It is silent until it has seen so many samples.
    #[serde(default = "thirty")]
    pub min_samples: u32,
}

const fn delta() -> f64 {
    0.005
}

const fn alpha() -> f64 {
    0.9999
}

const fn thirty() -> u32 {
    30
}

#[derive(Clone, Copy, Debug)]
struct Test {
    delta: f64,
    alpha: f64,
    min_samples: u64,
    seen: u64,
    mean: f64,
    sum: f64,
    trigger: Trigger<f64>,
}

// === impl PageHinkley ===

impl Kind for PageHinkley {
    const SOURCE: &'static str =
        "E. S. Page, Biometrika 41, 1954; D. V. Hinkley, Biometrika 58, 1971; River's drift.PageHinkley";
    const EXAMPLE: &'static str = "{ threshold: 5 }";
    const PRESETS: &'static [Preset] = &[Preset {
        name: "river",
        parameters: r#"{"threshold": 50, "delta": 0.005, "alpha": 0.9999, "min_samples": 30}"#,
        source: "River, drift.PageHinkley: min_instances 30, delta 0.005, threshold 50, alpha 1 - 0.0001",
    }];

    fn summary(&self) -> String {
        format!("{} failures beyond the mean so far", self.threshold)
    }

    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
        let Self { threshold, delta, alpha, min_samples } = *self;
        let all = feed.samples_in(feed.lasts);
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let told = [
            Contradiction::unless(share(delta) && delta < 1.0, || {
                Contradiction::new(format!("`delta` is 0 or more and below 1, found `{delta}`"))
            }),
            Contradiction::unless(share(alpha) && alpha > 0.0, || {
                Contradiction::new(format!("`alpha` is above 0 and at most 1, found `{alpha}`"))
            }),
            Contradiction::unless(threshold > 0.0, || {
                Contradiction::new(format!("`threshold` is a number above 0, found `{threshold}`"))
            }),
            Contradiction::unless(u64::from(min_samples) <= all, || {
                Contradiction::new(format!(
                    "`min_samples` is {min_samples}, and the scenario has {all} probes"
                ))
            }),
        ];
        let mut told: Vec<Contradiction> = told.into_iter().flatten().collect();
        // A sum that forgets a share of itself has a highest value; without forgetting it has one after all samples.
        let most = (all as f64 * (1.0 - delta)).min((1.0 - delta) / (1.0 - alpha));
        if told.is_empty() && threshold > most {
            let message = format!("the sum can't be more than {most:.1}, and `threshold` is {threshold}");
            told.push(Contradiction::new(message).hint("write a lower `threshold`"));
        }
        told
    }

    fn memory(&self, feed: &Feed) -> Duration {
        feed.every.saturating_mul(self.min_samples) / feed.targets.max(1)
    }

    fn variants(&self) -> Variants<Self> {
        let thresholds = [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0];
        Variants::new("threshold", thresholds, |threshold| Self { threshold, ..*self })
    }

    fn machine(&self, _feed: &Feed) -> Box<dyn Machine> {
        Box::new(Test {
            delta: self.delta,
            alpha: self.alpha,
            min_samples: self.min_samples.into(),
            seen: 0,
            mean: 0.0,
            sum: 0.0,
            trigger: Trigger::new(self.threshold, self.threshold / 2.0),
        })
    }
}

// === impl Test ===

impl Test {
    fn push(&mut self, value: f64) -> bool {
        self.seen += 1;
        if !self.trigger.firing() {
            self.mean += (value - self.mean) / self.seen as f64;
        }
        self.sum = (self.alpha * self.sum + value - self.mean - self.delta).max(0.0);
        self.seen >= self.min_samples && self.trigger.level(&mut self.sum)
    }
}

impl Machine for Test {
    fn observe(&mut self, sample: &Sample) -> bool {
        self.push(f64::from(u8::from(sample.failed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{estimate, feed, first, normal, play};

    /// One-sided CUSUM on normal data with k = 0.5 (Brook and Evans 1972 for h = 3; Montgomery, *Introduction to SQC*): the
    /// mean run length without a shift and with one of 1.
    #[test]
    fn with_a_known_mean_it_is_pages_cusum() {
        for (threshold, shift, runs, expected) in [
            (3.0, 0.0, 3_000, 117.60),
            (3.0, 1.0, 4_000, 6.404),
            (4.0, 0.0, 2_000, 335.37),
            (4.0, 1.0, 4_000, 8.383),
        ] {
            estimate(&format!("page {threshold} {shift}"), runs, |stream| {
                let mut test = Test {
                    delta: 0.5,
                    alpha: 1.0,
                    min_samples: 0,
                    // So long a history that the mean is known.
                    seen: 1 << 50,
                    mean: 0.0,
                    sum: 0.0,
                    trigger: Trigger::new(threshold, threshold / 2.0),
                };
                first(|| test.push(normal(stream, shift)))
            })
            .is_about(expected);
        }
    }

    /// Ten failures after 1,000 successes: the sum grows by 1 less mean and δ; 5 are reached with the sixth.
    #[test]
    fn it_finds_what_is_more_than_it_is_used_to() {
        let rule = PageHinkley { threshold: 5.0, delta: 0.005, alpha: 1.0, min_samples: 30 };
        let seen = play(rule, &format!("{}xxxxxxxxxx", ".".repeat(1_000)));
        assert_eq!(&seen[1_000..], ".....!!!!!");
        assert_eq!(play(rule, &"x".repeat(200)), ".".repeat(200), "an outage from the beginning is the mean");
    }

    #[test]
    fn what_is_out_of_reach_is_told() {
        let rule = PageHinkley { threshold: 50.0, delta: 0.5, alpha: 0.9, min_samples: 30 };
        assert!(rule.contradictions(&feed())[0].message.contains("more than 5.0"));
        let odd = PageHinkley { threshold: f64::NAN, delta: 1.0, alpha: 0.0, min_samples: 30 };
        assert_eq!(odd.contradictions(&feed()).len(), 3);
    }
}
