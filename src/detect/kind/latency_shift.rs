//! Latency shift: fires while a quantile of the latency is so many times what it used to be.
//!
//! The quantile of the last `window` of successful probes against the quantile of those before them, up to `baseline` back.
//! Both are as many successes as a healthy path gives in that time: where probes fail, they reach further back.
//! Comparing a quantile with itself needs no figure to be known of the path, and a median or a p95 moves by 20 % on no
//! account of one slow probe. While it fires, the baseline does not learn: a bad hour is not what is usual.
//!
//! Latencies are counted in buckets of 1/32 octave, as an HDR histogram does, so quantiles are right to 3 %. The k-th of n
//! is taken with k = ⌈q n⌉. That the quantile of n samples is above a value is the chance that more than n - k of them are:
//! a binomial tail, which the test meets.

use std::time::Duration;

use std::collections::VecDeque;

use serde::Deserialize;

use crate::base::limits::DETECTOR_SAMPLES_MAX;
use crate::base::{Ratio, Span};
use crate::detect::machine::Machine;
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Variants};
use crate::detect::window::window_contradiction;

/// A quantile of the latency that has risen.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyShift {
    /// The quantile, as a share.
    #[serde(default = "p95")]
    pub quantile: Ratio,
    /// It fires while the quantile is more than so many times what it was.
    #[serde(default = "two")]
    pub times: f64,
    /// The probes that are judged: those of the last so long.
    #[serde(default = "five_minutes")]
    pub window: Span,
    /// The probes that they are judged by: those of so long before them.
    #[serde(default = "an_hour")]
    pub baseline: Span,
}

fn p95() -> Ratio {
    Ratio::new(19, 20).unwrap_or(Ratio::ONE)
}

const fn two() -> f64 {
    2.0
}

const fn five_minutes() -> Span {
    Span(std::time::Duration::from_secs(300))
}

const fn an_hour() -> Span {
    Span(std::time::Duration::from_secs(3_600))
}

/// Buckets of an octave, in powers of two.
const FINENESS: u32 = 5;
/// The finest latency that is told apart: 2^10 ns, a microsecond.
const LOWEST_BITS: u32 = 10;
/// Up to 2^42 ns, 73 minutes.
const OCTAVES: usize = 32;
const BUCKETS: usize = (OCTAVES + 1) << FINENESS;

#[derive(Clone, Debug)]
struct Shift {
    times: f64,
    recent: Recent,
    baseline: Recent,
    firing: bool,
}

/// The last samples of a number, in order and counted.
#[derive(Clone, Debug)]
struct Recent {
    most: usize,
    order: VecDeque<u16>,
    counted: Counted,
}

/// How many latencies are in each bucket, and where the quantile is: it moves by a bucket or two with each sample.
#[derive(Clone, Debug)]
struct Counted {
    counts: Box<[u32]>,
    quantile: Ratio,
    total: u64,
    /// The bucket of the quantile, and how many latencies lie in those below it.
    place: usize,
    below: u64,
}

// === impl LatencyShift ===

impl Kind for LatencyShift {
    const SOURCE: &'static str =
        "order statistics against the path's own past; buckets as in G. Tene's HdrHistogram";
    const EXAMPLE: &'static str = "{ quantile: 95%, times: 2 }";

    fn summary(&self) -> String {
        format!(
            "the {} quantile of the latency of the last {} is {} times what it was",
            self.quantile, self.window, self.times
        )
    }

    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
        let Self { quantile, times, window, baseline } = *self;
        let window_told = window_contradiction(feed, "window", window.get());
        let baseline_told = window_contradiction(feed, "baseline", baseline.get());
        let told = [
            Contradiction::unless(!quantile.is_zero(), || {
                Contradiction::new("the quantile of 0% is the fastest probe")
                    .hint("write `quantile: 50%`, say")
            }),
            Contradiction::unless(times >= 1.0 && times.is_finite(), || {
                Contradiction::new(format!("`times` is 1 or more, found `{times}`"))
            }),
            Contradiction::unless(window.get() + window.get() <= feed.lasts, || {
                let message =
                    format!("a window of {window} has no past in this scenario: the rule can never fire");
                Contradiction::new(message).hint("write a shorter `window`, or make the scenario longer")
            }),
        ];
        window_told.into_iter().chain(baseline_told).chain(told.into_iter().flatten()).collect()
    }

    fn memory(&self, _feed: &Feed) -> Duration {
        self.window.get() + self.baseline.get()
    }

    fn variants(&self) -> Variants<Self> {
        let times = [1.1, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0, 16.0];
        Variants::new("times", times, |times| Self { times, ..*self })
    }

    fn machine(&self, feed: &Feed) -> Box<dyn Machine> {
        let samples = |span: Span| usize::try_from(feed.samples_in(span.get())).unwrap_or(usize::MAX);
        Box::new(Shift {
            times: self.times,
            recent: Recent::new(samples(self.window), self.quantile),
            baseline: Recent::new(samples(self.baseline), self.quantile),
            firing: false,
        })
    }
}

