//! EWMA chart: fires while the exponentially weighted share of failures is above its control limit.
//!
//! z = λ x + (1 - λ) z, with x = 1 for a failure and 0 for a success, begins at the background p and fires above
//! p + L √(p (1 - p)) √(λ / (2 - λ)), the limit that it has when it has run for a while. A small λ remembers long and finds
//! small shifts; λ = 1 is Shewhart's chart.
//!
//! Sources: S. W. Roberts, *Control Chart Tests Based on Geometric Moving Averages*, Technometrics 1(3), 1959; J. M. Lucas
//! and M. S. Saccucci, *Exponentially Weighted Moving Average Control Schemes*, Technometrics 32(1), 1990, whose table of
//! average run lengths (normal data, both sides) the test meets. Their pair λ = 0.1 and L = 2.814 is the default: 500
//! samples between false alarms there. Failures are not normal: with few of them false alarms come sooner than that.

use serde::Deserialize;

use crate::base::Ratio;
use crate::detect::machine::Machine;
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Variants};

/// A weighted share of failures above its limit.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ewma {
    /// The share of failures when all is well.
    pub background: Ratio,
    /// The weight of the newest sample, above 0 and at most 1 (λ).
    #[serde(default = "tenth")]
    pub weight: f64,
    /// How many standard deviations the limit is away (L).
    #[serde(default = "limit")]
    pub limit: f64,
}

const fn tenth() -> f64 {
    0.1
}

const fn limit() -> f64 {
    2.814
}

/// The chart of any quantity: the mean that moves, how far from its target it is allowed.
#[derive(Clone, Copy, Debug)]
struct Chart {
    weight: f64,
    target: f64,
    allowed: f64,
    mean: f64,
}

// === impl Ewma ===

impl Ewma {
    fn chart(self) -> Chart {
        let target = self.background.as_f64();
        Chart::new(self.weight, self.limit, target, (target * (1.0 - target)).sqrt())
    }
}

impl Kind for Ewma {
    const SOURCE: &'static str =
        "S. W. Roberts, Technometrics 1(3), 1959; J. M. Lucas and M. S. Saccucci, Technometrics 32(1), 1990";
    const EXAMPLE: &'static str = "{ background: 1% }";

    fn summary(&self) -> String {
        format!("the weighted share of failures is {} deviations above {}", self.limit, self.background)
    }

    fn contradictions(&self, _feed: &Feed) -> Vec<Contradiction> {
        let Self { background, weight, limit } = *self;
        let weighted = weight > 0.0 && weight <= 1.0;
        let limited = limit > 0.0 && limit.is_finite();
        let told = [
            Contradiction::unless(weighted, || {
                Contradiction::new(format!("a weight is above 0 and at most 1, found `{weight}`"))
            }),
            Contradiction::unless(limited, || {
                Contradiction::new(format!("a limit is a number of deviations above 0, found `{limit}`"))
            }),
            Contradiction::unless(!background.is_zero() && background != Ratio::ONE, || {
                let message = format!("a background of {background} has no deviation to measure by");
                Contradiction::new(message).hint("write what a healthy path loses, `background: 0.1%`, say")
            }),
        ];
        let mut told: Vec<Contradiction> = told.into_iter().flatten().collect();
        let chart = self.chart();
        if told.is_empty() && chart.target + chart.allowed >= 1.0 {
            let message = "the limit is above a share of 100%: the rule can never fire";
            told.push(Contradiction::new(message).hint("write a lower `limit` or a lower `weight`"));
        }
        told
    }

    fn variants(&self) -> Variants<Self> {
        let limits = [1.0, 2.0, 2.814, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0];
        Variants::new("limit", limits, |limit| Self { limit, ..*self })
    }

    fn machine(&self, _feed: &Feed) -> Box<dyn Machine> {
        Box::new(self.chart())
    }
}

// === impl Chart ===

impl Chart {
    fn new(weight: f64, limit: f64, target: f64, deviation: f64) -> Self {
        Self { weight, target, allowed: limit * deviation * (weight / (2.0 - weight)).sqrt(), mean: target }
    }

    /// Takes a value; how far above the target the mean is now.
    fn push(&mut self, value: f64) -> f64 {
        self.mean += self.weight * (value - self.mean);
        self.mean - self.target
    }
}

impl Machine for Chart {
    fn observe(&mut self, sample: &Sample) -> bool {
        self.push(f64::from(u8::from(sample.failed))) > self.allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{estimate, feed, first, normal};

    /// Lucas and Saccucci's table: average run lengths of two-sided charts on normal data, by λ, L and the shift of the mean.
    #[test]
    fn run_lengths_meet_the_published_table() {
        for (weight, limit, shift, runs, expected) in [
            (0.40, 3.054, 1.0, 4_000, 14.26),
            (0.25, 2.998, 0.5, 2_000, 48.29),
            (0.20, 2.962, 2.0, 4_000, 3.74),
            (0.10, 2.814, 0.0, 2_000, 499.58),
            (0.10, 2.814, 0.5, 3_000, 31.30),
            (0.10, 2.814, 1.0, 4_000, 10.33),
            (0.05, 2.615, 1.0, 4_000, 11.38),
            (1.00, 3.0, 1.0, 3_000, 43.89),
        ] {
            estimate(&format!("ewma {weight} {shift}"), runs, |stream| {
                let mut chart = Chart::new(weight, limit, 0.0, 1.0);
                first(|| chart.push(normal(stream, shift)).abs() > chart.allowed)
            })
            .is_about(expected);
        }
    }

    #[test]
    fn what_can_never_be_is_told() {
        let rule = |weight, limit| Ewma { background: Ratio::new(1, 10).unwrap(), weight, limit };
        assert_eq!(rule(0.1, 3.0).contradictions(&feed()), []);
        assert!(rule(1.0, 3.1).contradictions(&feed())[0].message.contains("never"));
        assert_eq!(rule(0.0, f64::NAN).contradictions(&feed()).len(), 2);
    }
}
