//! `TopologyBuilder`: from a description to a checked [`Topology`], or all of its mistakes at once.

use std::sync::Arc;
use std::time::Duration;

use indexmap::{IndexMap, IndexSet};

use super::graph::{Block, BlockKind, Link, Place, Port, Router, Site, Topology};
use crate::base::Ratio;
use crate::base::limits::{
    WAN_BLOCKS_MAX, WAN_LINK_DELAY_MAX, WAN_LINKS_MAX, WAN_PORTS_MAX, WAN_PREFIXES_MAX, WAN_ROUTERS_MAX,
};
use crate::wan::id::{BlockId, End, LinkId, RouterId, SiteId};
use crate::wan::platform::Platform;

/// A topology being described.
#[derive(Clone, Debug, Default)]
pub struct TopologyBuilder {
    sites: IndexMap<String, Site>,
    routers: IndexMap<String, Router>,
    links: IndexMap<String, Link>,
    blocks: IndexMap<String, Block>,
    mistakes: Vec<TopologyError>,
}

/// A link as it is described; [`LinkSpec::new`] fills in what most links have.
#[derive(Clone, Debug)]
pub struct LinkSpec {
    /// See [`Link::delay`].
    pub delay: Duration,
    /// See [`Link::metrics`].
    pub metrics: [u32; 2],
    /// See [`Link::risks`].
    pub risks: Vec<String>,
    /// See [`Link::load`].
    pub load: Ratio,
    /// See [`Link::buffer`].
    pub buffer: Duration,
}

/// Why a description is no topology.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// Two things of one sort have one name.
    #[error("two {sort}s are called `{name}`")]
    Twice {
        /// What they are.
        sort: &'static str,
        /// Their name.
        name: String,
    },
    /// A name that names nothing.
    #[error("{by} names the {sort} `{name}`, which does not exist")]
    Unknown {
        /// Who names it.
        by: String,
        /// What it should be.
        sort: &'static str,
        /// The name.
        name: String,
    },
    /// A link from a router to itself.
    #[error("link `{0}` joins a router to itself")]
    Loop(String),
    /// A metric of 0.
    #[error("link `{0}` has the metric 0; the least is 1")]
    Metric(String),
    /// A delay beyond [`WAN_LINK_DELAY_MAX`].
    #[error("link `{0}` is slower than {max:?}", max = WAN_LINK_DELAY_MAX)]
    Delay(String),
    /// A load that leaves nothing to queue for.
    #[error("link `{0}` is full when nothing has failed")]
    Full(String),
    /// A block without prefixes or origins.
    #[error("block `{0}` has no prefixes or nobody announces it")]
    Empty(String),
    /// More of something than a limit allows.
    #[error("{count} {sort}, more than {max}")]
    TooMany {
        /// What.
        sort: &'static str,
        /// How many.
        count: u64,
        /// The limit.
        max: u64,
    },
    /// A router with more links than [`WAN_PORTS_MAX`].
    #[error("router `{0}` has {1} links, more than {max}", max = WAN_PORTS_MAX)]
    Busy(String, usize),
    /// Nothing at all.
    #[error("no routers")]
    Nothing,
    /// Routers that no links lead to.
    #[error("`{0}` can't be reached from `{1}`, whatever fails")]
    Disconnected(String, String),
}

// === impl TopologyError ===

impl TopologyError {
    /// What it is about, as its sort (`site`, `router`, `link`, `block`) and its name; none for the whole.
    pub fn about(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Twice { sort, name } | Self::Unknown { sort, name, .. } => Some((sort, name)),
            Self::Loop(link) | Self::Metric(link) | Self::Delay(link) | Self::Full(link) => {
                Some(("link", link))
            }
            Self::Empty(block) => Some(("block", block)),
            Self::Disconnected(router, _) | Self::Busy(router, _) => Some(("router", router)),
            Self::TooMany { .. } | Self::Nothing => None,
        }
    }
}

// === impl LinkSpec ===

impl LinkSpec {
    /// A link with the same metric at both ends, half full, with 50 ms of buffer.
    pub fn new(delay: Duration, metric: u32) -> Self {
        let half = Ratio::new(1, 2).expect("a half is a ratio");
        Self { delay, metrics: [metric; 2], risks: Vec::new(), load: half, buffer: Duration::from_millis(50) }
    }

