//! What goes where: logs, colours, and readers that go away.

use serde_json::Value;

use super::{NOBODY, one_service};
use crate::support::{HttpServer, Sandbox, brownout, play, require, string};

/// Proves that `--log-format json` writes one object a line to stderr, and that what happens to a connection carries its
/// service, client, ordinal and bucket.
#[test]
fn logs_can_be_json_with_a_span_for_each_connection() {
    if require("curl").is_none() {
        return;
    }
    let server = HttpServer::start("fine");
    let args = ["--log", "brownout=debug", "--log-format", "json"];
    let script = "curl -q -sS --noproxy '*' -o /dev/null $BROWNOUT_WEB_URL";
    let played = play(&one_service(server.address(), ""), &args, script);
    played.expect_code(0);
    let opened = &played.events("connection_opened")[0];
    let logged: Vec<Value> =
        played.ran.stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let spans: Vec<&Value> =
        logged.iter().map(|line| &line["span"]).filter(|span| span["name"] == "connection").collect();
    assert!(spans.len() >= 2, "accepted and ended: {}", played.ran.stderr);
    for span in spans {
        assert_eq!((string(span, "service"), &span["client"]), ("web", &opened["client"]));
        assert_eq!((&span["ordinal"], &span["bucket"]), (&opened["ordinal"], &opened["bucket"]));
    }
    assert!(!played.ran.stdout.contains("\"span\""), "logs don't go to stdout: {}", played.ran.stdout);
}

/// Proves that a filter that can't be read is wrong usage.
#[test]
fn a_wrong_log_filter_is_told() {
    let played = play(&one_service(NOBODY, ""), &["--log", "brownout=loud"], "true");
    played.expect_code(2);
    assert!(played.ran.stderr.contains("brownout=loud"), "{}", played.ran.stderr);
}

/// Proves who decides about colour: `--color`, then `NO_COLOR`, then whether somebody is there to see it.
#[test]
fn colour_is_as_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.write("scenario.yaml", one_service(NOBODY, ""));
    sandbox.write("broken.yaml", "name: x\nduratoin: 5s\n");
    let has_colour = |words: &[&str], no_colour: bool| {
        let mut command = brownout();
        command.args(words);
        if no_colour {
            command.env("NO_COLOR", "1");
        }
        let ran = sandbox.run(&mut command);
        [ran.stdout, ran.stderr].map(|text| text.contains('\u{1b}'))
    };
    let run = |when| ["--color", when, "run", "scenario.yaml", "--", "true"];
    assert_eq!(has_colour(&run("auto"), false), [false, false], "a pipe sees no colour");
    assert!(has_colour(&run("always"), false)[0], "unless it is asked for");
    assert_eq!(has_colour(&run("never"), false), [false, false]);
    assert_eq!(has_colour(&["run", "scenario.yaml", "--", "true"], true), [false, false]);
    let check = |when| ["--color", when, "check", "broken.yaml"];
    assert_eq!(has_colour(&check("always"), false), [false, true]);
    assert_eq!(has_colour(&check("auto"), true), [false, false]);
}

/// Proves that a reader that goes away ends nothing badly: no panic, no message, and the exit code is the command's own.
/// `true` has ended before brownout writes, for the run lasts longer; `head` may read a line first.
#[test]
fn a_reader_that_goes_away_is_survived() {
    let sandbox = Sandbox::new();
    sandbox.write("scenario.yaml", one_service(NOBODY, ""));
    let brownout = brownout().get_program().to_string_lossy().into_owned();
    for (words, reader) in [
        ("run scenario.yaml -- sleep 0.5", "true"),
        ("run scenario.yaml -- sleep 0.2", "head -n 1"),
        ("check scenario.yaml", "head -n 1"),
        ("schema", "head -n 1"),
        ("schema", "true"),
        ("--help", "true"),
    ] {
        let script = format!("{{ '{brownout}' {words}; echo $? >code; }} | {reader}");
        let ran = sandbox.run(std::process::Command::new("sh").args(["-c", &script]));
        assert!(!ran.stderr.contains("panic"), "{words}: {}", ran.stderr);
        assert_eq!(crate::support::text(&sandbox, "code"), "0\n", "{words} | {reader}: {}", ran.stderr);
    }
}

/// Proves that stdout has the data and nothing but the data: progress and notes are on stderr.
#[test]
fn data_and_talk_are_kept_apart() {
    let played = play(&one_service(NOBODY, ""), &[], "sleep 0.5");
    played.expect_code(0);
    assert!(played.ran.stdout.starts_with("one service "), "{}", played.ran.stdout);
    assert!(played.ran.stderr.starts_with("seed "), "{}", played.ran.stderr);
    assert!(!played.ran.stderr.contains("PASSED"), "{}", played.ran.stderr);
}

/// Proves that `--quiet` leaves stderr to errors, and that with JSON logs every line of it is JSON, errors included.
#[test]
fn stderr_can_be_quiet() {
    let quiet = play(&one_service(NOBODY, ""), &["--quiet"], "sleep 0.5");
    quiet.expect_code(0);
    assert_eq!(quiet.ran.stderr, "");
    assert!(quiet.ran.stdout.contains("PASSED"), "{}", quiet.ran.stdout);
    let told = play("name: x\nduratoin: 5s\n", &["--quiet"], "true");
    told.expect_code(2);
    assert!(told.ran.stderr.contains("did you mean `duration`?"), "{}", told.ran.stderr);
    for (scenario, code) in [(one_service(NOBODY, ""), 0), ("name: x\nduratoin: 5s\n".to_owned(), 2)] {
        let json = play(&scenario, &["--log-format", "json"], "true");
        json.expect_code(code);
        let lines: Result<Vec<Value>, _> = json.ran.stderr.lines().map(serde_json::from_str).collect();
        let lines = lines.expect("every line is JSON");
        assert_eq!(lines.is_empty(), code == 0, "{}", json.ran.stderr);
    }
}

/// Proves that a run that can't begin leaves no empty report, and leaves the reports of the run before as they are.
#[test]
fn a_run_that_cannot_begin_writes_nothing() {
    let sandbox = Sandbox::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let listen = taken.local_addr().expect("it has an address");
    sandbox.write(
        "scenario.yaml",
        format!(
            "name: taken\nduration: 5s\nservices: {{ web: {{ listen: '{listen}', upstream: '{NOBODY}' }} }}\n"
        ),
    );
    sandbox.write("old.json", "the run before");
    let words = "run scenario.yaml --json old.json --junit new.xml --journal new.jsonl";
    let ran = sandbox.run(brownout().args(words.split(' ')));
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_eq!(crate::support::text(&sandbox, "old.json"), "the run before");
    for file in ["new.xml", "new.jsonl"] {
        assert!(!sandbox.path().join(file).exists(), "{file}");
    }
}
