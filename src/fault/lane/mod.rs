//! The lane: one direction of one connection, as a pure state machine.
//!
//! # How to drive it
//!
//! - Feed it: [`Lane::on_bytes`] as bytes arrive (never more than [`Lane::room`]), then [`Lane::on_end`] once.
//! - Ask it: [`Lane::poll`] with the present, until it says [`Action::Wait`]; then again when the instant it names has come
//!   or when something has been fed to it or edited.
//! - Obey it: write what [`Lane::slices`] shows and say how much with [`Lane::wrote`]; on [`Action::End`] end the peer.
//! - While [`Lane::passes`] says so, bytes may go from socket to socket without it: count them with [`Lane::passed`].
//!
//! Time never runs backwards from one call to the next. The lane pulls its path state from a timeline, so nothing wakes it
//! but its own deadlines; only an edit by a person or an API is pushed ([`Lane::on_edit`]).
//!
//! # What it promises
//!
//! 1. Conservation: bytes written + held = bytes received, each as it was but for the bits that a `corrupt` flips, unless
//!    the connection was abandoned ([`Lane::abandon`]).
//! 2. Order: bytes leave in the order in which they came.
//! 3. Latency is not a rate limit: what arrives together leaves together.
//! 4. A rate holds over any window, with the burst that [`super::burst_bytes`] states.
//! 5. How reads were cut changes nothing: jitter is drawn once a *flight* (bytes without a pause of [`FLIGHT_GAP`]) and again
//!    every [`SLOT_BYTES`] within it; loss is drawn once a segment, counted from the beginning of its flight.
//! 6. An edit loses nothing: what is timed keeps its deadline; what a removed blackhole held goes on, in order, and so does
//!    an end that a removed fault held.
//! 7. Between the beginnings of two pieces of a slicer lies their pause, and no more than a piece leaves within it.
//! 8. What it holds is bounded by [`Lane::room`]; after its end it is inert.
//!
//! It leaves to others: sockets, clocks, and the end of connections by faults ([`super::Cuts`]).

mod gear;
#[cfg(test)]
mod stream_tests;
#[cfg(test)]
mod tests;
mod touch;
#[cfg(test)]
mod trace_tests;

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};

use self::gear::Gears;
pub use self::touch::Touch;
use super::link::{queue_bytes, turn_bytes};
use super::program::{Caller, Draw, Program};
use crate::base::limits::{DARK_HELD_BYTES_MAX, LANE_HELD_BYTES_MAX};
use crate::base::{ByteRate, Cursor, Direction, PathState, QUEUE_TIME, SimTime, SliceTerm, Timeline};
use crate::tcp::{Recovery, Rto};

/// A pause of this length begins a new flight: a request, an answer, a message. Shorter than any round trip worth
/// simulating, longer than the pauses between the reads of one burst.
pub const FLIGHT_GAP: Duration = Duration::from_millis(1);

/// Within a flight jitter is drawn anew every so many bytes, a modest congestion window's worth.
pub const SLOT_BYTES: usize = 16 << 10;

/// Losses are drawn for segments of this size: an Ethernet frame's, with timestamps.
pub const SEGMENT_BYTES: usize = 1_448;

/// What a rate-limited lane takes in ahead of what may leave: a link's queue of this length, as a router has one. A larger
/// one would show the sender a link faster than it is.
pub const RATE_QUEUE: Duration = QUEUE_TIME;

/// And at least so much, so that slow links still take whole requests.
const RATE_QUEUE_BYTES_MIN: usize = 16 << 10;

/// What a held chunk costs beside its bytes, counted against the limit: many tiny chunks must not hide in it.
const CHUNK_COST: usize = 96;

/// Most bytes of one write, so that no lane keeps its thread for long.
const WRITE_BYTES_MAX: usize = 1 << 20;

