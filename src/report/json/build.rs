//! From a tally to the document.

use super::super::tally::{
    DetectorTally, Effect, EndCounts, FaultTally, MonitorTally, NamedCounts, PathTally, ServiceTally, Tally,
};
use super::document::{
    Command, Counts, Detector, Document, Edit, End, EndedBy, Fault, Head, Judged, Latency, Monitor, Path,
    PhaseFailures, SCHEMA_VERSION, Service, Span,
};
use crate::base::{BUCKETS, Ratio};
use crate::event::{Header, Verdict};
use crate::stats::LatencyHistogram;

/// The run as an indented JSON document, with a line break at its end.
pub fn json(tally: &Tally) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&document(tally))?;
    text.push('\n');
    Ok(text)
}

fn document(tally: &Tally) -> Document<'_> {
    Document {
        schema_version: SCHEMA_VERSION,
        outcome: tally.outcome().as_str(),
        outcome_reasons: tally.outcome_reasons(),
        incomplete: tally.incomplete(),
        header: tally.header.as_ref().map(head),
        end: tally.end.map(|end| End {
            at_s: end.at,
            reason: end.reason,
            exit_code: end.exit_code,
            events_lost: end.events_lost,
        }),
        played_from_s: tally.from(),
        played_until_s: tally.played_until(),
        expectations: tally.verdicts.iter().map(expectation).collect(),
        services: tally.services.values().map(service).collect(),
        paths: tally.paths.iter().map(|(service, path)| self::path(service, path, tally)).collect(),
        monitors: tally.monitors.values().map(monitor).collect(),
        faults: tally.faults.values().map(|fault| self::fault(fault, tally)).collect(),
        detectors: tally.detectors.values().map(detector).collect(),
        command: tally.command.map(|command| Command {
            started_s: command.started,
            ended_s: command.ended,
            status: command.status,
            signal: command.signal,
        }),
        edits: tally
            .edits
            .iter()
            .map(|edit| Edit { at_s: edit.at, service: &edit.service, faults: edit.faults })
            .collect(),
        edits_total: tally.edits_total,
        problems: &tally.problems,
        problems_total: tally.problems_total,
        events_unnamed: tally.unnamed,
    }
}

fn head(header: &Header) -> Head<'_> {
    Head {
        version: &header.version,
        scenario: &header.scenario,
        file: &header.file,
        about: header.about.as_deref(),
        seed: header.seed,
        starts_at: header.starts_at.as_deref(),
        began: &header.began,
        speed: header.speed,
        from_s: header.from,
        until_s: header.until,
        replay: &header.replay,
        command: header.command.as_ref().map(|words| words.iter().map(|word| &**word).collect()),
        notes: header.notes.iter().map(|note| &**note).collect(),
    }
}

fn expectation(verdict: &Verdict) -> Judged<'_> {
    Judged {
        expectation: &verdict.expectation,
        subject: &verdict.subject,
        state: verdict.state,
        observed: &verdict.observed,
        margin: verdict.margin.as_deref(),
        line: verdict.place.map(|(line, _)| line),
        column: verdict.place.map(|(_, column)| column),
    }
}

fn service(service: &ServiceTally) -> Service<'_> {
    let EndCounts { client, server, unreachable, fault, brownout } = &service.ends;
    Service {
        name: &service.name,
        listen: service.listen.map(|listen| listen.to_string()),
        upstream: service.upstream.as_deref(),
        connections_accepted: service.accepted,
        connections_ended: service.ended,
        connections_open: service.open(),
        ended_by: EndedBy {
            client: *client,
            server: *server,
            unreachable: *unreachable,
            fault: counts(fault),
            brownout: *brownout,
        },
        bytes_to_server: service.bytes_to_server,
        bytes_to_client: service.bytes_to_client,
        first_byte: latency(&service.first_byte),
        accept_troubles: counts(&service.accept_troubles),
    }
}

fn path<'a>(service: &'a str, path: &'a PathTally, tally: &Tally) -> Path<'a> {
    let (info, history) = (path.info.as_ref(), path.until(tally.played_until()));
    let history = history.as_ref();
    Path {
        service,
        from: info.map(|info| &*info.from),
        to: info.map(|info| &*info.to),
        backend: info.map(|info| &*info.backend),
        changes: path.changes,
        disturbed_s: history.map(|history| history.disturbed),
        dark_s: history.map(|history| history.dark),
        dark_share_max: history.map(|history| f64::from(history.dark_max) / BUCKETS as f64),
        dark_share_max_at_s: history.and_then(|history| history.dark_max_at),
        dark_why: history.and_then(|history| history.why.as_deref()).map(str::to_owned),
        round_trip_min_s: history.and_then(|history| history.round_trip_min),
        round_trip_max_s: history.and_then(|history| history.round_trip_max),
        loss_max: history.and_then(|history| history.loss_max).map(Ratio::as_f64),
    }
}

