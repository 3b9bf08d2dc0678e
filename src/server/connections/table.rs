//! The table of all sessions, in the order of the loop's slots, so that no map is needed.
//!
//! Invariants: a record belongs to one [`ConnId`], and an id with another generation finds nothing; a table that a crowd
//! has left shrinks. Does not know what is in a record.

use crate::net::ConnId;
use crate::server::connections::session::Session;

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_slot: Vec<Option<Session>>,
    /// How much each has sent before a name was given. Beside the records, in which there is no gap left for it.
    bytes_before_name: Vec<u32>,
}

impl Sessions {
    pub(crate) fn insert(&mut self, id: ConnId, mut session: Session) {
        let slot = id.slot as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize_with(slot + 1, || None);
            self.bytes_before_name.resize(slot + 1, 0);
        }
        self.bytes_before_name[slot] = 0;
        debug_assert!(
            self.by_slot[slot].is_none(),
            "a slot is reaped before it is used again"
        );
        session.generation = id.generation;
        self.by_slot[slot] = Some(session);
    }

    pub(crate) fn get(&self, id: ConnId) -> Option<&Session> {
        let session = self.by_slot.get(id.slot as usize)?.as_ref()?;
        (session.generation == id.generation).then_some(session)
    }

    pub(crate) fn get_mut(&mut self, id: ConnId) -> Option<&mut Session> {
        let session = self.by_slot.get_mut(id.slot as usize)?.as_mut()?;
        (session.generation == id.generation).then_some(session)
    }

    /// Adds to what a connection has sent before a name was given; says how much that is.
    pub(crate) fn note_bytes_before_name(&mut self, id: ConnId, bytes: usize) -> u32 {
        let Some(sum) = self.bytes_before_name.get_mut(id.slot as usize) else {
            return 0;
        };
        *sum = sum.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        *sum
    }

    pub(crate) fn remove(&mut self, id: ConnId) -> Option<Session> {
        self.get_mut(id)?;
        let session = self.by_slot[id.slot as usize].take();
        while self.by_slot.last().is_some_and(Option::is_none) {
            self.by_slot.pop();
        }
        self.bytes_before_name.truncate(self.by_slot.len());
        if self.by_slot.len() < self.by_slot.capacity() / 8 {
            self.by_slot.shrink_to(self.by_slot.len() * 2);
            self.bytes_before_name.shrink_to(self.by_slot.len() * 2);
        }
        session
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ConnId, &Session)> {
        let slots = self.by_slot.iter().enumerate();
        slots.filter_map(|(slot, record)| {
            let session = record.as_ref()?;
            let slot = slot as u32;
            let generation = session.generation;
            Some((ConnId { slot, generation }, session))
        })
    }

    /// Bytes of memory of the records.
    pub(crate) fn memory(&self) -> usize {
        self.by_slot.capacity() * size_of::<Option<Session>>()
            + self.bytes_before_name.capacity() * size_of::<u32>()
    }

    /// The names of all, to be walked while they are changed.
    pub(crate) fn ids(&self) -> Vec<ConnId> {
        self.iter().map(|(id, _)| id).collect()
    }
}
