//! One connection: its transport, its unread input, its output queue, and where it is in its life.
//!
//! All that belongs to one connection is in its record: descriptor, unread input, unsent output, phase, limits, deadline.
//! Nothing else in the loop remembers anything of it but its id on the work lists and timers, which its marks and `life`
//! account for. So it is one value that can be taken out of a loop and put into another.
//!
//! [`read`] and [`write`] have the two halves. Methods that change something push the connection on the lists
//! where that makes work, and return what only the loop and its handler can do. Knows no handler and no frames.

mod read;
mod write;

use super::{
    half::{ReadHalf, WriteHalf},
    input::Input,
    life::Life,
    marks::Marks,
    outcome::{Due, Footprint},
    phase::Phase,
    stream::Stream,
    token::ConnId,
};
use crate::net::{
    limits::{Limits, LimitsId},
    output::queue::OutputQueue,
    state::LoopState,
    time::clock::Tick,
};
use mio::Interest;
use std::{io, mem};

/// Interest in input. On Linux with urgent data, of which reading must know (see `trusts_short_reads`).
#[cfg(any(target_os = "linux", target_os = "android"))]
const READING: Interest = Interest::READABLE.add(Interest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const READING: Interest = Interest::READABLE;

/// What an event reported of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported {
    /// There may be input, an end of file or an error.
    pub(crate) readable: bool,
    /// There may be room.
    pub(crate) writable: bool,
    /// There is more to read than bytes: an end of file, an error, an urgent mark.
    pub(crate) read_to_end: bool,
}

/// The loop's record of one connection. It is what an idle client costs in this layer, hence the narrow types.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Which of its slot's sources it is.
    pub(super) generation: u32,
    pub(crate) stream: Stream,
    pub(crate) output: OutputQueue,
    pub(crate) input: Input,
    limits: LimitsId,
    life: Life,
    pub(crate) read_half: ReadHalf,
    pub(crate) write_half: WriteHalf,
    pub(crate) marks: Marks,
}

impl Connection {
    pub(crate) fn new(stream: Stream, phase: Phase) -> Self {
        Self {
            generation: 0,
            stream,
            output: OutputQueue::new(),
            input: Input::default(),
            limits: LimitsId::DEFAULT,
            life: Life::new(phase),
            read_half: ReadHalf::Open,
            write_half: WriteHalf::Open,
            marks: Marks::default(),
        }
    }

    /// Its id, if it has this slot.
    pub(crate) fn id(&self, slot: usize) -> ConnId {
        ConnId {
            slot: slot as u32,
            generation: self.generation,
        }
    }

    /// Where it is in its life.
    pub(crate) fn phase(&self) -> Phase {
        self.life.phase()
    }

    /// Registers it with the poll.
    pub(crate) fn register(&mut self, id: ConnId, state: &LoopState) -> io::Result<()> {
        let interest = self.interest();
        self.marks
            .set(Marks::WRITABLE_INTEREST, interest.is_writable());
        match self.stream.transport().source() {
            Some(source) => state.registry.register(source, id.token(), interest),
            None => Ok(()),
        }
    }

    /// Takes it out of the poll.
    pub(crate) fn deregister(&mut self, state: &LoopState) {
        if let Some(source) = self.stream.transport().source() {
            let _ = state.registry.deregister(source);
        }
    }

    /// What readiness is of interest. Reading always is: an edge costs one event, and the record decides whether it is
    /// acted upon. Writing is while something is unsent that could go as soon as there is room, or while the connection is
    /// being made. During a handshake what is queued waits for the peer, not for room.
    fn interest(&self) -> Interest {
        let waits_for_room = !self.output.is_empty() && self.stream.takes_output();
        if waits_for_room || self.stream.holds_unsent() || self.phase() == Phase::Connecting {
            READING | Interest::WRITABLE
        } else {
            READING
        }
    }

    /// Notes what an event reported, and puts the connection on the lists where that makes work. An event is permission to
    /// try, nothing more.
    pub(crate) fn note_readiness(
        &mut self,
        id: ConnId,
        Reported {
            readable,
            writable,
            read_to_end,
        }: Reported,
        state: &mut LoopState,
    ) {
        if readable {
            self.marks.insert(Marks::READABLE);
        }
        if read_to_end {
            self.marks.insert(Marks::READ_TO_END);
        }
        let is_connecting = self.phase() == Phase::Connecting;
        if readable || is_connecting {
            state.work.push_ready(id, &mut self.marks);
        }
        if writable && !is_connecting {
            state.work.push_dirty(id, &mut self.marks);
        }
    }

    /// Whether input is left unread on purpose.
    pub(crate) fn is_held(&self, state: &LoopState) -> bool {
        self.phase() == Phase::Open
            && (self.input.paused_until() > state.now || self.is_backlogged(state))
    }

    /// Whether more waits for the peer than it may leave unread and still be served.
    pub(crate) fn is_backlogged(&self, state: &LoopState) -> bool {
        let queued = self.output.bytes();
        queued > 0 && queued > state.limits.get(self.limits).high_water as usize
    }

    /// Whether reading could bring anything forward. After its end a stream stays readable, and nothing comes of it.
    pub(crate) fn has_input(&self) -> bool {
        match self.read_half {
            ReadHalf::Open if self.marks.has(Marks::READABLE) => true,
            ReadHalf::Eof => true,
            ReadHalf::Open | ReadHalf::EofReported => self.marks.has(Marks::FRAMES_BUFFERED),
        }
    }

