//! The kernel backend under real client kernels: what is dropped is retransmitted, times out, and recovers.
//!
//! Where segments may not be dropped (an unprivileged user on a recent Linux) the tests show that brownout says so instead:
//! the backend is an error when it is asked for, and a note when it is not.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::support::{EchoServer, Live, Manner, PATIENCE, Sandbox, count, list, named, play, python, string};

const KERNEL: [&str; 2] = ["--backend", "kernel"];

fn scenario(upstream: impl std::fmt::Display, faults: &str) -> String {
    format!(
        "name: kernel\nduration: 10m\nallow_untouched: true\nservices: {{ echo: {{ upstream: '{upstream}' }} }}\n{faults}"
    )
}

/// A run with the kernel backend; none where the kernel does not permit it, which is then what was shown.
fn start(upstream: impl std::fmt::Display, faults: &str) -> Option<Live> {
    let scenario = scenario(upstream, faults);
    if brownout_may_filter() {
        return Some(Live::start(&scenario, &KERNEL));
    }
    let refused = play(&scenario, &KERNEL, "true");
    refused.expect_code(3);
    assert!(refused.ran.stderr.contains("docs/backends.md"), "{}", refused.ran.stderr);
    None
}

/// Whether this process, and so its children, may attach a filter: the same call that brownout makes.
fn brownout_may_filter() -> bool {
    let keep = socket2::SockFilter::new(0x06, 0, 0, u32::MAX);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.attach_filter(&[keep]).is_ok()
}

fn connected(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).expect("it is light");
    client.set_read_timeout(Some(PATIENCE)).expect("patience is not zero");
    client.set_nodelay(true).expect("a live socket takes options");
    client
}

#[expect(clippy::disallowed_methods, reason = "the tests live on the wall clock, outside any runtime")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn exchange(client: &mut TcpStream) -> std::io::Result<()> {
    client.write_all(b"ping")?;
    let mut echoed = [0; 4];
    client.read_exact(&mut echoed)?;
    assert_eq!(&echoed, b"ping");
    Ok(())
}

/// The bucket that the filter must compute, written down once more from its definition.
fn bucket(client: SocketAddr) -> u32 {
    let address = match client.ip().to_canonical() {
        std::net::IpAddr::V4(v4) => u32::from(v4),
        std::net::IpAddr::V6(v6) => (0..4).fold(0, |x, word| x ^ (v6.to_bits() >> (32 * word)) as u32),
    };
    let mut h = (address ^ u32::from(client.port()).wrapping_mul(0x10001)).wrapping_mul(0x9E37_79B1);
    h = (h ^ (h >> 15)).wrapping_mul(0x85EB_CA6B);
    (h ^ (h >> 13)) >> 24
}

