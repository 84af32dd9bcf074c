//! Probes in virtual time: what one costs, on a healthy path and on one where a share of buckets is dark.
//!
//! Wanted: below a microsecond for a healthy one.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use brownout::base::{Label, SimTime};
use brownout::probe::{Exchange, Healthy, ModelledProbes, ProbePlan};
use brownout::scenario::load_text;
use brownout::tcp::Kernel;
use criterion::{BenchmarkId, Criterion, Throughput};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("probe, modelled");
    group.throughput(Throughput::Elements(1));
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (name, faults) in [
        ("healthy", ""),
        ("far", "faults: [{ latency: 80ms }]"),
        ("a fifth dark", "faults: [{ blackhole: 20% }]"),
        ("lossy", "faults: [{ loss: 5% }]"),
    ] {
        let scenario =
            format!("name: x\nduration: 1d\nservices: {{ a: {{ upstream: \"a:1\" }} }}\n{faults}\n");
        let plan = load_text("bench", &scenario).expect("the scenario is valid");
        let probe = ProbePlan {
            exchange: Exchange::Http { answer_bytes: 500 },
            kernel: Kernel::Linux6_5,
            timeout: Duration::from_secs(5),
            healthy: Healthy::default(),
        };
        let program = Arc::new(plan.program(0));
        let mut probes = ModelledProbes::new(program, probe, plan.seed, Label::new("bench"));
        let mut n = 0;
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                n += 1;
                black_box(probes.next(SimTime::from_millis(n)))
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
