//! Services, monitors, faults and alarms: a line of aligned figures each, and below it what the figures can't say.

use std::time::Duration;

use super::super::canvas::{Line, Page, Tone};
use super::super::tally::{
    AlarmSpan, DetectorTally, Effect, FaultTally, MonitorTally, PeerEndCounts, ServiceTally, Tally,
};
use super::super::text::{self, UNKNOWN, duration, percent, plural};
use super::summary::heading;
use crate::base::{ByteSize, Ratio, format_duration};
use crate::event::Phase;

/// Most entries of one part; the machine-readable report has all.
const ENTRIES_MAX: usize = 50;
/// Most alarms of one detector that are written out.
const ALARMS_SHOWN: usize = 4;
/// Columns of a name that stands before words, not figures.
const LONG_NAME_COLUMNS: usize = 48;
/// Columns of a name in a table.
const NAME_COLUMNS: usize = 21;

/// Per service: connections, who ended them, bytes, time to the first byte.
pub(super) fn services(page: &mut Page, tally: &Tally) {
    if tally.services.is_empty() {
        return;
    }
    let line = heading(page, "services");
    let titles = [
        ("conns", 28),
        ("open", 34),
        ("to server", 45),
        ("to client", 56),
        ("first byte p50", 72),
        ("p99", 80),
    ];
    page.push(titled(line, &titles));
    for service in tally.services.values().take(ENTRIES_MAX) {
        let size = |bytes| if service.ended > 0 { ByteSize(bytes).to_string() } else { UNKNOWN.to_owned() };
        page.push(
            named(&service.name)
                .put_right(Tone::Plain, service.accepted.to_string(), 28)
                .put_right(Tone::Plain, service.open().to_string(), 34)
                .put_right(Tone::Plain, size(service.bytes_to_server), 45)
                .put_right(Tone::Plain, size(service.bytes_to_client), 56)
                .put_right(Tone::Plain, duration(service.first_byte.quantile(0.5)), 72)
                .put_right(Tone::Plain, duration(service.first_byte.quantile(0.99)), 80),
        );
        if service.ended > 0 {
            page.paragraph(Tone::Dim, &format!("ended by {}", ends(service)), 4);
        }
        for (reason, count) in service.accept_troubles.iter() {
            let times = plural(count, "time", "times");
            page.paragraph(Tone::Warn, &format!("accepting ran into trouble {times}: {reason}"), 4);
        }
    }
    more(page, tally.services.len());
}

