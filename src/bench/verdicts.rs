//! What a scenario expects of its detectors: asked of every replica, and decided over all of them.
//!
//! | expectation | met | failed | else |
//! | --- | --- | --- | --- |
//! | `fires` with a probability p | the interval of the share lies at p or above | it lies below p | undecided: more replicas |
//! | `fires` without one | it fires in every replica | in one it does not | |
//! | `stays_silent` | it fires in no replica | in one it does | |
//! | `false_alarms` | the interval of the rate lies at the bound or below | it lies above | undecided: more days |
//!
//! Intervals are of 95 %: Wilson's for a share, the exact one for a rate. Undecided counts as failed, and says how much more
//! would be needed. `fires` counts from the beginning of its window; without one, from the first impaired instant, and a
//! replica in which nothing is wrong says nothing of it. What only a real run can tell is left to one.

use std::sync::Arc;
use std::time::Duration;

use super::score::{Score, share};
use crate::base::limits::{BENCH_DAYS_MAX, BENCH_REPLICAS_MAX};
use crate::base::{Ratio, SimTime, format_duration};
use crate::event::{Found, Rate, Verdict, VerdictState, Window, two_figures};
use crate::scenario::expect::{AlarmCheck, Check, Expectation};
use crate::scenario::subject_text;
use crate::stats::{Z_95, poisson, wilson};

/// An expectation, and the detector of the benchmark that it is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'p> {
    expectation: &'p Expectation,
    /// Its place among the entrants; none, if it is about something else.
    pub(super) entrant: Option<usize>,
}

/// What a check comes to: the state, what was observed, and how far from the bound it lies.
type Finding = (VerdictState, String, Option<String>);

const DAY_SECONDS: f64 = 86_400.0;

/// How much more is tried at a time, to find out how much would decide.
const MORE: f64 = 1.1;

// === impl Ask ===

impl<'p> Ask<'p> {
    /// Asks after a detector by its name, if `place` knows one.
    pub(super) fn new(expectation: &'p Expectation, place: impl Fn(&str) -> Option<usize>) -> Self {
        let entrant = match &expectation.check {
            Check::Detector(name, _) => place(name),
            _ => None,
        };
        Self { expectation, entrant }
    }

    /// Whether a replica is as expected; none, if it says nothing about that. `windows` are those of its world.
    pub(super) fn answer(
        &self,
        windows: Option<&[Window]>,
        fired: bool,
        changes: &[(SimTime, bool)],
        score: &Score,
    ) -> Option<bool> {
        let Check::Detector(_, check) = &self.expectation.check else { return None };
        let within_a_window = || {
            let mut onsets = changes.iter().filter(|(_, firing)| *firing).map(|(at, _)| *at);
            let window = |at: SimTime| windows.into_iter().flatten().find(|window| window.contains(at));
            onsets.find_map(|at| window(at).map(|window| at.since(window.from)))
        };
        if windows.is_some_and(<[Window]>::is_empty) {
            return None;
        }
        match check {
            AlarmCheck::Fires { within, .. } => {
                if windows.is_none() && score.impaired.is_zero() {
                    return None;
                }
                let took = if windows.is_some() { within_a_window() } else { score.found };
                Some(took.is_some_and(|took| within.is_none_or(|within| took <= within)))
            }
            AlarmCheck::StaysSilent if windows.is_some() => Some(within_a_window().is_none()),
            AlarmCheck::StaysSilent => Some(!fired && score.alarms + score.false_alarms == 0),
            AlarmCheck::FalseAlarms { .. } => None,
        }
    }

    /// What came of it in all replicas, and on healthy days.
    pub(super) fn verdict(
        &self,
        answers: impl Iterator<Item = Option<bool>>,
        rate: Option<&Rate>,
    ) -> Verdict {
        let (state, observed, margin) = self.finding(answers, rate);
        Verdict {
            expectation: Arc::clone(&self.expectation.text),
            subject: subject_text(&self.expectation.check).into(),
            state,
            observed: observed.into(),
            margin: margin.map(Into::into),
            place: self.expectation.place,
        }
    }

    fn finding(&self, answers: impl Iterator<Item = Option<bool>>, rate: Option<&Rate>) -> Finding {
        let not_judged = |why: &str| (VerdictState::NotJudged, why.to_owned(), None);
        let Check::Detector(_, check) = &self.expectation.check else {
            return not_judged("only a run can tell: see `brownout run`");
        };
        if self.entrant.is_none() {
            return not_judged("this detector was not benchmarked");
        }
        if let AlarmCheck::FalseAlarms { at_most, per } = check {
            return of_rate(rate, *at_most, *per);
        }
        let (mut good, mut all, mut silent) = (0, 0, 0);
        for answer in answers {
            match answer {
                Some(as_expected) => {
                    good += u64::from(as_expected);
                    all += 1;
                }
                None => silent += 1,
            }
        }
        if all == 0 {
            let observed = "nothing was wrong in any replica: there was nothing to find";
            return (VerdictState::Undecided, observed.to_owned(), None);
        }
        let rest = if silent > 0 { format!("; nothing was wrong in {silent} more") } else { String::new() };
        let (state, observed, margin) = match check {
            AlarmCheck::Fires { probability: Some(share), .. } => of_share(good, all, *share),
            AlarmCheck::Fires { .. } => (met_if(good == all), format!("in {good} of {all} replicas"), None),
            _ if good == all => (VerdictState::Met, format!("in none of {all} replicas did it fire"), None),
            _ => (VerdictState::Failed, format!("fired in {} of {all} replicas", all - good), None),
        };
        (state, observed + &rest, margin)
    }
}

