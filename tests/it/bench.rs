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

/// Prints each suite's figures and, for each case, what came of it, as CI systems read them.
const READ_JUNIT: &str = "
import sys, xml.etree.ElementTree as tree
for suite in tree.parse(sys.argv[1]).getroot():
    print(suite.get('name'), suite.get('tests'), suite.get('failures'), suite.get('errors'))
    for case in suite.findall('testcase'):
        print(case.get('name'), '=', ' '.join(child.tag + ':' + child.get('type', '') for child in case))
";

/// Proves that expectations of detectors are judged over all replicas, in all ways that one can come out: in the table, in JUnit
/// (read by another program) and in JSON, with the exit code of a run. `eager` finds a fifth of the flows within 15 minutes but
/// for 0.8^60 of the replicas, `sleepy` never; two days are far too few to bound a rate of one in 30 days.
#[test]
fn expectations_are_judged_over_replicas() {
    let sandbox = Sandbox::new();
    let expect = "expect:
  - { detector: eager, fires: { within: 15m, probability: 80% } }
  - { detector: eager, fires: { within: 15m, probability: 99% } }
  - { detector: eager, fires: {}, during: hole }
  - { detector: sleepy, fires: { probability: 50% } }
  - { detector: sleepy, stays_silent: {} }
  - { detector: sleepy, false_alarms: { at_most: 1, per: 30d } }
  - { detector: eager, false_alarms: { at_most: 30, per: 1d } }
  - { monitor: homepage, success_ratio: { at_least: 50% } }
";
    sandbox.write("s.yaml", format!("{SCENARIO}{expect}"));
    let args = [
        "bench",
        "s.yaml",
        "--replicas",
        "20",
        "--healthy-days",
        "2",
        "--junit",
        "j.xml",
        "--json",
        "j.json",
    ];
    let ran = sandbox.run(brownout().args(args));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{}", ran.stdout);
    let last = ran.stdout.lines().last().expect("a verdict");
    assert_eq!(last, "FAILED  1 of 7 expectations failed, 2 undecided, 1 not judged");
    assert!(ran.stdout.contains("in 20 of 20 replicas: 100.0% (95%: 83.9% to 100.0%)"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("replicas would decide") && ran.stdout.contains("s.yaml:12:5"),
        "{}",
        ran.stdout
    );

    let read = sandbox.run(std::process::Command::new("python3").args(["-c", READ_JUNIT, "j.xml"]));
    let cases: Vec<&str> = read.stdout.lines().collect();
    assert_eq!(
        cases,
        [
            "a fifth of the flows 8 1 2",
            "detector eager: fires within 15m with a probability of 80% = ",
            "detector eager: fires within 15m with a probability of 99% = error:undecided",
            "detector eager: fires during hole = ",
            "detector sleepy: fires with a probability of 50% = failure:failed",
            "detector sleepy: stays silent = ",
            "detector sleepy: at most 1 false alarm in 30d = error:undecided",
            "detector eager: at most 30 false alarms in 1d = ",
            "monitor homepage: success ratio at least 50% = skipped:",
        ],
        "{}",
        read.stderr
    );
    let told: Value =
        serde_json::from_str(&fs_err::read_to_string(sandbox.path().join("j.json")).unwrap()).unwrap();
    assert_eq!(told[0]["verdicts"][3]["state"], "failed");

    let met = |line: &&str| !["99%", "50%", "30d"].iter().any(|unmet| line.contains(unmet));
    let met: Vec<&str> = expect.lines().filter(met).collect();
    let met = met.join("\n");
    sandbox.write("s.yaml", format!("{SCENARIO}{met}"));
    let ran = sandbox.run(brownout().args(args));
    assert_eq!(
        (ran.code, ran.stdout.lines().last()),
        (Some(0), Some("PASSED  all 4 expectations met")),
        "{}",
        ran.stdout
    );
}

/// Proves that a monitor to which nothing ever happens is scored: it has to be silent, and nothing could be found there.
#[test]
fn a_monitor_that_is_never_impaired_is_scored() {
    let sandbox = Sandbox::new();
    let quiet = SCENARIO.replace("blackhole: 20%", "latency: 1ms");
    let expect = "expect: [{ detector: sleepy, stays_silent: {} }, { detector: eager, fires: {} }]\n";
    sandbox.write("s.yaml", format!("{quiet}{expect}"));
    let ran = sandbox.run(brownout().args(["bench", "s.yaml", "--replicas", "20", "--healthy-days", "0"]));
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("in none of 20 replicas did it fire"), "{}", ran.stdout);
    assert!(ran.stdout.contains("nothing was wrong in any replica"), "{}", ran.stdout);
}

