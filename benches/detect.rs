//! Detectors alone: what a sample costs, by kind.
//!
//! An element is one sample of one target, every 15 s, of which 2 % fail: the sporadic failure in which rules do the most.
//! Each kind is measured warm, with windows that are full. Wanted: 20 ns at the median over the kinds, 200 ns for the dearest.
//! A clone of a warm detector is measured apart, for a benchmark starts many incidents from one history.

use std::hint::black_box;
use std::time::Duration;

use brownout::base::{Label, Seed, SimTime};
use brownout::detect::{Detector, DetectorSpec, Feed, Sample};
use criterion::{BenchmarkId, Criterion, Throughput};

const RULES: [(&str, &str); 17] = [
    ("consecutive", r#"{"consecutive": "kubernetes-liveness"}"#),
    ("m_of_n", r#"{"m_of_n": {"failures": 3, "of": 5}}"#),
    ("m_of_n, periods", r#"{"m_of_n": {"failures": 3, "of": 5, "period": "1m"}}"#),
    ("window_ratio", r#"{"window_ratio": {"window": "10m", "at_least": "5%"}}"#),
    ("burn_rate, page", r#"{"burn_rate": {"objective": "99.9%"}}"#),
    ("burn_rate, ticket", r#"{"burn_rate": {"objective": "99.9%", "windows": "ticket"}}"#),
    ("ewma", r#"{"ewma": {"background": "1%"}}"#),
    ("cusum", r#"{"cusum": {"background": "1%", "failing": "10%"}}"#),
    ("page_hinkley", r#"{"page_hinkley": {"threshold": 5}}"#),
    ("sprt", r#"{"sprt": {"background": "1%", "failing": "10%"}}"#),
    (
        "shiryaev_roberts",
        r#"{"shiryaev_roberts": {"background": "1%", "failing": "10%", "false_alarm_every": 40320}}"#,
    ),
    ("phi_accrual", r#"{"phi_accrual": "akka-cluster"}"#),
    ("outlier_detection", r#"{"outlier_detection": "envoy"}"#),
    ("latency_shift", r#"{"latency_shift": {}}"#),
    ("alert", r#"{"alert": {"when": {"consecutive": {"failures": 1}}, "for": "5m", "every": "15s"}}"#),
    (
        "quorum",
        r#"{"quorum": {"of": [{"consecutive": {"failures": 3}}, {"m_of_n": {"failures": 3, "of": 5}}], "at_least": "all"}}"#,
    ),
    ("per_target", r#"{"per_target": {"rule": {"consecutive": {"failures": 3}}, "at_least": "50%"}}"#),
];

const EVERY: Duration = Duration::from_secs(15);
/// Outcomes that come round again.
const OUTCOMES: u32 = 1 << 12;
/// Three days and a bit: the longest window is full.
const WARM: usize = 20_000;

/// Samples without an end.
struct Samples {
    rounds: Vec<Sample>,
    next: usize,
    /// What is added to the instants of this round, in nanoseconds.
    later: u64,
}

// === impl Samples ===

impl Samples {
    fn new() -> Self {
        let mut stream = Seed(5).stream(Label::new("bench"));
        let sample = |n| Sample {
            at: SimTime::after_start(EVERY * n),
            target: 0,
            failed: stream.unit() < 0.02,
            latency: Duration::from_secs_f64(0.02 + 0.01 * stream.unit()),
        };
        Self { rounds: (0..OUTCOMES).map(sample).collect(), next: 0, later: 0 }
    }

    fn next(&mut self) -> Sample {
        if self.next == self.rounds.len() {
            self.next = 0;
            self.later += (EVERY * OUTCOMES).as_nanos() as u64;
        }
        let sample = self.rounds[self.next];
        self.next += 1;
        Sample { at: SimTime::from_nanos(sample.at.as_nanos() + self.later), ..sample }
    }
}

fn warm(rule: &str) -> (Detector, Samples) {
    let spec: DetectorSpec = serde_json::from_str(rule).expect("the rule is valid");
    let lasts = Duration::from_secs(365 * 86_400);
    let mut detector = spec.detector(&Feed::of_one(EVERY, SimTime::ZERO, lasts));
    let mut samples = Samples::new();
    (0..WARM).for_each(|_| detector.observe(&samples.next(), |_| {}));
    (detector, samples)
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("detect, a sample");
    group.throughput(Throughput::Elements(1));
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (name, rule) in RULES {
        let (mut detector, mut samples) = warm(rule);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| detector.observe(&samples.next(), |change| _ = black_box(change)));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("detect, a clone");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (name, rule) in RULES.iter().filter(|(name, _)| name.starts_with("burn_rate")) {
        let (detector, _) = warm(rule);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| black_box(detector.clone()));
        });
    }
    group.finish();
    criterion.final_summary();
}
