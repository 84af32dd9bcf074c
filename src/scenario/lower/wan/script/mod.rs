//! The script: items become acts, one for each thing and window; then they are played through in order of time, and what
//! contradicts what came before is told.
//!
//! An item that names things one by one means each of them: a link that it takes down must be up. One that names a group (a
//! risk, all that are stuck) means those that it finds, and must find one. What `for` undoes is what its item did.

mod acts;
mod times;

use std::sync::Arc;

use indexmap::IndexMap;

use self::acts::{Act, acts};
use super::super::head::Head;
use super::super::mistakes::Mistakes;
use crate::base::limits::WAN_HAPPENINGS_MAX;
use crate::base::{Ratio, SimTime};
use crate::diag::{Code, Diagnostic, SourceSpan};
use crate::scenario::raw_wan::RawWan;
use crate::wan::{BlockId, Happening, LinkId, RouterId, Script, Topology};

/// Something whose state a script changes and changes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Link(LinkId),
    Power(RouterId),
    Stuck(RouterId),
    Overload(RouterId),
    Capacity(LinkId),
    Route(BlockId, RouterId),
}

/// Since when a subject is not as usual, and which act made it so.
#[derive(Clone, Copy, Debug)]
struct Since {
    at: SimTime,
    deed: usize,
    place: SourceSpan,
}

/// What has happened so far.
struct Played<'t, 'a> {
    told: &'t mut Mistakes<'a>,
    topology: &'t Topology,
    unusual: IndexMap<Subject, Since>,
    /// Places of items of which a contradiction was told: one is enough.
    tellings: Vec<SourceSpan>,
    script: Script,
}

/// The script, resolved. What is mistaken in it is left out.
pub(super) fn lower_script(
    told: &mut Mistakes<'_>,
    wan: &RawWan,
    topology: &Arc<Topology>,
    head: &Head,
) -> Script {
    let mut all: Vec<Act> = Vec::new();
    for item in wan.script.get().into_iter().flatten() {
        let Some(windows) = times::windows(told, item, head) else { continue };
        let made = acts(told, topology, item, &windows, (head.seed, all.len()));
        if all.len() + made.len() > WAN_HAPPENINGS_MAX {
            let message = format!(
                "the script comes to more than {WAN_HAPPENINGS_MAX} happenings (`WAN_HAPPENINGS_MAX`)"
            );
            let place = told.item(item.span);
            told.push(Diagnostic::error(Code::TooMany, message).at(place, "beyond it from here on"));
            break;
        }
        all.extend(made);
    }
    // What ends at an instant ends before something else begins then.
    all.sort_by_key(|act| (act.at, !act.undoes));
    let mut played =
        Played { told, topology, unusual: IndexMap::new(), tellings: Vec::new(), script: Script::new() };
    let mut found: IndexMap<(usize, bool), (bool, Act)> = IndexMap::new();
    for act in all {
        let did = played.play(&act);
        if act.group {
            found.entry((act.deed, act.undoes)).or_insert_with(|| (false, act.clone())).0 |= did;
        }
    }
    for (_, (did, act)) in found {
        if !did && !act.undoes {
            let message = format!("this does nothing at {}: all that it names is so already", act.at);
            played.tell(&act, message, None);
        }
    }
    played.script
}

// === impl Played ===

