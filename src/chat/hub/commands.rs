//! What each command does: check first, then change, then tell.
//!
//! Invariant: a method that refuses has changed nothing. The author is known to be here; [`Hub::apply`] has looked.
//! Does not know which protocol asked.

use std::mem;

use super::{
    super::{
        Audience, Body, Nick, Refusal, RoomId, RoomName, Speech, Target, Time, Topic, UserId,
        user::Membership,
    },
    Hub, nick_in,
};

impl Hub {
    pub(super) fn join(&mut self, who: UserId, name: RoomName, now: Time) -> Result<(), Refusal> {
        let existing = self.find_room(&name);
        if existing.is_some_and(|room| self.is_member(who, room)) {
            return Ok(());
        }
        if self.users[who.slot as usize].rooms.len() >= self.limits.rooms_per_user {
            return Err(Refusal::TooManyRooms {
                max: self.limits.rooms_per_user,
            });
        }
        let room = match existing {
            Some(room) => room,
            None => self.open_room(name, now)?,
        };
        let index = self.rooms[room.slot as usize].add(who);
        self.users[who.slot as usize].rooms.push(Membership {
            room: room.slot,
            index,
        });
        self.tell(who, Audience::Room(room), Body::Joined { room }, now);
        Ok(())
    }

    pub(super) fn leave(
        &mut self,
        who: UserId,
        name: &RoomName,
        reason: &str,
        now: Time,
    ) -> Result<(), Refusal> {
        debug_assert_one_line(reason);
        let (room, position) = self.find_membership(who, name)?;
        // Listed before the author is off the list: they are told too.
        let audience = Audience::Users(self.members(room).collect());
        self.remove_member(who, position);
        let reason = reason.into();
        self.tell(who, audience, Body::Left { room, reason }, now);
        Ok(())
    }

    pub(super) fn rename(&mut self, who: UserId, nick: Nick, now: Time) -> Result<(), Refusal> {
        let user = &self.users[who.slot as usize];
        if user.nick.as_str() == nick.as_str() {
            return Ok(());
        }
        self.check_nick_free(&nick, Some(who.slot))?;
        self.nicks.remove(who.slot, user.nick.name());
        let users = &self.users;
        self.nicks
            .insert(who.slot, nick.name(), |slot| nick_in(users, slot));
        let old = mem::replace(&mut self.users[who.slot as usize].nick, nick);
        let mut told = self.neighbours(who);
        told.push(who);
        self.tell(who, Audience::Users(told), Body::Renamed { old }, now);
        Ok(())
    }

    pub(super) fn say(
        &mut self,
        who: UserId,
        to: Target<'_>,
        speech: Speech,
        text: &str,
        now: Time,
    ) -> Result<(), Refusal> {
        debug_assert_one_line(text);
        debug_assert!(!text.is_empty(), "protocols refuse to say nothing");
        let (audience, body) = match to {
            Target::Room(name) => {
                let (room, _) = self.find_membership(who, name)?;
                let text = text.into();
                let body = Body::SaidToRoom { room, speech, text };
                (Audience::Room(room), body)
            }
            Target::User(nick) => {
                let to = self
                    .find_user(nick)
                    .ok_or_else(|| Refusal::NoSuchUser { nick: nick.into() })?;
                let told = if to == who { vec![who] } else { vec![who, to] };
                let text = text.into();
                let body = Body::SaidToUser { to, speech, text };
                (Audience::Users(told), body)
            }
        };
        self.users[who.slot as usize].last_spoke = now;
        self.tell(who, audience, body, now);
        Ok(())
    }

    pub(super) fn set_away(
        &mut self,
        who: UserId,
        text: Option<&str>,
        now: Time,
    ) -> Result<(), Refusal> {
        let bytes_max = self.limits.away_bytes;
        if text.is_some_and(|text| text.len() > bytes_max) {
            return Err(Refusal::AwayTooLong { bytes_max });
        }
        debug_assert_one_line(text.unwrap_or_default());
        self.users[who.slot as usize].away = text.map(Into::into);
        // Told even if nothing is different now: one who says they are back wants to hear that they are.
        self.tell(who, Audience::Users(vec![who]), Body::AwayChanged, now);
        Ok(())
    }

    pub(super) fn set_topic(
        &mut self,
        who: UserId,
        name: &RoomName,
        text: &str,
        now: Time,
    ) -> Result<(), Refusal> {
        debug_assert_one_line(text);
        let (id, _) = self.find_membership(who, name)?;
        let bytes_max = self.limits.topic_bytes;
        if text.len() > bytes_max {
            return Err(Refusal::TopicTooLong { bytes_max });
        }
        let room = &mut self.rooms[id.slot as usize];
        if text == room.topic().map_or("", |topic| &topic.text) {
            return Ok(());
        }
        room.topic = (!text.is_empty()).then(|| {
            Box::new(Topic {
                text: text.into(),
                by: self.users[who.slot as usize].nick.clone(),
                at: now,
            })
        });
        self.tell(
            who,
            Audience::Room(id),
            Body::TopicChanged { room: id },
            now,
        );
        Ok(())
    }

    pub(super) fn quit(&mut self, who: UserId, reason: &str, now: Time) {
        debug_assert_one_line(reason);
        let told = self.neighbours(who);
        while let Some(position) = self.users[who.slot as usize].rooms.len().checked_sub(1) {
            self.remove_member(who, position);
        }
        let nick = self.users[who.slot as usize].nick.clone();
        self.nicks.remove(who.slot, nick.name());
        self.departed = Some(who.slot);
        let reason = reason.into();
        self.tell(who, Audience::Users(told), Body::Quit { reason }, now);
    }

    /// A room by name, and its place in the list of one who must stand in it.
    fn find_membership(&self, who: UserId, name: &RoomName) -> Result<(RoomId, usize), Refusal> {
        let room = self
            .find_room(name)
            .ok_or_else(|| Refusal::NoSuchRoom { room: name.clone() })?;
        let position = self.users[who.slot as usize]
            .position_of(room.slot)
            .ok_or_else(|| Refusal::NotInRoom {
                room: self.rooms[room.slot as usize].name.clone(),
            })?;
        Ok((room, position))
    }
}

/// Text from a protocol is one line: each of these would break the lines of some other protocol.
fn debug_assert_one_line(text: &str) {
    debug_assert!(
        !text.contains(['\r', '\n', '\0']),
        "protocols hand over no CR, LF or NUL"
    );
}
