//! When a fault is in force: its times against the scenario's, and its levels in run time.

use std::time::Duration;

use super::head::Head;
use super::mistakes::{Mistakes, exact};
use crate::base::{SimTime, Stream, Timeline, format_duration};
use crate::diag::{Code, Diagnostic, SourceSpan};
use crate::fault::{Level, Schedule, ScheduleError};
use crate::scenario::placed::{Opt, Placed};
use crate::scenario::plan::ScenarioClock;
use crate::scenario::raw::RawFault;

/// The schedule as the file has it.
pub(super) fn schedule_of(raw: &RawFault) -> Schedule {
    let time = |key: &Opt<crate::base::Span>| key.get().map(|span| span.get());
    Schedule {
        at: time(&raw.at).unwrap_or_default(),
        lasts: time(&raw.lasts),
        every: time(&raw.every),
        repeat: raw.repeat.get().copied(),
        ramp: raw.ramp.get().copied(),
        bursts: raw.bursts.get().copied(),
    }
}

/// Tells times that lie outside the scenario.
pub(super) fn check_times(told: &mut Mistakes<'_>, raw: &RawFault, head: &Head) {
    let Schedule { at, lasts, every, repeat, .. } = schedule_of(raw);
    let end = head.duration;
    let lasts_label = format!("the scenario lasts `{}`{}", told.text(end.span), told.line_words(end.span));
    if end.value.is_zero() {
        return;
    }
    if let Some(span) = raw.at.span()
        && at >= end.value
    {
        let longer = exact(at.saturating_add(lasts.unwrap_or(Duration::from_secs(1))));
        let mistake =
            Diagnostic::error(Code::OutsideScenario, "the fault begins after the scenario has ended");
        let hint =
            format!("raise `duration` to `{longer}` or more, or begin before `{}`", told.text(end.span));
        told.push(mistake.at(span, lasts_label).hint(hint));
        return;
    }
    let Some((span, lasts)) = raw.lasts.span().zip(lasts) else { return };
    let first_end = at.saturating_add(lasts);
    if first_end > end.value {
        let mistake = Diagnostic::error(Code::OutsideScenario, "the fault ends after the scenario does");
        let sum = format!("{} + {} is {}, and {lasts_label}", exact(at), exact(lasts), exact(first_end));
        let rest = exact(end.value.saturating_sub(at));
        let hint = format!("write `for: {rest}`, or leave `for` out to last to the end");
        let hint = if every.is_some() { format!("write `for: {rest}` or less") } else { hint };
        told.push(mistake.at(span, sum).hint(hint));
        return;
    }
    let (Some(every), Some(repeat), Some(span)) = (every, repeat, raw.repeat.span()) else { return };
    let last_end = first_end.saturating_add(every.saturating_mul(repeat.saturating_sub(1)));
    if last_end > end.value && !every.is_zero() {
        let fit = end.value.saturating_sub(first_end).as_nanos() / every.as_nanos() + 1;
        let mistake =
            Diagnostic::error(Code::OutsideScenario, "the last window ends after the scenario does");
        let label = format!("it would end at {}, and {lasts_label}", exact(last_end));
        let hint = format!("write `repeat: {fit}`, or leave it out to repeat to the end");
        told.push(mistake.at(span, label).hint(hint));
    }
}

/// The levels in scenario time, up to `end`.
pub(super) fn lower_levels(
    told: &mut Mistakes<'_>,
    raw: &Placed<RawFault>,
    end: SimTime,
    stream: &mut Stream,
) -> Result<Timeline<Level>, ScheduleError> {
    let mut schedule = schedule_of(&raw.value);
    // A ramp must fit a window that lasts to the end as well.
    if schedule.every.is_none() && schedule.lasts.is_none() && schedule.ramp.is_some() {
        schedule.lasts = Some(end.since_start().saturating_sub(schedule.at)).filter(|rest| !rest.is_zero());
    }
    schedule.levels(end, stream).inspect_err(|error| tell(told, raw, error))
}

