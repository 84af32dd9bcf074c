//! Tuning: which value of a detector's main parameter finds soonest, of those that keep within a budget of false alarms.
//!
//! A value is chosen by one set of seeds and told with the figures of another: the best of many is lucky on the seeds that it was
//! chosen by, and regresses on others. Over several scenarios a value is as good as where it is worst. It keeps within the budget
//! if the upper end of its rate (95 %) does, in every scenario.

use super::matrix::{BenchError, BenchOptions, bench};
use crate::base::{Label, Seed};
use crate::event::{
    BenchScores, Frontier, FrontierPoint, Rate, TuneReport, TunedDetector, TunedFigures, TunedPoint,
};
use crate::scenario::{LoadError, Plan};

/// Tunes each detector that all scenarios have. `load` makes the plan of a scenario by its place, under a seed or its own;
/// `progress` is told the round (of two for each scenario), and how many steps of how many are done in it.
pub fn tune(
    scenarios: usize,
    options: &BenchOptions,
    budget_per_day: f64,
    load: impl Fn(usize, Option<Seed>) -> Result<Plan, LoadError> + Sync,
    progress: impl Fn(usize, usize, usize) + Sync,
) -> Result<TuneReport, BenchError> {
    let options = BenchOptions { frontier: true, sensitivity: false, ..options.clone() };
    let play = |n: usize, round: usize| {
        let told = |error| BenchError::Load(Box::new(error));
        let mut plan = load(n, None).map_err(told)?;
        if round > 0 {
            plan = load(n, Some(confirming(plan.seed))).map_err(told)?;
        }
        bench(&plan, &options, |seed| load(n, Some(seed)), |done, steps| progress(n * 2 + round, done, steps))
    };
    let mut rounds = [Vec::new(), Vec::new()];
    for n in 0..scenarios {
        for (round, all) in rounds.iter_mut().enumerate() {
            all.push(play(n, round)?);
        }
    }
    let [searched, confirmed] = rounds;
    let curves = searched.first().map_or(&[][..], |first| &first.frontier);
    Ok(TuneReport {
        scenarios: searched.iter().map(|scores| scores.scenario.clone()).collect(),
        budget_per_day,
        replicas: options.worlds * options.probe_seeds,
        healthy_days: searched.first().map_or(0.0, |first| first.healthy_days),
        detectors: curves.iter().map(|curve| tuned(curve, &searched, &confirmed, budget_per_day)).collect(),
    })
}

/// The seed of the second round: far from those of the first, which count up.
fn confirming(seed: Seed) -> Seed {
    Seed(seed.stream(Label::new("tune").part("confirm")).bits())
}

fn tuned(
    curve: &Frontier,
    searched: &[BenchScores],
    confirmed: &[BenchScores],
    budget: f64,
) -> TunedDetector {
    let figures = |point: &FrontierPoint, all: &[BenchScores]| worst(&curve.detector, &point.value, all);
    let points = curve.points.iter();
    let all: Vec<(&FrontierPoint, TunedFigures)> =
        points.filter_map(|point| Some((point, figures(point, searched)?))).collect();
    let told = |(point, figures): &(&FrontierPoint, TunedFigures)| TunedPoint {
        value: point.value.clone(),
        figures: *figures,
    };
    let within = || all.iter().filter(|(_, figures)| figures.false_alarms.high <= budget);
    let known = within().filter_map(|entry| Some((entry, entry.1.median?)));
    // Of those that are as soon, the one that finds most, then the quietest.
    let best = known.min_by(|(a, soon), (b, late)| {
        let quiet = |entry: &(&FrontierPoint, TunedFigures)| entry.1.false_alarms.per_day;
        let by_share = b.1.found.total_cmp(&a.1.found);
        soon.total_cmp(late).then(by_share).then(quiet(a).total_cmp(&quiet(b)))
    });
    let best = best.map(|(entry, _)| entry);
    TunedDetector {
        detector: curve.detector.clone(),
        monitor: curve.monitor.clone(),
        parameter: curve.parameter.clone(),
        written: all.iter().find(|(point, _)| point.own).map(told),
        best: best.map(told),
        confirmed: best.and_then(|(point, _)| figures(point, confirmed)),
        why_not: best.is_none().then(|| why_not(&all, budget, within().next().is_some())),
    }
}

