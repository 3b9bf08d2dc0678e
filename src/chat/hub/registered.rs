//! Registered rooms in the hub: who may register, give away and end one, and which members get their ranks.
//!
//! A registered room stays with its settings when its last member leaves; it is in no list then, and whoever joins finds it
//! as it was. Storing it is the caller's: see [`Hub::take_room_changes`]. Invariant: a method that refuses has changed nothing.

use super::{
    super::{
        AccountId, Audience, Body, Nick, Now, Refusal, Room, RoomId, RoomName, RoomSerial, Topic,
        UserId, WallTime, effort,
        mask::Mask,
        mode::{AppliedMode, ListKind, Rank, Ranks, RoomFlags, Sign, is_valid_key},
        registered::{Registration, RoomChanges},
        room::{ListEntry, Setter},
    },
    state::Hub,
};
use std::rc::Rc;

/// The settings of a room that was stored.
#[derive(Clone, Debug, Default)]
pub struct RoomSettings {
    /// Its number; `None`: it gets one, which is to be stored.
    pub serial: Option<RoomSerial>,
    /// When it came into being.
    pub created: WallTime,
    /// Its flags.
    pub flags: RoomFlags,
    /// Its topic.
    pub topic: Option<Topic>,
    /// Its key.
    pub key: Option<Box<str>>,
    /// How many members it may have.
    pub limit: Option<u32>,
    /// Its lists: the mask, who set it, and when.
    pub masks: Vec<(ListKind, Box<str>, Box<str>, WallTime)>,
}

impl Hub {
    /// What makes this room a registered one, if it is.
    pub fn registration(&self, room: RoomId) -> Option<&Registration> {
        self.room(room)?;
        self.registered.get(room.slot)
    }

    /// How many rooms are registered.
    pub fn registered_count(&self) -> usize {
        self.registered.len()
    }

    /// All registered rooms, in no particular order.
    pub fn registered_rooms(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        let slots = self.registered.iter().map(|(slot, _)| slot as usize);
        slots.map(|slot| (self.rooms[slot].id, &self.rooms[slot]))
    }

    /// The registered rooms of an account.
    pub fn rooms_of_account(&self, account: AccountId) -> Vec<RoomId> {
        let slots = self.registered.of_founder(account).into_iter();
        slots.map(|slot| self.rooms[slot as usize].id).collect()
    }

    /// The registered rooms of others in which an account has a rank.
    pub fn rooms_with_rank_of(&self, account: AccountId) -> Vec<RoomId> {
        let rooms = self.registered.iter();
        let ranked = rooms.filter(|(_, it)| it.ranks.iter().any(|(other, _)| *other == account));
        ranked
            .map(|(slot, _)| self.rooms[slot as usize].id)
            .collect()
    }

    /// Takes what became of registered rooms since the last call.
    pub fn take_room_changes(&mut self) -> RoomChanges {
        let (gone, changed) = self.registered.take_changes();
        let ids = changed.into_iter();
        let changed = ids.map(|slot| self.rooms[slot as usize].id).collect();
        RoomChanges { gone, changed }
    }

    /// From now on no room of this name may be registered: one is stored that cannot be used under the present rules, and is
    /// its founder's all the same.
    pub fn withhold_room(&mut self, name: &RoomName) {
        self.registered.withhold(name);
    }

    /// A registered room is to be stored anew, for it is not known whether it is stored as it is.
    pub fn touch_room(&mut self, room: RoomId) {
        if self.room(room).is_some() {
            self.registered.touch(room.slot);
        }
    }

