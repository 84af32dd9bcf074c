//! Expectations: one subject, one check that fits it, bounds that can be met, windows of the scenario.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::faults::Faults;
use super::head::Head;
use super::mistakes::{DETECTOR, FAULT, MONITOR, Mistakes, SERVICE, exact};
use crate::base::{Ratio, SimTime};
use crate::diag::{Code, Diagnostic, SourceSpan, nearest};
use crate::event::Window;
use crate::scenario::describe::{expectation_text, fault_windows, is_called, merged, when_text};
use crate::scenario::expect::{AlarmCheck, Bound, Check, Expectation, ProbeCheck, ServiceCheck};
use crate::scenario::placed::{Opt, Placed};
use crate::scenario::raw::{RawBound, RawExpect, RawFalseAlarms, RawScenario};
use crate::scenario::read::listed;

const MONITOR_CHECKS: &[&str] = &["success_ratio", "latency", "timeouts", "failures"];
const SERVICE_CHECKS: &[&str] =
    &["latency", "connections", "cut", "refused", "ended_by", "bytes_to_client", "bytes_to_server"];
const DETECTOR_CHECKS: &[&str] = &["fires", "false_alarms", "stays_silent"];
const SUBJECTS: &[&str] = &["monitor", "service", "detector", "command"];
/// Who ends a connection.
const PARTIES: &[&str] = &["client", "server", "fault", "brownout", "unreachable"];

/// What an expectation is about.
enum Subject<'a> {
    Monitor(&'a str),
    Service(&'a str),
    Detector(&'a str),
    Command,
}

pub(super) fn lower_expectations(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    head: &Head,
    faults: &Faults,
) -> Vec<Expectation> {
    let items = raw.expect.get().into_iter().flatten();
    items.filter_map(|item| lower_expectation(told, raw, head, faults, item)).collect()
}

fn lower_expectation(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    head: &Head,
    faults: &Faults,
    item: &Placed<RawExpect>,
) -> Option<Expectation> {
    let expect = &item.value;
    let subject = lower_subject(told, raw, item);
    let between = lower_between(told, expect, head);
    let windows = lower_windows(told, raw, expect, head, faults, between);
    let check = match subject? {
        Subject::Command => lower_command(told, expect),
        subject => {
            let key = lower_check_key(told, item, &subject)?;
            match subject {
                Subject::Monitor(name) => {
                    lower_probe_check(told, expect, key).map(|check| Check::Monitor(name.into(), check))
                }
                Subject::Service(name) => {
                    lower_service_check(told, expect, key).map(|check| Check::Service(name.into(), check))
                }
                Subject::Detector(name) => {
                    lower_alarm_check(told, expect, head).map(|check| Check::Detector(name.into(), check))
                }
                Subject::Command => None,
            }
        }
    }?;
    let when = when_text(expect.during.get().map(String::as_str), between);
    let text = format!("{}{when}", expectation_text(&check));
    Some(Expectation { check, windows, text: text.into(), place: Some(told.place(item.span)) })
}

fn lower_subject<'a>(
    told: &mut Mistakes<'_>,
    raw: &'a RawScenario,
    item: &'a Placed<RawExpect>,
) -> Option<Subject<'a>> {
    let expect = &item.value;
    let named = |key: &'static str, opt: &'a Opt<String>| {
        opt.placed().map(|name| (key, Placed { value: name.value.as_str(), span: name.span }))
    };
    let command = expect.command.span().map(|span| ("command", Placed { value: "", span }));
    let subjects: Vec<_> = [
        named("monitor", &expect.monitor),
        named("service", &expect.service),
        named("detector", &expect.detector),
        command,
    ]
    .into_iter()
    .flatten()
    .collect();
    if subjects.is_empty() {
        let mistake = Diagnostic::error(Code::NoKind, "the expectation doesn't say what it is about");
        let hint = format!("add one of {}", listed(SUBJECTS));
        told.push(mistake.at(told.item(item.span), "").hint(hint));
        return None;
    }
    let key = subjects[0].0;
    let name = told.exactly_one("an expectation is about one thing: it", item.span, subjects, SUBJECTS)?;
    let monitors = raw.monitors.get().into_iter().flatten().map(|(name, _)| name.value.as_str());
    let detectors = raw.detectors.get().into_iter().flatten().map(|(name, _)| name.value.as_str());
    let services = raw.services.value.keys().map(|name| name.value.as_str());
    match key {
        "monitor" => told.resolve(MONITOR, name, monitors).map(|_| Subject::Monitor(name.value)),
        "service" => told.resolve(SERVICE, name, services).map(|_| Subject::Service(name.value)),
        "detector" => told.resolve(DETECTOR, name, detectors).map(|_| Subject::Detector(name.value)),
        _ => Some(Subject::Command),
    }
}

