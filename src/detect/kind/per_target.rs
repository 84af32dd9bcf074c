//! Per target: one copy of a rule for every target of a fleet; fires while enough of them fire.
//!
//! Route 53 asks many checkers and calls an endpoint healthy if more than 18 % of them do; Azure advises to alert when three
//! of five locations fail. `at_least` is `any`, `all`, a number or a share of the targets. A rule outside of this sees the
//! probes of all targets as one stream.

use std::time::Duration;

use serde::Deserialize;

use super::quorum::AtLeast;
use crate::base::SimTime;
use crate::base::limits::DETECTOR_TARGETS_MAX;
use crate::detect::machine::{Detector, Machine};
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Preset, Variants};
use crate::detect::table::DetectorSpec;

/// A rule for every target.
#[derive(Clone, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerTarget {
    /// The rule that each target has a copy of.
    pub rule: Box<DetectorSpec>,
    /// It fires while the copies of so many targets fire.
    #[serde(default)]
    pub at_least: AtLeast,
}

#[derive(Clone, Debug)]
struct Fleet {
    rules: Vec<Detector>,
    firing: usize,
    needed: usize,
    /// Not after the first deadline of any target. Too early is found out at its time.
    due: SimTime,
}

// === impl PerTarget ===

impl Kind for PerTarget {
    const SOURCE: &'static str = "fleets of checkers: AWS Route 53, Azure availability tests, synthetic monitoring from several locations";
    const EXAMPLE: &'static str = "{ rule: { consecutive: { failures: 3 } }, at_least: 50% }";
    const PRESETS: &'static [Preset] = &[
        Preset {
            name: "route-53",
            parameters: r#"{"rule": {"consecutive": {"failures": 3, "successes": 3}}, "at_least": "82%"}"#,
            source: "AWS Route 53 developer guide: healthy if more than 18 % of the checkers are, each by a FailureThreshold of 3",
        },
        Preset {
            name: "azure-availability",
            parameters: r#"{"rule": {"consecutive": {"failures": 1}}, "at_least": "60%"}"#,
            source: "Microsoft Learn, availability tests: at least 5 locations, alert on all but two (3 of 5)",
        },
    ];

    fn summary(&self) -> String {
        format!("{} of the targets: {}", self.at_least, self.rule.summary())
    }

    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
        let targets = feed.targets;
        let many = Contradiction::unless(targets <= DETECTOR_TARGETS_MAX, || {
            Contradiction::new(format!(
                "{targets} targets are more than the {DETECTOR_TARGETS_MAX} that are told apart"
            ))
        });
        let own = self.at_least.contradiction(targets as usize, "targets");
        let inside = self.rule.contradictions(&of_one(feed));
        many.into_iter().chain(own).chain(inside).collect()
    }

    fn memory(&self, feed: &Feed) -> Duration {
        self.rule.memory(&of_one(feed))
    }

    fn variants(&self) -> Variants<Self> {
        // More than a fleet has is told by `contradictions`.
        let counts = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50].map(AtLeast::Count);
        Variants::new("at_least", counts, |at_least| Self { at_least, ..self.clone() })
    }

    fn machine(&self, feed: &Feed) -> Box<dyn Machine> {
        let targets = feed.targets.clamp(1, DETECTOR_TARGETS_MAX) as usize;
        let one = self.rule.detector(&of_one(feed));
        let due = one.deadline().unwrap_or(SimTime::MAX);
        Box::new(Fleet { rules: vec![one; targets], firing: 0, needed: self.at_least.of(targets), due })
    }
}

/// What the copy of one target sees, and may remember.
fn of_one(feed: &Feed) -> Feed {
    Feed { targets: 1, remembered: feed.remembered / feed.targets.max(1) as usize, ..*feed }
}

// === impl Fleet ===

impl Machine for Fleet {
    fn observe(&mut self, sample: &Sample) -> bool {
        if let Some(rule) = self.rules.get_mut(sample.target as usize) {
            let before = usize::from(rule.firing());
            // It sees one target, its own.
            rule.observe(&Sample { target: 0, ..*sample }, |_| {});
            self.firing = self.firing + usize::from(rule.firing()) - before;
            self.due = self.due.min(rule.deadline().unwrap_or(SimTime::MAX));
        }
        self.firing >= self.needed
    }

