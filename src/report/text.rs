//! Text that people read: made harmless, measured, cut, padded and wrapped; and numbers in words.
//!
//! Names and reasons come from files, peers and operating systems. [`clean`] is the one place where they are made
//! harmless: no control character, escape sequence or direction override reaches a terminal, and a line break can't
//! forge a line of a report. Every renderer that writes lines goes through it.

use std::borrow::Cow;
use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::base::format_duration;

/// What stands for something that was not observed.
pub(super) const UNKNOWN: &str = "-";

/// `text` on one line and without anything that acts on a terminal: white space becomes a space, anything else that
/// isn't visible its escape (`\u{1b}`).
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => safe.push(' '),
            c if is_unsafe(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Control characters (C0, DEL, C1), line separators, direction overrides and isolates, zero-width characters,
/// and what no document may contain.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{ffff}' | '\u{e0000}'..='\u{e007f}' | '\u{ad}' | '\u{61c}')
}

/// `text` within markup (HTML, SVG), made harmless.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// `text` in ASCII alone, for terminals and logs that know nothing else.
pub(super) fn to_ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() => plain.push(c),
            'µ' => plain.push('u'),
            '±' => plain.push_str("+-"),
            '×' => plain.push('x'),
            '–' | '—' => plain.push('-'),
            '’' => plain.push('\''),
            '…' => plain.push('~'),
            _ => plain.push('?'),
        }
    }
    plain
}

/// Columns that `text` takes in a terminal.
pub(super) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` in at most `columns` columns; what is cut off is marked by an ellipsis.
pub(super) fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        cut.push(c);
    }
    if columns > 0 {
        cut.push('…');
    }
    cut
}

/// `text` filled up with spaces behind it.
pub(super) fn pad_right(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `text` broken at spaces into lines of at most `columns` columns; a longer word stands alone, whole.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    wrap_parts(&words, " ", columns)
}

/// Parts joined by `gap` into lines of at most `columns` columns; no part is broken.
pub(super) fn wrap_parts(parts: &[&str], gap: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if width(line) + width(gap) + width(part) <= columns => {
                line.push_str(gap);
                line.push_str(part);
            }
            _ => lines.push((*part).to_owned()),
        }
    }
    lines
}

/// `1 probe`, `2 probes`.
pub(super) fn plural(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// A duration, or that it was not observed.
pub(super) fn duration(duration: Option<Duration>) -> String {
    duration.map_or_else(|| UNKNOWN.to_owned(), format_duration)
}

/// A ratio in percent with one decimal, or more where that would say none or all of what is only nearly so.
pub(super) fn percent(ratio: f64) -> String {
    if ratio <= 0.0 || ratio >= 1.0 {
        return if ratio <= 0.0 { "0%".to_owned() } else { "100%".to_owned() };
    }
    for digits in 1..6 {
        let text = format!("{:.digits$}", ratio * 100.0);
        let rounded: f64 = text.parse().unwrap_or(0.0);
        if rounded > 0.0 && rounded < 100.0 {
            return format!("{text}%");
        }
    }
    if ratio < 0.5 { "<0.00001%".to_owned() } else { ">99.99999%".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_passes() {
        for (hostile, safe) in [
            ("plain µ 日本", "plain µ 日本"),
            ("a\nb\tc\r\n", "a b c  "),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("a\u{202e}b\u{200b}", "a\\u{202e}b\\u{200b}"),
        ] {
            assert_eq!(clean(hostile), safe);
        }
    }

    #[test]
    fn cutting_counts_columns_and_never_splits_a_character() {
        assert_eq!(fit("latency", 7), "latency");
        assert_eq!(fit("latency", 6), "laten…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("日本語", 0), "");
        assert_eq!(pad_right("日本", 6), "日本  ");
    }

    #[test]
    fn wrapping_keeps_long_words_whole() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensible x", 4), ["incomprehensible", "x"]);
    }

    #[test]
    fn a_percentage_never_says_all_of_what_is_only_nearly_so() {
        for (ratio, text) in [
            (0.0, "0%"),
            (1.0, "100%"),
            (0.934_4, "93.4%"),
            (0.999_9, "99.99%"),
            (0.000_1, "0.01%"),
            (0.5, "50.0%"),
        ] {
            assert_eq!(percent(ratio), text);
        }
        assert_eq!(percent(1.0 - 1e-12), ">99.99999%");
    }
}
