//! Marks on a source's record: which work lists it is on, and what the next turn must know of it. One byte.

use std::fmt;

/// A set of marks.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks(u8);

impl Marks {
    /// On the list of sources to read from (of a listener: to accept from).
    pub(crate) const IN_READY_LIST: Self = Self(1 << 0);
    /// On the list of connections to flush.
    pub(crate) const DIRTY: Self = Self(1 << 1);
    /// The kernel may have more input: an event reported it, and no read was blocked since.
    pub(crate) const READABLE: Self = Self(1 << 2);
    /// The handler left input that may hold whole frames.
    pub(crate) const FRAMES_BUFFERED: Self = Self(1 << 3);
    /// The handler asked for a call once the queue is below the low-water mark.
    pub(crate) const NOTIFY_DRAINED: Self = Self(1 << 4);
    /// The poll was asked for writable events.
    pub(crate) const WRITABLE_INTEREST: Self = Self(1 << 5);
    /// More than bytes may wait: an end of file, an error, an urgent mark. Reading goes on until it would block.
    pub(crate) const READ_TO_END: Self = Self(1 << 6);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::IN_READY_LIST, "in ready list"),
        (Self::DIRTY, "dirty"),
        (Self::READABLE, "readable"),
        (Self::FRAMES_BUFFERED, "frames buffered"),
        (Self::NOTIFY_DRAINED, "notify drained"),
        (Self::WRITABLE_INTEREST, "writable interest"),
        (Self::READ_TO_END, "read to end"),
    ];

    pub(crate) fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    /// Sets a mark; returns whether it is new.
    pub(crate) fn insert(&mut self, mark: Self) -> bool {
        let is_new = !self.has(mark);
        self.0 |= mark.0;
        is_new
    }

    /// Takes a mark away; returns whether it was there.
    pub(crate) fn remove(&mut self, mark: Self) -> bool {
        let was_there = self.has(mark);
        self.0 &= !mark.0;
        was_there
    }

    pub(crate) fn set(&mut self, mark: Self, on: bool) {
        if on {
            self.insert(mark);
        } else {
            self.remove(mark);
        }
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(mark, _)| self.has(*mark));
        f.debug_set().entries(names.map(|(_, name)| name)).finish()
    }
}
