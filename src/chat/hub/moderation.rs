//! Keeping order: who is sent out, invited, asked in; what operators of the server may.
//!
//! Invariant: a method that refuses has changed nothing. Does not know modes; ranks are asked for in `access`.

use super::state::{Hub, debug_assert_one_line, room_name_in};
use crate::chat::{
    Audience, Body, Now, Refusal, RoomName, UserId, cut, effort,
    mode::{Rank, RoomFlag, UserMode},
    room::Welcome,
    user::Invitation,
};
use std::{mem, time::Duration};

/// How long a room takes no second knock: a minute, as in solanum.
const KNOCK_PAUSE: Duration = Duration::from_secs(60);

/// The least rank that invites into an invite-only room, and whose invitation opens a room (Modern IRC, "INVITE
/// message", and Ergo).
const INVITES: Rank = Rank::Operator;

impl Hub {
    pub(super) fn kick(
        &mut self,
        who: UserId,
        name: &RoomName,
        nick: &str,
        reason: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        debug_assert_one_line(reason);
        let (room, _) = self.find_membership(who, name)?;
        self.need_rank(who, room, Rank::HalfOperator)?;
        let user = self.find_user_or_refuse(nick)?;
        let record = &self.users[user.slot as usize];
        let Some(position) = record.position_of(room.slot) else {
            return Err(Refusal::TargetNotInRoom {
                nick: record.nick.clone(),
                room: self.room_name(room),
            });
        };
        self.need_reach(who, user, room)?;
        let reason = match reason {
            "" => self.users[who.slot as usize].nick.as_str().into(),
            reason => self.cut_reason(reason),
        };
        // Listed before the user is removed: it is informed too.
        let audience = Audience::Users(self.members(room).collect());
        self.remove_member(user, position);
        let body = Body::Kicked { room, user, reason };
        self.emit(who, audience, body, now);
        Ok(())
    }

    pub(super) fn invite(
        &mut self,
        who: UserId,
        name: &RoomName,
        nick: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        let user = self.find_user_or_refuse(nick)?;
        let (room, _) = self.find_membership(who, name)?;
        if self.is_member(user, room) {
            return Err(Refusal::AlreadyInRoom {
                nick: self.users[user.slot as usize].nick.clone(),
                room: self.room_name(room),
            });
        }
        let needs_rank = self.rooms[room.slot as usize].has(RoomFlag::InviteOnly);
        if needs_rank {
            self.need_rank(who, room, INVITES)?;
        }
        let opens = self.ranks(who, room).is_at_least(INVITES);
        let max = self.limits.invitations;
        self.counting(Some(user.slot), None, |hub| {
            hub.forget_stale_invitations(user);
            hub.users[user.slot as usize].invite(Invitation { room, opens }, max);
        });
        let both = Audience::Users(vec![who, user]);
        self.emit(who, both, Body::Invited { room, user }, now);
        let mut told = if needs_rank {
            self.members_ranked(room, INVITES)
        } else {
            self.members(room).collect()
        };
        told.retain(|&member| member != who);
        let body = Body::InviteSeen { room, user };
        self.emit(who, Audience::Users(told), body, now);
        Ok(())
    }

    pub(super) fn knock(
        &mut self,
        who: UserId,
        name: &RoomName,
        text: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        debug_assert_one_line(text);
        let id = self.find_room_or_refuse(name)?;
        let room = self.room_name(id);
        if self.is_member(who, id) {
            let nick = self.users[who.slot as usize].nick.clone();
            return Err(Refusal::AlreadyInRoom { nick, room });
        }
        let record = &self.rooms[id.slot as usize];
        let is_open = !record.has(RoomFlag::InviteOnly);
        if is_open || self.check_join(who, id, record.key()).is_ok() {
            return Err(Refusal::RoomOpen { room });
        }
        if self.welcome(who, id) == Welcome::Banned {
            return Err(Refusal::Banned { room });
        }
        let knocked = self.rooms[id.slot as usize].rules.as_deref();
        let knocked = knocked.and_then(|rules| rules.knocked);
        if knocked.is_some_and(|at| now.moment.since(at) < KNOCK_PAUSE) {
            return Err(Refusal::TooManyKnocks { room });
        }
        self.counting(None, Some(id.slot), |hub| {
            hub.rooms[id.slot as usize].rules_mut().knocked = Some(now.moment);
        });
        let mut told = self.members_ranked(id, INVITES);
        told.push(who);
        let text = self.cut_reason(text);
        let body = Body::Knocked { room: id, text };
        self.emit(who, Audience::Users(told), body, now);
        Ok(())
    }

