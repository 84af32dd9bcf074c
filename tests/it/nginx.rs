//! nginx behind brownout, curl in front of it: what the client measured, what the reports say, and what was asked for must
//! be one story.
//!
//! One run has a service for each fault (a latency, a partial blackhole, a reset, a narrow link) and curls through them,
//! each on a connection of its own. curl tells its own port, so each of its measurements finds its connection in the
//! journal, and nothing is compared by averages.

use serde_json::Value;

use crate::support::{
    Nginx, Played, Sandbox, count, list, named, nginx, number, play, python, require, string, text,
};

/// What the faults are, as the scenario has them.
const DELAY_S: f64 = 0.120;
const RESET_AFTER: u64 = 100_000;
const RATE: f64 = 1_000_000.0;
/// Bandwidth lets 10 ms' worth pass at once.
const BURST: f64 = RATE * 0.010;
/// Connections through the half-dark service: all lit or all dark would happen once in 2^31 runs.
const DARK_TRIES: usize = 32;

/// Every curl has a new connection, and appends one line of measurements to `results`.
const SCRIPT: &str = r#"
one() { # service, URL, more arguments
    service=$1; url=$2; shift 2
    curl -q -s --noproxy '*' -o /dev/null "$@" "$url" -w "$service %{local_port} %{exitcode} %{http_code} %{time_total} \
%{time_starttransfer} %{size_request} %{size_header} %{size_download}\n" >>results
}
for n in 1 2 3 4 5 6 7 8; do one slow "$BROWNOUT_SLOW_URL/small"; done
for n in 1 2 3; do one cut "$BROWNOUT_CUT_URL/1MiB"; done
one narrow "$BROWNOUT_NARROW_URL/1MiB" &
one narrow "$BROWNOUT_NARROW_URL/1MiB" &
for n in $(seq 32); do one dark "$BROWNOUT_DARK_URL/small" --max-time 4 & done
wait
"#;

/// What one curl measured.
#[derive(Debug)]
struct Measured {
    service: String,
    port: u16,
    exit: u32,
    status: u32,
    total: f64,
    first_byte: f64,
    sent: u64,
    headers: u64,
    body: u64,
}

/// One curl, and its connection in the journal: its beginning and its end.
struct Story {
    measured: Measured,
    opened: Value,
    ended: Value,
}

fn scenario(nginx: &Nginx) -> String {
    let upstream = nginx.address();
    format!(
        "name: nginx
duration: 30s
seed: 7
services:
  slow: {{ upstream: '{upstream}' }}
  dark: {{ upstream: '{upstream}' }}
  cut: {{ upstream: '{upstream}' }}
  narrow: {{ upstream: '{upstream}' }}
faults:
  - {{ name: detour, service: slow, latency: 120ms }}
  - {{ name: dark-paths, service: dark, blackhole: 50% }}
  - {{ name: broken-off, service: cut, reset: {{ after_bytes: {RESET_AFTER}B }} }}
  - {{ name: bottleneck, service: narrow, bandwidth: 1MB/s }}
monitors:
  page: {{ via: slow, every: 200ms, timeout: 5s, http: {{ get: /small, status: 200, body_contains: nginx }} }}
  sporadic: {{ via: dark, every: 100ms, timeout: 500ms, http: {{ get: /small }} }}
  port: {{ via: narrow, every: 500ms, timeout: 5s, tcp: {{}} }}
detectors:
  sleepy: {{ monitor: sporadic, consecutive: {{ failures: 40 }} }}
  watchful: {{ monitor: sporadic, window_ratio: {{ window: 10s, at_least: 10%, min_samples: 10 }} }}
expect:
  - {{ monitor: page, success_ratio: {{ at_least: 100% }} }}
  - {{ monitor: page, latency: {{ p50: {{ at_least: 120ms }} }} }}
  - {{ monitor: sporadic, timeouts: {{ at_least: 1 }} }}
  - {{ monitor: port, failures: {{ at_most: 0 }} }}
  - {{ detector: sleepy, stays_silent: {{}} }}
  - {{ detector: watchful, fires: {{}} }}
  - {{ service: slow, latency: {{ p50: {{ at_least: 120ms }} }} }}
  - {{ service: cut, cut: {{ at_least: 3, at_most: 3 }} }}
  - {{ service: narrow, bytes_to_client: {{ at_least: 2MiB }} }}
  - {{ command: {{ exit_code: 0 }} }}
"
    )
}

