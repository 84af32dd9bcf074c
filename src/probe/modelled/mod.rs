//! Probes in virtual time: what a monitor would see, computed packet by packet, a million probes a second.
//!
//! A modelled probe is the client's kernel ([`crate::tcp`]) on the paths that the program gives its connection: SYNs by the
//! kernel's schedule, a request that is sent again by its RTO, an answer that the service sends again by its own. Every packet
//! meets the path state of the instant at which it is sent: dark, it is lost; lossy, it may be; else it arrives after the
//! delays. Where nothing of that can happen before the probe is over, it is not played out: its latency is a sum.
//!
//! Each probe has a fresh port, an even one as Linux hands out, and with it a flow bucket. Every probe takes the same
//! number of words from its target's own stream, and a fault draws from a stream of its own: adding a fault changes no port,
//! no background loss and no draw of another.
//!
//! Against a live run: the proxy accepts what a dark path would not, so the connect phase alone is not comparable, and a `tcp`
//! probe through a dark path fails here and succeeds there. Faults whose effect depends on other clients or on the bytes of
//! an answer are refused by name ([`unmodelled`]). Left out: SYN-ACKs that the service sends again (a connect is a
//! little slower here under loss), windows, and ACKs that are lost.

mod trip;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use self::trip::{RETRIES_MAX, Trip};
use crate::base::{
    Cursor, Delay, Direction, FlowBucket, Label, PathState, Ratio, Seed, Shape, SimTime, Stream, Timeline,
};
use crate::event::Phase;
use crate::fault::{Caller, CutAfter, Draw, Fault, FaultKind, Program, SEGMENT_BYTES};
use crate::tcp::{Kernel, Recovery, Rto};

/// What a modelled probe does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Opens a TCP connection.
    Tcp,
    /// Sends a request of one segment, and waits for an answer of so many bytes.
    Http {
        /// The answer's length.
        answer_bytes: u64,
    },
}

/// What a path and a service are like when nothing is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Healthy {
    /// The round trip beside what the program's paths add.
    pub rtt: Duration,
    /// How long the service takes for an answer.
    pub answer: Delay,
    /// The share of packets that is lost, in each direction.
    pub loss: Ratio,
    /// The share of probes that fail for reasons that are not the network's.
    pub failures: Ratio,
}

/// A monitor's probe, before it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbePlan {
    /// What it does.
    pub exchange: Exchange,
    /// Whose kernel sends it.
    pub kernel: Kernel,
    /// How long it may take.
    pub timeout: Duration,
    /// What is usual.
    pub healthy: Healthy,
}

/// How a modelled probe came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modelled {
    /// The phase in which it failed, if it did.
    pub failed: Option<Phase>,
    /// Whether it failed because its time was up.
    pub timed_out: bool,
    /// How long it took until success or failure.
    pub latency: Duration,
    /// How long the connect took, if it came about.
    pub connect: Option<Duration>,
    /// From the start to the first byte of the answer.
    pub first_byte: Option<Duration>,
    /// The flow bucket of its connection.
    pub bucket: FlowBucket,
}

/// The probes of one target, in the order of time.
#[derive(Debug)]
pub struct ModelledProbes {
    program: Arc<Program>,
    plan: ProbePlan,
    seed: Seed,
    label: Label,
    /// Three words a probe: its port, its luck, the time of its answer.
    words: Stream,
    background: Background,
    /// The roads of the buckets, where nothing but the bucket decides on them.
    roads: Option<Vec<Option<Box<Road>>>>,
    refuses: bool,
    /// Where its connections begin among those of their service: far from those of other targets.
    first_ordinal: u64,
    sent: u64,
}

/// The way of one connection: what its program's faults make of both directions.
#[derive(Debug)]
struct Road {
    lines: [Arc<Timeline<PathState>>; 2],
    cursors: [Cursor; 2],
    draw: Draw,
    /// Whether a fault among them refuses or ends connections.
    ends: bool,
}

/// Which packets are lost on a healthy path: so many go through before the next one is.
#[derive(Debug)]
struct Background {
    stream: Stream,
    loss: Ratio,
    until_loss: u64,
}

/// The ports that Linux gives to `connect`: the even ones of `ip_local_port_range`.
const PORT_FIRST: u16 = 32_768;
const PORTS: u64 = 14_116;
/// Segments of the first flight of an answer (RFC 6928).
const INITIAL_WINDOW: u64 = 10;
/// Segments of the largest flight: what a receive window of 256 KiB lets pass.
const WINDOW_MAX: u64 = 180;
/// Packets of a probe whose background loss is known before it is sent.
const FORESEEN: u32 = 64;

