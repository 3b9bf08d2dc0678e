//! Fan-out: one event to its audience, encoded once for each flavour and view among them.
//!
//! The hot path of the server: a message to a thousand members is encoded a few times and put into a thousand queues.
//! Appends to queues and marks connections, nothing else: it never writes, closes or frees, so it can be called while
//! a line is being handled and no record vanishes meanwhile. Does not know wire formats.

use super::{
    presences::Presences,
    routes::{Detached, Route, Routes},
    watchers::Watchers,
};
use crate::{
    chat::{self, Body, Destination, Event, Hub, RoomId, UserId, watches::Watches},
    history::Recorder,
    net::{self, BufferKey, Chunk, ConnId, FanOutKey, Net},
    protocol::{
        encode::{encode, encode_personal},
        flavour::{Distinction, Flavour, View},
    },
    server::{connections::close_reason::CloseReason, metrics::activity::Counters},
};
use smallvec::SmallVec;

/// The user whose line is being handled: their share of an event goes into the answer, in order with the rest of it.
pub(crate) struct Own<'a> {
    pub(crate) user: UserId,
    /// The connection that the line came from.
    pub(crate) conn: ConnId,
    /// In lines: the answer is framed as a whole.
    pub(crate) flavour: Flavour,
    pub(crate) answer: &'a mut Vec<u8>,
    /// Messages to themselves, which are no part of the answer.
    pub(crate) deferred: &'a mut Vec<u8>,
}

/// The chunks of the last fan-out, by flavour and view: if the next event is for the same audience, it is only encoded
/// and joined to them.
pub(crate) type LastFanOut = Vec<(Flavour, View, Chunk)>;

/// Sends events: borrows the state from which they are encoded, and the loop.
pub(crate) struct EventSender<'a> {
    pub(crate) hub: &'a mut Hub,
    pub(crate) routes: &'a mut Routes,
    pub(crate) net: &'a mut Net,
    pub(crate) watches: &'a Watches,
    pub(crate) history: &'a mut Recorder,
    /// The server's name.
    pub(crate) server: &'a str,
    /// Connections of users whose stay was ended by others. They are closed when the line at hand is done.
    pub(crate) expelled: &'a mut Vec<(ConnId, CloseReason)>,
    /// Connections that are in a room now because another connection of their user joined it, and are to be shown it when
    /// the line at hand is done.
    pub(crate) joined_elsewhere: &'a mut Vec<(ConnId, RoomId)>,
    pub(crate) presences: &'a mut Presences,
    pub(crate) last_fan_out: &'a mut LastFanOut,
    pub(crate) counters: &'a mut Counters,
}

/// An event's bytes for one flavour and view; `None` if it is nothing to them.
type Encoded = (Flavour, View, Option<Chunk>);

