//! Detectors that are Prometheus rules: the file is read and checked, and an alert that is asked for must be in it.

use std::sync::Arc;

use super::mistakes::Mistakes;
use crate::base::limits::RULE_INTERVAL_DEFAULT;
use crate::diag::{Code, Diagnostic, did_you_mean};
use crate::rules::{RuleFile, RuleFileError, Semantics};
use crate::scenario::files::TraceFiles;
use crate::scenario::placed::Placed;
use crate::scenario::plan::{RulePlan, RuleRow};
use crate::scenario::raw::{RawPrometheus, RawPrometheusVersion};

/// The rules of a detector on the monitor at this place.
pub(super) fn lower_rules(
    told: &mut Mistakes<'_>,
    name: &Placed<String>,
    rules: Placed<&RawPrometheus>,
    monitor: usize,
    files: &mut TraceFiles,
) -> Option<RulePlan> {
    let named = &rules.value.rules;
    let source = match files.read(&named.value) {
        Ok(source) => source,
        Err(mistake) => {
            told.push(mistake.at(named.span, ""));
            return None;
        }
    };
    let file = match RuleFile::parse(&source.name, &source.text) {
        Ok(file) => Arc::new(file),
        Err(RuleFileError { file, diagnostics }) => {
            files.mistaken.push((file, diagnostics));
            return None;
        }
    };
    let alert = rules.value.alert.placed();
    if let Some(alert) = alert {
        let known = || file.rules().filter(|rule| rule.is_alert()).map(|rule| &*rule.name);
        if !known().any(|known| known == alert.value) {
            let message = format!("there is no alert `{}` in {}", alert.value, source.name);
            let listed = || {
                let names: Vec<String> = known().map(|name| format!("`{name}`")).collect();
                if names.is_empty() {
                    "it has no alert at all".to_owned()
                } else {
                    format!("it has {}", names.join(", "))
                }
            };
            let hint = did_you_mean(alert.value, known()).unwrap_or_else(listed);
            told.push(Diagnostic::error(Code::UnknownName, message).at(alert.span, "").hint(hint));
            return None;
        }
    }
    let interval =
        rules.value.evaluation_interval.get().map_or(RULE_INTERVAL_DEFAULT, |interval| interval.get());
    if interval.is_zero() {
        let mistake = Diagnostic::error(Code::BadValue, "`evaluation_interval` must be longer than 0s");
        told.push(mistake.at(rules.value.evaluation_interval.span().unwrap_or(rules.span), ""));
        return None;
    }
    let semantics = match rules.value.version.get() {
        Some(RawPrometheusVersion::V2) => Semantics::V2,
        Some(RawPrometheusVersion::V3) | None => Semantics::V3,
    };
    let row = RuleRow {
        name: Arc::from(name.value.as_str()),
        alert: alert.map(|alert| Arc::from(alert.value.as_str())),
    };
    Some(RulePlan { monitor, file, semantics, interval, rows: vec![row], declared: true })
}
