//! The run as one JSON document, for programs.
//!
//! A contract: within `schema_version` 1 keys are only added, never renamed, removed or given another meaning. Durations
//! and instants are seconds (`_s`; instants in scenario time), ratios numbers from 0 to 1, sizes bytes. What was not
//! observed is `null`, never zero. Names stand as they were written: JSON has escapes of its own. The types of this
//! module are the schema; nothing is put together by hand.

mod build;
mod document;

pub use build::json;
pub use document::SCHEMA_VERSION;