    /// Whether there is input that is not held back by the peer itself.
    pub(crate) fn has_input_waiting(&self, state: &LoopState) -> bool {
        self.has_input() && !self.is_backlogged(state)
    }

    /// Puts it on the ready list if there is input that nothing holds: a hold that ends makes no event.
    pub(crate) fn resume_reading(&mut self, id: ConnId, state: &mut LoopState) {
        if self.has_input() && !self.is_held(state) {
            state.work.push_ready(id, &mut self.marks);
        }
    }

    /// The process is about to end: a lingering peer is waited for until this moment at most.
    pub(crate) fn shorten_linger(&mut self, id: ConnId, until: Tick, state: &mut LoopState) {
        self.life.shorten_linger(until);
        self.rearm(id, state);
    }

    /// Puts something around the stream. It may have input in hand, and something to send.
    pub(crate) fn wrap(
        &mut self,
        id: ConnId,
        wrap: impl FnOnce(Stream) -> Stream,
        state: &mut LoopState,
    ) {
        self.stream = wrap(mem::replace(&mut self.stream, Stream::none()));
        self.marks.insert(Marks::READABLE);
        state.work.push_ready(id, &mut self.marks);
        state.work.push_dirty(id, &mut self.marks);
    }

    /// Ends our half once all that is queued is delivered.
    pub(crate) fn half_close(&mut self, id: ConnId, state: &mut LoopState) {
        if self.write_half == WriteHalf::Open {
            self.write_half = WriteHalf::Ending;
            state.work.push_dirty(id, &mut self.marks);
        }
    }

    /// Ends our side once all that is queued is delivered (invariant 6).
    pub(crate) fn close(&mut self, id: ConnId, state: &mut LoopState) {
        match self.phase() {
            Phase::Open => {
                self.life.drain(state.now);
                // Unread input is not ours to keep any more.
                self.input = Input::default();
                self.marks.remove(Marks::FRAMES_BUFFERED);
                state.work.push_dirty(id, &mut self.marks);
                if self.has_input() {
                    state.work.push_ready(id, &mut self.marks);
                }
                self.rearm(id, state);
            }
            Phase::Connecting => self.end(id, state),
            Phase::Draining | Phase::Lingering | Phase::Closed => {}
        }
    }

    /// Ends it now; its slot is freed at the end of the turn.
    pub(crate) fn end(&mut self, id: ConnId, state: &mut LoopState) {
        if self.phase() != Phase::Closed {
            self.life.close();
            self.output.clear(&mut state.output.buffers);
            self.input = Input::default();
            state.work.closed.push(id);
        }
    }

    /// Sets the handler's deadline. One that is being closed, or cannot be written to, has only the loop's own.
    pub(crate) fn set_deadline(&mut self, id: ConnId, at: Tick, state: &mut LoopState) {
        if self.phase() <= Phase::Open && self.write_half != WriteHalf::Failed {
            self.life.set_deadline(at);
            self.rearm(id, state);
        }
    }

    /// Asks for a call once the queue is below the low-water mark after a flush.
    pub(crate) fn notify_drained(&mut self, id: ConnId, state: &mut LoopState) {
        self.marks.insert(Marks::NOTIFY_DRAINED);
        state.work.push_dirty(id, &mut self.marks);
    }

    /// Reads nothing more before this moment.
    pub(crate) fn pause(&mut self, id: ConnId, until: Tick, state: &mut LoopState) {
        if self.phase() == Phase::Open && until > self.input.paused_until() {
            self.input.pause_until(until);
            self.rearm(id, state);
        }
    }

    /// Sets how much may be queued. A higher mark may be the end of a hold.
    pub(crate) fn set_limits(&mut self, id: ConnId, limits: Limits, state: &mut LoopState) {
        self.limits = state.limits.id_of(limits);
        self.resume_reading(id, state);
    }

    /// Makes sure that there is a reminder for the nearest deadline.
    pub(crate) fn rearm(&mut self, id: ConnId, state: &mut LoopState) {
        self.life.rearm(id, self.input.paused_until(), state);
    }

    /// Whether the reminder at this moment counts.
    pub(crate) fn counts_reminder(&self, at: Tick) -> bool {
        self.life.counts_reminder(at)
    }

    /// Its reminder came up: a pause may be over, a deadline due. [`rearm`](Self::rearm) must follow.
    pub(crate) fn take_due(&mut self, id: ConnId, state: &mut LoopState) -> Due {
        self.input.end_pause(state.now);
        let is_due = self.life.take_due(state.now);
        // The end of its pause makes no event.
        self.resume_reading(id, state);
        match self.phase() {
            _ if !is_due => Due::Nothing,
            Phase::Open if self.write_half == WriteHalf::Failed => Due::WriteFailed,
            Phase::Connecting | Phase::Open => Due::Deadline,
            Phase::Draining | Phase::Lingering => {
                self.end(id, state);
                Due::Nothing
            }
            Phase::Closed => Due::Nothing,
        }
    }

    /// Bytes of memory beside the record and the queue.
    pub(crate) fn memory(&self) -> usize {
        self.input.memory() + self.stream.memory()
    }

    /// See [`Net::connections`](crate::net::Net::connections).
    pub(crate) fn footprint(&self) -> Footprint {
        Footprint {
            phase: self.phase(),
            queued: self.output.bytes(),
            input: self.input.memory(),
            transport: self.stream.memory(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stays_small() {
        // Sixteen thousand idle clients pay for every byte: the budget for all of one is 400 (benches/README.md).
        assert!(size_of::<Connection>() <= 64, "{}", size_of::<Connection>());
    }
}
