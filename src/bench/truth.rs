//! When a monitored path is really impaired, by the plan alone.
//!
//! A path is impaired while the expected share of probes that fail on it is 1 % or more: the chance of each flow bucket (a dark
//! one fails, a lossy one by what the client's kernel can't mend before the timeout), weighed by how many ports lead there.
//! Gaps of less than five minutes belong to the impairment.
//!
//! A fault that takes connections with a probability counts with it, each such fault for itself; one that ends connections
//! counts where it would end a healthy answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::base::{BUCKETS, Direction, FlowBucket, PathState, Ratio, SimTime, Timeline};
use crate::fault::{Caller, CutAfter, Fault, Program};
use crate::probe::{Exchange, ProbePlan};

/// The expected share of failing probes from which a path is impaired.
pub const IMPAIRED: f64 = 0.01;

/// A healthy gap that is shorter belongs to the impairment around it.
pub const GAP: Duration = Duration::from_secs(300);

/// An alarm that begins so soon after an impairment is explained by it: windows look back.
pub const GRACE: Duration = Duration::from_secs(300);

/// Spans of time, in order and apart: from when until when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(pub Vec<(SimTime, SimTime)>);

/// When probes of this plan are impaired by the program, until `end`.
pub(super) fn impaired(program: &Program, plan: &ProbePlan, end: SimTime) -> Spans {
    Spans::where_impaired(&failing(program, plan), end)
}

/// The share of probes that is expected to fail: from each of these instants on.
pub(super) fn failing(program: &Program, plan: &ProbePlan) -> Vec<(SimTime, f64)> {
    let faults = program.faults();
    let certain = |fault: &&Arc<Fault>| fault.parts.probability == Ratio::ONE;
    let base = program.edited(faults.iter().filter(certain).map(Arc::clone).collect());
    let mut parts = vec![Part { weight: 1.0, lines: of_paths(&base, plan) }];
    for fault in faults {
        let weight = fault.parts.probability.as_f64();
        if ends_answers(fault, plan) {
            let line = fault.parts.level.map(|level| if level.is_zero() { 0.0 } else { 1.0 });
            parts.push(Part { weight, lines: vec![(line, BUCKETS)] });
        } else if !certain(&fault) {
            parts.push(Part { weight, lines: of_fault(fault, plan) });
        }
    }
    added_up(&parts)
}

/// What fails probes for itself: with a weight, chances of buckets over time.
struct Part {
    weight: f64,
    /// Lines, each with the number of buckets that it is of.
    lines: Vec<(Timeline<f64>, usize)>,
}

/// The chances that the paths of a program make.
fn of_paths(program: &Program, plan: &ProbePlan) -> Vec<(Timeline<f64>, usize)> {
    let mut shared: Vec<([Arc<Timeline<PathState>>; 2], usize)> = Vec::new();
    for bucket in FlowBucket::all() {
        let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let draw = program.draw(&Caller { ordinal: 0, client, bucket });
        let lines = Direction::ALL.map(|direction| program.path(&draw, bucket, direction));
        let same = |(known, _): &&mut ([Arc<Timeline<PathState>>; 2], usize)| {
            Arc::ptr_eq(&known[0], &lines[0]) && Arc::ptr_eq(&known[1], &lines[1])
        };
        match shared.iter_mut().find(same) {
            Some((_, buckets)) => *buckets += 1,
            None => shared.push((lines, 1)),
        }
    }
    shared.iter().map(|(lines, buckets)| (chances(lines, plan), *buckets)).collect()
}

/// The chances that one fault makes by itself.
fn of_fault(fault: &Fault, plan: &ProbePlan) -> Vec<(Timeline<f64>, usize)> {
    let clear = Arc::new(Timeline::constant(PathState::CLEAR));
    let line = |bucket| {
        let in_direction = |direction| {
            let acts = fault.parts.directions.contain(direction);
            if acts { fault.path(bucket, direction) } else { Arc::clone(&clear) }
        };
        chances(&Direction::ALL.map(in_direction), plan)
    };
    let taken = FlowBucket::all().filter(|bucket| fault.takes_bucket(*bucket));
    taken.map(|bucket| (line(bucket), 1)).collect()
}

/// The chance that a probe fails on a path, over time.
fn chances([forth, back]: &[Arc<Timeline<PathState>>; 2], plan: &ProbePlan) -> Timeline<f64> {
    let line = forth.merge(back, |forth, back| chance(forth, back, plan));
    line.expect("both directions of a path fit one timeline: the loader has added them up")
}

