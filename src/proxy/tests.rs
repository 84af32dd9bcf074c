//! The data plane on live loopback sockets: what real kernels and real peers see. Bounds of time are lower bounds only.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::base::limits::DRAIN_MAX;
use crate::base::{Direction, Ratio, SimTime};
use crate::event::{BrownoutReason, ConnectionEnded, DialFailure, EndCause, Entry, Event, PeerEnd};
use crate::fault::testing::{self, fault};
use crate::fault::{Bandwidth, Blackhole, Close, Fault, Latency, Reset};

/// A proxy in front of a listener of the test's own, and its journal.
pub(super) struct Rig {
    pub(super) proxy: Proxy,
    pub(super) upstream: TcpListener,
    pub(super) clock: RunClock,
    pub(super) entries: Receiver<Entry>,
}

impl Rig {
    pub(super) async fn new(faults: Vec<Fault>) -> Self {
        Self::on("127.0.0.1:0", faults, 100).await
    }

    async fn on(address: &str, faults: Vec<Fault>, connections_max: usize) -> Self {
        let upstream = TcpListener::bind(address).await.unwrap();
        let clock = RunClock::start();
        let (outbox, entries) = Outbox::new(Arc::new(|run| run));
        let shared = Shared { clock, timer: Timer::start(clock).unwrap(), outbox };
        let target = upstream.local_addr().unwrap();
        let config = ServiceConfig {
            name: "service".into(),
            listen: address.parse().unwrap(),
            host: target.ip().to_string().into(),
            port: target.port(),
            connections_max,
        };
        let program = Program::new(testing::SEED, faults.into_iter().map(Arc::new).collect());
        let proxy = Bound::bind(config).unwrap().start(program, shared);
        Self { proxy, upstream, clock, entries }
    }

    pub(super) async fn connect(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(self.proxy.address()).await.unwrap();
        (client, self.upstream.accept().await.unwrap().0)
    }

    /// Drains, and returns how each connection ended, by ordinal.
    pub(super) async fn ended(self) -> Vec<ConnectionEnded> {
        self.proxy.drain(DRAIN_MAX).await;
        let ended = |entry: Entry| match entry.event {
            Event::ConnectionEnded(ended) => Some(*ended),
            _ => None,
        };
        let mut all: Vec<_> = self.entries.iter().filter_map(ended).collect();
        all.sort_by_key(|ended| ended.ordinal);
        all
    }
}

fn latency(text: &str) -> Fault {
    fault("slow", text.parse::<Latency>().unwrap(), 0, 1_000)
}

pub(super) fn blackhole(from: u64, until: u64) -> Fault {
    fault("hole", "100%".parse::<Blackhole>().unwrap(), from, until)
}

pub(super) async fn read_all(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.map(|_| bytes)
}

