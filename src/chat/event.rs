//! What has happened, and who is to be told: the output of [`Hub::apply`](super::Hub::apply).
//!
//! An event names people and rooms by id; their records can be read from the hub until the next command is applied,
//! even those of someone who quit with this very event and of the room that vanished with them. That keeps events
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
    /// Whose doing it was. Except for a quit the author is part of the audience: protocols decide whether one is told
    /// of one's own doings.
    pub author: UserId,
    /// Who is to be told. Each person is named once.
    pub audience: Audience,
    /// Client-only tags that the author sent along (IRCv3 message-tags), as they stood on the line, without `@`.
    pub tags: Option<Box<str>>,
    /// What it was.
    pub body: Body,
}

/// Who is to be told of an event.
#[derive(Clone, Debug)]
pub enum Audience {
    /// Everyone who stands in the room now.
    Room(RoomId),
    /// These people, each once: neighbours of someone who quit or changed names, both ends of a private message.
    Users(Vec<UserId>),
}

/// Where something was said; what became of a [`Target`](super::Target).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To those in a room with at least this rank. Told to them and to the author.
    Ranked(Rank, RoomId),
    /// In a room. Told to the room and to the author, who need not stand there.
    Room(RoomId),
    /// To one person. Told to both; once if they are the same.
    User(UserId),
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Body {
    /// The author is away now, or back; see their record. Told to the author, and to all who share a room if anything
    /// is different (IRCv3 away-notify).
    AwayChanged,
    /// The author invited someone. Told to both.
    Invited {
        /// Into which room.
        room: RoomId,
        /// Whom.
        user: UserId,
    },
    /// The author invited someone; told to those in the room who could have done the same, author and invited one not
    /// included (IRCv3 invite-notify). Comes after [`Body::Invited`].
    InviteSeen {
        /// Into which room.
        room: RoomId,
        /// Whom.
        user: UserId,
    },
    /// The author stands in the room now. Told to the room, the author included.
    Joined {
        /// Which room.
        room: RoomId,
    },
    /// The author sent someone out of the room. Told to the room, the one who was sent out included.
    Kicked {
        /// Out of which room; its record is still readable.
        room: RoomId,
        /// Whom.
        user: UserId,
        /// Why; the author's name if no reason was given.
        reason: Box<str>,
    },
    /// The author asks to be invited. Told to those in the room who can, and to the author.
    Knocked {
        /// Into which room.
        room: RoomId,
        /// Why; may be empty.
        text: Box<str>,
    },
    /// The author left the room. Told to the room and to the author.
    Left {
        /// Which room; its record is still readable.
        room: RoomId,
        /// Why; empty for no reason given.
        reason: Box<str>,
    },
    /// The author changed modes of the room. Told to the room, the author included.
    ModesChanged {
        /// Which room.
        room: RoomId,
        /// What is different now, in the order in which it was asked for; not empty.
        changes: Vec<AppliedMode>,
    },
    /// The author is gone. Told to everyone who shared a room with them, the author not included.
    Quit {
        /// Why; empty for no reason given.
        reason: Box<str>,
        /// Who ended their stay, if they did not leave by themselves (KILL): the caller tells the author and closes
        /// their connection. `reason` already says whose doing it was.
        by: Option<UserId>,
    },
    /// The author has another "real name", which stands in their record. Told to all who share a room, and to the
    /// author (IRCv3 setname).
    RealnameChanged,
    /// The author took back a message. Told as if they had said something there.
    Redacted {
        /// Where it had been said.
        destination: Destination,
        /// Which message.
        message: MessageId,
        /// Why; may be empty.
        reason: Box<str>,
    },
    /// Part of what the author asked for could not be done. Told to the author.
    Refused(Vec<Refusal>),
    /// The author has a new name, which stands in their record. Told to all who share a room, and to the author.
    Renamed {
        /// The name until now.
        old: Nick,
    },
    /// The author gave the room another name, which stands in its record. Told to the room, the author included.
    RoomRenamed {
        /// Which room.
        room: RoomId,
        /// The name until now.
        old: RoomName,
        /// Why; may be empty.
        reason: Box<str>,
    },
    /// The author said something.
    Said {
        /// Where.
        destination: Destination,
        /// In which manner.
        speech: Speech,
        /// The words.
        text: Box<str>,
    },
    /// The author said several lines as one message (IRCv3 draft/multiline).
    SaidLines {
        /// Where.
        destination: Destination,
        /// In which manner.
        speech: Speech,
        /// The lines.
        lines: Box<[SaidLine]>,
    },
    /// The author sent tags without words (IRCv3 TAGMSG); they stand in [`Event::tags`].
    Tagged {
        /// Where.
        destination: Destination,
    },
    /// The room has another topic, which stands in its record. Told to the room and to the author.
    TopicChanged {
        /// Which room.
        room: RoomId,
    },
    /// The author's own modes changed. Told to the author.
    UserModesChanged {
        /// What is different now, in order; not empty.
        changes: Vec<UserModeChange>,
    },
    /// An operator says something. Told to everyone with user mode `w`, and to the author.
    Wallops {
        /// The words.
        text: Box<str>,
    },
}

impl Body {
    /// The room that a message was said in, to all or some of it.
    pub(super) fn room_of_message(&self) -> Option<RoomId> {
        match self {
            Self::Said { destination, .. }
            | Self::SaidLines { destination, .. }
            | Self::Tagged { destination } => match destination {
                Destination::Room(room) | Destination::Ranked(_, room) => Some(*room),
                Destination::User(_) => None,
            },
            _ => None,
        }
    }
}

/// One line of a message of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidLine {
    /// The words; may be empty.
    pub text: Box<str>,
    /// Whether they go on where the line before ended, without a line end between.
    pub concat: bool,
}

/// The manner of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// `/me`: the author does something.
    Action,
    /// Ordinary words.
    Message,
    /// Words that no program may answer (IRC's NOTICE).
    Notice,
}
