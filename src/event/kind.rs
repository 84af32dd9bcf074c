//! What can happen in a run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::end_cause::EndCause;
use super::header::Header;
use super::path::PathChanged;
use crate::base::{Flip, FlowBucket, SimTime};

/// An event, and when it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Scenario time: seconds since t = 0 of the scenario, whatever the run's speed.
    pub t: SimTime,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened. Durations within are wall-clock durations, as clients feel them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins. Always first.
    RunStarted(Box<Header>),
    /// A service accepted a connection.
    ConnectionOpened(ConnectionOpened),
    /// A connection ended.
    ConnectionEnded(Box<ConnectionEnded>),
    /// A monitor's probe ended; `t` is when it began.
    Probe(Probe),
    /// A detector began or ceased to fire.
    Alarm {
        /// Which detector.
        detector: Arc<str>,
        /// What it does now.
        state: AlarmState,
    },
    /// A person or an API changed the faults of a service.
    FaultsEdited {
        /// Which service.
        service: Arc<str>,
        /// The generation of its faults from now on; 0 is the scenario's own.
        generation: u64,
        /// The names of the faults in it.
        faults: Vec<Arc<str>>,
    },
    /// A WAN does something else to the path of a service from now on. The first one tells how the run begins.
    PathChanged(Box<PathChanged>),
    /// The acceptor of a service ran into a limit or an error and goes on.
    AcceptTrouble {
        /// Which service.
        service: Arc<str>,
        /// What happened.
        reason: Arc<str>,
    },
    /// The kernel dropped SYNs of a service: connects that brownout never sees.
    SynsDropped {
        /// Which service.
        service: Arc<str>,
        /// The faults that dropped them.
        faults: Vec<Arc<str>>,
        /// How many, since the last of these events.
        count: u64,
    },
    /// The wrapped command began.
    CommandStarted {
        /// Its process id.
        pid: u32,
    },
    /// The wrapped command ended.
    CommandEnded {
        /// Its exit status, if it exited.
        status: Option<i32>,
        /// The signal that ended it, if one did.
        signal: Option<i32>,
    },
    /// An expectation was judged.
    Verdict(Box<Verdict>),
    /// The run is over. Always last.
    RunEnded {
        /// Why.
        reason: RunEnd,
        /// The exit code that the run leads to.
        exit_code: u8,
        /// Events that a full queue lost: above zero, the report is incomplete and the run has failed.
        events_lost: u64,
    },
}

/// A service accepted a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectionOpened {
    /// The service.
    pub service: Arc<str>,
    /// Which of the service's connections, in the order of acceptance, from 0.
    pub ordinal: u64,
    /// The client's address.
    pub client: SocketAddr,
    /// Its flow bucket.
    pub bucket: FlowBucket,
    /// The faults drawn for it (by probability, peer and bucket), whether in force yet or not.
    pub drawn: Vec<Arc<str>>,
}

/// A connection ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectionEnded {
    /// The service.
    pub service: Arc<str>,
    /// Which of its connections.
    pub ordinal: u64,
    /// The client's address.
    pub client: SocketAddr,
    /// Its flow bucket.
    pub bucket: FlowBucket,
    /// Who ended it.
    pub cause: EndCause,
    /// How long it lived.
    #[serde(with = "crate::base::seconds", rename = "age_s")]
    pub age: Duration,
    /// Bytes written to the service.
    pub bytes_to_server: u64,
    /// Bytes written to the client.
    pub bytes_to_client: u64,
    /// From the client's first byte to the first byte of the answer, both as brownout saw them.
    #[serde(with = "crate::base::seconds::option", rename = "first_byte_s")]
    pub first_byte: Option<Duration>,
    /// What the faults did to it.
    pub hits: Vec<Hit>,
}

/// What one fault did to one connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The fault's name.
    pub fault: Arc<str>,
    /// When it first did something, in scenario time.
    pub first: SimTime,
    /// Bytes that it delayed, paced or held back.
    pub bytes: u64,
    /// The longest delay that it asked for.
    #[serde(with = "crate::base::seconds", rename = "delay_max_s")]
    pub delay_max: Duration,
    /// Why it delivered nothing, where a WAN says so: `no route at madrid-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Arc<str>>,
    /// Bits that it flipped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flipped: u64,
    /// The places of the first `CORRUPT_PLACES_MAX` of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flips: Vec<Flip>,
}