    /// The same, sharing a risk.
    #[must_use]
    pub fn at_risk(mut self, risk: &str) -> Self {
        self.risks.push(risk.to_owned());
        self
    }
}

// === impl TopologyBuilder ===

impl TopologyBuilder {
    /// An empty description.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a site.
    pub fn site(&mut self, name: &str, place: Option<Place>) -> &mut Self {
        let site = Site { name: name.to_owned(), place };
        self.once("site", name, |b| b.sites.insert(name.to_owned(), site).is_none())
    }

    /// Adds a router to a site.
    pub fn router(&mut self, name: &str, site: &str, platform: &Arc<Platform>) -> &mut Self {
        let Some(at) = self.sites.get_index_of(site) else {
            return self.unknown(format!("router `{name}`"), "site", site);
        };
        let router =
            Router { name: name.to_owned(), site: SiteId(at as u32), platform: Arc::clone(platform) };
        self.once("router", name, |b| b.routers.insert(name.to_owned(), router).is_none())
    }

    /// Adds a link between two routers.
    pub fn link(&mut self, name: &str, a: &str, b: &str, spec: LinkSpec) -> &mut Self {
        let mut ends = [RouterId(0); 2];
        for (end, router) in ends.iter_mut().zip([a, b]) {
            let Some(at) = self.routers.get_index_of(router) else {
                return self.unknown(format!("link `{name}`"), "router", router);
            };
            *end = RouterId(at as u32);
        }
        let wrong = [
            (ends[0] == ends[1], TopologyError::Loop(name.to_owned())),
            (spec.metrics.contains(&0), TopologyError::Metric(name.to_owned())),
            (spec.delay > WAN_LINK_DELAY_MAX, TopologyError::Delay(name.to_owned())),
            (spec.load >= Ratio::ONE, TopologyError::Full(name.to_owned())),
        ];
        self.mistakes.extend(wrong.into_iter().filter(|(is, _)| *is).map(|(_, error)| error));
        let LinkSpec { delay, metrics, risks, load, buffer } = spec;
        let link = Link { name: name.to_owned(), ends, metrics, delay, risks, load, buffer };
        self.once("link", name, |b| b.links.insert(name.to_owned(), link).is_none())
    }

    /// Adds a block of prefixes at a site, announced by these routers.
    pub fn block(
        &mut self,
        name: &str,
        site: &str,
        routers: &[&str],
        prefixes: u32,
        kind: BlockKind,
    ) -> &mut Self {
        let Some(at) = self.sites.get_index_of(site) else {
            return self.unknown(format!("block `{name}`"), "site", site);
        };
        let mut origins = Vec::new();
        for router in routers {
            let Some(at) = self.routers.get_index_of(*router) else {
                return self.unknown(format!("block `{name}`"), "router", router);
            };
            origins.push(RouterId(at as u32));
        }
        if prefixes == 0 || origins.is_empty() {
            self.mistakes.push(TopologyError::Empty(name.to_owned()));
        }
        let block = Block { name: name.to_owned(), site: SiteId(at as u32), origins, prefixes, kind };
        self.once("block", name, |b| b.blocks.insert(name.to_owned(), block).is_none())
    }

    /// Gives every site that has no block one of so many prefixes, announced by all of its routers.
    pub fn block_for_each_site(&mut self, prefixes: u32, kind: BlockKind) -> &mut Self {
        for (at, site) in self.sites.clone().into_values().enumerate() {
            let id = SiteId(at as u32);
            let routers: Vec<String> =
                self.routers.values().filter(|r| r.site == id).map(|r| r.name.clone()).collect();
            if !routers.is_empty() && self.blocks.values().all(|block| block.site != id) {
                let routers: Vec<&str> = routers.iter().map(String::as_str).collect();
                self.block(&site.name, &site.name, &routers, prefixes, kind);
            }
        }
        self
    }

    /// The routers of every site, by name.
    pub fn routers_by_site(&self) -> impl Iterator<Item = (String, Vec<String>)> {
        self.sites.keys().enumerate().map(|(at, site)| {
            let mine = self.routers.values().filter(move |router| router.site.index() == at);
            (site.clone(), mine.map(|router| router.name.clone()).collect())
        })
    }

