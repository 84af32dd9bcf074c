//! Exit codes: what a pipeline reads.

/// All expectations were met.
pub const MET: u8 = 0;
/// An expectation was not met; the wrapped command's failure is one.
pub const NOT_MET: u8 = 1;
/// Wrong usage, or a file that is not valid.
pub const USAGE: u8 = 2;
/// The environment failed: a listener can't bind, a file can't be written, the command can't be started.
pub const ENVIRONMENT: u8 = 3;
/// A mistake of brownout's own.
pub const INTERNAL: u8 = 4;
/// Interrupted, after a report.
pub const INTERRUPTED: u8 = 130;
