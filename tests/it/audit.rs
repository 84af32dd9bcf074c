//! `brownout audit` on real clients: what it says of their timeouts is what they were told, or what nobody told them.
//!
//! Lower bounds of time and order are asserted; how a client ends is its own business, and known: curl exits with 28.

use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::Value;

use crate::support::{Ran, Running, Sandbox, brownout, nginx, python_with_requests, require, wait_for};

/// An audit with a JSON report.
struct Audited {
    ran: Ran,
    report: Value,
}

impl Audited {
    fn phase(&self, name: &str) -> &Value {
        let phases = self.report["phases"].as_array().expect("phases");
        phases
            .iter()
            .find(|phase| phase["phase"] == name)
            .unwrap_or_else(|| panic!("no `{name}` in {}", self.report))
    }

    /// How long the first connection that met the phase was waited for.
    fn waited(&self, name: &str) -> Option<f64> {
        self.phase(name)["attempts"][0]["waited_s"].as_f64()
    }
}

fn audit(to: SocketAddr, args: &[&str], client: &[&str]) -> Audited {
    let sandbox = Sandbox::new();
    let to = to.to_string();
    let mut command = brownout();
    command.args(["audit", "--to", &to, "--json", "audit.json", "--junit", "audit.xml"]).args(args);
    let ran = sandbox.run(command.arg("--").args(client));
    let text = fs_err::read_to_string(sandbox.path().join("audit.json"));
    let report = text.map(|text| serde_json::from_str(&text).expect("JSON")).unwrap_or_default();
    if let Ok(junit) = fs_err::read_to_string(sandbox.path().join("audit.xml")) {
        let fails = junit.contains("<failure") || junit.contains("<error");
        assert_eq!(fails, ran.code == Some(1), "{junit}");
    }
    Audited { ran, report }
}

const URL: &str = "http://{host}:{port}/small";

/// Proves that each timeout of curl is found in its phase: the connect's in the connect, the whole one in all others; that a
/// connection which dies between two requests is met by a real second request; and that expectations decide the exit code.
#[test]
fn curls_timeouts_are_found_in_their_phases() {
    let (Some(nginx), Some(_curl)) = (nginx(), require("curl")) else { return };
    let client = [
        "curl",
        "-q",
        "-sf",
        "--noproxy",
        "*",
        "--connect-timeout",
        "1",
        "-m",
        "2",
        "-o",
        "a",
        "-o",
        "b",
        URL,
        URL,
    ];
    let args =
        ["--patience", "6s", "--expect", "connect<2s", "--expect", "answer>=1.9s", "--expect", "silence<=1s"];
    let audited = audit(nginx.address(), &args, &client);
    assert_eq!(audited.ran.code, Some(1), "{}{}", audited.ran.stdout, audited.ran.stderr);
    let base = &audited.report["baseline"];
    assert_eq!(
        (&base["connections"], &base["turns"], &base["ended"]["status"]),
        (&1.into(), &2.into(), &0.into())
    );
    let connect = audited.waited("connect").expect("curl gives up");
    assert!((0.9..2.0).contains(&connect), "{connect}");
    for phase in ["silence", "answer", "body", "drip", "pooled"] {
        let waited = audited.waited(phase).unwrap_or_else(|| panic!("{phase} in {}", audited.report));
        // The table of sockets is read every 25 ms, and curl's clock began before the request.
        assert!(waited > 1.5, "{phase}: {waited}");
        // Who closes with a byte unread resets: a drip's may have come just then.
        let how = audited.phase(phase)["attempts"][0]["how"].as_str();
        assert!(how == Some("fin") || (phase == "drip" && how == Some("reset")), "{phase}: {how:?}");
    }
    let states =
        audited.report["verdicts"].as_array().expect("verdicts").iter().map(|verdict| &verdict["state"]);
    assert_eq!(states.collect::<Vec<_>>(), ["met", "met", "failed"], "{}", audited.ran.stdout);
}

