//! Alert: a rule as Prometheus would evaluate it, with `for` and `keep_firing_for`.
//!
//! Another rule is the expression. At each evaluation, a multiple of `every`:
//!
//! 1. the expression is true and was not: the alert is pending from now on;
//! 2. it is true, and the alert has been pending for at least `for`: it fires, in the same evaluation (so `for: 0s` fires at
//!    once);
//! 3. it is false and the alert is pending: back to the start; the next time it waits all of `for` again;
//! 4. it is false and the alert fires: it fires on until it has been false for at least `keep_firing_for`.
//!
//! So it takes ceil(for / every) + 1 evaluations in a row that are true: 21 for `for: 5m` at 15 s, and one that is false
//! begins anew. Source: Prometheus, `rules/alerting.go`, held against `promtool test rules`. Left out: the phase of a rule
//! group (a hash of its name) and the five minutes for which an instant query goes on to see a sample that is gone.

use std::time::Duration;

use serde::Deserialize;

use crate::base::{SimTime, Span};
use crate::detect::machine::Machine;
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Variants};
use crate::detect::{Detector, DetectorSpec};

/// A rule, evaluated as Prometheus does.
#[derive(Clone, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// The rule that must be firing.
    pub when: Box<DetectorSpec>,
    /// For so long, before the alert fires.
    #[serde(default, rename = "for")]
    pub pending: Span,
    /// It fires for so long after the rule has fallen silent.
    #[serde(default)]
    pub keep_firing_for: Span,
    /// Time between two evaluations, in scenario time.
    #[serde(default = "a_minute")]
    pub every: Span,
}

const fn a_minute() -> Span {
    Span(std::time::Duration::from_secs(60))
}

#[derive(Clone, Debug)]
struct Evaluations {
    expression: Detector,
    pending: Span,
    keep_firing: Span,
    every_nanos: u64,
    state: State,
    /// The next evaluation.
    next: SimTime,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Inactive,
    /// Since when the expression has been true.
    Pending(SimTime),
    Firing,
    /// Since when the expression has been false.
    Keeping(SimTime),
}

// === impl Alert ===

impl Kind for Alert {
    const SOURCE: &'static str =
        "Prometheus, alerting rules (`for`, `keep_firing_for`) and rules/alerting.go";
    const EXAMPLE: &'static str = "{ when: { consecutive: { failures: 1 } }, for: 5m, every: 15s }";

    fn summary(&self) -> String {
        format!("for {}: {}", self.pending, self.when.summary())
    }

    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
        let mut found = self.when.contradictions(feed);
        found.extend(Contradiction::unless(!self.every.get().is_zero(), || {
            Contradiction::new("an alert that is evaluated every 0s").hint("write `every: 15s`, say")
        }));
        found.extend(Contradiction::unless(self.pending.get() < feed.lasts, || {
            let message = format!(
                "the rule must hold for {}, and the scenario is no longer: it can never fire",
                self.pending
            );
            Contradiction::new(message).hint("write a shorter `for`, or make the scenario longer")
        }));
        found
    }

    fn memory(&self, feed: &Feed) -> Duration {
        self.when.memory(feed) + self.pending.get() + self.keep_firing_for.get()
    }

    fn variants(&self) -> Variants<Self> {
        let seconds = [0, 15, 30, 60, 120, 180, 300, 600, 900, 1_200, 1_800];
        let pending = seconds.map(|seconds| Span(Duration::from_secs(seconds)));
        Variants::new("for", pending, |pending| Self { pending, ..self.clone() })
    }

    fn machine(&self, feed: &Feed) -> Box<dyn Machine> {
        let every_nanos = u64::try_from(self.every.get().as_nanos()).unwrap_or(u64::MAX).max(1);
        let mut evaluations = Evaluations {
            expression: self.when.detector(feed),
            pending: self.pending,
            keep_firing: self.keep_firing_for,
            every_nanos,
            state: State::Inactive,
            next: SimTime::ZERO,
        };
        evaluations.next = evaluations.first_from(feed.from);
        Box::new(evaluations)
    }
}

// === impl Evaluations ===

impl Evaluations {
    /// The first evaluation at or after `t`.
    fn first_from(&self, t: SimTime) -> SimTime {
        SimTime::from_nanos(t.as_nanos().div_ceil(self.every_nanos).saturating_mul(self.every_nanos))
    }

