//! An audit for CI systems: one suite, a case for each expectation, and one that says that the audit came to its end.

use indexmap::IndexSet;
use quick_junit::{Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::super::junit::{Source, add_verdicts};
use super::super::text::clean;
use crate::event::{AuditReport, GaveUp};

/// An audit as a JUnit XML document, with the command that repeats it.
pub fn audit_junit(report: &AuditReport, replay: &str) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new("audit");
    let phases = report.phases.iter().map(|phase| {
        let seen = match phase.gave_up(report.patience) {
            GaveUp::After(waited) => format!("{}s", waited.as_secs_f64()),
            GaveUp::Never => format!("longer than {}s", report.patience.as_secs_f64()),
            GaveUp::Unknown => "unknown".to_owned(),
        };
        (phase.phase.name(), seen)
    });
    let properties = [("replay", replay.to_owned()), ("upstream", report.upstream.clone())];
    let properties = properties.into_iter().chain(phases);
    suite.add_properties(properties.map(|(name, value)| Property::new(name, &*clean(&value))));
    let source = Source { file: "", replay };
    add_verdicts(&mut suite, "brownout.audit", &mut IndexSet::new(), &report.verdicts, Some(source));
    let mut complete = TestCase::new("the audit is complete", TestCaseStatus::success());
    complete.set_classname("brownout.audit");
    suite.add_test_case(complete);
    let mut document = Report::new("brownout");
    document.add_test_suite(suite);
    document.to_string()
}
