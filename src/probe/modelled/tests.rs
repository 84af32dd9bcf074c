//! Modelled probes against closed forms, and against themselves played out packet by packet.

use super::*;
use crate::fault::{Blackhole, CutWhen, Fault, Latency, Loss, Reset, testing};

const SEED: Seed = Seed(20_230_125);

fn program(faults: Vec<Fault>) -> Arc<Program> {
    Arc::new(Program::new(testing::SEED, faults.into_iter().map(Arc::new).collect()))
}

/// A path without any loss or delay of its own.
fn ideal() -> Healthy {
    Healthy {
        rtt: Duration::ZERO,
        answer: Delay::constant(Duration::ZERO),
        loss: Ratio::ZERO,
        failures: Ratio::ZERO,
    }
}

fn plan(exchange: Exchange, timeout_ms: u64) -> ProbePlan {
    let timeout = Duration::from_millis(timeout_ms);
    ProbePlan { exchange, kernel: Kernel::Linux6_5, timeout, healthy: ideal() }
}

const HTTP: Exchange = Exchange::Http { answer_bytes: 500 };

fn probes(program: &Arc<Program>, plan: &ProbePlan) -> ModelledProbes {
    ModelledProbes::new(Arc::clone(program), plan.clone(), SEED, Label::new("test"))
}

/// The outcomes of `n` probes, a millisecond apart from the hundredth second on.
fn outcomes(program: &Arc<Program>, plan: &ProbePlan, n: u64) -> Vec<Modelled> {
    let mut probes = probes(program, plan);
    (0..n).map(|n| probes.next(SimTime::from_millis(100_000 + n))).collect()
}

fn failing(outcomes: &[Modelled]) -> f64 {
    outcomes.iter().filter(|outcome| outcome.failed.is_some()).count() as f64 / outcomes.len() as f64
}

/// A share that Monte Carlo explains: within four standard errors.
#[track_caller]
fn is_about(seen: f64, expected: f64, n: u64) {
    let error = (expected * (1.0 - expected) / n as f64).sqrt();
    assert!((seen - expected).abs() <= 4.0 * error, "{seen} is not {expected} ± {error}");
}

/// 20 % of the buckets are 51 of 256: that share of fresh ports fails, in either direction, whatever the timeout and
/// whatever is probed. A dark way to the server fails the connect, and so does a dark way back.
#[test]
fn a_dark_share_of_buckets_fails_that_share_of_probes_whatever_the_timeout() {
    let n = 3_000;
    for direction in [crate::base::Directions::ToServer, crate::base::Directions::ToClient] {
        let mut parts = testing::parts("hole", "20%".parse::<Blackhole>().unwrap().into(), 0, 100_000);
        parts.directions = direction;
        let program = program(vec![Fault::new(parts, testing::SEED)]);
        for (exchange, timeout) in
            [(Exchange::Tcp, 1_000), (Exchange::Tcp, 30_000), (HTTP, 500), (HTTP, 10_000)]
        {
            let seen = outcomes(&program, &plan(exchange, timeout), n);
            is_about(failing(&seen), 51.0 / 256.0, n);
            let late = |outcome: &&Modelled| outcome.failed.is_some();
            assert!(seen.iter().filter(late).all(|outcome| outcome.timed_out
                && outcome.failed == Some(Phase::Connect)
                && outcome.latency == Duration::from_millis(timeout)));
        }
    }
}

