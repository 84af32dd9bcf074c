//! Layer 8: the command line. Arguments, one file a command, the only printer.
//!
//! Data goes to stdout, logs and progress to stderr. Every expected error is told in one place and leads to one of the exit
//! codes in [`exit`]; nothing else ends the process.

mod alarm_budget;
mod args;
mod audit_args;
mod commands;
mod error;
pub mod exit;
mod figures;
mod lines;
mod live;
mod logging;
mod out_file;
mod play;
mod printer;
mod progress;
mod proxy_args;
mod replay;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;

use self::args::{Args, Command};
use self::printer::Printer;

/// Runs the program; its exit code is one of [`exit`]'s.
pub fn main() -> ExitCode {
    // Usage errors, `--help` and `--version` end here, with clap's own code 2 or 0.
    let args = Args::parse();
    let mut printer = Printer::new(args.colour(), args.logging.verbosity());
    if let Err(error) = logging::start(&args.logging) {
        printer.error(&error);
        return ExitCode::from(exit::USAGE);
    }
    let outcome = match args.command {
        Command::Demo(demo) => commands::demo::run(&demo, &mut printer),
        Command::Run(run) => commands::run::run(&run, &mut printer),
        Command::Proxy(proxy) => commands::proxy::run(&proxy, &mut printer),
        Command::Bench(bench) => commands::bench::run(&bench, &mut printer),
        Command::Audit(audit) => commands::audit::run(&audit, &mut printer),
        Command::Tune(tune) => commands::tune::run(&tune, &mut printer),
        Command::Check(check) => commands::check::run(&check, &mut printer),
        Command::Wan(wan) => commands::wan::run(&wan, &mut printer),
        Command::Report(report) => commands::report::run(&report, &mut printer),
        Command::Faults(faults) => commands::faults::run(&faults, &mut printer),
        Command::Detectors(detectors) => commands::detectors::run(&detectors, &mut printer),
        Command::Scenarios(scenarios) => commands::scenarios::run(&scenarios, &mut printer),
        Command::Doctor(doctor) => commands::doctor::run(&doctor, &mut printer),
        Command::Schema => commands::schema::run(&mut printer),
    };
    let code = outcome.unwrap_or_else(|error| {
        printer.error(&error);
        error.exit_code()
    });
    ExitCode::from(code)
}
