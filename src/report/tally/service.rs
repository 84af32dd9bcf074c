//! One service's connections: how many, who ended them, what they carried.

use std::net::SocketAddr;
use std::ops::AddAssign;
use std::sync::Arc;

use serde::Serialize;

use super::cells::Cells;
use super::counts::NamedCounts;
use crate::base::SimTime;
use crate::event::{BrownoutReason, ConnectionEnded, DialFailure, EndCause, PeerEnd, ServiceInfo};
use crate::stats::LatencyHistogram;

/// One service's connections.
#[derive(Clone, Debug)]
pub struct ServiceTally {
    /// Its name.
    pub name: Arc<str>,
    /// Where brownout listened, if the header told.
    pub listen: Option<SocketAddr>,
    /// Where it dialled, if the header told.
    pub upstream: Option<Arc<str>>,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections ended.
    pub ended: u64,
    /// Who ended them.
    pub ends: EndCounts,
    /// The same by time.
    pub ends_by_time: Cells<EndCell>,
    /// Bytes written to the service, of ended connections.
    pub bytes_to_server: u64,
    /// Bytes written to the clients, of ended connections.
    pub bytes_to_client: u64,
    /// From a client's first byte to the answer's first, of ended connections that had one.
    pub first_byte: LatencyHistogram,
    /// Troubles of the acceptor, by reason.
    pub accept_troubles: NamedCounts,
}

/// Who ended a service's connections.
#[derive(Clone, Debug, Default)]
pub struct EndCounts {
    /// The client.
    pub client: PeerEndCounts,
    /// The service.
    pub server: PeerEndCounts,
    /// The service could not be reached.
    pub unreachable: DialCounts,
    /// A fault, by its kind.
    pub fault: NamedCounts,
    /// brownout itself.
    pub brownout: OwnEndCounts,
}

/// How a peer ended its connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PeerEndCounts {
    /// With a FIN.
    pub closed: u64,
    /// With an RST.
    pub reset: u64,
    /// Its kernel gave up.
    pub failed: u64,
}

/// Why a service could not be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DialCounts {
    /// Nobody listened.
    pub refused: u64,
    /// No answer in time.
    pub timed_out: u64,
    /// Its name has no address.
    pub name_not_found: u64,
    /// Anything else.
    pub failed: u64,
}

/// Why brownout itself ended connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OwnEndCounts {
    /// The run was over.
    pub drained: u64,
    /// A person or the API ended them.
    pub killed: u64,
    /// Client gone, path dark.
    pub orphaned: u64,
}

/// The ends of connections in one span of time, by what a reader looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndCell {
    /// Closed in order, or by the end of the run.
    pub in_order: u32,
    /// Ended by a fault.
    pub by_fault: u32,
    /// Reset or given up by a peer, unreachable, orphaned.
    pub broken: u32,
}

// === impl ServiceTally ===

impl ServiceTally {
    /// A service without connections yet; `origin` is where the run's time begins.
    pub(super) fn new(name: &Arc<str>, info: Option<&ServiceInfo>, origin: SimTime) -> Self {
        Self {
            name: name.clone(),
            listen: info.map(|info| info.listen),
            upstream: info.map(|info| info.upstream.clone()),
            accepted: 0,
            ended: 0,
            ends: EndCounts::default(),
            ends_by_time: Cells::new(origin),
            bytes_to_server: 0,
            bytes_to_client: 0,
            first_byte: LatencyHistogram::new(),
            accept_troubles: NamedCounts::default(),
        }
    }

    pub(super) fn record_end(&mut self, t: SimTime, ended: &ConnectionEnded) {
        self.ended += 1;
        self.ends.add(&ended.cause);
        *self.ends_by_time.at(t) += EndCell::of(&ended.cause);
        self.bytes_to_server = self.bytes_to_server.saturating_add(ended.bytes_to_server);
        self.bytes_to_client = self.bytes_to_client.saturating_add(ended.bytes_to_client);
        if let Some(first_byte) = ended.first_byte {
            self.first_byte.record(first_byte);
        }
    }

    /// Connections that are open: accepted and not ended.
    pub const fn open(&self) -> u64 {
        self.accepted.saturating_sub(self.ended)
    }
}

// === impl EndCounts ===

impl EndCounts {
    fn add(&mut self, cause: &EndCause) {
        match cause {
            EndCause::Client { how } => self.client.add(*how),
            EndCause::Server { how } => self.server.add(*how),
            EndCause::Unreachable { why } => self.unreachable.add(*why),
            EndCause::Fault { kind, .. } => self.fault.add(kind),
            EndCause::Brownout { why } => self.brownout.add(*why),
        }
    }
}

// === impl PeerEndCounts ===

impl PeerEndCounts {
    fn add(&mut self, how: PeerEnd) {
        *match how {
            PeerEnd::Closed => &mut self.closed,
            PeerEnd::Reset => &mut self.reset,
            PeerEnd::Failed => &mut self.failed,
        } += 1;
    }

    /// All together.
    pub const fn total(self) -> u64 {
        self.closed + self.reset + self.failed
    }
}

// === impl DialCounts ===

impl DialCounts {
    fn add(&mut self, why: DialFailure) {
        *match why {
            DialFailure::Refused => &mut self.refused,
            DialFailure::TimedOut => &mut self.timed_out,
            DialFailure::NameNotFound => &mut self.name_not_found,
            DialFailure::Failed => &mut self.failed,
        } += 1;
    }

    /// All together.
    pub const fn total(self) -> u64 {
        self.refused + self.timed_out + self.name_not_found + self.failed
    }
}

// === impl OwnEndCounts ===

impl OwnEndCounts {
    fn add(&mut self, why: BrownoutReason) {
        *match why {
            BrownoutReason::Drained => &mut self.drained,
            BrownoutReason::Killed => &mut self.killed,
            BrownoutReason::Orphaned => &mut self.orphaned,
        } += 1;
    }

    /// All together.
    pub const fn total(self) -> u64 {
        self.drained + self.killed + self.orphaned
    }
}

// === impl EndCell ===

impl EndCell {
    const fn of(cause: &EndCause) -> Self {
        let (in_order, by_fault, broken) = match cause {
            EndCause::Fault { .. } => (0, 1, 0),
            EndCause::Client { how: PeerEnd::Closed }
            | EndCause::Server { how: PeerEnd::Closed }
            | EndCause::Brownout { why: BrownoutReason::Drained | BrownoutReason::Killed } => (1, 0, 0),
            EndCause::Client { .. }
            | EndCause::Server { .. }
            | EndCause::Unreachable { .. }
            | EndCause::Brownout { why: BrownoutReason::Orphaned } => (0, 0, 1),
        };
        Self { in_order, by_fault, broken }
    }
}

impl AddAssign for EndCell {
    fn add_assign(&mut self, other: Self) {
        self.in_order = self.in_order.saturating_add(other.in_order);
        self.by_fault = self.by_fault.saturating_add(other.by_fault);
        self.broken = self.broken.saturating_add(other.broken);
    }
}
