//! The hub: who is here, which rooms there are, and the only way to change either.
//!
//! [`Hub::enter`] and [`Hub::apply`] change things; everything else reads. A change leaves [`Event`]s behind, which the
//! caller takes with [`Hub::next_event`] until there are none: **one mutation, then drain**, never two mutations in a
//! row. Whoever quit with the mutation, and each room that vanished with it, is out of all lists and indices at once
//! and their names are free, but their records stay readable, so that the events about them can be told. The next call
//! of `enter` or `apply`, granted or refused, frees them first.
//!
//! Owns two slabs of records, an index of names for each, and the events not yet taken.
//!
//! Invariants ([`Hub::check_invariants`]):
//! 1. a person's list of rooms and the rooms' lists of members name each other, with the right index;
//! 2. everyone in the slab is in the index of names, and no one else, but for who has just quit;
//! 3. a room has members, but for those that have just vanished;
//! 4. an id never names someone else: the generation in a record is never given twice.
//!
//! Does not know connections, wire formats or the clock.

use std::collections::VecDeque;

use slab::Slab;
use smallvec::SmallVec;

use super::{
    Audience, Body, Command, Event, Limits, MessageId, NameRules, Nick, Refusal, Room, RoomId,
    RoomName, Time, User, UserId, index::NameIndex, name::Name,
};

mod commands;
#[cfg(test)]
mod model_test;
mod read;
#[cfg(test)]
mod tests;

/// Everything that is known about people and rooms.
///
/// ```
/// use madang::chat::{Command, Hub, NameRules, Nick, RoomName, Time};
///
/// let rules = NameRules { unicode: true };
/// let mut hub = Hub::new(rules);
/// let alice = hub.enter(Nick::parse("alice", rules)?, Time(0))?;
/// let room = RoomName::parse("lobby", rules)?;
/// hub.apply(alice, Command::Join { room }, Time(0))?;
/// while let Some(event) = hub.next_event() {
///     hub.for_each_in(&event.audience, |id| assert_eq!(id, alice));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Hub {
    rules: NameRules,
    limits: Limits,
    users: Slab<User>,
    rooms: Slab<Room>,
    nicks: NameIndex,
    room_names: NameIndex,
    /// Not yet taken by the caller.
    events: VecDeque<Event>,
    /// Slot of the one who quit with the last mutation.
    departed: Option<u32>,
    /// Slots of the rooms that vanished with it.
    vanished: SmallVec<[u32; 2]>,
    /// The last event's number.
    last_message: u64,
    /// The last walk over neighbours; see [`Hub::neighbours`].
    last_visit: u64,
    /// The last generation given, to a person or a room. It would take 2^32 arrivals, the last of them in the very same
    /// slot, while someone still holds the old id, to name someone else by it.
    last_generation: u32,
}

impl Hub {
    /// An empty courtyard with the default limits.
    pub fn new(rules: NameRules) -> Self {
        Self::with_limits(rules, Limits::default())
    }

    /// An empty courtyard.
    pub fn with_limits(rules: NameRules, limits: Limits) -> Self {
        Self {
            rules,
            limits,
            users: Slab::new(),
            rooms: Slab::new(),
            nicks: NameIndex::new(rules.unicode),
            room_names: NameIndex::new(rules.unicode),
            events: VecDeque::new(),
            departed: None,
            vanished: SmallVec::new(),
            last_message: 0,
            last_visit: 0,
            last_generation: 0,
        }
    }

    /// A newcomer, who stands in no room yet. No event: there is no one to be told.
    ///
    /// # Errors
    /// [`Refusal::NickTaken`], [`Refusal::LooksLike`] or [`Refusal::Full`].
    pub fn enter(&mut self, nick: Nick, now: Time) -> Result<UserId, Refusal> {
        self.free_departed();
        if self.users.len() >= self.limits.users.min(u32::MAX as usize) {
            return Err(Refusal::Full);
        }
        self.check_nick_free(&nick, None)?;
        let generation = self.next_generation();
        let entry = self.users.vacant_entry();
        let id = UserId {
            slot: slot_of(entry.key()),
            generation,
        };
        entry.insert(User::new(id, nick.clone(), now));
        let users = &self.users;
        self.nicks
            .insert(id.slot, nick.name(), |slot| nick_in(users, slot));
        Ok(id)
    }

    /// Does what a person asks, or refuses it and changes nothing. The events stand ready in [`Hub::next_event`].
    ///
    /// # Errors
    /// Why it was refused.
    pub fn apply(&mut self, who: UserId, command: Command<'_>, now: Time) -> Result<(), Refusal> {
        self.free_departed();
        if self.user(who).is_none() {
            return Err(Refusal::Gone);
        }
        match command {
            Command::Join { room } => self.join(who, room, now),
            Command::Leave { room, reason } => self.leave(who, &room, reason, now),
            Command::Rename { nick } => self.rename(who, nick, now),
            Command::Say { to, speech, text } => self.say(who, to, speech, text, now),
            Command::SetAway { text } => self.set_away(who, text, now),
            Command::SetTopic { room, text } => self.set_topic(who, &room, text, now),
            Command::Quit { reason } => {
                self.quit(who, reason, now);
                Ok(())
            }
        }
    }

