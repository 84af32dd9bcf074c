//! Each check, met and not met, on events made by hand.

use std::time::Duration;

use super::*;
use crate::base::{Directions, FlowBucket, Ratio, SimTime};
use crate::event::{
    AlarmState, ConnectionEnded, EndCause, Event, FaultInfo, Header, Hit, MonitorInfo, PeerEnd, Phase, Probe,
    ProbeFailure, VerdictState, Window,
};
use crate::scenario::expect::{AlarmCheck, Bound, Check, ProbeCheck, ServiceCheck};

fn probe(t: u64, latency_ms: u64, failed: bool) -> Entry {
    let failure =
        failed.then(|| ProbeFailure { phase: Phase::FirstByte, timeout: true, reason: "no answer".into() });
    Event::Probe(Probe {
        monitor: "home".into(),
        target: 0,
        ordinal: t,
        failure,
        latency: Duration::from_millis(latency_ms),
        connect: None,
        first_byte: None,
        status: None,
        bucket: None,
    })
    .at(SimTime::from_secs(t))
}

fn ended(t: u64, cause: EndCause, hits: &[&str]) -> Entry {
    let hit = |name: &&str| Hit {
        fault: (*name).into(),
        first: SimTime::ZERO,
        bytes: 1,
        delay_max: Duration::ZERO,
        flipped: 0,
        flips: Vec::new(),
        why: None,
    };
    Event::ConnectionEnded(Box::new(ConnectionEnded {
        service: "api".into(),
        ordinal: t,
        client: "127.0.0.1:40000".parse().unwrap(),
        bucket: FlowBucket(0),
        cause,
        age: Duration::from_secs(1),
        bytes_to_server: 10,
        bytes_to_client: 100,
        first_byte: Some(Duration::from_millis(20)),
        hits: hits.iter().map(hit).collect(),
    }))
    .at(SimTime::from_secs(t))
}

fn alarm(t: u64) -> Entry {
    Event::Alarm { detector: "burn".into(), state: AlarmState::Firing }.at(SimTime::from_secs(t))
}

fn judge(
    check: Check,
    windows: Option<(u64, u64)>,
    entries: &[Entry],
) -> (VerdictState, String, Option<String>) {
    let window = |(from, until)| Window { from: SimTime::from_secs(from), until: SimTime::from_secs(until) };
    let windows = windows.map(|w| vec![window(w)]);
    let expectation = Expectation { check, windows, text: "as written".into(), place: Some((3, 5)) };
    let mut judge = Judge::new(&[expectation]);
    for entry in entries {
        judge.record(entry);
    }
    let verdict = judge.verdicts(0).remove(0);
    (verdict.state, verdict.observed.to_string(), verdict.margin.map(|margin| margin.to_string()))
}

fn at_least<T>(bound: T) -> Bound<T> {
    Bound { at_least: Some(bound), at_most: None }
}

fn at_most<T>(bound: T) -> Bound<T> {
    Bound { at_least: None, at_most: Some(bound) }
}

fn found(state: VerdictState, observed: &str, margin: &str) -> (VerdictState, String, Option<String>) {
    (state, observed.to_owned(), (!margin.is_empty()).then(|| margin.to_owned()))
}

#[test]
fn a_success_ratio_has_a_margin_in_points() {
    let entries: Vec<Entry> = (0..10).map(|t| probe(t, 5, t % 5 == 0)).collect();
    let check = |percent| {
        Check::Monitor("home".into(), ProbeCheck::SuccessRatio(at_least(Ratio::new(percent, 100).unwrap())))
    };
    assert_eq!(
        judge(check(75), None, &entries),
        found(VerdictState::Met, "80.0% of 10 probes", "5 points above")
    );
    assert_eq!(
        judge(check(90), None, &entries),
        found(VerdictState::Failed, "80.0% of 10 probes", "10 points below")
    );
    assert_eq!(judge(check(90), Some((1, 5)), &entries).1, "100.0% of 4 probes");
    assert_eq!(
        judge(check(90), Some((50, 60)), &entries),
        found(VerdictState::Undecided, "no probes observed", "")
    );
}

