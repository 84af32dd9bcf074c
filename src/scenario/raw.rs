//! The shape of a scenario file, as serde reads it.
//!
//! Types here mirror the file key by key; their doc comments are the descriptions in the JSON Schema. A list item has
//! common keys and exactly one key that names its kind: one optional field a kind, made from the table of kinds.
//! Values with units are newtypes that refuse what they don't understand, in their own words and at the exact place.
//! Whatever needs to know two places of the file is checked in `lower`.
//!
//! `flatten`, `untagged` and internally tagged enums are not used: serde buffers them, and their mistakes lose their
//! places.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::links::LinkName;
use super::placed::{Names, Opt, Pairs, Placed};
use super::raw_wan::RawWan;
use super::sugar::{Cause, SUGAR};
use crate::base::{ByteSize, Directions, Ratio, Seed, Span};
use crate::detect::detector_kinds;
use crate::fault::{Bursts, Peers, Ramp, Spread, fault_kinds};

/// A brownout scenario: what happens to the network between clients and services, who watches, and what is expected.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scenario")]
pub(super) struct RawScenario {
    /// What the scenario is called in reports. The seed follows from it, if none is given.
    pub(super) name: Placed<String>,
    /// What it shows, in a sentence or two.
    #[serde(default)]
    pub(super) about: Opt<String>,
    /// All random draws follow from it; the same seed repeats them.
    #[serde(default)]
    pub(super) seed: Opt<Seed>,
    /// Wall-clock label of t = 0 (RFC 3339).
    #[serde(default)]
    #[schemars(extend("examples" = ["2023-01-25T06:45:00Z"]))]
    pub(super) starts_at: Opt<String>,
    /// How long the scenario lasts.
    pub(super) duration: Placed<Span>,
    /// The services, by name. Each is a listener of brownout in front of an upstream.
    pub(super) services: Placed<IndexMap<Placed<String>, Placed<RawService>>>,
    /// A network of routers between clients and services, and what happens to it.
    #[serde(default)]
    pub(super) wan: Opt<RawWan>,
    /// What happens to them, and when.
    #[serde(default)]
    pub(super) faults: Opt<Vec<Placed<RawFault>>>,
    /// Who watches, by name: probes through a service's listener.
    #[serde(default)]
    pub(super) monitors: Opt<IndexMap<Placed<String>, Placed<RawMonitor>>>,
    /// Rules that turn the probes of a monitor into alarms, by name.
    #[serde(default)]
    pub(super) detectors: Opt<IndexMap<Placed<String>, Placed<RawDetector>>>,
    /// What should come out of it. A run fails if something else does.
    #[serde(default)]
    pub(super) expect: Opt<Vec<Placed<RawExpect>>>,
    /// Faults may meet no traffic. Otherwise a run in which one meets none fails.
    #[serde(default)]
    pub(super) allow_untouched: Opt<bool>,
}

/// A file of detectors for scenarios that are read with it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDetectors {
    /// Rules, by name.
    pub(super) detectors: Placed<IndexMap<Placed<String>, Placed<RawDetector>>>,
}

/// A service: a listener in front of an upstream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Service")]
pub(super) struct RawService {
    /// Where brownout listens: an address and a port. With port 0, or if left out, the kernel chooses a port; a wrapped
    /// command finds it in `BROWNOUT_<NAME>`.
    #[serde(default)]
    #[schemars(extend("examples" = ["127.0.0.1:18080", "127.0.0.1:0", "[::1]:18080"]))]
    pub(super) listen: Opt<String>,
    /// Where the service really is: a host and a port.
    #[schemars(extend("examples" = ["127.0.0.1:8080", "shop.internal:443", "[::1]:8080"]))]
    pub(super) upstream: Placed<String>,
    /// How bytes are understood.
    #[serde(default)]
    pub(super) protocol: Opt<RawProtocol>,
    /// Most connections at once; more wait in the kernel's backlog.
    #[serde(default)]
    pub(super) max_connections: Opt<u32>,
    /// The way of its connections over the WAN.
    #[serde(default)]
    pub(super) path: Opt<RawPath>,
}

/// A way over the WAN.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Path")]
pub(super) struct RawPath {
    /// The site of the clients.
    pub(super) from: Placed<String>,
    /// The site of the service.
    pub(super) to: Placed<String>,
}

