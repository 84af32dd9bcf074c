//! YAML text to what a file holds: how the parser is set up, and its mistakes in our words.
//!
//! The parser stops at the first mistake of shape; it becomes one [`Diagnostic`] with its place and, for a name that the
//! format does not have, the nearest one that it has. Limits bound what a small hostile text can unfold into. YAML 1.1's
//! `yes`, `no`, `on`, `off` are not booleans, a key given twice is refused, and so are tags.

use serde::de::DeserializeOwned;
use serde_saphyr::Error;

use super::placed::span_of;
use crate::diag::{Code, Diagnostic, SourceFile, SourceSpan, nearest};

/// Most events of the parser (scalars, beginnings and ends). [`SCENARIO_ITEMS_MAX`](crate::base::limits) items of every
/// sort with twenty keys each have about this many.
const EVENTS_MAX: usize = 250_000;

/// Most anchors and aliases: they save repetition, and a thousand of them save nothing any more.
const ALIASES_MAX: usize = 1_000;

/// Deepest nesting of brackets. The format itself has four levels.
const NESTING_MAX: usize = 32;

/// Keys that people try, with the key that means it here. Told where the latter is allowed.
const OTHER_WORDS: [(&str, &str); 25] = [
    ("delay", "latency"),
    ("rate", "bandwidth"),
    ("throttle", "bandwidth"),
    ("drop", "blackhole"),
    ("unplug", "partition"),
    ("profile", "link"),
    ("ping", "rtt"),
    ("spikes", "latency_spikes"),
    ("rst", "reset"),
    ("fin", "close"),
    ("duration", "for"),
    ("lasts", "for"),
    ("start", "at"),
    ("after", "at"),
    ("period", "every"),
    ("interval", "every"),
    ("times", "repeat"),
    ("toxicity", "probability"),
    ("clients", "peers"),
    ("service", "via"),
    ("target", "upstream"),
    ("path", "get"),
    ("url", "get"),
    ("expectations", "expect"),
    ("flap", "link_down"),
];

/// Reads the text of a scenario file, or of one that holds a part of a scenario.
pub(super) fn read<T: DeserializeOwned>(file: &SourceFile) -> Result<T, Box<Diagnostic>> {
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
    let wrong_type = |expected: &str| Diagnostic::error(Code::WrongType, format!("expected {expected}"));
    let span = place(file, error);
    let found = file.slice(span).trim();
    let told = match error {
        Error::AliasError { error, .. } => return told(file, error),
        Error::SerdeUnknownField { field, expected, .. } => unknown_key(field, expected),
        Error::SerdeMissingField { field, .. } => {
            Diagnostic::error(Code::MissingKey, format!("`{field}` is missing here"))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => unknown_value(variant, expected),
        Error::SerdeInvalidType { unexpected, expected, .. } => {
            let found = if unexpected == "unit value" { "nothing" } else { unexpected };
            wrong_type(&format!("{expected}, found {found}"))
        }
        Error::SerdeInvalidValue { unexpected, expected, .. } => {
            let found = unexpected.strip_prefix("integer ").unwrap_or(unexpected);
            Diagnostic::error(Code::BadValue, format!("expected {}, found {found}", number(expected)))
        }
        Error::SerdeInvalidLength { len, .. } => {
            wrong_type(&format!("two instants such as `[0s, 10m]`, found {len}"))
        }
        Error::Unexpected { expected, .. } => {
            let told = wrong_type(&format!("{}, found {}", node(expected), node_found(file, span)));
            let list = *expected == "sequence start";
            told.maybe_hint(list.then(|| "begin each item with `- `".to_owned()))
        }
        Error::InvalidScalar { ty, .. } => wrong_type(&format!("{}, found `{found}`", number(ty))),
        Error::InvalidBooleanStrict { .. } => wrong_type(&format!("`true` or `false`, found `{found}`")),
        Error::NullIntoString { .. } => wrong_type("a value, found nothing"),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or(found);
            Diagnostic::error(Code::DuplicateName, format!("`{key}` is given twice"))
        }
        Error::Message { msg, .. } => Diagnostic::error(Code::BadValue, msg),
        Error::Eof { .. } if file.text.trim().is_empty() => {
            Diagnostic::error(Code::Syntax, "the file is empty").hint("`brownout scenarios` shows examples")
        }
        Error::MultipleDocuments { .. } => {
            Diagnostic::error(Code::Syntax, "one file holds one scenario, and a second document begins here")
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            Diagnostic::error(Code::TooMany, format!("too much for a scenario: {}", plain(error)))
        }
        _ => Diagnostic::error(Code::Syntax, plain(error)),
    };
    told.at(span, "")
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
    let offset = before + line.char_indices().nth(column).map_or(line.trim_end().len(), |(offset, _)| offset);
    SourceSpan::new(offset, offset)
}

fn unknown_key(key: &str, allowed: &[&str]) -> Diagnostic {
    let told = Diagnostic::error(Code::UnknownKey, format!("unknown key `{key}`"));
    if allowed.is_empty() {
        return told.hint("nothing may stand here: write `{}`");
    }
    let meant = OTHER_WORDS.iter().find(|(other, ours)| *other == key && allowed.contains(ours));
    let meant = nearest(key, allowed.iter().copied()).or(meant.map(|(_, ours)| *ours));
    told.hint(suggestion(meant, "the keys here are", allowed))
}

fn unknown_value(value: &str, allowed: &[&str]) -> Diagnostic {
    Diagnostic::error(Code::BadValue, format!("expected one of {}, found `{value}`", listed(allowed)))
        .maybe_hint(nearest(value, allowed.iter().copied()).map(|meant| format!("did you mean `{meant}`?")))
}

fn suggestion(meant: Option<&str>, what: &str, allowed: &[&str]) -> String {
    let all = format!("{what} {}", listed(allowed));
    meant.map_or(all.clone(), |meant| format!("did you mean `{meant}`? {all}"))
}

/// Names in backquotes, with commas.
pub(super) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    quoted.join(", ")
}

/// Rust's name of a number as people say it.
fn number(expected: &str) -> String {
    let words = match expected {
        "u64" | "u32" => "a whole number, 0 or more",
        "a nonzero u32" => "a whole number above 0",
        "u16" => "a whole number from 0 to 65535",
        "i32" => "a whole number",
        other => other,
    };
    words.to_owned()
}

/// The parser's name of a node as people say it.
fn node(expected: &str) -> &str {
    match expected {
        "string scalar" | "scalar" => "a single value",
        "mapping start" => "a mapping such as `{ key: value }`",
        "sequence start" => "a list",
        other => other,
    }
}

/// What stands at a place instead of what was expected.
fn node_found(file: &SourceFile, span: SourceSpan) -> String {
    let rest = file.slice(SourceSpan::new(span.start, file.line_span(span.start).end));
    match (file.slice(span), rest.chars().next()) {
        ("[", _) | ("", Some('-')) => "a list".to_owned(),
        ("{", _) => "a mapping".to_owned(),
        ("", Some(_)) if rest.contains(':') => "a mapping".to_owned(),
        ("", _) => "nothing".to_owned(),
        (text, _) => format!("`{}`", text.trim()),
    }
}

/// The parser's own sentence without its place, which is told apart.
fn plain(error: &Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
