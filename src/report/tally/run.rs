//! The tally of a whole run: who is who, and which event goes to whom.

use std::sync::Arc;

use indexmap::IndexMap;

use super::detector::DetectorTally;
use super::fault::FaultTally;
use super::monitor::MonitorTally;
use super::outcome::VerdictCounts;
use super::path::PathTally;
use super::service::ServiceTally;
use crate::base::SimTime;
use crate::base::limits::SCENARIO_ITEMS_MAX;
use crate::event::{
    ConnectionEnded, ConnectionOpened, EndCause, Entry, Event, Header, RunEnd, Sink, Verdict,
};

/// Most names of one sort that are told apart. A scenario has fewer; an API may add faults, and a broken journal may
/// hold anything.
const NAMES_MAX: usize = 4 * SCENARIO_ITEMS_MAX;
/// Most problems of reading that are held in words; more are only counted.
const PROBLEMS_MAX: usize = 20;
/// Most live edits that are held; more are only counted.
const EDITS_MAX: usize = 100;

/// Everything that a report needs, added up from the events of one run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// What the run was about to do; none if its first event is missing.
    pub header: Option<Header>,
    /// The services, by name.
    pub services: IndexMap<Arc<str>, ServiceTally>,
    /// What a WAN did to the paths of services, by service.
    pub paths: IndexMap<Arc<str>, PathTally>,
    /// The faults, by service and name.
    pub faults: IndexMap<(Arc<str>, Arc<str>), FaultTally>,
    /// The monitors, by name.
    pub monitors: IndexMap<Arc<str>, MonitorTally>,
    /// The detectors, by name.
    pub detectors: IndexMap<Arc<str>, DetectorTally>,
    /// The verdicts, in order (the first of them; the tally's count of verdicts tells of all).
    pub verdicts: Vec<Verdict>,
    /// The wrapped command.
    pub command: Option<CommandTally>,
    /// Live edits of faults (the first of them).
    pub edits: Vec<EditTally>,
    /// How many live edits there were.
    pub edits_total: u64,
    /// How the run ended; none if it was cut off.
    pub end: Option<EndTally>,
    /// What was wrong with the journal (the first problems).
    pub problems: Vec<String>,
    /// How many problems there were.
    pub problems_total: u64,
    /// Events about more names than are told apart.
    pub unnamed: u64,
    /// The latest instant of any event.
    pub last: SimTime,
    /// Met, failed, undecided.
    pub(in crate::report) verdict_counts: VerdictCounts,
}

/// The wrapped command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandTally {
    /// When it began, if that was seen.
    pub started: Option<SimTime>,
    /// When it ended, if it did.
    pub ended: Option<SimTime>,
    /// Its exit status, if it exited.
    pub status: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
}

/// A live edit of a service's faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditTally {
    /// When.
    pub at: SimTime,
    /// Which service's.
    pub service: Arc<str>,
    /// How many faults it has from then on.
    pub faults: usize,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndTally {
    /// When.
    pub at: SimTime,
    /// Why.
    pub reason: RunEnd,
    /// The exit code that it led to.
    pub exit_code: u8,
    /// Events that were lost on the way to the journal.
    pub events_lost: u64,
}

// === impl Tally ===

impl Tally {
    /// Nothing happened yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes something that is wrong with the journal; the report is incomplete from then on.
    pub fn note_problem(&mut self, problem: String) {
        self.problems_total += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }

    /// Where the played time begins.
    pub fn from(&self) -> SimTime {
        self.header.as_ref().map_or(SimTime::ZERO, |header| header.from)
    }

    /// Where the planned time ends; what was seen, if no header told it.
    pub fn planned_until(&self) -> SimTime {
        self.header.as_ref().map_or(self.last, |header| header.until).max(self.from())
    }

    /// Where the played time ends: the plan's end if the run completed, else when it ended, or was last heard of.
    pub fn played_until(&self) -> SimTime {
        let planned = self.planned_until();
        match &self.end {
            Some(end) if end.reason == RunEnd::Completed => planned,
            Some(end) => end.at.clamp(self.from(), planned),
            None => self.last.clamp(self.from(), planned),
        }
    }

    /// Connections that are open, over all services.
    pub fn open(&self) -> u64 {
        self.services.values().map(ServiceTally::open).sum()
    }

    fn begin(&mut self, header: &Header) {
        if self.header.is_some() {
            self.note_problem("a second run begins: its header is passed over".to_owned());
            return;
        }
        let origin = header.from;
        for info in header.services.iter().take(NAMES_MAX) {
            let service = ServiceTally::new(&info.name, Some(info), origin);
            self.services.entry(info.name.clone()).or_insert(service);
            if info.path.is_some() {
                self.paths.insert(info.name.clone(), PathTally::new(info.path.as_ref()));
            }
        }
        for info in header.faults.iter().take(NAMES_MAX) {
            let fault = FaultTally::new(&info.service, &info.name, Some(info));
            self.faults.entry((info.service.clone(), info.name.clone())).or_insert(fault);
        }
        for info in header.monitors.iter().take(NAMES_MAX) {
            let monitor = MonitorTally::new(&info.name, Some(info), origin);
            self.monitors.entry(info.name.clone()).or_insert(monitor);
        }
        for info in header.detectors.iter().take(NAMES_MAX) {
            let detector = DetectorTally::new(&info.name, Some(info));
            self.detectors.entry(info.name.clone()).or_insert(detector);
        }
        self.header = Some(header.clone());
    }

