//! What a report for people is drawn on: lines of toned text, made harmless, measured, coloured at the very end.
//!
//! Everything that is put on a [`Line`] goes through [`clean`](super::text::clean) and is measured in terminal columns
//! before any colour is added, so hostile names can't act on the terminal and colours can't disturb the columns. In
//! ASCII a last pass holds the whole page to it. Colour only repeats what words and signs say already.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::text;

/// How a report for people is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Columns of the terminal; held between 60 and 160.
    pub width: usize,
    /// Whether it may be coloured.
    pub color: Color,
    /// Which characters it may use.
    pub charset: Charset,
}

/// Whether a report is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// No escape sequence at all.
    Plain,
    /// ANSI colours.
    Ansi,
}

/// Which characters a report uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Block and shade characters, marks.
    Unicode,
    /// ASCII alone.
    Ascii,
}

/// What a piece of text is to its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Just text.
    Plain,
    /// A heading or a name.
    Strong,
    /// Of less weight.
    Dim,
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// To be looked at.
    Warn,
    /// What brownout did.
    Fault,
}

/// One line.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    spans: Vec<(Tone, String)>,
    columns: usize,
}

/// Lines, in order.
#[derive(Debug)]
pub(super) struct Page {
    /// How it is drawn.
    pub(super) view: View,
    out: String,
}

/// Narrower than this nothing is aligned any more; wider than this the eye loses its line.
const WIDTHS: (usize, usize) = (60, 160);

// === impl View ===

impl View {
    /// The width, held within what can be laid out.
    pub(super) fn columns(self) -> usize {
        self.width.clamp(WIDTHS.0, WIDTHS.1)
    }

    /// One of two signs for the same thing.
    pub(super) const fn sign(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self.charset {
            Charset::Unicode => unicode,
            Charset::Ascii => ascii,
        }
    }
}

// === impl Tone ===

impl Tone {
    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(anstyle::Color::Ansi(color)));
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => color(AnsiColor::Green),
            Self::Bad => color(AnsiColor::Red).bold(),
            Self::Warn => color(AnsiColor::Yellow),
            Self::Fault => color(AnsiColor::Magenta),
        }
    }
}

// === impl Line ===

impl Line {
    /// An empty line.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A line that begins with `columns` spaces.
    pub(super) fn indented(columns: usize) -> Self {
        Self::new().to(columns)
    }

    /// Appends `text`, made harmless.
    #[must_use]
    pub(super) fn put(mut self, tone: Tone, text: impl AsRef<str>) -> Self {
        let safe = text::clean(text.as_ref());
        self.columns += text::width(&safe);
        self.spans.push((tone, safe.into_owned()));
        self
    }

    /// Appends spaces up to `column`; at least none.
    #[must_use]
    pub(super) fn to(self, column: usize) -> Self {
        let gap = column.saturating_sub(self.columns);
        if gap == 0 { self } else { self.put(Tone::Plain, " ".repeat(gap)) }
    }

    /// Appends `text` so that it ends before `column`; after a space if it would not fit.
    #[must_use]
    pub(super) fn put_right(self, tone: Tone, text: impl AsRef<str>, column: usize) -> Self {
        let text = text::clean(text.as_ref()).into_owned();
        let start = column.saturating_sub(text::width(&text)).max(self.columns + 1);
        self.to(start).put(tone, text)
    }

    /// Columns so far.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }
}

// === impl Page ===

impl Page {
    /// An empty page.
    pub(super) const fn new(view: View) -> Self {
        Self { view, out: String::new() }
    }

    /// Adds a line. Spaces at its end are left out.
    pub(super) fn push(&mut self, line: Line) {
        let mut spans = line.spans;
        while let Some((_, last)) = spans.last_mut() {
            last.truncate(last.trim_end().len());
            if !last.is_empty() {
                break;
            }
            spans.pop();
        }
        for (tone, text) in spans {
            let text = match self.view.charset {
                Charset::Unicode => text,
                Charset::Ascii => text::to_ascii(&text),
            };
            match self.view.color {
                Color::Ansi if tone != Tone::Plain && !text.trim().is_empty() => {
                    let style = tone.style();
                    write!(self.out, "{style}{text}{style:#}").expect("writing into a string does not fail");
                }
                Color::Ansi | Color::Plain => self.out.push_str(&text),
            }
        }
        self.out.push('\n');
    }

    /// Adds an empty line.
    pub(super) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// Adds `text` in lines of the page's width, indented by `indent`.
    pub(super) fn paragraph(&mut self, tone: Tone, text: &str, indent: usize) {
        let columns = self.view.columns().saturating_sub(indent);
        for line in text::wrap(&text::clean(text), columns) {
            self.push(Line::indented(indent).put(tone, line));
        }
    }

    /// The finished page.
    pub(super) fn finish(self) -> String {
        self.out
    }
}
