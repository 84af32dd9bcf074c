//! The shape of the `wan:` section, as serde reads it: the network, its platforms, and what happens to it.
//!
//! As in `raw`: types mirror the file key by key, their doc comments are the descriptions in the JSON Schema, and whatever
//! needs to know two places of the file is checked in `lower`.

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::placed::{Names, Opt, Placed};
use super::raw_script::RawHappening;
use crate::base::{Ratio, Span};

/// A WAN: a network of routers, and what happens to it. What becomes of each flow follows from what routers do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Wan")]
pub(super) struct RawWan {
    /// The network before anything happens.
    pub(super) topology: Placed<RawTopology>,
    /// What its routers are, unless `platform_of` says otherwise; `generic-ios-xr` (or what the preset says), if left out.
    #[serde(default)]
    #[schemars(extend("examples" = ["generic-ios-xr", "frr-ospf", "incident-fragile"]))]
    pub(super) platform: Opt<String>,
    /// What some routers are: from a router's name, or a site's, to a platform's.
    #[serde(default)]
    pub(super) platform_of: Opt<IndexMap<Placed<String>, Placed<String>>>,
    /// Platforms of your own, by name.
    #[serde(default)]
    pub(super) platforms: Opt<IndexMap<Placed<String>, Placed<RawPlatform>>>,
    /// What happens to the network, and when.
    #[serde(default)]
    pub(super) script: Opt<Vec<Placed<RawHappening>>>,
}

/// A network: the name of a built-in one, or a description.
#[derive(Debug)]
pub(super) enum RawTopology {
    Preset(String),
    Described(Box<RawDescription>),
}

/// A network. One of `links` (with `sites`), `line`, `ring`, `grid`, `ladder`, `graph`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Topology")]
pub(super) struct RawDescription {
    /// Where traffic enters and leaves, by name.
    #[serde(default)]
    pub(super) sites: Opt<IndexMap<Placed<String>, Placed<RawSite>>>,
    /// Routers by name, beside those that sites count.
    #[serde(default)]
    pub(super) routers: Opt<IndexMap<Placed<String>, Placed<RawRouter>>>,
    /// What joins them.
    #[serde(default)]
    pub(super) links: Opt<Vec<Placed<RawLink>>>,
    /// How much longer than the great circle a fibre is; 1.3, if left out.
    #[serde(default)]
    pub(super) detour: Opt<f64>,
    /// Addresses that are announced together, by name. A site without one gets one of its own name, from all its routers.
    #[serde(default)]
    pub(super) blocks: Opt<IndexMap<Placed<String>, Placed<RawBlock>>>,
    /// How many prefixes the block of a site has that is given none; 1, if left out.
    #[serde(default)]
    pub(super) prefixes: Opt<u32>,
    /// How routers learn of such a block.
    #[serde(default)]
    pub(super) learned: Opt<RawLearned>,
    /// Routers in a row: sites `s1`, `s2`…, routers `r1`, `r2`…, links `r1/r2`….
    #[serde(default)]
    pub(super) line: Opt<RawRow>,
    /// The same, and the last router is joined to the first.
    #[serde(default)]
    pub(super) ring: Opt<RawRow>,
    /// Rows and columns of routers, each joined to its neighbours, numbered row by row.
    #[serde(default)]
    pub(super) grid: Opt<RawGrid>,
    /// A grid of two rows.
    #[serde(default)]
    pub(super) ladder: Opt<RawLadder>,
    /// A network that a file draws, as GraphML or GML: one of the Internet Topology Zoo, for instance. Every node is a site.
    #[serde(default)]
    pub(super) graph: Opt<RawGraph>,
}

/// A file that draws a network.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Graph")]
pub(super) struct RawGraph {
    /// The file, relative to the scenario's.
    pub(super) file: Placed<String>,
    /// How many routers every site has: `NAME-1` of one site is joined to `NAME-1` of another. 1, if left out.
    #[serde(default)]
    pub(super) planes: Opt<u32>,
    /// Where the metrics of links come from.
    #[serde(default)]
    pub(super) metrics: Opt<RawMetrics>,
}

/// Where the metrics of a drawn network's links come from.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Metrics")]
pub(super) enum RawMetrics {
    /// The delay, in whole milliseconds.
    #[default]
    Delay,
    /// The speed: 1 for the fastest link, more for slower ones.
    Speed,
}

/// A site.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Site")]
pub(super) struct RawSite {
    /// Where it is: degrees of latitude (north) and longitude (east).
    #[serde(default)]
    #[schemars(extend("examples" = [[51.5, -0.1]]))]
    pub(super) place: Opt<(Placed<f64>, Placed<f64>)>,
    /// How many routers it has, called `NAME-1`, `NAME-2`…; 1, unless `routers` has some for it.
    #[serde(default)]
    pub(super) routers: Opt<u32>,
}

/// A router with a name of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Router")]
pub(super) struct RawRouter {
    /// Where it stands.
    pub(super) site: Placed<String>,
}

