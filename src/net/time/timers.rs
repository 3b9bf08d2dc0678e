//! All deadlines in one heap: registration, keep-alive, flood control, drain, linger, a listener's rest.
//!
//! An entry is only a reminder to look. Each source has at most one that counts (its record has the moment); what
//! is really due is in the record, which traffic changes without touching the heap. An entry that comes up too early
//! is put in again for the right moment; one that no longer counts is dropped, at the latest when such ones are in
//! the majority. An entry takes eight bytes, for every idle client has one: it names a slot, and whether its reminder counts is
//! found in the record that has the slot now. Knows slots and moments, nothing else.

use super::clock::Tick;
use crate::net::source::token::SLOTS_MAX;
use std::{cmp::Reverse, collections::BinaryHeap};

/// Reminders that no longer count are not worth a walk through the heap while there are no more of them than this.
const FORGOTTEN_AT_LEAST: usize = 64;

/// Reminders, nearest first.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<Entry>>,
}

/// A moment and a slot in one number. The moment has the upper 40 bits (34 years of milliseconds), so entries are in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u64);

impl Entry {
    const SLOT_BITS: u32 = SLOTS_MAX.trailing_zeros();

    fn new(at: Tick, slot: u32) -> Self {
        debug_assert!(slot < SLOTS_MAX, "the table has no such slot");
        let at = at.0.min(u64::MAX >> Self::SLOT_BITS);
        Self(at << Self::SLOT_BITS | u64::from(slot))
    }

    fn at(self) -> Tick {
        Tick(self.0 >> Self::SLOT_BITS)
    }

    fn slot(self) -> u32 {
        self.0 as u32 & (SLOTS_MAX - 1)
    }
}

impl Timers {
    /// Reminds of the source in this slot at `at`.
    pub(crate) fn arm(&mut self, at: Tick, slot: u32) {
        debug_assert!(at < Tick::NEVER, "never needs no reminder");
        self.heap.push(Reverse(Entry::new(at, slot)));
    }

    /// The nearest reminder; `None` lets the loop sleep without a timeout.
    pub(crate) fn nearest(&self) -> Option<Tick> {
        self.heap.peek().map(|Reverse(entry)| entry.at())
    }

    /// Takes the nearest reminder if its moment has come.
    pub(crate) fn pop_due(&mut self, now: Tick) -> Option<(Tick, u32)> {
        self.nearest().filter(|at| *at <= now)?;
        let due = self.heap.pop();
        // The memory of a burst of short-lived connections is given back.
        if self.heap.capacity() > 4096 && self.heap.len() < self.heap.capacity() / 8 {
            self.heap.shrink_to(self.heap.len() * 2);
        }
        due.map(|Reverse(entry)| (entry.at(), entry.slot()))
    }

    /// Forgets reminders that no longer count: always at the front, where they would wake the loop for nothing, and
    /// everywhere once there are twice as many as sources. So what traffic leaves in the heap is bounded, and costs
    /// one look for each reminder.
    pub(crate) fn tidy(&mut self, sources: usize, counts: impl Fn(Tick, u32) -> bool) {
        while let Some(Reverse(entry)) = self.heap.peek() {
            if counts(entry.at(), entry.slot()) {
                break;
            }
            self.heap.pop();
        }
        if self.heap.len() > 2 * sources + FORGOTTEN_AT_LEAST {
            let counts = |entry: &Reverse<Entry>| counts(entry.0.at(), entry.0.slot());
            self.heap.retain(counts);
        }
    }

    /// How many reminders wait, those that no longer count included.
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_come_in_order_and_not_early() {
        assert_eq!(size_of::<Entry>(), 8);
        let mut timers = Timers::default();
        for (at, slot) in [(30, 3), (10, 1), (20, 2)] {
            timers.arm(Tick(at), slot);
        }
        assert_eq!(timers.nearest(), Some(Tick(10)));
        assert_eq!(timers.pop_due(Tick(9)), None);
        assert_eq!(timers.pop_due(Tick(25)), Some((Tick(10), 1)));
        assert_eq!(timers.pop_due(Tick(25)), Some((Tick(20), 2)));
        assert_eq!(timers.pop_due(Tick(25)), None);
        assert_eq!(timers.nearest(), Some(Tick(30)));
    }
}
