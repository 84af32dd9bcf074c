//! What every run implies, whether or not a scenario says so.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use crate::base::SimTime;
use crate::base::limits::REFUSAL_MARGIN;
use crate::event::{
    ConnectionEnded, Entry, Event, FaultInfo, MonitorInfo, Probe, Sink, Verdict, VerdictState, Window,
};
use crate::scenario::expect::{Check, Expectation};

/// The implied expectations: every fault meets traffic, the command succeeds, no event is lost.
#[derive(Debug)]
pub(super) struct Implied {
    faults: Vec<FaultInfo>,
    /// The monitors by name: which services they probe.
    monitors: IndexMap<Arc<str>, MonitorInfo>,
    /// Connections that each fault (by service and name) touched.
    touched: IndexMap<(Arc<str>, Arc<str>), u64>,
    /// Whether the scenario itself says what the command's status should be.
    command_is_judged: bool,
    command: Option<CommandEnd>,
    /// What probes met of faults that brownout does not see, by service and name.
    unseen: IndexMap<(Arc<str>, Arc<str>), Unseen>,
    /// SYNs that the kernel dropped for each fault.
    syns: IndexMap<(Arc<str>, Arc<str>), u64>,
    /// Services whose faults were edited: what the header says of their windows may not hold.
    edited: IndexSet<Arc<str>>,
    last: SimTime,
    speed: f64,
    /// The part of the scenario that is played.
    played: (SimTime, SimTime),
}

/// Probes of a service while the kernel refuses its connects.
#[derive(Clone, Copy, Debug, Default)]
struct Unseen {
    refused: u64,
    /// Those that got through, well within the window.
    connected: u64,
}

#[derive(Clone, Copy, Debug)]
struct CommandEnd {
    status: Option<i32>,
    signal: Option<i32>,
}

// === impl Implied ===

impl Implied {
    pub(super) fn new(expectations: &[Expectation]) -> Self {
        let command_is_judged =
            expectations.iter().any(|expectation| matches!(expectation.check, Check::Command { .. }));
        Self {
            faults: Vec::new(),
            monitors: IndexMap::new(),
            touched: IndexMap::new(),
            command_is_judged,
            command: None,
            unseen: IndexMap::new(),
            syns: IndexMap::new(),
            edited: IndexSet::new(),
            last: SimTime::ZERO,
            speed: 1.0,
            played: (SimTime::ZERO, SimTime::MAX),
        }
    }

    /// Whether any of these windows is played: an excerpt may lie beside all of them.
    pub(super) fn plays(&self, windows: &[Window]) -> bool {
        let (from, until) = self.played;
        windows.iter().any(|window| window.from < until && window.until > from)
    }

    pub(super) const fn speed(&self) -> f64 {
        self.speed
    }

    pub(super) fn verdicts(&self, events_lost: u64) -> Vec<Verdict> {
        let faults = self.faults.iter().filter_map(|fault| self.fault_verdict(fault));
        let lost = (events_lost > 0).then(|| {
            let observed = format!("{events_lost} events lost: the recorder could not keep up");
            implied("every event is recorded", "journal", VerdictState::Failed, observed)
        });
        faults.chain(self.command_verdict()).chain(lost).collect()
    }

    /// A fault without a window in the excerpt that is played is not expected to do anything.
    fn fault_verdict(&self, fault: &FaultInfo) -> Option<Verdict> {
        let first = fault.windows.first().filter(|_| !fault.allow_untouched)?.from;
        let key = (Arc::clone(&fault.service), Arc::clone(&fault.name));
        let connections = self.touched.get(&key).copied().unwrap_or_default();
        let unseen = self.unseen.get(&key).copied().unwrap_or_default();
        let syns = self.syns.get(&key).copied().unwrap_or_default();
        let (state, observed) = match connections {
            n if syns > 0 => (VerdictState::Met, met_text(n, syns)),
            n if !fault.is_seen()
                && first < self.last
                && (n == 0 || unseen.refused + unseen.connected > 0) =>
            {
                self.unseen_finding(fault, unseen)?
            }
            0 if first >= self.last => (
                VerdictState::Failed,
                format!("not reached: it begins at {first}, the run ended at {}", self.last),
            ),
            0 => (VerdictState::Failed, "no traffic met it".to_owned()),
            n => (VerdictState::Met, met_text(n, 0)),
        };
        let subject = format!("fault {}", fault.name);
        let text = format!("fault {} on {} meets traffic", fault.name, fault.service);
        Some(implied(&text, &subject, state, observed))
    }

    /// What the kernel refuses for brownout only a probe can tell; without one nothing is judged, and the report says so.
    fn unseen_finding(&self, fault: &FaultInfo, probes: Unseen) -> Option<(VerdictState, String)> {
        let Unseen { refused, connected } = probes;
        if connected > 0 && !self.edited.contains(&fault.service) {
            let observed = format!("{} connected while it was in force", probes_text(connected));
            return Some((VerdictState::Failed, observed));
        }
        (refused > 0).then(|| (VerdictState::Met, format!("{} refused", probes_text(refused))))
    }

