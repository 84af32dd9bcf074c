//! A benchmark for CI systems: a suite for each scenario, a case for each of its expectations.
//!
//! A scenario that expects nothing has an empty suite: a benchmark that comes to its end proves nothing by that.

use indexmap::IndexSet;
use quick_junit::{Property, Report, SerializeError, TestSuite};

use super::super::junit::{Source, add_verdicts};
use super::super::text::clean;
use crate::event::BenchScores;

/// Benchmarks as a JUnit XML document; each with the command that repeats it.
pub fn scores_junit<'a>(
    all: impl IntoIterator<Item = (&'a BenchScores, &'a str)>,
) -> Result<String, SerializeError> {
    let mut report = Report::new("brownout");
    for (scores, replay) in all {
        let scenario = clean(&scores.scenario);
        let mut suite = TestSuite::new(&*scenario);
        let properties = [
            ("seed", scores.seed.to_string()),
            ("replay", replay.to_owned()),
            ("file", scores.file.clone()),
            ("replicas", (scores.worlds * scores.probe_seeds).to_string()),
            ("healthy_days", scores.healthy_days.to_string()),
        ];
        suite.add_properties(properties.map(|(name, value)| Property::new(name, &*clean(&value))));
        let source = Source { file: &scores.file, replay };
        let classname = format!("brownout.{scenario}");
        add_verdicts(&mut suite, &classname, &mut IndexSet::new(), &scores.verdicts, Some(source));
        report.add_test_suite(suite);
    }
    report.to_string()
}