fn close_with_rst(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

/// Megabytes both ways at once, byte for byte, through a clear path and through a slow one.
#[tokio::test]
async fn bytes_go_both_ways_unchanged() {
    for faults in [vec![], vec![latency("3ms~2ms")]] {
        let rig = Rig::new(faults).await;
        let (client, server) = rig.connect().await;
        let pattern =
            |salt: usize| -> Vec<u8> { (0..3_000_000usize).map(|i| (i * 31 / 7 + salt) as u8).collect() };
        let exchange = |stream: TcpStream, send: Vec<u8>| async move {
            let (mut read, mut write) = stream.into_split();
            let writer = tokio::spawn(async move {
                write.write_all(&send).await.unwrap();
                write.shutdown().await.unwrap();
            });
            let mut received = Vec::new();
            read.read_to_end(&mut received).await.unwrap();
            writer.await.unwrap();
            received
        };
        let (at_client, at_server) = tokio::join!(exchange(client, pattern(1)), exchange(server, pattern(2)));
        assert!(at_client == pattern(2) && at_server == pattern(1));
        let ended = rig.ended().await;
        assert_eq!((ended[0].bytes_to_server, ended[0].bytes_to_client), (3_000_000, 3_000_000));
    }
}

/// A client that has said all it has to say still gets its answer.
#[tokio::test]
async fn half_close_goes_through() {
    for faults in [vec![], vec![latency("20ms")]] {
        let rig = Rig::new(faults).await;
        let (mut client, mut server) = rig.connect().await;
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(read_all(&mut server).await.unwrap(), b"question");
        server.write_all(b"answer").await.unwrap();
        drop(server);
        assert_eq!(read_all(&mut client).await.unwrap(), b"answer");
        assert_eq!(rig.ended().await[0].cause, EndCause::Client { how: PeerEnd::Closed });
    }
}

/// A client that ends its half before the service is dialled: the service still hears of it.
#[tokio::test]
async fn a_half_close_before_the_dial_is_kept() {
    let rig = Rig::new(vec![]).await;
    for _ in 0..50 {
        let mut client = TcpStream::connect(rig.proxy.address()).await.unwrap();
        client.shutdown().await.unwrap();
        let (mut server, _) = rig.upstream.accept().await.unwrap();
        let read = tokio::time::timeout(Duration::from_secs(20), read_all(&mut server));
        assert_eq!(read.await.expect("the end of the client's half was lost").unwrap(), b"");
    }
}

#[tokio::test]
async fn a_reset_goes_through_both_ways() {
    let rig = Rig::new(vec![]).await;
    let (client, mut server) = rig.connect().await;
    close_with_rst(client);
    let error = read_all(&mut server).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

    let (mut client, server) = rig.connect().await;
    close_with_rst(server);
    let error = read_all(&mut client).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let causes: Vec<_> = rig.ended().await.into_iter().map(|ended| ended.cause).collect();
    assert_eq!(causes, [EndCause::Client { how: PeerEnd::Reset }, EndCause::Server { how: PeerEnd::Reset }]);
}

/// A round trip takes at least the delay; 20 messages 10 ms apart arrive 10 ms apart, not 100.
#[tokio::test]
async fn latency_delays_and_does_not_limit() {
    let rig = Rig::new(vec![latency("100ms")]).await;
    let (mut client, mut server) = rig.connect().await;
    let began = rig.clock.now();
    let sender = async {
        for n in 0..20u8 {
            server.write_all(&[n]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let receiver = async {
        let mut arrivals = Vec::new();
        for _ in 0..20 {
            client.read_u8().await.unwrap();
            arrivals.push(rig.clock.now().since(began));
        }
        arrivals
    };
    let ((), arrivals) = tokio::join!(sender, receiver);
    for (n, arrival) in arrivals.iter().enumerate() {
        assert!(*arrival >= Duration::from_millis(100 + 10 * n as u64), "{n}: {arrival:?}");
    }
    // Delayed one after the other they would need 2 s.
    assert!(arrivals[19] < Duration::from_millis(1_500), "{arrivals:?}");
    drop((client, server));
    let hit = rig.ended().await[0].hits[0].clone();
    assert_eq!((&*hit.fault, hit.bytes, hit.delay_max), ("slow", 20, Duration::from_millis(100)));
}

/// Accepted, then silence: the service sees nothing until the path is lit, then everything, in order.
#[tokio::test]
async fn a_blackhole_is_silent_and_gives_back_what_it_held() {
    let rig = Rig::new(vec![blackhole(0, 1)]).await;
    let mut client = TcpStream::connect(rig.proxy.address()).await.unwrap();
    client.write_all(b"are you there?").await.unwrap();
    client.shutdown().await.unwrap();
    let (mut server, _) = rig.upstream.accept().await.unwrap();
    assert!(rig.clock.now() >= SimTime::from_secs(1), "dialled through the dark");
    assert_eq!(read_all(&mut server).await.unwrap(), b"are you there?");
    drop((client, server));
    assert_eq!(&*rig.ended().await[0].hits[0].fault, "hole");
}

#[tokio::test]
async fn a_reset_after_bytes_delivers_exactly_those() {
    let reset: Reset = serde_json::from_str(r#"{"after_bytes": "1000B"}"#).unwrap();
    let rig = Rig::new(vec![fault("cut", reset, 0, 1_000)]).await;
    let (mut client, mut server) = rig.connect().await;
    server.write_all(&[7; 5_000]).await.unwrap();
    let mut received = Vec::new();
    let error = client.read_to_end(&mut received).await.unwrap_err();
    assert_eq!((received.len(), error.kind()), (1_000, std::io::ErrorKind::ConnectionReset));
    assert!(read_all(&mut server).await.is_err());
    let ended = rig.ended().await;
    let by_fault = EndCause::Fault { fault: "cut".into(), kind: "reset".into() };
    assert_eq!((&ended[0].cause, &*ended[0].hits[0].fault), (&by_fault, "cut"));
}

/// A FIN, even though the client has sent what nobody has read.
#[tokio::test]
async fn a_close_is_an_orderly_end() {
    let close: Close = serde_json::from_str(r#"{"after": "100ms"}"#).unwrap();
    let rig = Rig::new(vec![fault("cut", close, 0, 1_000), blackhole(0, 1_000)]).await;
    let mut client = TcpStream::connect(rig.proxy.address()).await.unwrap();
    client.write_all(&vec![7; 300_000]).await.unwrap();
    assert_eq!(read_all(&mut client).await.unwrap(), b"");
    assert!(rig.clock.now() >= SimTime::from_millis(100));
    drop(client);
    assert_eq!(rig.ended().await[0].cause, EndCause::Fault { fault: "cut".into(), kind: "close".into() });
}

#[tokio::test]
async fn a_rate_is_kept() {
    let bandwidth: Bandwidth = "200kB/s".parse().unwrap();
    let rig = Rig::new(vec![fault("paced", bandwidth, 0, 1_000)]).await;
    let (mut client, mut server) = rig.connect().await;
    let began = rig.clock.now();
    server.write_all(&vec![7; 100_000]).await.unwrap();
    drop(server);
    assert_eq!(read_all(&mut client).await.unwrap().len(), 100_000);
    // Half a second, less the burst of 10 ms' worth.
    assert!(rig.clock.now().since(began) >= Duration::from_millis(485));
}

/// Faults come and go under a live connection; no byte is lost.
#[tokio::test]
async fn edits_reach_live_connections() {
    let rig = Rig::new(vec![]).await;
    let (mut client, mut server) = rig.connect().await;
    let program = rig.proxy.program();
    rig.proxy.edit(program.edited(vec![Arc::new(blackhole(0, 1_000))]));
    // The edit is a message: it has arrived when the next byte stays away.
    tokio::time::sleep(Duration::from_millis(50)).await;
    client.write_all(b"held").await.unwrap();
    let silence = tokio::time::timeout(Duration::from_millis(200), server.read_u8()).await;
    assert!(silence.is_err(), "a byte crossed the dark");
    rig.proxy.edit(program.edited(vec![]));
    let mut bytes = [0; 4];
    server.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"held");
    assert_eq!(program.generation(), 0);
    assert_eq!(rig.proxy.program().generation(), 1);
    drop((client, server));
    assert_eq!(&*rig.ended().await[0].hits[0].fault, "hole");
}

/// A connection that live control ends is reset towards both sides, and says who did it; others go on.
#[tokio::test]
async fn a_killed_connection_is_reset_and_named() {
    let rig = Rig::new(vec![]).await;
    let (mut first, mut first_server) = rig.connect().await;
    let (mut second, mut second_server) = rig.connect().await;
    first.write_all(b"ping").await.unwrap();
    first_server.read_exact(&mut [0; 4]).await.unwrap();
    let control = rig.proxy.control();
    let totals = control.registry().totals();
    assert_eq!((totals.accepted, totals.open), (2, 2));
    assert!(control.registry().kill(0));
    for stream in [&mut first, &mut first_server] {
        let error = read_all(stream).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    second.write_all(b"pong").await.unwrap();
    second_server.read_exact(&mut [0; 4]).await.unwrap();
    drop((second, second_server));
    let ended = rig.ended().await;
    assert_eq!(ended[0].cause, EndCause::Brownout { why: BrownoutReason::Killed });
    assert_eq!(control.registry().totals().delivered, [8, 0]);
    assert_eq!(control.registry().open().len(), 0);
}

#[tokio::test]
async fn an_upstream_that_refuses_is_an_observation() {
    let mut rig = Rig::new(vec![]).await;
    let gone = rig.upstream.local_addr().unwrap();
    rig.upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert_ne!(rig.upstream.local_addr().unwrap(), gone);
    let mut client = TcpStream::connect(rig.proxy.address()).await.unwrap();
    assert_eq!(read_all(&mut client).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(rig.ended().await[0].cause, EndCause::Unreachable { why: DialFailure::Refused });
}

#[tokio::test]
async fn ipv6_is_served() {
    if TcpListener::bind("[::1]:0").await.is_err() {
        assert!(!must_run(), "this machine has no IPv6 loopback");
        return;
    }
    let rig = Rig::on("[::1]:0", vec![], 10).await;
    let (mut client, mut server) = rig.connect().await;
    client.write_all(b"6").await.unwrap();
    assert_eq!(server.read_u8().await.unwrap(), b'6');
}

#[expect(clippy::disallowed_methods, reason = "the one switch of the tests' own")]
fn must_run() -> bool {
    std::env::var_os("BROWNOUT_TESTS_MUST_RUN").is_some()
}

/// At its limit a service leaves clients in the backlog, tells it, and takes them when there is room again.
#[tokio::test]
async fn a_connection_limit_holds() {
    let rig = Rig::on("127.0.0.1:0", vec![], 1).await;
    let (first, first_server) = rig.connect().await;
    let waiting = TcpStream::connect(rig.proxy.address()).await.unwrap();
    let accepted = tokio::time::timeout(Duration::from_millis(200), rig.upstream.accept()).await;
    assert!(accepted.is_err(), "a connection beyond the limit was served");
    drop((first, first_server));
    let (_server, _) = rig.upstream.accept().await.unwrap();
    drop(waiting);
    rig.proxy.drain(DRAIN_MAX).await;
    assert!(rig.entries.iter().any(|entry| matches!(entry.event, Event::AcceptTrouble { .. })));
}

/// A drain lets a connection finish what it does, and ends one that never does.
#[tokio::test]
async fn a_drain_waits_and_then_ends() {
    let rig = Rig::new(vec![]).await;
    let (mut client, mut server) = rig.connect().await;
    let idle = rig.connect().await;
    let finishing = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.write_all(b"late").await.unwrap();
        drop(server);
        read_all(&mut client).await.unwrap()
    });
    let ended = rig.ended().await;
    assert_eq!(finishing.await.unwrap(), b"late");
    assert_eq!(ended[0].cause, EndCause::Server { how: PeerEnd::Closed });
    assert_eq!(ended[1].cause, EndCause::Brownout { why: BrownoutReason::Drained });
    drop(idle);
}

/// The n-th accepted connection draws the same faults and the same delays on one worker thread and on eight.
#[test]
fn draws_do_not_depend_on_threads() {
    let observe = |threads: usize| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap();
        runtime.block_on(async {
            let latency: Latency = "2ms~2ms".parse().unwrap();
            let mut parts = testing::parts("slow", latency.into(), 0, 1_000);
            parts.probability = Ratio::new(1, 2).unwrap();
            let rig = Rig::new(vec![Fault::new(parts, testing::SEED)]).await;
            for _ in 0..24 {
                let (mut client, mut server) = rig.connect().await;
                server.write_all(b"x").await.unwrap();
                client.read_u8().await.unwrap();
            }
            let ended = rig.ended().await;
            ended.into_iter().map(|e| e.hits.first().map(|hit| hit.delay_max)).collect::<Vec<_>>()
        })
    };
    let one = observe(1);
    assert_eq!(one, observe(8));
    assert!(one.iter().any(Option::is_some) && one.iter().any(Option::is_none));
}

/// The timeline is followed while a connection lives: clear, then slow, then clear again.
#[tokio::test]
async fn a_live_connection_follows_its_timeline() {
    let slow: Latency = "300ms".parse().unwrap();
    let rig = Rig::new(vec![fault("slow", slow, 1, 2)]).await;
    let (mut client, mut server) = rig.connect().await;
    let mut echo = async |at: u64| {
        let at = SimTime::from_millis(at);
        tokio::time::sleep_until(rig.clock.instant(at)).await;
        let began = rig.clock.now();
        server.write_all(b"x").await.unwrap();
        client.read_u8().await.unwrap();
        rig.clock.now().since(began)
    };
    let delays = [echo(0).await, echo(1_200).await, echo(2_100).await];
    assert!(delays[1] >= Duration::from_millis(300), "{delays:?}");
    assert!(delays[0] < delays[1] && delays[2] < delays[1], "{delays:?}");
    assert_eq!(Direction::ALL.len(), 2);
}
