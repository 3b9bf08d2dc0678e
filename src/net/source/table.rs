//! All sources of the loop in one slab: connections, listeners and datagram sockets, each under its [`ConnId`].
//!
//! Invariants (3): a slot is freed only by [`Table::remove`], which the reap calls at the end of a turn;
//! a generation is given out once, so an id that outlived its source finds nothing. Does not know what the sources do.

use super::{
    connection::Connection,
    datagrams::Datagrams,
    listener::Listener,
    token::{ConnId, SLOTS_MAX},
};
use slab::Slab;

/// One source.
#[derive(Debug)]
pub(crate) enum Source {
    Connection(Connection),
    // Boxed, so that the few of them do not make each connection's slot larger.
    Datagrams(Box<Datagrams>),
    Listener(Box<Listener>),
}

impl Source {
    /// Which of the slot's sources it is.
    fn generation(&self) -> u32 {
        match self {
            Self::Connection(connection) => connection.generation,
            Self::Datagrams(datagrams) => datagrams.generation,
            Self::Listener(listener) => listener.generation,
        }
    }

    fn set_generation(&mut self, generation: u32) {
        match self {
            Self::Connection(connection) => connection.generation = generation,
            Self::Datagrams(datagrams) => datagrams.generation = generation,
            Self::Listener(listener) => listener.generation = generation,
        }
    }
}

/// When no connection is left, memory for more slots than this is given back.
const SLOTS_KEPT: usize = 1024;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: Slab<Source>,
    next_generation: u32,
    connections: usize,
}

impl Table {
    /// Adds a source and names it.
    pub(crate) fn insert(&mut self, source: Source) -> (ConnId, &mut Source) {
        let generation = self.next_generation;
        self.next_generation = generation.wrapping_add(1);
        self.connections += usize::from(matches!(source, Source::Connection(_)));
        let entry = self.slots.vacant_entry();
        let slot = u32::try_from(entry.key()).expect("descriptors run out long before 2^32 slots");
        assert!(slot < SLOTS_MAX, "descriptors run out long before that");
        let source = entry.insert(source);
        source.set_generation(generation);
        (ConnId { slot, generation }, source)
    }

    /// Removes a source; its slot may be used again.
    pub(crate) fn remove(&mut self, id: ConnId) -> Option<Source> {
        self.get_mut(id)?;
        let source = self.slots.remove(id.slot as usize);
        self.connections -= usize::from(matches!(source, Source::Connection(_)));
        if self.connections == 0 && self.slots.capacity() > SLOTS_KEPT {
            // The rush is over; listeners have the first slots.
            self.slots.shrink_to_fit();
        }
        Some(source)
    }

    /// The id for a token's slot and generation, if its source is still here.
    pub(crate) fn find(&self, slot: u32, generation: Option<u32>) -> Option<ConnId> {
        let tenant = self.slots.get(slot as usize)?.generation();
        let generation = generation.unwrap_or(tenant);
        (tenant == generation).then_some(ConnId { slot, generation })
    }

    /// The source that has a slot now.
    pub(crate) fn at(&self, slot: u32) -> Option<&Source> {
        self.slots.get(slot as usize)
    }

    pub(crate) fn get(&self, id: ConnId) -> Option<&Source> {
        let source = self.slots.get(id.slot as usize)?;
        (source.generation() == id.generation).then_some(source)
    }

    pub(crate) fn get_mut(&mut self, id: ConnId) -> Option<&mut Source> {
        let source = self.slots.get_mut(id.slot as usize)?;
        (source.generation() == id.generation).then_some(source)
    }

    pub(crate) fn connection(&self, id: ConnId) -> Option<&Connection> {
        match self.get(id)? {
            Source::Connection(connection) => Some(connection),
            _ => None,
        }
    }

    pub(crate) fn connection_mut(&mut self, id: ConnId) -> Option<&mut Connection> {
        match self.get_mut(id)? {
            Source::Connection(connection) => Some(connection),
            _ => None,
        }
    }

    pub(crate) fn listener_mut(&mut self, id: ConnId) -> Option<&mut Listener> {
        match self.get_mut(id)? {
            Source::Listener(listener) => Some(listener),
            _ => None,
        }
    }

    pub(crate) fn datagrams_mut(&mut self, id: ConnId) -> Option<&mut Datagrams> {
        match self.get_mut(id)? {
            Source::Datagrams(datagrams) => Some(datagrams),
            _ => None,
        }
    }

    /// All connections, in no particular order.
    pub(crate) fn connections(&self) -> impl Iterator<Item = (ConnId, &Connection)> {
        self.slots.iter().filter_map(|(slot, source)| match source {
            Source::Connection(connection) => Some((connection.id(slot), connection)),
            _ => None,
        })
    }

    /// The same, to be changed.
    pub(crate) fn connections_mut(&mut self) -> impl Iterator<Item = (ConnId, &mut Connection)> {
        self.slots
            .iter_mut()
            .filter_map(|(slot, source)| match source {
                Source::Connection(connection) => Some((connection.id(slot), connection)),
                _ => None,
            })
    }

    /// Bytes of memory for the slots, those kept for later included.
    pub(crate) fn memory(&self) -> usize {
        self.slots.capacity() * size_of::<Option<Source>>()
    }

    /// How many sources there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// How many connections there are, those that linger included.
    pub(crate) fn connection_count(&self) -> usize {
        self.connections
    }
}