    /// Makes a registered room that was stored.
    ///
    /// # Errors
    /// Another room has its name, or one that looks like it, or there are as many as there may be.
    pub fn restore_room(
        &mut self,
        name: RoomName,
        registration: Registration,
        settings: RoomSettings,
        now: Now,
    ) -> Result<RoomId, Refusal> {
        if self.find_room(&name).is_some() {
            return Err(Refusal::RoomExists { room: name });
        }
        let created = Now {
            wall: settings.created,
            ..now
        };
        let room = self.open_room(name, settings.flags, created)?;
        if let Some(serial) = settings.serial {
            self.last_serial = self.last_serial.max(serial.0);
            self.rooms[room.slot as usize].serial = serial;
        }
        self.counting(None, Some(room.slot), |hub| {
            let record = &mut hub.rooms[room.slot as usize];
            record.topic = settings.topic.map(Box::new);
            let key = settings.key.filter(|key| is_valid_key(key));
            if key.is_some() || settings.limit.is_some() {
                let rules = record.rules_mut();
                (rules.key, rules.limit) = (key, settings.limit.filter(|&limit| limit > 0));
            }
            for (kind, mask, by, at) in settings.masks {
                hub.restore_mask(room, kind, &mask, by, at);
            }
            let record = &mut hub.rooms[room.slot as usize];
            if let Some(rules) = &mut record.rules {
                rules.note_lists_changed();
            }
            record.tidy();
        });
        self.registered.insert(room.slot, registration);
        if settings.serial.is_none() {
            self.registered.touch(room.slot);
        }
        self.registered.empty += 1;
        Ok(room)
    }

    fn restore_mask(
        &mut self,
        room: RoomId,
        kind: ListKind,
        mask: &str,
        name: Box<str>,
        at: WallTime,
    ) {
        let Some(mask) = Mask::parse(mask) else {
            return;
        };
        let by = Rc::new(Setter {
            name,
            network: None,
        });
        self.note_mask(&by);
        let rules = self.rooms[room.slot as usize].rules_mut();
        rules.push(kind, ListEntry { mask, by, at });
    }

    /// Registers a room for the account of an operator of it.
    pub(super) fn register_room(
        &mut self,
        who: UserId,
        name: &RoomName,
        now: Now,
    ) -> Result<(), Refusal> {
        let (room, _) = self.find_membership(who, name)?;
        self.need_rank(who, room, Rank::Operator)?;
        let founder = self.own_account(who)?;
        if self.registered.holds(room.slot) || self.registered.is_withheld(name) {
            let room = self.room_name(room);
            return Err(Refusal::RoomRegistered { room });
        }
        self.check_room_for_one_more(founder)?;
        let since = now.wall;
        let ranks = Vec::new();
        let registration = Registration {
            founder,
            since,
            ranks,
        };
        self.registered.insert(room.slot, registration);
        self.registered.touch(room.slot);
        self.set_account_rank(who, room, (founder, Sign::Plus, Rank::Founder), now);
        Ok(())
    }

    /// Whether a user may end the registration of a room; [`Hub::unregister_room`] ends it.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`], [`Refusal::RoomNotRegistered`] or [`Refusal::NotFounder`].
    pub fn may_unregister(&self, who: UserId, name: &RoomName) -> Result<RoomId, Refusal> {
        let room = self.find_room_or_refuse(name)?;
        self.need_founder(who, room)?;
        Ok(room)
    }

    /// Ends the registration of a room; without members it vanishes. Returns whether it was registered.
    pub fn unregister_room(&mut self, room: RoomId) -> bool {
        self.room(room).is_some() && self.unregister(room.slot)
    }

    fn unregister(&mut self, slot: u32) -> bool {
        let room = &self.rooms[slot as usize];
        let (name, is_empty) = (room.name.clone(), room.members.is_empty());
        if self.registered.remove(slot, name.clone()).is_none() {
            return false;
        }
        if is_empty {
            self.registered.empty -= 1;
            self.room_names.remove(slot, name.name());
            self.ended.push(self.rooms[slot as usize].serial);
            self.vanished.push(slot);
        }
        true
    }

    /// Ends the registrations of an account that ends, and its ranks.
    pub(super) fn forget_rooms_of(&mut self, account: AccountId) {
        for slot in self.registered.of_founder(account) {
            self.unregister(slot);
        }
        self.registered.forget_account(account);
    }

