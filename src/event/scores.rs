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
