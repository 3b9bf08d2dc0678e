//! A socket with nothing around it, TCP or Unix: the transport that most connections have.
//!
//! An enum and no trait object: it lies inside the connection's record, and each read and write of a plain connection
//! passes through here. Knows no queues, no tokens, and no files of the file system (`server::listeners` does).

use super::transport::Transport;
use mio::{
    event::Source,
    net::{TcpStream, UnixStream},
};
use std::{
    io::{self, IoSlice, Read, Write},
    net::Shutdown,
};

/// See the module's documentation.
#[derive(Debug)]
pub enum PlainSocket {
    /// A TCP connection.
    Tcp(TcpStream),
    /// A connection within this machine.
    Unix(UnixStream),
}

impl PlainSocket {
    /// Whether a read that brings less than it had room for has emptied the socket. Linux promises that of TCP alone: a
    /// read from a Unix socket ends early at out-of-band bytes and where the sender's credentials change.
    pub(crate) fn empties_by_short_read(&self) -> bool {
        matches!(self, Self::Tcp(_)) && cfg!(any(target_os = "linux", target_os = "android"))
    }
}

impl Transport for PlainSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => Read::read(stream, buffer),
            Self::Unix(stream) => Read::read(stream, buffer),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        // One slice is the common case, and `send` costs less than `writev`.
        match (self, slices) {
            (Self::Tcp(stream), [only]) => stream.write(only),
            (Self::Tcp(stream), _) => Write::write_vectored(stream, slices),
            (Self::Unix(stream), [only]) => stream.write(only),
            (Self::Unix(stream), _) => Write::write_vectored(stream, slices),
        }
    }

    /// One packet instead of two, and one wake-up of the peer: with `MSG_MORE` the last bytes go out with the end of file.
    /// If the kernel does not take all, it sends what it took as ever. (A Unix socket has no packets.)
    #[cfg(target_os = "linux")]
    fn write_last(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        use rustix::net::{SendFlags, send};
        match (&*self, slices) {
            (Self::Tcp(stream), [only]) => {
                Ok(send(stream, only, SendFlags::MORE | SendFlags::NOSIGNAL)?)
            }
            _ => self.write_vectored(slices),
        }
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        match self {
            Self::Tcp(stream) => Some(stream),
            Self::Unix(stream) => Some(stream),
        }
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Self::Tcp(stream) => stream.take_error(),
            Self::Unix(stream) => stream.take_error(),
        }
    }

    fn is_connected(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.peer_addr().is_ok(),
            Self::Unix(stream) => stream.peer_addr().is_ok(),
        }
    }
}
