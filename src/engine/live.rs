//! `Live`: a hand on a run under way, for whoever shows it or changes it while it goes on.
//!
//! It answers what there is now (services, their faults with level and hits, open connections) and takes edits: faults are
//! added, changed, paused and removed, connections ended. A fault comes as text, is read as a flag is, and counts from
//! now. An edit replaces the program of a service as a whole: faults that stay are the same objects, so their draws and
//! their links stay. Every edit is journaled. Nothing here waits for a connection, and nothing knows of terminals.
//!
//! What one text made (one fault, or several) is paused, changed and removed together.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::limits::SCENARIO_ITEMS_MAX;
use crate::base::{FlowBucket, SimTime};
use crate::event::{Event, Outbox};
use crate::fault::{Fault, Level};
use crate::proxy::registry::Connection;
use crate::proxy::{Control, RunClock};
use crate::scenario::{LiveContext, LoadError, Plan, Upstream, read_live_fault};

/// A hand on a run under way. Cheap to clone; when the run is over it still answers, and takes no edits any more.
#[derive(Clone, Debug)]
pub struct Live(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    plan: Arc<Plan>,
    clock: RunClock,
    controls: Vec<Control>,
    addresses: Vec<SocketAddr>,
    state: Mutex<State>,
}

/// What edits change, one at a time.
#[derive(Debug)]
struct State {
    /// None once the run is over: the recorder must not wait for us.
    outbox: Option<Outbox>,
    next_id: u32,
    /// What each service has, in order.
    entries: Vec<Vec<Entry>>,
}

/// What one text made of a service.
#[derive(Clone, Debug)]
struct Entry {
    faults: Vec<Arc<Fault>>,
    text: Option<Arc<str>>,
    paused: bool,
}

/// A service now.
#[derive(Clone, Debug)]
pub struct ServiceNow {
    /// Its name.
    pub name: Arc<str>,
    /// Where brownout listens for it.
    pub listen: SocketAddr,
    /// Where it is.
    pub upstream: Upstream,
    /// How many edits its faults have seen.
    pub generation: u64,
    /// Connections accepted so far.
    pub accepted: u64,
    /// Connections that are open.
    pub open: usize,
    /// Bytes delivered so far, by direction.
    pub delivered: [u64; 2],
    /// Its faults, in order.
    pub faults: Vec<FaultNow>,
}

/// A fault now. Its times are in run time.
#[derive(Clone, Debug)]
pub struct FaultNow {
    /// The fault itself, with its schedule.
    pub fault: Arc<Fault>,
    /// The text that made it, if a text did.
    pub text: Option<Arc<str>>,
    /// Whether it is paused: it keeps its place and does nothing.
    pub paused: bool,
    /// How much it is in force by its schedule.
    pub level: Level,
    /// When that changes.
    pub next_change: Option<SimTime>,
    /// How many connections it has touched.
    pub touched: u64,
}

/// An open connection now.
#[derive(Clone, Debug)]
pub struct ConnectionNow {
    /// Which of the service's connections.
    pub ordinal: u64,
    /// Its client.
    pub client: SocketAddr,
    /// Its flow bucket.
    pub bucket: FlowBucket,
    /// When it was accepted, in run time.
    pub accepted: SimTime,
    /// Bytes delivered so far, by direction.
    pub delivered: [u64; 2],
    /// Whether its upstream is reached.
    pub dialled: bool,
    /// The faults drawn for it, each with whether it has done something to it.
    pub drawn: Vec<(Arc<str>, bool)>,
}

/// An edit that can't be made.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The text is no fault; it renders itself.
    #[error("{0}")]
    Text(Box<LoadError>),
    /// There is no such thing.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// What.
        what: &'static str,
        /// How it was called.
        name: String,
    },
    /// The service has as many faults as it may have.
    #[error("service `{0}` has {SCENARIO_ITEMS_MAX} faults, and that is the most (`SCENARIO_ITEMS_MAX`)")]
    TooMany(Arc<str>),
    /// The run is over.
    #[error("the run is over")]
    Over,
}

// === impl Live ===

impl Live {
    pub(super) fn new(
        plan: &Arc<Plan>,
        clock: RunClock,
        outbox: Outbox,
        controls: Vec<Control>,
        addresses: &[SocketAddr],
    ) -> Self {
        let entries = (0..plan.services.len()).map(|service| entries_of(plan, service)).collect();
        let next_id = u32::try_from(plan.faults.len()).unwrap_or(u32::MAX);
        let state = Mutex::new(State { outbox: Some(outbox), next_id, entries });
        let (plan, addresses) = (Arc::clone(plan), addresses.to_vec());
        Self(Arc::new(Inner { plan, clock, controls, addresses, state }))
    }

