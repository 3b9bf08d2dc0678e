//! What a connection still has to send: ranges of shared chunks, a cursor into the first, a byte count.
//!
//! A message for a thousand peers is one chunk and a thousand places in line for it. Chunks that are made in the same turn for the same
//! kind of peer (a *lane*) stand side by side in one log, so a peer that gets several of them in a row has a single range, and a single
//! slice for the kernel, however many lines that is. The logs and the places of all queues live in one [`Backlog`]: a queue is twenty bytes in its
//! connection's record, a push rarely calls the allocator, an idle connection owns no heap memory (invariant 7), and the bytes
//! queued in the whole process are one number (invariant 5).
//!
//! A range keeps its whole log in memory. That is fine within a turn; what is still unsent at its end and is short, or covers less than half of
//! the log, is moved to a log of its own ([`OutputQueue::settle`]), so slow readers never hold more than twice what is queued for them.
//!
//! Invariants: the cursor lies inside the first range; `bytes` is the sum of what is left; no range is empty; a log knows how
//! many places refer to it and goes with the last; a queue that is dropped was cleared before. Knows no socket.

use slab::Slab;
use smallvec::SmallVec;
use std::{io::IoSlice, mem};

/// At most this many ranges are offered to one `writev`. Linux takes 1,024, but past a few dozen the copy costs more than the call,
/// and the array of slices lives on the stack.
pub(super) const SLICES_PER_WRITE: usize = 64;

/// A log that has grown to this is closed and the next begun: it bounds what one range can keep in memory.
const LOG_BYTES: usize = 64 * 1024;

/// An empty [`Backlog`] gives its memory back when it has room for more places than this (24 bytes each).
const PLACES_KEPT: usize = 4096;

/// A range shorter than this is not worth a place (24 bytes) and a share in a log: a slow reader gets a copy.
const SHARED_BYTES_MIN: usize = 256;

/// "No place": the end of a line, or an empty queue.
const NONE: u32 = u32::MAX;

/// Which peers a chunk is for: those who get chunks of one lane get them as one range. The numbers are the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(pub u32);

impl Lane {
    /// For chunks that go to one connection alone.
    pub const PRIVATE: Self = Self(u32::MAX);
}

/// Bytes to be sent to any number of peers: a range of a log. Good until the end of the turn.
#[derive(Clone, Copy, Debug)]
pub struct Chunk {
    log: u32,
    start: u32,
    end: u32,
}

/// Chunks side by side.
#[derive(Debug, Default)]
struct Log {
    bytes: Vec<u8>,
    /// How many places refer to it.
    places: u32,
    /// It was begun in this turn, so chunks of it may be in somebody's hands.
    young: bool,
}

/// A range in one queue.
#[derive(Debug)]
struct Place {
    chunk: Chunk,
    next: u32,
}

/// The logs and places of all queues of the process, and how many bytes they hold.
#[derive(Debug, Default)]
pub struct Backlog {
    logs: Slab<Log>,
    /// The open log of each lane that was used in this turn.
    open: Vec<(Lane, u32)>,
    /// Logs of this turn that are full.
    full: Vec<u32>,
    places: Slab<Place>,
    /// Room of a log that is gone, for the next.
    spare: Vec<u8>,
    bytes: usize,
    bytes_peak: usize,
}

/// One connection's output: the way through the [`Backlog`] that is its own.
#[derive(Debug)]
pub struct OutputQueue {
    first: u32,
    last: u32,
    /// How much of the first range is sent already.
    cursor: u32,
    bytes: u32,
    /// Up to this place the ranges are settled; `NONE` if none of those that are left is.
    settled: u32,
}

