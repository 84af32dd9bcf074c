//! What is left of a connection that a fault has abandoned: two sockets, and silence.
//!
//! What a peer sends is taken in and thrown away, up to what a dark path takes in; then it is taken in no more, as by a
//! window that has closed. A peer that has ended is left as it is, for a FIN that came back would be a sign of life; its
//! socket is closed once both have ended. The client's next bytes may be answered with an RST.

use std::io::ErrorKind;
use std::task::{Context, Poll};

use tokio::net::TcpStream;

use super::socket::{SCRATCH, close_with_rst};
use crate::base::SimTime;
use crate::base::limits::{ABANDONED_MAX, DARK_HELD_BYTES_MAX};
use crate::event::EndCause;
use crate::fault::Answer;

/// An abandoned connection.
pub(super) struct Abandoned {
    /// What it will be journaled with.
    pub(super) cause: EndCause,
    /// When it is given up.
    pub(super) until: SimTime,
    answer: Answer,
    client: Side,
    server: Side,
}

/// One of its peers.
struct Side {
    socket: Option<TcpStream>,
    ended: bool,
    /// Bytes that were thrown away.
    thrown: usize,
}

// === impl Abandoned ===

impl Abandoned {
    pub(super) fn new(
        cause: EndCause,
        now: SimTime,
        answer: Answer,
        client: Option<TcpStream>,
        server: Option<TcpStream>,
    ) -> Self {
        let side = |socket: Option<TcpStream>| Side { ended: socket.is_none(), socket, thrown: 0 };
        Self { cause, until: now.plus(ABANDONED_MAX), answer, client: side(client), server: side(server) }
    }

    /// Takes in what has come; ready once both peers have ended.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let before = self.client.thrown;
        self.client.poll(cx);
        if self.answer == Answer::Reset
            && self.client.thrown > before
            && let Some(socket) = self.client.socket.take()
        {
            close_with_rst(&socket);
            self.client.ended = true;
        }
        self.server.poll(cx);
        if self.client.ended && self.server.ended { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Bytes that were thrown away.
    pub(super) const fn thrown(&self) -> usize {
        self.client.thrown + self.server.thrown
    }
}

// === impl Side ===

impl Side {
    fn poll(&mut self, cx: &mut Context<'_>) {
        let Some(socket) = &self.socket else { return };
        while !self.ended && self.thrown < DARK_HELD_BYTES_MAX && socket.poll_read_ready(cx).is_ready() {
            let left = DARK_HELD_BYTES_MAX - self.thrown;
            let read = SCRATCH.with_borrow_mut(|scratch| {
                let limit = left.min(scratch.len());
                socket.try_read(&mut scratch[..limit])
            });
            match read {
                Ok(0) => self.ended = true,
                Ok(read) => self.thrown += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.ended = true,
            }
        }
    }
}
