//! What the sequential tests share: two failure rates to tell apart, and a trigger with a way back.
//!
//! Kinds that add up evidence (CUSUM, Page-Hinkley, Shiryaev-Roberts) are defined until their alarm; then the literature
//! stops and starts again. A detector goes on, so ours has to say when the alarm is over: evidence does not grow beyond the
//! threshold, and the alarm ends when it has fallen below half of it.

use crate::base::Ratio;
use crate::detect::spec::Contradiction;

/// The share of failures when all is well, and the one that should be found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odds {
    background: f64,
    failing: f64,
}

/// Fires at a threshold, and is silent again below half of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trigger<T> {
    threshold: T,
    resolved: T,
    firing: bool,
}

// === impl Odds ===

impl Odds {
    pub(super) fn new(background: Ratio, failing: Ratio) -> Self {
        Self { background: background.as_f64(), failing: failing.as_f64() }
    }

    /// How much likelier a failure is at the failing rate: p1 / p0.
    pub(super) fn of_failure(self) -> f64 {
        self.failing / self.background
    }

    /// How much likelier a success is at the failing rate: (1 - p1) / (1 - p0).
    pub(super) fn of_success(self) -> f64 {
        (1.0 - self.failing) / (1.0 - self.background)
    }

    /// What is wrong with the two.
    pub(super) fn contradiction(background: Ratio, failing: Ratio) -> Option<Contradiction> {
        let told = |message: String, hint: &str| Some(Contradiction::new(message).hint(hint));
        if background.is_zero() {
            return told(
                "with a `background` of 0% one failure proves everything".to_owned(),
                "write what a healthy path loses, `background: 0.1%`, say, or use `consecutive: { failures: 1 }`",
            );
        }
        if failing == Ratio::ONE {
            return told(
                "with a `failing` of 100% one success proves health".to_owned(),
                "write the smallest share that should be found, `failing: 10%`, say",
            );
        }
        if failing <= background {
            return told(
                format!("`failing` ({failing}) must be more than `background` ({background})"),
                "exchange the two",
            );
        }
        None
    }
}

// === impl Trigger ===

impl<T: Copy + PartialOrd> Trigger<T> {
    pub(super) const fn new(threshold: T, half: T) -> Self {
        Self { threshold, resolved: half, firing: false }
    }

    /// Takes the new level, which it holds at the threshold. Whether it fires.
    pub(super) fn level(&mut self, level: &mut T) -> bool {
        if *level >= self.threshold {
            *level = self.threshold;
            self.firing = true;
        } else if *level < self.resolved {
            self.firing = false;
        }
        self.firing
    }

    pub(super) const fn firing(&self) -> bool {
        self.firing
    }
}
