//! The walk of a packet through installed tables, with its own clock.
//!
//! A packet enters at a router of its site and goes hop by hop. Each router forwards it by the table that is installed *when
//! it arrives there*; among equal next hops its flow's hash decides. It ends delivered, with the sum of its delays and the
//! chance that it was lost on the way, or dropped. So a packet that meets a short loop on a long link is late, not lost; on a
//! link without delay its hops run out in the same instant.
//!
//! A walk also knows how long it holds: if the packet had started a little later it would have met everything later by as
//! much, so nothing changes until the first of what it met changes. That makes timelines exact: see [`paths`](super::paths).

use std::time::Duration;

use super::history::History;
use super::id::{BlockId, LinkId, RouterId, SiteId};
use super::platform::DeadMembers;
use super::spf::bits;
use crate::base::limits::WAN_TTL;
use crate::base::{Delay, DelayTerm, Direction, FaultId, FlowBucket, LossTerm, PathState, Ratio, SimTime};

/// Packets of one direction between two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Where they come from.
    pub from: SiteId,
    /// The block of prefixes that they go to.
    pub to: BlockId,
    /// Which prefix of the block.
    pub prefix: u32,
    /// The direction of the connection: the two are hashed separately.
    pub direction: Direction,
}

/// How a packet's walk ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Delivered {
        /// After so long.
        delay: Duration,
        /// With this chance of having been lost on the way.
        loss: Ratio,
    },
    /// It does not.
    Dropped(Reason),
}

/// Why a packet is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No router of its site is up.
    NoEntry,
    /// A router without a route for it.
    NoRoute,
    /// A next hop over a link that is down: the table is stale.
    DeadLink,
    /// A router that is down.
    DeadRouter,
    /// Its hops ran out in a loop.
    Loop,
}

/// One step of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The router.
    pub router: RouterId,
    /// When the packet arrived there.
    pub at: SimTime,
    /// The link that it leaves by; none where it ends.
    pub link: Option<LinkId>,
}

/// Buckets that share a walk, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Buckets([u64; 4]);

/// A walk under way.
struct Walk<'h> {
    history: &'h History,
    clock: SimTime,
    /// How much later the packet may start without meeting anything else.
    slack: Duration,
    /// The chance that it is still there.
    survives: f64,
}

/// A walk that met nothing that ever changes.
const FOR_EVER: Duration = Duration::MAX;

// === impl Fate ===

impl Fate {
    /// What it does to the bytes of a path, in the name of a fault.
    pub fn path_state(&self, fault: FaultId) -> PathState {
        match *self {
            Self::Dropped(_) => PathState::dark(fault),
            Self::Delivered { delay, loss } => PathState {
                delays: if delay.is_zero() {
                    Vec::new()
                } else {
                    vec![DelayTerm { fault, delay: Delay::constant(delay) }]
                },
                losses: if loss.is_zero() { Vec::new() } else { vec![LossTerm { fault, ratio: loss }] },
                ..PathState::CLEAR
            },
        }
    }

    /// Whether nothing arrives.
    pub const fn is_dark(&self) -> bool {
        matches!(self, Self::Dropped(_))
    }
}

// === impl Buckets ===

impl Buckets {
    /// All of them.
    pub(super) const ALL: Self = Self([u64::MAX; 4]);

    pub(super) const fn only(bucket: FlowBucket) -> Self {
        let mut words = [0; 4];
        words[bucket.0 as usize / 64] = 1 << (bucket.0 % 64);
        Self(words)
    }

    pub(super) fn first(self) -> Option<FlowBucket> {
        self.iter().next()
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }

    pub(super) fn iter(self) -> impl Iterator<Item = FlowBucket> {
        let words = self.0.into_iter().enumerate();
        words.flat_map(|(word, mask)| bits(mask).map(move |bit| FlowBucket((word * 64 + bit) as u8)))
    }

    fn keep(&mut self, keeps: impl Fn(FlowBucket) -> bool) {
        let kept = self.iter().filter(|bucket| keeps(*bucket));
        let words = kept.fold([0; 4], |mut words, bucket| {
            words[usize::from(bucket.0) / 64] |= 1 << (bucket.0 % 64);
            words
        });
        self.0 = words;
    }
}

// === impl History ===

impl History {
    /// The walk of a packet of `bucket` that starts at `at`: how it ends, and its hops.
    pub fn walk(&self, flow: &Flow, bucket: FlowBucket, at: SimTime) -> (Fate, Vec<Hop>) {
        let mut hops = Vec::new();
        let (fate, _) = self.walk_together(flow, &mut Buckets::only(bucket), at, |hop| hops.push(hop));
        (fate, hops)
    }

    /// The walk of the first of these buckets; only those that go the same way stay in `buckets`. Says when, at the latest, it
    /// has to be walked anew; none: never.
    pub(super) fn walk_together(
        &self,
        flow: &Flow,
        buckets: &mut Buckets,
        start: SimTime,
        mut visit: impl FnMut(Hop),
    ) -> (Fate, Option<SimTime>) {
        let mut walk = Walk { history: self, clock: start, slack: FOR_EVER, survives: 1.0 };
        let fate = walk.run(flow, buckets, &mut visit);
        let fate = match fate {
            Some(reason) => Fate::Dropped(reason),
            None => Fate::Delivered { delay: walk.clock.since(start), loss: lost(walk.survives) },
        };
        (fate, (walk.slack < FOR_EVER).then(|| start.plus(walk.slack)))
    }
}