    /// Takes the oldest event that was not taken yet.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Frees the records that were kept readable for the events of the last mutation.
    fn free_departed(&mut self) {
        debug_assert!(
            self.events.is_empty(),
            "one mutation, then drain: an event was left that may speak of a record freed now"
        );
        if let Some(slot) = self.departed.take() {
            self.users.remove(slot as usize);
        }
        for slot in self.vanished.drain(..) {
            self.rooms.remove(slot as usize);
        }
    }

    /// Whether someone (`but` for one) bears this nick or one that looks like it.
    fn check_nick_free(&self, nick: &Nick, but: Option<u32>) -> Result<(), Refusal> {
        let name_of = |slot| nick_in(&self.users, slot);
        let existing = |slot: u32| self.users[slot as usize].nick.clone();
        match self.nicks.find(nick.name(), name_of) {
            Some(slot) if Some(slot) != but => {
                return Err(Refusal::NickTaken {
                    nick: existing(slot),
                });
            }
            _ => {}
        }
        match self.nicks.find_look_alike(nick.name(), but, name_of) {
            None => Ok(()),
            Some(slot) => Err(Refusal::LooksLike {
                nick: nick.clone(),
                existing: existing(slot),
            }),
        }
    }

    /// A new room without members; the caller adds the first one.
    fn open_room(&mut self, name: RoomName, now: Time) -> Result<RoomId, Refusal> {
        let rooms = &self.rooms;
        let name_of = |slot| room_name_in(rooms, slot);
        if let Some(slot) = self.room_names.find_look_alike(name.name(), None, name_of) {
            return Err(Refusal::RoomLooksLike {
                room: name,
                existing: rooms[slot as usize].name.clone(),
            });
        }
        if rooms.len() >= self.limits.rooms.min(u32::MAX as usize) {
            return Err(Refusal::NoMoreRooms);
        }
        let generation = self.next_generation();
        let entry = self.rooms.vacant_entry();
        let id = RoomId {
            slot: slot_of(entry.key()),
            generation,
        };
        entry.insert(Room::new(id, name.clone(), now));
        let rooms = &self.rooms;
        self.room_names
            .insert(id.slot, name.name(), |slot| room_name_in(rooms, slot));
        Ok(id)
    }

    /// Takes a person out of a room, given the place of the room in their list; the room may vanish with it.
    fn remove_member(&mut self, who: UserId, position: usize) {
        let left = self.users[who.slot as usize].forget_room(position);
        let room = &mut self.rooms[left.room as usize];
        if let Some(moved) = room.remove(left.index) {
            let moved = &mut self.users[moved.slot as usize];
            let position = moved
                .position_of(left.room)
                .expect("a room's member knows the room: invariant 1");
            moved.rooms[position].index = left.index;
        }
        if room.members.is_empty() {
            self.room_names.remove(left.room, room.name.name());
            self.vanished.push(left.room);
        }
    }

    /// Everyone who shares a room with a person, each once, the person not included.
    ///
    /// Who has been listed is stamped with the number of this walk, which costs one store and needs no set.
    fn neighbours(&mut self, who: UserId) -> Vec<UserId> {
        let memberships = self.users[who.slot as usize].rooms.clone();
        if let [only] = memberships[..] {
            // One room, as mostly: no one can be met twice, and the records need not be touched.
            let members = &self.rooms[only.room as usize].members;
            return members
                .iter()
                .map(|member| member.user)
                .filter(|&user| user != who)
                .collect();
        }
        self.last_visit += 1;
        self.users[who.slot as usize].visit = self.last_visit;
        let mut met = Vec::new();
        for membership in memberships {
            for member in &self.rooms[membership.room as usize].members {
                let user = &mut self.users[member.user.slot as usize];
                if user.visit != self.last_visit {
                    user.visit = self.last_visit;
                    met.push(member.user);
                }
            }
        }
        met
    }

    fn tell(&mut self, author: UserId, audience: Audience, body: Body, now: Time) {
        self.last_message += 1;
        self.events.push_back(Event {
            id: MessageId(self.last_message),
            time: now,
            author,
            audience,
            body,
        });
    }

    fn next_generation(&mut self) -> u32 {
        self.last_generation = self.last_generation.wrapping_add(1);
        self.last_generation
    }
}

/// A slab's key as a slot.
fn slot_of(key: usize) -> u32 {
    u32::try_from(key).expect("the limits keep slabs within 32 bits")
}

/// The name in a person's record, as the index asks for it.
fn nick_in(users: &Slab<User>, slot: u32) -> &Name {
    users[slot as usize].nick.name()
}

/// The name in a room's record, as the index asks for it.
fn room_name_in(rooms: &Slab<Room>, slot: u32) -> &Name {
    rooms[slot as usize].name.name()
}
