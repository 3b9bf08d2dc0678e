//! What has happened, and who is to be told: the output of [`Hub::apply`](super::Hub::apply).
//!
//! An event names people and rooms by id; their records can be read from the hub until the next command is applied,
//! even those of someone who quit with this very event and of the room that vanished with them. That keeps events
//! small, and lets every protocol take from the records what its wire format needs. Does not know any wire format.

use super::{RoomId, Time, UserId, name::Nick};

/// Number of an event, unique in the life of the process and rising.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// Unique and rising.
    pub id: MessageId,
    /// When, as the caller of `apply` said.
    pub time: Time,
    /// Whose doing it was. Except for a quit the author is part of the audience: protocols decide whether one is told
    /// of one's own doings.
    pub author: UserId,
    /// Who is to be told. Each person is named once.
    pub audience: Audience,
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

/// What happened.
#[derive(Clone, Debug)]
pub enum Body {
    /// The author is away now, or back; see their record. Told to the author only, even if nothing is different.
    AwayChanged,
    /// The author stands in the room now. Told to the room, the author included.
    Joined {
        /// Which room.
        room: RoomId,
    },
    /// The author left the room. Told to the room and to the author.
    Left {
        /// Which room; its record is still readable.
        room: RoomId,
        /// Why; empty for no reason given.
        reason: Box<str>,
    },
    /// The author is gone. Told to everyone who shared a room with them, the author not included.
    Quit {
        /// Why; empty for no reason given.
        reason: Box<str>,
    },
    /// The author has a new name, which stands in their record. Told to all who share a room, and to the author.
    Renamed {
        /// The name until now.
        old: Nick,
    },
    /// The author said something to a room. Told to the room, the author included.
    SaidToRoom {
        /// Which room.
        room: RoomId,
        /// In which manner.
        speech: Speech,
        /// The words.
        text: Box<str>,
    },
    /// The author said something to one person. Told to both; once if they are the same.
    SaidToUser {
        /// To whom.
        to: UserId,
        /// In which manner.
        speech: Speech,
        /// The words.
        text: Box<str>,
    },
    /// The room has another topic, which stands in its record. Told to the room, the author included.
    TopicChanged {
        /// Which room.
        room: RoomId,
    },
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