/// One direction of one connection.
#[derive(Debug)]
pub struct Lane {
    path: Arc<Timeline<PathState>>,
    cursor: Cursor,
    /// The path of the opposite direction: ACKs come back on it.
    back: Arc<Timeline<PathState>>,
    gears: Gears,
    held: VecDeque<Chunk>,
    /// Bytes in `held`, and their cost in memory.
    held_bytes: usize,
    held_cost: usize,
    last_due: SimTime,
    flight: Flight,
    /// Bytes at the front that links have admitted, and when they may leave.
    granted: Option<(usize, SimTime)>,
    /// Whether what is being written is a piece of faults that slice.
    slicing: bool,
    end: Option<(LaneEnd, SimTime)>,
    /// Since when an orderly end that has crossed the path is held back.
    end_held: Option<SimTime>,
    finished: bool,
    delivered: u64,
}

/// What the driver is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write so many bytes from the front.
    Write(usize),
    /// Nothing until this instant, or until something is fed.
    Wait(Option<SimTime>),
    /// All bytes are written: end the peer so.
    End(LaneEnd),
}

/// How a direction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneEnd {
    /// With a FIN: the other direction may go on.
    Eof,
    /// With an RST.
    Reset,
}

#[derive(Debug)]
struct Chunk {
    bytes: Bytes,
    due: SimTime,
}

/// Where the arriving bytes stand among the draws of jitter.
#[derive(Debug, Default)]
struct Flight {
    last_arrival: Option<SimTime>,
    /// Bytes until the next draw.
    left: usize,
    /// The delay of the current slot.
    delay: Duration,
    /// Bytes until the next segment, and how late the current one is because it was lost.
    segment_left: usize,
    stall: Duration,
}

// === impl Lane ===

impl Lane {
    /// The lane of a connection in one direction.
    pub fn new(program: &Program, draw: &Draw, caller: &Caller, direction: Direction) -> Self {
        Self {
            path: program.carried(draw, caller.bucket, direction),
            cursor: Cursor::default(),
            back: program.carried(draw, caller.bucket, direction.opposite()),
            gears: Gears::new(program, draw, caller, direction),
            held: VecDeque::new(),
            held_bytes: 0,
            held_cost: 0,
            last_due: SimTime::ZERO,
            flight: Flight::default(),
            granted: None,
            slicing: false,
            end: None,
            end_held: None,
            finished: false,
            delivered: 0,
        }
    }

    /// The same connection under an edited program.
    pub fn on_edit(&mut self, program: &Program, draw: &Draw, caller: &Caller, direction: Direction) {
        self.path = program.carried(draw, caller.bucket, direction);
        self.back = program.carried(draw, caller.bucket, direction.opposite());
        self.cursor = Cursor::default();
        self.gears.edit(program, draw, caller, direction);
        self.flight.left = 0;
        self.granted = None;
    }

    /// How many bytes it takes now.
    pub fn room(&mut self, now: SimTime) -> usize {
        let (state, _) = self.path.read(&mut self.cursor, now);
        let limit = match (state.dark, limited_room(state)) {
            (Some(_), _) => DARK_HELD_BYTES_MAX,
            (None, Some(room)) => room,
            (None, None) => LANE_HELD_BYTES_MAX,
        };
        if self.end.is_some() { 0 } else { limit.saturating_sub(self.held_cost) }
    }

