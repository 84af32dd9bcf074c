//! Burn rate: fires while the error budget of an objective is spent so many times too fast.
//!
//! The budget of an objective of 99.9 % is 0.1 % of failures. A burn rate of 14.4 is 14.4 times that share: it spends 2 % of
//! the budget of 30 days in an hour. A pair of windows fires while the share of failures is above `burn` × budget in the
//! long window (it is worth to wake somebody) and in the short one (it is still going on); any pair makes the rule fire.
//! A pair without a short window is the single-window rule.
//!
//! Source: Google, *The Site Reliability Workbook* (2018), chapter 5, *Alerting on SLOs*. From a healthy history it fires
//! budget / error share × long window × burn after the failures begin: 51.84 s for a total outage under 99.9 %, 1 h and 14.4.
//! With no history the window is short and it fires too soon, which `min_samples` bounds.

use std::time::Duration;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::{Ratio, SimTime, Span};
use crate::detect::machine::Machine;
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Variants};
use crate::detect::window::{Tape, window_contradiction};

/// An error budget that is spent too fast.
#[derive(Clone, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BurnRate {
    /// The share of probes that should succeed.
    pub objective: Ratio,
    /// The pairs of windows; any of them makes it fire.
    #[serde(default)]
    pub windows: BurnWindows,
    /// A window with fewer samples does not count.
    #[serde(default = "ten")]
    pub min_samples: u32,
}

/// Pairs of windows: `page`, `ticket`, or a list.
#[derive(Clone, Debug, PartialEq)]
pub struct BurnWindows(pub Vec<BurnWindow>);

/// A pair of windows.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BurnWindow {
    /// The long window, in scenario time.
    pub long: Span,
    /// The short window; without one, the long window alone decides.
    #[serde(default)]
    pub short: Option<Span>,
    /// So many times the share that the objective allows.
    pub burn: f64,
}

/// The workbook's pairs that wake somebody: long and short window in minutes, and the burn rate.
const PAGE: [(u64, u64, f64); 2] = [(60, 5, 14.4), (360, 30, 6.0)];
/// The workbook's pairs that can wait until the morning.
const TICKET: [(u64, u64, f64); 2] = [(1_440, 120, 3.0), (4_320, 360, 1.0)];

/// Most pairs of one rule; the workbook has four.
const PAIRS_MAX: usize = 8;

const fn ten() -> u32 {
    10
}

/// The samples, and the windows of all pairs.
#[derive(Clone, Debug)]
struct Burning {
    pairs: Vec<Pair>,
    min_samples: u64,
    tape: Tape,
    last: SimTime,
}

/// The places of a pair's windows on the tape, and the share above which both must be.
#[derive(Clone, Copy, Debug)]
struct Pair {
    long: usize,
    short: usize,
    share: f64,
}

// === impl BurnRate ===

impl BurnRate {
    fn budget(&self) -> f64 {
        1.0 - self.objective.as_f64()
    }
}

impl Kind for BurnRate {
    const SOURCE: &'static str = "Google, The Site Reliability Workbook (2018), chapter 5, Alerting on SLOs";
    const EXAMPLE: &'static str = "{ objective: 99.9% }";

    fn summary(&self) -> String {
        let pairs: Vec<String> =
            self.windows.0.iter().map(|pair| format!("{}x over {}", pair.burn, pair.long)).collect();
        format!("the budget of {} burns {}", self.objective, pairs.join(" or "))
    }

    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
        if self.objective == Ratio::ONE {
            let told = Contradiction::new("an objective of 100% leaves no budget to burn");
            return vec![told.hint("write `objective: 99.9%`, say, or `consecutive: { failures: 1 }`")];
        }
        if self.windows.0.is_empty() || self.windows.0.len() > PAIRS_MAX {
            return vec![Contradiction::new(format!("a burn rate has 1 to {PAIRS_MAX} pairs of windows"))];
        }
        self.windows.0.iter().flat_map(|pair| self.pair_contradictions(pair, feed)).collect()
    }

    fn memory(&self, _feed: &Feed) -> Duration {
        self.windows.0.iter().map(|pair| pair.long.get()).max().unwrap_or_default()
    }

    /// All pairs burn so many times as fast as they are written: their windows say which budget it is.
    fn variants(&self) -> Variants<Self> {
        let factors = [0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0];
        Variants::new("burn, times", factors, |factor| {
            let faster = |pair: &BurnWindow| BurnWindow { burn: pair.burn * factor, ..*pair };
            Self { windows: BurnWindows(self.windows.0.iter().map(faster).collect()), ..*self }
        })
    }

    fn machine(&self, _feed: &Feed) -> Box<dyn Machine> {
        let mut lengths = Vec::new();
        let mut pairs = Vec::new();
        for pair in self.windows.0.iter().take(PAIRS_MAX) {
            let long = lengths.len();
            lengths.push(pair.long.get());
            lengths.extend(pair.short.map(Span::get));
            pairs.push(Pair { long, short: lengths.len() - 1, share: pair.burn * self.budget() });
        }
        let min_samples = self.min_samples.into();
        Box::new(Burning { pairs, min_samples, tape: Tape::new(lengths), last: SimTime::ZERO })
    }
}

