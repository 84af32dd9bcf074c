//! From an item of the script to acts: names become the things that they name, and each thing gets its own act, and another
//! that undoes it.

use super::super::super::mistakes::{Mistakes, Sort};
use super::super::{BLOCK, LINK, RISK, ROUTER};
use super::times::Once;
use crate::base::{Label, Ratio, Seed, SimTime, Stream};
use crate::diag::{Code, Diagnostic, SourceSpan};
use crate::scenario::placed::{Names, Opt, Placed};
use crate::scenario::raw_script::{
    Capacity, Cut, LinkDown, Metric, Overload, RawEnding, RawHappening, RawSeen, ReaddressPort, Restart,
    Stuck, What,
};
use crate::wan::{BlockId, End, Ending, Happening, LinkId, RouterId, Seen, Topology};

/// Something that happens to one thing.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) at: SimTime,
    pub(super) what: Happening,
    /// The item that says so.
    pub(super) place: SourceSpan,
    /// Which time of which item: what a `for` undoes is what the same deed did.
    pub(super) deed: usize,
    pub(super) undoes: bool,
    /// Whether the item names a group, and means those of it that it finds.
    pub(super) group: bool,
}

/// What an item does, whenever it happens.
struct Doing {
    /// What happens to each thing, and what undoes it.
    changes: Vec<(Happening, Option<Happening>)>,
    group: bool,
}

/// Looks names up, and tells those that name nothing.
struct Resolver<'t, 'a> {
    told: &'t mut Mistakes<'a>,
    topology: &'t Topology,
}

/// The acts of an item in all of its windows; `seed` draws, and deeds are counted from `first`.
pub(super) fn acts(
    told: &mut Mistakes<'_>,
    topology: &Topology,
    item: &Placed<RawHappening>,
    windows: &[Once],
    (seed, first): (Seed, usize),
) -> Vec<Act> {
    let kinds = item.value.whats();
    let Some(what) = told.exactly_one("a happening", item.span, kinds, RawHappening::KEYS) else {
        return Vec::new();
    };
    let mut acts: Vec<Act> = Vec::new();
    let mut resolver = Resolver { told, topology };
    let before = resolver.told.count();
    for once in windows {
        let mut stream = seed.stream(Label::new("wan/script").part("stuck").ordinal(once.at.as_nanos()));
        let doing = resolver.doing(what, &mut stream);
        resolver.check_for(&item.value, &doing, what.span);
        if resolver.told.count() > before {
            return Vec::new();
        }
        let act = |at, what, undoes| Act {
            at,
            what,
            place: item.span,
            deed: first + acts.len(),
            undoes,
            group: doing.group,
        };
        let mut made = Vec::new();
        for (does, undo) in doing.changes {
            made.push(act(once.at, does, false));
            made.extend(once.until.zip(undo).map(|(until, undo)| act(until, undo, true)));
        }
        acts.extend(made);
    }
    acts
}

// === impl Doing ===

impl Doing {
    /// The same for each thing that is named.
    fn each<T: Copy>(things: &[T], change: impl Fn(T) -> (Happening, Option<Happening>)) -> Self {
        Self { changes: things.iter().map(|thing| change(*thing)).collect(), group: false }
    }

    fn group(self) -> Self {
        Self { group: true, ..self }
    }
}

// === impl Resolver ===

impl Resolver<'_, '_> {
    fn doing(&mut self, what: Placed<What<'_>>, stream: &mut Stream) -> Doing {
        let span = what.span;
        match what.value {
            What::LinkDown(down) => self.link_down(down),
            What::LinkUp(up) => Doing::each(&self.links(&up.link), |link| (Happening::LinkUp(link), None)),
            What::Cut(cut) => self.cut(cut),
            What::Metric(metric) => self.metric(metric, span),
            What::RouterDown(down) => {
                let off = |router| (Happening::RouterDown(router), Some(Happening::RouterUp(router)));
                Doing::each(&self.routers(down.router.names()), off)
            }
            What::RouterUp(up) => {
                let on = |router| (Happening::RouterUp(router), None);
                Doing::each(&self.routers(up.router.names()), on)
            }
            What::Restart(restart) => self.restart(restart),
            What::Overload(overload) => self.overload(overload),
            What::Readdress(it) => {
                let readdress = |router| (Happening::Readdress(router), None);
                Doing::each(&self.routers(it.router.names()), readdress)
            }
            What::ReaddressPort(port) => self.readdress_port(port),
            What::Stuck(stuck) => self.stuck(stuck, span, stream),
            What::Unstuck(unstuck) => {
                let mend = |router| (Happening::Unstuck(router), None);
                match unstuck.router.names() {
                    Some(names) => Doing::each(&self.routers(names), mend),
                    None => Doing::each(&self.all_routers(), mend).group(),
                }
            }
            What::Capacity(capacity) => self.capacity(capacity),
            What::Withdraw(it) => self.routes(&it.block, &it.router, |block, router| {
                (Happening::Withdraw(block, router), Some(Happening::Announce(block, router)))
            }),
            What::Announce(it) => self.routes(&it.block, &it.router, |block, router| {
                (Happening::Announce(block, router), Some(Happening::Withdraw(block, router)))
            }),
        }
    }

