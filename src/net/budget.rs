//! What a turn may cost: spans of time for its stages, and so many input bytes over all connections.
//!
//! A stage that hands work to the handler gets a slice of time. The clock is read between two pieces of work, and not
//! after each of them: pieces are weighed in units of *effort* (a tenth of a microsecond each, estimated by whoever does
//! the work), and the clock is read when enough of them have come together. When the slice is over, the stage stops and
//! its list keeps the rest, in order, for the next turn. Invariants: a stage always does at least one piece of work, so
//! no clock can stop the loop; under a clock that stands still only bytes end a turn, so simulated runs repeat.
//!
//! Owns these counts. Does not know connections, nor what the work was.

use super::{clock::Clock, core::Net, stats::Stats};
use std::time::Duration;

/// Time for reading and for all that is done about what was read. Someone who talks waits for at most one slice of each
/// kind and a flush, and 50 ms is what people notice. Shorter slices would make fan-outs coalesce less.
pub(super) const READ_SLICE: Duration = Duration::from_millis(5);

/// Time for due deadlines: a thousand peers of one room that time out at once tell each other's rooms in several turns.
pub(super) const DEADLINE_SLICE: Duration = Duration::from_millis(3);

/// Time for those who go on with long replies.
pub(super) const DRAINED_SLICE: Duration = Duration::from_millis(3);

/// Bytes read from all connections together in one turn, those that transports use up themselves (TLS) included. Two
/// mebibytes of plain lines take some two milliseconds.
const BYTES_IN_PER_TURN: usize = 2 * 1024 * 1024;

/// Bytes read from one connection in one turn: one scratch area. A stream moves fast, and others still share the turn.
pub(super) const BYTES_EACH_MAX: usize = 64 * 1024;

/// When many are ready each gets its part of the turn's bytes, so that a quiet one among them is reached soon; less than
/// this is not worth a system call.
const BYTES_EACH_MIN: usize = 4 * 1024;

/// The clock is read when this much effort has come together, which is some 50 us; to read it takes 0.05 us.
const EFFORT_PER_LOOK: u32 = 500;

/// Effort of one look at a source: two system calls.
pub(super) const VISIT: u32 = 20;

/// Effort of one step of a handshake (TLS): so much that the clock is read behind each, for what a signature takes depends
/// on the key.
pub(super) const HANDSHAKE: u32 = EFFORT_PER_LOOK;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// When the slice at hand is over, in the clock's nanoseconds.
    ends_at_ns: u64,
    /// Effort since the clock was read last.
    effort: u32,
    /// Bytes read in this turn.
    bytes: usize,
    /// Bytes that each connection may bring in this turn.
    bytes_each: usize,
    /// Whether the slice, or the turn's bytes, are used up.
    is_spent: bool,
}

impl Budget {
    /// A new turn: nothing was read in it yet.
    pub(super) fn begin_turn(&mut self) {
        self.bytes = 0;
    }

    /// A stage begins that may take so long.
    pub(super) fn begin_slice(&mut self, clock: &Clock, span: Duration) {
        self.ends_at_ns = clock.nanos().saturating_add(span.as_nanos() as u64);
        self.effort = 0;
        self.is_spent = false;
    }

    /// So many connections are ready: each gets its part of the turn's bytes.
    pub(super) fn share_among(&mut self, ready: usize) {
        let each = BYTES_IN_PER_TURN / ready.max(1);
        self.bytes_each = each.clamp(BYTES_EACH_MIN, BYTES_EACH_MAX);
    }

    /// Bytes that one connection may bring in this turn.
    pub(super) fn bytes_each(&self) -> usize {
        self.bytes_each
    }

    /// So many bytes were read.
    pub(super) fn note_bytes(&mut self, count: usize) {
        self.bytes += count;
        self.is_spent |= self.bytes >= BYTES_IN_PER_TURN;
    }

    /// So much was done.
    pub(super) fn note_effort(&mut self, clock: &Clock, units: u32) {
        self.effort = self.effort.saturating_add(units);
        if self.effort >= EFFORT_PER_LOOK {
            self.effort = 0;
            self.is_spent |= clock.nanos() >= self.ends_at_ns;
        }
    }

    /// Whether the stage at hand should stop.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent
    }
}

impl Net {
    /// Notes that something was done for a peer that took about so many tenths of a microsecond. The loop looks at its
    /// clock when enough has come together, and ends the stage when its time is over; see
    /// [`is_turn_full`](Self::is_turn_full).
    pub fn note_effort(&mut self, units: u32) {
        self.budget.note_effort(&self.clock, units);
    }

    /// Begins a stage of the turn that may take so long.
    pub(super) fn begin_slice(&mut self, span: Duration) {
        self.budget.begin_slice(&self.clock, span);
    }

    /// Whether the time of the stage at hand is used up; counts if it is so.
    pub(super) fn is_slice_over(&mut self) -> bool {
        let Stats { slices_spent, .. } = &mut self.stats;
        *slices_spent += u64::from(self.budget.is_spent());
        self.budget.is_spent()
    }
}
