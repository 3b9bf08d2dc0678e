//! One person: name, rooms, whether they are away.
//!
//! Owns a compact record, for a server holds tens of thousands of them and most are idle: at most 96 bytes, and no
//! allocation for an ordinary name, no word of absence and up to two rooms (a test keeps it so). Modes and an account
//! will live here too, as bits beside the id, when IRC brings them.
//!
//! Invariant, kept by the hub: `rooms` and the rooms' member lists name each other. Does not know the connection behind
//! the person, nor the protocol they speak.

use smallvec::SmallVec;

use super::{Nick, Time};

/// Names one person for ever: slot and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId {
    /// Place in the hub's table; reused after the person quit.
    pub slot: u32,
    /// Tells apart those who had the slot.
    pub generation: u32,
}

/// How many rooms fit into a record; most people stand in one or two.
const ROOMS_INLINE: usize = 2;

/// One person.
#[derive(Debug)]
pub struct User {
    pub(super) id: UserId,
    pub(super) nick: Nick,
    pub(super) away: Option<Box<str>>,
    pub(super) entered: Time,
    pub(super) last_spoke: Time,
    /// In the order in which they were entered.
    pub(super) rooms: SmallVec<[Membership; ROOMS_INLINE]>,
    /// The last walk over neighbours that came by; see `Hub::neighbours`.
    pub(super) visit: u64,
}

/// That a person stands in a room, seen from the person. What a member may do there (IRC's prefixes) will stand on the
/// room's side, in [`Member`](super::room::Member), where the fan-out and the lists of names come by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Membership {
    /// Slot of the room; no generation is needed, for the room lives at least as long as its member.
    pub(super) room: u32,
    /// Where the person stands in the room's list of members, so that leaving need not search it.
    pub(super) index: u32,
}

impl User {
    pub(super) fn new(id: UserId, nick: Nick, now: Time) -> Self {
        Self {
            id,
            nick,
            away: None,
            entered: now,
            last_spoke: now,
            rooms: SmallVec::new(),
            visit: 0,
        }
    }

    /// Forgets a room. The others keep their order; a list that was moved to the heap comes back when it fits again.
    pub(super) fn forget_room(&mut self, position: usize) -> Membership {
        let membership = self.rooms.remove(position);
        if self.rooms.spilled() && self.rooms.len() <= ROOMS_INLINE {
            self.rooms.shrink_to_fit();
        }
        membership
    }

    /// Where in `rooms` a room is.
    pub(super) fn position_of(&self, room: u32) -> Option<usize> {
        // A walk: the list is short, and `Limits::rooms_per_user` bounds it.
        self.rooms.iter().position(|m| m.room == room)
    }

    /// The id of this person.
    pub fn id(&self) -> UserId {
        self.id
    }

    /// Name.
    pub fn nick(&self) -> &Nick {
        &self.nick
    }

    /// The word they left when they went away.
    pub fn away(&self) -> Option<&str> {
        self.away.as_deref()
    }

    /// When they came in.
    pub fn entered(&self) -> Time {
        self.entered
    }

    /// When they last said something, or came in.
    pub fn last_spoke(&self) -> Time {
        self.last_spoke
    }

    /// In how many rooms they stand.
    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stays_small() {
        assert!(size_of::<User>() <= 96, "{}", size_of::<User>());
        assert_eq!(size_of::<Membership>(), 8);
        // What the slab makes of it: being vacant must hide in a niche.
        assert_eq!(size_of::<Option<User>>(), size_of::<User>());
    }
}
