//! The whole benchmark: worlds × probe seeds × detectors on all cores, and healthy days.
//!
//! Work is spread over threads by its number; results are put in order, so that they do not depend on the threads.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::entrant::{Entrant, Judge, Row, numbered, row_count};
use super::frontier::{self, Moved};
use super::incident::incidents;
use super::play::Feeder;
use super::score::{Score, detector_scores, rate};
use super::sensitivity::{self, CELLS};
use super::standard::{BASELINES, Baseline, STANDARD};
use super::verdicts::Ask;
use super::world::{Watched, World};
use crate::base::limits::{BENCH_HISTORY_MAX, BENCH_REPLICAS_MAX};
use crate::base::{Label, Seed, SimTime};
use crate::detect::Sample;
use crate::event::{BenchScores, DetectorScores, Watches};
use crate::scenario::{LoadError, Plan};

/// How much is simulated.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// The scenario under so many seeds.
    pub worlds: usize,
    /// Probe seeds of each.
    pub probe_seeds: usize,
    /// Healthy time, for false alarms.
    pub healthy: Duration,
    /// Deadlines of detection that the report tells.
    pub deadlines: Vec<Duration>,
    /// Whether each detector's main parameter is moved as well.
    pub frontier: bool,
    /// Whether failures of all sizes are tried as well.
    pub sensitivity: bool,
}

/// Why there is no benchmark.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A seed makes a scenario that can't be used.
    #[error("under another seed the scenario can't be used")]
    Load(#[source] Box<LoadError>),
    /// Nobody looks.
    #[error("the scenario has no monitor: nobody would see anything")]
    NoMonitor,
    /// A fault whose effect virtual time does not know.
    #[error("fault `{fault}` of service `{service}` can't be played in virtual time: {why}")]
    Unmodelled {
        /// The fault.
        fault: Arc<str>,
        /// Its service.
        service: Arc<str>,
        /// Why not.
        why: &'static str,
    },
    /// Rules whose monitor Prometheus could not scrape like that.
    #[error("Prometheus rules can't be judged on monitor `{monitor}`: {why}")]
    Unscrapable {
        /// The monitor.
        monitor: Arc<str>,
        /// Why not.
        why: &'static str,
    },
    /// Series that can't be written.
    #[error(transparent)]
    Export(std::io::Error),
    /// More than fits.
    #[error("{0} replicas are more than {BENCH_REPLICAS_MAX}")]
    TooManyReplicas(usize),
}

/// A world as the probes of one seed see it: a score for each row, and an answer for each expectation.
struct Replica {
    scores: Vec<Score>,
    answers: Vec<Option<bool>>,
}

/// Judges that a healthy past has warmed, for one probe seed: one for each entrant.
pub(super) type Warm = Vec<Judge>;

/// A day, in which healthy time is cut.
const DAY: Duration = Duration::from_secs(86_400);

/// The shortest healthy past.
const PAST_MIN: Duration = Duration::from_secs(3_600);

