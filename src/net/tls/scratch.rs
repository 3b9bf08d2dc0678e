//! Scratch areas that all connections of one side share, how much each may hold of its own, how slices become pieces of
//! a record each, and how a piece of ciphertext goes out.
//!
//! One thread, and no call that comes back here: an area that is taken is put back before another connection needs it.

use crate::net::source::stream::Stream;
use std::{
    cell::Cell,
    io::{self, ErrorKind, IoSlice},
};

/// Plaintext in one record of ours. What the socket does not take of a record is kept beside the send queue and not
/// counted there: half of the largest that TLS allows keeps that small, at 22 bytes of overhead in 8 KiB.
pub(super) const RECORD_BYTES: usize = 8 * 1024;

/// Ciphertext kept of a hello that is not whole yet. A hello has some 500 bytes, or 1,800 with keys against quantum
/// computers; any client can leave one half sent.
pub(super) const HELLO_MAX: usize = 8 * 1024;

/// What rustls holds of a connection in boxes of its own. It does not report it, so this is what benches/tls_idle.rs finds
/// beyond our own record, rounded up. During a handshake keys and transcripts come and go; they count the same.
pub(super) const STATE_BYTES: usize = 4 * 1024;

/// Room that is used by one connection at a time: taken, used, put back.
#[derive(Default)]
pub(super) struct Scratch(Cell<Vec<u8>>);

impl Scratch {
    pub(super) fn take(&self, length: usize) -> Vec<u8> {
        let mut scratch = self.0.take();
        if scratch.len() < length {
            scratch.resize(length, 0);
        }
        scratch
    }

    pub(super) fn put_back(&self, scratch: Vec<u8>) {
        self.0.set(scratch);
    }
}

/// The scratch areas of all connections of one side.
#[derive(Default)]
pub(super) struct ScratchBuffers {
    pub(super) ciphertext: Scratch,
    /// Pieces of several slices, put together for one record.
    pub(super) plaintext: Scratch,
}

/// Slices as pieces of one record each.
pub(super) struct RecordChunks<'s> {
    slices: &'s [IoSlice<'s>],
    /// How much of the first slice is gone.
    gone: usize,
}

impl<'s> RecordChunks<'s> {
    pub(super) fn new(slices: &'s [IoSlice<'s>]) -> Self {
        Self { slices, gone: 0 }
    }

    /// The next piece: out of one slice if it is there in full, else put together in `scratch`.
    pub(super) fn next<'r>(&mut self, scratch: &'r mut [u8]) -> Option<&'r [u8]>
    where
        's: 'r,
    {
        while self
            .slices
            .first()
            .is_some_and(|first| first.len() == self.gone)
        {
            self.slices = &self.slices[1..];
            self.gone = 0;
        }
        let rest = &self.slices.first()?[self.gone..];
        if rest.len() >= RECORD_BYTES || self.slices.len() == 1 {
            let piece = &rest[..rest.len().min(RECORD_BYTES)];
            self.gone += piece.len();
            return Some(piece);
        }
        let mut filled = 0;
        while let Some(first) = self.slices.first().filter(|_| filled < RECORD_BYTES) {
            let rest = &first[self.gone..];
            let count = rest.len().min(RECORD_BYTES - filled);
            scratch[filled..filled + count].copy_from_slice(&rest[..count]);
            filled += count;
            self.gone += count;
            if self.gone == first.len() {
                self.slices = &self.slices[1..];
                self.gone = 0;
            }
        }
        Some(&scratch[..filled])
    }
}

/// Writes until all is gone or there is no more room; returns how much is gone.
pub(super) fn write_all_there_is_room_for(inner: &mut Stream, bytes: &[u8]) -> io::Result<usize> {
    let mut gone = 0;
    while gone < bytes.len() {
        match inner
            .transport()
            .write_vectored(&[IoSlice::new(&bytes[gone..])])
        {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => gone += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(gone)
}
