//! One ceiling for everything that the peers of this process make it hold (invariant 5), and who goes when it is passed.
//!
//! What counts: bytes queued for peers and their places in line; unfinished input; what transports (TLS) and the owner
//! of the connection (protocols, people) hold for each, as they tell; and what the owner keeps beside connections. What
//! was counted last for each connection is remembered, so the sum cannot drift: whoever may have changed what a
//! connection holds calls [`Net::recount`], once for each read or flush, and nothing is walked.
//!
//! The order in which memory is given back, until all is below the ceiling again:
//!
//! 1. what is kept only to be shown or used again ([`Handler::handle_pressure`]);
//! 2. connections of strangers ([`Standing::Stranger`]), those that hold most first;
//! 3. all other connections, those that hold most first.
//!
//! Invariant: no connection goes that holds less than an equal share of the ceiling. It never has to: if all hold less
//! than their share, the sum is below the ceiling. What the owner keeps beside connections counts for at most half of
//! the ceiling, so that it cannot squeeze the shares to nothing; the owner bounds it by itself. Knows no people.

use super::{
    core::Net,
    handler::{Handler, Loss, Standing},
    token::ConnId,
};
use std::{cmp::Reverse, mem};

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
pub(super) struct Ceiling {
    bytes: usize,
    /// What connections hold beside their queues.
    held: usize,
    /// The same for each, in the order of the table's slots.
    by_slot: Vec<Held>,
    /// What the owner keeps beside connections.
    elsewhere: usize,
}

/// Unless told otherwise.
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

impl Net {
    /// Sets how many bytes peers may make the process hold in all.
    pub fn set_ceiling(&mut self, bytes: usize) {
        self.ceiling.bytes = bytes;
    }

    /// How many bytes peers may make the process hold in all.
    pub fn ceiling(&self) -> usize {
        self.ceiling.bytes
    }

    /// Tells how many bytes the owner of the loop keeps for peers beside what it tells of each connection.
    pub fn set_kept_elsewhere(&mut self, bytes: usize) {
        self.ceiling.elsewhere = bytes;
    }

    /// Bytes that peers make the process hold: what the ceiling is compared with.
    pub fn held(&self) -> usize {
        self.held_by_connections() + self.elsewhere()
    }

    /// Bytes that connections hold beside their queues, as they were counted last.
    pub fn held_beside_queues(&self) -> usize {
        self.ceiling.held
    }

    fn held_by_connections(&self) -> usize {
        self.buffers.bytes() + self.buffers.segments_memory() + self.ceiling.held
    }

    fn elsewhere(&self) -> usize {
        self.ceiling.elsewhere.min(self.ceiling.bytes / 2)
    }

    /// Counts again what a connection holds beside its queue.
    pub(super) fn recount(&mut self, id: ConnId, handler: &impl Handler) {
        if let Some(connection) = self.table.connection(id) {
            let owned = handler.held_for(id);
            let held = connection.input.memory() + connection.stream.memory() + owned;
            self.ceiling.note(id, held);
        }
    }

    /// A connection's record goes, and with it all that it held.
    pub(super) fn forget_held(&mut self, id: ConnId) {
        self.ceiling.note(id, 0);
        if self.table.len() <= 1 {
            // Nobody is left of a crowd.
            self.ceiling.by_slot = Vec::new();
        }
    }

    /// Too much is held in the whole process: the largest go, in the order above, until it is not. What their going
    /// makes others say does not count before it was flushed, for most of those who hear it read; else one farewell to a
    /// crowd would push the next over the edge.
    pub(super) fn enforce_ceiling(&mut self, handler: &mut impl Handler) {
        if self.held() <= self.ceiling.bytes {
            return;
        }
        handler.handle_pressure(self);
        let mut excess = self.held().saturating_sub(self.ceiling.bytes);
        if excess == 0 {
            return;
        }
        let count = self.table.connection_count().max(1);
        let share = (self.ceiling.bytes - self.elsewhere()) / count;
        let mut order: Vec<(Standing, Reverse<usize>, ConnId)> = self
            .table
            .connections()
            .map(|(id, connection)| (id, connection.output.bytes() + self.ceiling.of(id)))
            .filter(|(_, held)| *held > 0 && *held >= share)
            .map(|(id, held)| (handler.standing(id), Reverse(held), id))
            .collect();
        order.sort_unstable();
        for (_, Reverse(held), id) in order {
            if excess == 0 {
                return;
            }
            excess = excess.saturating_sub(held);
            self.stats.over_ceiling += 1;
            self.fail(id, &Loss::OverCeiling, handler);
        }
    }

    /// Panics if the count is not the sum of what is remembered of each connection.
    #[cfg(test)]
    pub(super) fn check_held(&self) {
        let ids = self.table.connections().map(|(id, _)| id);
        let counted: usize = ids.map(|id| self.ceiling.of(id)).sum();
        assert_eq!(self.ceiling.held, counted, "held in all");
    }

    /// Panics if what is remembered of a connection is not what it holds.
    #[cfg(test)]
    pub(crate) fn check_held_by_walk(&self, handler: &impl Handler) {
        self.check_held();
        for (id, connection) in self.table.connections() {
            let owned = handler.held_for(id);
            let held = connection.input.memory() + connection.stream.memory() + owned;
            assert_eq!(
                self.ceiling.of(id),
                Held::of(held).bytes(),
                "held for {id:?}"
            );
        }
    }
}

impl Ceiling {
    fn note(&mut self, id: ConnId, bytes: usize) {
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

    /// What was counted last for a connection that is in the table.
    fn of(&self, id: ConnId) -> usize {
        self.by_slot
            .get(id.slot as usize)
            .map_or(0, |held| held.bytes())
    }
}
