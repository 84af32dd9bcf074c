//! The pump: drives the two lanes of a connection over its two sockets. The only async code that touches a lane.
//!
//! A single poll function for both directions, run by the session's task: it moves what can be moved, then sleeps until a
//! socket is ready or the earliest deadline of lanes and cuts has come. It decides nothing that a pure module could decide:
//! lanes say what leaves when, cuts say when the connection ends; the pump knows sockets, and who ended the connection.
//!
//! Where a lane lets bytes pass they go from one socket to the other through a buffer of the thread. Otherwise they are
//! copied once, into a chunk of their exact size: an idle connection holds no buffer.

use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;

use super::abandoned::Abandoned;
use super::dial::dial;
use super::handshake::Handshake;
use super::peers::{Peers, Server, ended_by};
use super::session::Service;
use super::socket::{SCRATCH, close_with_rst, how_it_ended, shut_down};
use super::timer::Sleep;
use super::wire::Wire;
use crate::base::limits::{
    DARK_HELD_BYTES_MAX, DARK_ORPHAN_MAX, LANE_HELD_BYTES_MIN, SERVICE_HELD_BYTES_MAX,
};
use crate::base::{Direction, SimTime};
use crate::event::{BrownoutReason, EndCause, PeerEnd};
use crate::fault::{
    Action, Admission, Answer, Caller, CutKind, Cuts, Draw, Fault, Lane, LaneEnd, Program, Tickets, Touch,
};

/// Pieces of one vectored write.
const SLICES: usize = 32;

/// A connection's sockets and lanes.
pub(super) struct Pump {
    service: Arc<Service>,
    caller: Caller,
    peers: Peers,
    wire: Wire,
    lanes: [Lane; 2],
    /// Directions whose receiver is gone: nothing more can be delivered.
    deaf: [bool; 2],
    /// The fault that refused it.
    refusal: Option<Arc<Fault>>,
    tickets: Tickets,
    handshake: Handshake,
    cuts: Cuts,
    cut: Option<(CutKind, Touch)>,
    /// What is left after a fault has abandoned it; it has the sockets then.
    abandoned: Option<Abandoned>,
    /// Whether the run is over, and only connections that do something are waited for.
    draining: bool,
    sleep: Sleep,
    /// Who ended the connection first, and when.
    first_end: Option<(SimTime, EndCause)>,
    request_at: Option<SimTime>,
    first_byte: Option<Duration>,
    /// Bytes that are counted in the service's total.
    accounted: usize,
}

/// What a step came to.
enum Step {
    /// Something moved: try again.
    Moved,
    /// Nothing to do before this instant, or before a socket is ready.
    Waits(Option<SimTime>),
    /// The connection is over.
    Over(EndCause),
}

// === impl Pump ===

impl Pump {
    pub(super) fn new(
        service: Arc<Service>,
        client: TcpStream,
        caller: Caller,
        program: &Program,
        draw: &Draw,
        tickets: Tickets,
        accepted: SimTime,
    ) -> Self {
        Self {
            refusal: draw.refusal(accepted).map(Arc::clone),
            tickets,
            handshake: Handshake::new(draw),
            caller,
            wire: Wire::new(program, draw, caller.bucket),
            peers: Peers::new(client),
            lanes: Direction::ALL.map(|direction| Lane::new(program, draw, &caller, direction)),
            deaf: [false; 2],
            cuts: draw.cuts(accepted),
            cut: None,
            abandoned: None,
            draining: false,
            sleep: service.shared.timer.sleeper(),
            first_end: None,
            request_at: None,
            first_byte: None,
            accounted: 0,
            service,
        }
    }

    /// Goes on under another program.
    pub(super) fn on_edit(&mut self, program: &Program, draw: &Draw) {
        for direction in Direction::ALL {
            self.lanes[direction.index()].on_edit(program, draw, &self.caller, direction);
        }
        self.tickets.edit(draw, self.caller.ordinal, !matches!(self.peers.server, Server::Waiting));
        self.handshake.edit(draw);
        self.wire.edit(program, draw, self.caller.bucket);
        self.cuts = self.cuts.edited(draw.faults().iter());
    }

    /// The run is over: a connection that nothing more can come of need not be waited for.
    pub(super) const fn on_drain(&mut self) {
        self.draining = true;
    }

    pub(super) const fn is_draining(&self) -> bool {
        self.draining
    }

