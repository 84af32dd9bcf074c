//! `Platform`: how long a kind of router takes for what it does.
//!
//! Everything a platform says is a mechanism of the router with its number: nothing here is an outcome. Durations that vary
//! from one time to the next are a [`Spread`], drawn from the router's own stream. The built-in platforms and the sources of
//! their numbers are in `builtin`.

mod builtin;

use std::time::Duration;

use super::spf::SpfDelay;
use crate::base::Stream;

/// A duration that is drawn anew each time, uniformly between its ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// The least.
    pub min: Duration,
    /// The most.
    pub max: Duration,
}

/// A kind of router: its timers, rates and habits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// What people call it.
    pub name: String,
    /// How it finds and loses its neighbours.
    pub adjacency: Adjacency,
    /// How it tells of its own links.
    pub origination: Origination,
    /// How it passes on what others tell.
    pub flooding: Flooding,
    /// How it computes.
    pub spf: Spf,
    /// How what it computed reaches the forwarding plane.
    pub fib: Fib,
    /// How it forwards.
    pub forwarding: Forwarding,
    /// What a re-addressing command makes of it.
    pub readdress: Readdress,
    /// Its BGP speaker.
    pub bgp: Bgp,
    /// How it starts.
    pub start: Start,
}

/// How a router finds and loses its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjacency {
    /// From a loss of light (or its return) to the routing process knowing it.
    pub carrier: Spread,
    /// Time between two hellos.
    pub hello: Duration,
    /// Without a hello for so long the neighbour is gone (OSPF: dead interval; IS-IS: hold time).
    pub hold: Duration,
    /// How far the hellos of a link's two ends are apart. They start together when the link comes up; jitter (IS-IS asks
    /// for it) lets them drift.
    pub drift: Spread,
    /// BFD, if it runs.
    pub bfd: Option<Bfd>,
    /// What makes the second hello of a handshake.
    pub handshake: Handshake,
    /// What hellos need besides the link.
    pub hellos_need: HellosNeed,
    /// From a two-way adjacency to synchronised databases, on top of four trips over the link.
    pub exchange: Spread,
    /// From there to each end counting the adjacency as full, and telling so.
    pub loading: Spread,
}

/// Bidirectional forwarding detection (RFC 5880): packets go out 75 % to 100 % of an interval apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bfd {
    /// The interval.
    pub interval: Duration,
    /// How many intervals without a packet mean that the path is gone.
    pub multiplier: u32,
}

/// What a router does when it hears a new neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// Names it in its next hello (OSPF).
    Scheduled,
    /// Answers with a hello of its own after so long (IS-IS, RFC 5303).
    Triggered(Spread),
}

/// What hellos need besides the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HellosNeed {
    /// An address at each end: OSPF runs over IP.
    Addresses,
    /// Nothing: IS-IS runs beside IP.
    Nothing,
}

/// How a router tells of its own links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origination {
    /// From a change of its own links to the LSP that tells it.
    pub delay: Spread,
    /// Least time between two of its LSPs.
    pub interval: Duration,
    /// The same, for the time after a start.
    pub interval_at_start: Duration,
}

/// How a router passes on what others tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flooding {
    /// From a packet's arrival to its LSPs being in the database and on their way to the neighbours. What arrives in the first
    /// half of it is taken in with it: the process wakes up once, and looks for more before it works.
    pub process: Spread,
    /// Least time between two flooding packets on one link.
    pub pacing: Duration,
    /// LSPs in one flooding packet.
    pub batch: u32,
    /// A newer LSP is refused for so long after the last one of its origin (OSPF's `MinLSArrival`).
    pub min_arrival: Duration,
    /// The sender looks through what was not acknowledged once in this time, and passes over what is younger than it.
    pub retransmit: Duration,
}

/// How a router computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spf {
    /// When a run is due.
    pub delay: SpfDelay,
    /// A run takes so long.
    pub run: Spread,
    /// And so much for every router in the database.
    pub run_per_router: Duration,
    /// Whether a link counts only if both its ends tell of it.
    pub two_way_check: TwoWayCheck,
}

