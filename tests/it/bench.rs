//! The benchmark of detectors: a table for people, figures for programs, the same for the same seed.

use serde_json::Value;

use crate::support::{Sandbox, brownout, require};

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

const RULES: &str = "\
groups:
- name: eager
  interval: 15s
  rules:
  - {alert: AnyFailure, expr: probe_success == 0}
  - {alert: DownFor5m, expr: probe_success == 0, for: 5m}
  - {alert: Flaky, expr: 'avg_over_time(probe_success[10m]) < 0.9'}
- name: requests
  interval: 30s
  rules:
  - record: job:errors:ratio5m
    expr: sum by (job) (rate(http_requests_total{code=~\"5..\"}[5m])) / sum by (job) (rate(http_requests_total[5m]))
  - {alert: Errors, expr: 'job:errors:ratio5m > 0.1', for: 1m}
  - {alert: Mistyped, expr: 'probe_sucess == 0'}
  - {alert: Impossible, expr: 'probe_success < 0'}
";

/// Proves that a user's own Prometheus rules are judged on the same probes as detectors: what fires at the first failure finds
/// every hole, as the detector of the same rule does; 5 min in a row (0.2^21) never does; a ratio and a burn of requests do; and
/// those that can never fire are told with the place and the nearest name.
#[test]
fn prometheus_rules_are_judged_beside_detectors() {
    let sandbox = Sandbox::new();
    sandbox.write("s.yaml", SCENARIO);
    sandbox.write("r.yml", RULES);
    let args = [
        "bench",
        "s.yaml",
        "--rules",
        "r.yml",
        "--replicas",
        "20",
        "--healthy-days",
        "2",
        "--json",
        "a.json",
    ];
    let ran = sandbox.run(brownout().args(args));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let dead = ran.stderr.as_str();
    assert!(dead.contains("there is no series `probe_sucess`") && dead.contains("r.yml:14:30"), "{dead}");
    assert!(dead.contains("did you mean `probe_success`?") && dead.contains("`<` never holds"), "{dead}");
    let text = fs_err::read_to_string(sandbox.path().join("a.json")).expect("a report");
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let row = |name: &str| {
        let rows = told[0]["detectors"].as_array().expect("rows");
        rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} in {text}")).clone()
    };
    let found = |name: &str| row(name)["found"]["count"].as_u64();
    let median = |name: &str| row(name)["median"]["value"].as_f64().unwrap_or(f64::INFINITY);
    let all = ["eager", "AnyFailure", "DownFor5m", "Flaky", "Errors", "Mistyped", "Impossible"].map(found);
    assert_eq!(all, [Some(20), Some(20), Some(0), Some(20), Some(20), Some(0), Some(0)]);
    // A tick of 15 s and a second of the grid are what an evaluation may come later.
    let later = median("AnyFailure") - median("eager");
    assert!((0.0..=17.0).contains(&later), "{later}");
    assert!(median("Flaky") > median("AnyFailure"), "{text}");
    assert_eq!(row("DownFor5m")["rule"], "probe_success == 0 for 5m");

    let again = sandbox.run(brownout().args(args));
    assert_eq!((again.code, again.stdout), (Some(0), ran.stdout));
}

/// Proves that a rules file that can't be evaluated is refused with file, line and column, and that a real engine is named.
#[test]
fn rules_that_are_not_known_are_refused_where_they_stand() {
    let sandbox = Sandbox::new();
    sandbox.write("s.yaml", SCENARIO);
    sandbox.write(
        "r.yml",
        "groups:\n- name: g\n  rules:\n  - {alert: A, expr: 'count_values(\"v\", up) > 1'}\n",
    );
    let ran = sandbox.run(brownout().args(["bench", "s.yaml", "--rules", "r.yml"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("r.yml:4:23") && ran.stderr.contains("count_values"), "{}", ran.stderr);
}

/// Proves that the exported series are what Prometheus imports: the real `promtool` makes blocks of them.
#[test]
fn prometheus_imports_the_exported_series() {
    let sandbox = Sandbox::new();
    sandbox.write("s.yaml", SCENARIO.replace("seed: 7", "seed: 7\nstarts_at: 2023-01-25T06:45:00Z"));
    let args =
        ["bench", "s.yaml", "--replicas", "1", "--healthy-days", "0", "--export", "openmetrics", "s.om"];
    let ran = sandbox.run(brownout().args(args));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("the scenario begins at 2023-01-25T06:45:00Z, after 1h of health"),
        "{}",
        ran.stderr
    );
    let text = fs_err::read_to_string(sandbox.path().join("s.om")).expect("the series");
    assert!(text.ends_with("# EOF\n") && text.contains("http_requests_total{code=\"504\""));
    let Some(promtool) = require("promtool") else { return };
    let mut import = std::process::Command::new(promtool);
    import.args(["tsdb", "create-blocks-from", "openmetrics", "s.om", "data"]);
    let imported = sandbox.run(&mut import);
    assert_eq!(imported.code, Some(0), "{}{}", imported.stdout, imported.stderr);
    let mut list = std::process::Command::new(require("promtool").expect("it was there"));
    let listed = sandbox.run(list.args(["tsdb", "list", "data"]));
    assert!(listed.stdout.lines().count() > 1, "{}", listed.stdout);
}

/// Proves the shipped rules on the incident that they were blind to: where failures are sporadic, 5 min in a row never
/// fires, and ratios find it.
#[test]
fn the_shipped_rules_on_the_incident_of_2023() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/rules/blackbox.yml");
    let sandbox = Sandbox::new();
    let args = [
        "bench",
        "azure-wan-2023-01-25",
        "--rules",
        rules,
        "--replicas",
        "2",
        "--healthy-days",
        "1",
        "--json",
        "a.json",
    ];
    let ran = sandbox.run(brownout().args(args));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let text = fs_err::read_to_string(sandbox.path().join("a.json")).expect("a report");
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let rows = told[0]["detectors"].as_array().expect("rows").clone();
    let found = |name: &str| {
        let sporadic = |row: &&Value| row["name"] == name && row["monitor"] == "sporadic";
        rows.iter().find(sporadic).and_then(|row| row["found"]["count"].as_u64())
    };
    let all = ["BlackboxProbeFailed", "ProbeFailing", "ProbeFlaky", "ErrorBudgetBurn"].map(found);
    assert_eq!(all, [Some(2), Some(0), Some(2), Some(2)], "{}", ran.stdout);
}

/// Proves that both sweeps come with a table, JSON and files of rows: the frontier has the detector as it is written, and who
/// fires at the first failure finds any failure that lasts, while twenty in a row need a total one.
#[test]
fn sweeps_move_the_parameter_and_the_failure() {
    let sandbox = Sandbox::new();
    sandbox.write("s.yaml", SCENARIO);
    let args = [
        "bench",
        "s.yaml",
        "--replicas",
        "10",
        "--healthy-days",
        "2",
        "--frontier",
        "--sensitivity",
        "--json",
        "a.json",
        "--csv",
        "a.csv",
        "--html",
        "a.html",
    ];
    let ran = sandbox.run(brownout().args(args));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("eager: failures") && ran.stdout.contains("sleepy: for"), "{}", ran.stdout);
    let read = |name: &str| fs_err::read_to_string(sandbox.path().join(name)).expect("a report");
    let told: Value = serde_json::from_str(&read("a.json")).expect("JSON");
    let points = told[0]["frontier"][1]["points"].as_array().expect("points");
    let own: Vec<&Value> = points.iter().filter(|point| point["own"] == true).collect();
    assert_eq!((own.len(), &own[0]["value"]), (1, &Value::from("5m")));
    // Thirty minutes of all shares.
    let found =
        |n: usize, share: usize| told[0]["sensitivity"][n]["cells"][4 * 7 + share]["found"]["count"].as_u64();
    assert_eq!([found(0, 5), found(0, 6), found(1, 4), found(1, 6)], [Some(10), Some(10), Some(0), Some(10)]);
    assert!(read("a.frontier.csv").lines().count() > 10);
    assert_eq!(read("a.sensitivity.csv").lines().count(), 1 + 2 * 42);
    let page = read("a.html");
    for title in
        ["Who knew, and when", "The incident", "What it costs to know sooner", "How large a failure must be"]
    {
        assert!(page.contains(title), "{title}");
    }
    assert!(page.contains("brownout bench s.yaml"), "the command that repeats it");
}

/// Proves that tuning takes the soonest value within the budget, tells it with the figures of other seeds, and ends with 1 where
/// there is none.
#[test]
fn a_detector_is_tuned_within_a_budget() {
    let sandbox = Sandbox::new();
    sandbox.write("s.yaml", SCENARIO);
    let args = ["tune", "s.yaml", "--replicas", "10", "--healthy-days", "60", "--json", "a.json"];
    let ran = sandbox.run(brownout().args(args).args(["--false-alarms", "3/30d"]));
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let text = fs_err::read_to_string(sandbox.path().join("a.json")).expect("a report");
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let eager = &told["detectors"][0];
    assert_eq!((&eager["written"]["value"], &eager["best"]["value"]), (&"1".into(), &"2".into()), "{text}");
    assert!(eager["confirmed"]["median"].as_f64() > eager["written"]["figures"]["median"].as_f64(), "{text}");
    assert!(ran.stdout.contains("best, confirmed"), "{}", ran.stdout);

    let none = sandbox.run(brownout().args(args).args(["--false-alarms", "1/365d"]));
    assert_eq!(none.code, Some(1), "{}", none.stderr);
    assert!(none.stdout.contains("take `--healthy-days"), "{}", none.stdout);
    let refused = sandbox.run(brownout().args(["tune", "s.yaml", "--false-alarms", "0/1d"]));
    assert!(refused.stderr.contains("expected a count above zero"), "{}", refused.stderr);
}

/// Proves that Prometheus rules are a detector like any other in a scenario and in a file of detectors: judged, expected of, told by
/// `check`; and that a run says that it can't judge them.
#[test]
fn prometheus_rules_are_a_detector() {
    let sandbox = Sandbox::new();
    sandbox.write("rules/r.yml", RULES);
    let rules = "  down: { prometheus: { rules: rules/r.yml, alert: DownFor5m } }\n  any: { prometheus: { rules: rules/r.yml } }\n";
    let head = &SCENARIO[..SCENARIO.find("detectors:").expect("it has detectors")];
    let expect = "expect:\n  - { detector: any, fires: { within: 5m, probability: 70% } }\n  - { detector: down, stays_silent: {} }\n";
    sandbox.write("s.yaml", format!("{head}detectors:\n{rules}{expect}"));
    let judged = |args: &[&str]| {
        let bench = ["--replicas", "20", "--healthy-days", "1", "--json", "a.json"];
        let ran = sandbox.run(brownout().arg("bench").args(args).args(bench));
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        let text = fs_err::read_to_string(sandbox.path().join("a.json")).expect("a report");
        let told: Value = serde_json::from_str(&text).expect("JSON");
        let rows = told[0]["detectors"].as_array().expect("rows").iter();
        let rows = rows.filter(|row| row["monitor"].is_string());
        rows.map(|row| (row["name"].to_string(), row["found"]["count"].as_u64())).collect::<Vec<_>>()
    };
    let own = judged(&["s.yaml"]);
    assert_eq!(
        own,
        [("\"down\"".to_owned(), Some(0)), ("\"any\"".to_owned(), Some(20))],
        "and no standard rule beside"
    );
    sandbox.write("rules/d.yaml", format!("detectors:\n{}", rules.replace("rules/r.yml", "r.yml")));
    sandbox.write("plain.yaml", head);
    assert_eq!(judged(&["plain.yaml", "--detectors", "rules/d.yaml"]), own);

    let check = sandbox.run(brownout().args(["check", "s.yaml"]));
    assert!(check.stdout.contains("alert `DownFor5m` of the Prometheus rules"), "{}", check.stdout);
    let run = sandbox.run(brownout().args(["run", "s.yaml", "--", "true"]));
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("detector `down` is Prometheus rules"), "{}", run.stderr);
}
