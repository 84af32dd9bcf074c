//! The benchmark of detectors: a table for people, figures for programs, the same for the same seed.

use serde_json::Value;

use crate::support::{Sandbox, brownout};

const SCENARIO: &str = "\
name: a fifth of the flows
duration: 2h
seed: 7
services: { portal: { upstream: 127.0.0.1:9 } }
faults: [{ name: hole, at: 30m, for: 1h, blackhole: 20% }]
monitors: { homepage: { every: 15s, timeout: 5s, http: { get: / } } }
detectors:
  eager: { consecutive: { failures: 1 } }
  sleepy: { alert: { when: { consecutive: { failures: 1 } }, for: 5m, every: 15s } }
";

/// Proves that a benchmark needs no service, says what fired and what never did, and that its files hold the figures, the same
/// ones at every run of a seed. A fifth of the probes fail for an hour: who fires at the first always finds it, and twenty in a
/// row (0.2^21 an attempt) are never seen.
#[test]
fn a_benchmark_tells_who_finds_it() {
    let sandbox = Sandbox::new();
    sandbox.write("s.yaml", SCENARIO);
    let args =
        ["bench", "s.yaml", "--replicas", "20", "--healthy-days", "2", "--json", "a.json", "--csv", "a.csv"];
    let ran = sandbox.run(brownout().args(args));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("20 replicas") && ran.stdout.contains("Never fired: sleepy."),
        "{}",
        ran.stdout
    );
    let read = |name: &str| fs_err::read_to_string(sandbox.path().join(name)).expect("a report");
    let told: Value = serde_json::from_str(&read("a.json")).expect("JSON");
    let found = |n: usize| told[0]["detectors"][n]["found"]["count"].as_u64();
    assert_eq!((found(0), found(1)), (Some(20), Some(0)));
    let rows = read("a.csv");
    assert!(rows.starts_with("scenario,seed,replicas,detector,") && rows.lines().count() == 5, "{rows}");
    assert!(rows.lines().all(|line| line.split(',').count() >= 27), "{rows}");

    let again = sandbox.run(brownout().args(args.map(|arg| if arg == "a.json" { "b.json" } else { arg })));
    assert_eq!((again.stdout, read("a.json")), (ran.stdout, read("b.json")));
}

/// Proves that a fault whose effect virtual time can't know is refused by its name, and not ignored.
#[test]
fn what_can_not_be_simulated_is_refused_by_name() {
    let sandbox = Sandbox::new();
    sandbox.write("s.yaml", SCENARIO.replace("blackhole: 20%", "slicer: { size: 64B, delay: 1ms }"));
    let ran = sandbox.run(brownout().args(["bench", "s.yaml"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(
        ran.stderr.contains("fault `hole` of service `portal` can't be played in virtual time"),
        "{}",
        ran.stderr
    );
}
