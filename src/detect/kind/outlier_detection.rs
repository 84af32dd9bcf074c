//! Outlier detection: fires while at least one target of a fleet is ejected, as Envoy ejects hosts.
//!
//! - A target with `consecutive` failures in a row is ejected at once.
//! - Every `interval` the targets are compared: one whose success rate lies more than `deviations` standard deviations below
//!   the mean of all is ejected, if at least `min_hosts` of them had `request_volume` probes in the interval. With
//!   `failure_percentage`, so is one that failed at least that often (Envoy counts it, but does not enforce it by default).
//! - An ejection lasts `base_ejection_time` × how often the target has been ejected, at most `max_ejection_time`; it ends at
//!   an interval's end. For each healthy interval the target is forgiven one.
//! - No more than `max_ejection_percent` of the targets are ejected at once, but always one.
//!
//! What an ejected target does is not looked at: it gets no traffic. Envoy sees every request, a monitor only its probes:
//! with few of them, `request_volume` is seldom reached, and nothing but the failures in a row is left.
//!
//! Source: Envoy, `OutlierDetection` (api/envoy/config/cluster/v3) and its architecture overview, *Outlier detection*.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use crate::base::limits::DETECTOR_TARGETS_MAX;
use crate::base::{Ratio, SimTime, Span};
use crate::detect::machine::Machine;
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Preset, Variants};

/// Targets that fare worse than the others.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutlierDetection {
    /// So many failures in a row eject a target (`consecutive_5xx`).
    #[serde(default = "five")]
    pub consecutive: NonZeroU32,
    /// How often the targets are compared.
    #[serde(default = "ten_seconds")]
    pub interval: Span,
    /// So many standard deviations below the mean eject a target (`success_rate_stdev_factor` / 1000).
    #[serde(default = "deviations")]
    pub deviations: f64,
    /// It takes so many targets with enough probes to compare them.
    #[serde(default = "five")]
    pub min_hosts: NonZeroU32,
    /// So many probes of a target in an interval are enough to compare it.
    #[serde(default = "hundred")]
    pub request_volume: NonZeroU32,
    /// A share of failures that ejects a target whatever the others do; none, if left out.
    #[serde(default)]
    pub failure_percentage: Option<Ratio>,
    /// So many probes of a target in an interval are enough for that.
    #[serde(default = "fifty")]
    pub failure_percentage_volume: NonZeroU32,
    /// How long the first ejection lasts.
    #[serde(default = "thirty_seconds")]
    pub base_ejection_time: Span,
    /// How long an ejection lasts at most.
    #[serde(default = "five_minutes")]
    pub max_ejection_time: Span,
    /// The share of the targets that may be ejected at once.
    #[serde(default = "tenth")]
    pub max_ejection_percent: Ratio,
}

const fn count(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

const fn five() -> NonZeroU32 {
    count(5)
}

const fn fifty() -> NonZeroU32 {
    count(50)
}

const fn hundred() -> NonZeroU32 {
    count(100)
}

const fn deviations() -> f64 {
    1.9
}

const fn ten_seconds() -> Span {
    Span(Duration::from_secs(10))
}

const fn thirty_seconds() -> Span {
    Span(Duration::from_secs(30))
}

const fn five_minutes() -> Span {
    Span(Duration::from_secs(300))
}

fn tenth() -> Ratio {
    Ratio::new(1, 10).unwrap_or(Ratio::ZERO)
}

/// Shortest interval: Envoy counts in milliseconds.
const INTERVAL_MIN: Duration = Duration::from_millis(1);

#[derive(Clone, Debug)]
struct Fleet {
    spec: OutlierDetection,
    hosts: Vec<Host>,
    ejected: usize,
    /// How many may be ejected at once.
    ejected_max: usize,
    next_sweep: SimTime,
    /// Whether a sweep would find anything to do.
    busy: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Host {
    in_a_row: u32,
    seen: u32,
    failed: u32,
    ejected_at: Option<SimTime>,
    /// How often it has been ejected, less one for each healthy interval.
    ejections: u32,
}

// === impl OutlierDetection ===

impl Kind for OutlierDetection {
    const SOURCE: &'static str = "Envoy, OutlierDetection (api/envoy/config/cluster/v3/outlier_detection.proto) and its architecture overview";
    const EXAMPLE: &'static str = "{ consecutive: 5 }";
    const PRESETS: &'static [Preset] = &[Preset {
        name: "envoy",
        parameters: r#"{"consecutive": 5, "interval": "10s", "deviations": 1.9, "min_hosts": 5, "request_volume": 100, "base_ejection_time": "30s", "max_ejection_time": "300s", "max_ejection_percent": "10%"}"#,
        source: "Envoy's defaults: consecutive_5xx 5, success_rate_stdev_factor 1900, and so on; failure_percentage is not enforced",
    }];

    fn summary(&self) -> String {
        format!("a target is ejected: {} failures in a row, or worse than the others", self.consecutive)
    }

    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
        let told = [
            Contradiction::unless(self.interval.get() >= INTERVAL_MIN, || {
                let message = format!("an interval of {} is too short to compare anything", self.interval);
                Contradiction::new(message).hint("Envoy's is 10s")
            }),
            Contradiction::unless(self.deviations >= 0.0 && self.deviations.is_finite(), || {
                Contradiction::new(format!("`deviations` is 0 or more, found `{}`", self.deviations))
            }),
            Contradiction::unless(u64::from(self.consecutive.get()) <= feed.probes_in(feed.lasts), || {
                let all = feed.probes_in(feed.lasts);
                let message = format!(
                    "the rule needs {} failures, and the scenario has {all} probes",
                    self.consecutive
                );
                Contradiction::new(message).hint("probe more often, or make the scenario longer")
            }),
        ];
        told.into_iter().flatten().collect()
    }

    fn memory(&self, _feed: &Feed) -> Duration {
        self.interval.get() + self.max_ejection_time.get()
    }

    fn variants(&self) -> Variants<Self> {
        let counts = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20].into_iter().filter_map(NonZeroU32::new);
        Variants::new("consecutive", counts, |consecutive| Self { consecutive, ..*self })
    }

    fn machine(&self, feed: &Feed) -> Box<dyn Machine> {
        let targets = feed.targets.clamp(1, DETECTOR_TARGETS_MAX);
        // Envoy lets the next one go when the share is not reached yet; it always lets the first.
        let share = self.max_ejection_percent.as_f64() * f64::from(targets);
        Box::new(Fleet {
            spec: *self,
            hosts: vec![Host::default(); targets as usize],
            ejected: 0,
            ejected_max: (share as usize).max(1),
            next_sweep: feed.from.plus(self.interval.get()),
            busy: false,
        })
    }
}

