//! Who ended a connection.
//!
//! A fault tool that can't tell its own faults from the world's is useless: every ended connection has exactly one of
//! these. The first party to end it is named; what follows from that (the other side's close) is not.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Who ended a connection, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum EndCause {
    /// The client did.
    Client {
        /// How.
        how: PeerEnd,
    },
    /// The service did.
    Server {
        /// How.
        how: PeerEnd,
    },
    /// The service could not be reached.
    Unreachable {
        /// Why.
        why: DialFailure,
    },
    /// An injected fault did.
    Fault {
        /// The fault's name.
        fault: Arc<str>,
        /// Its kind, such as `reset` or `half_open`.
        kind: Arc<str>,
    },
    /// brownout itself did, for a reason that is no fault.
    Brownout {
        /// Why.
        why: BrownoutReason,
    },
}

/// How a peer ended its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerEnd {
    /// With a FIN, an orderly close.
    Closed,
    /// With an RST.
    Reset,
    /// Its kernel gave up (a timeout, no route).
    Failed,
}

/// Why a service could not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialFailure {
    /// It answered with an RST: nobody listens.
    Refused,
    /// It did not answer in time.
    TimedOut,
    /// Its name has no address.
    NameNotFound,
    /// Anything else (no route, no permission, no ports left).
    Failed,
}

/// Why brownout ended a connection without a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrownoutReason {
    /// The run was over.
    Drained,
    /// A person or the API ended it.
    Killed,
    /// Its client was gone and its path stayed dark for longer than `DARK_ORPHAN_MAX`.
    Orphaned,
}

// === impl EndCause ===

impl EndCause {
    /// One word for tables and metrics.
    pub const fn who(&self) -> &'static str {
        match self {
            Self::Client { .. } => "client",
            Self::Server { .. } => "server",
            Self::Unreachable { .. } => "unreachable",
            Self::Fault { .. } => "fault",
            Self::Brownout { .. } => "brownout",
        }
    }
}

impl fmt::Display for EndCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = |how: &PeerEnd| match how {
            PeerEnd::Closed => "closed",
            PeerEnd::Reset => "reset",
            PeerEnd::Failed => "failed",
        };
        match self {
            Self::Client { how: end } => write!(f, "client {}", how(end)),
            Self::Server { how: end } => write!(f, "server {}", how(end)),
            Self::Unreachable { why } => f.write_str(match why {
                DialFailure::Refused => "server refused",
                DialFailure::TimedOut => "server did not answer the dial",
                DialFailure::NameNotFound => "server name not found",
                DialFailure::Failed => "server unreachable",
            }),
            Self::Fault { fault, kind } => write!(f, "{kind} by fault {fault}"),
            Self::Brownout { why } => f.write_str(match why {
                BrownoutReason::Drained => "end of the run",
                BrownoutReason::Killed => "killed",
                BrownoutReason::Orphaned => "given up: client gone, path dark",
            }),
        }
    }
}
