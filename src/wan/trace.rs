//! The trace: what every router did, step by step.
//!
//! One [`Transition`] per step, in order of time. The text of a trace is part of what a seed repeats, to the byte.

use std::fmt;

use super::id::{LinkId, RouterId};
use super::topology::Topology;
use crate::base::SimTime;
use crate::base::limits::WAN_TRACE_MAX;

/// What routers did, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    transitions: Vec<Transition>,
    left_out: u64,
}

/// A step of a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When.
    pub at: SimTime,
    /// Whose.
    pub router: RouterId,
    /// What.
    pub step: Step,
}

/// What a router does or notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A link of it has lost its light.
    LightOff(LinkId),
    /// Light is back.
    LightOn(LinkId),
    /// It has lost a neighbour.
    NeighbourLost(LinkId, Lost),
    /// It has found one: their databases agree.
    NeighbourFound(LinkId),
    /// It makes an LSP with this sequence number.
    Tells(u32),
    /// It refuses a newer LSP of this router, for it holds one that is too young.
    Refuses(RouterId),
    /// It begins an SPF run.
    Computes,
    /// It has computed, and so many blocks have new routes.
    Computed(usize),
    /// It begins to write the routes of so many blocks, which takes until then.
    Writes {
        /// How many.
        blocks: usize,
        /// Until when.
        until: SimTime,
    },
    /// It empties its database and drops its neighbours.
    Purges,
    /// Its table is whole again.
    Rebuilt,
    /// Its routing process ends.
    ProcessEnds,
    /// Its routing process starts.
    ProcessStarts,
    /// A BGP session of it is gone.
    SessionLost(RouterId),
    /// It is back.
    SessionFound(RouterId),
}

/// Why a neighbour is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// No light.
    Light,
    /// Nothing was heard for the hold time, or by BFD.
    Silence,
    /// Its hello does not name us any more.
    OneWay,
    /// Our own address is gone.
    Address,
    /// Our own process has forgotten it.
    Forgotten,
}

/// A trace with the names of its topology.
struct Named<'t> {
    trace: &'t Trace,
    topology: &'t Topology,
}

// === impl Trace ===

impl Trace {
    pub(super) fn push(&mut self, at: SimTime, router: RouterId, step: Step) {
        if self.transitions.len() < WAN_TRACE_MAX {
            self.transitions.push(Transition { at, router, step });
        } else {
            self.left_out += 1;
        }
    }

    /// The steps, in order of time.
    pub fn transitions(&self) -> &[Transition] {
        &self.transitions
    }

    /// How many steps there were beyond [`WAN_TRACE_MAX`].
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The trace as text, a line a step.
    pub fn named<'t>(&'t self, topology: &'t Topology) -> impl fmt::Display + 't {
        Named { trace: self, topology }
    }
}

// === impl Named ===

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routers = self.topology.routers();
        let width = routers.iter().map(|router| router.name.len()).max().unwrap_or(0);
        for Transition { at, router, step } in &self.trace.transitions {
            let seconds = at.as_nanos() / 1_000_000_000;
            let micros = at.as_nanos() % 1_000_000_000 / 1_000;
            let name = &routers[router.index()].name;
            write!(f, "{seconds:>6}.{micros:06}  {name:<width$}  ")?;
            writeln!(f, "{} {}", step.sign(), step.words(self.topology))?;
        }
        if self.trace.left_out > 0 {
            writeln!(f, "and {} steps more", self.trace.left_out)?;
        }
        Ok(())
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Light => "no light",
            Self::Silence => "silence",
            Self::OneWay => "it has forgotten us",
            Self::Address => "no address",
            Self::Forgotten => "we have forgotten it",
        })
    }
}
