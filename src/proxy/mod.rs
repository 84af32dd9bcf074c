//! Layer 4: the data plane. Moves real bytes between real sockets as lanes say.
//!
//! ```text
//!            listener                    session                              pump
//!  client ──▶ accept, ordinal, bucket ──▶ draw, span, journal ──▶ client ═══▶ lane to-server ═══▶ server
//!             one acceptor a service      edits, drain            client ◀═══ lane to-client ◀═══ server
//! ```
//!
//! The life of a connection: the acceptor of its service counts it (the order of acceptance is its ordinal) and hashes its
//! client's address into a bucket; the program draws its faults; the pump dials the service once the path is lit in both
//! directions, and moves bytes until both directions have ended, a fault cuts the connection, or the run is over. Half-close
//! and RST go through as they are, with the delay of the path. Whoever ended the connection first is journaled.
//!
//! Where no fault is in force bytes go from socket to socket without being held. An idle connection holds no buffer. What
//! a proxy cannot do is delay the SYN-ACK of its own kernel: a client's connect always succeeds at once here.
//!
//! It imports `base`, `event` and `fault` only: it knows nothing of scenarios, routing or detectors.

mod abandoned;
pub mod clock;
mod dial;
mod door;
mod handshake;
mod listener;
mod peers;
mod pump;
pub mod registry;
pub mod segment_filter;
mod session;
mod socket;
mod syns;
pub mod timer;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::clock::RunClock;
use self::door::Door;
use self::registry::Registry;
pub use self::timer::Timer;
use crate::event::Outbox;
use crate::fault::Program;

/// A service to put brownout in front of.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// Its name.
    pub name: Arc<str>,
    /// Where to listen; port 0 lets the kernel choose.
    pub listen: SocketAddr,
    /// The upstream's host, a name or an address; names are resolved at each dial.
    pub host: Arc<str>,
    /// The upstream's port.
    pub port: u16,
    /// Most connections at once; more wait in the kernel's backlog.
    pub connections_max: usize,
}

/// What all proxies of a run share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The clock that run time is read from.
    pub clock: RunClock,
    /// The precise timer.
    pub timer: Timer,
    /// Where events go.
    pub outbox: Outbox,
}

/// A listener that is bound but does not accept yet.
#[derive(Debug)]
pub struct Bound {
    door: Door,
    config: ServiceConfig,
    address: SocketAddr,
}

/// A running proxy of one service. Dropping it stops accepting and ends its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    control: Control,
    accepting: CancellationToken,
    running: CancellationToken,
    tasks: TaskTracker,
}

/// A hand on a proxy while it runs: its program and its connections. Cheap to clone; one that outlives its proxy sees no
/// connection and changes nothing.
#[derive(Clone, Debug)]
pub struct Control {
    program: watch::Sender<Arc<Program>>,
    registry: Arc<Registry>,
}

// === impl Bound ===

impl Bound {
    /// Binds the listener of a service, so that an address that is taken fails before anything runs.
    pub fn bind(config: ServiceConfig) -> io::Result<Self> {
        let door = Door::bind(config.listen)?;
        let address = door.address()?;
        Ok(Self { door, config, address })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts accepting.
    pub fn start(self, program: Program, shared: Shared) -> Proxy {
        let (program, programs) = watch::channel(Arc::new(program));
        let (accepting, running) = (CancellationToken::new(), CancellationToken::new());
        let tasks = TaskTracker::new();
        let control = Control { program, registry: Arc::default() };
        let registry = Arc::clone(&control.registry);
        let ends = (accepting.clone(), running.clone());
        let service = session::Service::new(self.config, shared, programs, registry, ends);
        tasks.spawn(listener::accept_all(self.door, Arc::new(service), accepting.clone(), tasks.clone()));
        Proxy { address: self.address, control, accepting, running, tasks }
    }
}

// === impl Control ===

impl Control {
    /// The program in force.
    pub fn program(&self) -> Arc<Program> {
        Arc::clone(&self.program.borrow())
    }

    /// Puts another program in force: a message to every connection, never a wait for one.
    pub fn edit(&self, program: Program) {
        self.program.send_replace(Arc::new(program));
    }

    /// Who is connected now.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}

// === impl Proxy ===

impl Proxy {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A hand on it that others can hold.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Puts another program in force: a message to every connection, never a wait for one.
    pub fn edit(&self, program: Program) {
        self.control.edit(program);
    }

    /// The program in force.
    pub fn program(&self) -> Arc<Program> {
        self.control.program()
    }

    /// Stops accepting, lets connections end by themselves for so long, then ends them.
    pub async fn drain(self, max: Duration) {
        self.accepting.cancel();
        self.tasks.close();
        if tokio::time::timeout(max, self.tasks.wait()).await.is_err() {
            self.running.cancel();
            self.tasks.wait().await;
        }
    }

    /// Stops accepting and ends its connections now.
    pub async fn stop(self) {
        self.accepting.cancel();
        self.running.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.cancel();
        self.running.cancel();
    }
}

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod tests;
