//! A probe, played out packet by packet: what its kernel sends when, what gets through, and who ends it.
//!
//! Every packet looks at the path at the instant at which it is sent. Draws come from streams that are named by the fault,
//! the direction and the connection, so that they depend on nothing else.

use std::sync::Arc;
use std::time::Duration;

use super::{Exchange, FORESEEN, Modelled, ProbePlan, Road, flights};
use crate::base::{DelayDraw, Direction, FaultId, FlowBucket, Label, Seed, SimTime, Stream};
use crate::event::Phase;
use crate::fault::{Answer, CutKind, Program};
use crate::tcp::{Recovery, Rto};

/// Most retransmissions of a segment (`tcp_retries2`).
pub(super) const RETRIES_MAX: u32 = 15;

/// One probe, played out.
pub(super) struct Trip<'a> {
    road: &'a mut Road,
    plan: &'a ProbePlan,
    deadline: SimTime,
    /// Which of its first packets the background loses, from the lowest bit.
    lost: u64,
    seed: Seed,
    label: Label,
    dice: Vec<Dice>,
    /// For packets beyond those that `lost` knows of.
    more: Option<Stream>,
    sent: u32,
    /// Which of its service's connections it is.
    ordinal: u64,
}

/// The draws of one fault in one direction for one probe.
struct Dice {
    fault: FaultId,
    direction: Direction,
    delays: DelayDraw,
    losses: Stream,
}

// === impl Trip ===

impl<'a> Trip<'a> {
    /// A probe on this road, of whose first packets the background loses those of `lost`; and where its draws begin: a seed, the
    /// label of the probe, and which of its service's connections it is.
    pub(super) fn new(
        road: &'a mut Road,
        plan: &'a ProbePlan,
        deadline: SimTime,
        lost: u64,
        (seed, label, ordinal): (Seed, Label, u64),
    ) -> Self {
        Self { road, plan, deadline, lost, seed, label, ordinal, dice: Vec::new(), more: None, sent: 0 }
    }

    /// Plays it out.
    pub(super) fn outcome(
        mut self,
        program: &Program,
        began: SimTime,
        answer: Duration,
        bucket: FlowBucket,
    ) -> Modelled {
        let timeout = self.plan.timeout;
        let mut outcome = Modelled {
            failed: None,
            timed_out: false,
            latency: timeout,
            connect: None,
            first_byte: None,
            bucket,
        };
        let failed = |phase: Phase, at: Option<SimTime>, outcome: Modelled| {
            let at = at.map(|at| at.since(began)).filter(|latency| *latency < timeout);
            let latency = at.unwrap_or(timeout);
            Modelled { failed: Some(phase), timed_out: at.is_none(), latency, ..outcome }
        };
        let (accepted, connected, round_trip) = match self.connect(program, began) {
            Ok(connected) => connected,
            Err(refused) => return failed(Phase::Connect, refused, outcome),
        };
        outcome.connect = Some(connected.since(began));
        let Exchange::Http { answer_bytes } = self.plan.exchange else {
            return Modelled { latency: connected.since(began), ..outcome };
        };
        let cut = self.cut(accepted, connected);
        if let Some((at, _)) = cut
            && at <= connected
        {
            return failed(Phase::FirstByte, cut.and_then(|(_, told)| told), outcome);
        }
        let mut rto = Rto::default();
        rto.observe(round_trip);
        let answered = self.answer(connected, answer, answer_bytes, rto);
        let ended = cut.map_or(SimTime::MAX, |(at, _)| at);
        for (arrives, phase) in answered.into_iter().zip([Phase::FirstByte, Phase::Body]) {
            match arrives.filter(|at| *at < ended && *at <= self.deadline) {
                None => return failed(phase, cut.and_then(|(_, told)| told), outcome),
                Some(at) if phase == Phase::FirstByte => outcome.first_byte = Some(at.since(began)),
                Some(at) => outcome.latency = at.since(began),
            }
        }
        outcome
    }

    /// When the service accepted, when the client knew, and the round trip that it measured. If it does not come about: when
    /// the client was told, or nothing if it never was.
    fn connect(
        &mut self,
        program: &Program,
        began: SimTime,
    ) -> Result<(SimTime, SimTime, Duration), Option<SimTime>> {
        let mut connected: Option<(SimTime, SimTime, Duration)> = None;
        for syn in self.plan.kernel.syns() {
            let sent = began.plus(syn);
            if sent >= self.deadline || connected.is_some_and(|(_, at, _)| at <= sent) {
                break;
            }
            let Some(arrived) = self.packet(Direction::ToServer, sent) else { continue };
            let Some(back) = self.packet(Direction::ToClient, arrived) else { continue };
            if program.refuses_connects(arrived).0 {
                return Err(Some(back));
            }
            if connected.is_none_or(|(_, at, _)| back < at) {
                connected = Some((arrived, back, back.since(sent)));
            }
        }
        let gives_up = began.plus(self.plan.kernel.gives_up());
        let told = (gives_up < self.deadline).then_some(gives_up);
        connected.filter(|(_, at, _)| *at <= self.deadline).ok_or(told)
    }

