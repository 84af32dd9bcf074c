//! Reports of an audit: a table for a terminal, JSON for programs, JUnit for CI systems.

mod junit;
mod table;

pub use junit::audit_junit;
pub use table::audit_table;

use crate::event::AuditReport;

/// An audit as JSON: what [`audit_table`] shows, with every figure unrounded.
pub fn audit_json(report: &AuditReport) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}
