//! Shared buffers: the bytes of all output queues, and the segments by which the queues refer to them.
//!
//! A message for a thousand peers is one chunk and a thousand segments. Chunks that are made in the same turn with the same
//! [key](BufferKey) lie side by side in one buffer, so a peer that gets several of them in a row has one segment, and one
//! slice for the kernel, however many lines that is. All segments are here too: a push rarely calls the allocator, an idle
//! connection owns no heap memory (invariant 7), and the bytes queued in the whole process are one number (invariant 5).
//!
//! Invariants: no range is empty; a buffer counts the segments that refer to it, and goes with the last of them, but not before
//! the end of the turn in which it was opened, for until then a chunk of it may be in use without a segment. Knows no
//! connection and no socket.

use super::{
    chunk::{BufferKey, Chunk},
    segments::{SEGMENTS_KEPT, Segment, SegmentPool},
};
use slab::Slab;
use smallvec::SmallVec;
use std::mem;

/// A buffer that has grown to this is closed and the next opened: it bounds what one segment can keep in memory.
pub(crate) const BUFFER_BYTES: usize = 64 * 1024;

/// When no buffer is left, memory for more records of buffers than this is given back (40 bytes each).
const BUFFERS_KEPT: usize = 1024;

/// Chunks side by side.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    pub(crate) bytes: Vec<u8>,
    /// How many segments refer to it.
    pub(crate) segments: u32,
    /// It was opened in this turn, so a chunk of it may be in use without a segment.
    pub(crate) opened_now: bool,
}

/// The buffers and segments of all queues of the process, and how many bytes are queued.
#[derive(Debug, Default)]
pub struct SharedBuffers {
    pub(crate) buffers: Slab<Buffer>,
    /// The open buffer of each key that was used in this turn.
    open: Vec<(BufferKey, u32)>,
    /// Buffers of this turn that are full.
    full: Vec<u32>,
    pub(crate) segments: SegmentPool,
    /// The memory of a buffer that is gone, for the next.
    recycled: Vec<u8>,
    bytes: usize,
    bytes_peak: usize,
}

impl SharedBuffers {
    /// Lets `write` append bytes to the key's buffer. `None` if it appended nothing, or returned that there is nothing to send.
    pub fn make_chunk(
        &mut self,
        key: BufferKey,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> Option<Chunk> {
        let buffer = self.open_buffer(key);
        let bytes = &mut self.buffers[buffer as usize].bytes;
        let start = bytes.len();
        if !write(bytes) {
            bytes.truncate(start);
        }
        let end = bytes.len();
        let narrow = |length| u32::try_from(length).expect("a buffer closes long before 4 GiB");
        (start < end).then(|| Chunk {
            buffer,
            start: narrow(start),
            end: narrow(end),
        })
    }

    fn open_buffer(&mut self, key: BufferKey) -> u32 {
        let known = self.open.iter().position(|(of, _)| *of == key);
        if let Some(index) = known {
            let buffer = self.open[index].1;
            if self.buffers[buffer as usize].bytes.len() < BUFFER_BYTES {
                return buffer;
            }
            self.open.swap_remove(index);
            self.full.push(buffer);
        }
        let buffer = self.buffers.insert(Buffer {
            bytes: mem::take(&mut self.recycled),
            segments: 0,
            opened_now: true,
        }) as u32;
        self.open.push((key, buffer));
        buffer
    }

    pub(crate) fn drop_buffer_if_unused(&mut self, buffer: u32) {
        let Buffer {
            segments,
            opened_now,
            ..
        } = self.buffers[buffer as usize];
        if segments == 0 && !opened_now {
            let mut bytes = self.buffers.remove(buffer as usize).bytes;
            bytes.clear();
            if bytes.capacity() > self.recycled.capacity() && bytes.capacity() <= 2 * BUFFER_BYTES {
                self.recycled = bytes;
            }
        }
    }

    pub(crate) fn insert(&mut self, chunk: Chunk) -> u32 {
        self.buffers[chunk.buffer as usize].segments += 1;
        self.segments.insert(chunk)
    }

    /// Removes a segment and returns the next of its queue.
    pub(crate) fn remove(&mut self, segment: u32) -> u32 {
        let Segment { chunk, next } = self.segments.remove(segment);
        self.buffers[chunk.buffer as usize].segments -= 1;
        self.drop_buffer_if_unused(chunk.buffer);
        next
    }

    /// Gives a segment these bytes instead of its range, in a buffer of their own.
    pub(crate) fn move_out(&mut self, segment: u32, bytes: Vec<u8>) {
        let end = bytes.len() as u32;
        let buffer = self.buffers.insert(Buffer {
            bytes,
            segments: 1,
            opened_now: false,
        }) as u32;
        let moved = Chunk {
            buffer,
            start: 0,
            end,
        };
        let left = mem::replace(&mut self.segments[segment].chunk, moved).buffer;
        self.buffers[left as usize].segments -= 1;
        self.drop_buffer_if_unused(left);
    }

    pub(crate) fn note_queued(&mut self, bytes: u32) {
        self.bytes += bytes as usize;
        self.bytes_peak = self.bytes_peak.max(self.bytes);
    }

    pub(crate) fn note_gone(&mut self, bytes: usize) {
        self.bytes -= bytes;
    }

    /// The bytes of a chunk.
    pub(crate) fn bytes_of(&self, chunk: Chunk) -> &[u8] {
        &self.buffers[chunk.buffer as usize].bytes[chunk.start as usize..chunk.end as usize]
    }

    /// Bytes that wait in all queues together; a shared chunk counts in each.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of memory for segments beyond those that are always kept.
    pub(crate) fn segments_memory(&self) -> usize {
        let beyond = self.segments.capacity().saturating_sub(SEGMENTS_KEPT);
        beyond * size_of::<Segment>()
    }

    /// The most bytes that ever waited.
    pub fn bytes_peak(&self) -> usize {
        self.bytes_peak
    }

    /// Bytes of memory of all buffers and segments, room kept for later included.
    pub fn memory(&self) -> usize {
        let buffers = self
            .buffers
            .iter()
            .map(|(_, buffer)| buffer.bytes.capacity());
        let segments = self.segments.capacity() * size_of::<Option<Segment>>();
        buffers.sum::<usize>() + segments + self.recycled.capacity()
    }

    /// How many segments are taken, and how many there is memory for.
    #[cfg(test)]
    pub(crate) fn segments(&self) -> (usize, usize) {
        (self.segments.len(), self.segments.capacity())
    }

    /// How many buffers there are.
    #[cfg(test)]
    pub(crate) fn buffers(&self) -> usize {
        self.buffers.len()
    }

    /// Closes the buffers of this turn, and gives memory back after a burst. Chunks made before are good no more.
    pub fn end_turn(&mut self) {
        let open = self.open.drain(..).map(|(_, buffer)| buffer);
        let opened_now: SmallVec<[u32; 8]> = open.chain(self.full.drain(..)).collect();
        for buffer in opened_now {
            self.buffers[buffer as usize].opened_now = false;
            self.drop_buffer_if_unused(buffer);
        }
        self.segments.tidy();
        if self.buffers.is_empty() && self.buffers.capacity() > BUFFERS_KEPT {
            self.buffers = Slab::new();
        }
    }

    /// Bytes in all buffers.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.buffers
            .iter()
            .map(|(_, buffer)| buffer.bytes.len())
            .sum()
    }
}
