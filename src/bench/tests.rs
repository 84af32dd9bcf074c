//! The benchmark against closed forms, and against itself on other threads.

use std::time::Duration;

use super::truth::Spans;
use super::world::World;
use super::{BenchError, BenchOptions, bench};
use crate::base::SimTime;
use crate::event::{BenchScores, DetectorScores};
use crate::scenario::{Overrides, Plan, load_text, load_text_with};

/// A monitor at 15 s on a service with these faults for an hour from the thirtieth minute on, and detectors.
fn scenario(faults: &str, detectors: &str) -> String {
    format!(
        "name: x\nduration: 2h\nseed: 7\nservices: {{ a: {{ upstream: \"a:1\" }} }}\nfaults: [{faults}]\n\
         monitors: {{ m: {{ every: 15s, timeout: 5s, http: {{ get: / }} }} }}\ndetectors: {{ {detectors} }}\n"
    )
}

fn options(worlds: usize, healthy_days: u64) -> BenchOptions {
    let healthy = Duration::from_secs(healthy_days * 86_400);
    BenchOptions {
        worlds,
        probe_seeds: 10,
        healthy,
        deadlines: vec![Duration::from_secs(900)],
        frontier: false,
        sensitivity: false,
    }
}

fn plan(text: &str) -> Plan {
    load_text("x", text).unwrap()
}

fn play(text: &str, options: &BenchOptions) -> BenchScores {
    let load = |seed| load_text_with("x", text, &Overrides { seed: Some(seed), ..Overrides::default() });
    bench(&plan(text), options, load, |done, steps| assert!(done <= steps)).unwrap()
}

fn row<'a>(scores: &'a BenchScores, name: &str) -> &'a DetectorScores {
    scores.detectors.iter().find(|detector| detector.name == name).unwrap()
}

const FIFTH: &str = "{ at: 30m, for: 1h, blackhole: 20% }";
const RULES: &str = "one: { consecutive: { failures: 1 } }, two: { consecutive: { failures: 2 } }";

/// With f = 51/256 a first failure is among the first n probes with 1 - (1 - f)^n: after 15 minutes (60 of them) always; two
/// in a row are found after (1 + f) / f² probes on average. The median of one is ln 2 / -ln(1 - f) = 3.1 probes of 15 s.
#[test]
fn times_to_detect_meet_closed_forms() {
    let scores = play(&scenario(FIFTH, RULES), &options(40, 0));
    let one = row(&scores, "one");
    assert_eq!((one.found.count, one.found.of, one.within[0].1.count), (400, 400, 400));
    let f: f64 = 51.0 / 256.0;
    // Failures are known when their time is up, 5 s later; the first probe comes within the first 15 s.
    let median = 15.0 * 2.0_f64.ln() / -(1.0 - f).ln() + 5.0;
    let told = one.median;
    assert!(
        told.low.unwrap() < median + 8.0 && told.high.unwrap() > median - 8.0,
        "{told:?} is not {median}"
    );
    let two = row(&scores, "two");
    let mean = 15.0 * (1.0 + f) / (f * f);
    assert!(two.median.value.unwrap() < mean && two.p90.value.unwrap() > mean, "{two:?} {mean}");
}

/// A share of 0.01 % of probes fails on a healthy path, 0.576 of 5,760 a day: that many alarms has who fires at each. Loss of
/// single packets fails no probe in 5 s.
#[test]
fn false_alarms_are_those_of_the_background() {
    let scores = play(&scenario(FIFTH, RULES), &options(1, 100));
    let rate = row(&scores, "one").false_alarms.unwrap();
    assert!(rate.low < 0.576 && rate.high > 0.576, "{rate:?}");
    let none = row(&scores, "two").false_alarms.unwrap();
    assert_eq!((none.count, none.days as u64), (0, 100));
    assert!((none.high - 0.0369).abs() < 1e-4, "none in 100 days bounds the rate: {none:?}");
}

/// What is benchmarked does not depend on the threads, and worlds differ by their seeds.
#[test]
fn the_same_seed_gives_the_same_scores() {
    let text = scenario(FIFTH, RULES);
    let first = play(&text, &options(3, 2));
    assert_eq!(first, play(&text, &options(3, 2)));
    let more = play(&text, &options(4, 2));
    assert_ne!(first.detectors[1].median, more.detectors[1].median);
}

#[test]
fn without_detectors_the_standard_set_is_compared() {
    let text = scenario(FIFTH, "").replace("detectors: {  }\n", "");
    let scores = play(&text, &options(1, 0));
    assert_eq!(scores.detectors.len(), super::STANDARD.len() + super::BASELINES.len());
    // The impairment lasts an hour: a person notices after 40 minutes, the status page never.
    let [person, page] = [row(&scores, "a person notices"), row(&scores, "the status page")];
    assert_eq!((person.found.count, person.median.value, page.found.count), (10, Some(2_400.0), 0));
}

