//! Recordings of real paths, and how they are read: delays, pings, and mahimahi's packet-delivery traces.
//!
//! A kind that replays one holds either its values, given in the scenario itself, or the name of a file. Nothing here opens
//! a file: the text comes from whoever reads scenarios, and what is wrong with it is told by line and column of that text,
//! the first few places and the number of all.

mod delays;
mod packets;
mod ping;
mod samples;

pub(super) use delays::DelayTraceFields;
pub use delays::{AtEnd, DelayTrace, Lost};
pub use packets::PacketTrace;
pub(super) use packets::PacketTraceFields;
pub use samples::SampleSource;

use crate::base::limits::TRACE_ENTRIES_MAX;

/// How many mistakes of one text are told by their place. A file of another format is wrong in every line.
const MISTAKES_TOLD_MAX: usize = 5;

/// A mistake in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextMistake {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What is wrong.
    pub message: String,
}

/// The mistakes in a text: at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextMistakes {
    /// The first few.
    pub first: Vec<TextMistake>,
    /// How many there are in all.
    pub count: usize,
}

/// A line with something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line<'a> {
    /// Without the space around it.
    text: &'a str,
    /// Where that begins, in bytes.
    start: usize,
}

// === impl TextMistakes ===

impl TextMistakes {
    fn push(&mut self, line: Line<'_>, message: impl Into<String>) {
        self.count += 1;
        if self.first.len() < MISTAKES_TOLD_MAX {
            let end = line.start + line.text.len();
            self.first.push(TextMistake { start: line.start, end, message: message.into() });
        }
    }

    /// Something that is wrong with the text as a whole.
    fn whole(message: impl Into<String>) -> Self {
        let mut mistakes = Self::default();
        mistakes.push(Line { text: "", start: 0 }, message);
        mistakes
    }

    /// The value, if nothing was told.
    fn or<T>(self, value: T) -> Result<T, Self> {
        if self.count == 0 { Ok(value) } else { Err(self) }
    }
}

/// The lines of a text, up to the last one that holds something: empty ones among them have an empty text.
fn lines(text: &str) -> Result<Vec<Line<'_>>, TextMistakes> {
    let mut lines = Vec::new();
    let mut offset = 0;
    for line in text.trim_end().split_inclusive('\n') {
        if lines.len() > TRACE_ENTRIES_MAX {
            let told = format!("a trace has at most {TRACE_ENTRIES_MAX} entries (`TRACE_ENTRIES_MAX`)");
            return Err(TextMistakes::whole(told));
        }
        let text = line.trim();
        // An empty line stands where it begins.
        let before = if text.is_empty() { 0 } else { line.len() - line.trim_start().len() };
        lines.push(Line { text, start: offset + before });
        offset += line.len();
    }
    if lines.is_empty() { Err(TextMistakes::whole("the file is empty")) } else { Ok(lines) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_know_their_places() {
        let told: Vec<_> = lines("a\r\n\n  b \nc\n\n").unwrap().iter().map(|l| (l.text, l.start)).collect();
        assert_eq!(told, [("a", 0), ("", 3), ("b", 6), ("c", 9)]);
        assert_eq!(lines(" \n").unwrap_err().first[0].message, "the file is empty");
    }

    #[test]
    fn only_the_first_mistakes_are_kept() {
        let mut mistakes = TextMistakes::default();
        (0..1_000).for_each(|start| mistakes.push(Line { text: "x", start }, "wrong"));
        assert_eq!((mistakes.first.len(), mistakes.count), (MISTAKES_TOLD_MAX, 1_000));
    }
}
