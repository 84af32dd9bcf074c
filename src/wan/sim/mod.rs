//! The simulation: routers exchange events, and the tables that they install are written down.
//!
//! One queue holds all that is going to happen, in order of time and, within an instant, of scheduling. Each kind of event
//! is one step of one router; a step changes that router's state and schedules what follows from it. Nothing happens
//! without a cause: hellos that only confirm what is known are not simulated (their instants are known from their phase), so
//! a quiet network costs nothing and the queue runs empty.
//!
//! - `adjacency`: losing and finding neighbours;
//! - `flood`: LSPs, made and passed on;
//! - `route`: SPF runs, routes, and their way into the forwarding plane;
//! - `bgp`: sessions and what they bring;
//! - `happen`: the script.
//!
//! Every random number comes from the stream of the router, or of the end of the link, whose step it times: adding a
//! router or a link changes no draw of another.

mod adjacency;
mod bgp;
mod flood;
mod happen;
mod queue;
mod road;
mod route;
mod router;

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use self::bgp::Session;
use self::queue::{Event, Queue};
use self::road::Fibre;
use self::router::{Database, Lsp, Origin, PortState, RouterState, Wake, Writer};
use super::fib::FibLine;
use super::history::{History, Node, Records, Road};
use super::id::{End, RouterId};
use super::script::{Happening, Script, TooManyHappenings};
use super::spf::{LinkState, Overload, Reach, SpfTimer, Tree};
use super::topology::{BlockKind, Topology};
use super::trace::{Step, Trace};
use crate::base::limits::{WAN_EVENTS_MAX, WAN_REACHES_REMEMBERED_MAX};
use crate::base::{Label, Seed, SimTime, Stream};

/// Why a simulation came to no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimulationError {
    /// The script is too long.
    #[error("{0} in the script of a WAN")]
    Happenings(#[from] TooManyHappenings),
    /// More events than [`WAN_EVENTS_MAX`].
    #[error("more than {WAN_EVENTS_MAX} events, the last one at {0}")]
    Events(SimTime),
}

/// Simulates `script` on `topology` until `until`, and beyond it until nothing more is going to happen that the script's
/// happenings before `until` have caused.
///
/// A pure function of its arguments: the same ones give the same history, to the byte.
pub fn simulate(
    topology: &Arc<Topology>,
    script: &Script,
    seed: Seed,
    until: SimTime,
) -> Result<History, SimulationError> {
    let mut script = script.in_order()?;
    script.retain(|(at, _)| *at < until);
    let mut sim = Sim::new(topology, script, seed);
    let due: Vec<SimTime> = sim.script.iter().map(|(at, _)| *at).collect();
    for (number, at) in due.into_iter().enumerate() {
        sim.queue.push(at, Event::Happens(number));
    }
    let mut events = 0;
    while let Some((now, event)) = sim.queue.pop() {
        events += 1;
        if events > WAN_EVENTS_MAX {
            return Err(SimulationError::Events(now));
        }
        sim.now = now;
        sim.step(event);
    }
    Ok(sim.into_history(events))
}

/// The sequence number of a router that has run for long: it has told at least twice. One that starts anew begins below it,
/// and learns from its neighbours what it has told before.
const SEQUENCE_LONG_RUNNING: u32 = 2;

/// A simulation under way.
struct Sim<'t> {
    topology: &'t Arc<Topology>,
    script: Vec<(SimTime, Happening)>,
    now: SimTime,
    queue: Queue,
    routers: Vec<RouterState>,
    fibres: Vec<Fibre>,
    /// The origins of BGP blocks, in order.
    speakers: Vec<usize>,
    trees: IndexMap<(usize, u64, u64), Rc<Tree>>,
    lines: Vec<Vec<FibLine>>,
    roads: Vec<[Vec<(SimTime, Road)>; 2]>,
    nodes: Vec<Vec<(SimTime, Node)>>,
    salts: Vec<u32>,
    trace: Trace,
}

// === impl Sim ===