/// The chance that a probe fails while both directions stay as they are.
fn chance(forth: &PathState, back: &PathState, plan: &ProbePlan) -> f64 {
    if forth.dark.is_some() || back.dark.is_some() {
        return 1.0;
    }
    let delay = |state: &PathState| state.delays.iter().map(|term| term.delay.mean).sum::<Duration>();
    let round_trip = plan.healthy.rtt + delay(forth) + delay(back);
    let takes = match plan.exchange {
        Exchange::Tcp => round_trip,
        Exchange::Http { .. } => round_trip * 2 + plan.healthy.answer.mean,
    };
    if takes > plan.timeout {
        return 1.0;
    }
    let loss =
        |state: &PathState| 1.0 - state.losses.iter().map(|term| 1.0 - term.ratio.as_f64()).product::<f64>();
    match [loss(forth), loss(back)] {
        [forth, back] if forth <= 0.0 && back <= 0.0 => 0.0,
        losses => plan.failure_chance(losses),
    }
}

/// Whether the fault ends a connection before a healthy answer is there, or refuses it.
fn ends_answers(fault: &Fault, plan: &ProbePlan) -> bool {
    if fault.refuses_connects() {
        return true;
    }
    let healthy = plan.healthy.rtt + plan.healthy.answer.mean;
    let soon = |cut: &crate::fault::Cut| matches!(cut.after, CutAfter::Time(after) if after < healthy);
    let asked = matches!(plan.exchange, Exchange::Http { .. });
    asked && (fault.kind().refuses() || fault.kind().cut().as_ref().is_some_and(soon))
}

/// What fails by any of the parts.
fn added_up(parts: &[Part]) -> Vec<(SimTime, f64)> {
    // At each change of a line: which part's share changes by how much.
    let mut changes: Vec<(SimTime, usize, f64)> = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        for (line, buckets) in &part.lines {
            let share = *buckets as f64 / BUCKETS as f64;
            let mut before = 0.0;
            for (from, _, chance) in line.pieces() {
                changes.push((from, place, (chance - before) * share));
                before = *chance;
            }
        }
    }
    changes.sort_by_key(|(at, place, _)| (*at, *place));
    let mut shares = vec![0.0; parts.len()];
    let mut failing = Vec::new();
    for together in changes.chunk_by(|(a, ..), (b, ..)| a == b) {
        for (_, place, by) in together {
            shares[*place] += by;
        }
        let survives: f64 =
            parts.iter().zip(&shares).map(|(part, share)| 1.0 - part.weight * share).product();
        failing.push((together[0].0, 1.0 - survives));
    }
    failing
}

// === impl Spans ===

impl Spans {
    fn where_impaired(failing: &[(SimTime, f64)], end: SimTime) -> Self {
        let mut spans: Vec<(SimTime, SimTime)> = Vec::new();
        let mut since = None;
        for (at, share) in failing {
            let at = (*at).min(end);
            // Sums of many shares are off by roundings.
            let bad = *share >= IMPAIRED - 1e-9;
            match (since, bad) {
                (None, true) => since = Some(at),
                (Some(from), false) => {
                    spans.push((from, at));
                    since = None;
                }
                _ => {}
            }
        }
        spans.extend(since.map(|from| (from, end)));
        spans.retain(|(from, until)| from < until);
        Self(spans).merged()
    }

    /// Gaps that are too short are closed.
    fn merged(self) -> Self {
        let mut merged: Vec<(SimTime, SimTime)> = Vec::new();
        for (from, until) in self.0 {
            match merged.last_mut() {
                Some((_, last)) if from.since(*last) < GAP => *last = until.max(*last),
                _ => merged.push((from, until)),
            }
        }
        Self(merged)
    }

    /// In any of these.
    pub(super) fn any(all: impl IntoIterator<Item = Self>) -> Self {
        let mut spans: Vec<(SimTime, SimTime)> = all.into_iter().flat_map(|spans| spans.0).collect();
        spans.sort_unstable();
        Self(spans).merged()
    }

    /// Whether what begins at `t` is explained.
    pub(super) fn explain(&self, t: SimTime) -> bool {
        self.0.iter().any(|(from, until)| (*from..=until.plus(GRACE)).contains(&t))
    }
}
