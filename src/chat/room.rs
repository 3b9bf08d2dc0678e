//! One room: name, topic, members.
//!
//! Owns the list of members in the order that suits the fan-out, which walks it from end to end: one flat list of whole
//! ids, so that telling a room touches no record of a person. Modes, bans and invitations will live here when IRC
//! brings them, behind one pointer, for most rooms have none.
//!
//! Invariant, kept by the hub: each member's record knows its index in this list. Does not know who may do what.

use super::{Nick, RoomName, Time, UserId};

/// Names one room for ever: slot and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId {
    /// Place in the hub's table; reused after the room vanished.
    pub slot: u32,
    /// Tells apart those that had the slot.
    pub generation: u32,
}

/// One room.
#[derive(Debug)]
pub struct Room {
    pub(super) id: RoomId,
    pub(super) name: RoomName,
    pub(super) created: Time,
    /// Boxed: few rooms have one, and then it is read rarely.
    pub(super) topic: Option<Box<Topic>>,
    pub(super) members: Vec<Member>,
}

/// One who stands in a room, seen from the room. What they may do there (IRC's prefixes) will stand here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) user: UserId,
}

/// A room's topic: what it says, who set it, when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// What it says; never empty.
    pub text: Box<str>,
    /// Who set it, by the name they had then.
    pub by: Nick,
    /// When.
    pub at: Time,
}

impl Room {
    pub(super) fn new(id: RoomId, name: RoomName, now: Time) -> Self {
        Self {
            id,
            name,
            created: now,
            topic: None,
            members: Vec::new(),
        }
    }

    /// Adds one at the end and says where they stand.
    pub(super) fn add(&mut self, user: UserId) -> u32 {
        let index = u32::try_from(self.members.len()).expect("no more members than slots of u32");
        // One at first: most rooms are for one or two, and the list doubles from there.
        if self.members.is_empty() {
            self.members.reserve_exact(1);
        }
        self.members.push(Member { user });
        index
    }

    /// Removes one by index. If another had to move there, returns who: their record must learn the index.
    pub(super) fn remove(&mut self, index: u32) -> Option<UserId> {
        self.members.swap_remove(index as usize);
        // Give back what a crowd left behind; at a quarter, so that coming and going at a border costs nothing.
        if self.members.len() < self.members.capacity() / 4 {
            self.members.shrink_to(self.members.len() * 2);
        }
        self.members.get(index as usize).map(|moved| moved.user)
    }

    /// The id of this room.
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// Name.
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// Topic.
    pub fn topic(&self) -> Option<&Topic> {
        self.topic.as_deref()
    }

    /// When its first member came.
    pub fn created(&self) -> Time {
        self.created
    }

    /// How many stand in it; 0 only for a room that vanished with the last command.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::NameRules;

    fn user(slot: u32) -> UserId {
        UserId {
            slot,
            generation: 1,
        }
    }

    fn room() -> Room {
        let name = RoomName::parse("#r", NameRules { unicode: true }).unwrap();
        let id = RoomId {
            slot: 0,
            generation: 1,
        };
        Room::new(id, name, Time(0))
    }

    #[test]
    fn a_record_stays_small() {
        assert!(size_of::<Room>() <= 80, "{}", size_of::<Room>());
        assert_eq!(size_of::<Member>(), 8);
    }

    #[test]
    fn removing_says_who_moved() {
        let mut room = room();
        for slot in 0..4 {
            assert_eq!(room.add(user(slot)), slot);
        }
        assert_eq!(room.remove(1), Some(user(3)));
        assert_eq!(room.remove(2), None);
        assert_eq!(room.member_count(), 2);
    }

    #[test]
    fn a_crowd_that_left_gives_its_memory_back() {
        let mut room = room();
        for slot in 0..10_000 {
            room.add(user(slot));
        }
        while room.member_count() > 10 {
            room.remove(0);
        }
        assert!(room.members.capacity() <= 64, "{}", room.members.capacity());
    }
}
