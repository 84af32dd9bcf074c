//! How a run came out, in one word and the reasons for it.
//!
//! The journal's own exit code is believed only where the rest agrees: a failed expectation, a lost event or a broken
//! journal makes a run not passed, whatever the code says.

use super::super::text::plural;
use super::run::Tally;
use crate::event::{RunEnd, Verdict, VerdictState};

/// How a run came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was as expected.
    Passed,
    /// Something was not.
    Failed,
    /// Somebody ended it early: nothing is proved.
    Interrupted,
    /// Events are missing: nothing is proved.
    Incomplete,
}

/// How many verdicts came out how.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::report) struct VerdictCounts {
    met: u64,
    failed: u64,
    undecided: u64,
    not_judged: u64,
}

// === impl VerdictCounts ===

impl VerdictCounts {
    pub(in crate::report) fn of(verdicts: &[Verdict]) -> Self {
        let mut counts = Self::default();
        for verdict in verdicts {
            counts.add(verdict.state);
        }
        counts
    }

    pub(super) const fn add(&mut self, state: VerdictState) {
        let count = match state {
            VerdictState::Met => &mut self.met,
            VerdictState::Failed => &mut self.failed,
            VerdictState::Undecided => &mut self.undecided,
            VerdictState::NotJudged => &mut self.not_judged,
        };
        *count += 1;
    }

    /// How many count as failed.
    pub(in crate::report) const fn not_met(self) -> u64 {
        self.failed + self.undecided
    }

    /// `2 of 5 expectations failed, 1 undecided`.
    pub(in crate::report) fn text(self) -> String {
        let Self { met, failed, undecided, not_judged } = self;
        let total = met + failed + undecided;
        let text = match (failed, undecided) {
            (0, 0) if total == 0 && not_judged == 0 => return "no expectations".to_owned(),
            (0, 0) if total == 0 => return "no expectation could be judged".to_owned(),
            (0, 0) if total == 1 => "the expectation is met".to_owned(),
            (failed, undecided) if total == 1 => {
                let state = if failed > undecided { "failed" } else { "is undecided" };
                format!("the expectation {state}")
            }
            (0, 0) => format!("all {total} expectations met"),
            (0, undecided) => format!("{undecided} of {total} expectations undecided"),
            (failed, 0) => format!("{failed} of {total} expectations failed"),
            (failed, undecided) => {
                format!("{failed} of {total} expectations failed, {undecided} undecided")
            }
        };
        if not_judged > 0 { format!("{text}, {not_judged} not judged") } else { text }
    }
}

// === impl Outcome ===

impl Outcome {
    /// The word for it, in machine-readable reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Incomplete => "incomplete",
        }
    }
}

// === impl Tally ===

impl Tally {
    /// How the run came out.
    pub fn outcome(&self) -> Outcome {
        let Some(end) = &self.end else {
            return Outcome::Incomplete;
        };
        if end.reason == RunEnd::Interrupted {
            Outcome::Interrupted
        } else if self.incomplete() {
            Outcome::Incomplete
        } else if end.exit_code != 0 || self.verdicts_not_met() > 0 {
            Outcome::Failed
        } else {
            Outcome::Passed
        }
    }

    /// Whether events are missing: the journal has no end or no beginning, lost events or can't be read in places.
    pub fn incomplete(&self) -> bool {
        self.header.is_none() || self.problems_total > 0 || self.end.is_none_or(|end| end.events_lost > 0)
    }

    /// How many expectations count as failed: failed or undecided.
    pub const fn verdicts_not_met(&self) -> u64 {
        self.verdict_counts.not_met()
    }

    /// Why the run's outcome is what it is, in plain fragments; the most telling first.
    pub fn outcome_reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        match &self.end {
            None => reasons.push("the journal ends before the run does".to_owned()),
            Some(end) if end.reason == RunEnd::Interrupted => reasons.push("interrupted".to_owned()),
            Some(_) => {}
        }
        if let Some(lost) = self.end.as_ref().map(|end| end.events_lost).filter(|lost| *lost > 0) {
            reasons.push(plural(lost, "event lost", "events lost"));
        }
        if self.problems_total > 0 {
            reasons.push(plural(
                self.problems_total,
                "problem reading the journal",
                "problems reading the journal",
            ));
        }
        if self.header.is_none() {
            reasons.push("the run's header is missing".to_owned());
        }
        let unexplained = self.verdicts_not_met() == 0 && reasons.is_empty();
        if let Some(code) =
            self.end.as_ref().map(|end| end.exit_code).filter(|code| unexplained && *code != 0)
        {
            reasons.push(format!("exit code {code}"));
        }
        reasons.push(self.verdict_counts.text());
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture;
    use super::*;
    use crate::event::{Event, RunEnd};

    fn ended(end: Option<(RunEnd, u8, u64)>, keep: VerdictState) -> Tally {
        let mut events = fixture::events();
        let at = events.pop().expect("a run has an end").t;
        events.retain(|entry| !matches!(&entry.event, Event::Verdict(verdict) if verdict.state != keep));
        events.extend(end.map(|(reason, exit_code, events_lost)| {
            Event::RunEnded { reason, exit_code, events_lost }.at(at)
        }));
        fixture::tally_of(&events)
    }

    #[test]
    fn an_exit_code_of_0_is_believed_only_where_the_rest_agrees() {
        use VerdictState::{Failed, Met, Undecided};
        let done = RunEnd::Completed;
        for (end, verdicts, outcome, reason) in [
            (Some((done, 0, 0)), Met, Outcome::Passed, "all 2 expectations met"),
            (Some((done, 0, 0)), Failed, Outcome::Failed, "2 of 2 expectations failed"),
            (Some((done, 0, 0)), Undecided, Outcome::Failed, "the expectation is undecided"),
            (Some((done, 3, 0)), Met, Outcome::Failed, "exit code 3; all 2 expectations met"),
            (Some((done, 0, 1)), Met, Outcome::Incomplete, "1 event lost; all 2 expectations met"),
            (
                Some((RunEnd::Interrupted, 130, 0)),
                Met,
                Outcome::Interrupted,
                "interrupted; all 2 expectations met",
            ),
            (None, Met, Outcome::Incomplete, "the journal ends before the run does; all 2 expectations met"),
        ] {
            let tally = ended(end, verdicts);
            assert_eq!((tally.outcome(), tally.outcome_reasons().join("; ").as_str()), (outcome, reason));
        }
    }
}