#[test]
fn quantiles_are_of_successful_probes_only() {
    let mut entries: Vec<Entry> = (0..100).map(|t| probe(t, 10, false)).collect();
    entries.push(probe(100, 5_000, true));
    let check = Check::Monitor(
        "home".into(),
        ProbeCheck::Latency(vec![(Ratio::new(99, 100).unwrap(), at_most(Duration::from_millis(15)))]),
    );
    assert_eq!(
        judge(check, None, &entries),
        found(VerdictState::Met, "p99 10ms of 100 successful probes", "5ms below")
    );
}

#[test]
fn timeouts_and_failures_are_counted() {
    let entries: Vec<Entry> = (0..10).map(|t| probe(t, 5, t < 3)).collect();
    let timeouts = Check::Monitor("home".into(), ProbeCheck::Timeouts(at_most(2)));
    assert_eq!(
        judge(timeouts, None, &entries),
        found(VerdictState::Failed, "3 of 10 probes timed out", "1 above")
    );
    let failures = Check::Monitor("home".into(), ProbeCheck::Failures(at_least(3)));
    assert_eq!(
        judge(failures, None, &entries),
        found(VerdictState::Met, "3 of 10 probes failed", "at the bound")
    );
}

#[test]
fn connections_are_judged_by_who_ended_them() {
    let entries = [
        ended(1, EndCause::Client { how: PeerEnd::Closed }, &[]),
        ended(2, EndCause::Fault { fault: "cut".into(), kind: "reset".into() }, &["cut"]),
    ];
    let service = |check| Check::Service("api".into(), check);
    let cut = service(ServiceCheck::Cut(at_least(1)));
    assert_eq!(
        judge(cut, None, &entries),
        found(VerdictState::Met, "1 of 2 connections cut by a fault", "at the bound")
    );
    let parties = vec![("client".into(), at_least(1)), ("fault".into(), at_most(0))];
    let ended_by = service(ServiceCheck::EndedBy(parties));
    assert_eq!(
        judge(ended_by, None, &entries),
        found(VerdictState::Failed, "1 by client, 1 by fault", "1 above")
    );
    let bytes = service(ServiceCheck::BytesToClient(at_least(150)));
    assert_eq!(judge(bytes, None, &entries), found(VerdictState::Met, "200B", "50 above"));
}

#[test]
fn alarms_are_judged_from_the_windows_beginning() {
    let detector = |check| Check::Detector("burn".into(), check);
    let within =
        |secs| detector(AlarmCheck::Fires { within: Some(Duration::from_secs(secs)), probability: None });
    let entries = [alarm(130)];
    assert_eq!(
        judge(within(60), Some((100, 200)), &entries),
        found(VerdictState::Met, "fired after 30s", "30s below")
    );
    assert_eq!(judge(within(20), Some((100, 200)), &entries).0, VerdictState::Failed);
    assert_eq!(judge(within(20), Some((0, 100)), &entries), found(VerdictState::Failed, "never fired", ""));
    assert_eq!(judge(detector(AlarmCheck::StaysSilent), None, &entries).1, "fired at 2m10s");
}

/// An excerpt that does not play an expectation's time says nothing about it.
#[test]
fn an_excerpt_judges_what_it_plays() {
    let check = Check::Monitor("home".into(), ProbeCheck::Failures(at_most(0)));
    let expectation = |from, until| {
        let window = Window { from: SimTime::from_secs(from), until: SimTime::from_secs(until) };
        Expectation { check: check.clone(), windows: Some(vec![window]), text: "t".into(), place: None }
    };
    let mut judge = Judge::new(&[expectation(0, 10), expectation(15, 25)]);
    judge.record(&Event::RunStarted(Box::new(header(10, 20))).at(SimTime::from_secs(10)));
    judge.record(&probe(16, 5, false));
    let verdicts = judge.verdicts(0);
    assert_eq!(verdicts.iter().map(|verdict| verdict.state).collect::<Vec<_>>(), [VerdictState::Met]);
}

