//! What a connection still has to send: shared chunks, a cursor into the first, a byte count.
//!
//! A message for a thousand peers is one chunk and a thousand places in line for it. The places of all queues live in one [`Backlog`],
//! linked from one to the next, so that a queue is sixteen bytes in its connection's record, a push never calls the allocator,
//! an idle connection owns no heap memory (invariant 7), and the bytes queued in the whole process are one number (invariant 5).
//!
//! Invariants: the cursor lies inside the first chunk; `bytes` is the sum of what is left; no chunk is empty; a queue
//! that is dropped was cleared before. Knows no socket.

use slab::Slab;
use std::{io::IoSlice, rc::Rc};

/// At most this many chunks are offered to one `writev`. Linux takes 1,024, but past a few dozen the copy costs more than the call,
/// and the array of slices lives on the stack.
pub(super) const SLICES_PER_WRITE: usize = 64;

/// An empty [`Backlog`] gives its memory back when it has room for more places than this (24 bytes each).
const PLACES_KEPT: usize = 4096;

/// "No place": the end of a line, or an empty queue.
const NONE: u32 = u32::MAX;

/// A chunk's place in one queue.
#[derive(Debug)]
struct Place {
    chunk: Rc<[u8]>,
    next: u32,
}

/// The places of all queues of the process, and how many bytes they hold.
#[derive(Debug, Default)]
pub struct Backlog {
    places: Slab<Place>,
    bytes: usize,
    bytes_peak: usize,
}

/// One connection's output: the way through the [`Backlog`] that is its own.
#[derive(Debug)]
pub struct OutputQueue {
    first: u32,
    last: u32,
    /// How much of the first chunk is sent already.
    cursor: u32,
    bytes: u32,
}

impl Backlog {
    /// Bytes that wait in all queues together; a shared chunk counts in each.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The most bytes that ever waited.
    pub fn bytes_peak(&self) -> usize {
        self.bytes_peak
    }

    /// How many places are taken, and how many there is memory for.
    #[cfg(test)]
    pub(super) fn places(&self) -> (usize, usize) {
        (self.places.len(), self.places.capacity())
    }

    /// Gives memory back after a burst. Called at the end of a turn.
    pub(super) fn trim(&mut self) {
        if self.places.is_empty() && self.places.capacity() > PLACES_KEPT {
            self.places = Slab::new();
        }
    }
}

impl OutputQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self {
            first: NONE,
            last: NONE,
            cursor: 0,
            bytes: 0,
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

    /// Puts a chunk at the end. An empty one is left out.
    ///
    /// # Panics
    /// When the queue would pass 4 GiB, which the limits of the loop keep far away.
    pub fn push(&mut self, backlog: &mut Backlog, chunk: Rc<[u8]>) {
        if chunk.is_empty() {
            return;
        }
        let length =
            u32::try_from(chunk.len()).expect("a chunk is a message or one read, not 4 GiB");
        self.bytes = self
            .bytes
            .checked_add(length)
            .expect("a queue ends at its limit, far below 4 GiB");
        backlog.bytes += chunk.len();
        backlog.bytes_peak = backlog.bytes_peak.max(backlog.bytes);
        let place = backlog.places.insert(Place { chunk, next: NONE }) as u32;
        if self.first == NONE {
            self.first = place;
        } else {
            backlog.places[self.last as usize].next = place;
        }
        self.last = place;
    }

    /// Fills `slices` with the unsent bytes from the front and returns how many slices were filled.
    pub fn gather<'b>(&self, backlog: &'b Backlog, slices: &mut [IoSlice<'b>]) -> usize {
        let (mut at, mut skip, mut filled) = (self.first, self.cursor as usize, 0);
        while at != NONE && filled < slices.len() {
            let place = &backlog.places[at as usize];
            slices[filled] = IoSlice::new(&place.chunk[skip..]);
            (at, skip) = (place.next, 0);
            filled += 1;
        }
        filled
    }

    /// Forgets the first `sent` bytes; the kernel has them.
    ///
    /// # Panics
    /// When more is said to be sent than was queued: the transport broke its promise.
    pub fn consume(&mut self, backlog: &mut Backlog, sent: usize) {
        assert!(
            sent <= self.bytes(),
            "a transport took {sent} bytes of {} offered",
            self.bytes
        );
        self.bytes -= sent as u32;
        backlog.bytes -= sent;
        let mut left = sent;
        while left > 0 {
            let rest = backlog.places[self.first as usize].chunk.len() - self.cursor as usize;
            if left < rest {
                self.cursor += left as u32;
                return;
            }
            left -= rest;
            self.first = backlog.places.remove(self.first as usize).next;
            self.cursor = 0;
        }
        if self.first == NONE {
            self.last = NONE;
        }
    }

