//! Scores: what became of each replica, and what all of them say about a detector.
//!
//! Time to detect runs from the first impaired instant to the first alarm after it that an impairment explains. An alarm that
//! fires already then is a false one; a detector that never fires is a miss, which counts as longer than all others. An alarm
//! that no impairment explains is false wherever it is.

use std::time::Duration;

use super::truth::Spans;
use crate::base::SimTime;
use crate::event::{DetectorScores, Found, Rate, Times};
use crate::stats::{Z_95, censored_quantile, poisson, wilson};

/// One detector in one replica.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Score {
    /// From the first impaired instant to its alarm.
    pub(super) found: Option<Duration>,
    /// Alarms that an impairment explains.
    pub(super) alarms: u32,
    /// Alarms that none explains.
    pub(super) false_alarms: u32,
    /// From the last impaired instant to its silence; none, if it still fired at the end.
    pub(super) resolved: Option<Duration>,
    /// From the first impaired instant to the last; zero, if there is none.
    pub(super) impaired: Duration,
}

// === impl Score ===

impl Score {
    /// Of changes in scenario time, of a detector that fired at its beginning or not.
    pub(super) fn new(fired: bool, changes: &[(SimTime, bool)], truth: &Spans) -> Self {
        let mut score = Self::default();
        let onsets = changes.iter().filter(|(_, firing)| *firing).map(|(at, _)| *at);
        let (explained, unexplained): (Vec<SimTime>, Vec<SimTime>) =
            onsets.partition(|at| truth.explain(*at));
        score.false_alarms = unexplained.len() as u32 + u32::from(fired);
        score.alarms = explained.len() as u32;
        if let (Some((first, _)), Some((_, last))) = (truth.0.first(), truth.0.last()) {
            score.impaired = last.since(*first);
            score.found = explained.first().map(|at| at.since(*first));
            let firing =
                |t| changes.iter().take_while(|(at, _)| *at <= t).last().map_or(fired, |(_, on)| *on);
            let silent = |&&(at, on): &&(SimTime, bool)| at > *last && !on;
            score.resolved = if firing(*last) {
                changes.iter().find(silent).map(|(at, _)| at.since(*last))
            } else {
                Some(Duration::ZERO)
            };
        }
        score
    }
}

/// So many of so many, with Wilson's interval.
pub(super) fn share(count: u64, of: u64) -> Found {
    let (low, high) = wilson(count, of, Z_95).map_or((0.0, 1.0), |interval| (interval.low, interval.high));
    Found { count, of, low, high }
}

/// Steps of a curve of detection.
const STEPS_MAX: usize = 100;

/// The share of `all` that was found by then, at up to a hundred of these times, which are sorted.
fn found_after(seconds: &[f64], all: usize) -> Vec<(f64, f64)> {
    let steps = seconds.len().min(STEPS_MAX);
    let step = |n: usize| {
        let count = (n * seconds.len()).div_ceil(steps);
        (seconds[count - 1], count as f64 / all as f64)
    };
    (1..=steps).map(step).collect()
}

/// The quantile `q` of `all` times of which these, sorted, are known.
pub(super) fn times(seconds: &[f64], all: usize, q: f64) -> Times {
    let quantile = censored_quantile(seconds, all, q);
    Times { value: quantile.value, low: quantile.low, high: quantile.high }
}

/// So many in so many days, with the exact interval.
pub(super) fn rate(count: u64, days: f64) -> Rate {
    let interval = poisson(count, 0.95);
    let per_day = |count: f64| if days > 0.0 { count / days } else { f64::INFINITY };
    let (low, high) = (per_day(interval.low), per_day(interval.high));
    Rate { count, days, per_day: per_day(count as f64), low, high }
}

/// What the scores of all replicas say about a detector. What it finds is of those in which its monitor was impaired.
pub(super) fn detector_scores(
    (name, rule, monitor): (String, String, Option<String>),
    scores: &[Score],
    deadlines: &[Duration],
    false_alarms: Option<Rate>,
) -> DetectorScores {
    let seconds = |times: Vec<Duration>| -> Vec<f64> {
        let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        seconds
    };
    let all = scores.iter().filter(|score| !score.impaired.is_zero()).count();
    let found = seconds(scores.iter().filter_map(|score| score.found).collect());
    let unexplained: u64 = scores.iter().map(|score| u64::from(score.false_alarms)).sum();
    let unexplained =
        (monitor.is_some() && !scores.is_empty()).then(|| unexplained as f64 / scores.len() as f64);
    let fired: Vec<&Score> = scores.iter().filter(|score| score.found.is_some()).collect();
    let resolved = seconds(fired.iter().filter_map(|score| score.resolved).collect());
    let within = |deadline: &Duration| {
        let limit = deadline.as_secs_f64();
        let count = found.partition_point(|seconds| *seconds <= limit);
        (limit, share(count as u64, all as u64))
    };
    let alarms: u32 = fired.iter().map(|score| score.alarms).sum();
    DetectorScores {
        name,
        rule,
        monitor,
        watches: None,
        found: share(found.len() as u64, all as u64),
        median: times(&found, all, 0.5),
        p90: times(&found, all, 0.9),
        within: deadlines.iter().map(within).collect(),
        false_alarms,
        alarms: (!fired.is_empty()).then(|| f64::from(alarms) / fired.len() as f64),
        unexplained,
        resolved: times(&resolved, fired.len(), 0.5),
        found_after: found_after(&found, all),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(t: u64) -> SimTime {
        SimTime::from_secs(t)
    }

    #[test]
    fn time_runs_from_the_first_impaired_instant() {
        let truth = Spans(vec![(secs(1_000), secs(2_000)), (secs(5_000), secs(6_000))]);
        let changes = [
            (secs(500), true),
            (secs(600), false),
            (secs(1_100), true),
            (secs(1_900), false),
            (secs(5_500), true),
            (secs(6_400), false),
            (secs(9_000), true),
        ];
        let score = Score::new(false, &changes, &truth);
        assert_eq!(score.found, Some(Duration::from_secs(100)));
        assert_eq!((score.alarms, score.false_alarms), (2, 2));
        assert_eq!(score.resolved, Some(Duration::from_secs(400)));
        // One that fired before is false, and found is only what fires anew.
        let before = Score::new(true, &[(secs(3_000), false)], &truth);
        assert_eq!((before.found, before.false_alarms), (None, 1));
        // Windows look back: five minutes after the end are explained, more are not.
        assert!(Score::new(false, &[(secs(2_299), true)], &truth).found.is_some());
        assert!(Score::new(false, &[(secs(2_301), true)], &truth).found.is_none());
        assert_eq!(Score::new(false, &[(secs(5_900), true)], &truth).resolved, None, "it fires to the end");
    }

    #[test]
    fn misses_are_longer_than_all_others() {
        let missed = Score { impaired: Duration::from_secs(100), ..Score::default() };
        let found = |seconds| Score { found: Some(Duration::from_secs(seconds)), ..missed };
        let scores: Vec<Score> = (1..=60).map(found).chain(std::iter::repeat_n(missed, 40)).collect();
        let deadlines = [Duration::from_secs(30)];
        let report = detector_scores(Default::default(), &scores, &deadlines, Some(rate(0, 30.0)));
        assert_eq!((report.found.count, report.found.of), (60, 100));
        assert_eq!((report.median.value, report.p90.value), (Some(50.0), None));
        assert_eq!(report.within[0].1.count, 30);
        let told = report.false_alarms.unwrap();
        assert!((told.high - 0.123).abs() < 0.001, "none in 30 days bounds the rate: {told:?}");
    }
}
