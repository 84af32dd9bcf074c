//! The tests' tools, tested: a tool that lies would make every test that trusts it worthless.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;

use super::nginx::Nginx;
use super::*;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn a_program_runs_in_its_sandbox() {
    let sandbox = Sandbox::new();
    sandbox.write("a/b.txt", "text");
    let ran = sandbox.run(&mut shell("cat a/b.txt; echo oops >&2; exit 3"));
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(3), "text", "oops\n"));
    let ran = sandbox.run(&mut shell("kill -9 $$"));
    assert_eq!(ran.code, None, "a signal is no exit code");
}

/// A background child that outlives its parent would hold the pipes, and with them the test, open for an hour.
#[test]
fn what_a_program_leaves_behind_is_killed() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&mut shell("sleep 3600 & echo $!"));
    let pid = ran.stdout.trim().to_owned();
    wait_for("the end of the child left behind", || {
        let state = fs_err::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        (state.is_empty() || state.contains(") Z ")).then_some(())
    });
}

#[test]
fn a_running_program_can_be_watched_and_signalled() {
    let sandbox = Sandbox::new();
    let script = "trap 'exit 7' TERM; echo ready >&2; while :; do sleep 0.01; done";
    let mut running = sandbox.spawn(&mut shell(script));
    assert_eq!(running.wait_for_stderr("ready"), "ready\n");
    assert!(running.ended().is_none());
    running.signal(rustix::process::Signal::TERM);
    assert_eq!(running.wait().code, Some(7));
}

#[test]
fn the_binary_is_built() {
    let version = Sandbox::new().run(brownout().arg("--version"));
    assert!(version.code.is_some(), "{version:?}");
}

#[test]
fn an_echo_sees_a_half_close() {
    for manner in [Manner::AtOnce, Manner::AfterEof] {
        let server = EchoServer::start(manner);
        let mut client = TcpStream::connect(server.address()).unwrap();
        client.write_all(b"ping").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut echoed = String::new();
        client.read_to_string(&mut echoed).unwrap();
        assert_eq!(echoed, "ping", "{manner:?}");
        assert_eq!(server.seen(1), [ConnectionSeen { received: b"ping".to_vec(), end: End::Eof }]);
    }
}

#[test]
fn an_echo_sees_a_reset() {
    let server = EchoServer::start(Manner::AtOnce);
    let snippet = "
import socket, struct, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
s.sendall(b'ping')
while len(s.recv(4, socket.MSG_PEEK)) < 4: pass
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
s.close()
print('reset')
";
    let port = server.address().port().to_string();
    let Some(ran) = python(&Sandbox::new(), snippet, &[&port]) else { return };
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "reset\n"), "{}", ran.stderr);
    assert_eq!(server.seen(1), [ConnectionSeen { received: b"ping".to_vec(), end: End::Reset }]);
}

#[test]
fn an_http_server_answers_on_one_connection() {
    let server = HttpServer::start("fixed");
    let url = format!("http://{}", server.address());
    let (first, second) = (format!("{url}/a"), format!("{url}/b"));
    let args = ["-d", "body", "-w", " %{num_connects}\n", &first, &second];
    let Some(ran) = curl(&Sandbox::new(), &args) else { return };
    assert_eq!(ran.stdout, "fixed 1\nfixed 0\n", "{}", ran.stderr);
    assert_eq!(server.requests(2), ["POST /a HTTP/1.1", "POST /b HTTP/1.1"]);
}

#[test]
fn nginx_serves_its_files() {
    let (Some(nginx), Some(_)) = (nginx(), require("curl")) else { return };
    let sandbox = Sandbox::new();
    let small = curl(&sandbox, &[&nginx.url("/small")]).expect("curl is here");
    assert_eq!(small.stdout, Nginx::SMALL, "{}", small.stderr);
    for (name, length) in [("1MiB", 1 << 20), ("10MiB", 10 << 20)] {
        let fetched = curl(&sandbox, &["-o", name, &nginx.url(&format!("/{name}"))]).expect("curl is here");
        assert_eq!(fetched.code, Some(0), "{}", fetched.stderr);
        assert!(fs_err::read(sandbox.path().join(name)).unwrap() == Nginx::bytes(length), "{name} differs");
    }
    let log = wait_for("the access log", || Some(nginx.access_log()).filter(|log| log.lines().count() == 3));
    assert!(log.starts_with("GET /small 200 17\nGET /1MiB 200 1048576\n"), "{log}");
    assert_ne!(nginx.address().port(), 80);
}

#[test]
fn a_missing_program_is_missing() {
    assert_eq!(programs::find("no-such-program-as-this"), None);
    assert!(programs::find("sh").is_some());
}
