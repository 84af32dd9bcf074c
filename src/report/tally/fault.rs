//! What one fault did: to how many connections, to how many bytes, and whether it met any traffic at all.
//!
//! A fault that met no traffic tested nothing. That is told apart here from a fault whose time the run never reached.

use std::sync::Arc;
use std::time::Duration;

use crate::base::SimTime;
use crate::event::{FaultInfo, Hit};

/// What one fault did.
#[derive(Clone, Debug)]
pub struct FaultTally {
    /// Its service.
    pub service: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What the header told of it; a fault that was edited in while the run went on has none.
    pub info: Option<FaultInfo>,
    /// Connections that it was drawn for.
    pub drawn: u64,
    /// Ended connections that it did something to.
    pub hit: u64,
    /// Connections that it ended.
    pub ended: u64,
    /// Bytes that it delayed, paced or held back.
    pub bytes: u64,
    /// The longest delay that it asked for.
    pub delay_max: Duration,
    /// Bits that it flipped.
    pub flipped: u64,
    /// Of a WAN: ended connections that were open while it disturbed the service's path.
    pub met: u64,
    /// Probes that the kernel refused for it.
    pub refused: u64,
    /// SYNs that the kernel dropped while it was among those that drop.
    pub syns: u64,
    /// When it first did something.
    pub first_hit: Option<SimTime>,
}

/// What came of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It did something to a connection, or (a WAN) might have: connections were there while it disturbed some flows.
    Realised,
    /// The run ended before its first window.
    NotReached,
    /// It met no traffic: it tested nothing.
    Untouched,
    /// What it did nobody saw: the kernel did it, and no monitor looked.
    Unseen,
}

// === impl Effect ===

impl Effect {
    /// The word for it, in machine-readable reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Realised => "realised",
            Self::NotReached => "not_reached",
            Self::Untouched => "untouched",
            Self::Unseen => "unseen",
        }
    }
}

// === impl FaultTally ===

impl FaultTally {
    /// A fault that has done nothing yet.
    pub(super) fn new(service: &Arc<str>, name: &Arc<str>, info: Option<&FaultInfo>) -> Self {
        Self {
            service: service.clone(),
            name: name.clone(),
            info: info.cloned(),
            drawn: 0,
            hit: 0,
            ended: 0,
            bytes: 0,
            delay_max: Duration::ZERO,
            flipped: 0,
            met: 0,
            refused: 0,
            syns: 0,
            first_hit: None,
        }
    }

    pub(super) fn record_hit(&mut self, hit: &Hit) {
        self.hit += 1;
        self.bytes = self.bytes.saturating_add(hit.bytes);
        self.delay_max = self.delay_max.max(hit.delay_max);
        self.flipped = self.flipped.saturating_add(hit.flipped);
        self.first_hit = Some(self.first_hit.map_or(hit.first, |first| first.min(hit.first)));
    }

    /// A connection was open so long. A WAN disturbs some flows and not others, so traffic has met it that was there to be
    /// disturbed.
    pub(super) fn record_lifetime(&mut self, from: SimTime, until: SimTime) {
        let met = self.info.as_ref().is_some_and(|info| info.is_wan() && info.in_force_within(from, until));
        self.met += u64::from(met);
    }

    pub(super) fn record_refused_probe(&mut self, t: SimTime) {
        self.refused += 1;
        self.first_hit = Some(self.first_hit.map_or(t, |first| first.min(t)));
    }

    pub(super) fn record_syns(&mut self, t: SimTime, count: u64) {
        self.syns = self.syns.saturating_add(count);
        self.first_hit = Some(self.first_hit.map_or(t, |first| first.min(t)));
    }

    /// What came of it in a run that was played until `played_until`.
    pub fn effect(&self, played_until: SimTime) -> Effect {
        let first_window = self.info.as_ref().and_then(|info| info.windows.first());
        if self.hit > 0 || self.ended > 0 || self.refused > 0 || self.syns > 0 || self.met > 0 {
            Effect::Realised
        } else if first_window.is_some_and(|window| window.from >= played_until) {
            Effect::NotReached
        } else if self.info.as_ref().is_some_and(|info| !info.is_seen()) {
            Effect::Unseen
        } else {
            Effect::Untouched
        }
    }

    /// Whether the scenario lets it meet no traffic.
    pub fn may_be_untouched(&self) -> bool {
        self.info.as_ref().is_some_and(|info| info.allow_untouched)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture;
    use super::Effect::{NotReached, Realised, Untouched};
    use super::*;

    #[test]
    fn what_tested_nothing_is_told_from_what_was_not_reached() {
        let events = fixture::events();
        let whole = fixture::tally_of(&events);
        let early: Vec<_> = events.into_iter().take_while(|entry| entry.t < SimTime::from_secs(60)).collect();
        let early = fixture::tally_of(&early);
        let effects = |tally: &super::super::Tally| -> Vec<_> {
            tally.faults.values().map(|fault| fault.effect(tally.played_until())).collect()
        };
        assert_eq!(effects(&whole), [Realised, Realised, Realised, Untouched]);
        assert_eq!(effects(&early), [Realised, NotReached, NotReached, NotReached]);
        let reset = &whole.faults.values().find(|fault| &*fault.name == "reset@3m");
        assert_eq!(reset.map(|fault| (fault.hit, fault.ended)), Some((10, 10)));
    }
}
