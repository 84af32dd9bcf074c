//! The door of a service: a listening socket that can be shut without giving up its port.
//!
//! `shutdown` for reading takes a listening socket of Linux out of the LISTEN state: those who wait in its accept queue are
//! reset, and whoever comes is refused, while the port stays bound; `listen` opens it again (`HAProxy` pauses its listeners
//! so). The kernel keeps only a port that was asked for by number, hence a port of its own choice is bound a second time.

use std::io;
use std::net::{Shutdown, SocketAddr};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::base::limits::LISTEN_BACKLOG;

/// A listening socket, open or shut.
#[derive(Debug)]
pub(super) struct Door {
    /// Keeps the port.
    socket: std::net::TcpListener,
    /// The same socket in tokio's reactor while it is open: shutting it would leave the reactor with a closed socket.
    open: Option<TcpListener>,
}

// === impl Door ===

impl Door {
    /// Binds and opens it; `[::]` takes IPv4 as well.
    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        let mut socket = bound(address)?;
        if address.port() == 0
            && let Some(chosen) = socket.local_addr()?.as_socket()
        {
            // Both are bound for a moment, so nobody else gets the port; neither listens yet.
            socket = bound(chosen)?;
        }
        let mut door = Self { socket: socket.into(), open: None };
        door.set_open(true)?;
        Ok(door)
    }

    /// Where it is.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The socket, open or shut.
    pub(super) const fn socket(&self) -> &std::net::TcpListener {
        &self.socket
    }

    /// Opens it or shuts it, unless it is so already.
    pub(super) fn set_open(&mut self, open: bool) -> io::Result<()> {
        if open == self.open.is_some() {
            return Ok(());
        }
        if open {
            SockRef::from(&self.socket).listen(LISTEN_BACKLOG.try_into().unwrap_or(i32::MAX))?;
            self.open = Some(TcpListener::from_std(self.socket.try_clone()?)?);
        } else {
            SockRef::from(&self.socket).shutdown(Shutdown::Read)?;
            self.open = None;
        }
        Ok(())
    }

    /// Whoever comes next; nobody, while it is shut.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.open {
            Some(listener) => listener.accept().await,
            None => std::future::pending().await,
        }
    }
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    // A run right after another must get its port back from TIME_WAIT. (On Windows this option means another thing.)
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::ErrorKind;

    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// Shut: those in the queue are reset, others refused, nobody else gets the port's connections. Open again: same port.
    #[tokio::test]
    async fn a_door_is_shut_and_opened_again() {
        let mut door = Door::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = door.address().unwrap();
        for _ in 0..3 {
            let mut queued = TcpStream::connect(address).await.unwrap();
            door.set_open(false).unwrap();
            let error = queued.read_u8().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            let error = TcpStream::connect(address).await.unwrap_err();
            assert_eq!((error.kind(), error.raw_os_error()), (ErrorKind::ConnectionRefused, Some(111)));
            assert_eq!(door.address().unwrap(), address);
            door.set_open(true).unwrap();
            let (client, accepted) = tokio::join!(TcpStream::connect(address), door.accept());
            assert_eq!(client.unwrap().local_addr().unwrap(), accepted.unwrap().1);
        }
    }
}
