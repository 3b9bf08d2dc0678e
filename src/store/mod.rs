//! The store: what outlives the process, and the keeper, the process that writes it down.
//!
//! The disk is not the loop's business: a write may take a second. So a child process, the keeper, has the database, and
//! the server talks to it over a socket pair, which is one more source of its loop.
//!
//! ```text
//! records.rs    the rows, as plain values, and changes to them
//! lines.rs      lines of history, and what is asked about them
//! message.rs    what server and keeper say to each other
//! frame.rs      messages as bytes, and back, whatever way the stream is cut
//! client/       the server's side, without a socket: queue, answers, what is sent again
//! keeper.rs     the keeper's side: one transaction for all that waits (group commit)
//! database/     the tables in SQLite: opening, schema, rows in and out, check, backup
//! repair.rs     what can be read of a damaged database becomes a new one
//! directory.rs  the directory: rights, and the lock that keeps a second server out
//! ```
//!
//! Invariant: a change that was acknowledged is on the disk. Changes replace whole rows, so one that is sent again does no
//! harm. Knows no rules of chat, no loop and no log.

mod client;
pub mod database;
mod directory;
mod frame;
mod keeper;
mod lines;
mod message;
mod records;
mod repair;
#[cfg(test)]
mod tests;

pub use client::{Client, Completion, Lines, Policy, QuestionId, WriteError, WriteId};
pub use directory::{DirectoryError, Lock};
pub use frame::{BadFrame, Frames, push_frame};
pub use keeper::run;
pub use lines::{
    BufferKey, Gap, LineChange, LineKind, LineRecord, Point, Question, Quotas, Range, Reply, View,
};
pub use message::{Answer, BufferEnd, Loaded, PROTOCOL_VERSION, Request};
pub use records::{
    AccountRecord, BanRecord, Change, InvitationRecord, Key, MaskRecord, PresenceRecord,
    PresenceRoomRecord, RankRecord, RoomRecord, Row, SettingRecord, SuspensionRecord,
};
pub use repair::{Repair, RepairError, TableRepair, repair};

/// The name of the database in its directory.
pub const DATABASE: &str = "madang.db";