impl BurnRate {
    fn pair_contradictions(&self, pair: &BurnWindow, feed: &Feed) -> Vec<Contradiction> {
        let most = 1.0 / self.budget();
        let long = window_contradiction(feed, "long", pair.long.get());
        let short = pair.short.and_then(|short| window_contradiction(feed, "short", short.get()));
        let shorter = pair.short.filter(|short| *short >= pair.long).map(|short| {
            let message =
                format!("the short window of {short} is not shorter than the long one of {}", pair.long);
            Contradiction::new(message).hint("the workbook takes a twelfth of the long one")
        });
        let positive = Contradiction::unless(pair.burn.is_finite() && pair.burn > 0.0, || {
            Contradiction::new(format!("a burn rate is a number above 0, found `{}`", pair.burn))
        });
        let possible = Contradiction::unless(pair.burn.is_nan() || pair.burn < most, || {
            let most = (most * 1e4).round() / 1e4;
            let message = format!(
                "a total outage burns the budget of {} {most} times too fast, and `burn` is {}: the rule can never fire",
                self.objective, pair.burn
            );
            Contradiction::new(message).hint(format!("write a `burn` below {most}"))
        });
        let held = feed.samples_in(pair.short.unwrap_or(pair.long).get());
        let filled = Contradiction::unless(u64::from(self.min_samples) <= held, || {
            let window = pair.short.unwrap_or(pair.long);
            let message = format!(
                "a window of {window} holds at most {held} probes, and `min_samples` is {}: the rule can never fire",
                self.min_samples
            );
            Contradiction::new(message)
                .hint(format!("probe more often, or write `min_samples: {held}` or less"))
        });
        [long, short, shorter, positive, possible, filled].into_iter().flatten().collect()
    }
}

// === impl BurnWindows ===

impl BurnWindows {
    fn of(pairs: [(u64, u64, f64); 2]) -> Self {
        let minutes = |n: u64| Span(std::time::Duration::from_secs(n * 60));
        let pair =
            |(long, short, burn)| BurnWindow { long: minutes(long), short: Some(minutes(short)), burn };
        Self(pairs.map(pair).into())
    }
}

impl Default for BurnWindows {
    fn default() -> Self {
        Self::of(PAGE)
    }
}

impl Serialize for BurnWindows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named =
            [("page", PAGE), ("ticket", TICKET)].into_iter().find(|(_, pairs)| *self == Self::of(*pairs));
        match named {
            Some((name, _)) => serializer.serialize_str(name),
            None => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for BurnWindows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrList;

        impl<'de> Visitor<'de> for NameOrList {
            type Value = BurnWindows;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`page`, `ticket`, or a list of `{ long, short, burn }`")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<BurnWindows, E> {
                match name {
                    "page" => Ok(BurnWindows::of(PAGE)),
                    "ticket" => Ok(BurnWindows::of(TICKET)),
                    other => Err(E::unknown_variant(other, &["page", "ticket"])),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<BurnWindows, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = items.next_element()? {
                    pairs.push(pair);
                }
                Ok(BurnWindows(pairs))
            }
        }

        deserializer.deserialize_any(NameOrList)
    }
}

impl schemars::JsonSchema for BurnWindows {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BurnWindows".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let pair = generator.subschema_for::<BurnWindow>();
        schemars::json_schema!({
            "anyOf": [
                { "type": "array", "items": pair, "minItems": 1 },
                {
                    "type": "string",
                    "enum": ["page", "ticket"],
                    "description": "`page` (14.4x over 1h and 5m, 6x over 6h and 30m), `ticket` (3x over 1d and 2h, 1x over 3d and 6h), or a list of `{ long, short, burn }`",
                },
            ],
        })
    }
}

// === impl Burning ===

impl Machine for Burning {
    fn observe(&mut self, sample: &Sample) -> bool {
        self.tape.push(sample);
        self.last = sample.at;
        let above = |place: usize, share: f64| {
            let window = self.tape.window(place);
            window.seen() >= self.min_samples && window.failed() as f64 > share * window.seen() as f64
        };
        self.pairs.iter().any(|pair| above(pair.long, pair.share) && above(pair.short, pair.share))
    }

    fn deadline(&self) -> Option<SimTime> {
        self.tape.empty_at(self.last)
    }

