//! The report that a person reads when a run is over: calm, aligned, the verdict last.
//!
//! What one looks for first stands where the eye is when the prompt comes back, at the end. Above it everything that
//! the verdict rests on: the timeline, then services, monitors, faults and alarms, then the expectations one by one.
//! What was not observed is a dash; a fault that met no traffic is said to have met none.

mod ending;
mod paths;
mod summary;
mod tables;

pub(super) use ending::{command_words, expectation, observed};
pub use summary::{recap, summary};
pub(super) use tables::effect_words;
