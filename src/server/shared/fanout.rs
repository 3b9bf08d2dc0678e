//! Fan-out: one event to everyone concerned, encoded once for each flavour and view among them.
//!
//! Appends to queues and marks connections, nothing else: it never writes, closes or frees, so it can be called while
//! a line is being handled and nobody's record vanishes meanwhile. Does not know wire formats.

use crate::server::{connections::close_reason::CloseReason, metrics::activity::Counters};
use crate::{
    chat::{self, Body, Destination, Event, Hub, Nick, UserId, watches::Watches},
    net::{BufferKey, Chunk, ConnId, FanOut, FanOutKey, Net},
    protocol::{
        encode::{encode, encode_personal},
        flavour::{Distinction, Flavour, View},
        irc,
    },
};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// Where a person sits: their connection, and how it wants events told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) conn: ConnId,
    pub(crate) flavour: Flavour,
}

/// The seats of all people, in the order of the hub's slots.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    by_slot: Vec<Option<Route>>,
}

impl Routes {
    /// Seats a newcomer.
    pub(crate) fn take(&mut self, user: UserId, route: Route) {
        let slot = user.slot as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize(slot + 1, None);
        }
        self.by_slot[slot] = Some(route);
    }

    /// Frees the seat of someone who quit.
    pub(crate) fn leave(&mut self, user: UserId) {
        if let Some(route) = self.by_slot.get_mut(user.slot as usize) {
            *route = None;
        }
    }

    /// From now on, events are told there in another flavour.
    pub(crate) fn set_flavour(&mut self, user: UserId, flavour: Flavour) {
        if let Some(Some(route)) = self.by_slot.get_mut(user.slot as usize) {
            route.flavour = flavour;
        }
    }

    pub(crate) fn of(&self, user: UserId) -> Option<Route> {
        *self.by_slot.get(user.slot as usize)?
    }

    /// Bytes of memory of the seats.
    pub(crate) fn memory(&self) -> usize {
        self.by_slot.capacity() * size_of::<Option<Route>>()
    }

    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.by_slot.iter().flatten().count()
    }
}

/// The person whose line is being handled: their share of an event goes into the answer, in order with the rest of it.
pub(crate) struct Own<'a> {
    pub(crate) user: UserId,
    /// In lines: the answer is framed as a whole.
    pub(crate) flavour: Flavour,
    pub(crate) answer: &'a mut Vec<u8>,
    /// What reaches them because they spoke to themselves: no part of the answer.
    pub(crate) aside: &'a mut Vec<u8>,
}

/// The chunks of the last fan-out, by flavour and view: if the next event is for the same people, it is only encoded
/// and joined to them.
pub(crate) type LastFanOut = Vec<(Flavour, View, Chunk)>;

/// What events are told from, and where they go.
pub(crate) struct Audience<'a> {
    pub(crate) hub: &'a mut Hub,
    pub(crate) routes: &'a Routes,
    pub(crate) net: &'a mut Net,
    pub(crate) watches: &'a Watches,
    /// The server's name.
    pub(crate) server: &'a str,
    /// Whose stay was ended by others: their connections are closed when the line at hand is done.
    pub(crate) expelled: &'a mut Vec<(ConnId, CloseReason)>,
    pub(crate) last_fan_out: &'a mut LastFanOut,
    pub(crate) counters: &'a mut Counters,
}

/// An event's bytes for one flavour and view; `None` if it is nothing to them.
type Encoded = (Flavour, View, Option<Chunk>);