/// Every check that the item holds, with the place of its value.
fn checks(expect: &RawExpect) -> Vec<(&'static str, Placed<()>)> {
    let spans = [
        ("success_ratio", expect.success_ratio.span()),
        ("timeouts", expect.timeouts.span()),
        ("failures", expect.failures.span()),
        ("latency", expect.latency.span()),
        ("connections", expect.connections.span()),
        ("cut", expect.cut.span()),
        ("refused", expect.refused.span()),
        ("ended_by", expect.ended_by.span()),
        ("bytes_to_client", expect.bytes_to_client.span()),
        ("bytes_to_server", expect.bytes_to_server.span()),
        ("fires", expect.fires.span()),
        ("false_alarms", expect.false_alarms.span()),
        ("stays_silent", expect.stays_silent.span()),
    ];
    spans.into_iter().filter_map(|(key, span)| span.map(|span| (key, Placed { value: (), span }))).collect()
}

/// The one check of an item, if it fits the subject.
fn lower_check_key(
    told: &mut Mistakes<'_>,
    item: &Placed<RawExpect>,
    subject: &Subject<'_>,
) -> Option<&'static str> {
    let (what, fitting) = match subject {
        Subject::Monitor(_) => ("monitor", MONITOR_CHECKS),
        Subject::Service(_) => ("service", SERVICE_CHECKS),
        Subject::Detector(_) => ("detector", DETECTOR_CHECKS),
        Subject::Command => ("command", &[][..]),
    };
    let found = checks(&item.value);
    let Some((key, value)) = found.first().copied() else {
        let mistake =
            Diagnostic::error(Code::NoCheck, format!("the expectation checks nothing of the {what}"));
        told.push(mistake.at(told.item(item.span), "").hint(format!("add one of {}", listed(fitting))));
        return None;
    };
    let mut fits = true;
    for (key, value) in found.iter().filter(|(key, _)| !fitting.contains(key)) {
        let owner = [("monitor", MONITOR_CHECKS), ("service", SERVICE_CHECKS), ("detector", DETECTOR_CHECKS)];
        let owners: Vec<&str> =
            owner.iter().filter(|(_, checks)| checks.contains(key)).map(|(who, _)| *who).collect();
        let message = format!("`{key}` is a check of a {}, not of a {what}", owners.join(" or a "));
        let hint = format!("of a {what} can be checked {}", listed(fitting));
        told.push(
            Diagnostic::error(Code::CheckMismatch, message).at(told.key(value.span, key), "").hint(hint),
        );
        fits = false;
    }
    if !fits {
        return None;
    }
    if found.len() > 1 {
        told.exactly_one("the check of an expectation", item.span, found, fitting)?;
    }
    let _ = value;
    Some(key)
}

fn lower_command(told: &mut Mistakes<'_>, expect: &RawExpect) -> Option<Check> {
    let before = told.count();
    let during = expect.during.span().map(|span| ("during", Placed { value: (), span }));
    let between = expect.between.span().map(|span| ("between", Placed { value: (), span }));
    for (key, value) in checks(expect).into_iter().chain(during).chain(between) {
        let message = format!("`{key}` says nothing of a command");
        let mistake = Diagnostic::error(Code::CheckMismatch, message).at(told.key(value.span, key), "");
        told.push(mistake.hint("a command is expected to exit: `{ command: { exit_code: 0 } }`"));
    }
    let exit_code = expect.command.get()?.exit_code;
    if !(0..=255).contains(&exit_code.value) {
        let message = format!("expected an exit status from 0 to 255, found `{}`", exit_code.value);
        told.push(Diagnostic::error(Code::BadValue, message).at(exit_code.span, ""));
    }
    (told.count() == before).then_some(Check::Command { exit_code: exit_code.value })
}

