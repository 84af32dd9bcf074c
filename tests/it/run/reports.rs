//! Reports made again from a journal, whole or cut off, and what GitHub Actions gets.

use super::one_service;
use crate::support::play::{play_in, text};
use crate::support::{
    HttpServer, Played, Sandbox, brownout, count, list, number, play, python, require, string,
};

/// A run with something of everything: traffic, a fault, probes, an alarm, verdicts of each state, and a command that
/// fails.
fn eventful() -> Option<Played> {
    require("curl")?;
    let server = HttpServer::start("fine");
    let rest = "about: Something of everything.
faults:
  - { name: detour, latency: 20ms~5ms }
  - { name: hang-up, at: 1s, reset: { after_bytes: 10B } }
monitors: { probe: { every: 100ms, timeout: 2s, http: { get: / } } }
detectors: { watch: { consecutive: { failures: 1 } } }
expect:
  - { monitor: probe, success_ratio: { at_least: 10% } }
  - { detector: watch, stays_silent: {} }
  - { service: web, latency: { p99: { at_most: 1s } }, between: [25s, 26s] }
";
    let script =
        "until curl -q -s --noproxy '*' $BROWNOUT_WEB_URL; test $? = 56; do sleep 0.1; done; sleep 1; exit 4";
    let played = play(&one_service(server.address(), rest), &[], script);
    played.expect_code(1);
    Some(played)
}

/// Proves that a report is a pure function of its journal: summary, JSON and JUnit come out of it byte for byte as the
/// run itself wrote them, and the exit code is the run's.
#[test]
fn an_old_journal_is_reported_again_byte_for_byte() {
    let Some(played) = eventful() else { return };
    let mut command = brownout();
    command.arg("report").arg(played.journal()).args(["--json", "again.json", "--junit", "again.xml"]);
    let again = played.sandbox.run(&mut command);
    assert_eq!(again.code, Some(1), "{}", again.stderr);
    assert_eq!(text(&played.sandbox, "again.json"), text(&played.sandbox, "report.json"));
    assert_eq!(text(&played.sandbox, "again.xml"), played.junit());
    // The wrapped command's own output comes first, on the same stdout.
    assert!(played.ran.stdout.ends_with(&again.stdout), "{}\n---\n{}", played.ran.stdout, again.stdout);
    assert!(again.stdout.starts_with("one service "), "{}", again.stdout);
    assert_eq!(again.stderr, "");
}

/// Proves that a journal that breaks off is reported as far as it goes, is told to be cut off, and never looks passed.
#[test]
fn a_journal_that_breaks_off_is_told_and_survived() {
    let Some(played) = eventful() else { return };
    let whole = fs_err::read(played.journal()).unwrap();
    let lines = String::from_utf8_lossy(&whole).lines().count();
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for kept in [whole.len() - 2, whole.len() / 2, header + 3] {
        let cut = played.sandbox.write("cut.jsonl", &whole[..kept]);
        let mut command = brownout();
        let ran = played.sandbox.run(command.arg("report").arg(cut).args(["--json", "cut.json"]));
        assert_eq!(ran.code, Some(1), "{kept} of {} bytes: {}", whole.len(), ran.stderr);
        assert!(ran.stdout.contains("cut off") && ran.stdout.contains("INCOMPLETE"), "{}", ran.stdout);
        let json: serde_json::Value = serde_json::from_str(&text(&played.sandbox, "cut.json")).unwrap();
        assert_eq!((string(&json, "outcome"), &json["incomplete"]), ("incomplete", &true.into()));
    }
    assert!(lines > 10, "an eventful run has more than {lines} events");
}

/// Proves that what is no journal is refused as such.
#[test]
fn what_is_no_journal_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("empty", "");
    sandbox.write("text", "not\na journal\n");
    for (name, code) in [("empty", 2), ("text", 2), ("missing", 3)] {
        let ran = sandbox.run(brownout().args(["report", name]));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
    }
}

