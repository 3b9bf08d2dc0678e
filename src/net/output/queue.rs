//! What a connection still has to send: ranges of shared chunks, a cursor into the first, a byte count.
//!
//! The ranges are places in the [`SharedBuffers`]; a queue itself is twenty bytes in its connection's record. A range keeps
//! its whole log in memory. That is fine within a turn; what is still unsent after a flush and is short, or covers less
//! than half of the log, is moved to a log of its own ([`OutputQueue::compact`]), so slow readers never hold more than
//! twice what is queued for them.
//!
//! Invariants: the cursor lies inside the first range; `bytes` is the sum of what is left; a queue that is dropped was
//! cleared before. Knows no socket.

use super::{
    chunk::Chunk,
    segments::{NONE, Segment},
    shared_buffers::{BUFFER_BYTES, SharedBuffers},
};
use std::io::IoSlice;

/// At most this many ranges are offered to one `writev`. Linux takes 1,024, but past a few dozen the copy costs more
/// than the call, and the array of slices lives on the stack.
pub(crate) const SLICES_PER_WRITE: usize = 64;

/// A range shorter than this is not worth a place (16 bytes) and a share in a log: a slow reader gets a copy.
const SHARED_BYTES_MIN: usize = 256;

/// One connection's output: the way through the [`SharedBuffers`] that is its own.
#[derive(Debug)]
pub struct OutputQueue {
    first: u32,
    last: u32,
    /// How much of the first range is sent already.
    cursor: u32,
    bytes: u32,
    /// Up to this place the ranges are compacted; `NONE` if none of those that are left is.
    compacted: u32,
}

