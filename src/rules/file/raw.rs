//! YAML text to the shape of a rules file; nothing is checked but names of keys and types of values.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_saphyr::Error;

use super::placed::{Placed, span_of};
use crate::diag::{Code, Diagnostic, SourceFile, SourceSpan, did_you_mean};

/// Most events of the YAML parser; [`RULES_MAX`](crate::base::limits::RULES_MAX) rules with thirty labels each.
const EVENTS_MAX: usize = 250_000;

/// Most anchors and aliases.
const ALIASES_MAX: usize = 1_000;

/// Deepest nesting of brackets. The format has five levels.
const NESTING_MAX: usize = 32;

/// Names and values, in the order of the file.
pub(super) type RawLabels = IndexMap<Placed<String>, Placed<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    #[serde(default)]
    pub(super) groups: Option<Vec<RawGroup>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGroup {
    pub(super) name: Placed<String>,
    pub(super) interval: Option<Placed<String>>,
    pub(super) query_offset: Option<Placed<String>>,
    pub(super) limit: Option<Placed<u64>>,
    pub(super) labels: Option<RawLabels>,
    #[serde(default)]
    pub(super) rules: Option<Vec<RawRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) record: Option<Placed<String>>,
    pub(super) alert: Option<Placed<String>>,
    pub(super) expr: Placed<String>,
    #[serde(rename = "for")]
    pub(super) hold: Option<Placed<String>>,
    pub(super) keep_firing_for: Option<Placed<String>>,
    pub(super) labels: Option<RawLabels>,
    pub(super) annotations: Option<RawLabels>,
}

/// Reads the shape of a rules file.
pub(super) fn read(file: &SourceFile) -> Result<RawFile, Box<Diagnostic>> {
    if file.text.trim().is_empty() {
        return Ok(RawFile { groups: None });
    }
    serde_saphyr::from_str_with_options(&file.text, options())
        .map_err(|error| Box::new(told(file, error.without_snippet())))
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        reject_unsupported_tags: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: EVENTS_MAX,
            max_replay_stack_depth: NESTING_MAX,
        },
        budget: serde_saphyr::budget! {
            max_events: EVENTS_MAX,
            max_aliases: ALIASES_MAX,
            max_anchors: ALIASES_MAX,
            flow_nesting_limit: NESTING_MAX,
        },
    }
}

/// The parser's mistake in our words.
fn told(file: &SourceFile, error: &Error) -> Diagnostic {
    let plain = error.to_string();
    let plain = plain.split(" at line ").next().unwrap_or_default();
    let told = match error {
        Error::AliasError { error, .. } => return told(file, error),
        Error::SerdeUnknownField { field, expected, .. } => {
            Diagnostic::error(Code::UnknownKey, format!("unknown key `{field}`"))
                .hint(format!("the keys here are {}", listed(expected)))
                .maybe_hint(did_you_mean(field, expected.iter().copied()))
        }
        Error::SerdeMissingField { field, .. } => {
            Diagnostic::error(Code::MissingKey, format!("`{field}` is missing here"))
        }
        Error::SerdeInvalidType { .. } | Error::Unexpected { .. } | Error::NullIntoString { .. } => {
            Diagnostic::error(Code::WrongType, plain)
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("a key");
            Diagnostic::error(Code::DuplicateName, format!("`{key}` is given twice"))
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            Diagnostic::error(Code::TooMany, format!("too much for a rules file: {plain}"))
        }
        Error::Message { msg, .. } => Diagnostic::error(Code::BadValue, msg),
        _ => Diagnostic::error(Code::Syntax, plain),
    };
    told.at(place(file, error), "")
}

/// Where the mistake is. The scanner's own ones come without byte offsets, only with line and column.
fn place(file: &SourceFile, error: &Error) -> SourceSpan {
    let Some(location) = error.location() else { return SourceSpan::default() };
    let span = span_of(location);
    if span != SourceSpan::default() || location.line() <= 1 && location.column() <= 1 {
        return span;
    }
    let mut lines = file.text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(location.line().saturating_sub(1) as usize).map(str::len).sum();
    let line = lines.next().unwrap_or("");
    let column = location.column().saturating_sub(1) as usize;
    let offset = before + line.char_indices().nth(column).map_or(line.trim_end().len(), |(at, _)| at);
    SourceSpan::new(offset, offset)
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
