//! What has happened, as the lines a telnet user reads (DESIGN section 6).
//!
//! Invariant: every line is made by [`line`], which cleans each part of it and ends it, so no
//! control character reaches a terminal whatever others wrote, and no line is without its CR LF.
//!
//! Owns nothing. Does not know who reads; only whether it is the author ([`View`]).

use super::clean;
use crate::{
    chat::{Body, Event, Hub, Room, RoomId, Speech, User},
    protocol::flavour::View,
};

/// Appends one line made of `parts`.
pub(super) fn line(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        clean::push(out, part);
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a line of news: `* text`.
pub fn news(out: &mut Vec<u8>, text: &str) {
    line(out, &["* ", text]);
}

/// Appends a refusal or an error: `! text`.
pub fn refusal(out: &mut Vec<u8>, text: &str) {
    line(out, &["! ", text]);
}

/// Appends what `event` looks like; says whether there is anything to see.
///
/// A telnet user sees notices as ordinary words: the difference is one between programs.
pub fn encode(view: View, event: &Event, hub: &Hub, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    // Records of an event can be read until the next command: if one is missing all the same,
    // nothing is the right thing to show.
    let Some(author) = hub.user(event.author) else {
        return false;
    };
    let nick = author.nick().as_str();
    let name = |room: &RoomId| hub.room(*room).map_or("", |room| room.name().as_str());
    match (&event.body, view) {
        (Body::AwayChanged, View::Author) => away(author, out),
        (Body::AwayChanged, View::Other) => {}
        (Body::Joined { room }, _) => line(out, &["* ", nick, " joined ", name(room)]),
        (Body::Left { room, reason }, View::Author) => {
            let [open, why, close] = because(reason);
            line(out, &["* you left ", name(room), open, why, close]);
        }
        (Body::Left { room, reason }, View::Other) => {
            let [open, why, close] = because(reason);
            line(out, &["* ", nick, " left ", name(room), open, why, close]);
        }
        (Body::Quit { reason }, _) => {
            let [open, why, close] = because(reason);
            line(out, &["* ", nick, " quit", open, why, close]);
        }
        (Body::Renamed { .. }, View::Author) => line(out, &["* you are now known as ", nick]),
        (Body::Renamed { old }, View::Other) => {
            line(out, &["* ", old.as_str(), " is now known as ", nick]);
        }
        // What one typed stands on one's own screen already.
        (Body::SaidToRoom { .. }, View::Author) => {}
        (Body::SaidToRoom { room, speech, text }, View::Other) => match speech {
            Speech::Action => line(out, &[name(room), " * ", nick, " ", text]),
            Speech::Message | Speech::Notice => line(out, &[name(room), " <", nick, "> ", text]),
        },
        (Body::SaidToUser { .. }, _) => private(view, event, nick, hub, out),
        (Body::TopicChanged { room }, View::Author) => topic_changed(out, "you", hub.room(*room)),
        (Body::TopicChanged { room }, View::Other) => topic_changed(out, nick, hub.room(*room)),
    }
    out.len() > start
}

fn away(author: &User, out: &mut Vec<u8>) {
    match author.away() {
        Some(text) => line(out, &["* you are away: ", text]),
        None => line(out, &["* you are back"]),
    }
}

/// A reason in parentheses behind what happened, or nothing.
fn because(reason: &str) -> [&str; 3] {
    if reason.is_empty() {
        [""; 3]
    } else {
        [" (", reason, ")"]
    }
}

/// A message from one to another: `-> *bob* psst` as it went out, `*alice* psst` as it came in; who
/// writes to themselves sees both. An action keeps the shape it has in a room, behind the name:
/// `*alice* * alice waves`.
fn private(view: View, event: &Event, nick: &str, hub: &Hub, out: &mut Vec<u8>) {
    let Body::SaidToUser { to, speech, text } = &event.body else {
        return;
    };
    let [star, who, gap] = match speech {
        Speech::Action => ["* ", nick, " "],
        Speech::Message | Speech::Notice => [""; 3],
    };
    if view == View::Author {
        let recipient = hub.user(*to).map_or("", |user| user.nick().as_str());
        line(out, &["-> *", recipient, "* ", star, who, gap, text]);
    }
    if view == View::Other || *to == event.author {
        line(out, &["*", nick, "* ", star, who, gap, text]);
    }
}

fn topic_changed(out: &mut Vec<u8>, who: &str, room: Option<&Room>) {
    let Some(room) = room else { return };
    let name = room.name().as_str();
    match room.topic() {
        Some(topic) => line(
            out,
            &[
                "* ",
                who,
                " changed the topic of ",
                name,
                " to: ",
                &topic.text,
            ],
        ),
        None => line(out, &["* ", who, " cleared the topic of ", name]),
    }
}
