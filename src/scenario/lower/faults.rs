//! Faults: their services, names, kinds and schedules.
//!
//! An item over several services becomes one fault a service, of the same name; one that stands for several faults
//! becomes all of them, called `NAME/PART`. One without a name is called
//! `<key>@<at>` (`latency@2s`), and the second such one of a service `<kind>@<at>#2`: its draws follow from its name, so
//! they stay as long as its kind and its beginning do.

use std::sync::Arc;

use indexmap::IndexMap;

use super::Under;
use super::head::Head;
use super::mistakes::{FAULT, Mistakes, SERVICE};
use super::schedule::{check_times, in_run_time, lower_levels, schedule_of};
use crate::base::limits::{SCENARIO_ITEMS_MAX, TIMELINE_CHANGES_MAX};
use crate::base::{FaultId, PathState, Ratio, SimTime, Timeline, format_duration};
use crate::diag::{Code, Diagnostic, SourceSpan};
use crate::fault::{Began, Fault, FaultParts, Level, ScheduleError};
use crate::scenario::files::TraceFiles;
use crate::scenario::placed::Placed;
use crate::scenario::raw::{RawFault, RawScenario};
use crate::scenario::sugar::{Cause, Part, cause_keys};

/// Most changes of the levels of all faults together: one service may have [`TIMELINE_CHANGES_MAX`], and a few may.
const PLAN_CHANGES_MAX: usize = 4 * TIMELINE_CHANGES_MAX;

/// The faults, and what expectations need to find them.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) all: Vec<Arc<Fault>>,
    /// The item that each of them comes from.
    pub(super) items: Vec<SourceSpan>,
    pub(super) untouched_allowed: Vec<(Arc<str>, Arc<str>)>,
    /// Every name in the file, by service, with its place: those of mistaken faults too.
    pub(super) names: IndexMap<(Arc<str>, Arc<str>), SourceSpan>,
    /// How many faults could not be named.
    pub(super) nameless: usize,
    /// Changes of levels: by service, and in all.
    changes: IndexMap<Arc<str>, usize>,
    changes_total: usize,
    /// Whether a limit was reached: then no more timelines are drawn, and only their mistakes are told.
    exhausted: bool,
    /// What they are added to; its names and changes are counted above.
    under: Under,
}

pub(super) fn lower_faults(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    head: &Head,
    faults: &mut Faults,
    files: &mut TraceFiles,
) {
    for item in raw.faults.get().into_iter().flatten() {
        let cause = lower_cause(told, item, files);
        let services = lower_services(told, raw, item, cause.as_ref());
        check_times(told, &item.value, head);
        check_odds(told, &item.value);
        let name = faults.name(told, item, &services, cause.as_ref().map(|cause| cause.value.key()));
        let (Some(name), Some(cause)) = (name, cause) else {
            faults.nameless += 1;
            continue;
        };
        let parts = cause.value.parts();
        check_cause(told, &item.value, &cause, &parts);
        let all = services.iter().flat_map(|service| parts.iter().map(move |part| (service, part)));
        for (service, part) in all {
            if !faults.add(told, item, head, service, &name, part) {
                break;
            }
        }
    }
}

fn lower_services(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    item: &Placed<RawFault>,
    cause: Option<&Placed<Cause>>,
) -> Vec<Arc<str>> {
    let known = raw.services.value.keys().map(|name| name.value.as_str());
    let Some(names) = item.value.service.names() else {
        if cause.is_some_and(|cause| cause.value.is_everywhere()) {
            return known.map(Arc::from).collect();
        }
        let only = told.only(SERVICE, "service", item.span, known);
        let only = only.and_then(|place| raw.services.value.get_index(place));
        return only.map(|(name, _)| Arc::from(name.value.as_str())).into_iter().collect();
    };
    if names.is_empty()
        && let Some(span) = item.value.service.span()
    {
        let mistake = Diagnostic::error(Code::Contradiction, "a fault of no service does nothing");
        told.push(mistake.at(told.item(span), "").hint("name a service, or leave the fault out"));
    }
    let mut services: Vec<Arc<str>> = Vec::new();
    for name in names {
        if told.resolve(SERVICE, name, known.clone()).is_none() {
            continue;
        }
        if services.iter().any(|service| **service == *name.value) {
            let message = format!("service `{}` is named twice", name.value);
            told.push(Diagnostic::error(Code::DuplicateName, message).at(name.span, ""));
        } else {
            services.push(name.value.into());
        }
    }
    services
}

