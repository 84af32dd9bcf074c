//! One attempt: connect, request, first byte, body, content.
//!
//! HTTP goes through hyper's connection, never through a client with a pool: a pool retries behind the monitor's back and
//! hides how connections end. Time runs from before the connect; when the timeout is up, the phase under way has failed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use crate::base::FlowBucket;
use crate::base::limits::PROBE_BODY_BYTES_MAX;
use crate::event::{Phase, ProbeFailure};

/// What a probe checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// That a TCP connection comes about.
    Tcp,
    /// That a `GET` is answered as expected.
    Http {
        /// The path with its query.
        path: Arc<str>,
        /// The `Host` header.
        host: Arc<str>,
        /// The status expected; any below 400, if not given.
        status: Option<u16>,
        /// The body must contain this text.
        body_contains: Option<Arc<str>>,
        /// The body must have at least so many bytes.
        body_at_least: u64,
    },
}

/// How an attempt came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Why it failed, if it did.
    pub failure: Option<ProbeFailure>,
    /// How long it took in all.
    pub latency: Duration,
    /// How long the connect took, if it came about.
    pub connect: Option<Duration>,
    /// From the start to the first byte of the answer.
    pub first_byte: Option<Duration>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The flow bucket of the connection.
    pub bucket: Option<FlowBucket>,
}

/// What is known so far; read when the time is up.
#[derive(Debug, Default)]
struct Progress {
    connect: Option<Duration>,
    first_byte: Option<Duration>,
    status: Option<u16>,
    bucket: Option<FlowBucket>,
}

/// Checks `target` once, within `timeout`.
pub async fn attempt(check: &Check, target: SocketAddr, timeout: Duration) -> Outcome {
    let began = tokio::time::Instant::now();
    let mut progress = Progress::default();
    let steps = tokio::time::timeout(timeout, steps(check, target, began, &mut progress)).await;
    let failure = steps.unwrap_or_else(|_elapsed| {
        let phase = progress.phase();
        let waited_for = match phase {
            Phase::Connect => "no connection",
            Phase::FirstByte => "no answer",
            Phase::Body | Phase::Content => "the answer stopped",
        };
        Err(ProbeFailure { phase, timeout: true, reason: waited_for.into() })
    });
    let Progress { connect, first_byte, status, bucket } = progress;
    Outcome { failure: failure.err(), latency: began.elapsed(), connect, first_byte, status, bucket }
}

async fn steps(
    check: &Check,
    target: SocketAddr,
    began: tokio::time::Instant,
    progress: &mut Progress,
) -> Result<(), ProbeFailure> {
    let stream = TcpStream::connect(target).await.map_err(|error| failed(Phase::Connect, &error))?;
    progress.connect = Some(began.elapsed());
    progress.bucket = stream.local_addr().ok().map(FlowBucket::of);
    let Check::Http { path, host, status: wanted, body_contains, body_at_least } = check else {
        return Ok(());
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(Phase::FirstByte, &error))?;
    let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
    let request = Request::get(&**path)
        .header(header::HOST, &**host)
        .header(header::USER_AGENT, concat!("brownout/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| failed(Phase::FirstByte, &error))?;
    let answer = sender.send_request(request).await.map_err(|error| failed(Phase::FirstByte, &error))?;
    progress.first_byte = Some(began.elapsed());
    progress.status = Some(answer.status().as_u16());
    let status = answer.status().as_u16();
    let body = read_body(answer.into_body()).await?;
    check_content(status, *wanted, body_contains.as_deref(), *body_at_least, &body)
}

/// Reads a body up to [`PROBE_BODY_BYTES_MAX`]; what lies beyond is not looked at.
async fn read_body(mut body: hyper::body::Incoming) -> Result<Vec<u8>, ProbeFailure> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failed(Phase::Body, &error))?;
        if let Some(data) = frame.data_ref() {
            bytes.extend_from_slice(data);
        }
        if bytes.len() >= PROBE_BODY_BYTES_MAX {
            break;
        }
    }
    Ok(bytes)
}

