//! One connection: its transport, its unread input, its output queue and where it is in its life.
//!
//! [`fill`](Connection::fill) reads once, [`flush`](Connection::flush) writes until all is sent or the kernel is full, and one
//! function derives from the state what readiness we are interested in (invariant 2). Knows no tokens, no lists, and
//! nobody's frames.

use super::{
    clock::Tick,
    input::Input,
    output_queue::{OutputQueue, SLICES_PER_WRITE},
    phase::Phase,
    shared_buffers::SharedBuffers,
    stats::Stats,
    transport::Stream,
};
use mio::Interest;
use std::io::{self, ErrorKind, IoSlice};

/// How many bytes may wait for one peer (invariant 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Past this many queued bytes the peer's own input waits until they are sent. Zero: nothing is read while
    /// anything is unsent.
    pub high_water: u32,
    /// More queued bytes than this after a flush, and the owner of the connection is told to let it go.
    pub limit: u32,
}

/// What a read brought.
#[derive(Debug)]
pub(super) enum Fill {
    /// So many bytes at the start of the scratch area.
    Bytes(usize),
    /// The peer's end of stream.
    End,
    /// A signal came first; try again.
    Interrupted,
    /// Nothing more for now: an event will tell.
    Blocked,
    /// The connection broke.
    Lost(io::Error),
}

/// What is left after writing.
#[derive(Debug)]
pub(super) enum Flush {
    /// Nothing is unsent.
    Drained,
    /// The kernel is full: an event will tell.
    Blocked,
    /// The connection broke.
    Lost(io::Error),
}

/// Our half of the connection, while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OurHalf {
    /// We may send.
    Speaking,
    /// What is queued is our last; our end of stream follows it.
    Ending,
    /// Our end of stream is sent; we only listen.
    Ended,
}

/// The loop's record of one connection. It is what an idle client costs in this layer, hence the narrow types.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) output: OutputQueue,
    pub(super) input: Input,
    /// Deadline of the connection's owner while open; of the phase while draining and lingering.
    pub(super) deadline: Tick,
    /// The one reminder in the heap that counts.
    pub(super) timer_at: Tick,
    pub(super) limits: Limits,
    pub(super) phase: Phase,
    pub(super) our_half: OurHalf,
    /// Whether the poll was asked for writable events.
    pub(super) wants_writable: bool,
    /// The kernel may have more input: an event said so, and no read has been blocked since.
    pub(super) readable: bool,
    /// Whole frames may sit in `input` that were not handed over yet.
    pub(super) frames_buffered: bool,
    /// The peer's end of stream was read.
    pub(super) eof: bool,
    /// The owner knows that the input has ended.
    pub(super) eof_reported: bool,
    /// A write failed: nothing can be delivered any more, but there may be something left to read.
    pub(super) write_failed: bool,
    /// On the list of those to read from.
    pub(super) in_ready_list: bool,
    /// On the list of those to flush.
    pub(super) dirty: bool,
    /// Its owner has more to say once the peer has read enough.
    pub(super) notify_drained: bool,
}

impl Connection {
    pub(super) fn new(stream: Stream, phase: Phase) -> Self {
        Self {
            stream,
            output: OutputQueue::new(),
            input: Input::default(),
            deadline: Tick::NEVER,
            timer_at: Tick::NEVER,
            limits: Limits {
                high_water: 64 * 1024,
                limit: 1024 * 1024,
            },
            phase,
            our_half: OurHalf::Speaking,
            wants_writable: false,
            readable: false,
            frames_buffered: false,
            eof: false,
            eof_reported: false,
            write_failed: false,
            in_ready_list: false,
            dirty: false,
            notify_drained: false,
        }
    }

