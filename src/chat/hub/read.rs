//! Reading the hub: records, names, audiences, and the check of its invariants. Nothing here changes anything.

use super::{
    super::{
        Audience, Limits, NameRules, Nick, Room, RoomId, RoomName, User, UserId, effort,
        mode::{ListKind, Rank, Ranks, RoomFlag, UserMode},
        whowas::Was,
    },
    state::{Counts, Hub, nick_in, room_name_in, slot_of},
};

impl Hub {
    /// The rules for names.
    pub fn rules(&self) -> NameRules {
        self.rules
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many there are of a kind.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A user's record; also that of one who quit with the last mutation.
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users
            .get(id.slot as usize)
            .filter(|user| user.id == id)
    }

    /// Whether a user is here. The record of one who quit with the last mutation can still be read, but it is gone.
    pub fn is_here(&self, id: UserId) -> bool {
        self.user(id).is_some() && self.departed != Some(id.slot)
    }

    /// A user's nick; also that of one who quit with the last mutation.
    pub fn nick_of(&self, id: UserId) -> Option<Nick> {
        self.user(id).map(|user| user.nick().clone())
    }

    /// A user by nick, under the casemapping; `nick` is as typed and need not be a valid name.
    pub fn find_user(&self, nick: &str) -> Option<UserId> {
        let name_of = |slot| nick_in(&self.users, slot);
        let slot = if nick.is_ascii() {
            self.nicks.find_ascii(nick, name_of)?
        } else {
            let nick = Nick::parse(nick, self.rules).ok()?;
            self.nicks.find(nick.name(), name_of)?
        };
        Some(self.users[slot as usize].id)
    }

    /// How many users there are.
    pub fn user_count(&self) -> usize {
        self.nicks.len()
    }

    /// All users, in no particular order.
    pub fn users(&self) -> impl Iterator<Item = (UserId, &User)> {
        self.users
            .iter()
            .filter(|&(key, _)| self.departed != Some(slot_of(key)))
            .map(|(_, user)| (user.id, user))
    }

    /// All users whose slot is at least `slot`, by rising slot. A reply in pages continues after the last slot that it
    /// listed: each user who is there all the time appears in it once.
    pub fn users_from(&self, slot: u32) -> impl Iterator<Item = (UserId, &User)> {
        (slot as usize..self.users.capacity())
            .filter_map(|key| self.users.get(key))
            .filter(|user| self.departed != Some(user.id.slot))
            .map(|user| (user.id, user))
    }

