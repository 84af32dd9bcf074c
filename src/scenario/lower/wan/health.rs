//! How a path is over all of its buckets, as a function of time: what the journal tells and `check` sums up.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::base::limits::WAN_PATH_CHANGES_MAX;
use crate::base::{Cursor, FlowBucket, Ratio, SimTime, Timeline, TooManyChanges};
use crate::event::{PathHealth, Why};
use crate::wan::{Fate, Flow, History, Paths};

/// Most reasons for darkness that are told of one instant.
const REASONS_MAX: usize = 4;

/// Buckets that go together both ways.
struct Party<'p> {
    bucket: FlowBucket,
    buckets: u16,
    lines: [&'p Timeline<Fate>; 2],
    cursors: [Cursor; 2],
}

/// How the path is at each instant, in scenario time, and how it is while the network is quiet.
pub(super) fn health(
    history: &History,
    flows: &[Flow; 2],
    paths: [&Paths; 2],
) -> Result<(Timeline<PathHealth>, PathHealth), TooManyChanges> {
    let mut parties: IndexMap<[u8; 2], Party<'_>> = IndexMap::new();
    for bucket in FlowBucket::all() {
        let lines = paths.map(|paths| paths.bucket(bucket));
        let new = || Party { bucket, buckets: 0, lines, cursors: Default::default() };
        parties.entry(paths.map(|paths| paths.line_of(bucket))).or_insert_with(new).buckets += 1;
    }
    let lines = paths.iter().flat_map(|paths| paths.lines());
    let mut instants: Vec<SimTime> = lines.flat_map(Timeline::pieces).map(|(from, _, _)| from).collect();
    instants.sort_unstable();
    instants.dedup();
    if instants.len() > WAN_PATH_CHANGES_MAX {
        return Err(TooManyChanges);
    }
    let mut at = |instant: SimTime| {
        let mut health = PathHealth::default();
        let mut whys: IndexMap<Arc<str>, u16> = IndexMap::new();
        for party in parties.values_mut() {
            party.add(history, flows, instant, &mut health, &mut whys);
        }
        whys.sort_by(|_, a, _, b| b.cmp(a));
        let whys = whys.into_iter().take(REASONS_MAX);
        health.why = whys.map(|(reason, buckets)| Why { reason, buckets }).collect();
        health
    };
    let changes: Vec<(SimTime, PathHealth)> =
        instants.into_iter().map(|instant| (instant, at(instant))).collect();
    let quiet = changes.first().map(|(_, health)| health.clone()).unwrap_or_default();
    Ok((Timeline::new(quiet.clone(), changes)?, quiet))
}

// === impl Party ===

impl Party<'_> {
    /// Adds what these buckets meet at an instant; instants come in order.
    fn add(
        &mut self,
        history: &History,
        flows: &[Flow; 2],
        at: SimTime,
        health: &mut PathHealth,
        whys: &mut IndexMap<Arc<str>, u16>,
    ) {
        let [there, back] = [0, 1].map(|way| *self.lines[way].read(&mut self.cursors[way], at).0);
        let quiet = [0, 1].map(|way: usize| *self.lines[way].at(SimTime::ZERO));
        if [there, back] != quiet {
            health.disturbed += self.buckets;
        }
        health.dark_to_server += if there.is_dark() { self.buckets } else { 0 };
        health.dark_to_client += if back.is_dark() { self.buckets } else { 0 };
        if let (Fate::Delivered { delay, loss }, Fate::Delivered { delay: more, loss: other }) = (there, back)
        {
            add_delivered(health, delay + more, loss.max(other));
            return;
        }
        health.dark += self.buckets;
        let way = usize::from(!there.is_dark());
        let why = history.why(&flows[way], self.bucket, at).unwrap_or_default();
        *whys.entry(why.into()).or_default() += self.buckets;
    }
}

fn add_delivered(health: &mut PathHealth, round_trip: Duration, loss: Ratio) {
    let least = health.round_trip_min.map_or(round_trip, |least| least.min(round_trip));
    health.round_trip_min = Some(least);
    health.round_trip_max = health.round_trip_max.max(Some(round_trip));
    health.loss_max = health.loss_max.max(loss);
}