fn lower_probe_check(told: &mut Mistakes<'_>, expect: &RawExpect, key: &str) -> Option<ProbeCheck> {
    match key {
        "success_ratio" => {
            bound_of(told, key, &expect.success_ratio, |share| *share).map(ProbeCheck::SuccessRatio)
        }
        "timeouts" => bound_of(told, key, &expect.timeouts, |count| *count).map(ProbeCheck::Timeouts),
        "failures" => bound_of(told, key, &expect.failures, |count| *count).map(ProbeCheck::Failures),
        _ => lower_latency(told, expect).map(ProbeCheck::Latency),
    }
}

fn lower_service_check(told: &mut Mistakes<'_>, expect: &RawExpect, key: &str) -> Option<ServiceCheck> {
    match key {
        "connections" => bound_of(told, key, &expect.connections, |n| *n).map(ServiceCheck::Connections),
        "cut" => bound_of(told, key, &expect.cut, |n| *n).map(ServiceCheck::Cut),
        "refused" => bound_of(told, key, &expect.refused, |n| *n).map(ServiceCheck::Refused),
        "bytes_to_client" => {
            bound_of(told, key, &expect.bytes_to_client, |n| n.0).map(ServiceCheck::BytesToClient)
        }
        "bytes_to_server" => {
            bound_of(told, key, &expect.bytes_to_server, |n| n.0).map(ServiceCheck::BytesToServer)
        }
        "ended_by" => lower_parties(told, expect).map(ServiceCheck::EndedBy),
        _ => lower_latency(told, expect).map(ServiceCheck::Latency),
    }
}

fn lower_alarm_check(told: &mut Mistakes<'_>, expect: &RawExpect, head: &Head) -> Option<AlarmCheck> {
    if let Some(bound) = expect.false_alarms.get() {
        return lower_false_alarms(told, expect, bound);
    }
    let Some(fires) = expect.fires.get() else { return Some(AlarmCheck::StaysSilent) };
    let before = told.count();
    let within = fires.within.placed();
    if let Some(within) = within
        && within.value.get() > head.duration.value
    {
        let label = format!("the scenario lasts `{}`", told.text(head.duration.span));
        let mistake =
            Diagnostic::error(Code::OutsideScenario, "the detector may take longer than the scenario lasts");
        told.push(mistake.at(within.span, label).hint("write `fires: {}` if any time will do"));
    }
    let probability = fires.probability.placed();
    if let Some(share) = probability {
        let (message, hint) = if *share.value == Ratio::ONE {
            let hint = "leave `probability` out: then it has to fire in every replica";
            ("no number of replicas proves a probability of 100%", hint)
        } else {
            (
                "anything has a probability of 0%",
                "write the share of incidents that it has to find, such as `95%`",
            )
        };
        if share.value.is_zero() || *share.value == Ratio::ONE {
            told.push(Diagnostic::error(Code::BadValue, message).at(share.span, "").hint(hint));
        }
    }
    let probability = probability.map(|share| *share.value);
    (told.count() == before)
        .then(|| AlarmCheck::Fires { within: within.map(|within| within.value.get()), probability })
}

/// A rate that days can prove, of healthy time, which has no windows.
fn lower_false_alarms(
    told: &mut Mistakes<'_>,
    expect: &RawExpect,
    bound: &RawFalseAlarms,
) -> Option<AlarmCheck> {
    let before = told.count();
    let during = expect.during.span().map(|span| ("during", span));
    let between = expect.between.span().map(|span| ("between", span));
    for (key, span) in during.into_iter().chain(between) {
        let message = format!("false alarms are counted on healthy days, which have no `{key}`");
        let mistake = Diagnostic::error(Code::CheckMismatch, message).at(told.key(span, key), "");
        let hint = "write `stays_silent: {}` if it must be silent within a part of the scenario";
        told.push(mistake.hint(hint));
    }
    if bound.at_most.value == 0 {
        let mistake =
            Diagnostic::error(Code::BadValue, "no number of days proves that there is no false alarm");
        let hint = "write `at_most: 1` and a longer time, such as `per: 365d`";
        told.push(mistake.at(bound.at_most.span, "").hint(hint));
    }
    if bound.per.value.get().is_zero() {
        told.push(Diagnostic::error(Code::BadValue, "`per` must be longer than 0s").at(bound.per.span, ""));
    }
    let (at_most, per) = (bound.at_most.value, bound.per.value.get());
    (told.count() == before).then_some(AlarmCheck::FalseAlarms { at_most, per })
}

