//! Playing: the samples of a monitor in the order in which they are known.

use std::time::Duration;

use super::world::Watched;
use crate::base::{Label, Seed, SimTime};
use crate::detect::Sample;
use crate::probe::ModelledProbes;

/// The probes of all targets of a monitor, over time. Its clock begins where it is told to.
#[derive(Debug)]
pub(super) struct Feeder {
    targets: Vec<Feed>,
    every: Duration,
    healthy: bool,
    /// Known only beyond the end of the chunk that they were sent in.
    late: Vec<Sample>,
}

#[derive(Debug)]
struct Feed {
    probes: ModelledProbes,
    /// When the next probe is sent.
    next: SimTime,
}

// === impl Feeder ===

impl Feeder {
    /// Probes through the world's faults from the scenario's beginning on, or through a healthy one for ever. `seed` is the
    /// probes'; `part` keeps the draws of one stretch of time apart from those of others.
    pub(super) fn new(watched: &Watched, seed: Seed, part: &str, healthy: bool) -> Self {
        let feed = |(n, target): (usize, &super::world::Target)| {
            let label = Label::new("bench").part(&watched.name).ordinal(n as u64);
            // The phase is the target's own, in the past as in the incident.
            let phase = watched.every.mul_f64(seed.stream(label.part("phase")).unit());
            let program = if healthy { &target.healthy } else { &target.program };
            let probes = ModelledProbes::new(program.clone(), watched.probe.clone(), seed, label.part(part));
            Feed { probes, next: SimTime::after_start(phase) }
        };
        let targets = watched.targets.iter().enumerate().map(feed).collect();
        Self { targets, every: watched.every, healthy, late: Vec::new() }
    }

    /// All samples that are known before `until`, in order, at instants later by `shift`.
    pub(super) fn samples(&mut self, until: SimTime, shift: Duration) -> Vec<Sample> {
        let mut samples = std::mem::take(&mut self.late);
        for (target, feed) in self.targets.iter_mut().enumerate() {
            while feed.next < until {
                // Without a fault nothing ever changes: every instant is like the first.
                let at = if self.healthy { SimTime::ZERO } else { feed.next };
                let seen = feed.probes.next(at);
                samples.push(Sample {
                    at: feed.next.plus(seen.latency).plus(shift),
                    target: target as u32,
                    failed: seen.failed.is_some(),
                    latency: seen.latency,
                });
                feed.next = feed.next.plus(self.every);
            }
        }
        samples.sort_by_key(|sample| (sample.at, sample.target));
        let known = samples.partition_point(|sample| sample.at < until.plus(shift));
        self.late = samples.split_off(known);
        samples
    }
}
