//! Reports of a benchmark, from its scores alone: a table for a terminal, rows for a spreadsheet, a page, JSON for programs, JUnit for CI systems.

mod frontier;
mod junit;
mod page;
mod rows;
mod sensitivity;
mod table;
mod tune;

pub use frontier::{frontier_csv, frontier_table};
pub use junit::scores_junit;
pub use page::scores_html;
pub use rows::scores_csv;
pub use sensitivity::{sensitivity_csv, sensitivity_table};
pub use table::scores_table;
pub use tune::{tune_json, tune_table};

use crate::event::BenchScores;

/// Benchmarks as JSON: what [`scores_table`] shows, with every figure unrounded.
pub fn scores_json(all: &[BenchScores]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(all).map(|text| text + "\n")
}