/// What a value does in the scenario in which it does worst, figure by figure; none, where a scenario has not got it or no healthy day
/// was played.
fn worst(detector: &str, value: &str, all: &[BenchScores]) -> Option<TunedFigures> {
    let mut worst: Option<TunedFigures> = None;
    for scores in all {
        let curve = scores.frontier.iter().find(|curve| curve.detector == detector)?;
        let point = curve.points.iter().find(|point| point.value == value)?;
        let rate = point.false_alarms?;
        let (median, found) = (point.median.value, point.found.share());
        worst =
            Some(worst.map_or(TunedFigures { median, found, false_alarms: rate }, |known| TunedFigures {
                median: known.median.zip(median).map(|(a, b)| a.max(b)),
                found: known.found.min(found),
                false_alarms: louder(known.false_alarms, rate),
            }));
    }
    worst
}

fn louder(a: Rate, b: Rate) -> Rate {
    if b.high > a.high { b } else { a }
}

fn why_not(all: &[(&FrontierPoint, TunedFigures)], budget: f64, some_within: bool) -> String {
    if some_within {
        return "no value within the budget fires in half of the replicas".to_owned();
    }
    let quietest =
        all.iter().map(|(_, figures)| figures.false_alarms).min_by(|a, b| a.high.total_cmp(&b.high));
    match quietest {
        None => "no healthy day was played: see `--healthy-days`".to_owned(),
        Some(rate) if rate.count == 0 => {
            // Zero in n days bound a rate by -ln 0.05 / n, one-sided; the two-sided bound is -ln 0.025 / n.
            let days = (rate.high * rate.days / budget).ceil();
            format!("no alarm in {:.0} days does not yet show it: take `--healthy-days {days:.0}`", rate.days)
        }
        Some(rate) => {
            let per_day = crate::event::two_figures(rate.per_day);
            format!("no value keeps within the budget: the quietest has {per_day} false alarms a day")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scenario::{Overrides, load_text_with};

    const TEXT: &str = "name: x\nduration: 2h\nseed: 7\nservices: { a: { upstream: \"a:1\" } }\n\
        faults: [{ at: 30m, for: 1h, blackhole: 20% }]\nmonitors: { m: { every: 15s, timeout: 5s, http: { get: / } } }\n\
        detectors: { one: { consecutive: { failures: 1 } }, long: { consecutive: { failures: 40 } } }\n";

    fn played(budget: f64, days: u64) -> TuneReport {
        let options = BenchOptions {
            worlds: 2,
            probe_seeds: 10,
            healthy: Duration::from_secs(days * 86_400),
            deadlines: vec![Duration::from_secs(900)],
            frontier: false,
            sensitivity: false,
        };
        let load = |_, seed| load_text_with("x", TEXT, &Overrides { seed, ..Overrides::default() });
        tune(2, &options, budget, load, |round, done, steps| assert!(round < 4 && done <= steps)).unwrap()
    }

    /// A healthy probe fails with 0.01 %: one failure in a row is 0.6 alarms a day, two are one in 17,000 days. With a fifth of the
    /// flows dark two in a row come within minutes.
    #[test]
    fn it_takes_the_soonest_within_the_budget() {
        let report = played(0.1, 60);
        for tuned in &report.detectors {
            let best = tuned.best.as_ref().unwrap();
            assert_eq!((tuned.parameter.as_str(), best.value.as_str()), ("failures", "2"), "{tuned:?}");
            assert!(best.figures.false_alarms.high <= 0.1 && best.figures.median.is_some());
            let confirmed = tuned.confirmed.unwrap();
            assert!(confirmed != best.figures && confirmed.median.is_some(), "other seeds: {tuned:?}");
        }
        let written = report.detectors[0].written.as_ref().unwrap();
        assert_eq!(written.value, "1");
        assert!(written.figures.median < report.detectors[0].best.as_ref().unwrap().figures.median);
    }

    #[test]
    fn without_a_value_it_says_why() {
        let why = |budget, days| played(budget, days).detectors[0].why_not.clone().unwrap();
        assert_eq!(why(0.001, 10), "no alarm in 10 days does not yet show it: take `--healthy-days 3689`");
        assert_eq!(why(0.1, 0), "no healthy day was played: see `--healthy-days`");
    }
}
