//! Faults of connections and streams as real clients meet them: errno, bytes and ends, and a journal that agrees.

use serde_json::{Value, json};

use crate::support::{
    EchoServer, Live, Manner, Nginx, Played, Sandbox, count, curl, list, named, nginx, number, play, python,
    string,
};

fn scenario(upstream: impl std::fmt::Display, fault: &str) -> String {
    format!(
        "name: faults\nseed: 7\nduration: 10m\nservices: {{ echo: {{ upstream: '{upstream}' }} }}\nfaults: [{fault}]\n"
    )
}

/// Runs a python script against the service under one fault; what it printed, and the run. Its `port` is the service's.
fn against(fault: &str, script: &str) -> Option<(String, Played)> {
    let server = EchoServer::start(Manner::AtOnce);
    let mut live = Live::start(&scenario(server.address(), fault), &[]);
    let port = live.address("echo").port().to_string();
    let script = format!(
        "
import errno, socket, sys, time
port = int(sys.argv[1])
def connect():
    s = socket.create_connection(('127.0.0.1', port))
    s.settimeout(30)
    return s
def outcome(call):
    try:
        return call()
    except socket.timeout:
        return 'silence'
    except OSError as error:
        return errno.errorcode[error.errno]
{script}"
    );
    let ran = python(&Sandbox::new(), &script, &[&port])?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let played = live.interrupt();
    played.expect_code(130);
    Some((ran.stdout.trim().to_owned(), played))
}

fn by_fault(name: &str, kind: &str) -> Value {
    json!({"by": "fault", "fault": name, "kind": kind})
}

/// The one fault of the JSON report.
fn fault_of(played: &Played) -> Value {
    list(&played.json(), "faults")[0].clone()
}

/// Proves that a connect is really refused, that a connection which lives goes on, that nobody is accepted meanwhile, and
/// that the port is the same afterwards.
#[test]
fn refuse_is_a_real_econnrefused() {
    let fault = "{ name: down, at: 1s, for: 2s, refuse: {} }";
    let script = "
live = connect()
end = time.monotonic() + 30
while outcome(connect) != 'ECONNREFUSED':
    assert time.monotonic() < end
live.sendall(b'alive')
print(live.recv(5))
while outcome(connect) == 'ECONNREFUSED':
    assert time.monotonic() < end
print(connect().sendall(b'back'))
";
    let Some((said, played)) = against(fault, script) else { return };
    assert_eq!(said, "b'alive'\nNone");
    let fault = fault_of(&played);
    assert_eq!(string(&fault, "backend"), "kernel");
    // Without a probe nothing tells of it, but for who was accepted in its first instant.
    let effect = if count(&fault, "connections_hit") > 0 { "realised" } else { "unseen" };
    assert_eq!(string(&fault, "effect"), effect, "{fault}");
}

/// Proves that what the kernel refuses is judged by the probes that were refused, and passes.
#[test]
fn refused_probes_are_what_a_refuse_met() {
    let server = EchoServer::start(Manner::AtOnce);
    let scenario = format!(
        "name: refused\nduration: 2s\nservices: {{ echo: {{ upstream: '{}' }} }}\n\
         faults: [{{ name: down, at: 500ms, for: 1s, refuse: {{}} }}]\n\
         monitors: {{ port: {{ every: 50ms, timeout: 5s, tcp: {{}} }} }}\n\
         expect: [{{ monitor: port, failures: {{ at_least: 1 }}, during: down }}]\n",
        server.address()
    );
    let played = play(&scenario, &[], "");
    played.expect_code(0);
    let fault = fault_of(&played);
    assert!(count(&fault, "probes_refused") >= 1 && string(&fault, "effect") == "realised", "{fault}");
    let judged = played.events("verdict");
    let met = judged.iter().find(|verdict| string(verdict, "subject") == "fault down").expect("a verdict");
    assert!(string(met, "observed").ends_with("refused"), "{met}");
    let refused = played.events("probe").into_iter().filter(|probe| probe["failure"]["phase"] == "connect");
    assert_eq!(refused.count() as u64, count(&fault, "probes_refused"));
}

/// Proves that one for some clients only accepts and resets, and says so.
#[test]
fn refuse_for_some_is_a_reset() {
    let fault = "{ name: down, peers: [127.0.0.1], refuse: {} }";
    let Some((said, played)) = against(fault, "print(outcome(lambda: connect().recv(1)))") else { return };
    assert_eq!(said, "ECONNRESET");
    assert_eq!(played.events("connection_ended")[0]["cause"], by_fault("down", "refuse"));
    assert_eq!(string(&fault_of(&played), "backend"), "userspace");
}

/// Proves the two ways in which a forgotten flow shows: silence, or an RST for whoever uses it.
#[test]
fn half_open_is_silent_until_it_is_used() {
    for (answer, seen) in [("silence", "silence"), ("reset", "ECONNRESET")] {
        let fault = format!("{{ name: nat, half_open: {{ after_bytes: 4B, answer: {answer} }} }}");
        let script = "
s = connect()
s.sendall(b'ping')
print(s.recv(4))
s.settimeout(1)
print(outcome(lambda: s.recv(1)))
s.sendall(b'again')
print(outcome(lambda: s.recv(1)))
";
        let Some((said, played)) = against(&fault, script) else { return };
        assert_eq!(said, format!("b'ping'\nsilence\n{seen}"));
        let ended = &played.events("connection_ended")[0];
        assert_eq!((&ended["cause"], count(ended, "bytes_to_client")), (&by_fault("nat", "half_open"), 4));
        assert_eq!(count(&list(ended, "hits")[0], "bytes"), 5, "{ended}");
    }
}

