//! Permissions in a room: ranks, joining, speaking.
//!
//! Reads only; what is remembered of an answer ([`SpeechStatus`]) changes nothing but the time it takes.

use super::state::Hub;
use crate::chat::{
    Refusal, Room, RoomId, RoomName, Silence, Speech, UserId, effort,
    mode::{Rank, Ranks, RoomFlag},
    room::{SpeechStatus, Welcome},
};

impl Hub {
    /// A room by name, and its position in the list of a user, who must be a member.
    pub(super) fn find_membership(
        &self,
        who: UserId,
        name: &RoomName,
    ) -> Result<(RoomId, usize), Refusal> {
        let room = self.find_room_or_refuse(name)?;
        let position = self.users[who.slot as usize]
            .position_of(room.slot)
            .ok_or_else(|| Refusal::NotInRoom {
                room: self.room_name(room),
            })?;
        Ok((room, position))
    }

    /// A room by name, which must exist.
    pub(super) fn find_room_or_refuse(&self, name: &RoomName) -> Result<RoomId, Refusal> {
        self.find_room(name)
            .ok_or_else(|| Refusal::NoSuchRoom { room: name.clone() })
    }

    /// A user by nick, who must exist.
    pub(super) fn find_user_or_refuse(&self, nick: &str) -> Result<UserId, Refusal> {
        self.find_user(nick)
            .ok_or_else(|| Refusal::NoSuchUser { nick: nick.into() })
    }

    /// Refuses a user below a rank.
    pub(super) fn need_rank(&self, who: UserId, room: RoomId, needed: Rank) -> Result<(), Refusal> {
        if self.ranks(who, room).is_at_least(needed) {
            return Ok(());
        }
        let room = self.room_name(room);
        Err(Refusal::NotOperator { room, needed })
    }

    /// Refuses to remove or to degrade a user whom the own rank does not reach: no user touches those above, and
    /// half-operators not even each other.
    pub(super) fn need_reach(
        &self,
        who: UserId,
        target: UserId,
        room: RoomId,
    ) -> Result<(), Refusal> {
        let (own, other) = (self.ranks(who, room), self.ranks(target, room));
        let reaches = match own.highest() {
            Some(Rank::HalfOperator) => other.highest() < Some(Rank::HalfOperator),
            highest => other.highest() <= highest,
        };
        if reaches || who == target {
            return Ok(());
        }
        let needed = match other.highest() {
            Some(Rank::HalfOperator) | None => Rank::Operator,
            Some(rank) => rank,
        };
        let room = self.room_name(room);
        Err(Refusal::NotOperator { room, needed })
    }

    /// Whether a user may join a room; Modern IRC prescribes no order of the checks.
    ///
    /// An invitation by an operator opens the room whatever its modes; one by anyone else is a mere word (as Ergo has
    /// it: else any friend within would lift a ban).
    pub(super) fn check_join(
        &self,
        who: UserId,
        id: RoomId,
        key: Option<&str>,
    ) -> Result<(), Refusal> {
        let record = &self.rooms[id.slot as usize];
        let user = &self.users[who.slot as usize];
        let invitation = user.invitation(id);
        if invitation.is_some_and(|invitation| invitation.opens) {
            return Ok(());
        }
        if self.is_always_let_in(who, id) {
            return Ok(());
        }
        let room = || record.name().clone();
        let is_full = |max| record.member_count() >= max as usize;
        if record.limit().is_some_and(is_full) {
            return Err(Refusal::RoomFull { room: room() });
        }
        if record.key().is_some_and(|wanted| key != Some(wanted)) {
            return Err(Refusal::BadKey { room: room() });
        }
        let welcome = self.welcome(who, id);
        if record.has(RoomFlag::InviteOnly) && welcome != Welcome::Expected {
            return Err(Refusal::InviteOnly { room: room() });
        }
        if welcome == Welcome::Banned {
            return Err(Refusal::Banned { room: room() });
        }
        if record.has(RoomFlag::RegisteredJoin) && user.account().is_none() {
            return Err(Refusal::RegisteredOnly { room: room() });
        }
        Ok(())
    }

