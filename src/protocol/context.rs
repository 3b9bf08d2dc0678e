//! What a protocol may do to the world while it handles one line: the seam that the server implements and tests fake.

use super::account::{AccountError, AccountInfo, AccountRequest, AccountRules};
use super::history::{HistoryError, HistoryRequest, HistoryRules};
use crate::auth::Credentials;
use crate::chat::{
    AccountId, Command, Hub, Moment, Nick, Now, Profile, Refusal, ServerPassword, SessionId, UserId,
};
use std::time::Duration;

/// The result of checking a text against the server's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    /// It is right, or the server has no password.
    Right,
    /// It is wrong.
    Wrong,
    /// It was not checked, for there were too many wrong ones from that address; the next may come after this span.
    TooSoon(Duration),
}

/// The result of work on a password that took more than a moment.
#[derive(Debug)]
pub enum Checked {
    /// The password of an account was checked.
    Account {
        /// It was right.
        is_right: bool,
    },
    /// Credentials were made from a new password of an account.
    NewCredentials(Credentials),
    /// The password of a gateway was checked, by which it says for which client it has connected.
    Gateway {
        /// It was right; `None`: the check was not finished.
        is_right: Option<bool>,
    },
    /// The password of an operator of the server was checked.
    Operator {
        /// It was right.
        is_right: bool,
    },
}

/// Why a protocol refuses or ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// It is no gateway, or gave a wrong password for one.
    BadGateway,
    /// The client did not give the server's password.
    BadPassword,
    /// A ban from the server matches the client.
    Banned,
    /// There are as many users as there may be.
    Full,
}

/// The action of an operator of the server, for the log and for the other operators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperatorAction<'a> {
    /// The command, in capitals.
    pub command: &'a str,
    /// The user or the mask it concerns; empty if it concerns the server.
    pub target: &'a str,
    /// The reason and the time, as far as they were given; may be empty.
    pub text: &'a str,
}

/// How a client became a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It is a new user, who is in no room.
    New(UserId),
    /// It is one more connection of a user who is here already, and may be in rooms.
    Attached(UserId),
}

impl Entered {
    /// The user.
    pub fn user(self) -> UserId {
        match self {
            Self::New(user) | Self::Attached(user) => user,
        }
    }
}

/// A connection of an account's user, as the user is shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionLine {
    /// Names it.
    pub id: SessionId,
    /// The name of its protocol.
    pub protocol: &'static str,
    /// The address that it comes from; may be empty.
    pub address: Box<str>,
    /// When its client came or logged in.
    pub since: Option<Moment>,
    /// Whether its client is away.
    pub is_away: bool,
    /// Whether it is the one that asks.
    pub is_own: bool,
}

/// The actions of a protocol for the one connection whose line it is handling.
///
/// Answers and the user's own events keep their order: what is put into
/// [`answer`](Context::answer) before [`apply`](Context::apply) comes before the events that it
/// caused, what is put there afterwards comes after them.
pub trait Context {
    /// The chat, to read from.
    fn hub(&self) -> &Hub;
    /// The moment of this turn.
    fn now(&self) -> Now;
    /// Checks what the client gave as the server's password, if the server has one.
    fn check_password(&mut self, given: &[u8]) -> PasswordCheck;
    /// Whether the client may become a user, as far as that does not depend on its nick; for protocols that ask for no user
    /// name.
    ///
    /// # Errors
    /// Those of [`Hub::may_enter`].
    fn may_enter(&mut self, password: ServerPassword) -> Result<(), Refusal>;
    /// The user at this connection, once there is one.
    fn user(&self) -> Option<UserId>;
    /// The same with the connection.
    fn session(&self) -> Option<SessionId>;
    /// Makes the client at this connection a user of the hub, or one more connection of the user who has its nick and
    /// account. The protocol fills in of the profile what the client said; the rest comes from the connection.
    ///
    /// # Errors
    /// Those of [`Hub::enter`], and [`Refusal::TooManySessions`].
    fn enter(&mut self, nick: Nick, profile: Profile) -> Result<Entered, Refusal>;
    /// Applies a command of this connection's user and sends its events to their audiences.
    /// The user's own share of it is encoded into the answer.
    ///
    /// # Errors
    /// The hub's refusal; nothing has changed then.
    fn apply(&mut self, command: Command<'_>) -> Result<(), Refusal>;
    /// The rules for accounts; `None`: this server has none.
    fn account_rules(&self) -> Option<AccountRules>;
    /// Whether a password may be taken over this connection: it is encrypted, or does not leave the machine, or the server
    /// takes passwords over any.
    fn takes_passwords(&self) -> bool;
    /// Begins something about accounts. The protocol is called when it is done.
    ///
    /// # Errors
    /// It is not begun, and there will be no call.
    fn begin_account(&mut self, request: AccountRequest<'_>) -> Result<(), AccountError>;
    /// What operators of the server are shown of an account.
    fn account_info(&self, account: AccountId) -> Option<AccountInfo>;
    /// Notes what this connection's user did as an operator of the server.
    fn note_operator(&mut self, action: &OperatorAction<'_>);
    /// The connections of this user's account.
    fn sessions(&self) -> Vec<SessionLine>;
    /// Ends one of them.
    fn end_session(&mut self, session: SessionId);
    /// The fingerprints of the certificates that log in to an account.
    fn certificates(&self, account: AccountId) -> Vec<String>;
    /// The rules of history; `None`: this server keeps none.
    fn history_rules(&self) -> Option<HistoryRules>;
    /// Asks for what was said, in the name of this connection's user. The protocol is called with the answer, never before
    /// the line at hand is done, and the connection's lines wait until then.
    ///
    /// # Errors
    /// It is refused, and there will be no call.
    fn begin_history(&mut self, request: HistoryRequest<'_>) -> Result<(), HistoryError>;
    /// Bytes for this connection alone, in its own protocol; sent as one when the line has been
    /// handled.
    fn answer(&mut self) -> &mut Vec<u8>;
    /// Ends this connection once its answer has been delivered, at the client's request; the user
    /// (if any) quits with this reason.
    fn quit(&mut self, reason: &str);
    /// The same for a client that did not ask for it; the answer has the reason.
    fn turn_away(&mut self, why: TurnedAway);
}
