//! Monitors at work: a probe of a target every interval, each on a connection of its own, whatever became of the one before.
//!
//! The first probe of a target comes at a phase of its own, drawn from the seed, so that monitors don't march in step with
//! each other or with the schedule of faults. Probes may overlap, up to [`PROBES_UNDER_WAY_MAX`]; one that finds no room has
//! failed, and says so.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::base::limits::PROBES_UNDER_WAY_MAX;
use crate::base::{Label, Seed, SimTime};
use crate::event::{Event, Phase, Probe, ProbeFailure};
use crate::probe::{self, Outcome, attempt};
use crate::proxy::Shared;
use crate::scenario::{Check, MonitorPlan, Upstream};

/// A monitor of one target, ready to go.
pub(super) struct Monitor {
    plan: MonitorPlan,
    check: probe::Check,
    /// Which of its targets this is, and where that is.
    target: (u32, SocketAddr),
    first: SimTime,
}

// === impl Monitor ===

impl Monitor {
    pub(super) fn new(
        plan: &MonitorPlan,
        upstream: &Upstream,
        target: (u32, SocketAddr),
        seed: Seed,
    ) -> Self {
        let label = Label::new("monitor").part(&plan.name).part("phase");
        let label = if target.0 == 0 { label } else { label.ordinal(target.0.into()) };
        let first = SimTime::after_start(plan.every.mul_f64(seed.stream(label).unit()));
        Self { check: real_check(&plan.check, upstream), plan: plan.clone(), target, first }
    }

    /// Probes until told to stop or until `end`, then waits for the probes under way.
    pub(super) async fn watch(self, shared: Shared, end: SimTime, stop: CancellationToken) {
        let monitor = Arc::new(self);
        let slots = Arc::new(Semaphore::new(PROBES_UNDER_WAY_MAX));
        let mut probes = JoinSet::new();
        let every = monitor.plan.every;
        for ordinal in 0u32.. {
            let at = monitor.first.plus(every.saturating_mul(ordinal));
            if at >= end {
                break;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = shared.timer.sleep_until(at) => {}
            }
            while probes.try_join_next().is_some() {}
            let began = shared.clock.now();
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
                let event = monitor.probe_event(ordinal.into(), no_room());
                shared.outbox.put(began, event);
                continue;
            };
            let (monitor, shared) = (Arc::clone(&monitor), shared.clone());
            probes.spawn(async move {
                let outcome = attempt(&monitor.check, monitor.target.1, monitor.plan.timeout).await;
                shared.outbox.put(began, monitor.probe_event(ordinal.into(), outcome));
                drop(slot);
            });
        }
        // Each of them ends by its own timeout.
        while probes.join_next().await.is_some() {}
    }

    fn probe_event(&self, ordinal: u64, outcome: Outcome) -> Event {
        Event::Probe(Probe {
            monitor: Arc::clone(&self.plan.name),
            target: self.target.0,
            ordinal,
            failure: outcome.failure,
            latency: outcome.latency,
            connect: outcome.connect,
            first_byte: outcome.first_byte,
            status: outcome.status,
            bucket: outcome.bucket,
        })
    }
}

fn real_check(check: &Check, upstream: &Upstream) -> probe::Check {
    match check {
        Check::Tcp => probe::Check::Tcp,
        Check::Http { path, host, status, body_contains, body_at_least } => probe::Check::Http {
            path: Arc::clone(path),
            host: host.clone().unwrap_or_else(|| upstream.to_string().into()),
            status: *status,
            body_contains: body_contains.clone(),
            body_at_least: body_at_least.map_or(0, |size| size.0),
        },
    }
}

fn no_room() -> Outcome {
    let reason = format!("{PROBES_UNDER_WAY_MAX} probes of this monitor are still under way");
    Outcome {
        failure: Some(ProbeFailure { phase: Phase::Connect, timeout: false, reason: reason.into() }),
        latency: std::time::Duration::ZERO,
        connect: None,
        first_byte: None,
        status: None,
        bucket: None,
    }
}