/// Proves that all bytes come before a slow end of file, and when it comes.
#[test]
fn slow_close_delays_an_end_of_file_only() {
    let script = "
s = connect()
s.sendall(b'x' * 100000)
s.shutdown(socket.SHUT_WR)
began, answer = time.monotonic(), b''
while len(answer) < 100000:
    answer += s.recv(65536)
first = time.monotonic()
assert s.recv(1) == b''
print(set(answer), len(answer), time.monotonic() - began >= 0.7)
";
    let Some((said, played)) = against("{ name: late, slow_close: 700ms }", script) else { return };
    assert_eq!(said, "{120} 100000 True");
    let ended = &played.events("connection_ended")[0];
    assert_eq!(list(ended, "hits")[0]["delay_max_s"], 0.7);
}

/// Proves that a connection beyond the limit stands and waits for its turn, and that others may be sent away.
#[test]
fn a_connection_limit_lets_wait_or_sends_away() {
    let script = "
first, second = connect(), connect()
first.sendall(b'1'); print(first.recv(1))
second.sendall(b'2'); second.settimeout(0.5)
print(outcome(lambda: second.recv(1)))
first.close(); second.settimeout(30)
print(outcome(lambda: second.recv(1)))
";
    let Some((said, played)) = against("{ name: full, connection_limit: 1 }", script) else { return };
    assert_eq!(said, "b'1'\nsilence\nb'2'");
    let hits: u64 = played.events("connection_ended").iter().map(|e| list(e, "hits").len() as u64).sum();
    assert_eq!((hits, count(&fault_of(&played), "connections_hit")), (1, 1));
    for (beyond, seen) in [("reset", "ECONNRESET"), ("close", "b''")] {
        let fault = format!("{{ name: full, connection_limit: {{ max: 1, beyond: {beyond} }} }}");
        let script = "
first = connect()
first.sendall(b'1'); first.recv(1)
print(outcome(lambda: connect().recv(1)))
";
        let Some((said, played)) = against(&fault, script) else { return };
        assert_eq!(said, seen);
        let ended = played.events("connection_ended");
        assert!(ended.iter().any(|e| e["cause"] == by_fault("full", "connection_limit")), "{ended:?}");
    }
}

/// Proves that an answer that drips is whole, and comes in pieces: through nginx and curl, byte for byte.
#[test]
fn a_sliced_answer_is_whole() {
    let Some(server) = nginx() else { return };
    let fault = "{ name: drip, slicer: { size: 8kB, variation: 3kB, delay: 1ms } }";
    let mut live = Live::start(&scenario(server.address(), fault), &[]);
    let (sandbox, url) = (Sandbox::new(), format!("http://{}/1MiB", live.address("echo")));
    let Some(ran) = curl(&sandbox, &["-o", "body", &url]) else { return };
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let body = fs_err::read(sandbox.path().join("body")).unwrap();
    assert!(body == Nginx::bytes(1 << 20), "{} bytes", body.len());
    let played = live.interrupt();
    played.expect_code(130);
    let ended = &played.events("connection_ended")[0];
    // At most 11 kB each, and their pauses between them.
    assert!(number(ended, "age_s") >= 0.001 * (f64::from(1 << 20) / 11_000.0 - 1.0), "{ended}");
    assert_eq!(count(&list(ended, "hits")[0], "bytes"), count(ended, "bytes_to_client"));
}

/// Proves that the bits that a client finds wrong are those that the journal lists, and the same in every run of a seed.
#[test]
fn flipped_bits_are_journaled_and_repeat() {
    let script = "
s = connect()
sent = bytes(i * 7 % 256 for i in range(100000))
s.sendall(sent)
s.shutdown(socket.SHUT_WR)
answer = b''
while chunk := s.recv(4096):
    answer += chunk
assert len(answer) == len(sent)
flips = [(i, bit) for i in range(len(sent)) for bit in range(8) if (sent[i] ^ answer[i]) >> bit & 1]
print('[' + ', '.join(f'[{i}, {bit}]' for i, bit in flips) + ']')
";
    let once = || {
        let (said, played) = against("{ name: noise, corrupt: 20% }", script)?;
        let seen: Vec<(u64, u64)> = serde_json::from_str(&said).unwrap();
        let hit = list(&played.events("connection_ended")[0], "hits")[0].clone();
        let place = |flip: &Value| (count(flip, "offset"), count(flip, "bit"));
        let told: Vec<(u64, u64)> = list(&hit, "flips").iter().map(place).collect();
        assert_eq!((count(&hit, "flipped"), &told), (seen.len() as u64, &seen));
        assert_eq!(count(&fault_of(&played), "bits_flipped"), seen.len() as u64);
        // 69 segments, a fifth of them.
        assert!((3..40).contains(&seen.len()), "{seen:?}");
        assert_eq!(named(&played.json(), "services", "echo")["bytes_to_client"], 100_000);
        Some(seen)
    };
    let Some(first) = once() else { return };
    assert_eq!(Some(first), once());
}