impl Backlog {
    /// Lets `write` append bytes to the lane's log. `None` if it appended nothing, or says that there is nothing to be sent.
    pub fn compose(
        &mut self,
        lane: Lane,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> Option<Chunk> {
        let log = self.open_log(lane);
        let bytes = &mut self.logs[log as usize].bytes;
        let start = bytes.len();
        if !write(bytes) {
            bytes.truncate(start);
        }
        let end = bytes.len();
        let narrow = |length| u32::try_from(length).expect("a log closes long before 4 GiB");
        (start < end).then(|| Chunk {
            log,
            start: narrow(start),
            end: narrow(end),
        })
    }

    fn open_log(&mut self, lane: Lane) -> u32 {
        let known = self.open.iter().position(|(of, _)| *of == lane);
        if let Some(index) = known {
            let log = self.open[index].1;
            if self.logs[log as usize].bytes.len() < LOG_BYTES {
                return log;
            }
            self.open.swap_remove(index);
            self.full.push(log);
        }
        let log = self.logs.insert(Log {
            bytes: mem::take(&mut self.spare),
            places: 0,
            young: true,
        }) as u32;
        self.open.push((lane, log));
        log
    }

    fn drop_log_if_unused(&mut self, log: u32) {
        let Log { places, young, .. } = self.logs[log as usize];
        if places == 0 && !young {
            let mut bytes = self.logs.remove(log as usize).bytes;
            bytes.clear();
            if bytes.capacity() > self.spare.capacity() && bytes.capacity() <= 2 * LOG_BYTES {
                self.spare = bytes;
            }
        }
    }

    fn insert(&mut self, chunk: Chunk) -> u32 {
        self.logs[chunk.log as usize].places += 1;
        self.places.insert(Place { chunk, next: NONE }) as u32
    }

    /// Takes a place away and returns the next in its line.
    fn remove(&mut self, place: u32) -> u32 {
        let Place { chunk, next } = self.places.remove(place as usize);
        self.logs[chunk.log as usize].places -= 1;
        self.drop_log_if_unused(chunk.log);
        next
    }

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

    /// How many logs there are.
    #[cfg(test)]
    pub(super) fn logs(&self) -> usize {
        self.logs.len()
    }

    /// Closes the logs of this turn, and gives memory back after a burst. No chunk made before is good any more.
    pub(super) fn end_turn(&mut self) {
        let open = self.open.drain(..).map(|(_, log)| log);
        let young: SmallVec<[u32; 8]> = open.chain(self.full.drain(..)).collect();
        for log in young {
            self.logs[log as usize].young = false;
            self.drop_log_if_unused(log);
        }
        if self.places.is_empty() && self.places.capacity() > PLACES_KEPT {
            self.places = Slab::new();
            self.logs = Slab::new();
        }
    }

    /// Bytes of memory behind the queues.
    #[cfg(test)]
    fn held(&self) -> usize {
        self.logs.iter().map(|(_, log)| log.bytes.len()).sum()
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
            settled: NONE,
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

    /// Puts a chunk at the end; it must be of this turn.
    ///
    /// # Panics
    /// When the queue would pass 4 GiB, which the limits of the loop keep far away.
    pub fn push(&mut self, backlog: &mut Backlog, chunk: Chunk) {
        let length = chunk.end - chunk.start;
        self.bytes = self
            .bytes
            .checked_add(length)
            .expect("a queue ends at its limit, far below 4 GiB");
        backlog.bytes += length as usize;
        backlog.bytes_peak = backlog.bytes_peak.max(backlog.bytes);
        if let Some(Place { chunk: last, .. }) = backlog.places.get_mut(self.last as usize) {
            if last.log == chunk.log && last.end == chunk.start {
                last.end = chunk.end;
                return;
            }
        }
        let place = backlog.insert(chunk);
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
            let Place { chunk, next } = &backlog.places[at as usize];
            let log = &backlog.logs[chunk.log as usize].bytes;
            slices[filled] = IoSlice::new(&log[chunk.start as usize + skip..chunk.end as usize]);
            (at, skip) = (*next, 0);
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
        let mut left = sent as u32;
        while left > 0 {
            let Chunk { start, end, .. } = backlog.places[self.first as usize].chunk;
            let rest = end - start - self.cursor;
            if left < rest {
                self.cursor += left;
                return;
            }
            left -= rest;
            if self.settled == self.first {
                self.settled = NONE;
            }
            self.first = backlog.remove(self.first);
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

    /// After a flush that left something over: moves the ranges of this turn out of logs of which they are only a small part. A range that
    /// follows a moved one joins it, so a slow reader's queue is as compact as a buffer of its own.
    pub(super) fn settle(&mut self, backlog: &mut Backlog) {
        let mut before = self.settled;
        let mut at = match backlog.places.get(before as usize) {
            Some(settled) => settled.next,
            None => self.first,
        };
        while at != NONE {
            let Place { chunk, next } = backlog.places[at as usize];
            let log = &backlog.logs[chunk.log as usize];
            let range = chunk.start as usize..chunk.end as usize;
            let small = range.len() < SHARED_BYTES_MIN || range.len() * 2 < log.bytes.len();
            if log.young && small {
                let bytes = log.bytes[range].to_vec();
                at = self.relocate(backlog, before, at, &bytes);
            }
            (before, at) = (at, next);
        }
        self.settled = before;
    }

    /// Gives the place `at` bytes of its own, in the log of the place before if that one is its own too; returns where the bytes are now.
    fn relocate(&mut self, backlog: &mut Backlog, before: u32, at: u32, bytes: &[u8]) -> u32 {
        if let Some(own) = self.own_log(backlog, before) {
            let log = &mut backlog.logs[own as usize].bytes;
            log.extend_from_slice(bytes);
            let end = log.len() as u32;
            let next = backlog.remove(at);
            let place = &mut backlog.places[before as usize];
            place.chunk.end = end;
            place.next = next;
            if self.last == at {
                self.last = before;
            }
            return before;
        }
        let log = backlog.logs.insert(Log {
            bytes: bytes.to_vec(),
            places: 1,
            young: false,
        }) as u32;
        let moved = Chunk {
            log,
            start: 0,
            end: bytes.len() as u32,
        };
        let shared = mem::replace(&mut backlog.places[at as usize].chunk, moved).log;
        backlog.logs[shared as usize].places -= 1;
        backlog.drop_log_if_unused(shared);
        at
    }

    /// The log of a place if nobody else uses it, it has room, and the place reaches to its end.
    fn own_log(&self, backlog: &Backlog, place: u32) -> Option<u32> {
        let chunk = backlog.places.get(place as usize)?.chunk;
        let log = &backlog.logs[chunk.log as usize];
        let own = !log.young && log.places == 1 && log.bytes.len() == chunk.end as usize;
        (own && log.bytes.len() < LOG_BYTES).then_some(chunk.log)
    }

    /// Panics with the name of the broken invariant.
    #[cfg(test)]
    pub(super) fn check_invariants(&self, backlog: &Backlog) {
        let (mut at, mut sum, mut last) = (self.first, 0, NONE);
        while at != NONE {
            let Place { chunk, next } = &backlog.places[at as usize];
            assert!(chunk.start < chunk.end, "no range is empty");
            assert!(
                backlog.logs[chunk.log as usize].places > 0,
                "a log knows how many places refer to it"
            );
            sum += (chunk.end - chunk.start) as usize;
            (last, at) = (at, *next);
        }
        assert_eq!(last, self.last, "`last` is the end of the line");
        let first = backlog.places.get(self.first as usize);
        assert!(
            first.is_none_or(|Place { chunk, .. }| self.cursor < chunk.end - chunk.start),
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

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: Lane = Lane(0);

    fn chunk(backlog: &mut Backlog, lane: Lane, text: &str) -> Chunk {
        let composed = backlog.compose(lane, |out| {
            out.extend_from_slice(text.as_bytes());
            true
        });
        composed.expect("the text is not empty")
    }

    fn push(queue: &mut OutputQueue, backlog: &mut Backlog, lane: Lane, text: &str) {
        let chunk = chunk(backlog, lane, text);
        queue.push(backlog, chunk);
    }

    fn slices(queue: &OutputQueue, backlog: &Backlog) -> Vec<String> {
        let mut slices = [IoSlice::new(&[]); SLICES_PER_WRITE];
        let filled = queue.gather(backlog, &mut slices);
        let text = |slice: &IoSlice<'_>| String::from_utf8(slice.to_vec()).unwrap();
        slices[..filled].iter().map(text).collect()
    }

    fn send(queue: &mut OutputQueue, backlog: &mut Backlog, at_most: usize) -> String {
        let mut text = slices(queue, backlog).concat();
        text.truncate(at_most);
        queue.consume(backlog, text.len());
        queue.check_invariants(backlog);
        text
    }

    #[test]
    fn every_schedule_of_short_writes_sends_the_same_bytes() {
        let chunks = ["a", "bcd", "efghij", "k", "lmnopqrstuvwxyz"];
        let expected = chunks.concat();
        for first in 1..=expected.len() {
            for second in 1..=expected.len() {
                let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
                let mut got = String::new();
                let mut sizes = [first, second].into_iter().cycle();
                for (index, text) in chunks.into_iter().enumerate() {
                    // Two lanes, so that there are ranges; a turn's end after each, so that they settle.
                    push(&mut queue, &mut backlog, Lane(index as u32 % 2), text);
                    chunk(
                        &mut backlog,
                        LANE,
                        "for somebody else, and longer than the rest",
                    );
                    got += &send(&mut queue, &mut backlog, sizes.next().unwrap());
                    queue.settle(&mut backlog);
                    queue.check_invariants(&backlog);
                    backlog.end_turn();
                }
                while !queue.is_empty() {
                    got += &send(&mut queue, &mut backlog, sizes.next().unwrap());
                }
                assert_eq!(got, expected, "short writes of {first} and {second}");
                assert_eq!((backlog.bytes(), backlog.held()), (0, 0));
            }
        }
    }

    #[test]
    fn lines_of_one_lane_are_one_slice() {
        let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
        for text in ["one ", "two ", "three"] {
            push(&mut queue, &mut backlog, LANE, text);
            chunk(&mut backlog, Lane::PRIVATE, "an answer to somebody");
        }
        assert_eq!(slices(&queue, &backlog), ["one two three"]);
        chunk(&mut backlog, LANE, "not for this one");
        push(&mut queue, &mut backlog, LANE, " four");
        assert_eq!(slices(&queue, &backlog), ["one two three", " four"]);
        queue.clear(&mut backlog);
    }

    #[test]
    fn queues_share_bytes_but_not_cursors() {
        let mut backlog = Backlog::default();
        let (mut fast, mut slow) = (OutputQueue::new(), OutputQueue::new());
        let hello = chunk(&mut backlog, LANE, "hello");
        fast.push(&mut backlog, hello);
        slow.push(&mut backlog, hello);
        assert_eq!((backlog.bytes(), backlog.held()), (10, 5));
        assert_eq!(send(&mut fast, &mut backlog, 99), "hello");
        assert_eq!(send(&mut slow, &mut backlog, 2), "he");
        backlog.end_turn();
        assert_eq!(send(&mut slow, &mut backlog, 99), "llo");
        assert_eq!(backlog.held(), 0);
    }

    #[test]
    fn a_slow_reader_holds_no_more_than_twice_its_queue() {
        let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
        for turn in 0..1000 {
            chunk(&mut backlog, LANE, &"for others ".repeat(500));
            push(&mut queue, &mut backlog, LANE, "a line\r\n");
            queue.settle(&mut backlog);
            backlog.end_turn();
            queue.check_invariants(&backlog);
            assert!(backlog.held() <= 2 * queue.bytes(), "in turn {turn}");
        }
        assert_eq!(
            slices(&queue, &backlog).len(),
            1,
            "it is as compact as a buffer"
        );
        assert_eq!(
            send(&mut queue, &mut backlog, usize::MAX),
            "a line\r\n".repeat(1000)
        );
        assert_eq!(backlog.held(), 0);
    }

    #[test]
    fn a_chunk_stays_good_while_its_lane_fills_log_after_log() {
        let mut backlog = Backlog::default();
        let first = chunk(&mut backlog, LANE, "hello");
        for _ in 0..4 {
            chunk(&mut backlog, LANE, &"x".repeat(LOG_BYTES));
        }
        let mut queue = OutputQueue::new();
        queue.push(&mut backlog, first);
        assert_eq!(send(&mut queue, &mut backlog, 99), "hello");
        backlog.end_turn();
        assert_eq!(backlog.held(), 0);
    }

    #[test]
    fn what_is_not_to_be_sent_is_no_chunk() {
        let mut backlog = Backlog::default();
        assert!(backlog.compose(LANE, |_| true).is_none());
        let refused = backlog.compose(LANE, |out| {
            out.push(b'x');
            false
        });
        assert!(refused.is_none());
        backlog.end_turn();
        assert_eq!(backlog.held(), 0);
    }

    #[test]
    fn no_more_slices_are_offered_than_there_is_room_for() {
        let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
        for index in 0..SLICES_PER_WRITE + 1 {
            push(&mut queue, &mut backlog, Lane(index as u32 % 2), "x");
        }
        assert_eq!(
            send(&mut queue, &mut backlog, usize::MAX).len(),
            SLICES_PER_WRITE
        );
        assert_eq!(queue.bytes(), 1);
        queue.clear(&mut backlog);
    }

    #[test]
    fn memory_of_a_burst_is_given_back() {
        let mut backlog = Backlog::default();
        let mut queues: Vec<_> = (0..2 * PLACES_KEPT).map(|_| OutputQueue::new()).collect();
        let x = chunk(&mut backlog, LANE, "x");
        for queue in &mut queues {
            queue.push(&mut backlog, x);
        }
        for queue in &mut queues {
            queue.clear(&mut backlog);
        }
        backlog.end_turn();
        assert_eq!(backlog.places.capacity(), 0);
        assert_eq!(backlog.bytes_peak(), 2 * PLACES_KEPT);
    }

    #[test]
    fn a_queue_is_twenty_bytes() {
        assert_eq!(size_of::<OutputQueue>(), 20);
    }
}
