//! `brownout doctor`: what it says of the machine is what the tests find there.

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use crate::support::{Sandbox, brownout};

#[test]
fn what_it_says_of_the_machine_is_so() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(brownout().args(["doctor", "--json", "a.json"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    let text = fs_err::read_to_string(sandbox.path().join("a.json")).expect("a report");
    let told: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let state = |subject: &str| {
        let found = told.iter().find(|finding| finding["subject"] == subject);
        found.unwrap_or_else(|| panic!("{subject} in {text}"))["state"].clone()
    };
    let keep = socket2::SockFilter::new(0x06, 0, 0, u32::MAX);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let permitted = socket.attach_filter(&[keep]).is_ok();
    assert_eq!(state("segment filters"), if permitted { "good" } else { "limited" });
    let six = std::net::TcpListener::bind("[::1]:0").is_ok();
    assert_eq!(state("IPv6"), if six { "good" } else { "limited" });
    assert_eq!((state("loopback"), state("TCP table")), ("good".into(), "good".into()));
    assert_eq!(ran.stdout.contains("setcap"), !permitted, "{}", ran.stdout);

    // With few files it says how many connections that is.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -n 264 && exec \"$0\" doctor", env!("CARGO_BIN_EXE_brownout")]);
    let few = sandbox.run(&mut shell);
    assert!(few.stdout.contains("some 100 connections at once"), "{}", few.stdout);
}
