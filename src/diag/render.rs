//! Rendering: a list of diagnostics, as a person reads it.
//!
//! The shape is rustc's: what is wrong, where, the marked line, a hint; sorted by place, each mistake told once, at most
//! [`SHOWN_MAX`] of them, and their number at the end. A span over several lines is marked in its first one.
//!
//! File text, names and messages are hostile. Before anything is drawn, each character that a terminal would obey or
//! that would hide another is replaced by a visible one, long lines are cut to a window around the mark, and long texts
//! end in an ellipsis. So the result is bounded, whatever the file holds. The drawing itself is annotate-snippets'.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use annotate_snippets::renderer::{AnsiColor, Effects, Style};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Place, Severity, SourceFile, SourceSpan};

/// Most diagnostics that are shown; of the rest, their number. Twenty fill a screen, and the first one often causes
/// the others.
pub(super) const SHOWN_MAX: usize = 20;

/// Most notes at other places that one diagnostic shows.
const NOTES_MAX: usize = 8;

/// Longest message, label, hint or name, in characters.
const TEXT_CHARS_MAX: usize = 600;

/// Most characters of one line that are shown. A longer line is cut around its mark.
const LINE_CHARS_MAX: usize = 120;

/// How many characters before the mark a cut line shows.
const LINE_CHARS_BEFORE: usize = 30;

/// Marks further apart than so many lines get a heading of their own.
const NEAR_LINES_MAX: usize = 50;

/// Wider than any line that we draw, so that annotate-snippets doesn't cut what is already cut.
const TERM_WIDTH: usize = 2 * (LINE_CHARS_MAX * 4 + TEXT_CHARS_MAX);

/// The colour of arrows; annotate-snippets draws its gutter in it.
const GUTTER_HUE: AnsiColor = AnsiColor::BrightBlue;

/// Stands for what was cut.
const ELLIPSIS: char = '…';

/// Whether the text carries colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// No colours: files, pipes, `NO_COLOR`.
    Plain,
    /// ANSI escape sequences.
    Ansi,
}

/// A marked stretch of one line, as offsets into the file.
struct Mark<'a> {
    line: usize,
    span: SourceSpan,
    label: &'a str,
    kind: AnnotationKind,
}

/// Tells `diagnostics` of `file`; ends with a line that counts them. Nothing to tell gives an empty text.
pub fn render(file: &SourceFile, diagnostics: &[Diagnostic], colour: Colour) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.span);
    let mut told = BTreeSet::new();
    sorted.retain(|d| told.insert((d.span, d.code, d.message.as_str())));
    if sorted.is_empty() {
        return String::new();
    }

    let mut text = String::new();
    render_all(file, &sorted, colour, &mut text).expect("writing to a `String` does not fail");
    text
}

fn render_all(file: &SourceFile, sorted: &[&Diagnostic], colour: Colour, text: &mut String) -> fmt::Result {
    for diagnostic in sorted.iter().take(SHOWN_MAX) {
        render_one(file, diagnostic, colour, text)?;
        writeln!(text)?;
    }
    if sorted.len() > SHOWN_MAX {
        writeln!(text, "and {} more\n", sorted.len() - SHOWN_MAX)?;
    }
    writeln!(text, "{}", count_line(file, sorted, colour))
}

fn render_one(file: &SourceFile, diagnostic: &Diagnostic, colour: Colour, text: &mut String) -> fmt::Result {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let renderer = match colour {
        Colour::Plain => Renderer::plain(),
        Colour::Ansi => Renderer::styled(),
    };
    let renderer = renderer.term_width(TERM_WIDTH);
    let title = level.clone().primary_title(tame(&diagnostic.message)).id(diagnostic.code.as_str());
    writeln!(text, "{}", renderer.render(&[Group::with_title(title)]))?;
    if diagnostic.span.is_none() {
        writeln!(text, " {} {}", paint("-->", GUTTER_HUE, colour), tame(&file.name))?;
    }
    // annotate-snippets would take the columns of its headings from the lines that it sees, which may be cut: the
    // headings are ours.
    let mut arrow = if diagnostic.span.is_none() { ":::" } else { "-->" };
    for near in clusters(&marks(file, diagnostic)) {
        let head = near.iter().find(|mark| mark.kind == AnnotationKind::Primary).unwrap_or(&near[0]);
        let Place { line, column } = file.place(head.span.start);
        let gutter = near[near.len() - 1].line.to_string().len();
        let heading = paint(&format!("{:gutter$}{arrow}", ""), GUTTER_HUE, colour);
        writeln!(text, "{heading} {}:{line}:{column}", tame(&file.name))?;
        let group = Group::with_level(level.clone()).element(snippet(file, near));
        writeln!(text, "{}", renderer.render(&[group]))?;
        arrow = ":::";
    }
    if let Some(hint) = &diagnostic.hint {
        let heading = paint("hint", AnsiColor::BrightCyan, colour);
        writeln!(text, "{heading}: {}", tame(hint))?;
    }
    Ok(())
}

/// Neighbouring marks together, those with the primary mark first.
fn clusters<'m, 'a>(marks: &'m [Mark<'a>]) -> Vec<&'m [Mark<'a>]> {
    let mut clusters: Vec<_> = marks.chunk_by(|a, b| b.line - a.line <= NEAR_LINES_MAX).collect();
    clusters.sort_by_key(|near| near.iter().all(|mark| mark.kind != AnnotationKind::Primary));
    clusters
}

