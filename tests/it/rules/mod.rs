//! The native evaluator against Prometheus itself: the same rules, the same series, every firing instant equal.
//!
//! `promtool test rules` (Prometheus 2.x) is the truth. Rules are batched, many alerts in one file on one set of series, so
//! that a run takes seconds. What fires is compared as a set of (instant, labels): an alert too early by one tick, or with one
//! other label, fails.

mod generate;
mod series;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use brownout::rules::{
    AlertState, Evaluator, EvaluatorOptions, Firing, Labels, PromtoolTest, RuleFile, Semantics, Transition,
    promtool_firing,
};

use crate::support::{Sandbox, require};
use series::{Fleet, fleet};

const INTERVAL: Duration = Duration::from_secs(15);

/// What the native evaluator says fires.
fn native(rules: &Arc<RuleFile>, fleet: &Fleet, semantics: Semantics) -> BTreeSet<Firing> {
    let options = EvaluatorOptions { semantics, interval: INTERVAL, one_interval: true, start_ms: 0 };
    let mut evaluator = Evaluator::new(Arc::clone(rules), options);
    *evaluator.store_mut() = fleet.store.clone();
    let transitions = evaluator.advance(fleet.until_ms);
    let failures: Vec<_> = evaluator.failures().collect();
    assert!(failures.is_empty(), "no rule here fails: {failures:?}");
    firing(&transitions, fleet.until_ms)
}

/// Every instant at which an alert fires, from when it begins and ends.
fn firing(transitions: &[Transition], until_ms: i64) -> BTreeSet<Firing> {
    let mut since: BTreeMap<Labels, i64> = BTreeMap::new();
    let mut firing = BTreeSet::new();
    let step = INTERVAL.as_millis() as usize;
    let mut add = |labels: &Labels, from: i64, until: i64| {
        firing.extend((from..until).step_by(step).map(|at_ms| Firing { at_ms, labels: labels.clone() }));
    };
    for transition in transitions {
        if let Some(from) = since.remove(&transition.labels) {
            add(&transition.labels, from, transition.at_ms);
        }
        if transition.state == AlertState::Firing {
            since.insert(transition.labels.clone(), transition.at_ms);
        }
    }
    for (labels, from) in since {
        add(&labels, from, until_ms + 1);
    }
    firing
}

/// What `promtool` says fires. None without it.
fn promtool(text: &str, rules: &RuleFile, fleet: &Fleet) -> Option<BTreeSet<Firing>> {
    let program = require("promtool")?;
    let sandbox = Sandbox::new();
    let groups: Vec<&str> = rules.groups.iter().map(|group| &*group.name).collect();
    let alerts: Vec<&str> = rules.rules().filter(|rule| rule.is_alert()).map(|rule| &*rule.name).collect();
    let test = PromtoolTest {
        rules: "rules.yml",
        groups: &groups,
        alerts: &alerts,
        store: &fleet.store,
        interval: INTERVAL,
        until_ms: fleet.until_ms,
    };
    sandbox.write("rules.yml", text);
    sandbox.write("test.yml", test.to_yaml().expect("every sample is at 0 or later"));
    let ran = sandbox.run(Command::new(program).args(["test", "rules", "test.yml"]));
    let firing =
        promtool_firing(&format!("{}{}", ran.stdout, ran.stderr)).unwrap_or_else(|error| panic!("{error}"));
    Some(firing.into_iter().collect())
}

/// Both engines; how many of the alerts fired at all.
fn same(what: &str, text: &str, fleet: &Fleet) -> Option<usize> {
    let rules = Arc::new(RuleFile::parse(what, text).unwrap_or_else(|error| panic!("{error:?}")));
    let ours = native(&rules, fleet, Semantics::V2);
    let theirs = promtool(text, &rules, fleet)?;
    let expr = |firing: &Firing| {
        let rule = rules
            .rules()
            .find(|rule| *rule.name == *firing.labels.get("alertname"))
            .expect("a rule of the file");
        format!("{} ms {} of `{}`", firing.at_ms, firing.labels, rule.text)
    };
    let wrong: Vec<String> = ours.difference(&theirs).take(5).map(expr).collect();
    let missed: Vec<String> = theirs.difference(&ours).take(5).map(expr).collect();
    assert!(
        wrong.is_empty() && missed.is_empty(),
        "{what}: {} firings that Prometheus hasn't, such as {wrong:#?}; {} that it has alone, such as {missed:#?}",
        ours.difference(&theirs).count(),
        theirs.difference(&ours).count()
    );
    assert_ne!(native(&rules, fleet, Semantics::V3), theirs, "one sample more or less in a window is seen");
    let fired: BTreeSet<&str> = ours.iter().map(|firing| firing.labels.get("alertname")).collect();
    Some(fired.len())
}

/// 240 rules in two files, on two fleets.
#[test]
fn generated_rules_fire_when_prometheus_says() {
    for seed in [1, 2] {
        let Some(fired) = same("generated", &generate::rules(seed, 120), &fleet(seed, 5, 30)) else {
            return;
        };
        // Rules that never fire would prove nothing.
        assert!(fired * 3 >= 120 * 2, "{fired} of 120 rules fired");
    }
}

#[test]
fn well_known_rules_fire_when_prometheus_says() {
    let text = include_str!("../../rules/well_known.yml");
    let alerts = RuleFile::parse("well_known.yml", text)
        .expect("it can be evaluated")
        .rules()
        .filter(|rule| rule.is_alert())
        .count();
    assert!(alerts >= 30, "{alerts} rules");
    let Some(fired) = same("well_known.yml", text, &fleet(3, 6, 75)) else { return };
    assert!(fired * 3 >= alerts * 2, "{fired} of {alerts} rules fired");
}
