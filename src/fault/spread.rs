//! `Spread`: durations that differ, as scenario files write them: `80ms`, `80ms~20ms`, or `{ mean, jitter, distribution }`.
//!
//! Latencies are drawn from one, and so are the gaps, heights and lengths of spikes. It holds what was written, so that
//! what contradicts itself can be told; [`Spread::delay`] is what it means.

use std::str::FromStr;

use serde::Deserialize;

use super::shorthand::two_forms;
use crate::base::{Delay, DurationError, Law, Shape, Span};

/// Durations around a mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Their mean.
    pub mean: Option<Span>,
    /// Half-width of a uniform distribution, standard deviation of any other.
    pub jitter: Option<Span>,
    /// How they lie around the mean; uniform, if not given.
    pub distribution: Option<Shape>,
}

/// The mapping form of [`Spread`].
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpreadFields {
    /// Their mean.
    mean: Option<Span>,
    /// Half-width of a uniform distribution, standard deviation of any other.
    jitter: Option<Span>,
    /// How they are distributed; `uniform`, unless given.
    distribution: Option<Shape>,
}

two_forms!(
    Spread,
    SpreadFields,
    "a duration such as `2s` or `2s~500ms`, or `{ mean, jitter, distribution }`",
    "2s~500ms"
);

// === impl Spread ===

impl Spread {
    /// Always the same.
    pub fn constant(mean: Span) -> Self {
        Self { mean: Some(mean), ..Self::default() }
    }

    /// With an exponential distribution from zero on, if nothing else was said of it: what the waiting times of events have
    /// that come independently of each other, at a steady rate.
    #[must_use]
    pub(super) fn exponential_by_default(self) -> Self {
        let unsaid = self.jitter.is_none() && self.distribution.is_none_or(|it| it == Shape::Exponential);
        if !unsaid || self.is_nothing() {
            return self;
        }
        Self { jitter: self.mean, distribution: Some(Shape::Exponential), ..self }
    }

    /// What it means, without correlation.
    pub fn delay(&self) -> Delay {
        let law = Law::Shape(self.distribution.unwrap_or_default());
        let jitter = self.jitter.unwrap_or_default().get();
        Delay { jitter, law, ..Delay::constant(self.mean.unwrap_or_default().get()) }
    }

    /// Whether every duration that it could be is none.
    pub fn is_nothing(&self) -> bool {
        self.mean.unwrap_or_default() == Span::default() && self.jitter.unwrap_or_default() == Span::default()
    }

    /// What is wrong with it, where messages call it `name`.
    pub fn contradictions(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        if self.mean.is_none() {
            found.push(format!("{name} needs a `mean`"));
        }
        if self.jitter.unwrap_or_default() == Span::default() && self.distribution.is_some() {
            found.push("`distribution` says how jitter is drawn, and there is no `jitter`".to_owned());
        }
        found
    }

    /// `80ms ± 20ms pareto`.
    pub(super) fn summary(&self) -> String {
        let mean = self.mean.unwrap_or_default();
        let Some(jitter) = self.jitter.filter(|jitter| *jitter != Span::default()) else {
            return mean.to_string();
        };
        let shape = match self.distribution.unwrap_or_default() {
            Shape::Uniform => "",
            Shape::Normal => " normal",
            Shape::Pareto => " pareto",
            Shape::Exponential if jitter == mean => return format!("{mean} exponential"),
            Shape::Exponential => " exponential",
        };
        format!("{mean} ± {jitter}{shape}")
    }
}

impl From<SpreadFields> for Spread {
    fn from(SpreadFields { mean, jitter, distribution }: SpreadFields) -> Self {
        Self { mean, jitter, distribution }
    }
}

impl FromStr for Spread {
    type Err = DurationError;

    /// `MEAN` or `MEAN~JITTER`.
    fn from_str(text: &str) -> Result<Self, DurationError> {
        let (mean, jitter) = text.split_once('~').map_or((text, None), |(mean, jitter)| (mean, Some(jitter)));
        let mean = Some(mean.parse()?);
        Ok(Self { mean, jitter: jitter.map(str::parse).transpose()?, distribution: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Spread {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn both_forms_mean_the_same() {
        assert_eq!(read(r#""80ms~20ms""#), read(r#"{"mean": "80ms", "jitter": "20ms"}"#));
        assert_eq!(read(r#""80ms~20ms""#).summary(), "80ms ± 20ms");
    }

    #[test]
    fn waiting_times_are_exponential_unless_something_else_is_said() {
        let of = |text: &str| read(text).exponential_by_default().delay();
        for text in [r#""30s""#, r#"{"mean": "30s"}"#, r#"{"mean": "30s", "distribution": "exponential"}"#] {
            let delay = of(text);
            assert_eq!((delay.mean, &delay.law), (delay.jitter, &Law::Shape(Shape::Exponential)), "{text}");
            assert!(delay.quantile(1e-9) < std::time::Duration::from_micros(1), "from zero on");
        }
        assert!(of(r#""30s~0s""#).is_constant(), "a jitter of nothing is said too");
        assert_eq!(of(r#""30s~10s""#).law, Law::Shape(Shape::Uniform));
    }

    #[test]
    fn what_contradicts_itself_is_told() {
        assert_eq!(read("{}").contradictions("a gap"), ["a gap needs a `mean`"]);
        assert_eq!(read(r#"{"mean": "1s", "distribution": "pareto"}"#).contradictions("a gap").len(), 1);
    }
}
