//! What holds for all reports together.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::base::{FlowBucket, SimTime};
use crate::event::{
    AlarmState, ConnectionEnded, ConnectionOpened, EndCause, Entry, Event, Hit, PathChanged, PathHealth,
    PathInfo, PeerEnd, Phase, Probe, ProbeFailure, RunEnd, Sink, Verdict, VerdictState, Why, Window,
};

/// Known names, unknown ones, and what nobody should be called.
fn names() -> impl Strategy<Value = Arc<str>> {
    prop_oneof![
        Just("portal".into()),
        Just("latency@30s".into()),
        Just("homepage".into()),
        Just("burn".into()),
        Just("\u{1b}[2J\u{1b}]0;owned\u{7}\r\nPASSED  all well\u{202e}".into()),
        Just("".into()),
        ".{0,12}".prop_map(Arc::from),
    ]
}

fn instants() -> impl Strategy<Value = SimTime> {
    prop_oneof![
        (0u64..400).prop_map(SimTime::from_secs),
        any::<u64>().prop_map(SimTime::from_nanos),
        Just(SimTime::MAX)
    ]
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![(0u64..10_000_000).prop_map(Duration::from_micros), Just(Duration::MAX)]
}

fn headers() -> impl Strategy<Value = Event> {
    (names(), instants(), instants(), any::<f64>(), any::<bool>()).prop_map(
        |(name, from, until, speed, bare)| {
            let mut header = fixture::header();
            header.scenario = name.clone();
            header.replay = name.clone();
            header.faults[0].windows.push(Window { from: until, until: from });
            header.faults[0].windows_total = 1_000;
            header.services[0].name = name;
            if bare {
                header.faults.clear();
                header.monitors.clear();
            }
            Event::RunStarted(Box::new(crate::event::Header { speed, from, until, ..header }))
        },
    )
}

fn connections() -> impl Strategy<Value = Event> {
    let client = "[::1]:9".parse().unwrap();
    let bucket = FlowBucket(7);
    (names(), names(), durations(), instants(), any::<u64>(), 0u8..3).prop_map(
        move |(service, fault, age, first, bytes, what)| match what {
            0 => Event::ConnectionOpened(ConnectionOpened {
                service,
                ordinal: bytes,
                client,
                bucket,
                drawn: vec![fault.clone(), fault],
            }),
            _ => Event::ConnectionEnded(Box::new(ConnectionEnded {
                service,
                ordinal: bytes,
                client,
                bucket,
                cause: match what {
                    1 => EndCause::Fault { fault: fault.clone(), kind: fault.clone() },
                    _ => EndCause::Client { how: PeerEnd::Reset },
                },
                age,
                bytes_to_server: bytes,
                bytes_to_client: bytes,
                first_byte: Some(age),
                hits: vec![Hit {
                    fault,
                    first,
                    bytes,
                    delay_max: age,
                    flipped: 0,
                    flips: Vec::new(),
                    why: None,
                }],
            })),
        },
    )
}

fn probes() -> impl Strategy<Value = Event> {
    (names(), names(), durations(), any::<Option<bool>>()).prop_map(|(monitor, reason, latency, failed)| {
        let failure = failed.map(|timeout| ProbeFailure { phase: Phase::Body, timeout, reason });
        let (connect, first_byte, status, bucket) = (None, None, None, None);
        Event::Probe(Probe {
            monitor,
            target: 0,
            ordinal: 0,
            failure,
            latency,
            connect,
            first_byte,
            status,
            bucket,
        })
    })
}