fn tell(told: &mut Mistakes<'_>, raw: &Placed<RawFault>, error: &ScheduleError) {
    let fault = &raw.value;
    let item = told.item(raw.span);
    let or_item = |span: Option<SourceSpan>| span.map_or(item, |span| told.item(span));
    let value = |key: &Opt<_>| or_item(key.span());
    let (span, hint) = match error {
        ScheduleError::EveryWithoutFor => (value(&fault.every), Some("add `for: 10s`, say".to_owned())),
        ScheduleError::RepeatWithoutEvery => {
            (or_item(fault.repeat.span()), Some("add `every`, or leave `repeat` out".to_owned()))
        }
        ScheduleError::RepeatZero => (or_item(fault.repeat.span()), Some("leave the fault out".to_owned())),
        ScheduleError::WindowsOverlap { lasts, every } => {
            let hint =
                format!("write `every: {}` or more, or `for: {}` or less", exact(*lasts), exact(*every));
            (value(&fault.lasts), Some(hint))
        }
        ScheduleError::NoLength => (value(&fault.lasts), None),
        ScheduleError::NoPeriod => (value(&fault.every), None),
        ScheduleError::RampTooLong { window, .. } => {
            let hint = format!("shorten it to {} or less, rise and fall together", format_duration(*window));
            (or_item(fault.ramp.span()), Some(hint))
        }
        ScheduleError::RampAndBursts | ScheduleError::BurstsWithoutLength => {
            (or_item(fault.bursts.span()), None)
        }
        ScheduleError::TooManyChanges => {
            let hint =
                "make its windows, its bursts or the scenario's duration of another order of magnitude";
            (or_item(fault.bursts.span().or(fault.every.span())), Some(hint.to_owned()))
        }
    };
    let code = match error {
        ScheduleError::TooManyChanges => Code::TooMany,
        _ => Code::ScheduleConflict,
    };
    told.push(Diagnostic::error(code, error.to_string()).at(span, "").maybe_hint(hint));
}

/// The same timeline in run time: what holds when the excerpt begins does so from t = 0, and `nothing` holds after its end.
/// One that begins while the run goes on is `nothing` before, and all of it comes later by `offset`.
pub(super) fn in_run_time<T: Clone + PartialEq>(
    line: &Timeline<T>,
    nothing: &T,
    clock: &ScenarioClock,
    offset: SimTime,
) -> Option<Timeline<T>> {
    let kept = line.pieces().filter(|(from, _, _)| *from < clock.until);
    let mut changes: Vec<(SimTime, T)> = kept.map(|(from, _, value)| (from, value.clone())).collect();
    changes.push((clock.until, nothing.clone()));
    let clipped = Timeline::new(nothing.clone(), changes).ok()?;
    let run = clipped.project(|t| clock.to_run(t));
    if offset == SimTime::ZERO {
        return Some(run);
    }
    let later = run.pieces().map(|(from, _, value)| (offset.plus(from.since_start()), value.clone()));
    Timeline::new(nothing.clone(), later.collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> SimTime {
        SimTime::from_secs(n)
    }

    #[test]
    fn an_excerpt_clips_at_both_ends_and_a_speed_compresses() {
        let windows = vec![
            (secs(10), Level::FULL),
            (secs(30), Level::ZERO),
            (secs(50), Level::FULL),
            (secs(70), Level::ZERO),
        ];
        let levels = Timeline::new(Level::ZERO, windows).unwrap();
        let clock = ScenarioClock { from: secs(20), until: secs(60), speed: 2.0 };
        let run = in_run_time(&levels, &Level::ZERO, &clock, SimTime::ZERO).unwrap();
        let pieces: Vec<_> =
            run.pieces().map(|(from, _, level)| (from.as_secs_f64(), level.is_full())).collect();
        assert_eq!(pieces, [(0.0, true), (5.0, false), (15.0, true), (20.0, false)]);
        let later = in_run_time(&levels, &Level::ZERO, &clock, secs(100)).unwrap();
        assert!(later.at(secs(99)).is_zero() && later.at(secs(100)).is_full());
        assert_eq!(
            later.piece_start(secs(101)),
            secs(100),
            "what is in force at once begins then, not before"
        );
        assert_eq!(later.next_change(secs(100)), Some(secs(105)));
    }
}
