//! `DeliveryTrace`: when a link may carry a packet, recorded from a real one and played again.
//!
//! The form is mahimahi's (Netravali et al., USENIX ATC 2015): a list of instants, each an opportunity for one packet of
//! [`PACKET_BYTES`] to leave; the last one is also the period after which the list begins again. An opportunity at which
//! nothing waits is gone. Its time is its own: it begins when the link does.

use std::time::Duration;

use super::rate::ByteRate;
use super::time::SimTime;

/// Bytes that may leave at one opportunity: a full Ethernet frame's payload.
pub const PACKET_BYTES: u64 = 1_500;

/// What a link takes in ahead of what may leave: a queue of this length, as a router has one.
pub const QUEUE_TIME: Duration = Duration::from_millis(200);

/// Opportunities to send a packet, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryTrace {
    /// Nanoseconds since its beginning, never falling; the last one, above zero, is the period.
    times: Vec<u64>,
    /// Most bytes that leave within [`QUEUE_TIME`].
    queue_bytes: u64,
}

/// A list of instants that is no trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryTraceError {
    /// No instants.
    #[error("a trace of no deliveries delivers nothing; for no delivery at all use `blackhole`")]
    Empty,
    /// The instant at this place lies before the one before it.
    #[error("deliveries are in the order of time, and the one at place {} lies before the one before it", .0 + 1)]
    Falls(usize),
    /// The last instant is 0.
    #[error("the last delivery is the end of the trace, and it lasts no time")]
    NoTime,
}

// === impl DeliveryTrace ===

impl DeliveryTrace {
    /// A packet may leave at each of these times.
    pub fn new(times: &[Duration]) -> Result<Self, DeliveryTraceError> {
        let times: Vec<u64> = times.iter().map(|time| SimTime::after_start(*time).as_nanos()).collect();
        if let Some(place) = times.windows(2).position(|pair| pair[1] < pair[0]) {
            return Err(DeliveryTraceError::Falls(place + 1));
        }
        match times.last() {
            None => Err(DeliveryTraceError::Empty),
            Some(0) => Err(DeliveryTraceError::NoTime),
            Some(_) => Ok(Self { queue_bytes: most_in(&times, QUEUE_TIME), times }),
        }
    }

    /// How many opportunities there are in a period.
    pub fn count(&self) -> usize {
        self.times.len()
    }

    /// After so long it begins again.
    pub fn period(&self) -> Duration {
        Duration::from_nanos(self.times[self.times.len() - 1])
    }

    /// How many bytes may leave in a second, on average.
    pub fn mean_rate(&self) -> ByteRate {
        let bytes = u128::from(PACKET_BYTES) * self.times.len() as u128;
        let rate = bytes * 1_000_000_000 / self.period().as_nanos();
        ByteRate::new(u64::try_from(rate).unwrap_or(u64::MAX).max(1)).expect("at least 1 is not zero")
    }

    /// Most bytes that leave within [`QUEUE_TIME`].
    pub const fn queue_bytes(&self) -> u64 {
        self.queue_bytes
    }

    /// The place of the first opportunity later than `t`, counted through all periods.
    pub fn first_after(&self, t: SimTime) -> u64 {
        let (period, count) = (self.times[self.times.len() - 1], self.times.len() as u64);
        let (cycle, within) = (t.as_nanos() / period, t.as_nanos() % period);
        let passed = self.times.partition_point(|time| *time <= within) as u64;
        cycle.saturating_mul(count).saturating_add(passed)
    }

    /// When the opportunity at this place is.
    pub fn at(&self, place: u64) -> SimTime {
        let count = self.times.len() as u64;
        let cycles = (place / count).saturating_mul(self.times[self.times.len() - 1]);
        SimTime::from_nanos(cycles.saturating_add(self.times[(place % count) as usize]))
    }
}

/// Most bytes that leave within any `window` of the first two periods.
fn most_in(times: &[u64], window: Duration) -> u64 {
    let period = times[times.len() - 1];
    let window = (window.as_nanos() as u64).min(period);
    let again = times.iter().map(|time| time.saturating_add(period));
    let twice: Vec<u64> = times.iter().copied().chain(again).collect();
    let (mut from, mut most) = (0, 0);
    for (until, time) in twice.iter().enumerate() {
        while twice[from] + window < *time {
            from += 1;
        }
        most = most.max(until + 1 - from);
    }
    PACKET_BYTES * most as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(times: &[u64]) -> Result<DeliveryTrace, DeliveryTraceError> {
        DeliveryTrace::new(&times.iter().map(|ms| Duration::from_millis(*ms)).collect::<Vec<_>>())
    }

    /// The list repeats with its last instant as the period; what is at `t` itself is gone.
    #[test]
    fn opportunities_repeat() {
        let trace = trace(&[0, 5, 5, 20]).unwrap();
        let at = |place| trace.at(place).as_nanos() / 1_000_000;
        assert_eq!((0..10).map(at).collect::<Vec<_>>(), [0, 5, 5, 20, 20, 25, 25, 40, 40, 45]);
        let after = |ms| trace.first_after(SimTime::from_millis(ms));
        assert_eq!([after(0), after(4), after(5), after(19), after(20), after(45)], [1, 1, 3, 3, 5, 11]);
    }

    #[test]
    fn its_figures_are_those_of_its_packets() {
        let trace = trace(&[100, 100, 100, 900, 1_000]).unwrap();
        assert_eq!((trace.count(), trace.mean_rate().bytes_per_second()), (5, 7_500));
        assert_eq!(
            trace.queue_bytes(),
            5 * PACKET_BYTES,
            "the two at the end and the three of the next round"
        );
    }

    #[test]
    fn what_is_no_trace_is_told() {
        assert_eq!(trace(&[]), Err(DeliveryTraceError::Empty));
        assert_eq!(trace(&[0, 0]), Err(DeliveryTraceError::NoTime));
        assert_eq!(trace(&[3, 5, 4]), Err(DeliveryTraceError::Falls(2)));
    }

    /// Beyond all sense it saturates.
    #[test]
    fn the_end_of_time_is_no_trouble() {
        let trace = trace(&[1]).unwrap();
        assert_eq!(trace.at(u64::MAX), SimTime::MAX);
        assert!(trace.first_after(SimTime::MAX) > 0);
    }
}
