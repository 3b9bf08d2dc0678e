//! Memory that users make the hub keep: counted as it changes, bounded for each network and in all.
//!
//! The counts are in `kept`. Each change of a record is made inside [`Hub::counting`], which compares the
//! record before and after; [`Hub::check_invariants`] walks over everything and compares.
//!
//! Invariant: the counts are what a walk would find. Does not know what else the process keeps.

use super::{kept::network_of, sent::Sent, state::Hub};
use crate::chat::{
    ListEntry, Room, User, UserId,
    mode::ListKind,
    refusal::Fullness,
    room::{Member, Setter},
    user::Invitation,
    whowas::Whowas,
};
use rustc_hash::FxHashMap;
use std::{net::IpAddr, rc::Rc};

impl Hub {
    /// Bytes of memory of all records, lists and indices, room kept for later included, without what the allocator
    /// adds to each of them. Costs nothing but a few additions.
    pub fn memory(&self) -> usize {
        self.users.capacity() * size_of::<Option<User>>()
            + self.rooms.capacity() * size_of::<Option<Room>>()
            + self.sent.capacity() * size_of::<Option<Sent>>()
            + self.nicks.memory()
            + self.room_names.memory()
            + self.whowas.memory()
            + self.registered.memory()
            + self.kept.bytes
    }

    /// Bytes of memory for those who were here and are gone; a part of [`memory`](Self::memory).
    pub fn whowas_memory(&self) -> usize {
        self.whowas.memory()
    }

    /// Forgets those who were here, so that there is room for those who are.
    pub fn forget_whowas(&mut self) {
        self.whowas = Whowas::default();
    }

    /// Heap bytes of the records of users and rooms: names, topics, keys, lists, members, away texts, "real names",
    /// invitations; and what makes rooms registered ones. A part of [`memory`](Self::memory).
    pub fn kept_bytes(&self) -> usize {
        self.kept.bytes + self.registered.memory()
    }

    /// Masks on all lists of all rooms.
    pub fn mask_count(&self) -> usize {
        self.kept.masks
    }

    /// Changes how many bytes may be kept behind the records before nothing more is added to lists, topics and rooms.
    pub fn set_kept_bytes_max(&mut self, bytes: usize) {
        self.limits.kept_bytes = bytes;
    }

    /// Whether users may make the hub keep more than they do.
    pub fn has_room_to_keep(&self) -> bool {
        self.kept_bytes() < self.limits.kept_bytes
    }

    /// Makes a change to the record of a user, of a room or of both, and counts what it adds or takes away. The
    /// records must be there before and after. Do not nest two calls for one record.
    pub(super) fn counting<T>(
        &mut self,
        user: Option<u32>,
        room: Option<u32>,
        change: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let kept = |hub: &Self| {
            let user = user.map_or(0, |slot| hub.users[slot as usize].kept());
            user + room.map_or(0, |slot| hub.rooms[slot as usize].kept())
        };
        let before = kept(self);
        let outcome = change(self);
        let after = kept(self);
        self.kept.bytes = self.kept.bytes - before + after;
        outcome
    }

    /// A record is new.
    pub(super) fn note_kept(&mut self, bytes: usize) {
        self.kept.bytes += bytes;
    }

    /// A record goes.
    pub(super) fn note_freed(&mut self, bytes: usize) {
        self.kept.bytes -= bytes;
    }

    /// A room goes, with its lists.
    pub(super) fn note_room_freed(&mut self, room: &Room) {
        self.note_freed(room.kept());
        for entry in ListKind::ALL.iter().flat_map(|&kind| room.list(kind)) {
            self.kept.note_mask_gone(entry);
        }
    }

    /// The setter of a new mask on a list that has so many, if one more mask of its network is allowed. The first few of
    /// a list are not counted against the network: a neighbour with the same address who fills a hundred lists must not
    /// keep the others from banning anyone at all.
    pub(super) fn setter_of(&self, who: UserId, listed: usize) -> Result<Rc<Setter>, Fullness> {
        let user = &self.users[who.slot as usize];
        let network = user.address().parse().ok().map(network_of);
        if self.kept.masks >= self.limits.masks_total || !self.has_room_to_keep() {
            return Err(Fullness::Server);
        }
        let of_network = network.and_then(|network| self.kept.masks_by_network.get(&network));
        let is_full =
            of_network.is_some_and(|&count| count as usize >= self.limits.masks_per_network);
        if is_full && listed >= self.limits.masks_on_any_list {
            return Err(Fullness::Network);
        }
        let name = user.mask().to_string();
        let known = self.kept.last_setter.as_ref();
        let same = known.filter(|setter| *setter.name == *name && setter.network == network);
        Ok(same.cloned().unwrap_or_else(|| {
            let name = name.into();
            Rc::new(Setter { name, network })
        }))
    }

