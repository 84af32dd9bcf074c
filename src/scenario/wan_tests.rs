//! The WAN of a scenario: what the section makes, what its paths do to connections, and when.

use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;

use super::tests::judge;
use super::*;
use crate::base::{BUCKETS, Direction, FlowBucket, SimTime};
use crate::event::PathHealth;
use crate::fault::{Caller, Program};
use crate::wan::topology::BlockKind;
use crate::wan::{Fate, LinkId};

/// Two equal ways from a to c. A router takes 1 s to miss a silent neighbour, so until then half of the flows in each direction
/// are dark.
const SQUARE: &str = "\
name: square
duration: 1m
services:
  api: { upstream: 127.0.0.1:9, path: { from: a, to: c } }
  web: { upstream: 127.0.0.1:9 }
wan:
  platforms: { quick: { base: frr-ospf, hello: 250ms, hold: 1s } }
  platform: quick
  topology:
    sites: { a: {}, b: {}, c: {}, d: {} }
    links:
      - { ends: [a, b], delay: 5ms }
      - { ends: [b, c], delay: 5ms }
      - { ends: [c, d], delay: 5ms }
      - { ends: [d, a], delay: 5ms }
  script:
    - { at: 10s, for: 20s, link_down: { link: a-1/b-1, seen: silent } }
faults:
  - { service: api, name: slow, at: 20s, for: 10s, latency: 80ms }
";

fn secs(seconds: u64) -> SimTime {
    SimTime::from_secs(seconds)
}

fn load_with(text: &str, overrides: &Overrides) -> Plan {
    load_text_with("test.yaml", text, overrides).expect("a valid scenario")
}

fn load(text: &str) -> Plan {
    load_with(text, &Overrides::default())
}

fn health(plan: &Plan, at: SimTime) -> PathHealth {
    plan.services[0].path.as_ref().expect("it has a path").health.at(at).clone()
}

/// Whether a connection from this port meets darkness in one of its directions.
fn is_dark(program: &Program, port: u16, at: SimTime) -> bool {
    let caller = Caller::new(u64::from(port), SocketAddr::from(([127, 0, 0, 1], port)));
    let draw = program.draw(&caller);
    let mut paths = Direction::ALL.map(|direction| program.path(&draw, caller.bucket, direction)).into_iter();
    paths.any(|path| path.at(at).dark.is_some())
}

#[test]
fn a_description_becomes_the_network_that_it_says() {
    let plan = load(
        "\
name: network
duration: 1m
services: { api: { upstream: 127.0.0.1:9, path: { from: london, to: paris } } }
wan:
  platform: frr-isis
  platform_of: { paris: tired, edge: generic-junos }
  platforms: { tired: { base: frr-ospf, bfd: 300ms, spf_delay: 1s, fib_per_prefix: 2ms, ecmp_max: 2 } }
  topology:
    detour: 2
    prefixes: 30
    sites: { london: { place: [51.5, -0.1], routers: 2 }, paris: { place: [48.9, 2.4] }, dublin: {} }
    routers: { edge: { site: dublin } }
    links:
      - { ends: [london-1, paris] }
      - { ends: [london-1, paris], delay: 7ms, metrics: [1, 2], risk: [tunnel, rail], load: 80% }
      - { ends: [london-2, london-1], name: wire, delay: 50us }
      - { ends: [edge, london-2], delay: 6ms, risk: tunnel }
    blocks: { internet: { site: paris, router: paris-1, prefixes: 500, learned: bgp } }
",
    );
    let wan = plan.wan.as_ref().expect("it has a WAN").topology();
    let routers: Vec<_> = wan.routers().iter().map(|r| format!("{} {}", r.name, r.platform.name)).collect();
    let expected = ["edge generic-junos", "london-1 frr-isis", "london-2 frr-isis", "paris-1 tired"];
    assert_eq!(routers, expected);
    let tired = &wan.routers()[3].platform;
    assert_eq!(tired.adjacency.bfd.map(|bfd| bfd.interval), Some(Duration::from_millis(300)));
    assert_eq!(tired.fib.write_per_prefix.min, Duration::from_millis(2));
    assert_eq!(tired.forwarding.ecmp_max, 2);
    let links: Vec<_> =
        wan.links().iter().map(|link| (&*link.name, link.metrics, link.risks.len())).collect();
    let names = ["london-1/paris-1", "london-1/paris-1#2", "wire", "edge/london-2"];
    let fibre = wan.links()[0].delay.as_secs_f64() * 1e3;
    assert!((3.2..3.7).contains(&fibre), "344 km, twice, at 200 km a millisecond: {fibre}");
    assert_eq!(
        links,
        [(names[0], [3, 3], 0), (names[1], [1, 2], 2), (names[2], [1, 1], 0), (names[3], [6, 6], 1)]
    );
    assert_eq!(wan.sharing("tunnel").collect::<Vec<_>>(), [LinkId(1), LinkId(3)]);
    let blocks: Vec<_> =
        wan.blocks().iter().map(|block| (&*block.name, block.prefixes, block.kind)).collect();
    let own = |name| (name, 30, BlockKind::Internal);
    assert_eq!(blocks, [("internet", 500, BlockKind::Bgp), own("london"), own("dublin")]);
}