    pub(super) fn rename_room(
        &mut self,
        who: UserId,
        name: &RoomName,
        to: RoomName,
        reason: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        debug_assert_one_line(reason);
        let (room, _) = self.find_membership(who, name)?;
        // The name of a registered room belongs to its founder: with it gone, others could take it.
        let needed = match self.registered.holds(room.slot) {
            true => Rank::Founder,
            false => Rank::Operator,
        };
        self.need_rank(who, room, needed)?;
        let record = &self.rooms[room.slot as usize];
        if record.name.as_str() == to.as_str() {
            return Ok(());
        }
        match self.find_room(&to) {
            Some(other) if other != room => {
                let room = self.room_name(other);
                return Err(Refusal::RoomExists { room });
            }
            _ => self.check_room_looks(&to, Some(room.slot))?,
        }
        if self.registered.holds(room.slot) && self.registered.is_withheld(&to) {
            return Err(Refusal::RoomRegistered { room: to });
        }
        self.room_names.remove(room.slot, record.name.name());
        let rooms = &self.rooms;
        self.room_names
            .insert(room.slot, to.name(), |slot| room_name_in(rooms, slot));
        let old = self.counting(None, Some(room.slot), |hub| {
            mem::replace(&mut hub.rooms[room.slot as usize].name, to)
        });
        self.registered.note_renamed(room.slot, &old);
        let reason = self.cut_reason(reason);
        let body = Body::RoomRenamed { room, old, reason };
        self.emit(who, Audience::Room(room), body, now);
        Ok(())
    }

    pub(super) fn kill(
        &mut self,
        who: UserId,
        nick: &str,
        reason: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        self.need_server_operator(who)?;
        let victim = self.find_user_or_refuse(nick)?;
        let killer = &self.users[who.slot as usize].nick;
        let reason = cut(reason, self.limits.reason_bytes);
        let words = format!("Killed ({killer} ({reason}))");
        self.quit(victim, Some(who), &words, now);
        Ok(())
    }

    pub(super) fn wallops(&mut self, who: UserId, text: &str, now: Now) -> Result<(), Refusal> {
        debug_assert_one_line(text);
        self.need_server_operator(who)?;
        // A walk over everyone: only operators can ask for it.
        self.charge_each(self.users.len(), effort::LOOKED_AT);
        let mut told: Vec<_> = self
            .users()
            .filter(|(id, user)| *id != who && user.modes().contains(UserMode::Wallops))
            .map(|(id, _)| id)
            .collect();
        told.push(who);
        let text = text.into();
        self.emit(who, Audience::Users(told), Body::Wallops { text }, now);
        Ok(())
    }

    /// A reason, cut to the length that every protocol can carry.
    pub(super) fn cut_reason(&self, reason: &str) -> Box<str> {
        cut(reason, self.limits.reason_bytes).into()
    }

    fn need_server_operator(&self, who: UserId) -> Result<(), Refusal> {
        if self.users[who.slot as usize].is_operator() {
            Ok(())
        } else {
            Err(Refusal::NotServerOperator)
        }
    }

    /// Invitations to rooms that have vanished make no room for new ones otherwise.
    fn forget_stale_invitations(&mut self, who: UserId) {
        let rooms = &self.rooms;
        if let Some(cold) = &mut self.users[who.slot as usize].cold {
            cold.invitations.retain(|invitation| {
                let room = rooms.get(invitation.room.slot as usize);
                room.is_some_and(|room| room.id == invitation.room)
            });
        }
    }
}
