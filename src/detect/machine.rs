//! `Detector`: a rule at work, and `Machine`, what a kind of detector has to bring for one.
//!
//! A detector is either silent or firing. Two things change it: a sample, and time that passes without one. Whoever drives
//! it hands over both in order; the detector sees to it that what time alone changes comes first, at its own instant. So
//! the changes are a function of the samples, however often and at whatever instants the time was told in between (a
//! property test holds every kind to that), and live and virtual time give the same.
//!
//! An instant belongs to the samples before it to time: at the same instant a sample is seen first.

use std::fmt;
use std::time::Duration;

use super::sample::Sample;
use crate::base::SimTime;

/// A rule at work on the samples of one monitor. A clone goes on from the same state by itself.
#[derive(Clone, Debug)]
pub struct Detector {
    machine: Box<dyn Machine>,
    firing: bool,
    now: SimTime,
    /// When time alone may change it next; [`SimTime::MAX`] if only a sample can.
    deadline: SimTime,
}

/// A detector begins or ceases to fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: SimTime,
    /// Whether it fires from now on.
    pub firing: bool,
}

/// The state of one kind of detector. Bounded, whatever comes.
///
/// [`Detector`] calls it in the order of time: `observe` for each sample, `wake` at each deadline that has come.
pub trait Machine: MachineClone + fmt::Debug + Send + Sync {
    /// Takes the next sample, not earlier than the one before. Whether the rule fires from now on.
    fn observe(&mut self, sample: &Sample) -> bool;

    /// When time alone may change it next, if no sample comes before. Too early does no harm.
    fn deadline(&self) -> Option<SimTime> {
        None
    }

    /// The deadline has come. Whether the rule fires from now on.
    fn wake(&mut self, _now: SimTime) -> bool {
        false
    }
}

/// Clones a boxed [`Machine`]; every machine that is `Clone` has it.
pub trait MachineClone {
    /// Another machine in the same state.
    fn boxed_clone(&self) -> Box<dyn Machine>;
}

// === impl Detector ===

impl Detector {
    /// A detector that has seen nothing yet.
    pub fn new(machine: Box<dyn Machine>) -> Self {
        let deadline = machine.deadline().unwrap_or(SimTime::MAX);
        Self { machine, firing: false, now: SimTime::ZERO, deadline }
    }

    /// Takes the next sample, after all that time changes before it. One that comes late counts as if it came now.
    pub fn observe(&mut self, sample: &Sample, mut changed: impl FnMut(Change)) {
        self.advance(sample.at, &mut changed);
        let firing = if sample.at < self.now {
            self.machine.observe(&Sample { at: self.now, ..*sample })
        } else {
            self.machine.observe(sample)
        };
        self.deadline = self.machine.deadline().unwrap_or(SimTime::MAX);
        self.set(self.now, firing, changed);
    }

    /// Lets time pass until just before `now`: no sample before it will come any more.
    pub fn advance(&mut self, now: SimTime, mut changed: impl FnMut(Change)) {
        while self.deadline < now {
            let at = self.deadline.max(self.now);
            let firing = self.machine.wake(at);
            // Time goes on, whatever a machine says.
            let next = self.machine.deadline().unwrap_or(SimTime::MAX);
            self.deadline = next.max(at.plus(Duration::from_nanos(1)));
            self.set(at, firing, &mut changed);
        }
        self.now = self.now.max(now);
    }

    /// When time alone may change it next, if no sample comes before.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        (self.deadline < SimTime::MAX).then_some(self.deadline)
    }

    /// Lets time pass until `now`, what is due at this very instant included: for rules within rules, whose own time has
    /// been told to be over.
    pub(super) fn wake(&mut self, now: SimTime) {
        if self.deadline <= now {
            self.advance(now.plus(Duration::from_nanos(1)), |_| {});
        }
    }

    /// Whether it fires.
    pub const fn firing(&self) -> bool {
        self.firing
    }

    fn set(&mut self, at: SimTime, firing: bool, mut changed: impl FnMut(Change)) {
        if firing != self.firing {
            self.firing = firing;
            changed(Change { at, firing });
        }
    }
}

// === impl Machine ===

impl<M: Machine + Clone + 'static> MachineClone for M {
    fn boxed_clone(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Machine> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
    }
}
