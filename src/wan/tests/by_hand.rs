//! Networks small enough to be computed by hand: every instant is exact.
//!
//! The platform is `support::exact`: light is missed after 10 ms, the LSP follows 1 ms later, each hop of flooding takes 2 ms
//! beside the link's delay, an SPF run begins 50 ms after the change and takes 5 ms, and the table is written 11 ms after that,
//! 1 ms a prefix. So the ends of a link that fails at t write at t + 10 + 1 + 50 + 5 + 11 = t + 77 ms, and a router h hops
//! away 2 ms later for each of them.

use super::support::{at_ms, exact, fates, fixed, link_down, link_up, ms, network, play};
use crate::base::{FlowBucket, Ratio};
use crate::wan::platform::{Bfd, Handshake};
use crate::wan::{BlockId, End, Ending, Happening, RouterId, Script, Seen};

fn dark(reason: &str) -> Result<f64, String> {
    Err(reason.to_owned())
}

/// R2 sends into the dead link until it writes; then it sends back to R1, which sends to R2 until it writes, 2 ms later.
#[test]
fn a_ring_blackholes_and_then_loops() {
    let p = exact();
    let ring = network(&[&p; 4], &[(1, 2, 0, 10), (2, 3, 0, 10), (3, 4, 0, 20), (4, 1, 0, 20)]);
    let history = play(&ring, &Script::new().at(at_ms(1_000), link_down(&ring, "2-3", Seen::Carrier)));
    for bucket in [0, 100, 255] {
        assert_eq!(
            fates(&history, "r1", "r3", bucket),
            [(0.0, Ok(0.0)), (1_000.0, dark("DeadLink")), (1_077.0, dark("Loop")), (1_079.0, Ok(0.0))]
        );
    }
}

/// The same ring with delays: R1-R2 5 ms, R2-R3 7 ms, R3-R4 20 ms, R4-R1 30 ms. R1 hears R2's LSP 5 + 2 ms after it is made
/// and writes at 1,084 ms, R2 at 1,077 ms. A packet that leaves R1 before 995 ms passes R2 before the cut, which takes it
/// at 1,000 ms. One that finds R2's new table, from 1,072 ms on, is sent back and finds R1's at 1,084 ms or later: it takes the
/// other way from there, 10 ms late. Nothing is lost in the loop; until 1,074 ms the packet is back too early, and goes round
/// twice.
#[test]
fn a_loop_on_long_links_makes_packets_late_not_lost() {
    let p = exact();
    let ring = network(&[&p; 4], &[(1, 2, 5, 10), (2, 3, 7, 10), (3, 4, 20, 20), (4, 1, 30, 20)]);
    let history = play(&ring, &Script::new().at(at_ms(1_000), link_down(&ring, "2-3", Seen::Carrier)));
    assert_eq!(
        fates(&history, "r1", "r3", 0),
        [
            (0.0, Ok(12.0)),
            (995.0, dark("DeadLink")),
            (1_072.0, Ok(70.0)),
            (1_074.0, Ok(60.0)),
            (1_084.0, Ok(50.0)),
        ]
    );
}

/// A square with equal costs: half the flows cross R2 and go dark until R1, two hops from the cut, is told; there is no loop,
/// for R2 never sends back to R1. R2-R4 fails: R1 hears it one hop away.
#[test]
fn a_square_loses_the_flows_of_one_side() {
    let p = exact();
    let square = network(&[&p; 4], &[(1, 2, 0, 10), (2, 4, 0, 10), (1, 3, 0, 10), (3, 4, 0, 10)]);
    let history = play(&square, &Script::new().at(at_ms(1_000), link_down(&square, "2-4", Seen::Carrier)));
    let site = |name| square.site(name).expect("a site");
    let [flow, _] = history.flows(site("r1"), site("r4"), 0).expect("both have addresses");
    let paths = history.paths(&flow).expect("few changes");
    let hit = FlowBucket::all().filter(|bucket| paths.bucket(*bucket).at(at_ms(1_000)).is_dark()).count();
    assert!((96..160).contains(&hit), "{hit} of 256 crossed R2");
    for bucket in FlowBucket::all() {
        let line = fates(&history, "r1", "r4", bucket.0);
        if paths.bucket(bucket).at(at_ms(1_000)).is_dark() {
            // R2's own way back leads through R1, which sends half the flows to R2 again until 1,079 ms.
            assert_eq!(line[..2], [(0.0, Ok(0.0)), (1_000.0, dark("DeadLink"))]);
            assert_eq!(line.last(), Some(&(1_079.0, Ok(0.0))));
        } else {
            assert_eq!(line, [(0.0, Ok(0.0))]);
        }
    }
}

