//! The broadcast: the latest fan-out of the turn, kept as lists of peers instead of a segment in each peer's queue.
//!
//! In a room the same peers get line after line. A fan-out only notes who gets which chunk; if the next fan-out has the same
//! peers, its chunks are joined to those, however many peers there are. At the end of the turn each peer is offered its
//! bytes at once, and only what the kernel does not take goes into its queue. So a line costs one walk over the peers'
//! records, and sixteen lines in one turn cost no more.
//!
//! Invariants: a peer is in one list at most; the chunks here are younger than whatever is in a queue. Therefore every other
//! request that could queue something first moves these chunks into the queues
//! ([`Net::materialize_broadcast`](super::super::core::Net::materialize_broadcast)). Knows no connection and no socket.

use super::chunk::Chunk;
use crate::net::source::token::ConnId;
use std::mem;

/// Names the peers that a fan-out is for: two fan-outs with the same key have the very same peers, if nothing was asked of
/// the loop in between. The numbers are the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FanOutKey(pub u64, pub u64);

/// What to do in a fan-out that was begun with [`Net::begin_fan_out`](crate::net::Net::begin_fan_out).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum FanOut {
    /// It has peers of its own: [`share`](crate::net::Net::share) a chunk with each of them.
    New,
    /// The fan-out before has the same peers. Share nothing, but [extend](crate::net::Net::extend_broadcast) each of its
    /// chunks.
    Repeat,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Broadcast {
    /// Chunks that are shared now are noted here.
    is_open: bool,
    key: Option<FanOutKey>,
    lists: Vec<Recipients>,
    /// What would be queued if all of it were.
    bytes: usize,
}

/// The peers that get one chunk.
#[derive(Debug)]
pub(crate) struct Recipients {
    pub(crate) chunk: Chunk,
    pub(crate) peers: Vec<ConnId>,
}

/// What became of a chunk that extends an earlier one.
pub(crate) enum Extended {
    /// Both are one chunk now, for so many peers.
    Joined(Chunk, usize),
    /// They do not lie side by side, because the buffer was full. These peers must get the earlier one into their queues
    /// first; then they are [put back](Broadcast::put_back).
    Displaced(Vec<ConnId>),
    /// No peer was to get the earlier one.
    Unknown,
}

impl Broadcast {
    /// Whether chunks that are shared now are noted here, and not queued.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// What would be queued if all of it were.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a fan-out with this key repeats the one before.
    pub(crate) fn is_repeated_by(&self, key: Option<FanOutKey>) -> bool {
        self.is_open && key.is_some() && self.key == key
    }

    /// Begins a new fan-out. What the one before left was [taken](Self::take) already.
    pub(crate) fn open(&mut self, key: Option<FanOutKey>) {
        debug_assert!(self.lists.is_empty(), "two fan-outs are not mixed");
        self.is_open = true;
        self.key = key;
    }

    /// Notes that a peer gets a chunk.
    pub(crate) fn add(&mut self, id: ConnId, chunk: Chunk) {
        self.bytes += chunk.len();
        // Few lists, one for each flavour of peers.
        match self.lists.iter_mut().find(|list| list.chunk == chunk) {
            Some(list) => list.peers.push(id),
            None => self.lists.push(Recipients {
                chunk,
                peers: vec![id],
            }),
        }
    }

    /// Notes that all who get an `earlier` chunk get this one too.
    pub(crate) fn extend(&mut self, earlier: Chunk, chunk: Chunk) -> Extended {
        let Some(list) = self.lists.iter_mut().find(|list| list.chunk == earlier) else {
            return Extended::Unknown;
        };
        self.bytes += chunk.len() * list.peers.len();
        if let Some(both) = earlier.followed_by(chunk) {
            list.chunk = both;
            return Extended::Joined(both, list.peers.len());
        }
        list.chunk = chunk;
        Extended::Displaced(mem::take(&mut list.peers))
    }

    /// Gives a list its peers back.
    pub(crate) fn put_back(&mut self, chunk: Chunk, peers: Vec<ConnId>) {
        if let Some(list) = self.lists.iter_mut().find(|list| list.chunk == chunk) {
            list.peers = peers;
        }
    }

    /// Takes all of it; chunks that are shared from now on are queued.
    pub(crate) fn take(&mut self) -> Vec<Recipients> {
        self.is_open = false;
        self.key = None;
        self.bytes = 0;
        mem::take(&mut self.lists)
    }
}