    /// The former bearers of a nick, the newest first; `nick` is as typed.
    pub fn whowas(&self, nick: &str) -> impl Iterator<Item = &Was> + use<'_> {
        let nick = Nick::parse(nick, self.rules).ok();
        // A walk over a thousand names.
        self.charge(effort::COMMAND);
        nick.into_iter().flat_map(|nick| self.whowas.of(nick))
    }

    /// A room's record; also that of one that vanished with the last mutation.
    pub fn room(&self, id: RoomId) -> Option<&Room> {
        self.rooms
            .get(id.slot as usize)
            .filter(|room| room.id == id)
    }

    /// A room by name, under the casemapping.
    pub fn find_room(&self, name: &RoomName) -> Option<RoomId> {
        let slot = self
            .room_names
            .find(name.name(), |slot| room_name_in(&self.rooms, slot))?;
        Some(self.rooms[slot as usize].id)
    }

    /// How many rooms there are, those that wait without members not included.
    pub fn room_count(&self) -> usize {
        self.room_names.len() - self.registered.empty
    }

    /// All rooms, in no particular order.
    pub fn rooms(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        self.rooms
            .iter()
            .map(|(_, room)| (room.id, room))
            .filter(|(_, room)| !room.members.is_empty())
    }

    /// All rooms whose slot is at least `slot`, by rising slot; see [`Hub::users_from`].
    pub fn rooms_from(&self, slot: u32) -> impl Iterator<Item = (RoomId, &Room)> {
        (slot as usize..self.rooms.capacity())
            .filter_map(|key| self.rooms.get(key))
            .filter(|room| !room.members.is_empty())
            .map(|room| (room.id, room))
    }

    /// The rooms of a user, in the order in which it joined them; none if there is no such user.
    pub fn rooms_of(&self, who: UserId) -> impl Iterator<Item = RoomId> {
        let memberships = self.user(who).map_or(&[][..], |user| &user.rooms);
        memberships
            .iter()
            .map(|membership| self.rooms[membership.room as usize].id)
    }

    /// The members of a room, in no particular order; none if there is no such room.
    pub fn members(&self, room: RoomId) -> impl Iterator<Item = UserId> {
        let members = self.room(room).map_or(&[][..], |room| &room.members);
        members.iter().map(|member| member.user)
    }

    /// The members of a room with their ranks, in the order of [`Hub::members`].
    pub fn members_with_ranks(&self, room: RoomId) -> impl Iterator<Item = (UserId, Ranks)> {
        self.members_from(room, 0)
    }

    /// The same from an index on, for replies in pages. When a member leaves meanwhile, the last of the list takes its
    /// place, and so may appear a second time or not at all.
    pub fn members_from(
        &self,
        room: RoomId,
        start: usize,
    ) -> impl Iterator<Item = (UserId, Ranks)> {
        let members = self.room(room).map_or(&[][..], |room| &room.members);
        let members = members.get(start..).unwrap_or_default();
        members.iter().map(|member| (member.user, member.ranks))
    }

    /// A user's ranks in a room; none if it is no member.
    pub fn ranks(&self, who: UserId, room: RoomId) -> Ranks {
        let (Some(room), Some(_)) = (self.room(room), self.user(who)) else {
            return Ranks::EMPTY;
        };
        self.index_of(who, room)
            .and_then(|index| room.members.get(index))
            .map_or(Ranks::EMPTY, |member| member.ranks)
    }

    /// Whether a user may know that there is such a room, and its members: it is not secret, or the user is a member.
    pub fn is_visible(&self, room: RoomId, viewer: UserId) -> bool {
        let is_open = |room: &Room| !room.has(RoomFlag::Secret);
        self.room(room).is_some_and(is_open) || self.is_member(viewer, room)
    }

    /// Whether lists show a user to another: it is not invisible, or they share a room, or they are the same.
    pub fn is_listed(&self, user: UserId, viewer: UserId) -> bool {
        let is_open = |user: &User| !user.modes().contains(UserMode::Invisible);
        if user == viewer || self.user(user).is_some_and(is_open) {
            return true;
        }
        let rooms = self.user(user).map_or(0, |user| user.rooms.len());
        self.charge_each(rooms, effort::LOOKED_AT);
        self.rooms_of(user).any(|room| self.is_member(viewer, room))
    }

    /// Whether a user may read a list of masks: all may read bans, half-operators and above the others.
    pub fn may_read_list(&self, viewer: UserId, room: RoomId, kind: ListKind) -> bool {
        kind == ListKind::Ban || self.ranks(viewer, room).is_at_least(Rank::HalfOperator)
    }

    /// The rooms to which a user is invited, the oldest invitation first (`RPL_INVITELIST`, 336).
    pub fn invitations(&self, who: UserId) -> impl Iterator<Item = RoomId> {
        let cold = self.user(who).and_then(|user| user.cold.as_ref());
        let invitations = cold.map_or(&[][..], |cold| &cold.invitations);
        invitations
            .iter()
            .map(|invitation| invitation.room)
            .filter(|&room| self.room(room).is_some_and(|room| room.member_count() > 0))
    }

    /// Whether a user is a member of a room.
    pub fn is_member(&self, who: UserId, room: RoomId) -> bool {
        // By the person's list of rooms: it is the shorter one. The room's generation is checked, for a slot in that
        // list may have been another room's before.
        self.room(room).is_some()
            && self
                .user(who)
                .is_some_and(|user| user.position_of(room.slot).is_some())
    }

    /// How many users an audience has.
    pub(super) fn count_in(&self, audience: &Audience) -> usize {
        match audience {
            Audience::Room(room) => self.room(*room).map_or(0, Room::member_count),
            Audience::Users(users) => users.len(),
        }
    }

    /// Calls `tell` once for each user of an audience.
    pub fn for_each_in(&self, audience: &Audience, tell: impl FnMut(UserId)) {
        match audience {
            Audience::Room(room) => self.members(*room).for_each(tell),
            Audience::Users(users) => users.iter().copied().for_each(tell),
        }
    }
}
