//! Delays with jitter: which distributions there are, and how one value is drawn.
//!
//! A delay is a mean and a jitter. The jitter is the half-width of a uniform distribution and the standard deviation of
//! any other (`tc-netem`'s habit). Every value is made from exactly one uniform draw by the inverse of the distribution
//! function: so a stream's n-th value depends on nothing but n, and golden vectors hold on every machine.
//!
//! Correlation follows a first-order autoregression of normal scores (a Gaussian copula): neighbouring delays resemble
//! each other while each keeps the asked distribution exactly. `tc-netem` averages the uniform draws themselves instead,
//! which narrows the distribution as the correlation grows.
//!
//! A measured distribution stands for itself: each of its [`Samples`] is equally likely, and none is made up between two.
//!
//! What is left out: a delay never falls below zero, so a jitter that is large beside its mean raises the mean.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ratio::Ratio;
use super::rng::Stream;
use super::samples::Samples;

/// The shape of a jitter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Anywhere within mean ± jitter.
    #[default]
    Uniform,
    /// The bell curve; jitter is its standard deviation.
    Normal,
    /// A sharp lower edge and a heavy tail (Pareto with shape 3); jitter is its standard deviation.
    Pareto,
    /// A sharp lower edge and an exponential tail; jitter is its standard deviation.
    Exponential,
}

/// A delay: its mean, its jitter, and how neighbouring values resemble each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delay {
    /// The mean, before clamping at zero.
    pub mean: Duration,
    /// Half-width (uniform) or standard deviation (all others).
    pub jitter: Duration,
    /// How values lie around the mean.
    pub law: Law,
    /// Correlation of the normal scores of neighbouring values.
    pub correlation: Ratio,
}

/// How values lie around a mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Law {
    /// By a formula.
    Shape(Shape),
    /// As measured.
    Samples(Arc<Samples>),
}

/// The source of one delay's values for one direction of one connection.
#[derive(Debug)]
pub struct DelayDraw {
    stream: Stream,
    /// The last value's normal score.
    score: Option<f64>,
}

/// Shape of the Pareto distribution: 3 is what `tc-netem`'s table was made from; its variance is finite.
const PARETO_SHAPE: f64 = 3.0;
/// Mean and standard deviation of the Pareto distribution with shape 3 and minimum 1: a/(a-1), and
/// sqrt(a / ((a-1)^2 (a-2))).
const PARETO_MEAN: f64 = 1.5;
const PARETO_DEVIATION: f64 = 0.866_025_403_784_438_6;

// === impl Shape ===

impl Shape {
    /// The quantile at `u` (strictly between 0 and 1) of the standard jitter: mean 0, jitter 1.
    fn quantile(self, u: f64) -> f64 {
        match self {
            Self::Uniform => 2.0 * u - 1.0,
            Self::Normal => normal_quantile(u),
            Self::Pareto => ((1.0 - u).powf(-1.0 / PARETO_SHAPE) - PARETO_MEAN) / PARETO_DEVIATION,
            Self::Exponential => -(1.0 - u).ln() - 1.0,
        }
    }
}

// === impl Delay ===

impl Delay {
    /// Always the same delay.
    pub const fn constant(mean: Duration) -> Self {
        Self { mean, jitter: Duration::ZERO, law: Law::Shape(Shape::Uniform), correlation: Ratio::ZERO }
    }

    /// Any of these samples, each as likely as the others.
    pub fn measured(samples: Arc<Samples>) -> Self {
        let (mean, jitter) = (samples.mean(), samples.deviation());
        Self { mean, jitter, law: Law::Samples(samples), correlation: Ratio::ZERO }
    }

    /// Whether every value is the mean.
    pub const fn is_constant(&self) -> bool {
        self.jitter.is_zero()
    }

    /// Mean and jitter times `share`: what a ramp makes of it.
    #[must_use]
    pub fn scaled(&self, share: f64) -> Self {
        Self { mean: self.mean.mul_f64(share), jitter: self.jitter.mul_f64(share), ..self.clone() }
    }

    /// The value below which lies a share of `u` (strictly between 0 and 1) of all values.
    pub fn quantile(&self, u: f64) -> Duration {
        let nanos = match &self.law {
            _ if self.is_constant() => return self.mean,
            Law::Shape(shape) => {
                self.mean.as_nanos() as f64 + self.jitter.as_nanos() as f64 * shape.quantile(u)
            }
            Law::Samples(samples) if samples.mean() == self.mean => return samples.quantile(u),
            // Scaled: by as much as its mean was.
            Law::Samples(samples) => {
                let scale = self.mean.as_secs_f64() / samples.mean().as_secs_f64();
                samples.quantile(u).as_nanos() as f64 * scale
            }
        };
        // A saturating cast: below zero is zero.
        Duration::from_nanos(nanos.round() as u64)
    }

    /// The next value.
    pub fn draw(&self, source: &mut DelayDraw) -> Duration {
        if self.is_constant() { self.mean } else { self.quantile(source.next(self.correlation)) }
    }
}

// === impl DelayDraw ===

impl DelayDraw {
    /// Values drawn from `stream`.
    pub const fn new(stream: Stream) -> Self {
        Self { stream, score: None }
    }

