//! The end of the report: expectations, the wrapped command, what a reader must know, and the verdict.

use super::super::canvas::{Line, Page, Tone, View};
use super::super::tally::{CommandTally, Outcome, Tally};
use super::super::text::{self, plural};
use super::summary::heading;
use crate::event::{Verdict, VerdictState};

/// Most expectations that are written out; those that are not met come first then.
const VERDICTS_MAX: usize = 100;

/// The expectations, one by one.
pub(super) fn expectations(page: &mut Page, tally: &Tally) {
    if tally.verdicts.is_empty() {
        return;
    }
    let line = heading(page, "expectations");
    page.push(line);
    let mut shown: Vec<&Verdict> = tally.verdicts.iter().collect();
    if shown.len() > VERDICTS_MAX {
        shown.sort_by_key(|verdict| !verdict.state.fails());
    }
    let file = tally.header.as_ref().map(|header| &*header.file);
    for verdict in shown.iter().take(VERDICTS_MAX) {
        expectation(page, file, verdict);
    }
    if shown.len() > VERDICTS_MAX {
        let rest = shown.len() - VERDICTS_MAX;
        page.push(Line::indented(2).put(Tone::Dim, format!("and {rest} more")));
    }
}

/// An expectation: what came of it, what was observed, and where in `file` it stands if it was not met.
pub(in crate::report) fn expectation(page: &mut Page, file: Option<&str>, verdict: &Verdict) {
    let (mark, tone) = mark(page.view, verdict.state);
    let columns = page.view.columns();
    let words = text::clean(&verdict.expectation).into_owned();
    let mut lines = text::wrap(&words, columns.saturating_sub(4)).into_iter();
    let first = Line::indented(2).put(tone, mark).put(Tone::Plain, " ");
    page.push(first.put(Tone::Plain, lines.next().unwrap_or_default()));
    lines.for_each(|line| page.push(Line::indented(4).put(Tone::Plain, line)));
    let tone = if verdict.state == VerdictState::Met { Tone::Dim } else { Tone::Plain };
    page.paragraph(tone, &observed(verdict), 6);
    if verdict.state.fails()
        && let (Some((line, column)), Some(file)) = (verdict.place, file)
    {
        page.push(Line::indented(6).put(Tone::Dim, format!("{file}:{line}:{column}")));
    }
}

const fn mark(view: View, state: VerdictState) -> (&'static str, Tone) {
    match state {
        VerdictState::Met => (view.sign("✓", "+"), Tone::Good),
        VerdictState::Failed => (view.sign("✗", "x"), Tone::Bad),
        VerdictState::Undecided => ("?", Tone::Warn),
        VerdictState::NotJudged => ("-", Tone::Dim),
    }
}

/// What was observed, and how far from the bound: `91.3% of 150 probes (6.3 points above)`.
pub(in crate::report) fn observed(verdict: &Verdict) -> String {
    let margin = verdict.margin.as_ref().map_or_else(String::new, |margin| format!(" ({margin})"));
    format!("{}{margin}", verdict.observed)
}

/// The wrapped command, and how it ended.
pub(super) fn command(page: &mut Page, tally: &Tally) {
    let words = tally.header.as_ref().and_then(|header| header.command.as_ref());
    if words.is_none() && tally.command.is_none() {
        return;
    }
    let words = words.map_or_else(String::new, |words| words.join(" "));
    let good = tally.command.is_some_and(|command| command.status == Some(0));
    let line = heading(page, "command").put(Tone::Plain, "  ");
    let room = page.view.columns().saturating_sub(line.columns() + 28);
    let line = line.put(Tone::Plain, text::fit(&text::clean(&words), room)).put(Tone::Plain, "   ");
    page.push(line.put(if good { Tone::Good } else { Tone::Bad }, command_words(tally.command)));
}

/// How the wrapped command ended, in words.
pub(in crate::report) fn command_words(command: Option<CommandTally>) -> String {
    match command {
        None => "never began".to_owned(),
        Some(CommandTally { ended: None, .. }) => "not seen to end".to_owned(),
        Some(CommandTally { signal: Some(signal), .. }) => format!("killed by signal {signal}"),
        Some(CommandTally { status: Some(status), .. }) => format!("exited with {status}"),
        Some(CommandTally { .. }) => "ended, its status unknown".to_owned(),
    }
}

/// What a reader must know about how the run was made, and what is wrong with its journal.
pub(super) fn notes(page: &mut Page, tally: &Tally) {
    let notes = tally.header.as_ref().map(|header| &header.notes[..]).unwrap_or_default();
    let unlisted = tally.problems_total.saturating_sub(tally.problems.len() as u64);
    if notes.is_empty() && tally.problems.is_empty() && tally.unnamed == 0 {
        return;
    }
    let line = heading(page, "notes");
    page.push(line);
    for note in notes {
        page.paragraph(Tone::Dim, note, 2);
    }
    for problem in &tally.problems {
        page.paragraph(Tone::Warn, problem, 2);
    }
    if unlisted > 0 {
        page.paragraph(Tone::Warn, &plural(unlisted, "more problem", "more problems"), 2);
    }
    if tally.unnamed > 0 {
        let events = plural(tally.unnamed, "event", "events");
        page.paragraph(Tone::Warn, &format!("{events} about more names than this report tells apart"), 2);
    }
}

/// Where something is wrong the command that repeats the run; then the verdict, last.
pub(super) fn verdict(page: &mut Page, tally: &Tally) {
    let outcome = tally.outcome();
    if outcome != Outcome::Passed
        && let Some(header) = &tally.header
    {
        // Whole, on one line, however long: it is there to be copied.
        let line = heading(page, "replay").put(Tone::Plain, "  ");
        page.push(line.put(Tone::Plain, &*header.replay));
    }
    let (word, tone) = match outcome {
        Outcome::Passed => ("PASSED", Tone::Good),
        Outcome::Failed => ("FAILED", Tone::Bad),
        Outcome::Interrupted => ("INTERRUPTED", Tone::Warn),
        Outcome::Incomplete => ("INCOMPLETE", Tone::Bad),
    };
    page.blank();
    let reasons = tally.outcome_reasons().join("; ");
    page.push(Line::new().put(tone, word).put(Tone::Plain, "  ").put(Tone::Plain, reasons));
}