fn header(from: u64, until: u64) -> Header {
    Header {
        version: "1".into(),
        scenario: "s".into(),
        file: "s.yaml".into(),
        about: None,
        seed: 1,
        starts_at: None,
        began: "2023-01-25T07:08:00Z".into(),
        speed: 1.0,
        from: SimTime::from_secs(from),
        until: SimTime::from_secs(until),
        replay: "brownout run s.yaml".into(),
        services: Vec::new(),
        faults: Vec::new(),
        monitors: Vec::new(),
        detectors: Vec::new(),
        command: None,
        notes: Vec::new(),
    }
}

/// What nobody wrote down: the command's failure fails the run, and so does a lost event.
#[test]
fn a_run_implies_that_its_command_succeeds_and_no_event_is_lost() {
    let mut judge = Judge::new(&[]);
    judge.record(&Event::CommandEnded { status: Some(3), signal: None }.at(SimTime::ZERO));
    let verdicts = judge.verdicts(2);
    let observed: Vec<&str> = verdicts.iter().map(|verdict| &*verdict.observed).collect();
    assert_eq!(observed, ["exit status 3", "2 events lost: the recorder could not keep up"]);
    assert_eq!(exit_code(&verdicts, RunEnd::Completed), 1);
    assert_eq!(exit_code(&[], RunEnd::Completed), 0);
    assert_eq!(exit_code(&[], RunEnd::Interrupted), 130);
}

/// What the kernel refuses only probes can tell: refused, got through, or nobody looked.
#[test]
fn what_the_kernel_refuses_is_judged_by_probes() {
    let window = |from, until| Window { from: SimTime::from_secs(from), until: SimTime::from_secs(until) };
    let refuse = FaultInfo {
        name: "down".into(),
        service: "api".into(),
        kind: "refuse".into(),
        summary: "connects are refused".into(),
        direction: Directions::Both,
        probability: Ratio::ONE,
        windows: vec![window(10, 20)],
        windows_total: 1,
        backend: "kernel".into(),
        allow_untouched: false,
    };
    let monitor = MonitorInfo {
        name: "home".into(),
        service: "api".into(),
        targets: Vec::new(),
        check: "TCP connect".into(),
        every: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
    };
    let opening = Header { faults: vec![refuse], monitors: vec![monitor], ..header(0, 60) };
    let refused = ProbeFailure { phase: Phase::Connect, timeout: false, reason: "Connection refused".into() };
    let judged = |probes: &[(u64, bool)], edited: bool, ended: u64| {
        let mut judge = Judge::new(&[]);
        judge.record(&Event::RunStarted(Box::new(opening.clone())).at(SimTime::ZERO));
        if edited {
            let edit = Event::FaultsEdited { service: "api".into(), generation: 1, faults: Vec::new() };
            judge.record(&edit.at(SimTime::from_secs(1)));
        }
        for (t, got_through) in probes {
            let mut entry = probe(*t, 1, false);
            if let Event::Probe(probe) = &mut entry.event {
                probe.failure = (!got_through).then(|| refused.clone());
                probe.connect = got_through.then_some(Duration::from_millis(1));
            }
            judge.record(&entry);
        }
        judge.tick(SimTime::from_secs(ended));
        judge.verdicts(0).first().map(|verdict| (verdict.state, verdict.observed.to_string()))
    };
    let met = |text: &str| Some((VerdictState::Met, text.to_owned()));
    let failed = |text: &str| Some((VerdictState::Failed, text.to_owned()));
    assert_eq!(
        judged(&[(5, true), (12, false), (13, false), (25, true)], false, 60),
        met("2 probes refused")
    );
    let got_through = failed("1 probe connected while it was in force");
    assert_eq!(judged(&[(12, false), (15, true)], false, 60), got_through);
    // At the edges nobody can tell, and after an edit the windows of the file need not hold.
    assert_eq!(judged(&[(10, true), (19, true), (20, false)], false, 60), None);
    assert_eq!(judged(&[(15, true)], true, 60), None);
    assert_eq!(judged(&[], false, 60), None);
    assert_eq!(judged(&[], false, 9), failed("not reached: it begins at 10s, the run ended at 9s"));
}

