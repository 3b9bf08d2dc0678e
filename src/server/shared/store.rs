//! What the server asks of the store: writes, and which of them came to an end.
//!
//! Without a data directory there is nobody to ask, and nothing is kept: then a write that is to be kept is forgotten.
//! Does not know the keeper's process.

use crate::store::{Change, Client, Policy, WriteId};

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) client: Client,
    /// There is a keeper.
    pub(crate) is_open: bool,
    /// Users who stay without a connection are left as they are stored: the host looks at accounts alone.
    pub(crate) leaves_users_out: bool,
    /// Changes that could not be written and were refused.
    pub(crate) failures: u64,
    /// How often a keeper was started again.
    pub(crate) keeper_restarts: u64,
}

impl Store {
    /// Has changes written that someone waits for: the end of it comes to
    /// [`Connections`](crate::server::connections::Connections).
    pub(crate) fn write(&mut self, changes: Vec<Change>) -> WriteId {
        debug_assert!(self.is_open, "nobody waits for a store that is not there");
        self.client.write(changes, Policy::Answer)
    }

    /// Has a change written that has taken effect already.
    pub(crate) fn keep(&mut self, change: Change) {
        if self.is_open {
            self.client.write(vec![change], Policy::Keep);
        }
    }
}
