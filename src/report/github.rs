//! What GitHub Actions shows: annotations at the lines of the scenario file, and a summary on the run's page.
//!
//! Annotations are workflow commands on standard output (`::error file=…::…`). GitHub shows ten errors of a step, so no
//! more are written, and the tenth says how many are missing. The step summary is Markdown in which every name is
//! escaped, and stays far below GitHub's limit of 1 MiB, above which the whole summary would be dropped.

use std::fmt::Write as _;

use super::tally::{Effect, Outcome, Tally};
use super::terminal::{command_words, effect_words, observed};
use super::text::{UNKNOWN, clean, duration, fit, percent, plural};
use crate::base::format_duration;
use crate::event::{Verdict, VerdictState};

/// Most errors that GitHub shows of one step.
const ERRORS_MAX: usize = 10;
/// Most rows of one table of the summary: with [`CELL_COLUMNS_MAX`], three tables have less than 600 KiB at worst.
const ROWS_MAX: usize = 100;
/// Most columns of one cell's text.
const CELL_COLUMNS_MAX: usize = 200;

/// One `::error` for each expectation that was not met, and for a run without an end.
pub fn annotations(tally: &Tally) -> String {
    let mut errors: Vec<String> = Vec::new();
    let outcome = tally.outcome();
    if outcome != Outcome::Passed && (outcome != Outcome::Failed || tally.verdicts_not_met() == 0) {
        let message = with_replay(tally, tally.outcome_reasons().join("; "));
        errors.push(command(tally, None, &format!("brownout: run {}", outcome.as_str()), &message));
    }
    for verdict in tally.verdicts.iter().filter(|verdict| verdict.state.fails()) {
        let what = format!("{}\nobserved: {}", clean(&verdict.expectation), clean(&observed(verdict)));
        let message = with_replay(tally, what);
        errors.push(command(tally, verdict.place, &title(verdict), &message));
    }
    if errors.len() > ERRORS_MAX {
        let more = errors.len() - (ERRORS_MAX - 1);
        errors.truncate(ERRORS_MAX - 1);
        let message = with_replay(tally, format!("{more} more expectations were not met"));
        errors.push(command(tally, None, "brownout: more failures", &message));
    }
    errors.concat()
}

fn title(verdict: &Verdict) -> String {
    let word = if verdict.state == VerdictState::Failed { "failed" } else { "undecided" };
    format!("brownout: {} {word}", clean(&verdict.subject))
}

fn with_replay(tally: &Tally, message: String) -> String {
    match &tally.header {
        Some(header) => format!("{message}\nreplay: {}", clean(&header.replay)),
        None => message,
    }
}

fn command(tally: &Tally, place: Option<(u32, u32)>, title: &str, message: &str) -> String {
    let file = tally.header.iter().map(|header| format!("file={}", escape_property(&clean(&header.file))));
    let place = place.map(|(line, column)| format!("line={line},col={column}"));
    let title = format!("title={}", escape_property(title));
    let properties: Vec<String> = file.chain(place).chain([title]).collect();
    format!("::error {}::{}\n", properties.join(","), escape_message(message))
}

/// As the runner's toolkit does: `%`, CR and LF.
fn escape_message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// In properties `:` and `,` as well.
fn escape_property(text: &str) -> String {
    escape_message(text).replace(':', "%3A").replace(',', "%2C")
}

/// The run in Markdown.
pub fn step_summary(tally: &Tally) -> String {
    let mut out = String::new();
    let mark = if tally.outcome() == Outcome::Passed { "✅" } else { "❌" };
    let scenario = tally.header.as_ref().map_or("a run whose header is missing", |header| &header.scenario);
    line(&mut out, &format!("### {mark} brownout: {} {}", cell(scenario), tally.outcome().as_str()));
    let mut facts = vec![cell(&tally.outcome_reasons().join("; "))];
    if let Some(header) = &tally.header {
        let played = tally.played_until().since(header.from);
        facts.push(format!("seed {}", header.seed));
        facts.push(format!("{} played", format_duration(played)));
        if header.command.is_some() {
            facts.push(format!("command {}", command_words(tally.command)));
        }
    }
    line(&mut out, &facts.join(" · "));
    expectation_table(&mut out, tally);
    monitor_table(&mut out, tally);
    fault_table(&mut out, tally);
    if let Some(header) = tally.header.as_ref().filter(|_| tally.outcome() != Outcome::Passed) {
        let replay = fit(&clean(&header.replay), 100 * CELL_COLUMNS_MAX);
        // A fence longer than any row of backticks within can't be closed from within.
        let fence = "`".repeat(3.max(longest_row_of_backticks(&replay) + 1));
        line(&mut out, &format!("Replay:\n\n{fence}\n{replay}\n{fence}"));
    }
    out
}

