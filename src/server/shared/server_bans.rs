//! Bans from the server, where they meet connections: those of the users concerned are closed, and the ban is stored.
//!
//! Does not know the commands.

use super::Shared;
use crate::{
    chat::{Now, ServerBan},
    net::Net,
    server::{connections::close_reason::CloseReason, restore},
    store::{Change, Key, Row},
};
use std::rc::Rc;

impl Shared {
    /// Bans from the server, and has the connections of the users concerned closed; whether the mask is new.
    pub(crate) fn add_ban(&mut self, net: &mut Net, ban: ServerBan, now: Now) -> bool {
        let reason: Rc<str> = format!("Banned from the server: {}", ban.reason).into();
        if let Some(old) = self.hub.server_ban(&ban.mask) {
            // The same ban may be spelled in another way.
            let key = Key::Ban(old.mask.to_string());
            self.store.keep(Change::Drop(key));
        }
        let row = restore::ban_row(&ban, now);
        self.store.keep(Change::Put(Row::Ban(row)));
        let is_new = self.hub.add_server_ban(ban, now);
        let mut concerned = self.hub.banned_users(now);
        concerned.extend(self.users_on_banned_connections(now));
        // First all of them lose their routes, then each quit is sent to the users who stay: n banned users in one room
        // would otherwise be sent n quits each, which none of them can read any more.
        for user in concerned {
            // One that is not here is leaving already.
            if !self.routes.is_here(user) {
                continue;
            }
            for route in self.routes.all(user) {
                let mut bytes = Vec::new();
                route.flavour.push_farewell(&reason, &mut bytes);
                net.send(route.conn, &bytes);
                self.expelled.push((route.conn, CloseReason::Banned));
            }
            self.routes.leave(user);
            self.leaving.push_back((user, reason.clone()));
        }
        is_new
    }

    /// Lifts the ban with this mask; whether there was one.
    pub(crate) fn remove_ban(&mut self, mask: &str) -> bool {
        if let Some(ban) = self.hub.server_ban(mask) {
            let key = Key::Ban(ban.mask.to_string());
            self.store.keep(Change::Drop(key));
        }
        self.hub.remove_server_ban(mask)
    }
}
