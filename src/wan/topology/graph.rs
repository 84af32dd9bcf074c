//! The WAN's graph, checked: sites, routers, links, blocks of prefixes.
//!
//! A [`Topology`] is made by [`TopologyBuilder`](super::TopologyBuilder) and never changes: what fails later is state of a
//! simulation. Whatever holds one may rely on it: every id leads somewhere, every link joins two routers, every metric is at
//! least 1, the graph is connected, and no router has more than 64 ports (so a set of ports is one word).

use std::sync::Arc;
use std::time::Duration;

use super::super::id::{BlockId, End, LinkId, RouterId, SiteId};
use super::super::platform::Platform;
use crate::base::Ratio;

/// A checked WAN.
#[derive(Clone, Debug)]
pub struct Topology {
    pub(super) sites: Vec<Site>,
    pub(super) routers: Vec<Router>,
    pub(super) links: Vec<Link>,
    pub(super) blocks: Vec<Block>,
    pub(super) ports: Vec<Vec<Port>>,
    pub(super) edges: Vec<Vec<RouterId>>,
}

/// A place that traffic enters and leaves at.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Where it is, if that is known.
    pub place: Option<Place>,
}

/// A point on the earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
}

/// A router of a site.
#[derive(Clone, Debug, PartialEq)]
pub struct Router {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub site: SiteId,
    /// What it is.
    pub platform: Arc<Platform>,
}

/// A link between two routers.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// The routers that it joins.
    pub ends: [RouterId; 2],
    /// The IGP metric that each end gives to it.
    pub metrics: [u32; 2],
    /// One-way propagation.
    pub delay: Duration,
    /// What it shares its fate with: ducts, cables, buildings.
    pub risks: Vec<String>,
    /// How full it is when nothing has failed.
    pub load: Ratio,
    /// How long a packet waits at most in the queue before it.
    pub buffer: Duration,
}

/// Prefixes that are announced together and stand together in every router's table.
///
/// Blocks stand in the table in the order of their ids; a router that writes its table writes them in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Its name.
    pub name: String,
    /// The site that its addresses are at.
    pub site: SiteId,
    /// The routers that announce it.
    pub origins: Vec<RouterId>,
    /// How many prefixes it has.
    pub prefixes: u32,
    /// How routers learn of it.
    pub kind: BlockKind,
}

/// How routers learn of a block of prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// The IGP tells it with the topology.
    Internal,
    /// Redistributed into the IGP: computed after the internal ones.
    External,
    /// BGP tells it, in sessions that every router holds with its origins; the IGP only leads there. A change of the way to
    /// an origin rewrites one next hop that all prefixes share.
    Bgp,
}

/// A router's end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// The link.
    pub link: LinkId,
    /// Which end of it.
    pub end: End,
    /// The router at the other end.
    pub peer: RouterId,
    /// Which of the other router's ports that is.
    pub peer_slot: usize,
}

// === impl Topology ===

impl Topology {
    /// The sites.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The routers.
    pub fn routers(&self) -> &[Router] {
        &self.routers
    }

    /// The links.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The blocks of prefixes, in table order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The ports of a router; a port's place is its bit in a set of ports.
    pub fn ports(&self, router: usize) -> &[Port] {
        &self.ports[router]
    }

    /// The routers that a site's traffic enters the WAN through.
    pub fn edges(&self, site: SiteId) -> &[RouterId] {
        &self.edges[site.index()]
    }

    /// The site of this name.
    pub fn site(&self, name: &str) -> Option<SiteId> {
        position(self.sites.iter().map(|s| &*s.name), name).map(SiteId)
    }

    /// The router of this name.
    pub fn router(&self, name: &str) -> Option<RouterId> {
        position(self.routers.iter().map(|r| &*r.name), name).map(RouterId)
    }

    /// The link of this name.
    pub fn link(&self, name: &str) -> Option<LinkId> {
        position(self.links.iter().map(|l| &*l.name), name).map(LinkId)
    }

    /// The block of this name.
    pub fn block(&self, name: &str) -> Option<BlockId> {
        position(self.blocks.iter().map(|b| &*b.name), name).map(BlockId)
    }

    /// The first block that has addresses at `site`.
    pub fn block_of(&self, site: SiteId) -> Option<BlockId> {
        self.blocks.iter().position(|block| block.site == site).map(|at| BlockId(at as u32))
    }

    /// The links that share a risk.
    pub fn sharing<'t>(&'t self, risk: &'t str) -> impl Iterator<Item = LinkId> + 't {
        let links = self.links.iter().enumerate();
        links.filter(move |(_, link)| link.risks.iter().any(|r| r == risk)).map(|(at, _)| LinkId(at as u32))
    }

    /// The port that `end` of `link` is, as a router and its slot.
    pub fn port_of(&self, link: LinkId, end: End) -> (usize, usize) {
        let near = self.links[link.index()].ends[end.index()].index();
        let slot = self.ports[near].iter().position(|port| port.link == link && port.end == end);
        (near, slot.expect("every link end is a port of its router"))
    }

    /// The same WAN, in which `platform` says of some routers what they are.
    #[must_use]
    pub fn on_platforms(mut self, platform: impl Fn(&Site, &Router) -> Option<Arc<Platform>>) -> Self {
        for router in &mut self.routers {
            if let Some(platform) = platform(&self.sites[router.site.index()], router) {
                router.platform = platform;
            }
        }
        self
    }

    /// Prefixes in the whole table.
    pub fn prefixes(&self) -> u64 {
        self.blocks.iter().map(|block| u64::from(block.prefixes)).sum()
    }
}

// === impl Place ===

impl Place {
    /// Great-circle distance in kilometres (haversine, mean earth radius 6,371 km).
    pub fn distance_km(self, other: Self) -> f64 {
        let (lat_a, lat_b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let h = half(other.latitude - self.latitude)
            + lat_a.cos() * lat_b.cos() * half(other.longitude - self.longitude);
        2.0 * 6_371.0 * h.sqrt().min(1.0).asin()
    }

    /// One-way delay of a fibre that follows the great circle, at 200 km per millisecond, times `detour`: real paths are
    /// some 1.7 times as long (median of 700 pairs of cloud regions; a tenth are below 1.3, a tenth above 2.5).
    pub fn fibre_delay(self, other: Self, detour: f64) -> Duration {
        Duration::from_secs_f64(self.distance_km(other) * detour / 200_000.0)
    }
}

fn position<'n>(mut names: impl Iterator<Item = &'n str>, name: &str) -> Option<u32> {
    names.position(|n| n == name).map(|at| at as u32)
}
