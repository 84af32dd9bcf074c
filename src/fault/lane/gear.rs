//! A lane's gears: for each fault that takes its connection, the draws, the link and the account of what was done.
//!
//! Made when the connection is accepted, so that a lane never looks up a fault by name; kept through edits for faults that
//! stay, so that their draws go on where they stood.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::{SEGMENT_BYTES, Touch};
use crate::base::limits::CORRUPT_PLACES_MAX;
use crate::base::{
    DelayDraw, Direction, FaultId, Flip, Label, LinkRate, PathState, RateScope, Seed, SimTime, SliceTerm,
    Stream,
};
use crate::fault::link::Link;
use crate::fault::program::{Caller, Draw, Program};
use crate::fault::spec::Fault;
use crate::tcp::Recovery;

/// Most losses of one segment in a row by one fault: `tcp_retries2` lets a connection end after 15 retransmissions.
const LOSSES_MAX: u32 = 15;

/// The gears of one lane.
#[derive(Debug)]
pub(super) struct Gears {
    gears: Vec<Gear>,
    direction: Direction,
}

#[derive(Debug)]
struct Gear {
    fault: Arc<Fault>,
    draws: DelayDraw,
    /// Which segments are lost.
    losses: Stream,
    /// The link that this lane has to itself.
    link: Link,
    /// The delay of the current slot, and the one that is always there and nobody's doing.
    delay: Duration,
    quiet: Option<Duration>,
    /// How large pieces are, and the current one.
    sizes: Stream,
    piece: Option<Piece>,
    /// Where the streams begin that say which bits are flipped.
    seed: Seed,
    corruptions: Label,
    touch: Option<Touch>,
}

/// A piece of a slicer.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// What it may still carry.
    left: u64,
    /// When its first byte left.
    began: Option<SimTime>,
    /// Whether what is being written is of it.
    leaves: bool,
}

// === impl Gears ===

impl Gears {
    pub(super) fn new(program: &Program, draw: &Draw, caller: &Caller, direction: Direction) -> Self {
        let gears = draw.faults().iter().map(|fault| Gear::new(program, fault, caller, direction)).collect();
        Self { gears, direction }
    }

    /// Faults that stay keep their gears; those that left keep their account.
    pub(super) fn edit(&mut self, program: &Program, draw: &Draw, caller: &Caller, direction: Direction) {
        for fault in draw.faults() {
            if !self.gears.iter().any(|gear| Arc::ptr_eq(&gear.fault, fault)) {
                self.gears.push(Gear::new(program, fault, caller, direction));
            }
        }
        let stays = |gear: &Gear| draw.faults().iter().any(|fault| Arc::ptr_eq(&gear.fault, fault));
        self.gears.retain(|gear| stays(gear) || gear.touch.is_some());
    }

    /// The delay of the next slot under `state`.
    pub(super) fn draw(&mut self, state: &PathState) -> Duration {
        let mut sum = Duration::ZERO;
        for term in &state.delays {
            if let Some(gear) = self.gear(term.fault) {
                gear.delay = term.delay.draw(&mut gear.draws);
                sum += gear.delay;
            }
        }
        sum
    }

    /// Counts bytes that the delays of `state` have delayed.
    pub(super) fn touch_delays(&mut self, state: &PathState, now: SimTime, bytes: u64) {
        for term in &state.delays {
            if let Some(gear) = self.gear(term.fault).filter(|gear| gear.quiet != Some(gear.delay)) {
                gear.touch(now, bytes, gear.delay);
            }
        }
    }

    /// Counts an end that `state` holds back.
    pub(super) fn touch_closes(&mut self, state: &PathState, now: SimTime) {
        for term in &state.closes {
            self.touch(term.fault, now, 0, term.delay);
        }
    }

    /// Counts what a fault has done.
    pub(super) fn touch(&mut self, fault: FaultId, now: SimTime, bytes: u64, delay: Duration) {
        if let Some(gear) = self.gear(fault) {
            gear.touch(now, bytes, delay);
        }
    }