    fn next(&mut self, correlation: Ratio) -> f64 {
        let fresh = self.stream.unit();
        if correlation.is_zero() {
            return fresh;
        }
        let innovation = normal_quantile(fresh);
        let rho = correlation.as_f64();
        let score = self.score.map_or(innovation, |last| rho * last + (1.0 - rho * rho).sqrt() * innovation);
        self.score = Some(score);
        normal_share(score).clamp(f64::EPSILON, 1.0 - f64::EPSILON)
    }
}

/// The standard normal distribution function.
pub fn normal_share(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The standard normal quantile, by Acklam's rational approximation (relative error below 1.15e-9) and one step of
/// Halley's method against the exact distribution function, which brings it to machine precision.
pub fn normal_quantile(u: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    /// Below this share the tail formula is used, and above its complement.
    const TAIL: f64 = 0.02425;
    let horner = |terms: &[f64], x: f64| terms.iter().fold(0.0, |sum, term| sum * x + term);
    let tail = |q: f64| horner(&C, q) / (horner(&D, q) * q + 1.0);
    let rough = if u < TAIL {
        tail((-2.0 * u.ln()).sqrt())
    } else if u > 1.0 - TAIL {
        -tail((-2.0 * (1.0 - u).ln()).sqrt())
    } else {
        let q = u - 0.5;
        horner(&A, q * q) * q / (horner(&B, q * q) * q * q + 1.0)
    };
    let error = (normal_share(rough) - u) * std::f64::consts::TAU.sqrt() * (rough * rough / 2.0).exp();
    rough - error / (1.0 + rough * error / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Label, Seed};

    const DRAWS: usize = 20_000;

    fn draws(delay: &Delay) -> Vec<f64> {
        let mut source = DelayDraw::new(Seed(11).stream(Label::new("dist")));
        (0..DRAWS).map(|_| delay.draw(&mut source).as_secs_f64() * 1e3).collect()
    }

    fn delay(shape: Shape, correlation: Ratio) -> Delay {
        Delay {
            mean: Duration::from_secs(1),
            jitter: Duration::from_millis(100),
            law: Law::Shape(shape),
            correlation,
        }
    }

    fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn the_normal_quantile_meets_its_tables() {
        for (u, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.01, -2.326_347_874_040_841),
            (1e-9, -5.997_807_015),
        ] {
            assert!((normal_quantile(u) - z).abs() < 1e-8, "{u}: {}", normal_quantile(u));
        }
    }

    #[test]
    fn mean_and_jitter_are_as_asked() {
        for (shape, deviation) in [
            (Shape::Uniform, 100.0 / 3f64.sqrt()),
            (Shape::Normal, 100.0),
            (Shape::Pareto, 100.0),
            (Shape::Exponential, 100.0),
        ] {
            for correlation in [Ratio::ZERO, Ratio::new(1, 2).unwrap()] {
                let (mean, measured) = mean_and_deviation(&draws(&delay(shape, correlation)));
                assert!((mean - 1_000.0).abs() < 5.0, "{shape:?}: mean {mean}");
                // A Pareto tail of shape 3 has no fourth moment: its sample deviation converges slowly.
                assert!(
                    (measured / deviation - 1.0).abs() < 0.12,
                    "{shape:?}: deviation {measured} for {deviation}"
                );
            }
        }
    }

    #[test]
    fn correlation_is_what_was_asked() {
        let values = draws(&delay(Shape::Normal, Ratio::new(3, 4).unwrap()));
        let (mean, deviation) = mean_and_deviation(&values);
        let products: f64 = values.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum();
        let measured = products / (values.len() - 1) as f64 / deviation.powi(2);
        assert!((measured - 0.75).abs() < 0.02, "{measured}");
    }

    /// Three samples, two of them alike: two thirds of the draws are the one, a third the other, whatever resembles what.
    #[test]
    fn samples_are_drawn_as_often_as_they_were_measured() {
        let samples = [30, 10, 10].map(Duration::from_millis).to_vec();
        for correlation in [Ratio::ZERO, Ratio::new(4, 5).unwrap()] {
            let delay = Delay { correlation, ..Delay::measured(Samples::new(samples.clone()).unwrap()) };
            let drawn = draws(&delay);
            assert!(drawn.iter().all(|ms| [10.0, 30.0].iter().any(|sample| (ms - sample).abs() < 1e-9)));
            let share = drawn.iter().filter(|ms| **ms < 20.0).count() as f64 / DRAWS as f64;
            assert!((share - 2.0 / 3.0).abs() < 0.03, "{share}");
            let half = draws(&delay.scaled(0.5));
            assert!(half.iter().zip(drawn).all(|(half, full)| (half * 2.0 - full).abs() < 1e-5));
        }
    }

    #[test]
    fn uniform_stays_within_its_half_width_and_nothing_falls_below_zero() {
        assert!(draws(&delay(Shape::Uniform, Ratio::ZERO)).iter().all(|v| (900.0..=1_100.0).contains(v)));
        let wild = Delay {
            mean: Duration::from_millis(1),
            jitter: Duration::from_secs(9),
            ..delay(Shape::Normal, Ratio::ZERO)
        };
        assert!(draws(&wild).iter().all(|v| *v >= 0.0));
    }
}
