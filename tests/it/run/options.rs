//! What a scenario and its flags change: untouched faults, speed, excerpts, seeds, addresses; and what is refused before
//! anything runs.

use std::net::TcpListener;

use super::{NOBODY, one_service};
use crate::support::{
    HttpServer, Played, Sandbox, brownout, count, list, named, number, play, require, string,
};

const IDLE_FAULT: &str = "faults: [{ name: idle, latency: 5ms }]";

/// Proves that a fault which met no traffic fails the run and is named, with the reason.
#[test]
fn an_untouched_fault_fails_the_run() {
    let played = play(&one_service(NOBODY, IDLE_FAULT), &[], "true");
    played.expect_code(1);
    let json = played.json();
    assert_eq!(string(named(&json, "faults", "idle"), "effect"), "untouched");
    let expectation = &json["expectations"][0];
    assert_eq!(string(expectation, "expectation"), "fault idle on web meets traffic");
    assert_eq!(string(expectation, "observed"), "no traffic met it");
    assert!(played.ran.stdout.contains("met no traffic"), "{}", played.ran.stdout);
}

/// Proves that a fault whose time never came is told apart from one that nobody met.
#[test]
fn a_fault_that_was_not_reached_is_told_as_such() {
    let later = "faults: [{ name: later, at: 20s, latency: 5ms }]";
    let played = play(&one_service(NOBODY, later), &[], "true");
    played.expect_code(1);
    let json = played.json();
    assert_eq!(string(named(&json, "faults", "later"), "effect"), "not_reached");
    assert!(
        string(&json["expectations"][0], "observed").starts_with("not reached: it begins at 20s"),
        "{json}"
    );
}

/// Proves that a run in which nothing at all happens knows how long it lasted: its fault was in force and met nobody, which
/// is not the same as never being reached.
#[test]
fn a_run_without_any_event_has_lasted_all_the_same() {
    let scenario = one_service(NOBODY, IDLE_FAULT).replace("30s", "300ms");
    let played = play(&scenario, &[], "");
    played.expect_code(1);
    assert_eq!(string(&played.json()["expectations"][0], "observed"), "no traffic met it");
}

/// Proves that `allow_untouched` forgives, for one fault or for the whole file.
#[test]
fn an_untouched_fault_can_be_allowed() {
    let of_the_fault = "faults: [{ name: idle, latency: 5ms, allow_untouched: true }]".to_owned();
    for rest in [of_the_fault, format!("{IDLE_FAULT}\nallow_untouched: true")] {
        play(&one_service(NOBODY, &rest), &[], "true").expect_code(0);
    }
}

/// Proves that a compressed run says so, and decides nothing about times to detect: its `fires: within` is undecided, and
/// counts as not met.
#[test]
fn a_compressed_run_measures_no_time_to_detect() {
    let rest = "monitors: { probe: { every: 1s, timeout: 1s, http: { get: / } } }
detectors: { quick: { consecutive: { failures: 2 } } }
expect:
  - { detector: quick, fires: { within: 20s } }
  - { detector: quick, fires: {} }
";
    // Nobody listens upstream, so every probe fails; 30 s at speed 10 take 3 s.
    let played = play(&one_service(NOBODY, rest), &["--speed", "10"], "");
    played.expect_code(1);
    let json = played.json();
    let states: Vec<&str> = list(&json, "expectations").iter().map(|e| string(e, "state")).collect();
    assert_eq!(states, ["undecided", "met"], "{json}");
    assert_eq!((number(&json["header"], "speed"), count(&json["end"], "exit_code")), (10.0, 1));
    assert!(string(&json["header"], "replay").contains("--speed 10"));
    assert!(played.ran.stdout.contains("speed 10: the timeline and"), "{}", played.ran.stdout);
    assert!(number(&json, "played_until_s") >= 30.0, "the whole scenario was played: {json}");
}