/// Without a timeout nothing ends: Python's requests waits as long as it is let, and a timeout of it is one for each read, so a
/// drip outlives it.
#[test]
fn requests_waits_for_ever_unless_told() {
    const SCRIPT: &str = "
import requests, sys
session = requests.Session()
session.trust_env = False
timeout = float(sys.argv[2]) if len(sys.argv) > 2 else None
for _ in range(2):
    session.get(sys.argv[1], timeout=timeout).raise_for_status()
";
    let (Some(nginx), Some(python)) = (nginx(), python_with_requests()) else { return };
    let python = python.to_str().expect("a path of the system");
    let never = audit(nginx.address(), &["--patience", "2s"], &[python, "-c", SCRIPT, URL]);
    assert_eq!(never.ran.code, Some(0), "{}", never.ran.stderr);
    for phase in ["connect", "silence", "answer", "body", "drip", "pooled"] {
        assert_eq!(never.waited(phase), None, "{phase}");
        assert_eq!(never.phase(phase)["attempts"][0]["how"], "open", "{phase}: {}", never.report);
    }
    assert!(never.ran.stdout.contains("never in 2s"), "{}", never.ran.stdout);

    let args = ["--patience", "4s", "--phase", "answer,drip"];
    let told = audit(nginx.address(), &args, &[python, "-c", SCRIPT, URL, "1.2"]);
    let answer = told.waited("answer").expect("it gives up");
    assert!(answer > 1.1, "{answer}");
    assert_eq!(told.waited("drip"), None, "a byte a second is no silence");
    assert_eq!(told.report["phases"].as_array().map(Vec::len), Some(2));
}

/// A database client: redis-cli has no timeout of its own.
#[test]
fn a_database_client_is_audited() {
    let (Some(server), Some(client)) = (require("redis-server"), require("redis-cli")) else { return };
    let sandbox = Sandbox::new();
    let (address, _server) = redis(&sandbox, server.to_str().expect("a path of the system"));
    let client = [client.to_str().expect("a path of the system"), "-h", "{host}", "-p", "{port}", "get", "x"];
    let audited = audit(address, &["--patience", "1s", "--expect", "answer<=10s"], &client);
    // It waited longer than 1 s, which does not say that it waits longer than 10.
    assert_eq!(audited.report["verdicts"][0]["state"], "undecided", "{}", audited.ran.stderr);
    assert_eq!(audited.ran.code, Some(1));
    assert_eq!((audited.waited("silence"), audited.waited("answer")), (None, None));
    let missed = audited.phase("pooled")["missed"].as_str().expect("a reason").to_owned();
    assert_eq!(missed, "no connection carried a second request");
}

fn redis(sandbox: &Sandbox, program: &str) -> (SocketAddr, Running) {
    // Redis takes no port of the kernel's choice.
    let address = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let port = address.port().to_string();
    let mut command = std::process::Command::new(program);
    let running = sandbox.spawn(command.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]));
    wait_for("redis", || TcpStream::connect(address).ok());
    (address, running)
}

/// Proves that an audit which could say nothing says why: a command that goes elsewhere, one that does not end, a service
/// that is not there, a phase and an expectation that there are not.
#[test]
fn an_audit_that_can_say_nothing_says_why() {
    let Some(nginx) = nginx() else { return };
    let refused = |to: SocketAddr, args: &[&str], client: &[&str], code: i32, told: &str| {
        let audited = audit(to, args, client);
        assert_eq!(audited.ran.code, Some(code), "{}", audited.ran.stderr);
        assert!(audited.ran.stderr.contains(told), "{}", audited.ran.stderr);
        assert_eq!(audited.report, Value::Null);
    };
    let to = nginx.address();
    refused(to, &[], &["true"], 2, "(it exited with 0): write `{host}` and `{port}`");
    refused(
        to,
        &["--patience", "300ms"],
        &["sleep", "60"],
        2,
        "without any fault the command still ran after 300ms",
    );
    refused(to, &[], &["no-such-program"], 3, "can't start `no-such-program`");
    refused(to, &["--expect", "conect<=5s"], &["true"], 2, "did you mean `connect`?");
    refused(to, &["--phase", "conect"], &["true"], 2, "a similar value exists: 'connect'");
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let curl = ["curl", "-q", "-s", "--noproxy", "*", URL];
    if require("curl").is_some() {
        refused(nobody, &[], &curl, 3, "can't reach the service at");
    }
}
