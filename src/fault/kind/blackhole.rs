//! Blackhole: nothing is delivered, for a share of flows.
//!
//! Flows are hashed into 256 buckets by the client's address and port; the fault takes a share of the buckets, and a
//! connection in one of them meets silence for as long as the fault is in force, while its neighbours notice nothing. A
//! new connection has a new port, so another bucket: it may get through. Both directions are dark unless one is named.
//!
//! The kernel makes it where it is asked and permitted ([`crate::fault::DropShare`]): SYNs of dark buckets and segments of live
//! connections are dropped, so that peers retransmit and give up as on a dark path. Made in user space: the connection is accepted (brownout's kernel answers the SYN), the service is not dialled, and
//! no byte passes in a dark direction. When the fault ends, what was held goes on in order, as retransmission would carry
//! it. A ramp adds buckets, and never swaps them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::{Directions, FaultId, PathState, Ratio, RatioError};
use crate::fault::schedule::Level;
use crate::fault::shorthand::two_forms;
use crate::fault::spec::Kind;

/// Silence for a share of flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blackhole {
    /// The share of the 256 buckets that it takes.
    pub share: Ratio,
}

/// The mapping form of [`Blackhole`].
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlackholeFields {
    /// The share of flows that it takes; all, unless given.
    #[serde(default = "everything")]
    share: Ratio,
}

two_forms!(Blackhole, BlackholeFields, "a share of flows such as `20%`, or `{ share }`", "20%");

const fn everything() -> Ratio {
    Ratio::ONE
}

impl From<BlackholeFields> for Blackhole {
    fn from(fields: BlackholeFields) -> Self {
        Self { share: fields.share }
    }
}

impl FromStr for Blackhole {
    type Err = RatioError;

    fn from_str(text: &str) -> Result<Self, RatioError> {
        text.parse().map(|share| Self { share })
    }
}

impl Kind for Blackhole {
    fn summary(&self) -> String {
        if self.share == Ratio::ONE { "all flows".to_owned() } else { format!("{} of flows", self.share) }
    }

    fn directions(&self) -> Directions {
        Directions::Both
    }

    fn contradictions(&self) -> Vec<String> {
        if self.share.of(256) > 0 {
            return Vec::new();
        }
        vec![format!(
            "a share of {} takes none of the 256 flow buckets; the smallest share is 0.4%",
            self.share
        )]
    }

    fn ramps(&self) -> bool {
        true
    }

    fn ramps_by_buckets(&self) -> bool {
        true
    }

    fn share(&self) -> Ratio {
        self.share
    }

    fn path(&self, fault: FaultId, _level: Level) -> PathState {
        PathState::dark(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_takes_no_bucket_is_told() {
        let tiny: Blackhole = "0.1%".parse().unwrap();
        assert_eq!(tiny.contradictions().len(), 1);
        assert_eq!("0.4%".parse::<Blackhole>().unwrap().contradictions(), Vec::<String>::new());
    }

    #[test]
    fn all_flows_unless_a_share_is_given() {
        let all: Blackhole = serde_json::from_str("{}").unwrap();
        assert_eq!(all.summary(), "all flows");
    }
}
