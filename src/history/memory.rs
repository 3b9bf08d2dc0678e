//! Lines in memory: those of each buffer in order, bounded in lines for each and in bytes for all.
//!
//! Past the bytes, the oldest line of all goes first, whichever buffer it is in. A buffer that has lost a line has only its
//! tail from then on. Invariants: `bytes` is the sum over all lines and buffers; each line is in `order`, at the place of its
//! arrival. Does not know who may read.

use super::{buffer::Buffer, line::Line, query::Lines};
use crate::chat::{MessageId, WallTime};
use slab::Slab;
use std::{
    collections::{HashMap, VecDeque},
    rc::Rc,
};

/// What an entry of `order` and one in a buffer's list take, beside the line.
const PER_LINE: usize = size_of::<(u32, MessageId)>() + size_of::<Rc<Line>>();

/// What a buffer takes: its record, its key twice, and a place in the index.
const PER_BUFFER: usize = size_of::<Kept>() + 2 * size_of::<Buffer>();

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Memory {
    buffers: Slab<Kept>,
    /// Users choose the names of accounts: the standard keyed hash keeps them from choosing collisions.
    slots: HashMap<Buffer, usize>,
    /// All lines in the order of their arrival; some may be gone already.
    order: VecDeque<(usize, MessageId)>,
    lines: usize,
    bytes: usize,
}

/// The lines of a buffer.
#[derive(Debug)]
struct Kept {
    buffer: Buffer,
    lines: Lines,
    is_whole: bool,
}

/// Whether a buffer that is not in memory yet has lines elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// It may.
    Elsewhere,
    /// What is handed in now is the first line of it.
    Here,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Lines of one buffer.
    pub lines: usize,
    /// Bytes of all.
    pub bytes: usize,
}

impl Memory {
    /// Adds the latest line of a buffer.
    pub fn push(&mut self, buffer: &Buffer, line: Rc<Line>, begins: Beginning, bounds: Bounds) {
        let slot = match self.slots.get(buffer) {
            Some(&slot) => slot,
            None => self.add_buffer(buffer, begins),
        };
        let kept = &mut self.buffers[slot];
        debug_assert!(
            kept.lines
                .back()
                .is_none_or(|last| last.id < line.id && last.time <= line.time),
            "lines of a buffer rise"
        );
        self.order.push_back((slot, line.id));
        self.lines += 1;
        self.bytes += line.bytes() + PER_LINE;
        kept.lines.push_back(line);
        while self.buffers[slot].lines.len() > bounds.lines {
            self.drop_first(slot);
        }
        while self.bytes > bounds.bytes && self.drop_oldest() {}
        self.tidy_order();
    }

    fn add_buffer(&mut self, buffer: &Buffer, begins: Beginning) -> usize {
        self.bytes += PER_BUFFER + 2 * buffer.heap_bytes();
        let slot = self.buffers.insert(Kept {
            buffer: buffer.clone(),
            lines: Lines::new(),
            is_whole: begins == Beginning::Here,
        });
        self.slots.insert(buffer.clone(), slot);
        slot
    }

    /// Drops the first line of a buffer. The record of a room stays until the room ends, to say that something is missing.
    fn drop_first(&mut self, slot: usize) {
        let kept = &mut self.buffers[slot];
        if let Some(line) = kept.lines.pop_front() {
            self.lines -= 1;
            self.bytes -= line.bytes() + PER_LINE;
            kept.is_whole = false;
        }
        if kept.lines.is_empty() && matches!(kept.buffer, Buffer::Pair(_)) {
            let buffer = kept.buffer.clone();
            self.forget(&buffer);
        }
    }

    /// Drops the oldest line of all; false if there is none.
    fn drop_oldest(&mut self) -> bool {
        while let Some((slot, id)) = self.order.pop_front() {
            let first = self.buffers.get(slot).and_then(|kept| kept.lines.front());
            if first.is_some_and(|first| first.id == id) {
                self.drop_first(slot);
                return true;
            }
        }
        false
    }

    /// Forgets entries of lines that are gone, once they are the half.
    fn tidy_order(&mut self) {
        const FEW: usize = 64;
        if self.order.len() <= 2 * self.lines + FEW {
            return;
        }
        let buffers = &self.buffers;
        self.order.retain(|&(slot, id)| {
            let first = buffers.get(slot).and_then(|kept| kept.lines.front());
            first.is_some_and(|first| first.id <= id)
        });
    }

    /// The lines of a buffer, and whether they are all that it has; `None`: nothing is known of it.
    pub fn lines(&self, buffer: &Buffer) -> Option<(&Lines, bool)> {
        let kept = &self.buffers[*self.slots.get(buffer)?];
        Some((&kept.lines, kept.is_whole))
    }

    /// The time of the last line of a buffer.
    pub fn last_time(&self, buffer: &Buffer) -> Option<WallTime> {
        self.lines(buffer)?.0.back().map(|line| line.time)
    }

    /// The buffers that are known.
    pub fn buffers(&self) -> impl ExactSizeIterator<Item = &Buffer> {
        self.buffers.iter().map(|(_, kept)| &kept.buffer)
    }

    /// A line by its number.
    pub fn find(&self, buffer: &Buffer, id: MessageId) -> Option<&Rc<Line>> {
        let (lines, _) = self.lines(buffer)?;
        lines.get(lines.binary_search_by_key(&id, |line| line.id).ok()?)
    }

    /// Takes one line out; the others stay all there are.
    pub fn remove(&mut self, buffer: &Buffer, id: MessageId) -> Option<Rc<Line>> {
        let kept = &mut self.buffers[*self.slots.get(buffer)?];
        let place = kept.lines.binary_search_by_key(&id, |line| line.id).ok()?;
        let line = kept.lines.remove(place)?;
        self.lines -= 1;
        self.bytes -= line.bytes() + PER_LINE;
        Some(line)
    }

    /// Forgets a buffer.
    pub fn forget(&mut self, buffer: &Buffer) {
        let Some(slot) = self.slots.remove(buffer) else {
            return;
        };
        let kept = self.buffers.remove(slot);
        self.lines -= kept.lines.len();
        let lines: usize = kept.lines.iter().map(|line| line.bytes() + PER_LINE).sum();
        self.bytes -= lines + PER_BUFFER + 2 * buffer.heap_bytes();
        self.tidy_order();
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
