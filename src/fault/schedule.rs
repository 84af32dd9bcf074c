//! When a fault is in force, and how much: `at`, `for`, `every` + `repeat`, ramps, random bursts.
//!
//! A schedule becomes a timeline of levels. A window begins at `at` and lasts `for` (to the end of the scenario, if not
//! given); `every` repeats it. Within a window a ramp raises the level in steps of a hundredth, and lowers it again before
//! the end; bursts switch it on and off at random instead, with exponentially distributed times around their means,
//! beginning with an off time. Bursts are drawn once from the fault's own stream: every reader sees the same ones.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::shorthand::two_forms;
use crate::base::limits::{RAMP_STEP_MIN, TIMELINE_CHANGES_MAX};
use crate::base::{DurationError, Ratio, SimTime, Span, Stream, Timeline, TooManyChanges, format_duration};

/// How much a fault is in force: a whole number of percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(u8);

/// When a fault is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The first window begins.
    pub at: Duration,
    /// Each window lasts so long; to the end, if not given.
    pub lasts: Option<Duration>,
    /// A window begins every so often.
    pub every: Option<Duration>,
    /// So many windows at most.
    pub repeat: Option<u32>,
    /// Within a window the level rises and falls.
    pub ramp: Option<Ramp>,
    /// Within a window the fault comes and goes at random.
    pub bursts: Option<Bursts>,
}

/// How the level rises at the beginning of a window and falls at its end. The short form is a rise without a fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp {
    /// It rises so long.
    pub up: Duration,
    /// It falls so long, ending with the window.
    pub down: Duration,
}

/// The mapping form of [`Ramp`].
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RampFields {
    /// The level rises so long at the beginning of a window.
    #[serde(default)]
    up: Span,
    /// The level falls so long at the end of a window.
    #[serde(default)]
    down: Span,
}

two_forms!(Ramp, RampFields, "a duration such as `30s`, or `{ up, down }`", "30s");

/// Random on and off times, exponentially distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bursts {
    /// Mean time in force.
    #[serde(rename = "mean_active")]
    pub on: Span,
    /// Mean time between.
    #[serde(rename = "mean_pause")]
    pub off: Span,
}

/// A schedule that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// `every` without `for`.
    #[error("`every` repeats a window, and `for` says how long each lasts: it is missing")]
    EveryWithoutFor,
    /// `repeat` without `every`.
    #[error("`repeat` counts the windows of `every`, and there is no `every`")]
    RepeatWithoutEvery,
    /// `repeat: 0`.
    #[error("`repeat: 0` means never")]
    RepeatZero,
    /// A window longer than its period.
    #[error("each window lasts {lasts}, longer than the {every} between two of them", lasts = format_duration(*.lasts), every = format_duration(*.every))]
    WindowsOverlap {
        /// `for`.
        lasts: Duration,
        /// `every`.
        every: Duration,
    },
    /// A window of no length.
    #[error("`for: 0s` is never in force")]
    NoLength,
    /// `every: 0s`.
    #[error("`every: 0s` has no end")]
    NoPeriod,
    /// A ramp longer than its window.
    #[error("the ramp takes {ramp}, longer than the window of {window}", ramp = format_duration(*.ramp), window = format_duration(*.window))]
    RampTooLong {
        /// Up and down together.
        ramp: Duration,
        /// The window.
        window: Duration,
    },
    /// Both a ramp and bursts.
    #[error("a fault has either a `ramp` or `bursts`")]
    RampAndBursts,
    /// Bursts of no length.
    #[error("bursts need a mean time above 0s in force and between")]
    BurstsWithoutLength,
    /// Too many changes.
    #[error("this schedule changes more than {TIMELINE_CHANGES_MAX} times (`TIMELINE_CHANGES_MAX`)")]
    TooManyChanges,
}

// === impl Level ===

impl Level {
    /// Not in force.
    pub const ZERO: Self = Self(0);
    /// Fully in force.
    pub const FULL: Self = Self(100);

    /// So many percent, at most 100.
    pub const fn percent(percent: u8) -> Self {
        Self(if percent > 100 { 100 } else { percent })
    }

    /// Whether the fault is not in force.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether it is fully in force.
    pub const fn is_full(self) -> bool {
        self.0 == 100
    }

    /// From 0 to 1.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// In percent.
    pub const fn as_percent(self) -> u8 {
        self.0
    }

    /// How many of the 256 buckets a `share` takes at this level.
    pub fn of_share(self, share: Ratio) -> u16 {
        let full = share.of(256);
        ((full * u64::from(self.0) + 50) / 100) as u16
    }
}

// === impl Ramp ===