/// A line R1-R2-R3 with a detour R1-R4-R3, and R4 slow: 30 ms a hop, SPF after 500 ms, written at 7 ms a prefix. R1 turns to
/// R4 at 1,079 ms; R4 has always had its own way to R3, so nothing is lost there; but from R3's side R4's route to R2 is the
/// one that changes last.
#[test]
fn a_slow_router_prolongs_what_it_is_needed_for() {
    let p = exact();
    let mut slow = exact();
    slow.flooding.process = fixed(30);
    slow.fib.hold = ms(500);
    slow.fib.write_per_prefix = fixed(7);
    let line = network(&[&p, &p, &p, &slow], &[(1, 2, 0, 10), (2, 3, 0, 10), (3, 4, 0, 20), (4, 1, 0, 40)]);
    let history = play(&line, &Script::new().at(at_ms(1_000), link_down(&line, "2-3", Seen::Carrier)));
    // R3 turns to R4 at 1,077 ms for r1, its first prefix, and 1 ms later for r2. R4 hears of it from R3 at 1,011 + 30 = 1,041 ms, computes until 1,096 ms, writes at 1,597 ms;
    // its table had led to R2 through R3. Its blocks in table order: r1 (now directly, 7 ms), then r2.
    assert_eq!(
        fates(&history, "r3", "r2", 0),
        [(0.0, Ok(0.0)), (1_000.0, dark("DeadLink")), (1_078.0, dark("Loop")), (1_604.0, Ok(0.0))]
    );
    assert_eq!(
        fates(&history, "r3", "r1", 0),
        [(0.0, Ok(0.0)), (1_000.0, dark("DeadLink")), (1_077.0, dark("Loop")), (1_597.0, Ok(0.0))]
    );
}

/// Nobody is told: R2 and R3 hear each other's last hello before the cut and give up 4 s after it.
#[test]
fn a_silent_failure_lasts_for_the_rest_of_the_hold_time() {
    let mut p = exact();
    let triangle = |p: &_| network(&[p; 3], &[(1, 2, 0, 10), (2, 3, 0, 10), (1, 3, 0, 30)]);
    let down = |wan: &std::sync::Arc<_>| {
        play(wan, &Script::new().at(at_ms(1_000), link_down(wan, "2-3", Seen::Silent)))
    };
    let end = |line: Vec<(f64, _)>| line.last().expect("pieces").0;
    let history = down(&triangle(&p));
    let ended = end(fates(&history, "r2", "r3", 0));
    assert!((4_067.0..=5_067.0).contains(&ended), "{ended}");
    p.adjacency.bfd = Some(Bfd { interval: ms(300), multiplier: 3 });
    let history = down(&triangle(&p));
    let ended = end(fates(&history, "r2", "r3", 0));
    assert!((1_667.0..=1_967.0).contains(&ended), "{ended}");
}

/// Light is back at 20,000 ms and seen at 20,010 ms, when both ends say hello. Each names the other in its next hello, 1 s
/// later; 3 ms after that the databases agree, and routes follow 1 + 50 + 5 + 11 ms later. An answer at once (100 ms)
/// makes it 21,010 - 900 ms.
#[test]
fn a_link_that_comes_back_is_used_after_the_second_hello() {
    for (handshake, back) in [(Handshake::Scheduled, 21_080.0), (Handshake::Triggered(fixed(100)), 20_180.0)]
    {
        let mut p = exact();
        p.adjacency.handshake = handshake;
        let wan = network(&[&p; 3], &[(1, 2, 0, 10), (2, 3, 0, 10), (1, 3, 1, 30)]);
        let script = Script::new()
            .at(at_ms(1_000), link_down(&wan, "2-3", Seen::Carrier))
            .at(at_ms(20_000), link_up(&wan, "2-3"));
        let history = play(&wan, &script);
        let line = fates(&history, "r2", "r3", 0);
        assert_eq!(line.last(), Some(&(back, Ok(0.0))), "{handshake:?}");
    }
}