/// How bytes are understood. This version passes all of them through as TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Protocol")]
pub(super) enum RawProtocol {
    /// A stream of bytes, whatever they mean.
    Tcp,
    /// HTTP. Not in this version.
    Http,
    /// What the first bytes look like. Not in this version.
    Auto,
}

macro_rules! define_raw_fault {
    ($($key:ident: $type:ident, $layer:ident, $backend:ident { about: $about:literal, $($words:tt)* })*) => {
        /// A fault: common keys, and exactly one key that names its kind.
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(rename = "Fault")]
        pub(super) struct RawFault {
            /// The service that it acts on, or a list of them. May be left out if there is one service.
            #[serde(default)]
            pub(super) service: Opt<Names>,
            /// Its name, by which expectations and reports call it; `<kind>@<at>` if left out.
            #[serde(default)]
            pub(super) name: Opt<String>,
            /// When it begins; at the beginning of the scenario, if left out.
            #[serde(default)]
            pub(super) at: Opt<Span>,
            /// How long it lasts; to the end of the scenario, if left out.
            #[serde(default, rename = "for")]
            pub(super) lasts: Opt<Span>,
            /// It begins again every so often. Needs `for`.
            #[serde(default)]
            pub(super) every: Opt<Span>,
            /// So many times in all, with `every`.
            #[serde(default)]
            pub(super) repeat: Opt<u32>,
            /// It rises by degrees and falls by degrees.
            #[serde(default)]
            pub(super) ramp: Opt<Ramp>,
            /// It comes and goes at random while it lasts.
            #[serde(default)]
            pub(super) bursts: Opt<Bursts>,
            /// The direction that it acts in; each kind has its own default.
            #[serde(default)]
            pub(super) direction: Opt<Directions>,
            /// The probability that it takes a connection, drawn once for each.
            #[serde(default)]
            pub(super) probability: Opt<Ratio>,
            /// Only connections of these clients: addresses and CIDR blocks.
            #[serde(default)]
            pub(super) peers: Opt<Vec<Peers>>,
            /// It may meet no traffic. Otherwise a run in which it meets none fails.
            #[serde(default)]
            pub(super) allow_untouched: Opt<bool>,
            $(
                #[serde(default)]
                #[schemars(title = $about)]
                pub(super) $key: Opt<crate::fault::$type>,
            )*
            /// Nothing is delivered, to or from any of its services: all of them, unless `service` names some.
            #[serde(default)]
            #[schemars(title = SUGAR[0].1)]
            pub(super) partition: Opt<Nothing>,
            /// What a round trip takes longer: half of it each way.
            #[serde(default)]
            #[schemars(title = SUGAR[1].1)]
            pub(super) rtt: Opt<Spread>,
            /// How long a connection meets silence before it is closed; for good, if `0s`.
            #[serde(default)]
            #[schemars(title = SUGAR[2].1)]
            pub(super) timeout: Opt<Span>,
            /// The name of a link.
            #[serde(default)]
            #[schemars(title = SUGAR[3].1)]
            pub(super) link: Opt<LinkName>,
        }

        impl RawFault {
            /// Everything that the item names, kinds in the order of the table, with the place of its parameters.
            pub(super) fn causes(&self) -> Vec<Placed<Cause>> {
                let mut causes = Vec::new();
                $(
                    if let Some(kind) = self.$key.placed() {
                        causes.push(kind.map(|kind| Cause::Kind(kind.clone().into())));
                    }
                )*
                causes.extend(self.partition.placed().map(|it| it.map(|_| Cause::Partition)));
                causes.extend(self.rtt.placed().map(|it| it.map(|rtt| Cause::Rtt(rtt.clone()))));
                causes.extend(self.timeout.placed().map(|it| it.map(|after| Cause::Timeout(*after))));
                causes.extend(self.link.placed().map(|it| it.map(|link| Cause::Link(link.0))));
                causes
            }
        }
    };
}
fault_kinds!(define_raw_fault);

