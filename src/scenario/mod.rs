//! Layer 4: from the text of a scenario file to a [`Plan`].

mod describe;
pub mod expect;
mod plan;

pub use describe::fault_windows;
pub use plan::{Check, DetectorPlan, MonitorPlan, Plan, ScenarioClock, ServicePlan, Upstream};
