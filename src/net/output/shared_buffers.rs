//! The bytes of all output queues: chunks side by side in logs, and each queue's places in line for them.
//!
//! A message for a thousand peers is one chunk and a thousand places. Chunks that are made in the same turn for the
//! same kind of peer (a *lane*) stand side by side in one log, so a peer that gets several of them in a row has a
//! single range, and a single slice for the kernel, however many lines that is. All places live here too, linked from
//! one to the next: a push rarely calls the allocator, an idle connection owns no heap memory (invariant 7), and the
//! bytes queued in the whole process are one number (invariant 5).
//!
//! Invariants: no range is empty; a log knows how many places refer to it, and goes with the last, but not before the
//! end of the turn that it was begun in, for until then its chunks may be in somebody's hands. Knows no connection
//! and no socket.

use super::{
    chunk::{BufferKey, Chunk},
    segments::{SEGMENTS_KEPT, Segment, SegmentPool},
};
use slab::Slab;
use smallvec::SmallVec;
use std::mem;

/// A log that has grown to this is closed and the next begun: it bounds what one range can keep in memory.
pub(crate) const BUFFER_BYTES: usize = 64 * 1024;

/// When no log is left, memory for more records of them than this is given back (40 bytes each).
const BUFFERS_KEPT: usize = 1024;

/// Chunks side by side.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    pub(crate) bytes: Vec<u8>,
    /// How many places refer to it.
    pub(crate) segments: u32,
    /// It was begun in this turn, so chunks of it may be in somebody's hands.
    pub(crate) opened_now: bool,
}

/// The logs and places of all queues of the process, and how many bytes they hold.
#[derive(Debug, Default)]
pub struct SharedBuffers {
    pub(crate) buffers: Slab<Buffer>,
    /// The open log of each lane that was used in this turn.
    open: Vec<(BufferKey, u32)>,
    /// Logs of this turn that are full.
    full: Vec<u32>,
    pub(crate) segments: SegmentPool,
    /// Room of a log that is gone, for the next.
    recycled: Vec<u8>,
    bytes: usize,
    bytes_peak: usize,
}

impl SharedBuffers {
    /// Lets `write` append bytes to the lane's log. `None` if it appended nothing, or says that there is nothing to be sent.
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

    /// Takes a place away and returns the next in its line.
    pub(crate) fn remove(&mut self, segment: u32) -> u32 {
        let Segment { chunk, next } = self.segments.remove(segment);
        self.buffers[chunk.buffer as usize].segments -= 1;
        self.drop_buffer_if_unused(chunk.buffer);
        next
    }

    /// Gives a place these bytes instead of its range, in a log of their own.
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

    /// Bytes of memory for places in line beyond those that are always kept.
    pub(crate) fn segments_memory(&self) -> usize {
        let beyond = self.segments.capacity().saturating_sub(SEGMENTS_KEPT);
        beyond * size_of::<Segment>()
    }

    /// The most bytes that ever waited.
    pub fn bytes_peak(&self) -> usize {
        self.bytes_peak
    }

    /// Bytes of memory behind all queues, room kept for later included.
    pub fn memory(&self) -> usize {
        let buffers = self
            .buffers
            .iter()
            .map(|(_, buffer)| buffer.bytes.capacity());
        let segments = self.segments.capacity() * size_of::<Option<Segment>>();
        buffers.sum::<usize>() + segments + self.recycled.capacity()
    }

    /// How many places are taken, and how many there is memory for.
    #[cfg(test)]
    pub(crate) fn segments(&self) -> (usize, usize) {
        (self.segments.len(), self.segments.capacity())
    }

    /// How many logs there are.
    #[cfg(test)]
    pub(crate) fn buffers(&self) -> usize {
        self.buffers.len()
    }

    /// Closes the logs of this turn, and gives memory back after a burst. No chunk made before is good any more.
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

    /// Bytes of memory behind the queues.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.buffers
            .iter()
            .map(|(_, buffer)| buffer.bytes.len())
            .sum()
    }
}
