//! What is kept of the events for one expectation.

use std::sync::Arc;
use std::time::Duration;

use super::words::Finding;
use crate::base::{ByteSize, Ratio, SimTime, format_duration};
use crate::event::{AlarmState, ConnectionEnded, EndCause, Entry, Event, Probe, VerdictState};
use crate::scenario::expect::{AlarmCheck, Bound, Check, Expectation, ProbeCheck, ServiceCheck};
use crate::stats::LatencyHistogram;

/// Counts, histograms and instants: bounded, however long the run.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Probes or connections looked at.
    all: u64,
    /// Those of them that count for the check (or bytes).
    counted: u64,
    /// The same by party, for `ended_by`.
    parties: Vec<u64>,
    latency: Option<LatencyHistogram>,
    /// Since when the detector first fired, and the window's beginning.
    fired: Option<(SimTime, SimTime)>,
    exit: Option<(Option<i32>, Option<i32>)>,
}

// === impl Evidence ===

impl Evidence {
    pub(super) fn new(check: &Check) -> Self {
        let needs_latency = matches!(
            check,
            Check::Monitor(_, ProbeCheck::Latency(_)) | Check::Service(_, ServiceCheck::Latency(_))
        );
        let parties = match check {
            Check::Service(_, ServiceCheck::EndedBy(parties)) => parties.len(),
            _ => 0,
        };
        Self {
            latency: needs_latency.then(LatencyHistogram::new),
            parties: vec![0; parties],
            ..Self::default()
        }
    }

    /// Keeps what `entry` says about the expectation.
    pub(super) fn record(&mut self, expectation: &Expectation, entry: &Entry) {
        let window = match &expectation.windows {
            None => Some(SimTime::ZERO),
            Some(windows) => windows.iter().find(|window| window.contains(entry.t)).map(|window| window.from),
        };
        let Some(window_start) = window else { return };
        match (&expectation.check, &entry.event) {
            (Check::Monitor(name, check), Event::Probe(probe)) if probe.monitor == *name => {
                self.record_probe(check, probe);
            }
            (Check::Service(name, check), Event::ConnectionOpened(opened)) if opened.service == *name => {
                self.counted += u64::from(matches!(check, ServiceCheck::Connections(_)));
            }
            (Check::Service(name, check), Event::ConnectionEnded(ended)) if ended.service == *name => {
                self.record_end(check, ended);
            }
            (Check::Detector(name, _), Event::Alarm { detector, state: AlarmState::Firing })
                if detector == name =>
            {
                self.fired.get_or_insert((window_start, entry.t));
            }
            (Check::Command { .. }, Event::CommandEnded { status, signal }) => {
                self.exit = Some((*status, *signal));
            }
            _ => {}
        }
    }

    fn record_probe(&mut self, check: &ProbeCheck, probe: &Probe) {
        self.all += 1;
        let counts = match check {
            ProbeCheck::SuccessRatio(_) => probe.succeeded(),
            ProbeCheck::Failures(_) => !probe.succeeded(),
            ProbeCheck::Timeouts(_) => probe.failure.as_ref().is_some_and(|failure| failure.timeout),
            ProbeCheck::Latency(_) => false,
        };
        self.counted += u64::from(counts);
        if let Some(latency) = self.latency.as_mut().filter(|_| probe.succeeded()) {
            latency.record(probe.latency);
        }
    }

    fn record_end(&mut self, check: &ServiceCheck, ended: &ConnectionEnded) {
        self.all += 1;
        self.counted += match check {
            ServiceCheck::Cut(_) => u64::from(matches!(ended.cause, EndCause::Fault { .. })),
            ServiceCheck::Refused(_) => u64::from(matches!(ended.cause, EndCause::Unreachable { .. })),
            ServiceCheck::BytesToClient(_) => ended.bytes_to_client,
            ServiceCheck::BytesToServer(_) => ended.bytes_to_server,
            ServiceCheck::Connections(_) | ServiceCheck::EndedBy(_) | ServiceCheck::Latency(_) => 0,
        };
        if let ServiceCheck::EndedBy(parties) = check {
            for ((party, _), count) in parties.iter().zip(&mut self.parties) {
                *count += u64::from(&**party == ended.cause.who());
            }
        }
        if let (Some(latency), Some(first_byte)) = (&mut self.latency, ended.first_byte) {
            latency.record(first_byte);
        }
    }

    /// What it comes to. `speed` is the run's: a compressed one measures no time to detect.
    pub(super) fn finding(&self, expectation: &Expectation, speed: f64) -> Finding {
        match &expectation.check {
            Check::Monitor(_, ProbeCheck::SuccessRatio(bound)) => {
                Finding::share(self.counted, self.all, *bound, "probes")
            }
            Check::Monitor(_, ProbeCheck::Timeouts(bound)) => self.of_probes(*bound, "timed out"),
            Check::Monitor(_, ProbeCheck::Failures(bound)) => self.of_probes(*bound, "failed"),
            Check::Monitor(_, ProbeCheck::Latency(quantiles)) => {
                self.quantiles(quantiles, "successful probes")
            }
            Check::Service(_, check) => self.service_finding(check),
            Check::Detector(_, check) => self.alarm_finding(check, speed),
            Check::Command { exit_code } => self.command_finding(*exit_code),
        }
    }

