//! One connection's TLS: a [`Transport`] around another one, for either side, driven by readiness alone.
//!
//! ```text
//! the loop <── plaintext ── Tls <── ciphertext ── the inner transport
//!          ─────────────>       ─────────────────>
//! ```
//!
//! What TLS on raw readiness must get right (docs/PITFALLS.md has the stories):
//!
//! - *Plaintext in hand makes no event.* A read of ciphertext may open more than the reader has room for. It is kept, and
//!   the next read takes it first; a read would block only when the inner transport would and nothing is in hand.
//! - *Reading makes it write, writing waits for reading.* What TLS itself sends is put into `unsent` and goes out with the
//!   flush of the turn ([`unsent`](Transport::unsent)); before the handshake is done a write would block,
//!   and a [`Notice`] reports when it does no more.
//! - *Taken is not sent.* A record that was encrypted must go out whole and in its place. At most one waits here, so that the
//!   limits of the send queue keep their meaning.
//! - *The end has a message of its own.* close_notify goes out before our end of file; the peer's is its end of file; a
//!   stream that ends without it is [`Truncated`](Notice::Truncated).
//!
//! Owns: rustls' state of one connection, and three buffers that are empty, and allocated to nothing, while it is idle.
//! Scratch areas are shared by all connections of one side. Knows no certificates' files, no tokens and no queues.

use super::{
    engine::{Engine, Opened, Sealed, advance, queue_close_notify, seal},
    fingerprint::Fingerprint,
    incompatible,
    scratch::{
        HELLO_MAX, RECORD_BYTES, RecordChunks, STATE_BYTES, ScratchBuffers,
        write_all_there_is_room_for,
    },
    secured::Secured,
};
use crate::net::source::{
    stream::Stream,
    transport::{Notice, Transport},
};
use mio::event::Source;
use rustls::ProtocolVersion;
use std::{
    io::{self, ErrorKind, IoSlice},
    mem,
    rc::Rc,
};

/// Ciphertext read at once.
const READ_BYTES: usize = 16 * 1024;

/// Reads that bring no plaintext in one call of ours: a handshake takes two or three. Then the others come first.
const IN_VAIN_MAX: usize = 8;

/// Ciphertext kept of what makes no whole message: the largest handshake message that rustls takes is 64 KiB.
const INCOMING_MAX: usize = 128 * 1024;

/// Where the peer's half of the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerHalf {
    Open,
    /// It ended: by close_notify, or without.
    Ended,
}

/// How far the handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Handshake {
    /// We have sent nothing: what comes from the peer can only be its hello.
    Hello,
    /// We have answered, or sent our own hello.
    Begun,
    /// What comes and goes is encrypted.
    Done,
}

/// Our half of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OurHalf {
    Open,
    /// Our close_notify is among what is sent.
    Ending,
    /// Nothing can be written any more.
    Broken,
}

/// TLS around a stream. Made by [`Server::over`](super::Server::over) and [`Client::over`](super::Client::over).
pub(super) struct Tls<E> {
    inner: Stream,
    engine: E,
    scratch: Rc<ScratchBuffers>,
    /// Ciphertext that is no whole record yet.
    incoming: Vec<u8>,
    /// Plaintext that the reader had no room for; `plain_taken` bytes of it are taken.
    plain: Vec<u8>,
    plain_taken: usize,
    /// Ciphertext that the inner transport has not taken yet; it goes before everything else.
    unsent: Vec<u8>,
    unsent_gone: usize,
    notice: Option<Box<Notice>>,
    /// Ciphertext that was read and brought no plaintext, since the last [`take_overhead`](Transport::take_overhead).
    overhead: usize,
    /// What broke it; reported when all plaintext from before is taken.
    failure: Option<io::Error>,
    peer_half: PeerHalf,
    our_half: OurHalf,
    handshake: Handshake,
    /// Something in `incoming` was not looked at yet.
    has_unread: bool,
}

