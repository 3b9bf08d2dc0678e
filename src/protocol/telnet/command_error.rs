//! Errors of a line: the texts after the `! `.
//!
//! Owns the wording of what this protocol refuses by itself; the hub's refusals bring their own.
//! Does not know how it is sent.

use crate::{
    chat::{NameError, Refusal},
    protocol::{account::AccountError, history::HistoryError},
};

/// Why a line had no effect. `Display` is a sentence for the user who typed it.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// Nothing was done about an account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Nothing is shown of what was said.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The text typed as a name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The command needs a nick first.
    #[error("say your name first")]
    Nameless,
    /// A ban to be lifted, and there is none like it.
    #[error("no ban here concerns {0}")]
    NoBan(Box<str>),
    /// Words for the current room, and there is none.
    #[error("you are in no room; /join ROOM")]
    NoRoom,
    /// Not text at all.
    #[error("that line is not UTF-8; nothing was sent")]
    NotUtf8,
    /// The hub refused it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// More than the cap of so many bytes.
    #[error("that line is longer than {0} bytes; nothing was sent")]
    TooLong(usize),
    /// A slash and something else than a command.
    #[error("unknown command /{0}; try /help")]
    Unknown(Box<str>),
    /// A command without what it needs.
    #[error("usage: /{name} {arguments}")]
    Usage {
        /// The command.
        name: &'static str,
        /// Its arguments.
        arguments: &'static str,
    },
}
