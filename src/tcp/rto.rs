//! The retransmission timeout of an established connection (RFC 6298, with Linux's bounds).
//!
//! RTO = SRTT + max(4 · RTTVAR, 200 ms), at most 120 s, twice as long after each expiry. The variation's floor is Linux's
//! (`tcp_rto_min_us`): on a steady path RTTVAR decays to it, so a lost lone segment costs a round trip and 200 ms.

use std::time::Duration;

/// Before the first round trip is measured, and for SYNs (RFC 6298, section 2.1).
pub const INITIAL_RTO: Duration = Duration::from_secs(1);
/// The floor of the variation (`tcp_rto_min_us`).
pub const RTO_MIN: Duration = Duration::from_millis(200);
/// The ceiling (`tcp_rto_max_ms`).
pub const RTO_MAX: Duration = Duration::from_secs(120);

/// The smoothed round-trip time of a connection, and what follows from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rto {
    /// SRTT and RTTVAR, once measured.
    measured: Option<(Duration, Duration)>,
}

// === impl Rto ===

impl Rto {
    /// A path whose round trip has long been this.
    pub const fn steady(rtt: Duration) -> Self {
        Self { measured: Some((rtt, Duration::ZERO)) }
    }

    /// Takes a measured round trip (RFC 6298, sections 2.2 and 2.3: alpha 1/8, beta 1/4).
    pub fn observe(&mut self, rtt: Duration) {
        self.measured = Some(match self.measured {
            None => (rtt, rtt / 2),
            Some((srtt, rttvar)) => ((srtt * 7 + rtt) / 8, (rttvar * 3 + srtt.abs_diff(rtt)) / 4),
        });
    }

    /// The smoothed round trip; what a SYN assumes, before one is measured.
    pub fn srtt(&self) -> Duration {
        self.measured.map_or(INITIAL_RTO, |(srtt, _)| srtt)
    }

    /// The timeout of the n-th expiry in a row, from 0.
    pub fn timeout(&self, expiry: u32) -> Duration {
        let first = self.measured.map_or(INITIAL_RTO, |(srtt, rttvar)| srtt + (rttvar * 4).max(RTO_MIN));
        first.saturating_mul(1u32.checked_shl(expiry).unwrap_or(u32::MAX)).min(RTO_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_steady_path_times_out_a_round_trip_and_the_floor_later() {
        let rto = Rto::steady(ms(80));
        assert_eq!([rto.timeout(0), rto.timeout(1), rto.timeout(2)], [ms(280), ms(560), ms(1_120)]);
        assert_eq!(rto.timeout(40), RTO_MAX);
    }

    /// The first measurement sets SRTT = R and RTTVAR = R/2, so RTO = 3R; equal ones bring it down to the floor.
    #[test]
    fn the_first_round_trip_is_not_trusted() {
        let mut rto = Rto::default();
        assert_eq!(rto.timeout(0), INITIAL_RTO);
        rto.observe(ms(100));
        assert_eq!(rto.timeout(0), ms(300));
        (0..50).for_each(|_| rto.observe(ms(100)));
        assert_eq!(rto.timeout(0), ms(300));
        assert_eq!(rto.srtt(), ms(100));
    }

    /// `tcp_retries2` = 15 gives up after 924.6 s by the kernel's documentation, for the smallest RTO of 200 ms.
    #[test]
    fn fifteen_retries_take_as_long_as_documented() {
        let rto = Rto::steady(Duration::ZERO);
        let total: Duration = (0..16).map(|expiry| rto.timeout(expiry)).sum();
        assert_eq!(total, ms(924_600));
    }
}