fn ends(service: &ServiceTally) -> String {
    let ends = &service.ends;
    let peer = |who: &str, counts: PeerEndCounts| {
        party(who, &[("closed", counts.closed), ("reset", counts.reset), ("gave up", counts.failed)])
    };
    let kinds: Vec<(&str, u64)> = ends.fault.iter().chain([("other", ends.fault.other())]).collect();
    let dial = ends.unreachable;
    let own = ends.brownout;
    let parties = [
        peer("client", ends.client),
        peer("server", ends.server),
        party("a fault", &kinds),
        party(
            "server unreachable",
            &[
                ("refused", dial.refused),
                ("no answer", dial.timed_out),
                ("name not found", dial.name_not_found),
                ("failed", dial.failed),
            ],
        ),
        party(
            "brownout",
            &[("end of the run", own.drained), ("killed", own.killed), ("orphaned", own.orphaned)],
        ),
    ];
    parties.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `client 12 (closed 10, reset 2)`, `client 10 (closed)`; none if there was none.
fn party(who: &str, ways: &[(&str, u64)]) -> Option<String> {
    let ways: Vec<_> = ways.iter().filter(|(_, count)| *count > 0).collect();
    let total: u64 = ways.iter().map(|(_, count)| count).sum();
    match ways[..] {
        [] => None,
        [(way, _)] => Some(format!("{who} {total} ({way})")),
        _ => {
            let parts: Vec<String> = ways.iter().map(|(way, count)| format!("{way} {count}")).collect();
            Some(format!("{who} {total} ({})", parts.join(", ")))
        }
    }
}

/// Per monitor: success ratio with its interval, latency, failures by phase.
pub(super) fn monitors(page: &mut Page, tally: &Tally) {
    if tally.monitors.is_empty() {
        return;
    }
    let line = heading(page, "monitors");
    let titles = [
        ("probes", 28),
        ("ok", 35),
        ("95% interval", 49),
        ("p50", 57),
        ("p90", 65),
        ("p99", 73),
        ("max", 80),
    ];
    page.push(titled(line, &titles));
    for monitor in tally.monitors.values().take(ENTRIES_MAX) {
        let interval = monitor.success_interval();
        let interval = interval.map(|i| format!("{:.1}-{:.1}%", i.low * 100.0, i.high * 100.0));
        let ratio = monitor.success_ratio();
        let tone = if ratio.is_none_or(|ratio| ratio < 1.0) { Tone::Warn } else { Tone::Good };
        let latency = |q| duration(monitor.latency.quantile(q));
        page.push(
            named(&monitor.name)
                .put_right(Tone::Plain, monitor.probes.to_string(), 28)
                .put_right(tone, ratio.map_or_else(|| UNKNOWN.to_owned(), percent), 35)
                .put_right(Tone::Plain, interval.unwrap_or_else(|| UNKNOWN.to_owned()), 49)
                .put_right(Tone::Plain, latency(0.5), 57)
                .put_right(Tone::Plain, latency(0.9), 65)
                .put_right(Tone::Plain, latency(0.99), 73)
                .put_right(Tone::Plain, duration(monitor.latency.max()), 80),
        );
        if monitor.failed() > 0 {
            page.paragraph(Tone::Dim, &failures(monitor), 4);
        }
    }
    if tally.monitors.values().any(|monitor| monitor.failed() > 0) {
        page.push(Line::indented(2).put(Tone::Dim, "latencies are those of successful probes"));
    }
    more(page, tally.monitors.len());
}

fn failures(monitor: &MonitorTally) -> String {
    let phases = monitor.phases().filter(|(_, count)| count.failed > 0).map(|(phase, count)| {
        let timeouts = match count.timed_out {
            0 => String::new(),
            all if all == count.failed => " (timeout)".to_owned(),
            some => format!(" ({})", plural(some, "timeout", "timeouts")),
        };
        format!("{} in {}{timeouts}", count.failed, phase_words(phase))
    });
    let phases: Vec<String> = phases.collect();
    let since = monitor.streak_max_from.map_or_else(String::new, |t| format!(" (from {t})"));
    let row = match monitor.streak_max {
        0 | 1 => "never two in a row".to_owned(),
        most => format!("at most {most} in a row{since}"),
    };
    format!("{} failed: {}; {row}", monitor.failed(), phases.join(", "))
}

/// A phase, in words.
const fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Connect => "connect",
        Phase::FirstByte => "first byte",
        Phase::Body => "body",
        Phase::Content => "content",
    }
}

/// Per fault: what it was, and what came of it.
pub(super) fn faults(page: &mut Page, tally: &Tally) {
    if tally.faults.is_empty() {
        return;
    }
    let line = heading(page, "faults");
    page.push(line);
    for fault in tally.faults.values().take(ENTRIES_MAX) {
        let effect = fault.effect(tally.played_until());
        let (sign, tone) = match effect {
            Effect::Realised => (page.view.sign("●", "*"), Tone::Fault),
            Effect::Untouched if !fault.may_be_untouched() => (page.view.sign("○", "o"), Tone::Bad),
            Effect::NotReached | Effect::Untouched | Effect::Unseen => (page.view.sign("○", "o"), Tone::Dim),
        };
        let line = Line::indented(2).put(tone, sign).put(Tone::Plain, " ");
        let line = line.put(Tone::Strong, text::fit(&text::clean(&fault.name), LONG_NAME_COLUMNS));
        let what = fault.info.as_ref().map_or("made while the run went on", |info| &info.summary);
        let line = line.put(Tone::Plain, "  ").to(26).put(Tone::Plain, format!("{}: ", fault.service));
        let room = page.view.columns().saturating_sub(line.columns());
        page.push(line.put(Tone::Plain, text::fit(&text::clean(what), room)));
        let tone = if effect == Effect::Untouched { tone } else { Tone::Dim };
        page.paragraph(tone, &effect_words(tally, fault), 4);
    }
    more(page, tally.faults.len());
    if let Some(edit) = tally.edits.first() {
        let times = plural(tally.edits_total, "time", "times");
        let words = format!(
            "faults were edited {times} while the run went on, first those of {} at {}: the windows above are the \
             scenario's own",
            edit.service, edit.at
        );
        page.paragraph(Tone::Warn, &words, 2);
    }
}

