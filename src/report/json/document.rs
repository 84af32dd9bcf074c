//! The document's types, in the order in which it is written.

use std::time::Duration;

use indexmap::IndexMap;
use serde::Serialize;

use super::super::tally::{DialCounts, OwnEndCounts, PeerEndCounts};
use crate::base::{Directions, SimTime};
use crate::event::{Phase, RunEnd, VerdictState};

/// Version of the document's schema.
pub const SCHEMA_VERSION: u32 = 1;

/// The whole document. `header` is null, and lists hold only what events named, if the run's first event is missing.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    pub(super) schema_version: u32,
    pub(super) outcome: &'static str,
    pub(super) outcome_reasons: Vec<String>,
    pub(super) incomplete: bool,
    pub(super) header: Option<Head<'a>>,
    pub(super) end: Option<End>,
    pub(super) played_from_s: SimTime,
    pub(super) played_until_s: SimTime,
    pub(super) expectations: Vec<Judged<'a>>,
    pub(super) services: Vec<Service<'a>>,
    pub(super) paths: Vec<Path<'a>>,
    pub(super) monitors: Vec<Monitor<'a>>,
    pub(super) faults: Vec<Fault<'a>>,
    pub(super) detectors: Vec<Detector<'a>>,
    pub(super) command: Option<Command>,
    pub(super) edits: Vec<Edit<'a>>,
    pub(super) edits_total: u64,
    pub(super) problems: &'a [String],
    pub(super) problems_total: u64,
    pub(super) events_unnamed: u64,
}

/// What the run was about to do.
#[derive(Debug, Serialize)]
pub(super) struct Head<'a> {
    pub(super) version: &'a str,
    pub(super) scenario: &'a str,
    pub(super) file: &'a str,
    pub(super) about: Option<&'a str>,
    pub(super) seed: u64,
    pub(super) starts_at: Option<&'a str>,
    pub(super) began: &'a str,
    pub(super) speed: f64,
    pub(super) from_s: SimTime,
    pub(super) until_s: SimTime,
    pub(super) replay: &'a str,
    pub(super) command: Option<Vec<&'a str>>,
    pub(super) notes: Vec<&'a str>,
}

/// How the run ended.
#[derive(Debug, Serialize)]
pub(super) struct End {
    pub(super) at_s: SimTime,
    pub(super) reason: RunEnd,
    pub(super) exit_code: u8,
    pub(super) events_lost: u64,
}

/// An expectation, judged.
#[derive(Debug, Serialize)]
pub(super) struct Judged<'a> {
    pub(super) expectation: &'a str,
    pub(super) subject: &'a str,
    pub(super) state: VerdictState,
    pub(super) observed: &'a str,
    pub(super) margin: Option<&'a str>,
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
}

/// A service's connections.
#[derive(Debug, Serialize)]
pub(super) struct Service<'a> {
    pub(super) name: &'a str,
    pub(super) listen: Option<String>,
    pub(super) upstream: Option<&'a str>,
    pub(super) connections_accepted: u64,
    pub(super) connections_ended: u64,
    pub(super) connections_open: u64,
    pub(super) ended_by: EndedBy<'a>,
    pub(super) bytes_to_server: u64,
    pub(super) bytes_to_client: u64,
    pub(super) first_byte: Latency,
    pub(super) accept_troubles: Counts<'a>,
}

/// The path of a service over a WAN, and how it was. Figures are null if nothing was told of it.
#[derive(Debug, Serialize)]
pub(super) struct Path<'a> {
    pub(super) service: &'a str,
    pub(super) from: Option<&'a str>,
    pub(super) to: Option<&'a str>,
    pub(super) backend: Option<&'a str>,
    /// How often it changed.
    pub(super) changes: u64,
    /// How long some flows fared otherwise than on a quiet WAN.
    #[serde(with = "crate::base::seconds::option")]
    pub(super) disturbed_s: Option<Duration>,
    /// How long at least one flow bucket was dark.
    #[serde(with = "crate::base::seconds::option")]
    pub(super) dark_s: Option<Duration>,
    /// The largest share of buckets that was dark at once, and when that was first so.
    pub(super) dark_share_max: Option<f64>,
    pub(super) dark_share_max_at_s: Option<SimTime>,
    /// The reason for the most darkness.
    pub(super) dark_why: Option<String>,
    #[serde(with = "crate::base::seconds::option")]
    pub(super) round_trip_min_s: Option<Duration>,
    #[serde(with = "crate::base::seconds::option")]
    pub(super) round_trip_max_s: Option<Duration>,
    /// The largest loss in one direction.
    pub(super) loss_max: Option<f64>,
}

/// Who ended connections.
#[derive(Debug, Serialize)]
pub(super) struct EndedBy<'a> {
    pub(super) client: PeerEndCounts,
    pub(super) server: PeerEndCounts,
    pub(super) unreachable: DialCounts,
    pub(super) fault: Counts<'a>,
    pub(super) brownout: OwnEndCounts,
}