/// Proves that each fault does to curl exactly what the scenario says, that the journal and the JSON report tell the
/// same bytes and fates as curl does, and that a run whose expectations are all met exits with 0.
#[test]
fn what_curl_measures_is_what_was_asked_for_and_what_is_reported() {
    let (Some(nginx), Some(_)) = (nginx(), require("curl")) else { return };
    let played = play(&scenario(&nginx), &[], SCRIPT);
    played.expect_code(0);
    let stories = stories(&played);
    let of = |service: &'static str| stories.iter().filter(move |story| story.measured.service == service);
    let json = played.json();
    print_figures(&stories, &json);
    for story in of("slow") {
        check_latency(story);
    }
    let detour = number(named(&json, "faults", "detour"), "delay_max_s");
    assert!((detour - DELAY_S).abs() < 1e-9, "the report says what was injected: {detour}");
    of("cut").for_each(check_reset);
    of("narrow").for_each(check_bandwidth);
    check_blackhole(&of("dark").collect::<Vec<_>>(), &json);
    check_totals(&stories, &played.events("connection_ended"), &json);
    check_junit(&played);
}

/// A latency of 120 ms is felt whole by each request, and the reports say so.
fn check_latency(story: &Story) {
    let Story { measured, ended, .. } = story;
    assert_eq!((measured.exit, measured.status, measured.body), (0, 200, Nginx::SMALL.len() as u64));
    let hit = &list(ended, "hits")[0];
    assert_eq!((string(hit, "fault"), number(hit, "delay_max_s")), ("detour", DELAY_S));
    // curl starts its clock before its request reaches brownout, and stops it after the answer has left brownout.
    assert!(measured.first_byte >= DELAY_S, "{measured:?}");
    let journaled = number(ended, "first_byte_s");
    assert!(journaled >= DELAY_S, "{ended}");
    assert!(
        measured.total >= journaled,
        "curl can't be done before the first byte was sent: {measured:?} {ended}"
    );
}

/// A reset after N bytes delivers exactly N bytes, headers included, and then breaks the connection with an RST.
fn check_reset(story: &Story) {
    let Story { measured, ended, .. } = story;
    assert_eq!((measured.exit, measured.status), (56, 200), "{measured:?}");
    assert_eq!(measured.headers + measured.body, RESET_AFTER, "{measured:?}");
    assert_eq!(count(ended, "bytes_to_client"), RESET_AFTER);
    assert_eq!(ended["cause"], serde_json::json!({"by": "fault", "fault": "broken-off", "kind": "reset"}));
}

/// Through a narrow link everything arrives, no faster than its rate and its burst allow.
fn check_bandwidth(story: &Story) {
    let measured = &story.measured;
    assert_eq!((measured.exit, measured.body), (0, 1 << 20), "{measured:?}");
    let bytes = (measured.headers + measured.body) as f64;
    assert!(measured.total >= (bytes - BURST) / RATE, "{measured:?}");
}

/// In a blackhole of half the buckets a connection's bucket decides its fate, and nothing else does.
fn check_blackhole(stories: &[&Story], json: &Value) {
    assert_eq!(stories.len(), DARK_TRIES);
    let mut fates: [Option<bool>; 256] = [None; 256];
    for Story { measured, opened, ended } in stories {
        let drawn = list(opened, "drawn").iter().any(|name| name == "dark-paths");
        let hit = list(ended, "hits").iter().any(|hit| hit["fault"] == "dark-paths");
        let expected = if drawn { (28, 0, 0) } else { (0, 200, Nginx::SMALL.len() as u64) };
        assert_eq!(
            (measured.exit, measured.status, measured.body),
            expected,
            "{measured:?} {opened} {ended}"
        );
        assert_eq!(hit, drawn, "{ended}");
        let bucket = bucket_of_loopback(measured.port);
        assert_eq!(count(opened, "bucket"), u64::from(bucket), "{opened}");
        let fate = fates[usize::from(bucket)].get_or_insert(drawn);
        assert_eq!(*fate, drawn, "one bucket, one fate: {opened}");
    }
    let dark = stories.iter().filter(|story| story.measured.exit == 28).count();
    assert!((1..DARK_TRIES).contains(&dark), "{dark} of {DARK_TRIES} are dark: not sporadic");
    let monitor = named(json, "monitors", "sporadic");
    let hit = count(named(json, "faults", "dark-paths"), "connections_hit");
    assert!(hit >= dark as u64 + count(monitor, "failed"), "probes are hit as well: {monitor}");
}

