//! What tuning says: for each detector the value of its main parameter that finds soonest within a budget of false alarms.

use serde::{Deserialize, Serialize};

use super::scores::Rate;

/// What tuning says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TuneReport {
    /// The scenarios.
    pub scenarios: Vec<String>,
    /// False alarms of a day that are allowed.
    pub budget_per_day: f64,
    /// Replicas of each scenario, in each of the two rounds.
    pub replicas: usize,
    /// Healthy days of each scenario, in each of the two rounds.
    pub healthy_days: f64,
    /// One for each detector, in the order of the first scenario.
    pub detectors: Vec<TunedDetector>,
}

/// What tuning says about one detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TunedDetector {
    /// Its name.
    pub detector: String,
    /// Its monitor, in the first scenario.
    pub monitor: String,
    /// Its main parameter.
    pub parameter: String,
    /// As it is written.
    pub written: Option<TunedPoint>,
    /// The best value within the budget; none, if there is none.
    pub best: Option<TunedPoint>,
    /// The same value on other seeds: what may be expected of it.
    pub confirmed: Option<TunedFigures>,
    /// Why there is no best value.
    pub why_not: Option<String>,
}

/// A value of the main parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TunedPoint {
    /// As a scenario would write it.
    pub value: String,
    /// What it does.
    pub figures: TunedFigures,
}

/// What a detector does in the scenario in which it does worst.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TunedFigures {
    /// Median time to detect in seconds; none, where it lies among the misses.
    pub median: Option<f64>,
    /// The share of replicas in which it fired.
    pub found: f64,
    /// False alarms of a healthy day.
    pub false_alarms: Rate,
}