    /// The run is over: no more edits, no more events.
    pub(super) fn close(&self) {
        self.state().outbox = None;
    }

    /// The plan that is played.
    pub fn plan(&self) -> &Plan {
        &self.0.plan
    }

    /// The present, in run time.
    pub fn now(&self) -> SimTime {
        self.0.clock.now()
    }

    /// The services, in the plan's order.
    pub fn services(&self) -> Vec<ServiceNow> {
        let now = self.now();
        let entries = self.state().entries.clone();
        let plans = self.0.plan.services.iter().zip(&self.0.addresses).zip(&self.0.controls);
        plans
            .zip(entries)
            .map(|(((plan, address), control), entries)| {
                let totals = control.registry().totals();
                let touched = |fault: &Fault| totals.touched.get(&fault.parts.id).copied();
                let status = |entry: &Entry, fault: &Arc<Fault>| FaultNow {
                    fault: Arc::clone(fault),
                    text: entry.text.clone(),
                    paused: entry.paused,
                    level: *fault.parts.level.at(now),
                    next_change: fault.parts.level.next_change(now),
                    touched: touched(fault).unwrap_or_default(),
                };
                let faults = |entry: &Entry| -> Vec<FaultNow> {
                    entry.faults.iter().map(|fault| status(entry, fault)).collect()
                };
                ServiceNow {
                    name: Arc::clone(&plan.name),
                    listen: *address,
                    upstream: plan.upstream.clone(),
                    generation: control.program().generation(),
                    accepted: totals.accepted,
                    open: totals.open,
                    delivered: totals.delivered,
                    faults: entries.iter().flat_map(faults).collect(),
                }
            })
            .collect()
    }

    /// The open connections of a service, in the order of acceptance.
    pub fn connections(&self, service: &str) -> Result<Vec<ConnectionNow>, EditError> {
        let control = &self.0.controls[self.service(service)?];
        Ok(control.registry().open().iter().map(|connection| connection_now(connection)).collect())
    }

    /// Adds what a text says to a service, in force from now; gives the names of the faults.
    pub fn add(&self, service: &str, text: &str) -> Result<Vec<Arc<str>>, EditError> {
        let place = self.service(service)?;
        self.replace(place, None, text)
    }

    /// Puts what a text says in the place of a fault, in force from now; a fault of the same kind keeps its name.
    pub fn change(&self, service: &str, fault: &str, text: &str) -> Result<Vec<Arc<str>>, EditError> {
        let place = self.service(service)?;
        self.replace(place, Some(fault), text)
    }

    /// Takes a fault out of force, or puts it back: its schedule goes on meanwhile.
    pub fn pause(&self, service: &str, fault: &str, paused: bool) -> Result<(), EditError> {
        let place = self.service(service)?;
        let mut state = self.state();
        let entry = state.entry(place, fault)?;
        state.entries[place][entry].paused = paused;
        self.put_in_force(&mut state, place)
    }

    /// Removes a fault.
    pub fn remove(&self, service: &str, fault: &str) -> Result<(), EditError> {
        let place = self.service(service)?;
        let mut state = self.state();
        let entry = state.entry(place, fault)?;
        state.entries[place].remove(entry);
        self.put_in_force(&mut state, place)
    }

    /// Ends an open connection with an RST to both sides.
    pub fn kill(&self, service: &str, ordinal: u64) -> Result<(), EditError> {
        let killed = self.0.controls[self.service(service)?].registry().kill(ordinal);
        let unknown = || EditError::Unknown { what: "open connection", name: format!("#{ordinal}") };
        if killed { Ok(()) } else { Err(unknown()) }
    }

    /// Ends every open connection of a service so; says how many.
    pub fn kill_all(&self, service: &str) -> Result<usize, EditError> {
        Ok(self.0.controls[self.service(service)?].registry().kill_all())
    }

