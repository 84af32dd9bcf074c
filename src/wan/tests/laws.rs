//! Laws that hold on any network, with any platforms, under any script.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexSet;
use proptest::prelude::*;

use super::support::{at_ms, ms};
use crate::base::{Direction, FlowBucket, Ratio, Seed, SimTime};
use crate::wan::topology::BlockKind;
use crate::wan::{
    BlockId, End, Ending, Fate, Flow, Happening, History, LinkId, LinkSpec, Platform, RouterId, Script, Seen,
    SiteId, Topology, TopologyBuilder, TopologyError, simulate,
};

/// A connected network of 3 to 8 routers: a tree, and more links.
fn networks() -> impl Strategy<Value = Arc<Topology>> {
    let router = (0..Platform::NAMES.len(), 0usize..100);
    let link = (0usize..8, 0usize..8, 0u64..12, 1u32..4);
    (prop::collection::vec(router, 3..9), prop::collection::vec(link, 0..8)).prop_map(|(routers, links)| {
        let mut wan = TopologyBuilder::new();
        for (at, (platform, _)) in routers.iter().enumerate() {
            let platform = Platform::named(Platform::NAMES[*platform]).expect("a built-in platform");
            wan.site(&format!("s{at}"), None).router(
                &format!("r{at}"),
                &format!("s{at}"),
                &Arc::new(platform),
            );
        }
        let tree = routers.iter().enumerate().skip(1).map(|(at, (_, parent))| (at, parent % at, 3, 2));
        let count = routers.len();
        let more = links.into_iter().map(|(a, b, delay, metric)| (a % count, b % count, delay, metric));
        for (at, (a, b, delay, metric)) in tree.chain(more).filter(|(a, b, ..)| a != b).enumerate() {
            let spec = LinkSpec::new(ms(delay), metric);
            wan.link(&format!("l{at}"), &format!("r{a}"), &format!("r{b}"), spec);
        }
        let kinds = [BlockKind::Internal, BlockKind::External, BlockKind::Bgp];
        for (at, (_, draw)) in routers.iter().enumerate() {
            let name = format!("s{at}");
            wan.block(&name, &name, &[&format!("r{at}")], 1 + (draw * 7) as u32, kinds[draw % 3]);
        }
        Arc::new(wan.build().expect("a tree is connected"))
    })
}

/// A happening on whatever the numbers lead to.
fn happening(wan: &Topology, kind: u8, a: usize, b: usize) -> Happening {
    let link = LinkId((a % wan.links().len()) as u32);
    let router = RouterId((a % wan.routers().len()) as u32);
    let even = b.is_multiple_of(2);
    let seen = if even { Seen::Carrier } else { Seen::Silent };
    let ending = if even { Ending::Killed } else { Ending::Flushed };
    match kind % 11 {
        0 | 1 => Happening::LinkDown(link, seen),
        2 | 3 => Happening::LinkUp(link),
        4 => Happening::Metric(link, [Some(1 + b as u32 % 50), None]),
        5 => Happening::RouterDown(router),
        6 => Happening::RouterUp(router),
        7 => Happening::Restart { router, pause: ms(b as u64 * 100), ending },
        8 => Happening::Readdress(router),
        9 => Happening::ReaddressPort(link, End::B, ms(b as u64 * 100)),
        _ => Happening::Capacity(link, Ratio::new(b as u64 % 101, 100).expect("a share")),
    }
}

type Steps = Vec<(u64, u8, usize, usize)>;

fn steps() -> impl Strategy<Value = Steps> {
    prop::collection::vec((0u64..60_000, 0u8..11, 0usize..64, 0usize..64), 0..7)
}

fn script(wan: &Topology, steps: &Steps) -> Script {
    steps
        .iter()
        .fold(Script::new(), |script, (at, kind, a, b)| script.at(at_ms(*at), happening(wan, *kind, *a, *b)))
}

fn play(wan: &Arc<Topology>, script: &Script, seed: u64) -> History {
    simulate(wan, script, Seed(seed), SimTime::MAX).expect("a bounded simulation")
}

/// The routers that `from` can reach over what carries packets at `at`.
fn reachable(history: &History, from: RouterId, at: SimTime) -> IndexSet<usize> {
    let wan = history.topology();
    let mut reached = IndexSet::from([from.index()]);
    let mut next = 0;
    while let Some(&router) = reached.get_index(next) {
        let up = wan.ports(router).iter().filter(|port| history.road(port.link, port.end).at(at).passes);
        reached.extend(up.map(|port| port.peer.index()));
        next += 1;
    }
    reached
}

