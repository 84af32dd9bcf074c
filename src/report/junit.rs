//! JUnit XML in the dialect that GitHub's actions, GitLab and Jenkins read.
//!
//! One suite is the scenario; one case is one expectation, and one more says whether the run itself came to its end, so
//! that a suite is never empty and an interrupted run never looks like a passed one. `failure` is an expectation that was
//! not met, `error` one that nothing decided (or a run without an end), `skipped` one that is not for this command to judge. `(classname, name)` is unique: CI systems
//! follow a case from run to run by it, and Jenkins drops doubles. What XML forbids is written as its escape.

use std::time::Duration;

use indexmap::IndexSet;
use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::tally::{Outcome, Tally};
use super::terminal::observed;
use super::text::clean;
use crate::event::{Header, Verdict, VerdictState};

/// The case that stands for the run itself.
const RUN_CASE: &str = "the run is complete";

/// Where expectations stand, and the command that judges them again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) replay: &'a str,
}

/// The run as a JUnit XML document.
pub fn junit(tally: &Tally) -> Result<String, SerializeError> {
    let header = tally.header.as_ref();
    let scenario = header.map_or("unknown", |header| &header.scenario);
    let scenario = clean(scenario);
    let classname = format!("brownout.{scenario}");
    let mut suite = TestSuite::new(&*scenario);
    if let Some(header) = header {
        suite.add_properties(properties(header));
        suite.timestamp = timestamp(&header.began);
        suite.time = wall_time(tally, header);
    }
    let mut names = IndexSet::new();
    let source = header.map(|header| Source { file: &header.file, replay: &header.replay });
    add_verdicts(&mut suite, &classname, &mut names, &tally.verdicts, source);
    let name = unique(&mut names, RUN_CASE);
    suite.add_test_case(case(&classname, name, run_status(tally)));
    let mut report = Report::new("brownout");
    report.timestamp = suite.timestamp;
    report.time = suite.time;
    report.add_test_suite(suite);
    report.to_string()
}

fn case(classname: &str, name: String, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(classname);
    case
}

fn properties(header: &Header) -> [Property; 5] {
    [
        ("seed", header.seed.to_string()),
        ("replay", header.replay.to_string()),
        ("version", header.version.to_string()),
        ("file", header.file.to_string()),
        ("speed", header.speed.to_string()),
    ]
    .map(|(name, value)| Property::new(name, &*clean(&value)))
}

/// A case for each verdict.
pub(super) fn add_verdicts(
    suite: &mut TestSuite,
    classname: &str,
    names: &mut IndexSet<String>,
    verdicts: &[Verdict],
    source: Option<Source<'_>>,
) {
    for verdict in verdicts {
        let name = unique(names, &clean(&verdict.expectation));
        suite.add_test_case(case(classname, name, status(verdict, source)));
    }
}

fn status(verdict: &Verdict, source: Option<Source<'_>>) -> TestCaseStatus {
    let (kind, word) = match verdict.state {
        VerdictState::Met => return TestCaseStatus::success(),
        VerdictState::NotJudged => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(&*clean(&observed(verdict)));
            return skipped;
        }
        VerdictState::Failed => (NonSuccessKind::Failure, "failed"),
        VerdictState::Undecided => (NonSuccessKind::Error, "undecided"),
    };
    let seen = observed(verdict);
    let mut lines = vec![clean(&verdict.expectation).into_owned(), format!("observed: {}", clean(&seen))];
    if let Some(Source { file, replay }) = source {
        if let Some((line, column)) = verdict.place {
            lines.push(format!("at {}:{line}:{column}", clean(file)));
        }
        lines.push(format!("replay: {}", clean(replay)));
    }
    non_success(kind, word, &clean(&seen), &lines.join("\n"))
}

fn run_status(tally: &Tally) -> TestCaseStatus {
    let outcome = tally.outcome();
    let kind = match outcome {
        Outcome::Passed => return TestCaseStatus::success(),
        // A case of its own has told it already.
        Outcome::Failed if tally.verdicts_not_met() > 0 => return TestCaseStatus::success(),
        Outcome::Failed => NonSuccessKind::Failure,
        Outcome::Interrupted | Outcome::Incomplete => NonSuccessKind::Error,
    };
    let reasons = tally.outcome_reasons().join("; ");
    let problems = tally.problems.iter().map(|problem| clean(problem).into_owned());
    let replay = tally.header.iter().map(|header| format!("replay: {}", clean(&header.replay)));
    let lines: Vec<String> = [reasons.clone()].into_iter().chain(problems).chain(replay).collect();
    non_success(kind, outcome.as_str(), &reasons, &lines.join("\n"))
}

fn non_success(kind: NonSuccessKind, word: &str, message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(word).set_message(message).set_description(description);
    status
}

/// `name`, or `name (2)` where it is taken.
fn unique(names: &mut IndexSet<String>, name: &str) -> String {
    let numbered = (2_u64..).map(|n| format!("{name} ({n})"));
    let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
    let free = candidates.find(|candidate| !names.contains(candidate));
    let free = free.expect("an endless row of names has one that is free");
    names.insert(free.clone());
    free
}

