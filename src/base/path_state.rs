//! `PathState`: what a path does to bytes now.
//!
//! Faults and routing both say what they do in this one form, and path states add up: delays follow one another, every
//! rate must admit a byte, every loss strikes for itself, and one cause of darkness is enough. Each part names the fault that it comes from, so that
//! whoever applies it can say who did what. A `Timeline<PathState>` is all that a lane or a modelled probe ever sees.

use std::sync::Arc;
use std::time::Duration;

use super::delivery::DeliveryTrace;
use super::dist::Delay;
use super::id::{Direction, FaultId};
use super::rate::ByteRate;
use super::ratio::Ratio;

/// What a path does to bytes now, in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathState {
    /// Delays, one after the other.
    pub delays: Vec<DelayTerm>,
    /// Rates, all of which must admit a byte.
    pub rates: Vec<RateTerm>,
    /// Shares of segments that are lost, one after the other.
    pub losses: Vec<LossTerm>,
    /// Pieces in which bytes leave: all of them cut.
    pub slices: Vec<SliceTerm>,
    /// Shares of segments that are corrupted, one after the other.
    pub corruptions: Vec<CorruptTerm>,
    /// Delays of an orderly end, one after the other.
    pub closes: Vec<CloseTerm>,
    /// Why nothing is delivered, if nothing is.
    pub dark: Option<FaultId>,
}

/// A delay, and the fault that makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelayTerm {
    /// Which fault.
    pub fault: FaultId,
    /// How long.
    pub delay: Delay,
}

/// A rate, and the fault that sets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateTerm {
    /// Which fault.
    pub fault: FaultId,
    /// When bytes may leave.
    pub rate: LinkRate,
    /// Who shares them.
    pub scope: RateScope,
}

/// When a link lets bytes leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkRate {
    /// So many a second.
    Steady(ByteRate),
    /// A packet at each opportunity of a trace, whose time begins with the fault.
    Trace(Arc<DeliveryTrace>),
}

/// A share of segments that is lost, and the fault that loses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossTerm {
    /// Which fault.
    pub fault: FaultId,
    /// How many.
    pub ratio: Ratio,
}

/// Pieces in which bytes leave, and the fault that cuts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceTerm {
    /// Which fault.
    pub fault: FaultId,
    /// Mean bytes of a piece.
    pub size: u64,
    /// How many more or fewer a piece may have, less than `size`.
    pub variation: u64,
    /// From the beginning of a piece to that of the next, at least.
    pub pause: Duration,
}

/// A share of segments in which a bit is flipped, and the fault that flips it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CorruptTerm {
    /// Which fault.
    pub fault: FaultId,
    /// How many.
    pub ratio: Ratio,
}

/// A bit that a fault flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Flip {
    /// In which direction.
    pub direction: Direction,
    /// In which byte of the direction, from 0.
    pub offset: u64,
    /// Which bit of it, from 0, the lowest.
    pub bit: u8,
}

/// How much later an orderly end is passed on, and the fault that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseTerm {
    /// Which fault.
    pub fault: FaultId,
    /// How long.
    pub delay: Duration,
}

/// Who shares a rate.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RateScope {
    /// Each direction of each connection has the rate to itself.
    #[default]
    Connection,
    /// All connections of the service share it, as on a real link (each direction for itself).
    Service,
}

// === impl PathState ===

impl PathState {
    /// A path that does nothing to bytes.
    pub const CLEAR: Self = Self {
        delays: Vec::new(),
        rates: Vec::new(),
        losses: Vec::new(),
        slices: Vec::new(),
        corruptions: Vec::new(),
        closes: Vec::new(),
        dark: None,
    };

    /// A path that delivers nothing.
    pub fn dark(fault: FaultId) -> Self {
        Self { dark: Some(fault), ..Self::CLEAR }
    }

    /// Whether bytes pass untouched.
    pub const fn is_clear(&self) -> bool {
        self.delays.is_empty()
            && self.rates.is_empty()
            && self.losses.is_empty()
            && self.slices.is_empty()
            && self.corruptions.is_empty()
            && self.closes.is_empty()
            && self.dark.is_none()
    }

    /// Both at once. Where both are dark the first is named.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            delays: [&self.delays[..], &other.delays[..]].concat(),
            rates: [&self.rates[..], &other.rates[..]].concat(),
            losses: [&self.losses[..], &other.losses[..]].concat(),
            slices: [&self.slices[..], &other.slices[..]].concat(),
            corruptions: [&self.corruptions[..], &other.corruptions[..]].concat(),
            closes: [&self.closes[..], &other.closes[..]].concat(),
            dark: self.dark.or(other.dark),
        }
    }
}
