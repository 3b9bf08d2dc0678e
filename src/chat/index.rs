//! The names in use: finds the bearer of a name, and the bearer of a name that looks like it.
//!
//! Owns hash tables that hold slots, not names: a name is looked up in the record that bears it, so each operation is
//! handed `name_of`, which finds a slot's name. That makes an entry 5 bytes, and 9 more for its skeletons, once there is
//! anyone who wants to know what they look like.
//!
//! Names come from strangers, so the hash is keyed (std's `RandomState`): no one can choose names that fall into one
//! bucket.
//!
//! Invariants: each bearer is in `by_fold` once, and once in `foreign` or, when that was made, in `plain` for each of
//! its skeletons; no two entries of `by_fold` have equal names; no entry of `foreign` shares its key with another
//! bearer.
//!
//! Does not know what bears the names.

use std::{
    cell::OnceCell,
    hash::{BuildHasher, Hasher, RandomState},
};

use hashbrown::HashTable;

use super::name::{
    Name, hash_fold,
    lookalike::{Keys, keys},
};

/// Names in use; one index for users, one for rooms.
#[derive(Debug)]
pub(super) struct NameIndex {
    hasher: RandomState,
    by_fold: HashTable<u32>,
    /// Skeletons of the pure ASCII names. Several may share a key here (`lan`, `Ian`), for among themselves these are
    /// distinguished by case alone. An attacker who fills one key on purpose makes it a list to walk: at the server's limits on
    /// clients a matter of microseconds. A host with millions would want one entry for each key, with a count.
    ///
    /// Made when the first name beyond ASCII is asked for, by one walk over all names, and kept from then on: where nobody
    /// has such a name, nothing can look like another. (A fifth of a microsecond for each name there is.)
    plain: OnceCell<HashTable<Skeleton>>,
    /// Looks of the other names.
    foreign: HashTable<Skeleton>,
    /// Whether there can be names beyond ASCII at all. If not, nothing can look like another and no skeletons are kept.
    unicode: bool,
}

/// One key of one bearer. The hash is kept because making it anew, when the table grows, would mean a skeleton for
/// each name; half of it is enough for a table of slots.
#[derive(Clone, Copy, Debug)]
struct Skeleton {
    hash: u32,
    slot: u32,
}

impl Skeleton {
    fn put_into(self, skeletons: &mut HashTable<Self>) {
        let hash = Self::table_hash(self.hash);
        skeletons.insert_unique(hash, self, |skeleton| Self::table_hash(skeleton.hash));
    }

    /// Spreads the kept half over the 64 bits that the table wants: it takes the upper ones for its tags.
    fn table_hash(hash: u32) -> u64 {
        u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl NameIndex {
    pub(super) fn new(unicode: bool) -> Self {
        Self {
            hasher: RandomState::new(),
            by_fold: HashTable::new(),
            plain: OnceCell::new(),
            foreign: HashTable::new(),
            unicode,
        }
    }

    /// Bytes of memory of its tables.
    pub(super) fn memory(&self) -> usize {
        let skeletons = self.plain.get().into_iter().chain([&self.foreign]);
        let skeletons: usize = skeletons.map(HashTable::allocation_size).sum();
        self.by_fold.allocation_size() + skeletons
    }

    /// Adds a bearer; the name must be free.
    pub(super) fn insert<'a>(
        &mut self,
        slot: u32,
        name: &Name,
        name_of: impl Fn(u32) -> &'a Name + Copy,
    ) {
        debug_assert!(self.find(name, name_of).is_none(), "the name is in use");
        let hash = hash_of(&self.hasher, name.fold_source());
        let hasher = &self.hasher;
        self.by_fold.insert_unique(hash, slot, |&slot| {
            hash_of(hasher, name_of(slot).fold_source())
        });
        if !self.keeps_looks_of(name) {
            return;
        }
        for hash in self.look_hashes(name) {
            if let Some(skeletons) = self.skeletons_mut(name) {
                Skeleton { hash, slot }.put_into(skeletons);
            }
        }
    }

    /// Whether the skeletons of such a name are noted, now that there is anyone to be compared with it.
    fn keeps_looks_of(&self, name: &Name) -> bool {
        self.unicode && (self.plain.get().is_some() || !name.is_ascii())
    }

    /// Removes a bearer, by slot and the name it was added with.
    pub(super) fn remove(&mut self, slot: u32, name: &Name) {
        let hash = hash_of(&self.hasher, name.fold_source());
        self.by_fold
            .find_entry(hash, |&other| other == slot)
            .expect("each bearer stands in by_fold")
            .remove();
        if !self.keeps_looks_of(name) {
            return;
        }
        for hash in self.look_hashes(name) {
            let skeletons = self.skeletons_mut(name).expect("they are kept");
            skeletons
                .find_entry(Skeleton::table_hash(hash), |skeleton| {
                    // Both: a bearer with two keys may have them side by side in the table.
                    skeleton.slot == slot && skeleton.hash == hash
                })
                .expect("each bearer stands among the skeletons once for each key")
                .remove();
        }
    }

    /// The bearer of this name.
    pub(super) fn find<'a>(&self, name: &Name, name_of: impl Fn(u32) -> &'a Name) -> Option<u32> {
        self.find_source(name.fold_source(), name_of)
    }

