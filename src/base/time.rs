//! `SimTime`: an instant, in whole nanoseconds since a run or a scenario began.
//!
//! Everything pure takes the present as an argument of this type, so the same code runs on the wall clock and in
//! virtual time. 64 bits of nanoseconds reach 584 years; arithmetic saturates there instead of wrapping.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::duration::format_duration;

/// Nanoseconds in a second.
pub(super) const NANOS_PER_SECOND: f64 = 1e9;

/// An instant, in nanoseconds since the beginning (t = 0).
///
/// In JSON it is a number of seconds, which `jq` users can compare and subtract; it survives the round trip to the
/// nanosecond for the first 48 days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(u64);

// === impl SimTime ===

impl SimTime {
    /// The beginning.
    pub const ZERO: Self = Self(0);
    /// Never: later than anything that is scheduled.
    pub const MAX: Self = Self(u64::MAX);

    /// An instant `nanos` nanoseconds after the beginning.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// An instant `millis` milliseconds after the beginning.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// An instant `secs` seconds after the beginning.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// The instant that lies `since_start` after the beginning.
    pub fn after_start(since_start: Duration) -> Self {
        Self(u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Nanoseconds since the beginning.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time since the beginning.
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Seconds since the beginning.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND
    }

    /// This instant `later` by so much; stays at [`SimTime::MAX`] beyond it.
    #[must_use]
    pub fn plus(self, later: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(later.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// This instant `earlier` by so much; stays at the beginning before it.
    #[must_use]
    pub fn minus(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(earlier.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this is; zero if it isn't after it.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_duration(self.since_start()))
    }
}

impl Serialize for SimTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for SimTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::seconds::deserialize(deserializer).map(Self::after_start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(SimTime::MAX.plus(Duration::from_secs(1)), SimTime::MAX);
        assert_eq!(SimTime::ZERO.minus(Duration::from_secs(1)), SimTime::ZERO);
        assert_eq!(SimTime::from_secs(1).since(SimTime::from_secs(2)), Duration::ZERO);
    }

    #[test]
    fn json_keeps_every_nanosecond() {
        for nanos in [0, 1, 999_999_999, 22_500_000_000_001, 4_100_000_999_999_999] {
            let text = serde_json::to_string(&SimTime::from_nanos(nanos)).unwrap();
            let back: SimTime = serde_json::from_str(&text).unwrap();
            assert_eq!(back.as_nanos(), nanos, "{text}");
        }
    }
}
