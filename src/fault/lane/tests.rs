//! The lane's laws, without sockets and without sleeps. `Drive` feeds a lane, jumps from deadline to deadline and notes
//! when each byte left.

use proptest::prelude::*;

use super::*;
use crate::base::{ByteRate, ByteSize, Ratio, Shape, Span};
use crate::fault::testing::{self, secs};
use crate::fault::{Bandwidth, Blackhole, Fault, Latency, Loss, Slicer, SlowClose, Spread, burst_bytes};

pub(super) fn caller() -> Caller {
    Caller::new(0, "127.0.0.1:40000".parse().unwrap())
}

/// A lane, its clock, and what left it when.
pub(super) struct Drive {
    pub(super) lane: Lane,
    direction: Direction,
    pub(super) program: Program,
    pub(super) now: SimTime,
    pub(super) left: Vec<(SimTime, u8)>,
    pub(super) end: Option<(SimTime, LaneEnd)>,
}

impl Drive {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self::towards(Direction::ToClient, faults)
    }

    pub(super) fn towards(direction: Direction, faults: Vec<Fault>) -> Self {
        let program = Program::new(testing::SEED, faults.into_iter().map(Arc::new).collect());
        let lane = Lane::new(&program, &program.draw(&caller()), &caller(), direction);
        Self { lane, direction, program, now: SimTime::ZERO, left: Vec::new(), end: None }
    }

    pub(super) fn edit(&mut self, faults: Vec<Arc<Fault>>) {
        self.program = self.program.edited(faults);
        self.lane.on_edit(&self.program, &self.program.draw(&caller()), &caller(), self.direction);
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.lane.on_bytes(self.now, Bytes::copy_from_slice(bytes));
        self.settle();
    }

    /// Does what the lane says until it waits; returns until when.
    pub(super) fn settle(&mut self) -> Option<SimTime> {
        for _ in 0..100_000 {
            match self.lane.poll(self.now) {
                Action::Wait(until) => return until,
                Action::End(end) => self.end = Some((self.now, end)),
                Action::Write(bytes) => {
                    assert!(bytes > 0, "a write of nothing");
                    let mut slices = [IoSlice::new(&[]); 8];
                    let used = self.lane.slices(bytes, &mut slices);
                    let written: Vec<u8> = slices[..used].iter().flat_map(|s| s.iter().copied()).collect();
                    self.left.extend(written.iter().map(|byte| (self.now, *byte)));
                    self.lane.wrote(written.len());
                }
            }
        }
        panic!("the lane never waits");
    }

    /// Jumps from deadline to deadline up to `until`.
    pub(super) fn run_to(&mut self, until: SimTime) {
        while let Some(deadline) = self.settle().filter(|deadline| *deadline <= until) {
            assert!(deadline > self.now, "a deadline that has passed");
            self.now = deadline;
        }
        self.now = until;
        self.settle();
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.left.iter().map(|(_, byte)| *byte).collect()
    }
}

pub(super) fn latency(mean: u64, jitter: u64, shape: Shape) -> Latency {
    let span = |ms| Some(Span(Duration::from_millis(ms)));
    Spread { mean: span(mean), jitter: span(jitter), distribution: Some(shape), samples: None }.into()
}

pub(super) fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

/// 20 messages 10 ms apart under 100 ms each take 100 ms; a lane that delays one after the other would need 2 s.
#[test]
fn latency_is_not_a_rate_limit() {
    let mut drive = Drive::new(vec![testing::fault("slow", latency(100, 0, Shape::Uniform), 0, 100)]);
    for n in 0..20 {
        drive.run_to(at(u64::from(n) * 10));
        drive.feed(&[n]);
    }
    drive.run_to(secs(10));
    let expected: Vec<_> = (0..20).map(|n| (at(u64::from(n) * 10 + 100), n)).collect();
    assert_eq!(drive.left, expected);
}

#[test]
fn chunks_that_arrive_together_leave_together() {
    let mut drive = Drive::new(vec![testing::fault("slow", latency(100, 0, Shape::Uniform), 0, 100)]);
    for n in 0..64 {
        drive.feed(&[n]);
    }
    drive.run_to(secs(1));
    assert_eq!(drive.left.len(), 64);
    assert!(drive.left.iter().all(|(t, _)| *t == at(100)));
}

