//! What the hub owns: two slabs of records, an index of names for each, and the events not yet taken; and the few changes
//! from which every command is made.
//!
//! Does not know the commands.

use std::{cell::Cell, collections::VecDeque, mem, num::NonZeroU32};

use slab::Slab;
use smallvec::SmallVec;

use super::super::{
    AccountId, Audience, Body, Event, Limits, MessageId, NameRules, Nick, Now, Refusal, Room,
    RoomId, RoomName, RoomSerial, User, UserId, WallTime,
    accounts::Accounts,
    bans::Bans,
    effort,
    index::NameIndex,
    mode::{RoomFlags, UserMode, UserModes},
    name::{Name, reserved::Reserved},
    registered::RegisteredRooms,
    whowas::Whowas,
};

use super::{kept::Kept, pair_times::PairTimes, sent::Sent};

/// When the last user has quit, memory for more records than this is given back.
const RECORDS_KEPT: usize = 1024;

/// All users and rooms.
///
/// ```
/// use madang::chat::{Command, Hub, NameRules, Nick, Profile, Now, RoomName, mode::RoomFlags};
///
/// let rules = NameRules { unicode: true };
/// let mut hub = Hub::new(rules);
/// let alice = hub.enter(Nick::parse("alice", rules)?, Profile::default(), Now::default())?;
/// let room = RoomName::parse("lobby", rules)?;
/// let flags = RoomFlags::usual();
/// hub.apply(alice, Command::Join { room, key: None, flags }, Now::default())?;
/// while let Some(event) = hub.next_event() {
///     hub.for_each_in(&event.audience, |id| assert_eq!(id, alice));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Hub {
    pub(super) rules: NameRules,
    pub(super) limits: Limits,
    pub(super) users: Slab<User>,
    pub(super) rooms: Slab<Room>,
    pub(super) nicks: NameIndex,
    pub(super) room_names: NameIndex,
    /// Nicks that no user may take.
    pub(super) reserved: Reserved,
    /// Not yet taken by the caller.
    pub(super) events: VecDeque<Event>,
    pub(super) accounts: Accounts,
    pub(super) registered: RegisteredRooms,
    pub(super) bans: Bans,
    /// Whether the server has a password, without which no client becomes a user.
    pub(super) password_required: bool,
    /// Slot of the user who quit with the last mutation.
    pub(super) departed: Option<u32>,
    /// Slots of the rooms that vanished with it.
    pub(super) vanished: SmallVec<[u32; 2]>,
    /// The last event's number.
    pub(super) last_message: u64,
    /// The serial of the room that was founded last.
    pub(super) last_serial: u64,
    /// Serials of rooms that have ended, not yet taken by the caller.
    pub(super) ended: Vec<RoomSerial>,
    /// The latest time that an event was given, but for messages of a busy room; see [`Hub::stamp`].
    pub(super) last_time: WallTime,
    pub(super) pair_times: PairTimes,
    /// The last walk over neighbours; see [`Hub::neighbours`].
    pub(super) last_visit: u32,
    /// The last generation given, to a user or a room. A stale id names another user only after 2^32 arrivals, the last of
    /// them in the very same slot.
    pub(super) last_generation: u32,
    /// The last messages, to be taken back; see [`sent`](super::sent).
    pub(super) sent: Vec<Option<Sent>>,
    pub(super) whowas: Whowas,
    pub(super) counts: Counts,
    pub(super) kept: Kept,
    /// The effort since it was last taken; see [`effort`]. Reading costs too, hence the cell.
    pub(super) effort: Cell<u64>,
}

/// How many there are of a kind (Modern IRC, "LUSERS message").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Users with mode `i`.
    pub invisible: usize,
    /// Operators of the server.
    pub operators: usize,
    /// The most users that there ever were at a time.
    pub peak: usize,
}

impl Hub {
    /// An empty hub with the default limits.
    pub fn new(rules: NameRules) -> Self {
        Self::with_limits(rules, Limits::default())
    }

    /// An empty hub.
    pub fn with_limits(rules: NameRules, limits: Limits) -> Self {
        Self {
            rules,
            limits,
            users: Slab::new(),
            rooms: Slab::new(),
            nicks: NameIndex::new(rules.unicode),
            room_names: NameIndex::new(rules.unicode),
            reserved: Reserved::with(&[]),
            events: VecDeque::new(),
            accounts: Accounts::new(rules),
            registered: RegisteredRooms::default(),
            bans: Bans::default(),
            password_required: false,
            departed: None,
            vanished: SmallVec::new(),
            last_message: 0,
            last_serial: 0,
            ended: Vec::new(),
            last_time: WallTime::default(),
            pair_times: PairTimes::default(),
            last_visit: 0,
            last_generation: 0,
            sent: Vec::new(),
            whowas: Whowas::default(),
            counts: Counts::default(),
            kept: Kept::default(),
            effort: Cell::new(0),
        }
    }

