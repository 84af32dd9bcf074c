//! Topology files: networks that somebody drew, as GraphML or GML. Made for the Internet Topology Zoo (Knight et al., IEEE JSAC
//! 29(9), 2011; `github.com/mroughan/InternetTopologyZoo`), whose files have their quirks.
//!
//! Text in, a description of a WAN out, with a warning and a place for whatever was assumed or left out:
//!
//! ```text
//! text ─▶ graphml │ gml ─▶ drawing (nodes, edges, places) ─▶ quirks ─▶ TopologyBuilder + warnings
//! ```
//!
//! - A node is a site with a router of its own for each plane; its label, made a name, is the site's. A name that two nodes would
//!   have is told apart by a letter, in the order of the file: `geneva`, `geneva-b`.
//! - A node of another network (`Internal 0`) is left out, and so is an edge from a node to itself.
//! - A `hyperedge` node stands for a link of more than two ends. It is no router: its neighbours are joined directly, each
//!   with each, and share it as a risk.
//! - Edges that join the same two nodes are parallel links. In a directed graph, there and back are one link.
//! - Of a graph in several parts the largest is kept: routes lead nowhere else.
//! - A node without coordinates is put in the middle of its neighbours.
//! - A link's delay is the great circle's, at 200 km/ms, times [`DETOUR`]; its metric is the delay in whole milliseconds, or
//!   follows its speed (see [`Metrics`]).
//!
//! A file that can't be read, or whose edges lead nowhere, is refused with every mistake at its place. The law that a property
//! test holds: any text is judged, within the limits, without a panic.

mod drawing;
mod gml;
mod graphml;
mod lower;
mod names;
mod places;
mod shape;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use super::build::TopologyBuilder;
use crate::base::limits::TOPOLOGY_BYTES_MAX;
use crate::diag::{Code, Diagnostic};
use crate::wan::platform::Platform;

/// How much longer a fibre between two neighbours is than the great circle. Whole paths are 1.7 times as long (median of 700
/// pairs of cloud regions, a tenth of them below 1.3); part of that are detours through other cities, which the graph has.
pub const DETOUR: f64 = 1.3;

/// Between routers of one place, and the least delay of a link: 10 km of fibre, a town.
pub const DELAY_WITHIN_PLACE: Duration = Duration::from_micros(50);

/// A link's delay in a graph of which no place is known: 770 km with their detour. A choice.
pub const DELAY_UNPLACED: Duration = Duration::from_millis(5);

/// How a drawn network becomes a WAN.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// What all routers are, until somebody says otherwise.
    pub platform: Arc<Platform>,
    /// How many routers every site has. Router 1 of a site is joined to the routers 1 of others, and to router 2 of its own.
    pub planes: u32,
    /// Where the metrics come from.
    pub metrics: Metrics,
}

/// Where the metrics of links come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metrics {
    /// The delay, in whole milliseconds.
    #[default]
    Delay,
    /// The speed: the fastest link has the metric 1, one of half its speed 2. A link without a speed has the median's.
    Speed,
}

/// A network that was read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What the file calls it.
    pub name: Option<String>,
    /// Its sites, routers and links; blocks of prefixes can be added.
    pub wan: TopologyBuilder,
    /// What was assumed or left out.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a network from GraphML (whatever begins with `<`) or GML; or says all that keeps it from being one.
pub fn read(text: &str, recipe: &Recipe) -> Result<Reading, Vec<Diagnostic>> {
    if text.len() as u64 > TOPOLOGY_BYTES_MAX {
        let message =
            format!("a topology file may have {TOPOLOGY_BYTES_MAX} bytes, and this one has {}", text.len());
        return Err(vec![Diagnostic::error(Code::TooMany, message)]);
    }
    let is_xml = text.trim_start_matches('\u{feff}').trim_start().starts_with('<');
    let drawing = if is_xml { graphml::read(text) } else { gml::read(text) }?;
    lower::lower(drawing, recipe)
}