const fn met_if(met: bool) -> VerdictState {
    if met { VerdictState::Met } else { VerdictState::Failed }
}

/// A share of replicas against the least that it may be.
fn of_share(good: u64, all: u64, least: Ratio) -> Finding {
    let least = least.as_f64();
    let Found { low, high, .. } = share(good, all);
    let seen = good as f64 / all as f64;
    let [seen_text, low_text, high_text] = [seen, low, high].map(|share| format!("{:.1}%", share * 100.0));
    let mut observed = format!("in {good} of {all} replicas: {seen_text} (95%: {low_text} to {high_text})");
    let state = if low >= least {
        VerdictState::Met
    } else if high < least {
        VerdictState::Failed
    } else {
        let decides = |replicas: f64| {
            let interval = wilson((seen * replicas).round() as u64, replicas as u64, Z_95);
            interval.is_some_and(|interval| interval.low >= least || interval.high < least)
        };
        let replicas = enough(all as f64, BENCH_REPLICAS_MAX as f64, decides);
        observed += &would_decide(replicas, "replicas", "--replicas");
        VerdictState::Undecided
    };
    let side = if seen >= least { "above" } else { "below" };
    (state, observed, Some(format!("{:.1} points {side}", (seen - least).abs() * 100.0)))
}

/// A rate against the most that it may be.
fn of_rate(rate: Option<&Rate>, at_most: u64, per: Duration) -> Finding {
    let Some(rate) = rate else {
        let observed = "no healthy day was played: see `--healthy-days`";
        return (VerdictState::Undecided, observed.to_owned(), None);
    };
    let per_days = per.as_secs_f64() / DAY_SECONDS;
    let most = at_most as f64 / per_days;
    let [seen, low, high] =
        [rate.per_day, rate.low, rate.high].map(|per_day| two_figures(per_day * per_days));
    let (count, days, per) = (rate.count, rate.days, format_duration(per));
    let mut observed = format!("{count} on {days} healthy days: {seen} in {per} (95%: {low} to {high})");
    let state = if rate.high <= most {
        VerdictState::Met
    } else if rate.low > most {
        VerdictState::Failed
    } else {
        let decides = |days: f64| {
            let interval = poisson((rate.per_day * days).round() as u64, 0.95);
            interval.high / days <= most || interval.low / days > most
        };
        let days = enough(days, f64::from(BENCH_DAYS_MAX), decides);
        observed += &would_decide(days, "days", "--healthy-days");
        VerdictState::Undecided
    };
    (state, observed, None)
}

fn would_decide(amount: Option<u64>, what: &str, flag: &str) -> String {
    amount.map_or_else(
        || format!("; too near to be decided by more {what}"),
        |amount| format!("; about {amount} {what} would decide (`{flag}`)"),
    )
}

