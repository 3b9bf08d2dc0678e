//! The numbers of the last messages, by which they can be taken back.

use crate::chat::{Destination, MessageId, UserId};

/// How many of the last events are in the ring: messages older than that cannot be taken back. A power of two; 32 KiB,
/// taken when the first message is sent.
pub(super) const SENT_MAX: usize = 1024;

/// A message that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) id: MessageId,
    pub(super) author: UserId,
    pub(super) destination: Destination,
}

/// Where in the ring a message is, if it is there: numbers rise, so the newer overwrites the older.
pub(super) fn ring_slot(message: MessageId) -> usize {
    (message.0 % SENT_MAX as u64) as usize
}