fn lower_parties(told: &mut Mistakes<'_>, expect: &RawExpect) -> Option<Vec<(Arc<str>, Bound<u64>)>> {
    let parties = expect.ended_by.placed()?;
    if parties.value.is_empty() {
        tell_no_bound(told, "ended_by", parties.span, &format!("name one of {}", listed(PARTIES)));
        return None;
    }
    let before = told.count();
    let mut lowered = Vec::new();
    for (party, bound) in parties.value {
        if !PARTIES.contains(&party.value.as_str()) {
            let hint = nearest(&party.value, PARTIES.iter().copied());
            let hint = hint.map_or(format!("it is one of {}", listed(PARTIES)), |meant| {
                format!("did you mean `{meant}`?")
            });
            let message = format!("`{}` doesn't end connections", party.value);
            told.push(Diagnostic::error(Code::UnknownName, message).at(party.span, "").hint(hint));
        }
        if let Some(bound) = lower_bound(told, &party.value, party.span, bound, |count| *count) {
            lowered.push((Arc::from(party.value.as_str()), bound));
        }
    }
    (told.count() == before).then_some(lowered)
}

fn lower_latency(told: &mut Mistakes<'_>, expect: &RawExpect) -> Option<Vec<(Ratio, Bound<Duration>)>> {
    let quantiles = expect.latency.placed()?;
    if quantiles.value.is_empty() {
        tell_no_bound(
            told,
            "latency",
            quantiles.span,
            "name a quantile: `latency: { p99: { at_most: 500ms } }`",
        );
        return None;
    }
    let before = told.count();
    let mut lowered: Vec<(Ratio, Bound<Duration>)> = Vec::new();
    for (name, bound) in quantiles.value {
        let quantile = parse_quantile(&name.value);
        if quantile.is_none() {
            let message =
                format!("expected a quantile such as `p50`, `p99` or `p99.9`, found `{}`", name.value);
            let hint = matches!(name.value.as_str(), "at_most" | "at_least")
                .then(|| "say of which: `latency: { p99: { at_most: 500ms } }`".to_owned());
            told.push(Diagnostic::error(Code::BadValue, message).at(name.span, "").maybe_hint(hint));
        }
        let bound = lower_bound(told, &name.value, name.span, bound, |time| time.get());
        let (Some(quantile), Some(bound)) = (quantile, bound) else { continue };
        if lowered.iter().any(|(other, _)| *other == quantile) {
            let message = format!("`{}` is the same quantile as one before", name.value);
            told.push(Diagnostic::error(Code::DuplicateName, message).at(name.span, ""));
        }
        lowered.push((quantile, bound));
    }
    (told.count() == before).then_some(lowered)
}

/// `p99.9`: above 0, at most 100.
fn parse_quantile(name: &str) -> Option<Ratio> {
    let number = name.strip_prefix('p')?;
    let digits = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let quantile = format!("{number}%").parse::<Ratio>().ok()?;
    (digits && !quantile.is_zero()).then_some(quantile)
}

fn bound_of<T, U: PartialOrd + Copy>(
    told: &mut Mistakes<'_>,
    key: &str,
    bound: &Opt<RawBound<T>>,
    value: impl Fn(&T) -> U,
) -> Option<Bound<U>> {
    let bound = bound.placed()?;
    lower_bound(told, key, bound.span, bound.value, value)
}

/// A bound that something can meet.
fn lower_bound<T, U: PartialOrd + Copy>(
    told: &mut Mistakes<'_>,
    key: &str,
    span: SourceSpan,
    raw: &RawBound<T>,
    value: impl Fn(&T) -> U,
) -> Option<Bound<U>> {
    let bound = Bound { at_least: raw.at_least.get().map(&value), at_most: raw.at_most.get().map(&value) };
    match (bound.at_least, bound.at_most) {
        (None, None) => {
            tell_no_bound(told, key, span, "add `at_least`, `at_most` or both");
            None
        }
        (Some(least), Some(most)) if least > most => {
            let (least, most) = (raw.at_least.span().unwrap_or(span), raw.at_most.span().unwrap_or(span));
            let message = format!("nothing is at least {} and at most {}", told.text(least), told.text(most));
            let mistake = Diagnostic::error(Code::Contradiction, message).at(most, "less than `at_least`");
            told.push(mistake.note(least, "").hint("exchange the two"));
            None
        }
        _ => Some(bound),
    }
}

