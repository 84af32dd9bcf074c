//! The table: a line for each phase, in the order of a connection's life.

use std::time::Duration;

use super::super::canvas::{Line, Page, Tone, View};
use super::super::tally::VerdictCounts;
use super::super::terminal::expectation;
use super::super::text::{UNKNOWN, duration, fit, plural};
use crate::base::format_duration;
use crate::event::{AttemptEnd, AuditReport, CommandEnd, GaveUp, PhaseReport};

/// Where the columns begin, or end where figures stand.
const MEETS: usize = 9;
const GAVE_UP: usize = 49;
const HOW: usize = 51;
/// Spaces between attempts that are written out.
const SPACES_SHOWN: usize = 8;

/// An audit, for a terminal.
pub fn audit_table(report: &AuditReport, view: &View) -> String {
    let mut page = Page::new(*view);
    let base = &report.baseline;
    let words = fit(&report.command.join(" "), view.columns().saturating_sub(16));
    page.push(Line::new().put(Tone::Strong, "audit of ").put(Tone::Plain, words));
    let connections = plural(base.connections as u64, "connection", "connections");
    let answers = plural(base.turns as u64, "answer", "answers");
    let facts = format!(
        "without a fault, to {}: {connections}, at most {answers} on one; {} after {}",
        report.upstream,
        ending(Some(base.ended)),
        format_duration(base.took),
    );
    page.paragraph(Tone::Dim, &facts, 0);
    page.blank();
    let heads = Line::new().put(Tone::Strong, "phase").to(MEETS).put(Tone::Dim, "what it meets");
    page.push(heads.put_right(Tone::Dim, "gave up after", GAVE_UP).to(HOW).put(Tone::Dim, "how"));
    for phase in &report.phases {
        row(&mut page, report, phase);
    }
    if !report.phases.is_empty() {
        page.blank();
        notes(&mut page, report);
    }
    expectations(&mut page, report);
    page.finish()
}

fn row(page: &mut Page, report: &AuditReport, phase: &PhaseReport) {
    let line =
        Line::new().put(Tone::Strong, phase.phase.name()).to(MEETS).put(Tone::Plain, phase.phase.about());
    if let Some(missed) = &phase.missed {
        page.push(
            line.put_right(Tone::Dim, UNKNOWN, GAVE_UP)
                .to(HOW)
                .put(Tone::Dim, format!("not reached: {missed}")),
        );
        return;
    }
    let (tone, waited) = match phase.gave_up(report.patience) {
        GaveUp::After(waited) => (Tone::Plain, format_duration(waited)),
        GaveUp::Never => (Tone::Warn, format!("never in {}", format_duration(report.patience))),
        GaveUp::Unknown => (Tone::Dim, UNKNOWN.to_owned()),
    };
    page.push(line.put_right(tone, waited, GAVE_UP).to(HOW).put(Tone::Plain, how(phase)));
    if phase.attempts.len() > 1 {
        page.push(Line::indented(MEETS).put(Tone::Dim, attempts(phase)));
    }
}

/// `FIN, exited with 28 after 5.01s`.
fn how(phase: &PhaseReport) -> String {
    let longest = phase.attempts.iter().max_by_key(|attempt| attempt.waited);
    let longest = longest.map(|attempt| match attempt.how {
        AttemptEnd::Fin => "FIN, ",
        AttemptEnd::Reset => "RST, ",
        AttemptEnd::Vanished => "socket gone, ",
        AttemptEnd::Open => "",
    });
    let ended = match (phase.ended, phase.took) {
        (Some(ended), Some(took)) => format!("{} after {}", ending(Some(ended)), duration(Some(took))),
        _ => "still running".to_owned(),
    };
    format!("{}{ended}", longest.unwrap_or_default())
}

/// `4 attempts, 1s, 2s, 4s apart`.
fn attempts(phase: &PhaseReport) -> String {
    let spacing = phase.spacing();
    let shown: Vec<String> = spacing.iter().take(SPACES_SHOWN).copied().map(format_duration).collect();
    let more = if spacing.len() > SPACES_SHOWN { ", …" } else { "" };
    let waits: Option<Vec<Duration>> = phase.attempts.iter().map(|attempt| attempt.waited).collect();
    let shortest = waits.and_then(|waits| waits.into_iter().min());
    let shortest = shortest.map(|wait| format!("; the shortest took {}", format_duration(wait)));
    format!(
        "{}, {}{more} apart{}",
        plural(phase.attempts.len() as u64, "attempt", "attempts"),
        shown.join(", "),
        shortest.unwrap_or_default()
    )
}

fn ending(ended: Option<CommandEnd>) -> String {
    match ended {
        Some(CommandEnd { status: Some(status), .. }) => format!("exited with {status}"),
        Some(CommandEnd { signal: Some(signal), .. }) => format!("killed by signal {signal}"),
        _ => "not seen to end".to_owned(),
    }
}

fn notes(page: &mut Page, report: &AuditReport) {
    let by = |maker: &str| {
        let made = report.phases.iter().filter(|phase| phase.made_by == maker);
        made.map(|phase| phase.phase.name()).collect::<Vec<_>>().join(", ")
    };
    let table = "its times are to 25 ms, from the TCP table of this host";
    let told = [
        ("socket filter", format!("by a socket filter, so the client's kernel hears nothing; {table}.")),
        ("full accept queue", format!("by a full accept queue, which answers no SYN; {table}.")),
        ("user space", "in user space; what the client sends is acknowledged, and kept.".to_owned()),
    ];
    for (maker, told) in told {
        let phases = by(maker);
        if !phases.is_empty() {
            page.paragraph(Tone::Dim, &format!("{phases}: {told}"), 0);
        }
    }
    page.paragraph(
        Tone::Dim,
        "One run of each phase: what a client draws at random differs the next time.",
        0,
    );
}

fn expectations(page: &mut Page, report: &AuditReport) {
    if report.verdicts.is_empty() {
        return;
    }
    page.blank();
    page.push(Line::new().put(Tone::Strong, "expectations"));
    for verdict in &report.verdicts {
        expectation(page, None, verdict);
    }
    let counts = VerdictCounts::of(&report.verdicts);
    let (word, tone) = if counts.not_met() > 0 { ("FAILED", Tone::Bad) } else { ("PASSED", Tone::Good) };
    page.blank();
    page.push(Line::new().put(tone, word).put(Tone::Plain, "  ").put(Tone::Plain, counts.text()));
}
