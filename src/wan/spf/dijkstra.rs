//! The shortest-path tree of one root, with all equal-cost first hops.
//!
//! The graph is what a link-state database says: each router's own word about its links. A link counts if its far end tells
//! of it too, unless the platform takes one end's word. First hops are a set of the root's ports, as a bit mask: on a tie the
//! sets unite, which is all that equal-cost multipath needs. An overloaded router is reached but not passed through (ISO
//! 10589's overload bit); one that tells the maximum metric is passed through only where nothing else leads (RFC 6987).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::platform::TwoWayCheck;
use super::super::topology::Topology;

/// What a router tells about itself: the content of its LSP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinkState {
    /// Ports with a full adjacency, one bit each.
    pub adjacent: u64,
    /// Ports whose own subnet is up, one bit each. They carry no traffic, but a change of them is a change of the LSP.
    pub stubs: u64,
    /// Metric of each port.
    pub metrics: Vec<u32>,
    /// What it asks of the others.
    pub overload: Overload,
    /// Blocks of prefixes that it no longer announces.
    pub withdrawn: Vec<u32>,
}

/// What a router asks of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overload {
    /// Nothing.
    #[default]
    None,
    /// Not to send through it (the overload bit).
    NoTransit,
    /// To send through it only as the last resort (the maximum metric).
    LastResort,
}

/// A database as a computation sees it.
pub trait View {
    /// What this router tells about itself, if anything is known.
    fn link_state(&self, router: usize) -> Option<&LinkState>;
}

/// How a root reaches one router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Sum of metrics; [`Reach::NONE`] has the greatest number there is.
    pub distance: u64,
    /// Ports of the root that equally short paths start at. None for the root itself.
    pub ports: u64,
}

/// How a root reaches every router.
pub type Tree = Vec<Reach>;

/// The metric of a link of last resort (RFC 6987 `MaxLinkMetric`; IS-IS wide metrics have a greater one for the same use).
const METRIC_LAST_RESORT: u64 = 0xFFFF;

// === impl Reach ===

impl Reach {
    /// Not at all.
    pub const NONE: Self = Self { distance: u64::MAX, ports: 0 };

    /// Whether there is a way.
    pub const fn exists(self) -> bool {
        self.distance != u64::MAX
    }
}

/// The tree of `root` over `view`. `live` are the root's ports with a full adjacency: a root knows its own neighbours better
/// than by its last LSP.
pub fn shortest_paths(
    topology: &Topology,
    view: &impl View,
    root: usize,
    live: u64,
    check: TwoWayCheck,
) -> Tree {
    let mut tree = vec![Reach::NONE; topology.routers().len()];
    tree[root] = Reach { distance: 0, ports: 0 };
    let mut heap = BinaryHeap::from([Reverse((0u64, root))]);
    while let Some(Reverse((distance, at))) = heap.pop() {
        let Some(state) = view.link_state(at).filter(|_| distance == tree[at].distance) else { continue };
        if at != root && state.overload == Overload::NoTransit {
            continue;
        }
        let up = if at == root { live } else { state.adjacent };
        for slot in bits(up) {
            let port = &topology.ports(at)[slot];
            let peer = port.peer.index();
            let Some(told) = view.link_state(peer) else { continue };
            let back = told.adjacent & 1 << port.peer_slot != 0;
            if !back && check == TwoWayCheck::Both {
                continue;
            }
            let metric = match state.overload {
                Overload::LastResort => METRIC_LAST_RESORT,
                _ => u64::from(state.metrics[slot]),
            };
            let ports = if at == root { 1 << slot } else { tree[at].ports };
            let (far, known) = (distance + metric, &mut tree[peer]);
            if far < known.distance {
                *known = Reach { distance: far, ports };
                heap.push(Reverse((far, peer)));
            } else if far == known.distance {
                known.ports |= ports;
            }
        }
    }
    tree
}

/// The set bits of `mask`, from the lowest.
pub(in crate::wan) fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let slot = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (slot < u64::BITS).then_some(slot as usize)
    })
}