    /// Counts bytes that found nothing delivered.
    pub(super) fn touch_dark(&mut self, fault: FaultId, now: SimTime, bytes: u64) {
        if let Some(gear) = self.gear(fault) {
            gear.touch(now, bytes, Duration::ZERO);
            gear.touch.as_mut().expect("it was touched just now").dark.get_or_insert(now);
        }
    }

    /// How late the next segment is because `state` loses it, and perhaps what is sent in its place. Each loss strikes for
    /// itself, with draws of its own, as links in a row do.
    pub(super) fn stall(
        &mut self,
        state: &PathState,
        now: SimTime,
        recovery: Recovery,
        bytes: usize,
    ) -> Duration {
        let mut lost = 0;
        let mut losers = Vec::new();
        for term in &state.losses {
            let Some(gear) = self.gear(term.fault) else { continue };
            let by_it = (0..LOSSES_MAX).take_while(|_| gear.losses.happens(term.ratio)).count() as u32;
            if by_it > 0 {
                lost += by_it;
                losers.push(term.fault);
            }
        }
        let stall = if lost == 0 { Duration::ZERO } else { recovery.delay(lost - 1) };
        for fault in losers {
            self.touch(fault, now, bytes as u64, stall);
        }
        stall
    }

    /// Reserves `bytes` that have been waiting since `since` on every link of `state`; says when the last of them lets them
    /// go.
    pub(super) fn reserve(&mut self, state: &PathState, now: SimTime, since: SimTime, bytes: u64) -> SimTime {
        let direction = self.direction;
        let mut leaves = now;
        for term in &state.rates {
            let Some(gear) = self.gear(term.fault) else { continue };
            gear.touch(now, bytes, Duration::ZERO);
            let fault = &gear.fault;
            let reserve = |link: &mut Link| match &term.rate {
                LinkRate::Steady(rate) => link.reserve(now, bytes, *rate),
                LinkRate::Trace(trace) => {
                    fault.run_time(link.reserve_on(trace, fault.own_time(since), bytes)).max(now)
                }
            };
            let at = match term.scope {
                RateScope::Connection => reserve(&mut gear.link),
                RateScope::Service => {
                    reserve(&mut fault.shared_link(direction).lock().unwrap_or_else(PoisonError::into_inner))
                }
            };
            leaves = leaves.max(at);
        }
        leaves
    }

    /// How many bytes the slicers of `state` let go at most, or until when they let none go.
    pub(super) fn piece(&mut self, state: &PathState, now: SimTime) -> Result<usize, SimTime> {
        let (mut bytes, mut until) = (u64::MAX, None);
        for term in &state.slices {
            match self.gear(term.fault).map(|gear| gear.piece(term, now)) {
                Some(Ok(left)) => bytes = bytes.min(left),
                Some(Err(next)) => until = until.max(Some(next)),
                None => {}
            }
        }
        until.map_or(Ok(usize::try_from(bytes).unwrap_or(usize::MAX)), Err)
    }

    /// The current pieces of `state` leave now, unless they have begun to.
    pub(super) fn begin_piece(&mut self, state: &PathState, now: SimTime) {
        self.gears.iter_mut().filter_map(|gear| gear.piece.as_mut()).for_each(|piece| piece.leaves = false);
        for term in &state.slices {
            let Some(gear) = self.gear(term.fault) else { continue };
            if let Some(piece) = &mut gear.piece {
                piece.began.get_or_insert(now);
                piece.leaves = true;
            }
            gear.touch(now, 0, term.pause);
        }
    }

