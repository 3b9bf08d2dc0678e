//! Answers of services, and what stops a command.

use crate::{chat::Refusal, protocol::account::AccountError};

/// The answer to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Sentences, one a line.
    Lines(Vec<String>),
    /// The sentence that says why the line had no effect.
    Refused(String),
    /// It comes later, by the outcome of the request that was begun.
    Later,
}

/// What stopped a command.
pub(super) enum Trouble {
    /// Too few words, or too many.
    Usage,
    Refused(Refusal),
    Account(AccountError),
    /// A sentence of its own.
    Other(&'static str),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<AccountError> for Trouble {
    fn from(error: AccountError) -> Self {
        Self::Account(error)
    }
}

pub(super) type Outcome = Result<Reply, Trouble>;

/// An answer of one sentence.
pub(super) fn one(sentence: impl Into<String>) -> Reply {
    Reply::Lines(vec![sentence.into()])
}
