//! The writing half of a turn: one flush for each dirty connection, and what follows from what is left (invariants 2, 5, 6).
//!
//! Fan-out only appends and marks. Here the queues meet the kernel, once a turn; here a reader that is too slow is noticed, the
//! process's ceiling is held, and a connection that has said its last word goes on to linger. Knows no messages.

use super::{
    budget::DRAINED_SLICE,
    clock::Tick,
    connection::{Flush, OurHalf},
    core::Net,
    handler::Handler,
    phase::Phase,
    token::ConnId,
};
use std::{
    io::{self, ErrorKind},
    mem,
    time::Duration,
};

/// How long a closing connection may read nothing of what is owed to it. One on a slow link gets its last words too.
pub(super) const DRAIN: Duration = Duration::from_secs(5);

/// How long we wait for the peer's end of stream after ours.
const LINGER: Duration = Duration::from_secs(2);

/// The same once the process is about to end ([`Net::shorten_linger`]), counted from the last input. Enough for what a peer
/// was sending when it saw our end of stream; most close in answer to it, and the others would never.
const LINGER_IN_HURRY: Duration = Duration::from_millis(500);

/// How long we go on hearing what a peer said before it was gone. What waits for flood control's sake could take an hour,
/// with a connection held for nobody; a paste of two hundred lines is through by then.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How many may go on with what they have to say in one turn. A piece of a long list takes some 0.2 ms to make, so a
/// thousand who ask for lists keep those who only talk waiting for a hundredth of a second, not for a fifth.
const TOLD_PER_TURN: usize = 64;

/// Deadlines of phases go on this grid (milliseconds), so that a crowd that leaves wakes us up a few times, not a thousand.
const GRID: u64 = 250;

impl Net {
    /// Puts a connection on the list of those to flush. Once is enough.
    pub(super) fn mark_dirty(&mut self, id: ConnId) {
        if let Some(connection) = self.table.connection_mut(id) {
            if !mem::replace(&mut connection.dirty, true) {
                self.dirty.push(id);
            }
        }
    }

    /// Stage: flushes everyone who has something new to send or new room for it.
    pub(super) fn flush_dirty(&mut self, handler: &mut impl Handler) {
        self.flush_broadcast();
        let mut dirty = mem::take(&mut self.dirty);
        for id in dirty.drain(..) {
            self.flush_connection(id, handler);
        }
        if self.dirty.is_empty() {
            // Keep the room: the next fan-out needs it again.
            self.dirty = dirty;
            self.dirty.shrink_to(self.table.connection_count() / 8 + 64);
        }
        self.enforce_ceiling(handler);
        self.notify_below_low_water(handler);
    }

    /// Tells those who have more to say that there is room for it: so many a turn, in the order in which they came.
    fn notify_below_low_water(&mut self, handler: &mut impl Handler) {
        self.begin_slice(DRAINED_SLICE);
        for _ in 0..self.below_low_water.len().min(TOLD_PER_TURN) {
            if self.is_slice_over() {
                return;
            }
            let Some(id) = self.below_low_water.pop_front() else {
                return;
            };
            match self.table.connection_mut(id) {
                Some(connection) if connection.phase != Phase::Open => {}
                // What others said came in between: the flush of that will tell.
                Some(connection) if connection.is_backlogged() => connection.notify_drained = true,
                Some(_) => handler.handle_drained(self, id),
                None => {}
            }
        }
    }

    fn flush_connection(&mut self, id: ConnId, handler: &mut impl Handler) {
        self.flush_one(id, handler);
        self.recount(id, handler);
    }

    fn flush_one(&mut self, id: ConnId, handler: &mut impl Handler) {
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        connection.dirty = false;
        if matches!(connection.phase, Phase::Connecting | Phase::Closed) {
            return;
        }
        let owed = (connection.output.bytes(), connection.stream.unsent());
        let flushed = connection.flush(&mut self.buffers, &mut self.stats);
        let reads = connection.output.bytes() < owed.0 || connection.stream.unsent() < owed.1;
        if connection.phase == Phase::Draining && reads {
            // The reminder for the earlier moment looks again.
            connection.deadline = self.now.after(DRAIN);
        }
        match flushed {
            Flush::Drained if connection.phase == Phase::Draining => return self.end_our_side(id),
            Flush::Drained if connection.our_half == OurHalf::Ending => {
                match connection.stream.transport().shutdown_write() {
                    Ok(()) => connection.our_half = OurHalf::Ended,
                    // The transport's own last word does not fit: when there is room we come here again.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return self.note_broken(id, &error),
                }
            }
            Flush::Drained | Flush::Blocked => {}
            Flush::Lost(error) => return self.note_broken(id, &error),
        }
        self.update_interest(id);
        let now = self.now();
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        if connection.phase == Phase::Open {
            let has_room = !connection.is_backlogged();
            if connection.output.bytes() > connection.limits.limit as usize {
                handler.handle_overflow(self, id);
            } else if has_room && mem::take(&mut connection.notify_drained) {
                self.below_low_water.push_back(id);
            }
        }
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        if connection.phase == Phase::Open && connection.has_work() && !connection.is_held(now) {
            // It was not read from because so much waited for it, and no event will tell that this has changed.
            self.push_ready(id);
        }
    }