// === impl Fleet ===

impl Fleet {
    fn eject(&mut self, target: usize, now: SimTime) {
        if self.ejected < self.ejected_max {
            let host = &mut self.hosts[target];
            host.ejected_at = Some(now);
            host.ejections += 1;
            host.in_a_row = 0;
            self.ejected += 1;
        }
    }

    fn sweep(&mut self, now: SimTime) {
        self.release(now);
        let outliers = self.outliers();
        for target in outliers {
            self.eject(target, now);
        }
        self.busy = self.ejected > 0;
        for host in &mut self.hosts {
            self.busy |= host.ejections > 0;
            (host.seen, host.failed) = (0, 0);
        }
    }

    /// Ends ejections that have lasted long enough, and forgives the others one.
    fn release(&mut self, now: SimTime) {
        for host in &mut self.hosts {
            let Some(at) = host.ejected_at else {
                host.ejections = host.ejections.saturating_sub(1);
                continue;
            };
            let lasts = self.spec.base_ejection_time.get().saturating_mul(host.ejections);
            if now.since(at) >= lasts.min(self.spec.max_ejection_time.get()) {
                host.ejected_at = None;
                self.ejected -= 1;
            }
        }
    }

    /// The targets that fared worse in the interval than they should.
    fn outliers(&self) -> Vec<usize> {
        let here = |host: &&Host| host.ejected_at.is_none();
        let rate = |host: &Host| 1.0 - f64::from(host.failed) / f64::from(host.seen.max(1));
        let enough = |host: &&Host| host.seen >= self.spec.request_volume.get();
        let rates: Vec<f64> = self.hosts.iter().filter(here).filter(enough).map(rate).collect();
        let n = rates.len() as f64;
        let mean = rates.iter().sum::<f64>() / n;
        let deviation = (rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / n).sqrt();
        let comparable = rates.len() >= self.spec.min_hosts.get() as usize;
        let worse = |host: &Host| {
            let below = rate(host) < mean - self.spec.deviations * deviation;
            let share = Ratio::new(host.failed.into(), host.seen.into()).unwrap_or(Ratio::ZERO);
            let volume = host.seen >= self.spec.failure_percentage_volume.get();
            comparable && enough(&host) && below
                || volume && self.spec.failure_percentage.is_some_and(|most| share >= most)
        };
        let all = self.hosts.iter().enumerate();
        all.filter(|(_, host)| host.ejected_at.is_none() && worse(host)).map(|(target, _)| target).collect()
    }

    /// The first end of an interval at or after `t`.
    fn sweep_from(&self, t: SimTime) -> SimTime {
        let interval =
            u64::try_from(self.spec.interval.get().max(INTERVAL_MIN).as_nanos()).unwrap_or(u64::MAX);
        let missed = t.as_nanos().saturating_sub(self.next_sweep.as_nanos()).div_ceil(interval);
        SimTime::from_nanos(self.next_sweep.as_nanos().saturating_add(missed.saturating_mul(interval)))
    }
}

