//! Layer 7: brownout in a Rust test: a bad network in front of a service, for as long as the test holds it.
//!
//! Reach for this instead of a mock when the question is what *your client* does when the network misbehaves: the service
//! is real, the sockets are real, and between them is the same proxy that `brownout run` and `brownout proxy` use.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::time::{Duration, Instant};
//!
//! use brownout::testbed::{Testbed, TestbedError};
//! # fn echo_service() -> std::net::SocketAddr {
//! #     let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
//! #     let address = listener.local_addr().unwrap();
//! #     std::thread::spawn(move || while let Ok((stream, _)) = listener.accept() {
//! #         std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
//! #     });
//! #     address
//! # }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), TestbedError> {
//!     let service = echo_service();
//!     let bed = Testbed::to(service).fault("latency 80ms").start().await?;
//!     let proxy = bed.proxy();
//!
//!     let address = proxy.address();
//!     let took = tokio::task::spawn_blocking(move || {
//!         let mut client = std::net::TcpStream::connect(address).unwrap();
//!         let began = Instant::now();
//!         client.write_all(b"ping").unwrap();
//!         client.read_exact(&mut [0; 4]).unwrap();
//!         began.elapsed()
//!     });
//!     assert!(took.await.unwrap() >= Duration::from_millis(80));
//!
//!     let seen = bed.stop().await;
//!     assert_eq!(seen.touched_by("latency@0s"), 1);
//!     Ok(())
//! }
//! ```
//!
//! A fault is written as a flag of `brownout proxy` is: `latency 80ms~20ms`, `blackhole 20%,at=2s,for=1s`, `reset
//! after_bytes=1kB`; `brownout faults` lists them. They are changed while connections live through a [`Proxy`]. A whole
//! scenario file with its monitors, detectors and expectations is played by [`Testbed::scenario_file`].
//!
//! Dropping a [`Testbed`] ends its connections and frees its ports; [`Testbed::stop`] does the same and tells what was
//! [observed](Observed). It needs a tokio runtime with I/O and time, of either flavour. What it leaves out: a wrapped command
//! and report files, which are the command line's.

mod builder;
mod observed;
mod proxy;

use std::path::Path;

use tokio::sync::watch;

pub use self::builder::Builder;
pub use self::observed::Observed;
use self::observed::Record;
pub use self::proxy::Proxy;
use crate::engine::{EngineError, Started};
use crate::scenario::{LoadError, Overrides, load_file, load_text};

/// A bad network under way. See the [module](self).
#[derive(Debug)]
pub struct Testbed {
    started: Started<Record>,
    proxies: Vec<Proxy>,
    ender: watch::Sender<Option<rustix::process::Signal>>,
}

/// Why there is no testbed.
#[derive(Debug, thiserror::Error)]
pub enum TestbedError {
    /// The description is not valid; every mistake is told at its place.
    #[error("{0}")]
    Invalid(#[from] LoadError),
    /// The machine does not let it run.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

// === impl Testbed ===

impl Testbed {
    /// In front of one service: `host:port`, a socket address, or a port of this machine.
    pub fn to(upstream: impl ToString) -> Builder {
        Builder::default().service("service", upstream)
    }

    /// In front of several services; each [`Builder::service`] is followed by its faults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Plays a scenario file in real time.
    pub async fn scenario_file(path: impl AsRef<Path>) -> Result<Self, TestbedError> {
        builder::play(load_file(path.as_ref(), &Overrides::default())?).await
    }

    /// Plays the text of a scenario in real time; `name` is what messages call it.
    pub async fn scenario(name: &str, text: &str) -> Result<Self, TestbedError> {
        builder::play(load_text(name, text)?).await
    }

    /// What stands in front of the first service.
    pub fn proxy(&self) -> &Proxy {
        &self.proxies[0]
    }

    /// What stands in front of the service of this name.
    pub fn proxy_of(&self, service: &str) -> Option<&Proxy> {
        self.proxies.iter().find(|proxy| proxy.service() == service)
    }

    /// Ends it now, and tells what was observed. Connections that are open get a moment (`TESTBED_DRAIN_MAX`) to end by
    /// themselves, so that one that its client has just closed counts as closed by its client.
    pub async fn stop(self) -> Observed {
        self.ender.send_replace(Some(rustix::process::Signal::INT));
        self.finish().await
    }

    /// Waits for the end of the scenario, and tells what was observed. A testbed without a scenario has no end of its own.
    pub async fn finish(self) -> Observed {
        let finished = self.started.finish().await;
        finished.sink.observed(finished.ended, finished.reason, finished.events_lost)
    }
}

#[cfg(test)]
mod tests;