#[test]
fn what_can_not_be_played_is_told_by_name() {
    let slow = scenario("{ name: drip, bandwidth: 1kB/s }", RULES);
    let load = |seed| load_text_with("x", &slow, &Overrides { seed: Some(seed), ..Overrides::default() });
    let error = bench(&plan(&slow), &options(1, 0), load, |_, _| {}).unwrap_err();
    assert!(matches!(&error, BenchError::Unmodelled { fault, .. } if &**fault == "drip"), "{error}");
}

fn truth(faults: &str) -> Vec<(u64, u64)> {
    let plan = plan(&scenario(faults, RULES));
    let world = World::new(&plan).unwrap();
    let seconds = |t: SimTime| t.as_nanos() / 1_000_000_000;
    world.monitors[0].truth.0.iter().map(|(from, until)| (seconds(*from), seconds(*until))).collect()
}

/// A path is impaired from 1 % of failing probes on: 0.8 % of the buckets are not enough, 1.2 % are; loss that retransmissions mend
/// is none, half of all packets is; a probability counts; a latency beyond the timeout does; and short gaps are closed.
#[test]
fn the_truth_follows_from_the_plan() {
    let hour = vec![(1_800, 5_400)];
    for (fault, expected) in [
        ("blackhole: 0.8%", vec![]),
        ("blackhole: 1.2%", hour.clone()),
        ("loss: 1%", vec![]),
        ("loss: 50%", hour.clone()),
        ("latency: 1s", vec![]),
        ("latency: 3s", hour.clone()),
        ("probability: 0.5%, blackhole: 100%", vec![]),
        ("probability: 2%, blackhole: 100%", hour.clone()),
        ("refuse: {}", hour.clone()),
        ("reset: { after: 1h }", vec![]),
        ("reset: {}", hour.clone()),
    ] {
        assert_eq!(truth(&format!("{{ at: 30m, for: 1h, {fault} }}")), expected, "{fault}");
    }
    // Two that are nothing alone add up.
    let both = "{ name: a, at: 30m, for: 1h, probability: 0.6%, refuse: {} }, \
                { name: b, at: 40m, for: 1h, probability: 0.6%, refuse: {} }";
    assert_eq!(truth(both), [(2_400, 5_400)]);
    let bursts = |every| format!("{{ at: 30m, every: {every}, for: 1m, blackhole: 10% }}");
    assert_eq!(truth(&bursts("5m")), [(1_800, 6_960)], "gaps of four minutes are closed");
    assert_eq!(truth(&bursts("40m")), [(1_800, 1_860), (4_200, 4_260), (6_600, 6_660)]);
}

#[test]
fn spans_of_several_targets_are_one() {
    let span = |from, until| Spans(vec![(SimTime::from_secs(from), SimTime::from_secs(until))]);
    let both = Spans::any([span(1_000, 2_000), span(1_500, 1_800), span(5_000, 6_000)]);
    assert_eq!(both.0.len(), 2);
}

/// Thirty targets at 15 s are one stream of two probes a second: the first failure among a fifth comes as soon as it is known;
/// and all of thirty fail together never, while half of them must wait for a run of three each.
#[test]
fn a_fleet_is_one_stream_or_each_target_for_itself() {
    let rules = "any: { consecutive: { failures: 1 } }, \
        each: { per_target: { rule: { consecutive: { failures: 3 } }, at_least: any } }, \
        all: { per_target: { rule: { consecutive: { failures: 3 } }, at_least: all } }";
    let text = scenario(FIFTH, rules).replace("every: 15s", "targets: { instances: 30 }, every: 15s");
    let scores = play(&text, &options(4, 0));
    let [any, each, all] = ["any", "each", "all"].map(|name| row(&scores, name).clone());
    // Half a second a probe, a fifth of them fails; the timeout is 5 s.
    let median = any.median.value.unwrap();
    assert!((5.0..9.0).contains(&median), "{median}");
    // Each of thirty has three in a row with f³ at its third probe: one of them 21 % of the time, and soon after.
    let each = each.median.value.unwrap();
    assert!((30.0..150.0).contains(&each), "{each}");
    assert_eq!(all.found.count, 0);
}

/// A fleet of two services, one of which is dark: the fleet is impaired when one of its targets is.
#[test]
fn a_fleet_may_be_of_several_services() {
    let text = "name: x\nduration: 1h\nseed: 7\nservices: { a: { upstream: \"a:1\" }, b: { upstream: \"b:1\" } }\n\
        faults: [{ service: b, at: 20m, for: 20m, blackhole: 100% }]\n\
        monitors: { m: { targets: { services: [a, b] }, every: 15s, timeout: 5s, tcp: {} } }\n\
        detectors: { half: { m_of_n: { failures: 3, of: 6 } }, all: { consecutive: { failures: 2 } } }\n";
    let scores = play(text, &options(2, 0));
    assert_eq!((row(&scores, "half").found.count, row(&scores, "all").found.count), (20, 0));
}

