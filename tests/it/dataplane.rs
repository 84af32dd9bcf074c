//! The data plane under real clients: half-closes, resets, names, many connections, and no file descriptors left.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use socket2::SockRef;

use crate::support::play::{SCENARIO, outputs};
use crate::support::{
    ConnectionSeen, EchoServer, End, Live, Manner, PATIENCE, Sandbox, brownout, count, list, named, number,
    python, string, wait_for,
};

fn scenario(upstream: impl std::fmt::Display) -> String {
    format!("name: data plane\nduration: 10m\nservices: {{ echo: {{ upstream: '{upstream}' }} }}\n")
}

fn connect(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).expect("brownout listens");
    client.set_read_timeout(Some(PATIENCE)).expect("patience is not zero");
    client
}

fn exchange(client: &mut TcpStream) -> std::io::Result<()> {
    client.write_all(b"ping")?;
    let mut echoed = [0; 4];
    client.read_exact(&mut echoed)?;
    assert_eq!(&echoed, b"ping");
    Ok(())
}

/// The cause of the one connection that the run is about.
fn only_cause(live: Live) -> Value {
    let played = live.interrupt();
    played.expect_code(130);
    let ended = played.events("connection_ended");
    assert_eq!(ended.len(), 1, "{ended:?}");
    ended[0]["cause"].clone()
}

/// Proves that a FIN goes through alone: the server answers only after it has seen the client's, and the client reads the
/// whole answer afterwards.
#[test]
fn a_half_close_goes_through() {
    let server = EchoServer::start(Manner::AfterEof);
    let mut live = Live::start(&scenario(server.address()), &[]);
    let snippet = "
import socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
s.sendall(b'x' * 300000)
s.shutdown(socket.SHUT_WR)
answer = b''
while chunk := s.recv(65536):
    answer += chunk
print(len(answer), set(answer) == {ord('x')})
";
    let port = live.address("echo").port().to_string();
    let Some(ran) = python(&Sandbox::new(), snippet, &[&port]) else { return };
    assert_eq!(ran.stdout, "300000 True\n", "{}", ran.stderr);
    assert_eq!(server.seen(1)[0].end, End::Eof);
    assert_eq!(only_cause(live), json!({"by": "client", "how": "closed"}));
}

/// Proves that a FIN that comes before the server is dialled is kept for it: the path is dark when the client closes its
/// half, and lit when the server reads. A FIN that was lost would leave the server waiting, and the test with it.
#[test]
fn a_half_close_before_the_dial_is_not_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let faults = "faults: [{ at: 0s, for: 1500ms, blackhole: 100%, allow_untouched: true }]";
    let scenario = format!("{}{faults}", scenario(listener.local_addr().unwrap()));
    let mut live = Live::start(&scenario, &[]);
    let mut client = connect(live.address("echo"));
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(server.read(&mut [0; 4]).unwrap(), 0, "the client's FIN");
    server.write_all(b"late").unwrap();
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "late");
    drop(client);
    assert_eq!(only_cause(live), json!({"by": "client", "how": "closed"}));
}

/// Proves that a client's RST reaches the server as an RST, and is journaled as the client's.
#[test]
fn a_reset_by_the_client_goes_through() {
    let server = EchoServer::start(Manner::AtOnce);
    let mut live = Live::start(&scenario(server.address()), &[]);
    let snippet = "
import socket, struct, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
s.sendall(b'ping')
while len(s.recv(4, socket.MSG_PEEK)) < 4: pass
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
s.close()
";
    let port = live.address("echo").port().to_string();
    let Some(ran) = python(&Sandbox::new(), snippet, &[&port]) else { return };
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(server.seen(1), [ConnectionSeen { received: b"ping".to_vec(), end: End::Reset }]);
    assert_eq!(only_cause(live), json!({"by": "client", "how": "reset"}));
}

/// Proves that a server's RST reaches the client as an RST, and is journaled as the server's.
#[test]
fn a_reset_by_the_server_goes_through() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut live = Live::start(&scenario(listener.local_addr().unwrap()), &[]);
    let mut client = connect(live.address("echo"));
    client.write_all(b"ping").unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.read_exact(&mut [0; 4]).unwrap();
    SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    let error = client.read(&mut [0; 4]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(only_cause(live), json!({"by": "server", "how": "reset"}));
}