/// Proves that a connect into the dark gets no answer at all, for as long as it retransmits its SYN; that one which is
/// patient gets through once there is light; and that the reports tell of SYNs which brownout never saw.
#[test]
fn a_connect_into_the_dark_times_out() {
    let server = EchoServer::start(Manner::AtOnce);
    let faults = "faults: [{ name: hole, at: 0s, for: 2500ms, blackhole: 100% }]";
    let Some(mut live) = start(server.address(), faults) else { return };
    let address = live.address("echo");
    let error = TcpStream::connect_timeout(&address, Duration::from_millis(1_300)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    exchange(&mut connected(address)).unwrap();
    let dropped = live.wait_for_events("syns_dropped", 1);
    assert_eq!(list(&dropped[0], "faults"), ["hole"]);
    let played = live.interrupt();
    played.expect_code(130);
    let report = played.json();
    let fault = named(&report, "faults", "hole");
    assert_eq!((string(fault, "backend"), string(fault, "effect")), ("kernel", "realised"));
    // One SYN and its repetition at the least, and the first of the second client.
    assert!(count(fault, "syns_dropped") >= 3, "{fault}");
    assert_eq!(played.events("connection_opened").len(), 1, "nobody was accepted in the dark");
}

/// Proves that the filter's bucket is user space's, by hundreds of connects over IPv4, IPv6 and mapped IPv4: whoever
/// connects at once is in a bucket that is lit, and whoever does not is in a dark one.
#[test]
fn the_filter_hashes_as_user_space_does() {
    let server = EchoServer::start(Manner::AtOnce);
    let text = format!(
        "name: buckets\nduration: 10m\nallow_untouched: true\nservices:\n  v4: {{ listen: '127.0.0.1:0', upstream: '{0}' }}\n  \
         both: {{ listen: '[::]:0', upstream: '{0}' }}\nfaults:\n  \
         - {{ service: v4, at: 0s, name: hole, blackhole: 50% }}\n  - {{ service: both, at: 0s, name: hole, blackhole: 50% }}\n",
        server.address()
    );
    if !brownout_may_filter() {
        return play(&text, &KERNEL, "true").expect_code(3);
    }
    let mut live = Live::start(&text, &KERNEL);
    let (v4, both) = (live.address("v4"), live.address("both"));
    let mut targets = vec![v4, SocketAddr::from(([127, 0, 0, 1], both.port()))];
    if TcpListener::bind("[::1]:0").is_ok() {
        targets.push(SocketAddr::new("::1".parse().unwrap(), both.port()));
    }
    for (place, target) in targets.into_iter().enumerate() {
        let mut clients = Vec::new();
        for _ in 0..300 {
            let socket = Socket::new(Domain::for_address(target), Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _under_way = socket.connect(&target.into());
            clients.push(socket);
        }
        // Whoever gets an answer gets it at once; a repeated SYN would meet the same darkness.
        pause(Duration::from_millis(200));
        let (mut lit, mut dark) = (Vec::new(), Vec::new());
        for socket in &clients {
            let client = socket.local_addr().unwrap().as_socket().unwrap();
            let side = if socket.peer_addr().is_ok() { &mut lit } else { &mut dark };
            side.push(bucket(client));
        }
        assert!(lit.len() > 60 && dark.len() > 60, "{place}: {} lit, {} dark", lit.len(), dark.len());
        assert!(lit.iter().all(|bucket| !dark.contains(bucket)), "{place}: a bucket is both");
    }
    live.interrupt().expect_code(130);
}

/// Proves that filters come and go while SYNs arrive: connects during a path that flaps fast all end well, none is refused.
#[test]
fn connects_survive_a_flapping_path() {
    let server = EchoServer::start(Manner::AtOnce);
    let faults = "faults: [{ at: 0s, every: 20ms, for: 10ms, repeat: 250, blackhole: 30% }]";
    let Some(mut live) = start(server.address(), faults) else { return };
    let address = live.address("echo");
    let clients = (0..200).map(|n| {
        pause(Duration::from_millis(n % 4));
        std::thread::spawn(move || exchange(&mut connected(address)))
    });
    for client in clients.collect::<Vec<_>>() {
        client.join().unwrap().unwrap();
    }
    live.interrupt().expect_code(130);
}

/// Proves that a client whose segments are not acknowledged gives up by `TCP_USER_TIMEOUT`, and that one which waits is served
/// after the blackhole, by its own kernel's retransmission.
#[test]
fn unacknowledged_data_times_out_or_recovers() {
    let server = EchoServer::start(Manner::AtOnce);
    let faults = "faults: [{ name: hole, at: 1s, for: 3s, blackhole: 100% }]";
    let Some(mut live) = start(server.address(), faults) else { return };
    let address = live.address("echo");
    let (mut hasty, mut patient) = (connected(address), connected(address));
    exchange(&mut hasty).unwrap();
    exchange(&mut patient).unwrap();
    SockRef::from(&hasty).set_tcp_user_timeout(Some(Duration::from_millis(900))).unwrap();
    pause(Duration::from_millis(1_300));
    patient.write_all(b"late").unwrap();
    assert_eq!(exchange(&mut hasty).unwrap_err().kind(), ErrorKind::TimedOut);
    let mut echoed = [0; 4];
    patient.read_exact(&mut echoed).unwrap();
    assert_eq!(&echoed, b"late");
    exchange(&mut patient).unwrap();
    drop(patient);
    let played = live.interrupt();
    let hits = |event: &serde_json::Value| event["hits"][0]["fault"] == "hole";
    assert!(played.events("connection_ended").iter().all(hits), "both have met it");
}

/// Proves that a dead peer is found by keepalive alone, without a byte being sent.
#[test]
fn keepalive_finds_a_dead_path() {
    let server = EchoServer::start(Manner::AtOnce);
    let Some(mut live) = start(server.address(), "faults: [{ name: hole, at: 1s, blackhole: 100% }]") else {
        return;
    };
    let mut client = connected(live.address("echo"));
    exchange(&mut client).unwrap();
    let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(1));
    let keepalive = keepalive.with_interval(Duration::from_secs(1)).with_retries(1);
    SockRef::from(&client).set_tcp_keepalive(&keepalive).unwrap();
    assert_eq!(client.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::TimedOut);
    live.interrupt().expect_code(130);
}

/// Proves that of a path that is dark only to the client the request arrives, and nothing comes back until there is light.
#[test]
fn a_one_way_blackhole_lets_requests_through() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let faults = "faults: [{ name: hole, at: 1s, for: 2s, direction: to_client, blackhole: 100% }]";
    let Some(mut live) = start(listener.local_addr().unwrap(), faults) else { return };
    let mut client = connected(live.address("echo"));
    client.write_all(b"one").unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    server.read_exact(&mut [0; 3]).unwrap();
    pause(Duration::from_millis(1_300));
    client.write_all(b"two").unwrap();
    server.read_exact(&mut [0; 3]).unwrap();
    server.write_all(b"answer").unwrap();
    client.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert_eq!(client.read(&mut [0; 6]).unwrap_err().kind(), ErrorKind::WouldBlock, "the answer is lost");
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = [0; 6];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"answer");
    live.interrupt().expect_code(130);
}

