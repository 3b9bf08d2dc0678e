//! Routes: for each user, the connections that its events go to and their encoding there.
//!
//! Owns the table, in the order of the hub's slots, and beside it the few users with several connections. Its entries count
//! in the memory of an idle client: who has one connection pays nothing for the others. A user may be here without any
//! connection, which is not the same as one that is on its way out.

use crate::{
    chat::{SessionId, UserId},
    net::ConnId,
    protocol::flavour::Flavour,
};
use rustc_hash::FxHashMap;

/// Connections that a user has at most.
pub(crate) const SESSIONS_MAX: usize = 16;

/// The way to one connection of a user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) conn: ConnId,
    pub(crate) flavour: Flavour,
}

impl Route {
    /// The number of this connection among those of its user.
    pub(crate) fn number(&self) -> u32 {
        self.conn.slot
    }
}

/// What is left of a user's routes when one was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detached {
    /// There was no such route.
    NotThere,
    /// It was the last.
    Last,
    /// The user has others.
    OthersLeft,
}

/// A route in twelve bytes: every user has one.
#[derive(Clone, Copy, Debug)]
struct Packed {
    slot: u32,
    generation: u32,
    /// The flavour's number, and a mark if the user has more routes; or [`NONE`](Self::NONE) or [`ABSENT`](Self::ABSENT).
    flavour: u32,
}

/// In a packed flavour: the user has more routes. Beyond all numbers of flavours.
const MORE: u32 = 1 << 31;

impl Packed {
    /// No user has this slot, or one that is leaving. No flavour has such a number.
    const NONE: Self = Self::without_route(u32::MAX);

    /// The user of this slot is here without a connection.
    const ABSENT: Self = Self::without_route(u32::MAX - 1);

    const fn without_route(flavour: u32) -> Self {
        Self {
            slot: 0,
            generation: 0,
            flavour,
        }
    }

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
        (flavour < Self::ABSENT.flavour).then(|| Route {
            conn: ConnId { slot, generation },
            flavour: Flavour::of_number(flavour & !MORE),
        })
    }

    fn has_more(self) -> bool {
        self.flavour < Self::ABSENT.flavour && self.flavour & MORE != 0
    }
}

/// The routes to all users.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    by_slot: Vec<Packed>,
    /// All routes but the first of the users who have several, by slot. Never empty lists.
    more: FxHashMap<u32, Vec<Route>>,
    count: usize,
}

impl Routes {
    /// Enters the route to a new user.
    pub(crate) fn enter(&mut self, user: UserId, route: Route) {
        self.put(user, Packed::of(route));
        self.count += 1;
    }

    /// Notes that a user is here without a connection.
    pub(crate) fn enter_absent(&mut self, user: UserId) {
        self.put(user, Packed::ABSENT);
    }