impl OutputQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self {
            first: NONE,
            last: NONE,
            cursor: 0,
            bytes: 0,
            compacted: NONE,
        }
    }

    /// Bytes that are not sent yet.
    pub fn bytes(&self) -> usize {
        self.bytes as usize
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Whether all that waits lies side by side, so that one slice holds it.
    pub(crate) fn is_one_range(&self) -> bool {
        self.first == self.last
    }

    /// Puts a chunk at the end; it must be of this turn.
    ///
    /// # Panics
    /// When the queue would pass 4 GiB, which the limits of the loop keep far away.
    pub fn push(&mut self, buffers: &mut SharedBuffers, chunk: Chunk) {
        let length = chunk.end - chunk.start;
        self.bytes = self
            .bytes
            .checked_add(length)
            .expect("a queue ends at its limit, far below 4 GiB");
        buffers.note_queued(length);
        if let Some(Segment { chunk: last, .. }) = buffers.segments.get_mut(self.last) {
            if let Some(both) = last.followed_by(chunk) {
                *last = both;
                return;
            }
        }
        let segment = buffers.insert(chunk);
        if self.first == NONE {
            self.first = segment;
        } else {
            buffers.segments[self.last].next = segment;
        }
        self.last = segment;
    }

    /// Fills `slices` with the unsent bytes from the front and returns how many slices were filled.
    pub fn gather<'b>(&self, buffers: &'b SharedBuffers, slices: &mut [IoSlice<'b>]) -> usize {
        let (mut at, mut skip, mut filled) = (self.first, self.cursor as usize, 0);
        while at != NONE && filled < slices.len() {
            let Segment { chunk, next } = &buffers.segments[at];
            let buffer = &buffers.buffers[chunk.buffer as usize].bytes;
            slices[filled] = IoSlice::new(&buffer[chunk.start as usize + skip..chunk.end as usize]);
            (at, skip) = (*next, 0);
            filled += 1;
        }
        filled
    }

    /// Forgets the first `sent` bytes; the kernel has them.
    ///
    /// # Panics
    /// When more is said to be sent than was queued: the transport broke its promise.
    pub fn consume(&mut self, buffers: &mut SharedBuffers, sent: usize) {
        assert!(
            sent <= self.bytes(),
            "a transport took {sent} bytes of {} offered",
            self.bytes
        );
        self.bytes -= sent as u32;
        buffers.note_gone(sent);
        let mut left = sent as u32;
        while left > 0 {
            let Chunk { start, end, .. } = buffers.segments[self.first].chunk;
            let rest = end - start - self.cursor;
            if left < rest {
                self.cursor += left;
                return;
            }
            left -= rest;
            if self.compacted == self.first {
                self.compacted = NONE;
            }
            self.first = buffers.remove(self.first);
            self.cursor = 0;
        }
        if self.first == NONE {
            self.last = NONE;
        }
    }

    /// Forgets everything: the connection is over.
    pub fn clear(&mut self, buffers: &mut SharedBuffers) {
        self.consume(buffers, self.bytes());
    }

    /// After a flush that left something over: moves the ranges that are new out of logs of which they are only a small
    /// part. A range that follows a moved one joins it, so a slow reader's queue is as compact as a buffer of its own.
    pub(crate) fn compact(&mut self, buffers: &mut SharedBuffers) {
        self.leave_sent_part(buffers);
        let mut before = self.compacted;
        let mut at = match buffers.segments.get(before) {
            Some(compacted) => compacted.next,
            None => self.first,
        };
        while at != NONE {
            let Segment { chunk, next } = buffers.segments[at];
            let buffer = &buffers.buffers[chunk.buffer as usize];
            let range = chunk.start as usize..chunk.end as usize;
            let small = range.len() < SHARED_BYTES_MIN || range.len() * 2 < buffer.bytes.len();
            if small {
                let bytes = buffer.bytes[range].to_vec();
                at = self.relocate(buffers, before, at, &bytes);
            }
            (before, at) = (at, next);
        }
        self.compacted = before;
    }

    /// What was sent of the first range stays in memory with the rest. Once it is the greater part of its log the rest
    /// moves out, so each byte sent costs at most one byte copied.
    fn leave_sent_part(&mut self, buffers: &mut SharedBuffers) {
        let Some(Segment { chunk, .. }) = buffers.segments.get(self.first) else {
            return;
        };
        let buffer = &buffers.buffers[chunk.buffer as usize].bytes;
        let rest = (chunk.start + self.cursor) as usize..chunk.end as usize;
        if self.cursor > 0 && rest.len() * 2 < buffer.len() {
            let rest = buffer[rest].to_vec();
            buffers.move_out(self.first, rest);
            self.cursor = 0;
        }
    }

    /// Gives the place `at` bytes of its own, in the log of the place before if that one is its own too; returns
    /// where the bytes are now.
    fn relocate(&mut self, buffers: &mut SharedBuffers, before: u32, at: u32, bytes: &[u8]) -> u32 {
        if let Some(own) = self.own_buffer(buffers, before) {
            let buffer = &mut buffers.buffers[own as usize].bytes;
            buffer.extend_from_slice(bytes);
            let end = buffer.len() as u32;
            let next = buffers.remove(at);
            let segment = &mut buffers.segments[before];
            segment.chunk.end = end;
            segment.next = next;
            if self.last == at {
                self.last = before;
            }
            return before;
        }
        buffers.move_out(at, bytes.to_vec());
        at
    }

    /// The log of a place if nobody else uses it, it has room, and the place reaches to its end.
    fn own_buffer(&self, buffers: &SharedBuffers, segment: u32) -> Option<u32> {
        let chunk = buffers.segments.get(segment)?.chunk;
        let buffer = &buffers.buffers[chunk.buffer as usize];
        let own =
            !buffer.opened_now && buffer.segments == 1 && buffer.bytes.len() == chunk.end as usize;
        (own && buffer.bytes.len() < BUFFER_BYTES).then_some(chunk.buffer)
    }

    /// Panics with the name of the broken invariant.
    #[cfg(test)]
    pub(crate) fn check_invariants(&self, buffers: &SharedBuffers) {
        let (mut at, mut sum, mut last) = (self.first, 0, NONE);
        while at != NONE {
            let Segment { chunk, next } = &buffers.segments[at];
            assert!(chunk.start < chunk.end, "no range is empty");
            assert!(
                buffers.buffers[chunk.buffer as usize].segments > 0,
                "a buffer knows how many places refer to it"
            );
            sum += (chunk.end - chunk.start) as usize;
            (last, at) = (at, *next);
        }
        assert_eq!(last, self.last, "`last` is the end of the line");
        let first = buffers.segments.get(self.first);
        assert!(
            first.is_none_or(|Segment { chunk, .. }| self.cursor < chunk.end - chunk.start),
            "the cursor lies inside the first range"
        );
        assert_eq!(
            sum - self.cursor as usize,
            self.bytes(),
            "`bytes` is the sum of what is left"
        );
    }
}

impl Default for OutputQueue {
    fn default() -> Self {
        Self::new()
    }
}