    fn service(&mut self, name: &Arc<str>) -> Option<&mut ServiceTally> {
        let origin = self.from();
        known(&mut self.services, name.clone(), &mut self.unnamed, || ServiceTally::new(name, None, origin))
    }

    fn fault(&mut self, service: &Arc<str>, name: &Arc<str>) -> Option<&mut FaultTally> {
        let key = (service.clone(), name.clone());
        known(&mut self.faults, key, &mut self.unnamed, || FaultTally::new(service, name, None))
    }

    fn record_opened(&mut self, opened: &ConnectionOpened) {
        if let Some(service) = self.service(&opened.service) {
            service.accepted += 1;
        }
        for name in &opened.drawn {
            if let Some(fault) = self.fault(&opened.service, name) {
                fault.drawn += 1;
            }
        }
    }

    fn record_ended(&mut self, t: SimTime, ended: &ConnectionEnded) {
        if let Some(service) = self.service(&ended.service) {
            service.record_end(t, ended);
        }
        let began = ended.began(t, self.header.as_ref().map_or(1.0, |header| header.speed));
        for fault in self.faults.values_mut().filter(|fault| fault.service == ended.service) {
            fault.record_lifetime(began, t);
        }
        for hit in &ended.hits {
            if let Some(fault) = self.fault(&ended.service, &hit.fault) {
                fault.record_hit(hit);
            }
        }
        if let EndCause::Fault { fault, .. } = &ended.cause
            && let Some(fault) = self.fault(&ended.service, fault)
        {
            fault.ended += 1;
        }
    }

    /// A refused probe met the faults that refuse the connects of its service.
    fn record_refused(&mut self, t: SimTime, monitor: &Arc<str>) {
        let info =
            self.header.as_ref().and_then(|header| header.monitors.iter().find(|m| m.name == *monitor));
        let Some(service) = info.map(|info| &info.service) else { return };
        for fault in self.faults.values_mut().filter(|fault| fault.service == *service) {
            if fault.info.as_ref().is_some_and(|info| !info.is_seen() && info.in_force(t)) {
                fault.record_refused_probe(t);
            }
        }
    }

    fn record_command_end(&mut self, t: SimTime, status: Option<i32>, signal: Option<i32>) {
        let started = self.command.and_then(|command| command.started);
        self.command = Some(CommandTally { started, ended: Some(t), status, signal });
    }

    fn record_verdict(&mut self, verdict: &Verdict) {
        self.verdict_counts.add(verdict.state);
        if self.verdicts.len() < NAMES_MAX {
            self.verdicts.push(verdict.clone());
        }
    }
}

impl Sink for Tally {
    fn record(&mut self, entry: &Entry) {
        let t = entry.t;
        self.last = self.last.max(t);
        match &entry.event {
            Event::RunStarted(header) => self.begin(header),
            Event::ConnectionOpened(opened) => self.record_opened(opened),
            Event::ConnectionEnded(ended) => self.record_ended(t, ended),
            Event::Probe(probe) => {
                let (name, origin) = (&probe.monitor, self.from());
                let new = || MonitorTally::new(name, None, origin);
                if let Some(monitor) = known(&mut self.monitors, name.clone(), &mut self.unnamed, new) {
                    monitor.record(t, probe);
                }
                if probe.was_refused() {
                    self.record_refused(t, name);
                }
            }
            Event::Alarm { detector: name, state } => {
                let new = || DetectorTally::new(name, None);
                if let Some(detector) = known(&mut self.detectors, name.clone(), &mut self.unnamed, new) {
                    detector.record(t, *state);
                }
            }
            Event::FaultsEdited { service, faults, .. } => {
                self.edits_total += 1;
                if self.edits.len() < EDITS_MAX {
                    self.edits.push(EditTally { at: t, service: service.clone(), faults: faults.len() });
                }
            }
            Event::PathChanged(changed) => {
                let name = changed.service.clone();
                let new = || PathTally::new(None);
                if let Some(path) = known(&mut self.paths, name, &mut self.unnamed, new) {
                    path.record(t, changed);
                }
            }
            Event::AcceptTrouble { service, reason } => {
                if let Some(service) = self.service(service) {
                    service.accept_troubles.add(reason);
                }
            }
            Event::SynsDropped { service, faults, count } => {
                for name in faults {
                    if let Some(fault) = self.fault(service, name) {
                        fault.record_syns(t, *count);
                    }
                }
            }
            Event::CommandStarted { .. } => {
                self.command =
                    Some(CommandTally { started: Some(t), ended: None, status: None, signal: None });
            }
            Event::CommandEnded { status, signal } => self.record_command_end(t, *status, *signal),
            Event::Verdict(verdict) => self.record_verdict(verdict),
            Event::RunEnded { reason, exit_code, events_lost } => {
                let (reason, exit_code, events_lost) = (*reason, *exit_code, *events_lost);
                self.end = Some(EndTally { at: t, reason, exit_code, events_lost });
            }
        }
    }
}

/// What is told under `key`, made if there is room for another name.
fn known<'a, K: std::hash::Hash + Eq, V>(
    named: &'a mut IndexMap<K, V>,
    key: K,
    unnamed: &mut u64,
    new: impl FnOnce() -> V,
) -> Option<&'a mut V> {
    if named.len() >= NAMES_MAX && !named.contains_key(&key) {
        *unnamed += 1;
        return None;
    }
    Some(named.entry(key).or_insert_with(new))
}
