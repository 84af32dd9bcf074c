//! Small networks, and how to look at what became of them.

use std::sync::Arc;
use std::time::Duration;

use crate::base::{FlowBucket, Seed, SimTime};
use crate::wan::platform::{Handshake, TwoWayCheck};
use crate::wan::spf::{SpfDelay, Throttle};
use crate::wan::topology::BlockKind;
use crate::wan::{
    Fate, Happening, History, LinkSpec, Platform, Script, Seen, Spread, Topology, TopologyBuilder, simulate,
};

pub(super) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) const fn at_ms(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

pub(super) fn fixed(millis: u64) -> Spread {
    Spread::fixed(ms(millis))
}

/// A platform without chance: light 10 ms, LSP after 1 ms, 2 ms a hop, SPF after 50 ms for 5 ms, FIB after 10 ms + 1 ms, 1 ms a
/// prefix.
pub(super) fn exact() -> Platform {
    let mut exact = Platform::frr_ospf();
    "exact".clone_into(&mut exact.name);
    exact.adjacency.carrier = fixed(10);
    exact.adjacency.drift = fixed(0);
    exact.adjacency.exchange = fixed(3);
    exact.adjacency.loading = fixed(0);
    exact.adjacency.handshake = Handshake::Scheduled;
    exact.origination.delay = fixed(1);
    exact.flooding.process = fixed(2);
    exact.flooding.min_arrival = Duration::ZERO;
    exact.spf.run = fixed(5);
    exact.spf.run_per_router = Duration::ZERO;
    exact.spf.two_way_check = TwoWayCheck::Both;
    if let SpfDelay::Throttle(Throttle { initial, .. }) = &mut exact.spf.delay {
        *initial = ms(50);
    }
    exact.fib.calculate_per_prefix = fixed(0);
    exact.fib.hold = ms(10);
    exact.fib.first = fixed(1);
    exact.fib.write_per_prefix = fixed(1);
    exact.forwarding.hop = Duration::ZERO;
    exact.start.farewell = fixed(1);
    exact.start.process = fixed(1_000);
    exact.start.boot = fixed(5_000);
    exact
}

/// A network of sites with one router each (`r1`, `r2`…), a block of one prefix at each, and links
/// `(a, b, delay in ms, metric)` called `a-b`.
pub(super) fn network(platforms: &[&Platform], links: &[(usize, usize, u64, u32)]) -> Arc<Topology> {
    let mut wan = TopologyBuilder::new();
    for (at, platform) in platforms.iter().enumerate() {
        let name = format!("r{}", at + 1);
        wan.site(&name, None).router(&name, &name, &Arc::new((*platform).clone()));
    }
    for (a, b, delay, metric) in links {
        let spec = LinkSpec::new(ms(*delay), *metric);
        wan.link(&format!("{a}-{b}"), &format!("r{a}"), &format!("r{b}"), spec);
    }
    Arc::new(wan.block_for_each_site(1, BlockKind::Internal).build().expect("a sound topology"))
}

/// What became of a flow, in milliseconds: `(from when, delay)`, or no delay where it is dark.
pub(super) fn fates(history: &History, from: &str, to: &str, bucket: u8) -> Vec<(f64, Result<f64, String>)> {
    let topology = history.topology();
    let site = |name: &str| topology.site(name).expect("a site");
    let [flow, _] = history.flows(site(from), site(to), 0).expect("both have addresses");
    let paths = history.paths(&flow).expect("few changes");
    let millis = |nanos: u128| nanos as f64 / 1e6;
    let pieces = paths.bucket(FlowBucket(bucket)).pieces();
    pieces
        .map(|(from, _, fate)| {
            let fate = match fate {
                Fate::Delivered { delay, .. } => Ok(millis(delay.as_nanos())),
                Fate::Dropped(reason) => Err(format!("{reason:?}")),
            };
            (millis(from.since_start().as_nanos()), fate)
        })
        .collect()
}

pub(super) fn play(topology: &Arc<Topology>, script: &Script) -> History {
    simulate(topology, script, Seed(1), SimTime::from_secs(3_600)).expect("a small simulation")
}

pub(super) fn link_down(topology: &Topology, name: &str, seen: Seen) -> Happening {
    Happening::LinkDown(topology.link(name).expect("a link"), seen)
}

pub(super) fn link_up(topology: &Topology, name: &str) -> Happening {
    Happening::LinkUp(topology.link(name).expect("a link"))
}
