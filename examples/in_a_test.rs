//! A client and its test: what it does when the network misbehaves, without a mock.
//!
//! `fetch` is the code under test: an HTTP client with a deadline and retries, as there is one in many a code base. The
//! tests at the end put brownout between it and a real service. `cargo test --example in_a_test` runs them;
//! `cargo run --example in_a_test` shows the same to a person.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use brownout::testbed::{Testbed, TestbedError};

/// How long one attempt may take, and how many there are.
const DEADLINE: Duration = Duration::from_millis(400);
const ATTEMPTS: u32 = 8;

/// Gets `/` from a server, on a new connection for each attempt. Gives the body, and how many attempts it took.
fn fetch(server: SocketAddr) -> std::io::Result<(String, u32)> {
    let attempt = || {
        let mut stream = TcpStream::connect_timeout(&server, DEADLINE)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: example\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let length = format!("Content-Length: {}", body.len());
        // An answer that was cut off is no answer.
        if head.contains(&length) {
            Ok(body.to_owned())
        } else {
            Err(std::io::ErrorKind::UnexpectedEof.into())
        }
    };
    let mut result = attempt();
    let mut attempts = 1;
    while result.is_err() && attempts < ATTEMPTS {
        result = attempt();
        attempts += 1;
    }
    result.map(|body| (body, attempts))
}

/// The service: answers every connection with 2,000 bytes.
fn service() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _request = stream.read(&mut [0; 1024]);
                let body = "x".repeat(2_000);
                let _gone = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nConnection: close\r\n\r\n{body}"
                );
            });
        }
    });
    Ok(address)
}

/// Runs the client on a thread of its own, as it blocks.
async fn fetch_from(server: SocketAddr) -> std::io::Result<(String, u32)> {
    tokio::task::spawn_blocking(move || fetch(server)).await.expect("the client does not panic")
}

#[tokio::main]
async fn main() -> Result<(), TestbedError> {
    let server = service().expect("a port is free");
    let mut out = std::io::stdout();
    for fault in ["latency 80ms~20ms", "bandwidth 20kB/s", "blackhole 50%", "reset after_bytes=1kB", "refuse"]
    {
        let bed = Testbed::to(server).fault(fault).start().await?;
        let began = tokio::time::Instant::now();
        let told = match fetch_from(bed.proxy().address()).await {
            Ok((body, attempts)) => format!("{} bytes, attempt {attempts}", body.len()),
            Err(error) => format!("failed: {error}"),
        };
        let _closed = writeln!(out, "{fault:24} {told} after {:.1?}", began.elapsed());
        bed.stop().await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_network_is_no_failure() -> Result<(), TestbedError> {
        let bed = Testbed::to(service().unwrap()).fault("latency 80ms~20ms").start().await?;
        let (body, attempts) = fetch_from(bed.proxy().address()).await.unwrap();
        assert_eq!((body.len(), attempts), (2_000, 1));
        Ok(())
    }

    /// A fifth of the flows is dark. A new connection has a new port, and so a new chance.
    #[tokio::test]
    async fn a_retry_finds_a_flow_that_is_not_dark() -> Result<(), TestbedError> {
        let bed = Testbed::to(service().unwrap()).fault("blackhole 20%,name=dark").start().await?;
        let mut retries = 0;
        for _ in 0..8 {
            let (body, attempts) = fetch_from(bed.proxy().address()).await.unwrap();
            assert_eq!(body.len(), 2_000);
            retries += attempts as usize - 1;
        }
        assert_eq!(bed.stop().await.touched_by("dark"), retries);
        Ok(())
    }

    /// The answer is cut after a kilobyte, on every attempt: the client must not take the half for the whole.
    #[tokio::test]
    async fn half_an_answer_is_an_error() -> Result<(), TestbedError> {
        let bed = Testbed::to(service().unwrap()).fault("reset after_bytes=1kB").start().await?;
        assert!(fetch_from(bed.proxy().address()).await.is_err());
        assert_eq!(bed.stop().await.touched_by("reset@0s"), ATTEMPTS as usize);
        Ok(())
    }

    /// The network fails while the client is at work, and comes back.
    #[tokio::test]
    async fn an_outage_is_outlived() -> Result<(), TestbedError> {
        let bed = Testbed::to(service().unwrap()).fault("blackhole name=outage").start().await?;
        let under_way = tokio::spawn(fetch_from(bed.proxy().address()));
        tokio::time::sleep(DEADLINE * 2).await;
        bed.proxy().remove("outage").expect("it is there");
        let (_, attempts) = under_way.await.expect("the client does not panic").unwrap();
        assert!(attempts > 1);
        Ok(())
    }
}