/// One check by a monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// The monitor.
    pub monitor: Arc<str>,
    /// Which of its targets, from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub target: u32,
    /// Which of the target's probes, from 0.
    pub ordinal: u64,
    /// Why it failed, if it did.
    pub failure: Option<ProbeFailure>,
    /// How long it took until success, failure or timeout.
    #[serde(with = "crate::base::seconds", rename = "latency_s")]
    pub latency: Duration,
    /// How long the TCP connect took, if it came about.
    #[serde(with = "crate::base::seconds::option", rename = "connect_s")]
    pub connect: Option<Duration>,
    /// From the start to the first byte of the answer, if one came.
    #[serde(with = "crate::base::seconds::option", rename = "first_byte_s")]
    pub first_byte: Option<Duration>,
    /// The HTTP status, if one came.
    pub status: Option<u16>,
    /// The flow bucket of its connection, if it had one.
    pub bucket: Option<FlowBucket>,
}

/// Why a probe failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeFailure {
    /// The phase in which it failed.
    pub phase: Phase,
    /// Whether its time was up.
    pub timeout: bool,
    /// What happened, in one line.
    pub reason: Arc<str>,
}

/// The phases of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Until the TCP connection stands.
    Connect,
    /// Until the first byte of the answer.
    FirstByte,
    /// Until its last byte.
    Body,
    /// The answer is whole, but not the expected one.
    Content,
}

/// What a detector does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    /// It fires.
    Firing,
    /// It has fallen silent.
    Resolved,
}

/// An expectation, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was expected: `monitor homepage: success ratio at least 90%`.
    pub expectation: Arc<str>,
    /// What it is about: `monitor homepage`, `service portal`, `command`, `fault latency@2s`.
    pub subject: Arc<str>,
    /// How it came out.
    pub state: VerdictState,
    /// What was observed: `93.4% of 122 probes`.
    pub observed: Arc<str>,
    /// How far from the bound, on the good or the bad side: `3.4 points above`.
    pub margin: Option<Arc<str>>,
    /// Where it stands in the scenario file (line and column, from 1), if it stands there.
    pub place: Option<(u32, u32)>,
}

/// How an expectation came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictState {
    /// Met.
    Met,
    /// Not met.
    Failed,
    /// Nothing was observed that could decide it: counts as failed.
    Undecided,
    /// Not for this command to judge: a single run has no probability, a benchmark no command. Neither met nor failed.
    NotJudged,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Its time was up.
    Completed,
    /// The wrapped command ended.
    CommandEnded,
    /// Somebody interrupted it.
    Interrupted,
    /// Somebody ended it, which is how it was meant to end.
    Stopped,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_first(target: &u32) -> bool {
    *target == 0
}

// === impl VerdictState ===

impl VerdictState {
    /// Whether it makes a run, or a benchmark, fail.
    pub const fn fails(self) -> bool {
        matches!(self, Self::Failed | Self::Undecided)
    }
}

// === impl Event ===

impl Event {
    /// This event at `t`.
    pub const fn at(self, t: SimTime) -> Entry {
        Entry { t, event: self }
    }
}

// === impl ConnectionEnded ===

impl ConnectionEnded {
    /// When it began, in scenario time, if it ended at `ended` in a run of this speed.
    pub fn began(&self, ended: SimTime, speed: f64) -> SimTime {
        let age = Duration::try_from_secs_f64(self.age.as_secs_f64() * speed);
        ended.minus(age.unwrap_or(Duration::MAX))
    }
}

// === impl Probe ===

impl Probe {
    /// Whether the check succeeded.
    pub const fn succeeded(&self) -> bool {
        self.failure.is_none()
    }

    /// Whether its connect was refused: it failed, and not because time was up.
    pub fn was_refused(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.phase == Phase::Connect && !failure.timeout)
    }
}