    /// The bearer of this name, as typed and not checked; it must be ASCII. Allocates nothing.
    pub(super) fn find_ascii<'a>(
        &self,
        text: &str,
        name_of: impl Fn(u32) -> &'a Name,
    ) -> Option<u32> {
        debug_assert!(text.is_ascii(), "only ASCII is its own fold's source");
        self.find_source(text.as_bytes(), name_of)
    }

    /// The bearer of a name that looks like this one, other than `but`, who asks to be renamed.
    pub(super) fn find_look_alike<'a>(
        &self,
        name: &Name,
        but: Option<u32>,
        name_of: impl Fn(u32) -> &'a Name + Copy,
    ) -> Option<u32> {
        if !self.unicode || (name.is_ascii() && self.foreign.is_empty()) {
            return None;
        }
        let wanted = keys(name);
        let find_in = |skeletons: &HashTable<Skeleton>| {
            wanted.iter().find_map(|key| {
                let hash = self.look_hash(key);
                skeletons
                    .find(Skeleton::table_hash(hash), |skeleton| {
                        skeleton.hash == hash
                            && Some(skeleton.slot) != but
                            && keys(name_of(skeleton.slot)).contains(key)
                    })
                    .map(|skeleton| skeleton.slot)
            })
        };
        let among_foreign = find_in(&self.foreign);
        if name.is_ascii() {
            return among_foreign;
        }
        among_foreign
            .or_else(|| find_in(self.plain.get_or_init(|| self.skeletons_of_plain(name_of))))
    }

    /// The skeletons of all pure ASCII names.
    fn skeletons_of_plain<'a>(&self, name_of: impl Fn(u32) -> &'a Name) -> HashTable<Skeleton> {
        let mut skeletons = HashTable::with_capacity(self.by_fold.len());
        for &slot in &self.by_fold {
            let name = name_of(slot);
            for hash in self.look_hashes(name).filter(|_| name.is_ascii()) {
                Skeleton { hash, slot }.put_into(&mut skeletons);
            }
        }
        skeletons
    }

    /// How many bearers there are.
    pub(super) fn len(&self) -> usize {
        self.by_fold.len()
    }

    /// Panics with the name of the broken invariant. `bearers` are all that should be here.
    pub(super) fn check_invariants<'a>(
        &self,
        bearers: impl Iterator<Item = (u32, &'a Name)>,
        name_of: impl Fn(u32) -> &'a Name + Copy,
    ) {
        let (mut count, mut plain, mut foreign) = (0, 0, 0);
        for (slot, name) in bearers {
            count += 1;
            assert_eq!(
                self.find(name, name_of),
                Some(slot),
                "name index: each bearer is found by name"
            );
            assert_eq!(
                self.find_look_alike(name, Some(slot), name_of),
                None,
                "name index: no two skeleton alike"
            );
            if !self.keeps_looks_of(name) {
                continue;
            }
            for hash in self.look_hashes(name) {
                let (skeletons, skeletons_count) = match self.plain.get() {
                    Some(skeletons) if name.is_ascii() => (skeletons, &mut plain),
                    _ => (&self.foreign, &mut foreign),
                };
                *skeletons_count += 1;
                let found = skeletons.find(Skeleton::table_hash(hash), |skeleton| {
                    skeleton.slot == slot && skeleton.hash == hash
                });
                assert!(
                    found.is_some(),
                    "skeleton index: each bearer has all its keys"
                );
            }
        }
        assert_eq!(self.len(), count, "name index: no one but the bearers");
        assert_eq!(
            self.plain.get().map_or(0, HashTable::len),
            plain,
            "skeleton index: no ASCII key is left over"
        );
        assert_eq!(
            self.foreign.len(),
            foreign,
            "skeleton index: no other key is left over"
        );
    }

    fn find_source<'a>(&self, source: &[u8], name_of: impl Fn(u32) -> &'a Name) -> Option<u32> {
        let same = |&slot: &u32| name_of(slot).fold_source().eq_ignore_ascii_case(source);
        self.by_fold
            .find(hash_of(&self.hasher, source), same)
            .copied()
    }

    fn skeletons_mut(&mut self, name: &Name) -> Option<&mut HashTable<Skeleton>> {
        if name.is_ascii() {
            self.plain.get_mut()
        } else {
            Some(&mut self.foreign)
        }
    }

    fn look_hashes(&self, name: &Name) -> impl Iterator<Item = u32> + use<> {
        let keys = if self.unicode {
            keys(name)
        } else {
            Keys::new()
        };
        let hasher = self.hasher.clone();
        keys.into_iter().map(move |key| look_hash(&hasher, &key))
    }

    fn look_hash(&self, key: &str) -> u32 {
        look_hash(&self.hasher, key)
    }
}

/// The hash of a name, given its fold's source.
fn hash_of(hasher: &RandomState, source: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    hash_fold(source, &mut state);
    state.finish()
}

/// The kept half of the hash of a look-alike key.
fn look_hash(hasher: &RandomState, key: &str) -> u32 {
    (hasher.hash_one(key) >> 32) as u32
}
