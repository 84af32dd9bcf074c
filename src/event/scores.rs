//! Scores: what a benchmark in virtual time says about detectors. The counterpart of events, and like them all that reports see.

use serde::{Deserialize, Serialize};

use super::kind::Verdict;

/// What a benchmark says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchScores {
    /// The scenario.
    pub scenario: String,
    /// Its file, or the name that it has in the library.
    pub file: String,
    /// The first seed.
    pub seed: u64,
    /// Worlds: the scenario under so many seeds.
    pub worlds: usize,
    /// Probe seeds of each.
    pub probe_seeds: usize,
    /// Simulated days without any fault.
    pub healthy_days: f64,
    /// One row for each detector, in the scenario's order; then what is not software.
    pub detectors: Vec<DetectorScores>,
    /// What came of the scenario's expectations, in its order.
    pub verdicts: Vec<Verdict>,
    /// What each monitor's targets were in for, and who fired when, in the first replica.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<Incident>,
    /// How detectors fare as their main parameters move; empty, if nobody asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frontier: Vec<Frontier>,
    /// How detectors fare as a failure grows; empty, if nobody asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitivity: Vec<Sensitivity>,
}

/// What a benchmark says about one detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectorScores {
    /// Its name.
    pub name: String,
    /// Its rule in one line.
    pub rule: String,
    /// Its monitor; none, if it is not software.
    pub monitor: Option<String>,
    /// What it looks at there; none, if it is not software.
    pub watches: Option<Watches>,
    /// Replicas in which its monitor was impaired, and in how many of them it fired.
    pub found: Found,
    /// Time to detect, in seconds; misses are longer than all others.
    pub median: Times,
    /// The same: nine of ten take no longer.
    pub p90: Times,
    /// The same within deadlines, in seconds.
    pub within: Vec<(f64, Found)>,
    /// False alarms of a healthy day; none, if it is not software.
    pub false_alarms: Option<Rate>,
    /// Alarms of a replica in which it fired, on average: more than one is flapping.
    pub alarms: Option<f64>,
    /// Alarms of a replica that no impairment explains, on average over all replicas, those without an impairment among them;
    /// none, if it is not software.
    pub unexplained: Option<f64>,
    /// Time from the last impaired instant to its silence, in seconds.
    pub resolved: Times,
    /// The share of the replicas in which it had fired after so many seconds: steps of a hundredth, or all there are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found_after: Vec<(f64, f64)>,
}

/// What a monitor's targets were in for in the first world, and what its detectors did about it in the first replica.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// The monitor.
    pub monitor: String,
    /// How long the scenario lasts, in seconds.
    pub lasts: f64,
    /// A row for each service that it looks at.
    pub targets: Vec<TargetShares>,
    /// When each of its detectors fired: from when until when, in seconds.
    pub alarms: Vec<(String, Vec<(f64, f64)>)>,
}

/// The share of probes that is expected to fail, over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetShares {
    /// The service.
    pub name: String,
    /// The mean share in each of equal parts of the scenario.
    pub shares: Vec<f64>,
}

/// How a detector fares as its main parameter moves, on the same samples: its line of the AMOC (T. Fawcett and F. Provost,
/// *Activity Monitoring*, KDD 1999).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frontier {
    /// The detector.
    pub detector: String,
    /// Its monitor.
    pub monitor: String,
    /// Its main parameter.
    pub parameter: String,
    /// From the most false alarms to the fewest.
    pub points: Vec<FrontierPoint>,
}

/// A value of a main parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontierPoint {
    /// As a scenario would write it.
    pub value: String,
    /// Whether the detector is written so.
    pub own: bool,
    /// Whether no point of any detector of this monitor is as good in one respect and better in the other.
    pub best: bool,
    /// In how many replicas it fired.
    pub found: Found,
    /// Time to detect, in seconds.
    pub median: Times,
    /// False alarms of a healthy day.
    pub false_alarms: Option<Rate>,
}

/// How a detector fares as a failure grows in share and in length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// The detector.
    pub detector: String,
    /// Its monitor.
    pub monitor: String,
    /// Found means: fired within so many seconds.
    pub deadline: f64,
    /// By length, shortest first; of each length by share, smallest first.
    pub cells: Vec<SensitivityCell>,
}

/// One failure: a share of the flow buckets is dark for a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensitivityCell {
    /// The share.
    pub share: f64,
    /// The time, in seconds.
    pub burst: f64,
    /// In how many replicas it fired before the deadline.
    pub found: Found,
    /// Time to detect, in seconds.
    pub median: Times,
}

/// What a detector looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watches {
    /// How many targets its monitor has.
    pub targets: usize,
    /// Whether it looks at each of them by itself; if not, at the fleet as one stream.
    pub each: bool,
}

/// So many of so many, with an interval of 95 % for the share.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// In how many it was found.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// The lower end of the share.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// A quantile of times in seconds with its interval of 95 %; nothing where it lies among the misses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// The quantile.
    pub value: Option<f64>,
    /// The lower end.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// A rate per day with its exact interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// How many were counted.
    pub count: u64,
    /// In so many days.
    pub days: f64,
    /// A day.
    pub per_day: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Two significant figures, as rates are shown.
pub fn two_figures(value: f64) -> String {
    if value >= 10.0 || value <= 0.0 {
        return format!("{value:.0}");
    }
    let digits = (1.0 - value.log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{value:.digits$}")
}

// === impl Found ===

impl Found {
    /// The share; nothing of nothing.
    pub fn share(&self) -> f64 {
        if self.of == 0 { 0.0 } else { self.count as f64 / self.of as f64 }
    }
}
