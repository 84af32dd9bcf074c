//! Scenarios made of faults.

use std::fmt::Write as _;

/// A scenario of one service, with these faults in force for longer than any measurement takes.
pub(crate) fn of_faults<F: AsRef<str>>(faults: impl IntoIterator<Item = F>) -> String {
    let mut text = "
name: bench
duration: 300d
services:
  service: { listen: '127.0.0.1:0', upstream: '127.0.0.1:9' }
"
    .to_owned();
    let mut heading = "faults:\n";
    for (n, fault) in faults.into_iter().enumerate() {
        let fault = fault.as_ref();
        writeln!(text, "{heading}  - {{ name: fault-{n}, at: 0s, {fault} }}")
            .expect("a string takes any text");
        heading = "";
    }
    text
}
