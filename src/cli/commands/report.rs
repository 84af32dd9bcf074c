//! `brownout report`: the reports of a run again, from its journal.

use super::super::args::ReportArgs;
use super::super::error::CliError;
use super::super::exit;
use super::super::play::OpenReports;
use super::super::printer::Printer;
use crate::event::{Event, JournalReader, Line, Sink as _};
use crate::report::{Tally, summary};

/// The exit code is the run's own; a journal that breaks off has none, and counts as not met.
pub(in crate::cli) fn run(args: &ReportArgs, printer: &mut Printer) -> Result<u8, CliError> {
    let reports = OpenReports::create(&args.reports)?;
    let mut tally = Tally::new();
    let mut code = None;
    for line in JournalReader::open(&args.journal)? {
        match line? {
            Line::Entry(entry) => {
                if let Event::RunEnded { exit_code, .. } = entry.event {
                    code = Some(exit_code);
                }
                tally.record(&entry);
            }
            Line::Broken { line, reason } => tally.note_problem(format!("line {line} is no event: {reason}")),
            Line::Truncated { line } => tally.note_problem(format!("line {line}, the last, is cut off")),
        }
    }
    if tally.header.is_none() {
        return Err(CliError::NoRun(args.journal.display().to_string()));
    }
    printer.data(&summary(&tally, &printer.view()))?;
    reports.write(&tally)?;
    Ok(code.unwrap_or(exit::NOT_MET))
}
