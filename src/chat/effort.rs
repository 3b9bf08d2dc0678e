//! Effort: what a command made the hub do, in units that are the same on every machine and in every run.
//!
//! A line is not a unit of cost: one is answered from a single record, another walks through a hundred rooms and tries
//! two hundred masks in each. So the hub counts what it does ([`Hub::charge`](super::Hub::charge)), those who read long
//! lists from it count what they read, and the hub's caller takes the sum after each command
//! ([`Hub::take_effort`](super::Hub::take_effort)) and has the author pay for it.
//!
//! One unit is about a tenth of a microsecond of a small server. The weights need to be right within a factor of two or
//! three: they decide who waits, not what happens. Knows no clock.

/// A command, before it does anything: names are parsed and looked up, a few lines are answered.
pub const COMMAND: u32 = 50;

/// A user in an event's audience. The caller counts what it then sends to that user.
pub const TOLD: u32 = 1;

/// A record that is only looked at: a neighbour already met, a person or a room that a list passes over.
pub const LOOKED_AT: u32 = 1;

/// A name that is looked up in an index.
pub const LOOKED_UP: u32 = 2;

/// An entry of a list that is written into an answer.
pub const LISTED: u32 = 3;

/// A mask that is compared with a person; one more for each [`MASK_BYTES`] of it.
pub const MASK: u32 = 3;

/// See [`MASK`].
pub const MASK_BYTES: usize = 16;

/// What one line may cost without being more than a line to flood control: a millisecond, which is a hundred lines of
/// the usual kind, or one that goes to a thousand users. More effort is charged as so many lines more.
pub const PER_LINE: u32 = 10_000;

/// The effort of comparing a user with a mask of so many bytes.
pub fn of_mask(bytes: usize) -> u32 {
    MASK + (bytes / MASK_BYTES) as u32
}