#[test]
fn a_blackhole_holds_everything_until_it_ends() {
    let hole: Blackhole = "100%".parse().unwrap();
    let mut drive = Drive::new(vec![testing::fault("hole", hole, 1, 5)]);
    drive.feed(b"a");
    drive.run_to(secs(2));
    drive.feed(b"b");
    drive.lane.on_end(drive.now, LaneEnd::Eof);
    drive.run_to(secs(9));
    assert_eq!(drive.left, [(secs(0), b'a'), (secs(5), b'b')]);
    assert_eq!(drive.end, Some((secs(5), LaneEnd::Eof)));
    let touch = drive.lane.touches().next().unwrap();
    assert_eq!((touch.first, touch.bytes), (secs(2), 1));
}

/// What a lane takes in is bounded by name in each state.
#[test]
fn what_is_held_is_bounded() {
    let hole: Blackhole = "100%".parse().unwrap();
    let mut dark = Drive::new(vec![testing::fault("hole", hole, 0, 50)]);
    assert_eq!(dark.lane.room(secs(1)), DARK_HELD_BYTES_MAX);
    let bandwidth: Bandwidth = "1MB/s".parse().unwrap();
    let mut paced = Drive::new(vec![testing::fault("paced", bandwidth, 0, 50)]);
    assert_eq!(paced.lane.room(secs(1)), 200_000);
    let mut clear = Drive::new(vec![]);
    assert_eq!(clear.lane.room(secs(1)), LANE_HELD_BYTES_MAX);
    // A byte a chunk costs its overhead as well.
    while dark.lane.room(secs(1)) > 0 {
        dark.lane.on_bytes(secs(1), Bytes::from_static(b"x"));
    }
    assert!(dark.lane.held_bytes() < DARK_HELD_BYTES_MAX / 90);
}

/// The other direction goes on after an end; this one is inert.
#[test]
fn after_its_end_a_lane_is_inert() {
    let mut drive = Drive::new(vec![]);
    drive.feed(b"x");
    drive.lane.on_end(drive.now, LaneEnd::Reset);
    drive.settle();
    drive.feed(b"y");
    drive.lane.on_end(drive.now, LaneEnd::Eof);
    drive.run_to(secs(5));
    assert_eq!((drive.bytes(), drive.end), (vec![b'x'], Some((secs(0), LaneEnd::Reset))));
    assert_eq!(drive.lane.room(secs(5)), 0);
}

/// Each message of a conversation draws its own delay, however small it is.
#[test]
fn every_flight_draws_its_own_jitter() {
    let mut drive = Drive::new(vec![testing::fault("slow", latency(50, 40, Shape::Uniform), 0, 100)]);
    for n in 0..30 {
        drive.run_to(at(u64::from(n) * 1_000));
        drive.feed(&[n]);
    }
    drive.run_to(secs(60));
    let mut delays: Vec<u64> = drive
        .left
        .iter()
        .enumerate()
        .map(|(n, (t, _))| t.since(at(n as u64 * 1_000)).as_nanos() as u64)
        .collect();
    assert!(delays.iter().all(|d| (10_000_000..=90_000_000).contains(d)));
    delays.sort_unstable();
    delays.dedup();
    assert_eq!(delays.len(), 30);
}

/// A removed blackhole lets go what it held; a removed latency leaves what it has timed.
#[test]
fn edits_lose_nothing() {
    let hole: Blackhole = "100%".parse().unwrap();
    let mut drive = Drive::new(vec![testing::fault("hole", hole, 0, 50)]);
    drive.feed(b"held");
    drive.run_to(secs(1));
    let slow = Arc::new(testing::fault("slow", latency(100, 0, Shape::Uniform), 0, 100));
    drive.edit(vec![slow]);
    drive.feed(b" timed");
    drive.edit(vec![]);
    drive.feed(b" after");
    drive.run_to(secs(2));
    assert_eq!(String::from_utf8(drive.bytes()).unwrap(), "held timed after");
    assert_eq!(drive.left[3].0, secs(1));
    assert_eq!(drive.left[4].0, at(1_100));
    assert_eq!(drive.left.last().unwrap().0, at(1_100));
}

