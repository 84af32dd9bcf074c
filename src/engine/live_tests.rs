//! A run under way and live edits on it, over real sockets; bounds of time are lower bounds only.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::*;
use crate::engine::{BackendChoice, RunOptions, SignalMeans, Started, start};
use crate::event::{BrownoutReason, EndCause, Entry as Recorded, RunEnd, Sink};
use crate::scenario::load_text;

/// Keeps every event.
#[derive(Default)]
struct Kept(Vec<Recorded>);

impl Sink for Kept {
    fn record(&mut self, entry: &Recorded) {
        self.0.push(entry.clone());
    }
}

/// A run of one service that echoes, and the means to end it.
async fn run(faults: &str) -> (Started<Kept>, watch::Sender<Option<rustix::process::Signal>>) {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = upstream.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = upstream.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _gone = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    let text = format!(
        "name: live\nduration: 1h\nallow_untouched: true\nservices: {{ api: {{ upstream: '{address}' }} }}\n{faults}"
    );
    let plan = Arc::new(load_text("live.yaml", &text).unwrap());
    let (ender, signals) = watch::channel(None);
    let options = RunOptions {
        command: None,
        replay: String::new(),
        began: String::new(),
        signals,
        signal_means: SignalMeans::End,
        drain_max: Duration::from_secs(5),
        backend: BackendChoice::UserSpace,
    };
    (start(plan, options, Kept::default()).await.unwrap(), ender)
}

async fn end(run: Started<Kept>, ender: &watch::Sender<Option<rustix::process::Signal>>) -> Vec<Recorded> {
    ender.send_replace(Some(rustix::process::Signal::INT));
    let finished = run.finish().await;
    assert_eq!(finished.reason, RunEnd::Stopped);
    finished.sink.0
}

async fn echo(stream: &mut TcpStream) -> Duration {
    let before = tokio::time::Instant::now();
    stream.write_all(b"ping").await.unwrap();
    stream.read_exact(&mut [0; 4]).await.unwrap();
    before.elapsed()
}

/// Faults come, change, pause and go while megabytes flow: every byte arrives, in order, and the journal has every edit.
#[tokio::test(flavor = "multi_thread")]
async fn edits_lose_no_byte() {
    let (run, ender) = run("").await;
    let live = run.live();
    let stream = TcpStream::connect(live.services()[0].listen).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let pattern: Vec<u8> = (0..8_000_000_usize).map(|i| (i * 31 / 7) as u8).collect();
    let sent = pattern.clone();
    let writing = tokio::spawn(async move {
        writer.write_all(&sent).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let mut received = vec![0; 1_000_000];
    reader.read_exact(&mut received).await.unwrap();
    let names = live.add("api", "latency 3ms~2ms").unwrap();
    live.add("api", "bandwidth 40MB/s").unwrap();
    let mut more = vec![0; 1_000_000];
    reader.read_exact(&mut more).await.unwrap();
    received.extend(more);
    assert_eq!(live.change("api", &names[0], "latency 1ms").unwrap(), names);
    live.pause("api", &names[0], true).unwrap();
    live.pause("api", &names[0], false).unwrap();
    live.remove("api", &names[0]).unwrap();
    reader.read_to_end(&mut received).await.unwrap();
    writing.await.unwrap();
    assert!(received == pattern, "{} bytes arrived, or others", received.len());
    let events = end(run, &ender).await;
    let edits: Vec<(u64, usize)> = events
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::FaultsEdited { generation, faults, .. } => Some((*generation, faults.len())),
            _ => None,
        })
        .collect();
    assert_eq!(edits, [(1, 1), (2, 2), (3, 2), (4, 1), (5, 2), (6, 1)]);
    assert!(matches!(live.add("api", "latency 1ms"), Err(EditError::Over)));
}

/// A connection that is open meets a new fault at once, and is free of it when it is paused; what it has met is counted.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_connection_meets_edits() {
    let (run, ender) = run("faults: [{ name: slow, latency: 20ms }]").await;
    let live = run.live();
    let mut stream = TcpStream::connect(live.services()[0].listen).await.unwrap();
    assert!(echo(&mut stream).await >= Duration::from_millis(20));
    live.add("api", "latency 100ms,name=slower").unwrap();
    assert!(echo(&mut stream).await >= Duration::from_millis(120));
    let now = live.services().remove(0);
    let hits: Vec<(&str, u64)> =
        now.faults.iter().map(|fault| (&*fault.fault.parts.name, fault.touched)).collect();
    assert_eq!(hits, [("slow", 1), ("slower", 1)]);
    assert_eq!((now.generation, now.accepted, now.open), (1, 1, 1));
    let connection = live.connections("api").unwrap().remove(0);
    assert_eq!(connection.drawn, [("slow".into(), true), ("slower".into(), true)]);
    assert!(connection.dialled);
    live.pause("api", "slow", true).unwrap();
    let drawn = live.connections("api").unwrap().remove(0).drawn;
    assert!(drawn.len() <= 2, "the message may still be on its way");
    assert!(live.services()[0].faults[0].paused);
    drop(stream);
    end(run, &ender).await;
}

/// A reset that is added to an old connection counts from the edit, not from the connection's beginning.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_counts_from_when_it_was_added() {
    let (run, ender) = run("").await;
    let live = run.live();
    let mut stream = TcpStream::connect(live.services()[0].listen).await.unwrap();
    echo(&mut stream).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let before = tokio::time::Instant::now();
    live.add("api", "reset after=100ms").unwrap();
    let error = stream.read(&mut [0]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(before.elapsed() >= Duration::from_millis(100), "{:?}", before.elapsed());
    end(run, &ender).await;
}

/// Who is killed by hand is told from who is ended by a fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_is_journaled_as_such() {
    let (run, ender) = run("").await;
    let live = run.live();
    let listen = live.services()[0].listen;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(listen).await.unwrap();
        echo(&mut stream).await;
        streams.push(stream);
    }
    live.kill("api", 1).unwrap();
    assert!(streams[1].read(&mut [0]).await.is_err());
    echo(&mut streams[0]).await;
    assert!(live.kill_all("api").unwrap() >= 2);
    assert!(streams[0].read(&mut [0]).await.is_err());
    assert!(streams[2].read(&mut [0]).await.is_err());
    let events = end(run, &ender).await;
    let causes: Vec<EndCause> = events
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::ConnectionEnded(ended) => Some(ended.cause.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(causes, vec![EndCause::Brownout { why: BrownoutReason::Killed }; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told() {
    let (run, ender) = run("").await;
    let live = run.live();
    let told = |error: EditError| error.to_string();
    assert_eq!(told(live.add("web", "latency 1ms").unwrap_err()), "there is no service `web`");
    assert_eq!(told(live.remove("api", "slow").unwrap_err()), "there is no fault `slow`");
    assert_eq!(told(live.kill("api", 7).unwrap_err()), "there is no open connection `#7`");
    assert!(told(live.add("api", "latency 80").unwrap_err()).contains("expected a duration with a unit"));
    assert_eq!(live.services()[0].generation, 0, "a mistake changes nothing");
    end(run, &ender).await;
}
