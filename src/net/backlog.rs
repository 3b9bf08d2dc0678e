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

use super::places::{PLACES_KEPT, Place, Places};
use slab::Slab;
use smallvec::SmallVec;
use std::mem;

/// A log that has grown to this is closed and the next begun: it bounds what one range can keep in memory.
pub(super) const LOG_BYTES: usize = 64 * 1024;

/// When no log is left, memory for more records of them than this is given back (40 bytes each).
const LOGS_KEPT: usize = 1024;

/// "No place": the end of a line, or an empty queue.
pub(super) const NONE: u32 = u32::MAX;

/// Which peers a chunk is for: those who get chunks of one lane get them as one range. The numbers are the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(pub u32);

impl Lane {
    /// For chunks that go to one connection alone.
    pub const PRIVATE: Self = Self(u32::MAX);
}

/// Bytes to be sent to any number of peers: a range of a log. Good until the end of the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub(super) log: u32,
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
        let together = self.log == next.log && self.end == next.start;
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
pub(super) struct Log {
    pub(super) bytes: Vec<u8>,
    /// How many places refer to it.
    pub(super) places: u32,
    /// It was begun in this turn, so chunks of it may be in somebody's hands.
    pub(super) young: bool,
}

/// The logs and places of all queues of the process, and how many bytes they hold.
#[derive(Debug, Default)]
pub struct Backlog {
    pub(super) logs: Slab<Log>,
    /// The open log of each lane that was used in this turn.
    open: Vec<(Lane, u32)>,
    /// Logs of this turn that are full.
    full: Vec<u32>,
    pub(super) places: Places,
    /// Room of a log that is gone, for the next.
    spare: Vec<u8>,
    bytes: usize,
    bytes_peak: usize,
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

    pub(super) fn drop_log_if_unused(&mut self, log: u32) {
        let Log { places, young, .. } = self.logs[log as usize];
        if places == 0 && !young {
            let mut bytes = self.logs.remove(log as usize).bytes;
            bytes.clear();
            if bytes.capacity() > self.spare.capacity() && bytes.capacity() <= 2 * LOG_BYTES {
                self.spare = bytes;
            }
        }
    }

    pub(super) fn insert(&mut self, chunk: Chunk) -> u32 {
        self.logs[chunk.log as usize].places += 1;
        self.places.insert(chunk)
    }

    /// Takes a place away and returns the next in its line.
    pub(super) fn remove(&mut self, place: u32) -> u32 {
        let Place { chunk, next } = self.places.remove(place);
        self.logs[chunk.log as usize].places -= 1;
        self.drop_log_if_unused(chunk.log);
        next
    }

    /// Gives a place these bytes instead of its range, in a log of their own.
    pub(super) fn move_out(&mut self, place: u32, bytes: Vec<u8>) {
        let end = bytes.len() as u32;
        let log = self.logs.insert(Log {
            bytes,
            places: 1,
            young: false,
        }) as u32;
        let moved = Chunk { log, start: 0, end };
        let left = mem::replace(&mut self.places[place].chunk, moved).log;
        self.logs[left as usize].places -= 1;
        self.drop_log_if_unused(left);
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
        &self.logs[chunk.log as usize].bytes[chunk.start as usize..chunk.end as usize]
    }

    /// Bytes that wait in all queues together; a shared chunk counts in each.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of memory for places in line beyond those that are always kept.
    pub(super) fn places_memory(&self) -> usize {
        let beyond = self.places.capacity().saturating_sub(PLACES_KEPT);
        beyond * size_of::<Place>()
    }

    /// The most bytes that ever waited.
    pub fn bytes_peak(&self) -> usize {
        self.bytes_peak
    }

    /// Bytes of memory behind all queues, room kept for later included.
    pub fn memory(&self) -> usize {
        let logs = self.logs.iter().map(|(_, log)| log.bytes.capacity());
        let places = self.places.capacity() * size_of::<Option<Place>>();
        logs.sum::<usize>() + places + self.spare.capacity()
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
    pub fn end_turn(&mut self) {
        let open = self.open.drain(..).map(|(_, log)| log);
        let young: SmallVec<[u32; 8]> = open.chain(self.full.drain(..)).collect();
        for log in young {
            self.logs[log as usize].young = false;
            self.drop_log_if_unused(log);
        }
        self.places.tidy();
        if self.logs.is_empty() && self.logs.capacity() > LOGS_KEPT {
            self.logs = Slab::new();
        }
    }

    /// Bytes of memory behind the queues.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.logs.iter().map(|(_, log)| log.bytes.len()).sum()
    }
}
