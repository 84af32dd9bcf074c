//! Window ratio: fires while at least a share r of the samples of the last w of time failed.
//!
//! The rule behind "error rate above 5 % over 10 minutes", `avg_over_time(probe_success[10m]) < 0.95` in Prometheus. It
//! counts the samples in the half-open window (now - w, now]. Until it has seen `min_samples` it is silent: one failure
//! after a restart is a share of 100 %.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::base::{Ratio, SimTime, Span};
use crate::detect::sample::Sample;
use crate::detect::spec::Detector;

/// A share of failures in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowRatio {
    /// The length of the window, in scenario time.
    pub window: Span,
    /// It fires while at least this share failed.
    pub at_least: Ratio,
    /// It is silent while the window holds fewer samples.
    #[serde(default = "ten")]
    pub min_samples: u32,
}

const fn ten() -> u32 {
    10
}

/// Most samples that a window remembers: a day at one a second. Older ones leave early.
const SAMPLES_MAX: usize = 86_400;

/// The machine: the samples of the window, and how many of them failed.
#[derive(Debug)]
pub(crate) struct Machine {
    spec: WindowRatio,
    samples: VecDeque<(SimTime, bool)>,
    failed: u32,
}

// === impl WindowRatio ===

impl WindowRatio {
    pub(crate) const fn detector(self) -> Machine {
        Machine { spec: self, samples: VecDeque::new(), failed: 0 }
    }

    pub(crate) fn summary(&self) -> String {
        format!("{} of the last {} failed", self.at_least, self.window)
    }
}

// === impl Machine ===

impl Machine {
    fn forget_first(&mut self) {
        if let Some((_, failed)) = self.samples.pop_front() {
            self.failed -= u32::from(failed);
        }
    }
}

impl Detector for Machine {
    fn observe(&mut self, sample: &Sample) -> bool {
        self.samples.push_back((sample.at, sample.failed));
        self.failed += u32::from(sample.failed);
        let window = self.spec.window.get();
        while self.samples.front().is_some_and(|(at, _)| sample.at.since(*at) >= window && *at != sample.at)
            || self.samples.len() > SAMPLES_MAX
        {
            self.forget_first();
        }
        let seen = self.samples.len() as u32;
        let share =
            Ratio::new(self.failed.into(), seen.into()).expect("no more samples failed than were seen");
        seen >= self.spec.min_samples && share >= self.spec.at_least
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn run(spec: WindowRatio, outcomes: &str) -> String {
        let mut machine = spec.detector();
        outcomes
            .chars()
            .enumerate()
            .map(|(n, outcome)| {
                let at = SimTime::from_secs(n as u64);
                machine.observe(&Sample { at, failed: outcome == 'x', latency: Duration::ZERO })
            })
            .map(|firing| if firing { '!' } else { '.' })
            .collect()
    }

    #[test]
    fn it_remembers_failures_across_successes() {
        let spec = WindowRatio {
            window: Span(Duration::from_secs(5)),
            at_least: Ratio::new(2, 5).unwrap(),
            min_samples: 5,
        };
        // Two of the last five, however far apart; the window is (now - 5 s, now].
        assert_eq!(run(spec, "x..x...x..x....."), "....!..!..!!....");
    }

    #[test]
    fn it_is_silent_until_it_has_seen_enough() {
        let spec = WindowRatio {
            window: Span(Duration::from_secs(60)),
            at_least: Ratio::new(1, 2).unwrap(),
            min_samples: 4,
        };
        assert_eq!(run(spec, "xxxxx"), "...!!");
    }
}
