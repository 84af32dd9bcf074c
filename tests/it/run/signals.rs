//! Signals: the first drains and reports, with or without a command.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;
use serde_json::json;

use super::command::is_gone;
use super::{NOBODY, one_service};
use crate::support::play::{SCENARIO, outputs};
use crate::support::{EchoServer, Live, Manner, brownout, count, named, string, wait_for};

/// A run around a shell script that goes on while the test acts.
fn live_command(script: &str) -> Live {
    let mut command = brownout();
    command.arg("run").arg(SCENARIO).args(outputs()).args(["--", "sh", "-c", script]);
    Live::start_with(&one_service(NOBODY, ""), &mut command)
}

/// Proves that SIGTERM reaches the command in its own process group as SIGTERM, that its answer to it is waited for, and
/// that the interrupted run still reports and says so by its exit code.
#[test]
fn a_signal_is_passed_on_to_the_command() {
    let live = live_command(
        "trap 'sleep 0.3; echo heard >heard; exit 5' TERM; echo $$ >ready; while :; do sleep 0.05; done",
    );
    wait_for("the command", || live.path().join("ready").exists().then_some(()));
    live.signal(Signal::TERM);
    let played = live.wait();
    played.expect_code(130);
    assert_eq!(crate::support::text(&played.sandbox, "heard"), "heard\n");
    assert!(played.ran.stdout.contains("INTERRUPTED"), "{}", played.ran.stdout);
    let json = played.json();
    assert_eq!((string(&json, "outcome"), string(&json["end"], "reason")), ("interrupted", "interrupted"));
    assert_eq!((count(&json["end"], "exit_code"), count(&json["command"], "status")), (130, 5));
    assert!(played.junit().contains("type=\"interrupted\""), "{}", played.junit());
}

/// Proves that a command which ignores SIGTERM is killed in the end, and the run still reports.
#[test]
fn a_command_that_does_not_listen_is_killed() {
    let live = live_command("trap '' TERM; echo $$ >ready; while :; do sleep 0.05; done");
    wait_for("the command", || live.path().join("ready").exists().then_some(()));
    live.signal(Signal::TERM);
    let played = live.wait();
    played.expect_code(130);
    assert_eq!(count(&played.json()["command"], "signal"), 9);
}

/// Proves what draining means: after SIGINT nobody new is served, an exchange under way goes on to its own end, and the
/// run ends as soon as it has; then it reports, with the client as the one who ended the connection.
#[test]
fn an_interrupted_run_drains_and_reports() {
    let server = EchoServer::start(Manner::AtOnce);
    let mut live = Live::start(&one_service(server.address(), ""), &[]);
    let address = live.address("web");
    let mut client = TcpStream::connect(address).unwrap();
    exchange(&mut client);
    live.signal(Signal::INT);
    wait_for("the listener's end", || TcpStream::connect(address).err());
    exchange(&mut client);
    drop(client);
    let played = live.wait();
    played.expect_code(130);
    let ended = played.events("connection_ended");
    let own: Vec<_> = ended.iter().filter(|event| event["bytes_to_client"] == 8).collect();
    assert_eq!(own.len(), 1, "{ended:?}");
    assert_eq!(own[0]["cause"], json!({"by": "client", "how": "closed"}));
    assert!(played.ran.stdout.contains("INTERRUPTED"), "{}", played.ran.stdout);
}

/// Proves that a drain does not wait forever: a connection that stays open is ended by brownout, which says so.
#[test]
fn a_connection_that_stays_is_ended_by_the_drain() {
    let server = EchoServer::start(Manner::AtOnce);
    let mut live = Live::start(&one_service(server.address(), ""), &[]);
    let mut client = TcpStream::connect(live.address("web")).unwrap();
    exchange(&mut client);
    let played = live.interrupt();
    played.expect_code(130);
    assert_eq!(played.events("connection_ended")[0]["cause"], json!({"by": "brownout", "why": "drained"}));
    let json = played.json();
    assert_eq!(count(&named(&json, "services", "web")["ended_by"]["brownout"], "drained"), 1);
    // The client is told, one way or the other.
    assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
}

/// Proves that a second signal ends the run at once, without its report, and leaves no command behind.
#[test]
fn a_second_signal_ends_at_once() {
    // It lets go of its output: otherwise a survivor would hold the test as well.
    let live =
        live_command("exec >stdout 2>&1; trap '' TERM INT; echo $$ >ready; while :; do sleep 0.05; done");
    let pid = wait_for("the command", || {
        let pid = fs_err::read_to_string(live.path().join("ready")).unwrap_or_default();
        (!pid.is_empty()).then(|| pid.trim().to_owned())
    });
    live.signal(Signal::TERM);
    // Two signals of one sort that come together are one.
    live.signal(Signal::INT);
    let played = live.wait();
    played.expect_code(130);
    let gone = is_gone(&pid);
    if !gone {
        // The test must not leave it behind, whatever brownout did.
        let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
        let _gone = rustix::process::kill_process_group(pid, Signal::KILL);
    }
    assert!(gone, "the command {pid} outlived brownout");
    assert_eq!(played.ran.stdout, "");
}

fn exchange(client: &mut TcpStream) {
    client.write_all(b"ping").expect("brownout reads");
    let mut echoed = [0; 4];
    client.read_exact(&mut echoed).expect("the echo comes back");
    assert_eq!(&echoed, b"ping");
}
