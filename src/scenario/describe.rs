//! Words and figures for what a plan holds: the same for `brownout check`, the journal's header and reports.

use std::sync::Arc;
use std::time::Duration;

use super::expect::{AlarmCheck, Bound, Check as Expected, ProbeCheck, ServiceCheck};
use super::plan::{Check, Plan, ScenarioClock};
use crate::base::{BUCKETS, ByteSize, Ratio, SimTime, format_duration};
use crate::event::Window;
use crate::fault::Fault;

/// The windows in which a fault is in force, in scenario time, within the excerpt that is played. Neighbouring levels
/// above zero make one window.
pub fn fault_windows(fault: &Fault, clock: &ScenarioClock) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    for (from, until, level) in fault.parts.level.pieces() {
        if level.is_zero() {
            continue;
        }
        let from = clock.to_scenario(from).min(clock.until);
        let until = until.map_or(clock.until, |until| clock.to_scenario(until).min(clock.until));
        match windows.last_mut() {
            Some(last) if last.until >= from => last.until = until,
            _ => windows.push(Window { from, until }),
        }
    }
    windows
}

/// Windows in order, those that touch or overlap made one.
pub fn merged(mut windows: Vec<Window>) -> Vec<Window> {
    windows.sort_by_key(|window| window.from);
    let mut merged: Vec<Window> = Vec::new();
    for window in windows {
        match merged.last_mut() {
            Some(last) if last.until >= window.from => last.until = last.until.max(window.until),
            _ => merged.push(window),
        }
    }
    merged
}

/// The kind and what it does: `latency 80ms ± 20ms`; of a WAN, only where it leads.
pub fn fault_text(fault: &Fault) -> String {
    if fault.kind().routing().is_some() {
        return fault.summary();
    }
    format!("{} {}", fault.parts.kind.info().name, fault.summary())
}

/// How many buckets a fault with a share takes: `51 of 256 buckets (19.9%)`; nothing for all of them.
pub fn buckets_text(fault: &Fault) -> Option<String> {
    let taken = fault.realised_share();
    let percent = f64::from(taken) * 100.0 / BUCKETS as f64;
    (usize::from(taken) < BUCKETS).then(|| format!("{taken} of {BUCKETS} buckets ({percent:.1}%)"))
}

/// What a probe does: `GET /health`, `TCP connect`.
pub fn check_text(check: &Check) -> String {
    match check {
        Check::Tcp => "TCP connect".to_owned(),
        Check::Http { path, .. } => format!("GET {path}"),
    }
}

/// A window: `2s to 5s`.
pub fn window_text(window: Window) -> String {
    format!("{} to {}", window.from, window.until)
}

/// What is expected, without when: `monitor homepage: success ratio at least 90%`.
pub fn expectation_text(check: &Expected) -> String {
    match check {
        Expected::Monitor(name, check) => format!("monitor {name}: {}", probe_check_text(check)),
        Expected::Service(name, check) => format!("service {name}: {}", service_check_text(check)),
        Expected::Detector(name, check) => format!("detector {name}: {}", alarm_check_text(check)),
        Expected::Command { exit_code } => format!("command: exits with {exit_code}"),
    }
}

/// What an expectation is about: `monitor homepage`, `command`.
pub fn subject_text(check: &Expected) -> String {
    match check {
        Expected::Monitor(name, _) => format!("monitor {name}"),
        Expected::Service(name, _) => format!("service {name}"),
        Expected::Detector(name, _) => format!("detector {name}"),
        Expected::Command { .. } => "command".to_owned(),
    }
}

fn alarm_check_text(check: &AlarmCheck) -> String {
    match check {
        AlarmCheck::Fires { within, probability } => {
            let within = within.map(|within| format!(" within {}", format_duration(within)));
            let share = probability.map(|share| format!(" with a probability of {share}"));
            format!("fires{}{}", within.unwrap_or_default(), share.unwrap_or_default())
        }
        AlarmCheck::FalseAlarms { at_most, per } => {
            let alarms = if *at_most == 1 { "false alarm" } else { "false alarms" };
            format!("at most {at_most} {alarms} in {}", format_duration(*per))
        }
        AlarmCheck::StaysSilent => "stays silent".to_owned(),
    }
}