/// Whether a link counts only if both its ends tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwoWayCheck {
    /// As the standards ask (RFC 2328, 16.1 (2b); ISO 10589, C.2.5).
    Both,
    /// One end is enough: what `FRRouting`'s isisd was seen to do.
    OneEnd,
}

/// How what a router computed reaches its forwarding plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fib {
    /// Route calculation after the SPF, for every prefix.
    pub calculate_per_prefix: Spread,
    /// From the first change to the beginning of the writing; more may come in meanwhile.
    pub hold: Duration,
    /// Until the first entry is written, after the hold.
    pub first: Spread,
    /// Writing one prefix.
    pub write_per_prefix: Spread,
    /// External prefixes are computed so long after the SPF (ospfd: 1 s).
    pub external_delay: Duration,
}

/// How a router forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// From a packet's arrival to its departure.
    pub hop: Duration,
    /// The most equal next hops.
    pub ecmp_max: u32,
    /// What becomes of a next hop whose link is known to be down, before the FIB changes.
    pub dead_members: DeadMembers,
}

/// What a forwarding plane does with an equal-cost next hop whose link has lost its light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadMembers {
    /// Goes on sending to it, until the FIB is written anew.
    Used,
    /// Sends to the others, if there are any, as soon as the forwarding plane itself has missed the light.
    Skipped(Spread),
}

/// What a re-addressing command does on this platform (2023-01-25: one command, different effects on different devices).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readdress {
    /// How far the command reaches.
    pub scope: Scope,
    /// What the router forwards by while it rebuilds.
    pub meanwhile: Meanwhile,
    /// After its purge the router waits so long before it computes routes.
    pub resync: Duration,
    /// Rebuilding one prefix: every one of them is validated, advertised and written anew.
    pub rebuild_per_prefix: Spread,
    /// What the router asks of the others while it rebuilds.
    pub transit: Transit,
}

/// How far a re-addressing command reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The router that it was typed on: it leaves the network under its old name and comes back under a new one.
    Local,
    /// Every router of the IGP: each purges its database, drops its adjacencies and rebuilds its tables.
    Domain,
}

/// What a router forwards by while it rebuilds its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// By the old tables, prefix by prefix replaced (non-stop forwarding).
    OldTables,
    /// By nothing: they are cleared first.
    NoTables,
}

/// What a router asks of the others while it rebuilds its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transit {
    /// Nothing: it attracts traffic that it can't forward yet.
    Attracted,
    /// To be the last resort: it tells the maximum metric for its links (RFC 6987).
    LastResort,
}

/// A BGP speaker's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bgp {
    /// Hold time of a session (RFC 4271: 90 s).
    pub hold: Duration,
    /// From a peer being reachable again to the session.
    pub connect: Spread,
    /// Least time between two advertisements (RFC 4271: 5 s inside, 30 s outside).
    pub mrai: Duration,
    /// Taking over one prefix of a peer's table.
    pub learn_per_prefix: Duration,
}

/// How a router starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// From the last word of a routing process that was told to end to its end.
    pub farewell: Spread,
    /// From the start of the routing process to its first hello.
    pub process: Spread,
    /// From power-on to the start of the routing process.
    pub boot: Spread,
}

// === impl Spread ===

impl Spread {
    /// Always the same.
    pub const fn fixed(duration: Duration) -> Self {
        Self { min: duration, max: duration }
    }

    /// Between `min` and `max` microseconds.
    pub const fn micros(min: u64, max: u64) -> Self {
        Self { min: Duration::from_micros(min), max: Duration::from_micros(max) }
    }

    /// Between `min` and `max` milliseconds.
    pub const fn millis(min: u64, max: u64) -> Self {
        Self { min: Duration::from_millis(min), max: Duration::from_millis(max) }
    }

    /// The next value: one word of `stream`, none if there is nothing to draw.
    pub fn draw(self, stream: &mut Stream) -> Duration {
        let width = self.max.saturating_sub(self.min).as_nanos() as u64;
        if width == 0 {
            return self.min;
        }
        self.min + Duration::from_nanos(stream.below(width + 1))
    }
}