fn counts(counts: &NamedCounts) -> Counts<'_> {
    Counts { total: counts.total(), by_name: counts.iter().collect(), other: counts.other() }
}

fn latency(latency: &LatencyHistogram) -> Latency {
    Latency {
        count: latency.count(),
        mean_s: latency.mean(),
        p50_s: latency.quantile(0.5),
        p90_s: latency.quantile(0.9),
        p99_s: latency.quantile(0.99),
        max_s: latency.max(),
    }
}

fn monitor(monitor: &MonitorTally) -> Monitor<'_> {
    let info = monitor.info.as_ref();
    let interval = monitor.success_interval();
    let phases = monitor.phases().map(|(phase, count)| PhaseFailures {
        phase,
        failed: count.failed,
        timed_out: count.timed_out,
    });
    Monitor {
        name: &monitor.name,
        service: info.map(|info| &*info.service),
        check: info.map(|info| &*info.check),
        every_s: info.map(|info| info.every),
        timeout_s: info.map(|info| info.timeout),
        probes: monitor.probes,
        succeeded: monitor.succeeded,
        failed: monitor.failed(),
        success_ratio: monitor.success_ratio(),
        success_ratio_low: interval.map(|interval| interval.low),
        success_ratio_high: interval.map(|interval| interval.high),
        failures_by_phase: phases.collect(),
        failure_reasons: counts(&monitor.reasons),
        failures_in_a_row_max: monitor.streak_max,
        failures_in_a_row_max_from_s: monitor.streak_max_from,
        latency: latency(&monitor.latency),
        latency_all: latency(&monitor.latency_all),
    }
}

fn fault<'a>(fault: &'a FaultTally, tally: &Tally) -> Fault<'a> {
    let info = fault.info.as_ref();
    let effect = fault.effect(tally.played_until());
    let windows = info.map(|info| {
        let spans =
            info.windows.iter().map(|window| Span { from_s: window.from, until_s: Some(window.until) });
        spans.collect()
    });
    Fault {
        name: &fault.name,
        service: &fault.service,
        kind: info.map(|info| &*info.kind),
        summary: info.map(|info| &*info.summary),
        direction: info.map(|info| info.direction),
        probability: info.map(|info| info.probability.as_f64()),
        backend: info.map(|info| &*info.backend),
        windows,
        windows_total: info.map(|info| info.windows_total),
        allow_untouched: info.map(|info| info.allow_untouched),
        effect: effect.as_str(),
        realised: effect == Effect::Realised,
        connections_drawn: fault.drawn,
        connections_hit: fault.hit,
        connections_ended: fault.ended,
        bytes: fault.bytes,
        delay_max_s: (fault.hit > 0).then_some(fault.delay_max),
        bits_flipped: fault.flipped,
        probes_refused: fault.refused,
        syns_dropped: fault.syns,
        first_hit_s: fault.first_hit,
    }
}

fn detector(detector: &DetectorTally) -> Detector<'_> {
    Detector {
        name: &detector.name,
        monitor: detector.info.as_ref().map(|info| &*info.monitor),
        summary: detector.info.as_ref().map(|info| &*info.summary),
        fired: detector.fired,
        firing_since_s: detector.firing_since,
        alarms: detector
            .alarms
            .iter()
            .map(|alarm| Span { from_s: alarm.from, until_s: alarm.until })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture;
    use super::*;

    #[test]
    fn the_document_says_what_happened() {
        let document: serde_json::Value = serde_json::from_str(&json(&fixture::tally()).unwrap()).unwrap();
        let at = |pointer: &str| document.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}")).clone();
        assert_eq!(at("/schema_version"), 1);
        assert_eq!(at("/outcome"), "failed");
        assert_eq!(at("/incomplete"), false);
        assert_eq!(at("/played_until_s"), 300.0);
        assert_eq!(at("/services/0/ended_by/fault/by_name/reset"), 10);
        assert_eq!(at("/monitors/0/timeout_s"), 5.0);
        assert_eq!(at("/monitors/0/latency_all/max_s"), 5.0);
        assert_eq!(at("/faults/2/probability"), 0.2);
        assert_eq!(at("/faults/3/effect"), "untouched");
        assert_eq!(at("/faults/3/first_hit_s"), serde_json::Value::Null);
        assert_eq!(at("/detectors/0/alarms/1/until_s"), serde_json::Value::Null);
        assert_eq!(at("/end/reason"), "completed");
    }

    #[test]
    fn what_was_not_observed_is_null() {
        let document: serde_json::Value = serde_json::from_str(&json(&Tally::new()).unwrap()).unwrap();
        assert_eq!(document["header"], serde_json::Value::Null);
        assert_eq!(document["outcome"], "incomplete");
        assert_eq!(document["incomplete"], true);
    }
}
