//! Watchers: users who asked to be sent when a name comes, goes or changes (IRCv3 monitor and extended-monitor).
//!
//! The other half of the fan-out: the audience of an event is the hub's, its watchers are in `Watches`. Like that, it
//! only appends to queues.

use super::routes::{Route, Routes};
use crate::{
    chat::{Event, Hub, Nick, User, UserId, watches::Watches},
    net::{BufferKey, Chunk, Net},
    protocol::{
        encode::encode,
        flavour::{Distinction, Flavour, View},
        irc::monitor,
    },
};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// Sends to watchers: borrows the state from which the lines are made, and the loop.
pub(super) struct Watchers<'a> {
    pub(super) hub: &'a Hub,
    pub(super) routes: &'a Routes,
    pub(super) watches: &'a Watches,
    /// The server's name.
    pub(super) server: &'a str,
    pub(super) net: &'a mut Net,
}

impl Watchers<'_> {
    /// Sends the arrival of a user to those who watch their name.
    pub(super) fn send_arrival(&mut self, newcomer: UserId) {
        let (hub, server) = (self.hub, self.server);
        if let Some(user) = hub.user(newcomer) {
            self.send(user.nick(), |reader, out| {
                monitor::come(server, reader, user, out)
            });
        }
    }

    /// Sends the departure of a name to those who watch it.
    pub(super) fn send_departure(&mut self, nick: &Nick) {
        let server = self.server;
        self.send(nick, |reader, out| monitor::gone(server, reader, nick, out));
    }

    /// Sends a change of a user to those who watch their name and are not in the event's audience.
    pub(super) fn send_change(&mut self, event: &Event, nick: &Nick) {
        let watchers = self.watches.of(nick);
        if watchers.is_empty() {
            return;
        }
        let (hub, server) = (self.hub, self.server);
        let distinction = Distinction::of(event, hub);
        // Both may be many: not one walk for each watcher.
        let mut audience: FxHashSet<UserId> = FxHashSet::default();
        hub.for_each_in(&event.audience, |user| {
            audience.insert(user);
        });
        let mut encoded: SmallVec<[(Flavour, Option<Chunk>); 4]> = SmallVec::new();
        let others = watchers
            .iter()
            .filter(|watcher| !audience.contains(&watcher.user));
        let routes = others.filter_map(|&watcher| self.routes.of_session(watcher));
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

    /// Sends lines that differ for each watcher.
    fn send(&mut self, nick: &Nick, write: impl Fn(&User, &mut Vec<u8>)) {
        for &watcher in self.watches.of(nick) {
            let reader = self.hub.user(watcher.user);
            let (Some(route), Some(reader)) = (self.routes.of_session(watcher), reader) else {
                continue;
            };
            self.net.write(route.conn, |out| {
                let start = out.len();
                write(reader, out);
                route.flavour.frame(start, out);
            });
        }
    }
}
