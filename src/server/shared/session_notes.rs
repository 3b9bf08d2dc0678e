//! What the server remembers of each connection of a user with an account: since when it is there, from where, and whether its
//! client is away.
//!
//! Owns the notes. Does not know users.

use crate::{
    chat::{Moment, Origin},
    net::ConnId,
};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// What is remembered of one connection of a user with an account.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) since: Moment,
    pub(super) origin: Rc<Origin>,
    /// The client's own text, if it is away.
    pub(super) away: Option<Box<str>>,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct SessionNotes {
    notes: FxHashMap<ConnId, Note>,
}

impl SessionNotes {
    /// A client has logged in.
    pub(crate) fn enter(&mut self, id: ConnId, origin: Rc<Origin>, now: Moment) {
        let note = Note {
            since: now,
            origin,
            away: None,
        };
        self.notes.entry(id).or_insert(note);
    }

    /// A connection is gone, or its client has logged out.
    pub(crate) fn forget(&mut self, id: ConnId) {
        self.notes.remove(&id);
    }

    pub(super) fn get(&self, id: ConnId) -> Option<&Note> {
        self.notes.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: ConnId) -> Option<&mut Note> {
        self.notes.get_mut(&id)
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        self.notes.capacity() * (size_of::<(ConnId, Note)>() + 1)
    }
}
