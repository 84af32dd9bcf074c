//! Generators: networks of a plain shape, for whoever needs a network and not a particular one.
//!
//! Every router has a site of its own: `s1` has `r1`, `s2` has `r2`, row by row. All links are alike and called after their
//! ends (`r1/r2`). The network is left in the builder, so that blocks can still be added.

use std::sync::Arc;

use super::build::{LinkSpec, TopologyBuilder};
use crate::wan::platform::Platform;

/// A plain shape of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// So many routers in a row.
    Line(u32),
    /// The same, and the last one is joined to the first: two ways between any two.
    Ring(u32),
    /// Rows and columns, each router joined to its neighbours: many equal-cost paths. A ladder is a grid of two rows.
    Grid(u32, u32),
}

// === impl Shape ===

impl Shape {
    /// How many routers it has.
    pub fn routers(self) -> u64 {
        match self {
            Self::Line(routers) | Self::Ring(routers) => u64::from(routers),
            Self::Grid(rows, columns) => u64::from(rows) * u64::from(columns),
        }
    }

    /// The pairs of routers that are joined, counted from 0. A ring of two is a line: its second link would join the same two.
    fn links(self) -> Vec<(u32, u32)> {
        match self {
            Self::Line(routers) => (1..routers).map(|at| (at - 1, at)).collect(),
            Self::Ring(routers) => {
                let closing = (routers > 2).then(|| (routers - 1, 0));
                Self::Line(routers).links().into_iter().chain(closing).collect()
            }
            Self::Grid(rows, columns) => {
                let routers = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
                let neighbours = |(row, column): (u32, u32)| {
                    let here = row * columns + column;
                    let right = (column + 1 < columns).then_some((here, here + 1));
                    right.into_iter().chain((row + 1 < rows).then_some((here, here + columns)))
                };
                routers.flat_map(neighbours).collect()
            }
        }
    }
}

// === impl TopologyBuilder ===

impl TopologyBuilder {
    /// Adds a network of this shape, with links like `link`.
    pub fn shape(&mut self, shape: Shape, platform: &Arc<Platform>, link: &LinkSpec) -> &mut Self {
        for number in 1..=shape.routers() {
            let (site, router) = (format!("s{number}"), format!("r{number}"));
            self.site(&site, None).router(&router, &site, platform);
        }
        for (a, b) in shape.links() {
            let (a, b) = (format!("r{}", a + 1), format!("r{}", b + 1));
            self.link(&format!("{a}/{b}"), &a, &b, link.clone());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wan::topology::BlockKind;

    fn links(shape: Shape) -> Vec<String> {
        let spec = LinkSpec::new(Duration::from_millis(5), 10);
        let mut wan = TopologyBuilder::new();
        wan.shape(shape, &Arc::new(Platform::frr_ospf()), &spec);
        let wan = wan.block_for_each_site(1, BlockKind::Internal).build().expect("a sound topology");
        assert_eq!(wan.routers().len() as u64, shape.routers());
        wan.links().iter().map(|link| link.name.clone()).collect()
    }

    #[test]
    fn shapes_have_the_links_that_they_should() {
        assert_eq!(links(Shape::Line(3)), ["r1/r2", "r2/r3"]);
        assert_eq!(links(Shape::Ring(4)), ["r1/r2", "r2/r3", "r3/r4", "r4/r1"]);
        assert_eq!(links(Shape::Ring(2)), ["r1/r2"]);
        assert_eq!(links(Shape::Grid(2, 2)), ["r1/r2", "r1/r3", "r2/r4", "r3/r4"]);
        assert_eq!(links(Shape::Line(1)), [""; 0]);
    }
}
