//! What the tests of detectors share: a feed, a rule played on a line of outcomes, and run lengths by Monte Carlo.

use std::time::Duration;

use super::{Change, Detector, DetectorSpec, Feed, Sample};
use crate::base::{Label, Seed, SimTime, Stream, normal_quantile};

/// The mean of many draws, and its standard error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub(super) mean: f64,
    pub(super) error: f64,
}

/// Standard errors that a true mean may be away: once in 15,000 estimates it is further, and the seeds are fixed.
const ERRORS_MAX: f64 = 4.0;

/// Longest run: none of the tests has a mean beyond a hundredth of it.
const ASKED_MAX: u32 = 1_000_000;

/// No test says anything by an estimate that is coarser than this share of its value.
const COARSEST: f64 = 0.025;

/// A probe a second of one target, for a year.
pub(super) fn feed() -> Feed {
    feed_every(Duration::from_secs(1))
}

pub(super) fn feed_every(every: Duration) -> Feed {
    Feed::of_one(every, SimTime::ZERO, Duration::from_secs(366 * 86_400))
}

pub(super) fn sample(at: SimTime, failed: bool) -> Sample {
    Sample { at, target: 0, failed, latency: Duration::from_millis(20) }
}

/// Plays one outcome a second (`x` failed, `-` did not come, anything else succeeded): `!` where it fires right after it.
pub(super) fn play(rule: impl Into<DetectorSpec>, outcomes: &str) -> String {
    let mut detector = rule.into().detector(&feed());
    let fires = |(n, outcome)| {
        let at = SimTime::from_secs(n as u64);
        match outcome {
            '-' => detector.advance(at.plus(Duration::from_nanos(1)), |_| {}),
            _ => detector.observe(&sample(at, outcome == 'x'), |_| {}),
        }
        if detector.firing() { '!' } else { '.' }
    };
    outcomes.chars().enumerate().map(fires).collect()
}

/// The changes of a detector that is given these samples, and time until `end`.
pub(super) fn changes(
    detector: &mut Detector,
    samples: impl IntoIterator<Item = Sample>,
    end: SimTime,
) -> Vec<(f64, bool)> {
    let mut changes = Vec::new();
    let mut note = |change: Change| changes.push((change.at.as_secs_f64(), change.firing));
    for sample in samples {
        detector.observe(&sample, &mut note);
    }
    detector.advance(end, &mut note);
    changes
}

/// How many samples a rule takes to fire when each fails by itself with this probability.
pub(super) fn until_it_fires(rule: impl Into<DetectorSpec>, failing: f64, runs: u32) -> Estimate {
    let fresh = rule.into().detector(&feed());
    estimate(&format!("{failing}"), runs, |stream| {
        let mut detector = fresh.clone();
        let mut at = SimTime::ZERO;
        first(|| {
            at = at.plus(Duration::from_secs(1));
            detector.observe(&sample(at, stream.unit() < failing), |_| {});
            detector.firing()
        })
    })
}

/// How many times `happens` is asked until it does.
pub(super) fn first(mut happens: impl FnMut() -> bool) -> f64 {
    let asked = (1..=ASKED_MAX).find(|_| happens());
    f64::from(asked.expect("it happens within the longest run"))
}

/// The mean of `draw` over many runs.
pub(super) fn estimate(label: &str, runs: u32, mut draw: impl FnMut(&mut Stream) -> f64) -> Estimate {
    let mut stream = Seed(20_230_125).stream(Label::new("detect").part(label));
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..runs {
        let value = draw(&mut stream);
        sum += value;
        squares += value * value;
    }
    let n = f64::from(runs);
    let variance = (squares - sum * sum / n) / (n - 1.0);
    Estimate { mean: sum / n, error: (variance / n).sqrt() }
}

/// A draw from the normal distribution with this mean and deviation 1.
pub(super) fn normal(stream: &mut Stream, mean: f64) -> f64 {
    mean + normal_quantile(stream.unit())
}

// === impl Estimate ===

impl Estimate {
    /// Asserts that the estimate is fine enough to tell, and that this true mean explains it.
    #[track_caller]
    pub(super) fn is_about(self, expected: f64) {
        assert!(self.error <= COARSEST * self.mean, "too coarse to tell: {self:?}");
        let away = (self.mean - expected).abs();
        assert!(away <= ERRORS_MAX * self.error + 1e-9, "{self:?} is not {expected}");
    }
}