// === impl Shift ===

impl Machine for Shift {
    fn observe(&mut self, sample: &Sample) -> bool {
        if sample.failed {
            return self.firing;
        }
        let bucket = bucket(u64::try_from(sample.latency.as_nanos()).unwrap_or(u64::MAX));
        if let Some(left) = self.recent.push(bucket)
            && !self.firing
        {
            self.baseline.push(left);
        }
        // As much past as there is present, at least.
        let known =
            self.recent.full() && self.baseline.order.len() >= self.recent.most.min(self.baseline.most);
        self.firing = known && self.recent.quantile() > self.times * self.baseline.quantile();
        self.firing
    }
}

// === impl Recent ===

impl Recent {
    fn new(most: usize, quantile: Ratio) -> Self {
        let counts = vec![0; BUCKETS].into();
        let counted = Counted { counts, quantile, total: 0, place: 0, below: 0 };
        Self { most: most.clamp(1, DETECTOR_SAMPLES_MAX), order: VecDeque::new(), counted }
    }

    fn full(&self) -> bool {
        self.order.len() >= self.most
    }

    /// Takes the newest; gives the oldest, if it has to leave for it.
    fn push(&mut self, bucket: u16) -> Option<u16> {
        let left = if self.full() { self.order.pop_front() } else { None };
        if let Some(left) = left {
            self.counted.remove(left.into());
        }
        self.order.push_back(bucket);
        self.counted.add(bucket.into());
        self.counted.settle();
        left
    }

    fn quantile(&self) -> f64 {
        middle(self.counted.place)
    }
}

// === impl Counted ===

impl Counted {
    fn add(&mut self, bucket: usize) {
        self.counts[bucket] += 1;
        self.total += 1;
        self.below += u64::from(bucket < self.place);
    }

    fn remove(&mut self, bucket: usize) {
        self.counts[bucket] -= 1;
        self.total -= 1;
        self.below -= u64::from(bucket < self.place);
    }

    /// Moves to the bucket of the k-th smallest, k = ⌈q n⌉.
    fn settle(&mut self) {
        let k = ((self.quantile.as_f64() * self.total as f64).ceil() as u64).max(1);
        while self.below >= k && self.place > 0 {
            self.place -= 1;
            self.below -= u64::from(self.counts[self.place]);
        }
        while self.below + u64::from(self.counts[self.place]) < k && self.place + 1 < BUCKETS {
            self.below += u64::from(self.counts[self.place]);
            self.place += 1;
        }
    }
}

/// The bucket of a latency: its octave, and which 32nd of it.
fn bucket(nanos: u64) -> u16 {
    let nanos = nanos.clamp(1 << LOWEST_BITS, (1 << (LOWEST_BITS + OCTAVES as u32)) - 1);
    let octave = nanos.ilog2() - LOWEST_BITS;
    let part = (nanos >> (octave + LOWEST_BITS - FINENESS)) & ((1 << FINENESS) - 1);
    ((octave << FINENESS) + part as u32) as u16
}

