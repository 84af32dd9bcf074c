//! The frontier: each detector's main parameter moves over its kind's grid, and every variant is judged on the same samples as
//! the detector itself, so that points differ by the parameter alone.
//!
//! A point is time to detect against false alarms; one is best if no other of its monitor is as good in one respect and better
//! in the other, by the estimates alone. That is the AMOC of T. Fawcett and F. Provost (*Activity Monitoring*, KDD 1999).

use std::time::Duration;

use super::entrant::{Entrant, feed};
use super::world::World;
use crate::detect::DetectorSpec;
use crate::event::{DetectorScores, Frontier, FrontierPoint};

/// A detector with its main parameter moved.
pub(super) struct Moved {
    pub(super) entrant: Entrant,
    parameter: &'static str,
    value: String,
    /// Whether the detector is written so.
    own: bool,
}

/// A feed that is long enough for any window.
const LONG: Duration = Duration::from_secs(366 * 86_400);

// === impl Moved ===

impl Moved {
    /// All variants of all detectors among the entrants; and the entrant itself, where the grid has not got it.
    pub(super) fn of(world: &World, entrants: &[Entrant]) -> Vec<Self> {
        let variants = |(entrant, own): (&Entrant, &DetectorSpec)| {
            let variants = own.variants(&feed(&world.monitors[entrant.monitor], LONG));
            let mut rules = variants.rules;
            if rules.iter().all(|(_, rule)| rule != own) {
                rules.push(("as written".to_owned(), own.clone()));
            }
            let name = &entrant.rows[0].name;
            let moved = |(value, spec): (String, DetectorSpec)| Self {
                own: spec == *own,
                entrant: Entrant::detector(name.as_str(), spec, entrant.monitor),
                parameter: variants.parameter,
                value,
            };
            rules.into_iter().map(moved).collect::<Vec<_>>()
        };
        let detectors = entrants.iter().filter_map(|entrant| Some((entrant, entrant.spec()?)));
        detectors.flat_map(variants).collect()
    }
}

/// The line of each detector, from the rows of its variants.
pub(super) fn curves(moved: &[Moved], rows: &[DetectorScores]) -> Vec<Frontier> {
    let mut curves: Vec<Frontier> = Vec::new();
    for (moved, row) in moved.iter().zip(rows) {
        let monitor = row.monitor.clone().unwrap_or_default();
        let point = FrontierPoint {
            value: moved.value.clone(),
            own: moved.own,
            best: rows.iter().all(|other| other.monitor != row.monitor || !beats(other, row))
                && row.median.value.is_some(),
            found: row.found,
            median: row.median,
            false_alarms: row.false_alarms,
        };
        match curves.last_mut() {
            Some(curve) if curve.detector == row.name => curve.points.push(point),
            _ => curves.push(Frontier {
                detector: row.name.clone(),
                monitor,
                parameter: moved.parameter.to_owned(),
                points: vec![point],
            }),
        }
    }
    for curve in &mut curves {
        let key = |point: &FrontierPoint| {
            (
                -point.false_alarms.map_or(0.0, |rate| rate.per_day),
                point.median.value.unwrap_or(f64::INFINITY),
            )
        };
        curve.points.sort_by(|a, b| {
            let (a, b) = (key(a), key(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
    }
    curves
}

/// Whether one is as good in both respects and better in one.
fn beats(one: &DetectorScores, other: &DetectorScores) -> bool {
    let figures = |row: &DetectorScores| {
        (row.median.value.unwrap_or(f64::INFINITY), row.false_alarms.map_or(0.0, |rate| rate.per_day))
    };
    let ((soon, quiet), (than_soon, than_quiet)) = (figures(one), figures(other));
    soon <= than_soon && quiet <= than_quiet && (soon < than_soon || quiet < than_quiet)
}
