//! `Document`: a scenario file composed from flags, and the way back from its places to theirs.
//!
//! Flags become a scenario as the loader knows it, so nothing that the loader does is done twice. Whatever is copied from a
//! flag into the document is remembered with its place in the flag's own text; a mistake that the loader finds in the
//! document is told there. The document is one line of YAML's flow style.

use std::ops::Range;

use crate::diag::{Diagnostic, SourceFile, SourceSpan};

/// A scenario in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    yaml: String,
    pieces: Vec<Piece>,
    /// Where each fault stands in the document.
    faults: Vec<Range<usize>>,
}

/// A stretch of the document that was copied from the flags.
#[derive(Clone, Debug)]
struct Piece {
    place: Range<usize>,
    source: SourceSpan,
}

// === impl Document ===

impl Document {
    /// Adds text of our own.
    pub(super) fn write(&mut self, yaml: &str) {
        self.yaml.push_str(yaml);
    }

    /// Adds text that stands for what the flags say at `source`.
    pub(super) fn write_from(&mut self, yaml: &str, source: SourceSpan) {
        let start = self.yaml.len();
        self.yaml.push_str(yaml);
        self.pieces.push(Piece { place: start..self.yaml.len(), source });
    }

    /// Adds a value as a scalar: plain where that is unmistakable, so that numbers stay numbers; else in quotes.
    pub(super) fn write_scalar(&mut self, text: &str, source: SourceSpan) {
        if is_plain(text) {
            return self.write_from(text, source);
        }
        self.write("'");
        self.write_from(&text.replace('\'', "''"), source);
        self.write("'");
    }

    /// Adds a fault, as `compose` writes it.
    pub(super) fn write_fault<E>(
        &mut self,
        compose: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let (start, pieces) = (self.yaml.len(), self.pieces.len());
        let composed = compose(self);
        if composed.is_err() {
            self.yaml.truncate(start);
            self.pieces.truncate(pieces);
        }
        // The next one needs the comma, and the last one bears it. A place for each, whatever came of it.
        self.yaml.push_str(if composed.is_err() { "" } else { ", " });
        self.faults.push(start..self.yaml.len());
        composed
    }

    /// The document as a file called `name`.
    pub(super) fn file(&self, name: &str) -> SourceFile {
        SourceFile::new(name, self.yaml.as_str())
    }

    /// Which fault a place of the document belongs to.
    pub(super) fn fault_at(&self, span: SourceSpan) -> Option<usize> {
        self.faults.iter().position(|fault| fault.contains(&span.start))
    }

    /// Blanks a fault, so that the rest can be read without it. False if it was blank already.
    pub(super) fn blank(&mut self, fault: usize) -> bool {
        let place = self.faults[fault].clone();
        let blank = " ".repeat(place.len());
        let had_text = self.yaml[place.clone()] != blank;
        self.yaml.replace_range(place, &blank);
        had_text
    }

    /// A mistake in the document as one in the flags.
    pub(super) fn told(&self, mistake: Diagnostic) -> Diagnostic {
        let words = |text: String| in_flags_words(&text);
        let notes = mistake.notes.into_iter();
        Diagnostic {
            span: mistake.span.and_then(|span| self.source(span)),
            notes: notes.filter_map(|(span, label)| Some((self.source(span)?, words(label)))).collect(),
            message: words(mistake.message),
            label: words(mistake.label),
            hint: mistake.hint.map(words),
            ..mistake
        }
    }

    /// The place in the flags of a place in the document: what was copied there, or else the fault around it.
    fn source(&self, span: SourceSpan) -> Option<SourceSpan> {
        let touched = |piece: &&Piece| {
            let starts_within = piece.place.start <= span.start && span.start < piece.place.end;
            starts_within || (span.start <= piece.place.start && piece.place.start < span.end)
        };
        let mut pieces = self.pieces.iter().filter(touched);
        let Some(first) = pieces.next() else { return self.whole_fault(span) };
        let last = pieces.next_back().unwrap_or(first);
        let start = first.source.start + span.start.saturating_sub(first.place.start);
        let beyond = last.place.end.saturating_sub(span.end);
        Some(SourceSpan::new(start.min(first.source.end), last.source.end.saturating_sub(beyond)))
    }

    fn whole_fault(&self, span: SourceSpan) -> Option<SourceSpan> {
        let fault = &self.faults[self.fault_at(span)?];
        let mut within = self.pieces.iter().filter(|piece| fault.contains(&piece.place.start));
        let first = within.next()?;
        Some(SourceSpan::new(first.source.start, within.next_back().unwrap_or(first).source.end))
    }
}

/// Whether YAML reads it as one plain scalar, in brackets too.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._%/~+-".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain)
}

/// Advice for files as advice for flags: `for: 10s` is written `for=10s`, and how long a scenario lasts is `--for`.
fn in_flags_words(text: &str) -> String {
    let quoted = |(place, part): (usize, &str)| {
        if place % 2 == 0 {
            return part.to_owned();
        }
        match part.strip_prefix("duration") {
            Some(rest) => format!("--for{}", rest.replace(": ", " ")),
            None if part.starts_with(['{', '[']) => part.to_owned(),
            None => part.replacen(": ", "=", 1),
        }
    };
    text.split('`').enumerate().map(quoted).collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Code;

    #[test]
    fn places_lead_back_to_the_flags() {
        let mut document = Document::default();
        document.write("{faults: [");
        let composed = document.write_fault(|document| {
            document.write("{");
            document.write_from("latency", SourceSpan::new(2, 9));
            document.write(": ");
            document.write_scalar("it's", SourceSpan::new(10, 14));
            document.write("}");
            Ok::<(), ()>(())
        });
        document.write("]}");
        assert_eq!((composed, document.yaml.as_str()), (Ok(()), "{faults: [{latency: 'it''s'}, ]}"));
        let told = |start, end| {
            let mistake = Diagnostic::error(Code::BadValue, "bad").at(SourceSpan::new(start, end), "");
            document.told(mistake).span.map(|span| (span.start, span.end))
        };
        assert_eq!(told(11, 18), Some((2, 9)), "the key");
        assert_eq!(told(21, 26), Some((10, 14)), "the value");
        assert_eq!(told(11, 26), Some((2, 14)), "both");
        assert_eq!(told(10, 11), Some((2, 14)), "the bracket stands for the fault");
        assert_eq!(told(0, 1), None, "what no flag says has no place");
        let mut blanked = document.clone();
        assert!(blanked.blank(0) && !blanked.blank(0));
        assert_eq!(blanked.yaml.trim_end_matches("]}").trim_end(), "{faults: [");
    }

    #[test]
    fn advice_is_given_in_the_words_of_flags() {
        assert_eq!(
            in_flags_words("write `for: 30s`, or leave `for` out"),
            "write `for=30s`, or leave `for` out"
        );
        assert_eq!(in_flags_words("raise `duration` to `1h`"), "raise `--for` to `1h`");
        assert_eq!(in_flags_words("write `duration: 30s`, say"), "write `--for 30s`, say");
        assert_eq!(in_flags_words("or `{ mean: 1s }`"), "or `{ mean: 1s }`");
    }
}
