//! One seed, one story: what is drawn for the n-th connection, and when faults come and go, is the seed's alone.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::{EchoServer, Live, Manner, list, named, string};

/// So many connections, one after the other, so that the order of acceptance is the order of the test.
const CONNECTIONS: usize = 24;

/// A fault that takes half of the connections and delays each by a draw of its own, and one that comes and goes.
const FAULTS: &str = "faults:
  - { name: sometimes, service: echo, probability: 50%, latency: 10ms~9ms }
  - { name: gusts, service: echo, at: 1s, bursts: { mean_active: 2s, mean_pause: 3s }, bandwidth: 1GB/s, allow_untouched: true }
";
/// Faults that have nothing to do with them: another kind on the same service, the same kind on another one.
const UNRELATED: &str = "  - { name: stranger, service: echo, probability: 30%, latency: 1ms~1ms }
  - { name: neighbour, service: other, latency: 5ms~5ms, probability: 50%, allow_untouched: true }
";

/// What a run drew.
#[derive(Debug, PartialEq)]
struct Drawn {
    /// Of the fault that takes some connections: whether it took the n-th, and for how long it held the bytes back.
    connections: Vec<(bool, Option<f64>)>,
    /// When the other one is in force.
    windows: Value,
}

fn draw(seed: &str, more_faults: &str) -> Drawn {
    let echo = EchoServer::start(Manner::AtOnce);
    let address = echo.address();
    let scenario = format!(
        "name: draws
duration: 60s
services: {{ echo: {{ upstream: '{address}' }}, other: {{ upstream: '{address}' }} }}
{FAULTS}{more_faults}"
    );
    let mut live = Live::start(&scenario, &["--seed", seed]);
    let target = live.address("echo");
    for _ in 0..CONNECTIONS {
        let mut client = TcpStream::connect(target).expect("brownout listens");
        client.write_all(b"ping").expect("brownout reads");
        client.read_exact(&mut [0; 4]).expect("the echo comes back");
    }
    let played = live.interrupt();
    played.expect_code(130);
    let ended = played.events("connection_ended");
    let of_connection = |opened: &Value| {
        let taken = list(opened, "drawn").iter().any(|name| name == "sometimes");
        let ended = ended.iter().find(|ended| ended["ordinal"] == opened["ordinal"]).expect("it ended");
        let hit = list(ended, "hits").iter().find(|hit| string(hit, "fault") == "sometimes");
        (taken, hit.and_then(|hit| hit["delay_max_s"].as_f64()))
    };
    let connections = played.events("connection_opened").iter().map(of_connection).collect();
    let header = &played.events("run_started")[0];
    Drawn { connections, windows: named(header, "faults", "gusts")["windows"].clone() }
}

/// Proves that a run can be repeated: the same seed takes the same connections, delays them by the same nanoseconds and
/// plays the same schedule; faults that are added to the file change nothing of it; another seed changes all of it.
#[test]
fn the_seed_decides_and_nothing_else_does() {
    let first = draw("1", "");
    assert_eq!(first.connections.len(), CONNECTIONS);
    for (taken, delay) in &first.connections {
        // A delay of the taken, and of nobody else; no shorter than the mean less its jitter.
        assert_eq!(delay.is_some(), *taken, "{first:?}");
        assert!(delay.is_none_or(|delay| (0.001..=0.019).contains(&delay)), "{first:?}");
    }
    let taken = first.connections.iter().filter(|(taken, _)| *taken).count();
    assert!((1..CONNECTIONS).contains(&taken), "half of them, more or less: {first:?}");
    assert_eq!(draw("1", ""), first, "the same seed");
    assert_eq!(draw("1", UNRELATED), first, "the same seed, with unrelated faults");
    let other = draw("2", "");
    assert_ne!(other.connections, first.connections);
    assert_ne!(other.windows, first.windows);
}
