//! The times of events: how they rise.
//!
//! Owns nothing. Does not know who reads them.

use super::state::Hub;
use crate::chat::{Body, Destination, Now, RoomId, UserId, WallTime};

/// How the time of an event relates to that of the last one in its room.
enum Order {
    /// Later: clients ask for what is after a time, and must get all of that.
    Later(RoomId),
    /// Not earlier. Of a thousand who join at once, each later than the one before, the last would be a second ahead.
    NotEarlier(RoomId),
}

impl Hub {
    /// No event is earlier than this from now on, for one that was stored by an earlier process has this time.
    pub fn stamp_from(&mut self, time: WallTime) {
        self.last_time = self.last_time.max(time);
    }

    /// The next message of a room is later than this.
    pub fn note_last_message(&mut self, room: RoomId, time: WallTime) {
        if self.room(room).is_some() {
            let last = &mut self.rooms[room.slot as usize].last_message;
            *last = time.max(*last);
        }
    }

    /// The time that an event is shown with: the wall clock's, but no event is earlier than one before it, and each message
    /// of a room, or between two accounts, is later than the one before. Clients sort by it and ask for history by it; when
    /// the clock is set back they must not see an answer before its question. So stamps do not rise until the clock has
    /// caught up.
    pub(super) fn stamp(&mut self, author: UserId, body: &Body, now: Now) -> WallTime {
        let time = self.last_time.max(now.wall);
        self.last_time = time;
        // Not for the others: a room with more than one message a millisecond runs ahead alone.
        match order(body) {
            Some(Order::Later(room)) => {
                let last = &mut self.rooms[room.slot as usize].last_message;
                *last = time.max(last.next());
                *last
            }
            Some(Order::NotEarlier(room)) => time.max(self.rooms[room.slot as usize].last_message),
            None => self.stamp_private(author, body, time),
        }
    }

    fn stamp_private(&mut self, author: UserId, body: &Body, time: WallTime) -> WallTime {
        let account = |user| self.user(user).and_then(|user| user.account_id());
        let pair = match body.destination_of_message() {
            Some(Destination::User(to)) => account(author).zip(account(to)),
            _ => None,
        };
        match pair {
            Some((one, other)) => self.pair_times.next(one, other, time),
            None => time,
        }
    }
}

fn order(body: &Body) -> Option<Order> {
    if let Some(Destination::Room(room) | Destination::Ranked(_, room)) =
        body.destination_of_message()
    {
        return Some(Order::Later(room));
    }
    match *body {
        Body::Kicked { room, .. }
        | Body::ModesChanged { room, .. }
        | Body::RoomRenamed { room, .. }
        | Body::TopicChanged { room } => Some(Order::Later(room)),
        Body::Joined { room } | Body::Left { room, .. } => Some(Order::NotEarlier(room)),
        _ => None,
    }
}
