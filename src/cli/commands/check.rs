//! `brownout check`: is it valid, and what will happen when?

use super::super::args::CheckArgs;
use super::super::error::CliError;
use super::super::exit;
use super::super::printer::Printer;
use crate::scenario::{Overrides, explain, load_scenario};

pub(in crate::cli) fn run(args: &CheckArgs, printer: &mut Printer) -> Result<u8, CliError> {
    let mut code = exit::MET;
    for (n, scenario) in args.scenarios.iter().enumerate() {
        match load_scenario(scenario, &Overrides::default()) {
            Ok(plan) => {
                printer.warnings(&plan);
                let gap = if n > 0 { "\n" } else { "" };
                printer.data(&format!("{gap}{}", explain(&plan, printer.view().width)))?;
            }
            Err(mistakes) => {
                printer.error(&mistakes.into());
                code = exit::USAGE;
            }
        }
    }
    Ok(code)
}