/// Benchmarks the detectors of a scenario; the standard ones on its first monitor, if it has none. `load` makes its plan
/// under a seed, whole and at its own speed; `progress` is told how many steps of how many are done.
pub fn bench(
    plan: &Plan,
    options: &BenchOptions,
    load: impl Fn(Seed) -> Result<Plan, LoadError> + Sync,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<BenchScores, BenchError> {
    check(plan, options)?;
    let first = World::new(plan)?;
    let own = entrants(plan);
    for entrant in &own {
        entrant.check(&first.monitors[entrant.monitor], DAY)?;
    }
    let names = own.iter().flat_map(|entrant| &entrant.rows);
    let place = |name: &str| names.clone().position(|row| row.name == name);
    let asks: Vec<Ask<'_>> = plan.expectations.iter().map(|expected| Ask::new(expected, place)).collect();
    let past = past(&first, &own);
    let moved = if options.frontier { Moved::of(&first, &own) } else { Vec::new() };
    let entrants: Vec<Entrant> =
        own.iter().cloned().chain(moved.iter().map(|moved| moved.entrant.clone())).collect();
    let days = options.healthy.as_nanos().div_ceil(DAY.as_nanos()) as usize;
    let seeds: Vec<Seed> = (0..options.probe_seeds).map(|n| probe_seed(plan.seed, n)).collect();
    let cells = if options.sensitivity { CELLS } else { 0 };
    let steps = seeds.len() + days + options.worlds + cells;
    let done = AtomicUsize::new(0);
    let step = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, steps);

    let warm: Vec<Warm> = spread(seeds.len(), |n| {
        let warm = warm(&first, &entrants, seeds[n], past);
        step();
        warm
    });
    let healthy = spread(days, |day| {
        let seed = probe_seed(plan.seed, options.probe_seeds + day);
        let alarms = healthy_day(&first, &entrants, &warm[day % warm.len()], seed, past);
        step();
        alarms
    });
    let replicas = spread(options.worlds, |n| {
        let world = nth_world(plan, &load, n);
        let replicas = world.map(|world| replicas_of(&world, &entrants, &asks, &warm, &seeds, past, n));
        step();
        replicas
    });
    let replicas: Vec<Replica> =
        replicas.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let stage = Stage { world: &first, entrants: &own, warm: &warm, seeds: &seeds, past };
    let trials = spread(cells, |cell| {
        let trial = sensitivity::trial(&stage, options, cell);
        step();
        trial
    });
    let mut detectors = rows(plan, options, &entrants, &replicas, &healthy);
    let frontier = frontier::curves(&moved, &detectors[row_count(&own)..]);
    detectors.truncate(row_count(&own));
    let verdict = |(n, ask): (usize, &Ask<'_>)| {
        let rate = ask.entrant.and_then(|entrant| detectors[entrant].false_alarms.as_ref());
        ask.verdict(replicas.iter().map(|replica| replica.answers[n]), rate)
    };
    let verdicts = asks.iter().enumerate().map(verdict).collect();
    detectors.extend(baselines(options, &replicas));
    Ok(BenchScores {
        scenario: plan.name.to_string(),
        file: plan.file.to_string(),
        seed: plan.seed.0,
        worlds: options.worlds,
        probe_seeds: options.probe_seeds,
        healthy_days: days as f64,
        detectors,
        verdicts,
        incidents: incidents(plan, &stage),
        frontier,
        sensitivity: sensitivity::maps(plan, &own, options, &trials),
    })
}

fn check(plan: &Plan, options: &BenchOptions) -> Result<(), BenchError> {
    if plan.monitors.is_empty() {
        return Err(BenchError::NoMonitor);
    }
    let count = options.worlds.saturating_mul(options.probe_seeds);
    if count > BENCH_REPLICAS_MAX {
        return Err(BenchError::TooManyReplicas(count));
    }
    Ok(())
}

/// The world of the scenario under its n-th seed.
fn nth_world(
    plan: &Plan,
    load: impl Fn(Seed) -> Result<Plan, LoadError>,
    n: usize,
) -> Result<World, BenchError> {
    if n == 0 {
        return World::new(plan);
    }
    let plan = load(Seed(plan.seed.0.wrapping_add(n as u64)));
    plan.map_err(|error| BenchError::Load(Box::new(error))).and_then(|plan| World::new(&plan))
}

fn entrants(plan: &Plan) -> Vec<Entrant> {
    let standard = |(name, rule): (&str, &str)| {
        let spec = serde_json::from_str(rule);
        Entrant::detector(name, spec.expect("the standard rules are rules: a test reads them all"), 0)
    };
    let own = |detector: &crate::scenario::DetectorPlan| {
        Entrant::detector(&*detector.name, detector.spec.clone(), detector.monitor)
    };
    let mut entrants: Vec<Entrant> = plan.detectors.iter().map(own).collect();
    if entrants.is_empty() && !plan.rules.iter().any(|rules| rules.declared) {
        entrants = STANDARD.into_iter().map(standard).collect();
    }
    entrants.extend(plan.rules.iter().map(Entrant::rules));
    entrants
}

/// The probes' own seed: apart from the scenario's, so that a replica's ports are not those of another world.
fn probe_seed(seed: Seed, n: usize) -> Seed {
    Seed(seed.stream(Label::new("bench").part("probes").ordinal(n as u64)).bits())
}

