//! A link of a given rate: who may send when.
//!
//! A reservation scheme after the generic cell rate algorithm (ITU-T I.371): each sender reserves its next few bytes and
//! is told when they may leave, so senders of a shared link take turns in the order in which they ask, and no sender needs
//! to be woken to see whether there is room. Law: over any window, what leaves is at most rate × window + burst.
//!
//! A link may follow a recorded trace instead ([`DeliveryTrace`]). Then a reservation takes the next bytes of the next
//! opportunity that lies after the instant since which its sender has been waiting, so a sender that is served late still
//! gets what was its own, and nobody gets what passed while nothing waited. Law: the n-th packet of a sender that always
//! has more leaves at the n-th opportunity, as mahimahi's `mm-link` would have it.

use std::time::Duration;

use crate::base::{ByteRate, DeliveryTrace, LinkRate, PACKET_BYTES, QUEUE_TIME, SimTime};

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
    /// Of a trace: the opportunity that is being used, and how many bytes of it are taken.
    opportunity: u64,
    taken: u64,
}

/// What may leave at once after a pause, at this rate.
pub fn burst_bytes(rate: ByteRate) -> u64 {
    rate.bytes_in(BURST_TIME).max(BURST_BYTES_MIN)
}

/// How many bytes a sender reserves at a time.
pub(super) fn turn_bytes(rate: &LinkRate) -> u64 {
    match rate {
        LinkRate::Steady(rate) => burst_bytes(*rate).min(TURN_BYTES_MAX),
        LinkRate::Trace(_) => PACKET_BYTES,
    }
}

/// How many bytes a link of this rate takes in ahead of what may leave, where they also spend `delay` before it.
pub(super) fn queue_bytes(rate: &LinkRate, delay: Duration) -> u64 {
    match rate {
        LinkRate::Steady(rate) => rate.bytes_in(QUEUE_TIME.saturating_add(delay)),
        LinkRate::Trace(trace) => trace.queue_bytes().saturating_add(trace.mean_rate().bytes_in(delay)),
    }
}

// === impl Link ===

impl Link {
    /// Reserves `bytes`, and says when they may leave.
    pub fn reserve(&mut self, now: SimTime, bytes: u64, rate: ByteRate) -> SimTime {
        let credit = rate.time_for(burst_bytes(rate));
        self.free_at = self.free_at.max(now.minus(credit)).plus(rate.time_for(bytes));
        self.free_at.max(now)
    }

    /// Reserves `bytes` (above zero) of a trace for a sender that has been waiting since `since`, and says when the last of
    /// them may leave; all in the trace's own time.
    pub fn reserve_on(&mut self, trace: &DeliveryTrace, since: SimTime, bytes: u64) -> SimTime {
        let first = trace.first_after(since);
        if first > self.opportunity {
            (self.opportunity, self.taken) = (first, 0);
        }
        let end = self.taken.saturating_add(bytes);
        let whole = end.saturating_sub(1) / PACKET_BYTES;
        self.opportunity = self.opportunity.saturating_add(whole);
        self.taken = end - whole * PACKET_BYTES;
        let leaves = trace.at(self.opportunity);
        if self.taken == PACKET_BYTES {
            (self.opportunity, self.taken) = (self.opportunity.saturating_add(1), 0);
        }
        leaves
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
                    let bytes = bytes.min(turn_bytes(&LinkRate::Steady(rate)));
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

    fn trace(times: &[u64]) -> DeliveryTrace {
        DeliveryTrace::new(&times.iter().map(|ms| Duration::from_millis(*ms)).collect::<Vec<_>>()).unwrap()
    }

    /// A sender with a backlog: a packet at each opportunity, through the end of the trace and on.
    #[test]
    fn the_nth_packet_leaves_at_the_nth_opportunity() {
        let (trace, mut link) = (trace(&[3, 3, 7, 10]), Link::default());
        let mut leave = |bytes| link.reserve_on(&trace, SimTime::ZERO, bytes).as_nanos() / 1_000_000;
        let left: Vec<u64> = (0..10).map(|_| leave(PACKET_BYTES)).collect();
        assert_eq!(left, [3, 3, 7, 10, 13, 13, 17, 20, 23, 23]);
    }

    /// As mahimahi has it: a small packet leaves room in its opportunity for the next one that waits, a packet may begin in
    /// one opportunity and end in another, and what is left over when nothing waits is gone.
    #[test]
    fn opportunities_are_shared_and_wasted() {
        let (trace, mut link) = (trace(&[10, 20, 30]), Link::default());
        let mut leave =
            |since, bytes| link.reserve_on(&trace, SimTime::from_millis(since), bytes).as_nanos() / 1_000_000;
        assert_eq!([leave(0, 500), leave(0, 900), leave(0, 700), leave(0, 1_000)], [10, 10, 20, 30]);
        assert_eq!(leave(31, 1_500), 40, "the rest of the one at 30 is gone");
        assert_eq!(leave(50, 1), 60, "and so is one at the very instant of arrival");
    }

    proptest! {
        /// Whatever is asked for when, no opportunity carries more than a packet, none is used twice, and nobody leaves
        /// before it came.
        #[test]
        fn a_trace_is_never_exceeded(
            times in prop::collection::vec(0u64..200, 1..20),
            asks in prop::collection::vec((0u64..300, 1u64..5_000), 1..40),
        ) {
            let mut times = times;
            times.sort_unstable();
            times.push(201);
            let (trace, mut link) = (trace(&times), Link::default());
            let (mut now, mut sum, mut last) = (SimTime::ZERO, 0u64, SimTime::ZERO);
            for (pause, bytes) in asks {
                now = now.plus(Duration::from_millis(pause));
                let leaves = link.reserve_on(&trace, now, bytes);
                prop_assert!(leaves > now && leaves >= last);
                (sum, last) = (sum + bytes, leaves);
                prop_assert!(sum <= trace.first_after(leaves) * PACKET_BYTES);
            }
        }
    }
}
