//! A strip of time cells that never grows beyond its bound: when time outruns it, neighbours merge.
//!
//! Nobody knows beforehand how long a run will play (a wrapped command may end six planned hours after ten seconds), so
//! the cells begin fine and double their width whenever an instant lies beyond the last one. The time that has been
//! seen is thus always cut into at least half of [`CELLS_MAX`] cells, and a picture of it is sharp at any width.

use std::ops::AddAssign;

use crate::base::SimTime;

/// Most cells of a strip: some ten for each column of a wide terminal, so that merging them into columns is smooth.
const CELLS_MAX: usize = 1_024;
/// Width of a new strip's cells: a tenth of what the proxy's timer can tell apart.
const WIDTH_FIRST_NANOS: u64 = 1_000;

/// Counts by time.
#[derive(Clone, Debug)]
pub struct Cells<C> {
    origin: SimTime,
    width_nanos: u64,
    counts: Vec<C>,
}

// === impl Cells ===

impl<C: Copy + Default + AddAssign> Cells<C> {
    /// Nothing counted yet; the first cell begins at `origin`.
    pub const fn new(origin: SimTime) -> Self {
        Self { origin, width_nanos: WIDTH_FIRST_NANOS, counts: Vec::new() }
    }

    /// The cell that `t` lies in, to count there; an instant before the origin counts in the first.
    pub fn at(&mut self, t: SimTime) -> &mut C {
        let after = t.as_nanos().saturating_sub(self.origin.as_nanos());
        while after / self.width_nanos >= CELLS_MAX as u64 {
            self.halve();
        }
        let index = (after / self.width_nanos) as usize;
        if index >= self.counts.len() {
            self.counts.resize(index + 1, C::default());
        }
        &mut self.counts[index]
    }

    /// The counts between `from` and `until` in `columns` equal columns; what lies outside falls into the ends.
    pub fn columns(&self, from: SimTime, until: SimTime, columns: usize) -> Vec<C> {
        let mut merged = vec![C::default(); columns.max(1)];
        let last = merged.len() - 1;
        for (index, cell) in self.counts.iter().enumerate() {
            let middle = (index as u64).saturating_mul(self.width_nanos).saturating_add(self.width_nanos / 2);
            let t = SimTime::from_nanos(self.origin.as_nanos().saturating_add(middle));
            merged[column_of(t, from, until, columns).min(last)] += *cell;
        }
        merged
    }

    /// Every two neighbours become one.
    fn halve(&mut self) {
        let merged = self.counts.chunks(2).map(|pair| {
            let mut both = C::default();
            for cell in pair {
                both += *cell;
            }
            both
        });
        self.counts = merged.collect();
        self.width_nanos = self.width_nanos.saturating_mul(2);
    }
}

/// Which of `columns` equal columns between `from` and `until` the instant `t` lies in.
pub(in crate::report) fn column_of(t: SimTime, from: SimTime, until: SimTime, columns: usize) -> usize {
    let span = until.since(from).as_nanos().max(1);
    let column = t.since(from).as_nanos() * columns as u128 / span;
    usize::try_from(column).unwrap_or(usize::MAX).min(columns.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the instants, nothing is lost and the bound holds.
        #[test]
        fn every_count_is_kept_within_the_bound(
            origin in any::<u64>(),
            instants in prop::collection::vec(any::<u64>(), 0..50),
            columns in 0usize..200,
        ) {
            let mut cells = Cells::<u32>::new(SimTime::from_nanos(origin));
            for t in &instants {
                *cells.at(SimTime::from_nanos(*t)) += 1;
            }
            prop_assert!(cells.counts.len() <= CELLS_MAX);
            let shown = cells.columns(SimTime::from_nanos(origin), SimTime::MAX, columns);
            prop_assert_eq!(shown.iter().sum::<u32>() as usize, instants.len());
        }
    }

    /// One count in the middle of each of 60 seconds: each of 60 columns shows exactly one, after many halvings.
    #[test]
    fn columns_stay_sharp_however_long_it_took() {
        let mut cells = Cells::<u32>::new(SimTime::from_secs(100));
        for second in 100..160 {
            *cells.at(SimTime::from_millis(second * 1_000 + 500)) += 1;
        }
        assert_eq!(cells.columns(SimTime::from_secs(100), SimTime::from_secs(160), 60), [1; 60]);
    }
}
