//! Where things stand: a value of the file with its place, and the place of each byte of a text inside it.
//!
//! YAML folds lines, strips indents and knows four kinds of quotes, so the third character of an expression is not the
//! third of its value in the file. [`places`] finds each character again: what YAML changes is white space and escapes,
//! and everything else comes in the same order.

use serde::{Deserialize, Deserializer};

use crate::diag::{SourceFile, SourceSpan};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: SourceSpan,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { value: spanned.value, span: span_of(spanned.referenced) })
    }
}

impl<T: PartialEq> PartialEq for Placed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Placed<T> {}

impl<T: std::hash::Hash> std::hash::Hash for Placed<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

/// A location of the parser as a span; the start of the file, if it knows none.
pub(super) fn span_of(location: serde_saphyr::Location) -> SourceSpan {
    let span = location.span();
    let start = span.byte_offset().unwrap_or_default() as usize;
    SourceSpan::new(start, start + span.byte_len().unwrap_or_default() as usize)
}

/// For each byte of `text`, which the file has somewhere from `span.start` on, its offset in the file.
pub(super) fn places(file: &SourceFile, span: SourceSpan, text: &str) -> Vec<usize> {
    let mut places = Vec::with_capacity(text.len());
    let mut at = first_character(file, span.start);
    let double_quoted = file.text[..at].ends_with('"');
    for c in text.chars() {
        if !c.is_whitespace() {
            at = next_match(&file.text, at, c, double_quoted);
        }
        places.extend(std::iter::repeat_n(at.min(file.text.len()), c.len_utf8()));
        if !c.is_whitespace() {
            at += file.text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    places
}

/// The place in the file of a stretch of the text that `places` belongs to.
pub(super) fn file_span(places: &[usize], start: usize, end: usize) -> SourceSpan {
    let Some(&last) = places.last() else { return SourceSpan::default() };
    let from = places.get(start).copied().unwrap_or(last + 1);
    let until = if end > start { places.get(end - 1).map_or(last, |last| *last) + 1 } else { from };
    SourceSpan::new(from, until.max(from))
}

/// Where a value's own characters begin: behind a block's header (`|-`, `>`) or an opening quote.
fn first_character(file: &SourceFile, start: usize) -> usize {
    let start = file.snap(start);
    match file.text[start..].chars().next() {
        Some('|' | '>') => file.line_span(start).end,
        Some('"' | '\'') => start + 1,
        _ => start,
    }
}

/// The next place from `at` on where `c` stands, beyond white space and escapes.
fn next_match(text: &str, mut at: usize, c: char, double_quoted: bool) -> usize {
    let start = at;
    while let Some(found) = text[at..].chars().next() {
        if double_quoted && found == '\\' {
            let escaped = text[at + 1..].chars().next();
            if escaped == Some(c) {
                return at + 1;
            }
            at += 1 + escaped.map_or(0, char::len_utf8);
        } else if found == c {
            return at;
        } else {
            at += found.len_utf8();
        }
    }
    // An escape such as `\x41` hides a character: stay where it was sought.
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_found_again_in_every_style() {
        let cases = [
            ("a: up == 0", 3, "up == 0", 6),
            ("a: |\n  up\n    == 0\n", 3, "up\n  == 0\n", 14),
            ("a: >-\n  up\n  == 0\n", 3, "up == 0", 13),
            ("a: \"up{j=\\\"x\\\"} == 0\"", 3, "up{j=\"x\"} == 0", 16),
            ("a: 'up{j=''x''} == 0'", 3, "up{j='x'} == 0", 16),
            ("a: \"up\\n== 0\"", 3, "up\n== 0", 8),
        ];
        for (file, start, text, expected) in cases {
            let file = SourceFile::new("f", file);
            let places = places(&file, SourceSpan::new(start, start), text);
            let sign = text.find("==").unwrap();
            assert_eq!(places[sign], expected, "{text:?}");
            assert_eq!(file.slice(file_span(&places, sign, sign + 2)), "==", "{text:?}");
            assert_eq!(places.len(), text.len());
        }
    }

    proptest::proptest! {
        /// Any two texts, however unlike, give places within the file.
        #[test]
        fn places_stay_in_the_file(file in ".{0,40}", start in 0_usize..50, text in ".{0,40}") {
            let file = SourceFile::new("f", file);
            for place in places(&file, SourceSpan::new(start, start), &text) {
                proptest::prop_assert!(place <= file.text.len());
            }
        }
    }
}
