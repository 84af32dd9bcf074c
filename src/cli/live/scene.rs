//! `Scene`: all that the live view shows at one instant, as plain values; and `Eye`, which looks.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::base::SimTime;
use crate::base::limits::ENDED_SHOWN_MAX;
use crate::cli::{figures, logging};
use crate::engine::{ConnectionNow, FaultNow, Live, ServiceNow};
use crate::event::{ConnectionEnded, Entry, Event};
use crate::fault::FaultKind;

/// How many seconds of rates are kept: the widest sparkline.
const RATES_KEPT: usize = 120;
/// How long one sample of a rate lasts.
const SAMPLE: Duration = Duration::from_secs(1);
/// A plan that lasts longer was given no end.
const NO_END: Duration = Duration::from_secs(364 * 86_400);

/// What there is to see.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    /// The present.
    pub(super) now: SimTime,
    /// When the run ends by itself.
    pub(super) until: Option<SimTime>,
    /// Whether somebody has asked for the end.
    pub(super) ending: bool,
    pub(super) services: Vec<ServiceScene>,
    /// The last lines of the log.
    pub(super) logs: Vec<String>,
}

/// A service.
#[derive(Clone, Debug)]
pub(super) struct ServiceScene {
    pub(super) now: ServiceNow,
    /// Bytes a second, by direction, oldest first.
    pub(super) rates: [Vec<u64>; 2],
    /// Its connections, the latest first, those that have ended not long ago included.
    pub(super) connections: Vec<ConnectionRow>,
}

/// A connection, open or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConnectionRow {
    pub(super) ordinal: u64,
    pub(super) client: SocketAddr,
    pub(super) age: Duration,
    pub(super) delivered: [u64; 2],
    pub(super) bucket: u8,
    /// Those that did something to it.
    pub(super) faults: Vec<Arc<str>>,
    pub(super) state: ConnectionState,
}

/// What a connection is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ConnectionState {
    Dialling,
    Open,
    /// Nothing gets through.
    Dark,
    /// By whom.
    Ended(String),
}

/// What the events bring: ended connections, latest last, by service.
#[derive(Debug, Default)]
pub(super) struct Feed(Mutex<VecDeque<(Arc<str>, ConnectionRow)>>);

/// Looks at a run, again and again.
#[derive(Debug)]
pub(super) struct Eye {
    live: Live,
    feed: Arc<Feed>,
    rates: Vec<[Rates; 2]>,
}

/// Bytes a second, sampled.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    since: SimTime,
    total: u64,
    samples: VecDeque<u64>,
}

// === impl ConnectionRow ===

impl ConnectionRow {
    pub(super) const fn is_open(&self) -> bool {
        !matches!(self.state, ConnectionState::Ended(_))
    }

    fn of(connection: &ConnectionNow, faults: &[FaultNow], now: SimTime) -> Self {
        let touched = || connection.drawn.iter().filter(|(_, touched)| *touched).map(|(name, _)| name);
        let is_dark = |name: &Arc<str>| {
            let darkens = |fault: &&FaultNow| matches!(fault.fault.parts.kind, FaultKind::Blackhole(_));
            let fault = faults.iter().find(|fault| fault.fault.parts.name == *name).filter(darkens);
            fault.is_some_and(|fault| !fault.paused && fault.level.is_full())
        };
        let state = match connection.dialled {
            _ if touched().any(is_dark) => ConnectionState::Dark,
            true => ConnectionState::Open,
            false => ConnectionState::Dialling,
        };
        Self {
            ordinal: connection.ordinal,
            client: connection.client,
            age: now.since(connection.accepted),
            delivered: connection.delivered,
            bucket: connection.bucket.0,
            faults: touched().map(Arc::clone).collect(),
            state,
        }
    }

    fn ended(ended: &ConnectionEnded) -> Self {
        Self {
            ordinal: ended.ordinal,
            client: ended.client,
            age: ended.age,
            delivered: [ended.bytes_to_server, ended.bytes_to_client],
            bucket: ended.bucket.0,
            faults: ended.hits.iter().map(|hit| Arc::clone(&hit.fault)).collect(),
            state: ConnectionState::Ended(figures::ended_by(&ended.cause)),
        }
    }
}

// === impl Feed ===

