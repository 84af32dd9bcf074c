//! One file a command: from its arguments to its exit code.

pub(super) mod audit;
pub(super) mod bench;
pub(super) mod check;
pub(super) mod demo;
pub(super) mod detectors;
pub(super) mod doctor;
pub(super) mod faults;
pub(super) mod proxy;
pub(super) mod report;
pub(super) mod run;
pub(super) mod scenarios;
pub(super) mod schema;
pub(super) mod tune;
pub(super) mod wan;
