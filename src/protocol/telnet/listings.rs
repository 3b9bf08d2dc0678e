//! Lists that a telnet user asks for: who is in a room, which rooms there are, what a room's topic
//! is.
//!
//! Invariant: however many users and rooms there are, a list is of bounded length, takes bounded
//! time, and shows how much it leaves out.
//!
//! Owns nothing. Does not know who asked.

use super::encode::{line, news};
use crate::chat::{
    Hub, ListEntry, Room, RoomId, User, UserId, cut, effort,
    mode::{ListKind, RoomFlag},
};
use std::cmp::Reverse;

/// Names shown to a user who joins a room: a few lines on a terminal, so that they do not push the
/// conversation away.
pub(super) const NAMES_ON_ARRIVAL_MAX: usize = 50;

/// Names shown to a user who asks for them: some 5 KiB.
pub(super) const NAMES_ON_REQUEST_MAX: usize = 500;

/// Rooms in a list: what one may still want to scroll through, some 30 KiB with a topic each.
const ROOMS_MAX: usize = 200;

/// Bytes of a topic in the list of rooms; `/topic` shows all of it.
const TOPIC_BYTES_MAX: usize = 120;

/// Lists of names are wrapped at this many bytes: one row of the narrowest terminal in use.
const WIDTH_BYTES: usize = 78;

/// Whether `viewer` may know of a room.
pub(super) fn is_visible(room: RoomId, viewer: Option<UserId>, hub: &Hub) -> bool {
    match viewer {
        Some(viewer) => hub.is_visible(room, viewer),
        None => hub
            .room(room)
            .is_some_and(|room| !room.has(RoomFlag::Secret)),
    }
}

/// The members of a room: `* in #lobby: alice bob (away)`, in as many lines as it takes, up to
/// `names_max` names. Those who do not want to be listed are among the `more`, but for `viewer`s who
/// are in with them.
pub(super) fn names(
    room: RoomId,
    viewer: Option<UserId>,
    names_max: usize,
    hub: &Hub,
    out: &mut Vec<u8>,
) {
    let Some(record) = hub.room(room) else {
        return;
    };
    hub.charge_each(record.member_count().min(names_max), effort::LISTED);
    let mut row = format!("* in {}:", record.name());
    let margin = row.len();
    let mut told = 0;
    for user in hub
        .members(room)
        .take(names_max)
        .filter(|&id| viewer.is_none_or(|viewer| hub.is_listed(id, viewer)))
        .filter_map(|id| hub.user(id))
    {
        let nick = user.nick().as_str();
        let mark = if user.away().is_some() { " (away)" } else { "" };
        if row.len() > margin && row.len() + 1 + nick.len() + mark.len() > WIDTH_BYTES {
            line(out, &[&row]);
            row.truncate(margin);
        }
        row.extend([" ", nick, mark]);
        told += 1;
    }
    match record.member_count().saturating_sub(told) {
        0 => line(out, &[&row]),
        more => line(out, &[&row, " and ", &more.to_string(), " more"]),
    }
}

/// Which rooms there are: `* #lobby (3): topic`, the fullest first. Of very many rooms just some
/// are shown.
pub(super) fn rooms(viewer: Option<UserId>, hub: &Hub, out: &mut Vec<u8>) {
    hub.charge_each(hub.room_count(), effort::LOOKED_AT);
    let mut all = hub.rooms().filter(|&(id, _)| is_visible(id, viewer, hub));
    let mut shown: Vec<&Room> = all.by_ref().take(ROOMS_MAX).map(|(_, room)| room).collect();
    let more = all.count();
    shown.sort_by_key(|room| (Reverse(room.member_count()), room.name().as_str()));
    for room in &shown {
        let count = room.member_count().to_string();
        let head = ["* ", room.name().as_str(), " (", &count, ")"];
        match room.topic() {
            None => line(out, &head),
            Some(topic) => {
                let (text, dots) = shortened(&topic.text, TOPIC_BYTES_MAX);
                let [star, name, open, count, close] = head;
                line(out, &[star, name, open, count, close, ": ", text, dots]);
            }
        }
    }
    if shown.is_empty() {
        news(out, "there are no rooms");
    }
    if more > 0 {
        line(out, &["* and ", &more.to_string(), " more"]);
    }
}

/// A room's topic; of a room without one, `none`.
pub(super) fn topic(room: &Room, none: Option<&str>, out: &mut Vec<u8>) {
    let name = room.name().as_str();
    match (room.topic(), none) {
        (Some(topic), _) => {
            line(
                out,
                &[
                    "* topic of ",
                    name,
                    ": ",
                    &topic.text,
                    " (set by ",
                    topic.by.as_str(),
                    ")",
                ],
            );
        }
        (None, Some(none)) => line(out, &["* ", name, none]),
        (None, None) => {}
    }
}

/// A room's modes, with the key: who asks is in.
pub(super) fn modes(room: RoomId, hub: &Hub, out: &mut Vec<u8>) {
    if let Some(room) = hub.room(room) {
        let modes = room.spelled_modes(true);
        line(out, &["* modes of ", room.name().as_str(), ": ", &modes]);
    }
}

/// A room's list of masks: `* bans in #lobby: bob!*@* (by alice)`, one line each.
pub(super) fn masks(room: RoomId, kind: ListKind, hub: &Hub, out: &mut Vec<u8>) {
    let Some(room) = hub.room(room) else {
        return;
    };
    let what = match kind {
        ListKind::Ban => "bans",
        ListKind::Exception => "exceptions from bans",
        ListKind::Invitation => "standing invitations",
    };
    hub.charge_each(room.list(kind).len(), effort::LISTED);
    let name = room.name().as_str();
    for ListEntry { mask, by, .. } in room.list(kind) {
        let (by, _) = by.name.split_once('!').unwrap_or((&by.name, ""));
        let mask = mask.as_str();
        line(
            out,
            &["* ", what, " in ", name, ": ", mask, " (by ", by, ")"],
        );
    }
    if room.list(kind).is_empty() {
        line(out, &["* no ", what, " in ", name]);
    }
}

/// That the recipient of a message is away, and why.
pub(super) fn away(user: &User, out: &mut Vec<u8>) {
    if let Some(text) = user.away() {
        line(out, &["* ", user.nick().as_str(), " is away: ", text]);
    }
}

/// The beginning of a text, whole characters of it, and dots if that is not all.
pub(super) fn shortened(text: &str, bytes_max: usize) -> (&str, &'static str) {
    let start = cut(text, bytes_max);
    let dots = if start.len() < text.len() { "..." } else { "" };
    (start, dots)
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_text_is_shortened_between_characters() {
        for (text, bytes_max, expected) in [
            ("hello", 5, ("hello", "")),
            ("hello!", 5, ("hello", "...")),
            ("안녕", 5, ("안", "...")),
            ("안녕", 2, ("", "...")),
        ] {
            assert_eq!(shortened(text, bytes_max), expected);
        }
    }
}
