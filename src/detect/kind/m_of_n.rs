//! M of N: fires while at least M of the last N datapoints breach, in a row or not.
//!
//! Without `period` a datapoint is a sample, and those before the first count as good. With `period` it is CloudWatch's: a
//! span of time that breaches if any of its samples failed (the statistic `Maximum` of failures, against 1), judged when it
//! is over. A period without a sample is missing data, treated in one of CloudWatch's four ways. CloudWatch then looks
//! further back, over an evaluation range of N periods and a few more: where it finds N real datapoints, the missing ones do
//! not count at all. Where it does not:
//!
//! | `missing_data` | a missing datapoint |
//! | --- | --- |
//! | `missing` | counts as nothing; the rule is silent when all are missing (`INSUFFICIENT_DATA`) |
//! | `ignore` | keeps the state as it was |
//! | `breaching` | fills up what is missing as bad |
//! | `not_breaching` | fills up what is missing as good |
//!
//! And a breach that is at least M periods old, with nothing but breaches and missing data after it, is an alarm even if
//! fewer than M datapoints are left (the "premature alarm" rule, for `missing` only; `ignore` keeps its state there).
//! Source: Amazon CloudWatch User Guide, *Configuring how CloudWatch alarms treat missing data*; its two tables are the test
//! below. Their range is 5 periods for N = 3, hence the two more here; the real one varies with the metric.
//!
//! The mean number of samples until it fires, for independent failures, comes from the chain of all windows as bit masks.

use std::time::Duration;

use std::collections::VecDeque;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::base::limits::DATAPOINTS_MAX;
use crate::base::{SimTime, Span};
use crate::detect::machine::Machine;
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Preset, Variants};

/// At least M of the last N.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MOfN {
    /// So many breaching datapoints make it fire (M).
    pub failures: NonZeroU32,
    /// Of so many last ones (N).
    pub of: NonZeroU32,
    /// A datapoint is a period of this length that breaches if any probe in it fails; without it, a datapoint is a probe.
    #[serde(default)]
    pub period: Option<Span>,
    /// What a period without a probe counts as.
    #[serde(default)]
    pub missing_data: MissingData,
}

/// What missing data counts as, in CloudWatch's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingData {
    /// As nothing; silent if there is nothing else.
    #[default]
    Missing,
    /// The state stays as it is.
    Ignore,
    /// As a failure.
    Breaching,
    /// As a success.
    NotBreaching,
}

/// Periods that CloudWatch looks further back than N.
const RANGE_MORE: usize = 2;

/// Datapoints that are samples.
#[derive(Clone, Debug)]
struct Samples {
    failures: u32,
    /// The last N outcomes, a ring.
    last: Box<[bool]>,
    next: usize,
    failed: u32,
}

/// Datapoints that are periods.
#[derive(Clone, Debug)]
struct Periods {
    spec: MOfN,
    nanos: u64,
    /// Datapoints of the evaluation range, the newest last; `None` is missing.
    range: VecDeque<Option<bool>>,
    /// The period under way: when it ends, and what is known of it.
    end: u64,
    current: Option<bool>,
    firing: bool,
}

// === impl MOfN ===

