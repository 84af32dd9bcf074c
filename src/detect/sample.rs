//! What a detector sees: samples, and what it may know beforehand of the feed that they come from.

use std::time::Duration;

use crate::base::SimTime;
use crate::base::limits::DETECTOR_SAMPLES_MAX;

/// A probe's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When it was known: a timeout is known when the time is up.
    pub at: SimTime,
    /// Which target of the monitor was probed, from 0; a monitor of one target has only that.
    pub target: u32,
    /// Whether the probe failed.
    pub failed: bool,
    /// How long it took.
    pub latency: Duration,
}

/// What is known of a monitor before its first sample: a rule that can't fire on it is told by this, and memory is
/// measured by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Time between two probes of a target; above zero.
    pub every: Duration,
    /// How many targets are probed; 1 or more.
    pub targets: u32,
    /// When watching begins. What was before is taken for healthy.
    pub from: SimTime,
    /// How long it lasts.
    pub lasts: Duration,
    /// How many samples a rule may remember; copies of it share them.
    pub remembered: usize,
}

// === impl Feed ===

impl Feed {
    /// One target that is probed so often, from then on for so long.
    pub const fn of_one(every: Duration, from: SimTime, lasts: Duration) -> Self {
        Self { every, targets: 1, from, lasts, remembered: DETECTOR_SAMPLES_MAX }
    }

    /// Most probes of one target in so much time, and no more than there are in all.
    pub fn probes_in(&self, time: Duration) -> u64 {
        let nanos = time.min(self.lasts).as_nanos().div_ceil(self.every.as_nanos().max(1));
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    /// Most probes of all targets in so much time, and no more than there are in all.
    pub fn samples_in(&self, time: Duration) -> u64 {
        self.probes_in(time).saturating_mul(self.targets.into())
    }
}