/// Proves that detectors of a file are judged in place of a scenario's own, on the monitor that they name or on the first, with
/// their mistakes at their places in that file; and that the table says whether a rule sees a fleet or each of its targets.
#[test]
fn detectors_come_from_a_file() {
    let sandbox = Sandbox::new();
    let fleet = "monitors: { other: { targets: { instances: 5 }, every: 30s, timeout: 5s, tcp: {} }, ";
    sandbox.write(
        "s.yaml",
        SCENARIO
            .replace("monitors: { ", fleet)
            .replace("eager: {", "eager: { monitor: homepage,")
            .replace("sleepy: {", "sleepy: { monitor: homepage,"),
    );
    sandbox.write(
        "d.yaml",
        "detectors:\n  ours: { consecutive: { failures: 1 } }\n  each: { per_target: { rule: { consecutive: { failures: 2 } } } }\n  there: { monitor: homepage, cusum: { background: 1%, failing: 10% } }\n",
    );
    let args = ["bench", "s.yaml", "--detectors", "d.yaml", "--replicas", "10", "--healthy-days", "1"];
    let ran = sandbox.run(brownout().args(args));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    let first: Vec<&str> = ran
        .stdout
        .lines()
        .skip(3)
        .take(6)
        .filter_map(|line| line.split("  ").find(|part| !part.is_empty()))
        .collect();
    let groups = [
        "on other (5 targets, over the fleet)",
        "ours",
        "on other (5 targets, each by itself)",
        "each",
        "on homepage",
        "there",
    ];
    assert_eq!(first, groups, "{}", ran.stdout);

    sandbox.write("d.yaml", "detectors:\n  ours: { monitor: homepagee, consecutive: { failures: 1 } }\n  never: { window_ratio: { window: 10s, at_least: 5%, min_samples: 100 } }\n");
    let ran = sandbox.run(brownout().args(args));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    for told in ["d.yaml:2:20", "did you mean `homepage`?", "d.yaml:3:"] {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
}

/// Proves that pairs of sites are probed over the WAN without a service: a router of one site is down, so that pair is impaired and
/// the other is not, which a rule for each target tells and a run refuses to play.
#[test]
fn pairs_of_sites_are_probed() {
    let sandbox = Sandbox::new();
    let text = "\
name: a site is cut off
duration: 1h
seed: 7
services: { unused: { upstream: 127.0.0.1:9 } }
wan:
  topology: { sites: { a: {}, b: {}, c: {} }, links: [{ ends: [a, b], delay: 5ms }, { ends: [a, c], delay: 5ms }] }
  script: [{ at: 20m, for: 20m, router_down: { router: c-1 } }]
monitors:
  mesh: { targets: { pairs: [[a, b], [c, a]] }, every: 15s, timeout: 1s, tcp: {} }
detectors:
  half: { per_target: { rule: { consecutive: { failures: 3 } }, at_least: 1 } }
  both: { per_target: { rule: { consecutive: { failures: 3 } }, at_least: 2 } }
expect:
  - { detector: half, fires: { within: 2m } }
  - { detector: both, stays_silent: {} }
";
    sandbox.write("s.yaml", text);
    let args = ["bench", "s.yaml", "--replicas", "10", "--healthy-days", "1"];
    let ran = sandbox.run(brownout().args(args));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("on mesh (2 targets, each by itself)"), "{}", ran.stdout);
    let all = text.replace("[[a, b], [c, a]]", "all");
    sandbox.write("s.yaml", all.replace("at_least: 2", "at_least: 3"));
    let ran = sandbox.run(brownout().args(args));
    assert!(
        ran.code == Some(0) && ran.stdout.contains("on mesh (3 targets, each by itself)"),
        "{}",
        ran.stdout
    );
    let ran = sandbox.run(brownout().args(["run", "s.yaml"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("monitor `mesh` probes pairs of sites"), "{}", ran.stderr);
}
