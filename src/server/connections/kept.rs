//! What people make the server keep beside single connections, and who goes first when there is too much of everything.
//!
//! The loop counts what each connection holds and enforces the one ceiling (`net/ceiling.rs`); here is what it asks the
//! server. Owns nothing.

use crate::net::{ConnId, Standing};
use crate::server::{connections::Connections, shared::Shared};

impl Connections {
    /// Bytes that people make the server keep beside what belongs to single connections: records, rooms, lists, hosts.
    /// A few additions, so it may be asked every turn.
    pub(crate) fn kept(&self) -> usize {
        let Shared {
            hub, routes, hosts, ..
        } = &self.shared;
        self.sessions.memory()
            + hub.memory()
            + routes.memory()
            + hosts.memory()
            + self.admission.memory()
            + self.scratch.capacity()
            + self.answer.capacity()
            + self.aside.capacity()
    }

    /// Whoever has given no name goes before everyone who has.
    pub(crate) fn standing_of(&self, id: ConnId) -> Standing {
        match self.sessions.get(id) {
            Some(session) if session.user.is_some() => Standing::Known,
            // Whoever looks for the reason of a trouble must not be kept out by it.
            Some(session) if session.is_scraper() => Standing::Known,
            _ => Standing::Stranger,
        }
    }
}
