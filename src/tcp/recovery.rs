//! How late the bytes of a lost segment arrive.
//!
//! Three ways lead to a retransmission, in this order of speed:
//!
//! - **RACK** (RFC 8985): segments sent after the lost one are acknowledged, and after a reordering window of a quarter of a
//!   round trip the sender sends it again: 1.25 round trips late.
//! - **Tail loss probe** (RFC 8985, section 7): nothing was sent after it, so after 2 · SRTT (200 ms more if it was alone:
//!   its ACK may be delayed), but not beyond the RTO, the sender sends the last segment again.
//! - **RTO**: the retransmission was lost as well; from there on timeouts that double.

use std::time::Duration;

use super::rto::{RTO_MIN, Rto};

/// A lost segment among its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The connection's timers.
    pub rto: Rto,
    /// Segments of the same flight.
    pub flight: usize,
    /// Segments of the flight that were sent after it and arrived.
    pub after: usize,
}

// === impl Recovery ===

impl Recovery {
    /// How much later than the original its bytes arrive, if it and its first `lost_again` retransmissions are lost.
    pub fn delay(&self, lost_again: u32) -> Duration {
        let timeouts = (0..lost_again).map(|expiry| self.rto.timeout(expiry));
        self.first() + timeouts.sum::<Duration>()
    }

    /// Until the first retransmission.
    fn first(&self) -> Duration {
        let srtt = self.rto.srtt();
        if self.after > 0 {
            return srtt + srtt / 4;
        }
        let delayed_ack = if self.flight == 1 { RTO_MIN } else { Duration::ZERO };
        (srtt * 2 + delayed_ack).min(self.rto.timeout(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn delay(flight: usize, after: usize, lost_again: u32) -> Duration {
        Recovery { rto: Rto::steady(ms(80)), flight, after }.delay(lost_again)
    }

    #[test]
    fn a_gap_is_seen_sooner_than_a_missing_tail() {
        assert_eq!(delay(10, 5, 0), ms(100));
        assert_eq!(delay(10, 0, 0), ms(160));
        // A lone segment: the probe would come after 360 ms, the RTO comes first.
        assert_eq!(delay(1, 0, 0), ms(280));
    }

    #[test]
    fn each_further_loss_costs_a_longer_timeout() {
        assert_eq!(delay(1, 0, 1), ms(280 + 280));
        assert_eq!(delay(1, 0, 2), ms(280 + 280 + 560));
    }

    /// On a path without delay a probe comes at once, as on loopback.
    #[test]
    fn a_path_without_delay_recovers_by_its_floor() {
        let recovery = Recovery { rto: Rto::steady(Duration::ZERO), flight: 1, after: 0 };
        assert_eq!(recovery.delay(0), RTO_MIN);
    }
}
