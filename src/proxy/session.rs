//! A connection from acceptance to its end: draws, journal, edits, drain. The bytes are the pump's.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::pump::Pump;
use super::registry::{Registered, Registry};
use super::{ServiceConfig, Shared};
use crate::base::{FaultId, SimTime};
use crate::event::{BrownoutReason, ConnectionEnded, ConnectionOpened, EndCause, Event, Hit};
use crate::fault::{Caller, Draw, Fault, Program, Tickets, Touch};

/// A connection that was just accepted: when, and what was drawn for it.
#[derive(Debug)]
pub(super) struct Opening {
    caller: Caller,
    accepted: SimTime,
    program: Arc<Program>,
    draw: Draw,
    tickets: Tickets,
    registered: Registered,
}

/// What all connections of a service share.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) config: ServiceConfig,
    pub(super) shared: Shared,
    /// Bytes that all its connections hold.
    pub(super) held: AtomicUsize,
    programs: watch::Receiver<Arc<Program>>,
    registry: Arc<Registry>,
    accepting: CancellationToken,
    running: CancellationToken,
}

// === impl Service ===

impl Service {
    pub(super) fn new(
        config: ServiceConfig,
        shared: Shared,
        programs: watch::Receiver<Arc<Program>>,
        registry: Arc<Registry>,
        (accepting, running): (CancellationToken, CancellationToken),
    ) -> Self {
        Self { config, shared, held: AtomicUsize::new(0), programs, registry, accepting, running }
    }

    /// The programs, from the present one on.
    pub(super) fn programs(&self) -> watch::Receiver<Arc<Program>> {
        self.programs.clone()
    }

    /// Journals a connection. By the acceptor itself, so that the journal has them in the order of acceptance.
    pub(super) fn open(&self, caller: Caller) -> Opening {
        let accepted = self.shared.clock.now();
        let program = Arc::clone(&self.programs.borrow());
        let draw = program.draw(&caller);
        let opened = ConnectionOpened {
            service: Arc::clone(&self.config.name),
            ordinal: caller.ordinal,
            client: caller.client,
            bucket: caller.bucket,
            drawn: draw.names(),
        };
        self.shared.outbox.put(accepted, Event::ConnectionOpened(opened));
        let tickets = draw.tickets(caller.ordinal);
        let registered = self.registry.register(caller, accepted, draw.clone());
        Opening { caller, accepted, program, draw, tickets, registered }
    }

    /// Serves one connection to its end.
    pub(super) async fn serve(self: Arc<Self>, client: TcpStream, opening: Opening) {
        // See `dial`: small writes must not wait.
        let _best_effort = client.set_nodelay(true);
        let Opening { caller, accepted, program, draw, tickets, registered } = opening;
        // Its version is that of the proxy's beginning: whatever was edited since is an edit of this connection, too.
        let mut programs = self.programs.clone();
        let mut pump = Pump::new(Arc::clone(&self), client, caller, &program, &draw, tickets, accepted);
        tracing::debug!("accepted");
        let mut faults = program.faults().to_vec();
        let cause = loop {
            tokio::select! {
                biased;
                () = self.running.cancelled() => break EndCause::Brownout { why: BrownoutReason::Drained },
                () = registered.killed() => break EndCause::Brownout { why: BrownoutReason::Killed },
                () = self.accepting.cancelled(), if !pump.is_draining() => pump.on_drain(),
                // A proxy that is dropped cancels `running`; a closed channel says nothing more than that.
                Ok(()) = programs.changed() => {
                    let program = Arc::clone(&programs.borrow_and_update());
                    let draw = program.draw(&caller);
                    pump.on_edit(&program, &draw);
                    registered.redrawn(draw);
                    for fault in program.faults() {
                        if !faults.iter().any(|known| Arc::ptr_eq(known, fault)) {
                            faults.push(Arc::clone(fault));
                        }
                    }
                }
                cause = poll_fn(|cx| {
                    let polled = pump.poll(cx);
                    let (dialled, touches) = pump.progress();
                    registered.tell(pump.delivered(), dialled);
                    registered.tell_touched(touches, || touched_by(&pump));
                    polled
                }) => break cause,
            }
        };
        tracing::debug!(%cause, "ended");
        let of = |touch: &Touch| faults.iter().find(|fault| fault.parts.id == touch.fault);
        let hits = pump.touches().into_iter().map(|touch| self.hit(of(&touch), &caller, touch)).collect();
        self.journal_end(&pump, &caller, accepted, cause.clone(), hits);
        pump.close(&cause).await;
    }

    fn hit(&self, fault: Option<&Arc<Fault>>, caller: &Caller, touch: Touch) -> Hit {
        let first = self.shared.outbox.scenario_time(touch.first);
        let routing = fault.and_then(|fault| fault.kind().routing());
        let why = routing.zip(touch.dark).and_then(|(routing, dark)| routing.why(caller.bucket, dark));
        let fault = fault.map_or_else(|| "?".into(), |fault| Arc::clone(&fault.parts.name));
        let Touch { bytes, delay_max, flipped, flips, .. } = touch;
        Hit { fault, first, bytes, delay_max, why: why.cloned(), flipped, flips }
    }

    fn journal_end(&self, pump: &Pump, caller: &Caller, accepted: SimTime, cause: EndCause, hits: Vec<Hit>) {
        let now = self.shared.clock.now();
        let age: Duration = now.since(accepted);
        let [bytes_to_server, bytes_to_client] = pump.delivered();
        let ended = ConnectionEnded {
            service: Arc::clone(&self.config.name),
            ordinal: caller.ordinal,
            client: caller.client,
            bucket: caller.bucket,
            cause,
            age,
            bytes_to_server,
            bytes_to_client,
            first_byte: pump.first_byte(),
            hits,
        };
        self.shared.outbox.put(now, Event::ConnectionEnded(Box::new(ended)));
    }
}

fn touched_by(pump: &Pump) -> Vec<FaultId> {
    pump.touches().iter().map(|touch| touch.fault).collect()
}