impl EventSender<'_> {
    /// Takes every event out of the hub and sends each to its audience.
    pub(crate) fn send_all(&mut self, mut own: Option<Own<'_>>) {
        while let Some(event) = self.hub.next_event() {
            self.counters.note_event(&event.body);
            self.history.record(&event, self.hub);
            self.presences.note(&event, self.hub);
            self.send(&event, own.as_mut());
            self.send_to_watchers(&event);
            match event.body {
                Body::Quit { by: Some(_), .. } => self.expel(&event),
                Body::AccountChanged => self.end_other_sessions(&event, own.as_ref()),
                Body::Joined { room } => self.note_joined(&event, room, own.as_ref()),
                _ => {}
            }
        }
        self.history.forget_ended(self.hub);
    }

    fn send(&mut self, event: &Event, mut own: Option<&mut Own<'_>>) {
        let distinction = Distinction::of(event, self.hub);
        let key = own
            .as_ref()
            .and_then(|own| repeated_key(event, own, distinction));
        if self.net.begin_fan_out(key) == net::FanOut::Repeat {
            return self.repeat(event, own);
        }
        let (hub, routes, net, server) = (&*self.hub, &*self.routes, &mut *self.net, self.server);
        let mut encoded: SmallVec<[Encoded; 4]> = SmallVec::new();
        hub.for_each_in(&event.audience, |user| {
            let is_author = user == event.author;
            let mut view = if is_author { View::Author } else { View::Other };
            let mut but = None;
            if let Some(own) = own.as_mut().filter(|own| own.user == user) {
                own.push(view, event, distinction, hub, server);
                but = Some(own.conn);
                view = if is_author { View::Elsewhere } else { view };
            }
            routes.each(user, |Route { conn, flavour }| {
                if but == Some(conn) {
                    return;
                }
                if flavour.is_personal(distinction) {
                    return net.write(conn, |out| {
                        encode_personal(flavour, user, event, hub, server, out)
                    });
                }
                let flavour = flavour.for_event(distinction);
                let known = encoded
                    .iter()
                    .position(|(f, v, _)| (*f, *v) == (flavour, view));
                let index = known.unwrap_or_else(|| {
                    let write = |out: &mut Vec<u8>| encode(flavour, view, event, hub, server, out);
                    encoded.push((flavour, view, net.make_chunk(buffer_of(flavour), write)));
                    encoded.len() - 1
                });
                if let Some(chunk) = encoded[index].2 {
                    net.share(conn, chunk);
                }
            });
        });
        self.counters.encoded += encoded.len() as u64;
        self.last_fan_out.clear();
        let sent = |(flavour, view, chunk): &Encoded| Some((*flavour, *view, (*chunk)?));
        self.last_fan_out.extend(encoded.iter().filter_map(sent));
    }

    /// Sends an event to the audience of the last one: encodes it for each flavour, and has the bytes joined to those
    /// that are queued. Nothing is done for each member.
    fn repeat(&mut self, event: &Event, own: Option<&mut Own<'_>>) {
        let (hub, server) = (&*self.hub, self.server);
        if let Some(own) = own {
            encode(own.flavour, View::Author, event, hub, server, own.answer);
        }
        self.counters.encoded += self.last_fan_out.len() as u64;
        for (flavour, view, chunk) in self.last_fan_out.iter_mut() {
            let write = |out: &mut Vec<u8>| encode(*flavour, *view, event, hub, server, out);
            if let Some(next) = self.net.make_chunk(buffer_of(*flavour), write) {
                *chunk = self.net.extend_broadcast(*chunk, next);
            }
        }
    }

    /// Sends an event to those who watch its author's name.
    fn send_to_watchers(&mut self, event: &Event) {
        if self.watches.is_empty() {
            return;
        }
        let Some(author) = self.hub.user(event.author) else {
            return;
        };
        let nick = author.nick().clone();
        match &event.body {
            Body::Quit { .. } => self.watchers().send_departure(&nick),
            Body::Renamed { old } if *old != nick => {
                self.watchers().send_departure(old);
                self.watchers().send_arrival(event.author);
            }
            Body::AwayChanged | Body::RealnameChanged => self.watchers().send_change(event, &nick),
            _ => {}
        }
    }

    /// Sends the arrival of a user to those who watch their name.
    pub(crate) fn send_arrival(&mut self, newcomer: UserId) {
        self.watchers().send_arrival(newcomer);
    }

    fn watchers(&mut self) -> Watchers<'_> {
        Watchers {
            hub: self.hub,
            routes: &*self.routes,
            watches: self.watches,
            server: self.server,
            net: self.net,
        }
    }

    /// Ends the stay of a user that another has ended: sends them why, and has their connections closed.
    fn expel(&mut self, event: &Event) {
        let Body::Quit { reason, .. } = &event.body else {
            return;
        };
        let (hub, server) = (&*self.hub, self.server);
        for Route { conn, flavour } in self.routes.all(event.author) {
            self.net.write(conn, |out| {
                encode(flavour, View::Author, event, hub, server, out);
                flavour.push_farewell(reason, out);
            });
            self.expelled.push((conn, CloseReason::Killed));
        }
        self.routes.leave(event.author);
    }

    /// A user is in another account now, or in none: its other connections had come in by the former, and end.
    fn end_other_sessions(&mut self, event: &Event, own: Option<&Own<'_>>) {
        let user = event.author;
        let own = own.filter(|own| own.user == user).map(|own| own.conn);
        let kept = own.or_else(|| self.routes.of(user).map(|first| first.conn));
        for Route { conn, flavour } in self.routes.all(user) {
            if Some(conn) == kept || self.routes.detach(user, conn) == Detached::NotThere {
                continue;
            }
            let reason = CloseReason::LoggedOut.quit_message();
            self.net
                .write(conn, |out| flavour.push_farewell(reason, out));
            self.expelled.push((conn, CloseReason::LoggedOut));
        }
    }

    /// A user has joined a room: its other connections are to be shown who is there.
    fn note_joined(&mut self, event: &Event, room: RoomId, own: Option<&Own<'_>>) {
        if let Some(own) = own.filter(|own| own.user == event.author) {
            let joined_elsewhere = &mut *self.joined_elsewhere;
            self.routes.each(own.user, |route| {
                if route.conn != own.conn {
                    joined_elsewhere.push((route.conn, room));
                }
            });
        }
    }
}

impl Own<'_> {
    /// Appends an event, as the user at hand sees it.
    fn push(
        &mut self,
        view: View,
        event: &Event,
        distinction: Distinction,
        hub: &Hub,
        server: &str,
    ) {
        if self.flavour.is_personal(distinction) {
            return encode_personal(self.flavour, self.user, event, hub, server, self.answer);
        }
        encode(self.flavour, view, event, hub, server, self.answer);
        if self.flavour.hears_oneself() && is_to_oneself(event) {
            encode(self.flavour, View::Other, event, hub, server, self.deferred);
        }
    }
}

/// The buffer in which the bytes of one flavour are kept together.
fn buffer_of(flavour: Flavour) -> BufferKey {
    BufferKey(flavour.number())
}

/// The key of an event's audience, if it is a message of the user at hand to a whole room: their next message there has
/// the same audience, unless another event is sent in between.
fn repeated_key(event: &Event, own: &Own<'_>, distinction: Distinction) -> Option<FanOutKey> {
    let (Body::Said { .. }, chat::Audience::Room(room)) = (&event.body, &event.audience) else {
        return None;
    };
    let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    (own.user == event.author && !own.flavour.is_personal(distinction)).then(|| {
        FanOutKey(
            pair(room.slot, room.generation.get()),
            pair(own.conn.slot, distinction.number()),
        )
    })
}

/// Whether a message is from a user to themselves.
fn is_to_oneself(event: &Event) -> bool {
    match event.body {
        Body::Said { destination, .. }
        | Body::SaidLines { destination, .. }
        | Body::Tagged { destination } => destination == Destination::User(event.author),
        _ => false,
    }
}
