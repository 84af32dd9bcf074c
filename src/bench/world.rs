//! A world: a scenario under one seed, ready to be probed in virtual time.

use std::sync::Arc;
use std::time::Duration;

use super::matrix::BenchError;
use super::truth::{Spans, impaired};
use crate::base::{Seed, SimTime, Timeline};
use crate::event::Window;
use crate::fault::{Fault, FaultKind, FaultParts, Level, Program};
use crate::probe::{Exchange, Healthy, ProbePlan, unmodelled};
use crate::scenario::{Check, MonitorPlan, Plan};
use crate::tcp::Kernel;

/// A scenario under one seed.
#[derive(Debug)]
pub(super) struct World {
    pub(super) monitors: Vec<Watched>,
    pub(super) duration: Duration,
    /// The windows of its expectations, in the scenario's order: under each seed the times of faults are others.
    pub(super) windows: Vec<Option<Vec<Window>>>,
}

/// A monitor, and what it looks at.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) name: Arc<str>,
    pub(super) every: Duration,
    pub(super) probe: ProbePlan,
    pub(super) targets: Vec<Target>,
    /// What each target is called: its service, with a number where that has several; or its pair of sites.
    pub(super) instances: Vec<Arc<str>>,
    /// When a target of it is impaired.
    pub(super) truth: Spans,
}

/// What one target's probes meet.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) program: Arc<Program>,
    /// The same without any fault: over a WAN, the way that it is while nothing happens.
    pub(super) healthy: Arc<Program>,
}

/// Bytes of an answer, unless the monitor asks for more: a header and a few words.
const ANSWER_BYTES: u64 = 500;

// === impl World ===

impl World {
    /// Tells the faults that virtual time does not know.
    pub(super) fn new(plan: &Plan) -> Result<Self, BenchError> {
        let end = SimTime::after_start(plan.duration);
        let programs: Vec<Target> = (0..plan.services.len())
            .map(|service| {
                let program = plan.program(service);
                let healthy = program.faults().iter().filter_map(|fault| quiet(fault, plan.seed)).collect();
                let healthy = Arc::new(program.edited(healthy));
                Target { program: Arc::new(program), healthy }
            })
            .collect();
        let pair = |pair: &usize| {
            let fault = &plan.pairs[*pair].fault;
            let alone = |fault| Arc::new(Program::new(plan.seed, vec![fault]));
            let healthy = quiet(fault, plan.seed).map_or_else(|| alone(Arc::clone(fault)), alone);
            Target { program: alone(Arc::clone(fault)), healthy }
        };
        let watched = |monitor: &MonitorPlan| {
            let probe = probe_plan(monitor);
            let mut services = monitor.targets.clone();
            services.sort_unstable();
            services.dedup();
            let mut truths = Vec::new();
            for service in services {
                let program = &programs[service].program;
                if let Some((fault, why)) = unmodelled(program).first() {
                    return Err(BenchError::Unmodelled {
                        fault: Arc::clone(&fault.parts.name),
                        service: Arc::clone(&fault.parts.service),
                        why,
                    });
                }
                truths.push(impaired(program, &probe, end));
            }
            let services = monitor.targets.iter().map(|service| programs[*service].clone());
            let targets: Vec<Target> = services.chain(monitor.pairs.iter().map(pair)).collect();
            let pairs = &targets[monitor.targets.len()..];
            truths.extend(pairs.iter().map(|target| impaired(&target.program, &probe, end)));
            Ok(Watched {
                name: Arc::clone(&monitor.name),
                every: monitor.every,
                instances: instances(plan, monitor),
                targets,
                truth: Spans::any(truths),
                probe,
            })
        };
        let monitors = plan.monitors.iter().map(watched).collect::<Result<_, _>>()?;
        let windows = plan.expectations.iter().map(|expectation| expectation.windows.clone()).collect();
        Ok(Self { monitors, duration: plan.duration, windows })
    }
}

// === impl Watched ===

impl Watched {
    /// Whether its probes ask for something over HTTP.
    pub(super) fn is_http(&self) -> bool {
        matches!(self.probe.exchange, Exchange::Http { .. })
    }
}

/// What is there of a fault while nothing happens: a WAN, which has its delay. All others are gone.
fn quiet(fault: &Fault, seed: Seed) -> Option<Arc<Fault>> {
    let FaultKind::Wan(routing) = &fault.parts.kind else { return None };
    let parts = FaultParts {
        kind: FaultKind::Wan(routing.quiet()),
        level: Timeline::constant(Level::ZERO),
        ..fault.parts.clone()
    };
    Some(Arc::new(Fault::new(parts, seed)))
}

fn instances(plan: &Plan, monitor: &MonitorPlan) -> Vec<Arc<str>> {
    let name = |(n, service): (usize, &usize)| {
        let of_it = |targets: &[usize]| targets.iter().filter(|other| *other == service).count();
        let name = &plan.services[*service].name;
        match of_it(&monitor.targets) {
            1 => Arc::clone(name),
            _ => format!("{name}/{}", of_it(&monitor.targets[..n])).into(),
        }
    };
    let services = monitor.targets.iter().enumerate().map(name);
    let pairs = monitor.pairs.iter().map(|pair| &plan.pairs[*pair]);
    services.chain(pairs.map(|pair| format!("{}/{}", pair.from, pair.to).into())).collect()
}

fn probe_plan(monitor: &MonitorPlan) -> ProbePlan {
    let exchange = match &monitor.check {
        Check::Tcp => Exchange::Tcp,
        Check::Http { body_at_least, .. } => {
            Exchange::Http { answer_bytes: body_at_least.map_or(0, |size| size.0).max(ANSWER_BYTES) }
        }
    };
    let (kernel, timeout, healthy) = (Kernel::default(), monitor.timeout, Healthy::default());
    ProbePlan { exchange, kernel, timeout, healthy }
}
