//! What a simulated router holds: its ports, its database, its routes, and what it is busy with.

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::bgp::Session;
use crate::base::{SimTime, Stream};
use crate::wan::platform::Platform;
use crate::wan::spf::{LinkState, SpfTimer, Tree, View};

/// A router's state.
#[derive(Debug)]
pub(super) struct RouterState {
    pub(super) platform: Arc<Platform>,
    /// Draws of the route processor.
    pub(super) stream: Stream,
    pub(super) ports: Vec<PortState>,
    /// Ports that the forwarding plane passes over for want of light, one bit each.
    pub(super) dark: u64,
    pub(super) powered: bool,
    /// Counts losses of power: what the forwarding plane was going to do is void then.
    pub(super) power: u32,
    pub(super) running: bool,
    /// Counts starts of the routing process and purges: timers of an older one are void.
    pub(super) epoch: u32,
    pub(super) origin: Origin,
    pub(super) database: Database,
    pub(super) spf: SpfTimer,
    /// Before this no routes are computed.
    pub(super) resync_until: SimTime,
    /// The run under way: when it ends, and what it will have found.
    pub(super) computing: Option<(SimTime, Rc<Tree>)>,
    pub(super) tree: Rc<Tree>,
    /// When an external calculation is due, if one is.
    pub(super) external_due: Option<SimTime>,
    /// The routes that were last handed to the forwarding plane: next hops of every block.
    pub(super) routes: Vec<u64>,
    pub(super) writer: Writer,
    /// Sessions with every router that originates BGP blocks.
    pub(super) sessions: Vec<Session>,
    /// Origins of BGP blocks that this router knows to have withdrawn: `(block, origin)`.
    pub(super) withdrawn: Vec<(usize, usize)>,
    /// The last re-addressing command that it took part in.
    pub(super) commanded: Option<usize>,
    /// When its process last woke up for a packet.
    pub(super) wake: Wake,
}

/// A process that wakes up for a packet: what arrives before it runs (half of the time that the packet takes) it finds with it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wake {
    pub(super) from: SimTime,
    pub(super) until: SimTime,
    pub(super) taken_in: SimTime,
}

/// A router as the author of its LSP.
#[derive(Debug, Default)]
pub(super) struct Origin {
    pub(super) sequence: u32,
    pub(super) last: Option<SimTime>,
    pub(super) due: Option<SimTime>,
    /// When the process started; none: long ago.
    pub(super) started: Option<SimTime>,
    /// An operator asked for the overload bit.
    pub(super) overload: bool,
    /// Blocks that it no longer announces.
    pub(super) withdrawn: Vec<u32>,
}

/// The forwarding plane's writer.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// Blocks whose routes have changed since it last began.
    pub(super) pending: Vec<usize>,
    /// When it begins next, if it is going to.
    pub(super) due: Option<SimTime>,
    /// Until when it writes.
    pub(super) free: SimTime,
    pub(super) rebuild: Option<Rebuild>,
    /// Counts rebuilds, resumptions included.
    pub(super) rebuilds: u32,
    /// Those of them that a BGP peer's table brings, prefix by prefix.
    pub(super) learned: Vec<usize>,
}

/// A whole table being written anew.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rebuild {
    /// Prefixes of the table written before `from`.
    pub(super) done: u64,
    /// When it was (or is) resumed; none while it is stopped.
    pub(super) from: Option<SimTime>,
    /// Whether there are routes to write.
    pub(super) ready: bool,
    pub(super) each: Duration,
}

/// A router's end of a link.
#[derive(Debug)]
pub(super) struct PortState {
    /// Draws of this end of the link.
    pub(super) stream: Stream,
    pub(super) metric: u32,
    /// Whether the process knows its light to be on.
    pub(super) light: bool,
    /// Whether its interface has an address.
    pub(super) addressed: bool,
    pub(super) full: bool,
    /// Counts changes of the adjacency: timers of an older one are void.
    pub(super) epoch: u32,
    /// An instant of a hello, in nanoseconds; the others are whole intervals from it.
    pub(super) hello: i128,
    /// Likewise of a look at what was not acknowledged.
    pub(super) scan: i128,
    /// Origins whose LSPs wait to be sent.
    pub(super) outbox: Vec<u32>,
    /// When it sends next; none: nothing waits.
    pub(super) send_due: Option<SimTime>,
    /// Before this it may not.
    pub(super) next_send: SimTime,
    /// Origins whose LSPs were sent and not acknowledged.
    pub(super) unacknowledged: Vec<u32>,
    /// When it looks through them; none: there are none.
    pub(super) scan_due: Option<SimTime>,
}

/// A router's word about itself.
#[derive(Debug)]
pub(super) struct Lsp {
    pub(super) origin: usize,
    pub(super) sequence: u32,
    pub(super) state: LinkState,
    /// Of origin and state: what a computation depends on.
    pub(super) digest: u64,
}