    fn link_down(&mut self, down: &LinkDown) -> Doing {
        let seen = match down.seen.get().copied().unwrap_or_default() {
            RawSeen::Carrier => Seen::Carrier,
            RawSeen::Silent => Seen::Silent,
        };
        let change = |link| (Happening::LinkDown(link, seen), Some(Happening::LinkUp(link)));
        Doing::each(&self.links(&down.link), change)
    }

    fn cut(&mut self, cut: &Cut) -> Doing {
        let topology = self.topology;
        let risks = || topology.links().iter().flat_map(|link| &link.risks).map(String::as_str);
        let mut links: Vec<LinkId> = Vec::new();
        for risk in cut.risk.names() {
            if self.told.resolve(RISK, risk, risks()).is_some() {
                let more: Vec<LinkId> =
                    topology.sharing(risk.value).filter(|link| !links.contains(link)).collect();
                links.extend(more);
            }
        }
        let change = |link| (Happening::LinkDown(link, Seen::Carrier), Some(Happening::LinkUp(link)));
        Doing::each(&links, change).group()
    }

    fn metric(&mut self, metric: &Metric, span: SourceSpan) -> Doing {
        let metrics = match (metric.metric.placed(), metric.metrics.placed()) {
            (Some(both), None) => [both.map(|both| *both); 2],
            (None, Some(two)) => [two.value.0, two.value.1],
            (both, _) => {
                let message = "a new metric is either `metric`, for both ends, or `metrics`, for each";
                let code = if both.is_some() { Code::TwoKinds } else { Code::MissingKey };
                let mistake = Diagnostic::error(code, message).at(self.told.item(span), "");
                self.told.push(mistake);
                return Doing { changes: Vec::new(), group: false };
            }
        };
        for zero in metrics.iter().filter(|metric| metric.value == 0) {
            let mistake = Diagnostic::error(Code::BadValue, "a metric is at least 1").at(zero.span, "");
            self.told.push(mistake.hint("to keep traffic away use a large one, or `overload`"));
        }
        let links = self.links(&metric.link);
        let topology = self.topology;
        Doing::each(&links, |link| {
            let usual = topology.links()[link.index()].metrics.map(Some);
            let new = metrics.map(|metric| Some(metric.value));
            (Happening::Metric(link, new), Some(Happening::Metric(link, usual)))
        })
    }

    fn restart(&mut self, restart: &Restart) -> Doing {
        let pause = restart.pause.get().map_or_else(Default::default, |pause| pause.get());
        let ending = match restart.ending.get().copied().unwrap_or_default() {
            RawEnding::Killed => Ending::Killed,
            RawEnding::Flushed => Ending::Flushed,
        };
        let change = |router| (Happening::Restart { router, pause, ending }, None);
        Doing::each(&self.routers(restart.router.names()), change)
    }

    fn overload(&mut self, overload: &Overload) -> Doing {
        let set = overload.set.get().copied().unwrap_or(true);
        let change = |router| (Happening::Overload(router, set), Some(Happening::Overload(router, !set)));
        Doing::each(&self.routers(overload.router.names()), change)
    }

    fn readdress_port(&mut self, port: &ReaddressPort) -> Doing {
        let gap = port.gap.get().map_or_else(Default::default, |gap| gap.get());
        let link = self.link(Placed { value: port.link.value.as_str(), span: port.link.span });
        let router = Placed { value: port.router.value.as_str(), span: port.router.span };
        let found = self.routers(vec![router]);
        let (Some(link), Some(near)) = (link, found.first()) else {
            return Doing { changes: Vec::new(), group: false };
        };
        let ends = self.topology.links()[link.index()].ends;
        let Some(end) = End::BOTH.into_iter().find(|end| ends[end.index()] == *near) else {
            let message = format!("link `{}` does not end at router `{}`", port.link.value, router.value);
            let [a, b] = ends.map(|end| self.topology.routers()[end.index()].name.as_str());
            let mistake = Diagnostic::error(Code::Contradiction, message).at(router.span, "");
            self.told.push(mistake.hint(format!("it joins `{a}` and `{b}`")));
            return Doing { changes: Vec::new(), group: false };
        };
        Doing { changes: vec![(Happening::ReaddressPort(link, end, gap), None)], group: false }
    }

    fn stuck(&mut self, stuck: &Stuck, span: SourceSpan, stream: &mut Stream) -> Doing {
        if stuck.loss.value.is_zero() {
            let mistake = Diagnostic::error(Code::BadValue, "a router that loses nothing is not stuck");
            self.told.push(mistake.at(stuck.loss.span, ""));
        }
        let loss = stuck.loss.value;
        let change = |router| (Happening::Stuck(router, loss), Some(Happening::Unstuck(router)));
        let routers = match (stuck.router.names(), stuck.count.placed()) {
            (Some(names), None) => self.routers(names),
            (None, Some(count)) => self.drawn(count, stream),
            (names, _) => {
                let message = "which routers are stuck is either `router`, by name, or `count`, drawn";
                let code = if names.is_some() { Code::TwoKinds } else { Code::MissingKey };
                let mistake = Diagnostic::error(code, message).at(self.told.item(span), "");
                self.told.push(mistake);
                Vec::new()
            }
        };
        Doing::each(&routers, change)
    }

