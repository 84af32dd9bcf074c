//! What happens to a WAN: the script.
//!
//! A [`Script`] is a list of instants and happenings. A happening is what a person, a digger or a device does; what follows
//! from it is the simulation's business. Each variant says which table it touches.

use std::time::Duration;

use super::id::{BlockId, End, LinkId, RouterId};
use crate::base::limits::WAN_HAPPENINGS_MAX;
use crate::base::{Ratio, SimTime};

/// What happens, in any order; of several at one instant the first given comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    happenings: Vec<(SimTime, Happening)>,
}

/// What a person, a digger or a device does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A link stops carrying packets. Seen: both ends lose light and drop their adjacency at once. Silent: nobody is told,
    /// and hellos or BFD must miss it.
    LinkDown(LinkId, Seen),
    /// A link carries packets again; if its light was gone it comes back.
    LinkUp(LinkId),
    /// A link's ends get new metrics (index 0 is end A); each router tells so in a new LSP. `None` leaves an end as it is.
    Metric(LinkId, [Option<u32>; 2]),
    /// A router loses power: its links lose light, its tables are gone.
    RouterDown(RouterId),
    /// A router gets power: it boots, finds its neighbours, and fills its tables.
    RouterUp(RouterId),
    /// The routing process of a router ends and starts again after `pause`. Its routes are withdrawn from its own table at
    /// once; killed, it tells nobody, and its neighbours believe in it until its first new hello; told to end, it flushes
    /// its LSP first.
    Restart {
        /// The router.
        router: RouterId,
        /// Between end and start.
        pause: Duration,
        /// Whether it says goodbye.
        ending: Ending,
    },
    /// A router asks the others not to send through it (or no longer): the overload bit of its LSP.
    Overload(RouterId, bool),
    /// A router is re-addressed. What that does is up to its platform: the router itself leaves and comes back, or, with
    /// domain scope, every router purges its database, drops its adjacencies and rebuilds its tables.
    Readdress(RouterId),
    /// The address of one end of a link is removed, and set again after a gap: that end drops the adjacency, the other finds
    /// out by the first new hello. Packets go on passing.
    ReaddressPort(LinkId, End, Duration),
    /// A router loses this share of what crosses it, and no routing protocol notices: a broken line card.
    Stuck(RouterId, Ratio),
    /// An operator replaces or restarts what was stuck.
    Unstuck(RouterId),
    /// A link loses capacity: this share of it remains. What does not fit queues, then drops.
    Capacity(LinkId, Ratio),
    /// A block of prefixes is withdrawn by one of its routers.
    Withdraw(BlockId, RouterId),
    /// It is announced again.
    Announce(BlockId, RouterId),
}

/// Whether the ends of a link are told that it is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Light is lost.
    Carrier,
    /// Light stays.
    Silent,
}

/// How a routing process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Without a word.
    Killed,
    /// After it has told the others that it leaves.
    Flushed,
}

/// A script would have more than [`WAN_HAPPENINGS_MAX`] happenings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {WAN_HAPPENINGS_MAX} happenings")]
pub struct TooManyHappenings;

// === impl Script ===

impl Script {
    /// Nothing happens.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a happening.
    #[must_use]
    pub fn at(mut self, at: SimTime, happening: Happening) -> Self {
        self.happenings.push((at, happening));
        self
    }

    /// A link goes down and up `times` times: down for `down` at the beginning of every `period`.
    #[must_use]
    pub fn flap(self, from: SimTime, link: LinkId, times: u32, down: Duration, period: Duration) -> Self {
        (0..times).fold(self, |script, n| {
            let start = from.plus(period.saturating_mul(n));
            script
                .at(start, Happening::LinkDown(link, Seen::Carrier))
                .at(start.plus(down), Happening::LinkUp(link))
        })
    }

    /// Links go down together: a cut of what they share.
    #[must_use]
    pub fn cut(self, at: SimTime, links: impl IntoIterator<Item = LinkId>) -> Self {
        links.into_iter().fold(self, |script, link| script.at(at, Happening::LinkDown(link, Seen::Carrier)))
    }

    /// The happenings in order of time.
    pub fn in_order(&self) -> Result<Vec<(SimTime, Happening)>, TooManyHappenings> {
        if self.happenings.len() > WAN_HAPPENINGS_MAX {
            return Err(TooManyHappenings);
        }
        let mut ordered = self.happenings.clone();
        ordered.sort_by_key(|(at, _)| *at);
        Ok(ordered)
    }
}
