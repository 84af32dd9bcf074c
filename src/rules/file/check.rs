//! The shape of a rules file to rules: everything that is wrong is collected.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::duration::parse_prometheus_duration;
use super::placed::{Placed, file_span, places};
use super::raw::{RawFile, RawGroup, RawLabels, RawRule};
use super::{Group, Rule, RuleKind};
use crate::base::limits::RULES_MAX;
use crate::diag::{Code, Diagnostic, SourceFile, SourceSpan};
use crate::rules::expr::{self, Mistake};
use crate::rules::labels::METRIC_NAME;
use crate::rules::template::Template;

/// How to run what brownout refuses.
const PROMTOOL_HINT: &str = "a real Prometheus can: give it the series of `bench --export openmetrics FILE`";

struct Checker<'a> {
    file: &'a SourceFile,
    mistakes: Vec<Diagnostic>,
    group_names: BTreeMap<String, SourceSpan>,
}

/// Checks a whole file.
pub(super) fn check(file: &SourceFile, raw: RawFile) -> Result<Vec<Group>, Vec<Diagnostic>> {
    let mut checker = Checker { file, mistakes: Vec::new(), group_names: BTreeMap::new() };
    let groups = raw.groups.unwrap_or_default();
    let count: usize = groups.iter().map(|group| group.rules.as_ref().map_or(0, Vec::len)).sum();
    if count == 0 {
        let told = Diagnostic::error(Code::MissingKey, "the file has no rules");
        return Err(vec![told.hint("a rules file begins with `groups:`, a list of groups with `rules:`")]);
    }
    if count > RULES_MAX {
        let told = format!("{count} rules, more than {RULES_MAX} (RULES_MAX)");
        return Err(vec![Diagnostic::error(Code::TooMany, told)]);
    }
    let groups = groups.into_iter().map(|group| checker.group(group)).collect();
    if checker.mistakes.is_empty() { Ok(groups) } else { Err(checker.mistakes) }
}

/// `[a-zA-Z_][a-zA-Z0-9_]*`; a metric's name may have colons too.
pub(in crate::rules) fn is_name(text: &str, colons: bool) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || colons && c == ':';
    text.starts_with(letter) && text.chars().all(|c| letter(c) || c.is_ascii_digit())
}

// === impl Checker ===