/// What came of a fault, in words.
pub(in crate::report) fn effect_words(tally: &Tally, fault: &FaultTally) -> String {
    let service = tally.services.get(&fault.service);
    let (accepted, open) = service.map_or((0, 0), |service| (service.accepted, service.open()));
    let of = plural(accepted, "connection", "connections");
    // What a fault does to a connection is known when the connection has ended.
    let open = if open > 0 { format!(", {open} still open") } else { String::new() };
    match fault.effect(tally.played_until()) {
        Effect::NotReached => "not reached: the run ended before it".to_owned(),
        Effect::Untouched if accepted == 0 => "met no traffic: no connection came".to_owned(),
        Effect::Untouched => format!("met no traffic: hit none of {of}{open}"),
        Effect::Unseen => {
            "not judged: the kernel refused for it, which brownout does not see, and no probe was refused"
                .to_owned()
        }
        Effect::Realised => {
            let hit = fault.hit.max(fault.ended);
            let refused =
                (fault.refused > 0).then(|| format!("refused {}", plural(fault.refused, "probe", "probes")));
            let connections = (hit > 0 || refused.is_none()).then(|| format!("hit {hit} of {of}{open}"));
            let mut parts: Vec<String> = refused.into_iter().chain(connections).collect();
            if fault.info.as_ref().is_some_and(|info| info.probability < Ratio::ONE) && fault.drawn > 0 {
                parts.push(format!("drawn for {}", fault.drawn));
            }
            if fault.met > 0 {
                parts.push(format!("{} open while it disturbed the path", fault.met));
            }
            if fault.ended > 0 {
                parts.push(format!("ended {}", fault.ended));
            }
            if fault.syns > 0 {
                parts.push(format!("{} dropped", plural(fault.syns, "SYN", "SYNs")));
            }
            if let Some(first) = fault.first_hit {
                parts.push(format!("first at {first}"));
            }
            if fault.bytes > 0 {
                parts.push(format!("{} held", ByteSize(fault.bytes)));
            }
            if fault.delay_max > Duration::ZERO {
                parts.push(format!("delay up to {}", format_duration(fault.delay_max)));
            }
            if fault.flipped > 0 {
                parts.push(format!("{} flipped", plural(fault.flipped, "bit", "bits")));
            }
            parts.extend(fault.info.as_ref().map(|info| format!("by {}", info.backend)));
            parts.join(", ")
        }
    }
}

/// Per detector: when it fired.
pub(super) fn alarms(page: &mut Page, tally: &Tally) {
    if tally.detectors.is_empty() {
        return;
    }
    let line = heading(page, "alarms");
    page.push(line);
    for detector in tally.detectors.values().take(ENTRIES_MAX) {
        let tone = if detector.fired > 0 { Tone::Warn } else { Tone::Dim };
        let name = text::fit(&text::clean(&detector.name), LONG_NAME_COLUMNS);
        let line = Line::indented(2).put(Tone::Plain, name).put(Tone::Plain, "  ");
        page.push(line.to(26).put(tone, alarm_words(detector)));
        if let Some(info) = &detector.info {
            page.paragraph(Tone::Dim, &format!("{} on {}", info.summary, info.monitor), 4);
        }
    }
    more(page, tally.detectors.len());
}

/// When a detector fired, in words.
pub(super) fn alarm_words(detector: &DetectorTally) -> String {
    if detector.fired == 0 {
        return "silent".to_owned();
    }
    let span = |alarm: &AlarmSpan| match alarm.until {
        Some(until) => format!("{} to {until}", alarm.from),
        None => format!("from {}", alarm.from),
    };
    let spans: Vec<String> = detector.alarms.iter().take(ALARMS_SHOWN).map(span).collect();
    let rest = detector.fired.saturating_sub(spans.len() as u64);
    let rest = if rest > 0 { format!(", and {rest} more") } else { String::new() };
    format!("fired {}: {}{rest}", plural(detector.fired, "time", "times"), spans.join(", "))
}

fn named(name: &str) -> Line {
    Line::indented(2).put(Tone::Plain, text::fit(&text::clean(name), NAME_COLUMNS))
}

fn titled(line: Line, titles: &[(&str, usize)]) -> Line {
    titles.iter().fold(line, |line, (title, column)| line.put_right(Tone::Dim, title, *column))
}

fn more(page: &mut Page, total: usize) {
    if total > ENTRIES_MAX {
        page.push(Line::indented(2).put(Tone::Dim, format!("and {} more", total - ENTRIES_MAX)));
    }
}