/// The middle of a bucket, in nanoseconds.
fn middle(bucket: usize) -> f64 {
    let (octave, part) = (bucket >> FINENESS, bucket & ((1 << FINENESS) - 1));
    let width = f64::from(1 << FINENESS);
    (1u64 << (octave as u32 + LOWEST_BITS)) as f64 * (1.0 + (part as f64 + 0.5) / width)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::{Label, Seed, SimTime};
    use crate::detect::DetectorSpec;
    use crate::detect::testing::{estimate, feed};

    fn rule(quantile: Ratio, times: f64, window: u64, baseline: u64) -> LatencyShift {
        let seconds = |n| Span(Duration::from_secs(n));
        LatencyShift { quantile, times, window: seconds(window), baseline: seconds(baseline) }
    }

    fn probe(n: u64, millis: f64) -> Sample {
        let at = SimTime::from_secs(n);
        Sample { at, target: 0, failed: false, latency: Duration::from_secs_f64(millis / 1e3) }
    }

    #[test]
    fn buckets_are_fine_and_in_order() {
        let mut last = 0;
        for exponent in 0..420 {
            let nanos = 2f64.powf(f64::from(exponent) / 10.0);
            let bucket = bucket(nanos as u64);
            assert!(bucket >= last);
            last = bucket;
            if nanos >= 1_100.0 {
                let told = middle(bucket.into());
                assert!((told / nanos - 1.0).abs() < 0.032, "{told} for {nanos}");
            }
        }
        assert!(usize::from(bucket(u64::MAX)) < BUCKETS);
    }

    /// The cursor against a sorted list, over latencies of three magnitudes.
    #[test]
    fn the_quantile_that_moves_is_that_of_a_sorted_list() {
        let mut stream = Seed(1).stream(Label::new("latency"));
        let mut recent = Recent::new(50, p95());
        let mut last: VecDeque<u16> = VecDeque::new();
        for _ in 0..2_000 {
            let bucket = bucket((10f64.powf(stream.unit() * 3.0) * 1e6) as u64);
            recent.push(bucket);
            last.push_back(bucket);
            if last.len() > 50 {
                last.pop_front();
            }
            let mut sorted: Vec<u16> = last.iter().copied().collect();
            sorted.sort_unstable();
            let k = ((0.95 * sorted.len() as f64).ceil() as usize).max(1);
            assert_eq!(recent.counted.place, usize::from(sorted[k - 1]));
        }
    }

    /// 100 ms for ten minutes, then 250 ms: the median of the last minute has moved after 31 of its 60 probes. Back at
    /// 100 ms it is silent again after as many, for the baseline has not learned meanwhile.
    #[test]
    fn a_shift_of_the_median_is_found_and_its_end() {
        let mut detector =
            DetectorSpec::from(rule(Ratio::new(1, 2).unwrap(), 2.0, 60, 300)).detector(&feed());
        let mut seen = Vec::new();
        for n in 0..1_400 {
            let millis = if (600..1_200).contains(&n) { 250.0 } else { 100.0 };
            detector.observe(&probe(n, millis), |change| seen.push((change.at.as_secs_f64(), change.firing)));
        }
        assert_eq!(seen, [(630.0, true), (1_229.0, false)]);
    }

    /// Exponential latencies whose mean doubles; p90 of 40 against 1.5 times that of a long past. The chance that the first
    /// whole window fires is that at least 5 of 40 lie beyond 1.5 × ln 10 × the old mean, each with 10^-0.75 = 17.78 %.
    #[test]
    fn the_chance_to_fire_is_the_binomial_tail() {
        let p = 10f64.powf(-0.75);
        let mut term = (1.0 - p).powi(40);
        let mut tail = 1.0;
        for k in 0..5 {
            tail -= term;
            term *= (40.0 - f64::from(k)) / f64::from(k + 1) * p / (1.0 - p);
        }
        let mut stream = Seed(7).stream(Label::new("past"));
        let mut past = Recent::new(200_000, Ratio::new(9, 10).unwrap());
        let latency = |u: f64, mean: f64| bucket((-(1.0 - u).ln() * mean * 1e9) as u64);
        (0..200_000).for_each(|_| _ = past.push(latency(stream.unit(), 1.0)));
        let told = estimate("latency", 20_000, |stream| {
            let mut recent = Recent::new(40, Ratio::new(9, 10).unwrap());
            (0..40).for_each(|_| _ = recent.push(latency(stream.unit(), 2.0)));
            f64::from(u8::from(recent.quantile() > 1.5 * past.quantile()))
        });
        // A bucket is 3 % wide, which moves the limit by as much, and the chance by less than this.
        assert!((told.mean - tail).abs() < 4.0 * told.error + 0.03, "{told:?} is not {tail}");
    }
}
