//! Latency: bytes arrive later.
//!
//! A one-way delay, by default towards the client, so that `latency: 80ms` adds 80 ms to a round trip. Bytes that arrive
//! together leave together: a delay is not a rate limit. Order is always kept, as TCP keeps it, so a large jitter shows
//! as bytes that wait for slower ones before them. A ramp scales mean and jitter.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::{Delay, DelayTerm, Directions, DurationError, FaultId, PathState, Ratio, Shape, Span};
use crate::fault::schedule::Level;
use crate::fault::shorthand::two_forms;
use crate::fault::spec::Kind;

/// A one-way delay with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency(pub Delay);

/// The mapping form of [`Latency`].
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyFields {
    /// The mean delay, one way.
    mean: Span,
    /// Half-width of a uniform distribution, standard deviation of any other.
    #[serde(default)]
    jitter: Span,
    /// How the jitter is distributed.
    #[serde(default)]
    distribution: Shape,
    /// How much neighbouring delays of a connection resemble each other.
    #[serde(default = "no_correlation")]
    correlation: Ratio,
}

two_forms!(
    Latency,
    LatencyFields,
    "a delay such as `80ms` or `80ms~20ms`, or `{ mean, jitter, distribution, correlation }`",
    "80ms~20ms"
);

const fn no_correlation() -> Ratio {
    Ratio::ZERO
}

impl From<LatencyFields> for Latency {
    fn from(fields: LatencyFields) -> Self {
        Self(Delay {
            mean: fields.mean.get(),
            jitter: fields.jitter.get(),
            shape: fields.distribution,
            correlation: fields.correlation,
        })
    }
}

impl FromStr for Latency {
    type Err = DurationError;

    /// `MEAN` or `MEAN~JITTER`.
    fn from_str(text: &str) -> Result<Self, DurationError> {
        let (mean, jitter) = text.split_once('~').map_or((text, None), |(mean, jitter)| (mean, Some(jitter)));
        let mean: Span = mean.parse()?;
        let jitter = jitter.map(str::parse::<Span>).transpose()?.unwrap_or_default();
        Ok(Self(Delay { jitter: jitter.get(), ..Delay::constant(mean.get()) }))
    }
}

impl Kind for Latency {
    fn summary(&self) -> String {
        let Delay { mean, jitter, shape, correlation } = self.0;
        if jitter.is_zero() {
            return Span(mean).to_string();
        }
        let shape = match shape {
            Shape::Uniform => "",
            Shape::Normal => " normal",
            Shape::Pareto => " pareto",
            Shape::Exponential => " exponential",
        };
        let correlation =
            if correlation.is_zero() { String::new() } else { format!(", {correlation} correlated") };
        format!("{} ± {}{shape}{correlation}", Span(mean), Span(jitter))
    }

    fn directions(&self) -> Directions {
        Directions::ToClient
    }

    fn contradictions(&self) -> Vec<String> {
        let Delay { mean, jitter, shape, correlation } = self.0;
        let mut found = Vec::new();
        if mean.is_zero() && jitter.is_zero() {
            found.push("a latency of 0s does nothing".to_owned());
        }
        if jitter.is_zero() && (shape != Shape::Uniform || !correlation.is_zero()) {
            found.push(
                "`distribution` and `correlation` say how jitter is drawn, and there is no `jitter`"
                    .to_owned(),
            );
        }
        found
    }

    fn ramps(&self) -> bool {
        true
    }

    fn path(&self, fault: FaultId, level: Level) -> PathState {
        let delay = if level.is_full() { self.0 } else { self.0.scaled(level.as_f64()) };
        PathState { delays: vec![DelayTerm { fault, delay }], ..PathState::CLEAR }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_mean_the_same() {
        let short: Latency = serde_json::from_str(r#""80ms~20ms""#).unwrap();
        let long: Latency = serde_json::from_str(r#"{"mean": "80ms", "jitter": "20ms"}"#).unwrap();
        assert_eq!(short, long);
        assert_eq!(short.summary(), "80ms ± 20ms");
    }

    #[test]
    fn a_ramp_scales_mean_and_jitter() {
        let latency: Latency = "80ms~20ms".parse().unwrap();
        let state = latency.path(FaultId(3), Level::percent(50));
        let delay = state.delays[0].delay;
        assert_eq!((delay.mean.as_millis(), delay.jitter.as_millis()), (40, 10));
    }

    #[test]
    fn what_does_nothing_is_told() {
        let nothing: Latency = "0s".parse().unwrap();
        assert_eq!(nothing.contradictions(), ["a latency of 0s does nothing"]);
        let idle: Latency = serde_json::from_str(r#"{"mean": "1ms", "distribution": "pareto"}"#).unwrap();
        assert_eq!(idle.contradictions().len(), 1);
    }
}
