//! How much memory the hub's records own: a walk, made when someone asks.

use super::{
    super::{room::Member, whowas::Was},
    Hub, Room, User, speech,
};

impl Hub {
    /// Bytes of memory of all records, lists and indices, room kept for later included, without what the allocator adds
    /// to each of them. What lies behind the rare lists of a room (bans, exceptions) counts by its records alone.
    pub fn memory(&self) -> usize {
        let users: usize = self.users.iter().map(|(_, user)| user.memory()).sum();
        let rooms: usize = self.rooms.iter().map(|(_, room)| room.memory()).sum();
        let tables = self.users.capacity() * size_of::<Option<User>>()
            + self.rooms.capacity() * size_of::<Option<Room>>()
            + self.sent.capacity() * size_of::<Option<speech::Sent>>()
            + self.whowas.capacity() * size_of::<Was>();
        users + rooms + tables + self.nicks.memory() + self.room_names.memory()
    }
}

impl User {
    /// Bytes of memory that belong to the record and lie outside of it.
    fn memory(&self) -> usize {
        let rooms = if self.rooms.spilled() {
            self.rooms.capacity() * size_of_val(&self.rooms[0])
        } else {
            0
        };
        self.nick.name().memory() + self.words_len() + rooms
    }
}

impl Room {
    /// Bytes of memory that belong to the record and lie outside of it.
    fn memory(&self) -> usize {
        let topic = self.topic.as_deref();
        self.name.name().memory()
            + self.members.capacity() * size_of::<Member>()
            + topic.map_or(0, |topic| size_of_val(topic) + topic.text.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::chat::{Command, Hub, NameRules, Nick, Now, Profile, RoomName, mode::RoomFlags};

    #[test]
    fn those_who_are_here_take_memory_and_more_take_more() {
        let rules = NameRules { unicode: true };
        let mut hub = Hub::new(rules);
        let mut before = hub.memory();
        for number in 0..4 {
            for guest in 0..1000 {
                let nick = format!("guest{number}-{guest}");
                let nick = Nick::parse(&nick, rules).unwrap();
                let user = hub.enter(nick, Profile::default(), Now::at_ms(0)).unwrap();
                let room = RoomName::parse("lobby", rules).unwrap();
                let flags = RoomFlags::usual();
                let join = Command::Join {
                    room,
                    key: None,
                    flags,
                };
                hub.apply(user, join, Now::at_ms(0)).unwrap();
                while hub.next_event().is_some() {}
            }
            let after = hub.memory();
            // Tables grow by doubling, so a thousand more may need no more room than a member of a room does.
            assert!(after > before + 10_000, "{before} {after}");
            before = after;
        }
    }
}
