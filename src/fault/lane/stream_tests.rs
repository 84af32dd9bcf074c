//! The laws of what a lane does to a stream: orderly ends that come late, pieces, flipped bits.

use proptest::prelude::*;

use super::tests::{Drive, at, faults};
use super::*;
use crate::base::limits::CORRUPT_PLACES_MAX;
use crate::base::{ByteSize, Flip, Span};
use crate::fault::testing::{self, secs};
use crate::fault::{Bandwidth, Corrupt, Fault, Latency, Slicer, SlowClose};

fn slow_close(delay: &str, from: u64, until: u64) -> Fault {
    testing::fault("late", delay.parse::<SlowClose>().unwrap(), from, until)
}

/// Data keeps its time, the FIN comes later; an RST is not held, not even one that overtakes a held FIN.
#[test]
fn a_slow_close_holds_an_orderly_end_only() {
    let ended = |ends: &[(u64, LaneEnd)]| {
        let mut drive = Drive::new(vec![slow_close("500ms", 0, 100)]);
        drive.run_to(at(10));
        drive.feed(b"all");
        for (t, end) in ends {
            drive.run_to(at(*t));
            drive.lane.on_end(drive.now, *end);
        }
        drive.run_to(secs(50));
        assert_eq!(drive.left, [(at(10), b'a'), (at(10), b'l'), (at(10), b'l')]);
        let touch = drive.lane.touches().next().map(|touch| (touch.first, touch.delay_max));
        (drive.end.unwrap(), touch)
    };
    let held = Some((at(20), Duration::from_millis(500)));
    assert_eq!(ended(&[(20, LaneEnd::Eof)]), ((at(520), LaneEnd::Eof), held));
    assert_eq!(ended(&[(20, LaneEnd::Reset)]), ((at(20), LaneEnd::Reset), None));
    assert_eq!(ended(&[(20, LaneEnd::Eof), (100, LaneEnd::Reset)]), ((at(100), LaneEnd::Reset), held));
}

/// It holds no longer than it is in force, by its schedule or by an edit.
#[test]
fn a_slow_close_ends_with_its_fault() {
    let mut scheduled = Drive::new(vec![slow_close("1h", 0, 3)]);
    scheduled.lane.on_end(scheduled.now, LaneEnd::Eof);
    scheduled.run_to(secs(10));
    assert_eq!(scheduled.end, Some((secs(3), LaneEnd::Eof)));
    let mut edited = Drive::new(vec![slow_close("1h", 0, 100)]);
    edited.lane.on_end(edited.now, LaneEnd::Eof);
    edited.run_to(secs(10));
    assert_eq!(edited.end, None);
    edited.edit(vec![]);
    edited.run_to(secs(11));
    assert_eq!(edited.end.map(|(_, end)| end), Some(LaneEnd::Eof));
}

/// The delay counts from when the FIN would have gone, behind whatever was in front of it.
#[test]
fn a_slow_close_counts_from_the_last_byte() {
    let paced = "100kB/s".parse::<Bandwidth>().unwrap();
    let mut drive = Drive::new(vec![slow_close("500ms", 0, 100), testing::fault("paced", paced, 0, 100)]);
    drive.run_to(secs(1));
    drive.feed(&vec![7; 101_514]);
    drive.lane.on_end(drive.now, LaneEnd::Eof);
    drive.run_to(secs(50));
    let last = drive.left.last().unwrap().0;
    assert!(last >= at(1_900), "{last}");
    assert_eq!(drive.end, Some((last.plus(Duration::from_millis(500)), LaneEnd::Eof)));
}

fn slicer(size: u64, variation: u64, delay: u64) -> Fault {
    let (size, variation) = (ByteSize(size), ByteSize(variation));
    let slicer = Slicer { size, variation, delay: Span(Duration::from_millis(delay)) };
    testing::fault("drip", slicer, 0, 100_000)
}

/// What left together: when, and how many bytes.
fn pieces(drive: &Drive) -> Vec<(SimTime, u64)> {
    let mut pieces: Vec<(SimTime, u64)> = Vec::new();
    for (t, _) in &drive.left {
        match pieces.last_mut() {
            Some((last, bytes)) if last == t => *bytes += 1,
            _ => pieces.push((*t, 1)),
        }
    }
    pieces
}

#[test]
fn an_answer_drips() {
    let mut drive = Drive::new(vec![slicer(64, 0, 10)]);
    drive.feed(&[7; 200]);
    drive.run_to(secs(1));
    assert_eq!(pieces(&drive), [(at(0), 64), (at(10), 64), (at(20), 64), (at(30), 8)]);
    // A message that comes after the pause leaves at once, and a small one whole.
    drive.feed(&[7; 10]);
    drive.run_to(secs(2));
    assert_eq!(pieces(&drive)[4..], [(secs(1), 10)]);
    let touch = drive.lane.touches().next().unwrap();
    assert_eq!((touch.bytes, touch.delay_max), (210, Duration::from_millis(10)));
}