impl<E: Engine> Tls<E> {
    /// `first` is what was read from the stream already.
    pub(super) fn new(inner: Stream, engine: E, scratch: Rc<ScratchBuffers>, first: &[u8]) -> Self {
        let mut tls = Self {
            inner,
            engine,
            scratch,
            incoming: first.to_vec(),
            plain: Vec::new(),
            plain_taken: 0,
            unsent: Vec::new(),
            unsent_gone: 0,
            notice: None,
            overhead: 0,
            failure: None,
            peer_half: PeerHalf::Open,
            our_half: OurHalf::Open,
            handshake: Handshake::Hello,
            has_unread: !first.is_empty(),
        };
        if !tls.has_unread {
            // A client sends first.
            tls.move_on(&mut []);
        }
        tls
    }

    /// Opens what is whole of `incoming`, into `buffer` and aside. Returns how much went into `buffer`.
    fn move_on(&mut self, buffer: &mut [u8]) -> usize {
        let mut incoming = mem::take(&mut self.incoming);
        let (opened, used) = self.open(&mut incoming, buffer);
        if used > 0 {
            incoming = incoming[used..].to_vec(); // It may wait for long: in no more memory than it needs.
        }
        self.incoming = incoming;
        opened
    }

    /// The same for ciphertext that lies anywhere; also returns how much of it is done with.
    fn open(&mut self, incoming: &mut [u8], buffer: &mut [u8]) -> (usize, usize) {
        let mut opened = Opened::new(buffer, &mut self.plain);
        let moved = advance(&mut self.engine, incoming, &mut opened, &mut self.unsent);
        let count = opened.count();
        if self.handshake == Handshake::Hello && !self.unsent.is_empty() {
            self.handshake = Handshake::Begun;
        }
        if !self.is_secured() && !self.engine.common().is_handshaking() {
            self.handshake = Handshake::Done;
            self.notice = Some(Box::new(Notice::Secured(self.describe())));
        }
        if moved.closed {
            self.peer_half = PeerHalf::Ended;
        }
        if let Some(error) = moved.error {
            self.failure = Some(incompatible::failure(error));
            return (count, incoming.len());
        }
        let most = match self.handshake {
            Handshake::Hello => HELLO_MAX,
            Handshake::Begun | Handshake::Done => INCOMING_MAX,
        };
        if incoming.len() - moved.used > most {
            let error = "a TLS message is too long";
            self.failure = Some(io::Error::new(ErrorKind::InvalidData, error));
        }
        (count, moved.used)
    }

    /// Whether rustls must not be called any more.
    fn is_broken(&self) -> bool {
        self.our_half == OurHalf::Broken || self.failure.is_some()
    }

    fn is_secured(&self) -> bool {
        self.handshake == Handshake::Done
    }