/// Any mixture of faults, for the properties below.
pub(super) fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let latency = (1u64..200, 0u64..300, 0usize..4).prop_map(|(mean, jitter, shape)| {
        let shape = [Shape::Uniform, Shape::Normal, Shape::Pareto, Shape::Exponential][shape];
        latency(mean, jitter, shape).into()
    });
    let bandwidth = (1_000u64..5_000_000).prop_map(|rate| {
        Bandwidth::new(ByteRate::new(rate).unwrap(), crate::base::RateScope::Connection).into()
    });
    let blackhole = (1u64..=100).prop_map(|n| Blackhole { share: Ratio::new(n, 100).unwrap() }.into());
    let loss = (1u64..=20).prop_map(|n| format!("{n}%").parse::<Loss>().unwrap().into());
    let slow_close = (1u64..=900).prop_map(|n| format!("{n}ms").parse::<SlowClose>().unwrap().into());
    let slicer = (1u64..3_000, 0u64..20).prop_map(|(size, delay)| {
        let delay = crate::base::Span(Duration::from_millis(delay));
        Slicer { size: ByteSize(size), variation: ByteSize(size / 3), delay }.into()
    });
    let kind = prop_oneof![latency, bandwidth, blackhole, loss, slow_close, slicer];
    prop::collection::vec((kind, 0u64..5, 1u64..5), 0..4).prop_map(|kinds| {
        let named = kinds.into_iter().enumerate();
        let fault = |(n, (kind, from, length)): (usize, (crate::fault::FaultKind, u64, u64))| {
            testing::fault(&format!("fault-{n}"), kind, from, from + length)
        };
        named.map(fault).collect()
    })
}

proptest! {
    /// Laws 1, 2, 6, 7: whatever the faults, the arrivals and the edits, all bytes leave, once, in order, in the end.
    #[test]
    fn nothing_is_lost_and_order_is_kept(
        before in faults(),
        after in faults(),
        arrivals in prop::collection::vec((0u64..400, 1usize..3_000), 1..20),
        edit_at in 0usize..20,
    ) {
        let mut drive = Drive::new(before);
        let mut sent = Vec::new();
        for (n, (pause, length)) in arrivals.iter().enumerate() {
            if n == edit_at {
                drive.edit(drive.program.faults().iter().map(Arc::clone).take(1).collect());
            } else if n == edit_at + 3 {
                drive.edit(after.iter().map(|f| Arc::new(Fault::new(f.parts.clone(), testing::SEED))).collect());
            }
            drive.run_to(drive.now.plus(Duration::from_millis(*pause)));
            let chunk: Vec<u8> = (0..*length).map(|i| (i + n) as u8).collect();
            drive.feed(&chunk);
            sent.extend(chunk);
            prop_assert_eq!(drive.left.len() + drive.lane.held_bytes(), sent.len());
            prop_assert_eq!(drive.lane.delivered() as usize, drive.left.len());
        }
        drive.lane.on_end(drive.now, LaneEnd::Eof);
        drive.run_to(drive.now.plus(Duration::from_secs(3_600)));
        prop_assert_eq!(drive.bytes(), sent);
        prop_assert!(drive.end.is_some() && drive.lane.held_bytes() == 0);
        prop_assert!(drive.left.is_sorted_by_key(|(t, _)| *t));
    }

    /// Law 5: the same bytes at the same instants, cut into different reads, leave at the same instants.
    #[test]
    fn how_reads_are_cut_changes_nothing(
        jitter in 0u64..100,
        arrivals in prop::collection::vec((0u64..30, 1usize..60_000), 1..6),
        cuts in prop::collection::vec(1usize..20_000, 1..8),
    ) {
        let slow = || vec![testing::fault("slow", latency(50, jitter, Shape::Normal), 0, 1_000)];
        let (mut whole, mut cut) = (Drive::new(slow()), Drive::new(slow()));
        let mut sizes = cuts.iter().cycle();
        for (pause, length) in arrivals {
            let bytes: Vec<u8> = (0..length).map(|i| i as u8).collect();
            for drive in [&mut whole, &mut cut] {
                drive.run_to(drive.now.plus(Duration::from_millis(pause)));
            }
            whole.feed(&bytes);
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
                cut.feed(piece);
                rest = tail;
            }
        }
        whole.run_to(secs(100));
        cut.run_to(secs(100));
        prop_assert!(whole.left == cut.left);
    }

    /// Law 4: over any window what leaves is at most rate × window + burst; and the rate is used.
    #[test]
    fn a_rate_holds_over_any_window(rate in 2_000u64..2_000_000, lengths in prop::collection::vec(1usize..30_000, 1..8)) {
        let rate = ByteRate::new(rate).unwrap();
        let kind = Bandwidth::new(rate, crate::base::RateScope::Connection);
        let mut drive = Drive::new(vec![testing::fault("paced", kind, 0, 100_000)]);
        drive.run_to(secs(1));
        let total: usize = lengths.iter().sum();
        for length in &lengths {
            drive.feed(&vec![0; *length]);
        }
        drive.run_to(secs(3_600));
        prop_assert_eq!(drive.left.len(), total);
        let mut instants: Vec<(SimTime, u64)> = Vec::new();
        for (t, _) in &drive.left {
            match instants.last_mut() {
                Some((last, bytes)) if last == t => *bytes += 1,
                _ => instants.push((*t, 1)),
            }
        }
        for (i, (from, _)) in instants.iter().enumerate() {
            let mut sum = 0;
            for (until, bytes) in &instants[i..] {
                sum += bytes;
                let slack = Duration::from_micros(1);
                prop_assert!(sum <= rate.bytes_in(until.since(*from) + slack) + burst_bytes(rate) + 1);
            }
        }
        let last = instants.last().unwrap().0;
        let expected = rate.time_for((total as u64).saturating_sub(burst_bytes(rate)));
        prop_assert!(last.since(secs(1)) <= expected + Duration::from_millis(1));
    }
}