    /// Takes bytes that arrived now.
    pub fn on_bytes(&mut self, now: SimTime, mut bytes: Bytes) {
        if self.end.is_some() || bytes.is_empty() {
            return;
        }
        let (state, _) = self.path.read(&mut self.cursor, now);
        if let Some(fault) = state.dark {
            self.gears.touch_dark(fault, now, bytes.len() as u64);
        }
        if !state.corruptions.is_empty() {
            let received = self.delivered + self.held_bytes as u64;
            bytes = self.gears.corrupt(state, now, received, bytes);
        }
        if state.delays.is_empty() && state.losses.is_empty() {
            self.flight = Flight { last_arrival: Some(now), ..Flight::default() };
            let due = self.last_due.max(now);
            return self.hold(bytes, due);
        }
        let paused = self.flight.last_arrival.is_none_or(|last| now.since(last) >= FLIGHT_GAP);
        self.flight.last_arrival = Some(now);
        let jitters = state.delays.iter().any(|term| !term.delay.is_constant());
        if paused || !jitters {
            self.flight.left = 0;
        }
        if paused {
            self.flight.segment_left = 0;
        }
        while !bytes.is_empty() {
            if self.flight.left == 0 {
                let (state, _) = self.path.read(&mut self.cursor, now);
                self.flight.delay = self.gears.draw(state);
                self.flight.left = if jitters { SLOT_BYTES } else { usize::MAX };
            }
            let mut slot = bytes.split_to(bytes.len().min(self.flight.left));
            self.flight.left -= slot.len();
            let (state, _) = self.path.read(&mut self.cursor, now);
            self.gears.touch_delays(state, now, slot.len() as u64);
            while !slot.is_empty() {
                let segment = self.next_segment(now, &mut slot, bytes.len());
                let due = self.last_due.max(now.plus(self.flight.delay + self.flight.stall));
                self.hold(segment, due);
            }
        }
    }

    /// The rest of the current segment or the next one, with its stall drawn; all of `slot`, where nothing is lost.
    /// `following` bytes arrived behind the slot.
    fn next_segment(&mut self, now: SimTime, slot: &mut Bytes, following: usize) -> Bytes {
        let (state, _) = self.path.read(&mut self.cursor, now);
        if state.losses.is_empty() {
            self.flight.segment_left = 0;
            self.flight.stall = Duration::ZERO;
            return std::mem::take(slot);
        }
        if self.flight.segment_left == 0 {
            let segments = (slot.len() + following).div_ceil(SEGMENT_BYTES);
            let back = mean_delay(self.back.at(now));
            let recovery = Recovery {
                rto: Rto::steady(mean_delay(state) + back),
                flight: segments,
                after: segments - 1,
            };
            self.flight.stall = self.gears.stall(state, now, recovery, slot.len().min(SEGMENT_BYTES));
            self.flight.segment_left = SEGMENT_BYTES;
        }
        let segment = slot.split_to(slot.len().min(self.flight.segment_left));
        self.flight.segment_left -= segment.len();
        segment
    }

    /// The sender ended its side: the end travels as the last byte would. An RST may follow a FIN that is still on its
    /// way, and takes its place.
    pub fn on_end(&mut self, now: SimTime, end: LaneEnd) {
        if let Some((earlier, due)) = self.end {
            let overtaken = earlier == LaneEnd::Eof && end == LaneEnd::Reset;
            self.end = Some((if overtaken { end } else { earlier }, due));
            return;
        }
        let (state, _) = self.path.read(&mut self.cursor, now);
        // A FIN on the heels of data shares its flight; one that comes alone draws its own delay.
        let together = self.flight.last_arrival.is_some_and(|last| now.since(last) < FLIGHT_GAP);
        let delay = match (state.delays.is_empty(), together) {
            (true, _) => Duration::ZERO,
            (false, true) => self.flight.delay,
            (false, false) => self.gears.draw(state),
        };
        self.end = Some((end, self.last_due.max(now.plus(delay))));
    }

    /// What to do now.
    pub fn poll(&mut self, now: SimTime) -> Action {
        let pending = !self.held.is_empty() || self.end.is_some();
        if self.finished || !pending {
            return Action::Wait(None);
        }
        let (state, next) = self.path.read(&mut self.cursor, now);
        if let Some(fault) = state.dark {
            self.gears.touch_dark(fault, now, 0);
            return Action::Wait(next);
        }
        match (self.held.front(), self.end) {
            (Some(front), _) if front.due > now => Action::Wait(Some(front.due)),
            (Some(_), _) if state.rates.is_empty() && state.slices.is_empty() => {
                self.slicing = false;
                Action::Write(due_bytes(&self.held, now, WRITE_BYTES_MAX))
            }
            (Some(_), _) => self.poll_gates(now),
            (None, Some((_, due))) if due > now => Action::Wait(Some(due)),
            (None, Some((end, _))) => self.poll_end(now, end),
            (None, None) => Action::Wait(None),
        }
    }

