//! The library of scenarios: an installed binary has them, each is valid and keeps its promise when it is played, and
//! the demo tells its story.

use std::sync::Mutex;
use std::time::Duration;

use brownout::base::Span;
use serde_json::Value;

use crate::support::{HttpServer, Sandbox, brownout, count, list, named, number, string, text};

/// A scenario that lasts longer is played in part.
const LONG: Duration = Duration::from_secs(300);
/// This many scenarios are played side by side: more of them would keep each other's monitors from their work.
const AT_ONCE: usize = 8;

/// The names that `brownout scenarios` lists.
fn library() -> Vec<String> {
    let ran = Sandbox::new().run(brownout().arg("scenarios"));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let listed = ran.stdout.lines().take_while(|line| !line.is_empty());
    let names: Vec<String> = listed.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert!(names.len() >= 5, "{}", ran.stdout);
    names
}

/// Proves that each scenario of the library is shown as the file that it is, that it is valid, and that a person sees
/// its name and what will happen when.
#[test]
fn every_scenario_of_the_library_checks() {
    let sandbox = Sandbox::new();
    for name in library() {
        let shown = sandbox.run(brownout().args(["scenarios", &name]));
        let title = shown.stdout.lines().find_map(|line| line.strip_prefix("name: ")).expect("it has a name");
        sandbox.write("copy.yaml", &shown.stdout);
        for scenario in [name.as_str(), "copy.yaml"] {
            let ran = sandbox.run(brownout().args(["check", scenario]));
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{name}");
            assert!(ran.stdout.contains(title.trim_matches('"')), "{}", ran.stdout);
        }
    }
}

/// Proves that each scenario of the library meets its own expectations, from its first second to its last, around a
/// plain HTTP server, some side by side: a newcomer's first run must pass. (The demo has a test of its own.)
#[test]
fn every_scenario_of_the_library_keeps_its_promise() {
    let server =
        HttpServer::start("a page of some length, so that a narrow link has something to do\n".repeat(8));
    let upstream = server.address().to_string();
    let play = |name: &str| {
        let sandbox = Sandbox::new();
        let shown = sandbox.run(brownout().args(["scenarios", name]));
        let scenario: Value = serde_saphyr::from_str(&shown.stdout).expect("a scenario is YAML");
        let services = scenario["services"].as_object().expect("it has services").keys();
        let lasts: Span = string(&scenario, "duration").parse().expect("a duration");
        let mut command = brownout();
        command.args(["run", name]);
        // What lasts for hours says itself which part of it is played within a minute.
        if lasts.get() > LONG {
            let start = format!("`brownout run {name} ");
            let after =
                shown.stdout.split(&start).nth(1).expect("a long scenario tells how to play a part of it");
            command.args(after.split('`').next().into_iter().flat_map(str::split_whitespace));
        }
        for service in services {
            command.args(["--service", &format!("{service}={upstream}")]);
            command.args(["--listen", &format!("{service}=127.0.0.1:0")]);
        }
        let ran = sandbox.run(&mut command);
        assert_eq!(ran.code, Some(0), "{name}:\n{}\n{}", ran.stdout, ran.stderr);
    };
    let names = Mutex::new(library().into_iter().filter(|name| name != "demo"));
    let next = || names.lock().ok()?.next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(name) = next() {
                    play(&name);
                }
            });
        }
    });
}

/// Proves that the only service of a scenario needs no name on the command line, and that a mistaken name of a scenario
/// leads to the right one.
#[test]
fn a_scenario_of_the_library_is_run_by_its_name() {
    let server = HttpServer::start("ok\n");
    let upstream = server.address().to_string();
    let sandbox = Sandbox::new();
    let args = ["--listen", "127.0.0.1:0", "--service", &upstream, "--until", "500ms", "--", "true"];
    let ran = sandbox.run(brownout().args(["run", "lossy-wifi"]).args(args));
    assert!(
        ran.stdout.contains(&format!("run lossy-wifi --seed 802 --until 500ms --service {upstream}")),
        "{}",
        ran.stdout
    );
    let ran = sandbox.run(brownout().args(["run", "lossy_wify"]));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("did you mean `lossy-wifi`?"), "{}", ran.stderr);
    let ran = sandbox.run(brownout().args(["scenarios", "lossy_wify"]));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("did you mean `lossy-wifi`?"), "{}", ran.stderr);
}