impl Played<'_, '_> {
    /// Plays one act; says whether it did something.
    fn play(&mut self, act: &Act) -> bool {
        if let Some(router) = typed_on(&act.what)
            && let Some(since) = self.unusual.get(&Subject::Power(router)).copied()
        {
            let router = &self.topology.routers()[router.index()].name;
            let message = format!("router `{router}` is down at {}: nobody can type on it", act.at);
            self.tell(act, message, Some((since.place, format!("down since {}", since.at))));
            return false;
        }
        let Some((subject, unusual)) = subject_of(&act.what) else {
            self.happen(act);
            return true;
        };
        let before = self.unusual.get(&subject).copied();
        match (before, unusual) {
            (None, true) => {
                self.unusual.insert(subject, Since { at: act.at, deed: act.deed, place: act.place });
            }
            // A capacity may go further down; everything else is there or it is not.
            (Some(_), true) if matches!(subject, Subject::Capacity(_)) => {
                self.unusual.insert(subject, Since { at: act.at, deed: act.deed, place: act.place });
            }
            (Some(since), false) if !act.undoes || since.deed == act.deed => {
                self.unusual.shift_remove(&subject);
            }
            _ if act.group => return false,
            (Some(since), true) => {
                let message = format!("{} already at {}", self.words(subject), act.at);
                self.tell(act, message, Some((since.place, format!("since {}", since.at))));
                return false;
            }
            (None, false) if !act.undoes => {
                let message = format!("{} at {}: it can't be undone", self.negated(subject), act.at);
                self.tell(act, message, None);
                return false;
            }
            (_, false) => {
                let message = format!("another item has undone this before {}, when its `for` ends", act.at);
                self.tell(act, message, None);
                return false;
            }
        }
        self.happen(act);
        true
    }

    fn happen(&mut self, act: &Act) {
        // A network is quiet at its beginning: that is what its paths are compared with.
        let at = act.at.max(SimTime::from_nanos(1));
        self.script = std::mem::take(&mut self.script).at(at, act.what.clone());
    }

    fn tell(&mut self, act: &Act, message: String, note: Option<(SourceSpan, String)>) {
        if self.tellings.contains(&act.place) {
            return;
        }
        self.tellings.push(act.place);
        let place = self.told.item(act.place);
        let mut mistake = Diagnostic::error(Code::BadHappening, message).at(place, "");
        if let Some((place, label)) = note.filter(|(place, _)| *place != act.place) {
            mistake = mistake.note(place, label);
        }
        self.told.push(mistake);
    }

    /// `link `a/b` is down`.
    fn words(&self, subject: Subject) -> String {
        let (what, state) = self.names(subject);
        format!("{what} is {state}")
    }

    /// `link `a/b` is not down`.
    fn negated(&self, subject: Subject) -> String {
        let (what, state) = self.names(subject);
        format!("{what} is not {state}")
    }

    fn names(&self, subject: Subject) -> (String, &'static str) {
        let link = |id: LinkId| format!("link `{}`", self.topology.links()[id.index()].name);
        let router = |id: RouterId| format!("router `{}`", self.topology.routers()[id.index()].name);
        match subject {
            Subject::Link(id) => (link(id), "down"),
            Subject::Power(id) => (router(id), "down"),
            Subject::Stuck(id) => (router(id), "stuck"),
            Subject::Overload(id) => (router(id), "overloaded"),
            Subject::Capacity(id) => (link(id), "short of capacity"),
            Subject::Route(block, id) => {
                let block = &self.topology.blocks()[block.index()].name;
                (format!("block `{block}` of {}", router(id)), "withdrawn")
            }
        }
    }
}

/// What a happening changes the state of, and whether it is unusual afterwards; none if nothing is to be changed back.
fn subject_of(what: &Happening) -> Option<(Subject, bool)> {
    Some(match *what {
        Happening::LinkDown(link, _) => (Subject::Link(link), true),
        Happening::LinkUp(link) => (Subject::Link(link), false),
        Happening::RouterDown(router) => (Subject::Power(router), true),
        Happening::RouterUp(router) => (Subject::Power(router), false),
        Happening::Stuck(router, _) => (Subject::Stuck(router), true),
        Happening::Unstuck(router) => (Subject::Stuck(router), false),
        Happening::Overload(router, set) => (Subject::Overload(router), set),
        Happening::Capacity(link, left) => (Subject::Capacity(link), left < Ratio::ONE),
        Happening::Withdraw(block, router) => (Subject::Route(block, router), true),
        Happening::Announce(block, router) => (Subject::Route(block, router), false),
        Happening::Metric(..)
        | Happening::Restart { .. }
        | Happening::Readdress(_)
        | Happening::ReaddressPort(..) => return None,
    })
}

/// The router that somebody types on.
const fn typed_on(what: &Happening) -> Option<RouterId> {
    match what {
        Happening::Restart { router, .. } | Happening::Readdress(router) => Some(*router),
        _ => None,
    }
}