    fn replace(&self, place: usize, old: Option<&str>, text: &str) -> Result<Vec<Arc<str>>, EditError> {
        let mut state = self.state();
        let at = old.map(|fault| state.entry(place, fault)).transpose()?;
        let replaced = at.map(|at| state.entries[place][at].clone());
        let stays = |fault: &Arc<Fault>| {
            replaced.as_ref().is_none_or(|old| !old.faults.iter().any(|gone| Arc::ptr_eq(gone, fault)))
        };
        let all = state.entries.iter().flatten().flat_map(|entry| &entry.faults);
        let others: Vec<Arc<Fault>> = all.filter(|fault| stays(fault)).map(Arc::clone).collect();
        let context = LiveContext {
            plan: &self.0.plan,
            service: &self.0.plan.services[place].name,
            now: self.now(),
            first_id: state.next_id,
            others: &others,
            replaces: replaced.as_ref().and_then(|entry| entry.faults.first()).map(|fault| &**fault),
        };
        let made = read_live_fault(text, &context).map_err(|error| EditError::Text(Box::new(error)))?;
        if others.len() + made.faults.len() > SCENARIO_ITEMS_MAX {
            return Err(EditError::TooMany(Arc::clone(&self.0.plan.services[place].name)));
        }
        state.next_id = state.next_id.saturating_add(u32::try_from(made.faults.len()).unwrap_or(u32::MAX));
        if let Some(at) = at {
            state.entries[place].remove(at);
        }
        // The text may name another service, or several of them.
        let mut edited = vec![place];
        for own in 0..self.0.plan.services.len() {
            let name = &self.0.plan.services[own].name;
            let of_it = made.faults.iter().filter(|fault| fault.parts.service == *name);
            let faults: Vec<Arc<Fault>> = of_it.map(Arc::clone).collect();
            if faults.is_empty() {
                continue;
            }
            let entries = &mut state.entries[own];
            let at = at.filter(|_| own == place).unwrap_or(entries.len());
            entries.insert(at, Entry { faults, text: Some(Arc::clone(&made.text)), paused: false });
            if own != place {
                edited.push(own);
            }
        }
        for service in edited {
            self.put_in_force(&mut state, service)?;
        }
        Ok(made.faults.iter().map(|fault| Arc::clone(&fault.parts.name)).collect())
    }

    /// Makes the program of a service anew from what is not paused, and journals it.
    fn put_in_force(&self, state: &mut State, place: usize) -> Result<(), EditError> {
        let outbox = state.outbox.as_ref().ok_or(EditError::Over)?;
        let control = &self.0.controls[place];
        let in_force = state.entries[place].iter().filter(|entry| !entry.paused);
        let faults: Vec<Arc<Fault>> = in_force.flat_map(|entry| &entry.faults).map(Arc::clone).collect();
        let program = control.program().edited(faults);
        let names = program.faults().iter().map(|fault| Arc::clone(&fault.parts.name)).collect();
        let service = Arc::clone(&self.0.plan.services[place].name);
        let edited = Event::FaultsEdited { service, generation: program.generation(), faults: names };
        control.edit(program);
        outbox.put(self.now(), edited);
        Ok(())
    }

    fn service(&self, name: &str) -> Result<usize, EditError> {
        let found = self.0.plan.services.iter().position(|service| &*service.name == name);
        found.ok_or_else(|| EditError::Unknown { what: "service", name: name.to_owned() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    fn entry(&self, service: usize, fault: &str) -> Result<usize, EditError> {
        if self.outbox.is_none() {
            return Err(EditError::Over);
        }
        let bears = |entry: &Entry| entry.faults.iter().any(|one| &*one.parts.name == fault);
        let found = self.entries[service].iter().position(bears);
        found.ok_or_else(|| EditError::Unknown { what: "fault", name: fault.to_owned() })
    }
}

/// The faults of a service, those of one text together.
fn entries_of(plan: &Plan, service: usize) -> Vec<Entry> {
    let name = &plan.services[service].name;
    let of_it = plan.faults.iter().enumerate().filter(|(_, fault)| fault.parts.service == *name);
    let mut entries: Vec<Entry> = Vec::new();
    for (place, fault) in of_it {
        let text = plan.fault_texts.get(place).cloned();
        let same =
            |last: &Entry| last.text.as_ref().zip(text.as_ref()).is_some_and(|(a, b)| Arc::ptr_eq(a, b));
        match entries.last_mut().filter(|last| same(last)) {
            Some(last) => last.faults.push(Arc::clone(fault)),
            None => entries.push(Entry { faults: vec![Arc::clone(fault)], text, paused: false }),
        }
    }
    entries
}

fn connection_now(connection: &Connection) -> ConnectionNow {
    let touched = connection.touched();
    let drawn = connection.drawn();
    let named = |fault: &Arc<Fault>| (Arc::clone(&fault.parts.name), touched.contains(&fault.parts.id));
    ConnectionNow {
        ordinal: connection.caller.ordinal,
        client: connection.caller.client,
        bucket: connection.caller.bucket,
        accepted: connection.accepted,
        delivered: connection.delivered(),
        dialled: connection.dialled(),
        drawn: drawn.faults().iter().map(named).collect(),
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
