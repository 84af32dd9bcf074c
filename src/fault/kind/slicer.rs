//! Slicer: bytes leave in small pieces, with a pause between them.
//!
//! What drips has every byte, in order, and shows who reads once and believes to have it all, who has a timeout for each
//! read and none for the whole, and whose buffers are too clever. The size of a piece is drawn uniformly from `size` ±
//! `variation`; from the beginning of one to that of the next passes at least `delay`. A piece takes what
//! comes before its pause is over, so a message that is smaller leaves at once. Without a delay pieces leave back to back, each in a write of its own, and the
//! client's kernel may join them again. By default it acts towards the client.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::{ByteSize, Directions, FaultId, PathState, RateError, SliceTerm, Span};
use crate::fault::schedule::Level;
use crate::fault::shorthand::two_forms;
use crate::fault::spec::Kind;

/// Bytes in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slicer {
    /// Mean size of a piece.
    pub size: ByteSize,
    /// How much larger or smaller a piece may be.
    pub variation: ByteSize,
    /// From the beginning of a piece to that of the next.
    pub delay: Span,
}

/// The mapping form of [`Slicer`].
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlicerFields {
    /// Mean size of a piece.
    size: ByteSize,
    /// How much larger or smaller a piece may be; less than `size`.
    #[serde(default = "none")]
    variation: ByteSize,
    /// From the beginning of a piece to that of the next, at least.
    #[serde(default)]
    delay: Span,
}

two_forms!(Slicer, SlicerFields, "a size of pieces such as `64B`, or `{ size, variation, delay }`", "64B");

const fn none() -> ByteSize {
    ByteSize(0)
}

impl From<SlicerFields> for Slicer {
    fn from(fields: SlicerFields) -> Self {
        Self { size: fields.size, variation: fields.variation, delay: fields.delay }
    }
}

impl FromStr for Slicer {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        text.parse().map(|size| Self { size, variation: none(), delay: Span::default() })
    }
}

impl Kind for Slicer {
    fn summary(&self) -> String {
        let variation =
            if self.variation == none() { String::new() } else { format!(" ± {}", self.variation) };
        let delay =
            if self.delay == Span::default() { String::new() } else { format!(", {} apart", self.delay) };
        format!("pieces of {}{variation}{delay}", self.size)
    }

    fn directions(&self) -> Directions {
        Directions::ToClient
    }

    fn contradictions(&self) -> Vec<String> {
        let told = if self.size == none() {
            "a piece of 0B carries nothing: the smallest is `1B`"
        } else if self.variation >= self.size {
            "`variation` is less than `size`: otherwise some pieces would carry nothing"
        } else {
            return Vec::new();
        };
        vec![told.to_owned()]
    }

    fn path(&self, fault: FaultId, _level: Level) -> PathState {
        let slice =
            SliceTerm { fault, size: self.size.0, variation: self.variation.0, pause: self.delay.get() };
        PathState { slices: vec![slice], ..PathState::CLEAR }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_make_sense() {
        let slicer = |text: &str| serde_json::from_str::<Slicer>(text).unwrap();
        let whole = slicer(r#"{"size": "64B", "variation": "16B", "delay": "10ms"}"#);
        assert_eq!(
            (whole.summary().as_str(), whole.contradictions().len()),
            ("pieces of 64B ± 16B, 10ms apart", 0)
        );
        assert_eq!(slicer(r#""64B""#).summary(), "pieces of 64B");
        for bad in [r#""0B""#, r#"{"size": "64B", "variation": "64B"}"#] {
            assert_eq!(slicer(bad).contradictions().len(), 1, "{bad}");
        }
    }
}
