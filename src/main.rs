//! The `brownout` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    brownout::cli::main()
}
