//! Counts by a name that a journal brings along (a reason, a kind): bounded, for nobody promised that names are few.

use std::sync::Arc;

use indexmap::IndexMap;

/// Most names that are told apart; more count as other.
const NAMES_MAX: usize = 16;

/// Counts by name, in the order of first appearance.
#[derive(Clone, Debug, Default)]
pub struct NamedCounts {
    counts: IndexMap<Arc<str>, u64>,
    other: u64,
}

// === impl NamedCounts ===

impl NamedCounts {
    /// Counts one of `name`.
    pub fn add(&mut self, name: &Arc<str>) {
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
        } else if self.counts.len() < NAMES_MAX {
            self.counts.insert(name.clone(), 1);
        } else {
            self.other += 1;
        }
    }

    /// The names and their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(name, count)| (&**name, *count))
    }

    /// How many had a name beyond the bound.
    pub const fn other(&self) -> u64 {
        self.other
    }

    /// All together.
    pub fn total(&self) -> u64 {
        self.counts.values().sum::<u64>() + self.other
    }

    /// The most frequent name (the first of equals).
    pub fn top(&self) -> Option<(&str, u64)> {
        self.iter().reduce(|most, next| if next.1 > most.1 { next } else { most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_bound_count_as_other() {
        let mut counts = NamedCounts::default();
        for name in 0..NAMES_MAX + 5 {
            counts.add(&name.to_string().into());
        }
        counts.add(&"3".into());
        assert_eq!(
            (counts.iter().count(), counts.other(), counts.total()),
            (NAMES_MAX, 5, NAMES_MAX as u64 + 6)
        );
        assert_eq!(counts.top(), Some(("3", 2)));
    }
}
