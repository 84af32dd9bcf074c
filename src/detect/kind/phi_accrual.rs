//! Phi accrual: suspects that the target is gone when its next success is overdue, by the history of those before.
//!
//! A success is a heartbeat. φ(t) = -log10(1 - F(t - last)), where F is the distribution of the time between two, learned
//! from the last ones: φ = 8 is a chance of 1 in 10^8 that it is only late. It fires when φ reaches the threshold and falls
//! silent with the next success. A failed probe is a heartbeat that does not come, so single failures count for little.
//!
//! | `distribution` | F | φ reaches 8 |
//! | --- | --- | --- |
//! | `normal` | the normal one, with its exact tail (the paper) | mean + pause + 5.612 σ |
//! | `logistic` | Akka's and Pekko's approximation of it, 1 / (1 + exp(-y (1.5976 + 0.070566 y²))) | mean + pause + 5.226 σ |
//! | `exponential` | Cassandra's | 18.42 × mean |
//!
//! The first interval is not known: the normal ones begin with two of `expected` ± a quarter (Akka), the exponential one with
//! one of twice `expected`, and it learns no interval longer than that (Cassandra). What was overdue is not learned.
//!
//! Sources: N. Hayashibara, X. Défago, R. Yared and T. Katayama, *The φ Accrual Failure Detector*, SRDS 2004; Akka,
//! `PhiAccrualFailureDetector.scala` and `reference.conf`; Cassandra, `FailureDetector.java`.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::limits::DETECTOR_SAMPLES_MAX;
use crate::base::{SimTime, Span, exact_duration, normal_quantile};
use crate::detect::machine::Machine;
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Preset, Variants};

/// A success that is overdue.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhiAccrual {
    /// It fires when φ reaches this.
    #[serde(default = "eight")]
    pub threshold: f64,
    /// How the time between two successes is distributed.
    #[serde(default)]
    pub distribution: PhiDistribution,
    /// It learns from so many intervals.
    #[serde(default = "thousand")]
    pub intervals: u32,
    /// The deviation is taken for no less (`normal` and `logistic`).
    #[serde(default = "tenth_of_a_second")]
    pub min_deviation: Span,
    /// So much longer a success may always take (`normal` and `logistic`).
    #[serde(default)]
    pub pause: Span,
    /// The time between two successes, as long as none is known; the monitor's interval, if left out.
    #[serde(default)]
    pub expected: Option<Span>,
}

/// How the time between two successes is distributed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhiDistribution {
    /// Normal, as in the paper.
    #[default]
    Normal,
    /// Akka's approximation of the normal one.
    Logistic,
    /// Exponential, as in Cassandra.
    Exponential,
}

const fn eight() -> f64 {
    8.0
}

const fn thousand() -> u32 {
    1_000
}

const fn tenth_of_a_second() -> Span {
    Span(Duration::from_millis(100))
}

/// Highest φ: a chance of 1 in 10^100 is never.
const PHI_MAX: f64 = 100.0;

/// Longest interval that is learned, in nanoseconds: sums of squares of so many of them still are exact.
const INTERVAL_MAX: u64 = 1 << 54;

#[derive(Clone, Debug)]
struct Heartbeats {
    exponential: bool,
    /// When φ reaches the threshold, in deviations beyond the mean (in means, for the exponential).
    reach: f64,
    min_deviation: f64,
    pause: f64,
    longest: u64,
    intervals_max: usize,
    intervals: VecDeque<u64>,
    sum: u128,
    squares: u128,
    last: Option<SimTime>,
    suspect_at: SimTime,
    suspected: bool,
}

// === impl PhiDistribution ===

