//! Audiences of events: walks over neighbours and over rooms.
//!
//! Owns nothing. Does not know what the events are.

use super::{
    super::{Audience, Body, Destination, Now, Room, RoomId, UserId, effort, mode::Rank},
    state::Hub,
};

impl Hub {
    /// All users who share a room with a user, each once, that user not included.
    ///
    /// Each listed user is stamped with the number of this walk, which costs one store and needs no set.
    pub(super) fn neighbours(&mut self, who: UserId) -> Vec<UserId> {
        let memberships = self.users[who.slot as usize].rooms.clone();
        if let [only] = memberships[..] {
            // One room, as mostly: no user is met twice, and the records need not be touched.
            let members = &self.rooms[only.room as usize].members;
            self.charge_each(members.len(), effort::LOOKED_AT);
            return members
                .iter()
                .map(|member| member.user)
                .filter(|&user| user != who)
                .collect();
        }
        let stamp = self.next_visit();
        self.users[who.slot as usize].visit = stamp;
        let mut met = Vec::new();
        for membership in memberships {
            let count = self.rooms[membership.room as usize].members.len();
            self.charge_each(count, effort::LOOKED_AT);
            for member in &self.rooms[membership.room as usize].members {
                let user = &mut self.users[member.user.slot as usize];
                if user.visit != stamp {
                    user.visit = stamp;
                    met.push(member.user);
                }
            }
        }
        met
    }

    /// Emits an event to a user and to all who share a room with it.
    pub(super) fn emit_around(&mut self, who: UserId, body: Body, now: Now) {
        let mut told = self.neighbours(who);
        told.push(who);
        self.emit(who, Audience::Users(told), body, now);
    }

    /// The audience of what `who` sends to a destination, `who` included.
    pub(super) fn audience_at(&self, destination: Destination, who: UserId) -> Audience {
        match destination {
            Destination::Room(room) if self.is_member(who, room) => Audience::Room(room),
            Destination::Room(room) => {
                let mut told: Vec<_> = self.members(room).collect();
                told.push(who);
                Audience::Users(told)
            }
            Destination::Ranked(least, room) => {
                let mut told = self.members_ranked(room, least);
                if !told.contains(&who) {
                    told.push(who);
                }
                Audience::Users(told)
            }
            Destination::User(to) if to == who => Audience::Users(vec![who]),
            Destination::User(to) => Audience::Users(vec![who, to]),
        }
    }

    /// Members with at least this rank.
    pub(super) fn members_ranked(&self, room: RoomId, least: Rank) -> Vec<UserId> {
        let members = self.members_with_ranks(room);
        let count = self.room(room).map_or(0, Room::member_count);
        self.charge_each(count, effort::LOOKED_AT);
        members
            .filter(|(_, ranks)| ranks.is_at_least(least))
            .map(|(user, _)| user)
            .collect()
    }

    /// The number of a new walk. When they have all been used, the stamps of old walks are wiped off first.
    fn next_visit(&mut self) -> u32 {
        if self.last_visit == u32::MAX {
            self.last_visit = 0;
            for (_, user) in &mut self.users {
                user.visit = 0;
            }
        }
        self.last_visit += 1;
        self.last_visit
    }
}