    /// A mask was put on a list.
    pub(super) fn note_mask(&mut self, by: &Rc<Setter>) {
        self.kept.masks += 1;
        if let Some(network) = by.network {
            *self.kept.masks_by_network.entry(network).or_default() += 1;
        }
        self.kept.last_setter = Some(by.clone());
    }

    /// A mask was taken off a list.
    pub(super) fn note_mask_gone(&mut self, entry: &ListEntry) {
        self.kept.note_mask_gone(entry);
    }

    /// Compares the counts with a walk.
    pub(super) fn check_kept(&self) {
        let users: usize = self.users.iter().map(|(_, user)| user.kept()).sum();
        let rooms: usize = self.rooms.iter().map(|(_, room)| room.kept()).sum();
        assert_eq!(self.kept.bytes, users + rooms, "kept: bytes by a walk");
        let mut by_network: FxHashMap<IpAddr, u32> = FxHashMap::default();
        let mut masks = 0;
        for (_, room) in &self.rooms {
            let mut bytes = 0;
            for entry in ListKind::ALL.iter().flat_map(|&kind| room.list(kind)) {
                masks += 1;
                bytes += entry.bytes();
                if let Some(network) = entry.by.network {
                    *by_network.entry(network).or_default() += 1;
                }
            }
            let counted = room.rules.as_ref().map_or(0, |rules| rules.entry_bytes());
            assert_eq!(counted, bytes, "kept: bytes of entries by a walk");
        }
        assert_eq!(self.kept.masks, masks, "kept: masks by a walk");
        assert_eq!(self.kept.masks_by_network, by_network, "kept: by network");
        self.whowas.check_invariants();
    }
}

impl User {
    /// Bytes of memory that belong to the record and lie outside of it.
    pub(super) fn kept(&self) -> usize {
        let rooms = if self.rooms.spilled() {
            self.rooms.capacity() * size_of_val(&self.rooms[0])
        } else {
            0
        };
        let cold = self.cold.as_deref().map_or(0, |cold| {
            let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
            size_of_val(cold)
                + text(&cold.away)
                + text(&cold.certificate)
                + cold
                    .account
                    .as_ref()
                    .map_or(0, |it| it.name.name().memory())
                + cold.invitations.capacity() * size_of::<Invitation>()
        });
        self.nick.name().memory() + self.names_heap_bytes() + rooms + cold
    }
}

impl Room {
    /// Bytes of memory that belong to the record and lie outside of it.
    pub(super) fn kept(&self) -> usize {
        let topic = self.topic.as_deref();
        let topic = topic.map_or(0, |topic| size_of_val(topic) + topic.text.len());
        let rules = self.rules.as_ref().map_or(0, |rules| rules.memory());
        self.name.name().memory() + self.members.capacity() * size_of::<Member>() + topic + rules
    }
}

#[cfg(test)]
mod tests {
    use crate::chat::{
        Command, Hub, Limits, NameRules, Nick, Now, Origin, Profile, RoomName, UserId,
        mode::{ListKind, ModeChange, RoomFlags, Sign},
    };

    const RULES: NameRules = NameRules { unicode: true };

    fn enter(hub: &mut Hub, nick: &str, address: &str) -> UserId {
        let profile = Profile {
            origin: Origin::new("host", address),
            ..Profile::default()
        };
        hub.enter(Nick::parse(nick, RULES).unwrap(), profile, Now::at_ms(0))
            .unwrap()
    }

    fn apply(hub: &mut Hub, who: UserId, command: Command<'_>) {
        hub.apply(who, command, Now::at_ms(0)).unwrap();
        while hub.next_event().is_some() {}
    }

    fn join(hub: &mut Hub, who: UserId, room: &str) {
        let room = RoomName::parse(room, RULES).unwrap();
        let flags = RoomFlags::usual();
        let key = None;
        apply(hub, who, Command::Join { room, key, flags });
    }

    /// Changes one list; how many masks there are afterwards.
    fn ban(hub: &mut Hub, who: UserId, room: &str, sign: Sign, mask: &str) -> usize {
        let room = RoomName::parse(room, RULES).unwrap();
        let kind = ListKind::Ban;
        let changes = &[ModeChange::List { sign, kind, mask }];
        apply(hub, who, Command::SetRoomModes { room, changes });
        hub.check_invariants();
        hub.mask_count()
    }