impl<'t> Sim<'t> {
    /// A network that has been quiet for long: every adjacency full, every database whole, every route installed.
    fn new(topology: &'t Arc<Topology>, script: Vec<(SimTime, Happening)>, seed: Seed) -> Self {
        let count = topology.routers().len();
        let bgp = topology.blocks().iter().filter(|block| block.kind == BlockKind::Bgp);
        let mut speakers: Vec<usize> = bgp.flat_map(|block| &block.origins).map(|r| r.index()).collect();
        speakers.sort_unstable();
        speakers.dedup();
        let mut routers: Vec<RouterState> =
            (0..count).map(|at| router_state(topology, at, seed, speakers.len())).collect();
        place_hellos(topology, &mut routers, seed);
        let mut sim = Self {
            topology,
            script,
            now: SimTime::ZERO,
            queue: Queue::default(),
            routers,
            fibres: topology.links().iter().map(|_| Fibre::default()).collect(),
            speakers,
            trees: IndexMap::new(),
            lines: Vec::new(),
            roads: topology.links().iter().map(|_| [Vec::new(), Vec::new()]).collect(),
            nodes: vec![Vec::new(); count],
            salts: salts(topology, seed),
            trace: Trace::default(),
        };
        let lsps: Vec<Rc<Lsp>> = (0..count).map(|at| Rc::new(sim.compose(at))).collect();
        for router in &mut sim.routers {
            for lsp in &lsps {
                router.database.install(Rc::clone(lsp), None);
            }
        }
        for at in 0..count {
            sim.routers[at].tree = sim.tree(at);
            let routes: Vec<u64> = (0..topology.blocks().len()).map(|block| sim.best(at, block)).collect();
            sim.lines.push(routes.iter().map(|ports| FibLine::new(*ports)).collect());
            sim.routers[at].routes = routes;
        }
        sim
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Happens(number) => self.happens(number),
            Event::Light { router, slot } => self.light(router, slot),
            Event::Repairs { router, slot } => self.repairs(router, slot),
            Event::Silence { router, slot, epoch } => self.silence(router, slot, epoch),
            Event::OneWay { router, slot, epoch } => self.one_way(router, slot, epoch),
            Event::Addressed { router, slot } => self.addressed(router, slot),
            Event::Full { link, epoch } => self.full(link, epoch),
            Event::Loaded { router, epoch } => self.loaded(router, epoch),
            Event::Originates { router, epoch } => self.originates(router, epoch),
            Event::Sends { router, slot } => self.sends(router, slot),
            Event::Arrives { router, slot, lsps } => self.arrives(router, slot, &lsps),
            Event::Scans { router, slot } => self.scans(router, slot),
            Event::SpfBegins { router, epoch } => self.spf_begins(router, epoch),
            Event::SpfEnds { router, epoch } => self.spf_ends(router, epoch),
            Event::Resynced { router, epoch } => self.resynced(router, epoch),
            Event::ExternalBegins { router, epoch } => self.external_begins(router, epoch),
            Event::ExternalEnds { router, epoch, routes } => self.external_ends(router, epoch, &routes),
            Event::Writes { router, power } => self.writes(router, power),
            Event::Rebuilt { router, rebuild } => self.rebuilt(router, rebuild),
            Event::Commanded { router, command } => self.commanded(router, command),
            Event::Ends { router } => self.ends(router),
            Event::Starts { router, epoch } => self.starts(router, epoch),
            Event::SessionTimes { router, speaker, epoch } => self.session_times(router, speaker, epoch),
            Event::SessionLearned { router, speaker, epoch } => self.session_learned(router, speaker, epoch),
            Event::Advertised { router, block, origin, announced } => {
                self.advertised(router, block, origin, announced);
            }
        }
    }

    /// Whether a timer of the routing process is still its own.
    fn current(&self, router: usize, epoch: u32) -> bool {
        self.routers[router].running && self.routers[router].epoch == epoch
    }

    fn tell(&mut self, router: usize, step: Step) {
        self.trace.push(self.now, RouterId(router as u32), step);
    }

    /// The tree that a router would compute now.
    fn tree(&mut self, root: usize) -> Rc<Tree> {
        let router = &self.routers[root];
        let key = (root, router.database.digest(), router.live());
        if let Some(known) = self.trees.get(&key) {
            return Rc::clone(known);
        }
        let check = router.platform.spf.two_way_check;
        let tree = Rc::new(super::spf::shortest_paths(self.topology, &router.database, root, key.2, check));
        if self.trees.len() * self.routers.len() >= WAN_REACHES_REMEMBERED_MAX {
            self.trees.clear();
        }
        self.trees.insert(key, Rc::clone(&tree));
        tree
    }

    fn into_history(self, events: u64) -> History {
        let records = Records {
            lines: self.lines,
            roads: self.roads,
            nodes: self.nodes,
            salts: self.salts,
            script: self.script,
            trace: self.trace,
            events,
        };
        History::new(Arc::clone(self.topology), records)
    }
}