/// What the item names, with the files that it names read.
fn lower_cause(
    told: &mut Mistakes<'_>,
    item: &Placed<RawFault>,
    files: &mut TraceFiles,
) -> Option<Placed<Cause>> {
    let causes = item.value.causes().into_iter().map(|cause| (cause.value.key(), cause)).collect();
    let mut cause = told.exactly_one("a fault", item.span, causes, &cause_keys())?;
    let Cause::Kind(kind) = &mut cause.value else { return Some(cause) };
    while let Some(name) = kind.kind().file().map(str::to_owned) {
        let file = match files.read(&name) {
            Ok(file) => file,
            Err(mistake) => {
                told.push(mistake.at(told.item(cause.span), ""));
                return Some(cause);
            }
        };
        if let Err(mistakes) = kind.kind_mut().read(&file.text) {
            files.tell(file, mistakes, told.name(), told.line(cause.span));
            return Some(cause);
        }
    }
    Some(cause)
}

/// What is wrong with the parameters of an item, with a direction that it can't have, and with a ramp that it doesn't follow.
fn check_cause(told: &mut Mistakes<'_>, raw: &RawFault, cause: &Placed<Cause>, parts: &[Part]) {
    let name = cause.value.key();
    for sentence in cause.value.contradictions() {
        told.push(Diagnostic::error(Code::Contradiction, sentence).at(told.item(cause.span), ""));
    }
    if let Some(span) = raw.ramp.span()
        && parts.iter().any(|part| !part.kind.kind().ramps())
    {
        let message = format!("a `{name}` is in force or it is not: it doesn't rise by degrees");
        let mistake = Diagnostic::error(Code::Contradiction, message).at(told.key(span, "ramp"), "");
        told.push(mistake.hint("leave `ramp` out, or let `probability` say how often it strikes"));
    }
    check_direction(told, raw, cause);
}

/// A direction for what has none, or both.
fn check_direction(told: &mut Mistakes<'_>, raw: &RawFault, cause: &Placed<Cause>) {
    let Some(span) = raw.direction.span() else { return };
    let name = cause.value.key();
    let (message, hint) = match &cause.value {
        Cause::Kind(kind) if !kind.kind().has_direction() => {
            (format!("a `{name}` acts on connections: it has no direction"), "leave `direction` out")
        }
        cause if cause.is_both_ways() => {
            let hint = "leave `direction` out, or use `latency` for one way";
            (format!("a `{name}` has both directions"), hint)
        }
        _ => return,
    };
    let mistake = Diagnostic::error(Code::Contradiction, message).at(told.key(span, "direction"), "");
    told.push(mistake.hint(hint));
}

/// Parameters by which no connection would ever be taken.
fn check_odds(told: &mut Mistakes<'_>, raw: &RawFault) {
    if let Some(probability) = raw.probability.placed().filter(|probability| probability.value.is_zero()) {
        let mistake = Diagnostic::error(Code::Contradiction, "a fault of probability 0 takes no connection");
        told.push(mistake.at(probability.span, "").hint("leave the fault out"));
    }
    if let Some(peers) = raw.peers.placed().filter(|peers| peers.value.is_empty()) {
        let mistake = Diagnostic::error(Code::Contradiction, "a fault for no clients takes no connection");
        told.push(mistake.at(told.item(peers.span), "").hint("leave `peers` out to take all clients"));
    }
}