/// The bucket of a client at 127.0.0.1, written out as the design says, apart from brownout's own code.
fn bucket_of_loopback(port: u16) -> u8 {
    let mut h = 0x7F00_0001_u32 ^ u32::from(port).wrapping_mul(0x1_0001);
    h = h.wrapping_mul(0x9E37_79B1);
    h ^= h >> 15;
    h = h.wrapping_mul(0x85EB_CA6B);
    h ^= h >> 13;
    (h >> 24) as u8
}

/// Per connection and in total, the bytes of the journal and of the report are curl's.
fn check_totals(stories: &[Story], ends: &[Value], json: &Value) {
    for Story { measured, ended, .. } in stories {
        assert_eq!(count(ended, "bytes_to_client"), measured.headers + measured.body, "{measured:?} {ended}");
        let to_server = if measured.exit == 28 { 0 } else { measured.sent };
        assert_eq!(count(ended, "bytes_to_server"), to_server, "{measured:?} {ended}");
    }
    for service in list(json, "services") {
        let name = string(service, "name");
        let of_service = || ends.iter().filter(|ended| ended["service"] == name);
        for key in ["bytes_to_client", "bytes_to_server"] {
            assert_eq!(
                count(service, key),
                of_service().map(|ended| count(ended, key)).sum::<u64>(),
                "{name}"
            );
        }
        assert_eq!(count(service, "connections_accepted"), of_service().count() as u64, "{name}");
        assert_eq!(count(service, "connections_open"), 0, "{name}");
    }
    // Only curl moves bytes through these two.
    for name in ["cut", "narrow"] {
        let curls = stories.iter().filter(|story| story.measured.service == name);
        let bytes: u64 = curls.map(|story| story.measured.headers + story.measured.body).sum();
        assert_eq!(count(named(json, "services", name), "bytes_to_client"), bytes, "{name}");
    }
}

/// Proves that an expectation that is not met fails the run with exit code 1, and that every report names it: the same
/// cases, the same number of failures.
#[test]
fn an_expectation_that_is_not_met_fails_the_run_in_every_report() {
    let (Some(nginx), Some(_)) = (nginx(), require("curl")) else { return };
    let scenario = format!(
        "name: hopes & <fears>
duration: 20s
services: {{ web: {{ upstream: '{}' }} }}
faults: [{{ reset: {{ after_bytes: 5B }} }}]
expect:
  - {{ service: web, connections: {{ at_least: 1 }} }}
  - {{ service: web, cut: {{ at_most: 0 }} }}
  - {{ service: web, latency: {{ p50: {{ at_most: 20s }} }}, between: [15s, 16s] }}
",
        nginx.address()
    );
    let played = play(&scenario, &[], "curl -q -s --noproxy '*' $BROWNOUT_WEB_URL/small; test $? = 56");
    played.expect_code(1);
    let json = played.json();
    assert_eq!((string(&json, "outcome"), count(&json["end"], "exit_code")), ("failed", 1));
    let states: Vec<&str> = list(&json, "expectations").iter().map(|e| string(e, "state")).collect();
    assert_eq!(states, ["met", "failed", "undecided", "met", "met"]);
    assert_eq!((count(&json["expectations"][1], "line"), count(&json["expectations"][1], "column")), (7, 5));
    for words in ["scenario.yaml:7:5", "FAILED", "replay"] {
        assert!(played.ran.stdout.contains(words), "{words:?} is not in\n{}", played.ran.stdout);
    }
    check_junit(&played);
}

/// JUnit as a parser of others sees it: a case for each expectation and one for the run, failures and errors as in JSON.
fn check_junit(played: &Played) {
    let snippet = "
import json, sys, xml.etree.ElementTree as tree
suites = tree.parse(sys.argv[1]).getroot()
suite, = suites.findall('testsuite')
cases = suite.findall('testcase')
print(json.dumps({
    'suite': suite.get('name'),
    'totals': [int(suites.get(key)) for key in ('tests', 'failures', 'errors')],
    'counted': [len(cases), len(suite.findall('.//failure')), len(suite.findall('.//error'))],
    'names': [case.get('name') for case in cases],
}))
";
    let junit = played.sandbox.write("copy.xml", played.junit());
    let Some(parsed) = python(&Sandbox::new(), snippet, &[&junit.to_string_lossy()]) else { return };
    assert_eq!(parsed.code, Some(0), "{}", parsed.stderr);
    let parsed: Value = serde_json::from_str(&parsed.stdout).expect("the snippet writes JSON");
    let json = played.json();
    let expectations = list(&json, "expectations");
    let of_state = |state| expectations.iter().filter(|e| e["state"] == state).count();
    let counts = serde_json::json!([expectations.len() + 1, of_state("failed"), of_state("undecided")]);
    assert_eq!((&parsed["totals"], &parsed["counted"]), (&counts, &counts));
    assert_eq!(parsed["suite"], json["header"]["scenario"]);
    let names = expectations.iter().map(|e| string(e, "expectation")).chain(["the run is complete"]);
    assert_eq!(list(&parsed, "names"), names.collect::<Vec<_>>());
}