/// What keeps the hashes of different routers apart, so that they don't all make the same choice.
fn salts(topology: &Topology, seed: Seed) -> Vec<u32> {
    let names = topology.routers().iter().map(|router| &router.name);
    names.map(|name| (seed.stream(Label::new("wan/hash").part(name)).bits() >> 32) as u32).collect()
}

fn router_state(topology: &Topology, at: usize, seed: Seed, speakers: usize) -> RouterState {
    let router = &topology.routers()[at];
    let count = topology.routers().len();
    let stream = seed.stream(Label::new("wan/router").part(&router.name));
    RouterState {
        platform: Arc::clone(&router.platform),
        stream,
        ports: (0..topology.ports(at).len()).map(|slot| port_state(topology, at, slot, seed)).collect(),
        dark: 0,
        powered: true,
        power: 0,
        running: true,
        epoch: 0,
        origin: Origin { sequence: SEQUENCE_LONG_RUNNING, ..Origin::default() },
        database: Database::new(count),
        spf: SpfTimer::new(router.platform.spf.delay),
        resync_until: SimTime::ZERO,
        computing: None,
        tree: Rc::new(vec![Reach::NONE; count]),
        external_due: None,
        routes: Vec::new(),
        writer: Writer::default(),
        sessions: (0..speakers).map(|_| Session::default()).collect(),
        withdrawn: Vec::new(),
        commanded: None,
        wake: Wake::default(),
    }
}

fn port_state(topology: &Topology, at: usize, slot: usize, seed: Seed) -> PortState {
    let port = topology.ports(at)[slot];
    let link = &topology.links()[port.link.index()];
    let label = Label::new("wan/link").part(&link.name).ordinal(port.end.index() as u64);
    PortState {
        stream: seed.stream(label),
        metric: link.metrics[port.end.index()],
        light: true,
        addressed: true,
        full: true,
        epoch: 0,
        hello: 0,
        scan: 0,
        outbox: Vec::new(),
        send_due: None,
        next_send: SimTime::ZERO,
        unacknowledged: Vec::new(),
        scan_due: None,
    }
}

/// The phases of all hellos: a link's ends began theirs together when it last came up, and have drifted apart since.
fn place_hellos(topology: &Topology, routers: &mut [RouterState], seed: Seed) {
    for link in topology.links() {
        let mut stream: Stream = seed.stream(Label::new("wan/hellos").part(&link.name));
        let (hello, scan) = (stream.unit(), stream.unit());
        for end in End::BOTH {
            let near = link.ends[end.index()].index();
            let slot = topology
                .ports(near)
                .iter()
                .position(|port| port.end == end && topology.links()[port.link.index()].name == link.name);
            let router = &mut routers[near];
            let timers = (&router.platform.adjacency, &router.platform.flooding);
            let port = &mut router.ports[slot.expect("every link end is a port of its router")];
            let drift = timers.0.drift.draw(&mut port.stream);
            port.hello = router::nanos(timers.0.hello.mul_f64(hello) + drift);
            port.scan = router::nanos(timers.1.retransmit.mul_f64(scan));
        }
    }
}

/// The LSP of a router without neighbours: what it tells before it leaves.
fn nothing_up(metrics: Vec<u32>) -> LinkState {
    LinkState { adjacent: 0, stubs: 0, metrics, overload: Overload::None, withdrawn: Vec::new() }
}
