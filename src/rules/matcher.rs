//! `Matcher`: which series a selector means, and Prometheus' regular expressions in Rust's.
//!
//! Both are of RE2's kind and take linear time. They differ where Rust knows Unicode (`\d`, `\w`, `\s`, `\b` are ASCII
//! in Go) and in what a bracket means inside a class; [`go_regex`] writes such things out, so that a pattern means the
//! same or is refused.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::labels::Labels;
use crate::base::limits::RULE_REGEX_BYTES_MAX;

/// One condition on one label.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    pub(super) label: Arc<str>,
    pub(super) test: Test,
}

/// What a label's value must be.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Equal(Arc<str>),
    NotEqual(Arc<str>),
    Matches(Regex),
    MatchesNot(Regex),
}

// === impl Matcher ===

impl Matcher {
    pub(super) fn accepts(&self, labels: &Labels) -> bool {
        self.accepts_value(labels.get(&self.label))
    }

    pub(super) fn accepts_value(&self, value: &str) -> bool {
        match &self.test {
            Test::Equal(wanted) => **wanted == *value,
            Test::NotEqual(unwanted) => **unwanted != *value,
            Test::Matches(regex) => regex.is_match(value),
            Test::MatchesNot(regex) => !regex.is_match(value),
        }
    }
}

/// A regular expression of Prometheus: the whole text must match.
pub(super) fn go_regex(pattern: &str) -> Result<Regex, String> {
    let whole = format!("^(?:{})$", translated(pattern));
    let built = RegexBuilder::new(&whole).size_limit(RULE_REGEX_BYTES_MAX).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("the regular expression needs more than {limit} bytes (RULE_REGEX_BYTES_MAX)")
        }
        error => {
            let text = error.to_string();
            let reason = text.rsplit("error: ").next().unwrap_or_default();
            format!("the regular expression `{pattern}` can't be read: {reason}")
        }
    })
}

/// The pattern with what Rust would read otherwise written out.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        match c {
            '\\' => {
                let escaped = rest[1..].chars().next();
                taken += escaped.map_or(0, char::len_utf8);
                out.push_str(&escape(escaped, in_class));
            }
            '[' if in_class && rest.starts_with("[:") => {
                let name = rest.find(":]").map_or(1, |end| end + 2);
                out.push_str(&rest[..name]);
                taken = name;
            }
            '[' if !in_class => {
                in_class = true;
                // A bracket right at the beginning of a class stands for itself.
                let head = ["[^]", "[]", "[^"].into_iter().find(|head| rest.starts_with(head));
                let head = head.unwrap_or("[");
                out.push_str(&head.replace(']', "\\]"));
                taken = head.len();
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '[' | '&' | '~' if in_class => out.extend(['\\', c]),
            // Two in a row would be a difference of classes.
            '-' if in_class && out.ends_with('-') => out.push_str("\\-"),
            '{' if !in_class && !is_repetition(rest) => out.push_str("\\{"),
            c => out.push(c),
        }
        rest = &rest[taken..];
    }
    out
}

fn escape(escaped: Option<char>, in_class: bool) -> String {
    let class = |inner: &str| if in_class { inner.to_owned() } else { format!("[{inner}]") };
    match escaped {
        Some('d') => class("0-9"),
        Some('w') => class("0-9A-Za-z_"),
        Some('s') => class("\\t\\n\\x0c\\r "),
        Some('D') => "[^0-9]".to_owned(),
        Some('W') => "[^0-9A-Za-z_]".to_owned(),
        Some('S') => "[^\\t\\n\\x0c\\r ]".to_owned(),
        Some('b') if !in_class => "(?-u:\\b)".to_owned(),
        Some(other) => format!("\\{other}"),
        None => "\\".to_owned(),
    }
}

/// Whether a text starts with `{2}`, `{2,}` or `{2,5}`.
fn is_repetition(text: &str) -> bool {
    let Some((inner, _)) = text[1..].split_once('}') else { return false };
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        for (pattern, text, matches) in [
            ("5..", "503", true),
            ("5..", "5030", false),
            ("a|b", "b", true),
            ("\\d+", "42", true),
            ("\\d+", "٤٢", false),
            ("[\\w-]+", "a-b_1", true),
            ("[[]x", "[x", true),
            ("[]x]+", "]x", true),
            ("a{b}", "a{b}", true),
            ("a{2}", "aa", true),
            ("[a&&b]+", "a&b", true),
            ("[[:alpha:]]+", "abc", true),
            ("[+--]+", "+,-", true),
            ("(?i)get", "GET", true),
            ("", "", true),
        ] {
            assert_eq!(go_regex(pattern).expect(pattern).is_match(text), matches, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_bomb_is_refused_by_the_name_of_its_limit() {
        let bomb = "((a{50}){50}){50}";
        assert!(go_regex(bomb).unwrap_err().contains("RULE_REGEX_BYTES_MAX"));
        assert!(go_regex("(").unwrap_err().contains("can't be read"));
    }
}
