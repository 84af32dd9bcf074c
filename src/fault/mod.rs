//! Layer 3: what happens to bytes. Pure: no clock, no sockets, no generator of its own.
//!
//! ```text
//!            schedule                        program                         lane, one a direction
//!  FaultSpec ────────▶ Fault {kind, level,…} ───────▶ Timeline<PathState> ──▶ on_bytes, poll(now)
//!                                            ╰──────▶ Cuts ────────────────▶ poll(now, bytes moved)
//! ```
//!
//! A **fault** is a scheduled cause of path states or of a broken connection. Its *kind* (one file each in `kind/`) says
//! what it does; its *level* (a timeline of 0 to 100 percent) says when and how much. The **program** of a service is its
//! ordered list of faults; for each accepted connection it draws which of them apply and merges what they do into one
//! timeline a direction. The **lane** moves the bytes of one direction by that timeline; **cuts** end connections.
//!
//! Laws of the lane, each a property test: nothing is lost but by a named fault; order is kept; latency is not a rate
//! limit; a rate holds over any window with a stated burst; how reads were cut changes nothing; an edit loses nothing;
//! what is held is bounded.
//!
//! Where a service's connections cross a simulated network, its [`Routing`] is one more fault of the program: it was made by
//! routers, not declared.
//!
//! A new kind is one file in `kind/`, one line in `table.rs` and one example scenario.

mod cut;
mod kernel;
mod kind;
mod lane;
mod link;
mod program;
mod routing;
mod schedule;
mod shorthand;
mod spec;
mod spread;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod trace;
mod turnstile;

pub use cut::{Answer, Cut, CutAfter, CutKind, CutWhen, Cuts};
pub use kernel::{DropShare, SynDrops};
pub use kind::{
    Bandwidth, Blackhole, Close, ConnectionLimit, ConnectionsError, Corrupt, DECAY_STEPS, HalfOpen, Latency,
    LatencySpikes, Loss, LossState, Refuse, Reset, Slicer, SlowClose, SpikeShape,
};
pub use lane::{Action, FLIGHT_GAP, Lane, LaneEnd, RATE_QUEUE, SEGMENT_BYTES, SLOT_BYTES, Touch};
pub use link::{Link, burst_bytes};
pub use program::{Caller, Draw, Program};
pub use routing::{Routing, Way, Ways};
pub use schedule::{Bursts, Level, Ramp, Schedule, ScheduleError};
pub use spec::{Backend, Began, Fault, FaultParts, Kind, Layer, Peers, PeersError};
pub use spread::Spread;
pub(crate) use table::fault_kinds;
pub use table::{FaultKind, KINDS, KindInfo, WAN};
pub use trace::{AtEnd, DelayTrace, Lost, PacketTrace, SampleSource, TextMistake, TextMistakes};
pub use turnstile::{Admission, Beyond, Limit, Tickets};