/// Proves that the events stand in the journal in an order that can be told: the header first, the end last, each
/// connection opened before it ends, no ordinal left out.
#[test]
fn a_journal_is_in_order() {
    let Some(played) = eventful() else { return };
    let journal = fs_err::read_to_string(played.journal()).unwrap();
    let sorts: Vec<String> = journal
        .lines()
        .map(|line| string(&serde_json::from_str(line).unwrap(), "event").to_owned())
        .collect();
    assert_eq!((sorts[0].as_str(), sorts[sorts.len() - 1].as_str()), ("run_started", "run_ended"));
    // Each connection journals its own beginning: two that come together may change places.
    let mut opened = played.events("connection_opened");
    opened.sort_by_key(|event| count(event, "ordinal"));
    let ordinals: Vec<u64> = opened.iter().map(|event| count(event, "ordinal")).collect();
    assert_eq!(ordinals, (0..opened.len() as u64).collect::<Vec<_>>());
    let ended = played.events("connection_ended");
    assert_eq!(ended.len(), opened.len());
    for event in &ended {
        let beginning = &opened[count(event, "ordinal") as usize];
        assert_eq!((&beginning["client"], &beginning["bucket"]), (&event["client"], &event["bucket"]));
        assert!(number(event, "t") >= number(beginning, "t") + number(event, "age_s") - 1e-6, "{event}");
        let line_of = |sort: &str| {
            let start = format!("\"event\":\"{sort}\",\"service\":\"web\",\"ordinal\":{},", event["ordinal"]);
            journal.lines().position(|line| line.contains(&start)).expect("it is in the journal")
        };
        assert!(line_of("connection_opened") < line_of("connection_ended"), "{event}");
    }
    // After the command nothing but its verdicts: monitors stop with it, and their connections end.
    assert_eq!(played.events("alarm")[0]["state"], "firing");
    let verdicts = played.events("verdict");
    assert_eq!(verdicts.len(), list(&played.json(), "expectations").len());
}

/// Proves that a job of GitHub Actions gets an annotation at the line of each expectation that was not met, and a summary in
/// Markdown appended to what other steps wrote; and that nobody else gets either.
#[test]
fn github_gets_annotations_and_a_summary() {
    let rest = "expect:\n  - { service: web, connections: { at_least: 1 } }\n";
    let scenario = one_service(super::NOBODY, rest);
    let sandbox = Sandbox::new();
    sandbox.write("scenario.yaml", &scenario);
    sandbox.write("summary.md", "before\n");
    let mut command = brownout();
    command.args(["run", "scenario.yaml", "--", "true"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "summary.md");
    let ran = sandbox.run(&mut command);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let errors: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(errors.len(), 1, "{}", ran.stdout);
    assert!(errors[0].starts_with("::error file=scenario.yaml,line=5,col=5,title="), "{}", errors[0]);
    assert!(errors[0].contains("%0Areplay: brownout run scenario.yaml"), "{}", errors[0]);
    let summary = text(&sandbox, "summary.md");
    assert!(summary.starts_with("before\n### ❌ brownout: one service failed\n"), "{summary}");
    assert!(summary.contains("| ❌ | service web: "), "{summary}");
    let elsewhere = play_in(Sandbox::new(), &scenario, &[], "true");
    assert!(!elsewhere.ran.stdout.contains("::error"), "{}", elsewhere.ran.stdout);
}

/// Proves that a name with awkward characters comes through the whole chain: YAML, journal, JSON, JUnit, terminal.
#[test]
fn an_awkward_name_survives_every_report() {
    let name = "<a> & 'b' ]]> --> ☃ %25";
    let scenario =
        format!("name: \"{name}\"\nduration: 5s\nservices: {{ web: {{ upstream: '127.0.0.1:9' }} }}");
    let played = play(&scenario, &[], "true");
    played.expect_code(0);
    assert_eq!(string(&played.json()["header"], "scenario"), name);
    assert!(played.ran.stdout.contains(name), "{}", played.ran.stdout);
    let snippet = "
import sys, xml.etree.ElementTree as tree
print(tree.parse(sys.argv[1]).getroot().find('testsuite').get('name') == sys.argv[2])
";
    let junit = played.sandbox.write("copy.xml", played.junit());
    let Some(parsed) = python(&Sandbox::new(), snippet, &[&junit.to_string_lossy(), name]) else { return };
    assert_eq!(parsed.stdout, "True\n", "{}", parsed.stderr);
}
