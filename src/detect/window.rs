//! `Tape`: the samples of the last while, once for all the windows that look at them.
//!
//! A sample is one word: its instant and whether it failed. A window is a place on the tape where it begins, and two counts;
//! each sample enters once and leaves once, so a window of three days costs no more than one of a minute. A window of
//! length w holds the samples of (now - w, now], as Prometheus 3 has it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::base::limits::DETECTOR_SAMPLES_MAX;
use crate::base::{Ratio, SimTime};
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::Contradiction;

/// The samples of the last while, and the windows that look at them.
#[derive(Clone, Debug)]
pub(super) struct Tape {
    samples: VecDeque<u64>,
    /// How many samples have left the tape: the ordinal of its first one.
    gone: u64,
    windows: Vec<Window>,
}

/// A window on a tape.
#[derive(Clone, Debug)]
pub(super) struct Window {
    nanos: u64,
    /// The ordinal of its first sample.
    first: u64,
    failed: u64,
    seen: u64,
}

// === impl Tape ===

impl Tape {
    /// An empty tape with windows of these lengths.
    pub(super) fn new(lengths: impl IntoIterator<Item = Duration>) -> Self {
        let window = |length: Duration| {
            let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
            Window { nanos, first: 0, failed: 0, seen: 0 }
        };
        Self { samples: VecDeque::new(), gone: 0, windows: lengths.into_iter().map(window).collect() }
    }

    /// Takes a sample: it enters every window, and those leave that are too old beside it. Beyond
    /// [`DETECTOR_SAMPLES_MAX`] the oldest leaves early.
    pub(super) fn push(&mut self, sample: &Sample) {
        let now = sample.at.as_nanos();
        if self.samples.len() >= DETECTOR_SAMPLES_MAX
            && let Some(oldest) = self.samples.pop_front()
        {
            self.windows.iter_mut().filter(|w| w.first == self.gone).for_each(|w| w.leave(oldest));
            self.gone += 1;
        }
        self.samples.push_back(now << 1 | u64::from(sample.failed));
        let mut first = u64::MAX;
        for window in &mut self.windows {
            window.seen += 1;
            window.failed += u64::from(sample.failed);
            while let Some(oldest) = self.samples.get((window.first - self.gone) as usize)
                && (oldest >> 1).saturating_add(window.nanos) <= now
            {
                window.leave(*oldest);
            }
            first = first.min(window.first);
        }
        while self.gone < first && self.samples.pop_front().is_some() {
            self.gone += 1;
        }
    }

    /// The window at this place.
    pub(super) fn window(&self, place: usize) -> &Window {
        &self.windows[place]
    }

    /// When the longest window will be empty, if no other sample comes after one at `last`.
    pub(super) fn empty_at(&self, last: SimTime) -> Option<SimTime> {
        let longest = self.windows.iter().filter(|w| w.seen > 0).map(|w| w.nanos).max()?;
        Some(SimTime::from_nanos(last.as_nanos().saturating_add(longest)))
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.gone += self.samples.len() as u64;
        self.samples.clear();
        for window in &mut self.windows {
            (window.first, window.failed, window.seen) = (self.gone, 0, 0);
        }
    }
}

// === impl Window ===

impl Window {
    fn leave(&mut self, word: u64) {
        self.first += 1;
        self.seen -= 1;
        self.failed -= word & 1;
    }

    pub(super) const fn failed(&self) -> u64 {
        self.failed
    }

    pub(super) const fn seen(&self) -> u64 {
        self.seen
    }

    /// The share that failed; nothing of nothing.
    pub(super) fn share(&self) -> Ratio {
        Ratio::new(self.failed, self.seen).unwrap_or(Ratio::ZERO)
    }
}

/// What is wrong with a window of this length, which goes by this key.
pub(super) fn window_contradiction(feed: &Feed, key: &str, length: Duration) -> Option<Contradiction> {
    let held = feed.samples_in(length);
    if length.is_zero() {
        let longer = crate::base::exact_duration(feed.every * 10);
        let told = Contradiction::new("a window of 0s holds no probes");
        return Some(told.hint(format!("write `{key}: {longer}`, say")));
    }
    let told = || {
        let message =
            format!("a window of {held} probes is more than the {} that are remembered", feed.remembered);
        Contradiction::new(message).hint("make the window shorter, or probe more rarely")
    };
    Contradiction::unless(held <= feed.remembered as u64, told)
}