impl Audience<'_> {
    /// Takes every event out of the hub and tells each to its audience.
    pub(crate) fn tell_all(&mut self, mut own: Option<Own<'_>>) {
        while let Some(event) = self.hub.next_event() {
            self.counters.note_event(&event.body);
            self.tell(&event, own.as_mut());
            self.tell_watchers(&event);
            self.expel(&event);
        }
    }

    fn tell(&mut self, event: &Event, mut own: Option<&mut Own<'_>>) {
        let (hub, routes, net, server) = (&*self.hub, self.routes, &mut *self.net, self.server);
        let distinction = Distinction::of(event, hub);
        let key = own
            .as_ref()
            .and_then(|own| to_room_of(event, own, distinction));
        if net.begin_fan_out(key) == FanOut::Repeat {
            if let Some(own) = own {
                encode(own.flavour, View::Author, event, hub, server, own.answer);
            }
            self.counters.encoded += self.last_fan_out.len() as u64;
            for (flavour, view, chunk) in self.last_fan_out.iter_mut() {
                let lane = BufferKey(flavour.number());
                let write = |out: &mut Vec<u8>| encode(*flavour, *view, event, hub, server, out);
                if let Some(next) = net.make_chunk(lane, write) {
                    *chunk = net.extend_broadcast(*chunk, next);
                }
            }
            return;
        }
        let mut encoded: SmallVec<[Encoded; 4]> = SmallVec::new();
        hub.for_each_in(&event.audience, |user| {
            let view = if user == event.author {
                View::Author
            } else {
                View::Other
            };
            if let Some(own) = own.as_mut().filter(|own| own.user == user) {
                if own.flavour.is_personal(distinction) {
                    encode_personal(own.flavour, user, event, hub, server, own.answer);
                    return;
                }
                encode(own.flavour, view, event, hub, server, own.answer);
                if own.flavour.hears_oneself() && is_to_oneself(event) {
                    encode(own.flavour, View::Other, event, hub, server, own.aside);
                }
                return;
            }
            let Some(Route { conn, flavour }) = routes.of(user) else {
                return;
            };
            if flavour.is_personal(distinction) {
                let mut bytes = Vec::new();
                encode_personal(flavour, user, event, hub, server, &mut bytes);
                return net.send(conn, &bytes);
            }
            let flavour = flavour.for_event(distinction);
            let known = encoded
                .iter()
                .position(|(f, v, _)| (*f, *v) == (flavour, view));
            let index = known.unwrap_or_else(|| {
                let lane = BufferKey(flavour.number());
                let write = |out: &mut Vec<u8>| encode(flavour, view, event, hub, server, out);
                encoded.push((flavour, view, net.make_chunk(lane, write)));
                encoded.len() - 1
            });
            if let Some(chunk) = encoded[index].2 {
                net.share(conn, chunk);
            }
        });
        self.counters.encoded += encoded.len() as u64;
        self.last_fan_out.clear();
        let told = |(flavour, view, chunk): &Encoded| Some((*flavour, *view, (*chunk)?));
        self.last_fan_out.extend(encoded.iter().filter_map(told));
    }

    /// Tells those who watch a name that its bearer came, went, or changed (IRCv3 monitor and extended-monitor).
    fn tell_watchers(&mut self, event: &Event) {
        if self.watches.is_empty() {
            return;
        }
        let (hub, watches) = (&*self.hub, self.watches);
        let Some(author) = hub.user(event.author) else {
            return;
        };
        match &event.body {
            Body::Quit { .. } => {
                let nick = author.nick().clone();
                self.tell_gone(&nick);
            }
            Body::Renamed { old } if old != author.nick() => {
                self.tell_gone(old);
                self.tell_come(event.author);
            }
            Body::AwayChanged | Body::RealnameChanged => {
                self.tell_change(event, watches.of(author.nick()));
            }
            _ => {}
        }
    }

    /// Tells watchers who were not told as neighbours.
    fn tell_change(&mut self, event: &Event, watchers: &[UserId]) {
        let (hub, server) = (&*self.hub, self.server);
        let distinction = Distinction::of(event, hub);
        let mut told: FxHashSet<UserId> = FxHashSet::default();
        if !watchers.is_empty() {
            // Both may be many: not one walk for each watcher.
            hub.for_each_in(&event.audience, |user| {
                told.insert(user);
            });
        }
        let mut encoded: SmallVec<[(Flavour, Option<Chunk>); 4]> = SmallVec::new();
        let strangers = watchers.iter().filter(|watcher| !told.contains(watcher));
        let routes = strangers.filter_map(|&watcher| self.routes.of(watcher));
        for Route { conn, flavour } in routes.filter(|route| route.flavour.watches_changes()) {
            let flavour = flavour.for_event(distinction);
            let known = encoded.iter().position(|(other, _)| *other == flavour);
            let index = known.unwrap_or_else(|| {
                let write =
                    |out: &mut Vec<u8>| encode(flavour, View::Other, event, hub, server, out);
                let chunk = self.net.make_chunk(BufferKey(flavour.number()), write);
                encoded.push((flavour, chunk));
                encoded.len() - 1
            });
            if let Some(chunk) = encoded[index].1 {
                self.net.share(conn, chunk);
            }
        }
    }

    /// Tells those who watch a newcomer's name.
    pub(crate) fn tell_come(&mut self, newcomer: UserId) {
        let Some(user) = self.hub.user(newcomer) else {
            return;
        };
        for &watcher in self.watches.of(user.nick()) {
            let (Some(route), Some(reader)) = (self.routes.of(watcher), self.hub.user(watcher))
            else {
                continue;
            };
            let mut bytes = Vec::new();
            irc::monitor::come(self.server, reader, user, &mut bytes);
            route.flavour.frame(0, &mut bytes);
            self.net.send(route.conn, &bytes);
        }
    }

    fn tell_gone(&mut self, nick: &Nick) {
        for &watcher in self.watches.of(nick) {
            let (Some(route), Some(reader)) = (self.routes.of(watcher), self.hub.user(watcher))
            else {
                continue;
            };
            let mut bytes = Vec::new();
            irc::monitor::gone(self.server, reader, nick, &mut bytes);
            route.flavour.frame(0, &mut bytes);
            self.net.send(route.conn, &bytes);
        }
    }

    /// Someone's stay was ended by another: tells them, and has their connection closed.
    fn expel(&mut self, event: &Event) {
        let Body::Quit {
            reason,
            by: Some(_),
        } = &event.body
        else {
            return;
        };
        let Some(Route { conn, flavour }) = self.routes.of(event.author) else {
            return;
        };
        let mut bytes = Vec::new();
        encode(
            flavour,
            View::Author,
            event,
            self.hub,
            self.server,
            &mut bytes,
        );
        flavour.push_farewell(reason, &mut bytes);
        self.net.send(conn, &bytes);
        self.expelled.push((conn, CloseReason::Killed));
    }
}

/// Whom an event is for, if it is what the person at hand said to a whole room: the next thing they say there is for
/// the same people, unless something else happens in between, and that is told to someone.
fn to_room_of(event: &Event, own: &Own<'_>, distinction: Distinction) -> Option<FanOutKey> {
    let (Body::Said { .. }, chat::Audience::Room(room)) = (&event.body, &event.audience) else {
        return None;
    };
    let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    (own.user == event.author && !own.flavour.is_personal(distinction)).then(|| {
        FanOutKey(
            pair(room.slot, room.generation.get()),
            pair(own.user.slot, distinction.number()),
        )
    })
}

/// Whether something was said by someone to themselves.
fn is_to_oneself(event: &Event) -> bool {
    match event.body {
        Body::Said { destination, .. }
        | Body::SaidLines { destination, .. }
        | Body::Tagged { destination } => destination == Destination::User(event.author),
        _ => false,
    }
}