/// Proves that an upstream's name is resolved when a connection needs it, and that one which nobody listens at is an
/// observation: the client gets an RST, the journal the reason, and the next connection its own try.
#[test]
fn a_host_name_is_resolved_at_each_dial() {
    let server = EchoServer::start(Manner::AtOnce);
    let mut live = Live::start(&scenario(format!("localhost:{}", server.address().port())), &[]);
    exchange(&mut connect(live.address("echo"))).unwrap();
    assert_eq!(only_cause(live), json!({"by": "client", "how": "closed"}));

    let mut live = Live::start(&scenario("no-such-host.invalid:80"), &[]);
    let error = exchange(&mut connect(live.address("echo"))).unwrap_err();
    assert!(error.kind() != std::io::ErrorKind::WouldBlock, "it was told: {error}");
    let ended = live.wait_for_events("connection_ended", 1);
    assert_eq!(string(&ended[0]["cause"], "by"), "unreachable", "{ended:?}");
    live.interrupt().expect_code(130);
}

/// Proves that a hundred connections stand side by side, none waiting for another: all of them are open before the first
/// byte moves, and each is served in whatever order it speaks.
#[test]
fn a_hundred_idle_connections_stand_side_by_side() {
    let server = EchoServer::start(Manner::AtOnce);
    let mut live = Live::start(&scenario(server.address()), &[]);
    let address = live.address("echo");
    let mut clients: Vec<TcpStream> = (0..100).map(|_| connect(address)).collect();
    let opened = live.wait_for_events("connection_opened", 100);
    assert_eq!(opened.len(), 100);
    clients.iter_mut().rev().for_each(|client| exchange(client).unwrap());
    drop(clients);
    let played = live.interrupt();
    played.expect_code(130);
    let json = played.json();
    let echo = named(&json, "services", "echo");
    assert_eq!((count(echo, "connections_ended"), count(echo, "connections_open")), (100, 0));
    assert_eq!((count(echo, "bytes_to_server"), count(echo, "bytes_to_client")), (400, 400));
    assert_eq!(count(&echo["ended_by"]["client"], "closed"), 100, "{echo}");
}

/// Proves that running out of file descriptors is survived: brownout tells it, keeps the connections that it has, and
/// serves again once there is room.
#[test]
fn running_out_of_file_descriptors_is_survived() {
    let server = EchoServer::start(Manner::AtOnce);
    let brownout = brownout().get_program().to_string_lossy().into_owned();
    let script = format!("ulimit -n 40; exec '{brownout}' run {SCENARIO} {}", outputs().join(" "));
    let mut live = Live::start_with(&scenario(server.address()), Command::new("sh").args(["-c", &script]));
    let address = live.address("echo");
    // Each takes two descriptors, so the limit is met long before the sixtieth; the rest wait in the backlog.
    let clients: Vec<TcpStream> = (0..60).map(|_| connect(address)).collect();
    let troubles = live.wait_for_events("accept_trouble", 1);
    assert_eq!(string(&troubles[0], "service"), "echo");
    assert!(string(&troubles[0], "reason").contains("can't accept"), "{troubles:?}");
    drop(clients);
    wait_for("service after the flood", || exchange(&mut connect(address)).ok());
    live.signal(Signal::INT);
    let played = live.wait();
    played.expect_code(130);
    let json = played.json();
    let troubles = &named(&json, "services", "echo")["accept_troubles"];
    assert!(count(troubles, "total") >= 1, "{troubles}");
    // One episode is told once: a flood of troubles would flood the journal as well.
    assert!(count(troubles, "total") <= 60, "{troubles}");
}

/// Proves that bytes are the same on both sides, whatever their number and however they are cut, with a latency and without;
/// and that a latency is no rate limit: megabytes pass in the one delay.
#[test]
fn bytes_arrive_as_they_were_sent() {
    let server = EchoServer::start(Manner::AfterEof);
    let faults = "faults: [{ name: detour, at: 0s, latency: 50ms, direction: both, probability: 50% }]";
    let mut live = Live::start(&format!("{}{faults}", scenario(server.address())), &["--seed", "3"]);
    let address = live.address("echo");
    let sent: Vec<u8> = (0..3_000_001_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for _ in 0..6 {
        let mut client = connect(address);
        client.write_all(&sent).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert!(received == sent, "{} bytes came back of {}", received.len(), sent.len());
    }
    let played = live.interrupt();
    let ended = played.events("connection_ended");
    let hits: Vec<&[Value]> = ended.iter().map(|ended| list(ended, "hits")).collect();
    assert!(hits.iter().any(|hits| hits.is_empty()) && hits.iter().any(|hits| !hits.is_empty()), "{hits:?}");
    for (ended, hits) in ended.iter().zip(&hits) {
        assert_eq!(
            (count(ended, "bytes_to_server"), count(ended, "bytes_to_client")),
            (3_000_001, 3_000_001)
        );
        let Some(hit) = hits.first() else { continue };
        assert_eq!((count(hit, "bytes"), number(hit, "delay_max_s")), (6_000_002, 0.05));
        // There and back again.
        assert!(number(ended, "age_s") >= 0.1, "{ended}");
    }
}
