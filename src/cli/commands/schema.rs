//! `brownout schema`: the JSON Schema of scenario files.

use super::super::error::CliError;
use super::super::exit;
use super::super::printer::Printer;
use crate::scenario::json_schema;

pub(in crate::cli) fn run(printer: &mut Printer) -> Result<u8, CliError> {
    printer.data(&json_schema())?;
    Ok(exit::MET)
}
