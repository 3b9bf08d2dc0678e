//! One ceiling for everything that the peers of this process make it hold (invariant 5), and the order in which memory is given
//! back when it is passed.
//!
//! What counts: bytes queued for peers, and segments; unfinished input; what transports (TLS) and the owner of the loop
//! (protocols, users) hold for each connection, as they report it; and what the owner keeps beside connections. What was
//! counted last for each connection is remembered, so the sum cannot drift: a connection is counted again after each read and
//! flush (`event_loop/held.rs`), and nothing is walked.
//!
//! The order in which memory is given back, until all is below the ceiling again:
//!
//! 1. what is kept only to be shown or used again ([`Handler::handle_pressure`](super::Handler::handle_pressure));
//! 2. connections of strangers ([`Standing::Stranger`](super::Standing::Stranger)), those that hold most first;
//! 3. all other connections, those that hold most first.
//!
//! Invariant: no connection goes that holds less than an equal share of the ceiling. It never has to: if all hold less
//! than their share, the sum is below the ceiling. What the owner keeps beside connections counts for at most half of
//! the ceiling, so that it cannot squeeze the shares to nothing; the owner bounds it by itself. Knows no users.

use super::source::token::ConnId;
use std::mem;

/// Bytes held for one connection, rounded up to units of 64, so that an idle client pays two bytes for the counting. It
/// counts at most 4 MiB, and unfinished input, the most that a peer can make us hold, is far less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held(u16);

impl Held {
    const UNIT: usize = 64;

    fn of(bytes: usize) -> Self {
        Self(u16::try_from(bytes.div_ceil(Self::UNIT)).unwrap_or(u16::MAX))
    }

    fn bytes(self) -> usize {
        usize::from(self.0) * Self::UNIT
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Ceiling {
    /// The ceiling itself.
    pub(crate) bytes: usize,
    /// What connections hold beside their queues.
    held: usize,
    /// The same for each, in the order of the table's slots.
    by_slot: Vec<Held>,
    /// What the owner keeps beside connections.
    pub(crate) elsewhere: usize,
}

/// The ceiling unless the owner sets another.
const CEILING: usize = 256 * 1024 * 1024;

impl Default for Ceiling {
    fn default() -> Self {
        Self {
            bytes: CEILING,
            held: 0,
            by_slot: Vec::new(),
            elsewhere: 0,
        }
    }
}

impl Ceiling {
    /// What connections hold beside their queues, as they were counted last.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// What the owner keeps elsewhere, as far as it counts.
    pub(crate) fn elsewhere(&self) -> usize {
        self.elsewhere.min(self.bytes / 2)
    }

    /// The equal share of so many connections.
    pub(crate) fn share(&self, connections: usize) -> usize {
        (self.bytes - self.elsewhere()) / connections.max(1)
    }

    /// Notes what a connection holds now.
    pub(crate) fn note(&mut self, id: ConnId, bytes: usize) {
        let slot = id.slot as usize;
        if self.by_slot.len() <= slot {
            if bytes == 0 {
                return;
            }
            self.by_slot.resize(slot + 1, Held::default());
        }
        let held = Held::of(bytes);
        let before = mem::replace(&mut self.by_slot[slot], held);
        self.held = self.held - before.bytes() + held.bytes();
    }

    /// A connection goes, one of so many sources, and with it all that it held.
    pub(crate) fn forget(&mut self, id: ConnId, sources: usize) {
        self.note(id, 0);
        if sources <= 1 {
            // The rush is over.
            self.by_slot = Vec::new();
        }
    }

    /// What was counted last for a connection that is in the table.
    pub(crate) fn of(&self, id: ConnId) -> usize {
        self.by_slot
            .get(id.slot as usize)
            .map_or(0, |held| held.bytes())
    }
}

/// What so many bytes count as.
#[cfg(test)]
pub(crate) fn rounded(bytes: usize) -> usize {
    Held::of(bytes).bytes()
}
