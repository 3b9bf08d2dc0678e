//! The pool of segments: all that output queues remember of the chunks they still have to send, for the whole process.
//!
//! A segment is a range of a buffer and a link to the next segment of the same queue; a vacant one links to the next vacant.
//! Sixteen bytes each, in blocks that never move: a burst of a million does not copy them again and again, and since
//! no block is large, giving a burst back does not teach the allocator to keep large pieces for next time (glibc
//! keeps up to twice the largest block that was ever mapped and freed, at the end of its heap).
//!
//! Invariant: every segment is in one queue, or in the list of the vacant. Knows no queue.

use super::chunk::Chunk;
use std::ops::{Index, IndexMut};

/// "No segment": the end of a list, or an empty queue.
pub(crate) const NONE: u32 = u32::MAX;

/// Segments in a block: 16 KiB of them, far below the 128 KiB from which on glibc maps memory.
const BLOCK: usize = 1024;

/// Memory for so many segments is kept for the next burst when none is taken.
pub(crate) const SEGMENTS_KEPT: usize = 4 * BLOCK;

/// A range in one queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) chunk: Chunk,
    pub(crate) next: u32,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct SegmentPool {
    blocks: Vec<Box<[Segment]>>,
    /// The first vacant segment.
    vacant: u32,
    taken: usize,
}

impl Default for SegmentPool {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            vacant: NONE,
            taken: 0,
        }
    }
}

impl SegmentPool {
    /// Takes a segment for this chunk. It is a ring of its own: its next is itself.
    ///
    /// # Panics
    /// At 2^32 segments, which the ceiling on queued bytes keeps far away.
    pub(crate) fn insert(&mut self, chunk: Chunk) -> u32 {
        if self.vacant == NONE {
            self.grow();
        }
        let segment = self.vacant;
        self.vacant = self[segment].next;
        self[segment] = Segment {
            chunk,
            next: segment,
        };
        self.taken += 1;
        segment
    }

    /// Gives a segment back, and returns what it was.
    pub(crate) fn remove(&mut self, segment: u32) -> Segment {
        let vacant = self.vacant;
        let was = self[segment];
        self[segment].next = vacant;
        self.vacant = segment;
        self.taken -= 1;
        was
    }

    /// One more block, the lowest segment first.
    fn grow(&mut self) {
        let first = self.blocks.len() * BLOCK;
        let last = u32::try_from(first + BLOCK - 1).expect("segments end long before 2^32");
        let link = |next: u32| Segment {
            chunk: Chunk {
                buffer: NONE,
                start: 0,
                end: 0,
            },
            next,
        };
        let links = (first as u32..last).map(|segment| link(segment + 1));
        self.blocks.push(links.chain([link(self.vacant)]).collect());
        self.vacant = first as u32;
    }

    /// Gives memory back after a burst, if nothing is left of it.
    pub(crate) fn tidy(&mut self) {
        if self.taken == 0 && self.capacity() > SEGMENTS_KEPT {
            *self = Self::default();
        }
    }

    /// The segment of this number; nothing at `NONE`.
    pub(crate) fn get(&self, segment: u32) -> Option<&Segment> {
        (segment != NONE).then(|| &self[segment])
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, segment: u32) -> Option<&mut Segment> {
        (segment != NONE).then(|| &mut self[segment])
    }

    /// How many segments are taken.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.taken
    }

    /// How many segments there is memory for.
    pub(crate) fn capacity(&self) -> usize {
        self.blocks.len() * BLOCK
    }
}

impl Index<u32> for SegmentPool {
    type Output = Segment;

    fn index(&self, segment: u32) -> &Segment {
        &self.blocks[segment as usize / BLOCK][segment as usize % BLOCK]
    }
}

impl IndexMut<u32> for SegmentPool {
    fn index_mut(&mut self, segment: u32) -> &mut Segment {
        &mut self.blocks[segment as usize / BLOCK][segment as usize % BLOCK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(number: u32) -> Chunk {
        Chunk {
            buffer: number,
            start: 0,
            end: 1,
        }
    }

    #[test]
    fn no_segment_is_taken_twice_in_any_order() {
        let mut segments = SegmentPool::default();
        let mut taken = Vec::new();
        // A fixed walk that grows over three blocks and shrinks again, taking from both ends.
        for step in 0..20_000u32 {
            if step % 5 < if step < 10_000 { 4 } else { 1 } {
                taken.push((segments.insert(chunk(step)), step));
            } else if !taken.is_empty() {
                let index = (step as usize * 31) % taken.len();
                let (segment, number) = taken.swap_remove(index);
                assert_eq!(segments.remove(segment).chunk.buffer, number);
            }
            assert_eq!(segments.len(), taken.len());
        }
        for &(segment, number) in &taken {
            assert_eq!(segments[segment].chunk.buffer, number);
        }
    }

    #[test]
    fn a_segment_is_sixteen_bytes_and_a_burst_is_given_back() {
        assert_eq!(size_of::<Segment>(), 16);
        let mut segments = SegmentPool::default();
        let taken: Vec<u32> = (0..100_000).map(|n| segments.insert(chunk(n))).collect();
        segments.tidy();
        assert!(segments.capacity() >= 100_000, "they are in use");
        for segment in taken {
            segments.remove(segment);
        }
        segments.tidy();
        assert_eq!(segments.capacity(), 0);
    }
}
