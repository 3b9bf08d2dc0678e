//! Places in line: all that output queues remember of the chunks they still have to send, for the whole process.
//!
//! A place is a range of a log and a link to the next place of the same queue; a vacant one links to the next vacant.
//! Sixteen bytes each, in blocks that never move: a burst of a million does not copy them again and again, and since
//! no block is large, giving a burst back does not teach the allocator to keep large pieces for next time (glibc
//! keeps up to twice the largest block that was ever mapped and freed, at the end of its heap).
//!
//! Invariant: every place is in one queue, or in the list of the vacant. Knows no queue.

use super::backlog::{Chunk, NONE};
use std::ops::{Index, IndexMut};

/// Places in a block: 16 KiB of them, far below the 128 KiB from which on glibc maps memory.
const BLOCK: usize = 1024;

/// Memory for so many places is kept for the next burst when none is taken.
pub(super) const PLACES_KEPT: usize = 4 * BLOCK;

/// A range in one queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) chunk: Chunk,
    pub(super) next: u32,
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Places {
    blocks: Vec<Box<[Place]>>,
    /// The first vacant one.
    vacant: u32,
    taken: usize,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            vacant: NONE,
            taken: 0,
        }
    }
}

impl Places {
    /// Takes a place at the end of a line.
    ///
    /// # Panics
    /// At 2^32 places, which the ceiling on queued bytes keeps far away.
    pub(super) fn insert(&mut self, chunk: Chunk) -> u32 {
        if self.vacant == NONE {
            self.grow();
        }
        let place = self.vacant;
        self.vacant = self[place].next;
        self[place] = Place { chunk, next: NONE };
        self.taken += 1;
        place
    }

    /// Gives a place back, and says what was there.
    pub(super) fn remove(&mut self, place: u32) -> Place {
        let vacant = self.vacant;
        let was = self[place];
        self[place].next = vacant;
        self.vacant = place;
        self.taken -= 1;
        was
    }

    /// One more block, the lowest place first.
    fn grow(&mut self) {
        let first = self.blocks.len() * BLOCK;
        let last = u32::try_from(first + BLOCK - 1).expect("places end long before 2^32");
        let link = |next: u32| Place {
            chunk: Chunk {
                log: NONE,
                start: 0,
                end: 0,
            },
            next,
        };
        let links = (first as u32..last).map(|place| link(place + 1));
        self.blocks.push(links.chain([link(self.vacant)]).collect());
        self.vacant = first as u32;
    }

    /// Gives memory back after a burst, if nothing is left of it.
    pub(super) fn tidy(&mut self) {
        if self.taken == 0 && self.capacity() > PLACES_KEPT {
            *self = Self::default();
        }
    }

    /// What is at a place; nothing at `NONE`.
    pub(super) fn get(&self, place: u32) -> Option<&Place> {
        (place != NONE).then(|| &self[place])
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut Place> {
        (place != NONE).then(|| &mut self[place])
    }

    /// How many are taken.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    /// For how many there is memory.
    pub(super) fn capacity(&self) -> usize {
        self.blocks.len() * BLOCK
    }
}

impl Index<u32> for Places {
    type Output = Place;

    fn index(&self, place: u32) -> &Place {
        &self.blocks[place as usize / BLOCK][place as usize % BLOCK]
    }
}

impl IndexMut<u32> for Places {
    fn index_mut(&mut self, place: u32) -> &mut Place {
        &mut self.blocks[place as usize / BLOCK][place as usize % BLOCK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(number: u32) -> Chunk {
        Chunk {
            log: number,
            start: 0,
            end: 1,
        }
    }

    #[test]
    fn whatever_the_order_of_coming_and_going_no_place_is_taken_twice() {
        let mut places = Places::default();
        let mut taken = Vec::new();
        // A fixed walk that grows over three blocks and shrinks again, taking from both ends.
        for step in 0..20_000u32 {
            if step % 5 < if step < 10_000 { 4 } else { 1 } {
                taken.push((places.insert(chunk(step)), step));
            } else if !taken.is_empty() {
                let index = (step as usize * 31) % taken.len();
                let (place, number) = taken.swap_remove(index);
                assert_eq!(places.remove(place).chunk.log, number);
            }
            assert_eq!(places.len(), taken.len());
        }
        for &(place, number) in &taken {
            assert_eq!(places[place].chunk.log, number);
        }
    }

    #[test]
    fn a_place_is_sixteen_bytes_and_a_burst_is_given_back() {
        assert_eq!(size_of::<Place>(), 16);
        let mut places = Places::default();
        let taken: Vec<u32> = (0..100_000).map(|n| places.insert(chunk(n))).collect();
        places.tidy();
        assert!(places.capacity() >= 100_000, "they are in use");
        for place in taken {
            places.remove(place);
        }
        places.tidy();
        assert_eq!(places.capacity(), 0);
    }
}