/// Two lanes of one service share a link: together they get what one would, in turns.
#[test]
fn a_shared_link_is_shared() {
    let kind = Bandwidth::new(ByteRate::new(100_000).unwrap(), crate::base::RateScope::Service);
    let program = Program::new(testing::SEED, vec![Arc::new(testing::fault("link", kind, 0, 1_000))]);
    let mut lanes: Vec<Lane> = (0..2)
        .map(|n| {
            let caller = Caller::new(n, "127.0.0.1:40000".parse().unwrap());
            Lane::new(&program, &program.draw(&caller), &caller, Direction::ToClient)
        })
        .collect();
    let mut now = secs(1);
    for lane in &mut lanes {
        lane.on_bytes(now, Bytes::from(vec![0; 100_000]));
    }
    let mut finished = [SimTime::ZERO; 2];
    while lanes.iter().any(|lane| lane.held_bytes() > 0) {
        let mut next = SimTime::MAX;
        for (lane, finished) in lanes.iter_mut().zip(&mut finished) {
            loop {
                match lane.poll(now) {
                    Action::Write(bytes) => lane.wrote(bytes),
                    Action::Wait(Some(until)) => break next = next.min(until),
                    _ => break,
                }
                *finished = now;
            }
        }
        now = next.min(secs(100));
    }
    // 200 kB at 100 kB/s take 2 s less the burst; both end within a turn of each other.
    for finished in finished {
        let took = finished.since(secs(1)).as_secs_f64();
        assert!((1.9..=2.0).contains(&took), "{took}");
    }
}

/// A lone request that is lost comes a retransmission timeout later: a round trip and 200 ms, then twice that. Nothing is
/// ever missing, and about the asked share is late.
#[test]
fn loss_costs_time_and_no_bytes() {
    let loss: Loss = "20%".parse().unwrap();
    let slow = latency(50, 0, Shape::Uniform);
    let mut drive =
        Drive::new(vec![testing::fault("lossy", loss, 0, 100_000), testing::fault("slow", slow, 0, 100_000)]);
    for n in 0..1_000u64 {
        drive.run_to(secs(n * 20));
        drive.feed(&[n as u8]);
    }
    drive.run_to(secs(50_000));
    assert_eq!(drive.bytes(), (0..1_000u64).map(|n| n as u8).collect::<Vec<_>>());
    let late = |n: usize| drive.left[n].0.since(secs(n as u64 * 20)).as_millis() as u64;
    let stalls: Vec<u64> = (0..1_000).map(|n| late(n) - 50).filter(|stall| *stall > 0).collect();
    assert!((150..250).contains(&stalls.len()), "{}", stalls.len());
    // The round trip is 50 ms here (the way back has no delay): 250, then 250 + 250, then + 500.
    assert!(stalls.iter().all(|stall| [250, 500, 1_000, 2_000, 4_000].contains(stall)), "{stalls:?}");
    assert!(stalls.contains(&250) && stalls.contains(&500));
}

/// Within a burst a lost segment is missed at once by those behind it: 1.25 round trips; the tail waits for a probe.
#[test]
fn a_burst_recovers_faster_than_its_tail() {
    let all: Loss = "50%".parse().unwrap();
    let slow = latency(80, 0, Shape::Uniform);
    let mut drive =
        Drive::new(vec![testing::fault("lossy", all, 0, 100), testing::fault("slow", slow, 0, 100)]);
    drive.feed(&vec![7; 20 * SEGMENT_BYTES]);
    drive.run_to(secs(60));
    assert_eq!(drive.left.len(), 20 * SEGMENT_BYTES);
    let first = drive.left[0].0;
    assert!([at(80), at(180), at(460)].contains(&first) || first > at(460), "{first}");
    assert!(drive.left.is_sorted_by_key(|(t, _)| *t));
}
