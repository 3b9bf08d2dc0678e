//! What a connection still has to send: segments that refer to shared buffers, and a byte count.
//!
//! The segments are in the [`SharedBuffers`], linked in a ring: the last one's `next` is the first. A queue itself is twelve
//! bytes in its connection's record. What is sent of the first segment is cut off its front.
//!
//! A segment keeps its whole buffer in memory. That is fine within a turn; what is still unsent after a flush and is short, or
//! covers less than half of the buffer, is moved to a buffer of its own ([`OutputQueue::compact`]), so slow readers never
//! hold more than twice what is queued for them.
//!
//! Invariants: no segment is empty; `bytes` is the sum of what is left; a queue that is dropped was cleared before. Knows no
//! socket.

use super::{
    chunk::Chunk,
    segments::{NONE, Segment},
    shared_buffers::{BUFFER_BYTES, SharedBuffers},
};
use std::{io::IoSlice, mem};

/// At most this many segments are offered to one `writev`. Linux takes 1,024, but past a few dozen the copy costs more
/// than the call, and the array of slices lives on the stack.
pub(crate) const SLICES_PER_WRITE: usize = 64;

/// A range shorter than this is not worth a segment (16 bytes) and a share in a buffer: a slow reader gets a copy.
const SHARED_BYTES_MIN: usize = 256;

/// One connection's output: its own way through the [`SharedBuffers`].
#[derive(Debug)]
pub struct OutputQueue {
    /// The last segment, whose `next` is the first; `NONE` if the queue is empty.
    last: u32,
    bytes: u32,
    /// Up to this segment the queue is compact; `NONE` if none of those that are left is.
    compacted: u32,
}

impl OutputQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self {
            last: NONE,
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
    pub(crate) fn is_one_range(&self, buffers: &SharedBuffers) -> bool {
        let last = buffers.segments.get(self.last);
        last.is_none_or(|Segment { next, .. }| *next == self.last)
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
        let mut first = NONE;
        if let Some(last) = buffers.segments.get_mut(self.last) {
            if let Some(both) = last.chunk.followed_by(chunk) {
                last.chunk = both;
                return;
            }
            first = last.next;
        }
        let segment = buffers.insert(chunk);
        if first != NONE {
            buffers.segments[segment].next = first;
            buffers.segments[self.last].next = segment;
        }
        self.last = segment;
    }

