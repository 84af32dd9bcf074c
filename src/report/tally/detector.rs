//! One detector's alarms: when it fired, and until when.

use std::sync::Arc;

use crate::base::SimTime;
use crate::event::{AlarmState, DetectorInfo};

/// Most alarms of one detector that are held with their instants; more are only counted. A detector that fires more
/// often flaps, and no reader reads a list of flaps.
const ALARMS_MAX: usize = 256;

/// One detector's alarms.
#[derive(Clone, Debug)]
pub struct DetectorTally {
    /// Its name.
    pub name: Arc<str>,
    /// What the header told of it.
    pub info: Option<DetectorInfo>,
    /// How often it began to fire.
    pub fired: u64,
    /// The first 256 alarms.
    pub alarms: Vec<AlarmSpan>,
    /// Since when it has been firing, if it does now.
    pub firing_since: Option<SimTime>,
}

/// One alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmSpan {
    /// It began to fire.
    pub from: SimTime,
    /// It fell silent; none while it fires.
    pub until: Option<SimTime>,
}

// === impl DetectorTally ===

impl DetectorTally {
    /// A silent detector.
    pub(super) fn new(name: &Arc<str>, info: Option<&DetectorInfo>) -> Self {
        Self { name: name.clone(), info: info.cloned(), fired: 0, alarms: Vec::new(), firing_since: None }
    }

    /// A state that it is in already changes nothing.
    pub(super) fn record(&mut self, t: SimTime, state: AlarmState) {
        match (state, self.firing_since) {
            (AlarmState::Firing, None) => {
                self.fired += 1;
                self.firing_since = Some(t);
                if self.alarms.len() < ALARMS_MAX {
                    self.alarms.push(AlarmSpan { from: t, until: None });
                }
            }
            (AlarmState::Resolved, Some(_)) => {
                self.firing_since = None;
                if let Some(alarm) = self.alarms.last_mut().filter(|alarm| alarm.until.is_none()) {
                    alarm.until = Some(t.max(alarm.from));
                }
            }
            (AlarmState::Firing, Some(_)) | (AlarmState::Resolved, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(states: impl IntoIterator<Item = (u64, AlarmState)>) -> DetectorTally {
        let mut tally = DetectorTally::new(&"burn".into(), None);
        for (seconds, state) in states {
            tally.record(SimTime::from_secs(seconds), state);
        }
        tally
    }

    #[test]
    fn doubled_states_change_nothing() {
        use AlarmState::{Firing, Resolved};
        let tally =
            recorded([(1, Resolved), (2, Firing), (3, Firing), (5, Resolved), (6, Resolved), (9, Firing)]);
        let span = |from, until: Option<u64>| AlarmSpan {
            from: SimTime::from_secs(from),
            until: until.map(SimTime::from_secs),
        };
        assert_eq!(tally.alarms, [span(2, Some(5)), span(9, None)]);
        assert_eq!((tally.fired, tally.firing_since), (2, Some(SimTime::from_secs(9))));
    }

    /// Beyond the bound alarms are counted, and the last that is held keeps its end.
    #[test]
    fn a_flapping_detector_is_bounded() {
        let flaps = (0..2_000_u64)
            .map(|n| (n, if n.is_multiple_of(2) { AlarmState::Firing } else { AlarmState::Resolved }));
        let tally = recorded(flaps);
        assert_eq!((tally.fired, tally.alarms.len()), (1_000, ALARMS_MAX));
        assert_eq!(tally.alarms.last().and_then(|alarm| alarm.until), Some(SimTime::from_secs(511)));
    }
}
