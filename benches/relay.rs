//! The data plane on live loopback sockets: what a proxy costs beside no proxy, and what faults cost beside none.
//!
//! Client and upstream are threads with blocking sockets, as other programs would be; the proxies run on a tokio
//! runtime of the default size. Two things are measured: a bulk answer, whole, from the request to its last byte, and
//! round trips of 64 bytes each way. Criterion measures one subject after another, for comparisons with an earlier run;
//! the table at the end measures all of them in turns, so that a noisy machine is noisy for all alike, and its ratios
//! mean something.
//!
//! Subjects: `direct` (no proxy), `copy` (a proxy of ten lines, with tokio's `copy_bidirectional` and buffers as large
//! as brownout's reads: what any proxy costs), `relay` (brownout without a fault), and lanes that hold bytes: `1us` and
//! `rate` as good as without delay, `10ms` with one constant delay, `5 faults` with four delays and a rate.
//!
//! Not measured: many connections at once, connection set-up, a network card, memory. All ends share this machine's
//! cores, so throughput is lower than between machines with cores of their own. A round trip is mostly the waking of
//! threads: which core each is on moves it more than brownout does, so read it beside `copy`, not beside `direct`.

#[path = "support/mode.rs"]
mod mode;
#[path = "support/scenarios.rs"]
mod scenarios;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use brownout::event::{Entry, Outbox};
use brownout::proxy::{Bound, Proxy, RunClock, ServiceConfig, Shared, Timer};
use brownout::scenario;
use criterion::{Criterion, Throughput};
use tokio::runtime::Runtime;

use self::Between::{Brownout, Nothing, TenLines};

/// A request says in its first eight bytes how long an answer it wants.
const REQUEST_BYTES: usize = 64;

/// The answer of a bulk transfer: many times what 10 ms of delay hold, so that the delay itself is small beside it.
const BULK_BYTES: u64 = 256 << 20;
/// And where it is only seen whether the benchmark works.
const BULK_BYTES_TESTED: u64 = 4 << 20;

/// Turns of the table: bulk transfers, and batches of round trips.
const TURNS: usize = 15;
const TRIPS_PER_TURN: usize = 200;

/// What is between client and upstream.
#[derive(Clone, Copy)]
enum Between {
    Nothing,
    /// The proxy that anybody would write: tokio's `copy_bidirectional`.
    TenLines,
    /// brownout with these faults.
    Brownout(&'static [&'static str]),
}

/// The name of a subject, and what it is.
type Setup = (&'static str, Between);

const FAR_ABOVE: &str = "bandwidth: 100GB/s";

const BULK: [Setup; 7] = [
    ("direct", Nothing),
    ("copy", TenLines),
    ("relay", Brownout(&[])),
    ("1us", Brownout(&["latency: 1us"])),
    ("rate", Brownout(&[FAR_ABOVE])),
    ("10ms", Brownout(&["latency: 10ms"])),
    ("5 faults", Brownout(&["latency: 1ms", "latency: 2ms", "latency: 3ms", "latency: 4ms", FAR_ABOVE])),
];

const TRIPS: [Setup; 6] = [
    ("direct", Nothing),
    ("copy", TenLines),
    ("relay", Brownout(&[])),
    ("1us", Brownout(&["latency: 1us"])),
    ("rate", Brownout(&[FAR_ABOVE])),
    ("5 faults", Brownout(&["latency: 1us", "latency: 1us", "latency: 1us", "latency: 1us", FAR_ABOVE])),
];

/// A connection to the upstream, and the proxy that it goes through.
struct Subject {
    name: &'static str,
    stream: TcpStream,
    buffer: Vec<u8>,
    _proxy: Option<(Proxy, Receiver<Entry>)>,
}

// === impl Subject ===

impl Subject {
    fn new((name, between): Setup, runtime: &Runtime, upstream: SocketAddr) -> Self {
        let (address, proxy) = match between {
            Nothing => (upstream, None),
            TenLines => (start_copy(runtime, upstream), None),
            Brownout(faults) => {
                let proxy = start_proxy(faults, runtime, upstream);
                (proxy.0.address(), Some(proxy))
            }
        };
        let stream = TcpStream::connect(address).expect("the listener is bound");
        stream.set_nodelay(true).expect("the socket is open");
        Self { name, stream, buffer: vec![0; 256 << 10], _proxy: proxy }
    }

    /// Asks for `bytes`, and reads them all.
    fn ask(&mut self, bytes: u64) {
        let mut request = [0; REQUEST_BYTES];
        request[..8].copy_from_slice(&bytes.to_be_bytes());
        self.stream.write_all(&request).expect("the upstream serves as long as it is asked");
        let mut left = bytes as usize;
        while left > 0 {
            let limit = left.min(self.buffer.len());
            let read = self.stream.read(&mut self.buffer[..limit]).expect("likewise");
            assert!(read > 0, "{}: the connection ended {left} bytes early", self.name);
            left -= read;
        }
    }

    fn round_trip(&mut self) {
        self.ask(REQUEST_BYTES as u64);
    }
}

fn start_proxy(faults: &[&str], runtime: &Runtime, upstream: SocketAddr) -> (Proxy, Receiver<Entry>) {
    let text = scenarios::of_faults(faults);
    let plan = scenario::load_text("bench.yaml", &text).expect("the scenario is valid");
    let config = ServiceConfig {
        name: "service".into(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        host: upstream.ip().to_string().into(),
        port: upstream.port(),
        connections_max: 10,
    };
    let _context = runtime.enter();
    let clock = RunClock::start();
    let (outbox, entries) = Outbox::new(Arc::new(|run| run));
    let shared = Shared { clock, timer: Timer::start(clock).expect("a timer starts"), outbox };
    let bound = Bound::bind(config).expect("the kernel has a free port");
    (bound.start(plan.program(0), shared), entries)
}

/// Relays one connection without brownout.
fn start_copy(runtime: &Runtime, upstream: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the kernel has a free port");
    listener.set_nonblocking(true).expect("the socket is open");
    let address = listener.local_addr().expect("the socket is bound");
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (mut client, _) = listener.accept().await?;
        let mut server = tokio::net::TcpStream::connect(upstream).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let buffer = 256 << 10;
        tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, buffer, buffer).await
    });
    address
}