    fn wake(&mut self, _now: SimTime) -> bool {
        self.tape.clear();
        false
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::detect::testing::{changes, feed, feed_every, sample};
    use crate::detect::{DetectorSpec, Feed};

    fn rule(windows: &[(u64, Option<u64>, f64)]) -> BurnRate {
        let minutes = |n: u64| Span(Duration::from_secs(n * 60));
        let pair = |(long, short, burn): &(u64, Option<u64>, f64)| BurnWindow {
            long: minutes(*long),
            short: short.map(minutes),
            burn: *burn,
        };
        let objective = Ratio::new(999, 1_000).unwrap();
        BurnRate { objective, windows: BurnWindows(windows.iter().map(pair).collect()), min_samples: 10 }
    }

    /// The changes of a rule, in seconds after the onset, when one of `every` probes fails for `lasts` seconds, after as
    /// much health as the longest window holds.
    fn onset(rule: &BurnRate, every: u64, lasts: u64) -> Vec<(f64, bool)> {
        let healthy = 60 + rule.windows.0.iter().map(|pair| pair.long.get().as_secs()).max().unwrap();
        let samples = (0..2 * healthy + lasts).map(|n| {
            let bad = n >= healthy && n < healthy + lasts && (n - healthy + 1) % every == 0;
            sample(SimTime::from_secs(n), bad)
        });
        let mut detector = DetectorSpec::from(rule.clone()).detector(&feed());
        let all = changes(&mut detector, samples, SimTime::ZERO);
        all.into_iter().map(|(at, firing)| (at + 1.0 - healthy as f64, firing)).collect()
    }

    /// The workbook's formula, (1 - SLO) / error share × window × burn: 51.84 s, 259.2 s and so on. Failures come evenly, so
    /// the rule fires with the first failure at or after it: within one spacing of them.
    #[test]
    fn detection_times_meet_the_workbook() {
        for (long, burn, every, formula) in [
            (10, 1.0, 1, 0.6),
            (60, 14.4, 1, 51.84),
            (60, 14.4, 2, 103.68),
            (60, 14.4, 5, 259.2),
            (60, 14.4, 10, 518.4),
            (60, 14.4, 20, 1_036.8),
            (60, 14.4, 50, 2_592.0),
            (60, 36.0, 1, 129.6),
            (360, 6.0, 1, 129.6),
            (360, 6.0, 10, 1_296.0),
            (1_440, 3.0, 1, 259.2),
            (4_320, 1.0, 20, 5_184.0),
        ] {
            let seen = onset(&rule(&[(long, None, burn)]), every, long * 60);
            let (at, firing) = seen[0];
            assert!(
                firing && at >= formula && at <= formula + every as f64,
                "{long}m {burn}x: {at} for {formula}"
            );
        }
    }

    /// 1 % of failures is a burn rate of 10: the pair of an hour never fires, the one of six hours does (at 12,960 s).
    #[test]
    fn what_burns_too_slowly_is_left_to_the_longer_window() {
        assert_eq!(onset(&rule(&[(60, None, 14.4)]), 100, 20_000), []);
        let seen = onset(&rule(&[(360, None, 6.0)]), 100, 20_000);
        assert!((12_960.0..13_060.0).contains(&seen[0].0), "{seen:?}");
    }

    /// The workbook: 15 % of failures for 10 min; with the short window the alert ends 5 min after them, not 60.
    #[test]
    fn the_short_window_ends_the_alert() {
        let (pair, single) = (rule(&[(60, Some(5), 14.4)]), rule(&[(60, None, 14.4)]));
        let seen = onset(&pair, 7, 600);
        assert!((345.0..365.0).contains(&seen[0].0), "5.76 min by the formula: {seen:?}");
        assert!((600.0..=901.0).contains(&seen[1].0), "{seen:?}");
        assert!(onset(&single, 7, 600)[1].0 > 600.0 + 50.0 * 60.0);
        // After a short full outage the single window of 36x keeps firing for 57.8 min: the text's "58".
        let reset = onset(&rule(&[(60, None, 36.0)]), 1, 131);
        assert!((reset[1].0 / 60.0 - 57.8).abs() < 2.3, "{reset:?}");
    }

    #[test]
    fn what_can_not_be_is_told() {
        let told = |rule: &BurnRate, feed: &Feed| {
            rule.contradictions(feed).into_iter().map(|c| c.message).collect::<Vec<_>>().join("; ")
        };
        let all = BurnRate { objective: Ratio::ONE, ..rule(&[(60, None, 14.4)]) };
        assert!(told(&all, &feed()).contains("leaves no budget"));
        // The workbook's own remark: 2 % of the budget in an hour is impossible under 90 %.
        let low = BurnRate { objective: Ratio::new(9, 10).unwrap(), ..rule(&[(60, None, 14.4)]) };
        assert!(told(&low, &feed()).contains("10 times too fast"));
        assert!(told(&rule(&[(60, Some(60), 2.0)]), &feed()).contains("not shorter"));
        assert!(told(&rule(&[(60, None, f64::NAN)]), &feed()).contains("above 0"));
        let rare = feed_every(Duration::from_secs(120));
        assert!(told(&rule(&[(60, Some(5), 14.4)]), &rare).contains("at most 3 probes"));
        assert!(told(&rule(&[(4_320 * 3, None, 1.0)]), &feed()).contains("remembered"));
    }
}
