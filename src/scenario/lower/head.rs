//! The scenario as a whole: its name, seed, duration and clock.

use std::sync::Arc;
use std::time::Duration;

use super::mistakes::{Mistakes, exact};
use crate::base::{Label, Seed, SimTime};
use crate::diag::{Code, Diagnostic};
use crate::scenario::load::Overrides;
use crate::scenario::placed::Placed;
use crate::scenario::plan::ScenarioClock;
use crate::scenario::raw::RawScenario;

/// Longest name of a scenario: it stands in the heading of reports.
const NAME_CHARS_MAX: usize = 120;

/// Fastest and slowest that a scenario is played: a day in a second, a second in a quarter of an hour. Beyond them a
/// unit was mistaken.
const SPEED_MAX: f64 = 86_400.0;
const SPEED_MIN: f64 = 0.001;

/// What all other parts need.
pub(super) struct Head {
    pub(super) name: Arc<str>,
    pub(super) seed: Seed,
    pub(super) starts_at: Option<Arc<str>>,
    pub(super) duration: Placed<Duration>,
    pub(super) clock: ScenarioClock,
}

pub(super) fn lower_head(told: &mut Mistakes<'_>, raw: &RawScenario, overrides: &Overrides) -> Head {
    let name = raw.name.value.trim();
    check_scenario_name(told, raw);
    check_starts_at(told, raw);
    let duration = Placed { value: raw.duration.value.get(), span: raw.duration.span };
    if duration.value.is_zero() {
        let mistake = Diagnostic::error(Code::BadValue, "a scenario of 0s has no time for anything");
        told.push(mistake.at(duration.span, "").hint("write `duration: 30s`, say"));
    }
    let seed = overrides.seed.or(raw.seed.get().copied()).unwrap_or_else(|| seed_of_name(name));
    let starts_at = raw.starts_at.get().map(|text| Arc::from(text.as_str()));
    Head { name: name.into(), seed, starts_at, clock: lower_clock(told, duration, overrides), duration }
}

/// The seed of a scenario that names none: a hash of its name, so that it repeats. 32 bits, so that people can copy it.
fn seed_of_name(name: &str) -> Seed {
    Seed(Seed(0).stream(Label::new("scenario").part(name)).bits() >> 32)
}

fn check_scenario_name(told: &mut Mistakes<'_>, raw: &RawScenario) {
    let name = raw.name.value.trim();
    let message = if name.is_empty() {
        "the scenario needs a name".to_owned()
    } else if name.chars().any(char::is_control) {
        "the scenario's name holds a line break or another control character".to_owned()
    } else if name.chars().count() > NAME_CHARS_MAX {
        format!("the scenario's name has more than {NAME_CHARS_MAX} characters; `about` has room for more")
    } else {
        return;
    };
    told.push(Diagnostic::error(Code::BadName, message).at(told.item(raw.name.span), ""));
}

fn check_starts_at(told: &mut Mistakes<'_>, raw: &RawScenario) {
    let Some(starts_at) = raw.starts_at.placed() else { return };
    if starts_at.value.parse::<jiff::Timestamp>().is_err() {
        let message =
            format!("expected a time such as `2023-01-25T06:45:00Z` (RFC 3339), found `{}`", starts_at.value);
        told.push(Diagnostic::error(Code::BadValue, message).at(starts_at.span, ""));
    }
}

fn lower_clock(told: &mut Mistakes<'_>, duration: Placed<Duration>, overrides: &Overrides) -> ScenarioClock {
    let mut clock = ScenarioClock::whole(duration.value);
    let lasts = |code, message: String| {
        Diagnostic::error(code, message).at(duration.span, "the scenario lasts so long")
    };
    if let Some(until) = overrides.until {
        if until > duration.value {
            let message = format!("`--until {}` lies beyond the end of the scenario", exact(until));
            told.push(lasts(Code::OutsideScenario, message));
        }
        clock.until = SimTime::after_start(until.min(duration.value));
    }
    if let Some(from) = overrides.from {
        if from >= clock.until.since_start() && !duration.value.is_zero() {
            let message = format!("`--from {}` leaves nothing of the scenario to play", exact(from));
            told.push(lasts(Code::OutsideScenario, message));
        }
        clock.from = SimTime::after_start(from.min(clock.until.since_start()));
    } else if overrides.until == Some(Duration::ZERO) {
        told.push(lasts(
            Code::OutsideScenario,
            "`--until 0s` leaves nothing of the scenario to play".to_owned(),
        ));
    }
    if let Some(speed) = overrides.speed {
        if (SPEED_MIN..=SPEED_MAX).contains(&speed) {
            clock.speed = speed;
        } else {
            let message =
                format!("expected a speed from {SPEED_MIN} to {SPEED_MAX}, found `--speed {speed}`");
            told.push(Diagnostic::error(Code::BadValue, message));
        }
    }
    clock
}