    /// All is delivered to the kernel: sends our end of stream. If the peer's was seen there is nothing in flight that a
    /// close could destroy.
    fn end_our_side(&mut self, id: ConnId) {
        let linger_until = self.linger_until();
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        let shut = connection.stream.transport().shutdown_write();
        if matches!(&shut, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            // The transport's own last word does not fit: when there is room we come here again.
            return self.update_interest(id);
        }
        if shut.is_err() || connection.eof {
            return self.mark_closed(id);
        }
        connection.phase.advance(Phase::Lingering);
        connection.deadline = linger_until;
        self.rearm(id);
        self.update_interest(id);
        self.push_ready(id);
    }

    fn linger_until(&self) -> Tick {
        let linger = match self.hurried_at {
            Some(_) => LINGER_IN_HURRY,
            None => LINGER,
        };
        self.now().after(linger).on_grid(GRID)
    }

    /// The process is about to end: from now on a peer that does not end its stream is waited for only while it is still
    /// sending. What the kernel holds for it is not lost: the kernel delivers it without us. Only a close with unread input
    /// would destroy it, by a reset, so input is read and discarded until the end.
    pub fn shorten_linger(&mut self) {
        self.hurried_at.get_or_insert(self.now);
        let until = self.linger_until();
        let lingering: Vec<_> = self
            .table
            .connections()
            .filter(|(_, connection)| connection.phase == Phase::Lingering)
            .map(|(id, _)| id)
            .collect();
        for id in lingering {
            if let Some(connection) = self.table.connection_mut(id) {
                connection.deadline = connection.deadline.min(until);
                self.rearm(id);
            }
        }
    }

    /// A lingering peer has sent something. In a hurry that is what is waited for, as long as we would have waited without.
    pub(super) fn note_lingering_input(&mut self, id: ConnId) {
        let Some(hurried_at) = self.hurried_at else {
            return;
        };
        let until = self.linger_until().min(hurried_at.after(LINGER));
        if let Some(connection) = self.table.connection_mut(id) {
            connection.deadline = connection.deadline.max(until);
            self.rearm(id);
        }
    }

    /// A write failed. Lines that came before the peer's reset can still be read (a QUIT, say), so we read to the end first.
    pub(super) fn note_broken(&mut self, id: ConnId, error: &io::Error) {
        tracing::debug!(%error, "a write failed; reading on to the end");
        let now = self.now();
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        if !mem::replace(&mut connection.write_failed, true) && connection.phase == Phase::Open {
            connection.deadline = now.after(LAST_WORDS).on_grid(GRID);
            self.rearm(id);
        }
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        connection.output.clear(&mut self.buffers);
        connection.readable |= !connection.eof;
        let has_more_to_say = connection.notify_drained;
        if connection.phase == Phase::Draining {
            // Nobody will get the rest.
            return self.mark_closed(id);
        }
        self.push_ready(id);
        if has_more_to_say {
            // Nothing is in its way any more, and it may be what the lines that are left wait for.
            self.mark_dirty(id);
        }
    }

    /// Asks the poll for writable events exactly while something is unsent (invariant 2).
    fn update_interest(&mut self, id: ConnId) {
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        let interest = connection.interest();
        if interest.is_writable() == connection.wants_writable {
            return;
        }
        connection.wants_writable = interest.is_writable();
        if let Some(source) = connection.stream.transport().source() {
            let registry = &self.registry;
            if let Err(error) = registry.reregister(source, id.token(), interest) {
                // Without events the connection would hang for ever.
                self.note_broken(id, &error);
            }
        }
    }
}