impl Checker<'_> {
    fn tell(&mut self, code: Code, message: impl Into<String>, span: SourceSpan) {
        self.mistakes.push(Diagnostic::error(code, message).at(span, ""));
    }

    fn unsupported(&mut self, message: impl Into<String>, span: SourceSpan) {
        let told = Diagnostic::error(Code::RuleUnsupported, message).at(span, "");
        self.mistakes.push(told.hint(PROMTOOL_HINT));
    }

    fn group(&mut self, raw: RawGroup) -> Group {
        let name = raw.name.value.clone();
        if name.is_empty() {
            self.tell(Code::BadName, "a group needs a name", raw.name.span);
        }
        if let Some(first) = self.group_names.insert(name.clone(), raw.name.span) {
            let told = Diagnostic::error(Code::DuplicateName, format!("two groups are called `{name}`"));
            self.mistakes.push(told.at(raw.name.span, "").note(first, "the first one"));
        }
        let interval = raw.interval.as_ref().map(|interval| self.duration(interval));
        if interval.is_some_and(|interval| interval.is_zero()) {
            let span = raw.interval.as_ref().map_or(raw.name.span, |interval| interval.span);
            self.tell(Code::BadValue, "expected an interval above 0s", span);
        }
        if let Some(offset) = raw.query_offset
            && !self.duration(&offset).is_zero()
        {
            self.unsupported("brownout doesn't evaluate a group with `query_offset` itself", offset.span);
        }
        if let Some(limit) = raw.limit
            && limit.value > 0
        {
            self.unsupported("brownout doesn't evaluate a group with `limit` itself", limit.span);
        }
        let shared = raw.labels.unwrap_or_default();
        let rules = raw.rules.unwrap_or_default();
        let rules = rules.into_iter().filter_map(|rule| self.rule(rule, &shared)).collect();
        Group { name: name.into(), interval, rules }
    }

    fn duration(&mut self, text: &Placed<String>) -> Duration {
        parse_prometheus_duration(text.value.trim()).unwrap_or_else(|wrong| {
            self.tell(Code::BadValue, wrong, text.span);
            Duration::from_secs(1)
        })
    }

    /// The rule; none, if it is too broken to go on with.
    fn rule(&mut self, raw: RawRule, shared: &RawLabels) -> Option<Rule> {
        let (name, kind) = self.kind(&raw)?;
        let mut labels = Vec::new();
        let own = raw.labels.unwrap_or_default();
        let inherited = shared.iter().filter(|(name, _)| !own.contains_key(*name));
        for (label, value) in inherited.chain(&own) {
            if !is_name(&label.value, false) || label.value == METRIC_NAME {
                let told = format!("`{}` can't be the name of a label here", label.value);
                self.tell(Code::BadName, told, label.span);
            } else if let Some(template) = self.template(value, &kind) {
                labels.push((Arc::from(label.value.as_str()), template));
            }
        }
        let text: Arc<str> = raw.expr.value.as_str().into();
        let places = places(self.file, raw.expr.span, &text);
        let span = file_span(&places, text.len() - text.trim_start().len(), text.trim_end().len());
        let expr = match expr::parse(&text) {
            Ok(expr) => expr,
            Err(mistakes) => {
                self.mistakes.extend(mistakes.into_iter().map(|mistake| in_file(mistake, &places)));
                return None;
            }
        };
        Some(Rule { name, kind, text, span, labels, expr, places })
    }

    fn kind(&mut self, raw: &RawRule) -> Option<(Arc<str>, RuleKind)> {
        let zero = Duration::ZERO;
        match (&raw.alert, &raw.record) {
            (Some(alert), None) => {
                if alert.value.is_empty() {
                    self.tell(Code::BadName, "an alert needs a name", alert.span);
                }
                let hold = raw.hold.as_ref().map_or(zero, |hold| self.duration(hold));
                let keep = raw.keep_firing_for.as_ref().map_or(zero, |keep| self.duration(keep));
                let annotations = raw.annotations.iter().flatten();
                let annotations = annotations.map(|(n, v)| (n.value.clone(), v.value.clone())).collect();
                Some((alert.value.as_str().into(), RuleKind::Alert { hold, keep, annotations }))
            }
            (None, Some(record)) => {
                if !is_name(&record.value, true) {
                    let told = format!("`{}` can't be the name of a metric", record.value);
                    self.tell(Code::BadName, told, record.span);
                }
                for (key, wrong) in [("for", &raw.hold), ("keep_firing_for", &raw.keep_firing_for)] {
                    if let Some(wrong) = wrong {
                        self.tell(
                            Code::Contradiction,
                            format!("a recording rule has no `{key}`"),
                            wrong.span,
                        );
                    }
                }
                if raw.annotations.as_ref().is_some_and(|annotations| !annotations.is_empty()) {
                    self.tell(Code::Contradiction, "a recording rule has no `annotations`", record.span);
                }
                Some((record.value.as_str().into(), RuleKind::Record))
            }
            (Some(alert), Some(_)) => {
                let told = "a rule has either `alert` or `record`, not both";
                self.tell(Code::TwoKinds, told, alert.span);
                None
            }
            (None, None) => {
                self.tell(Code::NoKind, "a rule needs `alert` or `record`", raw.expr.span);
                None
            }
        }
    }

    /// A label's value; recording rules have no templates.
    fn template(&mut self, value: &Placed<String>, kind: &RuleKind) -> Option<Template> {
        if *kind == RuleKind::Record {
            return Some(Template::literal(&value.value));
        }
        match Template::parse(&value.value) {
            Ok(template) => Some(template),
            Err(mistake) => {
                let places = places(self.file, value.span, &value.value);
                self.mistakes.push(in_file(mistake, &places));
                None
            }
        }
    }
}

/// A mistake in a text, where the file has it.
fn in_file(mistake: Mistake, places: &[usize]) -> Diagnostic {
    let span = file_span(places, mistake.start, mistake.end);
    let told = Diagnostic::error(mistake.code, mistake.message).at(span, "");
    let hint = match (mistake.hint, mistake.code) {
        (Some(hint), Code::RuleUnsupported) => Some(format!("{hint}; {PROMTOOL_HINT}")),
        (None, Code::RuleUnsupported) => Some(PROMTOOL_HINT.to_owned()),
        (hint, _) => hint,
    };
    told.maybe_hint(hint)
}
