//! The recorder: a thread of its own that takes every event in order, lets the detectors see the probes, and hands all of
//! it to the sink. A thread, because a disk may block and the data plane must not.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::base::SimTime;
use crate::detect::{Detector, Sample};
use crate::event::{AlarmState, Entry, Event, Probe, Sink};
use crate::scenario::Plan;

/// How often the sink is told the time when nothing happens: for progress, and for the journal's flush.
const TICK: Duration = Duration::from_millis(200);

/// A detector at work.
struct Watch {
    name: Arc<str>,
    monitor: Arc<str>,
    detector: Box<dyn Detector>,
    firing: bool,
}

/// Hands every event to `sink` until all outboxes are gone; `now` tells the scenario time.
pub(super) fn record<S: Sink>(
    entries: &Receiver<Entry>,
    mut detectors: Detectors,
    mut sink: S,
    now: impl Fn() -> SimTime,
) -> S {
    loop {
        match entries.recv_timeout(TICK) {
            Ok(entry) => {
                sink.record(&entry);
                if let Event::Probe(probe) = &entry.event {
                    detectors.observe(entry.t, probe, &mut sink);
                }
            }
            Err(RecvTimeoutError::Timeout) => sink.tick(now()),
            Err(RecvTimeoutError::Disconnected) => return sink,
        }
    }
}

/// The detectors of a plan.
pub(super) struct Detectors {
    watches: Vec<Watch>,
    /// Scenario seconds that pass in a second: a probe's outcome is known so much later.
    speed: f64,
}

// === impl Detectors ===

impl Detectors {
    pub(super) fn new(plan: &Plan) -> Self {
        let watch = |detector: &crate::scenario::DetectorPlan| Watch {
            name: Arc::clone(&detector.name),
            monitor: Arc::clone(&plan.monitors[detector.monitor].name),
            detector: detector.spec.build(),
            firing: false,
        };
        Self { watches: plan.detectors.iter().map(watch).collect(), speed: plan.clock.speed }
    }

    fn observe(&mut self, began: SimTime, probe: &Probe, sink: &mut impl Sink) {
        let at = began.plus(probe.latency.mul_f64(self.speed));
        let sample = Sample { at, failed: !probe.succeeded(), latency: probe.latency };
        for watch in self.watches.iter_mut().filter(|watch| watch.monitor == probe.monitor) {
            let firing = watch.detector.observe(&sample);
            if firing != watch.firing {
                watch.firing = firing;
                let state = if firing { AlarmState::Firing } else { AlarmState::Resolved };
                sink.record(&Event::Alarm { detector: Arc::clone(&watch.name), state }.at(at));
            }
        }
    }
}
