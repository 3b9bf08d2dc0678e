//! Registered rooms: whom a room belongs to, which ranks accounts have in it, and what of it is to be stored anew.
//!
//! Owns that alone; the room itself is a record of the hub like any other, and stays there without members. Invariant: each
//! account that is named exists, and each slot is that of a room. Knows neither users nor the store.

use super::{
    WallTime,
    ids::{AccountId, RoomId},
    mode::{Rank, Ranks},
    name::RoomName,
};
use rustc_hash::FxHashMap;
use std::{collections::BTreeSet, mem};

/// What makes a room a registered one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The account that it belongs to.
    pub founder: AccountId,
    /// When it was registered.
    pub since: WallTime,
    /// Ranks of other accounts, each account once. A member that is logged in to one has the rank when it joins.
    pub ranks: Vec<(AccountId, Rank)>,
}

impl Registration {
    /// The rank that members of an account have.
    pub fn rank_of(&self, account: AccountId) -> Option<Rank> {
        if account == self.founder {
            return Some(Rank::Founder);
        }
        let found = self.ranks.iter().find(|(other, _)| *other == account);
        found.map(|&(_, rank)| rank)
    }
}

/// What became of registered rooms since it was asked last.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RoomChanges {
    /// Names under which no room is registered, unless it is in `changed` too: forget them first.
    pub gone: Vec<RoomName>,
    /// Rooms that are registered and not as they were.
    pub changed: Vec<RoomId>,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct RegisteredRooms {
    by_slot: FxHashMap<u32, Registration>,
    /// How many of the rooms have no members.
    pub(super) empty: usize,
    /// Ranks of all rooms.
    ranks: usize,
    changed: BTreeSet<u32>,
    gone: Vec<RoomName>,
    /// Folded names of stored rooms that cannot be used under the present rules.
    withheld: BTreeSet<String>,
}

impl RegisteredRooms {
    pub(super) fn get(&self, slot: u32) -> Option<&Registration> {
        self.by_slot.get(&slot)
    }

    pub(super) fn holds(&self, slot: u32) -> bool {
        self.by_slot.contains_key(&slot)
    }

    /// Whether this name is that of a stored room that cannot be used: another one would take its place.
    pub(super) fn is_withheld(&self, name: &RoomName) -> bool {
        !self.withheld.is_empty() && self.withheld.contains(&name.name().fold())
    }

    /// From now on no room of this name may be registered.
    pub(super) fn withhold(&mut self, name: &RoomName) {
        self.withheld.insert(name.name().fold());
    }

    pub(super) fn len(&self) -> usize {
        self.by_slot.len()
    }

    /// Slots of the rooms of a founder.
    pub(super) fn of_founder(&self, account: AccountId) -> Vec<u32> {
        let own = self.by_slot.iter().filter(|(_, it)| it.founder == account);
        own.map(|(&slot, _)| slot).collect()
    }

    /// The ranks with which a member that is logged in to this account begins.
    pub(super) fn ranks_for(&self, slot: u32, account: Option<AccountId>) -> Ranks {
        let registration = self.by_slot.get(&slot);
        let rank = registration.and_then(|it| it.rank_of(account?));
        rank.into_iter().collect()
    }

    pub(super) fn insert(&mut self, slot: u32, registration: Registration) {
        self.ranks += registration.ranks.len();
        let former = self.by_slot.insert(slot, registration);
        debug_assert!(former.is_none(), "a room is registered once");
    }

    /// Changes a registration that is there; the change is to be stored.
    pub(super) fn change(&mut self, slot: u32, change: impl FnOnce(&mut Registration)) {
        if let Some(registration) = self.by_slot.get_mut(&slot) {
            self.ranks -= registration.ranks.len();
            change(registration);
            self.ranks += registration.ranks.len();
            self.changed.insert(slot);
        }
    }

    /// The room is no registered one any more; its name was this.
    pub(super) fn remove(&mut self, slot: u32, name: RoomName) -> Option<Registration> {
        let registration = self.by_slot.remove(&slot)?;
        self.ranks -= registration.ranks.len();
        self.changed.remove(&slot);
        self.gone.push(name);
        Some(registration)
    }

    /// An account ends: it has no rank anywhere. Its own rooms are the caller's to remove.
    pub(super) fn forget_account(&mut self, account: AccountId) {
        for (&slot, registration) in &mut self.by_slot {
            let before = registration.ranks.len();
            registration.ranks.retain(|(other, _)| *other != account);
            let after = registration.ranks.len();
            if after != before {
                self.ranks -= before - after;
                self.changed.insert(slot);
            }
        }
    }

    /// If the room is registered, it is to be stored anew.
    pub(super) fn touch(&mut self, slot: u32) {
        if self.holds(slot) {
            self.changed.insert(slot);
        }
    }

    /// If the room is registered, it has another name than this one now.
    pub(super) fn note_renamed(&mut self, slot: u32, old: &RoomName) {
        if self.holds(slot) {
            self.gone.push(old.clone());
            self.changed.insert(slot);
        }
    }

    /// Takes the names that are gone, and the slots of the rooms that have changed.
    pub(super) fn take_changes(&mut self) -> (Vec<RoomName>, BTreeSet<u32>) {
        (mem::take(&mut self.gone), mem::take(&mut self.changed))
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        let each = size_of::<(u32, Registration)>();
        self.by_slot.capacity() * each + self.ranks * size_of::<(AccountId, Rank)>()
    }

    /// All, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Registration)> {
        self.by_slot.iter().map(|(&slot, it)| (slot, it))
    }
}