/// All that a script can say at once, and each on its own.
#[test]
fn every_happening_is_understood() {
    let script = [
        "{ at: 1s, for: 1s, every: 5s, repeat: 2, link_down: { link: [r1/r2, r3/r4] } }",
        "{ at: 12s, link_down: { link: r1/r2, seen: silent } }",
        "{ at: 13s, link_up: { link: r1/r2 } }",
        "{ at: 14s, for: 1s, metric: { link: r2/r3, metric: 50 } }",
        "{ at: 16s, metric: { link: r2/r3, metrics: [1, 2] } }",
        "{ at: 17s, for: 5s, router_down: { router: r3 } }",
        "{ at: 25s, router_down: { router: r4 } }",
        "{ at: 26s, router_up: { router: r4 } }",
        "{ at: 30s, restart: { router: r1, pause: 1s, ending: flushed } }",
        "{ at: 31s, overload: { router: r2 } }",
        "{ at: 32s, overload: { router: r2, set: false } }",
        "{ at: 33s, readdress: { router: r2 } }",
        "{ at: 34s, readdress_port: { link: r1/r2, router: r2, gap: 1s } }",
        "{ at: 35s, for: 1s, stuck: { router: r3, loss: 3% } }",
        "{ at: 37s, stuck: { count: 2, loss: 3% } }",
        "{ at: 38s, unstuck: {} }",
        "{ at: 39s, for: 1s, capacity: { link: r1/r2, left: 30% } }",
        "{ at: 41s, withdraw: { block: s3 } }",
        "{ at: 42s, announce: { block: s3, router: r3 } }",
    ];
    let scenario = |items: &str| {
        let head = "name: all\nduration: 1m\nservices: { api: { upstream: 127.0.0.1:9, path: { from: s1, to: s3 } } }\n";
        format!("{head}wan:\n  topology: {{ ring: {{ routers: 4 }} }}\n  script:\n{items}")
    };
    let item = |item: &&str| format!("    - {item}\n");
    let all = load(&scenario(&script.iter().map(item).collect::<String>()));
    assert!(all.faults[0].parts.level.changes() > 10);
    for alone in
        script.iter().filter(|item| !["up:", "false", "unstuck", "announce"].iter().any(|w| item.contains(w)))
    {
        let plan = load(&scenario(&item(alone)));
        assert!(
            !plan.wan.expect("it has a WAN").trace().transitions().is_empty()
                || alone.contains("stuck")
                || alone.contains("capacity"),
            "{alone}"
        );
    }
}

