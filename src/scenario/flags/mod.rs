//! A scenario given by flags, and a fault given by a line of text: the same plan, by the same loader, as from a file.
//!
//! ```text
//!  --latency 80ms,at=10s ─compose──▶ { latency: 80ms, at: 10s } ──read, lower──▶ Plan, Fault
//!                                                                     │
//!  places in the flags' own text ◀──────────────document──────────────╯ mistakes
//! ```
//!
//! Flags are composed into the text of a scenario file, which is loaded as any other; what is wrong with it is told in the
//! flags' own text. So whatever the file format learns, flags and live edits have learned with it.

mod document;
mod fault;
mod keys;
mod live;
mod services;

use std::sync::Arc;
use std::time::Duration;

use self::document::Document;
pub use self::keys::{FaultKey, fault_keys};
pub use self::live::{LiveContext, LiveFaults, read_live_fault};
use super::files::TraceFiles;
use super::load::{LoadError, Overrides};
use super::lower::{Lowered, Under, lower_under};
use super::plan::Plan;
use super::read::read;
use crate::base::{Seed, Span};
use crate::diag::{Code, Diagnostic, SourceFile, SourceSpan};

/// How long a scenario of flags lasts that doesn't say so: the longest that its schedules fit into, from a year (which is
/// as good as for ever) down. A blackhole every second fits a day.
const LASTS: [Duration; 6] = [
    Duration::from_secs(365 * 86_400),
    Duration::from_secs(30 * 86_400),
    Duration::from_secs(7 * 86_400),
    Duration::from_secs(86_400),
    Duration::from_secs(6 * 3_600),
    Duration::from_secs(3_600),
];

/// A text, and where it stands in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// The text.
    pub text: &'a str,
    /// Its place.
    pub span: SourceSpan,
}

/// A scenario as flags give it. The words' places are those in `line`.
#[derive(Clone, Debug)]
pub struct FlagScenario<'a> {
    /// What messages call the text that the words stand in: `command line`.
    pub source: &'a str,
    /// That text, as messages show it.
    pub line: &'a str,
    /// How long it lasts (a duration); as long as it can, if not given.
    pub lasts: Option<Word<'a>>,
    /// The seed; the same for all that give none.
    pub seed: Option<Seed>,
    /// The services.
    pub services: Vec<FlagService<'a>>,
    /// The faults.
    pub faults: Vec<FlagFault<'a>>,
    /// What is wrong with the flags beside what they say: told with the rest.
    pub also: Vec<Diagnostic>,
}

/// A service as flags give it.
#[derive(Clone, Copy, Debug)]
pub struct FlagService<'a> {
    /// Where to listen: an address and a port, or a port of the loopback address.
    pub listen: Word<'a>,
    /// Where the service is: a host and a port, or a port of this machine.
    pub upstream: Option<Word<'a>>,
    /// Its name; made from its addresses, if not given.
    pub name: Option<Word<'a>>,
}

/// A fault as a flag gives it.
#[derive(Clone, Copy, Debug)]
pub struct FlagFault<'a> {
    /// The flag without its hyphens: `latency`.
    pub key: Word<'a>,
    /// Its value; may be empty.
    pub value: Word<'a>,
    /// Its service's place among the services; all of them, if none.
    pub service: Option<usize>,
}

// === impl FlagFault ===

impl<'a> FlagFault<'a> {
    /// The fault that a text says: `latency 80ms`.
    pub fn of(text: Word<'a>, service: Option<usize>) -> Self {
        let (key, value) = fault::split_kind(text);
        Self { key, value, service }
    }
}

/// Makes the plan of a scenario given by flags, or tells everything that is wrong with it.
pub fn load_flags(flags: &FlagScenario<'_>) -> Result<Plan, LoadError> {
    let given = flags.lasts.is_some();
    let mut lasts = LASTS.iter().take(if given { 1 } else { LASTS.len() }).peekable();
    loop {
        let until = *lasts.next().expect("the loop ends with the last of them");
        // Files that flags name are relative to where the command is given.
        let mut files = TraceFiles::of_flags();
        let loaded = compose(flags, until, &mut files);
        let too_many = |mistake: &Diagnostic| mistake.code == Code::TooMany;
        match loaded {
            Err(mistakes) if lasts.peek().is_some() && mistakes.iter().any(too_many) => {}
            Err(diagnostics) => {
                let file = SourceFile::new(flags.source, flags.line);
                return Err(LoadError { file, diagnostics, traces: files.mistaken });
            }
            Ok(plan) => return Ok(plan),
        }
    }
}

fn compose(
    flags: &FlagScenario<'_>,
    until: Duration,
    files: &mut TraceFiles,
) -> Result<Plan, Vec<Diagnostic>> {
    let mut document = Document::default();
    let mut told = flags.also.clone();
    document.write("{name: proxy, allow_untouched: true, duration: ");
    match flags.lasts {
        Some(lasts) => document.write_scalar(lasts.text, lasts.span),
        None => document.write(&Span(until).to_string()),
    }
    let names = services::compose(&mut document, &mut told, &flags.services);
    document.write(", faults: [");
    for fault in &flags.faults {
        let of = fault.service.map_or(&names[..], |service| &names[service..=service]);
        let composed = document.write_fault(|document| {
            fault::compose(document, fault.key, fault.value, |document| {
                document.write(&format!("service: [{}], ", of.join(", ")));
            })
        });
        told.extend(composed.err().map(|mistake| *mistake));
    }
    document.write("]}");
    let overrides = Overrides { seed: flags.seed, ..Overrides::default() };
    let lowered = load_document(document.clone(), told, &overrides, Under::default(), files)?;
    let Lowered { mut plan, items } = lowered;
    let texts: Vec<Arc<str>> =
        flags.faults.iter().map(|fault| text_of(fault.key.text, fault.value.text)).collect();
    let text = |item: &SourceSpan| {
        let fault = document.fault_at(*item).expect("every fault of this document comes from a flag");
        Arc::clone(&texts[fault])
    };
    plan.fault_texts = items.iter().map(text).collect();
    Ok(plan)
}

/// A fault on one line, as it is read again: `latency 80ms`.
fn text_of(key: &str, value: &str) -> Arc<str> {
    format!("{key} {value}").trim().into()
}

/// Loads a document. The reader stops at its first mistake of shape: a fault that has one is told and blanked, and the
/// rest is read again, so that the mistakes of all faults are told at once.
fn load_document(
    mut document: Document,
    mut told: Vec<Diagnostic>,
    overrides: &Overrides,
    under: Under,
    files: &mut TraceFiles,
) -> Result<Lowered, Vec<Diagnostic>> {
    let (file, raw) = loop {
        let file = document.file("flags");
        match read(&file) {
            Ok(raw) => break (file, raw),
            Err(mistake) => {
                let fault = mistake.span.and_then(|span| document.fault_at(span));
                told.push(document.told(*mistake));
                if !fault.is_some_and(|fault| document.blank(fault)) {
                    return Err(told);
                }
            }
        }
    };
    match lower_under(&file, &raw, overrides, under, files) {
        Ok(lowered) if told.is_empty() => Ok(lowered),
        Ok(_) => Err(told),
        Err(more) => {
            told.extend(more.into_iter().map(|mistake| document.told(mistake)));
            Err(told)
        }
    }
}

#[cfg(test)]
mod tests;