/// Proves that under 20 % loss both ways, and under loss in bursts, 20 MiB arrive as they were sent, up and down.
#[test]
fn data_is_intact_under_loss() {
    const SNIPPET: &str = "
import hashlib, random, socket, sys, threading
data = random.Random(7).randbytes(20 << 20)
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
def send():
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
echoed = hashlib.sha256()
while chunk := s.recv(1 << 20):
    echoed.update(chunk)
print(echoed.hexdigest() == hashlib.sha256(data).hexdigest())
";
    let server = EchoServer::start(Manner::AtOnce);
    for loss in ["20%", "{ good: { mean: 30ms }, bad: { mean: 20ms, ratio: 50% } }"] {
        let Some(mut live) =
            start(server.address(), &format!("faults: [{{ name: bad, at: 0s, loss: {loss} }}]"))
        else {
            return;
        };
        let port = live.address("echo").port().to_string();
        let Some(ran) = python(&Sandbox::new(), SNIPPET, &[&port]) else { return };
        assert_eq!(ran.stdout, "True\n", "{}", ran.stderr);
        let report = live.interrupt().json();
        let fault = named(&report, "faults", "bad");
        assert_eq!((string(fault, "backend"), count(fault, "connections_hit")), ("kernel", 1));
    }
}

/// Proves that filters act where a fault takes some connections only: they are accepted, and then nothing is acknowledged.
#[test]
fn who_is_drawn_is_accepted_into_the_dark() {
    let server = EchoServer::start(Manner::AtOnce);
    let faults = "faults: [{ name: hole, at: 0s, peers: [127.0.0.1], blackhole: 100% }]";
    let Some(mut live) = start(server.address(), faults) else { return };
    let mut client = connected(live.address("echo"));
    live.wait_for_events("connection_opened", 1);
    SockRef::from(&client).set_tcp_user_timeout(Some(Duration::from_millis(700))).unwrap();
    assert_eq!(exchange(&mut client).unwrap_err().kind(), ErrorKind::TimedOut);
    live.interrupt().expect_code(130);
}

/// Proves that each backend is told: what was asked for, and what came of `auto`.
#[test]
fn reports_name_the_backend() {
    let server = EchoServer::start(Manner::AtOnce);
    let text = scenario(server.address(), "faults: [{ name: bad, at: 0s, loss: 1% }]");
    let told = |args: &[&str]| {
        let mut live = Live::start(&text, args);
        exchange(&mut connected(live.address("echo"))).unwrap();
        let played = live.interrupt();
        let report = played.json();
        let backend = string(named(&report, "faults", "bad"), "backend").to_owned();
        let header = played.events("run_started").remove(0);
        assert_eq!(named(&header, "faults", "bad")["backend"], backend.as_str());
        (backend, string(&header, "replay").contains("--backend auto"))
    };
    assert_eq!(told(&["--backend", "userspace"]), ("userspace".into(), false));
    let auto = if brownout_may_filter() { "kernel" } else { "userspace" };
    assert_eq!(told(&["--backend", "auto"]), (auto.into(), true));
}
