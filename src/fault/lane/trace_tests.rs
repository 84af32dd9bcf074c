//! Lanes that replay what was recorded: packets leave when mahimahi would let them, and delays follow their trace.

use super::tests::{Drive, at};
use crate::base::PACKET_BYTES;
use crate::fault::testing::{self, secs};
use crate::fault::{Bandwidth, Fault, Latency};

fn on_trace(deliveries: &str, shared: &str) -> Fault {
    let text = format!(r#"{{"trace": {{"deliveries": {deliveries}}}, "shared": "{shared}"}}"#);
    testing::fault("link", serde_json::from_str::<Bandwidth>(&text).unwrap(), 10, 1_000)
}

/// When each packet of the drive had left, in milliseconds since second 10.
fn packets(drive: &Drive) -> Vec<u64> {
    let whole = drive.left.iter().skip(PACKET_BYTES as usize - 1).step_by(PACKET_BYTES as usize);
    whole.map(|(t, _)| t.since(secs(10)).as_nanos() as u64 / 1_000_000).collect()
}

/// A backlog of ten packets that comes at second 10, where the trace begins: the n-th leaves at the n-th opportunity, through
/// the end of the trace and on. One that comes after a pause takes the next opportunity, and those in the pause are gone.
#[test]
fn packets_leave_when_mahimahi_would_let_them() {
    for shared in ["connection", "service"] {
        let mut drive = Drive::new(vec![on_trace(r#"["0s", "3ms", "3ms", "7ms", "10ms"]"#, shared)]);
        drive.run_to(secs(10));
        drive.feed(&[1; 10 * PACKET_BYTES as usize]);
        drive.run_to(secs(11));
        assert_eq!(packets(&drive), [3, 3, 7, 10, 10, 13, 13, 17, 20, 20], "{shared}");
        drive.run_to(at(11_004));
        drive.feed(&[2; PACKET_BYTES as usize]);
        drive.run_to(secs(12));
        assert_eq!(packets(&drive)[10], 1_007);
    }
}

/// A delay before the link: what comes later is later for the link too.
#[test]
fn the_link_comes_after_the_delay() {
    let slow = testing::fault("slow", "50ms".parse::<Latency>().unwrap(), 0, 1_000);
    let mut drive = Drive::new(vec![slow, on_trace(r#"["30ms", "100ms"]"#, "connection")]);
    drive.run_to(secs(10));
    drive.feed(&[1; 3 * PACKET_BYTES as usize]);
    drive.run_to(secs(12));
    assert_eq!(packets(&drive), [100, 130, 200]);
}

/// However the bytes were cut as they came, the same ones leave at the same times.
#[test]
fn how_reads_were_cut_changes_nothing() {
    let leave = |cut: usize| {
        let mut drive = Drive::new(vec![on_trace(r#"["2ms", "9ms", "11ms"]"#, "connection")]);
        drive.run_to(secs(10));
        [7u8; 9_001].chunks(cut).for_each(|chunk| drive.lane.on_bytes(drive.now, chunk.to_vec().into()));
        drive.run_to(secs(11));
        assert_eq!(drive.left.len(), 9_001);
        drive.left
    };
    assert_eq!(leave(9_001), leave(1));
    assert_eq!(leave(9_001), leave(1_499));
}
