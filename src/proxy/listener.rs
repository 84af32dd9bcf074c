//! Accepting: one acceptor a service, so that the order of acceptance is the ordinal.
//!
//! At the service's connection limit it stops accepting, and clients wait in the kernel's backlog. Out of file descriptors
//! it pauses, twice as long each time up to [`ACCEPT_BACKOFF_MAX`], and goes on. Both are told, once an episode.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::session::Service;
use crate::base::limits::{ACCEPT_BACKOFF_MAX, ACCEPT_BACKOFF_MIN, LISTEN_BACKLOG};
use crate::event::Event;
use crate::fault::Caller;

/// Binds a listener; `[::]` takes IPv4 as well.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    // A run right after another must get its port back from TIME_WAIT. (On Windows this option means another thing.)
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG.try_into().unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

/// Accepts until told to stop; each connection is a task of its own.
pub(super) async fn accept_all(
    listener: TcpListener,
    service: Arc<Service>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let slots = Arc::new(Semaphore::new(service.config.connections_max));
    let mut ordinal = 0;
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = accept(&listener, &service, &slots) => accepted,
        };
        let (stream, client, slot) = accepted;
        let caller = Caller::new(ordinal, client);
        ordinal += 1;
        let span = tracing::info_span!(
            "connection", service = %service.config.name, %client, ordinal = caller.ordinal, bucket = caller.bucket.0
        );
        let opening = service.open(caller);
        let service = Arc::clone(&service);
        let session = async move {
            service.serve(stream, opening).await;
            drop(slot);
        };
        tasks.spawn(session.instrument(span));
    }
}

/// The next connection, however long that takes.
async fn accept(
    listener: &TcpListener,
    service: &Service,
    slots: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    if slots.available_permits() == 0 {
        let limit = service.config.connections_max;
        trouble(
            service,
            &format!("its limit of {limit} connections is reached: more wait in the kernel's backlog"),
        );
    }
    let slot = Arc::clone(slots).acquire_owned().await.expect("the slots are never closed");
    let mut pause = ACCEPT_BACKOFF_MIN;
    loop {
        match listener.accept().await {
            Ok((stream, client)) => return (stream, client, slot),
            // The client was gone before it was accepted: nothing to wait for.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if pause == ACCEPT_BACKOFF_MIN {
                    trouble(service, &format!("can't accept: {error}; tries again"));
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(ACCEPT_BACKOFF_MAX);
            }
        }
    }
}

fn trouble(service: &Service, reason: &str) {
    tracing::warn!(service = %service.config.name, "{reason}");
    let trouble = Event::AcceptTrouble { service: Arc::clone(&service.config.name), reason: reason.into() };
    service.shared.outbox.put(service.shared.clock.now(), trouble);
}
