//! A made-up run that looks like a real one: five minutes, two services, four faults, two monitors, two detectors.

use std::sync::Arc;
use std::time::Duration;

use super::tally::Tally;
use crate::base::{Directions, FlowBucket, Ratio, SimTime};
use crate::event::{
    AlarmState, BrownoutReason, ConnectionEnded, ConnectionOpened, DetectorInfo, DialFailure, EndCause,
    Entry, Event, FaultInfo, Header, Hit, MonitorInfo, PeerEnd, Phase, Probe, ProbeFailure, RunEnd,
    ServiceInfo, Sink, Verdict, VerdictState, Window,
};

/// All events of the run, the last two of which are its verdicts' and its end.
pub(super) fn events() -> Vec<Entry> {
    let mut events: Vec<Entry> = (0..600).flat_map(connection).collect();
    events.extend((0..150).map(homepage));
    events.extend((0..60).map(ledger));
    let alarm = |seconds, detector: &str, state| {
        Event::Alarm { detector: detector.into(), state }.at(SimTime::from_secs(seconds))
    };
    events.push(alarm(146, "burn", AlarmState::Firing));
    events.push(alarm(203, "burn", AlarmState::Resolved));
    events.push(alarm(262, "burn", AlarmState::Firing));
    events.push(Event::CommandStarted { pid: 4_211 }.at(SimTime::ZERO));
    events.push(Event::CommandEnded { status: Some(101), signal: None }.at(SimTime::from_secs(298)));
    events.sort_by_key(|entry| entry.t);
    events.insert(0, Event::RunStarted(Box::new(header())).at(SimTime::ZERO));
    events.extend(verdicts().map(|verdict| Event::Verdict(Box::new(verdict)).at(SimTime::from_secs(300))));
    events.push(
        Event::RunEnded { reason: RunEnd::Completed, exit_code: 1, events_lost: 0 }
            .at(SimTime::from_secs(300)),
    );
    events
}

/// The tally of `events`.
pub(super) fn tally_of(events: &[Entry]) -> Tally {
    let mut tally = Tally::new();
    for entry in events {
        tally.record(entry);
    }
    tally
}

/// The tally of the whole run.
pub(super) fn tally() -> Tally {
    tally_of(&events())
}

pub(super) fn header() -> Header {
    let monitor = |name: &str, service: &str, check: &str, every, timeout| MonitorInfo {
        name: name.into(),
        service: service.into(),
        targets: Vec::new(),
        check: check.into(),
        every: Duration::from_secs(every),
        timeout: Duration::from_secs(timeout),
    };
    let detector = |name: &str, summary: &str| DetectorInfo {
        name: name.into(),
        monitor: "homepage".into(),
        summary: summary.into(),
    };
    let service = |name: &str, listen: &str, upstream: &str| ServiceInfo {
        name: name.into(),
        listen: listen.parse().unwrap(),
        upstream: upstream.into(),
        path: None,
    };
    Header {
        version: "0.1.0".into(),
        scenario: "checkout-over-wan".into(),
        file: "scenarios/checkout.yaml".into(),
        about: Some("A shop's checkout while its WAN is slow, then dark for a fifth of the flows.".into()),
        seed: 20_230_125,
        starts_at: Some("2023-01-25T07:08:00Z".into()),
        began: "2026-03-01T12:00:00.250Z".into(),
        speed: 1.0,
        from: SimTime::ZERO,
        until: SimTime::from_secs(300),
        replay: "brownout run scenarios/checkout.yaml --seed 20230125 -- cargo test".into(),
        services: vec![
            service("portal", "127.0.0.1:18080", "127.0.0.1:8080"),
            service("ledger", "127.0.0.1:15432", "db.internal:5432"),
        ],
        faults: faults(),
        monitors: vec![
            monitor("homepage", "portal", "GET /health", 2, 5),
            monitor("ledger-tcp", "ledger", "TCP connect", 5, 1),
        ],
        detectors: vec![
            detector("burn", "burn rate over 99.9%, 5m and 1h windows"),
            detector("liveness", "3 failures in a row"),
        ],
        command: Some(vec!["cargo".into(), "test".into()]),
        notes: vec![
            "A to-client loss is real to the server's kernel; a client sees it as silence (its request was ACKed)."
                .into(),
        ],
    }
}

fn faults() -> Vec<FaultInfo> {
    let fault = |name: &str, service: &str, kind: &str, summary: &str, windows: Vec<Window>| FaultInfo {
        name: name.into(),
        service: service.into(),
        kind: kind.into(),
        summary: summary.into(),
        direction: Directions::ToClient,
        probability: Ratio::ONE,
        windows_total: windows.len(),
        windows,
        backend: "userspace".into(),
        allow_untouched: false,
    };
    let window = |from, until| Window { from: SimTime::from_secs(from), until: SimTime::from_secs(until) };
    let resets = (0..6).map(|n| window(180 + n * 20, 185 + n * 20)).collect();
    vec![
        fault("latency@30s", "portal", "latency", "latency 80ms ± 20ms, pareto", vec![window(30, 150)]),
        fault(
            "blackhole@2m",
            "portal",
            "blackhole",
            "blackhole of 51 of 256 buckets",
            vec![window(120, 180)],
        ),
        FaultInfo {
            probability: Ratio::new(1, 5).unwrap(),
            ..fault("reset@3m", "portal", "reset", "reset 20% of connections after 4kB", resets)
        },
        fault("slicer@4m30s", "ledger", "slicer", "slices of 64B", vec![window(270, 290)]),
    ]
}

