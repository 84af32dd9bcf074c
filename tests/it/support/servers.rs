//! Servers that say what they saw: an echo over TCP, and an HTTP server with one fixed answer.
//!
//! Both listen on a loopback port of the kernel's choice and serve each connection on a thread of its own until its
//! client ends it. They stop with the test's process: a thread that waits for a client costs nothing.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::wait_for;

/// When an [`EchoServer`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As the bytes come in.
    AtOnce,
    /// All of them, after the client has closed its half: proves that a half-close travels alone.
    AfterEof,
}

/// How the client's half of a connection ended, as the server saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A FIN.
    Eof,
    /// An RST.
    Reset,
}

/// A connection that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionSeen {
    /// What the client sent.
    pub(crate) received: Vec<u8>,
    /// How the client ended it.
    pub(crate) end: End,
}

/// Sends back what it gets.
pub(crate) struct EchoServer {
    address: SocketAddr,
    seen: Log<ConnectionSeen>,
}

/// Answers every request with 200 and the same body; keeps connections alive.
pub(crate) struct HttpServer {
    address: SocketAddr,
    requests: Log<String>,
}

type Log<T> = Arc<Mutex<Vec<T>>>;

// === impl EchoServer ===

impl EchoServer {
    pub(crate) fn start(manner: Manner) -> Self {
        let seen: Log<ConnectionSeen> = Log::default();
        let log = Arc::clone(&seen);
        let address = serve(move |stream| {
            push(&log, echo(&stream, manner));
        });
        Self { address, seen }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The ended connections, once there are `count`.
    pub(crate) fn seen(&self, count: usize) -> Vec<ConnectionSeen> {
        wait_for_entries(&self.seen, count)
    }
}

// === impl HttpServer ===

impl HttpServer {
    pub(crate) fn start(body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let requests: Log<String> = Log::default();
        let log = Arc::clone(&requests);
        // A client that goes away in the midst of an answer is no failure of the server.
        let address = serve(move |stream| drop(answer_all(&stream, &body, &log)));
        Self { address, requests }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The first lines of the requests so far, once there are `count`.
    pub(crate) fn requests(&self, count: usize) -> Vec<String> {
        wait_for_entries(&self.requests, count)
    }
}

fn serve(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
    let address = listener.local_addr().expect("it is bound");
    let handle = Arc::new(handle);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handle = Arc::clone(&handle);
            std::thread::spawn(move || handle(stream));
        }
    });
    address
}

fn echo(mut stream: &TcpStream, manner: Manner) -> ConnectionSeen {
    let mut received = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let end = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break End::Eof,
            Ok(count) => {
                received.extend_from_slice(&buffer[..count]);
                // A client that no longer listens may still have more to say.
                let _ = if manner == Manner::AtOnce { stream.write_all(&buffer[..count]) } else { Ok(()) };
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break End::Reset,
        }
    };
    if end == End::Eof && manner == Manner::AfterEof {
        let _ = stream.write_all(&received);
    }
    let _ = stream.shutdown(Shutdown::Write);
    ConnectionSeen { received, end }
}

fn answer_all(stream: &TcpStream, body: &[u8], log: &Log<String>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 {
                return Ok(());
            }
            if header.trim_end().is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').unwrap_or((&header, ""));
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
        push(log, request.trim_end().to_owned());
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", body.len());
        let mut writer = stream;
        writer.write_all(&[head.as_bytes(), body].concat())?;
    }
}

fn push<T>(log: &Log<T>, entry: T) {
    log.lock().expect("no holder panics").push(entry);
}

fn wait_for_entries<T: Clone>(log: &Log<T>, count: usize) -> Vec<T> {
    wait_for(&format!("{count} entries of a server"), || {
        let entries = log.lock().expect("no holder panics");
        (entries.len() >= count).then(|| entries.clone())
    })
}
