//! The WAN's graph: what is there before anything happens.

mod build;
mod generate;
mod graph;
mod presets;
pub mod zoo;

pub use build::{LinkSpec, TopologyBuilder, TopologyError};
pub use generate::Shape;
pub use graph::{Block, BlockKind, Link, Place, Port, Router, Site, Topology};
