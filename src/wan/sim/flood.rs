//! LSPs: how a router makes its own and passes on those of others.
//!
//! An LSP travels hop by hop. Each port keeps the origins whose LSPs it still owes to its neighbour, so a newer LSP takes the
//! place of an older one that waits, and one that the neighbour sends itself need not be sent back. A neighbour that refuses
//! an LSP (it holds one that is too young) does not acknowledge it; it comes again when the sender looks through what was not
//! acknowledged. That is how a coin toss of milliseconds becomes seconds of old routes.

use std::rc::Rc;

use super::router::{Lsp, Wake};
use super::{Event, Sim};
use crate::base::SimTime;
use crate::wan::id::RouterId;
use crate::wan::platform::Transit;
use crate::wan::spf::{LinkState, Overload};
use crate::wan::trace::Step;

// === impl Sim ===

impl Sim<'_> {
    /// Something that a router tells about itself has changed: it makes an LSP as soon as its timers allow.
    pub(super) fn request_lsp(&mut self, router: usize) {
        let state = &mut self.routers[router];
        if !state.running || state.origin.due.is_some() {
            return;
        }
        let timers = state.platform.origination;
        let young = state.origin.started.is_some_and(|at| self.now < at.plus(timers.interval_at_start));
        let interval = if young { timers.interval_at_start } else { timers.interval };
        let earliest = state.origin.last.map_or(SimTime::ZERO, |last| last.plus(interval));
        let due = self.now.plus(timers.delay.draw(&mut state.stream)).max(earliest);
        state.origin.due = Some(due);
        self.queue.push(due, Event::Originates { router, epoch: state.epoch });
    }

    /// A router makes its LSP.
    pub(super) fn originates(&mut self, router: usize, epoch: u32) {
        if !self.current(router, epoch) {
            return;
        }
        self.routers[router].origin.due = None;
        let lsp = self.compose(router);
        let state = &mut self.routers[router];
        let unchanged = state.database.get(router).is_some_and(|old| old.digest == lsp.digest);
        if unchanged && state.database.sequence(router) >= state.origin.sequence {
            return;
        }
        self.publish(router, lsp.state);
    }

    /// A router puts an LSP of its own into the world.
    pub(super) fn publish(&mut self, router: usize, content: LinkState) {
        let state = &mut self.routers[router];
        state.origin.sequence += 1;
        state.origin.last = Some(self.now);
        let lsp = Rc::new(Lsp::new(router, state.origin.sequence, content));
        let changed = state.database.install(Rc::clone(&lsp), Some(self.now));
        self.tell(router, Step::Tells(lsp.sequence));
        self.flood(router, router, None);
        if changed {
            self.database_changed(router);
        }
    }

    /// A router tells again what it has told, over something that it told before it started.
    fn repeat(&mut self, router: usize) {
        let told = self.routers[router].database.get(router).map(|lsp| lsp.state.clone());
        let content = told.unwrap_or_else(|| self.compose(router).state);
        self.publish(router, content);
    }

    /// What a router would tell about itself now.
    pub(super) fn compose(&self, router: usize) -> Lsp {
        let state = &self.routers[router];
        let rebuilding = state.writer.rebuild.is_some();
        let overload = if state.origin.overload {
            Overload::NoTransit
        } else if rebuilding && state.platform.readdress.transit == Transit::LastResort {
            Overload::LastResort
        } else {
            Overload::None
        };
        let content = LinkState {
            adjacent: state.live(),
            stubs: state.stubs(),
            metrics: state.ports.iter().map(|port| port.metric).collect(),
            overload,
            withdrawn: state.origin.withdrawn.clone(),
        };
        Lsp::new(router, state.origin.sequence, content)
    }

    /// A router owes the LSP of `origin` to all neighbours but the one it came from.
    fn flood(&mut self, router: usize, origin: usize, from: Option<usize>) {
        for slot in 0..self.routers[router].ports.len() {
            if Some(slot) != from {
                self.enqueue(router, slot, origin);
            }
        }
    }

    /// A port owes the LSP of `origin` to its neighbour.
    pub(super) fn enqueue(&mut self, router: usize, slot: usize, origin: usize) {
        let port = &mut self.routers[router].ports[slot];
        if !port.full {
            return;
        }
        if !port.outbox.contains(&(origin as u32)) {
            port.outbox.push(origin as u32);
        }
        if port.send_due.is_none() {
            let due = self.now.max(port.next_send);
            port.send_due = Some(due);
            self.queue.push(due, Event::Sends { router, slot });
        }
    }

    /// A port may send its next flooding packet.
    pub(super) fn sends(&mut self, router: usize, slot: usize) {
        let state = &mut self.routers[router];
        let flooding = state.platform.flooding;
        let port = &mut state.ports[slot];
        port.send_due = None;
        let batch = port.outbox.len().min(flooding.batch.max(1) as usize);
        if batch == 0 || !state.running {
            port.outbox.clear();
            return;
        }
        let origins: Vec<u32> = port.outbox.drain(..batch).collect();
        port.next_send = self.now.plus(flooding.pacing);
        if !port.outbox.is_empty() {
            port.send_due = Some(port.next_send);
            self.queue.push(port.next_send, Event::Sends { router, slot });
        }
        let graph = self.topology.ports(router)[slot];
        let (far, far_slot) = (graph.peer.index(), graph.peer_slot);
        if !self.passes(graph.link) {
            for origin in origins {
                self.unacknowledged(router, slot, origin);
            }
            return;
        }
        let held = &self.routers[router].database;
        let lsps = origins.iter().filter_map(|origin| held.get(*origin as usize).cloned()).collect();
        let arrives = self.now.plus(self.topology.links()[graph.link.index()].delay);
        let receiver = &mut self.routers[far];
        let Wake { from, until, .. } = receiver.wake;
        if arrives < from || arrives > until {
            let process = receiver.platform.flooding.process.draw(&mut receiver.ports[far_slot].stream);
            receiver.wake =
                Wake { from: arrives, until: arrives.plus(process / 2), taken_in: arrives.plus(process) };
        }
        let taken_in = receiver.wake.taken_in;
        self.queue.push(taken_in, Event::Arrives { router: far, slot: far_slot, lsps });
    }

    /// A flooding packet has been taken in.
    pub(super) fn arrives(&mut self, router: usize, slot: usize, lsps: &[Rc<Lsp>]) {
        if !self.routers[router].running || !self.routers[router].ports[slot].full {
            return;
        }
        let mut changed = false;
        for lsp in lsps {
            changed |= self.takes_in(router, slot, lsp);
        }
        if changed {
            self.database_changed(router);
        }
    }

    /// One LSP of a packet; says whether a computation would see the difference.
    fn takes_in(&mut self, router: usize, slot: usize, lsp: &Rc<Lsp>) -> bool {
        let state = &mut self.routers[router];
        if lsp.origin == router {
            // From before this router's process started: the next one must be newer than that.
            let told = state.database.get(router).map(|own| own.digest);
            if lsp.sequence >= state.origin.sequence && told != Some(lsp.digest) {
                state.origin.sequence = lsp.sequence;
                self.repeat(router);
            }
            return false;
        }
        let held = state.database.sequence(lsp.origin);
        if held >= lsp.sequence {
            let port = &mut state.ports[slot];
            port.outbox.retain(|origin| *origin as usize != lsp.origin || held > lsp.sequence);
            if held > lsp.sequence {
                self.enqueue(router, slot, lsp.origin);
            }
            return false;
        }
        if !state.database.settled(lsp.origin, state.platform.flooding.min_arrival, self.now) {
            self.tell(router, Step::Refuses(RouterId(lsp.origin as u32)));
            let sender = self.topology.ports(router)[slot];
            self.unacknowledged(sender.peer.index(), sender.peer_slot, lsp.origin as u32);
            return false;
        }
        let changed = state.database.install(Rc::clone(lsp), Some(self.now));
        state.ports[slot].outbox.retain(|origin| *origin as usize != lsp.origin);
        self.flood(router, lsp.origin, Some(slot));
        changed
    }

    /// A neighbour has not acknowledged an LSP.
    fn unacknowledged(&mut self, router: usize, slot: usize, origin: u32) {
        let state = &mut self.routers[router];
        let port = &mut state.ports[slot];
        if !port.unacknowledged.contains(&origin) {
            port.unacknowledged.push(origin);
        }
        if port.scan_due.is_none() {
            let next = port.scan_after(self.now, state.platform.flooding.retransmit);
            port.scan_due = Some(next);
            self.queue.push(next, Event::Scans { router, slot });
        }
    }

    /// A port looks through what was not acknowledged, and sends again what is older than the time between two such looks:
    /// the acknowledgement of what is younger may still be on its way.
    pub(super) fn scans(&mut self, router: usize, slot: usize) {
        let graph = self.topology.ports(router)[slot];
        let state = &mut self.routers[router];
        let interval = state.platform.flooding.retransmit;
        let port = &mut state.ports[slot];
        port.scan_due = None;
        let waiting = std::mem::take(&mut port.unacknowledged);
        if !port.full {
            return;
        }
        let (old, young): (Vec<u32>, Vec<u32>) = waiting
            .into_iter()
            .partition(|origin| state.database.settled(*origin as usize, interval, self.now));
        for origin in young {
            self.unacknowledged(router, slot, origin);
        }
        for origin in old {
            let held = self.routers[router].database.sequence(origin as usize);
            if held > self.routers[graph.peer.index()].database.sequence(origin as usize) {
                self.enqueue(router, slot, origin as usize);
            }
        }
    }
}
