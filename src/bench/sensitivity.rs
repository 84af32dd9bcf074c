//! Sensitivity: how likely and how soon detectors find a failure, as it grows in share and in length.
//!
//! A trial puts one blackhole on the path of a monitor's targets, else healthy: a share of the flow buckets is dark for a time.
//! All trials of a replica have the same probes and the same order of buckets, so a larger share takes the buckets of a smaller
//! one and more, and cells differ by the failure alone. Found means: fired before the last deadline, counted from the first
//! dark instant, and explained by the failure.

use std::sync::Arc;
use std::time::Duration;

use super::entrant::{Entrant, row_count};
use super::matrix::{BenchOptions, Stage};
use super::score::{Score, share, times};
use super::truth::Spans;
use super::world::{Target, Watched};
use crate::base::{Directions, FaultId, Label, Ratio, Seed, SimTime, Timeline};
use crate::event::{Sensitivity, SensitivityCell};
use crate::fault::{Began, Blackhole, Fault, FaultKind, FaultParts, Level};
use crate::scenario::Plan;

/// Shares of the flow buckets, in percent.
const SHARES: [u64; 7] = [1, 2, 5, 10, 20, 50, 100];

/// How long it is dark, in seconds.
const BURSTS: [u64; 6] = [10, 30, 60, 300, 1_800, 7_200];

/// How many trials there are.
pub(super) const CELLS: usize = SHARES.len() * BURSTS.len();

/// The failure begins after this, and before twice of it: at any phase of an evaluation.
const LEAD: Duration = Duration::from_secs(60);

/// Without a deadline of its own, a benchmark waits so long.
const DEADLINE: Duration = Duration::from_secs(2_400);

/// Times to detect of each row in all replicas of a cell; none, where it was not found.
pub(super) type Trial = Vec<Vec<Option<Duration>>>;

/// Plays a cell.
pub(super) fn trial(stage: &Stage<'_>, options: &BenchOptions, cell: usize) -> Trial {
    let (burst, percent) = cell_of(cell);
    let deadline = deadline(options);
    let mut found = vec![Vec::new(); row_count(stage.entrants)];
    for replica in 0..options.worlds * options.probe_seeds {
        let probes = replica % stage.seeds.len();
        let seed = stage.seeds[probes];
        let label = Label::new("bench").part("sensitivity").ordinal(replica as u64);
        let onset = SimTime::after_start(LEAD + LEAD.mul_f64(seed.stream(label.part("onset")).unit()));
        let buckets = Seed(seed.stream(label.part("buckets")).bits());
        let truth = Spans(vec![(onset, onset.plus(burst))]);
        for (place, watched) in stage.world.monitors.iter().enumerate() {
            let dark = darkened(watched, percent, &truth, buckets);
            let part = format!("sensitivity {replica}");
            let lasts = onset.plus(deadline).since_start();
            stage.play(&dark, place, probes, &part, lasts, |row, fired, changes| {
                let score = Score::new(fired, changes, &truth);
                found[row].push(score.found.filter(|after| *after <= deadline));
            });
        }
    }
    found
}

/// What the trials say about each row of each entrant.
pub(super) fn maps(
    plan: &Plan,
    entrants: &[Entrant],
    options: &BenchOptions,
    trials: &[Trial],
) -> Vec<Sensitivity> {
    if trials.is_empty() {
        return Vec::new();
    }
    let map = |(n, (entrant, name)): (usize, (&Entrant, &String))| {
        let cell = |(cell, trial): (usize, &Trial)| {
            let (burst, percent) = cell_of(cell);
            let mut seconds: Vec<f64> = trial[n].iter().flatten().map(Duration::as_secs_f64).collect();
            seconds.sort_by(f64::total_cmp);
            SensitivityCell {
                share: percent as f64 / 100.0,
                burst: burst.as_secs_f64(),
                found: share(seconds.len() as u64, trial[n].len() as u64),
                median: times(&seconds, trial[n].len(), 0.5),
            }
        };
        Sensitivity {
            detector: name.clone(),
            monitor: plan.monitors[entrant.monitor].name.to_string(),
            deadline: deadline(options).as_secs_f64(),
            cells: trials.iter().enumerate().map(cell).collect(),
        }
    };
    let rows = entrants.iter().flat_map(|entrant| entrant.rows.iter().map(move |row| (entrant, &row.name)));
    rows.enumerate().map(map).collect()
}

fn cell_of(cell: usize) -> (Duration, u64) {
    (Duration::from_secs(BURSTS[cell / SHARES.len()]), SHARES[cell % SHARES.len()])
}

fn deadline(options: &BenchOptions) -> Duration {
    options.deadlines.iter().copied().max().unwrap_or(DEADLINE)
}

/// The monitor on paths that are healthy but for one blackhole.
fn darkened(watched: &Watched, percent: u64, truth: &Spans, buckets: Seed) -> Watched {
    let mut made: Vec<(&Target, Target)> = Vec::new();
    for target in &watched.targets {
        if made.iter().any(|(of, _)| Arc::ptr_eq(&of.healthy, &target.healthy)) {
            continue;
        }
        let fault = Arc::new(Fault::new(blackhole(percent, truth), buckets));
        let faults = target.healthy.faults().iter().cloned().chain([fault]).collect();
        let program = Arc::new(target.healthy.edited(faults));
        made.push((target, Target { program, healthy: Arc::clone(&target.healthy) }));
    }
    let dark = |target: &Target| {
        let found = made.iter().find(|(of, _)| Arc::ptr_eq(&of.healthy, &target.healthy));
        found.map_or_else(|| target.clone(), |(_, dark)| dark.clone())
    };
    Watched {
        name: Arc::clone(&watched.name),
        every: watched.every,
        probe: watched.probe.clone(),
        targets: watched.targets.iter().map(dark).collect(),
        instances: watched.instances.clone(),
        truth: truth.clone(),
    }
}

fn blackhole(percent: u64, truth: &Spans) -> FaultParts {
    let kind = FaultKind::from(Blackhole { share: Ratio::new(percent, 100).unwrap_or(Ratio::ONE) });
    let level = truth.0.iter().flat_map(|(from, until)| [(*from, Level::FULL), (*until, Level::ZERO)]);
    FaultParts {
        id: FaultId(u32::MAX),
        name: "blackhole".into(),
        item: "blackhole".into(),
        key: kind.info().name,
        service: "trial".into(),
        kind,
        level: Timeline::new(Level::ZERO, level.collect()).expect("two changes fit a timeline"),
        weather: None,
        began: Began::default(),
        directions: Directions::Both,
        probability: Ratio::ONE,
        peers: Vec::new(),
    }
}
