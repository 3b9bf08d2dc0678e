//! What a connection reads from and writes to: the [`Transport`] trait.
//!
//! The loop sees bytes and readiness only through this trait, so TLS can be one, and so can a
//! script that misbehaves in every way a network can. Knows no tokens, no queues and no limits.

use crate::net::tls::secured::Secured;
use mio::event::Source;
use std::io::{self, IoSlice};

/// A non-blocking stream of bytes in both directions.
///
/// # Readiness
/// It behaves like an edge-triggered socket. After [`read`](Self::read) returned
/// [`WouldBlock`](io::ErrorKind::WouldBlock) a readable event follows as soon as there is more; after
/// [`write_vectored`](Self::write_vectored) did, *or took less than it was offered*, a writable event follows
/// as soon as there is room. Of [`flush`](Self::flush) and [`shutdown_write`](Self::shutdown_write) the same is true.
///
/// # Transports with a life of their own
/// TLS sends bytes of its own (handshakes, alerts), and may hold what the socket did not take. While
/// [`unsent`](Self::unsent) is not zero the loop is interested in writable events and calls `flush`.
pub trait Transport {
    /// Reads what is there. `Ok(0)` is the peer's end of file.
    ///
    /// # Errors
    /// `WouldBlock`, `Interrupted` (look again, also without an event), and everything that ends a connection.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes the slices as if they were one, as far as there is room, and returns how many bytes that was.
    ///
    /// # Errors
    /// `WouldBlock`, `Interrupted`, and everything that ends a connection.
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Writes the slices likewise. They are the last: if all of them are taken, `shutdown_write` follows at once, so a
    /// transport may hold back what can go out together with the end of file.
    ///
    /// # Errors
    /// As `write_vectored`.
    fn write_last(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write_vectored(slices)
    }

    /// Sends our end of file; reading goes on (half-close).
    ///
    /// # Errors
    /// `WouldBlock` if something must go out first and there is no room: it is called again then. Else the system's
    /// errors; the connection is over then.
    fn shutdown_write(&mut self) -> io::Result<()>;

    /// What to register with the poll; `None` if no kernel knows it and events come by [`Net::inject`](crate::net::Net::inject).
    fn source(&mut self) -> Option<&mut dyn Source>;

    /// How many bytes it holds that wait for room: its own, and what it took and has not sent yet.
    fn unsent(&self) -> usize {
        0
    }

    /// Sends what it holds.
    ///
    /// # Errors
    /// `WouldBlock` while something is left; else the system's errors.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Whether it can take bytes at all: not before a handshake is done. A [`Notice`] reports that it can.
    fn takes_output(&self) -> bool {
        true
    }

    /// What the last read brought beside bytes; once.
    fn take_notice(&mut self) -> Option<Notice> {
        None
    }

    /// Bytes that were read from below since the last call and brought nothing to the reader: handshakes, empty
    /// records. They cost time all the same.
    fn take_overhead(&mut self) -> usize {
        0
    }

    /// The error that ended an attempt to connect (`SO_ERROR`), if there was one.
    ///
    /// # Errors
    /// When the system cannot be asked.
    fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }

    /// Bytes of memory that it holds beside its own record, as far as it knows.
    fn memory(&self) -> usize {
        0
    }

    /// Whether the peer's address is known, which on a connecting socket means that it is connected.
    fn is_connected(&self) -> bool {
        true
    }
}

/// What a transport reports beside bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The handshake is done: what comes and goes from now on is encrypted.
    Secured(Secured),
    /// The peer's stream ended without TLS' own message for it (close_notify). It may have been cut on the way.
    Truncated,
}
