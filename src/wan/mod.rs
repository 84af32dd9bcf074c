//! Layer 2: the WAN: sporadic failure that emerges from routers recomputing their tables. Pure and seeded.
//!
//! A link fails, and for a while some flows are lost, others loop, others take a detour, each for its own time. None of that
//! is scripted here. A [`Script`] says what a person or a digger does; routers do what link-state routers do; a packet meets
//! what is installed where it comes by:
//!
//! ```text
//! Topology ─┐                                    ┌─ tables of every router ─┐
//! Platforms ├─▶ simulate: detect ▶ tell ▶ flood ▶ │  as functions of time    │ ─▶ walk of a packet ─▶ Timeline<Fate>
//! Script    │            ▶ compute ▶ install      └─ links, routers ─────────┘    by bucket, direction
//! Seed     ─┘
//! ```
//!
//! # The model
//!
//! - **Topology** ([`topology`]): sites with routers, links with delay, metric and shared risks, and blocks of prefixes that
//!   routers announce. A router's table is written prefix by prefix, in the order of the blocks.
//! - **Platform** ([`platform`]): what a kind of router takes for each of its steps. A WAN mixes platforms.
//! - **Control plane** (`sim`): each router has its own link-state database. It loses a neighbour by light, silence or BFD,
//!   makes an LSP (throttled), floods it hop by hop (processed, paced, refused if too young, sent again), waits for its SPF
//!   back-off ([`spf`]), computes from what it knows *then*, and hands the difference to its one writer. BGP sessions outlive
//!   a short storm and come back slowly after a long one.
//! - **Forwarding** ([`walk`]): a packet has its own clock, is forwarded by what is installed when it arrives, and is hashed
//!   among equal next hops by its flow's bucket and the router.
//! - **Result** ([`paths`]): for a pair of sites, per bucket and direction, a `Timeline<Fate>` with exact change instants;
//!   [`Fate::path_state`] makes it the `Timeline<PathState>` that everything else reads.
//!
//! # Laws
//!
//! The tests hold: the same arguments give the same trace, to the byte; the queue runs empty, and once it has, no packet loops
//! and no connected pair is dark; hand-computed networks change at the computed nanosecond; a walk at any instant agrees with
//! the timelines; what a real routing stack was measured to do lies within what the model does (`docs/wan.md`).
//!
//! # What is left out
//!
//! Areas and levels, LANs with a designated router, MPLS and traffic engineering, fast reroute beyond the skipping of dead
//! equal-cost members, contention for a router's processor, LSP refresh and ageing, the size of packets, traffic's own load:
//! congestion is caused by the script. A packet under way on a link that is cut arrives.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use brownout::base::{FlowBucket, Seed, SimTime};
//! use brownout::wan::{Fate, Happening, LinkSpec, Platform, Script, Seen, TopologyBuilder, simulate};
//! use brownout::wan::topology::BlockKind;
//!
//! let frr = Arc::new(Platform::frr_ospf());
//! let mut wan = TopologyBuilder::new();
//! for site in ["london", "paris", "dublin"] {
//!     wan.site(site, None).router(&format!("{site}-1"), site, &frr);
//! }
//! let ms = Duration::from_millis;
//! wan.link("lon-par", "london-1", "paris-1", LinkSpec::new(ms(5), 10));
//! wan.link("lon-dub", "london-1", "dublin-1", LinkSpec::new(ms(6), 10));
//! wan.link("par-dub", "paris-1", "dublin-1", LinkSpec::new(ms(9), 30));
//! let wan = Arc::new(wan.block_for_each_site(1, BlockKind::Internal).build().expect("a sound topology"));
//!
//! let cut = Happening::LinkDown(wan.link("lon-par").expect("it exists"), Seen::Carrier);
//! let script = Script::new().at(SimTime::from_secs(60), cut);
//! let history = simulate(&wan, &script, Seed(1), SimTime::from_secs(120)).expect("a small simulation");
//!
//! let [there, _back] = history.flows(wan.site("london").unwrap(), wan.site("paris").unwrap(), 0).unwrap();
//! let paths = history.paths(&there).expect("few changes");
//! let line = paths.bucket(FlowBucket(7));
//! assert!(line.at(SimTime::from_secs(60)).is_dark());
//! assert!(matches!(line.at(SimTime::from_secs(70)), Fate::Delivered { delay, .. } if *delay > ms(15)));
//! ```

mod fib;
mod history;
mod id;
pub mod paths;
pub mod platform;
mod script;
mod sim;
pub mod spf;
pub mod survey;
pub mod topology;
mod trace;
pub mod walk;
mod why;
mod words;

pub use fib::FibLine;
pub use history::{History, Node, Road};
pub use id::{BlockId, End, LinkId, RouterId, SiteId};
pub use paths::Paths;
pub use platform::{Platform, Spread};
pub use script::{Ending, Happening, Script, Seen, TooManyHappenings};
pub use sim::{SimulationError, simulate};
pub use survey::{Piece, Survey, Wave};
pub use topology::{LinkSpec, Topology, TopologyBuilder, TopologyError};
pub use trace::{Lost, Step, Trace, Transition};
pub use walk::{Fate, Flow, Hop, Reason};

#[cfg(test)]
mod tests;
