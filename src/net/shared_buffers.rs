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

use super::segments::{PLACES_KEPT, Segment, SegmentPool};
use slab::Slab;
use smallvec::SmallVec;
use std::mem;

/// A log that has grown to this is closed and the next begun: it bounds what one range can keep in memory.
pub(super) const BUFFER_BYTES: usize = 64 * 1024;

/// When no log is left, memory for more records of them than this is given back (40 bytes each).
const LOGS_KEPT: usize = 1024;

/// "No place": the end of a line, or an empty queue.
pub(super) const NONE: u32 = u32::MAX;

/// Which peers a chunk is for: those who get chunks of one lane get them as one range. The numbers are the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferKey(pub u32);

impl BufferKey {
    /// For chunks that go to one connection alone.
    pub const PRIVATE: Self = Self(u32::MAX);
}

/// Bytes to be sent to any number of peers: a range of a log. Good until the end of the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub(super) buffer: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Chunk {
    /// How many bytes it has.
    pub(super) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Both as one, if they stand side by side.
    pub(super) fn followed_by(self, next: Self) -> Option<Self> {
        let together = self.buffer == next.buffer && self.end == next.start;
        together.then_some(Self {
            end: next.end,
            ..self
        })
    }

    /// What is left of it when its first bytes are sent; `None` if that was all.
    pub(super) fn without(self, sent: usize) -> Option<Self> {
        debug_assert!(sent <= self.len(), "a transport took more than was offered");
        let start = self.start + sent as u32;
        (start < self.end).then_some(Self { start, ..self })
    }
}

/// Chunks side by side.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
    /// How many places refer to it.
    pub(super) segments: u32,
    /// It was begun in this turn, so chunks of it may be in somebody's hands.
    pub(super) young: bool,
}

/// The logs and places of all queues of the process, and how many bytes they hold.
#[derive(Debug, Default)]
pub struct SharedBuffers {
    pub(super) buffers: Slab<Buffer>,
    /// The open log of each lane that was used in this turn.
    open: Vec<(BufferKey, u32)>,
    /// Logs of this turn that are full.
    full: Vec<u32>,
    pub(super) segments: SegmentPool,
    /// Room of a log that is gone, for the next.
    spare: Vec<u8>,
    bytes: usize,
    bytes_peak: usize,
}

impl SharedBuffers {
    /// Lets `write` append bytes to the lane's log. `None` if it appended nothing, or says that there is nothing to be sent.
    pub fn make_chunk(
        &mut self,
        lane: BufferKey,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> Option<Chunk> {
        let buffer = self.open_buffer(lane);
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

    fn open_buffer(&mut self, lane: BufferKey) -> u32 {
        let known = self.open.iter().position(|(of, _)| *of == lane);
        if let Some(index) = known {
            let buffer = self.open[index].1;
            if self.buffers[buffer as usize].bytes.len() < BUFFER_BYTES {
                return buffer;
            }
            self.open.swap_remove(index);
            self.full.push(buffer);
        }
        let buffer = self.buffers.insert(Buffer {
            bytes: mem::take(&mut self.spare),
            segments: 0,
            young: true,
        }) as u32;
        self.open.push((lane, buffer));
        buffer
    }

    pub(super) fn drop_buffer_if_unused(&mut self, buffer: u32) {
        let Buffer {
            segments, young, ..
        } = self.buffers[buffer as usize];
        if segments == 0 && !young {
            let mut bytes = self.buffers.remove(buffer as usize).bytes;
            bytes.clear();
            if bytes.capacity() > self.spare.capacity() && bytes.capacity() <= 2 * BUFFER_BYTES {
                self.spare = bytes;
            }
        }
    }

    pub(super) fn insert(&mut self, chunk: Chunk) -> u32 {
        self.buffers[chunk.buffer as usize].segments += 1;
        self.segments.insert(chunk)
    }

    /// Takes a place away and returns the next in its line.
    pub(super) fn remove(&mut self, segment: u32) -> u32 {
        let Segment { chunk, next } = self.segments.remove(segment);
        self.buffers[chunk.buffer as usize].segments -= 1;
        self.drop_buffer_if_unused(chunk.buffer);
        next
    }

    /// Gives a place these bytes instead of its range, in a log of their own.
    pub(super) fn move_out(&mut self, segment: u32, bytes: Vec<u8>) {
        let end = bytes.len() as u32;
        let buffer = self.buffers.insert(Buffer {
            bytes,
            segments: 1,
            young: false,
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

    pub(super) fn note_queued(&mut self, bytes: u32) {
        self.bytes += bytes as usize;
        self.bytes_peak = self.bytes_peak.max(self.bytes);
    }

    pub(super) fn note_gone(&mut self, bytes: usize) {
        self.bytes -= bytes;
    }

    /// The bytes of a chunk.
    pub(super) fn bytes_of(&self, chunk: Chunk) -> &[u8] {
        &self.buffers[chunk.buffer as usize].bytes[chunk.start as usize..chunk.end as usize]
    }

    /// Bytes that wait in all queues together; a shared chunk counts in each.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of memory for places in line beyond those that are always kept.
    pub(super) fn segments_memory(&self) -> usize {
        let beyond = self.segments.capacity().saturating_sub(PLACES_KEPT);
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
        buffers.sum::<usize>() + segments + self.spare.capacity()
    }

    /// How many places are taken, and how many there is memory for.
    #[cfg(test)]
    pub(super) fn segments(&self) -> (usize, usize) {
        (self.segments.len(), self.segments.capacity())
    }

    /// How many logs there are.
    #[cfg(test)]
    pub(super) fn buffers(&self) -> usize {
        self.buffers.len()
    }

    /// Closes the logs of this turn, and gives memory back after a burst. No chunk made before is good any more.
    pub fn end_turn(&mut self) {
        let open = self.open.drain(..).map(|(_, buffer)| buffer);
        let young: SmallVec<[u32; 8]> = open.chain(self.full.drain(..)).collect();
        for buffer in young {
            self.buffers[buffer as usize].young = false;
            self.drop_buffer_if_unused(buffer);
        }
        self.segments.tidy();
        if self.buffers.is_empty() && self.buffers.capacity() > LOGS_KEPT {
            self.buffers = Slab::new();
        }
    }

    /// Bytes of memory behind the queues.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.buffers
            .iter()
            .map(|(_, buffer)| buffer.bytes.len())
            .sum()
    }
}
