//! History, when the server starts: what was stored decides from where numbers and times go on.
//!
//! Owns nothing. The lines stay where they are.

use super::{History, records};
use crate::{
    chat::{Hub, MessageId, Nick, Now, RoomId, WallTime},
    history::Buffer,
    server::shared::store::Store,
    store::{BufferEnd, BufferKey},
};
use rustc_hash::FxHashMap;

/// Times of all rooms go on from the last one that was stored, unless that is further ahead of the clock than this: then one
/// of the two is wrong, and to wait for the clock would take too long. In each room times rise in any case.
const AHEAD_MAX_MS: i64 = 24 * 3600 * 1000;

/// Takes the last lines of all buffers over. The registered rooms are there already.
pub(crate) fn restore(
    history: &mut History,
    hub: &mut Hub,
    store: &mut Store,
    ends: Vec<BufferEnd>,
    now: Now,
) {
    let mut rooms: FxHashMap<u64, RoomId> = FxHashMap::default();
    for (id, room) in hub.registered_rooms() {
        rooms.insert(room.serial().0, id);
    }
    let rules = hub.rules();
    let mut last_account: Option<String> = None;
    for end in ends {
        hub.number_messages_after(MessageId(end.id));
        let time = WallTime::from_unix_ms(end.time_ms);
        if end.time_ms.saturating_sub(now.wall.unix_ms()) < AHEAD_MAX_MS {
            hub.stamp_from(time);
        }
        match records::buffer(end.buffer.clone()) {
            Buffer::Room(serial) => {
                if let Some(&room) = rooms.get(&serial.0) {
                    hub.note_last_message(room, time);
                }
            }
            Buffer::Pair(_) => {
                let BufferKey::Pair(one, other) = end.buffer else {
                    continue;
                };
                for name in [one, other] {
                    let nick = Nick::parse(&name, rules).ok();
                    let is_known = nick.is_some_and(|nick| hub.accounts().find(&nick).is_some());
                    if !is_known && last_account.as_ref() != Some(&name) {
                        history.forget_account_of_old(&name, store);
                        last_account = Some(name);
                    }
                }
            }
        }
    }
    history.recorder.note_old_rooms(hub.last_serial());
}
