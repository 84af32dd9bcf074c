//! The incident as a picture: what each target of a monitor is in for over time, by the plan alone, and when the detectors
//! fired in the first replica.

use super::matrix::Stage;
use super::truth::failing;
use super::world::Watched;
use crate::base::SimTime;
use crate::event::{Incident, TargetShares};
use crate::scenario::{MonitorPlan, Plan};

/// Parts that the scenario's time is cut in: a picture has hardly more columns that an eye can tell apart.
const COLUMNS: usize = 240;

/// Each monitor's incident.
pub(super) fn incidents(plan: &Plan, stage: &Stage<'_>) -> Vec<Incident> {
    let monitors = plan.monitors.iter().zip(&stage.world.monitors).enumerate();
    monitors.map(|(place, (monitor, watched))| incident(plan, stage, place, monitor, watched)).collect()
}

fn incident(
    plan: &Plan,
    stage: &Stage<'_>,
    place: usize,
    monitor: &MonitorPlan,
    watched: &Watched,
) -> Incident {
    let lasts = stage.world.duration.as_secs_f64();
    let services = monitor.targets.iter().map(|service| &plan.services[*service].name);
    let names = services.chain(&watched.instances[monitor.targets.len()..]);
    let mut targets: Vec<TargetShares> = Vec::new();
    for (name, target) in names.zip(&watched.targets) {
        // Several instances of a service are in for the same.
        if targets.iter().all(|known| known.name != **name) {
            let steps = failing(&target.program, &watched.probe);
            targets.push(TargetShares { name: name.to_string(), shares: columns(&steps, lasts) });
        }
    }
    let names: Vec<&str> =
        stage.entrants.iter().flat_map(|entrant| &entrant.rows).map(|row| row.name.as_str()).collect();
    let mut alarms = Vec::new();
    stage.play(watched, place, 0, "world 0", stage.world.duration, |row, fired, changes| {
        alarms.push((names[row].to_owned(), spans(fired, changes, lasts)));
    });
    Incident { monitor: monitor.name.to_string(), lasts, targets, alarms }
}

/// From when until when it fired.
fn spans(fired: bool, changes: &[(SimTime, bool)], lasts: f64) -> Vec<(f64, f64)> {
    let mut spans = Vec::new();
    let mut since = fired.then_some(0.0);
    for (at, firing) in changes {
        let at = at.as_secs_f64();
        match (since, firing) {
            (None, true) => since = Some(at),
            (Some(from), false) => {
                spans.push((from, at));
                since = None;
            }
            _ => {}
        }
    }
    spans.extend(since.map(|from| (from, lasts)));
    spans
}

/// The mean of a line of steps in each column.
fn columns(steps: &[(SimTime, f64)], lasts: f64) -> Vec<f64> {
    let width = lasts / COLUMNS as f64;
    let mut sums = vec![0.0; COLUMNS];
    for (n, (from, share)) in steps.iter().enumerate() {
        let from = from.as_secs_f64().min(lasts);
        let until = steps.get(n + 1).map_or(lasts, |(until, _)| until.as_secs_f64().min(lasts));
        let (first, last) = ((from / width) as usize, (until / width).ceil() as usize);
        for (column, sum) in sums.iter_mut().enumerate().take(last).skip(first) {
            let begins = column as f64 * width;
            *sum += share * (until.min(begins + width) - from.max(begins)).max(0.0);
        }
    }
    sums.into_iter().map(|sum| (sum / width).clamp(0.0, 1.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_hold_the_mean_of_what_they_cover() {
        let at = SimTime::from_secs;
        let shares = columns(&[(at(0), 0.0), (at(15), 0.5), (at(40), 0.0)], 2_400.0);
        assert_eq!(&shares[..5], &[0.0, 0.25, 0.5, 0.5, 0.0]);
        assert_eq!(spans(true, &[(at(3), false), (at(5), true)], 9.0), [(0.0, 3.0), (5.0, 9.0)]);
    }
}
