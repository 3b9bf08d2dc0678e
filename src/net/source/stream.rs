//! The transport of one connection, whatever it is ([`Stream`]), and where connections come from ([`Acceptor`]).
//!
//! A plain socket lies inside the record; everything else is in a box. Knows no tokens, no queues and no limits.

use super::{plain_socket::PlainSocket, transport::Transport};
use mio::{
    event::Source,
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};
use std::{
    io::{self, ErrorKind, IoSlice},
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

/// The transport of one connection. A plain socket is inline, a file descriptor in sixteen bytes; most connections are
/// that.
pub enum Stream {
    /// A socket with nothing around it.
    Plain(PlainSocket),
    /// Anything else.
    Other(Box<dyn Transport>),
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self::Plain(PlainSocket::Tcp(stream))
    }
}

impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Self::Plain(PlainSocket::Unix(stream))
    }
}

impl Stream {
    pub(crate) fn transport(&mut self) -> &mut dyn Transport {
        match self {
            Self::Plain(socket) => socket,
            Self::Other(transport) => transport.as_mut(),
        }
    }

    /// See [`Transport::memory`].
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Other(transport) => transport.memory(),
        }
    }

    /// No stream, in the place of one that is being wrapped.
    pub(crate) fn none() -> Self {
        Self::Other(Box::new(Nowhere))
    }

    /// See [`Transport::unsent`].
    pub(crate) fn unsent(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Other(transport) => transport.unsent(),
        }
    }

    /// Whether it holds anything that waits for room.
    pub(crate) fn holds_unsent(&self) -> bool {
        self.unsent() > 0
    }

    /// See [`Transport::takes_output`].
    pub(crate) fn takes_output(&self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Other(transport) => transport.takes_output(),
        }
    }
}

/// Leads nowhere and allocates nothing.
struct Nowhere;

impl Transport for Nowhere {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(ErrorKind::NotConnected.into())
    }

    fn write_vectored(&mut self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        Err(ErrorKind::NotConnected.into())
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        Err(ErrorKind::NotConnected.into())
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        None
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(socket) => socket.fmt(f),
            Self::Other(_) => f.write_str("Other(..)"),
        }
    }
}

/// The address of a peer that has none, because it connected by a Unix socket: `[::]:0`, which no peer has over TCP.
pub const NO_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);

/// Where connections come from: a listening socket, or a test's script.
pub trait Acceptor {
    /// Accepts the next connection, with the address of its peer; [`NO_ADDRESS`] if it
    /// has none.
    ///
    /// # Errors
    /// `WouldBlock` when none waits; other errors concern one connection, or the whole process.
    fn accept(&mut self) -> io::Result<(Stream, SocketAddr)>;

    /// What to register with the poll; `None` if events come by [`Net::inject`](crate::net::Net::inject).
    fn source(&mut self) -> Option<&mut dyn Source>;
}

impl Acceptor for TcpListener {
    fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        TcpListener::accept(self).map(|(stream, peer)| (stream.into(), peer))
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        Some(self)
    }
}

impl Acceptor for UnixListener {
    fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        // The peer's own path, if it has one, is its own choice and names nobody.
        UnixListener::accept(self).map(|(stream, _)| (stream.into(), NO_ADDRESS))
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_kind_of_socket_takes_no_memory() {
        /// Sixteen bytes, and more in debug builds, where mio adds fields of its own.
        #[allow(dead_code, reason = "for its size")]
        enum TcpAlone {
            Tcp(TcpStream),
            Other(Box<dyn Transport>),
        }
        assert_eq!(size_of::<Stream>(), size_of::<TcpAlone>());
    }
}