    fn describe(&self) -> Secured {
        let common = self.engine.common();
        let certificates = common.peer_certificates().unwrap_or_default();
        Secured {
            version: match common.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "TLS 1.3",
            },
            peer: certificates.first().map(|first| Fingerprint::of(first)),
            resumed: common.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
        }
    }

    /// Reads ciphertext once and opens it. Returns how much plaintext went into `buffer`; none is no end of file.
    fn read_inner(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let aside = self.plain.len();
        let mut scratch = self.scratch.ciphertext.take(READ_BYTES);
        let read = self.inner.transport().read(&mut scratch[..READ_BYTES]);
        let opened = match read {
            Ok(0) => {
                self.note_end();
                0
            }
            Ok(count) if self.incoming.is_empty() => {
                let (opened, used) = self.open(&mut scratch[..count], buffer);
                self.incoming.extend_from_slice(&scratch[used..count]);
                opened
            }
            Ok(count) => {
                self.incoming.extend_from_slice(&scratch[..count]);
                self.move_on(buffer)
            }
            Err(_) => 0,
        };
        self.scratch.ciphertext.put_back(scratch);
        let gained = opened + self.plain.len().saturating_sub(aside);
        let count = read?;
        self.overhead += count.saturating_sub(gained);
        Ok(opened)
    }

    /// Reads all that is there of a handshake before any of it is worked on: a client that sent its hello and is gone is not
    /// worth a signature, and a thousand of them would keep the others waiting. Returns how much plaintext went into `buffer`.
    fn shake_hands(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut scratch = self.scratch.ciphertext.take(READ_BYTES);
        let stopped = loop {
            match self.inner.transport().read(&mut scratch[..READ_BYTES]) {
                Ok(0) => break None,
                Ok(count) => {
                    self.incoming.extend_from_slice(&scratch[..count]);
                    self.overhead += count;
                    self.has_unread = true;
                    if self.incoming.len() >= READ_BYTES {
                        break Some(ErrorKind::WouldBlock.into());
                    }
                }
                Err(error) => break Some(error),
            }
        };
        self.scratch.ciphertext.put_back(scratch);
        match stopped {
            Some(error) if error.kind() != ErrorKind::WouldBlock || !self.has_unread => Err(error),
            // The end of file may follow a flight that completes the handshake, but not a hello.
            None if self.handshake == Handshake::Hello => {
                self.note_end();
                Ok(0)
            }
            stopped => {
                self.has_unread = false;
                let opened = self.move_on(buffer);
                if stopped.is_none() {
                    self.note_end();
                }
                Ok(opened)
            }
        }
    }

    /// The inner stream has ended, and there was no close_notify.
    fn note_end(&mut self) {
        if self.peer_half == PeerHalf::Ended || self.failure.is_some() {
            return;
        }
        let cut = if !self.is_secured() {
            "the peer went during the TLS handshake"
        } else if !self.incoming.is_empty() {
            "the stream was cut in the middle of a TLS record"
        } else {
            // Many clients never send it. A protocol of lines loses nothing by that, and the log has it.
            self.notice = Some(Box::new(Notice::Truncated));
            self.peer_half = PeerHalf::Ended;
            return;
        };
        self.failure = Some(io::Error::new(ErrorKind::UnexpectedEof, cut));
    }

    /// Plaintext from earlier.
    fn take_plain(&mut self, buffer: &mut [u8]) -> usize {
        let rest = &self.plain[self.plain_taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.plain_taken += count;
        if self.plain_taken == self.plain.len() {
            self.plain = Vec::new();
            self.plain_taken = 0;
        }
        count
    }

    /// Ends our half as well as possible, so that an alert reaches the peer: a connection that is closed over unread input is
    /// reset, and what was sent last is destroyed.
    fn send_alert_and_end(&mut self) {
        let _ = self.flush();
        if mem::replace(&mut self.our_half, OurHalf::Broken) != OurHalf::Broken {
            let _ = self.inner.transport().shutdown_write();
            let mut scratch = self.scratch.ciphertext.take(READ_BYTES);
            let _ = self.inner.transport().read(&mut scratch[..READ_BYTES]);
            self.scratch.ciphertext.put_back(scratch);
        }
        self.unsent = Vec::new();
        self.unsent_gone = 0;
    }

    /// Encrypts one piece and offers it to the inner transport. What that does not take is kept.
    ///
    /// # Errors
    /// `WouldBlock` if the piece was not taken at all.
    fn send_record(&mut self, piece: &[u8]) -> io::Result<()> {
        let mut scratch = self.scratch.ciphertext.take(READ_BYTES);
        let sent = self.seal(piece, &mut scratch).and_then(|count| {
            let gone = write_all_there_is_room_for(&mut self.inner, &scratch[..count])?;
            self.unsent.extend_from_slice(&scratch[gone..count]);
            Ok(())
        });
        self.scratch.ciphertext.put_back(scratch);
        sent
    }

    fn seal(&mut self, piece: &[u8], scratch: &mut Vec<u8>) -> io::Result<usize> {
        // Twice at most: a new key is announced before it is used.
        for _ in 0..2 {
            match seal(&mut self.engine, &mut self.incoming, piece, scratch) {
                Ok(Sealed::Record(count)) => return Ok(count),
                Ok(Sealed::NotYet) => {
                    self.move_on(&mut []);
                    self.flush()?;
                }
                Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error)),
            }
        }
        Err(ErrorKind::BrokenPipe.into())
    }
}

