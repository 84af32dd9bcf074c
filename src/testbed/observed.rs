//! `Observed`: what happened, for a test to look at. `Record` writes it down while it happens.

use crate::base::SimTime;
use crate::base::limits::TESTBED_EVENTS_MAX;
use crate::event::{ConnectionEnded, Entry, Event, Probe, RunEnd, Sink, Verdict};
use crate::judge::Judge;
use crate::scenario::expect::Expectation;

/// What was observed.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Every event, in order; the first [`TESTBED_EVENTS_MAX`] of them.
    pub events: Vec<Entry>,
    /// What came of each expectation of the scenario, and of what every scenario implies.
    pub verdicts: Vec<Verdict>,
    /// Why it ended.
    pub reason: RunEnd,
    /// Events beyond [`TESTBED_EVENTS_MAX`], and those that a full queue lost: above zero, the rest is incomplete.
    pub events_missing: u64,
}

/// Keeps events and judges them.
#[derive(Debug)]
pub(super) struct Record {
    judge: Judge,
    events: Vec<Entry>,
    beyond: u64,
}

// === impl Observed ===

impl Observed {
    /// The connections that have ended, in the order of their ends, with who ended them and what faults did to them.
    pub fn connections(&self) -> impl Iterator<Item = &ConnectionEnded> {
        self.events.iter().filter_map(|entry| match &entry.event {
            Event::ConnectionEnded(ended) => Some(&**ended),
            _ => None,
        })
    }

    /// The probes of the scenario's monitors.
    pub fn probes(&self) -> impl Iterator<Item = &Probe> {
        self.events.iter().filter_map(|entry| match &entry.event {
            Event::Probe(probe) => Some(probe),
            _ => None,
        })
    }

    /// How many connections the fault of this name has done something to.
    pub fn touched_by(&self, fault: &str) -> usize {
        self.connections().filter(|ended| ended.hits.iter().any(|hit| &*hit.fault == fault)).count()
    }

    /// The expectations that were not met.
    pub fn unmet(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.state.fails())
    }

    /// Panics with all expectations that were not met, if there are any: for the end of a test.
    #[track_caller]
    pub fn assert_met(&self) {
        let told = |verdict: &Verdict| format!("\n  {}: {}", verdict.expectation, verdict.observed);
        let unmet: String = self.unmet().map(told).collect();
        assert!(unmet.is_empty(), "expectations that were not met:{unmet}");
    }
}

// === impl Record ===

impl Record {
    pub(super) fn new(expectations: &[Expectation]) -> Self {
        Self { judge: Judge::new(expectations), events: Vec::new(), beyond: 0 }
    }

    pub(super) fn observed(mut self, ended: SimTime, reason: RunEnd, events_lost: u64) -> Observed {
        // A run may end long after its last event.
        self.judge.tick(ended);
        let verdicts = self.judge.verdicts(events_lost);
        Observed { events: self.events, verdicts, reason, events_missing: self.beyond + events_lost }
    }
}

impl Sink for Record {
    fn record(&mut self, entry: &Entry) {
        self.judge.record(entry);
        if self.events.len() < TESTBED_EVENTS_MAX {
            self.events.push(entry.clone());
        } else {
            self.beyond += 1;
        }
    }

    fn tick(&mut self, now: SimTime) {
        self.judge.tick(now);
    }
}
