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

/// Rows that are written in one turn.
const ROWS_IN_A_TURN: usize = 256;

/// The time of a user without a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Absence {
    /// Since when, as Unix time in milliseconds: it goes on over restarts.
    pub(crate) since_ms: i64,
    /// When the user is given up.
    pub(crate) until: Moment,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Presences {
    by_account: FxHashMap<AccountId, UserId>,
    by_user: FxHashMap<UserId, AccountId>,
    /// Those without a connection.
    absent: FxHashMap<UserId, Absence>,
    /// Users whose row is to be written or removed.
    changed: FxHashSet<UserId>,
    /// Accounts whose user has quit, and whose row is to be removed.
    dropped: Vec<AccountId>,
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
        if let Some(former) = self.account_of(user).filter(|former| *former != account) {
            // It has logged in to another account.
            self.remove(user);
            self.dropped.push(former);
        }
        self.by_account.insert(account, user);
        self.by_user.insert(user, account);
        self.changed.insert(user);
    }

    /// This user stays no longer.
    pub(crate) fn remove(&mut self, user: UserId) {
        if let Some(account) = self.by_user.remove(&user) {
            if self.by_account.get(&account) == Some(&user) {
                self.by_account.remove(&account);
            }
        }
        self.absent.remove(&user);
        self.changed.remove(&user);
    }

    /// A user who stays has no connection any more.
    pub(crate) fn note_absent(&mut self, user: UserId, absence: Absence) {
        self.absent.insert(user, absence);
        self.changed.insert(user);
    }

    /// Users who came back with the server, whose rows are as they are.
    pub(crate) fn note_all_stored(&mut self) {
        self.changed.clear();
    }

    /// It has one again.
    pub(crate) fn note_present(&mut self, user: UserId) {
        if self.absent.remove(&user).is_some() {
            self.changed.insert(user);
        }
    }

    /// Those without a connection.
    pub(crate) fn absent_count(&self) -> usize {
        self.absent.len()
    }

    /// Those whose time without a connection is over.
    pub(crate) fn expired(&self, now: Moment) -> Vec<UserId> {
        let over = self
            .absent
            .iter()
            .filter(|(_, absence)| absence.until <= now);
        over.map(|(user, _)| *user).collect()
    }

    /// Those without a connection, and their accounts.
    pub(crate) fn absent(&self) -> Vec<(UserId, AccountId)> {
        let all = self.absent.keys();
        all.filter_map(|&user| Some((user, self.account_of(user)?)))
            .collect()
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
            | Body::RealnameChanged
            | Body::Renamed { .. }
            | Body::UserModesChanged { .. } => self.note_user(event.author),
            Body::Quit { .. } => {
                if let Some(account) = self.account_of(event.author) {
                    self.remove(event.author);
                    self.dropped.push(account);
                }
            }
            Body::Kicked { user, .. } => self.note_user(*user),
            Body::ModesChanged { changes, .. } => {
                for change in changes {
                    match change {
                        AppliedMode::Rank { user, .. } => self.note_user(*user),
                        AppliedMode::Flag { .. } | AppliedMode::Key { .. } => {
                            return hub.for_each_in(&event.audience, |user| self.note_user(user));
                        }
                        AppliedMode::Limit(_) | AppliedMode::List { .. } => {}
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
        let is_due = !self.absent.is_empty() && self.look_at <= now;
        if is_due {
            self.look_at = now.after(LOOK_EVERY);
        }
        is_due || self.has_more()
    }

    /// Whether rows wait to be written or removed.
    pub(crate) fn has_more(&self) -> bool {
        !self.changed.is_empty() || !self.dropped.is_empty()
    }

    /// Takes users whose row is to be written or removed: some in a turn, for a room of thousands may have been renamed.
    pub(crate) fn take_changed(&mut self) -> Vec<UserId> {
        let some: Vec<UserId> = self.changed.iter().take(ROWS_IN_A_TURN).copied().collect();
        some.iter().for_each(|user| {
            self.changed.remove(user);
        });
        some
    }

    /// Takes the accounts whose row is to be removed, but for those that have another user by now.
    pub(crate) fn take_dropped(&mut self) -> Vec<AccountId> {
        let mut dropped = std::mem::take(&mut self.dropped);
        dropped.retain(|account| !self.by_account.contains_key(account));
        dropped
    }

    /// The server stops, and its users' quits are no reason not to come back.
    pub(crate) fn freeze(&mut self) {
        self.is_frozen = true;
        self.changed.clear();
        self.dropped.clear();
    }

    /// The row of a user who stays.
    pub(crate) fn row(&self, user: UserId, hub: &Hub) -> Option<PresenceRecord> {
        let (account, record) = (self.account_of(user)?, hub.user(user)?);
        let rooms = hub.rooms_of(user).filter_map(|id| {
            let room = hub.room(id)?;
            let ranks = hub
                .ranks(user, id)
                .iter()
                .map(|rank| rank.letter())
                .collect();
            Some(PresenceRoomRecord {
                name: room.name().to_string(),
                ranks,
                modes: room.flags().to_string(),
                key: room.key().map(ToOwned::to_owned),
            })
        });
        Some(PresenceRecord {
            account: hub.accounts().name(account)?.to_string(),
            nick: record.nick().to_string(),
            username: record.username().to_owned(),
            realname: record.realname().to_owned(),
            host: record.host().to_owned(),
            modes: record.modes().iter().map(|mode| mode.letter()).collect(),
            away: record.away().map(ToOwned::to_owned),
            absent_since_ms: self.absent.get(&user).map(|absence| absence.since_ms),
            rooms: rooms.collect(),
        })
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        let pair = size_of::<(AccountId, UserId)>() + 1;
        self.by_account.capacity() * pair
            + self.by_user.capacity() * pair
            + self.absent.capacity() * (size_of::<(UserId, Absence)>() + 1)
            + self.dropped.capacity() * size_of::<AccountId>()
            + self.changed.capacity() * (size_of::<UserId>() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    #[test]
    fn a_turn_writes_some_rows_and_the_next_ones_the_rest() {
        let generation = NonZeroU32::MIN;
        let mut presences = Presences::default();
        for slot in 0..ROWS_IN_A_TURN as u32 + 44 {
            let (account, user) = (AccountId { slot, generation }, UserId { slot, generation });
            presences.insert(account, user);
        }
        assert_eq!(presences.take_changed().len(), ROWS_IN_A_TURN);
        assert!(presences.has_more());
        assert_eq!(presences.take_changed().len(), 44);
        assert!(!presences.has_more());
    }

    #[test]
    fn a_user_of_another_account_leaves_the_former_ones_stay() {
        let generation = NonZeroU32::MIN;
        let account = |slot| AccountId { slot, generation };
        let user = |slot| UserId { slot, generation };
        let mut presences = Presences::default();
        presences.insert(account(1), user(1));
        presences.insert(account(2), user(1));
        assert_eq!(presences.user_of(account(1)), None);
        assert_eq!(presences.take_dropped(), [account(1)]);
        // A row that has another user by now is not removed.
        presences.insert(account(3), user(1));
        presences.insert(account(2), user(2));
        assert_eq!(presences.take_dropped(), []);
    }
}