/// How much would decide, if what was seen stays as it is: to two figures, rounded up; none, if it is more than `most`.
fn enough(from: f64, most: f64, decides: impl Fn(f64) -> bool) -> Option<u64> {
    let two_figures = |amount: f64| {
        let unit = 10_f64.powf((amount.log10().floor() - 1.0).max(0.0));
        (amount / unit).ceil() * unit
    };
    let amounts = std::iter::successors(Some(from.max(1.0)), |amount| Some(amount * MORE));
    let mut told = amounts.map(two_figures).take_while(|amount| *amount <= most);
    told.find(|amount| decides(*amount)).map(|amount| amount as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::score::rate;
    use crate::bench::truth::Spans;

    fn secs(t: u64) -> SimTime {
        SimTime::from_secs(t)
    }

    fn percent(percent: u64) -> Ratio {
        Ratio::new(percent, 100).unwrap()
    }

    /// Wilson's interval for 100 of 100 begins at 100 / (100 + 3.84) = 96.3 %: enough for 95 %, not for 97 %, which
    /// 3.84 · 97 / 3 = 124 replicas would be.
    #[test]
    fn a_share_is_decided_by_its_interval() {
        let state = |good, all, least| of_share(good, all, percent(least)).0;
        assert_eq!(state(100, 100, 95), VerdictState::Met);
        assert_eq!(state(100, 100, 97), VerdictState::Undecided);
        assert_eq!(state(50, 100, 95), VerdictState::Failed);
        assert_eq!(state(93, 100, 95), VerdictState::Undecided);
        let (_, observed, margin) = of_share(100, 100, percent(97));
        assert!(observed.ends_with("; about 130 replicas would decide (`--replicas`)"), "{observed}");
        assert_eq!(margin.as_deref(), Some("3.0 points above"));
        let exactly = of_share(950, 1_000, percent(95)).1;
        assert!(exactly.ends_with("too near to be decided by more replicas"), "{exactly}");
    }

    /// What is told to be enough is enough: with the same share, that many replicas are decided.
    #[test]
    fn what_would_decide_does() {
        for (good, all, least) in [(93, 100, 95), (97, 100, 95), (10, 10, 99), (1, 10, 20)] {
            let (state, observed, _) = of_share(good, all, percent(least));
            assert_eq!(state, VerdictState::Undecided, "{observed}");
            let words = observed.split("about ").nth(1).unwrap();
            let replicas: u64 = words.split(' ').next().unwrap().parse().unwrap();
            let same = (good as f64 * replicas as f64 / all as f64).round() as u64;
            assert_ne!(of_share(same, replicas, percent(least)).0, VerdictState::Undecided, "{observed}");
        }
    }

    /// No alarm bounds the mean at 3.69: 30 days bound the rate at 3.69 in 30 days, 111 days at one.
    #[test]
    fn a_rate_is_decided_by_its_interval() {
        let month = Duration::from_secs(30 * 86_400);
        let state = |count, days| of_rate(Some(&rate(count, days)), 1, month).0;
        assert_eq!(state(0, 30.0), VerdictState::Undecided);
        assert_eq!(state(0, 111.0), VerdictState::Met);
        assert_eq!(state(5, 365.0), VerdictState::Met);
        assert_eq!(state(12, 365.0), VerdictState::Undecided);
        assert_eq!(state(60, 365.0), VerdictState::Failed);
        let observed = of_rate(Some(&rate(0, 30.0)), 1, month).1;
        assert_eq!(
            observed,
            "0 on 30 healthy days: 0 in 30d (95%: 0 to 3.7); about 120 days would decide (`--healthy-days`)"
        );
        assert_eq!(of_rate(None, 1, month).0, VerdictState::Undecided);
    }

    #[test]
    fn a_replica_is_asked_within_its_windows() {
        let truth = Spans(vec![(secs(100), secs(200))]);
        let changes = [(secs(20), true), (secs(30), false), (secs(130), true), (secs(300), false)];
        let score = Score::new(false, &changes, &truth);
        let quiet = Score::new(false, &[], &Spans::default());
        let window = |from, until| Window { from: secs(from), until: secs(until) };
        let answer = |check: AlarmCheck, windows: Option<&[Window]>, changes: &[_], score: &Score| {
            let check = Check::Detector("d".into(), check);
            let expectation = Expectation { check, windows: None, text: "as written".into(), place: None };
            Ask::new(&expectation, |_| Some(0)).answer(windows, false, changes, score)
        };
        let fires =
            |seconds| AlarmCheck::Fires { within: Some(Duration::from_secs(seconds)), probability: None };
        assert_eq!(answer(fires(30), None, &changes, &score), Some(true), "from the first impaired instant");
        assert_eq!(answer(fires(29), None, &changes, &score), Some(false));
        assert_eq!(answer(fires(29), None, &[], &quiet), None, "there was nothing to find");
        let windows = [window(120, 150)];
        assert_eq!(answer(fires(10), Some(&windows), &changes, &score), Some(true), "from the window on");
        assert_eq!(answer(fires(10), Some(&[]), &changes, &score), None, "never in force");
        assert_eq!(answer(AlarmCheck::StaysSilent, Some(&windows), &changes, &score), Some(false));
        assert_eq!(answer(AlarmCheck::StaysSilent, Some(&[window(40, 120)]), &changes, &score), Some(true));
        assert_eq!(answer(AlarmCheck::StaysSilent, None, &changes, &score), Some(false));
        assert_eq!(answer(AlarmCheck::StaysSilent, None, &[], &quiet), Some(true));
    }

    #[test]
    fn all_replicas_count_where_no_probability_is_given() {
        let verdict = |check: AlarmCheck, answers: &[Option<bool>]| {
            let check = Check::Detector("d".into(), check);
            let expectation = Expectation { check, windows: None, text: "as written".into(), place: None };
            let verdict = Ask::new(&expectation, |_| Some(0)).verdict(answers.iter().copied(), None);
            (verdict.state, verdict.observed.to_string())
        };
        let fires = || AlarmCheck::Fires { within: None, probability: None };
        let told = |state, text: &str| (state, text.to_owned());
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(verdict(fires(), &[yes, yes]), told(VerdictState::Met, "in 2 of 2 replicas"));
        assert_eq!(
            verdict(fires(), &[yes, no, None]),
            told(VerdictState::Failed, "in 1 of 2 replicas; nothing was wrong in 1 more")
        );
        assert_eq!(verdict(fires(), &[None]).0, VerdictState::Undecided);
        let silent = verdict(AlarmCheck::StaysSilent, &[yes, yes]);
        assert_eq!(silent, told(VerdictState::Met, "in none of 2 replicas did it fire"));
        assert_eq!(verdict(AlarmCheck::StaysSilent, &[yes, no]).0, VerdictState::Failed);
    }
}