    /// Whether a room's lists let a user join.
    pub(super) fn welcome(&self, who: UserId, id: RoomId) -> Welcome {
        let Some(rules) = &self.rooms[id.slot as usize].rules else {
            return Welcome::Plain;
        };
        let mut tried = 0;
        let welcome = rules.welcome_of(&self.users[who.slot as usize], &mut tried);
        self.charge(tried);
        welcome
    }

    /// Whether a user may send this to a room. Called for each message: flags first, lists only if there are any.
    pub(super) fn check_speech(
        &mut self,
        who: UserId,
        id: RoomId,
        speech: Option<Speech>,
        is_ctcp: bool,
    ) -> Result<(), Refusal> {
        let room = &self.rooms[id.slot as usize];
        let index = self.index_of(who, room);
        let ranks = index.map_or(Ranks::EMPTY, |index| room.members[index].ranks);
        let why = if index.is_none() && room.has(RoomFlag::NoOutside) {
            Silence::Outside
        } else if is_ctcp && room.has(RoomFlag::NoCtcp) {
            Silence::NoCtcp
        } else if speech == Some(Speech::Notice) && room.has(RoomFlag::NoNotices) {
            Silence::NoNotices
        } else if !ranks.is_empty() {
            return Ok(());
        } else if room.has(RoomFlag::Moderated) {
            Silence::Moderated
        } else if room.has(RoomFlag::RegisteredSpeak)
            && self.users[who.slot as usize].account().is_none()
        {
            Silence::Unregistered
        } else {
            match self.speech_status(who, id) {
                SpeechStatus::Banned => Silence::Banned,
                SpeechStatus::Muted => Silence::Muted,
                SpeechStatus::Free | SpeechStatus::Unknown => return Ok(()),
            }
        };
        let room = self.room_name(id);
        Err(Refusal::CannotSpeak { room, why })
    }

    /// Whether a room's lists let a user speak; never [`SpeechStatus::Unknown`]. Remembered for members.
    pub(super) fn speech_status(&mut self, who: UserId, id: RoomId) -> SpeechStatus {
        let room = &self.rooms[id.slot as usize];
        let Some(rules) = &room.rules else {
            return SpeechStatus::Free;
        };
        let index = self.index_of(who, room);
        match index.map(|index| room.members[index].speech_status) {
            None | Some(SpeechStatus::Unknown) => {}
            Some(known) => return known,
        }
        let mut tried = 0;
        let speech_status = rules.speech_status_of(&self.users[who.slot as usize], &mut tried);
        self.charge(tried);
        if let Some(index) = index {
            self.rooms[id.slot as usize].members[index].speech_status = speech_status;
        }
        speech_status
    }

    /// Refuses a new name to those who are banned or muted somewhere, for that would be a way out of the ban.
    pub(super) fn check_renaming(&mut self, who: UserId) -> Result<(), Refusal> {
        let memberships = self.users[who.slot as usize].rooms.clone();
        self.charge_each(memberships.len(), effort::LOOKED_AT);
        for membership in memberships {
            let room = &self.rooms[membership.room as usize];
            let id = room.id;
            let has_rank = !room.members[membership.index as usize].ranks.is_empty();
            if !has_rank && self.speech_status(who, id) != SpeechStatus::Free {
                let room = self.room_name(id);
                return Err(Refusal::BannedFromRenaming { room });
            }
        }
        Ok(())
    }

    /// A user's index in a room's list of members, if it is one.
    pub(super) fn index_of(&self, who: UserId, room: &Room) -> Option<usize> {
        let user = &self.users[who.slot as usize];
        let position = user.position_of(room.id.slot)?;
        Some(user.rooms[position].index as usize)
    }

    /// The name of a room that exists, for a refusal.
    pub(super) fn room_name(&self, room: RoomId) -> RoomName {
        self.rooms[room.slot as usize].name.clone()
    }
}
