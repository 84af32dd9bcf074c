//! The kinds of detectors, by the keys of a scenario file, and what all of them can do.

use serde::{Deserialize, Serialize};

use super::kind::{Consecutive, WindowRatio};
use super::sample::Sample;

/// A rule that turns samples into an alarm.
pub trait Detector: Send {
    /// Takes the next sample, not earlier than the one before; says whether the detector fires from now on.
    fn observe(&mut self, sample: &Sample) -> bool;
}

/// A detector as a scenario declares it: `{ consecutive: { failures: 3 } }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DetectorSpec {
    /// Failures in a row.
    Consecutive(Consecutive),
    /// A share of failures in a window of time.
    WindowRatio(WindowRatio),
}

// === impl DetectorSpec ===

impl DetectorSpec {
    /// A detector of this kind that has seen nothing yet.
    pub fn build(&self) -> Box<dyn Detector> {
        match self {
            Self::Consecutive(spec) => Box::new(spec.detector()),
            Self::WindowRatio(spec) => Box::new(spec.detector()),
        }
    }

    /// The rule in one line: `3 failures in a row`.
    pub fn summary(&self) -> String {
        match self {
            Self::Consecutive(spec) => spec.summary(),
            Self::WindowRatio(spec) => spec.summary(),
        }
    }
}
