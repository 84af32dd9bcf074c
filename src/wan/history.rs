//! `History`: all that a simulation leaves behind: who forwarded what where, when.
//!
//! It holds each router's installed tables, and the state of each link and router, as functions of time. What a packet meets
//! on its way follows from these alone (see [`walk`](super::walk)); the control plane is no longer needed.

use std::sync::Arc;

use super::fib::FibLine;
use super::id::End;
use super::id::{BlockId, LinkId, RouterId};
use super::script::Happening;
use super::topology::Topology;
use super::trace::Trace;
use crate::base::{Ratio, SimTime, Timeline};
use std::time::Duration;

/// What a simulation leaves behind.
#[derive(Clone, Debug)]
pub struct History {
    topology: Arc<Topology>,
    lines: Vec<Vec<FibLine>>,
    roads: Vec<[Timeline<Road>; 2]>,
    nodes: Vec<Timeline<Node>>,
    salts: Vec<u32>,
    script: Vec<(SimTime, Happening)>,
    trace: Trace,
    events: u64,
}

/// What one direction of a link does to packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Road {
    /// Whether it carries them.
    pub passes: bool,
    /// Whether the router before it knows that there is no light.
    pub known_dark: bool,
    /// How long they wait before it.
    pub delay: Duration,
    /// The share that finds the queue full.
    pub loss: Ratio,
}

/// What a router does to packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Whether it forwards at all.
    pub forwards: bool,
    /// The share that a broken part of it loses.
    pub loss: Ratio,
}

/// What a simulation has written down.
pub(super) struct Records {
    pub(super) lines: Vec<Vec<FibLine>>,
    pub(super) roads: Vec<[Vec<(SimTime, Road)>; 2]>,
    pub(super) nodes: Vec<Vec<(SimTime, Node)>>,
    pub(super) salts: Vec<u32>,
    pub(super) script: Vec<(SimTime, Happening)>,
    pub(super) trace: Trace,
    pub(super) events: u64,
}

// === impl History ===

impl History {
    pub(super) fn new(topology: Arc<Topology>, records: Records) -> Self {
        Self {
            topology,
            lines: records.lines,
            roads: records
                .roads
                .into_iter()
                .map(|ends| ends.map(|notes| timeline(Road::CLEAR, notes)))
                .collect(),
            nodes: records.nodes.into_iter().map(|notes| timeline(Node::WHOLE, notes)).collect(),
            salts: records.salts,
            script: records.script,
            trace: records.trace,
            events: records.events,
        }
    }

    /// The WAN that it happened to.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// How a router forwarded to a block.
    pub fn line(&self, router: RouterId, block: BlockId) -> &FibLine {
        &self.lines[router.index()][block.index()]
    }

    /// What a link did to packets that entered it at `end`.
    pub fn road(&self, link: LinkId, end: End) -> &Timeline<Road> {
        &self.roads[link.index()][end.index()]
    }

    /// What a router did to packets.
    pub fn node(&self, router: RouterId) -> &Timeline<Node> {
        &self.nodes[router.index()]
    }

    /// What happened to it, in order of time.
    pub fn script(&self) -> &[(SimTime, Happening)] {
        &self.script
    }

    /// What every router did, step by step.
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// How many events the simulation took.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// What keeps a router's hash apart from those of others.
    pub(super) fn salt(&self, router: usize) -> u32 {
        self.salts[router]
    }
}

// === impl Road ===

impl Road {
    /// A link that carries all packets at once.
    pub const CLEAR: Self =
        Self { passes: true, known_dark: false, delay: Duration::ZERO, loss: Ratio::ZERO };
}

// === impl Node ===

impl Node {
    /// A router that forwards all packets.
    pub const WHOLE: Self = Self { forwards: true, loss: Ratio::ZERO };
}

fn timeline<T: Clone + PartialEq>(first: T, notes: Vec<(SimTime, T)>) -> Timeline<T> {
    Timeline::new(first, notes).expect("a script is too short to change one link or router so often")
}