/// The share of connects that have not come about after so long, with a loss p of each packet: (1 - (1 - p)²)^n after n
/// SYNs. After 3 s an old kernel has sent 2 and a new one 3, after 5 s 3 and 5: 3.6 and 0.7 %, 0.7 and 0.03 % for p = 10 %.
#[test]
fn random_loss_gives_the_table_of_connect_delays() {
    let n = 6_000;
    for (p, kernel, timeout, table) in [
        ("1%", Kernel::Linux6_5, 1_000, 0.020),
        ("10%", Kernel::Linux6_5, 1_000, 0.19),
        ("10%", Kernel::Older, 3_000, 0.036),
        ("10%", Kernel::Linux6_5, 3_000, 0.0069),
        ("10%", Kernel::Older, 5_000, 0.0069),
        ("25%", Kernel::Older, 3_000, 0.19),
        ("25%", Kernel::Linux6_5, 3_000, 0.084),
        ("25%", Kernel::Linux6_5, 5_000, 0.016),
        ("50%", Kernel::Older, 10_000, 0.32),
        ("50%", Kernel::Linux6_5, 10_000, 0.13),
    ] {
        let program = program(vec![testing::fault("loss", p.parse::<Loss>().unwrap(), 0, 100_000)]);
        let plan = ProbePlan { kernel, ..plan(Exchange::Tcp, timeout) };
        let seen = outcomes(&program, &plan, n);
        let p: f64 = p.trim_end_matches('%').parse::<f64>().unwrap() / 100.0;
        let sent: i32 = kernel.syns().take_while(|at| *at < plan.timeout).map(|_| 1).sum();
        let exact = (1.0 - (1.0 - p).powi(2)).powi(sent);
        assert!((exact / table - 1.0).abs() < 0.05, "the table says {table}, the formula {exact}");
        is_about(failing(&seen), exact, n);
        assert!((plan.failure_chance([p, p]) - exact).abs() < 1e-9);
        // What connects does so on the schedule, a whole number of seconds late.
        assert!(seen.iter().filter_map(|outcome| outcome.connect).all(|took| took.subsec_nanos() == 0));
    }
}

/// Loss of a request or an answer costs recovery time and, within a timeout of many of them, no failure: as the chance says.
#[test]
fn a_lost_request_is_sent_again() {
    let program = program(vec![testing::fault("loss", "10%".parse::<Loss>().unwrap(), 0, 100_000)]);
    let n = 6_000;
    for timeout in [150, 250, 1_500, 10_000] {
        let plan = plan(HTTP, timeout);
        is_about(failing(&outcomes(&program, &plan, n)), plan.failure_chance([0.1, 0.1]), n);
    }
}

/// A round trip of 80 ms and an answer after 20: 80 ms for the connect, 180 for the first byte; 100 kB come in flights of
/// 10, 20 and 40 segments, two round trips more.
#[test]
fn latencies_are_sums() {
    let latency = || testing::fault("far", "79ms".parse::<Latency>().unwrap(), 0, 100_000);
    let healthy = Healthy {
        rtt: Duration::from_millis(1),
        answer: Delay::constant(Duration::from_millis(20)),
        ..ideal()
    };
    let ms = Duration::from_millis;
    for (exchange, expected) in [
        (Exchange::Tcp, [Some(ms(80)), None, Some(ms(80))]),
        (HTTP, [Some(ms(80)), Some(ms(180)), Some(ms(180))]),
        (Exchange::Http { answer_bytes: 100_000 }, [Some(ms(80)), Some(ms(180)), Some(ms(340))]),
    ] {
        let plan = ProbePlan { healthy: healthy.clone(), ..plan(exchange, 5_000) };
        let seen = outcomes(&program(vec![latency()]), &plan, 1)[0];
        assert_eq!([seen.connect, seen.first_byte, Some(seen.latency)], expected, "{exchange:?}");
    }
}

