//! What links and routers do to packets, as the script changes it.

use super::{Event, Sim};
use crate::base::Ratio;
use crate::wan::history::{Node, Road};
use crate::wan::id::{End, LinkId};
use crate::wan::platform::DeadMembers;

/// The physical state of a link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fibre {
    /// Whether packets pass.
    pub(super) whole: bool,
    /// Whether light does.
    pub(super) light: bool,
    /// The share of its capacity that is left.
    pub(super) capacity: Ratio,
    /// Counts attempts of its ends to become neighbours: a handshake of an older one is void.
    pub(super) epoch: u32,
}

/// What a packet waits on average behind others on a half-full link, beyond what its delay holds already: one packet of
/// 1,500 bytes at 100 Mbit/s, for backbones are congested at their slowest hop.
const PACKET_NANOS: f64 = 120_000.0;

// === impl Fibre ===

impl Default for Fibre {
    fn default() -> Self {
        Self { whole: true, light: true, capacity: Ratio::ONE, epoch: 0 }
    }
}

// === impl Sim ===

impl Sim<'_> {
    /// Whether packets pass a link.
    pub(super) fn passes(&self, link: LinkId) -> bool {
        self.fibres[link.index()].whole && self.powered(link)
    }

    /// Whether the ends of a link see light.
    pub(super) fn lit(&self, link: LinkId) -> bool {
        self.fibres[link.index()].light && self.powered(link)
    }

    fn powered(&self, link: LinkId) -> bool {
        self.topology.links()[link.index()].ends.iter().all(|end| self.routers[end.index()].powered)
    }

    /// Writes down what a link does to packets from now on.
    pub(super) fn note_road(&mut self, link: LinkId) {
        let passes = self.passes(link);
        let (delay, loss) = self.queueing(link);
        for end in End::BOTH {
            let (router, slot) = self.topology.port_of(link, end);
            let known_dark = self.routers[router].dark & 1 << slot != 0;
            let road = Road { passes, known_dark, delay, loss };
            self.roads[link.index()][end.index()].push((self.now, road));
        }
    }

    /// Writes down what a router does to packets from now on.
    pub(super) fn note_node(&mut self, router: usize, loss: Ratio) {
        let node = Node { forwards: self.routers[router].powered, loss };
        self.nodes[router].push((self.now, node));
    }

    /// Both ends of a link look at its light, each after its own time.
    pub(super) fn light_changed(&mut self, link: LinkId) {
        for end in End::BOTH {
            let (router, slot) = self.topology.port_of(link, end);
            let state = &mut self.routers[router];
            if state.powered {
                let after = state.platform.adjacency.carrier.draw(&mut state.ports[slot].stream);
                self.queue.push(self.now.plus(after), Event::Light { router, slot });
                if let DeadMembers::Skipped(repair) = state.platform.forwarding.dead_members {
                    let after = repair.draw(&mut state.ports[slot].stream);
                    self.queue.push(self.now.plus(after), Event::Repairs { router, slot });
                }
            }
        }
    }

    /// The forwarding plane of a router looks at the light of one of its ports.
    pub(super) fn repairs(&mut self, router: usize, slot: usize) {
        let link = self.topology.ports(router)[slot].link;
        let lit = self.lit(link);
        let dark = &mut self.routers[router].dark;
        *dark = if lit { *dark & !(1 << slot) } else { *dark | 1 << slot };
        self.note_road(link);
    }

    /// How long packets wait before a link, and what share of them finds its queue full: a single queue with random arrivals
    /// (M/M/1) below saturation; beyond it the queue is full, and what exceeds the capacity is lost.
    fn queueing(&self, link: LinkId) -> (std::time::Duration, Ratio) {
        let graph = &self.topology.links()[link.index()];
        let (load, left) = (graph.load.as_f64(), self.fibres[link.index()].capacity.as_f64());
        if self.fibres[link.index()].capacity == Ratio::ONE {
            return (std::time::Duration::ZERO, Ratio::ZERO);
        }
        if load < left {
            let waiting = |share: f64| PACKET_NANOS * share / (1.0 - share);
            let more = waiting(load / left) / left - waiting(load);
            return (std::time::Duration::from_nanos(more as u64).min(graph.buffer), Ratio::ZERO);
        }
        let lost_ppm = ((1.0 - left / load) * 1e6).round() as u64;
        (graph.buffer, Ratio::new(lost_ppm.min(1_000_000), 1_000_000).unwrap_or(Ratio::ONE))
    }
}
