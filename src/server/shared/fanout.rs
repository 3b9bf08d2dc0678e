//! Fan-out: one event to its audience, encoded once for each flavour and view among them.
//!
//! The hot path of the server: a message to a thousand members is encoded a few times and put into a thousand queues.
//! Appends to queues and marks connections, nothing else: it never writes, closes or frees, so it can be called while
//! a line is being handled and no record vanishes meanwhile. Does not know wire formats.

use super::{
    routes::{Route, Routes},
    watchers::Watchers,
};
use crate::{
    chat::{self, Body, Destination, Event, Hub, UserId, watches::Watches},
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
    pub(crate) routes: &'a Routes,
    pub(crate) net: &'a mut Net,
    pub(crate) watches: &'a Watches,
    /// The server's name.
    pub(crate) server: &'a str,
    /// Connections of users whose stay was ended by others. They are closed when the line at hand is done.
    pub(crate) expelled: &'a mut Vec<(ConnId, CloseReason)>,
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
            self.send(&event, own.as_mut());
            self.send_to_watchers(&event);
            self.expel(&event);
        }
    }

    fn send(&mut self, event: &Event, mut own: Option<&mut Own<'_>>) {
        let distinction = Distinction::of(event, self.hub);
        let key = own
            .as_ref()
            .and_then(|own| repeated_key(event, own, distinction));
        if self.net.begin_fan_out(key) == net::FanOut::Repeat {
            return self.repeat(event, own);
        }
        let (hub, routes, net, server) = (&*self.hub, self.routes, &mut *self.net, self.server);
        let mut encoded: SmallVec<[Encoded; 4]> = SmallVec::new();
        hub.for_each_in(&event.audience, |user| {
            let view = if user == event.author {
                View::Author
            } else {
                View::Other
            };
            if let Some(own) = own.as_mut().filter(|own| own.user == user) {
                return own.push(view, event, distinction, hub, server);
            }
            let Some(Route { conn, flavour }) = routes.of(user) else {
                return;
            };
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
            routes: self.routes,
            watches: self.watches,
            server: self.server,
            net: self.net,
        }
    }

    /// Ends the stay of a user that another has ended: sends them why, and has their connection closed.
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
        let (hub, server) = (&*self.hub, self.server);
        self.net.write(conn, |out| {
            encode(flavour, View::Author, event, hub, server, out);
            flavour.push_farewell(reason, out);
        });
        self.expelled.push((conn, CloseReason::Killed));
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
            pair(own.user.slot, distinction.number()),
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