// === impl Faults ===

impl Faults {
    /// None yet, beside what they are added to.
    pub(super) fn new(mut under: Under) -> Self {
        let names = under.taken.drain(..).map(|name| (name, SourceSpan::default())).collect();
        let changes = std::mem::take(&mut under.changes);
        Self { names, changes, under, ..Self::default() }
    }

    /// The id of the next fault.
    pub(super) fn next_id(&self) -> FaultId {
        let place = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        FaultId(self.under.first_id.saturating_add(place))
    }

    /// Takes a name of a service for what is no item of the list.
    pub(super) fn claim(&mut self, service: &str, name: &str, span: SourceSpan) {
        self.names.insert((service.into(), name.into()), span);
    }

    /// Adds what a WAN is to a service.
    pub(super) fn add_route(&mut self, told: &mut Mistakes<'_>, fault: Fault, span: SourceSpan) {
        if self.count(told, span, &fault.parts.service, fault.changes()) {
            self.all.push(Arc::new(fault));
            self.items.push(span);
        }
    }

    /// The name of a fault: its own, or the next free one of its kind and beginning.
    fn name(
        &mut self,
        told: &mut Mistakes<'_>,
        item: &Placed<RawFault>,
        services: &[Arc<str>],
        key: Option<&str>,
    ) -> Option<Arc<str>> {
        let taken = |names: &IndexMap<_, _>, name: &Arc<str>| {
            services.iter().any(|service| names.contains_key(&(Arc::clone(service), Arc::clone(name))))
        };
        let (name, span) = if let Some(name) = item.value.name.placed() {
            told.check_name(FAULT, Placed { value: name.value.as_str(), span: name.span });
            (Arc::<str>::from(name.value.as_str()), name.span)
        } else if let Some((_, name)) = self.under.keeps.take_if(|(of, _)| key == Some(*of)) {
            (name, item.span)
        } else {
            let at = self.under.began.get().saturating_add(schedule_of(&item.value).at);
            let stem = format!("{}@{}", key?, format_duration(at));
            let numbered = (2..).map(|n| format!("{stem}#{n}"));
            let free = std::iter::once(stem.clone()).chain(numbered).map(Arc::<str>::from);
            (free.into_iter().find(|name| !taken(&self.names, name))?, item.span)
        };
        if services.is_empty() {
            // Its service is mistaken; its name is not.
            self.names.insert((Arc::from(""), Arc::clone(&name)), span);
        }
        for service in services {
            let key = (Arc::clone(service), Arc::clone(&name));
            if let Some(first) = self.names.get(&key) {
                let message = format!("service `{service}` has two faults of the name `{name}`");
                let mut mistake = Diagnostic::error(Code::DuplicateName, message).at(span, "the second");
                // One that was there before has no place in this text.
                if *first != SourceSpan::default() {
                    mistake = mistake.note(*first, "the first");
                }
                told.push(mistake.hint("expectations and reports tell them by their names"));
            } else {
                self.names.insert(key, span);
            }
        }
        Some(name)
    }