    /// Fills `slices` with the unsent bytes from the front and returns how many slices were filled.
    pub fn gather<'b>(&self, buffers: &'b SharedBuffers, slices: &mut [IoSlice<'b>]) -> usize {
        let Some(last) = buffers.segments.get(self.last) else {
            return 0;
        };
        let (mut at, mut filled) = (last.next, 0);
        for slice in slices {
            // Mostly there is one segment: it is looked up once.
            let segment = match at == self.last {
                true => last,
                false => &buffers.segments[at],
            };
            *slice = IoSlice::new(buffers.bytes_of(segment.chunk));
            filled += 1;
            if at == self.last {
                break;
            }
            at = segment.next;
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
        if self.bytes == 0 {
            return self.remove_all(buffers);
        }
        let mut left = sent;
        while left > 0 {
            let first = buffers.segments[self.last].next;
            let chunk = &mut buffers.segments[first].chunk;
            if left < chunk.len() {
                chunk.start += left as u32;
                return;
            }
            left -= chunk.len();
            buffers.segments[self.last].next = buffers.remove(first);
            if self.compacted == first {
                self.compacted = NONE;
            }
        }
    }

    fn remove_all(&mut self, buffers: &mut SharedBuffers) {
        let last = mem::replace(&mut self.last, NONE);
        self.compacted = NONE;
        let mut at = match buffers.segments.get(last) {
            Some(last) => last.next,
            None => return,
        };
        while at != last {
            at = buffers.remove(at);
        }
        buffers.remove(last);
    }

    /// Forgets everything: the connection is over.
    pub fn clear(&mut self, buffers: &mut SharedBuffers) {
        self.consume(buffers, self.bytes());
    }

    /// After a flush that left something over: moves the segments that are new out of buffers of which they are only a small
    /// part. A segment that follows a moved one joins it, so a slow reader's queue is as compact as a buffer of its own.
    pub(crate) fn compact(&mut self, buffers: &mut SharedBuffers) {
        self.leave_sent_part(buffers);
        let mut before = self.compacted;
        while before != self.last {
            let at = self.after(buffers, before);
            let chunk = buffers.segments[at].chunk;
            let buffer = &buffers.buffers[chunk.buffer as usize];
            let is_small = chunk.len() < SHARED_BYTES_MIN || chunk.len() * 2 < buffer.bytes.len();
            before = match is_small {
                true => self.relocate(buffers, before, at),
                false => at,
            };
        }
        self.compacted = before;
    }

    /// The segment after this one; the first after `NONE`.
    fn after(&self, buffers: &SharedBuffers, before: u32) -> u32 {
        let before = if before == NONE { self.last } else { before };
        buffers.segments[before].next
    }

    /// What was sent of the first segment stays in memory with the rest of the buffer. Once it is the greater part of it the
    /// rest moves out, so each byte sent costs at most one byte copied. A segment that is new is looked at anyway.
    fn leave_sent_part(&mut self, buffers: &mut SharedBuffers) {
        if self.compacted == NONE {
            return;
        }
        let first = self.after(buffers, NONE);
        let chunk = buffers.segments[first].chunk;
        if chunk.len() * 2 < buffers.buffers[chunk.buffer as usize].bytes.len() {
            let rest = buffers.bytes_of(chunk).to_vec();
            buffers.move_out(first, rest);
        }
    }

    /// Gives the segment `at` bytes of its own, in the buffer of the segment before if that one has its own too; returns
    /// the segment that has the bytes now.
    fn relocate(&mut self, buffers: &mut SharedBuffers, before: u32, at: u32) -> u32 {
        let bytes = buffers.bytes_of(buffers.segments[at].chunk).to_vec();
        let Some(own) = self.own_buffer(buffers, before) else {
            buffers.move_out(at, bytes);
            return at;
        };
        let buffer = &mut buffers.buffers[own as usize].bytes;
        buffer.extend_from_slice(&bytes);
        let end = buffer.len() as u32;
        let next = buffers.remove(at);
        let segment = &mut buffers.segments[before];
        segment.chunk.end = end;
        segment.next = next;
        if self.last == at {
            self.last = before;
        }
        before
    }

    /// The buffer of a segment if no other segment refers to it, it has room, and the segment reaches to its end.
    fn own_buffer(&self, buffers: &SharedBuffers, segment: u32) -> Option<u32> {
        let chunk = buffers.segments.get(segment)?.chunk;
        let buffer = &buffers.buffers[chunk.buffer as usize];
        let is_own = !buffer.opened_now && buffer.segments == 1;
        let has_room =
            buffer.bytes.len() == chunk.end as usize && buffer.bytes.len() < BUFFER_BYTES;
        (is_own && has_room).then_some(chunk.buffer)
    }

    /// Panics with the name of the broken invariant.
    #[cfg(test)]
    pub(crate) fn check_invariants(&self, buffers: &SharedBuffers) {
        let (mut at, mut sum) = (self.last, 0);
        while at != NONE {
            at = buffers.segments[at].next;
            let chunk = buffers.segments[at].chunk;
            assert!(chunk.start < chunk.end, "no segment is empty");
            assert!(
                buffers.buffers[chunk.buffer as usize].segments > 0,
                "a buffer knows how many segments refer to it"
            );
            sum += chunk.len();
            if at == self.last {
                break;
            }
        }
        assert_eq!(sum, self.bytes(), "`bytes` is the sum of what is left");
    }
}

impl Default for OutputQueue {
    fn default() -> Self {
        Self::new()
    }
}
