//! A link of a given rate: who may send when.
//!
//! A reservation scheme after the generic cell rate algorithm (ITU-T I.371): each sender reserves its next few bytes and
//! is told when they may leave, so senders of a shared link take turns in the order in which they ask, and no sender needs
//! to be woken to see whether there is room. Law: over any window, what leaves is at most rate × window + burst.

use std::time::Duration;

use crate::base::{ByteRate, SimTime};

/// A link's burst is what its rate moves in this time: short beside any timeout, long beside the timer's error.
const BURST_TIME: Duration = Duration::from_millis(10);

/// And at least one full Ethernet frame.
const BURST_BYTES_MIN: u64 = 1_514;

/// Most bytes of one reservation: the turns of a shared link stay short.
const TURN_BYTES_MAX: u64 = 64 << 10;

/// When a link is free again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link {
    free_at: SimTime,
}

/// What may leave at once after a pause, at this rate.
pub fn burst_bytes(rate: ByteRate) -> u64 {
    rate.bytes_in(BURST_TIME).max(BURST_BYTES_MIN)
}

/// How many bytes a sender reserves at a time.
pub(super) fn turn_bytes(rate: ByteRate) -> u64 {
    burst_bytes(rate).min(TURN_BYTES_MAX)
}

// === impl Link ===

impl Link {
    /// Reserves `bytes`, and says when they may leave.
    pub fn reserve(&mut self, now: SimTime, bytes: u64, rate: ByteRate) -> SimTime {
        let credit = rate.time_for(burst_bytes(rate));
        self.free_at = self.free_at.max(now.minus(credit)).plus(rate.time_for(bytes));
        self.free_at.max(now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Senders ask at random instants for random amounts; whatever window is looked at, the rate holds.
        #[test]
        fn the_rate_holds_over_any_window(
            rate in 1_000u64..100_000_000,
            asks in prop::collection::vec((0u64..50_000_000, 1u64..65_536), 1..60),
        ) {
            let rate = ByteRate::new(rate).unwrap();
            let mut link = Link::default();
            let mut now = SimTime::from_secs(1);
            let departures: Vec<(SimTime, u64)> = asks
                .into_iter()
                .map(|(pause, bytes)| {
                    now = now.plus(Duration::from_nanos(pause));
                    let bytes = bytes.min(turn_bytes(rate));
                    (link.reserve(now, bytes, rate), bytes)
                })
                .collect();
            for (i, (from, _)) in departures.iter().enumerate() {
                let mut sum = 0;
                for (until, bytes) in &departures[i..] {
                    sum += bytes;
                    let window = until.since(*from);
                    // A nanosecond a reservation is lost to rounding.
                    let allowed = rate.bytes_in(window + Duration::from_nanos(100)) + burst_bytes(rate) + 1;
                    prop_assert!(sum <= allowed, "{sum} bytes in {window:?}, allowed {allowed}");
                }
            }
        }
    }

    /// After a pause exactly the burst leaves at once, and the next byte waits.
    #[test]
    fn a_pause_earns_one_burst() {
        let rate = ByteRate::new(1_000_000).unwrap();
        let (mut link, now) = (Link::default(), SimTime::from_secs(1));
        assert_eq!(burst_bytes(rate), 10_000);
        assert_eq!(link.reserve(now, 10_000, rate), now);
        assert_eq!(link.reserve(now, 1_000, rate), now.plus(Duration::from_millis(1)));
    }
}