/// What is to be marked, by line.
fn marks<'a>(file: &SourceFile, diagnostic: &'a Diagnostic) -> Vec<Mark<'a>> {
    let primary =
        diagnostic.span.iter().map(|span| (*span, diagnostic.label.as_str(), AnnotationKind::Primary));
    let notes = diagnostic.notes.iter().take(NOTES_MAX);
    let notes = notes.map(|(span, label)| (*span, label.as_str(), AnnotationKind::Context));
    let mut marks: Vec<Mark<'a>> = primary
        .chain(notes)
        .map(|(span, label, kind)| {
            let span = file.snap_span(span);
            let line = file.line_span(span.start);
            // A mark on the `\r` of a line end is one at the end of the line.
            let start = span.start.min(line.end);
            let span = SourceSpan::new(start, span.end.clamp(start, line.end));
            Mark { line: file.place(start).line, span, label, kind }
        })
        .collect();
    marks.sort_by_key(|mark| mark.line);
    marks
}

/// The lines from the first to the last of `marks` with each mark in its place.
fn snippet<'a>(file: &SourceFile, marks: &[Mark<'_>]) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let mut source = String::new();
    let mut annotations = Vec::with_capacity(marks.len());
    let mut line_start = file.line_span(marks[0].span.start).start;
    for number in marks[0].line..=marks[marks.len() - 1].line {
        let line = file.line_span(line_start);
        let here: Vec<&Mark<'_>> = marks.iter().filter(|mark| mark.line == number).collect();
        let shown = window(file, line, &here);
        let base = source.len();
        let position = |offset: usize| {
            let inside = SourceSpan::new(shown.start, offset.clamp(shown.start, shown.end));
            let ellipsis = if shown.start > line.start { ELLIPSIS.len_utf8() } else { 0 };
            base + ellipsis + visible(file.slice(inside)).len()
        };
        for mark in here {
            let span = position(mark.span.start)..position(mark.span.end);
            let label = (!mark.label.is_empty()).then(|| tame(mark.label));
            annotations.push(mark.kind.span(span).label(label));
        }
        if shown.start > line.start {
            source.push(ELLIPSIS);
        }
        source.push_str(&visible(file.slice(shown)));
        if shown.end < line.end {
            source.push(ELLIPSIS);
        }
        source.push('\n');
        line_start = file.text[line.end..].find('\n').map_or(line.end, |end| line.end + end + 1);
    }
    // Without it, a mark at the end of an empty last line would fall on the line before.
    source.push(' ');
    Snippet::source(source).line_start(marks[0].line).annotations(annotations)
}

/// The part of `line` that is shown: all of a short one, of a long one the surroundings of its first mark.
fn window(file: &SourceFile, line: SourceSpan, marks: &[&Mark<'_>]) -> SourceSpan {
    let chars_of = |start: usize, count: usize| {
        let rest = file.slice(SourceSpan::new(start, line.end));
        rest.char_indices().nth(count).map_or(line.end, |(offset, _)| start + offset)
    };
    if chars_of(line.start, LINE_CHARS_MAX) == line.end {
        return line;
    }
    let primary = marks.iter().find(|mark| mark.kind == AnnotationKind::Primary);
    let focus = primary.or(marks.first()).map_or(line.start, |mark| mark.span.start);
    let before = file.slice(SourceSpan::new(line.start, focus));
    let start = match before.char_indices().rev().nth(LINE_CHARS_BEFORE - 1) {
        Some((offset, _)) if before.chars().nth(LINE_CHARS_MAX / 2).is_some() => line.start + offset,
        _ => line.start,
    };
    SourceSpan::new(start, chars_of(start, LINE_CHARS_MAX))
}

/// `text` with every character that acts on a terminal, or hides, replaced by one that is seen: one for one, so that
/// columns stay true.
fn visible(text: &str) -> String {
    text.chars().map(visible_char).collect()
}

fn visible_char(c: char) -> char {
    match c {
        '\t' => '\t', // annotate-snippets makes spaces of it
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '␡',
        // The second set of controls; bidirectional controls; invisible joiners, separators and tags.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        c => c,
    }
}

/// A message, label, hint or name as one visible line of bounded length.
fn tame(text: &str) -> String {
    let mut tame: String = text
        .chars()
        .take(TEXT_CHARS_MAX)
        .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { visible_char(c) })
        .collect();
    if text.chars().nth(TEXT_CHARS_MAX).is_some() {
        tame.push(ELLIPSIS);
    }
    tame
}

fn count_line(file: &SourceFile, told: &[&Diagnostic], colour: Colour) -> String {
    let errors = told.iter().filter(|d| d.severity == Severity::Error).count();
    let counted = |count: usize, noun: &str| match count {
        0 => None,
        1 => Some(format!("1 {noun}")),
        _ => Some(format!("{count} {noun}s")),
    };
    let counts = [counted(errors, "mistake"), counted(told.len() - errors, "warning")];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    let (word, hue) =
        if errors > 0 { ("error", AnsiColor::BrightRed) } else { ("warning", AnsiColor::Yellow) };
    format!("{}: {} in {}", paint(word, hue, colour), counts.join(" and "), tame(&file.name))
}

fn paint(word: &str, hue: AnsiColor, colour: Colour) -> String {
    match colour {
        Colour::Plain => word.to_owned(),
        Colour::Ansi => {
            let style = Style::new().fg_color(Some(hue.into())).effects(Effects::BOLD);
            format!("{style}{word}{style:#}")
        }
    }
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
