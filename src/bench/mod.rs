//! Layer 5: a plan in virtual time: how soon detectors find what a scenario does, and how often they cry wolf.
//!
//! ```text
//!  scenario + seed ─▶ world: programs, truth ─┐
//!                                             ├─▶ samples of a monitor ─▶ its detectors ─▶ scores
//!  probe seed ─▶ phases, ports, healthy past ─┘
//! ```
//!
//! A **world** is the scenario under one seed: its timelines are computed once and shared by all probe seeds. A **replica** is
//! a world seen by the probes of one probe seed. Every detector of a monitor sees the same samples, so that they are compared
//! in pairs. Before a replica lies a healthy past as long as the longest memory of its detectors; it is played once per probe
//! seed, and the detectors that it has warmed are cloned. **Healthy time** is the same monitors without any fault: what fires
//! there is a false alarm.
//!
//! Two sweeps may be added: the **frontier** (each detector's main parameter moves) and the **sensitivity** (a failure grows in
//! share and in length).
//!
//! Pure but for the threads that it spreads the work on: results depend on the scenario and the seeds, not on how many
//! threads there were or which was first.

mod entrant;
mod frontier;
mod incident;
mod matrix;
mod openmetrics;
mod play;
mod ruling;
mod score;
mod sensitivity;
mod series;
mod standard;
mod truth;
mod tune;
mod verdicts;
mod world;

pub use matrix::{BenchError, BenchOptions, bench};
pub use openmetrics::{dead_rules_of, export_openmetrics};
pub use standard::{BASELINES, Baseline, STANDARD};
pub use truth::{GAP, GRACE, IMPAIRED, Spans};
pub use tune::tune;

#[cfg(test)]
mod tests;
