//! Layer 5: a plan on the wall clock.
//!
//! Binds every listener, starts the recorder, the proxies, the monitors and the wrapped command, and ends them in the
//! opposite order when the run is over: the command first, then monitors, then connections, the recorder last. Everything
//! observed becomes an event; what comes of it is for `judge` and `report`.
//!
//! One engine for every command: `run`, `demo`, `proxy` and `serve` differ in the plan that they hand to it.

mod backend;
mod command;
mod describe;
mod live;
mod monitor;
mod paths;
mod record;
mod run;

pub use backend::BackendChoice;
pub(crate) use command::Running;
pub use command::{Command, CommandError, Descendants, Grouping, Output};
pub use live::{ConnectionNow, EditError, FaultNow, Live, ServiceNow};
pub use run::{EngineError, Finished, RunOptions, SignalMeans, Started, run, start};