/// Proves that an excerpt plays its own part of the timeline at true speed: the fault inside it acts at its own scenario
/// time, and the one that was over before is neither felt nor expected.
#[test]
fn an_excerpt_plays_its_part_only() {
    let server = HttpServer::start("fine");
    let rest = "faults:
  - { name: early, at: 1s, for: 1s, latency: 10ms }
  - { name: late, at: 20500ms, for: 1s, latency: 150ms }
monitors: { probe: { every: 100ms, timeout: 10s, http: { get: / } } }
expect:
  - { monitor: probe, latency: { p50: { at_least: 150ms } }, between: [20600ms, 21200ms] }
";
    let scenario = one_service(server.address(), rest);
    let played = play(&scenario, &["--from", "20s", "--until", "22s"], "");
    played.expect_code(0);
    let json = played.json();
    assert_eq!((number(&json, "played_from_s"), number(&json["header"], "until_s")), (20.0, 22.0));
    assert_eq!(string(named(&json, "faults", "late"), "effect"), "realised");
    assert_eq!(count(named(&json, "faults", "early"), "connections_hit"), 0);
    let subjects: Vec<&str> = list(&json, "expectations").iter().map(|e| string(e, "subject")).collect();
    assert_eq!(subjects, ["monitor probe", "fault late"], "{json}");
    let hits = played.events("connection_ended").into_iter().flat_map(|ended| list(&ended, "hits").to_vec());
    assert!(hits.map(|hit| number(&hit, "first")).all(|first| first >= 20.5));
    assert!(played.events("probe").iter().all(|probe| number(probe, "t") >= 20.0));
    assert!(string(&json["header"], "replay").contains("--from 20s --until 22s"), "{json}");
}

/// Proves that the seed of the command line is in force, and in the line that repeats the run.
#[test]
fn the_seed_is_in_the_replay() {
    let played = play(&one_service(NOBODY, "seed: 1"), &["--seed", "42"], "true");
    played.expect_code(0);
    let header = &played.json()["header"];
    assert_eq!(count(header, "seed"), 42);
    let replay = string(header, "replay");
    assert_eq!(replay, "brownout run scenario.yaml --seed 42 -- sh -c true");
    assert!(played.ran.stderr.contains(&format!("again: {replay}")), "{}", played.ran.stderr);
}

/// Proves that `--service` sends connections to another place than the file names, and `--listen` decides where they
/// come in.
#[test]
fn addresses_can_be_overridden() {
    if require("curl").is_none() {
        return;
    }
    let server = HttpServer::start("over there");
    let service = format!("web={}", server.address());
    let args = ["--service", &service, "--listen", "web=127.0.0.2:0"];
    let script = "curl -q -sS --noproxy '*' $BROWNOUT_WEB_URL >body";
    let played = play(&one_service("no-such-host.invalid:9", ""), &args, script);
    played.expect_code(0);
    assert_eq!(crate::support::text(&played.sandbox, "body"), "over there");
    let json = played.json();
    let web = named(&json, "services", "web");
    assert_eq!(string(web, "upstream"), server.address().to_string());
    assert!(string(web, "listen").starts_with("127.0.0.2:"), "{web}");
}

/// Proves that a port that is taken fails the environment, by service and address, before the command begins.
#[test]
fn a_taken_port_is_told_with_its_service() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let played =
        play(&one_service(NOBODY, ""), &["--listen", &format!("web={address}")], "echo began >began");
    played.expect_code(3);
    let expected = format!("service `web` can't listen on {address}");
    assert!(played.ran.stderr.contains(&expected), "{}", played.ran.stderr);
    assert!(!played.sandbox.path().join("began").exists());
}

/// Proves that a file that is not there is wrong usage, told by its name.
#[test]
fn a_missing_file_is_told() {
    let ran = Sandbox::new().run(brownout().args(["run", "no-such.yaml"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("no-such.yaml"), "{}", ran.stderr);
}

/// Proves that a mistake in the file is told at its place, with the word that was meant, before anything runs.
#[test]
fn an_unknown_key_is_told_at_its_place() {
    let played = play(&one_service(NOBODY, "faults:\n  - { latencey: 5ms }\n"), &[], "echo began >began");
    played.expect_code(2);
    let Played { ran, sandbox } = &played;
    for words in ["unknown key `latencey`", "scenario.yaml:5:7", "did you mean `latency`?"] {
        assert!(ran.stderr.contains(words), "{words:?} is not in\n{}", ran.stderr);
    }
    assert_eq!(ran.stdout, "");
    assert!(!sandbox.path().join("began").exists());
}

/// Proves that a report that can't be written fails before the run: the port is taken as well, and the run would have told
/// that if it had come as far as binding it.
#[test]
fn an_unwritable_report_fails_before_the_run() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("web={}", taken.local_addr().unwrap());
    for flag in ["--junit", "--json", "--journal"] {
        let sandbox = Sandbox::new();
        sandbox.write("scenario.yaml", one_service(NOBODY, ""));
        let words = ["run", "scenario.yaml", "--listen", &listen, flag, "no/such/folder"];
        let ran = sandbox.run(brownout().args(words));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{flag}: {}", ran.stderr);
        assert!(ran.stderr.contains("no/such/folder") && !ran.stderr.contains("listen"), "{}", ran.stderr);
    }
}
