//! Rules from their text to what their alerts become.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::base::{Label, Seed};
use crate::diag::{Code, Colour};

const STEP_MS: i64 = 15_000;

fn file(rules: &str) -> Arc<RuleFile> {
    Arc::new(RuleFile::parse("rules.yml", &format!("groups:\n- name: g\n  rules:\n{rules}")).unwrap())
}

fn options(semantics: Semantics) -> EvaluatorOptions {
    EvaluatorOptions { semantics, interval: Duration::from_secs(15), one_interval: false, start_ms: 0 }
}

/// `up{job="a"}` each 15 s: a digit is its value, `.` nothing, `s` a staleness marker.
fn with_up(rules: &Arc<RuleFile>, semantics: Semantics, values: &str) -> Evaluator {
    let mut evaluator = Evaluator::new(Arc::clone(rules), options(semantics));
    let up = evaluator.store_mut().series(Labels::metric("up", [("job", "a")])).unwrap();
    for (at, c) in (0..).step_by(STEP_MS as usize).zip(values.chars()) {
        match c {
            '.' => {}
            's' => evaluator.store_mut().append(up, at, STALE).unwrap(),
            digit => evaluator.store_mut().append(up, at, f64::from(digit.to_digit(10).unwrap())).unwrap(),
        }
    }
    evaluator
}

/// The states of the only alert, tick by tick.
fn states(expr: &str, semantics: Semantics, values: &str) -> String {
    let rules = file(&format!("  - {{alert: A, expr: '{expr}'}}\n"));
    let ticks = values.len() as u64;
    let mut evaluator = with_up(&rules, semantics, values);
    let mut state = '.';
    let mut states = String::new();
    for tick in 0..ticks {
        for transition in evaluator.advance(tick.cast_signed() * STEP_MS) {
            state = if transition.state == AlertState::Firing { 'F' } else { '.' };
        }
        states.push(state);
    }
    states
}

/// A window of 30 s holds three samples in 2.x, two in 3.x.
#[test]
fn versions_differ_in_the_older_end_of_a_window() {
    let expr = "sum_over_time(up[30s]) >= 2";
    assert_eq!(states(expr, Semantics::V2, "1010010"), "..F....");
    assert_eq!(states(expr, Semantics::V3, "1010011"), "......F");
    assert_eq!(states("count_over_time(up[30s]) == 3", Semantics::V2, "1111"), "..FF");
    assert_eq!(states("count_over_time(up[30s]) == 3", Semantics::V3, "1111"), "....");
}

/// A silent series counts for 5 min; one with a marker is gone at once. The last instant counts in 2.x only.
#[test]
fn the_look_back_ends_as_in_each_version() {
    let silent = format!("1{}", ".".repeat(22));
    assert_eq!(states("up", Semantics::V2, &silent), format!("{}..", "F".repeat(21)));
    assert_eq!(states("up", Semantics::V3, &silent), format!("{}...", "F".repeat(20)));
    assert_eq!(states("up", Semantics::V3, "1s..1"), "F...F");
}

/// A rule that reads its own last result is evaluated tick by tick: here a latch that never lets go.
#[test]
fn a_rule_may_read_what_it_wrote() {
    let rules = file("  - {record: latch, expr: 'latch or up == 0'}\n  - {alert: A, expr: latch}\n");
    let transitions = with_up(&rules, Semantics::V3, "1101111").advance(6 * STEP_MS);
    let told: Vec<_> = transitions.iter().map(|transition| (transition.at_ms, transition.state)).collect();
    assert_eq!(told, [(2 * STEP_MS, AlertState::Firing)]);
}

/// Alerts write `ALERTS`, for rules that look at it.
#[test]
fn rules_may_read_alerts() {
    let rules = file(
        "  - {alert: A, expr: 'up == 0', for: 15s}\n  \
         - {alert: B, expr: 'ALERTS{alertname=\"A\", alertstate=\"firing\"}', labels: {alertstate: ''}}\n",
    );
    let transitions = with_up(&rules, Semantics::V3, "10001").advance(4 * STEP_MS);
    let told: Vec<_> = transitions.iter().map(|t| (t.at_ms / STEP_MS, &*t.alert, t.state)).collect();
    let (pending, firing, inactive) = (AlertState::Pending, AlertState::Firing, AlertState::Inactive);
    assert_eq!(
        told,
        [(1, "A", pending), (2, "A", firing), (2, "B", firing), (4, "A", inactive), (4, "B", inactive)]
    );
}

