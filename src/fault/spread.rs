//! `Spread`: durations that differ, as scenario files write them: `80ms`, `80ms~20ms`, `{ mean, jitter, distribution }`, or
//! `{ samples }` that were measured.
//!
//! Latencies are drawn from one, and so are the gaps, heights and lengths of spikes. It holds what was written, so that
//! what contradicts itself can be told; [`Spread::delay`] is what it means.

use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;

use super::shorthand::two_forms;
use super::trace::{SampleSource, TextMistakes};
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
    /// Durations that were measured, instead of all that: each is as likely as the others.
    pub samples: Option<SampleSource>,
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
    /// Measured ones, instead of all that: each is as likely as the others. A list, or a file of one a line.
    samples: Option<SampleSource>,
}

two_forms!(
    Spread,
    SpreadFields,
    "a duration such as `2s` or `2s~500ms`, or `{ mean, jitter, distribution }`, or `{ samples }`",
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
        if !unsaid || self.samples.is_some() || self.is_nothing() {
            return self;
        }
        Self { jitter: self.mean, distribution: Some(Shape::Exponential), ..self }
    }

    /// What it means, without correlation.
    pub fn delay(&self) -> Delay {
        if let Some(samples) = self.samples.as_ref().and_then(SampleSource::samples) {
            return Delay::measured(Arc::clone(samples));
        }
        let law = Law::Shape(self.distribution.unwrap_or_default());
        let jitter = self.jitter.unwrap_or_default().get();
        Delay { jitter, law, ..Delay::constant(self.mean.unwrap_or_default().get()) }
    }

    /// Whether every duration that it could be is none.
    pub fn is_nothing(&self) -> bool {
        self.samples.is_none()
            && self.mean.unwrap_or_default() == Span::default()
            && self.jitter.unwrap_or_default() == Span::default()
    }

    /// What is wrong with it, where messages call it `name`.
    pub fn contradictions(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(samples) = &self.samples {
            if self.mean.is_some() || self.jitter.is_some() || self.distribution.is_some() {
                found.push(
                    "`samples` say all of a distribution: leave `mean`, `jitter` and `distribution` out"
                        .to_owned(),
                );
            }
            if samples.file().is_none() && samples.samples().is_none() {
                found.push(format!("{name} needs `samples` above 0s"));
            }
            return found;
        }
        if self.mean.is_none() {
            found.push(format!("{name} needs a `mean`"));
        }
        if self.jitter.unwrap_or_default() == Span::default() && self.distribution.is_some() {
            found.push("`distribution` says how jitter is drawn, and there is no `jitter`".to_owned());
        }
        found
    }

    /// The file of samples that was not read yet.
    pub fn file(&self) -> Option<&str> {
        self.samples.as_ref().and_then(SampleSource::file)
    }

    /// Takes the text of that file.
    pub fn read(&mut self, text: &str) -> Result<(), TextMistakes> {
        self.samples.as_mut().map_or(Ok(()), |samples| samples.read(text))
    }

    /// `80ms ± 20ms pareto`.
    pub(super) fn summary(&self) -> String {
        if let Some(samples) = self.samples.as_ref().and_then(SampleSource::samples) {
            let (least, most) = (Span(samples.quantile(0.0)), Span(samples.quantile(1.0)));
            return format!("{} samples from {least} to {most}", samples.count());
        }
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
    fn from(SpreadFields { mean, jitter, distribution, samples }: SpreadFields) -> Self {
        Self { mean, jitter, distribution, samples }
    }
}

impl FromStr for Spread {
    type Err = DurationError;

    /// `MEAN` or `MEAN~JITTER`.
    fn from_str(text: &str) -> Result<Self, DurationError> {
        let (mean, jitter) = text.split_once('~').map_or((text, None), |(mean, jitter)| (mean, Some(jitter)));
        let mean = Some(mean.parse()?);
        Ok(Self { mean, jitter: jitter.map(str::parse).transpose()?, ..Self::default() })
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
        assert_eq!(read(r#"{"mean": "1s", "samples": ["1s"]}"#).contradictions("a gap").len(), 1);
        assert_eq!(read(r#"{"samples": []}"#).contradictions("a gap"), ["a gap needs `samples` above 0s"]);
    }

    #[test]
    fn samples_are_a_distribution() {
        let spread = read(r#"{"samples": ["80ms", "12ms", "13ms"]}"#).exponential_by_default();
        assert_eq!((spread.delay().mean.as_millis(), spread.is_nothing()), (35, false));
        assert_eq!(spread.summary(), "3 samples from 12ms to 80ms");
    }
}