/// The half of the flows in each direction that goes over the cut link is dark until routers miss their neighbours; then nothing
/// is, though the link still is; and all of it is a fault by the name of `wan`, with its windows.
#[test]
fn a_path_is_what_routers_make_of_it() {
    let plan = load(SQUARE);
    let quiet = health(&plan, secs(9));
    let round_trip = Duration::from_micros(20_000 + 4 * 8);
    assert_eq!((quiet.round_trip_min, quiet.round_trip_max), (Some(round_trip), Some(round_trip)));
    assert_eq!((quiet.dark, quiet.disturbed), (0, 0));
    let cut = health(&plan, SimTime::from_millis(10_500));
    assert!((90..166).contains(&cut.dark_to_server) && (90..166).contains(&cut.dark_to_client), "{cut:?}");
    assert!(cut.dark > cut.dark_to_server && cut.dark < cut.dark_to_server + cut.dark_to_client);
    assert!(cut.why.iter().all(|why| why.reason.ends_with("sends into a-1/b-1, which is down")), "{cut:?}");
    assert_eq!(cut.why.iter().map(|why| why.buckets).sum::<u16>(), cut.dark);
    assert_eq!(health(&plan, secs(15)), quiet, "the other way is as long");
    let wan = &plan.faults[0];
    assert_eq!((&*wan.parts.name, &*wan.parts.service), ("wan", "api"));
    let windows = fault_windows(wan, &plan.clock);
    // A packet that left a few milliseconds earlier is at the cut when it happens.
    let first = windows[0].from;
    assert!(first < secs(10) && first > SimTime::from_millis(9_980), "{windows:?}");
    assert!(windows[0].until <= secs(12), "{windows:?}");
    assert!(plan.services[1].path.is_none());
}

/// What a connection meets is what its bucket meets: of fresh ports the share that is dark is the share of dark buckets, within
/// five standard deviations; and a retransmission keeps the port, so it shares the fate.
#[test]
fn new_connections_fail_at_the_rate_of_dark_buckets() {
    let plan = load(SQUARE);
    let program = plan.program(0);
    for millis in [10_100, 10_500] {
        let at = SimTime::from_millis(millis);
        let f = f64::from(health(&plan, at).dark) / BUCKETS as f64;
        let ports: Vec<u16> = (32_768..60_999).step_by(2).collect();
        let dark = ports.iter().filter(|port| is_dark(&program, **port, at)).count() as f64;
        let n = ports.len() as f64;
        assert!((dark - n * f).abs() < 5.0 * (n * f * (1.0 - f)).sqrt(), "{dark} of {n}, where {f} is dark");
        let history = plan.wan.as_ref().expect("it has a WAN");
        let flows = plan.services[0].path.as_ref().expect("it has a path").flows;
        for port in ports.iter().step_by(97) {
            let bucket = FlowBucket::of(SocketAddr::from(([127, 0, 0, 1], *port)));
            let walks = flows.iter().map(|flow| history.walk(flow, bucket, at).0);
            assert_eq!(is_dark(&program, *port, at), walks.into_iter().any(|fate| fate.is_dark()));
        }
    }
    // FIBs stand still from the cut until it is noticed: so does each flow's fate.
    let noticed = fault_windows(&plan.faults[0], &plan.clock)[0].until;
    for port in (40_000..40_200).step_by(2) {
        let fates = (0..5).map(|n| is_dark(&program, port, secs(10).plus(Duration::from_millis(n * 150))));
        let fates: Vec<bool> = fates.collect();
        assert!(noticed >= SimTime::from_millis(10_700) && fates.iter().all(|fate| *fate == fates[0]));
    }
}

#[test]
fn declared_faults_are_merged_with_it() {
    let plan = load(SQUARE);
    let (program, at) = (plan.program(0), secs(25));
    let caller = Caller::new(0, SocketAddr::from(([127, 0, 0, 1], 40_000)));
    let path = program.path(&program.draw(&caller), caller.bucket, Direction::ToClient);
    let delay: Duration = path.at(at).delays.iter().map(|term| term.delay.mean).sum();
    assert_eq!(delay, Duration::from_micros(10_000 + 2 * 8) + Duration::from_millis(80));
    assert_eq!(program.draw(&caller).names(), ["wan".into(), "slow".into()]);
}

