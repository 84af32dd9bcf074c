//! What holds for every kind of detector, by its example and by each of its presets.

use std::time::Duration;

use proptest::prelude::*;

use super::testing::{changes, feed_every, sample};
use super::{Change, DETECTOR_KINDS, DetectorSpec, Feed, Sample};
use crate::base::SimTime;

/// Kinds that look at something else than failures.
const OF_LATENCY: [&str; 1] = ["latency_shift"];

/// A stricter SPRT asks for more evidence of health as well, so its tests begin at other samples: on some of them sooner.
const NOT_IN_ORDER: [&str; 1] = ["sprt"];

fn feed() -> Feed {
    Feed { targets: 6, ..feed_every(Duration::from_secs(10)) }
}

/// A flow mapping of plain words, as the examples are, read as JSON.
fn json(flow: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || "_.%-/".contains(c);
    let mut out = String::new();
    let mut rest = flow;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| !word(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (token, tail) = rest.split_at(length);
        let quote = if word(first) && token.parse::<f64>().is_err() { "\"" } else { "" };
        out.extend([quote, token, quote]);
        rest = tail;
    }
    out
}

/// Every kind: its example and its presets.
fn all() -> Vec<(String, DetectorSpec)> {
    let mut all = Vec::new();
    for kind in DETECTOR_KINDS {
        let presets = kind.presets.iter().map(|preset| format!("\"{}\"", preset.name));
        for parameters in std::iter::once(json(kind.example)).chain(presets) {
            let text = format!("{{\"{}\": {parameters}}}", kind.name);
            let spec: DetectorSpec = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(spec.info(), *kind, "the order of the table is that of the enum");
            all.push((text, spec));
        }
    }
    all
}

/// Rounds of one sample of each target, every 10 s, in which `outcomes` says what failed.
fn samples(outcomes: &[bool]) -> Vec<Sample> {
    let at = |n: usize| SimTime::from_millis(n as u64 * 10_000 / 6);
    let of = |(n, failed): (usize, &bool)| Sample { target: n as u32 % 6, ..sample(at(n), *failed) };
    outcomes.iter().enumerate().map(of).collect()
}

#[test]
fn every_kind_says_what_it_is() {
    for kind in DETECTOR_KINDS {
        assert!(kind.about.starts_with("It fires") && kind.about.ends_with('.'), "{}", kind.about);
        assert!(!kind.source.is_empty() && kind.presets.iter().all(|preset| !preset.source.is_empty()));
    }
    for (text, spec) in all() {
        assert!(!spec.summary().is_empty() && spec.summary().len() < 120, "{text}: {}", spec.summary());
        assert_eq!(spec.contradictions(&feed()), [], "{text}");
    }
}

#[test]
fn an_unknown_preset_is_told_with_those_that_there_are() {
    let error = serde_json::from_str::<DetectorSpec>(r#"{"consecutive": "kubernetes"}"#).unwrap_err();
    assert!(error.to_string().contains("`kubernetes-liveness`, `kubernetes-readiness`"), "{error}");
    let error = serde_json::from_str::<DetectorSpec>(r#"{"window_ratio": "kubernetes"}"#).unwrap_err();
    assert!(error.to_string().contains("a mapping such as"), "{error}");
}

/// A day without a failure, then three hours in which everything fails.
#[test]
fn what_never_fails_never_fires_and_an_outage_is_found() {
    let healthy = vec![false; 6 * 8_640];
    let outage = vec![true; 6 * 1_080];
    for (text, spec) in all() {
        let mut detector = spec.detector(&feed());
        let all = samples(&[healthy.as_slice(), outage.as_slice()].concat());
        let onset = all[healthy.len()].at;
        let seen = changes(&mut detector, all.iter().copied(), SimTime::ZERO);
        match seen.first() {
            None => assert!(OF_LATENCY.iter().any(|kind| text.contains(kind)), "{text}: not found"),
            Some((at, firing)) => assert!(*firing && *at >= onset.as_secs_f64(), "{text}: {at}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// However the time is cut, and whichever clone is asked, the changes are the same.
    #[test]
    fn changes_are_a_function_of_the_samples(
        outcomes in prop::collection::vec(prop_oneof![Just(false), Just(true), any::<bool>()], 1..600),
        burst in 0usize..600,
        gap in 0u64..4_000,
        told in prop::collection::vec(0u64..6_000, 0..40),
    ) {
        let mut outcomes = outcomes;
        outcomes.iter_mut().skip(burst).take(120).for_each(|failed| *failed = true);
        let mut samples = samples(&outcomes);
        // A gap in which nothing comes.
        samples.iter_mut().skip(burst / 2).for_each(|s| s.at = s.at.plus(Duration::from_secs(gap)));
        let end = SimTime::from_secs(12_000);
        for (text, spec) in all() {
            let fresh = spec.detector(&feed());
            let expected = changes(&mut fresh.clone(), samples.iter().copied(), end);
            let mut detector = fresh;
            let mut seen = Vec::new();
            let mut told = told.iter().map(|at| SimTime::from_secs(*at)).peekable();
            for (n, sample) in samples.iter().enumerate() {
                let mut note = |change: Change| seen.push((change.at.as_secs_f64(), change.firing));
                // What lies in the past by now changes nothing, either.
                while let Some(at) = told.next_if(|at| *at <= sample.at) {
                    detector.advance(at, &mut note);
                }
                detector.observe(sample, &mut note);
                if n == burst {
                    detector = detector.clone();
                }
            }
            seen.extend(changes(&mut detector, [], end));
            prop_assert_eq!(&seen, &expected, "{}", text);
            let turns = expected.iter().map(|(_, firing)| *firing);
            prop_assert!(turns.enumerate().all(|(n, firing)| firing == (n % 2 == 0)));
        }
    }

    /// On the same samples, a stricter rule of the same kind does not fire for the first time sooner, or where a laxer did not.
    #[test]
    fn a_stricter_rule_never_fires_first(
        failing in prop_oneof![Just(0.02), Just(0.2), Just(0.9)],
        seed in any::<u64>(),
    ) {
        let mut stream = crate::base::Seed(seed).stream(crate::base::Label::new("strict"));
        let outcomes: Vec<bool> = (0..3_000).map(|_| stream.unit() < failing).collect();
        let samples = samples(&outcomes);
        for (text, spec) in all() {
            let variants = spec.variants(&feed());
            prop_assert!(variants.rules.len() > 1 && !variants.parameter.is_empty(), "{}", text);
            if NOT_IN_ORDER.iter().any(|kind| text.contains(kind)) {
                continue;
            }
            let mut before = 0.0;
            for (value, rule) in variants.rules {
                let seen = changes(&mut rule.detector(&feed()), samples.iter().copied(), SimTime::ZERO);
                let first = seen.first().map_or(f64::INFINITY, |(at, _)| *at);
                prop_assert!(first >= before, "{}: {} at {} < {}", text, value, first, before);
                before = first;
            }
        }
    }
}
