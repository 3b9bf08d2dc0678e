//! Names of accounts: which there are, and that a nick which is one of them, or looks like one, is for its owner alone.
//!
//! Owns the names and their index, in the same slots in which the server keeps the rest of an account. Invariant: no
//! name is that of two accounts, nor looks like another's. Knows no passwords and no users.

use super::{
    Nick,
    ids::AccountId,
    index::NameIndex,
    name::{Name, NameRules},
};
use slab::Slab;
use std::{collections::BTreeSet, num::NonZeroU32};

/// See the module's documentation.
#[derive(Debug)]
pub struct Accounts {
    records: Slab<Record>,
    names: NameIndex,
    last_generation: u32,
    /// Folded names of stored accounts that cannot be used under the present rules.
    withheld: BTreeSet<String>,
}

#[derive(Debug)]
struct Record {
    id: AccountId,
    name: Nick,
}

impl Accounts {
    pub(super) fn new(rules: NameRules) -> Self {
        Self {
            records: Slab::new(),
            names: NameIndex::new(rules.unicode),
            last_generation: 0,
            withheld: BTreeSet::new(),
        }
    }

    /// The account with this name, in whatever case.
    pub fn find(&self, name: &Nick) -> Option<AccountId> {
        let slot = self.names.find(name.name(), |slot| self.name_in(slot))?;
        Some(self.records[slot as usize].id)
    }

    /// The account that owns a nick: it has that name, or one that looks like it.
    pub fn owner_of(&self, nick: &Nick) -> Option<AccountId> {
        if self.records.is_empty() {
            return None;
        }
        self.find(nick).or_else(|| {
            let name_of = |slot| self.name_in(slot);
            let slot = self.names.find_look_alike(nick.name(), None, name_of)?;
            Some(self.records[slot as usize].id)
        })
    }

    /// The name of an account; `None` if it is gone.
    pub fn name(&self, id: AccountId) -> Option<&Nick> {
        let record = self.records.get(id.slot as usize)?;
        (record.id == id).then_some(&record.name)
    }

    /// The account in a slot, for who looks at one after the other.
    pub fn in_slot(&self, slot: u32) -> Option<AccountId> {
        self.records.get(slot as usize).map(|record| record.id)
    }

    /// One more than the last slot may be.
    pub fn slots(&self) -> u32 {
        u32::try_from(self.records.capacity()).unwrap_or(u32::MAX)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        let withheld = self.withheld.iter().map(String::capacity).sum::<usize>();
        self.records.capacity() * size_of::<Record>() + self.names.memory() + withheld
    }

    /// Whether this name is that of a stored account that cannot be used: a new one would take its place.
    pub(super) fn is_withheld(&self, name: &Nick) -> bool {
        !self.withheld.is_empty() && self.withheld.contains(&name.folded())
    }

    /// From now on no account of this name may be made.
    pub(super) fn withhold(&mut self, name: &Nick) {
        self.withheld.insert(name.folded());
    }

    /// Adds a name that no other account has, nor looks like.
    pub(super) fn add(&mut self, name: Nick) -> AccountId {
        debug_assert!(self.owner_of(&name).is_none(), "the name is free");
        let next = NonZeroU32::new(self.last_generation.wrapping_add(1));
        let generation = next.unwrap_or(NonZeroU32::MIN);
        self.last_generation = generation.get();
        let entry = self.records.vacant_entry();
        let slot = u32::try_from(entry.key()).expect("a limit keeps accounts within 32 bits");
        let id = AccountId { slot, generation };
        entry.insert(Record {
            id,
            name: name.clone(),
        });
        let records = &self.records;
        self.names
            .insert(slot, name.name(), |slot| name_in(records, slot));
        id
    }

    /// Removes an account; returns whether it was there.
    pub(super) fn remove(&mut self, id: AccountId) -> bool {
        let Some(name) = self.name(id).cloned() else {
            return false;
        };
        self.names.remove(id.slot, name.name());
        self.records.remove(id.slot as usize);
        true
    }

    fn name_in(&self, slot: u32) -> &Name {
        name_in(&self.records, slot)
    }
}

fn name_in(records: &Slab<Record>, slot: u32) -> &Name {
    records[slot as usize].name.name()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: NameRules = NameRules { unicode: true };

    fn nick(text: &str) -> Nick {
        Nick::parse(text, RULES).unwrap()
    }

    #[test]
    fn an_account_owns_its_name_in_any_case_and_script() {
        let mut accounts = Accounts::new(RULES);
        let id = accounts.add(nick("copa"));
        for same in ["copa", "COPA", "сора"] {
            assert_eq!(accounts.owner_of(&nick(same)), Some(id), "{same}");
        }
        assert_eq!(accounts.find(&nick("COPA")), Some(id));
        assert_eq!(accounts.find(&nick("сора")), None, "it only looks like it");
        assert_eq!(accounts.owner_of(&nick("copacabana")), None);
    }

    #[test]
    fn an_old_id_does_not_find_the_next_account() {
        let mut accounts = Accounts::new(RULES);
        let old = accounts.add(nick("alice"));
        assert!(accounts.remove(old) && !accounts.remove(old));
        let new = accounts.add(nick("bob"));
        assert_eq!((old.slot, accounts.name(old)), (new.slot, None));
        assert_eq!(accounts.name(new), Some(&nick("bob")));
        assert_eq!(accounts.owner_of(&nick("alice")), None);
    }
}
