//! `brownout audit`: the effective timeouts of a client, phase by phase.

use std::io::{IsTerminal as _, Write as _};

use super::super::audit_args::AuditArgs;
use super::super::error::CliError;
use super::super::exit;
use super::super::out_file::OutFile;
use super::super::printer::{Printer, columns_of, redraw_line};
use super::super::{replay, signals};
use super::run::runtime;
use crate::audit::{AuditError, AuditOptions, audit};
use crate::base::Span;
use crate::base::limits::AUDIT_PATIENCE_MAX;
use crate::engine::Output;
use crate::event::AuditPhase;
use crate::report::{audit_json, audit_junit, audit_table};

pub(in crate::cli) fn run(args: &AuditArgs, printer: &mut Printer) -> Result<u8, CliError> {
    let patience = args.patience.get();
    if patience.is_zero() || patience > AUDIT_PATIENCE_MAX {
        return Err(CliError::NoSuch {
            what: "patience",
            name: args.patience.to_string(),
            hint: format!(
                "it is above zero, and at most {} (`AUDIT_PATIENCE_MAX`)",
                Span(AUDIT_PATIENCE_MAX)
            ),
        });
    }
    let json = args.json.as_deref().map(OutFile::open).transpose()?;
    let junit = args.junit.as_deref().map(OutFile::open).transpose()?;
    let expected: Vec<_> = args.expected.clone();
    let named: Vec<AuditPhase> = args.phases.iter().map(|phase| phase.get()).collect();
    // What is expected is played, whatever else is.
    let wanted = |phase: &AuditPhase| {
        named.is_empty() || named.contains(phase) || expected.iter().any(|expected| expected.phase == *phase)
    };
    let shown = std::io::stderr().is_terminal() && !printer.is_quiet();
    let progress = |what: &str| {
        if shown {
            let columns = usize::from(columns_of(std::io::stderr()));
            redraw_line(&format!("audit  {what}").chars().take(columns).collect::<String>());
        }
    };
    let report = runtime()?.block_on(async {
        let options = AuditOptions {
            words: args.wrapped.clone(),
            upstream: args.to.clone(),
            patience,
            phases: AuditPhase::ALL.into_iter().filter(wanted).collect(),
            expected: expected.clone(),
            output: if args.show_output { Output::Stderr } else { Output::Discarded },
            signals: signals::watch_all()?,
        };
        audit(&options, progress).await.map_err(CliError::from)
    });
    if shown {
        redraw_line("");
    }
    if matches!(report, Err(CliError::Audit(AuditError::Interrupted))) {
        return Ok(exit::INTERRUPTED);
    }
    let report = report?;
    printer.data(&audit_table(&report, &printer.view()))?;
    if let Some(mut file) = json {
        let text =
            audit_json(&report).map_err(|e| CliError::Report { what: "JSON", reason: e.to_string() })?;
        file.write_all(text.as_bytes())?;
    }
    if let Some(mut file) = junit {
        let text = audit_junit(&report, &replay::of_audit(args))
            .map_err(|e| CliError::Report { what: "JUnit", reason: e.to_string() })?;
        file.write_all(text.as_bytes())?;
    }
    let failed = report.verdicts.iter().any(|verdict| verdict.state.fails());
    Ok(if failed { exit::NOT_MET } else { exit::MET })
}