/// How long the healthy past is: as long as the longest memory, in whole hours, so that evaluations keep their grid.
fn past(world: &World, entrants: &[Entrant]) -> Duration {
    let memory = |entrant: &Entrant| entrant.memory(&world.monitors[entrant.monitor], DAY);
    let longest = entrants.iter().map(memory).max().unwrap_or_default().clamp(PAST_MIN, BENCH_HISTORY_MAX);
    Duration::from_secs(longest.as_secs().div_ceil(3_600) * 3_600)
}

/// How long the healthy past of a plan is.
pub(super) fn history(plan: &Plan, world: &World) -> Duration {
    past(world, &entrants(plan))
}

/// The samples of a monitor in the first replica: its healthy past, a day at a time, then the scenario.
pub(super) fn first_replica(
    plan: &Plan,
    world: &World,
    watched: &Watched,
    past: Duration,
) -> impl Iterator<Item = Vec<Sample>> {
    let seed = probe_seed(plan.seed, 0);
    let mut feeder = Feeder::new(watched, seed, "past", true);
    let days = (1..=past.as_nanos().div_ceil(DAY.as_nanos()) as u32)
        .map(move |day| feeder.samples(SimTime::after_start((DAY * day).min(past)), Duration::ZERO));
    let end = SimTime::after_start(world.duration);
    let scenario = Feeder::new(watched, seed, "world 0", false).samples(end, past);
    days.chain(std::iter::once(scenario))
}

/// What everybody plays on: a world, its entrants with a healthy past, one for each probe seed.
pub(super) struct Stage<'a> {
    pub(super) world: &'a World,
    pub(super) entrants: &'a [Entrant],
    /// It may have more judges than there are entrants.
    pub(super) warm: &'a [Warm],
    pub(super) seeds: &'a [Seed],
    pub(super) past: Duration,
}

/// Plays the healthy past: a day at a time, so that memory is bounded.
fn warm(world: &World, entrants: &[Entrant], seed: Seed, past: Duration) -> Warm {
    let lasts = past + world.duration.max(DAY);
    let mut warm: Warm =
        entrants.iter().map(|entrant| entrant.judge(&world.monitors[entrant.monitor], lasts)).collect();
    for (place, watched) in world.monitors.iter().enumerate() {
        let mut feeder = Feeder::new(watched, seed, "past", true);
        let mut played = Duration::ZERO;
        while played < past {
            played = (played + DAY).min(past);
            let until = SimTime::after_start(played);
            let samples = feeder.samples(until, Duration::ZERO);
            for (judge, _) in warm.iter_mut().zip(entrants).filter(|(_, entrant)| entrant.monitor == place) {
                judge.observe(&samples, until);
            }
        }
    }
    warm
}

/// False alarms of each row on a day without a fault.
fn healthy_day(world: &World, entrants: &[Entrant], warm: &Warm, seed: Seed, past: Duration) -> Vec<u64> {
    let mut alarms: Vec<Vec<u64>> = entrants.iter().map(|entrant| vec![0; entrant.rows.len()]).collect();
    for (place, watched) in world.monitors.iter().enumerate() {
        let samples = Feeder::new(watched, seed, "healthy", true).samples(SimTime::after_start(DAY), past);
        let end = SimTime::after_start(past + DAY);
        for ((entrant, warm), alarms) in entrants.iter().zip(warm).zip(&mut alarms) {
            if entrant.monitor == place {
                for (alarms, changes) in alarms.iter_mut().zip(warm.clone().observe(&samples, end)) {
                    *alarms += changes.iter().filter(|(_, firing)| *firing).count() as u64;
                }
            }
        }
    }
    alarms.concat()
}