/// The sum that stands for a calm probe is what playing it out gives: a second program, which ends connections long after
/// they are over, has no probe that is not played out.
#[test]
fn a_sum_is_what_playing_it_out_gives() {
    let latency = || testing::fault("far", "79ms".parse::<Latency>().unwrap(), 0, 200);
    let reset: Reset = serde_json::from_str(r#"{"after": "1h"}"#).unwrap();
    let summed = program(vec![latency()]);
    let played = program(vec![latency(), testing::fault("late", reset, 0, 200)]);
    for exchange in [Exchange::Tcp, HTTP, Exchange::Http { answer_bytes: 100_000 }] {
        let plan = ProbePlan { healthy: Healthy::default(), ..plan(exchange, 5_000) };
        let same = outcomes(&summed, &plan, 2_000) == outcomes(&played, &plan, 2_000);
        assert!(same, "{exchange:?}");
    }
}

/// A path that is dark until the 101st second, for a probe that begins half a second before: the second SYN gets through.
#[test]
fn darkness_that_ends_delays_by_the_schedule() {
    let program = program(vec![testing::fault("hole", "100%".parse::<Blackhole>().unwrap(), 0, 101)]);
    let mut probes = probes(&program, &plan(HTTP, 5_000));
    let seen = probes.next(SimTime::from_millis(100_500));
    assert_eq!((seen.failed, seen.connect), (None, Some(Duration::from_secs(1))));
    // With a timeout of 900 ms there is no second SYN.
    let mut impatient = super::ModelledProbes::new(program, plan(HTTP, 900), SEED, Label::new("test"));
    assert_eq!(impatient.next(SimTime::from_millis(100_500)).failed, Some(Phase::Connect));
}

/// A path that goes dark after the connect: silence, until the time is up.
#[test]
fn darkness_after_the_connect_is_an_answer_that_does_not_come() {
    let program = program(vec![testing::fault("hole", "100%".parse::<Blackhole>().unwrap(), 101, 200)]);
    let slow = Healthy { rtt: Duration::from_millis(600), ..ideal() };
    let plan = ProbePlan { healthy: slow, ..plan(HTTP, 5_000) };
    let seen = probes(&program, &plan).next(SimTime::from_millis(100_300));
    assert_eq!((seen.failed, seen.timed_out), (Some(Phase::FirstByte), true));
    assert_eq!(seen.connect, Some(Duration::from_millis(600)));
}

#[test]
fn a_cut_ends_an_answer_that_takes_longer() {
    let reset: Reset = serde_json::from_str(r#"{"after": "50ms"}"#).unwrap();
    let program = program(vec![testing::fault("cut", reset, 0, 100_000)]);
    for (takes, failed) in [(40, None), (60, Some(Phase::FirstByte))] {
        let answer = Delay::constant(Duration::from_millis(takes));
        let plan = ProbePlan { healthy: Healthy { answer, ..ideal() }, ..plan(HTTP, 5_000) };
        let seen = outcomes(&program, &plan, 1)[0];
        assert_eq!((seen.failed, seen.timed_out), (failed, false));
        assert_eq!(seen.latency.as_millis() as u64, takes.min(50));
    }
}

/// Another fault changes neither the ports nor the background loss nor the draws of the first.
#[test]
fn draws_do_not_depend_on_other_faults() {
    let loss = || testing::fault("loss", "5%".parse::<Loss>().unwrap(), 0, 100_000);
    let other = testing::fault("late", "10ms".parse::<Latency>().unwrap(), 0, 100_000);
    let healthy = Healthy { loss: Ratio::new(1, 50).unwrap(), ..ideal() };
    let plan = ProbePlan { healthy, ..plan(Exchange::Tcp, 1_000) };
    let (alone, both) = (program(vec![loss()]), program(vec![other, loss()]));
    let fate = |program| -> Vec<(FlowBucket, bool)> {
        outcomes(program, &plan, 3_000).iter().map(|o| (o.bucket, o.failed.is_some())).collect()
    };
    assert_eq!(fate(&alone), fate(&both));
}

/// Gaps between lost packets are geometric: their mean is 1/p, and a probe of k packets loses none with (1 - p)^k.
#[test]
fn the_background_loses_its_share() {
    let healthy = Healthy { loss: Ratio::new(1, 50).unwrap(), ..ideal() };
    let plan = ProbePlan { healthy, ..plan(Exchange::Tcp, 900) };
    let n = 6_000;
    is_about(failing(&outcomes(&program(Vec::new()), &plan, n)), 1.0 - 0.98f64.powi(2), n);
}

#[test]
fn what_virtual_time_does_not_know_is_named() {
    let by_bytes: Reset = serde_json::from_str(r#"{"after_bytes": "1KiB"}"#).unwrap();
    let known = Reset(CutWhen::after_time(crate::base::Span(Duration::ZERO)));
    let rate: crate::fault::Bandwidth = "1MB/s".parse().unwrap();
    let program = program(vec![
        testing::fault("bytes", by_bytes, 0, 10),
        testing::fault("time", known, 0, 10),
        testing::fault("rate", rate, 0, 10),
    ]);
    let names: Vec<&str> = unmodelled(&program).iter().map(|(fault, _)| &*fault.parts.name).collect();
    assert_eq!(names, ["bytes", "rate"]);
}
