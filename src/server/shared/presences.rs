//! Users who stay when their last connection goes, because their account is always on: who they are, what of them is to be
//! stored, and when they are given up.
//!
//! One user of an account stays: the first that came. Owns the table. Does not know connections, nor whether an account is
//! always on.

use crate::{
    chat::{
        AccountId, Body, Event, Hub, Moment, UserId,
        mode::{AppliedMode, Letter as _},
    },
    net::Tick,
    store::{PresenceRecord, PresenceRoomRecord},
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::time::Duration;

/// How often is looked for users whose time is over. It wakes nobody: the next turn after it looks.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Presences {
    by_account: FxHashMap<AccountId, UserId>,
    by_user: FxHashMap<UserId, AccountId>,
    /// When those without a connection are given up.
    ends: FxHashMap<UserId, Moment>,
    /// Users whose row is to be written or removed.
    changed: FxHashSet<UserId>,
    /// When is looked for those whose time is over.
    look_at: Tick,
    /// The server stops: what is stored now is what comes back.
    is_frozen: bool,
}

impl Presences {
    /// The account by which a user stays.
    pub(crate) fn account_of(&self, user: UserId) -> Option<AccountId> {
        self.by_user.get(&user).copied()
    }

    /// The user of an account who stays.
    pub(crate) fn user_of(&self, account: AccountId) -> Option<UserId> {
        self.by_account.get(&account).copied()
    }

    /// From now on this user stays.
    pub(crate) fn insert(&mut self, account: AccountId, user: UserId) {
        self.by_account.insert(account, user);
        self.by_user.insert(user, account);
        self.changed.insert(user);
    }

    /// This user stays no longer.
    pub(crate) fn remove(&mut self, user: UserId) {
        if let Some(account) = self.by_user.remove(&user) {
            self.by_account.remove(&account);
        }
        self.ends.remove(&user);
        self.changed.remove(&user);
    }

    /// A user who stays has no connection any more.
    pub(crate) fn note_absent(&mut self, user: UserId, until: Moment) {
        self.ends.insert(user, until);
        self.changed.insert(user);
    }

    /// It has one again.
    pub(crate) fn note_present(&mut self, user: UserId) {
        if self.ends.remove(&user).is_some() {
            self.changed.insert(user);
        }
    }

    /// Those without a connection.
    pub(crate) fn absent_count(&self) -> usize {
        self.ends.len()
    }

    /// Those whose time without a connection is over.
    pub(crate) fn expired(&self, now: Moment) -> Vec<UserId> {
        let over = self.ends.iter().filter(|(_, until)| **until <= now);
        over.map(|(user, _)| *user).collect()
    }

    /// Notes whose row an event changes.
    pub(crate) fn note(&mut self, event: &Event, hub: &Hub) {
        if self.by_user.is_empty() || self.is_frozen {
            return;
        }
        match &event.body {
            Body::AccountChanged
            | Body::AwayChanged
            | Body::Joined { .. }
            | Body::Left { .. }
            | Body::Quit { .. }
            | Body::RealnameChanged
            | Body::Renamed { .. }
            | Body::UserModesChanged { .. } => self.note_user(event.author),
            Body::Kicked { user, .. } => self.note_user(*user),
            Body::ModesChanged { changes, .. } => {
                for change in changes {
                    if let AppliedMode::Rank { user, .. } = change {
                        self.note_user(*user);
                    }
                }
            }
            Body::RoomRenamed { .. } => {
                hub.for_each_in(&event.audience, |user| self.note_user(user));
            }
            _ => {}
        }
    }

    fn note_user(&mut self, user: UserId) {
        if self.by_user.contains_key(&user) {
            self.changed.insert(user);
        }
    }

    /// Whether there is something to do. Once in a while there may be, for someone's time may be over.
    pub(crate) fn has_changes(&mut self, now: Tick) -> bool {
        let is_due = !self.ends.is_empty() && self.look_at <= now;
        if is_due {
            self.look_at = now.after(LOOK_EVERY);
        }
        is_due || !self.changed.is_empty()
    }

    /// Takes the users whose row is to be written or removed.
    pub(crate) fn take_changed(&mut self) -> Vec<UserId> {
        match self.changed.is_empty() {
            true => Vec::new(),
            false => self.changed.drain().collect(),
        }
    }

    /// The server stops, and its users' quits are no reason not to come back.
    pub(crate) fn freeze(&mut self) {
        self.is_frozen = true;
        self.changed.clear();
    }

    /// The row of a user who stays.
    pub(crate) fn row(&self, user: UserId, hub: &Hub, now_ms: i64) -> Option<PresenceRecord> {
        let (account, record) = (self.account_of(user)?, hub.user(user)?);
        let rooms = hub.rooms_of(user).filter_map(|id| {
            let name = hub.room(id)?.name().to_string();
            let ranks = hub
                .ranks(user, id)
                .iter()
                .map(|rank| rank.letter())
                .collect();
            Some(PresenceRoomRecord { name, ranks })
        });
        Some(PresenceRecord {
            account: hub.accounts().name(account)?.to_string(),
            nick: record.nick().to_string(),
            username: record.username().to_owned(),
            realname: record.realname().to_owned(),
            host: record.host().to_owned(),
            modes: record.modes().iter().map(|mode| mode.letter()).collect(),
            away: record.away().map(ToOwned::to_owned),
            absent_since_ms: self.ends.contains_key(&user).then_some(now_ms),
            rooms: rooms.collect(),
        })
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        let pair = size_of::<(AccountId, UserId)>() + 1;
        self.by_account.capacity() * pair
            + self.by_user.capacity() * pair
            + self.ends.capacity() * (size_of::<(UserId, Moment)>() + 1)
            + self.changed.capacity() * (size_of::<UserId>() + 1)
    }
}
