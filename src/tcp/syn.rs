//! When a connect sends its SYNs, and when it gives up.
//!
//! Linux before 6.5 doubles from the first second (`tcp_syn_retries` = 6): 0, 1, 3, 7, 15, 31, 63 s, and gives up at 127 s.
//! Since then four SYNs come a second apart before the doubling begins (`tcp_syn_linear_timeouts` = 4): 0, 1, 2, 3, 4, 5, 7,
//! 11, 19, 35, 67 s, and it gives up at 131 s. Measured on 6.18: 0, 1.01, 2.04, 3.06, 4.09, 5.11, 7.13, 11.35, 19.54,
//! 35.67, 67.93 s and 133.46 s: real timers fire up to 2 % late.

use std::time::Duration;

use super::rto::INITIAL_RTO;

/// Whose schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernel {
    /// Linux 6.5 and later.
    #[default]
    Linux6_5,
    /// Linux before 6.5.
    Older,
}

/// The instants at which a connect sends its SYNs, counted from the first.
#[derive(Clone, Debug)]
pub struct SynSchedule {
    next: Option<Duration>,
    timeout: Duration,
    linear: u32,
    doublings: u32,
}

/// SYNs that are sent again a second apart (`tcp_syn_linear_timeouts`).
const LINEAR: u32 = 4;
/// SYNs that are sent again after twice the time (`tcp_syn_retries`).
const RETRIES: u32 = 6;

// === impl Kernel ===

impl Kernel {
    /// When it sends its SYNs.
    pub const fn syns(self) -> SynSchedule {
        let linear = match self {
            Self::Linux6_5 => LINEAR,
            Self::Older => 0,
        };
        SynSchedule { next: Some(Duration::ZERO), timeout: INITIAL_RTO, linear, doublings: RETRIES }
    }

    /// When a connect without any answer fails with `ETIMEDOUT`.
    pub fn gives_up(self) -> Duration {
        let mut schedule = self.syns();
        let last = schedule.by_ref().last().unwrap_or_default();
        last + schedule.timeout
    }
}

// === impl SynSchedule ===

impl Iterator for SynSchedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let now = self.next?;
        self.next = if self.linear > 0 {
            self.linear -= 1;
            Some(now + self.timeout)
        } else if self.doublings > 0 {
            let next = now + self.timeout;
            self.doublings -= 1;
            self.timeout *= 2;
            Some(next)
        } else {
            None
        };
        Some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(kernel: Kernel) -> Vec<u64> {
        kernel.syns().map(|at| at.as_secs()).collect()
    }

    /// The tables of the kernel's documentation.
    #[test]
    fn schedules_meet_their_tables() {
        assert_eq!(seconds(Kernel::Older), [0, 1, 3, 7, 15, 31, 63]);
        assert_eq!(Kernel::Older.gives_up().as_secs(), 127);
        assert_eq!(seconds(Kernel::Linux6_5), [0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]);
        assert_eq!(Kernel::Linux6_5.gives_up().as_secs(), 131);
    }

    /// What kernel 6.18 did in a namespace without answers: never earlier than the schedule, at most 2.5 % later.
    #[test]
    fn the_measured_kernel_follows_it() {
        let measured = [0.0, 1.01, 2.04, 3.06, 4.09, 5.11, 7.13, 11.35, 19.54, 35.67, 67.93];
        for (at, measured) in Kernel::Linux6_5.syns().zip(measured) {
            let at = at.as_secs_f64();
            assert!(measured >= at && measured <= at * 1.035, "{measured} for {at}");
        }
    }
}