impl PhiDistribution {
    /// Where φ is `phi`: standard deviations beyond the mean, or means.
    fn reach(self, phi: f64) -> f64 {
        match self {
            Self::Normal => -normal_quantile(10f64.powf(-phi)),
            Self::Exponential => phi * std::f64::consts::LN_10,
            Self::Logistic => {
                // φ = log10(1 + exp(g(y))) with g(y) = y (1.5976 + 0.070566 y²), which rises: Newton's method.
                let goal = (10f64.powf(phi) - 1.0).ln();
                (0..64).fold(phi, |y, _| {
                    y - (y * (1.5976 + 0.070_566 * y * y) - goal) / (1.5976 + 3.0 * 0.070_566 * y * y)
                })
            }
        }
    }
}

// === impl PhiAccrual ===

impl Kind for PhiAccrual {
    const SOURCE: &'static str =
        "N. Hayashibara, X. Défago, R. Yared, T. Katayama, The φ Accrual Failure Detector, SRDS 2004";
    const EXAMPLE: &'static str = "{ threshold: 8 }";
    const PRESETS: &'static [Preset] = &[
        Preset {
            name: "akka-cluster",
            parameters: r#"{"threshold": 8, "distribution": "logistic", "intervals": 1000, "min_deviation": "100ms", "pause": "3s"}"#,
            source: "Akka, reference.conf, akka.cluster.failure-detector (heartbeat-interval 1s)",
        },
        Preset {
            name: "akka-remote",
            parameters: r#"{"threshold": 10, "distribution": "logistic", "intervals": 200, "min_deviation": "100ms", "pause": "10s"}"#,
            source: "Akka, reference.conf, akka.remote.watch-failure-detector (heartbeat-interval 1s)",
        },
        Preset {
            name: "cassandra",
            parameters: r#"{"threshold": 8, "distribution": "exponential", "intervals": 1000}"#,
            source: "Cassandra, FailureDetector.java, phi_convict_threshold 8, a window of 1000 (gossip every 1s)",
        },
        Preset {
            name: "cassandra-ec2",
            parameters: r#"{"threshold": 12, "distribution": "exponential", "intervals": 1000}"#,
            source: "Cassandra's advice for EC2: phi_convict_threshold 10 to 12",
        },
    ];

    fn summary(&self) -> String {
        format!("a success is overdue by φ {}", self.threshold)
    }

    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
        let Self { threshold, intervals, expected, .. } = *self;
        let mut told: Vec<Contradiction> = [
            Contradiction::unless(threshold > 0.0 && threshold <= PHI_MAX, || {
                let message = format!("a threshold is above 0 and at most {PHI_MAX}, found `{threshold}`");
                Contradiction::new(message)
            }),
            Contradiction::unless(intervals > 0 && intervals as usize <= feed.remembered, || {
                let most = feed.remembered;
                Contradiction::new(format!("it learns from 1 to {most} intervals, found `{intervals}`"))
            }),
            Contradiction::unless(expected.is_none_or(|expected| !expected.get().is_zero()), || {
                Contradiction::new("successes that are expected every 0s are always overdue")
            }),
        ]
        .into_iter()
        .flatten()
        .collect();
        if told.is_empty() {
            let after = self.heartbeats(feed).overdue();
            let most = Duration::from_nanos(after as u64);
            told.extend(Contradiction::unless(most > feed.every || expected.is_some(), || {
                let message = "φ reaches the threshold before the next success is due: the rule fires between all of them";
                Contradiction::new(message).hint("write a higher `threshold` or a `pause`")
            }));
            told.extend(Contradiction::unless(most < feed.lasts, || {
                let message = format!(
                    "a success is overdue after {}, and the scenario is no longer",
                    exact_duration(most)
                );
                Contradiction::new(message).hint("write a lower `threshold`, or make the scenario longer")
            }));
        }
        told
    }

    fn memory(&self, feed: &Feed) -> Duration {
        feed.every.saturating_mul(self.intervals)
    }

    fn variants(&self) -> Variants<Self> {
        let thresholds = [0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0];
        Variants::new("threshold", thresholds, |threshold| Self { threshold, ..*self })
    }

    fn machine(&self, feed: &Feed) -> Box<dyn Machine> {
        Box::new(self.heartbeats(feed))
    }
}