    fn put(&mut self, user: UserId, packed: Packed) {
        let slot = user.slot as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize(slot + 1, Packed::NONE);
        }
        debug_assert!(self.of(user).is_none(), "its former user has left");
        self.by_slot[slot] = packed;
    }

    /// Adds a route to a user who is here; whether there was room for it.
    pub(crate) fn attach(&mut self, user: UserId, route: Route) -> bool {
        let Some(first) = self.by_slot.get_mut(user.slot as usize) else {
            return false;
        };
        match first.flavour {
            flavour if flavour == Packed::NONE.flavour => return false,
            flavour if flavour == Packed::ABSENT.flavour => *first = Packed::of(route),
            _ => {
                let more = self.more.entry(user.slot).or_default();
                if more.len() + 1 >= SESSIONS_MAX {
                    return false;
                }
                more.push(route);
                first.flavour |= MORE;
            }
        }
        self.count += 1;
        true
    }

    /// Removes one of the routes to a user.
    pub(crate) fn detach(&mut self, user: UserId, conn: ConnId) -> Detached {
        let Some(first) = self.by_slot.get_mut(user.slot as usize) else {
            return Detached::NotThere;
        };
        let is_first = first.route().is_some_and(|route| route.conn == conn);
        if !first.has_more() {
            if !is_first {
                return Detached::NotThere;
            }
            *first = Packed::NONE;
            self.count -= 1;
            return Detached::Last;
        }
        let Some(more) = self.more.get_mut(&user.slot) else {
            debug_assert!(false, "the mark and the list agree");
            return Detached::NotThere;
        };
        if is_first {
            *first = Packed::of(more.remove(0));
        } else {
            let Some(position) = more.iter().position(|route| route.conn == conn) else {
                return Detached::NotThere;
            };
            more.remove(position);
        }
        self.count -= 1;
        if more.is_empty() {
            self.more.remove(&user.slot);
            first.flavour &= !MORE;
        } else {
            first.flavour |= MORE;
        }
        Detached::OthersLeft
    }

    /// Removes all routes to a user who leaves.
    pub(crate) fn leave(&mut self, user: UserId) {
        let mut count = 0;
        self.each(user, |_| count += 1);
        self.count -= count;
        if let Some(first) = self.by_slot.get_mut(user.slot as usize) {
            if first.has_more() {
                self.more.remove(&user.slot);
            }
            *first = Packed::NONE;
        }
    }

    /// From now on, events are encoded for this connection in another flavour.
    pub(crate) fn set_flavour(&mut self, user: UserId, conn: ConnId, flavour: Flavour) {
        let Some(first) = self.by_slot.get_mut(user.slot as usize) else {
            return;
        };
        if first.route().is_some_and(|route| route.conn == conn) {
            first.flavour = flavour.number() | (first.flavour & MORE);
        } else if let Some(more) = self.more.get_mut(&user.slot) {
            let route = more.iter_mut().find(|route| route.conn == conn);
            route.into_iter().for_each(|route| route.flavour = flavour);
        }
    }

    /// The first route to a user.
    pub(crate) fn of(&self, user: UserId) -> Option<Route> {
        self.by_slot.get(user.slot as usize)?.route()
    }

    /// Whether the user is here, with connections or without; else it is leaving.
    pub(crate) fn is_here(&self, user: UserId) -> bool {
        let first = self.by_slot.get(user.slot as usize);
        first.is_some_and(|first| first.flavour != Packed::NONE.flavour)
    }

    /// Calls for each route to a user.
    #[inline]
    pub(crate) fn each(&self, user: UserId, mut act: impl FnMut(Route)) {
        let Some(&first) = self.by_slot.get(user.slot as usize) else {
            return;
        };
        let Some(route) = first.route() else { return };
        act(route);
        if first.has_more() {
            let more = self.more.get(&user.slot);
            more.into_iter().flatten().for_each(|route| act(*route));
        }
    }

    /// All routes to a user.
    pub(crate) fn all(&self, user: UserId) -> Vec<Route> {
        let mut all = Vec::new();
        self.each(user, |route| all.push(route));
        all
    }

    /// The route to one connection of a user.
    pub(crate) fn of_session(&self, session: SessionId) -> Option<Route> {
        let mut found = None;
        self.each(session.user, |route| {
            if route.number() == session.number {
                found = Some(route);
            }
        });
        found
    }

    /// How many connections of users there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        // The users with several connections are few, and each has a handful.
        let more: usize = self.more.values().map(Vec::capacity).sum();
        self.by_slot.capacity() * size_of::<Packed>()
            + self.more.capacity() * (size_of::<(u32, Vec<Route>)>() + 1)
            + more * size_of::<Route>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        irc::{
            Irc,
            caps::{CAPS, CapSet},
        },
        web::websocket::Kind,
    };

    #[test]
    fn a_packed_route_is_the_same_route() {
        assert_eq!(size_of::<Packed>(), 12);
        let mut irc = Irc::default();
        CAPS.iter().for_each(|entry| irc.caps.set(entry.cap, true));
        let Flavour::Irc(all) = irc.flavour() else {
            panic!("IRC is a flavour of its own");
        };
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
        assert!(Packed::NONE.route().is_none() && Packed::ABSENT.route().is_none());
        assert!(!Packed::NONE.has_more() && !Packed::ABSENT.has_more());
    }

    fn user(slot: u32) -> UserId {
        UserId {
            slot,
            generation: std::num::NonZeroU32::MIN,
        }
    }

    fn route(slot: u32) -> Route {
        let conn = ConnId {
            slot,
            generation: 1,
        };
        let flavour = Flavour::Irc(CapSet::NONE);
        Route { conn, flavour }
    }

    fn slots(routes: &Routes, user: UserId) -> Vec<u32> {
        routes.all(user).iter().map(Route::number).collect()
    }

    #[test]
    fn routes_come_and_go_in_any_order() {
        let (alice, bob) = (user(3), user(0));
        for gone in 0..3 {
            let mut routes = Routes::default();
            assert!(!routes.attach(alice, route(0)), "nobody is there");
            routes.enter(alice, route(0));
            routes.enter(bob, route(9));
            assert!(routes.attach(alice, route(1)) && routes.attach(alice, route(2)));
            routes.set_flavour(alice, route(gone).conn, Flavour::Telnet);
            let changed = routes.all(alice).into_iter();
            let changed = changed.filter(|route| route.flavour == Flavour::Telnet);
            assert_eq!(changed.map(|it| it.number()).collect::<Vec<_>>(), [gone]);
            assert_eq!(routes.detach(alice, route(7).conn), Detached::NotThere);
            assert_eq!(routes.detach(alice, route(gone).conn), Detached::OthersLeft);
            let left: Vec<u32> = (0..3).filter(|slot| *slot != gone).collect();
            assert_eq!((slots(&routes, alice), routes.count()), (left.clone(), 3));
            let session = |number| SessionId {
                user: alice,
                number,
            };
            assert!(routes.of_session(session(gone)).is_none());
            assert!(routes.of_session(session(left[1])).is_some());
            assert_eq!(
                routes.detach(alice, route(left[0]).conn),
                Detached::OthersLeft
            );
            assert_eq!(routes.detach(alice, route(left[1]).conn), Detached::Last);
            assert!(!routes.is_here(alice) && routes.more.is_empty());
            assert_eq!(slots(&routes, bob), [9]);
        }
    }

    #[test]
    fn a_user_may_be_here_without_a_connection() {
        let mut routes = Routes::default();
        routes.enter_absent(user(1));
        assert!(routes.is_here(user(1)) && !routes.is_here(user(0)));
        assert_eq!((slots(&routes, user(1)), routes.count()), (vec![], 0));
        assert!(routes.attach(user(1), route(5)));
        assert_eq!((slots(&routes, user(1)), routes.count()), (vec![5], 1));
        for slot in 6..40 {
            let has_room = slot < 5 + SESSIONS_MAX as u32;
            assert_eq!(routes.attach(user(1), route(slot)), has_room);
        }
        routes.leave(user(1));
        assert!(!routes.is_here(user(1)) && routes.count() == 0 && routes.more.is_empty());
    }
}