/// The faults of a program that virtual time does not know, and why not.
pub fn unmodelled(program: &Program) -> Vec<(&Arc<Fault>, &'static str)> {
    let why = |fault: &Fault| match &fault.parts.kind {
        FaultKind::Latency(_)
        | FaultKind::LatencySpikes(_)
        | FaultKind::Loss(_)
        | FaultKind::Blackhole(_)
        | FaultKind::Refuse(_)
        | FaultKind::SlowClose(_)
        | FaultKind::Wan(_) => None,
        FaultKind::Reset(_) | FaultKind::Close(_) | FaultKind::HalfOpen(_) => {
            let by_bytes = |cut: &crate::fault::Cut| matches!(cut.after, CutAfter::Bytes(_));
            fault
                .kind()
                .cut()
                .filter(by_bytes)
                .map(|_| "it counts bytes, and the real answer's are not known in virtual time")
        }
        FaultKind::Bandwidth(_) | FaultKind::Slicer(_) => {
            Some("it takes as long as there are bytes, and the real answer's are not known in virtual time")
        }
        FaultKind::ConnectionLimit(_) => Some("it depends on the service's other clients"),
        FaultKind::Corrupt(_) => Some("what a flipped bit does is up to the client"),
    };
    program.faults().iter().filter_map(|fault| why(fault).map(|why| (fault, why))).collect()
}

// === impl Healthy ===

impl Default for Healthy {
    /// A round trip of 1 ms beside the path's own, an answer after 20 ms (an exponential tail with a deviation of 10 ms), 0.01 % of
    /// packets lost (a healthy path between regions loses no more; Pingmesh saw 0.001 to 0.01 % within data centres: Guo et
    /// al., SIGCOMM 2015), and one probe in 10,000 that fails for reasons of its own, which is an assumption.
    fn default() -> Self {
        let one_in_ten_thousand = Ratio::new(1, 10_000).unwrap_or(Ratio::ZERO);
        Self {
            rtt: Duration::from_millis(1),
            answer: Delay {
                mean: Duration::from_millis(20),
                jitter: Duration::from_millis(10),
                law: crate::base::Law::Shape(Shape::Exponential),
                correlation: Ratio::ZERO,
            },
            loss: one_in_ten_thousand,
            failures: one_in_ten_thousand,
        }
    }
}

// === impl Exchange ===

impl Exchange {
    /// Packets of a probe in which nothing is lost.
    fn packets(self) -> u32 {
        match self {
            Self::Tcp => 2,
            Self::Http { answer_bytes } => 3 + u32::try_from(segments(answer_bytes)).unwrap_or(u32::MAX),
        }
    }
}

// === impl ProbePlan ===

impl ProbePlan {
    /// The probability that a probe fails on a path that loses these shares of packets to the server and back: no SYN is
    /// answered in time, or the request or its answer is not there in time, as if each had all the time for itself.
    pub fn failure_chance(&self, losses: [f64; 2]) -> f64 {
        let [forth, back] = losses.map(|loss| loss.max(self.healthy.loss.as_f64()));
        let unanswered = 1.0 - (1.0 - forth) * (1.0 - back);
        let syns = self.kernel.syns().take_while(|at| *at < self.timeout).count();
        let connected = 1.0 - unanswered.powi(i32::try_from(syns).unwrap_or(i32::MAX));
        let delivered = match self.exchange {
            Exchange::Tcp => 1.0,
            Exchange::Http { .. } => {
                let recovery = Recovery { rto: Rto::steady(self.healthy.rtt), flight: 1, after: 0 };
                let again = (0..RETRIES_MAX).take_while(|n| recovery.delay(*n) < self.timeout).count();
                let tries = i32::try_from(again + 1).unwrap_or(i32::MAX);
                (1.0 - forth.powi(tries)) * (1.0 - back.powi(tries))
            }
        };
        1.0 - connected * delivered * (1.0 - self.healthy.failures.as_f64())
    }
}

// === impl ModelledProbes ===

impl ModelledProbes {
    /// The probes of a target on this program. `label` names the target: its draws follow from it and from `seed`.
    pub fn new(program: Arc<Program>, plan: ProbePlan, seed: Seed, label: Label) -> Self {
        let everybody =
            |fault: &Arc<Fault>| fault.parts.probability == Ratio::ONE && fault.parts.peers.is_empty();
        let by_bucket = program.faults().iter().all(everybody);
        let refuses = program.faults().iter().any(|fault| fault.refuses_connects());
        Self {
            words: seed.stream(label.part("words")),
            background: Background::new(seed.stream(label.part("loss")), plan.healthy.loss),
            roads: by_bucket.then(|| (0..=u8::MAX).map(|_| None).collect()),
            refuses,
            first_ordinal: seed.stream(label.part("ordinal")).bits(),
            sent: 0,
            program,
            plan,
            seed,
            label,
        }
    }

