//! Layer 7: reports, from events only.
//!
//! A report is a pure function of a run's events (that of a WAN: of its history): no clock, no environment, no files; text in, text out. The events are
//! added up once, in bounded memory, by [`Tally`], live or from a journal, and every report reads the tally:
//!
//! | report | for | function |
//! | --- | --- | --- |
//! | terminal | a person, when the run is over | [`summary`] |
//! | recap | the same, of a proxy that nobody expected anything of | [`recap`] |
//! | progress | a person, while it goes on | [`progress_line`] |
//! | JSON | programs; a versioned contract | [`json`] |
//! | JUnit XML | CI systems | [`junit`] |
//! | WAN | whoever asks what a network did: see [`wan`] | |
//! | GitHub | annotations, the step's summary | [`annotations`], [`step_summary`] |
//! | table, JSON, CSV, JUnit | of a benchmark, from its scores | [`scores_table`], [`scores_json`], [`scores_csv`], [`scores_junit`] |
//! | table, JSON, JUnit | of an audit | [`audit_table`], [`audit_json`], [`audit_junit`] |
//!
//! Three promises hold for all of them. No value is invented: what was not observed is `-` or null. Any sequence of
//! events gives a report, however broken its journal, and a broken one is called incomplete. And no name or reason,
//! wherever it comes from, acts on the terminal, the markup or the file that it is written into.

mod audit;
mod canvas;
#[cfg(test)]
mod fixture;
mod github;
mod json;
mod junit;
mod progress;
mod scores;
mod strip;
mod tally;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
pub mod wan;

pub use audit::{audit_json, audit_junit, audit_table};
pub use canvas::{Charset, Color, View};
pub use github::{annotations, step_summary};
pub use json::{SCHEMA_VERSION, json};
pub use junit::junit;
pub use progress::line as progress_line;
pub use quick_junit::SerializeError as JunitError;
pub use scores::{
    frontier_csv, frontier_table, scores_csv, scores_html, scores_json, scores_junit, scores_table,
    sensitivity_csv, sensitivity_table, tune_json, tune_table,
};
pub use tally::*;
pub use terminal::{recap, summary};
