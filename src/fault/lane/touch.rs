//! What a fault has done to a lane: the account that becomes a connection's hit.

use std::time::Duration;

use crate::base::limits::CORRUPT_PLACES_MAX;
use crate::base::{FaultId, Flip, SimTime};

/// What a fault has done to this lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Which fault.
    pub fault: FaultId,
    /// When it first did something.
    pub first: SimTime,
    /// Bytes that it delayed, paced or held back.
    pub bytes: u64,
    /// The longest delay that it asked for.
    pub delay_max: Duration,
    /// When it first delivered nothing.
    pub dark: Option<SimTime>,
    /// Bits that it flipped, and the places of the first `CORRUPT_PLACES_MAX`.
    pub flipped: u64,
    /// See `flipped`.
    pub flips: Vec<Flip>,
}

// === impl Touch ===

impl Touch {
    /// A fault that has only just done something.
    pub const fn new(fault: FaultId, first: SimTime) -> Self {
        Self { fault, first, bytes: 0, delay_max: Duration::ZERO, dark: None, flipped: 0, flips: Vec::new() }
    }

    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.bytes += other.bytes;
        self.delay_max = self.delay_max.max(other.delay_max);
        self.dark = [self.dark, other.dark].into_iter().flatten().min();
        self.flipped += other.flipped;
        self.flips.extend(&other.flips);
        self.flips.truncate(CORRUPT_PLACES_MAX);
    }
}
