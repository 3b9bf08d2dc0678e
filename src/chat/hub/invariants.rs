//! The check of the hub's invariants, for tests.
//!
//! Reads everything, changes nothing.

use super::{
    super::{
        User,
        mode::{ListKind, UserMode},
        room::SpeechStatus,
    },
    state::{Counts, Hub, nick_in, room_name_in, slot_of},
};

impl Hub {
    /// Panics with the name of the broken invariant. Costs a walk over everything: for tests, after each step.
    pub fn check_invariants(&self) {
        for (id, user) in self.users() {
            let account = user.account_id();
            assert!(
                account.is_none_or(|account| self.accounts.name(account).is_some()),
                "accounts: the account of a user exists"
            );
            assert_eq!(
                self.user(id).map(User::id),
                Some(id),
                "an id finds its record"
            );
            for (position, membership) in user.rooms.iter().enumerate() {
                let room = &self.rooms[membership.room as usize];
                assert_eq!(
                    room.members.get(membership.index as usize).map(|m| m.user),
                    Some(id),
                    "membership: the room lists the person at the index they know"
                );
                assert_eq!(
                    user.position_of(membership.room),
                    Some(position),
                    "membership: a person stands in a room once"
                );
            }
            assert!(
                user.rooms.len() <= self.limits.rooms_per_user,
                "limit: rooms per user"
            );
            if let Some(cold) = &user.cold {
                assert!(
                    cold.invitations.len() <= self.limits.invitations,
                    "limit: invitations"
                );
                assert!(
                    cold.away.is_some()
                        || cold.certificate.is_some()
                        || cold.account.is_some()
                        || !cold.invitations.is_empty(),
                    "what few people have is kept only for those who have it"
                );
            }
        }
        self.check_counts();
        self.check_kept();
        self.check_registered();
        for (key, room) in &self.rooms {
            assert_eq!(slot_of(key), room.id.slot, "a room knows its slot");
            assert_eq!(
                room.members.is_empty(),
                self.vanished.contains(&room.id.slot) || self.waits(room.id.slot),
                "a room without members is registered, or has just vanished"
            );
            assert!(
                room.rules.as_ref().is_none_or(|rules| !rules.is_empty()),
                "rules are kept only for rooms that have any"
            );
            for kind in ListKind::ALL {
                let count = room.list(kind).len();
                assert!(count <= self.limits.masks, "limit: masks on a list");
            }
            for (index, member) in room.members.iter().enumerate() {
                let user = self.user(member.user).expect("membership: a member exists");
                assert!(
                    user.rooms
                        .iter()
                        .any(|m| m.room == room.id.slot && m.index as usize == index),
                    "membership: the person knows the room that lists them"
                );
                let speech_status = room
                    .rules
                    .as_ref()
                    .map(|rules| rules.speech_status_of(user, &mut 0));
                assert!(
                    member.speech_status == SpeechStatus::Unknown
                        || member.speech_status == speech_status.unwrap_or(SpeechStatus::Free),
                    "speech_status: what is remembered is what the lists say"
                );
            }
        }
        if let Some(slot) = self.departed {
            assert!(
                self.users[slot as usize].rooms.is_empty(),
                "who has quit stands in no room"
            );
        }
        self.nicks.check_invariants(
            self.users().map(|(id, user)| (id.slot, user.nick.name())),
            |slot| nick_in(&self.users, slot),
        );
        let rooms = self.rooms.iter();
        let rooms = rooms.filter(|(_, room)| !self.vanished.contains(&room.id.slot));
        self.room_names.check_invariants(
            rooms.map(|(_, room)| (room.id.slot, room.name.name())),
            |slot| room_name_in(&self.rooms, slot),
        );
    }

    /// Whether a registered room has no members.
    fn waits(&self, slot: u32) -> bool {
        self.registered.holds(slot) && self.rooms[slot as usize].members.is_empty()
    }

    fn check_registered(&self) {
        let waiting = self.registered.iter();
        let waiting = waiting.filter(|&(slot, _)| self.waits(slot)).count();
        assert_eq!(waiting, self.registered.empty, "registered: empty rooms");
        for (slot, registration) in self.registered.iter() {
            let room = &self.rooms[slot as usize];
            assert_eq!(
                self.find_room(&room.name),
                Some(room.id),
                "registered: found"
            );
            let ranked = registration.ranks.iter().map(|&(account, _)| account);
            for account in ranked.chain([registration.founder]) {
                let name = self.accounts.name(account);
                assert!(name.is_some(), "registered: accounts exist");
            }
        }
    }

    fn check_counts(&self) {
        let count = |mode| {
            let users = self.users();
            users.filter(|(_, user)| user.modes.contains(mode)).count()
        };
        let expected = (count(UserMode::Invisible), count(UserMode::Operator));
        let Counts {
            invisible,
            operators,
            peak,
        } = self.counts;
        assert_eq!((invisible, operators), expected, "counts: of modes");
        assert!(peak >= self.user_count(), "counts: the peak is the most");
    }
}