    /// Sends the next probe; none may begin before the one before it.
    pub fn next(&mut self, began: SimTime) -> Modelled {
        let ordinal = self.first_ordinal.wrapping_add(self.sent);
        self.sent += 1;
        let port = PORT_FIRST + 2 * self.words.below(PORTS) as u16;
        let fails = self.words.happens(self.plan.healthy.failures);
        let answer = self.plan.healthy.answer.quantile(self.words.unit());
        let lost = self.background.next(self.plan.exchange.packets());
        let client = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bucket = FlowBucket::of(client);
        let caller = Caller { ordinal, client, bucket };

        let mut own;
        let road = match &mut self.roads {
            None => {
                own = Road::new(&self.program, &caller);
                &mut own
            }
            Some(roads) => &mut **roads[usize::from(bucket.0)]
                .get_or_insert_with(|| Box::new(Road::new(&self.program, &caller))),
        };
        let foreseen = self.plan.exchange.packets() <= FORESEEN || self.plan.healthy.loss.is_zero();
        let sum = (lost == 0 && foreseen && !road.ends && !self.refuses)
            .then(|| self.plan.calm(road, began, answer, bucket))
            .flatten();
        let outcome = sum.unwrap_or_else(|| {
            let deadline = began.plus(self.plan.timeout);
            let label = self.label.part("probe").ordinal(ordinal);
            let trip = Trip::new(road, &self.plan, deadline, lost, (self.seed, label, ordinal));
            trip.outcome(&self.program, began, answer, bucket)
        });
        if fails && outcome.failed.is_none() {
            let failed = match self.plan.exchange {
                Exchange::Tcp => Phase::Connect,
                Exchange::Http { .. } => Phase::Content,
            };
            return Modelled { failed: Some(failed), ..outcome };
        }
        outcome
    }
}

// === impl Road ===

impl Road {
    fn new(program: &Program, caller: &Caller) -> Self {
        let draw = program.draw(caller);
        let ends = draw.faults().iter().any(|fault| fault.kind().cut().is_some() || fault.kind().refuses());
        let lines = Direction::ALL.map(|direction| program.path(&draw, caller.bucket, direction));
        Self { lines, cursors: [Cursor::default(); 2], draw, ends }
    }

    fn read(&mut self, direction: Direction, at: SimTime) -> (&PathState, Option<SimTime>) {
        let place = direction.index();
        self.lines[place].read(&mut self.cursors[place], at)
    }
}

// === impl ProbePlan ===

impl ProbePlan {
    /// The outcome on a road on which nothing happens until the probe is over: none, if something may.
    fn calm(
        &self,
        road: &mut Road,
        began: SimTime,
        answer: Duration,
        bucket: FlowBucket,
    ) -> Option<Modelled> {
        let mut round_trip = self.healthy.rtt;
        let mut until = SimTime::MAX;
        for direction in Direction::ALL {
            let (state, next) = road.read(direction, began);
            round_trip += calm_delay(state)?;
            until = until.min(next.unwrap_or(SimTime::MAX));
        }
        let (first_byte, latency) = match self.exchange {
            Exchange::Tcp => (None, round_trip),
            Exchange::Http { answer_bytes } => {
                let first_byte = round_trip * 2 + answer;
                (Some(first_byte), first_byte + round_trip * (flights(answer_bytes).count() as u32 - 1))
            }
        };
        let fine = latency <= self.timeout && began.plus(latency) <= until;
        fine.then_some(Modelled {
            failed: None,
            timed_out: false,
            latency,
            connect: Some(round_trip),
            first_byte,
            bucket,
        })
    }
}

/// The delay of a path that delivers every packet after the same time.
fn calm_delay(state: &PathState) -> Option<Duration> {
    let calm = state.dark.is_none()
        && state.losses.is_empty()
        && state.delays.iter().all(|term| term.delay.is_constant());
    calm.then(|| state.delays.iter().map(|term| term.delay.mean).sum())
}

/// Segments of so many bytes; an empty answer has a header.
fn segments(bytes: u64) -> u64 {
    1 + bytes / SEGMENT_BYTES as u64
}

/// The flights in which an answer comes: a window that doubles with each round trip.
fn flights(bytes: u64) -> impl Iterator<Item = u64> {
    let (mut left, mut window) = (segments(bytes), INITIAL_WINDOW);
    std::iter::from_fn(move || {
        let flight = left.min(window);
        left -= flight;
        window = (window * 2).min(WINDOW_MAX);
        (flight > 0).then_some(flight)
    })
}

// === impl Background ===

impl Background {
    fn new(stream: Stream, loss: Ratio) -> Self {
        let mut background = Self { stream, loss, until_loss: 0 };
        background.until_loss = background.gap();
        background
    }

    /// Packets before the next one that is lost: geometrically distributed.
    fn gap(&mut self) -> u64 {
        let loss = self.loss.as_f64();
        if loss <= 0.0 {
            return u64::MAX;
        }
        // A saturating cast: ln(0) is not drawn, and a loss of 100 % has gaps of 0.
        (self.stream.unit().ln() / (1.0 - loss).ln()) as u64
    }

    /// Which of the next packets are lost, from the lowest bit.
    fn next(&mut self, packets: u32) -> u64 {
        let packets = u64::from(packets.min(FORESEEN));
        let (mut lost, mut from) = (0, 0);
        while self.until_loss < packets - from {
            from += self.until_loss;
            lost |= 1 << from;
            from += 1;
            self.until_loss = self.gap();
        }
        self.until_loss = self.until_loss.saturating_sub(packets - from);
        lost
    }
}

#[cfg(test)]
mod tests;