/// Counts by name; `other` are those with a name beyond the number that is told apart.
#[derive(Debug, Serialize)]
pub(super) struct Counts<'a> {
    pub(super) total: u64,
    pub(super) by_name: IndexMap<&'a str, u64>,
    pub(super) other: u64,
}

/// Quantiles of latencies.
#[derive(Debug, Serialize)]
pub(super) struct Latency {
    pub(super) count: u64,
    #[serde(with = "crate::base::seconds::option")]
    pub(super) mean_s: Option<Duration>,
    #[serde(with = "crate::base::seconds::option")]
    pub(super) p50_s: Option<Duration>,
    #[serde(with = "crate::base::seconds::option")]
    pub(super) p90_s: Option<Duration>,
    #[serde(with = "crate::base::seconds::option")]
    pub(super) p99_s: Option<Duration>,
    #[serde(with = "crate::base::seconds::option")]
    pub(super) max_s: Option<Duration>,
}

/// A monitor's probes.
#[derive(Debug, Serialize)]
pub(super) struct Monitor<'a> {
    pub(super) name: &'a str,
    pub(super) service: Option<&'a str>,
    pub(super) check: Option<&'a str>,
    #[serde(with = "crate::base::seconds::option")]
    pub(super) every_s: Option<Duration>,
    #[serde(with = "crate::base::seconds::option")]
    pub(super) timeout_s: Option<Duration>,
    pub(super) probes: u64,
    pub(super) succeeded: u64,
    pub(super) failed: u64,
    pub(super) success_ratio: Option<f64>,
    /// The Wilson score interval with 95 % confidence.
    pub(super) success_ratio_low: Option<f64>,
    pub(super) success_ratio_high: Option<f64>,
    pub(super) failures_by_phase: Vec<PhaseFailures>,
    pub(super) failure_reasons: Counts<'a>,
    pub(super) failures_in_a_row_max: u64,
    pub(super) failures_in_a_row_max_from_s: Option<SimTime>,
    /// Of successful probes.
    pub(super) latency: Latency,
    /// Of all probes; a timeout counts with the time that it cost.
    pub(super) latency_all: Latency,
}

/// Failures in one phase.
#[derive(Debug, Serialize)]
pub(super) struct PhaseFailures {
    pub(super) phase: Phase,
    pub(super) failed: u64,
    pub(super) timed_out: u64,
}

/// A fault, and what it did.
#[derive(Debug, Serialize)]
pub(super) struct Fault<'a> {
    pub(super) name: &'a str,
    pub(super) service: &'a str,
    pub(super) kind: Option<&'a str>,
    pub(super) summary: Option<&'a str>,
    pub(super) direction: Option<Directions>,
    pub(super) probability: Option<f64>,
    pub(super) backend: Option<&'a str>,
    pub(super) windows: Option<Vec<Span>>,
    pub(super) windows_total: Option<usize>,
    pub(super) allow_untouched: Option<bool>,
    /// `realised`, `not_reached`, `untouched` or `unseen`.
    pub(super) effect: &'static str,
    pub(super) realised: bool,
    pub(super) connections_drawn: u64,
    pub(super) connections_hit: u64,
    pub(super) connections_ended: u64,
    pub(super) bytes: u64,
    #[serde(with = "crate::base::seconds::option")]
    pub(super) delay_max_s: Option<Duration>,
    pub(super) bits_flipped: u64,
    pub(super) probes_refused: u64,
    pub(super) syns_dropped: u64,
    pub(super) first_hit_s: Option<SimTime>,
}

/// A span of scenario time; without an end it was still going on.
#[derive(Debug, Serialize)]
pub(super) struct Span {
    pub(super) from_s: SimTime,
    pub(super) until_s: Option<SimTime>,
}

/// A detector's alarms (the first of them; `fired` counts all).
#[derive(Debug, Serialize)]
pub(super) struct Detector<'a> {
    pub(super) name: &'a str,
    pub(super) monitor: Option<&'a str>,
    pub(super) summary: Option<&'a str>,
    pub(super) fired: u64,
    pub(super) firing_since_s: Option<SimTime>,
    pub(super) alarms: Vec<Span>,
}

/// The wrapped command.
#[derive(Debug, Serialize)]
pub(super) struct Command {
    pub(super) started_s: Option<SimTime>,
    pub(super) ended_s: Option<SimTime>,
    pub(super) status: Option<i32>,
    pub(super) signal: Option<i32>,
}

/// A live edit of a service's faults.
#[derive(Debug, Serialize)]
pub(super) struct Edit<'a> {
    pub(super) at_s: SimTime,
    pub(super) service: &'a str,
    pub(super) faults: usize,
}