/// An excerpt and a speed move and compress what happens, and leave delays alone; after the end the network is quiet.
#[test]
fn an_excerpt_and_a_speed_project_the_path() {
    let span = |text: &str| Some(text.parse::<crate::base::Span>().unwrap().get());
    let overrides =
        Overrides { from: span("10200ms"), until: span("10600ms"), speed: Some(0.1), ..Overrides::default() };
    let (whole, part) = (load(SQUARE), load_with(SQUARE, &overrides));
    let begin = health(&whole, SimTime::from_millis(10_200));
    assert!(begin.dark > 0);
    assert_eq!(health(&part, SimTime::ZERO), begin);
    assert_eq!(part.run_time(), Duration::from_secs(4));
    assert_eq!(health(&part, secs(5)), health(&whole, SimTime::ZERO), "after its end");
    let path = part.services[0].path.as_ref().expect("it has a path");
    let [played, all] =
        [&part, &whole].map(|plan| plan.services[0].path.as_ref().unwrap().history(&plan.clock));
    assert!(played.dark == Duration::from_millis(400) && all.dark > played.dark, "{played}, {all}");
    assert_eq!((&*path.from, &*path.to), ("a", "c"));
}

/// A plan is a pure function of file and seed: the same give the same, to the last change; another seed another one.
#[test]
fn the_same_seed_gives_the_same_paths() {
    let of = |seed| {
        let overrides = Overrides { seed: Some(crate::base::Seed(seed)), ..Overrides::default() };
        let plan = load_with(SQUARE, &overrides);
        let wan = plan.wan.expect("it has a WAN");
        let path = plan.services[0].path.clone().expect("it has a path");
        (wan.trace().clone(), path, plan.faults[0].parts.kind.clone())
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1).1, of(2).1);
}

/// Routers that are drawn to be stuck follow from the seed and the instant: items beside them change nothing.
#[test]
fn what_is_drawn_does_not_depend_on_other_items() {
    let stuck = |more: &str| {
        let text = format!(
            "name: x\nduration: 1m\nservices: {{ a: {{ upstream: a:1 }} }}\nwan:\n  topology: {{ ring: {{ routers: 9 }} }}\n  script:\n{more}    - {{ at: 5s, stuck: {{ count: 2, loss: 5% }} }}\n"
        );
        let wan = load(&text).wan.expect("it has a WAN");
        let routers = (0..9).map(crate::wan::RouterId);
        routers.filter(|router| !wan.node(*router).at(secs(6)).loss.is_zero()).collect::<Vec<_>>()
    };
    assert_eq!(stuck("").len(), 2);
    assert_eq!(stuck(""), stuck("    - { at: 1s, for: 1s, link_down: { link: r1/r2 } }\n"));
}

/// A fault that is called as the WAN is would be told apart by nobody.
#[test]
fn the_name_of_the_wan_is_taken() {
    let error = load_text("x", &SQUARE.replace("name: slow", "name: wan")).unwrap_err();
    assert_eq!(error.diagnostics[0].code, crate::diag::Code::DuplicateName);
    load(&SQUARE.replace("service: api, name: slow", "service: web, name: wan"));
}

