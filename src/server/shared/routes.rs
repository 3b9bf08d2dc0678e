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

/// A route in twelve bytes: every user has one.
#[derive(Clone, Copy, Debug)]
struct Packed {
    slot: u32,
    generation: u32,
    /// The flavour's number.
    flavour: u32,
}

impl Packed {
    /// No user has this slot. No flavour has such a number.
    const NONE: Self = Self {
        slot: 0,
        generation: 0,
        flavour: u32::MAX,
    };

    fn of(Route { conn, flavour }: Route) -> Self {
        Self {
            slot: conn.slot,
            generation: conn.generation,
            flavour: flavour.number(),
        }
    }

    fn route(self) -> Option<Route> {
        let Self {
            slot,
            generation,
            flavour,
        } = self;
        (flavour != u32::MAX).then(|| Route {
            conn: ConnId { slot, generation },
            flavour: Flavour::of_number(flavour),
        })
    }
}

/// The routes to all users.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    by_slot: Vec<Packed>,
}

impl Routes {
    /// Enters the route to a new user.
    pub(crate) fn enter(&mut self, user: UserId, route: Route) {
        let slot = user.slot as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize(slot + 1, Packed::NONE);
        }
        self.by_slot[slot] = Packed::of(route);
    }

    /// Removes the route to a user who leaves.
    pub(crate) fn leave(&mut self, user: UserId) {
        if let Some(route) = self.by_slot.get_mut(user.slot as usize) {
            *route = Packed::NONE;
        }
    }

    /// From now on, events are encoded there in another flavour.
    pub(crate) fn set_flavour(&mut self, user: UserId, flavour: Flavour) {
        let known = self.by_slot.get_mut(user.slot as usize);
        if let Some(known) = known.filter(|known| known.route().is_some()) {
            known.flavour = flavour.number();
        }
    }

    pub(crate) fn of(&self, user: UserId) -> Option<Route> {
        self.by_slot.get(user.slot as usize)?.route()
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        self.by_slot.capacity() * size_of::<Packed>()
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.by_slot.iter().filter_map(|it| it.route()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        irc::caps::{CAPS, CapSet},
        web::websocket::Kind,
    };

    #[test]
    fn a_packed_route_is_the_same_route() {
        assert_eq!(size_of::<Packed>(), 12);
        let mut all = CapSet::NONE;
        CAPS.iter().for_each(|entry| all.set(entry.cap, true));
        let conn = ConnId {
            slot: 7,
            generation: u32::MAX,
        };
        for caps in [CapSet::NONE, all] {
            for flavour in [
                Flavour::Telnet,
                Flavour::Irc(caps),
                Flavour::Web(caps, Kind::Text),
                Flavour::Web(caps, Kind::Binary),
            ] {
                let route = Packed::of(Route { conn, flavour }).route().unwrap();
                assert_eq!((route.conn, route.flavour), (conn, flavour));
            }
        }
        assert!(Packed::NONE.route().is_none());
    }
}