    /// Flips the bits that `state` corrupts in `bytes`, the first of which is byte `from` of the direction. Whether and
    /// where a segment is hit are the two draws of a stream of its own: they depend on its place alone.
    pub(super) fn corrupt(&mut self, state: &PathState, now: SimTime, from: u64, bytes: Bytes) -> Bytes {
        let segment_bytes = SEGMENT_BYTES as u64;
        let until = from + bytes.len() as u64;
        let (direction, mut flips) = (self.direction, Vec::new());
        for term in &state.corruptions {
            let Some(gear) = self.gear(term.fault) else { continue };
            for segment in from / segment_bytes..until.div_ceil(segment_bytes) {
                let mut draws = gear.seed.stream(gear.corruptions.ordinal(segment));
                if !draws.happens(term.ratio) {
                    continue;
                }
                let place = draws.below(segment_bytes * 8);
                let offset = segment * segment_bytes + place / 8;
                if (from..until).contains(&offset) {
                    let flip = Flip { direction, offset, bit: (place % 8) as u8 };
                    gear.touch_flip(now, flip);
                    flips.push(flip);
                }
            }
        }
        if flips.is_empty() {
            return bytes;
        }
        let mut corrupted = BytesMut::from(bytes);
        for flip in flips {
            corrupted[(flip.offset - from) as usize] ^= 1 << flip.bit;
        }
        corrupted.freeze()
    }

    /// So many bytes of the pieces that leave have left.
    pub(super) fn wrote_piece(&mut self, bytes: u64) {
        for gear in &mut self.gears {
            let Some(piece) = gear.piece.as_mut().filter(|piece| piece.leaves) else { continue };
            piece.left = piece.left.saturating_sub(bytes);
            if let Some(touch) = &mut gear.touch {
                touch.bytes += bytes;
            }
        }
    }

    pub(super) fn touches(&self) -> impl Iterator<Item = &Touch> {
        self.gears.iter().filter_map(|gear| gear.touch.as_ref())
    }

    fn gear(&mut self, fault: FaultId) -> Option<&mut Gear> {
        self.gears.iter_mut().rev().find(|gear| gear.fault.parts.id == fault)
    }
}

// === impl Gear ===

impl Gear {
    fn new(program: &Program, fault: &Arc<Fault>, caller: &Caller, direction: Direction) -> Self {
        let label = fault.label.ordinal(caller.ordinal).ordinal(direction.index() as u64);
        Self {
            fault: Arc::clone(fault),
            draws: DelayDraw::new(program.seed().stream(label.part("delay"))),
            losses: program.seed().stream(label.part("loss")),
            link: Link::default(),
            delay: Duration::ZERO,
            quiet: fault.kind().routing().map(|routing| routing.way(caller.bucket, direction).quiet),
            sizes: program.seed().stream(label.part("slices")),
            piece: None,
            seed: program.seed(),
            corruptions: label.part("corrupt"),
            touch: None,
        }
    }

    /// What the current piece may still carry, or when the next one may begin.
    fn piece(&mut self, term: &SliceTerm, now: SimTime) -> Result<u64, SimTime> {
        let next = self.piece.map(|piece| piece.began.map(|began| began.plus(term.pause)));
        let left = match (self.piece, next) {
            (Some(piece), Some(None)) => piece.left,
            (Some(piece), Some(Some(next))) if next > now => {
                return if piece.left > 0 { Ok(piece.left) } else { Err(next) };
            }
            _ => {
                let smallest = term.size.saturating_sub(term.variation).max(1);
                let largest = term.size.saturating_add(term.variation);
                smallest + self.sizes.below(largest.saturating_sub(smallest).saturating_add(1))
            }
        };
        self.piece = Some(Piece { left, began: None, leaves: false });
        Ok(left)
    }

    fn touch_flip(&mut self, now: SimTime, flip: Flip) {
        let touch = self.touch.get_or_insert_with(|| Touch::new(self.fault.parts.id, now));
        touch.flipped += 1;
        if touch.flips.len() < CORRUPT_PLACES_MAX {
            touch.flips.push(flip);
        }
    }

    fn touch(&mut self, now: SimTime, bytes: u64, delay: Duration) {
        let touch = self.touch.get_or_insert_with(|| Touch::new(self.fault.parts.id, now));
        touch.bytes += bytes;
        touch.delay_max = touch.delay_max.max(delay);
    }
}