    /// Moves what can be moved; ready when the connection is over.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<EndCause> {
        loop {
            let now = self.service.shared.clock.now();
            if let Some(abandoned) = &mut self.abandoned {
                let over = self.draining || now >= abandoned.until || abandoned.poll(cx).is_ready();
                if over || self.sleep.poll_until(cx, Some(abandoned.until)).is_ready() {
                    return Poll::Ready(abandoned.cause.clone());
                }
                return Poll::Pending;
            }
            if let Some(cause) = self.poll_cuts(now) {
                return Poll::Ready(cause);
            }
            if self.abandoned.is_some() {
                continue;
            }
            let mut moved = false;
            let wired = self.wire.poll(now, &self.peers, &self.service);
            let mut wake = earliest(self.cuts.deadline(now), wired);
            let steps = [
                self.poll_server(cx, now),
                self.poll_direction(cx, now, Direction::ToServer),
                self.poll_direction(cx, now, Direction::ToClient),
            ];
            for step in steps {
                match step {
                    Step::Moved => moved = true,
                    Step::Waits(until) => wake = earliest(wake, until),
                    Step::Over(cause) => return Poll::Ready(cause),
                }
            }
            self.account();
            if let Some(cause) = self.ended() {
                return Poll::Ready(cause);
            }
            if moved {
                continue;
            }
            match self.orphaned(now) {
                Step::Over(cause) => return Poll::Ready(cause),
                Step::Waits(until) => wake = earliest(wake, until),
                Step::Moved => {}
            }
            if self.sleep.poll_until(cx, wake).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Bytes delivered, by direction.
    pub(super) fn delivered(&self) -> [u64; 2] {
        [self.lanes[0].delivered(), self.lanes[1].delivered()]
    }

    /// From the client's first byte to the first byte of its answer.
    pub(super) const fn first_byte(&self) -> Option<Duration> {
        self.first_byte
    }

    /// Whether the upstream is reached, and a number that changes when [`Self::touches`] does.
    pub(super) fn progress(&self) -> (bool, usize) {
        let touches: usize = self.lanes.iter().map(|lane| lane.touches().count()).sum();
        let cut = usize::from(self.cut.is_some());
        (self.peers.are_both(), touches + self.tickets.touches().count() + self.wire.touches().len() + cut)
    }

    /// What faults have done, both directions together.
    pub(super) fn touches(&self) -> Vec<Touch> {
        let mut merged: Vec<Touch> = Vec::new();
        let mut cut = self.cut.as_ref().map(|(_, touch)| touch.clone());
        if let (Some(touch), Some(abandoned)) = (&mut cut, &self.abandoned) {
            touch.bytes += abandoned.thrown() as u64;
        }
        let lanes = self.lanes.iter().flat_map(Lane::touches);
        for touch in lanes.chain(self.tickets.touches()).chain(self.wire.touches()).chain(cut.as_ref()) {
            match merged.iter_mut().find(|known| known.fault == touch.fault) {
                None => merged.push(touch.clone()),
                Some(known) => known.add(touch),
            }
        }
        merged
    }

    /// Closes the sockets as the fault asks for that has cut the connection, or whoever has killed it.
    pub(super) async fn close(mut self, cause: &EndCause) {
        if let Some((kind, _)) = &self.cut {
            self.peers.close(*kind).await;
        } else if matches!(cause, EndCause::Brownout { why: BrownoutReason::Killed }) {
            // A FIN would make an answer that was cut short look whole.
            self.peers.close(CutKind::Reset).await;
        }
    }

    fn poll_cuts(&mut self, now: SimTime) -> Option<EndCause> {
        if let Some(fault) = self.refusal.take() {
            return Some(self.cut_by(now, &fault, CutKind::Reset));
        }
        let delivered = self.delivered();
        let (fault, kind) = self.cuts.poll(now, delivered)?;
        let fault = Arc::clone(fault);
        let cause = self.cut_by(now, &fault, kind);
        if let CutKind::Abandon(answer) = kind {
            self.abandon(now, answer, cause);
            return None;
        }
        Some(cause)
    }

    /// A fault ends the connection.
    fn cut_by(&mut self, now: SimTime, fault: &Fault, kind: CutKind) -> EndCause {
        self.cut = Some((kind, Touch::new(fault.parts.id, now)));
        EndCause::Fault { fault: Arc::clone(&fault.parts.name), kind: fault.parts.kind.info().name.into() }
    }

    /// From now on nothing crosses.
    fn abandon(&mut self, now: SimTime, answer: Answer, cause: EndCause) {
        let lost: usize = self.lanes.iter_mut().map(Lane::abandon).sum();
        if let Some((_, touch)) = &mut self.cut {
            touch.bytes += lost as u64;
        }
        let (client, server) = self.peers.take();
        self.abandoned = Some(Abandoned::new(cause, now, answer, client, server));
        self.account();
    }

    fn poll_server(&mut self, cx: &mut Context<'_>, now: SimTime) -> Step {
        match &mut self.peers.server {
            Server::Up(_) => Step::Waits(None),
            Server::Waiting => {
                match self.tickets.poll(now, cx.waker()) {
                    Admission::Pass => {}
                    Admission::Wait(until) => return Step::Waits(until),
                    Admission::Refuse(fault, kind) => return Step::Over(self.cut_by(now, &fault, kind)),
                }
                if let Err(until) = self.handshake.poll(now, &mut self.lanes) {
                    return Step::Waits(until);
                }
                let config = &self.service.config;
                self.peers.server = Server::Dialling(Box::pin(dial(Arc::clone(&config.host), config.port)));
                Step::Moved
            }
            Server::Dialling(dialling) => match dialling.as_mut().poll(cx) {
                Poll::Pending => Step::Waits(None),
                Poll::Ready(Ok(server)) => {
                    self.peers.server = Server::Up(server);
                    Step::Moved
                }
                Poll::Ready(Err(cause)) => {
                    self.peers.client.iter().for_each(close_with_rst);
                    Step::Over(self.cause_or(cause))
                }
            },
        }
    }

    fn poll_direction(&mut self, cx: &mut Context<'_>, now: SimTime, direction: Direction) -> Step {
        if self.deaf[direction.index()] {
            return Step::Waits(None);
        }
        let drained = self.drain(cx, now, direction);
        if matches!(drained, Step::Over(_)) {
            return drained;
        }
        match (self.fill(cx, now, direction), drained) {
            (Step::Waits(_), drained) => drained,
            (filled, _) => filled,
        }
    }

    /// Writes what the lane lets go.
    fn drain(&mut self, cx: &mut Context<'_>, now: SimTime, direction: Direction) -> Step {
        let delivered = self.delivered();
        let lane = &mut self.lanes[direction.index()];
        // A lane is asked only when its answer can be obeyed: what it lets go before the dial is done would be lost.
        let Some(sink) = self.peers.receiver(direction) else { return Step::Waits(None) };
        let bytes = match lane.poll(now) {
            Action::Wait(until) => return Step::Waits(until),
            Action::Write(bytes) => bytes,
            Action::End(end) => return self.carry_end(direction, end),
        };
        let allowed = usize::try_from(self.cuts.allowance(direction, delivered)).unwrap_or(usize::MAX);
        if allowed == 0 {
            return Step::Moved; // The cut is due: the next turn finds it.
        }
        if sink.poll_write_ready(cx).is_pending() {
            return Step::Waits(None);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let used = lane.slices(bytes.min(allowed), &mut slices);
        match sink.try_write_vectored(&slices[..used]) {
            Ok(written) => {
                lane.wrote(written);
                self.note_answer(direction, now);
                Step::Moved
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Step::Moved,
            Err(error) => self.receiver_gone(now, direction, &error),
        }
    }

    /// Reads what the lane takes.
    fn fill(&mut self, cx: &mut Context<'_>, now: SimTime, direction: Direction) -> Step {
        let room = self.room(direction, now);
        if self.lanes[direction.index()].ending().is_some() || room == 0 {
            return Step::Waits(None);
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let Some(source) = self.peers.receiver(direction.opposite()) else {
                return Step::Waits(None);
            };
            if source.poll_read_ready(cx).is_pending() {
                return Step::Waits(None);
            }
            let limit = room.min(scratch.len());
            match source.try_read(&mut scratch[..limit]) {
                Ok(0) => self.sender_ended(now, direction, LaneEnd::Eof, PeerEnd::Closed),
                Ok(read) => self.take(now, direction, &scratch[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Step::Moved,
                Err(error) => self.sender_ended(now, direction, LaneEnd::Reset, how_it_ended(&error)),
            }
        })
    }

    /// Takes bytes that were read: passes them by where the path is clear, gives them to the lane otherwise.
    fn take(&mut self, now: SimTime, direction: Direction, bytes: &[u8]) -> Step {
        if direction == Direction::ToServer {
            self.request_at.get_or_insert(now);
        }
        let delivered = self.delivered();
        let allowed = usize::try_from(self.cuts.allowance(direction, delivered)).unwrap_or(usize::MAX);
        let lane = &mut self.lanes[direction.index()];
        let mut rest = bytes;
        if lane.passes(now)
            && allowed > 0
            && let Some(sink) = self.peers.receiver(direction)
        {
            match sink.try_write(&bytes[..bytes.len().min(allowed)]) {
                Ok(written) => {
                    lane.passed(written);
                    rest = &bytes[written..];
                    self.note_answer(direction, now);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return self.receiver_gone(now, direction, &error),
            }
        }
        if !rest.is_empty() {
            self.lanes[direction.index()].on_bytes(now, Bytes::copy_from_slice(rest));
        }
        Step::Moved
    }

    /// The end of a direction has crossed its path.
    fn carry_end(&mut self, direction: Direction, end: LaneEnd) -> Step {
        let Some(sink) = self.peers.receiver(direction) else { return Step::Waits(None) };
        match end {
            LaneEnd::Eof => {
                shut_down(sink);
                Step::Moved
            }
            LaneEnd::Reset => {
                close_with_rst(sink);
                Step::Over(self.cause_or(ended_by(direction, PeerEnd::Reset)))
            }
        }
    }

    /// The sender of `direction` has ended its side.
    fn sender_ended(&mut self, now: SimTime, direction: Direction, end: LaneEnd, how: PeerEnd) -> Step {
        let cause = ended_by(direction, how);
        self.first_end.get_or_insert((now, cause));
        self.lanes[direction.index()].on_end(now, end);
        if end == LaneEnd::Reset {
            self.deaf[direction.opposite().index()] = true;
            if self.peers.receiver(direction).is_none() {
                // Nobody is there to be told.
                return Step::Over(self.cause_or(ended_by(direction, how)));
            }
        }
        Step::Moved
    }

    /// The receiver of `direction` takes nothing more: its end goes the other way.
    fn receiver_gone(&mut self, now: SimTime, direction: Direction, error: &io::Error) -> Step {
        self.deaf[direction.index()] = true;
        let back = direction.opposite();
        self.first_end.get_or_insert((now, ended_by(back, how_it_ended(error))));
        if self.lanes[back.index()].finished() {
            return self.carry_end(back, LaneEnd::Reset);
        }
        self.lanes[back.index()].on_end(now, LaneEnd::Reset);
        Step::Moved
    }

    fn ended(&self) -> Option<EndCause> {
        let over =
            |direction: Direction| self.lanes[direction.index()].finished() || self.deaf[direction.index()];
        if !Direction::ALL.into_iter().all(over) {
            return None;
        }
        self.first_end.as_ref().map(|(_, cause)| cause.clone())
    }

    /// A client that is gone leaves its connection on a dark path for so long only, and not at all at the end of the run.
    fn orphaned(&mut self, now: SimTime) -> Step {
        let gone = || Step::Over(EndCause::Brownout { why: BrownoutReason::Orphaned });
        let Some((since, EndCause::Client { .. })) = self.first_end else {
            // Behind a filter a client may have ended and nobody knows.
            return if self.draining && self.wire.is_deaf() { gone() } else { Step::Waits(None) };
        };
        let dark = |lane: &mut Lane| !lane.finished() && lane.dark(now).is_some();
        let stuck = if self.draining {
            matches!(self.peers.server, Server::Waiting) || self.lanes.iter_mut().any(dark)
        } else {
            dark(&mut self.lanes[Direction::ToServer.index()])
        };
        if !stuck {
            return Step::Waits(None);
        }
        let until = since.plus(DARK_ORPHAN_MAX);
        if now < until && !self.draining {
            return Step::Waits(Some(until));
        }
        gone()
    }

    fn cause_or(&self, otherwise: EndCause) -> EndCause {
        self.first_end.as_ref().map_or(otherwise, |(_, cause)| cause.clone())
    }

    fn note_answer(&mut self, direction: Direction, now: SimTime) {
        if direction == Direction::ToClient && self.first_byte.is_none() {
            self.first_byte = self.request_at.map(|request_at| now.since(request_at));
        }
    }

    /// What a lane takes, within the service's total.
    fn room(&mut self, direction: Direction, now: SimTime) -> usize {
        let lane = &mut self.lanes[direction.index()];
        let mut room = lane.room(now);
        if !self.peers.are_both() {
            room = room.min(DARK_HELD_BYTES_MAX.saturating_sub(lane.held_bytes()));
        }
        if self.service.held.load(Ordering::Relaxed) < SERVICE_HELD_BYTES_MAX {
            return room;
        }
        room.min(LANE_HELD_BYTES_MIN.saturating_sub(lane.held_bytes()))
    }

    fn account(&mut self) {
        let held = self.lanes[0].held_bytes() + self.lanes[1].held_bytes();
        if held > self.accounted {
            self.service.held.fetch_add(held - self.accounted, Ordering::Relaxed);
        } else if held < self.accounted {
            self.service.held.fetch_sub(self.accounted - held, Ordering::Relaxed);
        }
        self.accounted = held;
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.service.held.fetch_sub(self.accounted, Ordering::Relaxed);
    }
}

fn earliest(a: Option<SimTime>, b: Option<SimTime>) -> Option<SimTime> {
    [a, b].into_iter().flatten().min()
}