/// A connect whose SYN the kernel drops is traffic that brownout never sees; the kernel's count stands for it.
#[test]
fn dropped_syns_are_traffic() {
    let judged = |count: u64, connections: u64| {
        let hole = FaultInfo {
            name: "hole".into(),
            service: "api".into(),
            kind: "blackhole".into(),
            summary: "all flows".into(),
            direction: Directions::Both,
            probability: Ratio::ONE,
            windows: vec![Window { from: SimTime::from_secs(10), until: SimTime::from_secs(20) }],
            windows_total: 1,
            backend: "kernel".into(),
            allow_untouched: false,
        };
        let opening = Header { faults: vec![hole], ..header(0, 60) };
        let mut judge = Judge::new(&[]);
        judge.record(&Event::RunStarted(Box::new(opening)).at(SimTime::ZERO));
        let dropped = Event::SynsDropped { service: "api".into(), faults: vec!["hole".into()], count };
        if count > 0 {
            judge.record(&dropped.at(SimTime::from_secs(15)));
        }
        for t in 0..connections {
            judge.record(&ended(16 + t, EndCause::Client { how: PeerEnd::Closed }, &["hole"]));
        }
        judge.tick(SimTime::from_secs(60));
        judge.verdicts(0).first().map(|verdict| (verdict.state, verdict.observed.to_string()))
    };
    let said = |state, text: &str| Some((state, text.to_owned()));
    assert_eq!(judged(1, 0), said(VerdictState::Met, "1 SYN dropped"));
    assert_eq!(judged(3, 1), said(VerdictState::Met, "1 connection, 3 SYNs dropped"));
    assert_eq!(judged(0, 0), said(VerdictState::Failed, "no traffic met it"));
}

/// A WAN disturbs some flows and not others, by their ports: it has met whoever was there to be disturbed, hit or not.
#[test]
fn a_wan_has_met_traffic_that_was_there() {
    let window = Window { from: SimTime::from_secs(10), until: SimTime::from_secs(20) };
    let wan = FaultInfo {
        name: "wan".into(),
        service: "api".into(),
        kind: "wan".into(),
        summary: "london to dublin".into(),
        direction: Directions::Both,
        probability: Ratio::ONE,
        windows: vec![window],
        windows_total: 1,
        backend: "userspace".into(),
        allow_untouched: false,
    };
    let judged = |wan: FaultInfo, ends: &[u64], until: u64| {
        let mut judge = Judge::new(&[]);
        let opening = Header { faults: vec![wan], ..header(0, 60) };
        judge.record(&Event::RunStarted(Box::new(opening)).at(SimTime::ZERO));
        for t in ends {
            // Each lived for a second, and was hit by the delay that the path always has.
            judge.record(&ended(*t, EndCause::Client { how: PeerEnd::Closed }, &["wan"]));
        }
        judge.tick(SimTime::from_secs(until));
        judge.verdicts(0).first().map(|verdict| (verdict.state, verdict.observed.to_string()))
    };
    let said = |state, text: &str| Some((state, text.to_owned()));
    assert_eq!(judged(wan.clone(), &[5, 30], 60), said(VerdictState::Failed, "no traffic met it"));
    assert_eq!(judged(wan.clone(), &[5, 11, 20], 60), said(VerdictState::Met, "2 connections"));
    let undisturbed = FaultInfo { windows: Vec::new(), windows_total: 0, ..wan };
    assert_eq!(judged(undisturbed, &[5], 60), None, "a path that nothing happens to is not expected to hit");
}

/// A single run has no probability and no healthy days: it says what it saw, and does not fail by that.
#[test]
fn what_only_a_benchmark_can_tell_is_left_to_it() {
    let within = Some(Duration::from_secs(60));
    let fires = AlarmCheck::Fires { within, probability: Ratio::new(19, 20) };
    let false_alarms = AlarmCheck::FalseAlarms { at_most: 1, per: Duration::from_secs(86_400) };
    let (state, observed, _) = judge(Check::Detector("burn".into(), fires), None, &[alarm(90)]);
    assert_eq!(
        (state, observed.as_str()),
        (VerdictState::NotJudged, "fired at 1m30s; one run has no probability: see `brownout bench`")
    );
    let (state, ..) = judge(Check::Detector("burn".into(), false_alarms), None, &[alarm(90)]);
    assert!(state == VerdictState::NotJudged && !state.fails());
}
