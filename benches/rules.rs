//! Alert rules evaluated natively: what an incident of six hours costs.
//!
//! 30 targets in 3 services, probed each 15 s: an hour of health, then each probe fails with 5 %. The rules are those of a
//! burn-rate set (seven recorded windows from 5 min to 3 d, a page, a ticket) and four of `blackbox_exporter`'s: 13 rules at
//! 1,441 ticks. `reading` is the rules file alone. With `promtool` on the `PATH`, its time on the same rules and series is
//! told once beside the native one; that both give the same is a test's matter.

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use brownout::base::{Label, Seed};
use brownout::rules::{
    Evaluator, EvaluatorOptions, Labels, PromtoolTest, RuleFile, Semantics, SeriesStore, promtool_firing,
};
use criterion::Criterion;

const RULES: &str = r#"groups:
- name: probe-recording
  rules:
  - {record: "service:probe_error:ratio5m", expr: "1 - avg by (service) (avg_over_time(probe_success[5m]))"}
  - {record: "service:probe_error:ratio30m", expr: "1 - avg by (service) (avg_over_time(probe_success[30m]))"}
  - {record: "service:probe_error:ratio1h", expr: "1 - avg by (service) (avg_over_time(probe_success[1h]))"}
  - {record: "service:probe_error:ratio2h", expr: "1 - avg by (service) (avg_over_time(probe_success[2h]))"}
  - {record: "service:probe_error:ratio6h", expr: "1 - avg by (service) (avg_over_time(probe_success[6h]))"}
  - {record: "service:probe_error:ratio1d", expr: "1 - avg by (service) (avg_over_time(probe_success[1d]))"}
  - {record: "service:probe_error:ratio3d", expr: "1 - avg by (service) (avg_over_time(probe_success[3d]))"}
- name: slo-alerts
  rules:
  - alert: BurnRatePage
    expr: >
      (service:probe_error:ratio1h > (14.4*0.001) and service:probe_error:ratio5m > (14.4*0.001))
      or (service:probe_error:ratio6h > (6*0.001) and service:probe_error:ratio30m > (6*0.001))
  - alert: BurnRateTicket
    expr: >
      (service:probe_error:ratio1d > (3*0.001) and service:probe_error:ratio2h > (3*0.001))
      or (service:probe_error:ratio3d > 0.001 and service:probe_error:ratio6h > 0.001)
- name: blackbox-alerts
  rules:
  - {alert: ProbeFailed, expr: "probe_success == 0"}
  - {alert: ProbeFailed5m, expr: "probe_success == 0", for: 5m}
  - {alert: ProbeFailing10pct, expr: "avg_over_time(probe_success[10m]) < 0.9", for: 5m, keep_firing_for: 10m}
  - {alert: SlowProbe, expr: "avg_over_time(probe_duration_seconds[1m]) > 1", for: 1m}
"#;

const STEP_MS: i64 = 15_000;
const END_MS: i64 = 6 * 3_600_000;

fn incident() -> SeriesStore {
    let mut store = SeriesStore::new();
    for target in 0..30 {
        let (instance, service) = (format!("t{target}"), format!("s{}", target % 3));
        let pairs = [("instance", &*instance), ("service", &*service)];
        let success = store.series(Labels::metric("probe_success", pairs)).expect("room");
        let duration = store.series(Labels::metric("probe_duration_seconds", pairs)).expect("room");
        let mut random = Seed(7).stream(Label::new("target").ordinal(target));
        for at_ms in (0..=END_MS).step_by(STEP_MS as usize) {
            let failed = at_ms >= 3_600_000 && random.unit() < 0.05;
            store.append(success, at_ms, f64::from(u8::from(!failed))).expect("in order");
            let seconds = if failed { 5.0 } else { (random.unit() * 100.0).round() / 1_000.0 };
            store.append(duration, at_ms, seconds).expect("in order");
        }
    }
    store
}

fn evaluator(rules: &Arc<RuleFile>, store: &SeriesStore, semantics: Semantics) -> Evaluator {
    let interval = Duration::from_millis(STEP_MS as u64);
    let options = EvaluatorOptions { semantics, interval, one_interval: true, start_ms: 0 };
    let mut evaluator = Evaluator::new(Arc::clone(rules), options);
    *evaluator.store_mut() = store.clone();
    evaluator
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}

/// How long `promtool` takes, if it is there and answers.
fn promtool(rules: &RuleFile, store: &SeriesStore) -> Option<Duration> {
    let folder = tempfile::tempdir().ok()?;
    let groups: Vec<&str> = rules.groups.iter().map(|group| &*group.name).collect();
    let alerts: Vec<&str> = rules.rules().filter(|rule| rule.is_alert()).map(|rule| &*rule.name).collect();
    let interval = Duration::from_millis(STEP_MS as u64);
    let test = PromtoolTest {
        rules: "rules.yml",
        groups: &groups,
        alerts: &alerts,
        store,
        interval,
        until_ms: END_MS,
    };
    fs_err::write(folder.path().join("rules.yml"), RULES).ok()?;
    fs_err::write(folder.path().join("test.yml"), test.to_yaml().ok()?).ok()?;
    let began = now();
    let output = Command::new("promtool")
        .args(["test", "rules", "test.yml"])
        .current_dir(folder.path())
        .output()
        .ok()?;
    let took = began.elapsed();
    promtool_firing(&String::from_utf8_lossy(&output.stderr)).ok()?;
    Some(took)
}

#[expect(clippy::print_stdout, reason = "a benchmark tells its results")]
fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let rules = Arc::new(RuleFile::parse("rules.yml", RULES).expect("it can be evaluated"));
    let store = incident();
    let mut group = criterion.benchmark_group("rules");
    group.bench_function("reading", |bencher| {
        bencher.iter(|| black_box(RuleFile::parse("rules.yml", RULES).is_ok()));
    });
    for (name, semantics) in [("incident/2.x", Semantics::V2), ("incident/3.x", Semantics::V3)] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || evaluator(&rules, &store, semantics),
                |evaluator| black_box(evaluator.advance(END_MS)),
                criterion::BatchSize::LargeInput,
            );
        });
    }
    group.finish();
    criterion.final_summary();
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let mut native = evaluator(&rules, &store, Semantics::V2);
    let began = now();
    black_box(native.advance(END_MS));
    let native = began.elapsed();
    if let Some(promtool) = promtool(&rules, &store) {
        let times = promtool.as_secs_f64() / native.as_secs_f64();
        println!("promtool {promtool:.2?}, native {native:.2?}: {times:.0} times as fast");
    }
}
