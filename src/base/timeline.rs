//! `Timeline<T>`: a piecewise-constant function of time, the one thing that both clocks read.
//!
//! A timeline holds a value for every instant from t = 0 to the end of time, as a first value and the instants at
//! which it changes. Two questions are all that anybody asks: what holds at `t`, and when does it next change. It is
//! immutable: routing simulation and declared faults make timelines, the loader merges them, proxy and benchmark read.
//!
//! Laws, held by the tests: change instants strictly increase; neighbouring values differ; `at(next_change(t))` differs
//! from `at(t)`; a merge holds, at every instant, the merge of what its parts hold then.

use super::limits::TIMELINE_CHANGES_MAX;
use super::time::SimTime;

/// A piecewise-constant function of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline<T> {
    first: T,
    /// `(instant, value from then on)`, strictly increasing.
    changes: Vec<(SimTime, T)>,
}

/// A timeline would have had more than [`TIMELINE_CHANGES_MAX`] changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {TIMELINE_CHANGES_MAX} changes in one timeline")]
pub struct TooManyChanges;

/// Where a reader of a timeline stands. Readers ask in order of time, so the next answer is at hand; a reader that
/// jumps still gets the right one, by search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// How many changes lie at or before the last instant asked for.
    passed: usize,
}

// === impl Timeline ===

impl<T: Clone + PartialEq> Timeline<T> {
    /// The same value for ever.
    pub const fn constant(value: T) -> Self {
        Self { first: value, changes: Vec::new() }
    }

    /// From a first value and changes, in any order; of several at one instant the last given holds. Changes that
    /// change nothing are left out.
    pub fn new(first: T, mut changes: Vec<(SimTime, T)>) -> Result<Self, TooManyChanges> {
        changes.sort_by_key(|(at, _)| *at);
        let mut timeline = Self::constant(first);
        let mut sorted = changes.into_iter().peekable();
        while let Some((at, value)) = sorted.next() {
            if sorted.peek().is_none_or(|(next, _)| *next != at) {
                timeline.push(at, value)?;
            }
        }
        Ok(timeline)
    }

    /// What holds at `t`.
    pub fn at(&self, t: SimTime) -> &T {
        self.value(self.passed(t))
    }

    /// The first instant after `t` at which another value begins to hold.
    pub fn next_change(&self, t: SimTime) -> Option<SimTime> {
        self.changes.get(self.passed(t)).map(|(at, _)| *at)
    }

    /// Since when holds what holds at `t`.
    pub fn piece_start(&self, t: SimTime) -> SimTime {
        self.passed(t).checked_sub(1).map_or(SimTime::ZERO, |last| self.changes[last].0)
    }

    /// What holds at `t`, and until when, for a reader that mostly moves forward.
    pub fn read(&self, cursor: &mut Cursor, t: SimTime) -> (&T, Option<SimTime>) {
        let behind = cursor.passed > 0 && self.changes.get(cursor.passed - 1).is_none_or(|(at, _)| *at > t);
        if behind {
            cursor.passed = self.passed(t);
        }
        while self.changes.get(cursor.passed).is_some_and(|(at, _)| *at <= t) {
            cursor.passed += 1;
        }
        (self.value(cursor.passed), self.changes.get(cursor.passed).map(|(at, _)| *at))
    }

    /// The pieces in order: from when, until when (none: for ever), and what holds.
    pub fn pieces(&self) -> impl Iterator<Item = (SimTime, Option<SimTime>, &T)> {
        (0..=self.changes.len()).map(|piece| {
            let from = if piece == 0 { SimTime::ZERO } else { self.changes[piece - 1].0 };
            (from, self.changes.get(piece).map(|(at, _)| *at), self.value(piece))
        })
    }

    /// How many changes there are.
    pub fn changes(&self) -> usize {
        self.changes.len()
    }

    /// Both at once: at every instant `merge` of what the two hold then.
    pub fn merge<U: Clone + PartialEq, V: Clone + PartialEq>(
        &self,
        other: &Timeline<U>,
        merge: impl Fn(&T, &U) -> V,
    ) -> Result<Timeline<V>, TooManyChanges> {
        let mut merged = Timeline::constant(merge(&self.first, &other.first));
        let (mut left, mut right) = (0, 0);
        loop {
            let at = match (self.changes.get(left), other.changes.get(right)) {
                (None, None) => return Ok(merged),
                (Some((at, _)), None) | (None, Some((at, _))) => *at,
                (Some((a, _)), Some((b, _))) => *a.min(b),
            };
            left += usize::from(self.changes.get(left).is_some_and(|(t, _)| *t == at));
            right += usize::from(other.changes.get(right).is_some_and(|(t, _)| *t == at));
            merged.push(at, merge(self.value(left), other.value(right)))?;
        }
    }

