//! Cuts: how faults end connections, or abandon them.
//!
//! A cut is armed while its fault is in force and the connection is there, whichever begins later; from then on it counts
//! time, or bytes delivered in the fault's directions, and ends the connection when its measure is full. A cut whose fault
//! ceases before that is disarmed and forgets. Of several that fall together the first of the program acts.
//!
//! Pure: the driver asks with the present and the bytes delivered so far, and lets no byte pass beyond `allowance`.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::spec::Fault;
use crate::base::{ByteSize, Direction, SimTime, Span};

/// How a fault ends a connection, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// How.
    pub kind: CutKind,
    /// When.
    pub after: CutAfter,
}

/// How a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutKind {
    /// With an RST to both sides.
    Reset,
    /// With a FIN to both sides.
    Close,
    /// In silence, for good.
    Abandon(Answer),
}

/// What an abandoned client's next bytes are answered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nothing.
    #[default]
    Silence,
    /// An RST, as from a middlebox that has forgotten the flow.
    Reset,
}

/// When a connection is ended, counted from the instant at which the cut is armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutAfter {
    /// After a time.
    Time(Duration),
    /// After a number of bytes delivered in the fault's directions.
    Bytes(u64),
}

/// When a connection is cut: after a time, counted from the acceptance of the connection or from the beginning of the
/// fault, whichever is later; or after a number of bytes delivered in the fault's direction since then; at once, if
/// neither is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CutWhen {
    /// So long after the connection and the fault are both there.
    pub(super) after: Option<Span>,
    /// After so many bytes in the fault's direction.
    pub(super) after_bytes: Option<ByteSize>,
}

/// The cuts of one connection.
#[derive(Debug, Default)]
pub struct Cuts {
    cuts: Vec<Watched>,
    accepted: SimTime,
}

#[derive(Debug)]
struct Watched {
    fault: Arc<Fault>,
    cut: Cut,
    armed: Option<Armed>,
}

#[derive(Clone, Copy, Debug)]
struct Armed {
    since: SimTime,
    /// Bytes delivered in the fault's directions before that.
    before: u64,
}

// === impl CutWhen ===

impl CutWhen {
    /// After so long.
    pub const fn after_time(after: Span) -> Self {
        Self { after: Some(after), after_bytes: None }
    }

    /// The same, with the two forms merged.
    pub fn after(&self) -> CutAfter {
        match self.after_bytes {
            Some(bytes) => CutAfter::Bytes(bytes.0),
            None => CutAfter::Time(self.after.unwrap_or_default().get()),
        }
    }

    pub(super) fn summary(&self) -> String {
        match self.after() {
            CutAfter::Time(time) if time.is_zero() => "at once".to_owned(),
            CutAfter::Time(time) => format!("after {}", Span(time)),
            CutAfter::Bytes(bytes) => format!("after {}", ByteSize(bytes)),
        }
    }

    pub(super) fn contradictions(&self) -> Vec<String> {
        if self.after.is_none() || self.after_bytes.is_none() {
            return Vec::new();
        }
        vec![
            "a connection is cut after a time or after a number of bytes: give `after` or `after_bytes`"
                .to_owned(),
        ]
    }
}

// === impl Cuts ===

impl Cuts {
    /// The cuts among `faults`, for a connection that was accepted at `accepted`.
    pub fn new<'a>(faults: impl Iterator<Item = &'a Arc<Fault>>, accepted: SimTime) -> Self {
        let watched = |fault: &Arc<Fault>| {
            fault.kind().cut().map(|cut| Watched { fault: Arc::clone(fault), cut, armed: None })
        };
        Self { cuts: faults.filter_map(watched).collect(), accepted }
    }

    /// The same connection with other faults: what was armed and still is among them stays armed.
    #[must_use]
    pub fn edited<'a>(&self, faults: impl Iterator<Item = &'a Arc<Fault>>) -> Self {
        let mut edited = Self::new(faults, self.accepted);
        for watched in &mut edited.cuts {
            let before = self.cuts.iter().find(|old| Arc::ptr_eq(&old.fault, &watched.fault));
            watched.armed = before.and_then(|old| old.armed);
        }
        edited
    }

    /// The fault that ends the connection now, if one does. `delivered` counts bytes by direction.
    pub fn poll(&mut self, now: SimTime, delivered: [u64; 2]) -> Option<(&Arc<Fault>, CutKind)> {
        let accepted = self.accepted;
        let due = self
            .cuts
            .iter_mut()
            .find_map(|watched| watched.poll(now, accepted, delivered).then_some(watched));
        due.map(|watched| (&watched.fault, watched.cut.kind))
    }

    /// When to ask again if no byte moves.
    pub fn deadline(&self, now: SimTime) -> Option<SimTime> {
        self.cuts.iter().filter_map(|watched| watched.deadline(now)).min()
    }

    /// How many more bytes may be delivered in `direction` before a cut is due.
    pub fn allowance(&self, direction: Direction, delivered: [u64; 2]) -> u64 {
        let left = |watched: &Watched| match (watched.cut.after, watched.armed) {
            (CutAfter::Bytes(bytes), Some(armed)) if watched.fault.parts.directions.contain(direction) => {
                (armed.before + bytes).saturating_sub(watched.counted(delivered))
            }
            _ => u64::MAX,
        };
        self.cuts.iter().map(left).min().unwrap_or(u64::MAX)
    }
}