// === impl Walk ===

impl Walk<'_> {
    /// Walks; says why it was dropped, if it was.
    fn run(&mut self, flow: &Flow, buckets: &mut Buckets, visit: &mut impl FnMut(Hop)) -> Option<Reason> {
        let graph = self.history.topology();
        let block = &graph.blocks()[flow.to.index()];
        let turn = flow.direction.index() as u32;
        let Some(mut at) = self.enter(flow, buckets, turn) else { return Some(Reason::NoEntry) };
        for _ in 0..WAN_TTL {
            let router = RouterId(at as u32);
            let arrived = self.clock;
            let mut end = |reason| {
                visit(Hop { router, at: arrived, link: None });
                reason
            };
            let node = *self.read(self.history.node(router));
            if !node.forwards {
                return end(Some(Reason::DeadRouter));
            }
            if block.origins.contains(&router) {
                return end(None);
            }
            self.survives *= 1.0 - node.loss.as_f64();
            let (ports, written) = self.history.line(router, flow.to).read(self.clock, flow.prefix);
            self.holds_until(written);
            let usable = self.usable(at, ports);
            let Some(slot) = choose(usable, buckets, mix(self.history.salt(at), turn)) else {
                return end(Some(Reason::NoRoute));
            };
            let port = graph.ports(at)[slot];
            visit(Hop { router, at: arrived, link: Some(port.link) });
            self.clock = self.clock.plus(graph.routers()[at].platform.forwarding.hop);
            let road = *self.read(self.history.road(port.link, port.end));
            if !road.passes {
                return Some(Reason::DeadLink);
            }
            self.survives *= 1.0 - road.loss.as_f64();
            self.clock = self.clock.plus(graph.links()[port.link.index()].delay + road.delay);
            at = port.peer.index();
        }
        Some(Reason::Loop)
    }

    /// The router that the packet enters through: one of its site's that are up.
    fn enter(&mut self, flow: &Flow, buckets: &mut Buckets, turn: u32) -> Option<usize> {
        let edges = self.history.topology().edges(flow.from);
        let mut up = 0;
        for (edge, router) in edges.iter().enumerate().take(u64::BITS as usize) {
            up |= u64::from(self.read(self.history.node(*router)).forwards) << edge;
        }
        let edge = choose(up, buckets, mix(flow.from.0 ^ 0x517E_0000, turn))?;
        Some(edges[edge].index())
    }

    /// The next hops without those that the router knows to be dark and skips.
    fn usable(&mut self, router: usize, ports: u64) -> u64 {
        let graph = self.history.topology();
        let habits = graph.routers()[router].platform.forwarding.dead_members;
        if habits == DeadMembers::Used || ports.count_ones() < 2 {
            return ports;
        }
        let mut lit = 0;
        for slot in bits(ports) {
            let port = graph.ports(router)[slot];
            lit |= u64::from(!self.read(self.history.road(port.link, port.end)).known_dark) << slot;
        }
        if lit == 0 { ports } else { lit }
    }

    /// What holds now, which limits how long the walk holds.
    fn read<'t, T: Clone + PartialEq>(&mut self, line: &'t crate::base::Timeline<T>) -> &'t T {
        self.holds_until(line.next_change(self.clock));
        line.at(self.clock)
    }

    fn holds_until(&mut self, change: Option<SimTime>) {
        if let Some(change) = change {
            self.slack = self.slack.min(change.since(self.clock));
        }
    }
}

/// The port of the set that the first bucket's hash takes; only buckets that take the same stay.
fn choose(ports: u64, buckets: &mut Buckets, salt: u32) -> Option<usize> {
    let count = ports.count_ones();
    if count < 2 {
        return bits(ports).next();
    }
    let pick = |bucket: FlowBucket| (u64::from(mix(u32::from(bucket.0), salt)) * u64::from(count)) >> 32;
    let picked = pick(buckets.first()?);
    buckets.keep(|bucket| pick(bucket) == picked);
    bits(ports).nth(picked as usize)
}

/// A 32-bit hash of two words.
fn mix(a: u32, b: u32) -> u32 {
    let mut h = a.wrapping_mul(0x9E37_79B1) ^ b.wrapping_mul(0x85EB_CA6B).rotate_left(13);
    h ^= h >> 16;
    h = h.wrapping_mul(0x7FEB_352D);
    h ^= h >> 15;
    h = h.wrapping_mul(0x846C_A68B);
    h ^ (h >> 16)
}

/// The chance of having been lost, to the millionth.
fn lost(survives: f64) -> Ratio {
    let ppm = ((1.0 - survives) * 1e6).round() as u64;
    Ratio::new(ppm.min(1_000_000), 1_000_000).unwrap_or(Ratio::ONE)
}
