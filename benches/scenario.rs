//! From the text of a scenario to its plan: reading, checking and lowering, for a small file and for a large one.
//!
//! The small one is what `brownout demo` plays; the large one has 200 faults, each with two windows, a ramp and jitter. Not
//! measured: the file system, and how mistakes are told.

#[path = "support/scenarios.rs"]
mod scenarios;

use std::hint::black_box;
use std::time::Duration;

use brownout::scenario;
use criterion::{Criterion, Throughput};

const SMALL: &str = include_str!("../scenarios/demo.yaml");

fn large() -> String {
    scenarios::of_faults((0..200).map(|n| {
        let mean = 10 + n % 50;
        format!("for: 10m, every: 12h, repeat: 2, ramp: 10s, latency: {{ mean: {mean}ms, jitter: 5ms, distribution: normal }}")
    }))
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("scenario");
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3)).sample_size(20);
    for (name, text) in [("demo", SMALL), ("200 faults", &large())] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher
                .iter(|| scenario::load_text("bench.yaml", black_box(text)).expect("the scenario is valid"));
        });
    }
    group.finish();
    criterion.final_summary();
}
