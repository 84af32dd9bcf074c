//! Layer 6: expectations over events.
//!
//! The judge is a sink: it sees every event once, keeps counts and histograms, and at the end says of each expectation
//! whether it was met, what was observed and by what margin. What nobody wrote down is judged as well: that every fault met
//! traffic (a fault that touches nothing tests nothing), that the wrapped command succeeded, that no event was lost.
//!
//! It reads events only, so a journal can be judged again; it holds no clock and no socket, and its memory does not grow
//! with the length of a run.

mod evidence;
mod implied;
mod words;

use std::sync::Arc;

use self::evidence::Evidence;
use self::implied::Implied;
use crate::base::SimTime;
use crate::event::{Entry, RunEnd, Sink, Verdict};
use crate::scenario::expect::Expectation;
use crate::scenario::subject_text;

/// Judges a run.
#[derive(Debug)]
pub struct Judge {
    expectations: Vec<(Expectation, Evidence)>,
    implied: Implied,
}

// === impl Judge ===

impl Judge {
    /// Judges these expectations, and what every run implies.
    pub fn new(expectations: &[Expectation]) -> Self {
        let implied = Implied::new(expectations);
        let with_evidence =
            |expectation: &Expectation| (expectation.clone(), Evidence::new(&expectation.check));
        Self { expectations: expectations.iter().map(with_evidence).collect(), implied }
    }

    /// What came of each expectation, in the file's order, then of what is implied. One about a time that the excerpt does
    /// not play is left out. `events_lost` makes every run fail.
    pub fn verdicts(&self, events_lost: u64) -> Vec<Verdict> {
        let judged = |(expectation, evidence): &(Expectation, Evidence)| {
            let finding = evidence.finding(expectation, self.implied.speed());
            Verdict {
                expectation: Arc::clone(&expectation.text),
                subject: subject_text(&expectation.check).into(),
                state: finding.state,
                observed: finding.observed.into(),
                margin: finding.margin.map(Into::into),
                place: expectation.place,
            }
        };
        let played = |(expectation, _): &&(Expectation, Evidence)| {
            expectation.windows.as_ref().is_none_or(|windows| self.implied.plays(windows))
        };
        self.expectations
            .iter()
            .filter(played)
            .map(judged)
            .chain(self.implied.verdicts(events_lost))
            .collect()
    }
}

impl Sink for Judge {
    fn record(&mut self, entry: &Entry) {
        self.implied.record(entry);
        for (expectation, evidence) in &mut self.expectations {
            evidence.record(expectation, entry);
        }
    }

    fn tick(&mut self, now: SimTime) {
        self.implied.tick(now);
    }
}

/// The exit code that verdicts and the run's end lead to: 0 all that were judged are met, 1 some not, 130 interrupted.
pub fn exit_code(verdicts: &[Verdict], reason: RunEnd) -> u8 {
    match reason {
        RunEnd::Interrupted => 130,
        _ => u8::from(verdicts.iter().any(|verdict| verdict.state.fails())),
    }
}

#[cfg(test)]
mod tests;
