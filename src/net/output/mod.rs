//! What is to be sent: shared buffers, a queue for each connection, and the broadcast.
//!
//! ```text
//!  make_chunk(key, ..)          share(peer, chunk)               flush                        kernel
//!
//!  shared buffer, key 7         segments, linked per queue
//!  ┌─────┬─────┬───────┐        ┌───────────────┐
//!  │ one │ two │ three │ <───── │ one..three    │ <─ queue of A: last, bytes ───────────> writev
//!  └─────┴─────┴───────┘        ├───────────────┤
//!     ▲           ▲             │ three         │ <─ queue of B ─┐
//!     │           └──────────── └───────────────┘                │
//!  shared buffer, PRIVATE       ┌───────────────┐                │
//!  ┌────────────┐               │ answer        │ <── next ──────┘
//!  │ answer     │ <──────────── └───────────────┘
//!  └────────────┘
//!  broadcast: [three] -> C, D, E ... no segment yet: offered to the kernel first, queued only if that does not take all
//! ```
//!
//! - A **chunk** is a range of a buffer. Chunks of one [key](chunk::BufferKey) and turn lie side by side, so chunks that a peer
//!   gets in a row become one segment and one slice.
//! - A **segment** is one queue's reference to a range. A **queue** is a ring of segments: it has the
//!   last, whose next is the first.
//! - The **broadcast** holds the latest fan-out as plain lists of peers. It is younger than everything in the queues.
//!
//! **When a buffer is freed.** A buffer counts the segments that refer to it. It goes when the last of them is consumed or
//! cleared, but never in the turn in which it was opened: until then a chunk of it may be in use without a segment (with the
//! handler, or in the broadcast). [`SharedBuffers::end_turn`] drops the buffers of the turn that no segment refers to.
//!
//! **What a slow reader keeps.** After a flush that the kernel did not take whole, [`OutputQueue::compact`](queue::OutputQueue)
//! moves the rest out of buffers of which it is only a small part. So a queue never keeps more than twice its bytes in memory.

pub(crate) mod broadcast;
pub(crate) mod chunk;
pub(crate) mod queue;
pub(crate) mod segments;
pub(crate) mod shared_buffers;
#[cfg(test)]
mod tests;

use broadcast::Broadcast;
use shared_buffers::SharedBuffers;

/// All that is to be sent, apart from each connection's own queue.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) buffers: SharedBuffers,
    pub(crate) broadcast: Broadcast,
}

impl Output {
    /// Bytes queued, and those that would be if the broadcast were.
    pub(crate) fn bytes(&self) -> usize {
        self.buffers.bytes() + self.broadcast.bytes()
    }
}
