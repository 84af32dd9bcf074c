//! Corrupt: bits are flipped. The one kind that changes bytes; their number and their order stay.
//!
//! A share of segments of 1,448 bytes, counted from the first byte of the direction, has one bit flipped each, anywhere
//! within (netem's `corrupt` flips a bit in a share of packets). A message that is shorter than a segment is hit in
//! proportion: at 1% about one byte in 145,000 is wrong. TCP's checksum would have caught most of that on a real wire;
//! what passes it in practice comes from memory and middleboxes, and only a checksum of the application's own finds it.
//!
//! Which bits, follows from the seed, the fault's name, the connection's ordinal and the place in the stream alone: neither
//! how reads were cut nor another fault moves them. The first `CORRUPT_PLACES_MAX` places of a connection are journaled. By
//! default it acts towards the client: what is wrong in a request may end up in a real database. A ramp adds segments, and
//! never swaps them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::{CorruptTerm, Directions, FaultId, PathState, Ratio, RatioError};
use crate::fault::schedule::Level;
use crate::fault::shorthand::two_forms;
use crate::fault::spec::Kind;

/// Flipped bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// The share of segments that have one.
    pub ratio: Ratio,
}

/// The mapping form of [`Corrupt`].
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorruptFields {
    /// The share of segments of 1,448 bytes in which one bit is flipped.
    ratio: Ratio,
}

two_forms!(Corrupt, CorruptFields, "a share of segments such as `0.1%`, or `{ ratio }`", "0.1%");

impl From<CorruptFields> for Corrupt {
    fn from(fields: CorruptFields) -> Self {
        Self { ratio: fields.ratio }
    }
}

impl FromStr for Corrupt {
    type Err = RatioError;

    fn from_str(text: &str) -> Result<Self, RatioError> {
        text.parse().map(|ratio| Self { ratio })
    }
}

impl Kind for Corrupt {
    fn summary(&self) -> String {
        format!("a bit in {} of segments", self.ratio)
    }

    fn directions(&self) -> Directions {
        Directions::ToClient
    }

    fn contradictions(&self) -> Vec<String> {
        let none = self.ratio.is_zero();
        none.then(|| "a corruption of 0% does nothing".to_owned()).into_iter().collect()
    }

    fn ramps(&self) -> bool {
        true
    }

    fn path(&self, fault: FaultId, level: Level) -> PathState {
        let ratio = self.ratio.scaled(level.as_percent());
        PathState { corruptions: vec![CorruptTerm { fault, ratio }], ..PathState::CLEAR }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_above_nothing() {
        let corrupt = |text: &str| serde_json::from_str::<Corrupt>(text).unwrap();
        assert_eq!(corrupt(r#""0.1%""#), corrupt(r#"{"ratio": "1/1000"}"#));
        assert_eq!(corrupt(r#""0.1%""#).summary(), "a bit in 0.1% of segments");
        assert_eq!(corrupt(r#""0%""#).contradictions().len(), 1);
    }
}