impl<E: Engine> Transport for Tls<E> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for _ in 0..IN_VAIN_MAX {
            let mut count = self.take_plain(buffer);
            if count == 0 && self.failure.is_none() {
                if self.peer_half == PeerHalf::Ended {
                    return Ok(0);
                }
                count = match self.is_secured() {
                    true => self.read_inner(buffer)?,
                    false => self.shake_hands(buffer)?,
                };
            }
            if count > 0 {
                return Ok(count);
            }
            if let Some(error) = self.failure.take() {
                self.peer_half = PeerHalf::Ended;
                self.send_alert_and_end();
                return Err(error);
            }
        }
        Err(ErrorKind::Interrupted.into())
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.is_broken() || self.our_half == OurHalf::Ending {
            return Err(ErrorKind::BrokenPipe.into());
        }
        self.flush()?;
        if !self.is_secured() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let mut taken = 0;
        let scratch = self.scratch.clone();
        let mut pieces = RecordChunks::new(slices);
        let mut gathered = scratch.plaintext.take(RECORD_BYTES);
        let mut failed = None;
        while let Some(piece) = pieces.next(&mut gathered) {
            match self.send_record(piece) {
                Ok(()) => taken += piece.len(),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
            if self.unsent() > 0 {
                break;
            }
        }
        scratch.plaintext.put_back(gathered);
        match failed {
            Some(error) if taken == 0 || error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        if self.our_half == OurHalf::Open {
            self.our_half = OurHalf::Ending;
            if self.is_secured() && !self.is_broken() {
                queue_close_notify(&mut self.engine, &mut self.incoming);
                self.move_on(&mut []);
            }
        }
        self.flush()?;
        self.inner.transport().shutdown_write()
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        match &mut self.inner {
            Stream::Plain(socket) => socket.source(),
            Stream::Other(transport) => transport.source(),
        }
    }

    fn unsent(&self) -> usize {
        self.unsent.len() - self.unsent_gone
    }

    fn flush(&mut self) -> io::Result<()> {
        let rest = &self.unsent[self.unsent_gone..];
        match write_all_there_is_room_for(&mut self.inner, rest) {
            Ok(gone) if gone < rest.len() => {
                self.unsent_gone += gone;
                Err(ErrorKind::WouldBlock.into())
            }
            result => {
                self.unsent = Vec::new();
                self.unsent_gone = 0;
                if result.is_err() {
                    self.our_half = OurHalf::Broken;
                }
                result.map(|_| ())
            }
        }
    }

    fn takes_output(&self) -> bool {
        self.is_secured()
    }

    fn take_notice(&mut self) -> Option<Notice> {
        self.notice.take().map(|notice| *notice)
    }

    fn take_overhead(&mut self) -> usize {
        mem::take(&mut self.overhead)
    }

    fn memory(&self) -> usize {
        let buffers = [&self.incoming, &self.plain, &self.unsent].map(Vec::capacity);
        size_of::<Self>() + STATE_BYTES + buffers.iter().sum::<usize>()
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        match &self.inner {
            Stream::Plain(socket) => socket.take_error(),
            Stream::Other(transport) => transport.take_error(),
        }
    }

    fn is_connected(&self) -> bool {
        match &self.inner {
            Stream::Plain(socket) => socket.is_connected(),
            Stream::Other(transport) => transport.is_connected(),
        }
    }
}
