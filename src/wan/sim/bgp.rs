//! BGP: the sessions that bring the prefixes which the IGP does not carry.
//!
//! Every router holds a session with every router that originates BGP blocks (through route reflectors, which are not
//! simulated). A session outlives a change of the way to its peer, for a hold time; then its routes are gone. When the peer
//! can be reached again the session comes back after a while, and the peer's table after it: advertised no sooner than the
//! MRAI allows, and taken over prefix by prefix. So an IGP storm of less than a hold time leaves no trace here, and a longer
//! one is followed by a slower wave.

use super::{Event, Sim};
use crate::wan::id::RouterId;
use crate::wan::topology::BlockKind;
use crate::wan::trace::Step;

/// A router's session with an originator of BGP blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    up: bool,
    /// A hold time runs out, or a table is on its way.
    waiting: bool,
    /// Counts changes: timers of an older one are void.
    epoch: u32,
}

// === impl Session ===

impl Default for Session {
    fn default() -> Self {
        Self { up: true, waiting: false, epoch: 0 }
    }
}

// === impl Sim ===

impl Sim<'_> {
    /// Whether a router has what `origin` advertises.
    pub(super) fn has_session(&self, router: usize, origin: usize) -> bool {
        let speaker = self.speakers.binary_search(&origin);
        router == origin || speaker.is_ok_and(|speaker| self.routers[router].sessions[speaker].up)
    }

    /// The ways to the peers may have changed.
    pub(super) fn watch_sessions(&mut self, router: usize) {
        for speaker in 0..self.speakers.len() {
            let origin = self.speakers[speaker];
            let state = &mut self.routers[router];
            let reached = state.tree[origin].exists();
            let bgp = state.platform.bgp;
            let session = &mut state.sessions[speaker];
            if origin == router {
                continue;
            }
            match (session.up, reached, session.waiting) {
                (true, false, false) => {
                    session.waiting = true;
                    session.epoch += 1;
                    let event = Event::SessionTimes { router, speaker, epoch: session.epoch };
                    self.queue.push(self.now.plus(bgp.hold), event);
                }
                (true, true, true) | (false, false, true) => {
                    session.waiting = false;
                    session.epoch += 1;
                }
                (false, true, false) => self.reconnect(router, speaker),
                _ => {}
            }
        }
    }

    /// A peer can be reached again: the session comes back, and its table after it.
    fn reconnect(&mut self, router: usize, speaker: usize) {
        let state = &mut self.routers[router];
        let bgp = state.platform.bgp;
        let session = &mut state.sessions[speaker];
        session.waiting = true;
        session.epoch += 1;
        let connected = bgp.connect.draw(&mut state.stream);
        let advertised = bgp.mrai.mul_f64(state.stream.unit());
        let event = Event::SessionLearned { router, speaker, epoch: session.epoch };
        self.queue.push(self.now.plus(connected + advertised), event);
    }

    /// The other end of a session was unreachable for its hold time.
    pub(super) fn session_times(&mut self, router: usize, speaker: usize, epoch: u32) {
        let session = &mut self.routers[router].sessions[speaker];
        if session.epoch == epoch {
            *session = Session { up: false, waiting: false, epoch: epoch + 1 };
            self.tell(router, Step::SessionLost(RouterId(self.speakers[speaker] as u32)));
            self.refresh_routes(router, |kind, _| kind == BlockKind::Bgp);
        }
    }

    /// The table of a peer begins to come in.
    pub(super) fn session_learned(&mut self, router: usize, speaker: usize, epoch: u32) {
        let state = &mut self.routers[router];
        let session = &mut state.sessions[speaker];
        if session.epoch != epoch || !state.running {
            return;
        }
        *session = Session { up: true, waiting: false, epoch: epoch + 1 };
        let origin = self.speakers[speaker];
        self.tell(router, Step::SessionFound(RouterId(origin as u32)));
        for (block, graph) in self.topology.blocks().iter().enumerate() {
            if graph.kind == BlockKind::Bgp && graph.origins.iter().any(|o| o.index() == origin) {
                let ports = self.best(router, block);
                if self.set_route(router, block, ports) {
                    self.routers[router].writer.learned.push(block);
                }
            }
        }
    }

    /// A router has lost its sessions with its process.
    pub(super) fn lose_sessions(&mut self, router: usize) {
        for session in &mut self.routers[router].sessions {
            *session = Session { up: false, waiting: false, epoch: session.epoch + 1 };
        }
    }

    /// A block is withdrawn or announced by one of its origins: each router hears of it within an MRAI.
    pub(super) fn advertise(&mut self, block: usize, origin: usize, announced: bool) {
        for router in 0..self.routers.len() {
            let state = &mut self.routers[router];
            let after = state.platform.bgp.mrai.mul_f64(state.stream.unit());
            let event = Event::Advertised { router, block, origin, announced };
            self.queue.push(self.now.plus(after), event);
        }
    }

    /// A peer's advertisement of a block, or its withdrawal, has been taken in.
    pub(super) fn advertised(&mut self, router: usize, block: usize, origin: usize, announced: bool) {
        let state = &mut self.routers[router];
        state.withdrawn.retain(|known| *known != (block, origin));
        if !announced {
            state.withdrawn.push((block, origin));
        }
        let ports = self.best(router, block);
        if self.set_route(router, block, ports) {
            self.routers[router].writer.learned.push(block);
        }
    }
}
