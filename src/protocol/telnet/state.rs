//! The state of one connection that speaks telnet.
//!
//! Owns the records. Invariant: an idle connection needs no heap memory: a login is in a box, which is freed when the user
//! has its nick and no request is under way. Knows no commands.

use super::{negotiation::Negotiation, password::PasswordEntry};
use crate::{
    chat::{AccountId, Nick, RoomId},
    protocol::lines::Lines,
};

/// The state of one connection.
#[derive(Debug, Default)]
pub struct Telnet {
    pub(super) lines: Lines,
    /// From the first of telnet's commands on.
    pub(super) negotiation: Option<Box<Negotiation>>,
    /// The room that messages go to. The hub is asked each time whether the user is still in it.
    pub(super) room: Option<RoomId>,
    pub(super) entry: PasswordEntry,
    pub(super) login: Option<Box<Login>>,
}

// Tens of thousands of these lie in the server's table, each in a box, for which 24 bytes would take as much memory.
const _: () = assert!(size_of::<Telnet>() <= 32);

/// How far a client is with a login, or with another request that takes more than a moment.
#[derive(Debug)]
pub(super) enum Login {
    /// The next line is the answer to a question.
    Asked(Question),
    /// A client that has no nick yet has logged in.
    LoggedIn(AccountId),
    /// A request for history is under way, and the client's lines wait.
    Reading(Reading),
    /// A request is under way, and the client's lines wait. A client that has no nick yet enters with this one.
    Waiting(Option<Nick>),
}

/// Why history is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The user asked for it.
    Asked,
    /// The user has joined a room.
    Replay,
    /// The user searches for words.
    Searched,
}

/// What a client was asked for.
#[derive(Debug)]
pub(super) enum Question {
    /// The token of an invitation, for an account with this password.
    Invitation { password: Box<str> },
    /// The password of an account to be made.
    NewPassword,
    /// The password of an account. A client that has no nick yet enters with this one.
    Password {
        account: Box<str>,
        nick: Option<Nick>,
    },
    /// The new password again, for the client did not see what it typed.
    Repeated { first: Box<str> },
}

impl Telnet {
    /// Whether a request is under way. Until its outcome is known no line is to be handed in.
    pub fn is_busy(&self) -> bool {
        matches!(
            self.login.as_deref(),
            Some(Login::Reading(_) | Login::Waiting(_))
        )
    }

    /// Bytes of memory outside of the record.
    pub fn memory(&self) -> usize {
        let negotiation = self.negotiation.as_deref();
        let login = self.login.as_deref();
        negotiation.map_or(0, Negotiation::memory) + login.map_or(0, Login::memory)
    }
}

impl Login {
    /// Bytes of memory, with its own record.
    fn memory(&self) -> usize {
        let text = match self {
            Self::Asked(Question::Password { account, .. }) => account.len(),
            Self::Asked(Question::Invitation { password }) => password.len(),
            Self::Asked(Question::Repeated { first }) => first.len(),
            Self::Asked(Question::NewPassword)
            | Self::LoggedIn(_)
            | Self::Reading(_)
            | Self::Waiting(_) => 0,
        };
        size_of::<Self>() + text
    }
}
