//! What a person can ask of the [`Hub`](super::Hub): one value for each wish, already parsed and valid in form.
//!
//! Owns nothing: texts are borrowed from the line they came in. Does not know which protocol asked, nor whether the
//! wish will be granted; the hub decides that and answers with events or a [`Refusal`](super::Refusal).

use super::{Nick, RoomName, event::Speech};

/// One wish of one person.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// Stand in a room; it comes into being with its first member. Being there already is no error and no event.
    Join {
        /// The room to stand in.
        room: RoomName,
    },
    /// Leave a room; it ceases to exist with its last member.
    Leave {
        /// The room to leave.
        room: RoomName,
        /// Why, in the leaver's words; empty for no reason given.
        reason: &'a str,
    },
    /// Become known by another name.
    Rename {
        /// The new name. One's own present name is never in the way, so a change of case is granted (but for the rare
        /// name beyond ASCII whose other case imitates someone else); the very same name is no event.
        nick: Nick,
    },
    /// Speak to a room or to one person.
    Say {
        /// Who shall hear it.
        to: Target<'a>,
        /// In which manner.
        speech: Speech,
        /// The words; not empty, no line ends, no NUL.
        text: &'a str,
    },
    /// Be away (with a word why), or be back (`None`).
    SetAway {
        /// The word why, never empty.
        text: Option<&'a str>,
    },
    /// Change a room's topic; empty text clears it.
    SetTopic {
        /// The room.
        room: RoomName,
        /// The new topic; the very same one is no event.
        text: &'a str,
    },
    /// Leave every room and the server. The person's id is invalid afterwards, but for the events of this command.
    Quit {
        /// Why, in words that are shown to others; empty for no reason given.
        reason: &'a str,
    },
}

/// Who is spoken to.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// Everyone in a room but the speaker.
    Room(&'a RoomName),
    /// One person, by name as it was typed.
    User(&'a str),
}
