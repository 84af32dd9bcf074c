//! Losing and finding neighbours.
//!
//! A port has a full adjacency or none. It loses it when its light goes out, when nothing was heard for the hold time (or by
//! BFD), or when a hello of the neighbour does not name it any more. Two ports that can hear each other find each other by
//! hellos: who hears a new neighbour names it in its next hello (OSPF) or at once (IS-IS); who hears itself named knows that
//! the link works both ways; then the databases are compared and the adjacency is full. Which hello does it follows from the
//! hellos' phases, so none has to be simulated.

use std::time::Duration;

use super::router::nanos;
use super::{Event, Sim};
use crate::base::SimTime;
use crate::wan::id::{End, LinkId};
use crate::wan::platform::{Handshake, HellosNeed};
use crate::wan::trace::{Lost, Step};

// === impl Sim ===

impl Sim<'_> {
    /// A router looks at the light of one of its ports.
    pub(super) fn light(&mut self, router: usize, slot: usize) {
        let link = self.topology.ports(router)[slot].link;
        let lit = self.lit(link);
        let port = &mut self.routers[router].ports[slot];
        if port.light == lit || !self.routers[router].powered {
            return;
        }
        let port = &mut self.routers[router].ports[slot];
        port.light = lit;
        port.hello = nanos(self.now.since_start());
        self.kick(router);
        if lit {
            self.tell(router, Step::LightOn(link));
            self.request_lsp(router);
            self.greet(link);
        } else {
            self.tell(router, Step::LightOff(link));
            self.lose(router, slot, Lost::Light);
        }
    }

    /// Nothing was heard of a neighbour for too long.
    pub(super) fn silence(&mut self, router: usize, slot: usize, epoch: u32) {
        if self.routers[router].running && self.routers[router].ports[slot].epoch == epoch {
            self.lose(router, slot, Lost::Silence);
        }
    }

    /// A neighbour's hello does not name this router: it has forgotten it.
    pub(super) fn one_way(&mut self, router: usize, slot: usize, epoch: u32) {
        if self.routers[router].running && self.routers[router].ports[slot].epoch == epoch {
            self.drop_adjacency(router, slot, Lost::OneWay);
            self.request_lsp(router);
            let port = self.topology.ports(router)[slot];
            let mut heard = [None; 2];
            heard[port.end.index()] = Some(self.now);
            self.shake_hands(port.link, heard);
        }
    }

    /// An interface has an address again.
    pub(super) fn addressed(&mut self, router: usize, slot: usize) {
        let port = &mut self.routers[router].ports[slot];
        port.addressed = true;
        if self.needs_addresses(router) {
            self.routers[router].ports[slot].hello = nanos(self.now.since_start());
        }
        self.kick(router);
        self.request_lsp(router);
        self.greet(self.topology.ports(router)[slot].link);
    }

    /// A port loses its neighbour, and its router tells so.
    pub(super) fn lose(&mut self, router: usize, slot: usize, why: Lost) {
        self.drop_adjacency(router, slot, why);
        self.request_lsp(router);
        self.greet(self.topology.ports(router)[slot].link);
    }

    /// A port loses its neighbour.
    pub(super) fn drop_adjacency(&mut self, router: usize, slot: usize, why: Lost) {
        let port = &mut self.routers[router].ports[slot];
        port.epoch += 1;
        port.silence();
        if std::mem::take(&mut port.full) {
            let link = self.topology.ports(router)[slot].link;
            self.tell(router, Step::NeighbourLost(link, why));
        }
    }

    /// Looks at what the ends of a link can find out about each other now, and schedules it.
    pub(super) fn greet(&mut self, link: LinkId) {
        let ends = End::BOTH.map(|end| self.topology.port_of(link, end));
        let full = ends.map(|(router, slot)| self.routers[router].ports[slot].full);
        if full == [false; 2] {
            self.shake_hands(link, [None; 2]);
            return;
        }
        for end in End::BOTH {
            let (near, far) = (ends[end.index()], ends[end.other().index()]);
            if full[end.index()] && !full[end.other().index()] {
                self.await_word(link, near, far);
            }
        }
    }

    /// A port believes in a neighbour that does not believe in it: its next hello tells so, or there is none.
    fn await_word(&mut self, link: LinkId, near: (usize, usize), far: (usize, usize)) {
        if !self.hears(link, near) || !self.speaks(far) {
            self.await_silence(link, near, far);
            return;
        }
        let hello = self.routers[far.0].platform.adjacency.hello;
        let said = self.routers[far.0].ports[far.1].hello_at(self.now, hello);
        let heard = said.plus(self.topology.links()[link.index()].delay);
        let epoch = self.routers[near.0].ports[near.1].epoch;
        self.queue.push(heard, Event::OneWay { router: near.0, slot: near.1, epoch });
    }

    /// A port hears nothing more of its neighbour: its hold time, or BFD, will miss it.
    pub(super) fn await_silence(&mut self, link: LinkId, near: (usize, usize), far: (usize, usize)) {
        let delay = self.topology.links()[link.index()].delay;
        let hello = self.routers[far.0].platform.adjacency.hello;
        let last = self.routers[far.0].ports[far.1].hello_before(self.now, hello) + nanos(delay);
        let router = &mut self.routers[near.0];
        let timers = router.platform.adjacency;
        let port = &mut router.ports[near.1];
        let mut due = last + nanos(timers.hold);
        if let Some(bfd) = timers.bfd {
            // The last packet is younger than one interval, which RFC 5880 asks to shorten by up to a quarter.
            let gap = bfd.interval.mul_f64(1.0 - 0.25 * port.stream.unit());
            let age = gap.mul_f64(port.stream.unit());
            let detected = (bfd.interval * bfd.multiplier).saturating_sub(age) + delay;
            due = due.min(nanos(self.now.since_start() + detected));
        }
        let due = SimTime::from_nanos(u64::try_from(due).unwrap_or(0)).max(self.now);
        self.queue.push(due, Event::Silence { router: near.0, slot: near.1, epoch: port.epoch });
    }

    /// Two ports without a neighbour: if they can hear each other, schedules the instant at which their adjacency is full.
    /// `heard` says which of them has already heard the other, and when.
    fn shake_hands(&mut self, link: LinkId, heard: [Option<SimTime>; 2]) {
        self.fibres[link.index()].epoch += 1;
        let ends = End::BOTH.map(|end| self.topology.port_of(link, end));
        if !ends.iter().all(|&near| self.hears(link, near) && self.speaks(near)) {
            return;
        }
        let delay = self.topology.links()[link.index()].delay;
        let hello_of = |sim: &Self, end: usize, at: SimTime| {
            let (router, slot) = ends[end];
            sim.routers[router].ports[slot].hello_at(at, sim.routers[router].platform.adjacency.hello)
        };
        let mut two_way = SimTime::MAX;
        for end in 0..2 {
            let first = hello_of(self, 1 - end, self.now).plus(delay);
            let heard = heard[end].map_or(first, |at| at.min(first));
            // Its next hello names the other one, which then knows that the link works both ways.
            let mut named = hello_of(self, end, heard.plus(Duration::from_nanos(1)));
            let (router, slot) = ends[end];
            let state = &mut self.routers[router];
            if let Handshake::Triggered(after) = state.platform.adjacency.handshake {
                named = named.min(heard.plus(after.draw(&mut state.ports[slot].stream)));
            }
            two_way = two_way.min(named.plus(delay));
        }
        let (router, slot) = ends[0];
        let state = &mut self.routers[router];
        let exchange = state.platform.adjacency.exchange.draw(&mut state.ports[slot].stream);
        let full = two_way.plus(exchange + delay * 4);
        self.queue.push(full, Event::Full { link, epoch: self.fibres[link.index()].epoch });
    }

    /// The databases of a link's ends have been compared: whoever has something newer sends it.
    pub(super) fn full(&mut self, link: LinkId, epoch: u32) {
        let ends = End::BOTH.map(|end| self.topology.port_of(link, end));
        let still = ends.iter().all(|&near| self.hears(link, near) && self.speaks(near));
        if self.fibres[link.index()].epoch != epoch || !still {
            return;
        }
        for (router, slot) in ends {
            let port = &mut self.routers[router].ports[slot];
            port.epoch += 1;
            port.full = true;
            port.scan = nanos(self.now.since_start());
            self.tell(router, Step::NeighbourFound(link));
        }
        for origin in self.routers[ends[0].0].database.origins() {
            let held = ends.map(|(router, _)| self.routers[router].database.sequence(origin));
            if held[0] != held[1] {
                let (router, slot) = ends[usize::from(held[1] > held[0])];
                self.enqueue(router, slot, origin);
            }
        }
        for (router, slot) in ends {
            let state = &mut self.routers[router];
            let loaded = self.now.plus(state.platform.adjacency.loading.draw(&mut state.ports[slot].stream));
            self.queue.push(loaded, Event::Loaded { router, epoch: state.epoch });
        }
    }

    /// An end counts its new adjacency as full, and tells so.
    pub(super) fn loaded(&mut self, router: usize, epoch: u32) {
        if self.current(router, epoch) {
            self.request_lsp(router);
        }
    }

    /// Whether what the far end says arrives at this port.
    fn hears(&self, link: LinkId, (router, slot): (usize, usize)) -> bool {
        let port = &self.routers[router].ports[slot];
        self.passes(link) && port.light && (port.addressed || !self.needs_addresses(router))
    }

    /// Whether this port says hello.
    fn speaks(&self, (router, slot): (usize, usize)) -> bool {
        let port = &self.routers[router].ports[slot];
        let may = port.light && (port.addressed || !self.needs_addresses(router));
        self.routers[router].running && may
    }

    pub(super) fn needs_addresses(&self, router: usize) -> bool {
        self.routers[router].platform.adjacency.hellos_need == HellosNeed::Addresses
    }

    /// Drops all adjacencies of a router without a word: its process has forgotten them.
    pub(super) fn forget_neighbours(&mut self, router: usize) {
        for slot in 0..self.routers[router].ports.len() {
            self.drop_adjacency(router, slot, Lost::Forgotten);
        }
    }
}
