//! Findings in words: what was observed, and how far from the bound it lies.

use std::fmt::Display;
use std::time::Duration;

use crate::base::{Ratio, format_duration};
use crate::event::VerdictState;
use crate::scenario::expect::Bound;

/// What the evidence comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) state: VerdictState,
    pub(super) observed: String,
    pub(super) margin: Option<String>,
}

// === impl Finding ===

impl Finding {
    pub(super) fn undecided(observed: impl Into<String>) -> Self {
        Self { state: VerdictState::Undecided, observed: observed.into(), margin: None }
    }

    /// Not for a run to judge.
    pub(super) fn not_judged(observed: impl Into<String>) -> Self {
        Self { state: VerdictState::NotJudged, observed: observed.into(), margin: None }
    }

    pub(super) fn plain(met: bool, observed: impl Into<String>) -> Self {
        Self { state: state(met), observed: observed.into(), margin: None }
    }

    /// A count against its bound.
    pub(super) fn count(value: u64, bound: Bound<u64>, shown: impl Display) -> Self {
        let distance = distance(value, bound, u64::abs_diff, |d| d.to_string());
        Self { state: state(bound.admits(value)), observed: shown.to_string(), margin: distance }
    }

    /// A share against its bound, in percentage points.
    pub(super) fn share(good: u64, all: u64, bound: Bound<Ratio>, of_what: &str) -> Self {
        let Some(share) = Ratio::new(good, all) else {
            return Self::undecided(format!("no {of_what} observed"));
        };
        let points = |a: Ratio, b: Ratio| (a.as_f64() - b.as_f64()).abs() * 100.0;
        let margin = distance(share, bound, points, |points| {
            let text = format!("{points:.2}");
            format!("{} points", text.trim_end_matches('0').trim_end_matches('.'))
        });
        let observed = format!("{} of {all} {of_what}", percent(good, all));
        Self { state: state(bound.admits(share)), observed, margin }
    }

    /// A duration against its bound.
    pub(super) fn duration(value: Duration, bound: Bound<Duration>, shown: String) -> Self {
        let margin = distance(value, bound, Duration::abs_diff, format_duration);
        Self { state: state(bound.admits(value)), observed: shown, margin }
    }

    /// Both: the worse state, the first margin that failed or else the first.
    pub(super) fn and(self, other: Self) -> Self {
        let worse = |state| match state {
            VerdictState::Met => 0,
            VerdictState::NotJudged => 1,
            VerdictState::Undecided => 2,
            VerdictState::Failed => 3,
        };
        let observed = format!("{}, {}", self.observed, other.observed);
        let (first, second) =
            if worse(other.state) > worse(self.state) { (other, self) } else { (self, other) };
        Self { state: first.state, observed, margin: first.margin.or(second.margin) }
    }
}

const fn state(met: bool) -> VerdictState {
    if met { VerdictState::Met } else { VerdictState::Failed }
}

/// To a tenth of a percent; finer where that would show some as all or none.
fn percent(good: u64, all: u64) -> String {
    let percent = good as f64 * 100.0 / all as f64;
    let text = format!("{percent:.1}%");
    let hides = (good < all && text == "100.0%") || (good > 0 && text == "0.0%");
    if hides { format!("{percent:.4}%") } else { text }
}

/// `3 above`, from the bound that is nearer; `at the bound`.
fn distance<T: PartialOrd + Copy, D>(
    value: T,
    bound: Bound<T>,
    between: impl Fn(T, T) -> D,
    show: impl Fn(D) -> String,
) -> Option<String> {
    let side = |limit: T| {
        let far = show(between(value, limit));
        if value == limit {
            "at the bound".to_owned()
        } else if value > limit {
            format!("{far} above")
        } else {
            format!("{far} below")
        }
    };
    match (bound.at_least, bound.at_most) {
        (Some(least), most) if value < least || most.is_none() => Some(side(least)),
        (_, Some(most)) => Some(side(most)),
        (Some(least), None) => Some(side(least)),
        (None, None) => None,
    }
}