    fn deadline(&self) -> Option<SimTime> {
        (self.due < SimTime::MAX).then_some(self.due)
    }

    fn wake(&mut self, now: SimTime) -> bool {
        self.rules.iter_mut().for_each(|rule| rule.wake(now));
        self.firing = self.rules.iter().filter(|rule| rule.firing()).count();
        self.due = self.rules.iter().filter_map(Detector::deadline).min().unwrap_or(SimTime::MAX);
        self.firing >= self.needed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::detect::testing::{changes, feed_every, sample};

    fn fleet(text: &str, targets: u32) -> Detector {
        let rule: DetectorSpec = serde_json::from_str(&format!(r#"{{"per_target": {text}}}"#)).unwrap();
        rule.detector(&Feed { targets, ..feed_every(Duration::from_secs(30)) })
    }

    /// Rounds of one probe of each target, a round every 30 s, in which the first `down` targets fail from the fifth on.
    fn rounds(targets: u32, down: u32) -> Vec<Sample> {
        let all = (0..20u64).flat_map(|n| (0..targets).map(move |target| (n, target)));
        all.map(|(n, target)| Sample {
            target,
            ..sample(SimTime::from_secs(30 * n), n >= 5 && target < down)
        })
        .collect()
    }

    /// 18 % of 15 checkers are 2.7: with three that are healthy (20 %) Route 53 calls the endpoint healthy, with two
    /// (13 %) it does not, once they have failed three times (in the eighth round).
    #[test]
    fn route_53_is_healthy_while_more_than_18_percent_say_so() {
        assert_eq!(changes(&mut fleet(r#""route-53""#, 15), rounds(15, 12), SimTime::ZERO), []);
        assert_eq!(changes(&mut fleet(r#""route-53""#, 15), rounds(15, 13), SimTime::ZERO), [(210.0, true)]);
        // At 50 checkers nine are exactly 18 %: not more.
        assert_eq!(changes(&mut fleet(r#""route-53""#, 50), rounds(50, 40), SimTime::ZERO), []);
        assert_eq!(changes(&mut fleet(r#""route-53""#, 50), rounds(50, 41), SimTime::ZERO).len(), 1);
    }

    #[test]
    fn three_of_five_locations() {
        assert_eq!(changes(&mut fleet(r#""azure-availability""#, 5), rounds(5, 2), SimTime::ZERO), []);
        let seen = changes(&mut fleet(r#""azure-availability""#, 5), rounds(5, 3), SimTime::ZERO);
        assert_eq!(seen, [(150.0, true)]);
    }

    /// Time is told to every target: one that stops answering is suspected by its own history, the other goes on.
    #[test]
    fn each_target_has_its_own_time() {
        let text = r#"{"rule": {"phi_accrual": "cassandra"}, "at_least": "any"}"#;
        let mut detector = fleet(text, 2);
        let beats = (0..400u64).flat_map(|n| {
            let at = SimTime::from_secs(30 * n);
            (0..2)
                .filter(move |target| *target == 0 || n < 200)
                .map(move |target| Sample { target, ..sample(at, false) })
        });
        let seen = changes(&mut detector, beats, SimTime::from_secs(30 * 399));
        assert_eq!(seen.len(), 1, "{seen:?}");
        // The first interval is learned as twice 30 s; after 199 more of 30 s the mean is 30.15 s.
        assert!((seen[0].0 - (199.0 * 30.0 + 18.4207 * 30.15)).abs() < 0.1, "{seen:?}");
    }

    /// Three days at 15 s are 17,280 samples a target: thirty targets share what one rule may remember, forty can't.
    #[test]
    fn all_copies_share_what_a_rule_may_remember() {
        let text = r#"{"per_target": {"rule": {"burn_rate": {"objective": "99.9%", "windows": "ticket"}}}}"#;
        let rule: DetectorSpec = serde_json::from_str(text).unwrap();
        let told = |targets| {
            let feed = Feed { targets, ..feed_every(Duration::from_secs(15)) };
            rule.contradictions(&feed).into_iter().map(|c| c.message).collect::<Vec<_>>()
        };
        assert_eq!(told(30), [""; 0]);
        assert!(told(40)[0].contains("17280 probes is more than the 13107 that"), "{:?}", told(40));
    }
}