    /// Reads once.
    pub(super) fn fill(&mut self, scratch: &mut [u8], stats: &mut Stats) -> Fill {
        stats.reads += 1;
        match self.stream.transport().read(scratch) {
            Ok(0) => Fill::End,
            Ok(count) => {
                stats.bytes_in += count as u64;
                Fill::Bytes(count)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Fill::Blocked,
            Err(error) if error.kind() == ErrorKind::Interrupted => Fill::Interrupted,
            Err(error) => Fill::Lost(error),
        }
    }

    /// Writes until nothing is unsent, neither here nor in the transport, or the kernel is full.
    pub(super) fn flush(&mut self, buffers: &mut SharedBuffers, stats: &mut Stats) -> Flush {
        while !self.output.is_empty() {
            // Mostly there is one range, and to prepare an array of 64 for it costs more than all the rest of this.
            let (mut one, mut many);
            let slices: &mut [IoSlice<'_>] = if self.output.is_one_range() {
                one = [IoSlice::new(&[])];
                &mut one
            } else {
                many = [IoSlice::new(&[]); SLICES_PER_WRITE];
                &mut many
            };
            let filled = self.output.gather(buffers, slices);
            let slices = &slices[..filled];
            // Not what is queued: with more chunks than slices a full write leaves some over, and is not short.
            let offered: usize = slices.iter().map(|slice| slice.len()).sum();
            stats.writes += 1;
            match self.stream.transport().write_vectored(slices) {
                Ok(0) => return Flush::Lost(ErrorKind::WriteZero.into()),
                Ok(sent) => {
                    stats.bytes_out += sent as u64;
                    self.output.consume(buffers, sent);
                    if sent < offered {
                        return self.blocked(buffers, stats);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return self.blocked(buffers, stats);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Flush::Lost(error),
            }
        }
        if self.stream.holds_unsent() {
            return match self.stream.transport().flush() {
                Ok(()) => Flush::Drained,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Flush::Blocked,
                Err(error) => Flush::Lost(error),
            };
        }
        Flush::Drained
    }

    fn blocked(&mut self, buffers: &mut SharedBuffers, stats: &mut Stats) -> Flush {
        stats.partial_writes += 1;
        self.output.settle(buffers);
        Flush::Blocked
    }

    /// What readiness we want to hear of. Reading is always of interest: an edge costs one event, and the state says
    /// whether it is acted upon. Writing is of interest while something is unsent that room would let go, or while the
    /// connection is being made. During a handshake what is queued waits for the peer, not for room.
    pub(super) fn interest(&self) -> Interest {
        let waits_for_room = !self.output.is_empty() && self.stream.takes_output();
        if waits_for_room || self.stream.holds_unsent() || self.phase == Phase::Connecting {
            Interest::READABLE | Interest::WRITABLE
        } else {
            Interest::READABLE
        }
    }

    /// Whether our half is still open to whatever comes.
    pub(super) fn is_speaking(&self) -> bool {
        self.our_half == OurHalf::Speaking
    }

    /// Whether input is left unread on purpose.
    pub(super) fn is_held(&self, now: Tick) -> bool {
        self.phase == Phase::Open && (self.input.rests_until() > now || self.is_backlogged())
    }

    /// Whether more waits for the peer than it may leave unread and still be served.
    pub(super) fn is_backlogged(&self) -> bool {
        self.output.bytes() > self.limits.high_water as usize
    }

    /// Whether reading could bring anything forward.
    pub(super) fn has_work(&self) -> bool {
        // After its end a stream is readable for ever, and nothing comes of it.
        (self.readable && !self.eof) || self.frames_buffered || (self.eof && !self.eof_reported)
    }

    /// When the loop must look at this connection, whatever its peer does.
    pub(super) fn due(&self, now: Tick) -> Tick {
        let resume = self.input.rests_until();
        if resume > now {
            self.deadline.min(resume)
        } else {
            self.deadline
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stays_small() {
        // Sixteen thousand idle clients pay for every byte: the budget for all of one is 400 (benches/README.md).
        assert!(size_of::<Connection>() <= 88, "{}", size_of::<Connection>());
    }
}