/// What Prometheus would fail to evaluate changes nothing, and is told.
#[test]
fn an_evaluation_that_fails_is_told() {
    let rules = file("  - {alert: A, expr: 'up + on () other'}\n");
    let mut evaluator = with_up(&rules, Semantics::V3, "111");
    for job in ["x", "y"] {
        let other = evaluator.store_mut().series(Labels::metric("other", [("job", job)])).unwrap();
        evaluator.store_mut().append(other, if job == "x" { 0 } else { STEP_MS }, 1.0).unwrap();
    }
    assert_eq!(evaluator.advance(2 * STEP_MS).len(), 1, "it fires at 0 and goes on");
    let failure = evaluator.failures().next().unwrap();
    assert_eq!((failure.ticks, failure.first_ms), (2, STEP_MS));
    assert!(
        failure.reason.contains("several series on the right of `+` match the labels {}"),
        "{}",
        failure.reason
    );
}

/// Groups have intervals of their own, and labels may tell the value.
#[test]
fn groups_keep_their_interval_and_labels_their_value() {
    let text = "groups:\n- name: slow\n  interval: 45s\n  rules:\n  \
                - {alert: A, expr: up, labels: {value: '{{ $value }}', job: 'x-{{ $labels.job }}'}}\n";
    let rules = Arc::new(RuleFile::parse("rules.yml", text).unwrap());
    let transitions = with_up(&rules, Semantics::V3, "1020304").advance(6 * STEP_MS);
    let told: Vec<_> =
        transitions.iter().map(|t| (t.at_ms / STEP_MS, t.labels.to_string(), t.state)).collect();
    let labels = |value: &str| format!("{{alertname=\"A\", job=\"x-a\", value=\"{value}\"}}");
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(told.contains(&(0, labels("1"), AlertState::Firing)), "{told:?}");
    assert!(told.contains(&(3, labels("0"), AlertState::Firing)), "{told:?}");
    assert!(told.contains(&(6, labels("4"), AlertState::Firing)), "{told:?}");
}

proptest::proptest! {
    /// How far one call advances doesn't change what comes out; nor does a clone on the way.
    #[test]
    fn steps_make_no_difference(seed in 0_u64..1_000, step in 1_i64..40) {
        let rules = file(
            "  - {record: r, expr: 'avg_over_time(up[1m])', labels: {kind: mean}}\n  \
             - {record: low, expr: 'r < 0.7'}\n  \
             - {alert: A, expr: 'sum_over_time(up[2m:20s]) < 4 or low', for: 30s, keep_firing_for: 30s}\n  \
             - {alert: B, expr: 'count_over_time(low[90s]) >= 3 unless absent(up)'}\n",
        );
        let mut random = Seed(seed).stream(Label::new("up"));
        let values: String = (0..120).map(|_| ['0', '1', '1', '1', '.', 's'][random.below(6) as usize]).collect();
        for semantics in [Semantics::V2, Semantics::V3] {
            let mut whole = with_up(&rules, semantics, &values);
            let mut stepped = whole.clone();
            let expected = whole.advance(120 * STEP_MS);
            let mut got = Vec::new();
            for tick in (0..=120 + step).step_by(step as usize) {
                got.extend(stepped.advance(tick.min(120) * STEP_MS));
                stepped = stepped.clone();
            }
            proptest::prop_assert_eq!(&got, &expected);
        }
    }
}

/// Each code of rules has a file that provokes it; a person reads exactly this.
#[test]
fn broken_rules_are_told() {
    let text = r#"groups:
- name: g
  rules:
  - alert: A
    expr: |
      sum by (job) (
        holt_winters(up[5m], 0.5, 0.5)
      ) > 0
  - {alert: B, expr: "sum(rate(up[5m])"}
  - alert: C
    expr: count_values("v", up) > 1
    labels:
      x: "{{ $value | humanize }}"
  - {alert: D, expr: up == 0, for: 5min}
"#;
    let error = RuleFile::parse("rules.yml", text).unwrap_err();
    let codes: Vec<Code> = error.diagnostics.iter().map(|told| told.code).collect();
    assert!(codes.contains(&Code::RuleSyntax) && codes.contains(&Code::RuleUnsupported), "{codes:?}");
    insta::assert_snapshot!(error.render(Colour::Plain));
}

#[test]
fn dead_rules_are_told() {
    let rules = file("  - alert: A\n    expr: >-\n      avg_over_time(probe_sucess[5m])\n      < 0.9\n");
    let mut store = SeriesStore::new();
    store.series(Labels::metric("probe_success", [])).unwrap();
    let supply = Supply { store: &store, history: Duration::from_secs(3_600), values: usual_values };
    let told = dead_rules(&rules, supply);
    assert_eq!(told[0].code, Code::RuleDead);
    insta::assert_snapshot!(crate::diag::render(&rules.source, &told, Colour::Plain));
}