    /// Gives a room to another account.
    pub(super) fn give_room(
        &mut self,
        who: UserId,
        name: &RoomName,
        to: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        let room = self.find_room_or_refuse(name)?;
        let former = self.need_founder(who, room)?;
        let account = self.account_named(to)?;
        if account == former {
            return Ok(());
        }
        self.check_room_for_one_more(account)?;
        self.registered.change(room.slot, |registration| {
            registration.founder = account;
            registration.ranks.retain(|(other, _)| *other != account);
        });
        self.set_account_rank(who, room, (account, Sign::Plus, Rank::Founder), now);
        self.set_account_rank(who, room, (former, Sign::Minus, Rank::Founder), now);
        Ok(())
    }

    /// Gives an account a rank in a room for good, or takes it.
    pub(super) fn set_room_rank(
        &mut self,
        who: UserId,
        name: &RoomName,
        (account, sign, rank): (&str, Sign, Rank),
        now: Now,
    ) -> Result<(), Refusal> {
        let room = self.find_room_or_refuse(name)?;
        let founder = self.need_founder(who, room)?;
        let account = self.account_named(account)?;
        if rank == Rank::Founder || account == founder {
            return Err(Refusal::FounderIsGiven);
        }
        let registration = self.registered.get(room.slot);
        let ranks = registration.map_or(&[][..], |it| &it.ranks);
        let old = ranks.iter().find(|(other, _)| *other == account);
        let old = old.map(|&(_, rank)| rank);
        let max = self.limits.room_ranks;
        match sign {
            Sign::Plus if old == Some(rank) => return Ok(()),
            Sign::Minus if old != Some(rank) => return Ok(()),
            Sign::Plus if old.is_none() && ranks.len() >= max => {
                let room = self.room_name(room);
                return Err(Refusal::TooManyRanks { room, max });
            }
            _ => {}
        }
        self.registered.change(room.slot, |registration| {
            registration.ranks.retain(|(other, _)| *other != account);
            if sign == Sign::Plus {
                registration.ranks.push((account, rank));
            }
        });
        if let Some(old) = old {
            self.set_account_rank(who, room, (account, Sign::Minus, old), now);
        }
        if sign == Sign::Plus {
            self.set_account_rank(who, room, (account, Sign::Plus, rank), now);
        }
        Ok(())
    }

    /// Gives a member of a registered room its account's rank again, or makes another member an operator.
    pub(super) fn claim_rank(
        &mut self,
        who: UserId,
        name: &RoomName,
        nick: Option<&str>,
        now: Now,
    ) -> Result<(), Refusal> {
        let room = self.find_room_or_refuse(name)?;
        let account = self.own_account(who)?;
        let Some(registration) = self.registered.get(room.slot) else {
            let room = self.room_name(room);
            return Err(Refusal::RoomNotRegistered { room });
        };
        let own = registration.rank_of(account);
        let own = own.filter(|&rank| nick.is_none() || rank >= Rank::Operator);
        let Some(own) = own else {
            let (room, needed) = (self.room_name(room), Rank::Operator);
            return Err(Refusal::NotOperator { room, needed });
        };
        let (user, rank) = match nick {
            None => (who, own),
            Some(nick) => (self.find_user_or_refuse(nick)?, Rank::Operator),
        };
        if !self.is_member(user, room) {
            return Err(Refusal::TargetNotInRoom {
                nick: self.users[user.slot as usize].nick.clone(),
                room: self.room_name(room),
            });
        }
        self.set_rank_of(who, room, &[user], (Sign::Plus, rank), now);
        Ok(())
    }

    /// A user has logged in: it gets its ranks in the registered rooms where it is.
    pub(super) fn claim_ranks(&mut self, who: UserId, account: AccountId, now: Now) {
        if self.registered.len() == 0 {
            return;
        }
        let rooms: Vec<RoomId> = self.rooms_of(who).collect();
        for room in rooms {
            let ranks = self.registered.ranks_for(room.slot, Some(account));
            if let Some(rank) = ranks.highest() {
                self.set_rank_of(who, room, &[who], (Sign::Plus, rank), now);
            }
        }
    }