/// Answers requests until the program ends, each connection on a thread of its own.
fn start_upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the kernel has a free port");
    let address = listener.local_addr().expect("the socket is bound");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection is accepted");
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let block = vec![0x5a; 256 << 10];
    let mut request = [0; REQUEST_BYTES];
    stream.set_nodelay(true).expect("the socket is open");
    while stream.read_exact(&mut request).is_ok() {
        let bytes = u64::from_be_bytes(request[..8].try_into().expect("eight bytes are eight bytes"));
        let mut left = bytes as usize;
        while left > 0 {
            let piece = left.min(block.len());
            if stream.write_all(&block[..piece]).is_err() {
                return;
            }
            left -= piece;
        }
    }
}

fn bulk(criterion: &mut Criterion, subjects: &mut [Subject], bytes: u64) {
    let mut group = criterion.benchmark_group("bulk");
    group.throughput(Throughput::Bytes(bytes)).sample_size(10);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    for subject in subjects {
        group.bench_function(subject.name, |bencher| bencher.iter(|| subject.ask(bytes)));
    }
    group.finish();
}

fn round_trips(criterion: &mut Criterion, subjects: &mut [Subject]) {
    let mut group = criterion.benchmark_group("round trip");
    group.sample_size(20);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
    for subject in subjects {
        group.bench_function(subject.name, |bencher| bencher.iter(|| subject.round_trip()));
    }
    group.finish();
}

/// All subjects in turns: the time of each of `runs` runs a turn, by subject.
fn in_turns(subjects: &mut [Subject], runs: usize, run: impl Fn(&mut Subject)) -> Vec<Vec<Duration>> {
    let clock = RunClock::start();
    let mut times = vec![Vec::new(); subjects.len()];
    for _ in 0..TURNS {
        for (subject, times) in subjects.iter_mut().zip(&mut times) {
            for _ in 0..runs {
                let began = clock.now();
                run(subject);
                times.push(clock.now().since(began));
            }
        }
    }
    times
}

fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * share) as usize]
}

#[expect(clippy::print_stdout, reason = "a benchmark tells its results")]
fn tell_bulk(subjects: &mut [Subject]) {
    let mut times = in_turns(subjects, 1, |subject| subject.ask(BULK_BYTES));
    let rates: Vec<f64> =
        times.iter_mut().map(|times| BULK_BYTES as f64 / 1e6 / quantile(times, 0.5).as_secs_f64()).collect();
    let rate_of = |name| {
        subjects
            .iter()
            .zip(&rates)
            .find(|(subject, _)| subject.name == name)
            .map_or(f64::NAN, |(_, rate)| *rate)
    };
    println!("\nbulk, {} MiB, median of {TURNS} turns:", BULK_BYTES >> 20);
    for (subject, rate) in subjects.iter().zip(&rates) {
        let (direct, relay) = (100.0 * rate / rates[0], 100.0 * rate / rate_of("relay"));
        println!(
            "  {:<9} {rate:>6.0} MB/s  {direct:>4.0} % of direct  {relay:>4.0} % of relay",
            subject.name
        );
    }
    let ratio = 100.0 * rate_of("10ms") / rate_of("1us").max(rate_of("rate"));
    println!(
        "  with 10 ms a lane moves {ratio:.0} % of what the better of `1us` and `rate` moves (goal: 80 %)"
    );
}

#[expect(clippy::print_stdout, reason = "a benchmark tells its results")]
fn tell_round_trips(subjects: &mut [Subject]) {
    let mut times = in_turns(subjects, TRIPS_PER_TURN, Subject::round_trip);
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let direct = micros(quantile(&mut times[0], 0.5));
    println!("\nround trips of {REQUEST_BYTES} bytes, {TURNS} turns of {TRIPS_PER_TURN}:");
    for (subject, times) in subjects.iter().zip(&mut times) {
        let (median, p99) = (micros(quantile(times, 0.5)), micros(quantile(times, 0.99)));
        let added = median - direct;
        println!("  {:<9} median {median:>6.1} µs ({added:>+6.1})  p99 {p99:>7.1} µs", subject.name);
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let measures = mode::measures();
    let runtime = Runtime::new().expect("a runtime starts");
    let upstream = start_upstream();
    let subjects = |setups: &[Setup]| -> Vec<Subject> {
        setups.iter().map(|setup| Subject::new(*setup, &runtime, upstream)).collect()
    };
    let (mut bulks, mut trips) = (subjects(&BULK), subjects(&TRIPS));
    bulk(&mut criterion, &mut bulks, if measures { BULK_BYTES } else { BULK_BYTES_TESTED });
    round_trips(&mut criterion, &mut trips);
    if measures {
        tell_bulk(&mut bulks);
        tell_round_trips(&mut trips);
    }
    criterion.final_summary();
}