fn expectation_table(out: &mut String, tally: &Tally) {
    let mut verdicts: Vec<&Verdict> = tally.verdicts.iter().collect();
    verdicts.sort_by_key(|verdict| !verdict.state.fails());
    let rows = verdicts.iter().map(|verdict| {
        let mark = match verdict.state {
            VerdictState::Met => "✅",
            VerdictState::Failed => "❌",
            VerdictState::Undecided => "❔",
            VerdictState::NotJudged => "➖",
        };
        vec![mark.to_owned(), cell(&verdict.expectation), cell(&observed(verdict))]
    });
    table(out, &["", "expectation", "observed"], rows, verdicts.len());
}

fn monitor_table(out: &mut String, tally: &Tally) {
    let rows = tally.monitors.values().map(|monitor| {
        let interval = monitor.success_interval();
        let interval = interval.map(|i| format!("{:.1}–{:.1}%", i.low * 100.0, i.high * 100.0));
        vec![
            cell(&monitor.name),
            monitor.probes.to_string(),
            monitor.success_ratio().map_or_else(|| UNKNOWN.to_owned(), percent),
            interval.unwrap_or_else(|| UNKNOWN.to_owned()),
            duration(monitor.latency.quantile(0.5)),
            duration(monitor.latency.quantile(0.99)),
            monitor.streak_max.to_string(),
        ]
    });
    let titles = ["monitor", "probes", "ok", "95% interval", "p50", "p99", "most failures in a row"];
    table(out, &titles, rows, tally.monitors.len());
}

fn fault_table(out: &mut String, tally: &Tally) {
    let rows = tally.faults.values().map(|fault| {
        let effect = fault.effect(tally.played_until());
        let warning = if effect == Effect::Untouched && !fault.may_be_untouched() { "⚠️ " } else { "" };
        let words = effect_words(tally, fault);
        vec![cell(&fault.name), cell(&fault.service), format!("{warning}{}", cell(&words))]
    });
    table(out, &["fault", "service", "what it did"], rows, tally.faults.len());
}

fn table(out: &mut String, titles: &[&str], rows: impl Iterator<Item = Vec<String>>, total: usize) {
    if total == 0 {
        return;
    }
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
    let rule: Vec<String> = titles.iter().map(|_| "---".to_owned()).collect();
    out.push_str(&row(&titles));
    out.push_str(&row(&rule));
    rows.take(ROWS_MAX).for_each(|cells| out.push_str(&row(&cells)));
    out.push('\n');
    if total > ROWS_MAX {
        line(out, &plural((total - ROWS_MAX) as u64, "more row is left out.", "more rows are left out."));
    }
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}\n").expect("writing into a string does not fail");
}