    fn evaluate(&mut self, now: SimTime) {
        let seen = self.expression.firing();
        self.state = match self.state {
            State::Inactive if seen => State::Pending(now),
            State::Pending(_) if !seen => State::Inactive,
            State::Firing if !seen => State::Keeping(now),
            State::Keeping(_) if seen => State::Firing,
            state => state,
        };
        match self.state {
            State::Pending(since) if now.since(since) >= self.pending.get() => self.state = State::Firing,
            State::Keeping(since) if now.since(since) >= self.keep_firing.get() => {
                self.state = State::Inactive;
            }
            _ => {}
        }
    }

    const fn firing(&self) -> bool {
        matches!(self.state, State::Firing | State::Keeping(_))
    }
}

impl Machine for Evaluations {
    fn observe(&mut self, sample: &Sample) -> bool {
        // Evaluations without anything to see were skipped.
        if self.next < sample.at {
            self.next = self.first_from(sample.at);
        }
        self.expression.observe(sample, |_| {});
        self.firing()
    }

    /// The next evaluation that changes something, as long as the expression stays as it is; those before it are skipped.
    fn deadline(&self) -> Option<SimTime> {
        let from = |since: SimTime, held: Span| self.first_from(since.plus(held.get())).max(self.next);
        let due = match (self.state, self.expression.firing()) {
            (State::Inactive, false) | (State::Firing, true) => None,
            (State::Pending(since), true) => Some(from(since, self.pending)),
            (State::Keeping(since), false) => Some(from(since, self.keep_firing)),
            _ => Some(self.next),
        };
        due.into_iter().chain(self.expression.deadline()).min()
    }

    fn wake(&mut self, now: SimTime) -> bool {
        // What the expression does by itself at this very instant is seen.
        self.expression.wake(now);
        if self.next < now {
            self.next = self.first_from(now);
        }
        if self.next == now {
            self.evaluate(now);
            self.next = SimTime::from_nanos(now.as_nanos().saturating_add(self.every_nanos));
        }
        self.firing()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;
    use crate::detect::kind::Consecutive;
    use crate::detect::testing::{changes, feed_every, sample};

    fn rule(pending: u64, keep_firing_for: u64) -> Alert {
        let one = NonZeroU32::MIN;
        let seconds = |n| Span(Duration::from_secs(n));
        Alert {
            when: Box::new(Consecutive { failures: one, successes: one }.into()),
            pending: seconds(pending),
            keep_firing_for: seconds(keep_firing_for),
            every: seconds(15),
        }
    }

    /// Plays one outcome every 15 s, 5 s before an evaluation.
    fn play(rule: &Alert, outcomes: &str) -> Vec<(f64, bool)> {
        let every = Duration::from_secs(15);
        let mut detector = DetectorSpec::from(rule.clone()).detector(&feed_every(every));
        let at = |n: usize| SimTime::from_secs(10 + 15 * n as u64);
        let samples = outcomes.chars().enumerate().map(|(n, c)| sample(at(n), c == 'x'));
        changes(&mut detector, samples, at(outcomes.len() + 100))
    }

    #[test]
    fn without_for_it_fires_at_the_first_evaluation() {
        assert_eq!(play(&rule(0, 0), "..x."), [(45.0, true), (60.0, false)]);
    }

    /// `for: 5m` at 15 s takes 21 true evaluations in a row: pending at the first, firing at the 21st.
    #[test]
    fn it_takes_one_evaluation_more_than_for_holds() {
        let bad = |n: usize| format!("..{}....", "x".repeat(n));
        assert_eq!(play(&rule(300, 0), &bad(20)), []);
        assert_eq!(play(&rule(300, 0), &bad(21)), [(345.0, true), (360.0, false)]);
        // One success begins anew, however long it has been bad: the failure mode that brownout is about.
        assert_eq!(play(&rule(300, 0), &format!("{}.{}.", "x".repeat(20), "x".repeat(20))), []);
    }

    #[test]
    fn it_keeps_firing_for_as_long_as_it_is_told() {
        assert_eq!(play(&rule(0, 60), "x......."), [(15.0, true), (90.0, false)]);
        assert_eq!(
            play(&rule(0, 60), "x..x...."),
            [(15.0, true), (135.0, false)],
            "a new failure begins it anew"
        );
    }

    /// An evaluation that changes nothing is not made: a day of them, a nanosecond apart, takes no time.
    #[test]
    fn evaluations_that_change_nothing_are_skipped() {
        let rule = Alert { every: Span(Duration::from_nanos(1)), ..rule(86_000, 60) };
        let mut detector = DetectorSpec::from(rule).detector(&feed_every(Duration::from_secs(1)));
        let samples = [sample(SimTime::from_secs(1), true), sample(SimTime::from_secs(90_000), false)];
        let seen = changes(&mut detector, samples, SimTime::from_secs(100_000));
        assert_eq!(seen, [(86_001.0, true), (90_060.0, false)]);
    }
}