    #[test]
    fn masks_have_a_total_for_each_network_and_one_for_the_server() {
        let limits = Limits {
            masks_per_network: 3,
            masks_on_any_list: 0,
            masks_total: 5,
            ..Limits::default()
        };
        let mut hub = Hub::with_limits(RULES, limits);
        let ann = enter(&mut hub, "ann", "2001:db8::1");
        let bob = enter(&mut hub, "bob", "2001:db8::2");
        let eve = enter(&mut hub, "eve", "192.0.2.1");
        for (who, room) in [(ann, "#a"), (ann, "#b"), (bob, "#c"), (eve, "#d")] {
            join(&mut hub, who, room);
        }
        assert_eq!(ban(&mut hub, ann, "#a", Sign::Plus, "one"), 1);
        assert_eq!(ban(&mut hub, ann, "#b", Sign::Plus, "two"), 2);
        assert_eq!(ban(&mut hub, bob, "#c", Sign::Plus, "three"), 3);
        // One network of 64 bits: its owner has all its addresses.
        assert_eq!(ban(&mut hub, bob, "#c", Sign::Plus, "four"), 3);
        assert_eq!(ban(&mut hub, ann, "#a", Sign::Plus, "four"), 3);
        assert_eq!(ban(&mut hub, eve, "#d", Sign::Plus, "four"), 4);
        assert_eq!(ban(&mut hub, eve, "#d", Sign::Plus, "five"), 5);
        assert_eq!(ban(&mut hub, eve, "#d", Sign::Plus, "six"), 5, "the server");
        // A removed mask makes room for another, and so does a room that vanishes.
        assert_eq!(ban(&mut hub, ann, "#a", Sign::Minus, "one"), 4);
        assert_eq!(ban(&mut hub, bob, "#c", Sign::Plus, "four"), 5);
        apply(&mut hub, eve, Command::Quit { reason: "" });
        assert_eq!(ban(&mut hub, ann, "#a", Sign::Minus, "no such"), 3);
        let fay = enter(&mut hub, "fay", "192.0.2.1");
        join(&mut hub, fay, "#f");
        assert_eq!(ban(&mut hub, fay, "#f", Sign::Plus, "one"), 4);
    }

    #[test]
    fn masks_of_users_who_left_still_count_for_their_network() {
        let limits = Limits {
            masks_per_network: 1,
            masks_on_any_list: 0,
            ..Limits::default()
        };
        let mut hub = Hub::with_limits(RULES, limits);
        let ann = enter(&mut hub, "ann", "192.0.2.1");
        let bob = enter(&mut hub, "bob", "192.0.2.2");
        join(&mut hub, ann, "#a");
        join(&mut hub, bob, "#a");
        assert_eq!(ban(&mut hub, ann, "#a", Sign::Plus, "one"), 1);
        apply(&mut hub, ann, Command::Quit { reason: "" });
        let ann = enter(&mut hub, "ann", "192.0.2.1");
        join(&mut hub, ann, "#b");
        assert_eq!(ban(&mut hub, ann, "#b", Sign::Plus, "one"), 1);
    }

    #[test]
    fn a_full_share_takes_no_masks_and_lets_all_be_removed() {
        let mut hub = Hub::new(RULES);
        let ann = enter(&mut hub, "ann", "192.0.2.1");
        join(&mut hub, ann, "#a");
        assert_eq!(ban(&mut hub, ann, "#a", Sign::Plus, "one"), 1);
        hub.set_kept_bytes_max(hub.kept_bytes());
        assert_eq!(ban(&mut hub, ann, "#a", Sign::Plus, "two"), 1);
        let room = || RoomName::parse("#a", RULES).unwrap();
        let topic = |text| Command::SetTopic { room: room(), text };
        assert!(hub.apply(ann, topic("long"), Now::at_ms(0)).is_err());
        let other = RoomName::parse("#b", RULES).unwrap();
        let (key, flags) = (None, RoomFlags::usual());
        let open = Command::Join {
            room: other,
            key,
            flags,
        };
        assert!(hub.apply(ann, open, Now::at_ms(0)).is_err());
        assert_eq!(ban(&mut hub, ann, "#a", Sign::Minus, "one"), 0);
        apply(&mut hub, ann, topic("now"));
        apply(&mut hub, ann, topic(""));
        hub.check_invariants();
    }

    #[test]
    fn a_mask_costs_little_more_than_its_text() {
        let limits = Limits {
            masks: 1000,
            ..Limits::default()
        };
        let mut hub = Hub::with_limits(RULES, limits);
        let ann = enter(&mut hub, "ann", "192.0.2.1");
        join(&mut hub, ann, "#a");
        let before = hub.memory();
        for number in 0..1000 {
            ban(
                &mut hub,
                ann,
                "#a",
                Sign::Plus,
                &format!("somebody{number}"),
            );
        }
        let each = (hub.memory() - before) / 1000;
        // The name of who set it is counted each time, and held once.
        assert!(each <= 220, "{each} bytes each");
    }

    #[test]
    fn each_user_takes_memory() {
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
