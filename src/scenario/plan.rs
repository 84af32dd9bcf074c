//! The plan: a scenario, resolved. A pure function of the file, the seed and what the command line overrides.
//!
//! Every name is resolved, every schedule is a timeline, every value is in range: whoever holds a plan need not check.
//! Timelines are in *run time*: the scenario's own time, shifted and compressed by [`ScenarioClock`], so the data plane
//! knows nothing of excerpts and speeds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::expect::Expectation;
use crate::base::{ByteSize, Seed, SimTime, Timeline};
use crate::detect::{Detector, DetectorSpec, Feed};
use crate::diag::{Diagnostic, SourceFile};
use crate::event::{PathHealth, PathHistory};
use crate::fault::{Fault, Program};
use crate::rules::{RuleFile, Semantics};
use crate::wan::{Flow, History};

/// A scenario, resolved.
#[derive(Debug)]
pub struct Plan {
    /// The scenario's name.
    pub name: Arc<str>,
    /// What it shows.
    pub about: Option<Arc<str>>,
    /// The file that it was read from, as the user named it.
    pub file: Arc<str>,
    /// The seed of all draws.
    pub seed: Seed,
    /// Wall-clock label of t = 0 (RFC 3339).
    pub starts_at: Option<Arc<str>>,
    /// How long the scenario lasts, in scenario time, whatever excerpt is played.
    pub duration: Duration,
    /// From run time to scenario time.
    pub clock: ScenarioClock,
    /// The services.
    pub services: Vec<ServicePlan>,
    /// What became of the WAN, in scenario time; none, if the scenario has none.
    pub wan: Option<Arc<History>>,
    /// What was assumed of files that it names, or left out of them.
    pub warnings: Vec<(SourceFile, Vec<Diagnostic>)>,
    /// Pairs of sites that monitors probe, in virtual time alone.
    pub pairs: Vec<PairPlan>,
    /// The faults of all services, in the file's order.
    pub faults: Vec<Arc<Fault>>,
    /// The text that made each fault, where flags did: the same object for faults of the same flag. Empty for a file.
    pub fault_texts: Vec<Arc<str>>,
    /// The monitors.
    pub monitors: Vec<MonitorPlan>,
    /// The detectors.
    pub detectors: Vec<DetectorPlan>,
    /// Prometheus rules on monitors.
    pub rules: Vec<RulePlan>,
    /// What is expected.
    pub expectations: Vec<Expectation>,
    /// Whether faults may meet no traffic (scenario-wide).
    pub allow_untouched: bool,
    /// The names of faults that may meet no traffic (by the fault's own key), as `service/name`.
    pub untouched_allowed: Vec<(Arc<str>, Arc<str>)>,
}

/// Which part of the scenario is played, and how fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScenarioClock {
    /// The scenario time at which the run begins.
    pub from: SimTime,
    /// The scenario time at which it ends.
    pub until: SimTime,
    /// How many seconds of scenario time pass in one second; finite and above zero.
    pub speed: f64,
}

/// A service: a listener in front of an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlan {
    /// Its name.
    pub name: Arc<str>,
    /// Where brownout listens; port 0 lets the kernel choose.
    pub listen: SocketAddr,
    /// Where it dials.
    pub upstream: Upstream,
    /// Most connections at once.
    pub connections_max: usize,
    /// The way of its connections over the WAN, if they have one.
    pub path: Option<PathPlan>,
}

/// The way of a service's connections over the WAN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPlan {
    /// The site of its clients.
    pub from: Arc<str>,
    /// Its own site.
    pub to: Arc<str>,
    /// Its flows: to the server, and back.
    pub flows: [Flow; 2],
    /// How the path is over all flow buckets, in run time.
    pub health: Timeline<PathHealth>,
}