    fn of_probes(&self, bound: Bound<u64>, what: &str) -> Finding {
        if self.all == 0 {
            return Finding::undecided("no probes observed");
        }
        Finding::count(self.counted, bound, format!("{} of {} probes {what}", self.counted, self.all))
    }

    fn service_finding(&self, check: &ServiceCheck) -> Finding {
        let of_ended = |bound: &Bound<u64>, what: &str| {
            Finding::count(
                self.counted,
                *bound,
                format!("{} of {} connections {what}", self.counted, self.all),
            )
        };
        match check {
            ServiceCheck::Connections(bound) => {
                Finding::count(self.counted, *bound, format!("{} accepted", self.counted))
            }
            ServiceCheck::Cut(bound) => of_ended(bound, "cut by a fault"),
            ServiceCheck::Refused(bound) => of_ended(bound, "found the upstream unreachable"),
            ServiceCheck::BytesToClient(bound) | ServiceCheck::BytesToServer(bound) => {
                Finding::count(self.counted, *bound, ByteSize(self.counted))
            }
            ServiceCheck::Latency(quantiles) => self.quantiles(quantiles, "answers"),
            ServiceCheck::EndedBy(parties) => {
                let count = |((party, bound), count): (&(Arc<str>, Bound<u64>), &u64)| {
                    Finding::count(*count, *bound, format!("{count} by {party}"))
                };
                let findings = parties.iter().zip(&self.parties).map(count);
                findings.reduce(Finding::and).unwrap_or_else(|| Finding::undecided("no party named"))
            }
        }
    }

    fn quantiles(&self, quantiles: &[(Ratio, Bound<Duration>)], of_what: &str) -> Finding {
        let Some(latency) = self.latency.as_ref().filter(|latency| latency.count() > 0) else {
            return Finding::undecided(format!("no {of_what} observed"));
        };
        let quantile = |(q, bound): &(Ratio, Bound<Duration>)| {
            let value = latency.quantile(q.as_f64()).unwrap_or_default();
            let name = format!("p{}", q.to_string().trim_end_matches('%'));
            Finding::duration(value, *bound, format!("{name} {}", format_duration(value)))
        };
        let mut finding = quantiles
            .iter()
            .map(quantile)
            .reduce(Finding::and)
            .unwrap_or_else(|| Finding::undecided("no quantile named"));
        finding.observed = format!("{} of {} {of_what}", finding.observed, latency.count());
        finding
    }

    fn alarm_finding(&self, check: &AlarmCheck, speed: f64) -> Finding {
        let seen = || self.fired.map_or_else(|| "never fired".to_owned(), |(_, at)| format!("fired at {at}"));
        match (check, self.fired) {
            (AlarmCheck::Fires { probability: Some(_), .. }, _) => {
                Finding::not_judged(format!("{}; one run has no probability: see `brownout bench`", seen()))
            }
            (AlarmCheck::FalseAlarms { .. }, _) => {
                Finding::not_judged("a run plays no healthy days: see `brownout bench`")
            }
            (AlarmCheck::StaysSilent, None) => Finding::plain(true, "silent"),
            (AlarmCheck::StaysSilent, Some((_, at))) => Finding::plain(false, format!("fired at {at}")),
            (AlarmCheck::Fires { .. }, None) => Finding::plain(false, "never fired"),
            (AlarmCheck::Fires { within: None, .. }, Some((_, at))) => {
                Finding::plain(true, format!("fired at {at}"))
            }
            (AlarmCheck::Fires { within: Some(_), .. }, Some((_, at)))
                if (speed - 1.0).abs() > f64::EPSILON =>
            {
                Finding {
                    state: VerdictState::Undecided,
                    observed: format!("fired at {at}; a compressed run measures no time to detect"),
                    margin: None,
                }
            }
            (AlarmCheck::Fires { within: Some(within), .. }, Some((from, at))) => {
                let took = at.since(from);
                let bound = Bound { at_least: None, at_most: Some(*within) };
                Finding::duration(took, bound, format!("fired after {}", format_duration(took)))
            }
        }
    }

    fn command_finding(&self, wanted: i32) -> Finding {
        match self.exit {
            None => Finding::undecided("no command was run to its end"),
            Some((Some(status), _)) => Finding::plain(status == wanted, format!("exit status {status}")),
            Some((None, Some(signal))) => Finding::plain(false, format!("ended by signal {signal}")),
            Some((None, None)) => Finding::undecided("its exit status is not known"),
        }
    }
}