impl From<RampFields> for Ramp {
    fn from(fields: RampFields) -> Self {
        Self { up: fields.up.get(), down: fields.down.get() }
    }
}

impl FromStr for Ramp {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        text.parse().map(|up: Span| Self { up: up.get(), down: Duration::ZERO })
    }
}

// === impl Schedule ===

impl Schedule {
    /// The levels of a scenario that ends at `end`; nothing is in force from there on. `stream` draws the bursts.
    pub fn levels(&self, end: SimTime, stream: &mut Stream) -> Result<Timeline<Level>, ScheduleError> {
        self.check()?;
        let mut changes = Vec::new();
        for (from, until) in self.windows(end) {
            self.fill(from, until, stream, &mut changes);
            if changes.len() > TIMELINE_CHANGES_MAX {
                return Err(ScheduleError::TooManyChanges);
            }
        }
        Timeline::new(Level::ZERO, changes).map_err(|TooManyChanges| ScheduleError::TooManyChanges)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        if self.lasts == Some(Duration::ZERO) {
            return Err(ScheduleError::NoLength);
        }
        match (self.every, self.lasts) {
            (Some(Duration::ZERO), _) => return Err(ScheduleError::NoPeriod),
            (Some(_), None) => return Err(ScheduleError::EveryWithoutFor),
            (Some(every), Some(lasts)) if lasts > every => {
                return Err(ScheduleError::WindowsOverlap { lasts, every });
            }
            (None, _) if self.repeat.is_some() => return Err(ScheduleError::RepeatWithoutEvery),
            _ => {}
        }
        if self.repeat == Some(0) {
            return Err(ScheduleError::RepeatZero);
        }
        if let (Some(ramp), Some(window)) = (self.ramp, self.lasts)
            && ramp.up.saturating_add(ramp.down) > window
        {
            return Err(ScheduleError::RampTooLong { ramp: ramp.up.saturating_add(ramp.down), window });
        }
        match self.bursts {
            Some(_) if self.ramp.is_some() => Err(ScheduleError::RampAndBursts),
            Some(bursts) if bursts.on.get().is_zero() || bursts.off.get().is_zero() => {
                Err(ScheduleError::BurstsWithoutLength)
            }
            _ => Ok(()),
        }
    }

    /// The windows that begin before `end`, cut off there. Lazy: a mistaken schedule may have billions.
    fn windows(&self, end: SimTime) -> impl Iterator<Item = (SimTime, SimTime)> {
        let count = match self.every {
            None => 1,
            Some(_) => self.repeat.unwrap_or(u32::MAX),
        };
        let first = SimTime::after_start(self.at);
        let period = self.every.unwrap_or_default();
        let lasts = self.lasts;
        (0..count)
            .map(move |n| first.plus(period.saturating_mul(n)))
            .take_while(move |from| *from < end)
            .map(move |from| (from, lasts.map_or(end, |lasts| from.plus(lasts).min(end))))
    }

    fn fill(&self, from: SimTime, until: SimTime, stream: &mut Stream, changes: &mut Vec<(SimTime, Level)>) {
        if let Some(bursts) = self.bursts {
            fill_with_bursts(bursts, from, until, stream, changes);
        } else {
            let ramp = self.ramp.unwrap_or(Ramp { up: Duration::ZERO, down: Duration::ZERO });
            push_slope(from, ramp.up, |level| level, changes);
            changes.push((from.plus(ramp.up), Level::FULL));
            push_slope(until.minus(ramp.down), ramp.down, |level| 100 - level, changes);
        }
        changes.push((until, Level::ZERO));
    }
}

/// Steps of a slope that begins at `from` and takes `length`: none where it takes no time.
fn push_slope(
    from: SimTime,
    length: Duration,
    level: impl Fn(u8) -> u8,
    changes: &mut Vec<(SimTime, Level)>,
) {
    let steps = (length.as_nanos() / RAMP_STEP_MIN.as_nanos()).min(100) as u32;
    for step in 0..steps {
        // The middle of the step, so that the staircase and the straight line have the same area.
        let percent = (200 * step + 100) / (2 * steps);
        changes.push((from.plus(length * step / steps), Level(level(percent as u8).clamp(1, 100))));
    }
}