fn connection(n: u64) -> Vec<Entry> {
    let service: Arc<str> = if n % 6 == 5 { "ledger".into() } else { "portal".into() };
    let opened_at = SimTime::from_millis(n * 500);
    let client = format!("127.0.0.1:{}", 40_000 + n).parse().unwrap();
    let bucket = FlowBucket((n * 37 % 256) as u8);
    let portal = &*service == "portal";
    let dark = portal && (240..360).contains(&n) && bucket.0 < 51;
    let cut = portal && n >= 360 && n % 40 < 10 && n.is_multiple_of(5);
    let slow = portal && (60..300).contains(&n);
    let hit = |fault: &str, bytes, delay_ms| Hit {
        fault: fault.into(),
        first: opened_at.plus(Duration::from_millis(3)),
        bytes,
        delay_max: Duration::from_millis(delay_ms),
        flipped: 0,
        flips: Vec::new(),
        why: None,
    };
    let mut hits = Vec::new();
    if slow {
        hits.push(hit("latency@30s", 18_400, 62 + n % 90));
    }
    if dark {
        hits.push(hit("blackhole@2m", 900, 0));
    }
    if cut {
        hits.push(hit("reset@3m", 0, 0));
    }
    let cause = match n {
        _ if cut => EndCause::Fault { fault: "reset@3m".into(), kind: "reset".into() },
        _ if dark && n.is_multiple_of(2) => EndCause::Client { how: PeerEnd::Reset },
        _ if n % 97 == 11 => EndCause::Unreachable { why: DialFailure::Refused },
        598.. => EndCause::Brownout { why: BrownoutReason::Drained },
        _ if n.is_multiple_of(7) => EndCause::Server { how: PeerEnd::Closed },
        _ => EndCause::Client { how: PeerEnd::Closed },
    };
    let age = Duration::from_millis(if dark { 5_000 } else { 40 + n % 60 });
    let first_byte = Duration::from_micros(900 + n * 7 % 400 + if slow { 80_000 + n % 9 * 900 } else { 0 });
    let drawn: Vec<Arc<str>> =
        if portal { vec!["latency@30s".into(), "blackhole@2m".into()] } else { vec![] };
    let opened = ConnectionOpened { service: service.clone(), ordinal: n, client, bucket, drawn };
    let mut both = vec![Event::ConnectionOpened(opened).at(opened_at)];
    if n % 300 != 299 {
        let ended = ConnectionEnded {
            service,
            ordinal: n,
            client,
            bucket,
            cause,
            age,
            bytes_to_server: 620,
            bytes_to_client: if dark { 0 } else { 18_400 },
            first_byte: (!dark && !cut).then_some(first_byte),
            hits,
        };
        let ended_at = opened_at.plus(age).min(SimTime::from_secs(300));
        both.push(Event::ConnectionEnded(Box::new(ended)).at(ended_at));
    }
    both
}

fn homepage(n: u64) -> Entry {
    let timeout = (60..90).contains(&n) && (n % 5 == 1 || n == 72);
    let reset = n >= 90 && n % 10 == 3;
    let slow = (15..75).contains(&n);
    let failure = match () {
        () if timeout => Some((Phase::FirstByte, true, "no answer in 5s")),
        () if reset => Some((Phase::Body, false, "connection reset")),
        () => None,
    };
    let latency = match () {
        () if timeout => Duration::from_secs(5),
        () if slow => Duration::from_millis(81 + n % 23 * 3),
        () => Duration::from_micros(1_100 + n * 13 % 700),
    };
    probe("homepage", n, 2, failure, latency)
}

fn ledger(n: u64) -> Entry {
    probe("ledger-tcp", n, 5, None, Duration::from_micros(210 + n * 31 % 190))
}

fn probe(
    monitor: &str,
    ordinal: u64,
    every_s: u64,
    failure: Option<(Phase, bool, &str)>,
    latency: Duration,
) -> Entry {
    let failure =
        failure.map(|(phase, timeout, reason)| ProbeFailure { phase, timeout, reason: reason.into() });
    Event::Probe(Probe {
        monitor: monitor.into(),
        target: 0,
        ordinal,
        failure,
        latency,
        connect: Some(Duration::from_micros(90)),
        first_byte: None,
        status: None,
        bucket: None,
    })
    .at(SimTime::from_secs(ordinal * every_s))
}

fn verdicts() -> impl Iterator<Item = Verdict> {
    let verdict = |subject: &str, what: &str, state, observed: &str, margin: Option<&str>, place| Verdict {
        expectation: format!("{subject}: {what}").into(),
        subject: subject.into(),
        state,
        observed: observed.into(),
        margin: margin.map(Into::into),
        place,
    };
    [
        verdict(
            "monitor homepage",
            "success ratio at least 85%",
            VerdictState::Met,
            "91.3% of 150 probes",
            Some("6.3 points above"),
            Some((41, 5)),
        ),
        verdict(
            "detector burn",
            "fires within 1m",
            VerdictState::Met,
            "26s after the blackhole",
            Some("34s to spare"),
            Some((42, 5)),
        ),
        verdict(
            "detector liveness",
            "fires within 1m of the blackhole",
            VerdictState::Failed,
            "stayed silent: at most 2 failures in a row",
            None,
            Some((43, 5)),
        ),
        verdict(
            "service ledger",
            "latency p99 at most 50ms between 4m30s and 5m",
            VerdictState::Undecided,
            "nothing",
            None,
            Some((44, 5)),
        ),
        verdict("command", "exits with 0", VerdictState::Failed, "exited with 101", None, None),
    ]
    .into_iter()
}
