//! Events as the lines that a telnet user reads (docs/CLIENTS.md).
//!
//! Invariant: every line is made by [`line`], which cleans each part of it and ends it, so no
//! control character reaches a terminal whatever others wrote, and no line is without its CR LF.
//!
//! Owns nothing. Does not know who reads; only whether it is the author ([`View`]).

use crate::{
    chat::{
        Body, Destination, Event, Hub, Room, RoomId, SaidLine, Speech, User, UserId,
        mode::{AppliedMode, SpelledModes},
    },
    protocol::{flavour::View, sanitize},
};

/// Appends one line made of `parts`.
pub(super) fn line(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        sanitize::push(out, part);
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

/// Appends the lines of an event; returns whether there are any.
///
/// A telnet user sees notices as ordinary messages: the difference is one between programs.
pub fn encode(view: View, event: &Event, hub: &Hub, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    // Records of an event can be read until the next command: if one is missing all the same,
    // nothing is the right thing to show.
    let Some(author) = hub.user(event.author) else {
        return false;
    };
    let nick = author.nick().as_str();
    // Whose doing it was, as a subject.
    let who = if view.is_own() { "you" } else { nick };
    let name = |room: &RoomId| hub.room(*room).map_or("", |room| room.name().as_str());
    match (&event.body, view) {
        (Body::AccountChanged, View::Author | View::Elsewhere) => match author.account() {
            Some(account) => line(out, &["* you are logged in as ", account]),
            None => line(out, &["* you are logged out"]),
        },
        (Body::AwayChanged, View::Author | View::Elsewhere) => away(author, out),
        (Body::Joined { room }, _) => line(out, &["* ", nick, " joined ", name(room)]),
        (Body::Left { room, reason }, _) => {
            let [open, why, close] = because(reason);
            line(out, &["* ", who, " left ", name(room), open, why, close]);
        }
        (Body::Quit { reason, .. }, _) => {
            let [open, why, close] = because(reason);
            line(out, &["* ", nick, " quit", open, why, close]);
        }
        (Body::Refused(_), View::Elsewhere) => {}
        (Body::Refused(refusals), _) => {
            for sentence in refusals {
                refusal(out, &sentence.to_string());
            }
        }
        (Body::Renamed { .. }, View::Author | View::Elsewhere) => {
            line(out, &["* you are now known as ", nick])
        }
        (Body::Renamed { old }, View::Other) => {
            line(out, &["* ", old.as_str(), " is now known as ", nick]);
        }
        (
            Body::Said {
                destination,
                speech,
                text,
            },
            _,
        ) => said(out, (view, event), *destination, *speech, text, hub),
        (
            Body::SaidLines {
                destination,
                speech,
                lines,
            },
            _,
        ) => {
            for text in whole_lines(lines) {
                said(out, (view, event), *destination, *speech, &text, hub);
            }
        }
        (Body::TopicChanged { room }, _) => topic_changed(out, who, hub.room(*room)),
        (Body::UserModesChanged { changes }, View::Author | View::Elsewhere) => {
            let spelled = SpelledModes::of_user(changes);
            line(out, &["* your modes: ", &spelled.letters]);
        }
        (Body::Wallops { text }, _) => line(out, &["* ", who, " to all who listen: ", text]),
        // A terminal cannot unsay a line, shows no tags, and has no place for real names.
        (
            Body::AccountChanged
            | Body::AwayChanged
            | Body::RealnameChanged
            | Body::Redacted { .. }
            | Body::Tagged { .. }
            | Body::UserModesChanged { .. },
            _,
        ) => {}
        (
            Body::Invited { .. }
            | Body::InviteSeen { .. }
            | Body::Kicked { .. }
            | Body::Knocked { .. }
            | Body::ModesChanged { .. }
            | Body::RoomRenamed { .. },
            _,
        ) => order(out, (view, event), who, hub),
    }
    out.len() > start
}

/// Events of moderation: kicks, invitations, modes.
fn order(out: &mut Vec<u8>, (view, event): (View, &Event), who: &str, hub: &Hub) {
    let room_name = |room: &RoomId| hub.room(*room).map_or("", |room| room.name().as_str());
    let nick = |user| hub.user(user).map_or("", |user| user.nick().as_str());
    match &event.body {
        Body::Invited { room, user } if view.is_own() => {
            line(
                out,
                &["* you invited ", nick(*user), " to ", room_name(room)],
            );
        }
        Body::Invited { room, .. } => {
            let name = room_name(room);
            line(out, &["* ", who, " invites you: /join ", name]);
        }
        Body::InviteSeen { room, user } => {
            let (whom, name) = (nick(*user), room_name(room));
            line(out, &["* ", who, " invited ", whom, " to ", name]);
        }
        Body::Kicked { room, user, reason } => {
            // Without a reason the hub puts the author's nick there, which the line has already.
            let is_reason = **reason != *nick(event.author);
            let [open, why, close] = because(if is_reason { reason } else { "" });
            let (whom, name) = (nick(*user), room_name(room));
            line(
                out,
                &[
                    "* ", who, " kicked ", whom, " out of ", name, open, why, close,
                ],
            );
        }
        Body::Knocked { room, .. } if view.is_own() => {
            line(out, &["* you knocked at ", room_name(room)]);
        }
        Body::Knocked { room, text } => {
            let [open, why, close] = because(text);
            line(
                out,
                &["* ", who, " knocks at ", room_name(room), open, why, close],
            );
        }
        Body::ModesChanged { room, changes } => {
            let changes = modes(changes, hub);
            line(
                out,
                &["* ", who, " set ", &changes, " in ", room_name(room)],
            );
        }
        Body::RoomRenamed { room, old, reason } => {
            let [open, why, close] = because(reason);
            let (old, new) = (old.as_str(), room_name(room));
            line(
                out,
                &["* ", who, " renamed ", old, " to ", new, open, why, close],
            );
        }
        _ => {}
    }
}

/// Changes of modes, as one reads them: `+o-v alice bob`.
fn modes(changes: &[AppliedMode], hub: &Hub) -> String {
    let spelled = SpelledModes::of_room(changes, |user| hub.nick_of(user));
    let mut text = spelled.letters;
    for parameter in spelled.parameters {
        text.extend([" ", &parameter]);
    }
    text
}

/// Words of a room or from one to another. A CTCP is a question of one program to another: no one here reads it.
fn said(
    out: &mut Vec<u8>,
    (view, event): (View, &Event),
    destination: Destination,
    speech: Speech,
    text: &str,
    hub: &Hub,
) {
    if text.starts_with('\x01') {
        return;
    }
    let nick = hub
        .user(event.author)
        .map_or("", |user| user.nick().as_str());
    let (room, rank) = match destination {
        Destination::User(to) => return private(out, (view, event), to, speech, text, hub),
        Destination::Room(room) => (room, None),
        Destination::Ranked(rank, room) => (room, Some(rank)),
    };
    // The user's own line is on the screen already.
    if view == View::Author {
        return;
    }
    let room = hub.room(room).map_or("", |room| room.name().as_str());
    // Words for those of some rank: ` (@)`.
    let rank = rank.map_or(String::new(), |rank| format!(" ({})", rank.prefix()));
    match speech {
        Speech::Action => line(out, &[room, &rank, " * ", nick, " ", text]),
        Speech::Message | Speech::Notice => line(out, &[room, &rank, " <", nick, "> ", text]),
    }
}

/// The lines of a message of several, those that go on put together and empty ones left out.
pub(super) fn whole_lines(lines: &[SaidLine]) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    for line in lines {
        match whole.last_mut() {
            Some(last) if line.concat => last.push_str(&line.text),
            _ => whole.push(line.text.to_string()),
        }
    }
    whole.retain(|line| !line.is_empty());
    whole
}

fn away(author: &User, out: &mut Vec<u8>) {
    match author.away() {
        Some(text) => line(out, &["* you are away: ", text]),
        None => line(out, &["* you are back"]),
    }
}

/// A reason in parentheses after what happened, or nothing.
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
fn private(
    out: &mut Vec<u8>,
    (view, event): (View, &Event),
    to: UserId,
    speech: Speech,
    text: &str,
    hub: &Hub,
) {
    let name = |user| hub.user(user).map_or("", |user| user.nick().as_str());
    let nick = name(event.author);
    let [star, who, gap] = match speech {
        Speech::Action => ["* ", nick, " "],
        Speech::Message | Speech::Notice => [""; 3],
    };
    let is_to_oneself = to == event.author;
    // On another connection, what one wrote to oneself is there once.
    if view == View::Author || (view == View::Elsewhere && !is_to_oneself) {
        line(out, &["-> *", name(to), "* ", star, who, gap, text]);
    }
    if view == View::Other || is_to_oneself {
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
