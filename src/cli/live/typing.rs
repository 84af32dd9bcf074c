//! The line in which a fault is typed, with what is wrong with it below.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::columns::{fit, left};
use super::draw::{Palette, lines};
use super::ui::Input;
use crate::diag::Diagnostic;

/// Lines that it takes: the text, the marks below it, the message, the hint.
pub(super) const HEIGHT: usize = 4;

const HELP: &str = "Enter: in force from now   Esc: leave   such as: latency 80ms~20ms   loss 1%,for=30s";

/// Draws it, and puts the cursor where the next character goes.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, input: &Input, service: &str, palette: Palette) {
    let width = usize::from(area.width);
    let prompt = match &input.replaces {
        None => format!(" add to {} ▸ ", fit(service, 20)),
        Some(fault) => format!(" change {} ▸ ", fit(fault, 20)),
    };
    let room = width.saturating_sub(prompt.width() + 1);
    // A text that is too long moves to the left, so that the cursor stays in sight.
    let before = input.text[..input.cursor].width();
    let skipped = before.saturating_sub(room.saturating_sub(1));
    let mut shown = Line::from(vec![
        Span::styled(prompt.clone(), Palette::STRONG),
        Span::raw(left(&skip(&input.text, skipped), room)),
    ]);
    if skipped > 0 {
        shown.push_span(Span::styled("…", Palette::DIM));
    }
    let mut below = vec![shown];
    match &input.mistake {
        None => below.extend([Line::default(), Line::styled(fit(&format!(" {HELP}"), width), Palette::DIM)]),
        Some(mistake) => {
            let marks = marks(&input.text, mistake, prompt.width(), skipped);
            below.push(Line::styled(fit(&marks, width), palette.bad()));
            below.push(Line::styled(fit(&format!(" {}", mistake.message), width), palette.bad()));
            let hint = mistake.hint.clone().unwrap_or_else(|| mistake.label.clone());
            below.push(Line::styled(fit(&format!(" {hint}"), width), Palette::DIM));
        }
    }
    lines(frame, area, below);
    let column = u16::try_from(prompt.width() + before - skipped).unwrap_or(u16::MAX);
    frame.set_cursor_position(Position::new(area.x.saturating_add(column), area.y));
}

/// `text` without so many columns at its beginning.
fn skip(text: &str, columns: usize) -> String {
    let mut rest = text;
    while text.width() - rest.width() < columns {
        let mut chars = rest.chars();
        if chars.next().is_none() {
            break;
        }
        rest = chars.as_str();
    }
    rest.to_owned()
}

/// Marks under what is wrong.
fn marks(text: &str, mistake: &Diagnostic, prompt: usize, skipped: usize) -> String {
    let Some(span) = mistake.span else { return String::new() };
    let until =
        |byte: usize| text.get(..byte).map_or(text.width(), UnicodeWidthStr::width).saturating_sub(skipped);
    let (from, to) = (until(span.start), until(span.end));
    format!("{}{}", " ".repeat(prompt + from), "^".repeat(to.saturating_sub(from).max(1)))
}