/// A pair of sites that is probed without a service between them. Nothing listens there: only virtual time can play it.
#[derive(Clone, Debug)]
pub struct PairPlan {
    /// The site that probes.
    pub from: Arc<str>,
    /// The site that is probed.
    pub to: Arc<str>,
    /// What the WAN makes of the way, both ways.
    pub fault: Arc<Fault>,
}

/// Where a service is reached: a host (a name or an address, without brackets) and a port. Names are resolved at dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The host.
    pub host: Arc<str>,
    /// The port.
    pub port: u16,
}

/// A monitor: a probe every so often through a service's listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorPlan {
    /// Its name.
    pub name: Arc<str>,
    /// The places in [`Plan::services`] of what it probes: one for each target. At least one target, unless it probes pairs.
    pub targets: Vec<usize>,
    /// The places in [`Plan::pairs`] of what it probes instead: then only virtual time can play it.
    pub pairs: Vec<usize>,
    /// Time between two probes of a target, in run time (already compressed).
    pub every: Duration,
    /// How long a probe may take, on the wall clock (never compressed).
    pub timeout: Duration,
    /// What a probe does.
    pub check: Check,
}

/// What a probe does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Opens a TCP connection, and that is all.
    Tcp,
    /// `GET`s a path over HTTP/1.1 on a new connection.
    Http {
        /// The path with its query: `/health`.
        path: Arc<str>,
        /// The `Host` header; the upstream's `host:port`, if not given.
        host: Option<Arc<str>>,
        /// The status expected; any below 400, if not given.
        status: Option<u16>,
        /// The body must contain this text.
        body_contains: Option<Arc<str>>,
        /// The body must have at least so many bytes.
        body_at_least: Option<ByteSize>,
    },
}

/// A detector on a monitor.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorPlan {
    /// Its name.
    pub name: Arc<str>,
    /// Its monitor's place in [`Plan::monitors`].
    pub monitor: usize,
    /// Its rule. Windows are in scenario time, as the samples are.
    pub spec: DetectorSpec,
}

/// A Prometheus rules file on the series of a monitor.
#[derive(Clone, Debug)]
pub struct RulePlan {
    /// Its monitor's place in [`Plan::monitors`].
    pub monitor: usize,
    /// The rules.
    pub file: Arc<RuleFile>,
    /// Which major version of Prometheus is followed.
    pub semantics: Semantics,
    /// How often a group without an `interval` is evaluated.
    pub interval: Duration,
    /// What is judged, each for itself.
    pub rows: Vec<RuleRow>,
    /// Whether they are a detector of the scenario; else they come beside its own.
    pub declared: bool,
}

/// What of a rules file is judged.
#[derive(Clone, Debug)]
pub struct RuleRow {
    /// What reports call it.
    pub name: Arc<str>,
    /// The name of its alert; any alert of the file, without one.
    pub alert: Option<Arc<str>>,
}

// === impl Plan ===

impl Plan {
    /// The program of the service at this place.
    pub fn program(&self, service: usize) -> Program {
        let name = &self.services[service].name;
        let faults = self.faults.iter().filter(|fault| fault.parts.service == *name);
        Program::new(self.seed, faults.map(Arc::clone).collect())
    }

    /// A detector that has seen nothing yet, on the feed of its monitor.
    pub fn detector(&self, detector: &DetectorPlan) -> Detector {
        let monitor = &self.monitors[detector.monitor];
        let every = monitor.every.mul_f64(self.clock.speed);
        let lasts = self.clock.until.since(self.clock.from);
        let targets = u32::try_from(monitor.target_count()).unwrap_or(u32::MAX);
        detector.spec.detector(&Feed { targets, ..Feed::of_one(every, self.clock.from, lasts) })
    }

    /// The detector that only virtual time can judge, if there is one: a run has no series to evaluate rules on.
    pub fn virtual_detector(&self) -> Option<&Arc<str>> {
        let rows = self.rules.iter().filter(|rules| rules.declared).flat_map(|rules| &rules.rows);
        rows.map(|row| &row.name).next()
    }

