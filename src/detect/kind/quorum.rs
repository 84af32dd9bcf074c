//! Quorum: fires while enough of several rules fire, all of them on the same probes.
//!
//! `at_least: any` is an *or*, `all` an *and*, a number or a share is k of n: "half of the probe locations", "two of these
//! three". Each rule goes on by itself; the quorum adds up who fires. Rules may be composed again.

use std::time::Duration;

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::limits::DETECTOR_RULES_MAX;
use crate::base::{Ratio, SimTime};
use crate::detect::machine::{Detector, Machine};
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Variants};
use crate::detect::table::DetectorSpec;

/// Enough of several rules.
#[derive(Clone, Debug, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quorum {
    /// The rules.
    pub of: Vec<DetectorSpec>,
    /// It fires while so many of them fire.
    #[serde(default)]
    pub at_least: AtLeast,
}

/// How many of n: `any`, `all`, a number, or a share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtLeast {
    /// One.
    #[default]
    Any,
    /// All.
    All,
    /// So many.
    Count(u32),
    /// At least this share.
    Share(Ratio),
}

#[derive(Clone, Debug)]
struct Votes {
    rules: Vec<Detector>,
    needed: usize,
}

// === impl Quorum ===

impl Kind for Quorum {
    const SOURCE: &'static str = "composite alarms, as CloudWatch (AlarmRule), Prometheus (`and`, `or`) and synthetic monitoring have them";
    const EXAMPLE: &'static str = "{ of: [{ consecutive: { failures: 3 } }, { window_ratio: { window: 10m, at_least: 5% } }], at_least: any }";

    fn summary(&self) -> String {
        format!("{} of {} rules", self.at_least, self.of.len())
    }

    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
        let n = self.of.len();
        if n == 0 || n > DETECTOR_RULES_MAX {
            return vec![Contradiction::new(format!(
                "a quorum has 1 to {DETECTOR_RULES_MAX} rules, found {n}"
            ))];
        }
        let own = self.at_least.contradiction(n, "rules");
        own.into_iter().chain(self.of.iter().flat_map(|rule| rule.contradictions(feed))).collect()
    }

    fn memory(&self, feed: &Feed) -> Duration {
        self.of.iter().map(|rule| rule.memory(feed)).max().unwrap_or_default()
    }

    fn variants(&self) -> Variants<Self> {
        let counts = (1..=self.of.len() as u32).map(AtLeast::Count);
        Variants::new("at_least", counts, |at_least| Self { at_least, ..self.clone() })
    }

    fn machine(&self, feed: &Feed) -> Box<dyn Machine> {
        let rules: Vec<Detector> =
            self.of.iter().take(DETECTOR_RULES_MAX).map(|rule| rule.detector(feed)).collect();
        Box::new(Votes { needed: self.at_least.of(rules.len()), rules })
    }
}

// === impl AtLeast ===

impl AtLeast {
    /// How many of `n` are enough; one at least.
    pub(super) fn of(self, n: usize) -> usize {
        let share = |share: Ratio| (share.as_f64() * n as f64 - 1e-9).ceil() as usize;
        match self {
            Self::Any => 1,
            Self::All => n,
            Self::Count(count) => count as usize,
            Self::Share(ratio) => share(ratio),
        }
        .max(1)
    }

    /// What is wrong with it, of `n`.
    pub(super) fn contradiction(self, n: usize, what: &str) -> Option<Contradiction> {
        match self {
            Self::Count(0) => {
                Some(Contradiction::new(format!("0 of {n} {what} always fire")).hint("write `at_least: any`"))
            }
            Self::Share(share) if share.is_zero() => Some(
                Contradiction::new(format!("0% of {n} {what} always fire")).hint("write `at_least: any`"),
            ),
            Self::Count(count) if count as usize > n => {
                let message = format!("{count} of {n} {what} can't be: the rule can never fire");
                Some(Contradiction::new(message).hint("write `at_least: all`"))
            }
            _ => None,
        }
    }
}

impl fmt::Display for AtLeast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::All => f.write_str("all"),
            Self::Count(count) => count.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}

impl Serialize for AtLeast {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AtLeast {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordNumberOrShare;