/// A new metric at both ends is told at once; R2 writes 1 + 50 + 5 + 11 ms after the command, R1 2 ms later: no black hole, only
/// the loop between them.
#[test]
fn a_drain_loops_but_does_not_blackhole() {
    let p = exact();
    let ring = network(&[&p; 4], &[(1, 2, 0, 10), (2, 3, 0, 10), (3, 4, 0, 20), (4, 1, 0, 20)]);
    let link = ring.link("2-3").expect("a link");
    let script = Script::new().at(at_ms(1_000), Happening::Metric(link, [Some(20_000); 2]));
    assert_eq!(
        fates(&play(&ring, &script), "r1", "r3", 0),
        [(0.0, Ok(0.0)), (1_067.0, dark("Loop")), (1_069.0, Ok(0.0))]
    );
}

/// A killed process takes its own routes with it (11 ms later, 1 ms a prefix: r1, r3 are the first and the second of them) and
/// is believed in until its first new hello.
#[test]
fn a_killed_process_is_a_blackhole_until_its_first_hello() {
    let p = exact();
    let ring = network(&[&p; 4], &[(1, 2, 0, 10), (2, 3, 0, 10), (3, 4, 0, 20), (4, 1, 0, 20)]);
    let restart = Happening::Restart { router: RouterId(1), pause: ms(200), ending: Ending::Killed };
    let line = fates(&play(&ring, &Script::new().at(at_ms(1_000), restart)), "r1", "r3", 0);
    // Its process starts at 2,200 ms and says hello at once; R1 hears it and tells so: 1 + 50 + 5 + 11 ms, its third prefix.
    assert_eq!(line[..3], [(0.0, Ok(0.0)), (1_012.0, dark("NoRoute")), (2_268.0, Ok(0.0))]);
}

/// Half of a link that was half full is left: it is full to the brim. A quarter: half of the packets find the queue full.
#[test]
fn congestion_delays_and_drops() {
    let p = exact();
    let wan = network(&[&p; 2], &[(1, 2, 10, 10)]);
    let link = wan.link("1-2").expect("a link");
    let capacity = |left| Happening::Capacity(link, Ratio::new(left, 8).expect("a share"));
    let script = Script::new().at(at_ms(1_000), capacity(2)).at(at_ms(2_000), capacity(8));
    let history = play(&wan, &script);
    let site = |name| wan.site(name).expect("a site");
    let [flow, _] = history.flows(site("r1"), site("r2"), 0).expect("both have addresses");
    let (fate, hops) = history.walk(&flow, FlowBucket(0), at_ms(1_500));
    let lost = Ratio::new(1, 2).expect("a half");
    assert_eq!(fate, crate::wan::Fate::Delivered { delay: ms(60), loss: lost });
    assert_eq!(hops.len(), 2);
    assert_eq!(fates(&history, "r1", "r2", 0), [(0.0, Ok(10.0)), (1_000.0, Ok(60.0)), (2_000.0, Ok(10.0))]);
}

/// A stuck router loses what crosses it and nobody notices, until an operator acts.
#[test]
fn a_stuck_router_stays_broken() {
    let p = exact();
    let wan = network(&[&p; 3], &[(1, 2, 1, 10), (2, 3, 1, 10)]);
    let script = Script::new()
        .at(at_ms(1_000), Happening::Stuck(RouterId(1), Ratio::new(1, 50).expect("2 %")))
        .at(at_ms(9_000), Happening::Unstuck(RouterId(1)));
    let history = play(&wan, &script);
    assert!(history.trace().transitions().is_empty(), "routing sees nothing");
    let site = |name| wan.site(name).expect("a site");
    let [flow, _] = history.flows(site("r1"), site("r3"), 0).expect("both have addresses");
    let paths = history.paths(&flow).expect("few changes");
    let lossy: Vec<_> = paths.bucket(FlowBucket(9)).pieces().map(|(from, _, fate)| (from, *fate)).collect();
    assert_eq!(lossy.len(), 3);
    assert_eq!((lossy[1].0, lossy[2].0), (at_ms(999), at_ms(8_999)), "it reaches R2 1 ms after it starts");
}