    /// So many routers, drawn at random.
    fn drawn(&mut self, count: Placed<&u32>, stream: &mut Stream) -> Vec<RouterId> {
        let mut all = self.all_routers();
        if *count.value == 0 || *count.value as usize > all.len() {
            let message =
                format!("the network has {} routers, and {} are to be stuck", all.len(), count.value);
            self.told.push(Diagnostic::error(Code::BadValue, message).at(count.span, ""));
        }
        stream.shuffle(&mut all);
        all.truncate(*count.value as usize);
        all
    }

    fn capacity(&mut self, capacity: &Capacity) -> Doing {
        let left = capacity.left.value;
        if left.is_zero() {
            let message = "a link without any capacity is down";
            let mistake = Diagnostic::error(Code::BadValue, message).at(capacity.left.span, "");
            self.told.push(mistake.hint("write `link_down: { link: …, seen: silent }`"));
        }
        let change = |link| (Happening::Capacity(link, left), Some(Happening::Capacity(link, Ratio::ONE)));
        Doing::each(&self.links(&capacity.link), change)
    }

    fn routes(
        &mut self,
        blocks: &Placed<Names>,
        by: &Opt<Names>,
        change: impl Fn(BlockId, RouterId) -> (Happening, Option<Happening>),
    ) -> Doing {
        let topology = self.topology;
        let mut changes = Vec::new();
        let named = by.names().map(|names| (names.clone(), self.routers(names)));
        for name in blocks.names() {
            let known = topology.blocks().iter().map(|block| block.name.as_str());
            let Some(at) = self.told.resolve(BLOCK, name, known) else { continue };
            let (id, block) = (BlockId(at as u32), &topology.blocks()[at]);
            let Some((names, routers)) = &named else {
                changes.extend(block.origins.iter().map(|router| change(id, *router)));
                continue;
            };
            for (router, by) in routers.iter().zip(names) {
                if !block.origins.contains(router) {
                    let message = format!("router `{}` does not announce block `{}`", by.value, block.name);
                    self.told.push(Diagnostic::error(Code::Contradiction, message).at(by.span, ""));
                }
                changes.push(change(id, *router));
            }
        }
        Doing { changes, group: named.is_none() }
    }

    /// Tells a `for` of what can't be undone.
    fn check_for(&mut self, item: &RawHappening, doing: &Doing, span: SourceSpan) {
        let Some(lasts) = item.lasts.span() else {
            let undone = doing.changes.iter().any(|(_, undo)| undo.is_some());
            if let Some(every) = item.every.span().filter(|_| undone) {
                let message = "`every` repeats what is not undone: `for` is missing";
                let mistake = Diagnostic::error(Code::ScheduleConflict, message).at(every, "");
                self.told.push(mistake.hint("add `for: 10s`, say"));
            }
            return;
        };
        if doing.changes.iter().any(|(_, undo)| undo.is_none()) {
            let message = "this happens at an instant, and nothing undoes it";
            let mistake = Diagnostic::error(Code::ScheduleConflict, message).at(lasts, "");
            self.told.push(mistake.note(span, "").hint("leave `for` out"));
        }
    }

    fn links(&mut self, names: &Placed<Names>) -> Vec<LinkId> {
        let names = names.names();
        self.check_once(LINK, &names);
        names.into_iter().filter_map(|name| self.link(name)).collect()
    }

    fn link(&mut self, name: Placed<&str>) -> Option<LinkId> {
        let known = self.topology.links().iter().map(|link| link.name.as_str());
        self.told.resolve(LINK, name, known).map(|at| LinkId(at as u32))
    }

    fn routers(&mut self, names: Vec<Placed<&str>>) -> Vec<RouterId> {
        self.check_once(ROUTER, &names);
        let known = self.topology.routers().iter().map(|router| router.name.as_str());
        let found = names.into_iter().filter_map(|name| self.told.resolve(ROUTER, name, known.clone()));
        found.map(|at| RouterId(at as u32)).collect()
    }

    fn all_routers(&self) -> Vec<RouterId> {
        (0..self.topology.routers().len() as u32).map(RouterId).collect()
    }

    fn check_once(&mut self, sort: Sort, names: &[Placed<&str>]) {
        for (at, name) in names.iter().enumerate() {
            if names[..at].iter().any(|earlier| earlier.value == name.value) {
                let message = format!("{} `{}` is named twice", sort.one, name.value);
                self.told.push(Diagnostic::error(Code::DuplicateName, message).at(name.span, ""));
            }
        }
    }
}
