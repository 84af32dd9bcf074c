//! The stage: a listener in front of the service, on which one phase is played to every connection.
//!
//! It is no data plane: it moves the few bytes of an audit, and what it is for is the record of what each client did. Where
//! Linux's socket filters serve, nothing that brownout's kernel would say betrays it: a SYN, or a segment of a connection that has
//! died, is dropped before it is heard. Where they may not be attached (recent kernels ask for `CAP_NET_ADMIN`), a full accept queue
//! leaves SYNs unanswered as well; everything else is bytes that are read and not passed on, so the client's kernel has their
//! acknowledgements.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::gate::{Aim, Gate};
use crate::base::SimTime;
use crate::base::limits::{AUDIT_CONNECTIONS_MAX, AUDIT_FILLERS_MAX, AUDIT_HELD_BYTES_MAX, DIAL_TIMEOUT};
use crate::event::{AttemptEnd, AuditPhase};
use crate::fault::DropShare;
use crate::proxy::RunClock;
use crate::proxy::segment_filter::SegmentFilter;
use crate::scenario::Upstream;

/// What is played.
#[derive(Clone, Debug)]
pub(super) struct Act {
    /// None: the run without a fault.
    pub(super) phase: Option<AuditPhase>,
    pub(super) upstream: Upstream,
    /// Where each connection's gate shuts, by the order of acceptance; those that come later are like the last.
    pub(super) aims: Vec<Aim>,
    /// The least time between two bytes of a drip: an answer must not end within the patience.
    pub(super) patience: Duration,
}

/// What was seen of one connection.
#[derive(Clone, Debug)]
pub(super) struct Met {
    pub(super) client: SocketAddr,
    pub(super) accepted: SimTime,
    /// When the phase began for it.
    pub(super) shut: Option<SimTime>,
    /// Whether it has died in the kernel: then only the TCP table tells what its client does.
    pub(super) died: bool,
    /// When and how its client ended it.
    pub(super) ended: Option<(SimTime, AttemptEnd)>,
    /// Bytes of the service in each turn.
    pub(super) turns: Vec<u64>,
    /// Why the service could not be reached.
    pub(super) unreachable: Option<Arc<str>>,
}

/// A stage on which something is played. Dropping it ends its connections.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) address: SocketAddr,
    /// What leaves SYNs unanswered, where that is the phase.
    pub(super) unanswered: Option<Maker>,
    met: Arc<Mutex<Vec<Met>>>,
    _playing: JoinSet<()>,
    /// What fills the accept queue.
    _fillers: Vec<TcpStream>,
}

/// What leaves a client without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    /// A socket filter: nothing is heard.
    Filter,
    /// An accept queue with no room.
    FullQueue,
    /// Bytes that are read and go no further.
    UserSpace,
}

/// One connection on the stage.
#[derive(Debug)]
struct Scene {
    client: TcpStream,
    gate: Gate,
    act: Arc<Act>,
    clock: RunClock,
    place: usize,
    met: Arc<Mutex<Vec<Met>>>,
    /// What drips.
    held: VecDeque<u8>,
}

/// Bytes of one read.
const READ_BYTES: usize = 16 << 10;
/// The time between two bytes of a drip, at least: a byte a second, as slow peers do in tests of Slowloris.
const DRIP_EVERY: Duration = Duration::from_secs(1);

/// A connect on loopback that takes longer than this is not answered.
const FILLED_AFTER: Duration = Duration::from_millis(200);

// === impl Maker ===

impl Maker {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "socket filter",
            Self::FullQueue => "full accept queue",
            Self::UserSpace => "user space",
        }
    }
}

// === impl Stage ===