    /// A WAN disturbs some flows and not others, by their ports: it has met whoever was there to be disturbed.
    fn record_lifetime(&mut self, t: SimTime, ended: &ConnectionEnded) {
        let began = ended.began(t, self.speed);
        for fault in self.faults.iter().filter(|fault| fault.is_wan() && fault.service == ended.service) {
            if fault.in_force_within(began, t) {
                let key = (Arc::clone(&fault.service), Arc::clone(&fault.name));
                *self.touched.entry(key).or_default() += 1;
            }
        }
    }

    fn record_probe(&mut self, t: SimTime, probe: &Probe) {
        let Some(monitor) = self.monitors.get(&probe.monitor) else { return };
        let service = monitor.service_of(probe.target);
        let margin = REFUSAL_MARGIN.mul_f64(self.speed);
        let connect = probe.connect.map(|connect| connect.mul_f64(self.speed));
        for fault in self.faults.iter().filter(|fault| !fault.is_seen() && fault.service == *service) {
            let unseen =
                self.unseen.entry((Arc::clone(&fault.service), Arc::clone(&fault.name))).or_default();
            if probe.was_refused() && fault.in_force(t) {
                unseen.refused += 1;
            }
            let well_within = |window: &Window| {
                connect.is_some_and(|connect| {
                    window.from.plus(margin) <= t && t.plus(connect + margin) <= window.until
                })
            };
            unseen.connected += u64::from(fault.windows.iter().any(well_within));
        }
    }

    fn command_verdict(&self) -> Option<Verdict> {
        let CommandEnd { status, signal } = self.command.filter(|_| !self.command_is_judged)?;
        let (state, observed) = match (status, signal) {
            (Some(0), _) => (VerdictState::Met, "exit status 0".to_owned()),
            (Some(status), _) => (VerdictState::Failed, format!("exit status {status}")),
            (None, Some(signal)) => (VerdictState::Failed, format!("ended by signal {signal}")),
            (None, None) => (VerdictState::Undecided, "its exit status is not known".to_owned()),
        };
        Some(implied("the command succeeds", "command", state, observed))
    }
}

impl Sink for Implied {
    fn record(&mut self, entry: &Entry) {
        self.last = self.last.max(entry.t);
        match &entry.event {
            Event::RunStarted(header) => {
                self.faults.clone_from(&header.faults);
                let named = |info: &MonitorInfo| (Arc::clone(&info.name), info.clone());
                self.monitors = header.monitors.iter().map(named).collect();
                self.speed = header.speed;
                self.played = (header.from, header.until);
            }
            Event::ConnectionEnded(ended) => {
                self.record_lifetime(entry.t, ended);
                for hit in &ended.hits {
                    let key = (Arc::clone(&ended.service), Arc::clone(&hit.fault));
                    // Faults that an edit brought are not the scenario's: nobody expects them.
                    let mine = |fault: &&FaultInfo| fault.service == key.0 && fault.name == key.1;
                    if self.faults.iter().find(mine).is_some_and(|fault| !fault.is_wan()) {
                        *self.touched.entry(key).or_default() += 1;
                    }
                }
            }
            Event::Probe(probe) => self.record_probe(entry.t, probe),
            Event::SynsDropped { service, faults, count } => {
                for fault in faults {
                    *self.syns.entry((Arc::clone(service), Arc::clone(fault))).or_default() += count;
                }
            }
            Event::FaultsEdited { service, .. } => {
                self.edited.insert(Arc::clone(service));
            }
            Event::CommandEnded { status, signal } => {
                self.command = Some(CommandEnd { status: *status, signal: *signal });
            }
            _ => {}
        }
    }

    fn tick(&mut self, now: SimTime) {
        self.last = self.last.max(now);
    }
}

/// What met a fault: connections that brownout saw, and those whose SYNs the kernel dropped.
fn met_text(connections: u64, syns: u64) -> String {
    let some = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let connections = (connections > 0).then(|| some(connections, "connection", "connections"));
    let syns = (syns > 0).then(|| some(syns, "SYN dropped", "SYNs dropped"));
    connections.into_iter().chain(syns).collect::<Vec<_>>().join(", ")
}

fn probes_text(count: u64) -> String {
    if count == 1 { "1 probe".to_owned() } else { format!("{count} probes") }
}

fn implied(text: &str, subject: &str, state: VerdictState, observed: String) -> Verdict {
    Verdict {
        expectation: text.into(),
        subject: subject.into(),
        state,
        observed: observed.into(),
        margin: None,
        place: None,
    }
}
