//! What the server and the keeper say to each other.
//!
//! The server begins with [`Request::Open`]; the keeper answers with all rows and [`Answer::Loaded`], or with
//! [`Answer::Unusable`] and ends. Then each [`Request::Write`] is answered once, by its number. Both are the same program,
//! started from one file, but the file may have been replaced meanwhile: so there is a version.

use super::{
    lines::{BufferKey, Gap, LineChange, Question, Quotas, Reply},
    records::{Change, Row},
};
use serde::{Deserialize, Serialize};

/// Raised when a message changes its meaning.
pub const PROTOCOL_VERSION: u32 = 3;

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
    /// Add lines of history, and forget others. Adding a line twice is the same as once.
    Append {
        /// Names the request.
        id: u64,
        /// In order.
        changes: Vec<LineChange>,
        /// What was not handed over before.
        gap: Option<Gap>,
        /// How much is kept.
        quotas: Quotas,
    },
    /// Answer a question about lines.
    Ask {
        /// Names the question.
        id: u64,
        /// Which.
        question: Question,
    },
    /// Remove some more lines that are over the quotas.
    Sweep {
        /// How much is kept.
        quotas: Quotas,
    },
}

impl Request {
    /// How much history is kept, if the request says so.
    pub(super) fn quotas(&self) -> Option<Quotas> {
        match self {
            Self::Append { quotas, .. } | Self::Sweep { quotas } => Some(*quotas),
            Self::Ask { .. } | Self::Open { .. } | Self::Write { .. } => None,
        }
    }
}

/// From the keeper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The last line of a buffer, in answer to [`Request::Open`].
    BufferEnd(BufferEnd),
    /// A row, in answer to [`Request::Open`].
    Row(Row),
    /// The database is open, and all rows were sent.
    Loaded,
    /// The database cannot be used; the keeper ends.
    Unusable(String),
    /// The answer to a question.
    Reply {
        /// Which question.
        id: u64,
        /// The answer.
        reply: Reply,
    },
    /// There are more lines over the quotas; a [`Request::Sweep`] removes some. So others do not wait for it.
    Unswept,
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

/// The last line of a buffer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BufferEnd {
    /// Which buffer.
    pub buffer: BufferKey,
    /// The number of the line.
    pub id: u64,
    /// Its time.
    pub time_ms: i64,
}

/// What was stored, when the server starts.
#[derive(Debug, Default)]
pub struct Loaded {
    /// All rows.
    pub rows: Vec<Row>,
    /// The last lines of buffers.
    pub ends: Vec<BufferEnd>,
}
