//! The table of all sessions, in the order of the loop's slots, so that no map is needed.
//!
//! Invariants: a session belongs to one [`ConnId`], and an id with another generation finds nothing; a table that many
//! have left shrinks. Does not know the contents of a session.

use super::session::Session;
use crate::net::ConnId;

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_slot: Vec<Option<Session>>,
}

impl Sessions {
    pub(crate) fn insert(&mut self, id: ConnId, mut session: Session) -> &mut Session {
        let slot = id.slot as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize_with(slot + 1, || None);
        }
        debug_assert!(
            self.by_slot[slot].is_none(),
            "a slot is reaped before it is used again"
        );
        session.client.generation = id.generation;
        self.by_slot[slot].insert(session)
    }

    pub(crate) fn get(&self, id: ConnId) -> Option<&Session> {
        let session = self.by_slot.get(id.slot as usize)?.as_ref()?;
        (session.client.generation == id.generation).then_some(session)
    }

    pub(crate) fn get_mut(&mut self, id: ConnId) -> Option<&mut Session> {
        let session = self.by_slot.get_mut(id.slot as usize)?.as_mut()?;
        (session.client.generation == id.generation).then_some(session)
    }

    pub(crate) fn remove(&mut self, id: ConnId) -> Option<Session> {
        self.get_mut(id)?;
        let session = self.by_slot[id.slot as usize].take();
        while self.by_slot.last().is_some_and(Option::is_none) {
            self.by_slot.pop();
        }
        if self.by_slot.len() < self.by_slot.capacity() / 8 {
            self.by_slot.shrink_to(self.by_slot.len() * 2);
        }
        session
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ConnId, &Session)> {
        let slots = self.by_slot.iter().enumerate();
        slots.filter_map(|(slot, record)| {
            let session = record.as_ref()?;
            let slot = slot as u32;
            let generation = session.client.generation;
            Some((ConnId { slot, generation }, session))
        })
    }

    /// Bytes of memory of the records.
    pub(crate) fn memory(&self) -> usize {
        self.by_slot.capacity() * size_of::<Option<Session>>()
    }

    /// The ids of all, to be walked while sessions are changed.
    pub(crate) fn ids(&self) -> Vec<ConnId> {
        self.iter().map(|(id, _)| id).collect()
    }
}