impl PhiAccrual {
    fn heartbeats(&self, feed: &Feed) -> Heartbeats {
        let nanos = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let expected = nanos(self.expected.map_or(feed.every, Span::get)).min(INTERVAL_MAX / 2);
        let exponential = self.distribution == PhiDistribution::Exponential;
        let mut heartbeats = Heartbeats {
            exponential,
            reach: self.distribution.reach(self.threshold),
            min_deviation: nanos(self.min_deviation.get()) as f64,
            pause: nanos(self.pause.get()) as f64,
            longest: if exponential { 2 * expected } else { INTERVAL_MAX },
            intervals_max: (self.intervals as usize).clamp(1, DETECTOR_SAMPLES_MAX),
            intervals: VecDeque::new(),
            sum: 0,
            squares: 0,
            last: None,
            suspect_at: SimTime::MAX,
            suspected: false,
        };
        if exponential {
            heartbeats.learn(2 * expected);
        } else {
            heartbeats.learn(expected - expected / 4);
            heartbeats.learn(expected + expected / 4);
        }
        heartbeats
    }
}

// === impl Heartbeats ===

impl Heartbeats {
    fn learn(&mut self, interval: u64) {
        if interval > self.longest {
            return;
        }
        if self.intervals.len() >= self.intervals_max
            && let Some(oldest) = self.intervals.pop_front()
        {
            self.sum -= u128::from(oldest);
            self.squares -= u128::from(oldest).pow(2);
        }
        self.intervals.push_back(interval);
        self.sum += u128::from(interval);
        self.squares += u128::from(interval).pow(2);
    }

    /// How long after a success φ reaches the threshold, in nanoseconds.
    fn overdue(&self) -> f64 {
        let n = self.intervals.len() as f64;
        let mean = self.sum as f64 / n;
        if self.exponential {
            return mean * self.reach;
        }
        // Exact in whole numbers: n Σx² - (Σx)².
        let n2_variance = (self.intervals.len() as u128 * self.squares).saturating_sub(self.sum * self.sum);
        let deviation = (n2_variance as f64).sqrt() / n;
        mean + self.pause + self.reach * deviation.max(self.min_deviation)
    }
}

impl Machine for Heartbeats {
    fn observe(&mut self, sample: &Sample) -> bool {
        if sample.failed {
            return self.suspected;
        }
        if let Some(last) = self.last
            && !self.suspected
        {
            self.learn(sample.at.as_nanos().saturating_sub(last.as_nanos()));
        }
        self.suspected = false;
        self.last = Some(sample.at);
        // A saturating cast: before the mean is at once.
        self.suspect_at = SimTime::from_nanos(sample.at.as_nanos().saturating_add(self.overdue() as u64));
        false
    }

    fn deadline(&self) -> Option<SimTime> {
        (self.last.is_some() && !self.suspected).then_some(self.suspect_at)
    }

