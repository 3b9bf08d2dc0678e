//! Events and their audiences: the output of [`Hub::apply`](super::Hub::apply).
//!
//! An event names users and rooms by id; their records can be read from the hub until the next command is applied,
//! even those of a user who quit with this very event and of the room that vanished with it. That keeps events
//! small, and lets every protocol take from the records what its wire format needs. Does not know any wire format.

use super::{
    Nick, Refusal, RoomName, WallTime,
    ids::{MessageId, RoomId, UserId},
    mode::{AppliedMode, Rank, UserModeChange},
};

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// Unique and rising.
    pub id: MessageId,
    /// When it is shown to have happened: never earlier than the event before it.
    pub time: WallTime,
    /// The user who caused it. Except for a quit the author is part of the audience: protocols decide what a client is
    /// sent about its own commands.
    pub author: UserId,
    /// The users to inform, each once.
    pub audience: Audience,
    /// Client-only tags that the author sent along (IRCv3 message-tags), as they were on the line, without `@`.
    pub tags: Option<Box<str>>,
    /// What happened.
    pub body: Body,
}

/// The users to inform of an event.
#[derive(Clone, Debug)]
pub enum Audience {
    /// All who are in the room now.
    Room(RoomId),
    /// These users, each once: neighbours of a user who quit or changed its nick, both ends of a private message.
    Users(Vec<UserId>),
}

/// Where a message goes: a [`Target`](super::Target) that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The members of a room with at least this rank. Its audience are they and the author.
    Ranked(Rank, RoomId),
    /// A room. Its audience are its members and the author, who need not be one.
    Room(RoomId),
    /// One user. Its audience are both; one if they are the same.
    User(UserId),
}

/// What happened. "To" says who the audience is.
#[derive(Clone, Debug)]
pub enum Body {
    /// The author logged in to an account, or out; see its record. To the author and to all who share a room (IRCv3
    /// account-notify).
    AccountChanged,
    /// The author is away now, or back; see its record. To the author, and to all who share a room if anything
    /// is different (IRCv3 away-notify).
    AwayChanged,
    /// The author invited a user. To both.
    Invited {
        /// The room.
        room: RoomId,
        /// The invited user.
        user: UserId,
    },
    /// The author invited a user. To those in the room who could have done the same, the author and the invited user not
    /// included (IRCv3 invite-notify). Comes after [`Body::Invited`].
    InviteSeen {
        /// The room.
        room: RoomId,
        /// The invited user.
        user: UserId,
    },
    /// The author is in the room now. To the room, the author included.
    Joined {
        /// Which room.
        room: RoomId,
    },
    /// The author removed a user from the room. To the room, the removed user included.
    Kicked {
        /// The room; its record is still readable.
        room: RoomId,
        /// The removed user.
        user: UserId,
        /// The reason; the author's nick if there is none.
        reason: Box<str>,
    },
    /// The author asks for an invitation. To those in the room who can give it, and to the author.
    Knocked {
        /// Into which room.
        room: RoomId,
        /// Why; may be empty.
        text: Box<str>,
    },
    /// The author left the room. To the room and to the author.
    Left {
        /// Which room; its record is still readable.
        room: RoomId,
        /// Why; empty for no reason given.
        reason: Box<str>,
    },
    /// The author changed modes of the room. To the room, the author included.
    ModesChanged {
        /// Which room.
        room: RoomId,
        /// The changes, in the order in which they were asked for; not empty.
        changes: Vec<AppliedMode>,
    },
    /// The author has quit. To all who shared a room with the author, the author not included.
    Quit {
        /// Why; empty for no reason given.
        reason: Box<str>,
        /// The operator who disconnected the author, if one did (KILL): the caller informs the author and closes the
        /// connection. `reason` already names the operator.
        by: Option<UserId>,
    },
    /// The author has another "real name", which is in its record. To all who share a room, and to the
    /// author (IRCv3 setname).
    RealnameChanged,
    /// The author took back a message. To the audience of a message to that destination.
    Redacted {
        /// Where it was sent.
        destination: Destination,
        /// Which message.
        message: MessageId,
        /// Why; may be empty.
        reason: Box<str>,
    },
    /// Part of what the author asked for could not be done. To the author.
    Refused(Vec<Refusal>),
    /// The author has a new nick, which is in its record. To all who share a room, and to the author.
    Renamed {
        /// The name until now.
        old: Nick,
    },
    /// The author gave the room another name, which is in its record. To the room, the author included.
    RoomRenamed {
        /// Which room.
        room: RoomId,
        /// The name until now.
        old: RoomName,
        /// Why; may be empty.
        reason: Box<str>,
    },
    /// The author sent a message.
    Said {
        /// Where it goes.
        destination: Destination,
        /// Its kind.
        speech: Speech,
        /// The text.
        text: Box<str>,
    },
    /// The author sent several lines as one message (IRCv3 draft/multiline).
    SaidLines {
        /// Where it goes.
        destination: Destination,
        /// Its kind.
        speech: Speech,
        /// The lines.
        lines: Box<[SaidLine]>,
    },
    /// The author sent tags without a text (IRCv3 TAGMSG); they are in [`Event::tags`].
    Tagged {
        /// Where.
        destination: Destination,
    },
    /// The room has another topic, which is in its record. To the room and to the author.
    TopicChanged {
        /// Which room.
        room: RoomId,
    },
    /// The author's own modes changed. To the author.
    UserModesChanged {
        /// The changes, in order; not empty.
        changes: Vec<UserModeChange>,
    },
    /// A text of an operator. To every user with mode `w`, and to the author.
    Wallops {
        /// The text.
        text: Box<str>,
    },
}

impl Body {
    /// Where a message goes, or what is done to one.
    pub fn destination_of_message(&self) -> Option<Destination> {
        match *self {
            Self::Redacted { destination, .. }
            | Self::Said { destination, .. }
            | Self::SaidLines { destination, .. }
            | Self::Tagged { destination } => Some(destination),
            _ => None,
        }
    }
}

/// One line of a message of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidLine {
    /// The text; may be empty.
    pub text: Box<str>,
    /// Whether it continues the line before, without a line end between.
    pub concat: bool,
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// `/me`: the author does something.
    Action,
    /// An ordinary message.
    Message,
    /// A message that no program may answer (IRC's NOTICE).
    Notice,
}