/// A monitor: a probe every so often through a service's listener. Exactly one of `http` and `tcp`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Monitor")]
pub(super) struct RawMonitor {
    /// The service that it probes through. May be left out if there is one service.
    #[serde(default)]
    pub(super) via: Opt<String>,
    /// What it probes, if that is a fleet: each target has a phase of its own. One, if left out.
    #[serde(default)]
    pub(super) targets: Opt<RawTargets>,
    /// Time between two probes of a target, in scenario time.
    pub(super) every: Placed<Span>,
    /// How long a probe may take, on the wall clock.
    pub(super) timeout: Placed<Span>,
    /// A `GET` over HTTP/1.1, on a new connection for each probe.
    #[serde(default)]
    pub(super) http: Opt<RawHttp>,
    /// A TCP connection, opened and closed.
    #[serde(default)]
    pub(super) tcp: Opt<Nothing>,
}

/// A fleet of targets: exactly one key that names them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Targets")]
pub(super) struct RawTargets {
    /// These services, a target each, instead of `via`.
    #[serde(default)]
    pub(super) services: Opt<Names>,
    /// So many instances of the service: the same way, probed as often.
    #[serde(default)]
    pub(super) instances: Opt<u32>,
    /// Pairs of sites of the WAN, a target each: `[[seattle, london]]`, or `all`. Only `brownout bench` probes them.
    #[serde(default)]
    pub(super) pairs: Opt<Pairs>,
}

/// What an HTTP probe asks for and what it expects.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Http")]
pub(super) struct RawHttp {
    /// The path with its query.
    #[schemars(extend("examples" = ["/health"]))]
    pub(super) get: Placed<String>,
    /// The `Host` header; the upstream's, if left out.
    #[serde(default)]
    pub(super) host: Opt<String>,
    /// The status expected; any below 400, if left out.
    #[serde(default)]
    pub(super) status: Opt<u16>,
    /// The body must contain this text.
    #[serde(default)]
    pub(super) body_contains: Opt<String>,
    /// The body must have at least so many bytes.
    #[serde(default)]
    pub(super) body_at_least: Opt<ByteSize>,
}

/// Something without parameters: `{}`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Prometheus rules: the detector fires while an alert of the file does. Only `brownout bench` judges them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PrometheusRules")]
pub(super) struct RawPrometheus {
    /// The rules file, relative to the scenario's file.
    #[schemars(extend("examples" = ["alerts.yml"]))]
    pub(super) rules: Placed<String>,
    /// The alert that counts; any of the file, if left out.
    #[serde(default)]
    pub(super) alert: Opt<String>,
    /// Which major version of Prometheus is followed where they differ.
    #[serde(default)]
    #[schemars(extend("default" = "3.x"))]
    pub(super) version: Opt<RawPrometheusVersion>,
    /// How often a group without an `interval` is evaluated.
    #[serde(default)]
    #[schemars(extend("default" = "1m"))]
    pub(super) evaluation_interval: Opt<Span>,
}

/// A major version of Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "PrometheusVersion")]
pub(super) enum RawPrometheusVersion {
    /// Windows hold both their ends.
    #[serde(rename = "2.x")]
    V2,
    /// Windows don't hold their older end.
    #[serde(rename = "3.x")]
    V3,
}

macro_rules! define_raw_detector {
    ($($key:ident: $type:ident, $about:literal;)*) => {
        /// A detector on a monitor: exactly one key that names its rule.
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(rename = "Detector")]
        pub(super) struct RawDetector {
            /// The monitor whose probes it sees. May be left out if there is one monitor.
            #[serde(default)]
            pub(super) monitor: Opt<String>,
            #[serde(default)]
            #[schemars(title = "Fires while an alert of a Prometheus rules file does.")]
            pub(super) prometheus: Opt<RawPrometheus>,
            $(
                #[serde(default)]
                #[schemars(title = $about)]
                pub(super) $key: Opt<crate::detect::OrPreset<crate::detect::$type>>,
            )*
        }

        impl RawDetector {
            /// Every kind that the item names, in the order of the table, with the place of its parameters.
            pub(super) fn kinds(&self) -> Vec<Placed<crate::detect::DetectorSpec>> {
                let mut kinds = Vec::new();
                $(
                    if let Some(kind) = self.$key.placed() {
                        kinds.push(Placed { value: kind.value.0.clone().into(), span: kind.span });
                    }
                )*
                kinds
            }
        }
    };
}
detector_kinds!(define_raw_detector);

