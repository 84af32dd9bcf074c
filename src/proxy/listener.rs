//! Accepting: one acceptor a service, so that the order of acceptance is the ordinal.
//!
//! While the program refuses everybody, the door of the service is shut; SYNs that it drops are dropped by [`Syns`]. At the service's connection limit it stops
//! accepting, and clients wait in the kernel's backlog. Out of file descriptors it pauses, twice as long each time up to
//! [`ACCEPT_BACKOFF_MAX`], and goes on. Both are told, once an episode.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::door::Door;
use super::session::Service;
use super::syns::Syns;
use super::timer::Timer;
use crate::base::SimTime;
use crate::base::limits::{ACCEPT_BACKOFF_MAX, ACCEPT_BACKOFF_MIN};
use crate::event::Event;
use crate::fault::Caller;

/// Accepts until told to stop; each connection is a task of its own.
pub(super) async fn accept_all(
    mut door: Door,
    service: Arc<Service>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let slots = Arc::new(Semaphore::new(service.config.connections_max));
    let mut programs = service.programs();
    let (mut ordinal, mut syns) = (0, Syns::new());
    loop {
        let (refuses, until) = programs.borrow_and_update().refuses_connects(service.shared.clock.now());
        let what = if refuses { "refuse connects" } else { "listen again" };
        let opened = door.set_open(!refuses).map_err(|error| format!("can't {what}: {error}"));
        let program = Arc::clone(&programs.borrow());
        let filtered = syns.poll(&program, &door, &service);
        let filtered = filtered.map_err(|error| format!("the kernel does not drop SYNs: {error}"));
        let until = match opened.and(filtered) {
            Ok(again) => [until, again].into_iter().flatten().min(),
            Err(told) => {
                trouble(&service, &format!("{told}; tries again"));
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(ACCEPT_BACKOFF_MAX) => continue,
                }
            }
        };
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return syns.tell(&door, &service),
            Ok(()) = programs.changed() => continue,
            () = reached(&service.shared.timer, until) => continue,
            accepted = accept(&door, &service, &slots) => accepted,
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
    door: &Door,
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
        match door.accept().await {
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

/// Waits until `instant` has come; for ever, if it never does.
async fn reached(timer: &Timer, instant: Option<SimTime>) {
    match instant {
        Some(instant) => timer.sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// Tells of an error or a limit that the service goes on with.
pub(super) fn trouble(service: &Service, reason: &str) {
    tracing::warn!(service = %service.config.name, "{reason}");
    let trouble = Event::AcceptTrouble { service: Arc::clone(&service.config.name), reason: reason.into() };
    service.shared.outbox.put(service.shared.clock.now(), trouble);
}