    /// Checks the description, and leaves an empty one behind.
    pub fn build(&mut self) -> Result<Topology, Vec<TopologyError>> {
        self.check_sizes();
        let Self { sites, routers, links, blocks, mistakes } = std::mem::take(self);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let links: Vec<Link> = links.into_values().collect();
        let routers: Vec<Router> = routers.into_values().collect();
        let ports = ports(routers.len(), &links);
        let mut mistakes = Vec::new();
        let busy = routers.iter().zip(&ports).filter(|(_, ports)| ports.len() > WAN_PORTS_MAX);
        mistakes.extend(busy.map(|(router, ports)| TopologyError::Busy(router.name.clone(), ports.len())));
        if let Some(lost) = unreached(&ports) {
            mistakes.push(TopologyError::Disconnected(routers[lost].name.clone(), routers[0].name.clone()));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let edges = edges(sites.len(), &routers, blocks.values());
        Ok(Topology {
            sites: sites.into_values().collect(),
            routers,
            links,
            blocks: blocks.into_values().collect(),
            ports,
            edges,
        })
    }

    fn check_sizes(&mut self) {
        if self.routers.is_empty() {
            self.mistakes.push(TopologyError::Nothing);
        }
        let prefixes: u64 = self.blocks.values().map(|block| u64::from(block.prefixes)).sum();
        let sizes = [
            ("routers", self.routers.len() as u64, WAN_ROUTERS_MAX as u64),
            ("links", self.links.len() as u64, WAN_LINKS_MAX as u64),
            ("blocks of prefixes", self.blocks.len() as u64, WAN_BLOCKS_MAX as u64),
            ("prefixes", prefixes, WAN_PREFIXES_MAX),
        ];
        let beyond = sizes.into_iter().filter(|(_, count, max)| count > max);
        self.mistakes.extend(beyond.map(|(sort, count, max)| too_many(sort, count, max)));
    }

    fn once(&mut self, sort: &'static str, name: &str, insert: impl FnOnce(&mut Self) -> bool) -> &mut Self {
        if !insert(self) {
            self.mistakes.push(TopologyError::Twice { sort, name: name.to_owned() });
        }
        self
    }

    fn unknown(&mut self, by: String, sort: &'static str, name: &str) -> &mut Self {
        self.mistakes.push(TopologyError::Unknown { by, sort, name: name.to_owned() });
        self
    }
}

fn too_many(sort: &'static str, count: u64, max: u64) -> TopologyError {
    TopologyError::TooMany { sort, count, max }
}

/// Where the traffic of each site comes in: at the routers that announce its addresses, or at all of its routers.
fn edges<'b>(
    sites: usize,
    routers: &[Router],
    blocks: impl Iterator<Item = &'b Block>,
) -> Vec<Vec<RouterId>> {
    let mut edges: Vec<Vec<RouterId>> = vec![Vec::new(); sites];
    for block in blocks {
        edges[block.site.index()].extend(&block.origins);
    }
    for (site, edges) in edges.iter_mut().enumerate() {
        if edges.is_empty() {
            let mine = routers.iter().enumerate().filter(|(_, router)| router.site.index() == site);
            edges.extend(mine.map(|(at, _)| RouterId(at as u32)));
        }
        edges.sort_unstable();
        edges.dedup();
    }
    edges
}

/// The ports of every router, in the order of the links.
fn ports(routers: usize, links: &[Link]) -> Vec<Vec<Port>> {
    let mut ports: Vec<Vec<Port>> = vec![Vec::new(); routers];
    for (at, link) in links.iter().enumerate() {
        let [a, b] = link.ends;
        let slots = [ports[a.index()].len(), ports[b.index()].len()];
        for end in End::BOTH {
            let [near, far] = [link.ends[end.index()], link.ends[end.other().index()]];
            let port =
                Port { link: LinkId(at as u32), end, peer: far, peer_slot: slots[end.other().index()] };
            ports[near.index()].push(port);
        }
    }
    ports
}

/// A router that the first one can't reach.
fn unreached(ports: &[Vec<Port>]) -> Option<usize> {
    let mut reached = IndexSet::from([0]);
    let mut at = 0;
    while let Some(&router) = reached.get_index(at) {
        reached.extend(ports[router].iter().map(|port| port.peer.index()));
        at += 1;
    }
    (0..ports.len()).find(|router| !reached.contains(router))
}

// === impl BlockId ===

impl BlockId {
    /// All blocks of a topology, in table order.
    pub fn all(topology: &Topology) -> impl Iterator<Item = Self> {
        (0..topology.blocks().len() as u32).map(Self)
    }
}
