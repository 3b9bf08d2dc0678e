//! The reading half of a turn: drain or carry over (invariant 1).
//!
//! A poll that is edge-triggered reports input once. So a connection is read until it would block; if its budget for
//! the turn is spent first, or its handler left whole frames, or its rest ended, it goes on the carry-over list
//! (`ready`), for no event will come. What stops the reading is always in the connection's record, never only in the
//! event. Knows no frames.

use super::{
    budget::BYTES_EACH_MAX,
    clock::Tick,
    connection::{Connection, Fill},
    core::Net,
    handler::{Handler, Loss, Next},
    phase::Phase,
    token::ConnId,
    transport::Stream,
};
use std::mem;

/// Bytes asked for at once from a peer whose frames are handed over: what is not taken (flood control) must be kept.
const BYTES_PER_READ: usize = 16 * 1024;

/// Input kept of one connection. Protocols keep far less; this stands against their mistakes.
const INPUT_KEPT: usize = 256 * 1024;

/// What is to be done with a connection next.
enum Step {
    /// It has whole frames in hand: offer them.
    Offer,
    /// Read once.
    Read,
    /// Its input has ended and its owner does not know yet.
    TellEnd,
    /// Nothing, until an event or a deadline says otherwise.
    Rest,
}

impl Connection {
    fn next_step(&self, now: Tick) -> Step {
        match self.phase {
            Phase::Connecting | Phase::Closed => Step::Rest,
            Phase::Open if self.is_held(now) => Step::Rest,
            Phase::Open if self.frames_buffered => Step::Offer,
            Phase::Open if self.eof && !self.eof_reported => Step::TellEnd,
            Phase::Open | Phase::Draining | Phase::Lingering => {
                if self.readable && !self.eof {
                    Step::Read
                } else {
                    Step::Rest
                }
            }
        }
    }
}

impl Net {
    /// Puts a connection on the list of those to read from. Once is enough.
    pub(super) fn push_ready(&mut self, id: ConnId) {
        if let Some(connection) = self.table.connection_mut(id) {
            if !mem::replace(&mut connection.in_ready_list, true) {
                self.ready.push_back(id);
            }
        }
    }

    fn carry_over(&mut self, id: ConnId) {
        self.stats.carried_over += 1;
        self.push_ready(id);
    }

    /// Hands over what one connection has, within its budget.
    pub(super) fn read_connection(
        &mut self,
        id: ConnId,
        scratch: &mut [u8],
        handler: &mut impl Handler,
    ) {
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        connection.in_ready_list = false;
        if connection.phase == Phase::Connecting {
            return self.finish_connecting(id, handler);
        }
        let took_output = connection.stream.takes_output();
        let mut budget = self.budget.bytes_each();
        let mut offered = false;
        loop {
            let now = self.now();
            let Some(connection) = self.table.connection_mut(id) else {
                return;
            };
            if took_output && !connection.stream.takes_output() {
                // TLS was put around it. Handshakes have a budget of their own; it is listed, and its turn comes.
                return;
            }
            match connection.next_step(now) {
                Step::Rest => break,
                // Its budget of frames is spent: each connection is asked once for what it left.
                Step::Offer if offered => return self.carry_over(id),
                Step::Offer => {
                    offered = true;
                    self.offer(id, &[], handler);
                }
                Step::TellEnd => {
                    connection.eof_reported = true;
                    handler.handle_end(self, id);
                }
                Step::Read if budget == 0 || (offered && self.budget.is_spent()) => {
                    return self.carry_over(id);
                }
                Step::Read => {
                    let room = &mut scratch[..budget.min(connection.read_size())];
                    let is_plain = matches!(connection.stream, Stream::Tcp(_));
                    let filled = connection.fill(room, &mut self.stats);
                    if !is_plain {
                        self.poll_transport(id, handler);
                    }
                    match filled {
                        Fill::Bytes(count) => {
                            budget -= count;
                            self.budget.note_bytes(count);
                            offered = true;
                            self.offer(id, &scratch[..count], handler);
                        }
                        Fill::End => self.note_end(id),
                        Fill::Blocked => self.note_blocked(id),
                        Fill::Interrupted => return self.carry_over(id),
                        Fill::Lost(error) => return self.fail(id, &error.into(), handler),
                    }
                }
            }
        }
        self.close_if_write_failed(id, handler);
    }

