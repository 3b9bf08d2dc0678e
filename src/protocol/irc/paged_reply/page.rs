//! One page of a long reply: what it is made from, and when it is full.

use super::super::{caps::CapSet, codec::reply::ReplyPrefix};
use crate::chat::{Hub, User, UserId};

/// Effort of one page; some hundred microseconds.
const EFFORT_MAX: u64 = 2_000;

/// The effort of comparing a record with a mask: one unit for each byte of the mask, for some masks fail only at the last
/// byte of every text.
pub(super) fn cost_of(mask: &str) -> u32 {
    if mask == "*" { 0 } else { mask.len() as u32 }
}

/// The data that one page is made from.
pub(crate) struct Page<'c> {
    pub(super) prefix: ReplyPrefix<'c>,
    pub(super) hub: &'c Hub,
    /// The user who reads it.
    pub(super) reader: &'c User,
    /// The capabilities of that user's client.
    pub(super) caps: CapSet,
    /// At this length of the answer the page is full.
    full: usize,
    /// The hub's effort when the page was begun.
    began: u64,
}

impl<'c> Page<'c> {
    /// A page that is full when the answer has `full` bytes.
    pub(crate) fn new(
        prefix: ReplyPrefix<'c>,
        (hub, reader): (&'c Hub, &'c User),
        caps: CapSet,
        full: usize,
    ) -> Self {
        Self {
            prefix,
            hub,
            reader,
            caps,
            full,
            began: hub.effort(),
        }
    }

    /// The id of the user who reads it.
    pub(super) fn me(&self) -> UserId {
        self.reader.id()
    }

    /// Whether the rest is for the next page.
    pub(super) fn is_full(&self, out: &[u8]) -> bool {
        out.len() > self.full || self.hub.effort() - self.began > EFFORT_MAX
    }
}