fn fill_with_bursts(
    bursts: Bursts,
    from: SimTime,
    until: SimTime,
    stream: &mut Stream,
    changes: &mut Vec<(SimTime, Level)>,
) {
    // At least a microsecond, so that the number of draws is bounded whatever they are.
    let mut exponential = |mean: Span| mean.get().mul_f64(-stream.unit().ln()).max(Duration::from_micros(1));
    let mut t = from;
    loop {
        t = t.plus(exponential(bursts.off));
        let burst_end = t.plus(exponential(bursts.on)).min(until);
        if t >= until || changes.len() > TIMELINE_CHANGES_MAX {
            return;
        }
        changes.push((t, Level::FULL));
        changes.push((burst_end, Level::ZERO));
        t = burst_end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Label, Seed};

    fn levels(schedule: Schedule, end: u64) -> Result<Vec<(u64, u8)>, ScheduleError> {
        let mut stream = Seed(1).stream(Label::new("schedule"));
        let levels = schedule.levels(SimTime::from_secs(end), &mut stream)?;
        Ok(levels.pieces().map(|(from, _, level)| (from.as_nanos() / 1_000_000, level.0)).collect())
    }

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn windows_repeat_and_end_with_the_scenario() {
        let schedule =
            Schedule { at: secs(2), lasts: Some(secs(3)), every: Some(secs(5)), ..Schedule::default() };
        let windows =
            vec![(0, 0), (2_000, 100), (5_000, 0), (7_000, 100), (10_000, 0), (12_000, 100), (13_000, 0)];
        assert_eq!(levels(schedule, 13).unwrap(), windows);
        let twice = Schedule { repeat: Some(2), ..schedule };
        assert_eq!(levels(twice, 13).unwrap(), windows[..5]);
        let for_ever = Schedule { at: secs(2), ..Schedule::default() };
        assert_eq!(levels(for_ever, 13).unwrap(), [(0, 0), (2_000, 100), (13_000, 0)]);
    }

    /// Windows that touch are one: nothing changes between them.
    #[test]
    fn windows_that_touch_are_one() {
        let schedule = Schedule { lasts: Some(secs(5)), every: Some(secs(5)), ..Schedule::default() };
        assert_eq!(levels(schedule, 20).unwrap(), [(0, 100), (20_000, 0)]);
    }

    #[test]
    fn a_ramp_rises_and_falls_in_steps() {
        let ramp = Ramp { up: Duration::from_millis(200), down: Duration::from_millis(100) };
        let schedule =
            Schedule { at: secs(1), lasts: Some(secs(1)), ramp: Some(ramp), ..Schedule::default() };
        let steps = [
            (0, 0),
            (1_000, 12),
            (1_050, 37),
            (1_100, 62),
            (1_150, 87),
            (1_200, 100),
            (1_900, 75),
            (1_950, 25),
            (2_000, 0),
        ];
        assert_eq!(levels(schedule, 5).unwrap(), steps);
    }

    /// Over a long scenario, the share of time in force is on / (on + off), here a quarter.
    #[test]
    fn bursts_keep_their_means() {
        let bursts = Bursts { on: Span(secs(5)), off: Span(secs(15)) };
        let schedule = Schedule { bursts: Some(bursts), ..Schedule::default() };
        let end = SimTime::from_secs(100_000);
        let line = schedule.levels(end, &mut Seed(3).stream(Label::new("bursts"))).unwrap();
        let on: f64 = line
            .pieces()
            .filter(|(_, _, level)| level.is_full())
            .map(|(from, until, _)| until.unwrap_or(end).since(from).as_secs_f64())
            .sum();
        assert!((on / 100_000.0 - 0.25).abs() < 0.02, "{on}");
    }

    #[test]
    fn contradictions_are_told() {
        let every = Some(secs(5));
        let cases = [
            (Schedule { every, ..Schedule::default() }, ScheduleError::EveryWithoutFor),
            (Schedule { repeat: Some(2), ..Schedule::default() }, ScheduleError::RepeatWithoutEvery),
            (
                Schedule { lasts: Some(secs(6)), every, ..Schedule::default() },
                ScheduleError::WindowsOverlap { lasts: secs(6), every: secs(5) },
            ),
            (Schedule { lasts: Some(Duration::ZERO), ..Schedule::default() }, ScheduleError::NoLength),
            (
                Schedule { lasts: Some(secs(1)), every: Some(Duration::ZERO), ..Schedule::default() },
                ScheduleError::NoPeriod,
            ),
        ];
        for (schedule, error) in cases {
            assert_eq!(levels(schedule, 10), Err(error));
        }
    }

    /// A million windows are refused by name, quickly and in bounded memory.
    #[test]
    fn an_absurd_schedule_is_refused() {
        let tick = Duration::from_nanos(2);
        let lasts = Some(Duration::from_nanos(1));
        let schedule = Schedule { lasts, every: Some(tick), ..Schedule::default() };
        assert_eq!(levels(schedule, 86_400), Err(ScheduleError::TooManyChanges));
    }
}