        impl Visitor<'_> for WordNumberOrShare {
            type Value = AtLeast;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`any`, `all`, a whole number, or a share such as `50%`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<AtLeast, E> {
                match text {
                    "any" => Ok(AtLeast::Any),
                    "all" => Ok(AtLeast::All),
                    _ => match text.parse::<u32>() {
                        Ok(count) => Ok(AtLeast::Count(count)),
                        Err(_) => text.parse().map(AtLeast::Share).map_err(|_| {
                            E::custom(format!("expected `any`, `all`, a whole number, or a share such as `50%`, found `{text}`"))
                        }),
                    },
                }
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<AtLeast, E> {
                Ok(AtLeast::Count(u32::try_from(number).unwrap_or(u32::MAX)))
            }
        }

        deserializer.deserialize_any(WordNumberOrShare)
    }
}

impl schemars::JsonSchema for AtLeast {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AtLeast".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [
                { "type": "string", "description": "`any`, `all`, a number, or a share such as `50%`", "examples": ["any", "all", "50%"] },
                { "type": "integer", "minimum": 1 },
            ],
        })
    }
}

// === impl Votes ===

impl Votes {
    fn enough(&self) -> bool {
        self.rules.iter().filter(|rule| rule.firing()).count() >= self.needed
    }
}

impl Machine for Votes {
    fn observe(&mut self, sample: &Sample) -> bool {
        self.rules.iter_mut().for_each(|rule| rule.observe(sample, |_| {}));
        self.enough()
    }

    fn deadline(&self) -> Option<SimTime> {
        self.rules.iter().filter_map(Detector::deadline).min()
    }

    fn wake(&mut self, now: SimTime) -> bool {
        self.rules.iter_mut().for_each(|rule| rule.wake(now));
        self.enough()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{feed, play, until_it_fires};

    fn rule(at_least: &str) -> Quorum {
        let of = r#"[{"consecutive": {"failures": 2}}, {"m_of_n": {"failures": 2, "of": 4}}]"#;
        serde_json::from_str(&format!(r#"{{"of": {of}, "at_least": {at_least}}}"#)).unwrap()
    }

    #[test]
    fn any_all_and_so_many() {
        let outcomes = "x.x..xx..";
        assert_eq!(play(rule(r#""any""#), outcomes), "..!!.!!!!");
        assert_eq!(play(rule(r#""all""#), outcomes), "......!..");
        assert_eq!(play(rule("2"), outcomes), play(rule(r#""all""#), outcomes));
        assert_eq!(play(rule(r#""51%""#), outcomes), play(rule(r#""all""#), outcomes));
        assert_eq!(play(rule(r#""50%""#), outcomes), play(rule(r#""any""#), outcomes));
    }

    /// An *or* of 3 in a row and of 2 in a row is 2 in a row; an *and* of both is 3 in a row: their closed forms.
    #[test]
    fn it_is_as_quick_as_the_rule_that_decides() {
        let of = r#"[{"consecutive": {"failures": 2}}, {"consecutive": {"failures": 3}}]"#;
        let rule = |at_least| -> Quorum {
            serde_json::from_str(&format!(r#"{{"of": {of}, "at_least": "{at_least}"}}"#)).unwrap()
        };
        until_it_fires(rule("any"), 0.3, 4_000).is_about(14.44);
        until_it_fires(rule("all"), 0.3, 4_000).is_about(51.48);
    }

    #[test]
    fn more_than_there_are_is_told_and_so_are_mistakes_inside() {
        let told =
            |rule: Quorum| rule.contradictions(&feed()).into_iter().map(|c| c.message).collect::<Vec<_>>();
        assert!(told(rule("3"))[0].contains("can never fire"));
        assert!(told(rule("0"))[0].contains("always"));
        assert!(told(Quorum { of: Vec::new(), at_least: AtLeast::Any })[0].contains("1 to 32"));
        let inside = r#"{"of": [{"m_of_n": {"failures": 5, "of": 4}}]}"#;
        assert!(told(serde_json::from_str(inside).unwrap())[0].contains("5 of 4"));
    }
}
