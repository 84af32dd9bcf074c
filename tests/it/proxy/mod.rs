//! `brownout proxy` as a developer meets it: groups, lines, mistakes, exit codes, a wrapped command; and its live view.

mod plain;
mod view;

use std::process::Command;

use crate::support::brownout;
use crate::support::play::outputs;

/// `brownout proxy` with these arguments, leaving its journal and its reports.
fn proxy(args: &[&str]) -> Command {
    let mut command = brownout();
    command.arg("proxy").args(outputs()).args(args);
    command
}