    /// Numbers messages and rooms from here on, so that numbers are not given again by the next process. Call it before
    /// anything happens.
    pub fn number_messages_from(&mut self, first: MessageId) {
        debug_assert!(self.last_message <= first.0, "numbers rise");
        self.last_message = first.0;
        self.last_serial = first.0;
    }

    /// Numbers messages and rooms after this number, which one of an earlier process has.
    pub fn number_messages_after(&mut self, used: MessageId) {
        self.last_message = self.last_message.max(used.0);
        self.last_serial = self.last_serial.max(used.0);
    }

    /// The serial of the room that was founded last; the next ones are greater.
    pub fn last_serial(&self) -> RoomSerial {
        RoomSerial(self.last_serial)
    }

    /// Takes the serials of the rooms that have ended since the last call.
    pub fn take_ended_rooms(&mut self) -> Vec<RoomSerial> {
        mem::take(&mut self.ended)
    }

    /// Reserves names of the server's own, beside those that are reserved on every server. A user who has one keeps it.
    pub fn reserve(&mut self, own: &[&str]) {
        self.reserved = Reserved::with(own);
    }

    /// Whether a nick is reserved.
    pub fn is_reserved(&self, nick: &Nick) -> bool {
        self.reserved.holds(nick)
    }

    /// Takes the oldest event that was not taken yet.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Counts work that is done for the current command: see [`effort`]. A protocol that reads lists from the hub calls it
    /// too.
    pub fn charge(&self, units: u32) {
        self.effort.set(self.effort.get() + u64::from(units));
    }

    /// The same for many of a kind.
    pub fn charge_each(&self, count: usize, units: u32) {
        self.effort
            .set(self.effort.get() + count as u64 * u64::from(units));
    }

    /// How much was counted and not taken yet.
    pub fn effort(&self) -> u64 {
        self.effort.get()
    }

    /// Takes what was counted since the last time.
    pub fn take_effort(&self) -> u64 {
        self.effort.take()
    }

    /// Frees the records that were kept readable for the events of the last mutation.
    pub(super) fn free_departed(&mut self) {
        debug_assert!(
            self.events.is_empty(),
            "one mutation, then drain: an event was left that may speak of a record freed now"
        );
        if let Some(slot) = self.departed.take() {
            let user = self.users.remove(slot as usize);
            self.note_freed(user.kept());
            if self.users.is_empty() && self.users.capacity() > RECORDS_KEPT {
                self.users.shrink_to_fit();
            }
        }
        for slot in mem::take(&mut self.vanished) {
            let room = self.rooms.remove(slot as usize);
            self.note_room_freed(&room);
            if self.rooms.is_empty() && self.rooms.capacity() > RECORDS_KEPT {
                self.rooms.shrink_to_fit();
            }
        }
    }

    /// Refuses a nick that is reserved, that belongs to an account other than `account`, that a user other than `but` has,
    /// or that looks like one of these.
    pub(super) fn check_nick_free(
        &self,
        nick: &Nick,
        but: Option<u32>,
        account: Option<AccountId>,
    ) -> Result<(), Refusal> {
        let is_new = |slot: u32| self.users[slot as usize].nick != *nick;
        if but.is_none_or(is_new) && self.reserved.holds(nick) {
            let nick = nick.clone();
            return Err(Refusal::NickReserved { nick });
        }
        self.check_nick_unused(nick, but)?;
        let owner = self.accounts.owner_of(nick);
        if owner.is_some() && owner != account {
            let nick = nick.clone();
            return Err(Refusal::NickOwned { nick });
        }
        Ok(())
    }