    /// The bytes to write, as at most `slices.len()` pieces of together at most `limit` bytes; returns how many pieces.
    pub fn slices<'a>(&'a self, limit: usize, slices: &mut [IoSlice<'a>]) -> usize {
        let mut left = limit;
        let mut used = 0;
        for (slice, chunk) in slices.iter_mut().zip(&self.held) {
            if left == 0 {
                break;
            }
            let piece = &chunk.bytes[..chunk.bytes.len().min(left)];
            left -= piece.len();
            *slice = IoSlice::new(piece);
            used += 1;
        }
        used
    }

    /// So many bytes from the front are written.
    pub fn wrote(&mut self, bytes: usize) {
        self.delivered += bytes as u64;
        self.held_bytes -= bytes;
        if self.slicing {
            self.gears.wrote_piece(bytes as u64);
        }
        if let Some((granted, _)) = &mut self.granted {
            *granted = granted.saturating_sub(bytes);
            if *granted == 0 {
                self.granted = None;
            }
        }
        let mut left = bytes;
        while left > 0 {
            let front = self.held.front_mut().expect("no more is written than was held");
            let piece = front.bytes.len().min(left);
            front.bytes.advance(piece);
            left -= piece;
            self.held_cost -= piece;
            if front.bytes.is_empty() {
                self.held.pop_front();
                self.held_cost -= CHUNK_COST;
            }
        }
        if self.held.is_empty() {
            // An idle connection holds no buffer.
            self.held = VecDeque::new();
        }
    }

    /// Whether bytes that arrive now may pass by without being held; `passed` then counts them.
    pub fn passes(&mut self, now: SimTime) -> bool {
        let (state, _) = self.path.read(&mut self.cursor, now);
        state.is_clear() && self.held.is_empty() && self.end.is_none()
    }

    /// So many bytes passed by.
    pub fn passed(&mut self, bytes: usize) {
        self.delivered += bytes as u64;
    }

    /// Whether the path is dark now, and if so until when it cannot change. A connection attempt that meets darkness is
    /// what its fault has done.
    pub fn dark(&mut self, now: SimTime) -> Option<Option<SimTime>> {
        let (state, next) = self.path.read(&mut self.cursor, now);
        let fault = state.dark?;
        self.gears.touch_dark(fault, now, 0);
        Some(next)
    }

    /// How long a byte that comes now is delayed, on average.
    pub fn delay(&mut self, now: SimTime) -> Duration {
        mean_delay(self.path.read(&mut self.cursor, now).0)
    }

    /// Throws away what it holds: nothing crosses it any more. Returns how many bytes that were.
    pub fn abandon(&mut self) -> usize {
        let lost = std::mem::take(&mut self.held_bytes);
        (self.held, self.held_cost, self.granted) = (VecDeque::new(), 0, None);
        self.end.get_or_insert((LaneEnd::Eof, self.last_due));
        self.finished = true;
        lost
    }

    /// Whether its end has been carried out.
    pub const fn finished(&self) -> bool {
        self.finished
    }

    /// Whether its sender has ended.
    pub const fn ending(&self) -> Option<LaneEnd> {
        match self.end {
            Some((end, _)) => Some(end),
            None => None,
        }
    }

    /// Bytes that have left.
    pub const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Bytes that it holds.
    pub const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// What faults have done to it.
    pub fn touches(&self) -> impl Iterator<Item = &Touch> {
        self.gears.touches()
    }

