//! Commands of a user about itself and its rooms: check first, then change, then emit events.
//!
//! Invariant: a method that refuses has changed nothing. The author is known to be here; [`Hub::apply`] has looked.
//! Does not know which protocol asked.

use super::{
    super::{
        Audience, Body, Nick, Now, Refusal, RoomId, RoomName, Topic, UserId,
        mode::{Rank, Ranks, RoomFlag, RoomFlags, UserModes},
        user::Membership,
    },
    state::{Hub, debug_assert_one_line},
};

impl Hub {
    pub(super) fn join(
        &mut self,
        who: UserId,
        name: RoomName,
        (key, flags): (Option<&str>, RoomFlags),
        now: Now,
    ) -> Result<(), Refusal> {
        let existing = self.find_room(&name);
        if existing.is_some_and(|room| self.is_member(who, room)) {
            return Ok(());
        }
        if self.users[who.slot as usize].rooms.len() >= self.limits.rooms_per_user {
            return Err(Refusal::TooManyRooms {
                room: name,
                max: self.limits.rooms_per_user,
            });
        }
        let (room, ranks) = match existing {
            Some(room) => {
                self.check_join(who, room, key)?;
                let account = self.users[who.slot as usize].account_id();
                (room, self.registered.ranks_for(room.slot, account))
            }
            None => {
                let ranks = [Rank::Operator].into_iter().collect();
                (self.open_room(name, flags, now)?, ranks)
            }
        };
        self.add_member(who, room, ranks);
        self.emit(who, Audience::Room(room), Body::Joined { room }, now);
        if existing.is_some() {
            self.note_came_back(who, room, ranks, now);
        }
        Ok(())
    }

    pub(super) fn add_member(&mut self, who: UserId, room: RoomId, ranks: Ranks) {
        self.counting(Some(who.slot), Some(room.slot), |hub| {
            let index = hub.rooms[room.slot as usize].add(who, ranks);
            let user = &mut hub.users[who.slot as usize];
            user.rooms.push(Membership {
                room: room.slot,
                index,
            });
            user.use_invitation(room);
        });
    }

    pub(super) fn leave(
        &mut self,
        who: UserId,
        name: &RoomName,
        reason: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        debug_assert_one_line(reason);
        let (room, position) = self.find_membership(who, name)?;
        // Listed before the author is removed: the author is informed too.
        let audience = Audience::Users(self.members(room).collect());
        self.remove_member(who, position);
        let reason = self.cut_reason(reason);
        self.emit(who, audience, Body::Left { room, reason }, now);
        Ok(())
    }

    pub(super) fn rename(&mut self, who: UserId, nick: Nick, now: Now) -> Result<(), Refusal> {
        let user = &self.users[who.slot as usize];
        if user.nick.as_str() == nick.as_str() {
            return Ok(());
        }
        self.check_nick_free(&nick, Some(who.slot), user.account_id())?;
        self.check_renaming(who)?;
        self.replace_nick(who, nick, now);
        Ok(())
    }

    pub(super) fn set_away(
        &mut self,
        who: UserId,
        text: Option<&str>,
        now: Now,
    ) -> Result<(), Refusal> {
        let bytes_max = self.limits.away_bytes;
        if text.is_some_and(|text| text.len() > bytes_max) {
            return Err(Refusal::AwayTooLong { bytes_max });
        }
        debug_assert_one_line(text.unwrap_or_default());
        if self.users[who.slot as usize].away() == text {
            // An event all the same: a user who comes back expects a confirmation.
            self.emit(who, Audience::Users(vec![who]), Body::AwayChanged, now);
        } else {
            self.counting(Some(who.slot), None, |hub| {
                hub.users[who.slot as usize].set_away(text);
            });
            self.emit_around(who, Body::AwayChanged, now);
        }
        Ok(())
    }

    pub(super) fn set_realname(
        &mut self,
        who: UserId,
        text: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        debug_assert_one_line(text);
        let bytes_max = self.limits.realname_bytes;
        if text.len() > bytes_max {
            return Err(Refusal::RealnameTooLong { bytes_max });
        }
        self.counting(Some(who.slot), None, |hub| {
            hub.users[who.slot as usize].set_realname(text);
        });
        self.emit_around(who, Body::RealnameChanged, now);
        Ok(())
    }

    pub(super) fn set_topic(
        &mut self,
        who: UserId,
        name: &RoomName,
        text: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        debug_assert_one_line(text);
        let (id, _) = self.find_membership(who, name)?;
        if self.rooms[id.slot as usize].has(RoomFlag::TopicLocked) {
            self.need_rank(who, id, Rank::HalfOperator)?;
        }
        let bytes_max = self.limits.topic_bytes;
        if text.len() > bytes_max {
            return Err(Refusal::TopicTooLong { bytes_max });
        }
        let old = self.rooms[id.slot as usize].topic();
        let old = old.map_or("", |topic| &topic.text);
        if text == old {
            return Ok(());
        }
        if text.len() > old.len() && !self.has_room_to_keep() {
            let room = self.room_name(id);
            return Err(Refusal::NoRoomForTopic { room });
        }
        let topic = (!text.is_empty()).then(|| {
            Box::new(Topic {
                text: text.into(),
                by: self.users[who.slot as usize].nick.clone(),
                at: now,
            })
        });
        self.counting(None, Some(id.slot), |hub| {
            hub.rooms[id.slot as usize].topic = topic;
        });
        self.registered.touch(id.slot);
        self.emit(
            who,
            Audience::Room(id),
            Body::TopicChanged { room: id },
            now,
        );
        Ok(())
    }

    /// `by` is who ended their stay, if they did not leave by themselves.
    pub(super) fn quit(&mut self, who: UserId, by: Option<UserId>, reason: &str, now: Now) {
        debug_assert_one_line(reason);
        let told = self.neighbours(who);
        while let Some(position) = self.users[who.slot as usize].rooms.len().checked_sub(1) {
            self.remove_member(who, position);
        }
        let user = &self.users[who.slot as usize];
        let (nick, modes) = (user.nick.clone(), user.modes);
        self.nicks.remove(who.slot, nick.name());
        self.whowas.remember(user.farewell(nick, now.wall));
        self.count_modes(modes, UserModes::EMPTY);
        self.departed = Some(who.slot);
        let reason = self.cut_reason(reason);
        self.emit(who, Audience::Users(told), Body::Quit { reason, by }, now);
    }
}