/// A link between two routers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WanLink")]
pub(super) struct RawLink {
    /// The routers that it joins; a site's name stands for its only router.
    pub(super) ends: (Placed<String>, Placed<String>),
    /// Its name; `a/b` after its ends, if left out, and `a/b#2` for the second such one.
    #[serde(default)]
    pub(super) name: Opt<String>,
    /// One-way delay; that of a fibre between the places of its ends, if left out.
    #[serde(default)]
    pub(super) delay: Opt<Span>,
    /// The IGP metric at both ends; its delay in milliseconds, at least 1, if left out.
    #[serde(default)]
    pub(super) metric: Opt<u32>,
    /// The metrics of the two ends, where they differ.
    #[serde(default)]
    pub(super) metrics: Opt<(Placed<u32>, Placed<u32>)>,
    /// What it shares its fate with: a duct, a cable, a building; one name or several.
    #[serde(default)]
    pub(super) risk: Opt<Names>,
    /// How full it is when nothing has failed; half, if left out.
    #[serde(default)]
    pub(super) load: Opt<Ratio>,
    /// How long a packet waits at most in the queue before it; 50ms, if left out.
    #[serde(default)]
    pub(super) buffer: Opt<Span>,
}

/// Prefixes that are announced together.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Block")]
pub(super) struct RawBlock {
    /// The site that its addresses are at.
    pub(super) site: Placed<String>,
    /// The routers that announce it; all of its site, if left out.
    #[serde(default)]
    pub(super) router: Opt<Names>,
    /// How many prefixes it has: routers write them one by one.
    #[serde(default)]
    pub(super) prefixes: Opt<u32>,
    /// How routers learn of it.
    #[serde(default)]
    pub(super) learned: Opt<RawLearned>,
}

/// How routers learn of prefixes.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Learned")]
pub(super) enum RawLearned {
    /// The IGP tells of them with the topology.
    #[default]
    Internal,
    /// Redistributed into the IGP.
    External,
    /// BGP tells of them; the IGP leads to its next hop.
    Bgp,
}

/// Routers in a row, with links that are all alike.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Row")]
pub(super) struct RawRow {
    /// How many.
    pub(super) routers: Placed<u32>,
    /// One-way delay of each link; 5ms, if left out.
    #[serde(default)]
    pub(super) delay: Opt<Span>,
    /// Its metric; 10, if left out.
    #[serde(default)]
    pub(super) metric: Opt<u32>,
}

/// Rows and columns of routers, with links that are all alike.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Grid")]
pub(super) struct RawGrid {
    /// How many rows.
    pub(super) rows: Placed<u32>,
    /// How many columns.
    pub(super) columns: Placed<u32>,
    /// One-way delay of each link; 5ms, if left out.
    #[serde(default)]
    pub(super) delay: Opt<Span>,
    /// Its metric; 10, if left out.
    #[serde(default)]
    pub(super) metric: Opt<u32>,
}

/// Two rows of routers, with links that are all alike.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ladder")]
pub(super) struct RawLadder {
    /// How many routers each row has.
    pub(super) rungs: Placed<u32>,
    /// One-way delay of each link; 5ms, if left out.
    #[serde(default)]
    pub(super) delay: Opt<Span>,
    /// Its metric; 10, if left out.
    #[serde(default)]
    pub(super) metric: Opt<u32>,
}

/// A platform: a built-in one with other numbers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Platform")]
pub(super) struct RawPlatform {
    /// The built-in platform that it is like.
    pub(super) base: Placed<String>,
    /// From a loss of light to the routing process knowing it.
    #[serde(default)]
    pub(super) carrier: Opt<Span>,
    /// Time between two hellos.
    #[serde(default)]
    pub(super) hello: Opt<Span>,
    /// Without a hello for so long a neighbour is gone.
    #[serde(default)]
    pub(super) hold: Opt<Span>,
    /// Time between two BFD packets; three missed ones mean that the path is gone. `0s`: no BFD.
    #[serde(default)]
    pub(super) bfd: Opt<Span>,
    /// From the arrival of an LSP to its being passed on.
    #[serde(default)]
    pub(super) flood: Opt<Span>,
    /// From the first news to the SPF run.
    #[serde(default)]
    pub(super) spf_delay: Opt<Span>,
    /// How long the SPF run takes.
    #[serde(default)]
    pub(super) spf_run: Opt<Span>,
    /// Writing one prefix into the forwarding table.
    #[serde(default)]
    pub(super) fib_per_prefix: Opt<Span>,
    /// The most equal next hops.
    #[serde(default)]
    pub(super) ecmp_max: Opt<u32>,
    /// From power-on to the start of the routing process.
    #[serde(default)]
    pub(super) boot: Opt<Span>,
    /// What a re-addressing command does.
    #[serde(default)]
    pub(super) readdress: Opt<RawScope>,
    /// Rebuilding one prefix after such a command.
    #[serde(default)]
    pub(super) rebuild_per_prefix: Opt<Span>,
}

/// How far a re-addressing command reaches.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Scope")]
pub(super) enum RawScope {
    /// The router leaves the network and comes back.
    Local,
    /// Every router of the network purges its database and rebuilds its tables.
    Domain,
}

// === impl RawTopology ===

impl<'de> Deserialize<'de> for RawTopology {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrDescription;

        impl<'de> Visitor<'de> for NameOrDescription {
            type Value = RawTopology;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the name of a built-in network, or a description such as `{ ring: { routers: 4 } }`",
                )
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<RawTopology, E> {
                Ok(RawTopology::Preset(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawTopology, A::Error> {
                let described = RawDescription::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawTopology::Described(Box::new(described)))
            }
        }

        deserializer.deserialize_any(NameOrDescription)
    }
}

impl JsonSchema for RawTopology {
    fn schema_name() -> Cow<'static, str> {
        "TopologyOrName".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let described = generator.subschema_for::<RawDescription>();
        json_schema!({
            "anyOf": [
                described,
                { "type": "string", "description": "The name of a built-in network.", "examples": ["global-backbone"] },
            ],
        })
    }
}
