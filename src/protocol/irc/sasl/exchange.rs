//! One exchange of SASL, from the choice of a mechanism to its end.
//!
//! Owns what is kept in between. It asks the server and reports what is to be answered; it writes no lines.

use super::{
    logins::ScramLogin,
    mechanism::Mechanism,
    message::{Collected, Pieces, Plain, parse_external},
};
use crate::{
    auth::ClientFirst,
    chat::{AccountId, Nick},
    protocol::{
        account::{AccountError, AccountRequest},
        irc::ServerContext,
    },
};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Exchange {
    step: Step,
    pieces: Pieces,
}

/// The message that is to come next.
#[derive(Debug)]
enum Step {
    External,
    Plain,
    ScramFirst,
    /// After our challenge.
    ScramLast(Box<ScramLogin>),
    /// After our signature: the client agrees by an empty message.
    ScramAgreed(AccountId),
}

/// What follows from a piece.
#[derive(Debug)]
pub(crate) enum Progress {
    /// The client has ended the exchange.
    Aborted,
    /// The server answers with a message, and the exchange goes on.
    Challenge(String),
    /// The password is being checked.
    Checking,
    /// More is to come.
    Incomplete,
    /// The account is the client's own.
    Proved(AccountId),
    /// The client is not logged in.
    Refused(AccountError),
    /// The message is too long.
    TooLong,
}

impl Exchange {
    /// Begins.
    pub(crate) fn new(mechanism: Mechanism) -> Self {
        let step = match mechanism {
            Mechanism::External => Step::External,
            Mechanism::Plain => Step::Plain,
            Mechanism::ScramSha256 => Step::ScramFirst,
        };
        Self {
            step,
            pieces: Pieces::default(),
        }
    }

    /// Takes a piece of a message, and gives the exchange back if it goes on.
    pub(crate) fn push(
        mut self,
        piece: &str,
        ctx: &mut dyn ServerContext,
    ) -> (Option<Self>, Progress) {
        if piece == "*" {
            return (None, Progress::Aborted);
        }
        let message = match self.pieces.push(piece) {
            Collected::Incomplete => return (Some(self), Progress::Incomplete),
            Collected::Malformed => return (None, Progress::Refused(AccountError::Wrong)),
            Collected::TooLong => return (None, Progress::TooLong),
            Collected::Whole(message) => message,
        };
        match self.step.take(&message, ctx) {
            Ok((Some(step), progress)) => {
                self.step = step;
                (Some(self), progress)
            }
            Ok((None, progress)) => (None, progress),
            Err(refusal) => (None, Progress::Refused(refusal)),
        }
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        let scram = match &self.step {
            Step::ScramLast(login) => size_of::<ScramLogin>() + login.scram.memory(),
            _ => 0,
        };
        size_of::<Self>() + self.pieces.memory() + scram
    }
}

impl Step {
    /// Takes a whole message; the next step, if there is one.
    fn take(
        self,
        message: &[u8],
        ctx: &mut dyn ServerContext,
    ) -> Result<(Option<Self>, Progress), AccountError> {
        let progress = match self {
            Self::External => {
                let name = parse_external(message).ok_or(AccountError::Wrong)?;
                Progress::Proved(ctx.log_in_by_certificate(name)?)
            }
            Self::Plain => {
                let plain = Plain::parse(message).ok_or(AccountError::Wrong)?;
                acts_as_itself(plain.authzid, plain.name, ctx)?;
                ctx.begin_account(AccountRequest::LogIn {
                    name: plain.name,
                    password: plain.password,
                })?;
                Progress::Checking
            }
            Self::ScramFirst => {
                let first = ClientFirst::parse(message).map_err(|_| AccountError::Wrong)?;
                let authzid = first.authzid.as_deref().unwrap_or_default();
                acts_as_itself(authzid, &first.name, ctx)?;
                let (login, challenge) = ctx.begin_scram(&first)?;
                let next = Self::ScramLast(Box::new(login));
                return Ok((Some(next), Progress::Challenge(challenge)));
            }
            Self::ScramLast(login) => {
                let (account, signature) = ctx.finish_scram(*login, message)?;
                let next = Self::ScramAgreed(account);
                return Ok((Some(next), Progress::Challenge(signature)));
            }
            Self::ScramAgreed(account) if message.is_empty() => Progress::Proved(account),
            Self::ScramAgreed(_) => return Err(AccountError::Wrong),
        };
        Ok((None, progress))
    }
}

/// Refuses a client that logs in to one account and wants to act as another.
fn acts_as_itself(authzid: &str, name: &str, ctx: &dyn ServerContext) -> Result<(), AccountError> {
    let rules = ctx.hub().rules();
    let parse = |text| Nick::parse(text, rules).ok();
    let is_same = || parse(authzid).is_some_and(|authzid| parse(name) == Some(authzid));
    match authzid.is_empty() || authzid == name || is_same() {
        true => Ok(()),
        false => Err(AccountError::Wrong),
    }
}