impl Kind for MOfN {
    const SOURCE: &'static str = "Amazon CloudWatch user guide, DatapointsToAlarm of EvaluationPeriods, and Configuring how CloudWatch alarms treat missing data";
    const EXAMPLE: &'static str = "{ failures: 3, of: 5 }";
    const PRESETS: &'static [Preset] = &[
        Preset {
            name: "rrdtool",
            parameters: r#"{"failures": 7, "of": 9}"#,
            source: "rrdcreate, aberrant behaviour detection: FAILURES has a threshold of 7 within a window of 9",
        },
        Preset {
            name: "dynatrace",
            parameters: r#"{"failures": 3, "of": 5, "period": "1m", "missing_data": "not_breaching"}"#,
            source: "Dynatrace, metric events: any 3 of a sliding window of 5 one-minute slots",
        },
    ];

    fn summary(&self) -> String {
        let Self { failures, of, .. } = self;
        match self.period {
            None => format!("{failures} of the last {of} probes failed"),
            Some(period) => format!("{failures} of the last {of} periods of {period} with a failure"),
        }
    }

    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
        let Self { failures, of, period, missing_data } = *self;
        let datapoints = match period {
            None => feed.samples_in(feed.lasts),
            Some(period) => {
                u64::try_from(feed.lasts.as_nanos() / period.get().as_nanos().max(1)).unwrap_or(u64::MAX)
            }
        };
        let never = |message: String| Contradiction::new(message);
        [
            Contradiction::unless(failures <= of, || {
                never(format!("{failures} of {of} can't be: the rule can never fire"))
                    .hint("exchange the two")
            }),
            Contradiction::unless(of.get() <= DATAPOINTS_MAX, || {
                never(format!("{of} datapoints are more than the {DATAPOINTS_MAX} that are remembered"))
            }),
            Contradiction::unless(u64::from(failures.get()) <= datapoints, || {
                let what = if period.is_some() { "whole periods" } else { "probes" };
                never(format!("the rule needs {failures} failures, and the scenario has {datapoints} {what}"))
            }),
            Contradiction::unless(period.is_none_or(|period| !period.get().is_zero()), || {
                never("a period of 0s holds no probes".to_owned()).hint("leave `period` out to count probes")
            }),
            Contradiction::unless(period.is_some() || missing_data == MissingData::Missing, || {
                never("without `period` no data can be missing: `missing_data` says nothing".to_owned())
                    .hint("add `period`, or leave `missing_data` out")
            }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn memory(&self, feed: &Feed) -> Duration {
        let datapoint = self.period.map_or(feed.every / feed.targets.max(1), Span::get);
        datapoint.saturating_mul(self.of.get() + RANGE_MORE as u32)
    }

    fn variants(&self) -> Variants<Self> {
        let counts =
            [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45, 60].into_iter().filter_map(NonZeroU32::new);
        let counts = counts.filter(|count| *count <= self.of);
        Variants::new("failures", counts, |failures| Self { failures, ..*self })
    }

    fn machine(&self, feed: &Feed) -> Box<dyn Machine> {
        let n = self.of.get().min(DATAPOINTS_MAX) as usize;
        let Some(period) = self.period else {
            let last = vec![false; n].into();
            return Box::new(Samples { failures: self.failures.get(), last, next: 0, failed: 0 });
        };
        let nanos = u64::try_from(period.get().as_nanos()).unwrap_or(u64::MAX).max(1);
        let end = (feed.from.as_nanos() / nanos + 1).saturating_mul(nanos);
        let range = std::iter::repeat_n(Some(false), n + RANGE_MORE).collect();
        Box::new(Periods { spec: *self, nanos, range, end, current: None, firing: false })
    }
}

// === impl Samples ===

impl Machine for Samples {
    fn observe(&mut self, sample: &Sample) -> bool {
        let oldest = std::mem::replace(&mut self.last[self.next], sample.failed);
        self.failed = self.failed + u32::from(sample.failed) - u32::from(oldest);
        self.next = if self.next + 1 == self.last.len() { 0 } else { self.next + 1 };
        self.failed >= self.failures
    }
}

// === impl Periods ===

impl Periods {
    /// Ends every period that is over at `now`.
    fn roll(&mut self, now: SimTime) {
        while self.end <= now.as_nanos() && self.end < u64::MAX {
            if self.settled() {
                let whole = (now.as_nanos() - self.end) / self.nanos;
                self.end = self.end.saturating_add(whole.saturating_mul(self.nanos));
            }
            self.range.pop_front();
            self.range.push_back(self.current.take());
            self.firing = self.judge();
            self.end = self.end.saturating_add(self.nanos);
        }
    }

    /// Whether nothing is known of the whole range: then a period without data changes nothing.
    fn settled(&self) -> bool {
        self.current.is_none() && self.range.iter().all(Option::is_none)
    }

    fn judge(&self) -> bool {
        let (m, n) = (self.spec.failures.get() as usize, self.spec.of.get() as usize);
        let real = self.range.iter().flatten().count();
        let breaching =
            |newest: usize| self.range.iter().rev().flatten().take(newest).filter(|b| **b).count();
        if real >= n {
            return breaching(n) >= m;
        }
        let bad = breaching(real);
        match self.spec.missing_data {
            MissingData::Breaching => bad + (n - real) >= m,
            MissingData::NotBreaching => bad >= m,
            MissingData::Missing => bad >= m || bad == real && self.oldest_age().is_some_and(|age| age >= m),
            MissingData::Ignore => bad >= m || bad == real && self.firing,
        }
    }

    /// How many periods ago the oldest real datapoint of the range is; the newest is 1.
    fn oldest_age(&self) -> Option<usize> {
        self.range.iter().position(Option::is_some).map(|place| self.range.len() - place)
    }
}

impl Machine for Periods {
    fn observe(&mut self, sample: &Sample) -> bool {
        self.roll(sample.at);
        self.current = Some(sample.failed || self.current == Some(true));
        self.firing
    }

    fn deadline(&self) -> Option<SimTime> {
        (!self.settled()).then_some(SimTime::from_nanos(self.end))
    }

    fn wake(&mut self, now: SimTime) -> bool {
        self.roll(now);
        self.firing
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::detect::testing::{changes, feed, play, sample, until_it_fires};

    fn rule(failures: u32, of: u32) -> MOfN {
        let count = |n| NonZeroU32::new(n).unwrap();
        MOfN { failures: count(failures), of: count(of), period: None, missing_data: MissingData::Missing }
    }

    #[test]
    fn order_does_not_matter_and_old_ones_leave() {
        assert_eq!(play(rule(2, 3), "x.x..xx..x"), "..!...!!..");
    }

    /// Exact means from the chain of bit masks, computed apart: 44.034 for 3 of 5 at 20 %, and so on.
    #[test]
    fn the_mean_number_of_samples_meets_the_chain() {
        for (m, n, f, expected) in [
            (2, 3, 0.2, 18.889),
            (2, 3, 0.1, 62.632),
            (3, 5, 0.2, 44.034),
            (4, 5, 0.5, 15.489),
            (3, 10, 0.1, 74.716),
            (5, 10, 0.2, 117.734),
        ] {
            until_it_fires(rule(m, n), f, 4_000).is_about(expected);
        }
    }

    /// The tables of the CloudWatch user guide, line by line: the range, oldest first (`0` good, `X` breaching, `-`
    /// missing), then the state for missing, ignore, breaching, not breaching; `=` is the state that it had.
    #[test]
    fn missing_data_is_treated_as_cloudwatch_has_it() {
        let three_of_three =
            [("0-X-X", "...."), ("----0", "...."), ("-----", ".=!."), ("0XX-X", "!!!!"), ("--X--", "!=!.")];
        let two_of_three =
            [("0-X-X", "!!!!"), ("00X0X", "!!!!"), ("0-X--", "..!."), ("----0", "..!."), ("---X-", "!=!.")];
        let modes =
            [MissingData::Missing, MissingData::Ignore, MissingData::Breaching, MissingData::NotBreaching];
        for (m, table) in [(3, three_of_three), (2, two_of_three)] {
            for (range, states) in table {
                for (missing_data, state) in modes.into_iter().zip(states.chars()) {
                    for before in [false, true] {
                        let datapoint = |c| match c {
                            '-' => None,
                            c => Some(c == 'X'),
                        };
                        let machine = Periods {
                            spec: MOfN { missing_data, ..rule(m, 3) },
                            nanos: 1,
                            range: range.chars().map(datapoint).collect(),
                            end: 0,
                            current: None,
                            firing: before,
                        };
                        let expected = if state == '=' { before } else { state == '!' };
                        assert_eq!(machine.judge(), expected, "{m} of 3: {range} {missing_data:?} {before}");
                    }
                }
            }
        }
    }

    /// Two periods of a minute are over when they breach, and no sooner; then nothing comes any more.
    #[test]
    fn a_period_is_judged_when_it_is_over() {
        let at = |outcomes: &[(u64, bool)], missing_data| {
            let period = Some(Span(Duration::from_secs(60)));
            let spec = MOfN { period, missing_data, ..rule(2, 2) };
            let mut detector = crate::detect::DetectorSpec::from(spec).detector(&feed());
            let samples = outcomes.iter().map(|(at, failed)| sample(SimTime::from_secs(*at), *failed));
            changes(&mut detector, samples, SimTime::from_secs(900))
        };
        let outage = [(10, false), (70, false), (100, true), (130, true), (150, false)];
        // As long as two real datapoints are in the range, they decide, whatever is missing after them.
        assert_eq!(at(&outage, MissingData::NotBreaching), [(180.0, true), (360.0, false)]);
        assert_eq!(at(&outage, MissingData::Ignore), [(180.0, true)]);
        // All of the range (four periods) must be missing until there is insufficient data.
        assert_eq!(at(&outage, MissingData::Missing), [(180.0, true), (420.0, false)]);
        let silence = [(10, false), (70, false)];
        assert_eq!(at(&silence, MissingData::Missing), []);
        let seen = at(&silence, MissingData::Breaching);
        assert_eq!(seen.len(), 1, "{seen:?}");
    }

    /// Periods of which nothing is known are not gone through one by one: a day of nanoseconds takes no time.
    #[test]
    fn a_long_silence_is_skipped() {
        for missing_data in [MissingData::Missing, MissingData::Breaching, MissingData::Ignore] {
            let spec = MOfN { period: Some(Span(Duration::from_nanos(1))), missing_data, ..rule(1, 1) };
            let mut detector = crate::detect::DetectorSpec::from(spec).detector(&feed());
            let at = SimTime::from_secs(86_400);
            let seen = changes(&mut detector, [sample(SimTime::ZERO, true), sample(at, true)], at);
            assert!((1..=2).contains(&seen.len()), "{missing_data:?}: {seen:?}");
        }
    }
}
