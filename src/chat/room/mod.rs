//! One room: name, topic, members and their ranks, modes.
//!
//! Owns the list of members in the order that suits the fan-out, which walks it from end to end: one flat list of whole
//! ids, so that a broadcast reads no user's record. A key, a limit and lists of masks, which few rooms have, are
//! in one box, `rules`.
//!
//! Invariant, kept by the hub: each member's record knows its index in this list. Does not know who may do what.

use super::{
    Nick, Now, RoomName, WallTime,
    ids::{RoomId, RoomSerial, UserId},
    mode::{Letter, ListKind, Ranks, RoomFlag, RoomFlags},
};

mod rules;

pub use rules::{ListEntry, Setter};
pub(super) use rules::{Rules, SpeechStatus, Welcome};

/// One room.
#[derive(Debug)]
pub struct Room {
    pub(super) id: RoomId,
    pub(super) serial: RoomSerial,
    pub(super) name: RoomName,
    pub(super) created: Now,
    /// The time of the last message.
    pub(super) last_message: WallTime,
    /// Boxed: few rooms have one, and then it is read rarely.
    pub(super) topic: Option<Box<Topic>>,
    /// Boxed for the same reason.
    pub(super) rules: Option<Box<Rules>>,
    pub(super) members: Vec<Member>,
    pub(super) flags: RoomFlags,
}

/// A user in a room, as the room lists it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) user: UserId,
    /// Its ranks there.
    pub(super) ranks: Ranks,
    /// Whether the room's lists let it speak, if that is known: a comparison with a hundred masks for each message would
    /// be dear. Unknown again when a list or the nick changes.
    pub(super) speech_status: SpeechStatus,
}

/// A room's topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The text; never empty.
    pub text: Box<str>,
    /// The nick, at that time, of the user who set it.
    pub by: Nick,
    /// When.
    pub at: Now,
}

impl Room {
    pub(super) fn new(
        (id, serial): (RoomId, RoomSerial),
        name: RoomName,
        flags: RoomFlags,
        now: Now,
    ) -> Self {
        Self {
            id,
            serial,
            name,
            created: now,
            last_message: WallTime::default(),
            topic: None,
            rules: None,
            members: Vec::new(),
            flags,
        }
    }

    /// Adds a member at the end; returns its index.
    pub(super) fn add(&mut self, user: UserId, ranks: Ranks) -> u32 {
        let index = u32::try_from(self.members.len()).expect("no more members than slots of u32");
        // One at first: most rooms are for one or two, and the list doubles from there.
        if self.members.is_empty() {
            self.members.reserve_exact(1);
        }
        self.members.push(Member {
            user,
            ranks,
            speech_status: SpeechStatus::Unknown,
        });
        index
    }

    /// Removes one by index. If another had to move there, returns who: their record must learn the index.
    pub(super) fn remove(&mut self, index: u32) -> Option<UserId> {
        self.members.swap_remove(index as usize);
        // Shrink after many have left; at a quarter, so that joins and leaves around a border cost nothing.
        if self.members.len() < self.members.capacity() / 4 {
            self.members.shrink_to(self.members.len() * 2);
        }
        self.members.get(index as usize).map(|moved| moved.user)
    }

    /// The key, limit and lists; created at the first need.
    pub(super) fn rules_mut(&mut self) -> &mut Rules {
        self.rules.get_or_insert_default()
    }

    /// Gives back what is not needed any more.
    pub(super) fn tidy(&mut self) {
        if self.rules.as_ref().is_some_and(|rules| rules.is_empty()) {
            self.rules = None;
        }
    }

    /// The id of this room.
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// The number by which the room is known beyond this process.
    pub fn serial(&self) -> RoomSerial {
        self.serial
    }

    /// Name.
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// Topic.
    pub fn topic(&self) -> Option<&Topic> {
        self.topic.as_deref()
    }

    /// When its first member came (`RPL_CREATIONTIME`).
    pub fn created(&self) -> Now {
        self.created
    }

    /// How many members it has; 0 only for a room that vanished with the last command.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// The flags that are on.
    pub fn flags(&self) -> RoomFlags {
        self.flags
    }

    /// Whether this is switched on.
    pub fn has(&self, flag: RoomFlag) -> bool {
        self.flags.contains(flag)
    }

    /// The key that is needed to join, if any (mode `k`).
    pub fn key(&self) -> Option<&str> {
        self.rules.as_ref()?.key.as_deref()
    }

    /// How many may be in, if that is limited (mode `l`).
    pub fn limit(&self) -> Option<u32> {
        self.rules.as_ref()?.limit
    }

    /// A list of masks, the oldest first.
    pub fn list(&self, kind: ListKind) -> &[ListEntry] {
        self.rules.as_ref().map_or(&[], |rules| rules.list(kind))
    }

    /// Modes as `RPL_CHANNELMODEIS` has them: `+klnt sesame 20`. To those who are not in the room, the key is `*`.
    pub fn spelled_modes(&self, is_member: bool) -> String {
        let mut letters = String::from("+");
        let mut parameters = String::new();
        if let Some(key) = self.key() {
            letters.push('k');
            parameters.extend([" ", if is_member { key } else { "*" }]);
        }
        if let Some(limit) = self.limit() {
            letters.push('l');
            parameters.extend([" ", &limit.to_string()]);
        }
        letters.extend(self.flags.iter().map(Letter::letter));
        letters + &parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::NameRules;
    use std::num::NonZeroU32;

    fn user(slot: u32) -> UserId {
        UserId {
            slot,
            generation: NonZeroU32::MIN,
        }
    }

    fn room() -> Room {
        let name = RoomName::parse("#r", NameRules { unicode: true }).unwrap();
        let id = RoomId {
            slot: 0,
            generation: NonZeroU32::MIN,
        };
        Room::new(
            (id, RoomSerial(1)),
            name,
            RoomFlags::usual(),
            Now::default(),
        )
    }

    #[test]
    fn a_record_stays_small() {
        assert!(size_of::<Room>() <= 112, "{}", size_of::<Room>());
        assert_eq!(size_of::<Member>(), 12);
    }

    #[test]
    fn removing_returns_the_member_that_moved() {
        let mut room = room();
        for slot in 0..4 {
            assert_eq!(room.add(user(slot), Ranks::EMPTY), slot);
        }
        assert_eq!(room.remove(1), Some(user(3)));
        assert_eq!(room.remove(2), None);
        assert_eq!(room.member_count(), 2);
    }

    #[test]
    fn a_crowd_that_left_gives_its_memory_back() {
        let mut room = room();
        for slot in 0..10_000 {
            room.add(user(slot), Ranks::EMPTY);
        }
        while room.member_count() > 10 {
            room.remove(0);
        }
        assert!(room.members.capacity() <= 64, "{}", room.members.capacity());
    }
}
