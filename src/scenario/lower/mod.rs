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
mod schedule;
mod services;

use std::sync::Arc;

use mistakes::Mistakes;

use super::load::Overrides;
use super::plan::Plan;
use super::raw::RawScenario;
use crate::diag::{Diagnostic, SourceFile};

/// Makes the plan of a scenario, or tells everything that is wrong with it.
pub(super) fn lower(
    file: &SourceFile,
    raw: &RawScenario,
    overrides: &Overrides,
) -> Result<Plan, Vec<Diagnostic>> {
    let mut told = Mistakes::new(file);
    told.check_counts(raw);
    if told.any() {
        return Err(told.into_diagnostics());
    }
    let head = head::lower_head(&mut told, raw, overrides);
    let services = services::lower_services(&mut told, raw, overrides);
    let faults = faults::lower_faults(&mut told, raw, &head);
    let monitors = monitors::lower_monitors(&mut told, raw, &head);
    let detectors = monitors::lower_detectors(&mut told, raw);
    let expectations = expectations::lower_expectations(&mut told, raw, &head, &faults);
    if told.any() {
        return Err(told.into_diagnostics());
    }
    Ok(Plan {
        name: head.name,
        about: raw.about.get().map(|about| Arc::from(about.trim())),
        file: Arc::clone(&file.name),
        seed: head.seed,
        starts_at: head.starts_at,
        duration: head.duration.value,
        clock: head.clock,
        services,
        faults: faults.all,
        monitors,
        detectors,
        expectations,
        allow_untouched: raw.allow_untouched.get().copied().unwrap_or_default(),
        untouched_allowed: faults.untouched_allowed,
    })
}
