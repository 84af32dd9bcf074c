//! Testbeds over real sockets, on one thread, as a test has them.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::*;
use crate::event::{EndCause, PeerEnd, RunEnd};

/// Long enough for anything that is going to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A service that answers with what it gets.
async fn echo_service() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _gone = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    address
}

async fn echo(stream: &mut TcpStream) -> Duration {
    let before = Instant::now();
    stream.write_all(b"ping").await.unwrap();
    timeout(PATIENCE, stream.read_exact(&mut [0; 4])).await.expect("it answers").unwrap();
    before.elapsed()
}

#[tokio::test]
async fn faults_are_changed_while_a_connection_lives() {
    let bed = Testbed::to(echo_service().await).fault("latency 30ms").start().await.unwrap();
    let proxy = bed.proxy();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(echo(&mut client).await >= Duration::from_millis(30));

    let slow = proxy.change("latency@0s", "latency: 120ms").unwrap();
    assert_eq!(slow, ["latency@0s".into()]);
    assert!(echo(&mut client).await >= Duration::from_millis(120));

    proxy.pause("latency@0s").unwrap();
    let dark = proxy.add("blackhole").unwrap().remove(0);
    client.write_all(b"ping").await.unwrap();
    assert!(timeout(Duration::from_millis(300), client.read_u8()).await.is_err(), "the path is dark");
    assert_eq!(proxy.connections().len(), 1);
    proxy.remove(&dark).unwrap();
    timeout(PATIENCE, client.read_exact(&mut [0; 4])).await.expect("it was held, not lost").unwrap();
    drop(client);

    let seen = bed.stop().await;
    let ended: Vec<_> = seen.connections().collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].cause, EndCause::Client { how: PeerEnd::Closed });
    assert_eq!((seen.touched_by("latency@0s"), seen.touched_by(&dark)), (1, 1));
    assert_eq!((seen.reason, seen.events_missing), (RunEnd::Stopped, 0));
    seen.assert_met();
}

#[tokio::test]
async fn services_have_faults_of_their_own() {
    let bed = Testbed::builder()
        .fault("latency 10ms")
        .service("near", echo_service().await)
        .service("far", echo_service().await)
        .fault("latency 90ms,name=distance")
        .seed(7)
        .start()
        .await
        .unwrap();
    for (service, least) in [("near", 10), ("far", 100)] {
        let address = bed.proxy_of(service).unwrap().address();
        let mut client = TcpStream::connect(address).await.unwrap();
        assert!(echo(&mut client).await >= Duration::from_millis(least), "{service}");
    }
    assert_eq!((bed.proxy().service(), bed.proxy_of("nowhere").is_none()), ("near", true));
    let seen = bed.stop().await;
    assert_eq!((seen.connections().count(), seen.touched_by("distance")), (2, 1));
}

/// What a test leaves behind must not disturb the next one.
#[tokio::test]
async fn a_dropped_testbed_ends_its_connections_and_frees_its_port() {
    let bed = Testbed::to(echo_service().await).fault("blackhole at=1h").start().await.unwrap();
    let proxy = bed.proxy().clone();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    echo(&mut client).await;
    drop(bed);
    let end = timeout(PATIENCE, client.read(&mut [0; 1])).await.expect("it ends");
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    let freed = async {
        while TcpStream::connect(proxy.address()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, freed).await.expect("nobody listens any more");
    assert_eq!(proxy.connections().len(), 0);
}

#[tokio::test]
async fn a_scenario_is_played_and_judged() {
    let text = format!(
        "{{name: short, duration: 600ms, services: {{api: {{upstream: '{}'}}}}, \
         faults: [{{name: dark, blackhole: 100%}}], \
         monitors: {{ping: {{every: 100ms, timeout: 50ms, http: {{get: /}}}}}}, \
         expect: [{{monitor: ping, success_ratio: {{at_least: 99%}}}}]}}",
        echo_service().await
    );
    let seen = Testbed::scenario("short.yaml", &text).await.unwrap().finish().await;
    assert_eq!(seen.reason, RunEnd::Completed);
    assert!(seen.probes().count() >= 2);
    let unmet: Vec<&str> = seen.unmet().map(|verdict| &*verdict.expectation).collect();
    assert_eq!(unmet.len(), 1, "{unmet:?}");
    let told = std::panic::catch_unwind(|| seen.assert_met()).unwrap_err();
    assert!(told.downcast_ref::<String>().unwrap().contains("99%"));
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let told = Testbed::builder()
        .service("api", "localhost")
        .fault("latncy 80ms")
        .fault("loss 101%")
        .start()
        .await
        .unwrap_err();
    insta::assert_snapshot!(format!("{told:?}"));
    let missing = Testbed::scenario_file("no-such-file.yaml").await.unwrap_err();
    assert!(missing.to_string().contains("no-such-file.yaml"), "{missing}");
}
