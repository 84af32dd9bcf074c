//! When an item of the script happens: its times against each other and against the scenario's.

use std::time::Duration;

use super::super::super::head::Head;
use super::super::super::mistakes::{Mistakes, exact};
use crate::base::SimTime;
use crate::base::limits::WAN_HAPPENINGS_MAX;
use crate::diag::{Code, Diagnostic, SourceSpan};
use crate::fault::ScheduleError;
use crate::scenario::placed::Placed;
use crate::scenario::raw_script::RawHappening;

/// One time that an item happens: when, and when it is undone, if it is within the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Once {
    pub(super) at: SimTime,
    pub(super) until: Option<SimTime>,
}

/// Each time that an item happens; none, if its times make no sense.
pub(super) fn windows(
    told: &mut Mistakes<'_>,
    item: &Placed<RawHappening>,
    head: &Head,
) -> Option<Vec<Once>> {
    let raw = &item.value;
    let at = raw.at.value.get();
    let lasts = raw.lasts.placed().map(|lasts| Placed { value: lasts.value.get(), span: lasts.span });
    let every = raw.every.placed().map(|every| Placed { value: every.value.get(), span: every.span });
    if let Some((error, span)) = conflict(raw, lasts, every) {
        told.push(Diagnostic::error(Code::ScheduleConflict, error.to_string()).at(span, ""));
        return None;
    }
    let end = head.duration;
    let scenario = format!("the scenario lasts `{}`{}", told.text(end.span), told.line_words(end.span));
    if at >= end.value {
        if !end.value.is_zero() {
            let mistake = Diagnostic::error(Code::OutsideScenario, "it happens after the scenario has ended");
            told.push(mistake.at(raw.at.span, scenario));
        }
        return None;
    }
    if let Some(lasts) = lasts.filter(|lasts| at.saturating_add(lasts.value) > end.value) {
        let until = at.saturating_add(lasts.value);
        let label = format!("{} + {} is {}, and {scenario}", exact(at), exact(lasts.value), exact(until));
        let mistake = Diagnostic::error(Code::OutsideScenario, "it is undone after the scenario has ended");
        told.push(mistake.at(lasts.span, label).hint("leave `for` out to last to the end"));
        return None;
    }
    let lasts = lasts.map(|lasts| lasts.value);
    let mut windows = Vec::new();
    let times = raw.repeat.get().copied().unwrap_or(if every.is_some() { u32::MAX } else { 1 });
    let mut begin = at;
    // One more than the limit is enough to tell that there are too many.
    for _ in 0..times.min(WAN_HAPPENINGS_MAX as u32 + 1) {
        if begin >= end.value {
            break;
        }
        let until = lasts.map(|lasts| begin.saturating_add(lasts)).filter(|until| *until <= end.value);
        windows.push(Once { at: SimTime::after_start(begin), until: until.map(SimTime::after_start) });
        let Some(every) = every else { break };
        begin = begin.saturating_add(every.value);
    }
    check_repeat(told, raw, head, begin, windows.len());
    Some(windows)
}

/// More repetitions than fit.
fn check_repeat(told: &mut Mistakes<'_>, raw: &RawHappening, head: &Head, next: Duration, fit: usize) {
    let Some(repeat) = raw.repeat.placed().filter(|repeat| *repeat.value as usize > fit) else { return };
    if next >= head.duration.value {
        let mistake =
            Diagnostic::error(Code::OutsideScenario, "the last time comes after the scenario has ended");
        let hint = format!("write `repeat: {fit}`, or leave it out to repeat to the end");
        told.push(mistake.at(repeat.span, "").hint(hint));
    }
}

/// What contradicts itself in the times of an item.
fn conflict(
    raw: &RawHappening,
    lasts: Option<Placed<Duration>>,
    every: Option<Placed<Duration>>,
) -> Option<(ScheduleError, SourceSpan)> {
    if let Some(lasts) = lasts.filter(|lasts| lasts.value.is_zero()) {
        return Some((ScheduleError::NoLength, lasts.span));
    }
    if let Some(every) = every.filter(|every| every.value.is_zero()) {
        return Some((ScheduleError::NoPeriod, every.span));
    }
    if let (Some(lasts), Some(every)) = (lasts, every)
        && lasts.value > every.value
    {
        return Some((ScheduleError::WindowsOverlap { lasts: lasts.value, every: every.value }, lasts.span));
    }
    let repeat = raw.repeat.placed()?;
    if *repeat.value == 0 {
        return Some((ScheduleError::RepeatZero, repeat.span));
    }
    every.is_none().then_some((ScheduleError::RepeatWithoutEvery, repeat.span))
}