/// Every curl with its connection, found by the client's port.
fn stories(played: &Played) -> Vec<Story> {
    let (opened, ended) = (played.events("connection_opened"), played.events("connection_ended"));
    let find = |events: &[Value], measured: &Measured| {
        let client = format!("127.0.0.1:{}", measured.port);
        let mut found =
            events.iter().filter(|event| event["client"] == *client && event["service"] == *measured.service);
        let event = found.next().unwrap_or_else(|| panic!("no connection of {measured:?}")).clone();
        assert!(found.next().is_none(), "two connections of {measured:?}");
        event
    };
    let story = |line: &str| {
        let measured = Measured::parse(line);
        Story { opened: find(&opened, &measured), ended: find(&ended, &measured), measured }
    };
    let stories: Vec<Story> = text(&played.sandbox, "results").lines().map(story).collect();
    assert_eq!(stories.len(), 8 + 3 + 2 + DARK_TRIES);
    stories
}

/// The figures, for a person who runs this test with `--nocapture`.
#[expect(clippy::print_stderr, reason = "cargo shows it to who asks for it")]
fn print_figures(stories: &[Story], json: &Value) {
    let services = list(json, "services").iter().map(|service| {
        let name = string(service, "name");
        let curls: Vec<&Measured> =
            stories.iter().map(|story| &story.measured).filter(|measured| measured.service == name).collect();
        let [fine, timed_out, reset] =
            [0, 28, 56].map(|exit| curls.iter().filter(|measured| measured.exit == exit).count());
        let bytes: u64 = curls.iter().map(|measured| measured.headers + measured.body).sum();
        let totals = || curls.iter().map(|measured| measured.total);
        let (fastest, slowest) = (totals().fold(f64::INFINITY, f64::min), totals().fold(0.0, f64::max));
        let curls = curls.len();
        format!(
            "{name:<8} {curls:>5} {fine:>5} {timed_out:>8} {reset:>9} {bytes:>13} {fastest:>9.4} {slowest:>9.4}"
        )
    });
    let faults = list(json, "faults").iter().map(|fault| {
        let (hit, bytes) = (count(fault, "connections_hit"), count(fault, "bytes"));
        format!("fault {:<10} hit {hit} connections, {bytes} bytes", string(fault, "name"))
    });
    let monitors = list(json, "monitors").iter().map(|monitor| {
        let (good, all) = (count(monitor, "succeeded"), count(monitor, "probes"));
        let (name, p50) = (string(monitor, "name"), number(&monitor["latency"], "p50_s"));
        format!("monitor {name:<8} {good} of {all} probes succeeded, p50 {p50:.4} s")
    });
    let title = "service  curls  fine  exit 28   exit 56 bytes to curl fastest s slowest s".to_owned();
    let lines: Vec<String> = [title].into_iter().chain(services).chain(faults).chain(monitors).collect();
    eprintln!("{}", lines.join("\n"));
}

// === impl Measured ===

impl Measured {
    fn parse(line: &str) -> Self {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [service, port, exit, status, total, first_byte, sent, headers, body] = fields[..] else {
            panic!("not what curl was asked to write: {line:?}");
        };
        Self {
            service: service.to_owned(),
            port: parsed(port),
            exit: parsed(exit),
            status: parsed(status),
            total: parsed(total),
            first_byte: parsed(first_byte),
            sent: parsed(sent),
            headers: parsed(headers),
            body: parsed(body),
        }
    }
}

fn parsed<T: std::str::FromStr>(field: &str) -> T {
    field.parse().unwrap_or_else(|_| panic!("curl wrote no number: {field:?}"))
}
