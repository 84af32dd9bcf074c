//! A WAN between real clients and a real service: some ports fail while others pass, as the simulation of its routers says.

use brownout::base::{BUCKETS, FlowBucket, SimTime};
use brownout::scenario::load_text;

use crate::support::{EchoServer, Live, Manner, Sandbox, count, list, named, number, python, string};

/// Four equal paths, one of which loses everything from 1 s on; routers would take 40 s to notice.
const CUT: &str = "\
name: cut
duration: 40s
seed: 11
services: { echo: { upstream: 'UPSTREAM', path: { from: london, to: dublin } } }
wan:
  platforms: { patient: { base: frr-ospf, hello: 10s, hold: 50s } }
  platform: patient
  topology:
    sites: { london: {}, core: { routers: 4 }, dublin: {} }
    links:
      - { ends: [london, core-1], delay: 3ms }
      - { ends: [london, core-2], delay: 3ms }
      - { ends: [london, core-3], delay: 3ms }
      - { ends: [london, core-4], delay: 3ms }
      - { ends: [core-1, dublin], delay: 3ms }
      - { ends: [core-2, dublin], delay: 3ms }
      - { ends: [core-3, dublin], delay: 3ms }
      - { ends: [core-4, dublin], delay: 3ms }
  script: [{ at: 1s, link_down: { link: london-1/core-2, seen: silent } }]
";

/// Opens connections, each from a port of its own, and sends a word over each. Waits for the answers that the hash of the ports
/// promises (argument 2 lists the dark buckets), and then for a while for others. Prints port, bucket, and seconds or `dark`.
const CLIENT: &str = "
import selectors, socket, sys, time
port, dark = int(sys.argv[1]), set(map(int, sys.argv[2].split(',')))
def bucket(port):
    h = 0x7F000001 ^ (port * 0x10001 & 0xFFFFFFFF)
    h = h * 0x9E3779B1 & 0xFFFFFFFF
    h ^= h >> 15
    h = h * 0x85EBCA6B & 0xFFFFFFFF
    return (h ^ h >> 13) >> 24
waiting, begun, answered = selectors.DefaultSelector(), {}, {}
for _ in range(64):
    begin = time.monotonic()
    s = socket.create_connection(('127.0.0.1', port))
    begun[s] = begin
    s.sendall(b'ping')
    waiting.register(s, selectors.EVENT_READ)
lit = {s for s in begun if bucket(s.getsockname()[1]) not in dark}
deadline, grace = time.monotonic() + 60, None
while time.monotonic() < deadline:
    for key, _ in waiting.select(0.05):
        s = key.fileobj
        assert s.recv(4) == b'ping'
        answered[s] = time.monotonic() - begun[s]
        waiting.unregister(s)
    if grace is None and lit <= answered.keys():
        grace = deadline = min(deadline, time.monotonic() + 0.5)
for s in begun:
    p = s.getsockname()[1]
    print(p, bucket(p), answered.get(s, 'dark'))
";

/// Proves that of many connections those fail, and only those, whose buckets the library says are dark in one direction; that the
/// others take two round trips at least from the connect to the answer; and that the journal and the reports tell who took them.
#[test]
fn some_ports_fail_while_others_pass() {
    let echo = EchoServer::start(Manner::AtOnce);
    let scenario = CUT.replace("UPSTREAM", &echo.address().to_string());
    let plan = load_text("cut", &scenario).expect("a valid scenario");
    let routing = plan.faults[0].kind().routing().expect("the WAN is the first fault");
    let is_dark = |bucket: &FlowBucket| routing.why(*bucket, SimTime::from_secs(5)).is_some();
    let dark: Vec<String> = FlowBucket::all().filter(is_dark).map(|bucket| bucket.to_string()).collect();
    assert!((64..BUCKETS / 2).contains(&dark.len()), "a quarter of each direction: {}", dark.len());

    let mut live = Live::start(&scenario, &[]);
    let address = live.address("echo");
    // The beginning, then each direction: packets meet the cut after a different time on their way.
    live.wait_for_events("path_changed", 3);
    let Some(ran) = python(&Sandbox::new(), CLIENT, &[&address.port().to_string(), &dark.join(",")]) else {
        return;
    };
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let played = live.interrupt();
    played.expect_code(130);

    let opened = played.events("connection_opened");
    let mut failed = 0;
    for line in ran.stdout.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let client = format!("127.0.0.1:{}", words[0]);
        let opened =
            opened.iter().find(|opened| opened["client"] == client.as_str()).expect("it was accepted");
        assert_eq!(count(opened, "bucket").to_string(), words[1], "both hash alike");
        let expected_dark = dark.iter().any(|bucket| bucket == words[1]);
        assert_eq!(words[2] == "dark", expected_dark, "{line}");
        failed += usize::from(expected_dark);
        if !expected_dark {
            assert!(words[2].parse::<f64>().expect("seconds") >= 4.0 * 0.006, "{line}");
        }
    }
    assert!((1..64).contains(&failed), "some do, some don't: {failed} of 64");

    let changes = played.events("path_changed");
    let darkness: Vec<u64> = changes.iter().map(|changed| count(&changed["path"], "dark")).collect();
    assert!(darkness[0] == 0 && darkness[1] > 0 && darkness[2..] == [dark.len() as u64], "{darkness:?}");
    assert!((0.98..=1.0).contains(&number(&changes[1], "t")), "{}", changes[1]);
    let ended = played.events("connection_ended");
    let hits: Vec<_> = ended.iter().flat_map(|ended| list(ended, "hits")).collect();
    assert_eq!(hits.len(), failed, "a quiet path is no hit");
    for hit in hits {
        assert_eq!(string(hit, "fault"), "wan");
        assert!(string(hit, "why").ends_with("still sends into london-1/core-2, which is down"), "{hit}");
    }
    let json = played.json();
    let path = &list(&json, "paths")[0];
    assert_eq!(
        (string(path, "service"), string(path, "from"), string(path, "to")),
        ("echo", "london", "dublin")
    );
    assert!((number(path, "dark_share_max") - dark.len() as f64 / 256.0).abs() < 1e-9, "{path}");
    assert!(number(path, "dark_s") > 0.0 && number(path, "round_trip_min_s") >= 0.012, "{path}");
    assert_eq!(string(path, "backend"), "userspace");
    assert_eq!(named(&json, "faults", "wan")["effect"], "realised");
    assert!(played.ran.stdout.contains("some flows dark for"), "{}", played.ran.stdout);
}
