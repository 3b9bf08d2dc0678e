//! Read markers: up to which time people have read what is said in a room, or with another user (IRCv3 read-marker).
//!
//! Owns them, for as long as the server runs. Those of an account are the same on all of its connections; those of others end
//! with their connection. Invariants: a marker never goes back; their number is bounded, for each owner and in all. Nobody but
//! the owner is shown one. Does not know protocols.

use crate::{
    chat::{AccountId, WallTime},
    net::ConnId,
};
use rustc_hash::FxHashMap;
use std::collections::HashMap;

/// Markers of one owner: more than rooms that a user can be in, and as many conversations. Past it, the oldest one goes.
const MARKERS_MAX: usize = 400;

/// Markers of all. Past it, only those that are there already change.
const MARKERS_IN_ALL_MAX: usize = 100_000;

/// Whose markers they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    Account(AccountId),
    /// A connection whose user has no account.
    Connection(ConnId),
}

/// What became of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marked {
    /// It is at this time now.
    At(WallTime),
    /// It was there, or later, before.
    Already(WallTime),
    /// There is no room for it.
    Full,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct ReadMarkers {
    /// Users choose the names of targets: the standard keyed hash keeps them from choosing collisions.
    by_owner: FxHashMap<Owner, HashMap<Box<str>, WallTime>>,
    count: usize,
    bytes: usize,
}

impl ReadMarkers {
    /// Up to when a target was read.
    pub(crate) fn get(&self, owner: Owner, target: &str) -> Option<WallTime> {
        self.by_owner.get(&owner)?.get(target).copied()
    }

    /// Notes up to when a target was read.
    pub(crate) fn set(&mut self, owner: Owner, target: &str, time: WallTime) -> Marked {
        let of_owner = self.by_owner.get_mut(&owner);
        if let Some(known) = of_owner.and_then(|markers| markers.get_mut(target)) {
            if *known >= time {
                return Marked::Already(*known);
            }
            *known = time;
            return Marked::At(time);
        }
        if self.count >= MARKERS_IN_ALL_MAX {
            return Marked::Full;
        }
        let markers = self.by_owner.entry(owner).or_default();
        if markers.len() >= MARKERS_MAX {
            let oldest = markers.iter().min_by_key(|(_, time)| **time);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                markers.remove(&oldest);
                self.count -= 1;
                self.bytes -= oldest.len();
            }
        }
        markers.insert(target.into(), time);
        self.count += 1;
        self.bytes += target.len();
        Marked::At(time)
    }

    /// Forgets an owner that is gone.
    pub(crate) fn forget(&mut self, owner: Owner) {
        for name in self.by_owner.remove(&owner).unwrap_or_default().keys() {
            self.count -= 1;
            self.bytes -= name.len();
        }
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        let owners = self.by_owner.capacity() * size_of::<(Owner, HashMap<Box<str>, WallTime>)>();
        owners + self.bytes + self.count * 2 * size_of::<(Box<str>, WallTime)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn account(slot: u32) -> Owner {
        Owner::Account(AccountId {
            slot,
            generation: NonZeroU32::MIN,
        })
    }

    #[test]
    fn a_marker_never_goes_back_and_is_its_owner_s() {
        let at = WallTime::from_unix_ms;
        let mut markers = ReadMarkers::default();
        assert_eq!(markers.get(account(1), "#a"), None);
        assert_eq!(markers.set(account(1), "#a", at(5)), Marked::At(at(5)));
        assert_eq!(markers.set(account(1), "#a", at(4)), Marked::Already(at(5)));
        assert_eq!(markers.set(account(1), "#a", at(5)), Marked::Already(at(5)));
        assert_eq!(markers.set(account(1), "#a", at(6)), Marked::At(at(6)));
        assert_eq!(markers.get(account(2), "#a"), None);
        markers.forget(account(1));
        assert_eq!((markers.get(account(1), "#a"), markers.count), (None, 0));
        assert_eq!(markers.bytes, 0);
    }

    #[test]
    fn markers_are_bounded_and_the_oldest_goes_first() {
        let mut markers = ReadMarkers::default();
        let names: Vec<String> = (0..=MARKERS_MAX)
            .map(|number| format!("#{number}"))
            .collect();
        for (time, name) in (1..).zip(&names) {
            markers.set(account(1), name, WallTime::from_unix_ms(time));
        }
        assert_eq!(markers.count, MARKERS_MAX);
        assert_eq!(markers.get(account(1), &names[0]), None);
        assert!(markers.get(account(1), &names[1]).is_some());
        for slot in 2.. {
            for name in &names {
                if markers.set(account(slot), name, WallTime::from_unix_ms(1)) == Marked::Full {
                    assert_eq!(markers.count, MARKERS_IN_ALL_MAX);
                    return;
                }
            }
        }
    }
}
