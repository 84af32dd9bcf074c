//! What happens, and what routers do, in words: with the names of a topology.

use std::fmt;

use super::id::{BlockId, LinkId, RouterId};
use super::script::{Ending, Happening, Seen};
use super::topology::Topology;
use super::trace::Step;
use crate::base::format_duration;

/// A step or a happening with the names of a topology.
struct Words<'t, T> {
    what: &'t T,
    topology: &'t Topology,
}

// === impl Step ===

impl Step {
    /// One character for it. What is lost has a `✗`, what is back a `✓`.
    pub const fn sign(self) -> char {
        match self {
            Self::LightOff(_) => '▼',
            Self::LightOn(_) => '▲',
            Self::NeighbourLost(..) | Self::ProcessEnds | Self::SessionLost(_) => '✗',
            Self::NeighbourFound(_) | Self::ProcessStarts | Self::SessionFound(_) => '✓',
            Self::Tells(_) => '»',
            Self::Refuses(_) => '!',
            Self::Computes => '◌',
            Self::Computed(_) => '●',
            Self::Writes { .. } => '═',
            Self::Purges => '∅',
            Self::Rebuilt => '■',
        }
    }

    /// What the router does.
    pub fn words<'t>(&'t self, topology: &'t Topology) -> impl fmt::Display + 't {
        Words { what: self, topology }
    }
}

// === impl Happening ===

impl Happening {
    /// What happens.
    pub fn words<'t>(&'t self, topology: &'t Topology) -> impl fmt::Display + 't {
        Words { what: self, topology }
    }
}

// === impl Words ===

impl<T> Words<'_, T> {
    fn link(&self, id: LinkId) -> &str {
        &self.topology.links()[id.index()].name
    }

    fn router(&self, id: RouterId) -> &str {
        &self.topology.routers()[id.index()].name
    }

    fn block(&self, id: BlockId) -> &str {
        &self.topology.blocks()[id.index()].name
    }
}

impl fmt::Display for Words<'_, Step> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self.what {
            Step::LightOff(id) => write!(f, "light lost on {}", self.link(id)),
            Step::LightOn(id) => write!(f, "light back on {}", self.link(id)),
            Step::NeighbourLost(id, why) => write!(f, "neighbour lost on {} ({why})", self.link(id)),
            Step::NeighbourFound(id) => write!(f, "neighbour full on {}", self.link(id)),
            Step::Tells(sequence) => write!(f, "tells its links (#{sequence})"),
            Step::Refuses(id) => {
                write!(f, "refuses the news of {}: too soon after the last", self.router(id))
            }
            Step::Computes => f.write_str("computes"),
            Step::Computed(1) => f.write_str("has computed: 1 route changes"),
            Step::Computed(changed) => write!(f, "has computed: {changed} routes change"),
            Step::Writes { blocks, until } => write!(f, "writes {blocks} routes until {until}"),
            Step::Purges => f.write_str("purges its database"),
            Step::Rebuilt => f.write_str("table whole again"),
            Step::ProcessEnds => f.write_str("process ends"),
            Step::ProcessStarts => f.write_str("process starts"),
            Step::SessionLost(id) => write!(f, "session lost with {}", self.router(id)),
            Step::SessionFound(id) => write!(f, "session back with {}", self.router(id)),
        }
    }
}

impl fmt::Display for Words<'_, Happening> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self.what {
            Happening::LinkDown(link, Seen::Carrier) => write!(f, "{} goes down", self.link(link)),
            Happening::LinkDown(link, Seen::Silent) => write!(f, "{} goes down silently", self.link(link)),
            Happening::LinkUp(link) => write!(f, "{} comes up", self.link(link)),
            Happening::Metric(link, _) => write!(f, "{} gets another metric", self.link(link)),
            Happening::RouterDown(router) => write!(f, "{} loses power", self.router(router)),
            Happening::RouterUp(router) => write!(f, "{} gets power", self.router(router)),
            Happening::Restart { router, pause, ending } => {
                let how = match ending {
                    Ending::Killed => "is killed",
                    Ending::Flushed => "says goodbye and ends",
                };
                let pause = format_duration(pause);
                write!(f, "the routing process of {} {how}, and starts after {pause}", self.router(router))
            }
            Happening::Overload(router, true) => write!(f, "{} sets its overload bit", self.router(router)),
            Happening::Overload(router, false) => {
                write!(f, "{} clears its overload bit", self.router(router))
            }
            Happening::Readdress(router) => write!(f, "{} is re-addressed", self.router(router)),
            Happening::ReaddressPort(link, end, gap) => {
                let near = self.topology.links()[link.index()].ends[end.index()];
                let gap = format_duration(gap);
                write!(f, "{} is re-addressed on {} within {gap}", self.router(near), self.link(link))
            }
            Happening::Stuck(router, loss) => write!(f, "{} is stuck and loses {loss}", self.router(router)),
            Happening::Unstuck(router) => write!(f, "{} is mended", self.router(router)),
            Happening::Capacity(link, share) => {
                write!(f, "{} keeps {share} of its capacity", self.link(link))
            }
            Happening::Withdraw(block, router) => {
                write!(f, "{} withdraws {}", self.router(router), self.block(block))
            }
            Happening::Announce(block, router) => {
                write!(f, "{} announces {} again", self.router(router), self.block(block))
            }
        }
    }
}
