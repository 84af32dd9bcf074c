//! Dialling an upstream: a name is resolved each time, its addresses are tried in order, all within [`DIAL_TIMEOUT`].
//!
//! An upstream that can't be dialled is an observation, not an error of brownout: the client gets an RST and the journal
//! the reason.

use std::io::ErrorKind;
use std::sync::Arc;

use tokio::net::TcpStream;

use crate::base::limits::DIAL_TIMEOUT;
use crate::event::{DialFailure, EndCause, PeerEnd};

/// Dials `host:port`; an error is how the connection ends.
pub(super) async fn dial(host: Arc<str>, port: u16) -> Result<TcpStream, EndCause> {
    let unreachable = |why| EndCause::Unreachable { why };
    let attempt = async {
        let addresses = tokio::net::lookup_host((&*host, port)).await.map_err(|error| {
            tracing::debug!(%host, %error, "name not resolved");
            unreachable(DialFailure::NameNotFound)
        })?;
        let mut failure = unreachable(DialFailure::NameNotFound);
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Small writes must not wait for ACKs: that would be a delay nobody asked for.
                    let _best_effort = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => {
                    tracing::debug!(%address, %error, "upstream not reached");
                    failure = match error.kind() {
                        // It was there, and ended the connection before the dial came to see it.
                        ErrorKind::ConnectionReset => EndCause::Server { how: PeerEnd::Reset },
                        ErrorKind::ConnectionRefused => unreachable(DialFailure::Refused),
                        ErrorKind::TimedOut => unreachable(DialFailure::TimedOut),
                        _ => unreachable(DialFailure::Failed),
                    };
                }
            }
        }
        Err(failure)
    };
    tokio::time::timeout(DIAL_TIMEOUT, attempt)
        .await
        .unwrap_or_else(|_| Err(unreachable(DialFailure::TimedOut)))
}