impl Stage {
    /// Opens it on a port of 127.0.0.1 that the kernel chooses.
    pub(super) async fn open(act: Act, clock: RunClock) -> io::Result<Self> {
        let met = Arc::default();
        let mut playing = JoinSet::new();
        if act.phase == Some(AuditPhase::Connect) {
            let (listener, maker, fillers) = unanswering().await?;
            let address = listener.local_addr()?;
            // It accepts nobody, and is kept as long as the stage.
            playing.spawn(async move {
                let _kept = listener;
                std::future::pending::<()>().await;
            });
            return Ok(Self { address, unanswered: Some(maker), met, _playing: playing, _fillers: fillers });
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        playing.spawn(accept_all(listener, Arc::new(act), clock, Arc::clone(&met)));
        Ok(Self { address, unanswered: None, met, _playing: playing, _fillers: Vec::new() })
    }

    /// What has been seen so far.
    pub(super) fn met(&self) -> Vec<Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

// === impl Scene ===

impl Scene {
    async fn play(mut self) {
        self.sync();
        if self.gate.is_silent() {
            let mut buffer = vec![0; READ_BYTES];
            loop {
                let read = self.client.read(&mut buffer).await;
                if self.client_ended(&read) {
                    return;
                }
            }
        }
        match dial(&self.act.upstream).await {
            Ok(server) => self.relay(server).await,
            Err(why) => self.note(|met| met.unreachable = Some(why.into())),
        }
    }

    /// Moves bytes as the gate allows, until the client ends it, or both have ended it in order.
    async fn relay(&mut self, mut server: TcpStream) {
        let (mut up, mut down) = (vec![0; READ_BYTES], vec![0; READ_BYTES]);
        let (mut client_open, mut server_open) = (true, true);
        let drip_every = self.drip_every();
        let mut next_drip = tokio::time::Instant::now() + drip_every;
        while client_open || server_open || self.gate.is_shut() {
            let room = self.held.len() < AUDIT_HELD_BYTES_MAX;
            tokio::select! {
                read = self.client.read(&mut up), if client_open => {
                    if self.client_ended(&read) {
                        if self.gate.is_shut() || read.is_err() {
                            return;
                        }
                        client_open = false;
                        let _gone = server.shutdown().await;
                    } else if let Ok(bytes) = read
                        && self.gate.client_spoke()
                        && server.write_all(&up[..bytes]).await.is_err()
                    {
                        server_open = false;
                    }
                }
                read = server.read(&mut down), if server_open && room => match read {
                    Ok(bytes) if bytes > 0 => {
                        if self.pass(&down[..bytes]).await.is_err() {
                            return;
                        }
                    }
                    // Silence says nothing, not even that it is over.
                    _ => {
                        server_open = false;
                        if !self.gate.is_shut() {
                            let _gone = self.client.shutdown().await;
                        }
                    }
                },
                () = tokio::time::sleep_until(next_drip), if self.held.len() > 1 => {
                    next_drip = tokio::time::Instant::now() + drip_every;
                    if let Some(byte) = self.held.pop_front()
                        && self.client.write_all(&[byte]).await.is_err()
                    {
                        return;
                    }
                }
                // A client that has closed its half, and an answer that is held: this lasts until the stage is taken down.
                else => std::future::pending().await,
            }
            self.sync();
        }
    }

    /// Passes of an answer what the gate lets pass; a drip keeps the rest.
    async fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        let passes = self.gate.server_spoke(bytes.len() as u64) as usize;
        // Before the last byte of the answer goes: a quick client's next request would still be heard.
        if self.gate.may_die() && deaf().attach(&self.client).is_ok() {
            self.gate.die();
            self.note(|met| met.died = true);
        }
        if self.act.phase == Some(AuditPhase::Drip) {
            self.held.extend(&bytes[passes..]);
        }
        self.client.write_all(&bytes[..passes]).await
    }

    /// The answer must last longer than the patience, and its last byte is never sent.
    fn drip_every(&self) -> Duration {
        let whole = self.aim().whole.max(1);
        DRIP_EVERY.max(self.act.patience.div_f64(whole as f64))
    }

    fn aim(&self) -> Aim {
        aim_of(&self.act.aims, self.place)
    }

    /// Whether this read says that the client has ended the connection; notes how.
    fn client_ended(&self, read: &io::Result<usize>) -> bool {
        let how = match read {
            Ok(0) => AttemptEnd::Fin,
            Err(_) => AttemptEnd::Reset,
            Ok(_) => return false,
        };
        let now = self.clock.now();
        self.note(|met| met.ended = Some((now, how)));
        true
    }

    /// Brings what is known outside to the gate's state.
    fn sync(&self) {
        let (now, turns) = (self.clock.now(), self.gate.turns().to_vec());
        self.note(|met| {
            met.turns = turns;
            if self.gate.is_shut() {
                met.shut.get_or_insert(now);
            }
        });
    }

    fn note(&self, note: impl FnOnce(&mut Met)) {
        if let Some(met) = self.met.lock().unwrap_or_else(PoisonError::into_inner).get_mut(self.place) {
            note(met);
        }
    }
}

async fn accept_all(listener: TcpListener, act: Arc<Act>, clock: RunClock, met: Arc<Mutex<Vec<Met>>>) {
    let mut scenes = JoinSet::new();
    for place in 0..AUDIT_CONNECTIONS_MAX {
        let Ok((client, address)) = listener.accept().await else { break };
        // What is late must be late because of the phase.
        let _best_effort = client.set_nodelay(true);
        met.lock().unwrap_or_else(PoisonError::into_inner).push(Met {
            client: address,
            accepted: clock.now(),
            shut: None,
            died: false,
            ended: None,
            turns: Vec::new(),
            unreachable: None,
        });
        let gate = Gate::new(act.phase, aim_of(&act.aims, place));
        let (act, met) = (Arc::clone(&act), Arc::clone(&met));
        scenes.spawn(Scene { client, gate, act, clock, place, met, held: VecDeque::new() }.play());
    }
    while scenes.join_next().await.is_some() {}
}

fn aim_of(aims: &[Aim], place: usize) -> Aim {
    aims.get(place).or(aims.last()).copied().unwrap_or_default()
}

async fn dial(upstream: &Upstream) -> Result<TcpStream, String> {
    let dialled = TcpStream::connect((&*upstream.host, upstream.port));
    match tokio::time::timeout(DIAL_TIMEOUT, dialled).await {
        Ok(Ok(server)) => {
            let _best_effort = server.set_nodelay(true);
            Ok(server)
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it did not answer in time".to_owned()),
    }
}

/// A socket that has it hears nothing.
fn deaf() -> SegmentFilter {
    SegmentFilter::share(DropShare::ALL)
}

/// A listener that answers no SYN.
async fn unanswering() -> io::Result<(TcpListener, Maker, Vec<TcpStream>)> {
    let listener = queueless()?;
    if deaf().attach(&listener).is_ok() {
        return Ok((listener, Maker::Filter, Vec::new()));
    }
    let fillers = fill(listener.local_addr()?).await?;
    Ok((listener, Maker::FullQueue, fillers))
}

/// A listener with the shortest queue that there is: room for one.
fn queueless() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(0)?;
    TcpListener::from_std(socket.into())
}

/// Fills the queue of a listener, so that its kernel drops every further SYN.
async fn fill(address: SocketAddr) -> io::Result<Vec<TcpStream>> {
    let mut fillers = Vec::new();
    for _ in 0..AUDIT_FILLERS_MAX {
        match tokio::time::timeout(FILLED_AFTER, TcpStream::connect(address)).await {
            Ok(filler) => fillers.push(filler?),
            Err(_) => return Ok(fillers),
        }
    }
    Err(io::Error::other("this kernel answers SYNs though the accept queue is full"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Without any privilege: the queue is full, and no SYN is answered any more.
    #[tokio::test]
    async fn a_full_queue_answers_nobody() {
        let listener = queueless().unwrap();
        let address = listener.local_addr().unwrap();
        let fillers = fill(address).await.unwrap();
        assert!(!fillers.is_empty());
        let late = tokio::time::timeout(FILLED_AFTER, TcpStream::connect(address)).await;
        assert!(late.is_err(), "it was answered");
    }
}
