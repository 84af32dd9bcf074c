//! The first event of a run: what is going to happen, in words and figures that need no plan to be understood.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{Directions, Ratio, SimTime};

/// What a run is about to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of brownout that runs it.
    pub version: Arc<str>,
    /// The scenario's name.
    pub scenario: Arc<str>,
    /// The file that it was read from, as given on the command line.
    pub file: Arc<str>,
    /// What it shows, in the words of its author.
    pub about: Option<Arc<str>>,
    /// The seed in force.
    pub seed: u64,
    /// Wall-clock time at t = 0 of the scenario, as the scenario says (RFC 3339).
    pub starts_at: Option<Arc<str>>,
    /// Wall-clock time at which the run began (RFC 3339).
    pub began: Arc<str>,
    /// How many seconds of scenario time pass in one second.
    pub speed: f64,
    /// The excerpt that is played begins here.
    pub from: SimTime,
    /// And ends here.
    pub until: SimTime,
    /// The command line that repeats this run.
    pub replay: Arc<str>,
    /// The services.
    pub services: Vec<ServiceInfo>,
    /// The faults.
    pub faults: Vec<FaultInfo>,
    /// The monitors.
    pub monitors: Vec<MonitorInfo>,
    /// The detectors.
    pub detectors: Vec<DetectorInfo>,
    /// The wrapped command, word by word.
    pub command: Option<Vec<Arc<str>>>,
    /// What a reader of the report must know about how the run was made (what a speed doesn't scale, say).
    pub notes: Vec<Arc<str>>,
}

/// A service of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Where brownout listens.
    pub listen: SocketAddr,
    /// Where it dials: `host:port`.
    pub upstream: Arc<str>,
    /// The way of its connections over a WAN, if they have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathInfo>,
}

/// The way of a service's connections over a WAN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathInfo {
    /// The site of its clients.
    pub from: Arc<str>,
    /// Its own site.
    pub to: Arc<str>,
    /// What makes it: `userspace`, or the kernel's part when there is one.
    pub backend: Arc<str>,
}

/// A fault of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultInfo {
    /// Its name, unique in its service.
    pub name: Arc<str>,
    /// Its service.
    pub service: Arc<str>,
    /// Its kind.
    pub kind: Arc<str>,
    /// What it does, in one line.
    pub summary: Arc<str>,
    /// The directions that it acts in.
    pub direction: Directions,
    /// The probability that it takes a connection.
    pub probability: Ratio,
    /// When it is in force (the first `HEADER_WINDOWS_MAX` windows), in scenario time.
    pub windows: Vec<Window>,
    /// How many windows there are.
    pub windows_total: usize,
    /// What makes it: `userspace`, or the kernel's part when there is one.
    pub backend: Arc<str>,
    /// Whether the scenario lets it meet no traffic.
    pub allow_untouched: bool,
}

/// A span of scenario time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its first instant.
    pub from: SimTime,
    /// The first instant after it.
    pub until: SimTime,
}

/// A monitor of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonitorInfo {
    /// Its name.
    pub name: Arc<str>,
    /// The service that it probes through; that of its first target.
    pub service: Arc<str>,
    /// The services of its targets, if it has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Arc<str>>,
    /// What it does: `GET /health`, `TCP connect`.
    pub check: Arc<str>,
    /// Scenario time between probes.
    #[serde(with = "crate::base::seconds", rename = "every_s")]
    pub every: Duration,
    /// How long a probe may take, on the wall clock.
    #[serde(with = "crate::base::seconds", rename = "timeout_s")]
    pub timeout: Duration,
}

// === impl MonitorInfo ===

impl MonitorInfo {
    /// The service of this target.
    pub fn service_of(&self, target: u32) -> &Arc<str> {
        self.targets.get(target as usize).unwrap_or(&self.service)
    }
}

/// A detector of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectorInfo {
    /// Its name.
    pub name: Arc<str>,
    /// The monitor whose probes it sees.
    pub monitor: Arc<str>,
    /// Its rule, in one line.
    pub summary: Arc<str>,
}

// === impl FaultInfo ===

impl FaultInfo {
    /// Whether brownout sees what it does: not the connects that the kernel refuses for it.
    pub fn is_seen(&self) -> bool {
        (&*self.kind, &*self.backend) != ("refuse", "kernel")
    }

    /// Whether it is what a WAN does to the service's paths.
    pub fn is_wan(&self) -> bool {
        &*self.kind == "wan"
    }

    /// Whether it is in force at any time from `from` to `until`, as far as its windows are listed.
    pub fn in_force_within(&self, from: SimTime, until: SimTime) -> bool {
        self.windows.iter().any(|window| window.from <= until && from < window.until)
    }

    /// Whether it is in force at `t`, as far as its windows are listed.
    pub fn in_force(&self, t: SimTime) -> bool {
        self.windows.iter().any(|window| window.contains(t))
    }
}

// === impl Window ===

impl Window {
    /// Whether `t` lies within.
    pub fn contains(self, t: SimTime) -> bool {
        (self.from..self.until).contains(&t)
    }
}