fn others() -> impl Strategy<Value = Event> {
    (names(), names(), any::<u64>(), 0u8..8).prop_map(|(name, other, number, what)| match what {
        0 => Event::Alarm { detector: name, state: AlarmState::Firing },
        1 => Event::Alarm { detector: name, state: AlarmState::Resolved },
        2 => Event::FaultsEdited { service: name, generation: number, faults: vec![other] },
        3 if number % 2 == 0 => Event::SynsDropped { service: name, faults: vec![other], count: number },
        3 => Event::AcceptTrouble { service: name, reason: other },
        4 => Event::CommandStarted { pid: 1 },
        5 => Event::CommandEnded { status: Some(number as i32).filter(|s| *s > 0), signal: None },
        6 => Event::Verdict(Box::new(Verdict {
            expectation: name.clone(),
            subject: other.clone(),
            state: if number.is_multiple_of(2) { VerdictState::Failed } else { VerdictState::Undecided },
            observed: other,
            margin: Some(name),
            place: Some((1, 2)),
        })),
        _ => {
            Event::RunEnded { reason: RunEnd::CommandEnded, exit_code: number as u8, events_lost: number % 2 }
        }
    })
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let event = prop_oneof![1 => headers(), 4 => connections(), 3 => probes(), 3 => others()];
    prop::collection::vec((instants(), event).prop_map(|(t, event)| event.at(t)), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Any sequence of events gives every report, and no name in it acts on a terminal.
    #[test]
    fn any_events_give_every_report(events in entries(), width in 0usize..300, now in instants()) {
        let mut tally = Tally::new();
        for entry in &events {
            tally.record(entry);
        }
        tally.note_problem("line 3: \u{1b}[31m".to_owned());
        for charset in [Charset::Unicode, Charset::Ascii] {
            let page = summary(&tally, &View { width, color: Color::Plain, charset });
            prop_assert!(page.chars().all(|c| c == '\n' || !c.is_control()), "{page:?}");
            prop_assert!(charset == Charset::Unicode || page.is_ascii());
        }
        let line = progress_line(&tally, now, width);
        prop_assert!(text::width(&line) <= width && !line.chars().any(char::is_control), "{line:?}");
        prop_assert!(!annotations(&tally).lines().any(|line| !line.starts_with("::error ")));
        prop_assert!(!step_summary(&tally).chars().any(|c| c.is_control() && c != '\n'));
        let xml = junit(&tally).unwrap();
        prop_assert!(quick_junit::Report::deserialize_from_str(&xml).is_ok(), "{xml}");
        let _: serde_json::Value = serde_json::from_str(&json(&tally).unwrap()).unwrap();
    }
}

/// Lines of names and figures keep to the width; only what is there to be copied may be longer.
#[test]
fn a_page_keeps_to_its_width() {
    for width in [60, 80, 100, 120, 160] {
        let view = View { width, color: Color::Plain, charset: Charset::Unicode };
        for line in summary(&fixture::tally(), &view).lines().filter(|line| !line.starts_with("replay")) {
            assert!(text::width(line) <= width.max(80), "{width}: {line}");
        }
    }
}

/// Colour adds escape sequences and nothing else.
#[test]
fn colour_only_repeats_what_words_say() {
    let page = |color| summary(&fixture::tally(), &View { width: 100, color, charset: Charset::Unicode });
    let coloured = page(Color::Ansi);
    assert!(coloured.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), page(Color::Plain));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a page is as long as it is")]
fn the_page_of_a_failed_run() {
    let view = View { width: 80, color: Color::Plain, charset: Charset::Unicode };
    insta::assert_snapshot!(summary(&fixture::tally(), &view), @"
    checkout-over-wan   seed 20230125 · 5m played · speed 1x
    A shop's checkout while its WAN is slow, then dark for a fifth of the flows.
    0s is 2023-01-25T07:08:00Z

                    0s          1m           2m           3m           4m         5m
                    ┬───────────┬────────────┬────────────┬────────────┬───────────┬
    faults
      latency@30s         ▓█████████████████████████
      blackhole@2m                           ▒████████████▒
      reset@3m                                            ▓▒  ▒▓  ░█   █▒  ▓▓  ▒█
      slicer@4m30s                                                           ▒████
    monitors
      homepage      ··························▃·▄·█·▃·▃·▄··▄···▃····▄···▃···▄····▃··
      ledger-tcp    ··············· ··············· ··············· ···············
    detectors
      burn                                         ████████████▒           ░████████
      liveness
    services
      portal        ···········!·········!·····!!!!!!·!!·!×···××··××···×!··×···××···
      ledger        ·!·····························································!
                    ░▒▓█ in force or firing, by share of the column
                    ▁▄█ probes failed, by share   · all well   × ended by a fault
                    ! reset by a peer or unreachable

    services               conns  open  to server  to client  first byte p50     p99
      portal                 500     0      310kB     8.85MB          1.23ms  88.3ms
        ended by client 415 (closed 403, reset 12), server 69 (closed), a fault 10
        (reset), server unreachable 5 (refused), brownout 1 (end of the run)
      ledger                 100     2     60.8kB      1.8MB           1.1ms  1.29ms
        ended by client 82 (closed), server 14 (closed), server unreachable 2
        (refused)

    monitors              probes     ok  95% interval     p50     p90     p99    max
      homepage               150  91.3%    85.7-94.9%  1.64ms   135ms   147ms  147ms
        13 failed: 7 in first byte (timeout), 6 in body; at most 2 in a row (from
        2m22s)
      ledger-tcp              60   100%   94.0-100.0%   302µs   380µs   399µs  399µs
      latencies are those of successful probes

    faults
      ● latency@30s           portal: latency 80ms ± 20ms, pareto
        hit 200 of 500 connections, first at 30s, 3.68MB held, delay up to 150ms, by
        userspace
      ● blackhole@2m          portal: blackhole of 51 of 256 buckets
        hit 19 of 500 connections, first at 2m2s, 17.1kB held, by userspace
      ● reset@3m              portal: reset 20% of connections after 4kB
        hit 10 of 500 connections, ended 10, first at 3m, by userspace
      ○ slicer@4m30s          ledger: slices of 64B
        met no traffic: hit none of 100 connections, 2 still open

    alarms
      burn                    fired 2 times: 2m26s to 3m23s, from 4m22s
        burn rate over 99.9%, 5m and 1h windows on homepage
      liveness                silent
        3 failures in a row on homepage

    expectations
      ✓ monitor homepage: success ratio at least 85%
          91.3% of 150 probes (6.3 points above)
      ✓ detector burn: fires within 1m
          26s after the blackhole (34s to spare)
      ✗ detector liveness: fires within 1m of the blackhole
          stayed silent: at most 2 failures in a row
          scenarios/checkout.yaml:43:5
      ? service ledger: latency p99 at most 50ms between 4m30s and 5m
          nothing
          scenarios/checkout.yaml:44:5
      ✗ command: exits with 0
          exited with 101

    command  cargo test   exited with 101

    notes
      A to-client loss is real to the server's kernel; a client sees it as silence
      (its request was ACKed).

    replay  brownout run scenarios/checkout.yaml --seed 20230125 -- cargo test

    FAILED  2 of 5 expectations failed, 1 undecided
    ");
}

/// A journal that was cut off after a minute: what was played is drawn, what was not reached is said.
#[test]
fn the_page_of_a_run_that_was_cut_off() {
    let events: Vec<Entry> =
        fixture::events().into_iter().take_while(|e| e.t < SimTime::from_secs(60)).collect();
    let mut tally = fixture::tally_of(&events);
    tally.note_problem("line 412 of run.jsonl is cut off".to_owned());
    let view = View { width: 80, color: Color::Plain, charset: Charset::Ascii };
    insta::assert_snapshot!(summary(&tally, &view), @"
    checkout-over-wan   seed 20230125, 59.6s of 5m played, speed 1x
    A shop's checkout while its WAN is slow, then dark for a fifth of the flows.
    0s is 2023-01-25T07:08:00Z

                    0s        10s        20s        30s       40s        50s
                    +---------+----------+----------+---------+----------+----------
    faults
      latency@30s                                   ################################
      blackhole@2m
      reset@3m
      slicer@4m30s
    monitors
      homepage      . . . . . . .  . . . . . . .  . . . . . . .  . . . . . . .  . .
      ledger-tcp    .    .    .     .    .    .     .    .    .     .    .     .
    detectors
      burn
      liveness
    services
      portal        ..........................................................!.....
      ledger          .  !   .  .  .  .   .  .  .  .  .   .  .  .  .   .  .  .  .  .
                    -=%# in force or firing, by share of the column   . all well
                    ! reset by a peer or unreachable

    services               conns  open  to server  to client  first byte p50     p99
      portal                 100     0       62kB     1.84MB           1.3ms  88.3ms
        ended by client 84 (closed), server 15 (closed), server unreachable 1
        (refused)
      ledger                  20     0     12.4kB      368kB          1.08ms  1.29ms
        ended by client 16 (closed), server 3 (closed), server unreachable 1
        (refused)

    monitors              probes     ok  95% interval     p50     p90     p99    max
      homepage                30   100%   88.6-100.0%  1.28ms   138ms   147ms  147ms
      ledger-tcp              12   100%   75.8-100.0%   299us   365us   396us  396us

    faults
      * latency@30s           portal: latency 80ms +- 20ms, pareto
        hit 50 of 100 connections, first at 30s, 920kB held, delay up to 150ms, by
        userspace
      o blackhole@2m          portal: blackhole of 51 of 256 buckets
        not reached: the run ended before it
      o reset@3m              portal: reset 20% of connections after 4kB
        not reached: the run ended before it
      o slicer@4m30s          ledger: slices of 64B
        not reached: the run ended before it

    alarms
      burn                    silent
        burn rate over 99.9%, 5m and 1h windows on homepage
      liveness                silent
        3 failures in a row on homepage

    command  cargo test   not seen to end

    notes
      A to-client loss is real to the server's kernel; a client sees it as silence
      (its request was ACKed).
      line 412 of run.jsonl is cut off

    replay  brownout run scenarios/checkout.yaml --seed 20230125 -- cargo test

    INCOMPLETE  the journal ends before the run does; 1 problem reading the journal; no expectations
    ");
}

#[test]
fn the_page_of_nothing() {
    let view = View { width: 80, color: Color::Plain, charset: Charset::Unicode };
    insta::assert_snapshot!(summary(&Tally::new(), &view), @"
    a run whose header is missing

    INCOMPLETE  the journal ends before the run does; the run's header is missing; no expectations
    ");
}

/// What a WAN did to a path is told from the journal alone: how long some flows were dark, how many at worst and why, and the
/// delays; in words and in figures.
#[test]
fn a_path_over_a_wan_is_told() {
    let mut header = fixture::header();
    let info = PathInfo { from: "london".into(), to: "dublin".into(), backend: "userspace".into() };
    header.services[0].path = Some(info);
    let health = |dark: u16, millis: u64| PathHealth {
        disturbed: dark,
        dark,
        dark_to_server: dark,
        round_trip_min: Some(Duration::from_millis(12)),
        round_trip_max: Some(Duration::from_millis(millis)),
        why: vec![Why { reason: "no route at core-2".into(), buckets: dark }],
        ..PathHealth::default()
    };
    let changed = |t: u64, path: PathHealth| {
        let changed = PathChanged { service: "portal".into(), path };
        Event::PathChanged(Box::new(changed)).at(SimTime::from_secs(t))
    };
    let mut events = vec![Event::RunStarted(Box::new(header)).at(SimTime::ZERO)];
    let changes = [(0, health(0, 12)), (10, health(64, 30)), (13, health(0, 12))];
    events.extend(changes.map(|(t, path)| changed(t, path)));
    let end = RunEnd::Completed;
    events.push(Event::RunEnded { reason: end, exit_code: 0, events_lost: 0 }.at(SimTime::from_secs(300)));
    let tally = fixture::tally_of(&events);
    let document: serde_json::Value = serde_json::from_str(&json(&tally).unwrap()).unwrap();
    let path = &document["paths"][0];
    assert_eq!(
        (&path["service"], &path["from"], &path["changes"]),
        (&"portal".into(), &"london".into(), &2.into())
    );
    assert_eq!((&path["dark_s"], &path["dark_share_max"]), (&3.0.into(), &0.25.into()));
    assert_eq!((&path["round_trip_max_s"], &path["dark_why"]), (&0.03.into(), &"no route at core-2".into()));
    let view = View { width: 100, color: Color::Plain, charset: Charset::Unicode };
    let page = summary(&tally, &view);
    let told = page.split("\n\n").find(|part| part.starts_with("paths")).expect("it has its part");
    insta::assert_snapshot!(told, @"
    paths
      portal, london to dublin
        some flows dark for 3s (at worst 64 of 256 buckets, 25%, at 10s; mostly no route at core-2),
        disturbed for 3s, round trip 12ms to 30ms, 2 changes, by userspace
    ");
    let journal: Vec<Entry> = events
        .iter()
        .map(|entry| serde_json::from_str(&serde_json::to_string(entry).unwrap()).unwrap())
        .collect();
    assert_eq!(journal, events, "the journal keeps all of it");
}