fn probe_check_text(check: &ProbeCheck) -> String {
    match check {
        ProbeCheck::SuccessRatio(bound) => format!("success ratio {}", bound_text(bound, Ratio::to_string)),
        ProbeCheck::Latency(quantiles) => latency_text(quantiles),
        ProbeCheck::Timeouts(bound) => format!("timeouts {}", bound_text(bound, u64::to_string)),
        ProbeCheck::Failures(bound) => format!("failures {}", bound_text(bound, u64::to_string)),
    }
}

fn service_check_text(check: &ServiceCheck) -> String {
    let count = |what: &str, bound: &Bound<u64>| format!("{what} {}", bound_text(bound, u64::to_string));
    let bytes = |what: &str, bound: &Bound<u64>| {
        format!("{what} {}", bound_text(bound, |bytes| ByteSize(*bytes).to_string()))
    };
    match check {
        ServiceCheck::Connections(bound) => count("connections", bound),
        ServiceCheck::Cut(bound) => count("connections cut by faults", bound),
        ServiceCheck::Refused(bound) => count("connections refused by the upstream", bound),
        ServiceCheck::EndedBy(parties) => {
            let texts: Vec<String> =
                parties.iter().map(|(party, bound)| count(&format!("ended by {party}"), bound)).collect();
            format!("connections {}", texts.join(", "))
        }
        ServiceCheck::BytesToClient(bound) => bytes("bytes to clients", bound),
        ServiceCheck::BytesToServer(bound) => bytes("bytes to the server", bound),
        ServiceCheck::Latency(quantiles) => latency_text(quantiles),
    }
}

fn latency_text(quantiles: &[(Ratio, Bound<Duration>)]) -> String {
    let one = |(quantile, bound): &(Ratio, Bound<Duration>)| {
        format!("{} {}", quantile_text(*quantile), bound_text(bound, |time| format_duration(*time)))
    };
    let texts: Vec<String> = quantiles.iter().map(one).collect();
    format!("latency {}", texts.join(", "))
}

/// A quantile as the file has it: `p99.9`.
pub fn quantile_text(quantile: Ratio) -> String {
    format!("p{}", quantile.to_string().trim_end_matches('%'))
}

fn bound_text<T>(bound: &Bound<T>, text: impl Fn(&T) -> String) -> String {
    let least = bound.at_least.as_ref().map(|least| format!("at least {}", text(least)));
    let most = bound.at_most.as_ref().map(|most| format!("at most {}", text(most)));
    least.into_iter().chain(most).collect::<Vec<_>>().join(" and ")
}

/// When an expectation is judged: `during latency@2s`, `from 0s to 10m`.
pub(super) fn when_text(during: Option<&str>, between: Option<Window>) -> String {
    let during = during.map(|fault| format!(" during {fault}"));
    let between = between.map(|window| format!(" from {}", window_text(window)));
    during.or(between).unwrap_or_default()
}

/// The faults of a plan that bear this name, or come from the item of this name: at least one a service.
pub fn faults_named<'a>(plan: &'a Plan, name: &'a str) -> impl Iterator<Item = &'a Arc<Fault>> {
    plan.faults.iter().filter(move |fault| is_called(fault, name))
}

/// Whether a fault bears this name, or comes from the item that does.
pub(super) fn is_called(fault: &Fault, name: &str) -> bool {
    *fault.parts.name == *name || *fault.parts.item == *name
}

/// How much of a span of scenario time a fault is in force, from 0 to 1: its mean level.
pub(super) fn mean_level(fault: &Fault, clock: &ScenarioClock, from: SimTime, until: SimTime) -> f64 {
    let (from, until) = (clock.to_run(from), clock.to_run(until));
    if until <= from {
        return fault.parts.level.at(from).as_f64();
    }
    let (mut t, mut sum) = (from, 0.0);
    while t < until {
        let next = fault.parts.level.next_change(t).map_or(until, |next| next.min(until));
        sum += fault.parts.level.at(t).as_f64() * next.since(t).as_secs_f64();
        t = next;
    }
    sum / until.since(from).as_secs_f64()
}
