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
use crate::fault::spread::Spread;

/// A one-way delay with jitter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// What is drawn for each flight of bytes.
    pub spread: Spread,
    /// How much neighbouring delays of a connection resemble each other.
    pub correlation: Ratio,
}

/// The mapping form of [`Latency`].
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyFields {
    /// The mean delay, one way.
    mean: Option<Span>,
    /// Half-width of a uniform distribution, standard deviation of any other.
    jitter: Option<Span>,
    /// How the jitter is distributed; `uniform`, unless given.
    distribution: Option<Shape>,
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
        let LatencyFields { mean, jitter, distribution, correlation } = fields;
        Self { spread: Spread { mean, jitter, distribution }, correlation }
    }
}

impl From<Spread> for Latency {
    fn from(spread: Spread) -> Self {
        Self { spread, correlation: Ratio::ZERO }
    }
}

impl FromStr for Latency {
    type Err = DurationError;

    /// `MEAN` or `MEAN~JITTER`.
    fn from_str(text: &str) -> Result<Self, DurationError> {
        text.parse().map(|spread: Spread| spread.into())
    }
}

impl Kind for Latency {
    fn summary(&self) -> String {
        let summary = self.spread.summary();
        if self.correlation.is_zero() {
            summary
        } else {
            format!("{summary}, {} correlated", self.correlation)
        }
    }

    fn directions(&self) -> Directions {
        Directions::ToClient
    }

    fn contradictions(&self) -> Vec<String> {
        let mut found = self.spread.contradictions("a latency");
        if found.is_empty() && self.spread.is_nothing() {
            found.push("a latency of 0s does nothing".to_owned());
        }
        if !self.correlation.is_zero() && self.spread.delay().is_constant() {
            found.push(
                "`correlation` says how delays follow each other, and all of them are alike".to_owned(),
            );
        }
        found
    }

    fn ramps(&self) -> bool {
        true
    }

    fn path(&self, fault: FaultId, level: Level) -> PathState {
        let delay = Delay { correlation: self.correlation, ..self.spread.delay() };
        let delay = if level.is_full() { delay } else { delay.scaled(level.as_f64()) };
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
        let delay = &state.delays[0].delay;
        assert_eq!((delay.mean.as_millis(), delay.jitter.as_millis()), (40, 10));
    }

    #[test]
    fn what_does_nothing_is_told() {
        let told = |text: &str| serde_json::from_str::<Latency>(text).unwrap().contradictions();
        assert_eq!(told(r#""0s""#), ["a latency of 0s does nothing"]);
        assert_eq!(told("{}"), ["a latency needs a `mean`"]);
        assert_eq!(told(r#"{"mean": "1ms", "distribution": "pareto"}"#).len(), 1);
        assert_eq!(told(r#"{"mean": "1ms", "correlation": "50%"}"#).len(), 1);
        assert_eq!(told(r#"{"mean": "1ms", "jitter": "1ms", "correlation": "50%"}"#).len(), 0);
    }
}
