//! Routes: for each user, the connection that its events go to and their encoding there.
//!
//! Owns the table, in the order of the hub's slots. Its entries count in the memory of an idle client.

use crate::{chat::UserId, net::ConnId, protocol::flavour::Flavour};

/// The way to one user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) conn: ConnId,
    pub(crate) flavour: Flavour,
}

/// The routes to all users.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    by_slot: Vec<Option<Route>>,
}

impl Routes {
    /// Enters the route to a new user.
    pub(crate) fn enter(&mut self, user: UserId, route: Route) {
        let slot = user.slot as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize(slot + 1, None);
        }
        self.by_slot[slot] = Some(route);
    }

    /// Removes the route to a user who leaves.
    pub(crate) fn leave(&mut self, user: UserId) {
        if let Some(route) = self.by_slot.get_mut(user.slot as usize) {
            *route = None;
        }
    }

    /// From now on, events are encoded there in another flavour.
    pub(crate) fn set_flavour(&mut self, user: UserId, flavour: Flavour) {
        if let Some(Some(route)) = self.by_slot.get_mut(user.slot as usize) {
            route.flavour = flavour;
        }
    }

    pub(crate) fn of(&self, user: UserId) -> Option<Route> {
        *self.by_slot.get(user.slot as usize)?
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        self.by_slot.capacity() * size_of::<Option<Route>>()
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.by_slot.iter().flatten().count()
    }
}
