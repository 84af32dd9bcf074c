//! What became of a WAN, for people and machines: pure functions of its history.
//!
//! | picture | shows | function |
//! | --- | --- | --- |
//! | overview | the network, what happens to it, and the pairs of sites that suffered most | [`overview`] |
//! | trace | what every router did, step by step, as a logic analyser shows signals | [`trace`] |
//! | walk | the way of a packet, hop by hop, bucket by bucket | [`walk`] |
//! | JSON | all of it, for programs; a versioned contract | [`json`] |
//! | SVG | loss of all pairs over time, and the network at one instant | [`svg`] |
//!
//! Every picture is bounded, and says what it leaves out. Names come from files and are made harmless on their way.

mod clock;
mod json;
mod pairs;
mod svg;
#[cfg(test)]
mod tests;
mod trace;
mod walk;

use crate::base::SimTime;
use crate::base::limits::WAN_PAIRS_MAX;
use crate::wan::{History, SiteId, Survey};

pub use json::{SCHEMA_VERSION, json};
pub use pairs::overview;
pub use svg::svg;
pub use trace::{TraceFilter, trace};
pub use walk::walk;

/// How often the worst part of a window is cut again to find its worst instant, and into how many parts. The first parts of six
/// hours are 21 s long: what is over sooner must be bad to count.
const ZOOMS: usize = 3;
/// See [`ZOOMS`].
const ZOOM_PARTS: usize = 1_024;

/// A history, and what a scenario says of it.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// What happened.
    pub history: &'a History,
    /// The scenario's name.
    pub name: &'a str,
    /// Its seed.
    pub seed: u64,
    /// Wall-clock label of t = 0 (RFC 3339).
    pub starts_at: Option<&'a str>,
    /// The window that is looked at.
    pub from: SimTime,
    /// The first instant after it.
    pub until: SimTime,
}

/// The pairs of sites, worst first.
#[derive(Clone, Debug)]
pub struct Surveys {
    /// What each saw within the window; those that lost most first.
    pub pairs: Vec<Survey>,
    /// Pairs that were not looked at, for there are too many.
    pub left_out: usize,
}

// === impl Surveys ===

impl Surveys {
    /// Looks at all pairs of these sites that have addresses, up to [`WAN_PAIRS_MAX`].
    pub fn of(sight: Sight<'_>, sites: &[SiteId]) -> Self {
        let history = sight.history;
        let placed = |site: &&SiteId| history.topology().block_of(**site).is_some();
        let sites: Vec<SiteId> = sites.iter().filter(placed).copied().collect();
        let all = sites.iter().enumerate();
        let all = all.flat_map(|(at, from)| sites[at + 1..].iter().map(move |to| (*from, *to)));
        let mut left_out = (sites.len() * sites.len().saturating_sub(1) / 2).saturating_sub(WAN_PAIRS_MAX);
        let mut pairs = Vec::new();
        for (from, to) in all.take(WAN_PAIRS_MAX) {
            match history.survey(from, to, sight.until) {
                Ok(Some(survey)) => pairs.push(survey.between(sight.from, sight.until)),
                Ok(None) => {}
                // A pair that changes too often for a timeline is too much for a table, too.
                Err(_) => left_out += 1,
            }
        }
        let rank = |survey: &Survey| (survey.lost(), survey.outage());
        pairs.sort_by(|a, b| {
            let ((lost_a, out_a), (lost_b, out_b)) = (rank(a), rank(b));
            lost_b.total_cmp(&lost_a).then(out_b.cmp(&out_a)).then((a.from, a.to).cmp(&(b.from, b.to)))
        });
        Self { pairs, left_out }
    }

    /// An instant at which much is lost, over all pairs, for long: found by cutting the window, and then the worst part of it,
    /// into parts. The middle of the window, if nothing is ever lost.
    pub fn worst_instant(&self, sight: Sight<'_>) -> SimTime {
        let (mut from, mut until) = (sight.from, sight.until);
        for _ in 0..ZOOMS {
            let mut lost = vec![0.0; ZOOM_PARTS];
            for survey in &self.pairs {
                let parts = survey.lost_by_column(from, until, ZOOM_PARTS);
                lost.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
            }
            let most = lost.iter().fold(0.0_f64, |most, part| most.max(*part));
            let is_worst = |part: &f64| *part >= most - 1e-9;
            let first = lost.iter().position(is_worst).unwrap_or(0);
            let run = lost[first..].iter().take_while(|part| is_worst(part)).count();
            let width = until.since(from) / ZOOM_PARTS as u32;
            let middle = first + run / 2;
            if width.is_zero() || run > 1 {
                return from.plus(width * middle as u32);
            }
            from = from.plus(width * first as u32);
            until = from.plus(width);
        }
        from
    }
}
