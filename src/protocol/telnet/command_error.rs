//! Why nothing came of a line, in the words that stand behind the `! `.
//!
//! Owns the wording of what this protocol refuses by itself; the hub's refusals bring their own.
//! Does not know how it is sent.

use crate::chat::{NameError, Refusal};

/// Why nothing came of a line. `Display` is a sentence for the person who typed it.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// What was typed as a name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Only someone with a name can do that.
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
    /// The hub said no.
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
        /// What belongs behind it.
        arguments: &'static str,
    },
}
