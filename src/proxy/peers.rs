//! The two peers of a connection: their sockets, and how a fault closes them.

use std::future::Future;
use std::pin::Pin;

use tokio::net::TcpStream;

use super::socket::{close_with_rst, discard, shut_down};
use crate::base::Direction;
use crate::base::limits::CLOSE_LINGER;
use crate::event::{EndCause, PeerEnd};
use crate::fault::CutKind;

/// The sockets of a connection.
pub(super) struct Peers {
    /// None once they are taken.
    pub(super) client: Option<TcpStream>,
    pub(super) server: Server,
}

/// The far side of a connection.
pub(super) enum Server {
    /// Not dialled yet: a dial needs both directions, as a handshake does.
    Waiting,
    Dialling(Pin<Box<dyn Future<Output = Result<TcpStream, EndCause>> + Send>>),
    Up(TcpStream),
}

// === impl Peers ===

impl Peers {
    pub(super) const fn new(client: TcpStream) -> Self {
        Self { client: Some(client), server: Server::Waiting }
    }

    /// The socket that `direction` ends in, if it is there.
    pub(super) const fn receiver(&self, direction: Direction) -> Option<&TcpStream> {
        match (direction, &self.server) {
            (Direction::ToClient, _) => self.client.as_ref(),
            (Direction::ToServer, Server::Up(server)) => Some(server),
            (Direction::ToServer, Server::Waiting | Server::Dialling(_)) => None,
        }
    }

    /// Whether both are there.
    pub(super) const fn are_both(&self) -> bool {
        matches!(self.server, Server::Up(_))
    }

    /// Gives the sockets away: client and server, as far as they are there.
    pub(super) fn take(&mut self) -> (Option<TcpStream>, Option<TcpStream>) {
        let server = match std::mem::replace(&mut self.server, Server::Waiting) {
            Server::Up(server) => Some(server),
            Server::Waiting | Server::Dialling(_) => None,
        };
        (self.client.take(), server)
    }

    /// Ends both as a fault does.
    pub(super) async fn close(&mut self, kind: CutKind) {
        let (client, server) = self.take();
        let sockets = || client.iter().chain(&server);
        match kind {
            CutKind::Reset => sockets().for_each(close_with_rst),
            CutKind::Close => {
                sockets().for_each(shut_down);
                let all_read = async {
                    for socket in sockets() {
                        discard(socket).await;
                    }
                };
                let _ends_anyway = tokio::time::timeout(CLOSE_LINGER, all_read).await;
            }
            // They are taken already, and nobody is told.
            CutKind::Abandon(_) => {}
        }
    }
}

/// The sender of `direction` ended the connection.
pub(super) const fn ended_by(direction: Direction, how: PeerEnd) -> EndCause {
    match direction {
        Direction::ToServer => EndCause::Client { how },
        Direction::ToClient => EndCause::Server { how },
    }
}