/// A receiver that takes a byte at a time, and late, gets no two pieces at once.
#[test]
fn pieces_keep_their_distance_from_a_slow_receiver() {
    let mut drive = Drive::new(vec![slicer(4, 0, 10)]);
    drive.lane.on_bytes(at(0), Bytes::from_static(&[7; 12]));
    let mut took = Vec::new();
    for millis in 0..60 {
        if let Action::Write(_) = drive.lane.poll(at(millis)) {
            drive.lane.wrote(1);
            took.push(millis);
        }
    }
    assert_eq!(took, [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]);
}

/// What waits for its piece waits no longer than the fault is in force.
#[test]
fn a_slicer_lets_go_with_its_end() {
    let slicer =
        Slicer { size: ByteSize(1), variation: ByteSize(0), delay: Span(Duration::from_secs(3_600)) };
    let mut drive = Drive::new(vec![testing::fault("drip", slicer, 0, 5)]);
    drive.feed(b"abc");
    drive.run_to(secs(50));
    assert_eq!(pieces(&drive), [(secs(0), 1), (secs(5), 2)]);
}

proptest! {
    /// Pieces are no larger than asked for, begin their pause apart, and carry everything, however reads were cut.
    #[test]
    fn pieces_have_their_size_and_their_pause(
        size in 1u64..500,
        variation in 0u64..500,
        pause in 1u64..50,
        arrivals in prop::collection::vec((0u64..40, 1usize..3_000), 1..8),
        cut in 1usize..700,
    ) {
        let variation = variation % size;
        let fault = || vec![slicer(size, variation, pause)];
        let (mut whole, mut cuts) = (Drive::new(fault()), Drive::new(fault()));
        let mut sent = Vec::new();
        for (gap, length) in arrivals {
            let bytes: Vec<u8> = (0..length).map(|i| (i + sent.len()) as u8).collect();
            for drive in [&mut whole, &mut cuts] {
                drive.run_to(drive.now.plus(Duration::from_millis(gap)));
            }
            whole.feed(&bytes);
            bytes.chunks(cut).for_each(|piece| cuts.feed(piece));
            sent.extend(bytes);
        }
        for drive in [&mut whole, &mut cuts] {
            drive.run_to(secs(100_000));
            prop_assert_eq!(drive.bytes(), &sent[..]);
            // From the beginning of a piece to the end of its pause no more leaves than it holds.
            let (mut began, mut carried) = (SimTime::ZERO, 0);
            for (t, bytes) in pieces(drive) {
                if carried == 0 || t.since(began) >= Duration::from_millis(pause) {
                    (began, carried) = (t, 0);
                }
                carried += bytes;
                prop_assert!(carried <= size + variation, "{carried} bytes from {began} to {t}");
            }
        }
        prop_assert_eq!(whole.left, cuts.left);
    }
}

fn corrupt(ratio: &str) -> Fault {
    testing::fault("noise", ratio.parse::<Corrupt>().unwrap(), 0, 100_000)
}

/// Every bit in which `received` differs from `sent`.
fn differences(sent: &[u8], received: &[u8]) -> Vec<Flip> {
    assert_eq!(sent.len(), received.len());
    let bytes = sent.iter().zip(received).zip(0..);
    let bits = bytes.flat_map(|((a, b), offset)| (0..8).map(move |bit| (offset, bit, (a ^ b) >> bit & 1)));
    let flip = |(offset, bit, _)| Flip { direction: Direction::ToClient, offset, bit };
    bits.filter(|(_, _, differs)| *differs == 1).map(flip).collect()
}

/// One bit in each segment, each told; the list is bounded, the count is not.
#[test]
fn each_flipped_bit_is_told() {
    let mut drive = Drive::new(vec![corrupt("100%")]);
    let sent = vec![0x5A; 100 * SEGMENT_BYTES];
    drive.feed(&sent);
    let flips = differences(&sent, &drive.bytes());
    let segments: Vec<u64> = flips.iter().map(|flip| flip.offset / SEGMENT_BYTES as u64).collect();
    assert_eq!(segments, (0..100).collect::<Vec<_>>());
    let touch = drive.lane.touches().next().unwrap();
    assert_eq!((touch.flipped, &touch.flips[..]), (100, &flips[..CORRUPT_PLACES_MAX]));
}

/// Each connection, each direction and each fault has its own bits; the share is about what was asked for.
#[test]
fn about_the_asked_share_is_corrupted() {
    let sent = vec![0; 2_000 * SEGMENT_BYTES];
    let flips = |n: u64, direction: Direction, name: &str| {
        let fault = testing::fault(name, "10%".parse::<Corrupt>().unwrap(), 0, 100);
        let parts = crate::fault::FaultParts { directions: crate::base::Directions::Both, ..fault.parts };
        let program = Program::new(testing::SEED, vec![Arc::new(Fault::new(parts, testing::SEED))]);
        let caller = Caller::new(n, "127.0.0.1:40000".parse().unwrap());
        let mut lane = Lane::new(&program, &program.draw(&caller), &caller, direction);
        lane.on_bytes(secs(1), Bytes::from(sent.clone()));
        let touch = lane.touches().next().unwrap();
        assert!((150..250).contains(&touch.flipped), "{}", touch.flipped);
        touch.flips.iter().map(|flip| (flip.offset, flip.bit)).collect::<Vec<_>>()
    };
    let first = flips(0, Direction::ToClient, "noise");
    assert_eq!(first, flips(0, Direction::ToClient, "noise"));
    for other in [
        flips(1, Direction::ToClient, "noise"),
        flips(0, Direction::ToServer, "noise"),
        flips(0, Direction::ToClient, "static"),
    ] {
        assert_ne!(first, other);
    }
}