    /// Another value for every piece.
    pub fn map<U: Clone + PartialEq>(&self, value: impl Fn(&T) -> U) -> Timeline<U> {
        let mut mapped = Timeline::constant(value(&self.first));
        for (at, old) in &self.changes {
            mapped.push(*at, value(old)).expect("a mapped timeline has no more changes than its source");
        }
        mapped
    }

    /// The same function on another clock: `clock` must not run backwards. Changes that fall together merge.
    #[must_use]
    pub fn project(&self, clock: impl Fn(SimTime) -> SimTime) -> Self {
        let changes = self.changes.iter().map(|(at, value)| (clock(*at), value.clone())).collect();
        let projected = Self::new(self.first.clone(), changes).expect("a projection adds no changes");
        Self { first: projected.at(SimTime::ZERO).clone(), ..projected }.without_changes_at_zero()
    }

    fn without_changes_at_zero(mut self) -> Self {
        self.changes.retain(|(at, _)| *at > SimTime::ZERO);
        self
    }

    fn push(&mut self, at: SimTime, value: T) -> Result<(), TooManyChanges> {
        if *self.value(self.changes.len()) == value {
            return Ok(());
        }
        if at == SimTime::ZERO {
            self.first = value;
            return Ok(());
        }
        if self.changes.len() >= TIMELINE_CHANGES_MAX {
            return Err(TooManyChanges);
        }
        self.changes.push((at, value));
        Ok(())
    }

    fn passed(&self, t: SimTime) -> usize {
        self.changes.partition_point(|(at, _)| *at <= t)
    }

    fn value(&self, passed: usize) -> &T {
        passed.checked_sub(1).map_or(&self.first, |last| &self.changes[last].1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn timelines() -> impl Strategy<Value = Timeline<u8>> {
        (0u8..4, prop::collection::vec((0u64..50, 0u8..4), 0..12)).prop_map(|(first, changes)| {
            let changes = changes.into_iter().map(|(at, v)| (SimTime::from_nanos(at), v)).collect();
            Timeline::new(first, changes).unwrap()
        })
    }

    proptest! {
        #[test]
        fn next_change_is_where_the_value_changes(line in timelines(), t in 0u64..60) {
            let t = SimTime::from_nanos(t);
            let next = line.next_change(t).unwrap_or(SimTime::from_nanos(100));
            for nanos in t.as_nanos()..next.as_nanos() {
                prop_assert_eq!(line.at(SimTime::from_nanos(nanos)), line.at(t));
            }
            if let Some(next) = line.next_change(t) {
                prop_assert!(next > t);
                prop_assert_ne!(line.at(next), line.at(t));
            }
        }

        #[test]
        fn a_merge_holds_the_merge_at_every_instant(a in timelines(), b in timelines()) {
            let both = a.merge(&b, |x, y| (*x, *y)).unwrap();
            for nanos in 0..60 {
                let t = SimTime::from_nanos(nanos);
                prop_assert_eq!(*both.at(t), (*a.at(t), *b.at(t)));
            }
        }

        #[test]
        fn a_cursor_answers_as_a_search_does(line in timelines(), asks in prop::collection::vec(0u64..60, 0..30)) {
            let mut cursor = Cursor::default();
            for t in asks.into_iter().map(SimTime::from_nanos) {
                prop_assert_eq!(line.read(&mut cursor, t), (line.at(t), line.next_change(t)));
            }
        }
    }

    #[test]
    fn a_projection_moves_the_changes_and_clips_at_the_start() {
        let line =
            Timeline::new('a', vec![(SimTime::from_secs(10), 'b'), (SimTime::from_secs(30), 'c')]).unwrap();
        let moved = line.project(|t| SimTime::after_start(t.since(SimTime::from_secs(20)) / 2));
        assert_eq!(*moved.at(SimTime::ZERO), 'b');
        assert_eq!(moved.next_change(SimTime::ZERO), Some(SimTime::ZERO.plus(Duration::from_secs(5))));
        assert_eq!(*moved.at(SimTime::from_secs(5)), 'c');
    }

    #[test]
    fn too_many_changes_are_refused() {
        let changes =
            (0..=TIMELINE_CHANGES_MAX as u64).map(|n| (SimTime::from_nanos(n + 1), n + 1)).collect();
        assert_eq!(Timeline::new(0, changes), Err(TooManyChanges));
    }
}
