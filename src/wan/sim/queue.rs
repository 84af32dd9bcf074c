//! What is going to happen, in order: by time, and by the order of scheduling within one instant.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::router::Lsp;
use crate::base::SimTime;
use crate::wan::id::LinkId;

/// Something that is due. Timers carry the epoch of what they belong to: if it has moved on they are void.
#[derive(Debug)]
pub(super) enum Event {
    /// The script's happening of this number.
    Happens(usize),
    /// A router looks at the light of one of its ports.
    Light { router: usize, slot: usize },
    /// The forwarding plane of a router looks at the light of one of its ports.
    Repairs { router: usize, slot: usize },
    /// Nothing was heard of a neighbour for too long.
    Silence { router: usize, slot: usize, epoch: u32 },
    /// A neighbour's hello does not name this router.
    OneWay { router: usize, slot: usize, epoch: u32 },
    /// An interface gets its address back.
    Addressed { router: usize, slot: usize },
    /// The two ends of a link have synchronised their databases.
    Full { link: LinkId, epoch: u32 },
    /// An end counts its new adjacency as full.
    Loaded { router: usize, epoch: u32 },
    /// A router makes its LSP.
    Originates { router: usize, epoch: u32 },
    /// A port may send its next flooding packet.
    Sends { router: usize, slot: usize },
    /// A flooding packet has been taken in.
    Arrives { router: usize, slot: usize, lsps: Vec<Rc<Lsp>> },
    /// A port looks through what was not acknowledged.
    Scans { router: usize, slot: usize },
    /// An SPF run begins.
    SpfBegins { router: usize, epoch: u32 },
    /// An SPF run has ended.
    SpfEnds { router: usize, epoch: u32 },
    /// The wait after a purge is over.
    Resynced { router: usize, epoch: u32 },
    /// The computation of external routes begins.
    ExternalBegins { router: usize, epoch: u32 },
    /// It has ended, with these next hops of these blocks.
    ExternalEnds { router: usize, epoch: u32, routes: Vec<(usize, u64)> },
    /// Routes are written into the forwarding plane.
    Writes { router: usize, power: u32 },
    /// A rebuild has written its last prefix.
    Rebuilt { router: usize, rebuild: u32 },
    /// A re-addressing command of domain scope arrives.
    Commanded { router: usize, command: usize },
    /// A routing process ends.
    Ends { router: usize },
    /// A routing process starts.
    Starts { router: usize, epoch: u32 },
    /// The other end of a BGP session was unreachable for its hold time.
    SessionTimes { router: usize, speaker: usize, epoch: u32 },
    /// The table of a BGP peer has been taken over.
    SessionLearned { router: usize, speaker: usize, epoch: u32 },
    /// A peer's advertisement of a block (or its withdrawal) has been taken in.
    Advertised { router: usize, block: usize, origin: usize, announced: bool },
}

/// Events in order of `(time, order of scheduling)`.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Due>,
    scheduled: u64,
}

#[derive(Debug)]
struct Due {
    at: SimTime,
    order: u64,
    event: Event,
}

// === impl Queue ===

impl Queue {
    pub(super) fn push(&mut self, at: SimTime, event: Event) {
        self.scheduled += 1;
        self.heap.push(Due { at, order: self.scheduled, event });
    }

    pub(super) fn pop(&mut self) -> Option<(SimTime, Event)> {
        self.heap.pop().map(|due| (due.at, due.event))
    }
}

// === impl Due ===

impl Ord for Due {
    /// Backwards, for the heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Due {}
