//! One read from a stream, and the writes that empty a queue into it: the two places where bytes of connections meet the kernel.
//!
//! A short write keeps the queue's cursor, and counts as short only compared with what was offered (invariant 2). Knows no
//! phases and no lists.

use super::stream::Stream;
use crate::net::{
    output::{
        queue::{OutputQueue, SLICES_PER_WRITE},
        shared_buffers::SharedBuffers,
    },
    stats::Stats,
};
use std::io::{self, ErrorKind, IoSlice};

/// What a read brought.
#[derive(Debug)]
pub(crate) enum Fill {
    /// So many bytes at the start of the scratch area.
    Bytes(usize),
    /// The peer's end of file.
    Eof,
    /// A signal came first; try again.
    Interrupted,
    /// Nothing more for now: an event will report it.
    Blocked,
    /// The connection broke.
    Lost(io::Error),
}

/// What is left after writing.
#[derive(Debug)]
pub(crate) enum Flush {
    /// Nothing is unsent.
    Drained,
    /// The kernel is full: an event will report room.
    Blocked,
    /// The connection broke.
    Lost(io::Error),
}

/// Reads once.
pub(crate) fn fill(stream: &mut Stream, scratch: &mut [u8], stats: &mut Stats) -> Fill {
    stats.reads += 1;
    match stream.transport().read(scratch) {
        Ok(0) => Fill::Eof,
        Ok(count) => {
            stats.bytes_in += count as u64;
            Fill::Bytes(count)
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Fill::Blocked,
        Err(error) if error.kind() == ErrorKind::Interrupted => Fill::Interrupted,
        Err(error) => Fill::Lost(error),
    }
}

/// What follows the bytes of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// More, now or later.
    More,
    /// Our end of file, as soon as nothing is unsent.
    Eof,
}

/// Writes until nothing is unsent, neither in the queue nor in the transport, or the kernel is full.
pub(crate) fn flush(
    (stream, then): (&mut Stream, Then),
    queue: &mut OutputQueue,
    buffers: &mut SharedBuffers,
    stats: &mut Stats,
) -> Flush {
    let blocked = |queue: &mut OutputQueue, buffers: &mut SharedBuffers, stats: &mut Stats| {
        stats.partial_writes += 1;
        queue.compact(buffers);
        Flush::Blocked
    };
    while !queue.is_empty() {
        // Mostly there is one range, and to prepare an array of 64 for it costs more than all the rest of this.
        let (mut one, mut many);
        let slices: &mut [IoSlice<'_>] = if queue.is_one_range(buffers) {
            one = [IoSlice::new(&[])];
            &mut one
        } else {
            many = [IoSlice::new(&[]); SLICES_PER_WRITE];
            &mut many
        };
        let filled = queue.gather(buffers, slices);
        let slices = &slices[..filled];
        // Not what is queued: with more ranges than slices a full write leaves some over, and is not short.
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        stats.writes += 1;
        let is_last = then == Then::Eof && offered == queue.bytes();
        let written = match is_last {
            true => stream.transport().write_last(slices),
            false => stream.transport().write_vectored(slices),
        };
        match written {
            Ok(0) => return Flush::Lost(ErrorKind::WriteZero.into()),
            Ok(sent) => {
                stats.bytes_out += sent as u64;
                queue.consume(buffers, sent);
                if sent < offered {
                    return blocked(queue, buffers, stats);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return blocked(queue, buffers, stats);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Flush::Lost(error),
        }
    }
    if !stream.holds_unsent() {
        return Flush::Drained;
    }
    match stream.transport().flush() {
        Ok(()) => Flush::Drained,
        Err(error) if error.kind() == ErrorKind::WouldBlock => Flush::Blocked,
        Err(error) => Flush::Lost(error),
    }
}
