//! The lane alone: how many chunks a second one thread takes through it, without sockets or clocks.
//!
//! An element is the whole life of a chunk: taken in, polled until it is due, shown, written. Time jumps to each
//! deadline. The delays have jitter, which is drawn for every chunk, for each begins a flight of its own, and a chunk
//! of 64 KiB has four slots with a draw each. With no fault the lane is made to hold what it would let pass.
//!
//! Not measured: the copy from a socket into a chunk, system calls, the timer (see `relay` and `timer`).

#[path = "support/scenarios.rs"]
mod scenarios;

use std::hint::black_box;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::time::Duration;

use brownout::base::{Direction, SimTime};
use brownout::fault::{Action, Caller, FLIGHT_GAP, Lane};
use brownout::scenario;
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput};

const FAULTS: [&str; 5] = [
    "latency: 1ms~500us",
    "latency: { mean: 1ms, jitter: 500us, distribution: normal }",
    "latency: { mean: 1ms, jitter: 500us, distribution: pareto, correlation: 50% }",
    "latency: 1ms~500us",
    "bandwidth: 100GB/s",
];

/// A small message, and a good read.
const CHUNK_BYTES: [usize; 2] = [64, 64 << 10];

fn lane_with(faults: &[&str]) -> Lane {
    let text = scenarios::of_faults(faults);
    let program = scenario::load_text("bench.yaml", &text).expect("the scenario is valid").program(0);
    let caller = Caller::new(0, SocketAddr::from(([127, 0, 0, 1], 40_000)));
    Lane::new(&program, &program.draw(&caller), &caller, Direction::ToClient)
}

/// Takes one chunk through the lane; returns when it has left.
fn carry(lane: &mut Lane, chunk: &Bytes, mut now: SimTime) -> SimTime {
    lane.on_bytes(now, chunk.clone());
    loop {
        match lane.poll(now) {
            Action::Wait(Some(until)) => now = until,
            Action::Write(bytes) => {
                let mut slices = [IoSlice::new(&[]); 32];
                let used = lane.slices(bytes, &mut slices);
                black_box(&slices[..used]);
                lane.wrote(bytes);
            }
            Action::Wait(None) | Action::End(_) => return now,
        }
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for chunk_bytes in CHUNK_BYTES {
        let chunk = Bytes::from(vec![0x5a; chunk_bytes]);
        let mut group = criterion.benchmark_group(format!("lane, chunks of {chunk_bytes} bytes"));
        group.throughput(Throughput::Elements(1));
        group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
        for faults in [0, 1, 5] {
            let mut lane = lane_with(&FAULTS[..faults]);
            let mut now = SimTime::ZERO;
            group.bench_function(BenchmarkId::new("faults", faults), |bencher| {
                bencher.iter(|| now = carry(&mut lane, &chunk, now.plus(FLIGHT_GAP)));
            });
            assert_eq!(lane.held_bytes(), 0, "every chunk has left");
        }
        group.finish();
    }
    criterion.final_summary();
}
