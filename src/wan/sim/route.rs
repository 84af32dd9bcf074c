//! From a changed database to an installed table: SPF runs, routes, and the writing of them.
//!
//! The back-off says when a run begins; it takes its time, and so does the calculation of every prefix's route. Changed
//! routes wait for a short hold time in which more may come in, and are then written prefix by prefix, in table order, by one
//! writer: what comes in while it writes is written after that. A rebuild is the whole table written at a slower pace; changes of
//! routes overtake it.

use std::rc::Rc;
use std::time::Duration;

use super::router::Rebuild;
use super::{Event, Sim};
use crate::wan::spf::bits;
use crate::wan::topology::BlockKind;
use crate::wan::trace::Step;

// === impl Sim ===

impl Sim<'_> {
    /// What a router knows has changed.
    pub(super) fn database_changed(&mut self, router: usize) {
        let state = &mut self.routers[router];
        if !state.running || self.now < state.resync_until {
            return;
        }
        if let Some(due) = state.spf.on_event(self.now) {
            self.queue.push(due, Event::SpfBegins { router, epoch: state.epoch });
        }
    }

    /// The wait after a purge is over.
    pub(super) fn resynced(&mut self, router: usize, epoch: u32) {
        if self.current(router, epoch) {
            self.database_changed(router);
        }
    }

    /// An SPF run begins: it sees the database of this instant.
    pub(super) fn spf_begins(&mut self, router: usize, epoch: u32) {
        if !self.current(router, epoch) {
            return;
        }
        if let Some((busy_until, _)) = self.routers[router].computing {
            self.queue.push(busy_until, Event::SpfBegins { router, epoch });
            return;
        }
        let tree = self.tree(router);
        let prefixes = self.prefixes(router, |kind, at_once| kind == BlockKind::Internal || at_once);
        let state = &mut self.routers[router];
        state.spf.on_run(self.now);
        let (spf, fib) = (state.platform.spf, state.platform.fib);
        let run = spf.run.draw(&mut state.stream) + spf.run_per_router * self.topology.routers().len() as u32;
        let routes = fib.calculate_per_prefix.draw(&mut state.stream) * prefixes;
        let end = self.now.plus(run + routes);
        state.computing = Some((end, tree));
        self.queue.push(end, Event::SpfEnds { router, epoch });
        self.tell(router, Step::Computes);
    }

    /// An SPF run has ended.
    pub(super) fn spf_ends(&mut self, router: usize, epoch: u32) {
        if !self.current(router, epoch) {
            return;
        }
        let Some((_, tree)) = self.routers[router].computing.take() else { return };
        self.routers[router].tree = tree;
        let changed = self.refresh_routes(router, |kind, at_once| kind != BlockKind::External || at_once);
        self.tell(router, Step::Computed(changed));
        self.watch_sessions(router);
        let external = self.prefixes(router, |kind, at_once| kind == BlockKind::External && !at_once);
        let state = &mut self.routers[router];
        if external > 0 && state.external_due.is_none() {
            let due = self.now.plus(state.platform.fib.external_delay);
            state.external_due = Some(due);
            self.queue.push(due, Event::ExternalBegins { router, epoch });
        }
        if let Some(rebuild) = self.routers[router].writer.rebuild.as_mut().filter(|r| !r.ready) {
            rebuild.ready = true;
            self.kick(router);
        }
    }

    /// The computation of external routes begins: it sees the tree of this instant.
    pub(super) fn external_begins(&mut self, router: usize, epoch: u32) {
        if !self.current(router, epoch) {
            return;
        }
        let blocks = self.topology.blocks().iter().enumerate();
        let external = blocks.filter(|(_, block)| block.kind == BlockKind::External);
        let routes: Vec<(usize, u64)> =
            external.map(|(block, _)| (block, self.best(router, block))).collect();
        let prefixes = self.prefixes(router, |kind, _| kind == BlockKind::External);
        let state = &mut self.routers[router];
        state.external_due = None;
        let took = state.platform.fib.calculate_per_prefix.draw(&mut state.stream) * prefixes;
        self.queue.push(self.now.plus(took), Event::ExternalEnds { router, epoch, routes });
    }

    /// The computation of external routes has ended.
    pub(super) fn external_ends(&mut self, router: usize, epoch: u32, routes: &[(usize, u64)]) {
        if self.current(router, epoch) {
            let changed =
                routes.iter().filter(|(block, ports)| self.set_route(router, *block, *ports)).count();
            self.tell(router, Step::Computed(changed));
        }
    }

    /// Prefixes of the kinds that are asked for: of each kind, and whether this router computes external ones at once.
    fn prefixes(&self, router: usize, asked: impl Fn(BlockKind, bool) -> bool) -> u32 {
        let at_once = self.routers[router].platform.fib.external_delay.is_zero();
        let blocks = self.topology.blocks().iter();
        let asked = blocks.filter(|block| block.kind != BlockKind::Bgp && asked(block.kind, at_once));
        asked.map(|block| block.prefixes).sum()
    }

    /// Finds the routes of these kinds anew; says how many blocks have others than before.
    pub(super) fn refresh_routes(&mut self, router: usize, asked: impl Fn(BlockKind, bool) -> bool) -> usize {
        let at_once = self.routers[router].platform.fib.external_delay.is_zero();
        let mut changed = 0;
        for block in 0..self.topology.blocks().len() {
            if asked(self.topology.blocks()[block].kind, at_once) {
                let ports = self.best(router, block);
                changed += usize::from(self.set_route(router, block, ports));
            }
        }
        changed
    }

    /// A block has these next hops from now on; says whether that is news.
    pub(super) fn set_route(&mut self, router: usize, block: usize, ports: u64) -> bool {
        let state = &mut self.routers[router];
        if std::mem::replace(&mut state.routes[block], ports) == ports {
            return false;
        }
        if !state.writer.pending.contains(&block) {
            state.writer.pending.push(block);
        }
        self.kick(router);
        true
    }

    /// The next hops that a router finds for a block: those towards its nearest origins.
    pub(super) fn best(&self, router: usize, block: usize) -> u64 {
        let state = &self.routers[router];
        let graph = &self.topology.blocks()[block];
        let (mut nearest, mut ports) = (u64::MAX, 0);
        for origin in graph.origins.iter().map(|origin| origin.index()) {
            let reach = state.tree[origin];
            let announced = match graph.kind {
                BlockKind::Bgp => {
                    self.has_session(router, origin) && !state.withdrawn.contains(&(block, origin))
                }
                _ => state
                    .database
                    .get(origin)
                    .is_some_and(|lsp| !lsp.state.withdrawn.contains(&(block as u32))),
            };
            if !announced || !reach.exists() || reach.distance > nearest {
                continue;
            }
            ports = if reach.distance < nearest { reach.ports } else { ports | reach.ports };
            nearest = reach.distance;
        }
        let most = state.platform.forwarding.ecmp_max as usize;
        bits(ports).take(most).fold(0, |mask, slot| mask | 1 << slot)
    }

    /// The forwarding plane has something to do: after its hold time, or when it has done what it is doing.
    pub(super) fn kick(&mut self, router: usize) {
        let state = &mut self.routers[router];
        if !state.powered || state.writer.due.is_some() {
            return;
        }
        let fib = state.platform.fib;
        let due = if self.now < state.writer.free {
            state.writer.free
        } else {
            self.now.plus(fib.hold + fib.first.draw(&mut state.stream))
        };
        state.writer.due = Some(due);
        self.queue.push(due, Event::Writes { router, power: state.power });
    }

    /// The writer begins: changed routes first, in table order, then the rest of a rebuild.
    pub(super) fn writes(&mut self, router: usize, power: u32) {
        let state = &mut self.routers[router];
        if state.power != power {
            return;
        }
        state.writer.due = None;
        let each = state.platform.fib.write_per_prefix.draw(&mut state.stream);
        let mut pending = std::mem::take(&mut state.writer.pending);
        let learned = std::mem::take(&mut state.writer.learned);
        pending.sort_unstable();
        let done = self.interrupt_rebuild(router);
        let mut cursor = self.now;
        let mut before: u64 = 0;
        let mut changes = pending.iter().peekable();
        for (block, graph) in self.topology.blocks().iter().enumerate() {
            let mine = changes.next_if(|changed| **changed == block).is_some();
            let count = done.map_or(graph.prefixes, |done| {
                u32::try_from(done.saturating_sub(before)).unwrap_or(u32::MAX).min(graph.prefixes)
            });
            before += u64::from(graph.prefixes);
            if !mine || count == 0 {
                continue;
            }
            // The prefixes of a BGP peer share one next hop: only when they are learned are they written one by one.
            let shared = graph.kind == BlockKind::Bgp && !learned.contains(&block);
            let ports = self.routers[router].routes[block];
            self.lines[router][block].write(
                cursor,
                if shared { Duration::ZERO } else { each },
                0..count,
                ports,
            );
            cursor = cursor.plus(if shared { each } else { each * count });
        }
        self.routers[router].writer.free = cursor;
        if !pending.is_empty() {
            self.tell(router, Step::Writes { blocks: pending.len(), until: cursor });
        }
        self.resume_rebuild(router);
    }

    /// Stops a rebuild; says how many prefixes of the table it has written. None: there is no rebuild.
    fn interrupt_rebuild(&mut self, router: usize) -> Option<u64> {
        let rebuild = self.routers[router].writer.rebuild.as_mut()?;
        if let Some(from) = rebuild.from.take() {
            let passed = self.now.since(from).as_nanos();
            let written = passed.checked_div(rebuild.each.as_nanos()).map_or(u64::MAX, |n| n as u64 + 1);
            rebuild.done = if passed == 0 { rebuild.done } else { rebuild.done.saturating_add(written) };
            rebuild.done = rebuild.done.min(self.topology.prefixes());
            for line in &mut self.lines[router] {
                line.cut(self.now);
            }
        }
        self.routers[router].writer.rebuild.map(|rebuild| rebuild.done)
    }

    /// Goes on with a rebuild where it was stopped.
    fn resume_rebuild(&mut self, router: usize) {
        let writer = &mut self.routers[router].writer;
        let Some(rebuild) = writer.rebuild.as_mut().filter(|rebuild| rebuild.ready) else { return };
        let from = writer.free;
        rebuild.from = Some(from);
        writer.rebuilds += 1;
        let (Rebuild { done, each, .. }, number) = (*rebuild, writer.rebuilds);
        let (mut cursor, mut before) = (from, 0);
        for (block, graph) in self.topology.blocks().iter().enumerate() {
            let start = u32::try_from(done.saturating_sub(before)).unwrap_or(u32::MAX).min(graph.prefixes);
            before += u64::from(graph.prefixes);
            if start < graph.prefixes {
                let ports = self.routers[router].routes[block];
                self.lines[router][block].write(cursor, each, start..graph.prefixes, ports);
                cursor = cursor.plus(each * (graph.prefixes - start));
            }
        }
        self.queue.push(cursor, Event::Rebuilt { router, rebuild: number });
    }

    /// A rebuild has written its last prefix.
    pub(super) fn rebuilt(&mut self, router: usize, rebuild: u32) {
        let writer = &mut self.routers[router].writer;
        if writer.rebuilds == rebuild && writer.rebuild.take().is_some() {
            writer.rebuilds += 1;
            self.tell(router, Step::Rebuilt);
            self.request_lsp(router);
        }
    }

    /// Takes all routes away: the process that gave them is gone.
    pub(super) fn withdraw_routes(&mut self, router: usize) {
        let count = self.routers.len();
        let state = &mut self.routers[router];
        state.tree = Rc::new(vec![super::Reach::NONE; count]);
        state.computing = None;
        state.external_due = None;
        for block in 0..self.topology.blocks().len() {
            self.set_route(router, block, 0);
        }
    }

    /// Empties the tables of a router at once, and forgets what was going to be written.
    pub(super) fn clear_tables(&mut self, router: usize) {
        for (line, block) in self.lines[router].iter_mut().zip(self.topology.blocks()) {
            line.cut(self.now);
            line.write(self.now, Duration::ZERO, 0..block.prefixes, 0);
        }
    }
}
