//! Why a command was refused, and the limits behind some of the refusals.
//!
//! Owns the sentences for the person who gave the command. Does not know which protocol they used.

use std::fmt::Write as _;

use super::{NameError, Nick, RoomName};

/// How much of everything there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest word left when going away, in bytes. A line of IRC must hold it beside two names.
    pub away_bytes: usize,
    /// People in all. The server's limit on clients is the one that is felt; this one keeps slots within 32 bits.
    pub users: usize,
    /// Rooms in all. One person with many connections could otherwise fill the memory with them.
    pub rooms: usize,
    /// Rooms that one person may stand in. A quit walks over all of them.
    pub rooms_per_user: usize,
    /// Longest topic, in bytes; what fits into a line of IRC beside the names.
    pub topic_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            away_bytes: 200,
            users: 1_000_000,
            rooms: 100_000,
            rooms_per_user: 100,
            topic_bytes: 390,
        }
    }
}

/// Why a command was refused; `Display` is a sentence for the person who gave it. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The word left when going away is too long.
    #[error("a word of absence may have at most {bytes_max} bytes")]
    AwayTooLong {
        /// How long it may be.
        bytes_max: usize,
    },
    /// No one can come in any more.
    #[error("the server is full, try again later")]
    Full,
    /// The id names no one (any more). Only a caller that keeps ids after a quit sees this.
    #[error("you are not here any more")]
    Gone,
    /// The wanted nick looks like one in use.
    #[error("the name {nick} looks like {existing}, who is here already")]
    LooksLike {
        /// The wanted one.
        nick: Nick,
        /// The one in use.
        existing: Nick,
    },
    /// A text is no name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The wanted nick is in use.
    #[error("the name {nick} is taken")]
    NickTaken {
        /// The one in use, as its bearer spells it.
        nick: Nick,
    },
    /// No new room can come into being.
    #[error("there are too many rooms already, enter one of those")]
    NoMoreRooms,
    /// There is no such room.
    #[error("there is no room {room}")]
    NoSuchRoom {
        /// The name that was asked for.
        room: RoomName,
    },
    /// There is no such person.
    #[error("there is no one named {}", harmless(.nick))]
    NoSuchUser {
        /// The name that was asked for, as typed: it may be no valid one.
        nick: Box<str>,
    },
    /// One has to stand in a room to speak there, to set its topic or to leave it.
    #[error("you are not in {room}")]
    NotInRoom {
        /// Which room.
        room: RoomName,
    },
    /// The name of the room that was to come into being looks like that of another.
    #[error("the name {room} looks like {existing}, a room that exists already")]
    RoomLooksLike {
        /// The wanted one.
        room: RoomName,
        /// The existing one.
        existing: RoomName,
    },
    /// The topic is too long.
    #[error("a topic may have at most {bytes_max} bytes")]
    TopicTooLong {
        /// How long it may be.
        bytes_max: usize,
    },
    /// One person stands in enough rooms.
    #[error("you may be in at most {max} rooms at once, leave one first")]
    TooManyRooms {
        /// How many are allowed.
        max: usize,
    },
}

/// A text that was typed where a name belongs, cut and without control characters, fit for a sentence.
fn harmless(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    let mut harmless = String::new();
    for c in text.chars().take(CHARS_MAX) {
        if c.escape_debug().len() == 1 || c.is_alphanumeric() {
            harmless.push(c);
        } else {
            // Also quotes and combining marks; a person can still tell what they typed.
            write!(harmless, "{}", c.escape_debug()).expect("writing into a String does not fail");
        }
    }
    if text.chars().nth(CHARS_MAX).is_some() {
        harmless.push('…');
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, sentence: &str) {
        let refusal = Refusal::NoSuchUser { nick: typed.into() };
        assert_eq!(refusal.to_string(), sentence);
    }

    #[test]
    fn what_was_typed_is_repeated_harmlessly() {
        check("bob", "there is no one named bob");
        check("길동", "there is no one named 길동");
        check(
            "\x1b[2J\u{202e}",
            "there is no one named \\u{1b}[2J\\u{202e}",
        );
        let long = format!("there is no one named {}…", "x".repeat(40));
        check(&"x".repeat(5_000), &long);
    }
}
