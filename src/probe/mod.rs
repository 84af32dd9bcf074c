//! Layer 4: probes, one check by a monitor: for real, against a clock, or modelled, in virtual time.
//!
//! A probe is what an uptime monitor or a kubelet would do. Every attempt opens a connection of its own, so it has a new
//! port and with it a new flow bucket. What failed is told with the phase it failed in: a connect that is refused, an
//! answer that never begins, a body that stops. Schedules belong to `engine`; what probes mean, to `detect` and `judge`.

mod attempt;
mod modelled;

pub use attempt::{Check, Outcome, attempt};
pub use modelled::{Exchange, Healthy, Modelled, ModelledProbes, ProbePlan, unmodelled};
