//! `SeriesStore`: series in memory, made for simulations.
//!
//! A simulation appends each series' samples in the order of time; rules read windows of them. A series is two plain
//! columns (times and values, 16 bytes a sample), so a window is a slice and moving on is moving two indices. Times are
//! milliseconds since the Unix epoch, as in Prometheus; a simulation may call its beginning 0.
//!
//! A staleness marker is a sample whose value is [`STALE`]: the series is gone from then on, until its next sample.
//! The store promises order: what is appended out of order is refused, and says so.

use std::sync::Arc;

use indexmap::IndexMap;

use super::labels::Labels;
use crate::base::limits::{RULE_SAMPLES_MAX, RULE_SERIES_MAX};

/// The bits of the staleness marker: a NaN of its own, the same as Prometheus'.
const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// The value that says: this series is gone. It is a NaN, and differs from others by its bits ([`is_stale`]).
pub const STALE: f64 = f64::from_bits(STALE_BITS);

/// Whether a value is the staleness marker. An ordinary NaN is not.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}

/// Which series of a [`SeriesStore`]; only good for the store that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(usize);

/// Why a sample was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Not later than the sample before it.
    #[error("a sample of {series} at {at_ms} ms is not later than the one before it, at {last_ms} ms")]
    OutOfOrder {
        /// The series' name.
        series: String,
        /// The refused sample's time.
        at_ms: i64,
        /// The time of the last sample.
        last_ms: i64,
    },
    /// [`RULE_SERIES_MAX`] is reached.
    #[error("a store holds at most {RULE_SERIES_MAX} series (RULE_SERIES_MAX)")]
    TooManySeries,
    /// [`RULE_SAMPLES_MAX`] is reached.
    #[error("a store holds at most {RULE_SAMPLES_MAX} samples (RULE_SAMPLES_MAX)")]
    TooManySamples,
}

/// The samples of one series.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    pub(super) times: Vec<i64>,
    pub(super) values: Vec<f64>,
    pub(super) stale_markers: usize,
}

/// Series and their samples.
#[derive(Clone, Debug, Default)]
pub struct SeriesStore {
    series: IndexMap<Labels, Samples>,
    by_name: IndexMap<Arc<str>, Vec<usize>>,
    samples: usize,
}

// === impl SeriesStore ===

impl SeriesStore {
    /// A store without series.
    pub fn new() -> Self {
        Self::default()
    }

    /// The series with these labels; a new one, if there was none. Order among series is that of their first mention.
    pub fn series(&mut self, labels: Labels) -> Result<SeriesId, AppendError> {
        if let Some(index) = self.series.get_index_of(&labels) {
            return Ok(SeriesId(index));
        }
        if self.series.len() >= RULE_SERIES_MAX {
            return Err(AppendError::TooManySeries);
        }
        let name = Arc::from(labels.name());
        let (index, _) = self.series.insert_full(labels, Samples::default());
        self.by_name.entry(name).or_default().push(index);
        Ok(SeriesId(index))
    }

    /// Adds a sample, later than all before it; [`STALE`] marks the end of the series for now.
    pub fn append(&mut self, series: SeriesId, at_ms: i64, value: f64) -> Result<(), AppendError> {
        if self.samples >= RULE_SAMPLES_MAX {
            return Err(AppendError::TooManySamples);
        }
        let (labels, samples) = self.series.get_index_mut(series.0).expect("the store gave this id");
        if let Some(&last_ms) = samples.times.last()
            && at_ms <= last_ms
        {
            return Err(AppendError::OutOfOrder { series: labels.to_string(), at_ms, last_ms });
        }
        samples.times.push(at_ms);
        samples.values.push(value);
        samples.stale_markers += usize::from(is_stale(value));
        self.samples += 1;
        Ok(())
    }

    /// Forgets every sample before an instant. Series stay, so that ids stay good.
    pub fn forget_before(&mut self, at_ms: i64) {
        for samples in self.series.values_mut() {
            let gone = samples.times.partition_point(|time| *time < at_ms);
            samples.stale_markers -= samples.values[..gone].iter().filter(|value| is_stale(**value)).count();
            samples.times.drain(..gone);
            samples.values.drain(..gone);
            self.samples -= gone;
        }
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// How many samples there are, markers included.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Every series: labels, times (ms), values.
    pub fn iter(&self) -> impl Iterator<Item = (&Labels, &[i64], &[f64])> {
        self.series.iter().map(|(labels, samples)| (labels, &*samples.times, &*samples.values))
    }

    /// The metric names, in the order of their first mention.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    /// The first and the last instant of any sample, in milliseconds.
    pub fn span_ms(&self) -> Option<(i64, i64)> {
        let ends = self.series.values().filter_map(|s| Some((*s.times.first()?, *s.times.last()?)));
        ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// The series of one metric, or of all, in the order of their first mention.
    pub(super) fn of_metric<'a>(
        &'a self,
        name: Option<&str>,
    ) -> Box<dyn Iterator<Item = (&'a Labels, &'a Samples)> + 'a> {
        let pair = |index: &usize| self.series.get_index(*index).expect("the index lists series");
        match name {
            Some(name) => Box::new(self.by_name.get(name).into_iter().flatten().map(pair)),
            None => Box::new(self.series.iter()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_in_order_or_not_at_all() {
        let mut store = SeriesStore::new();
        let up = store.series(Labels::metric("up", [("job", "a")])).unwrap();
        assert_eq!(store.series(Labels::metric("up", [("job", "a")])), Ok(up));
        store.append(up, 0, 1.0).unwrap();
        store.append(up, 15_000, STALE).unwrap();
        let refused = store.append(up, 15_000, 1.0).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a sample of up{job=\"a\"} at 15000 ms is not later than the one before it, at 15000 ms"
        );
        assert_eq!((store.len(), store.samples(), store.span_ms()), (1, 2, Some((0, 15_000))));
    }

    #[test]
    fn what_is_forgotten_makes_room() {
        let mut store = SeriesStore::new();
        let up = store.series(Labels::metric("up", [])).unwrap();
        for (at_ms, value) in [(0, 1.0), (10, STALE), (20, 1.0)] {
            store.append(up, at_ms, value).unwrap();
        }
        store.forget_before(20);
        assert_eq!((store.len(), store.samples(), store.span_ms()), (1, 1, Some((20, 20))));
        store.append(up, 30, 0.0).unwrap();
        assert_eq!(store.iter().next().unwrap().1, [20, 30]);
    }

    #[test]
    fn the_marker_is_not_any_nan() {
        assert!(is_stale(STALE) && STALE.is_nan());
        assert!(!is_stale(f64::NAN) && !is_stale(STALE + 1.0));
    }
}