fn flows(wan: &Topology) -> impl Iterator<Item = Flow> + '_ {
    let count = wan.routers().len() as u32;
    (0..count).flat_map(move |from| {
        (0..count).filter(move |to| *to != from).map(move |to| {
            let prefix = wan.blocks()[to as usize].prefixes / 2;
            Flow { from: SiteId(from), to: BlockId(to), prefix, direction: Direction::ToServer }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Once the queue is empty nothing loops, and who can be reached is.
    #[test]
    fn a_quiet_network_delivers_wherever_it_can(wan in networks(), steps in steps(), seed in 0u64..1_000) {
        let history = play(&wan, &script(&wan, &steps), seed);
        let quiet = SimTime::from_secs(100_000);
        for flow in flows(&wan) {
            let (from, to) = (RouterId(flow.from.0), RouterId(flow.to.0));
            let up = [from, to].iter().all(|router| history.node(*router).at(quiet).forwards);
            let connected = up && reachable(&history, from, quiet).contains(&to.index());
            for bucket in [0, 77, 200] {
                let (fate, hops) = history.walk(&flow, FlowBucket(bucket), quiet);
                prop_assert_eq!(!fate.is_dark(), connected, "{:?} {:?}\n{:?}\n{}", flow, fate, hops, history.trace().named(&wan));
            }
        }
    }

    /// The same arguments give the same trace, to the byte, and the same paths.
    #[test]
    fn a_seed_repeats(wan in networks(), steps in steps(), seed in 0u64..1_000) {
        let script = script(&wan, &steps);
        let (one, two) = (play(&wan, &script, seed), play(&wan, &script, seed));
        prop_assert_eq!(one.trace().named(&wan).to_string(), two.trace().named(&wan).to_string());
        for flow in flows(&wan) {
            prop_assert_eq!(one.paths(&flow), two.paths(&flow));
        }
    }

    /// A walk at any instant ends as the timelines say, one nanosecond before and after each of their changes too.
    #[test]
    fn a_walk_agrees_with_the_timelines(wan in networks(), steps in steps(), seed in 0u64..1_000, at in 0u64..90_000) {
        let history = play(&wan, &script(&wan, &steps), seed);
        for flow in flows(&wan).step_by(3) {
            let paths = history.paths(&flow).expect("few changes");
            for bucket in [3, 130].map(FlowBucket) {
                let line = paths.bucket(bucket);
                let changes = line.pieces().flat_map(|(from, ..)| [from, from.minus(Duration::from_nanos(1))]);
                for at in changes.take(40).chain([at_ms(at)]) {
                    prop_assert_eq!(history.walk(&flow, bucket, at).0, *line.at(at), "{:?} at {}", flow, at);
                }
            }
        }
    }

    /// Without a happening nothing happens.
    #[test]
    fn a_network_left_alone_is_quiet(wan in networks(), seed in 0u64..1_000) {
        let history = play(&wan, &Script::new(), seed);
        prop_assert_eq!(history.events(), 0);
        for flow in flows(&wan) {
            let paths = history.paths(&flow).expect("few changes");
            prop_assert!(paths.shared().all(|(line, _)| line.changes() == 0 && !line.at(SimTime::ZERO).is_dark()));
        }
    }
}

/// Buckets share a fate by hash: of a pair with two equal paths, one of which is dark, new connections fail at the dark
/// share (within four standard deviations of a fair hash), and a retry on the same bucket fails again.
#[test]
fn a_dark_path_of_two_takes_half_of_the_buckets() {
    let platform = Platform::ios();
    let wan = super::support::network(
        &[&platform; 4],
        &[(1, 2, 1, 10), (2, 4, 1, 10), (1, 3, 1, 10), (3, 4, 1, 10)],
    );
    let link = wan.link("2-4").expect("a link");
    let script = Script::new().at(at_ms(1_000), Happening::LinkDown(link, Seen::Silent));
    let dark: Vec<f64> = (0..40)
        .map(|seed| {
            let history = play(&wan, &script, seed);
            let flow = Flow { from: SiteId(0), to: BlockId(3), prefix: 0, direction: Direction::ToServer };
            let paths = history.paths(&flow).expect("few changes");
            let line = |bucket| paths.bucket(bucket);
            let hit: Vec<_> =
                FlowBucket::all().filter(|bucket| line(*bucket).at(at_ms(2_000)).is_dark()).collect();
            assert!(
                hit.iter().all(|bucket| line(*bucket).at(at_ms(9_000)).is_dark()),
                "a retry shares its fate"
            );
            hit.len() as f64
        })
        .collect();
    let mean = dark.iter().sum::<f64>() / dark.len() as f64;
    assert!((mean - 128.0).abs() < 4.0 * 8.0 / (dark.len() as f64).sqrt(), "{mean} of 256 on average");
    assert!(dark.iter().all(|hit| (hit - 128.0).abs() < 4.0 * 8.0), "{dark:?}");
}

/// Every mistake of a description is told, by its name.
#[test]
fn a_bad_description_is_refused_with_all_its_mistakes() {
    let platform = Arc::new(Platform::frr_ospf());
    let mut wan = TopologyBuilder::new();
    wan.site("a", None).site("a", None).router("r1", "a", &platform).router("r2", "b", &platform);
    wan.router("r3", "a", &platform).link("l1", "r1", "r9", LinkSpec::new(ms(1), 1));
    wan.link("l2", "r1", "r1", LinkSpec::new(ms(1), 1)).link("l3", "r1", "r3", LinkSpec::new(ms(500), 0));
    wan.block("x", "a", &[], 1, BlockKind::Internal);
    let mistakes: Vec<String> =
        wan.build().expect_err("many mistakes").iter().map(ToString::to_string).collect();
    assert_eq!(
        mistakes,
        [
            "two sites are called `a`",
            "router `r2` names the site `b`, which does not exist",
            "link `l1` names the router `r9`, which does not exist",
            "link `l2` joins a router to itself",
            "link `l3` has the metric 0; the least is 1",
            "link `l3` is slower than 400ms",
            "block `x` has no prefixes or nobody announces it",
        ]
    );
    assert_eq!(wan.build().expect_err("nothing is left"), [TopologyError::Nothing]);
    wan.site("a", None).router("r1", "a", &platform).router("r2", "a", &platform);
    let lost = TopologyError::Disconnected("r2".to_owned(), "r1".to_owned());
    assert_eq!(wan.build().expect_err("no link"), [lost]);
    assert!(matches!(Fate::Dropped(crate::wan::Reason::NoRoute), fate if fate.is_dark()));
}
