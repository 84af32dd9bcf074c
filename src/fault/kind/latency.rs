//! Latency: bytes arrive later.
//!
//! A one-way delay, by default towards the client, so that `latency: 80ms` adds 80 ms to a round trip. Bytes that arrive
//! together leave together: a delay is not a rate limit. Order is always kept, as TCP keeps it, so a large jitter shows
//! as bytes that wait for slower ones before them. A ramp scales mean and jitter.
//!
//! Delays are drawn for each flight of bytes: around a mean, or from `samples` that were measured. Or they follow a `trace`
//! over time, the same for all connections, which begins with the fault ([`DelayTrace`]).

use std::str::FromStr;

use serde::Deserialize;

use crate::base::{
    Delay, DelayTerm, Directions, DurationError, FaultId, PathState, Ratio, Shape, SimTime, Span, Stream,
    Timeline, TooManyChanges,
};
use crate::fault::schedule::Level;
use crate::fault::shorthand::two_forms;
use crate::fault::spec::Kind;
use crate::fault::spread::Spread;
use crate::fault::trace::{DelayTrace, DelayTraceFields, SampleSource, TextMistakes};

/// A one-way delay with jitter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// What is drawn for each flight of bytes.
    pub spread: Spread,
    /// How much neighbouring delays of a connection resemble each other.
    pub correlation: Ratio,
    /// What is replayed, instead of all that.
    pub trace: Option<DelayTrace>,
}

/// The mapping form of [`Latency`].
#[derive(Deserialize, schemars::JsonSchema)]
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
    /// Measured delays instead of mean and jitter: each is as likely as the others. A list, or a file of one a line.
    samples: Option<SampleSource>,
    /// Delays over time, instead of all that: a file, or a list of them.
    trace: Option<DelayTraceFields>,
}

two_forms!(
    Latency,
    LatencyFields,
    "a delay such as `80ms` or `80ms~20ms`, or `{ mean, jitter, distribution, correlation }`, or `{ samples, correlation }`, or `{ trace }`",
    "80ms~20ms"
);

const fn no_correlation() -> Ratio {
    Ratio::ZERO
}

impl From<LatencyFields> for Latency {
    fn from(fields: LatencyFields) -> Self {
        let LatencyFields { mean, jitter, distribution, correlation, samples, trace } = fields;
        let spread = Spread { mean, jitter, distribution, samples };
        Self { spread, correlation, trace: trace.map(DelayTrace::from) }
    }
}

impl From<Spread> for Latency {
    fn from(spread: Spread) -> Self {
        Self { spread, correlation: Ratio::ZERO, trace: None }
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
        if let Some(trace) = &self.trace {
            return trace.summary();
        }
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
        if let Some(trace) = &self.trace {
            let mut found = trace.contradictions();
            if self.spread != Spread::default() || !self.correlation.is_zero() {
                found.push("a `trace` says every delay: leave the other keys of the latency out".to_owned());
            }
            return found;
        }
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
        self.trace.is_none()
    }

    fn file(&self) -> Option<&str> {
        self.spread.file().or_else(|| self.trace.as_ref()?.file())
    }

    fn read(&mut self, text: &str) -> Result<(), TextMistakes> {
        match &mut self.trace {
            Some(trace) if self.spread.file().is_none() => trace.read(text),
            _ => self.spread.read(text),
        }
    }

    fn weather(
        &self,
        fault: FaultId,
        end: SimTime,
        _stream: &mut Stream,
    ) -> Result<Option<Timeline<PathState>>, TooManyChanges> {
        self.trace.as_ref().map_or(Ok(None), |trace| trace.weather(fault, end))
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

    /// A file of samples and one of a trace, each given to what named it.
    #[test]
    fn files_are_asked_for_one_by_one() {
        let mut samples: Latency = serde_json::from_str(r#"{"samples": {"file": "a.txt"}}"#).unwrap();
        assert_eq!(samples.file(), Some("a.txt"));
        samples.read("10\n30\n").unwrap();
        assert_eq!((samples.file(), samples.summary().as_str()), (None, "2 samples from 10ms to 30ms"));
        let mut trace: Latency =
            serde_json::from_str(r#"{"trace": {"file": "b.txt", "every": "1s"}}"#).unwrap();
        assert_eq!((trace.file(), trace.ramps()), (Some("b.txt"), false));
        trace.read("10\n30\n").unwrap();
        assert_eq!((trace.file(), trace.summary().as_str()), (None, "trace of 2 delays over 2s, repeated"));
    }

    #[test]
    fn what_does_nothing_is_told() {
        let told = |text: &str| serde_json::from_str::<Latency>(text).unwrap().contradictions();
        assert_eq!(told(r#""0s""#), ["a latency of 0s does nothing"]);
        assert_eq!(told("{}"), ["a latency needs a `mean`"]);
        assert_eq!(told(r#"{"trace": {"delays": ["1ms"], "every": "1s"}, "mean": "1ms"}"#).len(), 1);
        assert_eq!(told(r#"{"samples": ["1ms", "2ms"], "correlation": "50%"}"#).len(), 0);
        assert_eq!(told(r#"{"mean": "1ms", "distribution": "pareto"}"#).len(), 1);
        assert_eq!(told(r#"{"mean": "1ms", "correlation": "50%"}"#).len(), 1);
        assert_eq!(told(r#"{"mean": "1ms", "jitter": "1ms", "correlation": "50%"}"#).len(), 0);
    }
}
