//! Profiles of paths under real clients: spikes, round trips, recorded delays and packet traces, silence and its end.

use std::collections::BTreeMap;

use crate::support::play::play_in;
use crate::support::{EchoServer, HttpServer, Live, Manner, Sandbox, number, python, require, text};

/// Connects to each port, sends a word and prints what came back after how many seconds.
const PINGS: &str = "
import socket, sys, time
for port in sys.argv[1:]:
    s = socket.create_connection(('127.0.0.1', int(port)))
    s.settimeout(20)
    begin = time.monotonic()
    s.sendall(b'ping')
    answer = s.recv(4).decode()
    print(port, time.monotonic() - begin, answer or 'end')
";

/// What a client sees of each service: after how many seconds which answer.
fn pings(live: &mut Live, services: &[&str]) -> Option<BTreeMap<String, (f64, String)>> {
    let ports: Vec<String> =
        services.iter().map(|service| live.address(service).port().to_string()).collect();
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    let ran = python(&Sandbox::new(), PINGS, &ports)?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let seen = services.iter().zip(ran.stdout.lines()).map(|(service, line)| {
        let words: Vec<&str> = line.split(' ').collect();
        ((*service).to_owned(), (words[1].parse().expect("seconds"), words[2].to_owned()))
    });
    Some(seen.collect())
}

/// Proves that a round trip of 200 ms takes as long, that a spike holds every connection back by its height, and that a
/// timeout is silence and then an orderly end, after so long and not sooner.
#[test]
fn round_trips_spikes_and_timeouts_are_felt() {
    let echo = EchoServer::start(Manner::AtOnce);
    let upstream = echo.address();
    let scenario = format!(
        "name: profiles
duration: 60s
services:
  far: {{ upstream: '{upstream}' }}
  spiky: {{ upstream: '{upstream}' }}
  silent: {{ upstream: '{upstream}' }}
faults:
  - {{ service: far, rtt: 200ms }}
  - {{ service: spiky, latency_spikes: {{ gap: 1ms~0s, height: 300ms, length: 100s }} }}
  - {{ name: hang-up, service: silent, timeout: 700ms }}
"
    );
    let mut live = Live::start(&scenario, &[]);
    let Some(seen) = pings(&mut live, &["far", "spiky", "silent"]) else { return };
    for (service, least, answer) in [("far", 0.2, "ping"), ("spiky", 0.3, "ping"), ("silent", 0.6, "end")] {
        let (seconds, got) = &seen[service];
        assert!(*seconds >= least && got == answer, "{service}: {seconds} s, {got}");
    }
    let played = live.interrupt();
    let ended = played.events("connection_ended");
    let silent = ended.iter().find(|ended| ended["service"] == "silent").expect("it ended");
    assert_eq!(silent["cause"]["fault"], "hang-up/close", "{silent}");
}

/// Proves that a partition takes all services, and that what was sent meanwhile arrives when it is over.
#[test]
fn a_partition_is_for_everybody_and_loses_nothing() {
    let echo = EchoServer::start(Manner::AtOnce);
    let upstream = echo.address();
    let scenario = format!(
        "name: unplugged
duration: 60s
services: {{ a: {{ upstream: '{upstream}' }}, b: {{ upstream: '{upstream}' }} }}
faults: [{{ name: unplugged, at: 0s, for: 2s, partition: {{}} }}]
"
    );
    let mut live = Live::start(&scenario, &[]);
    let Some(seen) = pings(&mut live, &["a", "b"]) else { return };
    assert!(seen.values().all(|(_, answer)| answer == "ping"), "{seen:?}");
    let played = live.interrupt();
    for ended in played.events("connection_ended").iter().filter(|ended| ended["service"] == "a") {
        assert!(number(ended, "t") >= 2.0, "nothing came through before: {ended}");
    }
}

/// Proves that a log of pings beside the scenario is replayed: its first delay holds at the beginning, its second a minute
/// later, where an excerpt begins.
#[test]
fn a_log_of_pings_is_replayed() {
    let echo = EchoServer::start(Manner::AtOnce);
    let log = "\
PING example.net (192.0.2.1) 56(84) bytes of data.
64 bytes from 192.0.2.1: icmp_seq=1 ttl=57 time=250 ms
64 bytes from 192.0.2.1: icmp_seq=2 ttl=57 time=450 ms
";
    let scenario = format!(
        "name: replay
duration: 2m
services: {{ echo: {{ upstream: '{}' }} }}
faults: [{{ latency: {{ trace: {{ file: pings/rtt.txt, every: 60s }} }} }}]
",
        echo.address()
    );
    for (args, least) in [(vec![], 0.25), (vec!["--from", "1m"], 0.45)] {
        let sandbox = Sandbox::new();
        sandbox.write("pings/rtt.txt", log);
        let mut live = Live::start_in(sandbox, &scenario, &args);
        let Some(seen) = pings(&mut live, &["echo"]) else { return };
        let (seconds, answer) = &seen["echo"];
        assert!(*seconds >= least && answer == "ping", "{args:?}: {seconds}");
        live.interrupt();
    }
}

/// Proves that curl gets its bytes whole, and no faster than the packets of a trace: 40 packets at one every 10 ms leave at
/// 40 opportunities, so 390 ms lie between the first and the last.
#[test]
fn curl_downloads_at_the_pace_of_a_packet_trace() {
    if require("curl").is_none() {
        return;
    }
    let server = HttpServer::start(vec![b'x'; 40 * 1_500]);
    let sandbox = Sandbox::new();
    sandbox.write("steady.down", "10\n");
    let scenario = format!(
        "name: traced
duration: 60s
services: {{ api: {{ upstream: '{}' }} }}
faults: [{{ name: link, bandwidth: {{ trace: {{ file: steady.down }}, shared: service }} }}]
",
        server.address()
    );
    let script = r#"curl -sS -o body -w '%{size_download} %{time_total}' "http://$BROWNOUT_API/" > told"#;
    let played = play_in(sandbox, &scenario, &[], script);
    played.expect_code(0);
    let told = text(&played.sandbox, "told");
    let (bytes, seconds) = told.split_once(' ').expect("two figures");
    assert_eq!(bytes, "60000");
    assert!(seconds.parse::<f64>().expect("seconds") >= 0.39, "{told}");
    let body = fs_err::read(played.sandbox.path().join("body")).expect("curl wrote it");
    assert!(body.iter().all(|byte| *byte == b'x'));
}
