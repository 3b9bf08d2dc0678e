//! The reading half of a connection: what to do next, one read, the end of file. Drain or carry over (invariant 1).
//!
//! What stops the reading is always in the record, never only in an event. Knows no lists of others and no frames.

use super::Connection;
use crate::net::{
    source::{
        half::{ReadHalf, WriteHalf},
        input::Input,
        marks::Marks,
        outcome::{Connect, Report, Step},
        phase::Phase,
        stream::Stream,
        stream_io::{self, Fill},
        token::ConnId,
    },
    state::LoopState,
    time::{budget::BYTES_EACH_MAX, clock::Tick},
};
use std::mem;

/// Bytes asked for at once from a peer whose frames are handed over: what is not taken (flood control) must be kept.
const BYTES_PER_READ: usize = 16 * 1024;

/// Input kept of one connection. Protocols keep far less; this bounds their mistakes.
const INPUT_KEPT: usize = 256 * 1024;

impl Connection {
    /// What is to be done next. What stops the reading is always here, never only in an event (invariant 1).
    pub(crate) fn next_step(&self, state: &LoopState) -> Step {
        let can_read = self.marks.has(Marks::READABLE) && self.read_half == ReadHalf::Open;
        match self.phase() {
            Phase::Connecting | Phase::Closed => Step::Wait,
            Phase::Open if self.is_held(state) => Step::Wait,
            Phase::Open if self.marks.has(Marks::FRAMES_BUFFERED) => Step::Offer,
            Phase::Open if self.read_half == ReadHalf::Eof => Step::ReportEof,
            Phase::Open | Phase::Draining | Phase::Lingering if can_read => Step::Read,
            Phase::Open | Phase::Draining | Phase::Lingering => Step::Wait,
        }
    }

    /// Reads once. A peer that is only read while nothing waits for it (an echo) has no frames that would be kept, and is
    /// asked for more at once.
    pub(crate) fn fill(&mut self, scratch: &mut [u8], state: &mut LoopState) -> Fill {
        let most = match state.limits.get(self.limits).high_water {
            0 => BYTES_EACH_MAX,
            _ => BYTES_PER_READ,
        };
        let room = scratch.len().min(most);
        let filled = stream_io::fill(&mut self.stream, &mut scratch[..room], &mut state.stats);
        if matches!(filled, Fill::Bytes(count) if count < room) && self.trusts_short_reads() {
            self.note_blocked();
        }
        filled
    }

    /// Whether a read that brings less than it had room for has emptied the socket, so that no second read must be blocked
    /// first. What arrives later makes a new event. Not true of a transport that decodes (TLS), nor where an event reported
    /// an end of file, which makes no second one, or urgent data, at whose mark Linux stops a read. See docs/PITFALLS.md, 1.
    fn trusts_short_reads(&self) -> bool {
        matches!(&self.stream, Stream::Plain(socket) if socket.empties_by_short_read())
            && !self.marks.has(Marks::READ_TO_END)
    }

    /// Whether the transport has a life of its own, and is asked after each read what it has to report.
    pub(crate) fn reports(&self) -> bool {
        !matches!(self.stream, Stream::Plain(_))
    }

    /// Asks the transport what the last read brought beside bytes. It may have something to send now, or be able to send what
    /// waited for it.
    pub(crate) fn take_report(&mut self, id: ConnId, state: &mut LoopState) -> Report {
        let notice = self.stream.transport().take_notice();
        let overhead = self.stream.transport().take_overhead();
        if self.stream.holds_unsent() || notice.is_some() {
            state.work.push_dirty(id, &mut self.marks);
        }
        Report {
            notice,
            overhead,
            is_open: self.phase() <= Phase::Open,
        }
    }

    /// Lends the kept input, to be offered to the handler. `None`: the input is discarded, because the connection is draining
    /// or lingering and reads only so that nothing unread is in the way.
    pub(crate) fn lend_input(&mut self, id: ConnId, state: &mut LoopState) -> Option<Input> {
        if self.phase() == Phase::Open {
            return Some(mem::take(&mut self.input));
        }
        self.life.linger_on(state);
        self.rearm(id, state);
        None
    }

    /// Takes the input back. `left_frames`: the handler wants to be offered the rest without new bytes; `pause_until`: not
    /// before this moment. Returns whether more is kept than may be.
    pub(crate) fn take_back(
        &mut self,
        id: ConnId,
        input: Input,
        left_frames: bool,
        pause_until: Option<Tick>,
        state: &mut LoopState,
    ) -> bool {
        if self.phase() != Phase::Open {
            return false;
        }
        self.input = input;
        let is_left = self.input.len() > 0 && left_frames;
        self.marks.set(Marks::FRAMES_BUFFERED, is_left);
        let is_too_long = self.input.len() > INPUT_KEPT;
        if let Some(until) = pause_until {
            self.input.pause_until(until);
            self.rearm(id, state);
        }
        is_too_long
    }

    /// A read was blocked: an event will report the next input.
    pub(crate) fn note_blocked(&mut self) {
        self.marks.remove(Marks::READABLE);
        self.marks.remove(Marks::READ_TO_END);
    }

    /// The end of file was read. While open, the handler is called once all frames are taken.
    pub(crate) fn note_eof(&mut self, id: ConnId, state: &mut LoopState) {
        self.read_half = ReadHalf::Eof;
        self.marks.remove(Marks::READABLE);
        if self.phase() == Phase::Lingering {
            self.end(id, state);
        }
    }

    /// The handler knows of the end of file.
    pub(crate) fn note_eof_reported(&mut self) {
        self.read_half = ReadHalf::EofReported;
    }

    /// Whether the attempt to connect was answered. `SO_ERROR` has the reason if it failed; an event without either is spurious.
    pub(crate) fn poll_connect(&mut self) -> Connect {
        let transport = self.stream.transport();
        match transport.take_error() {
            Ok(Some(error)) | Err(error) => Connect::Failed(error),
            Ok(None) if !transport.is_connected() => Connect::Pending,
            Ok(None) => {
                self.life.open();
                Connect::Connected
            }
        }
    }

    /// Whether it cannot be written to, and nothing is left to read from it: it is lost.
    pub(crate) fn is_lost(&self, state: &LoopState) -> bool {
        self.write_half == WriteHalf::Failed
            && self.phase() != Phase::Closed
            && !self.is_held(state)
            && !self.has_input()
    }
}
