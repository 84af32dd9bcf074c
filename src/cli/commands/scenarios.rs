//! `brownout scenarios`: lists the scenarios that are built in, and shows one as the file that it is.

use super::super::args::ScenariosArgs;
use super::super::error::CliError;
use super::super::exit;
use super::super::printer::Printer;
use crate::base::format_duration;
use crate::diag::did_you_mean;
use crate::scenario::{LIBRARY, Shipped, load_text, shipped};

const HOW_TO: &str = "
brownout scenarios NAME                                  shows one, a file to start your own from
brownout check NAME                                      what happens when
brownout run NAME --service HOST:PORT -- CMD             plays it around a command
";

pub(in crate::cli) fn run(args: &ScenariosArgs, printer: &mut Printer) -> Result<u8, CliError> {
    let Some(name) = &args.name else {
        printer.data(&(list()? + HOW_TO))?;
        return Ok(exit::MET);
    };
    let Some(shipped) = shipped(name) else {
        let near = did_you_mean(name, LIBRARY.iter().map(|shipped| shipped.name));
        let hint = near.unwrap_or_else(|| "`brownout scenarios` lists those that are built in".to_owned());
        return Err(CliError::NoSuch { what: "scenario", name: name.clone(), hint });
    };
    printer.data(shipped.text)?;
    Ok(exit::MET)
}

fn list() -> Result<String, CliError> {
    let columns = LIBRARY.iter().map(|shipped| shipped.name.len()).max().unwrap_or_default();
    let line = |shipped: &Shipped| {
        let plan = load_text(shipped.name, shipped.text)?;
        let about = plan.about.as_deref().unwrap_or_default();
        let duration = format_duration(plan.duration);
        Ok(format!("{:columns$}  {duration:>6}  {about}\n", shipped.name))
    };
    LIBRARY.iter().map(line).collect()
}