fn tell_no_bound(told: &mut Mistakes<'_>, key: &str, span: SourceSpan, hint: &str) {
    let message = format!("`{key}` has no bound: anything would do");
    told.push(Diagnostic::error(Code::NoCheck, message).at(told.item(span), "").hint(hint));
}

fn lower_between(told: &mut Mistakes<'_>, expect: &RawExpect, head: &Head) -> Option<Window> {
    let (from, until) = expect.between.get()?;
    let (begin, end) = (from.value.get(), until.value.get());
    if begin >= end {
        let message = format!("the span from {} to {} holds nothing", exact(begin), exact(end));
        let mistake =
            Diagnostic::error(Code::Contradiction, message).at(until.span, "not after the beginning");
        told.push(mistake.note(from.span, "").hint(format!(
            "write `between: [{}, {}]`",
            exact(end),
            exact(begin)
        )));
        return None;
    }
    if end > head.duration.value {
        let lasts = told.text(head.duration.span);
        let label = format!("the scenario lasts `{lasts}` (line {})", told.line(head.duration.span));
        let mistake = Diagnostic::error(Code::OutsideScenario, "the span ends after the scenario does");
        told.push(mistake.at(until.span, label).hint(format!("write `{lasts}`, or raise `duration`")));
        return None;
    }
    Some(Window { from: SimTime::after_start(begin), until: SimTime::after_start(end) })
}

/// The service that an expectation is about: its own subject, or what its monitor, or its detector's, probes through.
fn judged_service<'r>(raw: &'r RawScenario, expect: &'r RawExpect) -> Option<&'r String> {
    let detector = expect.detector.get().and_then(|name| item_named(raw.detectors.get()?, name));
    let monitor = expect.monitor.get().or_else(|| detector?.monitor.get());
    let via = monitor.and_then(|name| item_named(raw.monitors.get()?, name)?.via.get());
    expect.service.get().or(via)
}

fn item_named<'r, T>(all: &'r IndexMap<Placed<String>, Placed<T>>, name: &str) -> Option<&'r T> {
    all.iter().find(|(known, _)| known.value == name).map(|(_, item)| &item.value)
}

fn lower_windows(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    expect: &RawExpect,
    head: &Head,
    faults: &Faults,
    between: Option<Window>,
) -> Option<Vec<Window>> {
    let Some(during) = expect.during.placed() else { return between.map(|window| vec![window]) };
    if let Some(span) = expect.between.span() {
        let mistake =
            Diagnostic::error(Code::TwoKinds, "an expectation is judged either `during` or `between`");
        let mistake = mistake.at(told.key(span, "between"), "the second");
        told.push(mistake.note(told.key(during.span, "during"), "the first"));
    }
    let names = faults.names.keys().map(|(_, name)| &**name);
    if !names.clone().any(|name| name == during.value) {
        // A fault that could not be named may have been meant.
        if faults.nameless == 0 {
            told.unknown(FAULT, Placed { value: during.value.as_str(), span: during.span }, names);
        }
        return None;
    }
    let named = || faults.all.iter().filter(|fault| is_called(fault, during.value));
    let own = |service: &str| named().any(|fault| &*fault.parts.service == service);
    // Of several services that have a fault of this name, the one that is judged.
    let service = judged_service(raw, expect).filter(|service| own(service));
    let meant =
        named().filter(|fault| service.is_none_or(|service| &*fault.parts.service == service.as_str()));
    Some(merged(meant.flat_map(|fault| fault_windows(fault, &head.clock)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_percents() {
        assert_eq!(parse_quantile("p99.9"), Ratio::new(999, 1_000));
        assert_eq!(parse_quantile("p100"), Some(Ratio::ONE));
        for name in ["p0", "p", "99", "p101", "p9/10", "p 5", "p-5", "pp5"] {
            assert_eq!(parse_quantile(name), None, "{name}");
        }
    }
}
