//! Faults of connections and streams on live loopback sockets: what peers see, and what the journal says of it.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::tests::{Rig, blackhole, read_all};
use crate::event::{BrownoutReason, ConnectionEnded, EndCause, Event};
use crate::fault::testing::{self, fault};
use crate::fault::{ConnectionLimit, Fault, HalfOpen, Refuse, SlowClose};

/// Long enough for a byte to cross loopback, and what is expected not to come would have come.
const A_WHILE: Duration = Duration::from_millis(250);

fn half_open(text: &str, until: u64) -> Fault {
    fault("forgotten", serde_json::from_str::<HalfOpen>(text).unwrap(), 0, until)
}

fn by_fault(name: &str, kind: &str) -> EndCause {
    EndCause::Fault { fault: name.into(), kind: kind.into() }
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    tokio::time::timeout(A_WHILE, stream.read(&mut [0; 64])).await.is_err()
}

/// The next connection that ends while the proxy runs on.
async fn next_end(rig: &Rig) -> ConnectionEnded {
    let ended = async {
        loop {
            while let Ok(entry) = rig.entries.try_recv() {
                if let Event::ConnectionEnded(ended) = entry.event {
                    return *ended;
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("no connection ended")
}

/// No byte, FIN or RST crosses any more, also after the fault has ended; what peers send is thrown away.
#[tokio::test]
async fn a_half_open_connection_is_silent_for_good() {
    let rig = Rig::new(vec![half_open(r#"{"after_bytes": "5B"}"#, 1)]).await;
    let (mut client, mut server) = rig.connect().await;
    server.write_all(b"hello, and more").await.unwrap();
    let mut hello = [0; 5];
    client.read_exact(&mut hello).await.unwrap();
    assert_eq!(&hello, b"hello");
    tokio::time::sleep_until(rig.clock.instant(crate::base::SimTime::from_secs(1))).await;
    client.write_all(b"are you there?").await.unwrap();
    assert!(is_silent(&mut client).await && is_silent(&mut server).await);
    drop(server);
    assert!(is_silent(&mut client).await, "the service's end reached the client");
    drop(client);
    let ended = next_end(&rig).await;
    assert_eq!((ended.cause, ended.bytes_to_client), (by_fault("forgotten", "half_open"), 5));
    // Ten of the service's bytes and fourteen of the client's.
    assert_eq!((&*ended.hits[0].fault, ended.hits[0].bytes), ("forgotten", 24));
}

/// What a stale pooled connection meets: it looks alive until it is used.
#[tokio::test]
async fn a_forgotten_flow_answers_with_a_reset() {
    let rig = Rig::new(vec![half_open(r#"{"after": "100ms", "answer": "reset"}"#, 1_000)]).await;
    let (mut client, mut server) = rig.connect().await;
    client.write_all(b"early").await.unwrap();
    server.read_exact(&mut [0; 5]).await.unwrap();
    assert!(is_silent(&mut client).await);
    client.write_all(b"late").await.unwrap();
    assert_eq!(read_all(&mut client).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(is_silent(&mut server).await, "the service was told");
    // The run ends: nothing more can come of it, so nobody waits.
    assert_eq!(rig.ended().await[0].cause, by_fault("forgotten", "half_open"));
}

/// More than a window's worth is not taken in: the sender feels it.
#[tokio::test]
async fn an_abandoned_connection_takes_in_no_more_than_a_window() {
    let rig = Rig::new(vec![half_open("{}", 1_000)]).await;
    let mut client = TcpStream::connect(rig.proxy.address()).await.unwrap();
    let bytes = vec![7; 65_536];
    let endless = async { while client.write_all(&bytes).await.is_ok() {} };
    assert!(tokio::time::timeout(Duration::from_secs(1), endless).await.is_err());
    let hit = rig.ended().await.remove(0).hits.remove(0);
    assert_eq!(hit.bytes, crate::base::limits::DARK_HELD_BYTES_MAX as u64);
}

/// The run ends amid a blackhole: a connection whose client is gone is not waited for.
#[tokio::test]
async fn a_drain_does_not_wait_for_the_dark() {
    let rig = Rig::new(vec![blackhole(0, 1_000)]).await;
    let mut client = TcpStream::connect(rig.proxy.address()).await.unwrap();
    client.write_all(b"anybody?").await.unwrap();
    drop(client);
    tokio::time::sleep(A_WHILE).await;
    // Waited for in vain it would have ended as drained.
    assert_eq!(rig.ended().await[0].cause, EndCause::Brownout { why: BrownoutReason::Orphaned });
}

/// The bytes come at once, the end of file later.
#[tokio::test]
async fn a_slow_close_delays_the_end_of_file() {
    let late: SlowClose = "400ms".parse().unwrap();
    let rig = Rig::new(vec![fault("late", late, 0, 1_000)]).await;
    let (mut client, mut server) = rig.connect().await;
    server.write_all(b"answer").await.unwrap();
    let began = rig.clock.now();
    drop(server);
    client.read_exact(&mut [0; 6]).await.unwrap();
    assert_eq!(read_all(&mut client).await.unwrap(), b"");
    assert!(rig.clock.now().since(began) >= Duration::from_millis(400));
    drop(client);
    let ended = rig.ended().await.remove(0);
    assert_eq!((&*ended.hits[0].fault, ended.hits[0].delay_max), ("late", Duration::from_millis(400)));
}

fn limit(text: &str) -> Fault {
    fault("full", serde_json::from_str::<ConnectionLimit>(text).unwrap(), 0, 1_000)
}

/// Beyond the limit a connection stands, undialled and silent, until another ends; then it is served whole.
#[tokio::test]
async fn beyond_a_limit_connections_wait_their_turn() {
    let rig = Rig::new(vec![limit("1")]).await;
    let first = rig.connect().await;
    let mut second = TcpStream::connect(rig.proxy.address()).await.unwrap();
    second.write_all(b"second").await.unwrap();
    let third = TcpStream::connect(rig.proxy.address()).await.unwrap();
    let dialled = tokio::time::timeout(A_WHILE, rig.upstream.accept()).await;
    assert!(dialled.is_err() && is_silent(&mut second).await);
    drop(first);
    let (mut server, _) = rig.upstream.accept().await.unwrap();
    let mut question = [0; 6];
    server.read_exact(&mut question).await.unwrap();
    assert_eq!(&question, b"second");
    drop((second, server, third));
    let ended = rig.ended().await;
    let waited = |n: usize| ended[n].hits.iter().map(|hit| hit.delay_max).max();
    assert!(waited(0).is_none() && waited(1) >= Some(A_WHILE), "{:?}", waited(1));
}

/// The other answers of a server that is full, and of a middlebox.
#[tokio::test]
async fn beyond_a_limit_connections_may_be_sent_away() {
    for (beyond, seen) in [("reset", Err(ErrorKind::ConnectionReset)), ("close", Ok(Vec::new()))] {
        let rig = Rig::new(vec![limit(&format!(r#"{{"max": 1, "beyond": "{beyond}"}}"#))]).await;
        let first = rig.connect().await;
        let mut second = TcpStream::connect(rig.proxy.address()).await.unwrap();
        assert_eq!(read_all(&mut second).await.map_err(|error| error.kind()), seen);
        drop((first, second));
        let ended = rig.ended().await;
        assert_eq!(ended[1].cause, by_fault("full", "connection_limit"));
        assert_eq!((ended[0].hits.len(), &*ended[1].hits[0].fault), (0, "full"));
    }
}

/// While it is in force connects fail; live connections go on, and the port is the same afterwards.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn connects_are_refused_by_the_kernel() {
    let rig = Rig::new(vec![fault("down", Refuse {}, 1, 2)]).await;
    let (mut client, mut server) = rig.connect().await;
    tokio::time::sleep_until(rig.clock.instant(crate::base::SimTime::from_secs(1))).await;
    let refused = async {
        loop {
            match TcpStream::connect(rig.proxy.address()).await {
                // A handshake under way in the instant in which the door shuts is reset.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Err(error) => return error.kind(),
                Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let refused = tokio::time::timeout(Duration::from_secs(20), refused).await;
    assert_eq!(refused.expect("nobody was refused"), ErrorKind::ConnectionRefused);
    client.write_all(b"alive").await.unwrap();
    server.read_exact(&mut [0; 5]).await.unwrap();
    let again = async {
        while TcpStream::connect(rig.proxy.address()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.expect("it never listened again");
    assert!(rig.clock.now() >= crate::base::SimTime::from_secs(2));
    drop((client, server));
    assert_eq!(rig.ended().await[0].hits, []);
}

/// An edit brings it and takes it away; it waits for no connection.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_edit_shuts_and_opens_the_door() {
    let rig = Rig::new(vec![]).await;
    let program = rig.proxy.program();
    let becomes = async |refused: bool| {
        while TcpStream::connect(rig.proxy.address()).await.is_err() != refused {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let patience = Duration::from_secs(20);
    rig.proxy.edit(program.edited(vec![std::sync::Arc::new(fault("down", Refuse {}, 0, 1_000))]));
    tokio::time::timeout(patience, becomes(true)).await.expect("it was never refused");
    rig.proxy.edit(program.edited(vec![]));
    tokio::time::timeout(patience, becomes(false)).await.expect("it was never served again");
}

/// For some clients only: accepted, then reset, and journaled so.
#[tokio::test]
async fn some_clients_are_accepted_and_reset() {
    let mut parts = testing::parts("down", Refuse {}.into(), 0, 1_000);
    parts.peers = vec!["127.0.0.1".parse().unwrap()];
    let rig = Rig::new(vec![Fault::new(parts, testing::SEED)]).await;
    let mut client = TcpStream::connect(rig.proxy.address()).await.unwrap();
    assert_eq!(read_all(&mut client).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(rig.ended().await[0].cause, by_fault("down", "refuse"));
}

/// Faults that preserve bytes come and go under a live exchange, by a fixed sequence of random edits: both sides receive
/// what was sent.
#[tokio::test]
async fn random_edits_under_traffic_lose_no_byte() {
    const BYTES: usize = 1_000_000;
    let rig = Rig::new(vec![]).await;
    let (client, server) = rig.connect().await;
    let pattern = |salt: usize| -> Vec<u8> { (0..BYTES).map(|i| (i * 31 / 7 + salt) as u8).collect() };
    let exchange = |stream: TcpStream, send: Vec<u8>| {
        let (mut read, mut write) = stream.into_split();
        tokio::spawn(async move {
            let writer = async {
                for piece in send.chunks(10_000) {
                    write.write_all(piece).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
                write.shutdown().await.unwrap();
            };
            let mut received = Vec::new();
            let ((), read) = tokio::join!(writer, read.read_to_end(&mut received));
            read.unwrap();
            received
        })
    };
    let (at_client, at_server) = (exchange(client, pattern(1)), exchange(server, pattern(2)));
    let mut draws = testing::SEED.stream(crate::base::Label::new("edits"));
    let kinds = || -> [crate::fault::FaultKind; 6] {
        let parsed = |text: &str| serde_json::from_str::<crate::fault::Slicer>(text).unwrap();
        [
            "20ms~15ms".parse::<crate::fault::Latency>().unwrap().into(),
            "40MB/s".parse::<crate::fault::Bandwidth>().unwrap().into(),
            "5%".parse::<crate::fault::Loss>().unwrap().into(),
            "100%".parse::<crate::fault::Blackhole>().unwrap().into(),
            "50ms".parse::<SlowClose>().unwrap().into(),
            parsed(r#"{"size": "3kB", "variation": "2kB", "delay": "1ms"}"#).into(),
        ]
    };
    for n in 0..40 {
        let mut faults = Vec::new();
        for (place, kind) in kinds().into_iter().enumerate().filter(|_| draws.below(3) == 0) {
            let mut parts = testing::parts(&format!("{n}-{place}"), kind, 0, 1_000);
            parts.directions = crate::base::Directions::Both;
            faults.push(std::sync::Arc::new(Fault::new(parts, testing::SEED)));
        }
        rig.proxy.edit(rig.proxy.program().edited(faults));
        tokio::time::sleep(Duration::from_millis(draws.below(20))).await;
    }
    rig.proxy.edit(rig.proxy.program().edited(vec![]));
    assert!(at_client.await.unwrap() == pattern(2) && at_server.await.unwrap() == pattern(1));
}

/// The kernel answers a SYN at once, and the server sees the connection when the third packet of the handshake would arrive. So
/// an answer takes two round trips from the connect on, and so does the greeting of a server that speaks first.
#[tokio::test]
async fn a_handshake_crosses_the_path() {
    let one_way = Duration::from_millis(10);
    for greets in [false, true] {
        let rig = Rig::new(vec![testing::routing("wan", |_| false)]).await;
        let began = rig.clock.now();
        let mut client = TcpStream::connect(rig.proxy.address()).await.unwrap();
        if !greets {
            client.write_all(b"question").await.unwrap();
        }
        let (mut server, _) = rig.upstream.accept().await.unwrap();
        assert!(rig.clock.now().since(began) >= one_way * 3, "three packets have crossed");
        if !greets {
            server.read_exact(&mut [0; 8]).await.unwrap();
        }
        server.write_all(b"answer").await.unwrap();
        client.read_exact(&mut [0; 6]).await.unwrap();
        assert!(rig.clock.now().since(began) >= one_way * 4, "and the answer is the fourth");
        drop((client, server));
        assert!(rig.ended().await[0].hits.is_empty(), "a quiet network hits nobody");
    }
}

/// A connection that comes in the dark reaches the server once there is light and a handshake has crossed; its hit says why.
#[tokio::test]
async fn a_dark_path_carries_no_handshake_and_says_why() {
    let rig = Rig::new(vec![testing::routing("wan", |_| true)]).await;
    tokio::time::sleep_until(rig.clock.instant(crate::base::SimTime::from_millis(7_500))).await;
    let (client, server) = rig.connect().await;
    assert!(rig.clock.now() >= crate::base::SimTime::from_millis(8_060));
    drop((client, server));
    let hit = rig.ended().await.remove(0).hits.remove(0);
    assert_eq!((&*hit.fault, hit.why.as_deref()), ("wan", Some("no route at a-1")));
}
