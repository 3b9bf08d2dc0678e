//! All deadlines in one heap: registration, keep-alive, flood control, drain, linger, a listener's rest.
//!
//! An entry is only a reminder to look. Each source has at most one that counts (its record has the moment); what
//! is really due is in the record, which traffic changes without touching the heap. An entry that comes up too early
//! is put in again for the right moment; one that no longer counts is dropped, at the latest when such ones are in
//! the majority. Knows ids and moments, nothing else.

use super::clock::Tick;
use crate::net::source::token::ConnId;
use std::{cmp::Reverse, collections::BinaryHeap};

/// Reminders that no longer count are not worth a walk through the heap while there are no more of them than this.
const FORGOTTEN_AT_LEAST: usize = 64;

/// Reminders, nearest first.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Tick, ConnId)>>,
}

impl Timers {
    /// Reminds of `id` at `at`.
    pub(crate) fn arm(&mut self, at: Tick, id: ConnId) {
        debug_assert!(at < Tick::NEVER, "`NEVER` needs no reminder");
        self.heap.push(Reverse((at, id)));
    }

    /// The nearest reminder; `None` lets the loop sleep without a timeout.
    pub(crate) fn nearest(&self) -> Option<Tick> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the nearest reminder if its moment has come.
    pub(crate) fn pop_due(&mut self, now: Tick) -> Option<(Tick, ConnId)> {
        self.nearest().filter(|at| *at <= now)?;
        let due = self.heap.pop().map(|Reverse(entry)| entry);
        // The memory of a burst of short-lived connections is given back.
        if self.heap.capacity() > 4096 && self.heap.len() < self.heap.capacity() / 8 {
            self.heap.shrink_to(self.heap.len() * 2);
        }
        due
    }

    /// Forgets reminders that no longer count: always at the front, where they would wake the loop for nothing, and
    /// everywhere once there are twice as many as sources. So what traffic leaves in the heap is bounded, and costs
    /// one look for each reminder.
    pub(crate) fn tidy(&mut self, sources: usize, counts: impl Fn(Tick, ConnId) -> bool) {
        while let Some(Reverse((at, id))) = self.heap.peek() {
            if counts(*at, *id) {
                break;
            }
            self.heap.pop();
        }
        if self.heap.len() > 2 * sources + FORGOTTEN_AT_LEAST {
            self.heap.retain(|Reverse((at, id))| counts(*at, *id));
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
        let id = |slot| ConnId {
            slot,
            generation: 0,
        };
        let mut timers = Timers::default();
        for (at, slot) in [(30, 3), (10, 1), (20, 2)] {
            timers.arm(Tick(at), id(slot));
        }
        assert_eq!(timers.nearest(), Some(Tick(10)));
        assert_eq!(timers.pop_due(Tick(9)), None);
        assert_eq!(timers.pop_due(Tick(25)), Some((Tick(10), id(1))));
        assert_eq!(timers.pop_due(Tick(25)), Some((Tick(20), id(2))));
        assert_eq!(timers.pop_due(Tick(25)), None);
        assert_eq!(timers.nearest(), Some(Tick(30)));
    }
}