/// The link-state database.
#[derive(Debug)]
pub(super) struct Database {
    entries: Vec<Option<Entry>>,
    /// Of all that is in it.
    digest: u64,
}

/// An LSP and since when it is held.
#[derive(Debug)]
struct Entry {
    lsp: Rc<Lsp>,
    /// None: long before the simulation began.
    installed: Option<SimTime>,
}

// === impl RouterState ===

impl RouterState {
    /// The ports with a full adjacency.
    pub(super) fn live(&self) -> u64 {
        mask(self.ports.iter().map(|port| port.full))
    }

    /// The ports whose own subnet is up.
    pub(super) fn stubs(&self) -> u64 {
        mask(self.ports.iter().map(|port| port.light && port.addressed))
    }
}

fn mask(ports: impl Iterator<Item = bool>) -> u64 {
    ports.enumerate().fold(0, |mask, (slot, set)| mask | u64::from(set) << slot)
}

// === impl PortState ===

impl PortState {
    /// The first hello at or after `t`.
    pub(super) fn hello_at(&self, t: SimTime, interval: Duration) -> SimTime {
        first_tick(self.hello, interval, t)
    }

    /// The last hello before `t`, in nanoseconds: it may lie before the beginning.
    pub(super) fn hello_before(&self, t: SimTime, interval: Duration) -> i128 {
        i128::from(first_tick(self.hello, interval, t).as_nanos()) - nanos(interval)
    }

    /// The first look at what was not acknowledged, after `t`.
    pub(super) fn scan_after(&self, t: SimTime, interval: Duration) -> SimTime {
        first_tick(self.scan, interval, t.plus(Duration::from_nanos(1)))
    }

    /// Forgets what it was going to send.
    pub(super) fn silence(&mut self) {
        self.outbox.clear();
        self.unacknowledged.clear();
    }
}

/// The first instant at or after `t` that lies whole intervals from `base`.
fn first_tick(base: i128, interval: Duration, t: SimTime) -> SimTime {
    let interval = nanos(interval).max(1);
    let behind = (i128::from(t.as_nanos()) - base).rem_euclid(interval);
    let wait = if behind == 0 { 0 } else { interval - behind };
    t.plus(Duration::from_nanos(wait as u64))
}

/// A duration in nanoseconds; none is longer than 584 years here.
pub(super) fn nanos(duration: Duration) -> i128 {
    i128::from(duration.as_nanos() as u64)
}

// === impl Lsp ===

impl Lsp {
    pub(super) fn new(origin: usize, sequence: u32, state: LinkState) -> Self {
        let mut digest = Digest::new();
        digest.word(origin as u64);
        digest.word(state.adjacent);
        digest.word(state.stubs);
        digest.word(state.overload as u64);
        state.metrics.iter().chain(&state.withdrawn).for_each(|n| digest.word(u64::from(*n)));
        Self { origin, sequence, digest: digest.0, state }
    }
}

/// A hash of words: multiply and fold. Not against adversaries: databases are ours.
struct Digest(u64);

impl Digest {
    const fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        self.0 = mixed ^ mixed >> 32;
    }
}

// === impl Database ===

impl Database {
    /// One that knows nothing of this many routers.
    pub(super) fn new(routers: usize) -> Self {
        Self { entries: (0..routers).map(|_| None).collect(), digest: 0 }
    }

    /// Two databases with the same digest hold the same.
    pub(super) const fn digest(&self) -> u64 {
        self.digest
    }

    pub(super) fn get(&self, origin: usize) -> Option<&Rc<Lsp>> {
        self.entries[origin].as_ref().map(|entry| &entry.lsp)
    }

    pub(super) fn sequence(&self, origin: usize) -> u32 {
        self.get(origin).map_or(0, |lsp| lsp.sequence)
    }

    /// Whether the LSP of `origin` has been held for so long.
    pub(super) fn settled(&self, origin: usize, age: Duration, now: SimTime) -> bool {
        let installed = self.entries[origin].as_ref().and_then(|entry| entry.installed);
        installed.is_none_or(|at| now >= at.plus(age))
    }

    /// Takes an LSP in; says whether that changes what a computation sees.
    pub(super) fn install(&mut self, lsp: Rc<Lsp>, now: Option<SimTime>) -> bool {
        let before = self.get(lsp.origin).map(|old| old.digest);
        let changed = before != Some(lsp.digest);
        self.digest = self.digest.wrapping_sub(before.unwrap_or(0)).wrapping_add(lsp.digest);
        let origin = lsp.origin;
        self.entries[origin] = Some(Entry { lsp, installed: now });
        changed
    }

    pub(super) fn clear(&mut self) {
        self.entries.iter_mut().for_each(|entry| *entry = None);
        self.digest = 0;
    }

    /// The routers whose LSPs are held.
    pub(super) fn origins(&self) -> Range<usize> {
        0..self.entries.len()
    }
}

impl View for Database {
    fn link_state(&self, router: usize) -> Option<&LinkState> {
        self.get(router).map(|lsp| &lsp.state)
    }
}
