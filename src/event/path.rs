//! What a WAN does to the path of a service: over all flow buckets, as the journal tells it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::{BUCKETS, Ratio, SimTime, format_duration};

/// The path of a service changes: what holds from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathChanged {
    /// The service.
    pub service: Arc<str>,
    /// How its path is.
    pub path: PathHealth,
}

/// How a path is, over its 256 flow buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathHealth {
    /// Buckets that fare otherwise than while the WAN is quiet: later, with a loss, or not at all.
    pub disturbed: u16,
    /// Buckets whose round trip is dark: nothing is delivered in one of the directions.
    pub dark: u16,
    /// Buckets that are dark to the server.
    pub dark_to_server: u16,
    /// Buckets that are dark to the client.
    pub dark_to_client: u16,
    /// The shortest round trip of a bucket that is not dark; none, if all are.
    #[serde(with = "crate::base::seconds::option", rename = "round_trip_min_s")]
    pub round_trip_min: Option<Duration>,
    /// The longest.
    #[serde(with = "crate::base::seconds::option", rename = "round_trip_max_s")]
    pub round_trip_max: Option<Duration>,
    /// The largest loss in one direction of a bucket that is not dark.
    pub loss_max: Ratio,
    /// Why buckets are dark, the most frequent reason first.
    pub why: Vec<Why>,
}

/// A reason for darkness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// What it is: `no route at madrid-1`.
    pub reason: Arc<str>,
    /// How many buckets are dark for it.
    pub buckets: u16,
}

/// How a path was over a span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathHistory {
    /// How long some buckets fared otherwise than on a quiet WAN.
    pub disturbed: Duration,
    /// How long at least one bucket was dark.
    pub dark: Duration,
    /// The most buckets that were dark at once, and when that was first so.
    pub dark_max: u16,
    /// See `dark_max`.
    pub dark_max_at: Option<SimTime>,
    /// The shortest round trip.
    pub round_trip_min: Option<Duration>,
    /// The longest.
    pub round_trip_max: Option<Duration>,
    /// The largest loss in one direction.
    pub loss_max: Option<Ratio>,
    /// The reason for the most darkness, as buckets times time.
    pub why: Option<Arc<str>>,
    /// Nanoseconds of a bucket that each reason has cost.
    reasons: IndexMap<Arc<str>, u128>,
}

/// Most reasons that are told apart in one path's history.
const REASONS_MAX: usize = 1_000;

// === impl PathHistory ===

impl PathHistory {
    /// Adds what held from `from` until `until`.
    pub fn add(&mut self, health: &PathHealth, from: SimTime, until: SimTime) {
        let lasted = until.since(from);
        if lasted.is_zero() {
            return;
        }
        if health.disturbed > 0 {
            self.disturbed += lasted;
        }
        if health.dark > 0 {
            self.dark += lasted;
        }
        if health.dark > self.dark_max {
            self.dark_max = health.dark;
            self.dark_max_at = Some(from);
        }
        let least = [self.round_trip_min, health.round_trip_min];
        self.round_trip_min = least.into_iter().flatten().min();
        self.round_trip_max = self.round_trip_max.max(health.round_trip_max);
        self.loss_max = self.loss_max.max(Some(health.loss_max));
        for why in &health.why {
            self.add_reason(why, lasted);
        }
    }

    fn add_reason(&mut self, why: &Why, lasted: Duration) {
        if self.reasons.len() < REASONS_MAX || self.reasons.contains_key(&why.reason) {
            let cost = u128::from(why.buckets) * lasted.as_nanos();
            *self.reasons.entry(Arc::clone(&why.reason)).or_default() += cost;
        }
        let most = self.reasons.iter().reduce(|most, other| if other.1 > most.1 { other } else { most });
        self.why = most.map(|(reason, _)| Arc::clone(reason));
    }
}

impl fmt::Display for PathHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut facts = Vec::new();
        if let Some(at) = self.dark_max_at {
            let percent = f64::from(self.dark_max) * 100.0 / BUCKETS as f64;
            let why = self.why.as_ref().map_or_else(String::new, |why| format!("; mostly {why}"));
            let dark = format_duration(self.dark);
            facts.push(format!(
                "some flows dark for {dark} (at worst {} of {BUCKETS} buckets, {percent:.0}%, at {at}{why})",
                self.dark_max
            ));
        }
        if self.disturbed.is_zero() {
            facts.push("never disturbed".to_owned());
        } else {
            facts.push(format!("disturbed for {}", format_duration(self.disturbed)));
        }
        match (self.round_trip_min, self.round_trip_max) {
            (Some(least), Some(most)) if least < most => {
                let (least, most) = (format_duration(least), format_duration(most));
                facts.push(format!("round trip {least} to {most}"));
            }
            (Some(only), _) => facts.push(format!("round trip {}", format_duration(only))),
            (None, _) => {}
        }
        if let Some(loss) = self.loss_max.filter(|loss| !loss.is_zero()) {
            facts.push(format!("loss up to {:.3}%", loss.as_f64() * 100.0));
        }
        f.write_str(&facts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(dark: u16, millis: Option<u64>, reason: &str) -> PathHealth {
        let round_trip = millis.map(Duration::from_millis);
        let why = (dark > 0).then(|| Why { reason: reason.into(), buckets: dark });
        PathHealth {
            disturbed: dark,
            dark,
            dark_to_server: dark,
            round_trip_min: round_trip,
            round_trip_max: round_trip,
            why: why.into_iter().collect(),
            ..PathHealth::default()
        }
    }

    #[test]
    fn times_add_up_and_extremes_stay() {
        let at = SimTime::from_secs;
        let mut history = PathHistory::default();
        history.add(&health(0, Some(20), ""), at(0), at(10));
        history.add(&health(64, Some(30), "no route at a"), at(10), at(12));
        history.add(&health(256, None, "a is down"), at(12), at(13));
        history.add(&health(255, Some(9), "never"), at(13), at(13));
        assert_eq!((history.dark.as_secs(), history.dark_max, history.dark_max_at), (3, 256, Some(at(12))));
        assert_eq!(
            history.round_trip_min,
            Some(Duration::from_millis(20)),
            "what lasted no time does not count"
        );
        assert_eq!(history.round_trip_max, Some(Duration::from_millis(30)));
        assert_eq!(history.why.as_deref(), Some("a is down"), "256 s against 128 s");
    }
}