// === impl Watched ===

impl Watched {
    fn poll(&mut self, now: SimTime, accepted: SimTime, delivered: [u64; 2]) -> bool {
        let level = &self.fault.parts.level;
        if level.at(now).is_zero() {
            self.armed = None;
            return false;
        }
        let counted = self.counted(delivered);
        let armed =
            *self.armed.get_or_insert(Armed { since: level.piece_start(now).max(accepted), before: counted });
        match self.cut.after {
            CutAfter::Time(time) => now >= armed.since.plus(time),
            CutAfter::Bytes(bytes) => counted - armed.before >= bytes,
        }
    }

    fn deadline(&self, now: SimTime) -> Option<SimTime> {
        let change = self.fault.parts.level.next_change(now);
        let due = match (self.cut.after, self.armed) {
            (CutAfter::Time(time), Some(armed)) => Some(armed.since.plus(time)),
            _ => None,
        };
        [change, due].into_iter().flatten().min()
    }

    fn counted(&self, delivered: [u64; 2]) -> u64 {
        let counts = |direction: &Direction| self.fault.parts.directions.contain(*direction);
        Direction::ALL.iter().filter(|d| counts(d)).map(|d| delivered[d.index()]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::testing::{self, secs};

    fn cuts(yaml_like: &str, from: u64, until: u64, accepted: u64) -> Cuts {
        let reset: crate::fault::Reset = serde_json::from_str(yaml_like).unwrap();
        let fault = Arc::new(testing::fault("cut", reset, from, until));
        Cuts::new([&fault].into_iter(), secs(accepted))
    }

    #[test]
    fn time_counts_from_the_later_of_fault_and_connection() {
        let mut early = cuts(r#"{"after": "5s"}"#, 10, 20, 0);
        assert_eq!(early.deadline(secs(0)), Some(secs(10)));
        assert!(early.poll(secs(10), [0, 0]).is_none());
        assert_eq!(early.deadline(secs(10)), Some(secs(15)));
        assert!(early.poll(secs(15), [0, 0]).is_some());
        let mut late = cuts(r#"{"after": "5s"}"#, 10, 20, 12);
        assert!(late.poll(secs(12), [0, 0]).is_none());
        assert!(late.poll(secs(16), [0, 0]).is_none());
        assert!(late.poll(secs(17), [0, 0]).is_some());
    }

    /// The window closes first: nothing happens, and the next window counts anew.
    #[test]
    fn a_fault_that_ceases_forgets() {
        let mut cuts = cuts(r#"{"after": "15s"}"#, 10, 20, 0);
        assert!(cuts.poll(secs(12), [0, 0]).is_none());
        assert!(cuts.poll(secs(30), [0, 0]).is_none());
        assert_eq!(cuts.deadline(secs(30)), None);
    }

    #[test]
    fn bytes_count_in_the_faults_direction_from_when_it_is_armed() {
        let mut cuts = cuts(r#"{"after_bytes": "100B"}"#, 10, 20, 0);
        assert_eq!(cuts.allowance(Direction::ToClient, [0, 0]), u64::MAX);
        assert!(cuts.poll(secs(10), [7, 1_000]).is_none());
        assert_eq!(cuts.allowance(Direction::ToClient, [7, 1_040]), 60);
        assert_eq!(cuts.allowance(Direction::ToServer, [7, 1_040]), u64::MAX);
        assert!(cuts.poll(secs(11), [9_999, 1_099]).is_none());
        assert!(cuts.poll(secs(11), [9_999, 1_100]).is_some());
    }

    #[test]
    fn at_once_is_at_once() {
        assert!(cuts("{}", 0, 20, 3).poll(secs(3), [0, 0]).is_some());
    }
}
