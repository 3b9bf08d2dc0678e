//! Who may read what: members read their room, accounts what they said to each other.
//!
//! Owns the rule. Does not know where the lines are.

use super::{
    buffer::{Buffer, Pair},
    presence::Presence,
    query::Filter,
    rules::{Access, Rules},
};
use crate::chat::{AccountId, Hub, Nick, RoomId, RoomName, UserId};

/// Whose history is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// A room's.
    Room(&'a RoomName),
    /// That with another user: by nick or by account, as typed.
    User(&'a str),
}

/// Why history is not given; `Display` is a sentence for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The keeper does not answer.
    #[error("what is stored cannot be read now; try again later")]
    Away,
    /// The last request of this connection is not answered yet.
    #[error("your last request is not answered yet")]
    Busy,
    /// There is no such room, user or account.
    #[error("there is no such room or user")]
    NoSuchTarget,
    /// The reader is not in the room.
    #[error("you are not in that room")]
    NotInRoom,
    /// Nothing is kept of it: the server keeps no history, or no private one, or one of the two has no account.
    #[error("nothing is kept of that")]
    NotKept,
}

/// What a reader may read, of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readable {
    /// Where the lines are.
    pub buffer: Buffer,
    /// Which of them the reader may see. Events are left out; the asker says if they are wanted.
    pub filter: Filter,
}

/// All that a reader may read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReaderScope {
    /// Rooms, with their names.
    pub rooms: Vec<(Box<str>, Readable)>,
    /// The folded name of the reader's account, if what is said between accounts is kept.
    pub account: Option<Box<str>>,
}

/// A reader, and what decides about its rights.
pub struct Reader<'a> {
    pub(super) hub: &'a Hub,
    pub(super) rules: &'a Rules,
    pub(super) presence: &'a Presence,
    pub(super) user: UserId,
}

impl Reader<'_> {
    /// What the reader may read of a target.
    ///
    /// # Errors
    /// Why nothing.
    pub fn readable(&self, target: Target<'_>) -> Result<Readable, HistoryError> {
        if self.rules.lines == 0 {
            return Err(HistoryError::NotKept);
        }
        match target {
            Target::Room(name) => {
                let room = self.hub.find_room(name);
                self.of_room(room.ok_or(HistoryError::NoSuchTarget)?)
            }
            Target::User(name) => self.with_user(name),
        }
    }

    /// All that the reader may read.
    pub fn scope(&self) -> ReaderScope {
        if self.rules.lines == 0 {
            return ReaderScope::default();
        }
        let rooms = self.hub.rooms_of(self.user).filter_map(|room| {
            let name = self.hub.room(room)?.name().as_str().into();
            Some((name, self.of_room(room).ok()?))
        });
        let account = self.account().filter(|_| self.rules.private);
        let name = account.and_then(|account| self.hub.accounts().name(account));
        ReaderScope {
            rooms: rooms.collect(),
            account: name.map(|name| name.folded().into()),
        }
    }

    fn of_room(&self, room: RoomId) -> Result<Readable, HistoryError> {
        let record = self.hub.room(room).ok_or(HistoryError::NoSuchTarget)?;
        if !self.hub.is_member(self.user, room) {
            return Err(HistoryError::NotInRoom);
        }
        let since = match self.rules.access {
            Access::FromFounding => None,
            Access::SinceJoined => {
                let since = self.presence.since(self.user, record.serial());
                Some(since.ok_or(HistoryError::NotInRoom)?)
            }
        };
        let user = self.hub.user(self.user);
        let filter = Filter {
            with_events: false,
            since,
            rank: self.hub.ranks(self.user, room).highest(),
            account: user.and_then(|user| user.account()).map(Into::into),
        };
        let buffer = Buffer::Room(record.serial());
        Ok(Readable { buffer, filter })
    }

    fn with_user(&self, name: &str) -> Result<Readable, HistoryError> {
        let user = self.hub.find_user(name);
        let account = match user {
            Some(user) => self.hub.user(user).and_then(|user| user.account_id()),
            None => {
                let name = Nick::parse(name, self.hub.rules()).ok();
                let account = name.and_then(|name| self.hub.accounts().find(&name));
                Some(account.ok_or(HistoryError::NoSuchTarget)?)
            }
        };
        let both = self.account().zip(account);
        let (own, other) = both
            .filter(|_| self.rules.private)
            .ok_or(HistoryError::NotKept)?;
        let pair = Pair::of(self.hub, own, other).ok_or(HistoryError::NoSuchTarget)?;
        Ok(Readable {
            buffer: Buffer::Pair(pair),
            filter: Filter::default(),
        })
    }

    fn account(&self) -> Option<AccountId> {
        self.hub.user(self.user)?.account_id()
    }
}
