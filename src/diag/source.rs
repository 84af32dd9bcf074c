//! `SourceFile`: a file's name and text, and places in it.
//!
//! Spans are byte offsets, as parsers give them; people get lines and columns. Every question has an answer: an offset
//! beyond the end means the end, one inside a character means that character's start, and a span that ends before it
//! starts is empty.

use std::sync::Arc;

/// A file that a person wrote.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// How the person called it: a path, or `<stdin>`.
    pub name: Arc<str>,
    /// Its whole text.
    pub text: Arc<str>,
}

/// A stretch of a file, in bytes: from `start` up to but not including `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceSpan {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A place as people count: from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line; lines end with `\n`.
    pub line: usize,
    /// The column, in characters: a tab, an emoji and a letter are each one.
    pub column: usize,
}

// === impl SourceFile ===

impl SourceFile {
    /// A file with this name and this text.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// The line and the column of a byte.
    pub fn place(&self, offset: usize) -> Place {
        let offset = self.snap(offset);
        let before = &self.text[..offset];
        let line_start = self.line_start(offset);
        let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
        Place { line, column: self.text[line_start..offset].chars().count() + 1 }
    }

    /// The span's text, after its ends were brought into the file.
    pub fn slice(&self, span: SourceSpan) -> &str {
        let span = self.snap_span(span);
        &self.text[span.start..span.end]
    }

    /// The line that a byte lies in, as a span without its line end (`\n` or `\r\n`).
    pub fn line_span(&self, offset: usize) -> SourceSpan {
        let offset = self.snap(offset);
        let start = self.line_start(offset);
        let end = self.text[offset..].find('\n').map_or(self.text.len(), |found| offset + found);
        let line = &self.text[start..end];
        SourceSpan { start, end: start + line.strip_suffix('\r').unwrap_or(line).len() }
    }

    /// The nearest place at or before `offset` that is in the file and starts a character.
    pub fn snap(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// `span` with both ends snapped, and not ending before it starts.
    #[must_use]
    pub fn snap_span(&self, span: SourceSpan) -> SourceSpan {
        let start = self.snap(span.start);
        SourceSpan { start, end: self.snap(span.end).max(start) }
    }

    fn line_start(&self, snapped: usize) -> usize {
        self.text[..snapped].rfind('\n').map_or(0, |found| found + 1)
    }
}

// === impl SourceSpan ===

impl SourceSpan {
    /// From `start` up to but not including `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

impl From<std::ops::Range<usize>> for SourceSpan {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(text: &str, offset: usize) -> (usize, usize) {
        let place = SourceFile::new("x", text).place(offset);
        (place.line, place.column)
    }

    #[test]
    fn lines_and_columns_count_from_one() {
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("ab\ncd", 0), (1, 1));
        assert_eq!(place("ab\ncd", 2), (1, 3), "the line end belongs to its line");
        assert_eq!(place("ab\ncd", 3), (2, 1));
        assert_eq!(place("ab\n", 3), (2, 1), "an end of file after a line end is a line of its own");
        assert_eq!(place("a\r\nb", 3), (2, 1));
        assert_eq!(place("\té🦀x", "\té🦀".len()), (1, 4), "columns are characters");
    }

    #[test]
    fn impossible_offsets_mean_the_nearest_place_before_them() {
        assert_eq!(place("ab", usize::MAX), (1, 3));
        assert_eq!(place("🦀", 2), (1, 1));
        let file = SourceFile::new("x", "a🦀b");
        assert_eq!(file.slice(SourceSpan::new(2, 4)), "");
        assert_eq!(file.slice(SourceSpan::new(5, 1)), "");
        assert_eq!(file.slice(SourceSpan::new(1, 99)), "🦀b");
    }

    #[test]
    fn a_line_comes_without_its_end() {
        let file = SourceFile::new("x", "ab\r\ncd\n");
        for offset in 0..4 {
            assert_eq!(file.slice(file.line_span(offset)), "ab", "{offset}");
        }
        assert_eq!(file.slice(file.line_span(4)), "cd");
        assert_eq!(file.slice(file.line_span(7)), "");
    }

    proptest! {
        /// Places rise with offsets, and nothing panics: a slow walk along the text agrees at every character.
        #[test]
        fn places_agree_with_a_walk(text in "[a\n\r\té🦀]{0,40}") {
            let file = SourceFile::new("x", text.as_str());
            let (mut line, mut column) = (1, 1);
            for (offset, character) in text.char_indices() {
                prop_assert_eq!(file.place(offset), Place { line, column });
                for inside in offset..offset + character.len_utf8() {
                    prop_assert_eq!(file.place(inside), Place { line, column });
                    let around = file.line_span(inside);
                    prop_assert!(!file.slice(around).contains('\n'));
                }
                (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
        }
    }
}