/// A name or sentence within a line of Markdown: on one line, bounded, and nothing but text.
fn cell(text: &str) -> String {
    let text = fit(&clean(text), CELL_COLUMNS_MAX);
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

fn longest_row_of_backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::base::SimTime;
    use crate::event::Event;

    #[test]
    fn escapes_are_those_of_the_runner() {
        for (text, message, property) in [
            ("50% off", "50%25 off", "50%25 off"),
            ("a\r\nb", "a%0D%0Ab", "a%0D%0Ab"),
            ("x: y, z", "x: y, z", "x%3A y%2C z"),
            ("%0A::error::", "%250A::error::", "%250A%3A%3Aerror%3A%3A"),
        ] {
            assert_eq!((escape_message(text).as_str(), escape_property(text).as_str()), (message, property));
        }
    }

    #[test]
    fn an_error_stands_at_its_line_of_the_scenario() {
        insta::assert_snapshot!(annotations(&fixture::tally()), @"
        ::error file=scenarios/checkout.yaml,line=43,col=5,title=brownout%3A detector liveness failed::detector liveness: fires within 1m of the blackhole%0Aobserved: stayed silent: at most 2 failures in a row%0Areplay: brownout run scenarios/checkout.yaml --seed 20230125 -- cargo test
        ::error file=scenarios/checkout.yaml,line=44,col=5,title=brownout%3A service ledger undecided::service ledger: latency p99 at most 50ms between 4m30s and 5m%0Aobserved: nothing%0Areplay: brownout run scenarios/checkout.yaml --seed 20230125 -- cargo test
        ::error file=scenarios/checkout.yaml,title=brownout%3A command failed::command: exits with 0%0Aobserved: exited with 101%0Areplay: brownout run scenarios/checkout.yaml --seed 20230125 -- cargo test
        ");
    }

    #[test]
    fn no_more_than_ten_errors_and_the_last_counts_the_rest() {
        let mut events = fixture::events();
        let failed =
            events.iter().find(|e| matches!(&e.event, Event::Verdict(v) if v.state == VerdictState::Failed));
        let failed = failed.unwrap().clone();
        events.extend(std::iter::repeat_n(failed, 50));
        let text = annotations(&fixture::tally_of(&events));
        assert_eq!(text.lines().count(), ERRORS_MAX);
        assert!(text.lines().last().unwrap().contains("::44 more expectations"), "{text}");
    }

    #[test]
    fn the_summary_is_a_page_of_tables() {
        insta::assert_snapshot!(step_summary(&fixture::tally()), @"
        ### ❌ brownout: checkout-over-wan failed

        2 of 5 expectations failed, 1 undecided · seed 20230125 · 5m played · command exited with 101

        |  | expectation | observed |
        | --- | --- | --- |
        | ❌ | detector liveness: fires within 1m of the blackhole | stayed silent: at most 2 failures in a row |
        | ❔ | service ledger: latency p99 at most 50ms between 4m30s and 5m | nothing |
        | ❌ | command: exits with 0 | exited with 101 |
        | ✅ | monitor homepage: success ratio at least 85% | 91.3% of 150 probes (6.3 points above) |
        | ✅ | detector burn: fires within 1m | 26s after the blackhole (34s to spare) |

        | monitor | probes | ok | 95% interval | p50 | p99 | most failures in a row |
        | --- | --- | --- | --- | --- | --- | --- |
        | homepage | 150 | 91.3% | 85.7–94.9% | 1.64ms | 147ms | 2 |
        | ledger-tcp | 60 | 100% | 94.0–100.0% | 302µs | 399µs | 0 |

        | fault | service | what it did |
        | --- | --- | --- |
        | latency@30s | portal | hit 200 of 500 connections, first at 30s, 3.68MB held, delay up to 150ms, by userspace |
        | blackhole@2m | portal | hit 19 of 500 connections, first at 2m2s, 17.1kB held, by userspace |
        | reset@3m | portal | hit 10 of 500 connections, ended 10, first at 3m, by userspace |
        | slicer@4m30s | ledger | ⚠️ met no traffic: hit none of 100 connections, 2 still open |

        Replay:

        ```
        brownout run scenarios/checkout.yaml --seed 20230125 -- cargo test
        ```
        ");
    }

    #[test]
    fn names_cannot_break_out_of_their_cells() {
        assert_eq!(cell("a|b\n<img src=x>`c`"), "a\\|b &lt;img src=x>\\`c\\`");
        assert_eq!(longest_row_of_backticks("a``b```"), 3);
    }

    /// As many of everything as a tally holds, with names as long as they can be: far below 1 MiB.
    #[test]
    fn the_summary_is_bounded() {
        let mut events = fixture::events();
        let long = "|".repeat(100_000);
        for n in 0..2_000 {
            let mut verdict =
                match &events.iter().find(|e| matches!(e.event, Event::Verdict(_))).unwrap().event {
                    Event::Verdict(verdict) => verdict.clone(),
                    _ => unreachable!(),
                };
            verdict.expectation = format!("{n}{long}").into();
            events.push(Event::Verdict(verdict).at(SimTime::ZERO));
        }
        assert!(step_summary(&fixture::tally_of(&events)).len() < 600 << 10);
    }
}