/// Proves that the reference of detectors names every kind, and that the example and the presets of each are what a
/// scenario takes; a mistaken name leads to the right one.
#[test]
fn the_reference_of_detectors_shows_what_scenarios_take() {
    let sandbox = Sandbox::new();
    let list = sandbox.run(brownout().arg("detectors"));
    let kinds: Vec<&str> = list
        .stdout
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(kinds.contains(&"consecutive") && kinds.contains(&"per_target"), "{}", list.stdout);
    let mut scenario = "name: all\nduration: 1d\nservices: { api: { upstream: 127.0.0.1:9 } }\n\
        monitors: { m: { every: 15s, timeout: 1s, tcp: {} } }\ndetectors:\n"
        .to_owned();
    for kind in &kinds {
        let shown = sandbox.run(brownout().args(["detectors", kind])).stdout;
        let example = shown.lines().find_map(|line| line.strip_prefix("  ours: ")).expect("an example");
        let stem = kind.replace('_', "-");
        let mut rules = vec![format!("  {stem}: {example}")];
        let presets = shown.lines().skip_while(|line| *line != "presets").skip(1);
        let presets = presets.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
        let names = presets.filter_map(|line| line.trim().split(' ').next());
        rules.extend(names.map(|name| format!("  {stem}-{name}: {{ {kind}: {name} }}")));
        scenario += &(rules.join("\n") + "\n");
    }
    assert!(scenario.contains("consecutive-kubernetes-liveness"), "{scenario}");
    sandbox.write("all.yaml", &scenario);
    let checked = sandbox.run(brownout().args(["check", "all.yaml"]));
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""), "{scenario}");
    let mistaken = sandbox.run(brownout().args(["detectors", "cusumm"]));
    assert_eq!(mistaken.code, Some(2));
    assert!(mistaken.stderr.contains("did you mean `cusum`?"), "{}", mistaken.stderr);
}

/// Proves the story of the demo, from proxy to verdict: failure is sporadic, the rule that asks for three failures in a row
/// never fires, the one that looks at a share does, every expectation is met; and that the incident itself is found by some rules only.
#[test]
fn the_demo_tells_its_story() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(brownout().args(["demo", "--json", "demo.json"]));
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    let json: Value = serde_json::from_str(&text(&sandbox, "demo.json")).unwrap();
    assert_eq!(json["outcome"], "passed");
    let sleepy = named(&json, "detectors", "sleepy");
    assert_eq!((count(sleepy, "fired"), list(sleepy, "alarms").len()), (0, 0));
    assert!(count(named(&json, "detectors", "watchful"), "fired") >= 1, "{json}");
    let homepage = named(&json, "monitors", "homepage");
    assert!(count(homepage, "failed") >= 1 && count(homepage, "failures_in_a_row_max") <= 2, "{homepage}");
    assert!(number(&json, "played_until_s") >= 30.0);
    assert!(ran.stdout.contains("PASSED"), "{}", ran.stdout);
    assert!(ran.stderr.contains("2023-01-25"), "the story is told first: {}", ran.stderr);
    // Then the incident itself: no rule that wants failure to last finds it, and one that remembers does.
    let answer = ran.stdout.split("Would you have known?").nth(1).expect("the incident is benchmarked");
    assert!(answer.contains("down-for-5m found it in 0 of 20"), "{answer}");
    assert!(answer.contains("found it after"), "{answer}");
}

/// Proves that the reference names every kind, shows one with its keys, and leads a mistaken name to the right one; and
/// that the example of each kind is what a scenario takes.
#[test]
fn the_reference_of_faults_shows_what_scenarios_take() {
    let sandbox = Sandbox::new();
    let list = sandbox.run(brownout().arg("faults"));
    let kinds: Vec<&str> =
        list.stdout.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    assert!(kinds.contains(&"latency") && kinds.contains(&"reset"), "{}", list.stdout);
    let mut scenario =
        "name: all\nduration: 1m\nservices: { api: { upstream: 127.0.0.1:9 } }\nfaults:\n".to_owned();
    for kind in &kinds {
        let shown = sandbox.run(brownout().args(["faults", kind]));
        scenario += shown.stdout.lines().find(|line| line.starts_with("  - {")).expect("an example");
        scenario += "\n";
    }
    sandbox.write("all.yaml", &scenario);
    let checked = sandbox.run(brownout().args(["check", "all.yaml"]));
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""), "{scenario}");
    let mistaken = sandbox.run(brownout().args(["faults", "latncy"]));
    assert_eq!(mistaken.code, Some(2));
    assert!(mistaken.stderr.contains("did you mean `latency`?"), "{}", mistaken.stderr);
}
