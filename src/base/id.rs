//! Names for things that are counted or that come in twos.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A fault's place in its plan. Within one plan it is stable; across plans use the fault's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FaultId(pub u32);

/// One of the two directions of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the client to the service.
    ToServer,
    /// From the service to the client.
    ToClient,
}

/// The directions that a fault acts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Directions {
    /// From the client to the service.
    ToServer,
    /// From the service to the client.
    ToClient,
    /// Both.
    Both,
}

// === impl Direction ===

impl Direction {
    /// Both, in a fixed order: index 0 is to-server, index 1 is to-client.
    pub const ALL: [Self; 2] = [Self::ToServer, Self::ToClient];

    /// 0 for to-server, 1 for to-client.
    pub const fn index(self) -> usize {
        match self {
            Self::ToServer => 0,
            Self::ToClient => 1,
        }
    }

    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }
}

// === impl Directions ===

impl Directions {
    /// Whether `direction` is among them.
    pub const fn contain(self, direction: Direction) -> bool {
        matches!(
            (self, direction),
            (Self::Both, _) | (Self::ToServer, Direction::ToServer) | (Self::ToClient, Direction::ToClient)
        )
    }
}

impl fmt::Display for Directions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ToServer => "to_server",
            Self::ToClient => "to_client",
            Self::Both => "both",
        })
    }
}
