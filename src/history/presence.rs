//! Since when users are in their rooms, for servers where that decides what they may read, and for those that keep who came
//! and went: when a user has quit, its rooms are not in its record any more.
//!
//! Owns an entry for each membership, and only where it is asked for: an idle user pays for it. Does not know lines.

use crate::chat::{Body, Event, Hub, RoomId, RoomSerial, UserId, WallTime};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A user's stay in a room.
#[derive(Clone, Debug)]
struct Stay {
    room: RoomId,
    serial: RoomSerial,
    since: WallTime,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Presence {
    by_user: FxHashMap<UserId, SmallVec<[Stay; 2]>>,
}

impl Presence {
    /// Of all who are in rooms now, as if they had come now.
    pub(super) fn of_all(hub: &Hub, now: WallTime) -> Self {
        let mut presence = Self::default();
        for (user, _) in hub.users() {
            for room in hub.rooms_of(user) {
                presence.add(user, room, hub, now);
            }
        }
        presence
    }

    fn add(&mut self, user: UserId, room: RoomId, hub: &Hub, since: WallTime) {
        if let Some(record) = hub.room(room) {
            let serial = record.serial();
            let stays = self.by_user.entry(user).or_default();
            stays.push(Stay {
                room,
                serial,
                since,
            });
        }
    }

    fn remove(&mut self, user: UserId, room: RoomId) {
        if let Some(stays) = self.by_user.get_mut(&user) {
            stays.retain(|stay| stay.room != room);
            if stays.is_empty() {
                self.by_user.remove(&user);
            }
        }
    }

    /// Follows an event. Returns the rooms that a user who quits has left with that.
    pub(super) fn follow(&mut self, event: &Event, hub: &Hub) -> SmallVec<[RoomId; 2]> {
        match event.body {
            Body::Joined { room } => self.add(event.author, room, hub, event.time),
            Body::Left { room, .. } => self.remove(event.author, room),
            Body::Kicked { room, user, .. } => self.remove(user, room),
            Body::Quit { .. } => {
                let stays = self.by_user.remove(&event.author).unwrap_or_default();
                return stays.into_iter().map(|stay| stay.room).collect();
            }
            _ => {}
        }
        SmallVec::new()
    }

    /// Since when a user is in a room.
    pub(super) fn since(&self, user: UserId, room: RoomSerial) -> Option<WallTime> {
        let stays = self.by_user.get(&user)?;
        let stay = stays.iter().find(|stay| stay.serial == room)?;
        Some(stay.since)
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        self.by_user.capacity() * size_of::<(UserId, SmallVec<[Stay; 2]>)>()
    }
}
