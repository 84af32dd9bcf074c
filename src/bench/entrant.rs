//! Entrants: what a benchmark compares, whatever kind of rule it is, and a judge at work, which sees samples and says what
//! fires.
//!
//! An entrant has one row in the table for each thing that may fire by itself. A judge is deterministic, bounded, and
//! its clone goes on from the same state: it is warmed once and cloned for each trial.

use std::time::Duration;

use super::matrix::BenchError;
use super::ruling::{Ruling, summary};
use super::series::Scrapes;
use super::world::Watched;
use crate::base::SimTime;
use crate::base::limits::BENCH_HISTORY_MAX;
use crate::detect::{Detector, DetectorSpec, Feed, Sample};
use crate::scenario::RulePlan;

/// Something that is compared on the probes of one monitor.
#[derive(Clone, Debug)]
pub(super) struct Entrant {
    /// Its monitor's place.
    pub(super) monitor: usize,
    /// What may fire, in the order of the table: at least one row.
    pub(super) rows: Vec<Row>,
    rule: Rule,
}

/// What may fire.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    /// In one line.
    pub(super) rule: String,
}

#[derive(Clone, Debug)]
enum Rule {
    Detector(DetectorSpec),
    Prometheus(RulePlan),
}

/// An entrant at work.
#[derive(Clone, Debug)]
pub(super) enum Judge {
    Detector(Detector),
    Rules(Box<Ruling>),
}

/// When a row began or ceased to fire, in order.
pub(super) type Changes = Vec<(SimTime, bool)>;

// === impl Entrant ===

impl Entrant {
    /// A detector on the monitor at that place.
    pub(super) fn detector(name: impl Into<String>, spec: DetectorSpec, monitor: usize) -> Self {
        let row = Row { name: name.into(), rule: spec.summary() };
        Self { monitor, rows: vec![row], rule: Rule::Detector(spec) }
    }

    /// Prometheus rules on their monitor.
    pub(super) fn rules(plan: &RulePlan) -> Self {
        let row = |row: &crate::scenario::RuleRow| Row {
            name: row.name.to_string(),
            rule: summary(&plan.file, row),
        };
        let rows = plan.rows.iter().map(row).collect();
        Self { monitor: plan.monitor, rows, rule: Rule::Prometheus(plan.clone()) }
    }

    /// The detector that it is, if it is one: Prometheus rules have no main parameter.
    pub(super) const fn spec(&self) -> Option<&DetectorSpec> {
        match &self.rule {
            Rule::Detector(spec) => Some(spec),
            Rule::Prometheus(_) => None,
        }
    }

    /// Whether it can be judged on such a monitor, which is played for so long at once.
    pub(super) fn check(&self, watched: &Watched, at_once: Duration) -> Result<(), BenchError> {
        let Rule::Prometheus(plan) = &self.rule else { return Ok(()) };
        let fits = Scrapes::new(watched, Some(&plan.file))
            .fits(plan.file.reach().unwrap_or(BENCH_HISTORY_MAX) + at_once, watched.every);
        let why = if watched.probe.timeout > watched.every {
            "its timeout is longer than its interval, which Prometheus allows no scrape"
        } else if !fits {
            "its targets, its interval and the longest window make more samples than a store holds (RULE_SAMPLES_MAX)"
        } else {
            return Ok(());
        };
        Err(BenchError::Unscrapable { monitor: watched.name.clone(), why })
    }

    /// Whether it judges each target by itself; of Prometheus rules, their expressions tell.
    pub(super) fn tells_targets_apart(&self) -> Option<bool> {
        match &self.rule {
            Rule::Detector(spec) => Some(spec.tells_targets_apart()),
            Rule::Prometheus(_) => None,
        }
    }

    /// How far it looks back on such a monitor.
    pub(super) fn memory(&self, watched: &Watched, lasts: Duration) -> Duration {
        match &self.rule {
            Rule::Detector(spec) => spec.memory(&feed(watched, lasts)),
            Rule::Prometheus(plan) => plan.file.memory().unwrap_or(BENCH_HISTORY_MAX),
        }
    }

    /// It at work, before it has seen anything.
    pub(super) fn judge(&self, watched: &Watched, lasts: Duration) -> Judge {
        match &self.rule {
            Rule::Detector(spec) => Judge::Detector(spec.detector(&feed(watched, lasts))),
            Rule::Prometheus(plan) => Judge::Rules(Box::new(Ruling::new(plan, watched))),
        }
    }
}

// === impl Judge ===

impl Judge {
    /// Whether each row fires.
    pub(super) fn firing(&self) -> Vec<bool> {
        match self {
            Self::Detector(detector) => vec![detector.firing()],
            Self::Rules(ruling) => ruling.firing(),
        }
    }

    /// Takes these samples, and time until just before `end`; what each row becomes.
    pub(super) fn observe(&mut self, samples: &[Sample], end: SimTime) -> Vec<Changes> {
        match self {
            Self::Detector(detector) => {
                let mut changes = Changes::new();
                for sample in samples {
                    detector.observe(sample, |change| changes.push((change.at, change.firing)));
                }
                detector.advance(end, |change| changes.push((change.at, change.firing)));
                vec![changes]
            }
            Self::Rules(ruling) => ruling.observe(samples, end),
        }
    }
}

/// Each entrant with the number of its first row.
pub(super) fn numbered(entrants: &[Entrant]) -> impl Iterator<Item = (usize, &Entrant)> {
    entrants.iter().scan(0, |next, entrant| {
        let first = *next;
        *next += entrant.rows.len();
        Some((first, entrant))
    })
}

/// How many rows all of them have.
pub(super) fn row_count(entrants: &[Entrant]) -> usize {
    entrants.iter().map(|entrant| entrant.rows.len()).sum()
}

pub(super) fn feed(watched: &Watched, lasts: Duration) -> Feed {
    Feed { targets: watched.targets.len() as u32, ..Feed::of_one(watched.every, SimTime::ZERO, lasts) }
}
