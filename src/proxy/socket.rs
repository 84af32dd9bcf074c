//! What the pump does to sockets: how they end, and the buffer that reads go into.
//!
//! Nothing here knows of lanes or faults.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;

use crate::base::limits::READ_BYTES_MAX;
use crate::event::PeerEnd;

thread_local! {
    /// What a read goes into before it is passed on or copied: one for each worker thread, none for an idle connection.
    pub(super) static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES_MAX].into_boxed_slice());
}

/// What an error of a socket says of how its peer ended.
pub(super) fn how_it_ended(error: &io::Error) -> PeerEnd {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => PeerEnd::Reset,
        _ => PeerEnd::Failed,
    }
}

/// Its close sends an RST.
pub(super) fn close_with_rst(socket: &TcpStream) {
    // It fails on a socket that is gone already, and then there is nobody to be told.
    let _gone = SockRef::from(socket).set_linger(Some(Duration::ZERO));
}

/// Sends a FIN; the other direction stays.
pub(super) fn shut_down(socket: &TcpStream) {
    // Likewise.
    let _gone = SockRef::from(socket).shutdown(Shutdown::Write);
}

/// Reads and throws away until the peer ends.
pub(super) async fn discard(socket: &TcpStream) {
    while socket.readable().await.is_ok() {
        let read = SCRATCH.with_borrow_mut(|scratch| socket.try_read(scratch));
        match read {
            Ok(0) => return,
            Err(error) if error.kind() != ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
}
