//! Layer 1: the one stream that everything reports into, and its journal.
//!
//! Whatever happens in a run becomes an [`Event`] with the instant of scenario time at which it happened. Judge and
//! reports read events and nothing else, so a report is a pure function of a journal, and an old journal can be reported
//! again. Events name things by their names, not by their places in a plan: a journal explains itself.

mod audit;
mod end_cause;
mod header;
mod journal;
mod kind;
mod outbox;
mod path;
mod scores;
mod tune;

pub use audit::{
    Attempt, AttemptEnd, AuditBaseline, AuditPhase, AuditReport, CommandEnd, GaveUp, PhaseReport,
};
pub use end_cause::{BrownoutReason, DialFailure, EndCause, PeerEnd};
pub use header::{DetectorInfo, FaultInfo, Header, MonitorInfo, PathInfo, ServiceInfo, Window};
pub use journal::{JournalError, JournalReader, JournalWriter, Line};
pub use kind::{
    AlarmState, ConnectionEnded, ConnectionOpened, Entry, Event, Hit, Phase, Probe, ProbeFailure, RunEnd,
    Verdict, VerdictState,
};
pub use outbox::{Outbox, ToScenario};
pub use path::{PathChanged, PathHealth, PathHistory, Why};
pub use scores::{
    BenchScores, DetectorScores, Found, Frontier, FrontierPoint, Incident, Rate, Sensitivity,
    SensitivityCell, TargetShares, Times, Watches, two_figures,
};
pub use tune::{TuneReport, TunedDetector, TunedFigures, TunedPoint};

/// Whatever wants to see every event, in order.
pub trait Sink {
    /// Takes the next event.
    fn record(&mut self, entry: &Entry);

    /// Hears the time (of the scenario) when nothing has happened for a moment.
    fn tick(&mut self, _now: crate::base::SimTime) {}
}