    /// When a fault ends the connection, and when the client is told, if it is.
    fn cut(&self, accepted: SimTime, connected: SimTime) -> Option<(SimTime, Option<SimTime>)> {
        if !self.road.ends {
            return None;
        }
        if self.road.draw.refusal(accepted).is_some() {
            return Some((accepted, Some(connected)));
        }
        let mut cuts = self.road.draw.cuts(accepted);
        let mut now = accepted;
        loop {
            if let Some((_, kind)) = cuts.poll(now, [0, 0]) {
                let told = match kind {
                    CutKind::Reset | CutKind::Close => Some(now.max(connected)),
                    // Only what the client sends after it is answered: its request.
                    CutKind::Abandon(Answer::Reset) if now <= connected => Some(connected),
                    CutKind::Abandon(_) => None,
                };
                return Some((now, told));
            }
            now = cuts.deadline(now).filter(|next| *next > now && *next < self.deadline)?;
        }
    }

    /// When the first byte of the answer arrives, and the last.
    fn answer(&mut self, sent: SimTime, takes: Duration, bytes: u64, rto: Rto) -> [Option<SimTime>; 2] {
        let Some([_, asked]) = self.transfer(Direction::ToServer, sent, 1, rto) else { return [None; 2] };
        let mut arrived = [None; 2];
        let mut leaves = asked.plus(takes);
        for flight in flights(bytes) {
            let Some([first, last]) = self.transfer(Direction::ToClient, leaves, flight, rto) else {
                return [arrived[0], None];
            };
            arrived = [arrived[0].or(Some(first)), Some(last)];
            // The next flight leaves when this one is acknowledged.
            let (state, _) = self.road.read(Direction::ToServer, last);
            let way: Duration = state.delays.iter().map(|term| term.delay.mean).sum();
            leaves = last.plus(way + self.plan.healthy.rtt / 2);
        }
        arrived
    }

    /// When the first and the last of these segments arrive; none, if one never does in time.
    fn transfer(&mut self, direction: Direction, at: SimTime, flight: u64, rto: Rto) -> Option<[SimTime; 2]> {
        let mut arrived: Option<[SimTime; 2]> = None;
        for segment in 0..flight {
            let recovery = Recovery { rto, flight: flight as usize, after: (flight - 1 - segment) as usize };
            let again = (0..RETRIES_MAX).map(|lost| at.plus(recovery.delay(lost)));
            let deadline = self.deadline;
            let arrives = std::iter::once(at)
                .chain(again)
                .take_while(|sent| *sent < deadline)
                .find_map(|sent| self.packet(direction, sent))?;
            let [first, last] = arrived.unwrap_or([arrives; 2]);
            arrived = Some([first, last.max(arrives)]);
        }
        arrived
    }

    /// When a packet that is sent now arrives, if it does.
    fn packet(&mut self, direction: Direction, at: SimTime) -> Option<SimTime> {
        let mut lost = self.background_loses();
        let mut delay = self.plan.healthy.rtt / 2;
        let place = direction.index();
        let line = Arc::clone(&self.road.lines[place]);
        let (state, _) = line.read(&mut self.road.cursors[place], at);
        for term in &state.losses {
            lost |= self.dice(term.fault, direction).losses.happens(term.ratio);
        }
        for term in &state.delays {
            delay += term.delay.draw(&mut self.dice(term.fault, direction).delays);
        }
        (!lost && state.dark.is_none()).then(|| at.plus(delay))
    }

    fn background_loses(&mut self) -> bool {
        let sent = self.sent;
        self.sent += 1;
        if sent < self.plan.exchange.packets().min(FORESEEN) {
            return self.lost >> sent & 1 == 1;
        }
        let stream = self.more.get_or_insert_with(|| self.seed.stream(self.label));
        stream.happens(self.plan.healthy.loss)
    }

    /// The draws of a fault, from the streams of its own; what is no fault is the WAN.
    fn dice(&mut self, fault: FaultId, direction: Direction) -> &mut Dice {
        let known = |dice: &Dice| dice.fault == fault && dice.direction == direction;
        let place = self.dice.iter().position(known).unwrap_or_else(|| {
            let declared = self.road.draw.faults().iter().find(|declared| declared.parts.id == fault);
            let label = declared.map_or(Label::new("wan"), |declared| declared.label);
            let label = label.part("modelled").ordinal(direction.index() as u64).ordinal(self.ordinal);
            self.dice.push(Dice {
                fault,
                direction,
                delays: DelayDraw::new(self.seed.stream(label.part("delay"))),
                losses: self.seed.stream(label.part("loss")),
            });
            self.dice.len() - 1
        });
        &mut self.dice[place]
    }
}