impl Feed {
    pub(super) fn record(&self, entry: &Entry) {
        let Event::ConnectionEnded(ended) = &entry.event else { return };
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() == ENDED_SHOWN_MAX {
            rows.pop_front();
        }
        rows.push_back((Arc::clone(&ended.service), ConnectionRow::ended(ended)));
    }

    fn of(&self, service: &str) -> Vec<ConnectionRow> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.iter().filter(|(name, _)| &**name == service).map(|(_, row)| row.clone()).collect()
    }
}

// === impl Eye ===

impl Eye {
    pub(super) fn new(live: Live, feed: Arc<Feed>) -> Self {
        let rates = live.plan().services.iter().map(|_| Default::default()).collect();
        Self { live, feed, rates }
    }

    /// What there is to see now; connections of the shown service alone, for there may be many.
    pub(super) fn look(&mut self, shown: usize, ending: bool) -> Scene {
        let now = self.live.now();
        let services = self.live.services().into_iter().zip(&mut self.rates).enumerate();
        let services = services.map(|(place, (service, rates))| {
            for (rates, total) in rates.iter_mut().zip(service.delivered) {
                rates.note(now, total);
            }
            let open = if place == shown { self.live.connections(&service.name) } else { Ok(Vec::new()) };
            let open = open.unwrap_or_default();
            let mut connections: Vec<_> =
                open.iter().map(|one| ConnectionRow::of(one, &service.faults, now)).collect();
            let ended = if place == shown { self.feed.of(&service.name) } else { Vec::new() };
            // Its end may be told before its place is given up.
            connections.retain(|open| !ended.iter().any(|ended| ended.ordinal == open.ordinal));
            connections.extend(ended);
            connections.sort_by_key(|row| std::cmp::Reverse(row.ordinal));
            let rates = [&rates[0], &rates[1]].map(|rates| rates.samples.iter().copied().collect());
            ServiceScene { now: service, rates, connections }
        });
        let until = SimTime::after_start(self.live.plan().run_time());
        Scene {
            now,
            until: Some(until).filter(|until| until.since_start() < NO_END),
            ending,
            services: services.collect(),
            logs: logging::kept(),
        }
    }
}

// === impl Rates ===

impl Rates {
    /// Takes the sum so far; a sample is whole after a second, or after as long as nobody looked.
    pub(super) fn note(&mut self, now: SimTime, total: u64) {
        let passed = now.since(self.since);
        if passed < SAMPLE {
            return;
        }
        let rate = (total.saturating_sub(self.total) as f64 / passed.as_secs_f64()) as u64;
        if self.samples.len() == RATES_KEPT {
            self.samples.pop_front();
        }
        self.samples.push_back(rate);
        (self.since, self.total) = (now, total);
    }
}

/// When a fault does what, in a few characters: `in force`, `40% 12s`, `in 12s`, `paused`, `over`.
pub(super) fn state_words(fault: &FaultNow, scene: &Scene) -> String {
    let until = |change: Option<SimTime>| {
        // The end of the run is no change of the fault.
        let change = change.filter(|at| scene.until != Some(*at) && at.since_start() < NO_END);
        change.map(|at| figures::age(at.since(scene.now)))
    };
    let rest = until(fault.next_change);
    match (fault.paused, fault.level.is_zero(), rest) {
        (true, ..) => "paused".to_owned(),
        (false, true, None) => "over".to_owned(),
        (false, true, Some(rest)) => format!("in {rest}"),
        (false, false, _) if !fault.level.is_full() => format!("at {}%", fault.level.as_percent()),
        (false, false, None) => "in force".to_owned(),
        (false, false, Some(rest)) => format!("in force {rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples are a second long at least, and none is lost when nobody looks for a while.
    #[test]
    fn rates_are_bytes_by_time() {
        let mut rates = Rates::default();
        for (millis, total) in [(500, 100), (1_000, 1_000), (1_900, 1_500), (3_000, 5_000)] {
            rates.note(SimTime::from_millis(millis), total);
        }
        assert_eq!(rates.samples, [1_000, 2_000]);
        for second in 4..200 {
            rates.note(SimTime::from_secs(second), 5_000);
        }
        assert_eq!(rates.samples.len(), RATES_KEPT);
    }
}
