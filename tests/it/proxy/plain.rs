//! Without a terminal: lines on stderr, the recap on stdout, exit codes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::proxy;
use crate::support::{EchoServer, Live, Manner, Sandbox, brownout, list, named, string, wait_for};

#[expect(clippy::disallowed_methods, reason = "the tests live on the wall clock")]
fn exchange(address: std::net::SocketAddr) -> std::io::Result<Duration> {
    let before = Instant::now();
    let mut client = TcpStream::connect(address)?;
    client.write_all(b"ping")?;
    client.read_exact(&mut [0; 4])?;
    Ok(before.elapsed())
}

/// Proves that flags before the first group hold for all, others for their own; that each connection's end is a line that
/// begins with its service; and that an interrupted proxy has done what it was for: it ends with 0.
#[test]
fn groups_have_their_own_faults() {
    let server = EchoServer::start(Manner::AtOnce);
    let upstream = server.address().to_string();
    let mut command = proxy(&[
        "--latency",
        "30ms",
        "0",
        "--to",
        &upstream,
        "--name",
        "slow",
        "0",
        "--to",
        &upstream,
        "--name",
        "broken",
        "--reset",
        "after_bytes=1B,direction=to_server",
    ]);
    let mut live = Live::start_with("", &mut command);
    let took = exchange(live.address("slow")).expect("it echoes");
    assert!(took >= Duration::from_millis(30), "{took:?}");
    exchange(live.address("broken")).expect_err("it is reset");
    live.wait_for_events("connection_ended", 2);
    let played = live.interrupt();
    played.expect_code(0);
    let stderr = &played.ran.stderr;
    let line = |service: &str, words: &str| {
        let found = stderr.lines().any(|line| line.starts_with(service) && line.contains(words));
        assert!(found, "no line of {service} with {words:?}: {stderr}");
    };
    line("slow", "↑4 B ↓4 B  latency@0s  ended by client (closed)");
    line("broken", "ended by fault reset@0s (reset)");
    line("broken", "fault reset@0s begins: reset after 1B");
    assert!(played.ran.stdout.contains("services") && !played.ran.stdout.contains("PASSED"));
    let started = &played.events("run_started")[0];
    let faults: Vec<_> = list(started, "faults")
        .iter()
        .map(|fault| (string(fault, "service"), string(fault, "name")))
        .collect();
    assert_eq!(faults, [("slow", "latency@0s"), ("broken", "latency@0s"), ("broken", "reset@0s")]);
    assert_eq!(played.events("run_ended")[0]["reason"], "stopped");
    assert_eq!(string(&played.json(), "outcome"), "passed");
}

/// Proves that a proxy ends by itself when its time is up, and that faults which end meanwhile are told.
#[test]
fn a_proxy_ends_when_its_time_is_up() {
    let ran = Sandbox::new().run(&mut proxy(&["0", "--to", "9", "--for", "1s", "--loss", "1%,for=400ms"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("p9  fault loss@0s begins: loss 1% of segments\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("p9  fault loss@0s ends\n"), "{}", ran.stderr);
}

/// Proves that a wrapped command gets its address, that the proxy ends with it, and that its status is the verdict.
#[test]
fn a_command_is_wrapped() {
    let server = EchoServer::start(Manner::AtOnce);
    let upstream = server.address().to_string();
    let script = r#"echo "$BROWNOUT_API $BROWNOUT_API_URL"; exit "$1""#;
    for (status, code) in [("0", 0), ("7", 1)] {
        let args = ["0", "--to", &upstream, "--name", "api", "--", "sh", "-c", script, "sh", status];
        let ran = Sandbox::new().run(&mut proxy(&args));
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        let (address, url) = ran.stdout.lines().next().unwrap().split_once(' ').unwrap();
        assert_eq!(url, format!("http://{address}"));
        assert!(ran.stdout.contains(&format!("exited with {status}")), "{}", ran.stdout);
    }
}

/// Proves that what cuts a wrapped command short is told from what ends a proxy.
#[test]
fn an_interrupted_command_is_no_success() {
    let script = "echo $$ >ready; while :; do sleep 0.05; done";
    let mut command = proxy(&["0", "--to", "9", "--", "sh", "-c", script]);
    let live = Live::start_with("", &mut command);
    wait_for("the command", || live.path().join("ready").exists().then_some(()));
    live.signal(Signal::TERM);
    let played = live.wait();
    played.expect_code(130);
    assert_eq!(played.events("command_ended")[0]["signal"], json!(15));
}

/// Proves that all mistakes are told at once, each at its place in the command line, with exit code 2.
#[test]
fn mistakes_are_told_at_once() {
    let mut command = brownout();
    command.args([
        "proxy",
        ":8080",
        "--to",
        "http://localhost:3000",
        "--latency",
        "80",
        "--loss",
        "1%,att=1s",
        "81",
    ]);
    let ran = Sandbox::new().run(&mut command);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    for told in [
        "`:8080` leaves open who may connect",
        "write `localhost:3000`",
        "expected a duration with a unit, found `80`",
        "did you mean `at`?",
        "`81` has no upstream",
        "command line:1:",
        "error: 5 mistakes in command line",
    ] {
        assert!(ran.stderr.contains(told), "no {told:?} in {}", ran.stderr);
    }
}

/// Proves that a port that is taken is the environment's failure, told by its address.
#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = Sandbox::new().run(&mut proxy(&[&port, "--to", "9"]));
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(
        ran.stderr.contains(&format!("service `p{port}` can't listen on 127.0.0.1:{port}")),
        "{}",
        ran.stderr
    );
}

/// Proves that the command line that a proxy prints repeats it: the same services, the same faults, the same seed.
#[test]
fn the_replay_line_repeats_it() {
    let args = ["0", "--to", "9", "--for", "200ms", "--latency", "80ms~20ms,probability=30%"];
    let sandbox = Sandbox::new();
    let first = sandbox.run(&mut proxy(&args));
    let replay = first.stderr.lines().find_map(|line| line.split_once("again: brownout ")).unwrap().1;
    let mut again = brownout();
    again.args(replay.split(' '));
    let second = sandbox.run(&mut again);
    assert_eq!(second.code, Some(0), "{}", second.stderr);
    assert!(second.stderr.contains(replay), "{}", second.stderr);
    let header = crate::support::text(&sandbox, "report.json");
    let report: serde_json::Value = serde_json::from_str(&header).unwrap();
    assert_eq!(string(named(&report, "faults", "latency@0s"), "name"), "latency@0s");
}