    fn note_blocked(&mut self, id: ConnId) {
        if let Some(connection) = self.table.connection_mut(id) {
            connection.readable = false;
        }
    }

    /// A transport with a life of its own (TLS) may have something to send after a read, be able to send what waited for
    /// it, or have news for the handler, who hears them before the bytes that came behind them.
    fn poll_transport(&mut self, id: ConnId, handler: &mut impl Handler) {
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        let notice = connection.stream.transport().take_notice();
        let overhead = connection.stream.transport().take_overhead();
        let is_open = connection.phase <= Phase::Open;
        if connection.stream.holds_unsent() || notice.is_some() {
            self.mark_dirty(id);
        }
        if let Some(notice) = notice.filter(|_| is_open) {
            handler.handle_notice(self, id, &notice);
        }
        if overhead > 0 {
            self.budget.note_bytes(overhead);
            if is_open {
                handler.handle_overhead(self, id, overhead);
            }
        }
    }

    /// Offers input to the handler: what was kept, followed by what was just read.
    fn offer(&mut self, id: ConnId, fresh: &[u8], handler: &mut impl Handler) {
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        if connection.phase != Phase::Open {
            // Draining or lingering: input is read so that it is not in the way, and discarded.
            if connection.phase == Phase::Lingering {
                self.note_lingering_input(id);
            }
            return;
        }
        let mut input = mem::take(&mut connection.input);
        let mut then = Next::ReadMore;
        input.offer(fresh, |bytes, searched| {
            let taken = handler.handle_input(self, id, bytes, searched);
            then = taken.next;
            taken.bytes
        });
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        if connection.phase != Phase::Open {
            return;
        }
        connection.frames_buffered = input.len() > 0 && then != Next::ReadMore;
        let too_long = input.len() > INPUT_KEPT;
        connection.input = input;
        if let Next::PauseUntil(at) = then {
            connection.input.rest_until(at);
            self.rearm(id);
        }
        if too_long {
            self.fail(id, &Loss::InputTooLong, handler);
        }
    }

    /// The peer has spoken its last. In an open connection its owner hears of it when all frames are taken.
    fn note_end(&mut self, id: ConnId) {
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        connection.eof = true;
        connection.readable = false;
        if connection.phase == Phase::Lingering {
            self.mark_closed(id);
        }
    }

    /// Sees whether a call of ours was answered. `SO_ERROR` has the reason if it was not; an event without either is spurious.
    fn finish_connecting(&mut self, id: ConnId, handler: &mut impl Handler) {
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        let transport = connection.stream.transport();
        match transport.take_error() {
            Ok(Some(error)) | Err(error) => self.fail(id, &error.into(), handler),
            Ok(None) if !transport.is_connected() => {}
            Ok(None) => {
                connection.phase.advance(Phase::Open);
                handler.handle_connected(self, id);
                // Flushing it, even of nothing, puts its interest right; and the peer may have spoken first.
                self.mark_dirty(id);
                self.push_ready(id);
            }
        }
    }

    /// A connection that cannot be written to is over once there is nothing left to read from it.
    fn close_if_write_failed(&mut self, id: ConnId, handler: &mut impl Handler) {
        let now = self.now();
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        let over = connection.write_failed
            && connection.phase != Phase::Closed
            && !connection.is_held(now)
            && !connection.has_work();
        if over {
            let error = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
            self.fail(id, &error.into(), handler);
        }
    }

    /// Tells the owner that a connection is lost, and ends it.
    pub(super) fn fail(&mut self, id: ConnId, loss: &Loss, handler: &mut impl Handler) {
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        if connection.phase <= Phase::Open {
            handler.handle_lost(self, id, loss);
        }
        self.mark_closed(id);
    }

    /// Ends a connection; its slot is freed at the end of the turn.
    pub(super) fn mark_closed(&mut self, id: ConnId) {
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        if connection.phase == Phase::Closed {
            return;
        }
        connection.phase.advance(Phase::Closed);
        connection.output.clear(&mut self.buffers);
        connection.input = Default::default();
        self.closed.push(id);
    }
}

impl Connection {
    /// How much to ask for at once: a peer that is only read while nothing waits for it (an echo) has no frames that
    /// would be kept.
    fn read_size(&self) -> usize {
        if self.limits.high_water == 0 {
            BYTES_EACH_MAX
        } else {
            BYTES_PER_READ
        }
    }
}
