//! The writing half of a connection: queueing, flushing, and what follows from what is left (invariants 2, 5, 6).
//!
//! Write first, then ask: the poll is asked for writable events only while something is unsent. Knows no other connection.

use super::Connection;
use crate::net::{
    output::chunk::Chunk,
    source::{
        half::{ReadHalf, WriteHalf},
        marks::Marks,
        outcome::Flushed,
        phase::Phase,
        stream_io::{self, Flush, Then},
        token::ConnId,
    },
    state::LoopState,
};
use std::{
    io::{self, ErrorKind},
    mem,
};

impl Connection {
    /// Whether what is written now comes right after what was written before.
    pub(crate) fn is_ready_for_more(&self) -> bool {
        self.phase() == Phase::Open
            && self.write_half == WriteHalf::Open
            && !self.marks.has(Marks::DIRTY)
            && self.output.is_empty()
    }

    /// Whether anything may still be queued.
    fn takes_output(&self) -> bool {
        self.phase() <= Phase::Open && self.write_half == WriteHalf::Open
    }

    /// Queues a chunk. For a connection on its way out this does nothing.
    pub(crate) fn enqueue(&mut self, id: ConnId, chunk: Chunk, state: &mut LoopState) {
        if self.takes_output() {
            self.output.push(&mut state.output.buffers, chunk);
            state.work.push_dirty(id, &mut self.marks);
        }
    }

    /// Writes what is queued, and goes on with what follows from what is left (invariants 2, 5, 6).
    pub(crate) fn flush(&mut self, id: ConnId, state: &mut LoopState) -> Flushed {
        self.marks.remove(Marks::DIRTY);
        if matches!(self.phase(), Phase::Connecting | Phase::Closed) {
            return Flushed::Done;
        }
        let owed = (self.output.bytes(), self.stream.unsent());
        let ends = self.phase() == Phase::Draining || self.write_half == WriteHalf::Ending;
        let then = if ends { Then::Eof } else { Then::More };
        let flushed = stream_io::flush(
            (&mut self.stream, then),
            &mut self.output,
            &mut state.output.buffers,
            &mut state.stats,
        );
        let peer_reads = self.output.bytes() < owed.0 || self.stream.unsent() < owed.1;
        if peer_reads {
            self.life.note_progress(state.now);
        }
        match flushed {
            Flush::Drained if self.phase() == Phase::Draining => self.begin_linger(id, state),
            Flush::Drained if self.write_half == WriteHalf::Ending => {
                match self.stream.transport().shutdown_write() {
                    Ok(()) => self.write_half = WriteHalf::Ended,
                    // The transport's own last bytes do not fit: when there is room we come here again.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => {
                        self.fail_writes(id, &error, state);
                        return Flushed::Done;
                    }
                }
                return self.after_flush(id, state);
            }
            Flush::Drained | Flush::Blocked => return self.after_flush(id, state),
            Flush::Lost(error) => self.fail_writes(id, &error, state),
        }
        Flushed::Done
    }

    fn after_flush(&mut self, id: ConnId, state: &mut LoopState) -> Flushed {
        self.update_interest(id, state);
        if self.phase() != Phase::Open {
            return Flushed::Done;
        }
        if self.output.bytes() > state.limits.get(self.limits).limit as usize {
            return Flushed::OverLimit;
        }
        if !self.is_backlogged(state) && self.marks.remove(Marks::NOTIFY_DRAINED) {
            state.work.below_low_water.push_back(id);
        }
        // It was not read from because so much waited for it, and no event will report that this has changed.
        self.resume_reading(id, state);
        Flushed::Done
    }

    /// All is delivered to the kernel: sends our end of file. If the peer's was read there is nothing in flight that a
    /// close could destroy.
    fn begin_linger(&mut self, id: ConnId, state: &mut LoopState) {
        let shut = self.stream.transport().shutdown_write();
        if matches!(&shut, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            // The transport's own last bytes do not fit: when there is room we come here again.
            return self.update_interest(id, state);
        }
        if shut.is_err() || self.read_half != ReadHalf::Open {
            return self.end(id, state);
        }
        self.life.linger(state);
        self.rearm(id, state);
        self.update_interest(id, state);
        if self.has_input() {
            state.work.push_ready(id, &mut self.marks);
        }
    }

    /// A write failed. Lines that came before the peer's reset can still be read (a QUIT, say), so we read to the end first.
    pub(crate) fn fail_writes(&mut self, id: ConnId, error: &io::Error, state: &mut LoopState) {
        tracing::debug!(%error, "a write failed; reading on to the end");
        let had_failed = mem::replace(&mut self.write_half, WriteHalf::Failed) == WriteHalf::Failed;
        if !had_failed {
            self.life.limit_reading(state.now);
            self.rearm(id, state);
        }
        self.output.clear(&mut state.output.buffers);
        if self.read_half == ReadHalf::Open {
            self.marks.insert(Marks::READABLE);
            self.marks.insert(Marks::READ_TO_END);
        }
        if self.phase() == Phase::Draining {
            // The rest cannot be delivered.
            return self.end(id, state);
        }
        state.work.push_ready(id, &mut self.marks);
        if self.marks.has(Marks::NOTIFY_DRAINED) {
            // Nothing is in its way any more, and it may be what the lines that are left wait for.
            state.work.push_dirty(id, &mut self.marks);
        }
    }

    /// Asks the poll for writable events exactly while something is unsent (invariant 2).
    fn update_interest(&mut self, id: ConnId, state: &mut LoopState) {
        let interest = self.interest();
        if interest.is_writable() == self.marks.has(Marks::WRITABLE_INTEREST) {
            return;
        }
        self.marks
            .set(Marks::WRITABLE_INTEREST, interest.is_writable());
        if let Some(source) = self.stream.transport().source() {
            if let Err(error) = state.registry.reregister(source, id.token(), interest) {
                // Without events the connection would hang.
                self.fail_writes(id, &error, state);
            }
        }
    }
}
