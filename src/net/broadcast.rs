//! The crowd: the latest fan-out of the turn, as lists of peers instead of a place in each peer's queue.
//!
//! In a room the same peers are told line after line. A fan-out only notes who gets which chunk; if the next one is for
//! the same peers, its chunks are joined to those, however many peers there are. At the end of the turn each peer is
//! offered its bytes at once, and only what the kernel does not take goes into its queue. So a line costs one walk over
//! the peers' records, and sixteen lines in one turn cost no more.
//!
//! Invariants: nobody is in two lists; what the crowd is to be told is younger than whatever is in a queue. Therefore
//! anything else that is asked of the loop, and could come to stand in a queue, first puts the crowd's chunks there
//! ([`Net::materialize_broadcast`]). Knows no messages.

use super::{
    connection::Connection, core::Net, phase::Phase, shared_buffers::Chunk, token::ConnId,
};
use std::{
    io::{ErrorKind, IoSlice},
    mem,
};

/// Names the peers that a fan-out is for: two fan-outs with the same key have the very same peers, if nothing was asked of
/// the loop in between. The numbers are the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FanOutKey(pub u64, pub u64);

/// What [`Net::begin_fan_out`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum FanOut {
    /// A fan-out of its own: [`share`](Net::share) a chunk with each peer.
    New,
    /// The fan-out before has the same peers. Share nothing, but [extend](Net::extend_broadcast) each of its chunks.
    Repeat,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Broadcast {
    /// Chunks that are shared now are noted here.
    is_open: bool,
    is_for: Option<FanOutKey>,
    lists: Vec<List>,
    /// What would be queued if all of it were.
    bytes: usize,
}

/// Those who get one chunk.
#[derive(Debug)]
struct List {
    chunk: Chunk,
    peers: Vec<ConnId>,
}

impl Broadcast {
    /// What would be queued if all of it were.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn add(&mut self, id: ConnId, chunk: Chunk) {
        self.bytes += chunk.len();
        // Few lists, one for each flavour of peers.
        match self.lists.iter_mut().find(|list| list.chunk == chunk) {
            Some(list) => list.peers.push(id),
            None => self.lists.push(List {
                chunk,
                peers: vec![id],
            }),
        }
    }
}

impl Net {
    /// Begins a fan-out: the chunks that are [shared](Self::share) from here on belong to one event, of which nobody gets two.
    ///
    /// It is a [`FanOut::Repeat`] if the fan-out before had the same key and nothing was asked of the loop since. `None` is for
    /// peers that are not worth a key; it repeats nothing.
    pub fn begin_fan_out(&mut self, key: Option<FanOutKey>) -> FanOut {
        if self.broadcast.is_open && key.is_some() && self.broadcast.is_for == key {
            return FanOut::Repeat;
        }
        self.materialize_broadcast();
        self.broadcast.is_open = true;
        self.broadcast.is_for = key;
        FanOut::New
    }

    /// Queues a chunk for a peer; it goes out at the end of the turn. For one that is gone or on its way out, this
    /// does nothing.
    pub fn share(&mut self, id: ConnId, chunk: Chunk) {
        self.stats.deliveries += 1;
        if self.broadcast.is_open {
            self.broadcast.add(id, chunk);
        } else {
            self.enqueue(id, chunk);
        }
    }

    /// Queues another chunk for all who got an `earlier` one of this fan-out. Returns what stands for both next time.
    pub fn extend_broadcast(&mut self, earlier: Chunk, chunk: Chunk) -> Chunk {
        let lists = &mut self.broadcast.lists;
        let Some(index) = lists.iter().position(|list| list.chunk == earlier) else {
            return chunk;
        };
        let List { peers, .. } = &lists[index];
        self.stats.deliveries += peers.len() as u64;
        self.broadcast.bytes += chunk.len() * peers.len();
        let both = earlier.followed_by(chunk).unwrap_or_else(|| {
            // They do not stand side by side: the log was full. The earlier one goes first.
            let peers = mem::take(&mut self.broadcast.lists[index].peers);
            for &id in &peers {
                self.enqueue(id, earlier);
            }
            self.broadcast.lists[index].peers = peers;
            chunk
        });
        self.broadcast.lists[index].chunk = both;
        both
    }

    /// Puts what the crowd is to be told into the queues.
    pub(super) fn materialize_broadcast(&mut self) {
        self.broadcast.is_open = false;
        self.broadcast.is_for = None;
        self.broadcast.bytes = 0;
        for List { chunk, peers } in mem::take(&mut self.broadcast.lists) {
            for id in peers {
                self.enqueue(id, chunk);
            }
        }
    }

    fn enqueue(&mut self, id: ConnId, chunk: Chunk) {
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        if !connection.takes_output() {
            return;
        }
        connection.output.push(&mut self.buffers, chunk);
        if !mem::replace(&mut connection.dirty, true) {
            self.dirty.push(id);
        }
    }

    /// Offers the crowd's bytes to the kernel. Whoever has something in the queue already, or is not done with one call, goes
    /// the usual way.
    pub(super) fn flush_broadcast(&mut self) {
        for List { chunk, peers } in mem::take(&mut self.broadcast.lists) {
            for id in peers {
                let Some(connection) = self.table.connection_mut(id) else {
                    continue;
                };
                if !connection.is_ready_for_more() {
                    self.enqueue(id, chunk);
                    continue;
                }
                let bytes = [IoSlice::new(self.buffers.bytes_of(chunk))];
                self.stats.writes += 1;
                match connection.stream.transport().write_vectored(&bytes) {
                    Ok(0) => self.note_broken(id, &ErrorKind::WriteZero.into()),
                    Ok(sent) => {
                        self.stats.bytes_out += sent as u64;
                        // A transport that took it all may still hold some of it.
                        let holds_unsent = connection.stream.holds_unsent();
                        if let Some(rest) = chunk.without(sent) {
                            self.enqueue(id, rest);
                        } else if holds_unsent {
                            self.mark_dirty(id);
                        }
                    }
                    Err(error) => match error.kind() {
                        ErrorKind::WouldBlock | ErrorKind::Interrupted => self.enqueue(id, chunk),
                        _ => self.note_broken(id, &error),
                    },
                }
            }
        }
        self.materialize_broadcast();
    }
}

impl Connection {
    /// Whether anything may still be queued.
    fn takes_output(&self) -> bool {
        self.phase <= Phase::Open && self.is_speaking() && !self.write_failed
    }

    /// Whether what is written now comes right after what was written before.
    fn is_ready_for_more(&self) -> bool {
        self.phase == Phase::Open
            && self.is_speaking()
            && !self.write_failed
            && !self.dirty
            && self.output.is_empty()
    }
}
