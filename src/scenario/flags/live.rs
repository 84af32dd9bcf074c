//! A fault typed while a run goes on: read as a flag is, in force from now.

use std::sync::Arc;

use indexmap::IndexMap;

use super::document::Document;
use super::fault::{compose, split_kind};
use super::{Word, load_document, text_of};
use crate::base::{SimTime, Span};
use crate::diag::{Code, Diagnostic, SourceFile};
use crate::fault::Fault;
use crate::scenario::files::TraceFiles;
use crate::scenario::load::{LoadError, Overrides};
use crate::scenario::lower::Under;
use crate::scenario::plan::Plan;

/// The run that a fault is added to.
#[derive(Clone, Copy, Debug)]
pub struct LiveContext<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// The service that the fault acts on, unless its text names another.
    pub service: &'a str,
    /// The present, in run time: the schedule counts from it.
    pub now: SimTime,
    /// The id of the next fault.
    pub first_id: u32,
    /// The faults that there are beside it. Names must differ, and what all of them change together is limited.
    pub others: &'a [Arc<Fault>],
    /// The fault that it replaces: it keeps that one's name if it is of its kind.
    pub replaces: Option<&'a Fault>,
}

/// What a text made.
#[derive(Clone, Debug)]
pub struct LiveFaults {
    /// The faults.
    pub faults: Vec<Arc<Fault>>,
    /// The text, tidied.
    pub text: Arc<str>,
}

/// Reads the text of a fault.
pub fn read_live_fault(text: &str, context: &LiveContext<'_>) -> Result<LiveFaults, LoadError> {
    let failed =
        |diagnostics| LoadError { file: SourceFile::new("fault", text), diagnostics, traces: Vec::new() };
    let plan = context.plan;
    let now = plan.clock.to_scenario(context.now);
    let rest = plan.clock.until.since(now);
    if rest.is_zero() {
        let over = Diagnostic::error(Code::OutsideScenario, "the run's time is up");
        return Err(failed(vec![over]));
    }
    let (key, value) = split_kind(Word::new(text, 0));
    let mut document = Document::default();
    let words = Span(rest).to_string();
    let rest = if words.parse() == Ok(Span(rest)) { words } else { format!("{}ns", rest.as_nanos()) };
    document.write(&format!("{{name: live, allow_untouched: true, duration: {rest}, services: {{"));
    for service in &plan.services {
        let (listen, upstream) = (service.listen, &service.upstream);
        document.write(&format!("'{}': {{listen: '{listen}', upstream: '{upstream}'}}, ", service.name));
    }
    document.write("}, faults: [");
    let composed = document.write_fault(|document| {
        compose(document, key, value, |document| {
            if !value.parts().iter().any(|part| part.text.starts_with("service=")) {
                document.write(&format!("service: '{}', ", context.service));
            }
        })
    });
    document.write("]}");
    let told: Vec<Diagnostic> = composed.err().map(|mistake| *mistake).into_iter().collect();
    let overrides =
        Overrides { seed: Some(plan.seed), speed: Some(plan.clock.speed), ..Overrides::default() };
    // Whoever edits a run from afar has no business with the files of this machine.
    let mut files = TraceFiles::new(None);
    let lowered =
        load_document(document, told, &overrides, under(context, now), &mut files).map_err(failed)?;
    Ok(LiveFaults { faults: lowered.plan.faults, text: text_of(key.text, value.text) })
}

fn under(context: &LiveContext<'_>, now: SimTime) -> Under {
    let mut changes: IndexMap<Arc<str>, usize> = IndexMap::new();
    for fault in context.others {
        *changes.entry(Arc::clone(&fault.parts.service)).or_default() += fault.changes() + 1;
    }
    // A part of an item has two: its own, and the item's.
    let names = |fault: &Arc<Fault>| {
        let parts = &fault.parts;
        [&parts.name, &parts.item].map(|name| (Arc::clone(&parts.service), Arc::clone(name)))
    };
    Under {
        began: Span(now.since_start()),
        offset: context.now,
        first_id: context.first_id,
        keeps: context.replaces.map(|fault| (fault.parts.key, Arc::clone(&fault.parts.item))),
        taken: context.others.iter().flat_map(names).collect(),
        changes,
    }
}
