//! One monitor's probes: how many succeeded, in which phase the others failed, how long they took.
//!
//! Latencies are held twice: of successes (how fast the service was when it answered) and of all probes, where a timeout
//! counts with the time that it cost. Reporting only the first would hide that slow answers turned into failures.

use std::ops::AddAssign;
use std::sync::Arc;

use serde::Serialize;

use super::cells::Cells;
use super::counts::NamedCounts;
use crate::base::SimTime;
use crate::event::{MonitorInfo, Phase, Probe};
use crate::stats::{Interval, LatencyHistogram, Z_95, wilson};

/// One monitor's probes.
#[derive(Clone, Debug)]
pub struct MonitorTally {
    /// Its name.
    pub name: Arc<str>,
    /// What the header told of it.
    pub info: Option<MonitorInfo>,
    /// Probes that ended.
    pub probes: u64,
    /// Probes that succeeded.
    pub succeeded: u64,
    /// Failures, by the phase that they came in; see [`MonitorTally::phases`].
    failures: [PhaseCount; 4],
    /// Failures by what happened.
    pub reasons: NamedCounts,
    /// How long successful probes took.
    pub latency: LatencyHistogram,
    /// How long all probes took, failures and timeouts included.
    pub latency_all: LatencyHistogram,
    /// Successes and failures by time.
    pub by_time: Cells<ProbeCell>,
    /// Failures in a row, now.
    pub streak: u64,
    /// The most failures in a row: what an alert on consecutive failures sees.
    pub streak_max: u64,
    /// When the longest row began.
    pub streak_max_from: Option<SimTime>,
    streak_from: SimTime,
}

/// Failures in one phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PhaseCount {
    /// All of them.
    pub failed: u64,
    /// Those whose time was up.
    pub timed_out: u64,
}

/// Probes in one span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbeCell {
    /// Successes.
    pub ok: u32,
    /// Failures.
    pub failed: u32,
}

/// Phases in the order that a probe goes through them.
const PHASES: [Phase; 4] = [Phase::Connect, Phase::FirstByte, Phase::Body, Phase::Content];

// === impl MonitorTally ===

impl MonitorTally {
    /// A monitor without probes yet; `origin` is where the run's time begins.
    pub(super) fn new(name: &Arc<str>, info: Option<&MonitorInfo>, origin: SimTime) -> Self {
        Self {
            name: name.clone(),
            info: info.cloned(),
            probes: 0,
            succeeded: 0,
            failures: [PhaseCount::default(); 4],
            reasons: NamedCounts::default(),
            latency: LatencyHistogram::new(),
            latency_all: LatencyHistogram::new(),
            by_time: Cells::new(origin),
            streak: 0,
            streak_max: 0,
            streak_max_from: None,
            streak_from: SimTime::ZERO,
        }
    }

    pub(super) fn record(&mut self, t: SimTime, probe: &Probe) {
        self.probes += 1;
        self.latency_all.record(probe.latency);
        let Some(failure) = &probe.failure else {
            self.succeeded += 1;
            self.streak = 0;
            self.latency.record(probe.latency);
            *self.by_time.at(t) += ProbeCell { ok: 1, failed: 0 };
            return;
        };
        let count = &mut self.failures[phase_index(failure.phase)];
        count.failed += 1;
        count.timed_out += u64::from(failure.timeout);
        self.reasons.add(&failure.reason);
        *self.by_time.at(t) += ProbeCell { ok: 0, failed: 1 };
        if self.streak == 0 {
            self.streak_from = t;
        }
        self.streak += 1;
        if self.streak > self.streak_max {
            self.streak_max = self.streak;
            self.streak_max_from = Some(self.streak_from);
        }
    }

    /// Probes that failed.
    pub const fn failed(&self) -> u64 {
        self.probes.saturating_sub(self.succeeded)
    }

    /// The share of probes that succeeded; none without a probe.
    pub fn success_ratio(&self) -> Option<f64> {
        (self.probes > 0).then(|| self.succeeded as f64 / self.probes as f64)
    }

    /// What that share is worth: its Wilson interval with 95 % confidence.
    pub fn success_interval(&self) -> Option<Interval> {
        wilson(self.succeeded, self.probes, Z_95)
    }

    /// Failures by phase, in the order of the phases.
    pub fn phases(&self) -> impl Iterator<Item = (Phase, PhaseCount)> {
        PHASES.into_iter().zip(self.failures)
    }
}

const fn phase_index(phase: Phase) -> usize {
    match phase {
        Phase::Connect => 0,
        Phase::FirstByte => 1,
        Phase::Body => 2,
        Phase::Content => 3,
    }
}

// === impl ProbeCell ===

impl ProbeCell {
    /// The share that failed; none without a probe.
    pub fn failed_share(self) -> Option<f64> {
        let probes = u64::from(self.ok) + u64::from(self.failed);
        (probes > 0).then(|| f64::from(self.failed) / probes as f64)
    }
}

impl AddAssign for ProbeCell {
    fn add_assign(&mut self, other: Self) {
        self.ok = self.ok.saturating_add(other.ok);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture;
    use super::*;

    #[test]
    fn a_monitor_adds_up() {
        let tally = fixture::tally();
        let homepage = &tally.monitors["homepage"];
        assert_eq!((homepage.probes, homepage.succeeded, homepage.failed()), (150, 137, 13));
        let phases: Vec<_> = homepage.phases().map(|(_, count)| (count.failed, count.timed_out)).collect();
        assert_eq!(phases, [(0, 0), (7, 7), (6, 0), (0, 0)]);
        assert_eq!((homepage.streak_max, homepage.streak_max_from), (2, Some(SimTime::from_secs(142))));
        assert_eq!((homepage.latency.count(), homepage.latency_all.count()), (137, 150));
    }
}
