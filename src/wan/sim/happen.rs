//! What the script's happenings do to the network.

use super::{Event, Sim, nothing_up};
use crate::base::{Ratio, SimTime};
use crate::wan::id::{End, LinkId};
use crate::wan::platform::{Meanwhile, Scope};
use crate::wan::script::{Ending, Happening, Seen};
use crate::wan::spf::SpfTimer;
use crate::wan::trace::{Lost, Step};

use super::router::{Origin, Rebuild, nanos};

// === impl Sim ===

impl Sim<'_> {
    /// The script's happening of this number.
    pub(super) fn happens(&mut self, number: usize) {
        match self.script[number].1.clone() {
            Happening::LinkDown(link, seen) => self.link_down(link, seen),
            Happening::LinkUp(link) => self.link_up(link),
            Happening::Metric(link, metrics) => self.metric(link, metrics),
            Happening::RouterDown(router) => self.router_down(router.index()),
            Happening::RouterUp(router) => self.router_up(router.index()),
            Happening::Restart { router, pause, ending } => self.restart(router.index(), pause, ending),
            Happening::Overload(router, overload) => {
                self.routers[router.index()].origin.overload = overload;
                self.request_lsp(router.index());
            }
            Happening::Readdress(router) => self.readdress(router.index(), number),
            Happening::ReaddressPort(link, end, gap) => self.readdress_port(link, end, gap),
            Happening::Stuck(router, loss) => self.note_node(router.index(), loss),
            Happening::Unstuck(router) => self.note_node(router.index(), Ratio::ZERO),
            Happening::Capacity(link, left) => {
                self.fibres[link.index()].capacity = left;
                self.note_road(link);
            }
            Happening::Withdraw(block, router) => self.announce(block.index(), router.index(), false),
            Happening::Announce(block, router) => self.announce(block.index(), router.index(), true),
        }
    }

    fn link_down(&mut self, link: LinkId, seen: Seen) {
        let fibre = &mut self.fibres[link.index()];
        fibre.whole = false;
        fibre.light &= seen == Seen::Silent;
        self.note_road(link);
        if self.lit(link) {
            self.await_silences(link);
        } else {
            self.light_changed(link);
        }
    }

    /// A link that is lit carries nothing: whoever believes in a neighbour there will miss it.
    fn await_silences(&mut self, link: LinkId) {
        let ends = End::BOTH.map(|end| self.topology.port_of(link, end));
        for (near, far) in [(ends[0], ends[1]), (ends[1], ends[0])] {
            if self.routers[near.0].ports[near.1].full {
                self.await_silence(link, near, far);
            }
        }
    }

    fn link_up(&mut self, link: LinkId) {
        let lit_before = self.lit(link);
        let fibre = &mut self.fibres[link.index()];
        fibre.whole = true;
        fibre.light = true;
        self.note_road(link);
        if self.lit(link) != lit_before {
            self.light_changed(link);
            return;
        }
        // What was missed is heard again in time.
        for end in End::BOTH {
            let (router, slot) = self.topology.port_of(link, end);
            self.routers[router].ports[slot].epoch += 1;
        }
        self.greet(link);
    }

    fn metric(&mut self, link: LinkId, metrics: [Option<u32>; 2]) {
        for end in End::BOTH {
            if let Some(metric) = metrics[end.index()] {
                let (router, slot) = self.topology.port_of(link, end);
                self.routers[router].ports[slot].metric = metric.max(1);
                self.request_lsp(router);
            }
        }
    }

    fn router_down(&mut self, router: usize) {
        if !self.routers[router].powered {
            return;
        }
        self.stop_process(router);
        let state = &mut self.routers[router];
        state.powered = false;
        state.power += 1;
        state.writer.due = None;
        state.writer.pending.clear();
        state.writer.rebuild = None;
        state.writer.free = self.now;
        state.routes.fill(0);
        self.clear_tables(router);
        self.note_node(router, Ratio::ZERO);
        self.lights_changed(router);
    }

    fn router_up(&mut self, router: usize) {
        let state = &mut self.routers[router];
        if std::mem::replace(&mut state.powered, true) {
            return;
        }
        let start = state.platform.start;
        let after = start.boot.draw(&mut state.stream) + start.process.draw(&mut state.stream);
        self.queue.push(self.now.plus(after), Event::Starts { router, epoch: state.epoch });
        self.note_node(router, Ratio::ZERO);
        self.lights_changed(router);
    }

    fn lights_changed(&mut self, router: usize) {
        for slot in 0..self.routers[router].ports.len() {
            let link = self.topology.ports(router)[slot].link;
            self.routers[router].ports[slot].light &= self.routers[router].powered;
            self.note_road(link);
            self.light_changed(link);
        }
    }

    fn restart(&mut self, router: usize, pause: std::time::Duration, ending: Ending) {
        let state = &mut self.routers[router];
        if !state.running {
            return;
        }
        let mut end = self.now;
        if ending == Ending::Flushed {
            let metrics = state.ports.iter().map(|port| port.metric).collect();
            self.publish(router, nothing_up(metrics));
            let state = &mut self.routers[router];
            end = self.now.plus(state.platform.start.farewell.draw(&mut state.stream));
            self.queue.push(end, Event::Ends { router });
        } else {
            self.ends(router);
        }
        let state = &mut self.routers[router];
        let start = end.plus(pause + state.platform.start.process.draw(&mut state.stream));
        let epoch = state.epoch + u32::from(ending == Ending::Flushed);
        self.queue.push(start, Event::Starts { router, epoch });
    }

    /// A routing process ends: its routes are withdrawn from its own table, its neighbours are told nothing.
    pub(super) fn ends(&mut self, router: usize) {
        if self.routers[router].running {
            self.stop_process(router);
            self.withdraw_routes(router);
        }
    }

    fn stop_process(&mut self, router: usize) {
        self.tell(router, Step::ProcessEnds);
        let state = &mut self.routers[router];
        state.running = false;
        state.epoch += 1;
        state.database.clear();
        state.spf = SpfTimer::new(state.platform.spf.delay);
        state.resync_until = self.now;
        state.computing = None;
        state.external_due = None;
        let asked = std::mem::take(&mut state.origin);
        state.origin = Origin { overload: asked.overload, withdrawn: asked.withdrawn, ..Origin::default() };
        state.writer.rebuild = None;
        self.lose_sessions(router);
        self.forget_neighbours(router);
        for port in self.topology.ports(router) {
            self.greet(port.link);
        }
    }

    /// A routing process starts.
    pub(super) fn starts(&mut self, router: usize, epoch: u32) {
        let state = &mut self.routers[router];
        if state.running || !state.powered || state.epoch != epoch {
            return;
        }
        state.running = true;
        state.origin.started = Some(self.now);
        for port in &mut state.ports {
            port.hello = nanos(self.now.since_start());
        }
        self.tell(router, Step::ProcessStarts);
        let content = self.compose(router).state;
        self.publish(router, content);
        for port in self.topology.ports(router) {
            self.greet(port.link);
        }
    }

    fn readdress(&mut self, router: usize, command: usize) {
        let state = &self.routers[router];
        if !state.running {
            return;
        }
        match state.platform.readdress.scope {
            Scope::Domain => self.commanded(router, command),
            Scope::Local => {
                let metrics = state.ports.iter().map(|port| port.metric).collect();
                self.publish(router, nothing_up(metrics));
                self.purge(router);
            }
        }
    }

    /// A re-addressing command of domain scope arrives: it is passed on, then obeyed.
    pub(super) fn commanded(&mut self, router: usize, command: usize) {
        let state = &mut self.routers[router];
        if !state.running || state.commanded == Some(command) {
            return;
        }
        state.commanded = Some(command);
        for slot in 0..self.routers[router].ports.len() {
            let port = self.topology.ports(router)[slot];
            if self.passes(port.link) {
                let far = &mut self.routers[port.peer.index()];
                let process = far.platform.flooding.process.draw(&mut far.ports[port.peer_slot].stream);
                let after = self.topology.links()[port.link.index()].delay + process;
                let event = Event::Commanded { router: port.peer.index(), command };
                self.queue.push(self.now.plus(after), event);
            }
        }
        self.purge(router);
    }

    /// A router empties its database, drops its adjacencies, and rebuilds its tables.
    fn purge(&mut self, router: usize) {
        self.tell(router, Step::Purges);
        let habits = self.routers[router].platform.readdress;
        let state = &mut self.routers[router];
        state.epoch += 1;
        state.database.clear();
        state.spf = SpfTimer::new(state.platform.spf.delay);
        state.origin.due = None;
        state.external_due = None;
        state.computing = None;
        state.resync_until = self.now.plus(habits.resync);
        let epoch = state.epoch;
        self.queue.push(state.resync_until, Event::Resynced { router, epoch });
        let state = &mut self.routers[router];
        let each = habits.rebuild_per_prefix.draw(&mut state.stream);
        let running = state.writer.rebuild.is_some();
        state.writer.rebuilds += 1;
        if each > std::time::Duration::ZERO {
            state.writer.rebuild = Some(Rebuild { done: 0, from: None, ready: false, each });
            state.writer.pending.clear();
            state.writer.free = self.now;
        }
        match habits.meanwhile {
            Meanwhile::NoTables => self.clear_tables(router),
            Meanwhile::OldTables if running => {
                self.lines[router].iter_mut().for_each(|line| line.cut(self.now));
            }
            Meanwhile::OldTables => {}
        }
        for slot in 0..self.routers[router].ports.len() {
            self.drop_adjacency(router, slot, Lost::Forgotten);
        }
        self.request_lsp(router);
        for port in self.topology.ports(router) {
            self.greet(port.link);
        }
    }

    fn readdress_port(&mut self, link: LinkId, end: End, gap: std::time::Duration) {
        let (router, slot) = self.topology.port_of(link, end);
        self.routers[router].ports[slot].addressed = false;
        self.kick(router);
        if self.needs_addresses(router) {
            self.lose(router, slot, Lost::Address);
        } else {
            self.request_lsp(router);
        }
        let back: SimTime = self.now.plus(gap);
        self.queue.push(back, Event::Addressed { router, slot });
    }

    fn announce(&mut self, block: usize, router: usize, announced: bool) {
        let withdrawn = &mut self.routers[router].origin.withdrawn;
        withdrawn.retain(|known| *known != block as u32);
        if !announced {
            withdrawn.push(block as u32);
        }
        if self.topology.blocks()[block].kind == super::BlockKind::Bgp {
            self.advertise(block, router, announced);
        } else {
            self.request_lsp(router);
        }
    }
}