/// An expectation: exactly one subject (`monitor`, `service`, `detector`, `command`) and exactly one check.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Expectation")]
pub(super) struct RawExpect {
    /// About the probes of this monitor.
    #[serde(default)]
    pub(super) monitor: Opt<String>,
    /// About the connections of this service.
    #[serde(default)]
    pub(super) service: Opt<String>,
    /// About the alarms of this detector.
    #[serde(default)]
    pub(super) detector: Opt<String>,
    /// About the wrapped command.
    #[serde(default)]
    pub(super) command: Opt<RawCommand>,

    /// Of a monitor: the share of its probes that succeed.
    #[serde(default)]
    pub(super) success_ratio: Opt<RawBound<Ratio>>,
    /// Of a monitor: how many of its probes time out.
    #[serde(default)]
    pub(super) timeouts: Opt<RawBound<u64>>,
    /// Of a monitor: how many of its probes fail.
    #[serde(default)]
    pub(super) failures: Opt<RawBound<u64>>,
    /// Of a monitor or a service: quantiles of the latency, such as `p99`.
    #[serde(default)]
    pub(super) latency: Opt<IndexMap<Placed<String>, RawBound<Span>>>,
    /// Of a service: how many connections it accepts.
    #[serde(default)]
    pub(super) connections: Opt<RawBound<u64>>,
    /// Of a service: how many connections a fault cuts.
    #[serde(default)]
    pub(super) cut: Opt<RawBound<u64>>,
    /// Of a service: how many connections find the upstream refusing or unreachable.
    #[serde(default)]
    pub(super) refused: Opt<RawBound<u64>>,
    /// Of a service: how many connections each party ends (`client`, `server`, `fault`, `brownout`, `unreachable`).
    #[serde(default)]
    pub(super) ended_by: Opt<IndexMap<Placed<String>, RawBound<u64>>>,
    /// Of a service: how many bytes its clients receive.
    #[serde(default)]
    pub(super) bytes_to_client: Opt<RawBound<ByteSize>>,
    /// Of a service: how many bytes it receives.
    #[serde(default)]
    pub(super) bytes_to_server: Opt<RawBound<ByteSize>>,
    /// Of a detector: it fires.
    #[serde(default)]
    pub(super) fires: Opt<RawFires>,
    /// Of a detector: how often it fires while nothing is wrong. Judged by `brownout bench`.
    #[serde(default)]
    pub(super) false_alarms: Opt<RawFalseAlarms>,
    /// Of a detector: it never fires.
    #[serde(default)]
    pub(super) stays_silent: Opt<Nothing>,

    /// Only while this fault is in force.
    #[serde(default)]
    pub(super) during: Opt<String>,
    /// Only from one instant of the scenario to another.
    #[serde(default)]
    #[schemars(extend("examples" = [["0s", "10m"]]))]
    pub(super) between: Opt<(Placed<Span>, Placed<Span>)>,
}

/// What the wrapped command should do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Command")]
pub(super) struct RawCommand {
    /// The status that it exits with.
    pub(super) exit_code: Placed<i32>,
}

/// How soon a detector should fire.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Fires")]
pub(super) struct RawFires {
    /// Within so much scenario time, from the beginning of the window.
    #[serde(default)]
    pub(super) within: Opt<Span>,
    /// In at least this share of the replicas. Judged by `brownout bench`; without it, in all of them.
    #[serde(default)]
    pub(super) probability: Opt<Ratio>,
}

/// How often a detector may fire while nothing is wrong.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FalseAlarms")]
pub(super) struct RawFalseAlarms {
    /// So many alarms, 1 or more.
    pub(super) at_most: Placed<u64>,
    /// In so much healthy time.
    #[schemars(extend("examples" = ["30d"]))]
    pub(super) per: Placed<Span>,
}

/// A lower bound, an upper bound, or both.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
#[schemars(rename = "BoundOf{T}")]
pub(super) struct RawBound<T> {
    /// No less.
    #[serde(default)]
    pub(super) at_least: Opt<T>,
    /// No more.
    #[serde(default)]
    pub(super) at_most: Opt<T>,
}
