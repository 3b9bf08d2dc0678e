//! Always-on accounts: whose user stays without a connection, and how it is stored and comes back.
//!
//! Does not know how a connection ends.

use super::{Shared, presences::Absence};
use crate::{
    chat::{
        AccountId, Command, Nick, Now, Origin, Profile, RoomName, ServerPassword, UserId,
        mode::{Letter as _, Rank, RoomFlag, UserMode},
    },
    config::AlwaysOn,
    net::Net,
    store::{Change, Key, PresenceRecord, Row},
};
use std::{rc::Rc, time::Duration};

/// The away text of a user without a connection, who has set none.
const NOT_HERE: &str = "Not connected";

impl Shared {
    /// Whether the user of this account stays without a connection.
    fn is_always_on(&self, account: AccountId) -> bool {
        let record = self.accounts.as_ref().and_then(|it| it.get(account));
        let Some(record) = record else { return false };
        match self.settings.accounts.always_on {
            AlwaysOn::Off => false,
            AlwaysOn::OptIn => record.always_on == Some(true),
            AlwaysOn::OptOut => record.always_on != Some(false),
        }
    }

    /// A user has logged in, or its account's choice has changed: it stays from now on, or no longer does.
    pub(crate) fn settle_presence(&mut self, user: UserId) {
        let Some(account) = self.hub.user(user).and_then(|user| user.account_id()) else {
            return;
        };
        let staying = self.presences.user_of(account);
        let staying = staying.filter(|staying| self.hub.is_here(*staying));
        match (self.is_always_on(account), staying) {
            (true, None) => self.presences.insert(account, user),
            (false, Some(staying)) => {
                self.presences.remove(staying);
                self.drop_presence(account);
                self.end_absent(staying);
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// The last connection of a user is gone; whether the user stays.
    pub(crate) fn stays(&mut self, net: &mut Net, user: UserId, now: Now) -> bool {
        let Some(account) = self.presences.account_of(user) else {
            return false;
        };
        // The host may have switched it off since.
        let record = self.hub.user(user);
        let is_same = record.is_some_and(|record| record.account_id() == Some(account));
        if !is_same || !self.is_always_on(account) {
            return false;
        }
        let absence = Absence {
            since_ms: now.wall.unix_ms(),
            until: now.moment.after(self.settings.accounts.always_on_expires),
        };
        self.presences.note_absent(user, absence);
        self.routes.enter_absent(user);
        self.settle_away(net, user, Some(NOT_HERE), now);
        true
    }

    /// Has written what has changed of those who stay. Called once a turn.
    pub(crate) fn keep_presences(&mut self) {
        for account in self.presences.take_dropped() {
            self.drop_presence(account);
        }
        for user in self.presences.take_changed() {
            let Some(account) = self.presences.account_of(user) else {
                continue;
            };
            let record = self.hub.user(user);
            if record.is_some_and(|record| record.account_id() == Some(account)) {
                if let Some(row) = self.presences.row(user, &self.hub) {
                    self.store.keep(Change::Put(Row::Presence(row)));
                }
            } else {
                // It has logged out.
                self.presences.remove(user);
                self.drop_presence(account);
                self.end_absent(user);
            }
        }
    }

    /// The host has changed who may stay: those who may not any more, and have no connection, quit.
    pub(crate) fn review_absent(&mut self) {
        for (user, account) in self.presences.absent() {
            if !self.is_always_on(account) {
                self.presences.remove(user);
                self.drop_presence(account);
                self.end_absent(user);
            }
        }
    }

    fn drop_presence(&mut self, account: AccountId) {
        if let Some(name) = self.hub.accounts().name(account) {
            let key = Key::Presence(name.to_string());
            self.store.keep(Change::Drop(key));
        }
    }

    /// Lets users quit who had no connection for as long as one may have none.
    pub(crate) fn end_expired(&mut self, now: Now) {
        for user in self.presences.expired(now.moment) {
            if let Some(account) = self.presences.account_of(user) {
                self.presences.remove(user);
                self.drop_presence(account);
            }
            self.end_absent(user);
        }
    }

    /// Lets a user quit that stayed without a connection, if it has none.
    pub(crate) fn end_absent(&mut self, user: UserId) {
        if self.routes.is_here(user) && self.routes.of(user).is_none() {
            self.routes.leave(user);
            self.leaving.push_back((user, "No connection".into()));
        }
    }

    /// Brings a user back who stayed when the process ended; whether that could be done.
    pub(crate) fn restore_presence(&mut self, row: &PresenceRecord, now: Now) -> bool {
        let rules = self.hub.rules();
        let nick = |text: &str| Nick::parse(text, rules).ok();
        let account = nick(&row.account).and_then(|name| self.hub.accounts().find(&name));
        let (Some(account), Some(nick)) = (account, nick(&row.nick)) else {
            return false;
        };
        let expires = self.settings.accounts.always_on_expires;
        let absent_ms = row
            .absent_since_ms
            .map_or(0, |since| now.wall.unix_ms() - since);
        let absent = Duration::from_millis(absent_ms.max(0).unsigned_abs());
        let is_usable = self
            .accounts
            .as_ref()
            .is_some_and(|it| !it.is_suspended(account));
        if absent >= expires || !is_usable || !self.is_always_on(account) {
            return false;
        }
        let modes = row.modes.chars().filter_map(UserMode::from_letter);
        let profile = Profile {
            username: row.username.as_str().into(),
            realname: row.realname.as_str().into(),
            // Its address is not stored.
            origin: Rc::new(Origin {
                host: row.host.as_str().into(),
                address: row.host.as_str().into(),
            }),
            account: Some(account),
            modes: modes.filter(|mode| *mode != UserMode::Operator).collect(),
            password: ServerPassword::Correct,
            ..Profile::default()
        };
        let Ok(user) = self.hub.enter(nick, profile, now) else {
            return false;
        };
        for room in &row.rooms {
            let ranks = room.ranks.chars().filter_map(Rank::from_letter);
            if let Ok(name) = RoomName::parse(&room.name, rules) {
                let flags = room.modes.chars().filter_map(RoomFlag::from_letter);
                let key = room.key.as_deref();
                let flags = flags.collect();
                // A room too many is left out.
                let _ = self.hub.put_back(user, name, ranks, (flags, key), now);
            }
        }
        let text = Some(row.away.as_deref().unwrap_or(NOT_HERE));
        let _ = self.hub.apply(user, Command::SetAway { text }, now);
        // Nobody is here who could be sent them.
        while self.hub.next_event().is_some() {}
        self.routes.enter_absent(user);
        self.presences.insert(account, user);
        let absence = Absence {
            since_ms: row.absent_since_ms.unwrap_or(now.wall.unix_ms()),
            until: now.moment.after(expires - absent),
        };
        self.presences.note_absent(user, absence);
        true
    }
}
