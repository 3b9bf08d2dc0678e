//! What a person can ask of the [`Hub`](super::Hub): one value for each wish, already parsed and valid in form.
//!
//! Owns nothing: texts are borrowed from the line they came in. Does not know which protocol asked, nor whether the
//! wish will be granted; the hub decides that and answers with events or a [`Refusal`](super::Refusal).
//!
//! No text holds a line end or NUL.

use super::{
    MessageId, Nick, RoomName,
    event::Speech,
    mode::{ModeChange, Rank, RoomFlags, UserModeChange},
};

/// One wish of one person.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// Invite someone into a room (Modern IRC, "INVITE message").
    Invite {
        /// Into which room.
        room: RoomName,
        /// Whom, by name as typed.
        nick: &'a str,
    },
    /// Stand in a room; it comes into being with its first member. Being there already is no error and no event.
    Join {
        /// The room to stand in.
        room: RoomName,
        /// The key, if one was said.
        key: Option<&'a str>,
        /// What is switched on in the room if it comes into being with this: protocols differ in what their users
        /// expect. [`RoomFlags::usual`] is what IRC's do.
        flags: RoomFlags,
    },
    /// Send someone out of a room (Modern IRC, "KICK message").
    Kick {
        /// Out of which room.
        room: RoomName,
        /// Whom, by name as typed.
        nick: &'a str,
        /// Why; empty for no reason given, then the kicker's name stands there.
        reason: &'a str,
    },
    /// End someone's stay on the server (Modern IRC, "KILL message"); operators of the server only.
    Kill {
        /// Whose, by name as typed.
        nick: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// Ask those in an invite-only room to be invited (KNOCK, as solanum has it).
    Knock {
        /// Which room.
        room: RoomName,
        /// Why; may be empty.
        text: &'a str,
    },
    /// Leave a room; it ceases to exist with its last member.
    Leave {
        /// The room to leave.
        room: RoomName,
        /// Why, in the leaver's words; empty for no reason given.
        reason: &'a str,
    },
    /// Become an operator of the server. The caller has checked the password.
    MakeOperator,
    /// Leave every room and the server. The person's id is invalid afterwards, but for the events of this command.
    Quit {
        /// Why, in words that are shown to others; empty for no reason given.
        reason: &'a str,
    },
    /// Take a message back (IRCv3 draft/message-redaction). Those who kept it decide what they do about it.
    Redact {
        /// Where it was said.
        from: Target<'a>,
        /// Which message.
        message: MessageId,
        /// Why; may be empty.
        reason: &'a str,
    },
    /// Become known by another name.
    Rename {
        /// The new name. One's own present name is never in the way, so a change of case is granted (but for the rare
        /// name beyond ASCII whose other case imitates someone else); the very same name is no event.
        nick: Nick,
    },
    /// Give a room another name (IRCv3 draft/channel-rename); operators of the room only.
    RenameRoom {
        /// Which room.
        room: RoomName,
        /// Its new name; a change of case is granted, the very same name is no event.
        to: RoomName,
        /// Why; may be empty.
        reason: &'a str,
    },
    /// Speak to a room or to one person.
    Say {
        /// Who shall hear it.
        to: Target<'a>,
        /// In which manner.
        speech: Speech,
        /// The words; not empty.
        text: &'a str,
        /// Client-only tags (IRCv3 message-tags) as they stood on the line, without `@`; empty for none.
        tags: &'a str,
    },
    /// Speak several lines as one message (IRCv3 draft/multiline).
    SayLines {
        /// Who shall hear it.
        to: Target<'a>,
        /// In which manner.
        speech: Speech,
        /// The lines; at least one, and not all of them empty.
        lines: &'a [Line<'a>],
        /// Client-only tags; empty for none.
        tags: &'a str,
    },
    /// Be away (with a word why), or be back (`None`).
    SetAway {
        /// The word why, never empty.
        text: Option<&'a str>,
    },
    /// Change one's "real name" (IRCv3 setname).
    SetRealname {
        /// The new one.
        text: &'a str,
    },
    /// Change a room's modes (Modern IRC, "MODE message"). Each change is tried by itself; what cannot be done is told
    /// with [`Body::Refused`](super::Body::Refused).
    SetRoomModes {
        /// Which room.
        room: RoomName,
        /// The changes, in order; from [`parse_room_changes`](super::mode::parse_room_changes).
        changes: &'a [ModeChange<'a>],
    },
    /// Change a room's topic; empty text clears it.
    SetTopic {
        /// The room.
        room: RoomName,
        /// The new topic; the very same one is no event.
        text: &'a str,
    },
    /// Change one's own modes. Nobody makes themselves an operator with this: such a change is passed over.
    SetUserModes {
        /// The changes, in order.
        changes: &'a [UserModeChange],
    },
    /// Send tags without words (IRCv3 message-tags, TAGMSG).
    Tag {
        /// Who shall get them.
        to: Target<'a>,
        /// Client-only tags, at least one.
        tags: &'a str,
    },
    /// Say something to everyone with user mode `w` (Modern IRC, "WALLOPS message"); operators of the server only.
    Wallops {
        /// The words; not empty.
        text: &'a str,
    },
}

/// Who is spoken to.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// Those in a room who have at least this rank (ISUPPORT's STATUSMSG).
    Ranked(Rank, &'a RoomName),
    /// Everyone in a room but the speaker.
    Room(&'a RoomName),
    /// One person, by name as it was typed.
    User(&'a str),
}

/// One line of a message of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The words; may be empty.
    pub text: &'a str,
    /// Whether they go on where the line before ended, without a line end between (draft/multiline-concat).
    pub concat: bool,
}
