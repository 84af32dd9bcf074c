//! Shortest paths first: what a router makes of its link-state database, and when.
//!
//! [`shortest_paths`] computes the tree of one root with all equal-cost first hops; [`SpfTimer`] says when a run is due. Both are
//! pure: they know databases and instants, not routers.

mod dijkstra;
mod throttle;

pub(super) use dijkstra::bits;
pub use dijkstra::{LinkState, Overload, Reach, Tree, View, shortest_paths};
pub use throttle::{Growth, Ietf, SpfDelay, SpfTimer, Throttle};
