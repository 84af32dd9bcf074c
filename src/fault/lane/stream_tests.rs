//! The laws of what a lane does to a stream: orderly ends that come late.

use super::tests::{Drive, at};
use super::*;
use crate::base::ByteRate;
use crate::fault::testing::{self, secs};
use crate::fault::{Bandwidth, Fault, SlowClose};

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
    let paced =
        Bandwidth { rate: ByteRate::new(100_000).unwrap(), scope: crate::base::RateScope::Connection };
    let mut drive = Drive::new(vec![slow_close("500ms", 0, 100), testing::fault("paced", paced, 0, 100)]);
    drive.run_to(secs(1));
    drive.feed(&[7; 101_514]);
    drive.lane.on_end(drive.now, LaneEnd::Eof);
    drive.run_to(secs(50));
    let last = drive.left.last().unwrap().0;
    assert!(last >= at(1_900), "{last}");
    assert_eq!(drive.end, Some((last.plus(Duration::from_millis(500)), LaneEnd::Eof)));
}