/// A timestamp of whatever type the suite wants, if `text` is one: only RFC 3339 is taken.
fn timestamp<T: std::str::FromStr>(text: &str) -> Option<T> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    instant.to_string().parse().ok()
}

/// How long the run took: the scenario time that was played, by the run's speed.
fn wall_time(tally: &Tally, header: &Header) -> Option<Duration> {
    let played = tally.played_until().since(header.from).as_secs_f64();
    Duration::try_from_secs_f64(played / header.speed).ok()
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::event::{Event, RunEnd};

    #[test]
    fn what_is_written_is_read_back() {
        let xml = junit(&fixture::tally()).unwrap();
        let report = Report::deserialize_from_str(&xml).unwrap();
        let suite = &report.test_suites[0];
        assert_eq!((suite.tests, suite.failures, suite.errors), (6, 2, 1));
        assert_eq!(suite.time, Some(Duration::from_secs(300)));
        let head: Vec<&str> = xml.lines().take(18).collect();
        insta::assert_snapshot!(head.join("\n"), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="brownout" tests="6" skipped="0" failures="2" errors="1" timestamp="2026-03-01T12:00:00.250+00:00" time="300.000">
            <testsuite name="checkout-over-wan" tests="6" skipped="0" errors="1" failures="2" timestamp="2026-03-01T12:00:00.250+00:00" time="300.000">
                <properties>
                    <property name="seed" value="20230125"/>
                    <property name="replay" value="brownout run scenarios/checkout.yaml --seed 20230125 -- cargo test"/>
                    <property name="version" value="0.1.0"/>
                    <property name="file" value="scenarios/checkout.yaml"/>
                    <property name="speed" value="1"/>
                </properties>
                <testcase name="monitor homepage: success ratio at least 85%" classname="brownout.checkout-over-wan"/>
                <testcase name="detector burn: fires within 1m" classname="brownout.checkout-over-wan"/>
                <testcase name="detector liveness: fires within 1m of the blackhole" classname="brownout.checkout-over-wan">
                    <failure message="stayed silent: at most 2 failures in a row" type="failed">detector liveness: fires within 1m of the blackhole
        observed: stayed silent: at most 2 failures in a row
        at scenarios/checkout.yaml:43:5
        replay: brownout run scenarios/checkout.yaml --seed 20230125 -- cargo test</failure>
                </testcase>
        "#);
    }

    #[test]
    fn doubled_expectations_get_names_of_their_own() {
        let mut names = IndexSet::new();
        let named = ["a", "a (2)", "a", "a"].map(|name| unique(&mut names, name));
        assert_eq!(named, ["a", "a (2)", "a (3)", "a (4)"]);
    }

    #[test]
    fn a_run_without_an_end_is_an_error() {
        for (cut, word) in [(1, "incomplete"), (0, "interrupted")] {
            let mut events = fixture::events();
            let last = events.pop().unwrap();
            if cut == 0 {
                let end = Event::RunEnded { reason: RunEnd::Interrupted, exit_code: 130, events_lost: 0 };
                events.push(end.at(last.t));
            }
            let xml = junit(&fixture::tally_of(&events)).unwrap();
            let report = Report::deserialize_from_str(&xml).unwrap();
            assert_eq!(report.test_suites[0].errors, 2, "{word}");
            assert!(xml.contains(&format!("type=\"{word}\"")), "{xml}");
        }
    }

    /// Everything that XML 1.0 forbids, in every text that reaches the file.
    #[test]
    fn what_xml_forbids_does_not_break_the_file() {
        let hostile: String =
            ('\0'..='\u{1f}').chain("<&>\"'\u{7f}\u{9b}\u{fffe}\u{ffff}]]>".chars()).collect();
        let mut events = fixture::events();
        for entry in &mut events {
            match &mut entry.event {
                Event::RunStarted(header) => header.scenario = hostile.as_str().into(),
                Event::Verdict(verdict) => {
                    verdict.expectation = hostile.as_str().into();
                    verdict.observed = hostile.as_str().into();
                }
                _ => {}
            }
        }
        let xml = junit(&fixture::tally_of(&events)).unwrap();
        assert!(
            xml.chars().all(|c| c == '\n' || (c >= ' ' && !('\u{fffe}'..='\u{ffff}').contains(&c))),
            "{xml:?}"
        );
        assert_eq!(Report::deserialize_from_str(&xml).unwrap().test_suites[0].tests, 6);
    }

    #[test]
    fn a_timestamp_that_is_none_is_left_out() {
        let mut events = fixture::events();
        if let Event::RunStarted(header) = &mut events[0].event {
            header.began = "yesterday".into();
            header.speed = 0.0;
        }
        let xml = junit(&fixture::tally_of(&events)).unwrap();
        assert!(!xml.contains("timestamp="), "{xml}");
    }
}
