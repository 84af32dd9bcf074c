//! Layer 4: from the text of a scenario file to a [`Plan`].

pub mod expect;
mod plan;

pub use plan::{Check, DetectorPlan, MonitorPlan, Plan, ScenarioClock, ServicePlan, Upstream};