proptest! {
    /// Which bits are flipped depends neither on how reads were cut nor on other faults.
    #[test]
    fn the_same_bits_are_flipped_whatever_else_happens(
        ratio in 1u64..=100,
        length in 1usize..30_000,
        cuts in prop::collection::vec(1usize..5_000, 1..8),
    ) {
        let noise = || corrupt(&format!("{ratio}%"));
        let slow: Latency = "20ms~15ms".parse().unwrap();
        let mut whole = Drive::new(vec![noise()]);
        let mut mixed = Drive::new(vec![testing::fault("slow", slow, 0, 100_000), slicer(700, 300, 1), noise()]);
        let sent: Vec<u8> = (0..length).map(|i| i as u8).collect();
        whole.feed(&sent);
        let (mut rest, mut sizes) = (&sent[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            mixed.run_to(mixed.now.plus(Duration::from_micros(1_700)));
            mixed.feed(piece);
            rest = tail;
        }
        mixed.run_to(secs(10_000));
        prop_assert_eq!(whole.bytes(), mixed.bytes());
        let told = |drive: &Drive| {
            drive.lane.touches().find(|touch| touch.flipped > 0).map_or(0, |touch| touch.flipped)
        };
        prop_assert_eq!(differences(&sent, &whole.bytes()).len() as u64, told(&whole));
        prop_assert_eq!(told(&whole), told(&mixed));
    }
}

proptest! {
    /// Any kinds that preserve bytes come, go and change at any instant while data flows in both directions: what arrives
    /// is what was sent, in order, and all of it in the end.
    #[test]
    fn edits_at_any_instant_lose_nothing(
        generations in prop::collection::vec(faults(), 1..6),
        steps in prop::collection::vec((0u64..150, 0usize..4_000, 0usize..4_000, 0usize..12), 1..40),
    ) {
        let as_both = |fault: &Fault| {
            let parts = crate::fault::FaultParts { directions: crate::base::Directions::Both, ..fault.parts.clone() };
            Arc::new(Fault::new(parts, testing::SEED))
        };
        let generations: Vec<Vec<Arc<Fault>>> =
            generations.iter().map(|faults| faults.iter().map(as_both).collect()).collect();
        let mut drives = Direction::ALL.map(|direction| (Drive::towards(direction, vec![]), Vec::new()));
        for (n, (pause, to_server, to_client, edit)) in steps.into_iter().enumerate() {
            for ((drive, sent), length) in drives.iter_mut().zip([to_server, to_client]) {
                if let Some(faults) = generations.get(edit) {
                    // Some stay, some leave, some are new.
                    let stay = drive.program.faults().iter().take(1).map(Arc::clone);
                    let faults = stay.chain(faults.iter().map(Arc::clone)).collect();
                    drive.edit(faults);
                }
                drive.run_to(drive.now.plus(Duration::from_millis(pause)));
                let bytes: Vec<u8> = (0..length).map(|i| (i * 7 + n) as u8).collect();
                drive.feed(&bytes);
                sent.extend(bytes);
                prop_assert_eq!(drive.left.len() + drive.lane.held_bytes(), sent.len());
            }
        }
        for (drive, sent) in &mut drives {
            drive.lane.on_end(drive.now, LaneEnd::Eof);
            drive.run_to(drive.now.plus(Duration::from_secs(36_000)));
            prop_assert!(drive.bytes() == *sent, "{} bytes of {}", drive.left.len(), sent.len());
            prop_assert!(drive.end.is_some());
        }
    }
}

/// The delay of a quiet network is nobody's doing; a detour is, and so is darkness, with the instant that it was met.
#[test]
fn only_what_departs_from_the_quiet_network_is_told() {
    let touched = |direction, from| {
        let mut drive = Drive::towards(direction, vec![testing::routing("wan", |_| true)]);
        drive.run_to(secs(from));
        drive.feed(b"hello");
        drive.run_to(secs(100));
        let touch = drive.lane.touches().next().map(|touch| (touch.delay_max.as_millis(), touch.dark));
        (drive.left[0].0, touch)
    };
    assert_eq!(touched(Direction::ToServer, 1), (at(1_010), None));
    assert_eq!(touched(Direction::ToClient, 6), (at(6_010), None));
    assert_eq!(touched(Direction::ToServer, 9), (at(9_025), Some((25, None))));
    let (left, touch) = touched(Direction::ToServer, 6);
    assert_eq!(
        (left, touch),
        (at(8_000), Some((0, Some(at(6_000))))),
        "it was on its way when it met the dark"
    );
}