/// A world as the probes of each seed see it.
fn replicas_of(
    world: &World,
    entrants: &[Entrant],
    asks: &[Ask<'_>],
    warm: &[Warm],
    seeds: &[Seed],
    past: Duration,
    n: usize,
) -> Vec<Replica> {
    let stage = Stage { world, entrants, warm, seeds, past };
    let replica = |seed| {
        let mut replica =
            Replica { scores: vec![Score::default(); row_count(entrants)], answers: vec![None; asks.len()] };
        for (place, watched) in world.monitors.iter().enumerate() {
            let part = format!("world {n}");
            stage.play(watched, place, seed, &part, world.duration, |number, fired, changes| {
                let score = Score::new(fired, changes, &watched.truth);
                for ((ask, windows), answer) in asks.iter().zip(&world.windows).zip(&mut replica.answers) {
                    if ask.entrant == Some(number) {
                        *answer = ask.answer(windows.as_deref(), fired, changes, &score);
                    }
                }
                replica.scores[number] = score;
            });
        }
        replica
    };
    (0..seeds.len()).map(replica).collect()
}

/// The scores of each row of each entrant.
fn rows(
    plan: &Plan,
    options: &BenchOptions,
    entrants: &[Entrant],
    replicas: &[Replica],
    healthy: &[Vec<u64>],
) -> Vec<DetectorScores> {
    let days = healthy.len() as f64;
    let rows = entrants.iter().flat_map(|entrant| entrant.rows.iter().map(move |row| (entrant, row)));
    let scores_of = |(place, (entrant, row)): (usize, (&Entrant, &Row))| {
        let own: Vec<Score> = replicas.iter().map(|replica| replica.scores[place]).collect();
        let false_alarms = healthy.iter().map(|day| day[place]).sum();
        let monitor = &plan.monitors[entrant.monitor];
        let scores = detector_scores(
            (row.name.clone(), row.rule.clone(), Some(monitor.name.to_string())),
            &own,
            &options.deadlines,
            (days > 0.0).then(|| rate(false_alarms, days)),
        );
        let watches = |each| Watches { targets: monitor.target_count(), each };
        DetectorScores { watches: entrant.tells_targets_apart().map(watches), ..scores }
    };
    rows.enumerate().map(scores_of).collect()
}

/// A row for each way to notice that is not software.
fn baselines(options: &BenchOptions, replicas: &[Replica]) -> Vec<DetectorScores> {
    let longest = |replica: &Replica| replica.scores.iter().map(|score| score.impaired).max();
    let impaired: Vec<Duration> =
        replicas.iter().filter_map(longest).filter(|impaired| !impaired.is_zero()).collect();
    let row = |baseline: &Baseline| {
        // What is over by then is never told.
        let told = |lasts: &Duration| {
            let found = (baseline.after <= *lasts).then_some(baseline.after);
            Score { found, alarms: 1, impaired: *lasts, ..Score::default() }
        };
        let told: Vec<Score> = impaired.iter().map(told).collect();
        let names = (baseline.name.to_owned(), baseline.source.to_owned(), None);
        detector_scores(names, &told, &options.deadlines, None)
    };
    BASELINES.iter().map(row).collect()
}

// === impl Stage ===

impl Stage<'_> {
    /// Plays what `watched`, the monitor at `place`, sees with a probe seed, until `lasts`. Of each row of its entrants: its number,
    /// whether it fired before, and its changes in scenario time.
    pub(super) fn play(
        &self,
        watched: &Watched,
        place: usize,
        seed: usize,
        part: &str,
        lasts: Duration,
        mut played: impl FnMut(usize, bool, &[(SimTime, bool)]),
    ) {
        let end = SimTime::after_start(lasts);
        let samples = Feeder::new(watched, self.seeds[seed], part, false).samples(end, self.past);
        let all = numbered(self.entrants).zip(&self.warm[seed]);
        for ((first, _), warm) in all.filter(|((_, entrant), _)| entrant.monitor == place) {
            let mut judge = warm.clone();
            let fired = judge.firing();
            let changes = judge.observe(&samples, end.plus(self.past));
            for (number, (fired, mut changes)) in (first..).zip(fired.into_iter().zip(changes)) {
                for (at, _) in &mut changes {
                    *at = at.minus(self.past);
                }
                played(number, fired, &changes);
            }
        }
    }
}

/// Does `count` pieces of work on all cores; the results in the order of their numbers.
fn spread<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<T>>> = Mutex::new((0..count).map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..cores.min(count) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    let result = work(n);
                    results.lock().unwrap_or_else(PoisonError::into_inner)[n] = Some(result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_iter().map(|result| result.expect("every piece of work was done")).collect()
}
