//! A plan in words: the header of its journal.

use std::net::SocketAddr;
use std::sync::Arc;

use super::backend::Chosen;
use crate::base::limits::HEADER_WINDOWS_MAX;
use crate::event::{DetectorInfo, FaultInfo, Header, MonitorInfo, PathInfo, ServiceInfo, Window};
use crate::fault::Fault;
use crate::scenario::{Plan, buckets_text, check_text, fault_windows};

/// What the plan is about to do, with the addresses that were really bound.
pub(super) fn header(
    plan: &Plan,
    addresses: &[SocketAddr],
    replay: &str,
    began: &str,
    chosen: &Chosen,
) -> Header {
    let services = plan.services.iter().zip(addresses).map(|(service, address)| ServiceInfo {
        name: Arc::clone(&service.name),
        listen: *address,
        upstream: service.upstream.to_string().into(),
        path: service.path.as_ref().map(|path| PathInfo {
            from: Arc::clone(&path.from),
            to: Arc::clone(&path.to),
            backend: chosen.backend.as_str().into(),
        }),
    });
    Header {
        version: env!("CARGO_PKG_VERSION").into(),
        scenario: Arc::clone(&plan.name),
        file: Arc::clone(&plan.file),
        about: plan.about.clone(),
        seed: plan.seed.0,
        starts_at: plan.starts_at.clone(),
        began: began.into(),
        speed: plan.clock.speed,
        from: plan.clock.from,
        until: plan.clock.until,
        replay: replay.into(),
        services: services.collect(),
        faults: plan.faults.iter().map(|fault| describe_fault(fault, plan, chosen)).collect(),
        monitors: plan.monitors.iter().map(|monitor| describe_monitor(monitor, plan)).collect(),
        detectors: plan.detectors.iter().map(|detector| describe_detector(detector, plan)).collect(),
        command: None,
        notes: notes(plan, chosen),
    }
}

fn describe_fault(fault: &Fault, plan: &Plan, chosen: &Chosen) -> FaultInfo {
    let parts = &fault.parts;
    let mut windows: Vec<Window> = fault_windows(fault, &plan.clock);
    let windows_total = windows.len();
    windows.truncate(HEADER_WINDOWS_MAX);
    let buckets = buckets_text(fault).map(|buckets| format!(", {buckets}")).unwrap_or_default();
    FaultInfo {
        name: Arc::clone(&parts.name),
        service: Arc::clone(&parts.service),
        kind: parts.kind.info().name.into(),
        summary: format!("{}{buckets}", fault.summary()).into(),
        direction: parts.directions,
        probability: parts.probability,
        windows,
        windows_total,
        backend: fault.backend(chosen.backend).as_str().into(),
        allow_untouched: plan.may_stay_untouched(fault),
    }
}

fn describe_monitor(monitor: &crate::scenario::MonitorPlan, plan: &Plan) -> MonitorInfo {
    let name = |service: &usize| Arc::clone(&plan.services[*service].name);
    MonitorInfo {
        name: Arc::clone(&monitor.name),
        service: name(&monitor.targets[0]),
        targets: if monitor.targets.len() > 1 {
            monitor.targets.iter().map(name).collect()
        } else {
            Vec::new()
        },
        check: check_text(&monitor.check).into(),
        every: monitor.every.mul_f64(plan.clock.speed),
        timeout: monitor.timeout,
    }
}

fn describe_detector(detector: &crate::scenario::DetectorPlan, plan: &Plan) -> DetectorInfo {
    DetectorInfo {
        name: Arc::clone(&detector.name),
        monitor: Arc::clone(&plan.monitors[detector.monitor].name),
        summary: detector.spec.summary().into(),
    }
}

/// What a reader must know of how the run was made.
fn notes(plan: &Plan, chosen: &Chosen) -> Vec<Arc<str>> {
    let mut notes: Vec<Arc<str>> = chosen.note(plan).into_iter().collect();
    let clock = plan.clock;
    if plan.services.iter().any(|service| service.path.is_some()) {
        notes.push(
            "a connect to a service with a path takes no time: the server sees the connection a round trip and one more \
             way later, so totals are right and the connect phase alone is not"
                .into(),
        );
    }
    if clock.plays_at_speed() {
        notes.push(
            format!(
                "speed {}: the timeline and the monitors' intervals are compressed, injected delays and timeouts are \
                 not; times to detect are not those of the real thing",
                clock.speed
            )
            .into(),
        );
    }
    if clock
        != (crate::scenario::ScenarioClock {
            speed: clock.speed,
            ..crate::scenario::ScenarioClock::whole(plan.duration)
        })
    {
        notes.push(format!("an excerpt, from {} to {} of the scenario", clock.from, clock.until).into());
    }
    notes
}
