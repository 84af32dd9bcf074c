//! Bandwidth: bytes leave no faster than a rate.
//!
//! By default each direction of each connection has the rate to itself; `shared: service` makes all connections of the
//! service share it, as a real link is shared, turn by turn. The rate holds over any window with a burst of 10 ms' worth
//! (at least one full Ethernet frame). By default it acts towards the client, where the bulk of most protocols flows. A
//! ramp divides: at half its level the rate is twice the one asked for.
//!
//! Instead of a rate it may follow a `trace` of packet deliveries, exactly: the n-th packet of a backlog leaves at the n-th
//! opportunity ([`PacketTrace`]). The trace begins with the fault and runs on the wall clock, as every rate does: `--speed`
//! makes no link faster.

use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;

use crate::base::{ByteRate, Directions, FaultId, LinkRate, PathState, RateError, RateScope, RateTerm};
use crate::fault::schedule::Level;
use crate::fault::shorthand::two_forms;
use crate::fault::spec::Kind;
use crate::fault::trace::{PacketTrace, PacketTraceFields, TextMistakes};

/// A limit on the rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bandwidth {
    /// Bytes a second.
    pub rate: Option<ByteRate>,
    /// When packets may leave, instead.
    pub trace: Option<PacketTrace>,
    /// Who shares them.
    pub scope: RateScope,
}

/// The mapping form of [`Bandwidth`].
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BandwidthFields {
    /// Bytes a second.
    rate: Option<ByteRate>,
    /// When packets may leave, instead of a rate: a file, or a list of times.
    trace: Option<PacketTraceFields>,
    /// Who shares them: each `connection` has the rate to itself, or all of the `service` share it.
    #[serde(default)]
    shared: RateScope,
}

two_forms!(
    Bandwidth,
    BandwidthFields,
    "a rate such as `1MB/s` or `10Mbit/s`, or `{ rate, shared }`, or `{ trace, shared }`",
    "1MB/s"
);

impl From<BandwidthFields> for Bandwidth {
    fn from(BandwidthFields { rate, trace, shared }: BandwidthFields) -> Self {
        Self { rate, trace: trace.map(PacketTrace::from), scope: shared }
    }
}

impl FromStr for Bandwidth {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        text.parse().map(|rate| Self::new(rate, RateScope::Connection))
    }
}

impl Bandwidth {
    /// A steady rate.
    pub const fn new(rate: ByteRate, scope: RateScope) -> Self {
        Self { rate: Some(rate), trace: None, scope }
    }

    /// When bytes leave at this level.
    fn link_rate(&self, level: Level) -> Option<LinkRate> {
        let trace = self.trace.as_ref().and_then(PacketTrace::deliveries);
        if let Some(trace) = trace {
            return Some(LinkRate::Trace(Arc::clone(trace)));
        }
        let bytes = self.rate?.bytes_per_second() as f64 / level.as_f64();
        ByteRate::new(bytes as u64).map(LinkRate::Steady)
    }
}

impl Kind for Bandwidth {
    fn summary(&self) -> String {
        let rate = self.rate.map(|rate| rate.to_string());
        let rate = self.trace.as_ref().map(PacketTrace::summary).or(rate).unwrap_or_default();
        match self.scope {
            RateScope::Connection => format!("{rate} per connection"),
            RateScope::Service => format!("{rate} shared"),
        }
    }

    fn directions(&self) -> Directions {
        Directions::ToClient
    }

    fn contradictions(&self) -> Vec<String> {
        match (&self.rate, &self.trace) {
            (Some(_), None) => Vec::new(),
            (None, Some(trace)) => trace.contradictions(),
            (None, None) => vec!["a bandwidth needs a `rate`, or a `trace`".to_owned()],
            (Some(_), Some(_)) => vec!["a bandwidth is either a `rate` or a `trace`".to_owned()],
        }
    }

    fn ramps(&self) -> bool {
        self.trace.is_none()
    }

    fn file(&self) -> Option<&str> {
        self.trace.as_ref()?.file()
    }

    fn read(&mut self, text: &str) -> Result<(), TextMistakes> {
        self.trace.as_mut().map_or(Ok(()), |trace| trace.read(text))
    }

    fn path(&self, fault: FaultId, level: Level) -> PathState {
        let term = self.link_rate(level).map(|rate| RateTerm { fault, rate, scope: self.scope });
        PathState { rates: term.into_iter().collect(), ..PathState::CLEAR }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_tightens_the_rate() {
        let bandwidth: Bandwidth = "1MB/s".parse().unwrap();
        let rate = |percent| match &bandwidth.path(FaultId(0), Level::percent(percent)).rates[0].rate {
            LinkRate::Steady(rate) => rate.bytes_per_second(),
            LinkRate::Trace(_) => 0,
        };
        assert_eq!([rate(10), rate(50), rate(100)], [10_000_000, 2_000_000, 1_000_000]);
    }

    #[test]
    fn a_link_can_be_shared() {
        let shared: Bandwidth = serde_json::from_str(r#"{"rate": "10Mbit/s", "shared": "service"}"#).unwrap();
        assert_eq!(shared.summary(), "1.25MB/s shared");
    }

    #[test]
    fn a_rate_or_a_trace() {
        let read = |text: &str| serde_json::from_str::<Bandwidth>(text).unwrap();
        let trace = read(r#"{"trace": {"deliveries": ["1ms", "3ms"]}}"#);
        assert_eq!(trace.summary(), "trace of 2 packets in 3ms, 1MB/s on average per connection");
        assert_eq!((trace.contradictions().len(), trace.ramps()), (0, false));
        for text in ["{}", r#"{"rate": "1MB/s", "trace": {"file": "x"}}"#, r#"{"trace": {}}"#] {
            assert_eq!(read(text).contradictions().len(), 1, "{text}");
        }
        let mut file = read(r#"{"trace": {"file": "lte.down"}}"#);
        assert_eq!(file.file(), Some("lte.down"));
        file.read("1\n3\n").unwrap();
        assert_eq!(
            (file.path(FaultId(1), Level::FULL), file.file()),
            (trace.path(FaultId(1), Level::FULL), None)
        );
    }
}