    /// The monitor that only virtual time can play, if there is one.
    pub fn virtual_monitor(&self) -> Option<&MonitorPlan> {
        self.monitors.iter().find(|monitor| !monitor.pairs.is_empty())
    }

    /// Whether the scenario lets this fault meet no traffic.
    pub fn may_stay_untouched(&self, fault: &Fault) -> bool {
        let named = |(service, name): &(Arc<str>, Arc<str>)| {
            *service == fault.parts.service && *name == fault.parts.name
        };
        self.allow_untouched || self.untouched_allowed.iter().any(named)
    }

    /// How long the run lasts, on the wall clock.
    pub fn run_time(&self) -> Duration {
        self.clock.to_run(self.clock.until).since_start()
    }
}

// === impl MonitorPlan ===

impl MonitorPlan {
    /// How many targets it probes.
    pub const fn target_count(&self) -> usize {
        self.targets.len() + self.pairs.len()
    }
}

// === impl RulePlan ===

impl RulePlan {
    /// Every alert of a file as a row of its own, in the order of the file.
    pub fn each_alert(monitor: usize, file: Arc<RuleFile>, semantics: Semantics, interval: Duration) -> Self {
        let mut rows: Vec<RuleRow> = Vec::new();
        for rule in file.rules().filter(|rule| rule.is_alert()) {
            if !rows.iter().any(|row| row.name == rule.name) {
                rows.push(RuleRow { name: Arc::clone(&rule.name), alert: Some(Arc::clone(&rule.name)) });
            }
        }
        Self { monitor, file, semantics, interval, rows, declared: false }
    }
}

// === impl ScenarioClock ===

impl ScenarioClock {
    /// The whole of a scenario at its own speed.
    pub fn whole(duration: Duration) -> Self {
        Self { from: SimTime::ZERO, until: SimTime::after_start(duration), speed: 1.0 }
    }

    /// The run time at this scenario time; the beginning, if it lies before the excerpt.
    pub fn to_run(&self, scenario: SimTime) -> SimTime {
        SimTime::after_start(self.shorten(scenario.since(self.from)))
    }

    /// The scenario time at this run time.
    pub fn to_scenario(&self, run: SimTime) -> SimTime {
        let nanos = run.as_nanos() as f64 * self.speed;
        self.from.plus(if self.plays_at_speed() {
            Duration::from_nanos(nanos.round() as u64)
        } else {
            run.since_start()
        })
    }

    /// How long a span of scenario time lasts on the wall clock.
    pub fn shorten(&self, scenario: Duration) -> Duration {
        if !self.plays_at_speed() {
            return scenario;
        }
        Duration::from_nanos((scenario.as_nanos() as f64 / self.speed).round() as u64)
    }

    /// Whether scenario time and wall-clock time pass differently.
    pub fn plays_at_speed(&self) -> bool {
        (self.speed - 1.0).abs() > f64::EPSILON
    }
}

// === impl ServicePlan ===

impl ServicePlan {
    /// The environment variable in which a wrapped command finds its listener: `BROWNOUT_<NAME>`.
    pub fn variable(&self) -> String {
        variable(&self.name)
    }
}

/// The environment variable of a service of this name.
pub(super) fn variable(name: &str) -> String {
    format!("BROWNOUT_{}", name.to_ascii_uppercase().replace('-', "_"))
}

// === impl PathPlan ===

impl PathPlan {
    /// How the path is over what is played, in scenario time.
    pub fn history(&self, clock: &ScenarioClock) -> PathHistory {
        let mut history = PathHistory::default();
        for (from, until, health) in self.health.pieces() {
            let [from, until] =
                [from, until.unwrap_or(SimTime::MAX)].map(|t| clock.to_scenario(t).min(clock.until));
            history.add(health, from, until);
        }
        history
    }
}

// === impl Upstream ===

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}
