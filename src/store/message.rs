//! What the server and the keeper say to each other.
//!
//! The server begins with [`Request::Open`]; the keeper answers with all rows and [`Answer::Loaded`], or with
//! [`Answer::Unusable`] and ends. Then each [`Request::Write`] is answered once, by its number. Both are the same program,
//! started from one file, but the file may have been replaced meanwhile: so there is a version.

use super::records::{Change, Row};
use serde::{Deserialize, Serialize};

/// Raised when a message changes its meaning.
pub const PROTOCOL_VERSION: u32 = 2;

/// From the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Open the database and send what is in it.
    Open {
        /// The server's [`PROTOCOL_VERSION`].
        version: u32,
        /// Whether all rows are to be sent: not when the keeper was started again.
        load: bool,
    },
    /// Make changes, all or none.
    Write {
        /// Names the request. Numbers rise, but one may be sent again.
        id: u64,
        /// In order.
        changes: Vec<Change>,
    },
}

/// From the keeper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// A row, in answer to [`Request::Open`].
    Row(Row),
    /// The database is open, and all rows were sent.
    Loaded,
    /// The database cannot be used; the keeper ends.
    Unusable(String),
    /// The changes of this request are on the disk.
    Done {
        /// Which request.
        id: u64,
    },
    /// They are not, and none of them was made.
    Failed {
        /// Which request.
        id: u64,
        /// Why, for the log.
        why: String,
    },
}
