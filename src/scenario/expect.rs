//! Expectations: what a scenario says should come out of it, resolved against its names.
//!
//! Judged by `judge` from events alone, and those about detectors by `bench` over replicas. Each is about one subject, within windows of scenario time, and holds one check.

use std::sync::Arc;
use std::time::Duration;

use crate::base::Ratio;
use crate::event::Window;

/// One expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What it is about, and what should hold.
    pub check: Check,
    /// The windows of scenario time in which it is judged; the whole run, if none.
    pub windows: Option<Vec<Window>>,
    /// In words, as reports show it: `monitor homepage: success ratio at least 90% during latency@2s`.
    pub text: Arc<str>,
    /// Where it stands in the file: line and column, from 1.
    pub place: Option<(u32, u32)>,
}

/// What should hold of what.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// Of a monitor's probes.
    Monitor(Arc<str>, ProbeCheck),
    /// Of a service's connections, as its clients saw them.
    Service(Arc<str>, ServiceCheck),
    /// Of a detector's alarms.
    Detector(Arc<str>, AlarmCheck),
    /// The wrapped command exits with this status.
    Command {
        /// The status.
        exit_code: i32,
    },
}

/// What should hold of a monitor's probes. A probe belongs to the window in which it began.
#[derive(Clone, Debug, PartialEq)]
pub enum ProbeCheck {
    /// The share of probes that succeed.
    SuccessRatio(Bound<Ratio>),
    /// Quantiles of the latency of successful probes: `(0.99, bound)`.
    Latency(Vec<(Ratio, Bound<Duration>)>),
    /// How many probes time out.
    Timeouts(Bound<u64>),
    /// How many probes fail.
    Failures(Bound<u64>),
}

/// What should hold of a service's connections. A connection belongs to the window in which it ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ServiceCheck {
    /// How many connections were accepted (in the window in which they were).
    Connections(Bound<u64>),
    /// How many were cut by a fault (reset or closed).
    Cut(Bound<u64>),
    /// How many found the upstream refusing or unreachable.
    Refused(Bound<u64>),
    /// How many each party ended: `client`, `server`, `fault`, `brownout`, `unreachable`.
    EndedBy(Vec<(Arc<str>, Bound<u64>)>),
    /// Bytes that clients received.
    BytesToClient(Bound<u64>),
    /// Bytes that the service received.
    BytesToServer(Bound<u64>),
    /// Quantiles of the time from a client's first byte to the first byte of its answer.
    Latency(Vec<(Ratio, Bound<Duration>)>),
}

/// What should hold of a detector's alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlarmCheck {
    /// It fires, within so much scenario time from the beginning of the window. Without a window a run counts from its own
    /// beginning, a benchmark from the first impaired instant.
    Fires {
        /// The longest time that it may take.
        within: Option<Duration>,
        /// In at least this share of replicas, which only a benchmark has; in all of them, if none is given.
        probability: Option<Ratio>,
    },
    /// It fires on healthy time no more often than this, which only a benchmark plays.
    FalseAlarms {
        /// So many alarms; 1 or more.
        at_most: u64,
        /// In so much time; above zero.
        per: Duration,
    },
    /// It never fires.
    StaysSilent,
}

/// A lower bound, an upper bound, or both. At least one is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound<T> {
    /// What is observed is no less.
    pub at_least: Option<T>,
    /// And no more.
    pub at_most: Option<T>,
}

// === impl Bound ===

impl<T: PartialOrd + Copy> Bound<T> {
    /// Whether `value` lies within.
    pub fn admits(&self, value: T) -> bool {
        self.at_least.is_none_or(|least| value >= least) && self.at_most.is_none_or(|most| value <= most)
    }
}