impl Machine for Fleet {
    fn observe(&mut self, sample: &Sample) -> bool {
        if self.next_sweep < sample.at {
            self.next_sweep = self.sweep_from(sample.at);
        }
        if let Some(host) = self.hosts.get_mut(sample.target as usize)
            && host.ejected_at.is_none()
        {
            self.busy = true;
            host.seen += 1;
            host.failed += u32::from(sample.failed);
            host.in_a_row = if sample.failed { host.in_a_row + 1 } else { 0 };
            if host.in_a_row >= self.spec.consecutive.get() {
                self.eject(sample.target as usize, sample.at);
            }
        }
        self.ejected > 0
    }

    fn deadline(&self) -> Option<SimTime> {
        self.busy.then_some(self.next_sweep)
    }

    fn wake(&mut self, now: SimTime) -> bool {
        if self.next_sweep <= now {
            self.sweep(now);
            self.next_sweep = self.sweep_from(now.plus(Duration::from_nanos(1)));
        }
        self.ejected > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{changes, feed, feed_every, sample};
    use crate::detect::{Detector, DetectorSpec};

    fn defaults() -> OutlierDetection {
        serde_json::from_str("{}").unwrap()
    }

    fn ejector(rule: OutlierDetection, targets: u32) -> Detector {
        DetectorSpec::from(rule).detector(&Feed { targets, ..feed_every(Duration::from_millis(50)) })
    }

    /// Twenty probes a second of each of `targets`, for so many seconds; `failed(target, n)` of the n-th of one.
    fn probes(targets: u32, seconds: u64, failed: impl Fn(u32, u64) -> bool) -> Vec<Sample> {
        let all = (0..seconds * 20).flat_map(|n| (0..targets).map(move |target| (n, target)));
        all.map(|(n, target)| Sample {
            target,
            ..sample(SimTime::from_millis(50 * n + 1), failed(target, n))
        })
        .collect()
    }

    /// Five in a row are an ejection in line; it lasts 30 s and ends with the interval; the second one lasts 60 s.
    #[test]
    fn failures_in_a_row_eject_at_once_and_longer_each_time() {
        let mut detector = DetectorSpec::from(defaults()).detector(&feed());
        let bad = |n: u64| (3..8).contains(&n) || (41..46).contains(&n);
        let samples = (0..200).map(|n| sample(SimTime::from_secs(n), bad(n)));
        // Ejected at 7 s until the sweep at 40 s; again at 45 s, now for 60 s, until the sweep at 110 s.
        let seen = changes(&mut detector, samples, SimTime::from_secs(200));
        assert_eq!(seen, [(7.0, true), (40.0, false), (45.0, true), (110.0, false)]);
        let four = (0..9).map(|n| sample(SimTime::from_secs(n), n != 4));
        assert_eq!(changes(&mut DetectorSpec::from(defaults()).detector(&feed()), four, SimTime::ZERO), []);
    }

    /// Ten targets of which one fails every fifth probe, never in a row: 80 % against a mean of 98 % and a deviation of 6
    /// points is below 98 - 1.9 × 6 = 86.6 %: it is ejected at the end of the first interval. With four targets nothing is.
    #[test]
    fn who_fares_worse_than_the_others_is_ejected() {
        let worse = |target: u32, n: u64| target == 3 && n.is_multiple_of(5);
        let seen = changes(&mut ejector(defaults(), 10), probes(10, 15, worse), SimTime::ZERO);
        assert_eq!(seen, [(10.0, true)]);
        assert_eq!(changes(&mut ejector(defaults(), 4), probes(4, 15, worse), SimTime::ZERO), []);
        // All of them equally bad: no deviation, no outlier.
        let all = |_, n: u64| n.is_multiple_of(5);
        assert_eq!(changes(&mut ejector(defaults(), 10), probes(10, 15, all), SimTime::ZERO), []);
    }

    /// 85 % of failures, never five in a row: Envoy does not enforce it unless told.
    #[test]
    fn a_share_of_failures_ejects_only_if_asked() {
        let bad = |_, n: u64| !n.is_multiple_of(5);
        let rule = OutlierDetection { consecutive: count(6), ..defaults() };
        assert_eq!(changes(&mut ejector(rule, 2), probes(2, 15, bad), SimTime::ZERO), []);
        let asked = OutlierDetection { failure_percentage: Ratio::new(4, 5), ..rule };
        assert_eq!(changes(&mut ejector(asked, 2), probes(2, 15, bad), SimTime::ZERO), [(10.0, true)]);
    }

    /// 10 % of 20 targets are two; of three, one all the same.
    #[test]
    fn no_more_are_ejected_than_may_be() {
        for (targets, most) in [(20, 2), (3, 1)] {
            let rule = defaults();
            let mut hosts = Fleet {
                spec: rule,
                hosts: vec![Host::default(); targets as usize],
                ejected: 0,
                ejected_max: ((0.1 * f64::from(targets)) as usize).max(1),
                next_sweep: SimTime::from_secs(10),
                busy: false,
            };
            for sample in probes(targets, 5, |_, _| true) {
                hosts.observe(&sample);
            }
            assert_eq!(hosts.ejected, most);
        }
    }
}