fn check_content(
    status: u16,
    wanted: Option<u16>,
    contains: Option<&str>,
    at_least: u64,
    body: &[u8],
) -> Result<(), ProbeFailure> {
    let wrong =
        |reason: String| Err(ProbeFailure { phase: Phase::Content, timeout: false, reason: reason.into() });
    match wanted {
        Some(wanted) if status != wanted => return wrong(format!("status {status}, expected {wanted}")),
        None if status >= 400 => return wrong(format!("status {status}")),
        _ => {}
    }
    if (body.len() as u64) < at_least {
        return wrong(format!("a body of {} bytes, expected at least {at_least}", body.len()));
    }
    match contains {
        Some(text) if !body.windows(text.len().max(1)).any(|window| window == text.as_bytes()) => {
            wrong(format!("the body does not contain `{text}`"))
        }
        _ => Ok(()),
    }
}

fn failed(phase: Phase, error: &(dyn std::error::Error + 'static)) -> ProbeFailure {
    // hyper says what it was doing; what happened is in its cause.
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        reason = format!("{reason}: {inner}");
        cause = inner.source();
    }
    ProbeFailure { phase, timeout: false, reason: reason.into() }
}

// === impl Progress ===

impl Progress {
    const fn phase(&self) -> Phase {
        match (self.connect, self.first_byte) {
            (None, _) => Phase::Connect,
            (Some(_), None) => Phase::FirstByte,
            (Some(_), Some(_)) => Phase::Body,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn http(status: Option<u16>, contains: Option<&str>) -> Check {
        Check::Http {
            path: "/health".into(),
            host: "test".into(),
            status,
            body_contains: contains.map(Into::into),
            body_at_least: 0,
        }
    }

    /// Serves one connection: reads a request, answers these bytes, then keeps the connection or closes it.
    async fn against(answer: &'static [u8], keep: bool, check: Check) -> Outcome {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1_024];
            let _read = stream.read(&mut request).await.unwrap();
            stream.write_all(answer).await.unwrap();
            if keep {
                std::future::pending::<()>().await;
            }
        });
        let outcome = attempt(&check, target, Duration::from_millis(300)).await;
        server.abort();
        outcome
    }

    fn phase(outcome: &Outcome) -> Option<(Phase, bool)> {
        outcome.failure.as_ref().map(|failure| (failure.phase, failure.timeout))
    }

    #[tokio::test]
    async fn failures_name_their_phase() {
        const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        type Case = (&'static [u8], bool, Check, Option<(Phase, bool)>);
        let cases: [Case; 8] = [
            (WHOLE, true, http(None, None), None),
            (WHOLE, true, http(Some(200), Some("ok")), None),
            (WHOLE, true, http(Some(204), None), Some((Phase::Content, false))),
            (WHOLE, true, http(None, Some("fine")), Some((Phase::Content, false))),
            (b"", true, http(None, None), Some((Phase::FirstByte, true))),
            (b"", false, http(None, None), Some((Phase::FirstByte, false))),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
                true,
                http(None, None),
                Some((Phase::Body, true)),
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
                false,
                http(None, None),
                Some((Phase::Body, false)),
            ),
        ];
        for (answer, keep, check, expected) in cases {
            let outcome = against(answer, keep, check.clone()).await;
            assert_eq!(phase(&outcome), expected, "{check:?}: {outcome:?}");
        }
    }

    #[tokio::test]
    async fn a_refused_connect_is_not_a_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        drop(listener);
        let outcome = attempt(&Check::Tcp, target, Duration::from_secs(5)).await;
        assert_eq!(phase(&outcome), Some((Phase::Connect, false)));
        assert_eq!((outcome.connect, outcome.bucket), (None, None));
    }

    #[tokio::test]
    async fn a_tcp_check_needs_no_answer() {
        let outcome = against(b"", true, Check::Tcp).await;
        assert_eq!(phase(&outcome), None);
        assert!(outcome.connect.is_some() && outcome.bucket.is_some());
    }
}