/// The past and the healthy days are healthy where a fault is in force from the first instant on.
#[test]
fn healthy_time_is_healthy_where_a_scenario_begins_dark() {
    let scores = play(&scenario("{ blackhole: 100% }", RULES), &options(2, 3));
    let two = row(&scores, "two");
    assert_eq!((two.found.count, two.found.of, two.unexplained), (20, 20, Some(0.0)));
    assert_eq!(two.false_alarms.unwrap().count, 0);
    assert!(two.median.value.unwrap() < 40.0, "it was silent before: {two:?}");
}

/// Every point of the frontier is the detector with another parameter on the same samples: a stricter one never finds more, and
/// along the best points fewer false alarms cost time. The point as written has the figures of the table's row.
#[test]
fn the_frontier_trades_time_for_false_alarms() {
    let text = scenario(FIFTH, RULES);
    let plain = play(&text, &options(4, 30));
    let scores = play(&text, &BenchOptions { frontier: true, ..options(4, 30) });
    assert_eq!(scores.detectors, plain.detectors, "variants change nothing for the others");
    for (curve, name) in scores.frontier.iter().zip(["one", "two"]) {
        assert_eq!((curve.detector.as_str(), curve.parameter.as_str()), (name, "failures"));
        let own: Vec<_> = curve.points.iter().filter(|point| point.own).collect();
        let row = row(&scores, name);
        assert_eq!((own.len(), own[0].median, own[0].found), (1, row.median, row.found));
        let of = |value: &str| curve.points.iter().find(|point| point.value == value).unwrap();
        for pair in ["1", "2", "3", "4", "5", "6", "8", "10"].windows(2) {
            assert!(of(pair[0]).found.count >= of(pair[1]).found.count);
        }
    }
    let mut best: Vec<(f64, f64)> = scores.frontier[0]
        .points
        .iter()
        .filter(|point| point.best)
        .map(|point| (point.false_alarms.unwrap().per_day, point.median.value.unwrap()))
        .collect();
    assert!(best.len() > 1, "{best:?}");
    best.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(best.windows(2).all(|pair| pair[0].1 > pair[1].1), "{best:?}");
}

/// A larger share of dark buckets is found more often, the same probes given. With f = 51/256 dark for half an hour, one failure
/// is always found. Of 10 s in which all is dark a probe sees nothing unless all its SYNs fall in them: those at 0, 1, 2, 3 and 4 s of
/// its 5 s, so it must begin in the first 6 s of 15.
#[test]
fn sensitivity_grows_with_the_failure() {
    let scores = play(&scenario("", RULES), &BenchOptions { sensitivity: true, ..options(4, 0) });
    for map in &scores.sensitivity {
        assert_eq!((map.cells.len(), map.deadline), (super::sensitivity::CELLS, 900.0));
        for of_burst in map.cells.chunks(7) {
            let counts: Vec<u64> = of_burst.iter().map(|cell| cell.found.count).collect();
            assert!(counts.is_sorted(), "{}: {counts:?}", map.detector);
        }
    }
    // Lengths are rows: 10 s, 30 s, 1 m, 5 m, 30 m, 2 h; shares columns: 1, 2, 5, 10, 20, 50, 100 %.
    let cell = |row: usize, column: usize| scores.sensitivity[0].cells[row * 7 + column];
    assert_eq!(cell(4, 4).found.count, 40);
    let short = cell(0, 6).found;
    assert!(short.low < 6.0 / 15.0 && short.high > 6.0 / 15.0, "{short:?}");
}

/// The picture of an incident: the share that is expected to fail, where it is, and who fired then.
#[test]
fn the_incident_is_drawn_from_the_plan() {
    let scores = play(&scenario(FIFTH, RULES), &options(1, 0));
    let incident = &scores.incidents[0];
    let shares = &incident.targets[0].shares;
    // Two hours in 240 columns of half a minute.
    assert!((shares[100] - 51.0 / 256.0).abs() < 1e-9 && shares[10] == 0.0 && shares[200] == 0.0);
    let (name, spans) = &incident.alarms[0];
    assert!(name == "one" && spans.iter().all(|(from, until)| from < until && *from > 0.0), "{spans:?}");
    assert!(spans.iter().any(|(from, _)| (1_800.0..2_000.0).contains(from)), "{spans:?}");
}

/// Trials of the sensitivity are healthy but for their own failure: what the scenario's WAN does is not in them.
#[test]
fn sensitivity_leaves_the_incident_out() {
    let text = "name: x\nduration: 30m\nservices: { a: { upstream: \"a:1\", path: { from: s1, to: s3 } } }\n\
                wan: { topology: { ring: { routers: 4 } }, script: [{ at: 30s, stuck: { count: 4, loss: 90% } }] }\n\
                monitors: { m: { every: 15s, timeout: 5s, http: { get: / } } }\ndetectors: { two: { consecutive: { failures: 2 } } }\n";
    let scores = play(text, &BenchOptions { sensitivity: true, ..options(1, 0) });
    let found = |place: usize| scores.sensitivity[0].cells[place].found.count;
    assert_eq!((row(&scores, "two").found.count, found(0), found(5 * 7 + 6)), (10, 0, 10));
}
