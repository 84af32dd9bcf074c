//! The scenario's clock: time of day where `starts_at` gives one, else time since the beginning.

use std::time::Duration;

use jiff::Timestamp;

use crate::base::{SimTime, format_duration};

/// How instants are called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The time of day (UTC) at t = 0.
    day: Option<Duration>,
}

/// Distances between the labels of an axis that people can count in, in milliseconds.
const STEPS_MS: [u64; 26] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000,
    300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 86_400_000,
];

const DAY_NANOS: u128 = 86_400_000_000_000;

// === impl Clock ===

impl Clock {
    pub(super) fn new(starts_at: Option<&str>) -> Self {
        let stamp = starts_at.and_then(|text| text.parse::<Timestamp>().ok());
        let day = stamp.map(|stamp| stamp.as_nanosecond().rem_euclid(DAY_NANOS.cast_signed()) as u64);
        Self { day: day.map(Duration::from_nanos) }
    }

    /// What the labels mean.
    pub(super) const fn zone(self) -> &'static str {
        if self.day.is_some() { "UTC" } else { "since the beginning" }
    }

    /// To the microsecond: `07:08:00.000123`.
    pub(super) fn exact(self, at: SimTime) -> String {
        let nanos = self.nanos(at);
        format!("{}.{:06}", Self::hands(nanos), nanos % 1_000_000_000 / 1_000)
    }

    /// To the second, or to the minute where that is all: `07:08`, `07:08:30`, `23m`.
    pub(super) fn short(self, at: SimTime) -> String {
        if self.day.is_none() {
            return format_duration(at.since_start());
        }
        let nanos = self.nanos(at);
        let hands = Self::hands(nanos);
        if !nanos.is_multiple_of(1_000_000_000) {
            return format!("{hands}.{:03}", nanos % 1_000_000_000 / 1_000_000);
        }
        if nanos.is_multiple_of(60_000_000_000) { hands[..hands.len() - 3].to_owned() } else { hands }
    }

    /// At most `most` instants of a window to be labelled, in steps that people count in.
    pub(super) fn ticks(self, from: SimTime, until: SimTime, most: usize) -> Vec<(SimTime, String)> {
        let span = u64::try_from(until.since(from).as_millis()).unwrap_or(u64::MAX);
        let step = STEPS_MS.into_iter().find(|step| span / step < most.max(1) as u64);
        let step = Duration::from_millis(step.unwrap_or(span.max(1))).as_nanos();
        // Full hours of the day, not of the scenario.
        let offset = self.day.map_or(0, |day| day.as_nanos());
        let first = (u128::from(from.as_nanos()) + offset).div_ceil(step);
        let instants = (first..).map(|n| SimTime::from_nanos((n * step - offset) as u64));
        let within = instants.take_while(|at| *at <= until).take(most.max(1));
        within.map(|at| (at, self.short(at))).collect()
    }

    fn nanos(self, at: SimTime) -> u128 {
        match self.day {
            Some(day) => (day.as_nanos() + u128::from(at.as_nanos())) % DAY_NANOS,
            None => u128::from(at.as_nanos()),
        }
    }

    fn hands(nanos: u128) -> String {
        let seconds = nanos / 1_000_000_000;
        format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_the_day_and_one_of_the_scenario() {
        let labels = |clock: Clock, from: u64, until: u64| -> Vec<String> {
            let ticks = clock.ticks(SimTime::from_secs(from), SimTime::from_secs(until), 5);
            ticks.into_iter().map(|(_, label)| label).collect()
        };
        let day = Clock::new(Some("2023-01-25T06:45:00Z"));
        assert_eq!(day.exact(SimTime::from_millis(1_380_001)), "07:08:00.001000");
        assert_eq!(labels(day, 0, 22_500), ["08:00", "10:00", "12:00"]);
        assert_eq!(labels(day, 1_380, 1_384), ["07:08", "07:08:01", "07:08:02", "07:08:03", "07:08:04"]);
        assert_eq!(
            labels(Clock::new(Some("2023-01-25T23:30:00+01:00")), 0, 7_200),
            ["22:30", "23:00", "23:30", "00:00", "00:30"]
        );
        let plain = Clock::new(None);
        assert_eq!(plain.exact(SimTime::from_millis(1_380_001)), "00:23:00.001000");
        assert_eq!(labels(plain, 0, 22_500), ["0s", "2h", "4h", "6h"]);
        assert_eq!(labels(plain, 7, 7), ["7s"]);
    }
}
