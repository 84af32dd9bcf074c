//! Bandwidth: bytes leave no faster than a rate.
//!
//! By default each direction of each connection has the rate to itself; `shared: service` makes all connections of the
//! service share it, as a real link is shared, turn by turn. The rate holds over any window with a burst of 10 ms' worth
//! (at least one full Ethernet frame). By default it acts towards the client, where the bulk of most protocols flows. A
//! ramp divides: at half its level the rate is twice the one asked for.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::{ByteRate, Directions, FaultId, PathState, RateError, RateScope, RateTerm};
use crate::fault::schedule::Level;
use crate::fault::shorthand::two_forms;
use crate::fault::spec::Kind;

/// A limit on the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bandwidth {
    /// Bytes a second.
    pub rate: ByteRate,
    /// Who shares them.
    pub scope: RateScope,
}

/// The mapping form of [`Bandwidth`].
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BandwidthFields {
    /// Bytes a second.
    rate: ByteRate,
    /// Who shares them: each `connection` has the rate to itself, or all of the `service` share it.
    #[serde(default)]
    shared: RateScope,
}

two_forms!(
    Bandwidth,
    BandwidthFields,
    "a rate such as `1MB/s` or `10Mbit/s`, or `{ rate, shared }`",
    "1MB/s"
);

impl From<BandwidthFields> for Bandwidth {
    fn from(fields: BandwidthFields) -> Self {
        Self { rate: fields.rate, scope: fields.shared }
    }
}

impl FromStr for Bandwidth {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        text.parse().map(|rate| Self { rate, scope: RateScope::Connection })
    }
}

impl Kind for Bandwidth {
    fn summary(&self) -> String {
        match self.scope {
            RateScope::Connection => format!("{} per connection", self.rate),
            RateScope::Service => format!("{} shared", self.rate),
        }
    }

    fn directions(&self) -> Directions {
        Directions::ToClient
    }

    fn ramps(&self) -> bool {
        true
    }

    fn path(&self, fault: FaultId, level: Level) -> PathState {
        let bytes = self.rate.bytes_per_second() as f64 / level.as_f64();
        let rate = ByteRate::new(bytes as u64).expect("a rate divided by a level of at most 1 is not zero");
        PathState { rates: vec![RateTerm { fault, rate, scope: self.scope }], ..PathState::CLEAR }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_tightens_the_rate() {
        let bandwidth: Bandwidth = "1MB/s".parse().unwrap();
        let rate =
            |percent| bandwidth.path(FaultId(0), Level::percent(percent)).rates[0].rate.bytes_per_second();
        assert_eq!([rate(10), rate(50), rate(100)], [10_000_000, 2_000_000, 1_000_000]);
    }

    #[test]
    fn a_link_can_be_shared() {
        let shared: Bandwidth = serde_json::from_str(r#"{"rate": "10Mbit/s", "shared": "service"}"#).unwrap();
        assert_eq!(shared.summary(), "1.25MB/s shared");
    }
}