    /// Forgets everything: the connection is over.
    pub fn clear(&mut self, backlog: &mut Backlog) {
        self.consume(backlog, self.bytes());
    }

    /// Panics with the name of the broken invariant.
    #[cfg(test)]
    pub(super) fn check_invariants(&self, backlog: &Backlog) {
        let (mut at, mut sum, mut last) = (self.first, 0, NONE);
        while at != NONE {
            let place = &backlog.places[at as usize];
            assert!(!place.chunk.is_empty(), "no chunk is empty");
            sum += place.chunk.len();
            (last, at) = (at, place.next);
        }
        assert_eq!(last, self.last, "`last` is the end of the line");
        assert!(
            self.first == NONE
                || (self.cursor as usize) < backlog.places[self.first as usize].chunk.len(),
            "the cursor lies inside the first chunk"
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

#[cfg(test)]
mod tests {
    use super::*;

    fn send(queue: &mut OutputQueue, backlog: &mut Backlog, at_most: usize) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); SLICES_PER_WRITE];
        let filled = queue.gather(backlog, &mut slices);
        let mut bytes: Vec<u8> = slices[..filled].iter().flat_map(|s| s.to_vec()).collect();
        bytes.truncate(at_most);
        queue.consume(backlog, bytes.len());
        queue.check_invariants(backlog);
        bytes
    }

    #[test]
    fn every_schedule_of_short_writes_sends_the_same_bytes() {
        let chunks = ["a", "", "bcd", "efghij", "k", "lmnopqrstuvwxyz"];
        let expected = chunks.concat().into_bytes();
        for first in 1..=expected.len() {
            for second in 1..=expected.len() {
                let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
                for chunk in chunks {
                    queue.push(&mut backlog, chunk.as_bytes().into());
                }
                let mut got = Vec::new();
                for size in [first, second].into_iter().cycle() {
                    got.extend(send(&mut queue, &mut backlog, size));
                    if queue.is_empty() {
                        break;
                    }
                }
                assert_eq!(got, expected, "short writes of {first} and {second}");
                assert_eq!(backlog.bytes(), 0);
            }
        }
    }

    #[test]
    fn queues_share_chunks_but_not_cursors() {
        let mut backlog = Backlog::default();
        let (mut fast, mut slow) = (OutputQueue::new(), OutputQueue::new());
        let chunk: Rc<[u8]> = b"hello".as_slice().into();
        fast.push(&mut backlog, chunk.clone());
        slow.push(&mut backlog, chunk.clone());
        assert_eq!(Rc::strong_count(&chunk), 3);
        assert_eq!(backlog.bytes(), 10);
        assert_eq!(send(&mut fast, &mut backlog, 99), b"hello");
        assert_eq!(send(&mut slow, &mut backlog, 2), b"he");
        assert_eq!(send(&mut slow, &mut backlog, 99), b"llo");
        assert_eq!(Rc::strong_count(&chunk), 1);
    }

    #[test]
    fn no_more_slices_are_offered_than_there_is_room_for() {
        let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
        for _ in 0..SLICES_PER_WRITE + 1 {
            queue.push(&mut backlog, b"x".as_slice().into());
        }
        assert_eq!(
            send(&mut queue, &mut backlog, usize::MAX).len(),
            SLICES_PER_WRITE
        );
        assert_eq!(queue.bytes(), 1);
    }

    #[test]
    fn memory_of_a_burst_is_given_back() {
        let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
        for _ in 0..2 * PLACES_KEPT {
            queue.push(&mut backlog, b"x".as_slice().into());
        }
        queue.clear(&mut backlog);
        queue.check_invariants(&backlog);
        backlog.trim();
        assert_eq!(backlog.places.capacity(), 0);
        assert_eq!(backlog.bytes_peak(), 2 * PLACES_KEPT);
    }

    #[test]
    fn a_queue_is_sixteen_bytes() {
        assert_eq!(size_of::<OutputQueue>(), 16);
    }
}
