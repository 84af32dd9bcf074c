//! Layer 3: Prometheus alert rules, evaluated in virtual time. Pure.
//!
//! A [`RuleFile`] is read once; an [`Evaluator`] takes it, is given samples, and tells what its alerts become at which
//! instant, exactly as Prometheus would: `docs/rules.md` says what is evaluated and what is refused. [`dead_rules`] tells which
//! alerts can never fire on the series there are. [`PromtoolTest`] puts the same question to Prometheus itself, as text.
//!
//! The road of a rule: `file` (YAML to rules, mistakes at their places) → `expr` (PromQL to a tree that has only what is known)
//! → `eval` (one expression at many instants) → `evaluator` (groups, recordings, time) → `alert` (pending, firing). `store`
//! holds samples in columns, `labels` and `matcher` say which series, `template` fills labels in.
//!
//! Laws that the tests hold: every firing instant equals that of `promtool` on generated and well-known rules; how far one call
//! advances makes no difference; what slides is what is computed anew; bounds of values are never too narrow.

mod alert;
mod dead;
mod eval;
mod evaluator;
mod expr;
mod file;
mod labels;
mod matcher;
mod promtool;
mod reach;
mod store;
mod template;

pub use alert::{AlertState, Transition};
pub use dead::{Supply, dead_rules, usual_values};
pub use eval::Semantics;
pub use evaluator::{Evaluator, EvaluatorOptions, Failure};
pub use file::{Group, Rule, RuleFile, RuleFileError, RuleKind};
pub use labels::{ALERT_NAME, Labels, METRIC_NAME};
pub use promtool::{Firing, PromtoolError, PromtoolTest, firing as promtool_firing};
pub use store::{AppendError, STALE, SeriesId, SeriesStore, is_stale};

#[cfg(test)]
mod tests;