    /// Adds a part of an item to one service. False if it makes no sense to go on with it.
    fn add(
        &mut self,
        told: &mut Mistakes<'_>,
        item: &Placed<RawFault>,
        head: &Head,
        service: &Arc<str>,
        called: &Arc<str>,
        part: &Part,
    ) -> bool {
        let kind = part.kind.kind();
        let name: Arc<str> =
            part.name.map_or_else(|| Arc::clone(called), |part| format!("{called}/{part}").into());
        let label = Fault::label(service, &name);
        let id = self.next_id();
        let end = if self.exhausted { SimTime::ZERO } else { SimTime::after_start(head.duration.value) };
        let mut bursts = head.seed.stream(Fault::label(service, called).part("bursts"));
        let levels = match lower_levels(told, item, end, &mut bursts) {
            Ok(levels) => levels,
            Err(ScheduleError::TooManyChanges) => {
                self.exhausted = true;
                return false;
            }
            Err(_) => return false,
        };
        let begin = schedule_of(&item.value).at;
        let lasts = SimTime::after_start(end.since_start().saturating_sub(begin));
        let weather = kind.weather(id, lasts, &mut head.seed.stream(label.part("weather")));
        // Too much of it is told as any other sum of changes.
        let drawn =
            weather.as_ref().map_or(TIMELINE_CHANGES_MAX, |w| w.as_ref().map_or(0, Timeline::changes));
        if self.exhausted || !self.count(told, item.span, service, levels.changes() + drawn) {
            return false;
        }
        let offset = self.under.offset;
        let Some(level) = in_run_time(&levels, &Level::ZERO, &head.clock, offset) else { return false };
        // Its own time begins with the fault.
        let in_run_time = |weather: &Timeline<PathState>| {
            in_run_time(&weather.project(|t| t.plus(begin)), &PathState::CLEAR, &head.clock, offset)
        };
        let weather = weather.ok().flatten().as_ref().and_then(in_run_time);
        let raw = &item.value;
        // Of an item of several parts the first must meet traffic: a small loss may strike nobody.
        let before = self.all.last().map(|last| (&last.parts.item, &last.parts.service));
        let secondary = part.name.is_some() && before == Some((called, service));
        if raw.allow_untouched.get() == Some(&true) || secondary {
            self.untouched_allowed.push((Arc::clone(service), Arc::clone(&name)));
        }
        if part.name.is_some() {
            self.names.insert((Arc::clone(service), Arc::clone(&name)), item.span);
        }
        let parts = FaultParts {
            id,
            name,
            item: Arc::clone(called),
            key: part.key,
            service: Arc::clone(service),
            kind: part.kind.clone(),
            level,
            weather,
            began: Began {
                at: offset.plus(head.clock.to_run(SimTime::after_start(begin)).since_start()),
                before: head.clock.shorten(head.clock.from.since(SimTime::after_start(begin))),
            },
            directions: raw.direction.get().copied().unwrap_or(part.directions),
            probability: raw.probability.get().copied().unwrap_or(Ratio::ONE),
            peers: raw.peers.get().cloned().unwrap_or_default(),
        };
        self.all.push(Arc::new(Fault::new(parts, head.seed)));
        self.items.push(item.span);
        true
    }

    /// Adds up what the program of a service will merge; it relies on these limits.
    fn count(
        &mut self,
        told: &mut Mistakes<'_>,
        item: SourceSpan,
        service: &Arc<str>,
        changes: usize,
    ) -> bool {
        let sum = self.changes.entry(Arc::clone(service)).or_default();
        // One more for the end of an excerpt.
        *sum += changes + 1;
        self.changes_total += changes + 1;
        let message = if *sum > TIMELINE_CHANGES_MAX {
            format!(
                "the faults of service `{service}` change more than {TIMELINE_CHANGES_MAX} times in all (`TIMELINE_CHANGES_MAX`)"
            )
        } else if self.changes_total > PLAN_CHANGES_MAX {
            format!(
                "the faults of the scenario change more than {PLAN_CHANGES_MAX} times in all (`PLAN_CHANGES_MAX`)"
            )
        } else if self.all.len() >= SCENARIO_ITEMS_MAX {
            format!(
                "there are more than {SCENARIO_ITEMS_MAX} faults, counted once for each service (`SCENARIO_ITEMS_MAX`)"
            )
        } else {
            return true;
        };
        let mistake = Diagnostic::error(Code::TooMany, message).at(told.item(item), "beyond it from here on");
        told.push(mistake.hint("make windows, bursts and spikes rarer, or the scenario shorter"));
        self.exhausted = true;
        false
    }
}