    fn wake(&mut self, now: SimTime) -> bool {
        self.suspected |= now >= self.suspect_at;
        self.suspected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::DetectorSpec;
    use crate::detect::testing::{changes, feed, feed_every, sample};

    /// Deviations at which φ is reached: by the exact normal tail, and by Akka's approximation, which leaves it beyond 3.
    #[test]
    fn phi_of_known_distributions() {
        for (phi, exact, akka) in [
            (1.0, 1.28155, 1.28222),
            (2.0, 2.32635, 2.32275),
            (3.0, 3.09023, 3.05894),
            (5.0, 4.26489, 4.11919),
            (8.0, 5.61200, 5.22599),
            (12.0, 7.03448, 6.29212),
            (16.0, 8.22208, 7.11968),
        ] {
            assert!((PhiDistribution::Normal.reach(phi) - exact).abs() < 1e-5, "{phi}");
            assert!((PhiDistribution::Logistic.reach(phi) - akka).abs() < 1e-5, "{phi}");
        }
        assert!((PhiDistribution::Exponential.reach(8.0) - 18.4207).abs() < 1e-4);
        assert!((PhiDistribution::Exponential.reach(12.0) - 27.6310).abs() < 1e-4);
        assert!(PhiDistribution::Normal.reach(2f64.log10()).abs() < 1e-6, "one half is at the mean");
    }

    /// Regular heartbeats of 1 s, then none: Akka's cluster suspects after 4.523 s at φ = 8 and 4.629 s at 12 (mean 1 s,
    /// pause 3 s, the least deviation of 100 ms), Cassandra after 18.42 s.
    #[test]
    fn silence_is_suspected_as_published() {
        let after = |text: &str| {
            let spec: DetectorSpec = serde_json::from_str(&format!(r#"{{"phi_accrual": {text}}}"#)).unwrap();
            // So many that the seeds are forgotten.
            let beats = (0..2_000).map(|n| sample(SimTime::from_secs(n), false));
            let seen = changes(&mut spec.detector(&feed()), beats, SimTime::from_secs(9_000));
            assert_eq!(seen.len(), 1, "{seen:?}");
            seen[0].0 - 1_999.0
        };
        let akka = r#"{"threshold": 12, "distribution": "logistic", "pause": "3s"}"#;
        for (text, expected) in [
            (r#""akka-cluster""#, 4.5226),
            (akka, 4.6292),
            (r#""cassandra""#, 18.4207),
            (r#""cassandra-ec2""#, 27.631),
            (r#"{"threshold": 8, "min_deviation": "1ms"}"#, 1.005_612),
        ] {
            assert!((after(text) - expected).abs() < 1e-3, "{text}: {}", after(text));
        }
    }

    /// Heartbeats with a known deviation: alternately 0.8 s and 1.2 s apart, so σ = 0.2 s.
    #[test]
    fn the_deviation_is_learned() {
        let rule = DetectorSpec::from(PhiAccrual { intervals: 100, ..parameters() });
        let mut at = SimTime::ZERO;
        let beats: Vec<Sample> = (0..1_000)
            .map(|n| {
                at = at.plus(Duration::from_millis(if n % 2 == 0 { 800 } else { 1_200 }));
                sample(at, false)
            })
            .collect();
        let seen = changes(&mut rule.detector(&feed()), beats, SimTime::from_secs(9_000));
        assert!((seen[0].0 - at.as_secs_f64() - (1.0 + 5.612 * 0.2)).abs() < 1e-3, "{seen:?}");
    }

    #[test]
    fn the_next_success_ends_the_suspicion_and_the_gap_is_not_learned() {
        let rule = DetectorSpec::from(parameters());
        let beats = (0..100).filter(|n| !(50..60).contains(n)).map(|n| sample(SimTime::from_secs(n), false));
        let failures = (50..60).map(|n| sample(SimTime::from_secs(n), true));
        let mut all: Vec<Sample> = beats.chain(failures).collect();
        all.sort_by_key(|sample| sample.at);
        let seen = changes(&mut rule.detector(&feed()), all, SimTime::from_secs(100));
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(seen[0].0 < 52.0 && (seen[1].0 - 60.0).abs() < 1e-9, "{seen:?}");
    }

    #[test]
    fn what_fires_between_two_successes_is_told() {
        let told = |rule: PhiAccrual, every| rule.contradictions(&feed_every(Duration::from_secs(every)));
        assert_eq!(told(parameters(), 1), []);
        let low = PhiAccrual { threshold: 0.1, ..parameters() };
        assert!(told(low, 1)[0].message.contains("between all of them"));
        assert_eq!(told(PhiAccrual { threshold: f64::NAN, intervals: 0, ..parameters() }, 1).len(), 2);
    }

    fn parameters() -> PhiAccrual {
        serde_json::from_str("{}").unwrap()
    }
}