/// What the plan says of a bucket is what a walk through the installed tables says.
#[test]
fn paths_agree_with_walks() {
    let plan = load(SQUARE);
    let history = plan.wan.as_ref().expect("it has a WAN");
    let flows = plan.services[0].path.as_ref().expect("it has a path").flows;
    let routing = plan.faults[0].kind().routing().expect("it is the WAN");
    for bucket in FlowBucket::all().step_by(5) {
        for millis in (9_000..32_000).step_by(37) {
            let at = SimTime::from_millis(millis);
            for (flow, direction) in flows.iter().zip(Direction::ALL) {
                let state = routing.way(bucket, direction).path.at(at).clone();
                let (fate, _) = history.walk(flow, bucket, at);
                assert_eq!(state, fate.path_state(plan.faults[0].parts.id), "{bucket} at {at}");
                assert_eq!(
                    matches!(fate, Fate::Dropped(_)),
                    routing.way(bucket, direction).why.at(at).is_some()
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// A piece of a scenario with a WAN is replaced by another piece of it, or by noise: a plan, or mistakes with their places.
    #[test]
    fn a_mutilated_wan_is_judged(
        from in 0..SQUARE.len(),
        length in 0usize..30,
        noise in prop_oneof!["[-{}\\[\\]:, &*!#%@0-9a-z\n]{0,8}", (0..SQUARE.len(), 0usize..40)
            .prop_map(|(at, len)| SQUARE[at..(at + len).min(SQUARE.len())].to_owned())],
    ) {
        let until = (from + length).min(SQUARE.len());
        judge(&format!("{}{noise}{}", &SQUARE[..from], &SQUARE[until..]))?;
    }

    /// A few numbers of a sound scenario become nothing, or far too much: told or simulated, without a panic.
    #[test]
    fn any_numbers_are_judged(
        changes in prop::collection::vec((0..NUMBERS.len(), prop::sample::select(vec![
            "0", "1", "2", "64", "9999999", "4294967295", "-91", ".nan", "0s", "1ns", "1ms", "400ms", "7s", "1h", "366d", "0%",
            "99.999999%", "100%", "bgp", "external", "frr-isis", "incident-fragile", "generic-ios",
        ])), 0..4),
    ) {
        let mut numbers = NUMBERS.map(|(key, value)| (key, value));
        for (place, value) in changes {
            numbers[place].1 = value;
        }
        let text = numbers.iter().fold(NUMBERED.to_owned(), |text, (key, value)| text.replace(key, value));
        judge(&text)?;
    }
}

/// A sound scenario with a name in the place of each number.
const NUMBERED: &str = "\
name: x
duration: 10s
services: { api: { upstream: a:1, path: { from: a, to: c } } }
wan:
  platform: odd
  platforms:
    odd: { base: BASE, carrier: CARRIER, hello: HELLO, hold: HOLD, bfd: BFD, flood: FLOOD, spf_delay: WAIT, spf_run: RUN,
           fib_per_prefix: WRITE, ecmp_max: ECMP, boot: BOOT, readdress: domain, rebuild_per_prefix: REBUILD }
  topology:
    detour: DETOUR
    prefixes: PREFIXES
    learned: LEARNED
    sites: { a: { place: [LATITUDE, 0] }, b: { place: [0, LONGITUDE], routers: ROUTERS }, c: {} }
    links:
      - { ends: [a, b-1], metric: METRIC, load: LOAD, buffer: BUFFER }
      - { ends: [b-1, c], delay: DELAY, metrics: [NEAR, FAR] }
      - { ends: [c, a], delay: 1ms }
  script:
    - { at: 1s, for: LASTS, every: EVERY, link_down: { link: a-1/b-1, seen: silent } }
    - { at: 2s, capacity: { link: c-1/a-1, left: LEFT } }
    - { at: 3s, restart: { router: b-1, pause: PAUSE } }
    - { at: 4s, readdress: { router: a-1 } }
    - { at: 5s, readdress_port: { link: b-1/c-1, router: c-1, gap: GAP } }
    - { at: 6s, for: 1s, stuck: { count: COUNT, loss: LOSS } }
";
const NUMBERS: [(&str, &str); 31] = [
    ("BASE", "frr-ospf"),
    ("CARRIER", "1ms"),
    ("HELLO", "1s"),
    ("HOLD", "4s"),
    ("BFD", "0s"),
    ("FLOOD", "1ms"),
    ("WAIT", "50ms"),
    ("RUN", "1ms"),
    ("REBUILD", "1ms"),
    ("WRITE", "1ms"),
    ("ECMP", "4"),
    ("BOOT", "5s"),
    ("DETOUR", "1"),
    ("PREFIXES", "10"),
    ("LEARNED", "internal"),
    ("LATITUDE", "1"),
    ("LONGITUDE", "1"),
    ("ROUTERS", "1"),
    ("METRIC", "10"),
    ("LOAD", "50%"),
    ("BUFFER", "50ms"),
    ("DELAY", "1ms"),
    ("NEAR", "1"),
    ("FAR", "1"),
    ("LASTS", "1s"),
    ("EVERY", "2s"),
    ("LEFT", "50%"),
    ("PAUSE", "1s"),
    ("GAP", "1s"),
    ("COUNT", "1"),
    ("LOSS", "3%"),
];

#[test]
fn the_numbered_scenario_is_sound() {
    load(&NUMBERS.iter().fold(NUMBERED.to_owned(), |text, (key, value)| text.replace(key, value)));
}
