//! From the shape of a file to a plan: names are resolved, times compared, schedules drawn.
//!
//! Checking and converting are one step: each `lower_*` gives what it could make and tells what it could not, so that no
//! check can be forgotten on the way. Nothing stops at a mistake; a plan comes out only if none was told. What a mistake
//! spoils (the schedule of a fault whose kind is missing) is not told as a second one.

mod expectations;
mod faults;
mod head;
mod mistakes;
mod monitors;
mod rules;
mod schedule;
mod services;
mod wan;

use std::sync::Arc;

use indexmap::IndexMap;
use mistakes::Mistakes;
pub(super) use monitors::lower_detectors_of;

use super::files::TraceFiles;
use super::load::Overrides;
use super::plan::Plan;
use super::raw::RawScenario;
use crate::base::{SimTime, Span};
use crate::diag::{Diagnostic, SourceFile, SourceSpan};

/// What faults are added to: nothing at the beginning of a run, its faults so far while it goes on.
#[derive(Debug, Default)]
pub(super) struct Under {
    /// The scenario time that schedules count from.
    pub(super) began: Span,
    /// The same in run time.
    pub(super) offset: SimTime,
    /// The id of the first fault.
    pub(super) first_id: u32,
    /// Names that are taken, each with its service.
    pub(super) taken: Vec<(Arc<str>, Arc<str>)>,
    /// The kind and the name of a fault that is replaced: the next of its kind that is given no name bears it.
    pub(super) keeps: Option<(&'static str, Arc<str>)>,
    /// How often the faults of each service change already.
    pub(super) changes: IndexMap<Arc<str>, usize>,
}

/// A plan, and the item of the file that each of its faults comes from.
#[derive(Debug)]
pub(super) struct Lowered {
    pub(super) plan: Plan,
    pub(super) items: Vec<SourceSpan>,
}

/// Makes the plan of a scenario, or tells everything that is wrong with it.
pub(super) fn lower(
    file: &SourceFile,
    raw: &RawScenario,
    overrides: &Overrides,
    files: &mut TraceFiles,
) -> Result<Plan, Vec<Diagnostic>> {
    lower_under(file, raw, overrides, Under::default(), files).map(|lowered| lowered.plan)
}

/// The same, where there are faults already.
pub(super) fn lower_under(
    file: &SourceFile,
    raw: &RawScenario,
    overrides: &Overrides,
    under: Under,
    files: &mut TraceFiles,
) -> Result<Lowered, Vec<Diagnostic>> {
    let mut told = Mistakes::new(file);
    told.check_counts(raw);
    if told.any() {
        return Err(told.into_diagnostics());
    }
    let head = head::lower_head(&mut told, raw, overrides);
    let mut services = services::lower_services(&mut told, raw, overrides);
    let wan = wan::lower_wan(&mut told, raw, &head, files);
    let mut faults = faults::Faults::new(under);
    wan::lower_paths(&mut told, raw, &head, &mut services, wan.as_deref(), &mut faults);
    faults::lower_faults(&mut told, raw, &head, &mut faults, files);
    let mut pairs = Vec::new();
    let monitors = monitors::lower_monitors(&mut told, raw, &head, wan.as_deref(), &mut pairs);
    let (detectors, rules) = monitors::lower_detectors(&mut told, raw, &monitors, files);
    let expectations = expectations::lower_expectations(&mut told, raw, &head, &faults);
    if told.any() || !files.mistaken.is_empty() {
        return Err(told.into_diagnostics());
    }
    let plan = Plan {
        name: head.name,
        about: raw.about.get().map(|about| Arc::from(about.trim())),
        file: Arc::clone(&file.name),
        seed: head.seed,
        starts_at: head.starts_at,
        duration: head.duration.value,
        clock: head.clock,
        services,
        wan,
        warnings: std::mem::take(&mut files.warned),
        pairs,
        faults: faults.all,
        fault_texts: Vec::new(),
        monitors,
        detectors,
        rules,
        expectations,
        allow_untouched: raw.allow_untouched.get().copied().unwrap_or_default(),
        untouched_allowed: faults.untouched_allowed,
    };
    Ok(Lowered { plan, items: faults.items })
}