    fn hold(&mut self, bytes: Bytes, due: SimTime) {
        self.last_due = due;
        self.held_bytes += bytes.len();
        self.held_cost += bytes.len() + CHUNK_COST;
        self.held.push_back(Chunk { bytes, due });
    }

    /// The end has crossed the path: passes it on, an orderly one as late as the path says.
    fn poll_end(&mut self, now: SimTime, end: LaneEnd) -> Action {
        let (state, next) = self.path.read(&mut self.cursor, now);
        if end == LaneEnd::Eof && !state.closes.is_empty() {
            let since = *self.end_held.get_or_insert(now);
            self.gears.touch_closes(state, since);
            let until = since.plus(state.closes.iter().map(|term| term.delay).sum());
            if until > now {
                return Action::Wait(Some(next.map_or(until, |next| next.min(until))));
            }
        }
        self.finished = true;
        Action::End(end)
    }

    /// What links and slicers let go now.
    fn poll_gates(&mut self, now: SimTime) -> Action {
        let (state, next) = self.path.read(&mut self.cursor, now);
        let piece = match self.gears.piece(state, now) {
            Ok(bytes) => bytes.min(WRITE_BYTES_MAX),
            Err(until) => return Action::Wait(Some(next.map_or(until, |next| next.min(until)))),
        };
        let bytes = if state.rates.is_empty() {
            due_bytes(&self.held, now, piece)
        } else {
            // A piece has its own turn, so that no more is reserved than may leave.
            let turn = state.rates.iter().map(|term| turn_bytes(&term.rate)).min().unwrap_or(u64::MAX);
            let turn = usize::try_from(turn).unwrap_or(usize::MAX).min(piece);
            // Since when they could have left, if the links had let them.
            let due = self.held.front().map_or(now, |front| front.due);
            let since = if state.slices.is_empty() { due.max(self.path.piece_start(now)) } else { now };
            let (bytes, leaves) = *self.granted.get_or_insert_with(|| {
                let bytes = due_bytes(&self.held, now, turn);
                (bytes, self.gears.reserve(state, now, since, bytes as u64))
            });
            if leaves > now {
                return Action::Wait(Some(leaves));
            }
            bytes.min(piece)
        };
        self.slicing = !state.slices.is_empty();
        self.gears.begin_piece(state, now);
        Action::Write(bytes)
    }
}

fn due_bytes(held: &VecDeque<Chunk>, now: SimTime, limit: usize) -> usize {
    let mut sum = 0;
    for chunk in held.iter().take_while(|chunk| chunk.due <= now) {
        sum += chunk.bytes.len();
        if sum >= limit {
            return limit;
        }
    }
    sum
}

fn mean_delay(state: &PathState) -> Duration {
    state.delays.iter().map(|term| term.delay.mean).sum()
}

/// What a lane holds that links or slicers hold up: the shortest of their queues, and what is on its way through the delay
/// before them.
fn limited_room(state: &PathState) -> Option<usize> {
    let delay: Duration = state.delays.iter().map(|term| term.delay.mean + term.delay.jitter).sum();
    let of_pieces = |term: &SliceTerm| {
        let nanos = term.pause.as_nanos();
        let per_second = u128::from(term.size).saturating_mul(1_000_000_000).checked_div(nanos)?;
        let rate = ByteRate::new(u64::try_from(per_second).unwrap_or(u64::MAX).max(1))?;
        Some(rate.bytes_in(RATE_QUEUE + delay))
    };
    let links = state.rates.iter().map(|term| queue_bytes(&term.rate, delay));
    let queue = links.chain(state.slices.iter().filter_map(of_pieces)).min()?;
    let queue = usize::try_from(queue).unwrap_or(usize::MAX);
    Some(queue.clamp(RATE_QUEUE_BYTES_MIN, LANE_HELD_BYTES_MAX))
}