    /// Refuses a nick that a user other than `but` has, or that looks like one.
    pub(super) fn check_nick_unused(&self, nick: &Nick, but: Option<u32>) -> Result<(), Refusal> {
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

    /// Whether another room (`but` for one) has a name that looks like this one.
    pub(super) fn check_room_looks(
        &self,
        name: &RoomName,
        but: Option<u32>,
    ) -> Result<(), Refusal> {
        let name_of = |slot| room_name_in(&self.rooms, slot);
        match self.room_names.find_look_alike(name.name(), but, name_of) {
            None => Ok(()),
            Some(slot) => Err(Refusal::RoomLooksLike {
                room: name.clone(),
                existing: self.rooms[slot as usize].name.clone(),
            }),
        }
    }

    /// A new room without members; the caller adds the first one.
    pub(super) fn open_room(
        &mut self,
        name: RoomName,
        flags: RoomFlags,
        now: Now,
    ) -> Result<RoomId, Refusal> {
        self.check_room_looks(&name, None)?;
        if self.rooms.len() >= self.limits.rooms.min(u32::MAX as usize) || !self.has_room_to_keep()
        {
            return Err(Refusal::NoMoreRooms);
        }
        let generation = self.next_generation();
        self.last_serial += 1;
        let serial = RoomSerial(self.last_serial);
        let entry = self.rooms.vacant_entry();
        let id = RoomId {
            slot: slot_of(entry.key()),
            generation,
        };
        let room = Room::new((id, serial), name.clone(), flags, now);
        let kept = entry.insert(room).kept();
        self.note_kept(kept);
        let rooms = &self.rooms;
        self.room_names
            .insert(id.slot, name.name(), |slot| room_name_in(rooms, slot));
        Ok(id)
    }

    /// Removes a user from a room, given the room's position in the user's list; the room may vanish with it.
    pub(super) fn remove_member(&mut self, who: UserId, position: usize) {
        let room = self.users[who.slot as usize].rooms[position].room;
        self.counting(Some(who.slot), Some(room), |hub| hub.unlink(who, position));
    }

    pub(super) fn unlink(&mut self, who: UserId, position: usize) {
        let left = self.users[who.slot as usize].forget_room(position);
        let room = &mut self.rooms[left.room as usize];
        if let Some(moved) = room.remove(left.index) {
            let moved = &mut self.users[moved.slot as usize];
            let position = moved
                .position_of(left.room)
                .expect("a room's member knows the room: invariant 1");
            moved.rooms[position].index = left.index;
        }
        if !room.members.is_empty() {
            return;
        }
        if self.registered.holds(left.room) {
            self.registered.empty += 1;
        } else {
            self.room_names.remove(left.room, room.name.name());
            self.ended.push(room.serial);
            self.vanished.push(left.room);
        }
    }

    /// Keeps the counts when a user's modes change, or a user comes or goes.
    pub(super) fn count_modes(&mut self, old: UserModes, new: UserModes) {
        let count = |counter: &mut usize, mode| {
            *counter += usize::from(new.contains(mode));
            *counter -= usize::from(old.contains(mode));
        };
        count(&mut self.counts.invisible, UserMode::Invisible);
        count(&mut self.counts.operators, UserMode::Operator);
    }

    pub(super) fn emit(
        &mut self,
        author: UserId,
        audience: Audience,
        body: Body,
        now: Now,
    ) -> MessageId {
        self.emit_tagged(author, audience, body, "", now)
    }

    pub(super) fn emit_tagged(
        &mut self,
        author: UserId,
        audience: Audience,
        body: Body,
        tags: &str,
        now: Now,
    ) -> MessageId {
        self.charge_each(self.count_in(&audience), effort::TOLD);
        let time = self.stamp(author, &body, now);
        self.last_message += 1;
        let id = MessageId(self.last_message);
        self.events.push_back(Event {
            id,
            time,
            author,
            audience,
            tags: (!tags.is_empty()).then(|| tags.into()),
            body,
        });
        id
    }

    /// Never zero, so that `None` takes no more memory than an id.
    pub(super) fn next_generation(&mut self) -> NonZeroU32 {
        let next = NonZeroU32::new(self.last_generation.wrapping_add(1));
        let generation = next.unwrap_or(NonZeroU32::MIN);
        self.last_generation = generation.get();
        generation
    }
}

/// A slab's key as a slot.
pub(super) fn slot_of(key: usize) -> u32 {
    u32::try_from(key).expect("the limits keep slabs within 32 bits")
}

/// The nick in a user's record, as the index asks for it.
pub(super) fn nick_in(users: &Slab<User>, slot: u32) -> &Name {
    users[slot as usize].nick.name()
}

/// The name in a room's record, as the index asks for it.
pub(super) fn room_name_in(rooms: &Slab<Room>, slot: u32) -> &Name {
    rooms[slot as usize].name.name()
}

/// Text from a protocol is one line: each of these would break the lines of some other protocol.
pub(super) fn debug_assert_one_line(text: &str) {
    debug_assert!(
        !text.contains(['\r', '\n', '\0']),
        "protocols hand over no CR, LF or NUL"
    );
}
