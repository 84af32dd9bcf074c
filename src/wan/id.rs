//! Ids: places in the lists of a [`Topology`](super::Topology). They mean nothing beyond the topology that gave them.

/// Declares an id type.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// Where it stands in its list.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A place that traffic enters and leaves at.
    SiteId,
    /// A router.
    RouterId,
    /// A link between two routers.
    LinkId,
    /// A block of prefixes that are announced together.
    BlockId,
}

/// One of the two ends of a link, 0 or 1: an index into [`Link::ends`](super::topology::Link::ends).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// The end named first.
    A,
    /// The end named second.
    B,
}

// === impl End ===

impl End {
    /// Both, in order.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// 0 or 1.
    pub const fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}
