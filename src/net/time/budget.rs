//! What a turn may cost: spans of time for its stages, and so many input bytes over all connections.
//!
//! A stage that hands work to the handler gets a slice of time. The clock is read between two pieces of work, and not
//! after each of them: pieces are weighed in units of *effort* (a tenth of a microsecond each, estimated by the code that
//! does the work), and the clock is read when enough of them have come together. When the slice is over, the stage stops and
//! its list keeps the rest, in order, for the next turn. Invariants: a stage always does at least one piece of work, so
//! no clock can stop the loop; under a clock that stands still only bytes end a turn, so simulated runs repeat.
//!
//! Owns these counts. Does not know connections, nor what the work was.

use super::clock::Clock;
use std::time::Duration;

/// Time for reading and for all that is done about what was read. A client that sends a line waits for at most one slice
/// of each kind and a flush, and users notice 50 ms. Shorter slices would make fan-outs coalesce less.
pub(crate) const READ_SLICE: Duration = Duration::from_millis(5);

/// Time for due deadlines: when a thousand members of one room time out at once, the others get that in several turns.
pub(crate) const DEADLINE_SLICE: Duration = Duration::from_millis(3);

/// Time for handlers that go on with long replies.
pub(crate) const DRAINED_SLICE: Duration = Duration::from_millis(3);

/// Bytes read from all connections together in one turn, those that transports use up themselves (TLS) included. Two
/// mebibytes of plain lines take some two milliseconds.
const BYTES_IN_PER_TURN: usize = 2 * 1024 * 1024;

/// Deliveries after which a turn hands over no more input but flushes first: so that a thousand clients that arrive at once
/// make neither a turn of seconds nor a queue of gigabytes. A quarter of a million takes some ten milliseconds.
const DELIVERIES_PER_TURN: u64 = 256 * 1024;

/// The same for bytes queued in one turn.
const QUEUED_PER_TURN: usize = 32 * 1024 * 1024;

/// Bytes read from one connection in one turn: one scratch area. A stream moves fast, and others still share the turn.
pub(crate) const BYTES_EACH_MAX: usize = 64 * 1024;

/// When many are ready each gets its part of the turn's bytes, so that a quiet one among them is reached soon; less than
/// this is not worth a system call.
const BYTES_EACH_MIN: usize = 4 * 1024;

/// The clock is read when this much effort has come together, which is some 50 us; to read it takes 0.05 us.
const EFFORT_PER_LOOK: u32 = 500;

/// Effort of one look at a source: two system calls.
pub(crate) const VISIT: u32 = 20;

/// Effort of one step of a handshake (TLS): so much that the clock is read after each, for what a signature takes depends
/// on the key.
pub(crate) const HANDSHAKE: u32 = EFFORT_PER_LOOK;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Budget {
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
    /// Deliveries made and bytes queued in all when this turn began.
    at_start: (u64, usize),
}

impl Budget {
    /// A new turn: nothing was read in it yet, and so many deliveries were made and bytes queued before it.
    pub(crate) fn begin_turn(&mut self, deliveries: u64, queued: usize) {
        self.bytes = 0;
        self.at_start = (deliveries, queued);
    }

    /// Whether it is time to flush: so much was read or done, or delivered and queued by now.
    pub(crate) fn is_turn_full(&self, deliveries: u64, queued: usize) -> bool {
        self.is_spent
            || deliveries - self.at_start.0 > DELIVERIES_PER_TURN
            || queued > self.at_start.1 + QUEUED_PER_TURN
    }

    /// A stage begins that may take so long.
    pub(crate) fn begin_slice(&mut self, clock: &Clock, span: Duration) {
        self.ends_at_ns = clock.nanos().saturating_add(span.as_nanos() as u64);
        self.effort = 0;
        self.is_spent = false;
    }

    /// So many connections are ready: each gets its part of the turn's bytes.
    pub(crate) fn share_among(&mut self, ready: usize) {
        let each = BYTES_IN_PER_TURN / ready.max(1);
        self.bytes_each = each.clamp(BYTES_EACH_MIN, BYTES_EACH_MAX);
    }

    /// Bytes that one connection may bring in this turn.
    pub(crate) fn bytes_each(&self) -> usize {
        self.bytes_each
    }

    /// So many bytes were read.
    pub(crate) fn note_bytes(&mut self, count: usize) {
        self.bytes += count;
        self.is_spent |= self.bytes >= BYTES_IN_PER_TURN;
    }

    /// So much was done.
    pub(crate) fn note_effort(&mut self, clock: &Clock, units: u32) {
        self.effort = self.effort.saturating_add(units);
        if self.effort >= EFFORT_PER_LOOK {
            self.effort = 0;
            self.is_spent |= clock.nanos() >= self.ends_at_ns;
        }
    }

    /// Whether the stage at hand should stop.
    pub(crate) fn is_spent(&self) -> bool {
        self.is_spent
    }
}