    /// A user has joined a room that was there: others learn of the rank that its account has.
    pub(super) fn note_came_back(&mut self, who: UserId, room: RoomId, ranks: Ranks, now: Now) {
        if self.registered.holds(room.slot) && self.rooms[room.slot as usize].members.len() == 1 {
            self.registered.empty -= 1;
        }
        if let Some(rank) = ranks.highest() {
            let sign = Sign::Plus;
            let changes = vec![AppliedMode::Rank {
                sign,
                rank,
                user: who,
            }];
            let body = Body::ModesChanged { room, changes };
            self.emit(who, Audience::Room(room), body, now);
        }
    }

    /// Whether a user comes in whatever the modes say: the room is its own, or it keeps order there.
    pub(super) fn is_always_let_in(&self, who: UserId, room: RoomId) -> bool {
        let account = self.users[who.slot as usize].account_id();
        let ranks = self.registered.ranks_for(room.slot, account);
        ranks.is_at_least(Rank::Operator)
    }

    /// Gives or takes a rank of all members that are logged in to an account.
    fn set_account_rank(
        &mut self,
        who: UserId,
        room: RoomId,
        (account, sign, rank): (AccountId, Sign, Rank),
        now: Now,
    ) {
        let members = &self.rooms[room.slot as usize].members;
        self.charge_each(members.len(), effort::LOOKED_AT);
        let users = members.iter().map(|member| member.user);
        let has_account =
            |user: &UserId| self.users[user.slot as usize].account_id() == Some(account);
        let users: Vec<_> = users.filter(has_account).collect();
        self.set_rank_of(who, room, &users, (sign, rank), now);
    }

    fn set_rank_of(
        &mut self,
        who: UserId,
        room: RoomId,
        users: &[UserId],
        (sign, rank): (Sign, Rank),
        now: Now,
    ) {
        let mut changes = Vec::new();
        for &user in users {
            let record = &self.rooms[room.slot as usize];
            let Some(index) = self.index_of(user, record) else {
                continue;
            };
            let member = &mut self.rooms[room.slot as usize].members[index];
            if member.ranks.set(rank, sign) {
                changes.push(AppliedMode::Rank { sign, rank, user });
            }
        }
        if !changes.is_empty() {
            let body = Body::ModesChanged { room, changes };
            self.emit(who, Audience::Room(room), body, now);
        }
    }

    fn need_founder(&self, who: UserId, room: RoomId) -> Result<AccountId, Refusal> {
        let Some(registration) = self.registered.get(room.slot) else {
            let room = self.room_name(room);
            return Err(Refusal::RoomNotRegistered { room });
        };
        match self.own_account(who)? {
            own if own == registration.founder => Ok(own),
            _ => Err(Refusal::NotFounder {
                room: self.room_name(room),
            }),
        }
    }

    fn own_account(&self, who: UserId) -> Result<AccountId, Refusal> {
        let account = self.users[who.slot as usize].account_id();
        account.ok_or(Refusal::NotLoggedIn)
    }

    fn account_named(&self, name: &str) -> Result<AccountId, Refusal> {
        let nick = Nick::parse(name, self.rules).ok();
        let account = nick.and_then(|nick| self.accounts.find(&nick));
        account.ok_or(Refusal::NoSuchAccount)
    }

    /// Refuses one more room of an account, or in all.
    fn check_room_for_one_more(&self, account: AccountId) -> Result<(), Refusal> {
        self.charge_each(self.registered.len(), effort::LOOKED_AT);
        let own = self.registered.of_founder(account).len();
        let max = self.limits.registered_rooms_per_account;
        if own >= max {
            return Err(Refusal::TooManyRegistered { max });
        }
        if self.registered.len() >= self.limits.registered_rooms || !self.has_room_to_keep() {
            return Err(Refusal::NoMoreRooms);
        }
        Ok(())
    }
}
