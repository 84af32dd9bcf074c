//! What a detector sees of a probe.

use std::time::Duration;

use crate::base::SimTime;

/// A probe's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When it was known: a timeout is known when the time is up.
    pub at: SimTime,
    /// Whether the probe failed.
    pub failed: bool,
    /// How long it took.
    pub latency: Duration,
}