/// Power gone: light goes at all its links. Power back: boot, start, hellos, and traffic returns only with its routes.
#[test]
fn a_router_that_loses_power_is_routed_around() {
    let p = exact();
    let ring = network(&[&p; 4], &[(1, 2, 0, 10), (2, 3, 0, 10), (3, 4, 0, 20), (4, 1, 0, 20)]);
    let script = Script::new()
        .at(at_ms(1_000), Happening::RouterDown(RouterId(1)))
        .at(at_ms(60_000), Happening::RouterUp(RouterId(1)));
    let line = fates(&play(&ring, &script), "r1", "r3", 0);
    // R1 and R3 see it at once. R1's third prefix is r3; the second, r2, has no route any more.
    assert_eq!(line[..3], [(0.0, Ok(0.0)), (1_000.0, dark("DeadLink")), (1_078.0, Ok(0.0))]);
    assert_eq!(line.last().map(|(_, fate)| fate.clone()), Some(Ok(0.0)));
}

/// A withdrawn block is gone once the IGP has told so; OSPF's neighbours of an address that goes away are gone with it.
#[test]
fn withdrawals_and_addresses() {
    let p = exact();
    let wan = network(&[&p; 3], &[(1, 2, 0, 10), (2, 3, 0, 10), (1, 3, 0, 30)]);
    let script = Script::new()
        .at(at_ms(1_000), Happening::Withdraw(BlockId(2), RouterId(2)))
        .at(at_ms(5_000), Happening::Announce(BlockId(2), RouterId(2)));
    let line = fates(&play(&wan, &script), "r2", "r3", 0);
    assert_eq!(line, [(0.0, Ok(0.0)), (1_069.0, dark("NoRoute")), (5_069.0, Ok(0.0))]);

    let link = wan.link("2-3").expect("a link");
    let script = Script::new().at(at_ms(1_000), Happening::ReaddressPort(link, End::A, ms(1_000)));
    let history = play(&wan, &script);
    let text = history.trace().named(&wan).to_string();
    assert!(text.contains("r2  ✗ neighbour lost on 2-3 (no address)"), "{text}");
    assert!(text.contains("r3  ✗ neighbour lost on 2-3 (it has forgotten us)"), "{text}");
    // The address is back at 2 s; R3's next hello names R2 within a second, and both have written 0.1 s after that.
    let last = history.trace().transitions().last().expect("many steps").at;
    assert!(last > at_ms(2_000) && last < at_ms(3_100), "{last}");
}

/// A process that starts has forgotten its sequence number: it must learn the others' LSPs, though nobody has told anything
/// since the beginning, and outbid its own old one. And a start ends the wait after a purge.
#[test]
fn a_process_that_starts_anew_learns_everything_again() {
    let mut p = exact();
    p.readdress.resync = ms(20_000);
    let line = network(&[&p; 3], &[(1, 2, 0, 10), (2, 3, 0, 10)]);
    let restart = Happening::Restart { router: RouterId(0), pause: ms(0), ending: Ending::Killed };
    for before in [None, Some(Happening::Readdress(RouterId(0)))] {
        let script = before.into_iter().fold(Script::new(), |script, purge| script.at(at_ms(500), purge));
        let history = play(&line, &script.at(at_ms(1_000), restart.clone()));
        let last = fates(&history, "r1", "r3", 0).pop().expect("pieces");
        assert_eq!(last.1, Ok(0.0), "{}", history.trace().named(&line));
        assert!(last.0 < 5_000.0, "{last:?}");
        assert_eq!(fates(&history, "r3", "r1", 0).pop().map(|(_, fate)| fate), Some(Ok(0.0)));
    }
}
