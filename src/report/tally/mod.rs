//! What happened, added up: everything that any report needs, in bounded memory.
//!
//! A [`Tally`] is a [`Sink`](crate::event::Sink): it takes the events of a run in order, live or from a journal, and
//! holds counts, quantiles, strips of time cells and bounded lists, never the events themselves. It believes nothing:
//! events may be missing, doubled, out of order or about names that no header told, and it still adds up. What it had
//! to leave out is counted.

mod cells;
mod counts;
mod detector;
mod fault;
mod monitor;
mod outcome;
mod path;
mod run;
mod service;

pub use cells::Cells;
pub(in crate::report) use cells::column_of;
pub use counts::NamedCounts;
pub use detector::{AlarmSpan, DetectorTally};
pub use fault::{Effect, FaultTally};
pub use monitor::{MonitorTally, PhaseCount, ProbeCell};
pub use outcome::Outcome;
pub(in crate::report) use outcome::VerdictCounts;
pub use path::PathTally;
pub use run::{CommandTally, EditTally, EndTally, Tally};
pub use service::{DialCounts, EndCell, EndCounts, OwnEndCounts, PeerEndCounts, ServiceTally};
