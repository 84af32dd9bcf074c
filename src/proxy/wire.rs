//! What the kernel drops on the two sockets of a connection, where it may: the shares of segments that its paths drop now.
//!
//! A filter acts on what arrives here. So what a path drops to the server is dropped on the client's socket, and what it
//! drops to the client on the server's. Filters are swapped as the paths change, at once and without a gap; what a socket
//! has inherited from its listener goes with the first look at it. Lanes hold what had arrived before
//! ([`crate::fault::Program::carried`]).
//!
//! A fault has touched a connection whose segments it drops: whether one came nobody sees.

use std::io;
use std::sync::Arc;

use super::listener::trouble;
use super::peers::Peers;
use super::segment_filter::{SegmentFilter, detach};
use super::session::Service;
use crate::base::{Cursor, Direction, FaultId, FlowBucket, PathState, SimTime, Timeline};
use crate::fault::{Backend, Draw, DropShare, Program, Touch};

/// The filters of a connection.
#[derive(Debug)]
pub(super) struct Wire {
    /// One for each direction.
    sides: [Side; 2],
    /// Whether there is nothing to do until an edit.
    idle: bool,
    touches: Vec<Touch>,
}

/// The filter of one direction, on the socket of its sender.
#[derive(Debug)]
struct Side {
    /// None where user space does it all.
    path: Option<Arc<Timeline<PathState>>>,
    cursor: Cursor,
    /// What the socket's filter drops; none, while it may have inherited one.
    attached: Option<DropShare>,
}

// === impl Wire ===

impl Wire {
    /// That of a connection that meets these faults.
    pub(super) fn new(program: &Program, draw: &Draw, bucket: FlowBucket) -> Self {
        let side = |attached| Side { path: None, cursor: Cursor::default(), attached };
        // What was accepted has a filter if its listener had one; what is dialled has none.
        let mut wire =
            Self { sides: [side(None), side(Some(DropShare::NONE))], idle: true, touches: Vec::new() };
        wire.edit(program, draw, bucket);
        wire
    }

    /// The same under other faults.
    pub(super) fn edit(&mut self, program: &Program, draw: &Draw, bucket: FlowBucket) {
        let drops = draw.faults().iter().any(|fault| fault.drops());
        for (side, direction) in self.sides.iter_mut().zip(Direction::ALL) {
            side.path = drops.then(|| program.path(draw, bucket, direction));
            side.cursor = Cursor::default();
        }
        self.idle = program.backend() == Backend::UserSpace;
    }

    /// Attaches and detaches what is due; says when to look again.
    pub(super) fn poll(&mut self, now: SimTime, peers: &Peers, service: &Service) -> Option<SimTime> {
        if self.idle {
            return None;
        }
        let mut next = None;
        for (side, direction) in self.sides.iter_mut().zip(Direction::ALL) {
            let clear = &PathState::CLEAR;
            let (state, until) =
                side.path.as_ref().map_or((clear, None), |path| path.read(&mut side.cursor, now));
            next = [next, until].into_iter().flatten().min();
            let Some(socket) = peers.receiver(direction.opposite()) else { continue };
            let share = DropShare::of(state);
            if side.attached == Some(share) {
                continue;
            }
            side.attached = Some(share);
            if let Err(error) = put(socket, share) {
                trouble(service, &format!("the kernel does not drop segments of a connection: {error}"));
                continue;
            }
            let lost = state.losses.iter().map(|term| term.fault).filter(|_| state.dark.is_none());
            for fault in state.dark.into_iter().chain(lost) {
                touch(&mut self.touches, fault, now, state.dark.is_some());
            }
        }
        self.idle = self.sides.iter().all(|side| side.path.is_none());
        next
    }

    /// Whether nothing that the client sends is heard.
    pub(super) fn is_deaf(&self) -> bool {
        self.sides[Direction::ToServer.index()].attached == Some(DropShare::ALL)
    }

    /// Whose segments the kernel has dropped, or would have.
    pub(super) fn touches(&self) -> &[Touch] {
        &self.touches
    }
}

fn put(socket: &tokio::net::TcpStream, share: DropShare) -> io::Result<()> {
    if share == DropShare::NONE { detach(socket) } else { SegmentFilter::share(share).attach(socket) }
}

fn touch(touches: &mut Vec<Touch>, fault: FaultId, now: SimTime, dark: bool) {
    let known = touches.iter().position(|touch| touch.fault == fault);
    let place = known.unwrap_or_else(|| {
        touches.push(Touch::new(fault, now));
        touches.len() - 1
    });
    if dark {
        touches[place].dark.get_or_insert(now);
    }
}
