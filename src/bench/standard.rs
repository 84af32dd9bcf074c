//! The rules that a benchmark compares where a scenario has none of its own: what is deployed, what is advised, and what the
//! literature has. And two ways to notice that are not software.

use std::time::Duration;

/// Names and rules.
pub const STANDARD: [(&str, &str); 12] = [
    ("any failure", r#"{"consecutive": {"failures": 1}}"#),
    ("3 in a row", r#"{"consecutive": "kubernetes-liveness"}"#),
    ("down for 5m", r#"{"alert": {"when": {"consecutive": {"failures": 1}}, "for": "5m", "every": "15s"}}"#),
    ("3 of 5", r#"{"m_of_n": {"failures": 3, "of": 5}}"#),
    ("5% over 10m", r#"{"window_ratio": {"window": "10m", "at_least": "5%"}}"#),
    ("burn, page", r#"{"burn_rate": {"objective": "99.9%"}}"#),
    ("burn, ticket", r#"{"burn_rate": {"objective": "99.9%", "windows": "ticket"}}"#),
    ("ewma", r#"{"ewma": {"background": "0.1%", "weight": 0.05, "limit": 8}}"#),
    ("cusum", r#"{"cusum": {"background": "0.1%", "failing": "5%"}}"#),
    ("page-hinkley", r#"{"page_hinkley": {"threshold": 3}}"#),
    ("sprt", r#"{"sprt": {"background": "0.1%", "failing": "5%", "false_alarm": "0.01%"}}"#),
    ("phi accrual", r#"{"phi_accrual": {"threshold": 8}}"#),
];

/// A way to notice that is not software: its time is told, not measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// What it is.
    pub name: &'static str,
    /// How long it takes.
    pub after: Duration,
    /// Where that is from.
    pub source: &'static str,
}

/// Both from the incident of 2023-01-25, which began at 07:05.
pub const BASELINES: [Baseline; 2] = [
    Baseline {
        name: "a person notices",
        after: Duration::from_secs(40 * 60),
        source: "Octopus Deploy's report of 2023-02-01: 07:45, an engineer saw timeouts",
    },
    Baseline {
        name: "the status page",
        after: Duration::from_secs(88 * 60),
        source: "the same: 08:33, the provider's page showed an investigation",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SimTime;
    use crate::detect::{DetectorSpec, Feed};

    #[test]
    fn every_standard_rule_is_one() {
        let feed = Feed::of_one(Duration::from_secs(15), SimTime::ZERO, Duration::from_secs(6 * 3_600));
        for (name, rule) in STANDARD {
            let spec: DetectorSpec = serde_json::from_str(rule).unwrap();
            assert_eq!(spec.contradictions(&feed), [], "{name}");
        }
    }
}
