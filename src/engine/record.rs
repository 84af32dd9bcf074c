//! The recorder: a thread of its own that takes every event in order, lets the detectors see the probes, and hands all of
//! it to the sink. A thread, because a disk may block and the data plane must not.
//!
//! Detectors also have to hear that time passes, for some act on probes that do not come. Every entry tells it, for none is
//! put before it happened; so does the clock, whenever the queue is empty. Either way [`PROBE_HANDOVER`] is taken off, for a
//! probe that has just ended may be on its way, and the time ends when the monitors do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::base::SimTime;
use crate::base::limits::PROBE_HANDOVER;
use crate::detect::{Change, Detector, Sample};
use crate::event::{AlarmState, Entry, Event, Probe, Sink};
use crate::scenario::{DetectorPlan, Plan};

/// How often the sink is told the time when nothing happens: for progress, and for the journal's flush.
const TICK: Duration = Duration::from_millis(200);

/// When the monitors have stopped, in scenario time: from then on it means nothing that no probe comes. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Watching(Arc<AtomicU64>);

/// A detector at work.
struct Watch {
    name: Arc<str>,
    monitor: Arc<str>,
    detector: Detector,
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
                detectors.advance(entry.t, &mut sink);
                if let Event::Probe(probe) = &entry.event {
                    detectors.observe(entry.t, probe, &mut sink);
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let now = now();
                detectors.advance(now, &mut sink);
                sink.tick(now);
            }
            Err(RecvTimeoutError::Disconnected) => {
                detectors.finish(&mut sink);
                return sink;
            }
        }
    }
}

/// The detectors of a plan.
pub(super) struct Detectors {
    watches: Vec<Watch>,
    /// Scenario seconds that pass in a second: a probe's outcome is known so much later.
    speed: f64,
    watching: Watching,
}

// === impl Watching ===

impl Watching {
    /// Until this scenario time at the latest.
    pub(super) fn until(end: SimTime) -> Self {
        Self(Arc::new(AtomicU64::new(end.as_nanos())))
    }

    /// The monitors have stopped at this scenario time.
    pub(super) fn stop(&self, now: SimTime) {
        self.0.fetch_min(now.as_nanos(), Ordering::Relaxed);
    }

    fn end(&self) -> SimTime {
        SimTime::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

// === impl Detectors ===

impl Detectors {
    pub(super) fn new(plan: &Plan, watching: Watching) -> Self {
        let watch = |detector: &DetectorPlan| Watch {
            name: Arc::clone(&detector.name),
            monitor: Arc::clone(&plan.monitors[detector.monitor].name),
            detector: plan.detector(detector),
        };
        Self { watches: plan.detectors.iter().map(watch).collect(), speed: plan.clock.speed, watching }
    }

    fn observe(&mut self, began: SimTime, probe: &Probe, sink: &mut impl Sink) {
        let at = began.plus(probe.latency.mul_f64(self.speed));
        let sample = Sample { at, target: probe.target, failed: !probe.succeeded(), latency: probe.latency };
        for watch in self.watches.iter_mut().filter(|watch| watch.monitor == probe.monitor) {
            let Watch { name, detector, .. } = watch;
            detector.observe(&sample, |change| tell(name, change, sink));
        }
    }

    /// It is `now` at least.
    fn advance(&mut self, now: SimTime, sink: &mut impl Sink) {
        self.pass(now.minus(PROBE_HANDOVER.mul_f64(self.speed)).min(self.watching.end()), sink);
    }

    /// No event will come any more.
    fn finish(&mut self, sink: &mut impl Sink) {
        self.pass(self.watching.end(), sink);
    }

    fn pass(&mut self, until: SimTime, sink: &mut impl Sink) {
        for Watch { name, detector, .. } in &mut self.watches {
            detector.advance(until, |change| tell(name, change, sink));
        }
    }
}

fn tell(name: &Arc<str>, change: Change, sink: &mut impl Sink) {
    let state = if change.firing { AlarmState::Firing } else { AlarmState::Resolved };
    sink.record(&Event::Alarm { detector: Arc::clone(name), state }.at(change.at));
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::event::{Phase, ProbeFailure};
    use crate::scenario::load_text;

    /// Every alarm, and nothing else.
    #[derive(Default)]
    struct Alarms(Vec<(f64, String, AlarmState)>);

    impl Sink for Alarms {
        fn record(&mut self, entry: &Entry) {
            if let Event::Alarm { detector, state } = &entry.event {
                self.0.push((entry.t.as_secs_f64(), detector.to_string(), *state));
            }
        }
    }

    const SCENARIO: &str = "\
name: x
duration: 10m
services: { a: { upstream: a:1 } }
monitors: { m: { every: 1s, timeout: 1s, tcp: {} } }
detectors:
  gone: { phi_accrual: { threshold: 8, distribution: exponential, expected: 1s } }
  held: { alert: { when: { consecutive: { failures: 1 } }, for: 20s, every: 1s } }
";

    fn probe(t: u64, failed: bool) -> Entry {
        let failure =
            failed.then(|| ProbeFailure { phase: Phase::Connect, timeout: true, reason: "".into() });
        let probe = Probe {
            monitor: "m".into(),
            target: 0,
            ordinal: t,
            failure,
            latency: Duration::ZERO,
            connect: None,
            first_byte: None,
            status: None,
            bucket: None,
        };
        Event::Probe(probe).at(SimTime::from_secs(t))
    }

    /// Plays the entries of a run whose monitors stop at `stop`.
    fn alarms(entries: Vec<Entry>, stop: u64) -> Vec<(f64, String, AlarmState)> {
        let plan = load_text("x", SCENARIO).unwrap();
        let watching = Watching::until(plan.clock.until);
        let detectors = Detectors::new(&plan, watching.clone());
        watching.stop(SimTime::from_secs(stop));
        let (queue, waiting) = sync_channel(entries.len() + 1);
        for entry in entries {
            queue.send(entry).unwrap();
        }
        drop(queue);
        record(&waiting, detectors, Alarms::default(), || SimTime::ZERO).0
    }

    /// Ten probes a second apart, the last of which fails, then none. The mean interval of the successes that were learned
    /// is (2 + 8 × 1) / 9 s, so φ is 8 after 18.42 × 1.11 s of silence; the alert holds for 20 s. Both are told at their
    /// own instants by the events of others, or at the end, and not by what is no silence but the end of watching.
    #[test]
    fn silence_is_an_alarm_while_somebody_watches() {
        let probes = || (0..10).map(|t| probe(t, t == 9)).collect::<Vec<_>>();
        let gone = 8.0 + 8.0 * std::f64::consts::LN_10 * (10.0 / 9.0);
        let expected = |seen: &[(f64, String, AlarmState)]| {
            let [first, second] = seen else { panic!("{seen:?}") };
            assert!((first.0 - gone).abs() < 1e-6 && first.1 == "gone", "{seen:?}");
            assert_eq!(*second, (29.0, "held".to_owned(), AlarmState::Firing));
        };
        expected(&alarms(probes(), 40));
        let others = (10..60).map(|t| Event::CommandStarted { pid: 1 }.at(SimTime::from_secs(t)));
        expected(&alarms(probes().into_iter().chain(others).collect(), 40));
        assert_eq!(alarms(probes(), 20), [], "the monitors have stopped before");
    }
}
