//! History: what was said, as plain values, so that it can be shown again.
//!
//! A [`Recorder`] is handed each event of the hub and makes a [`Line`] of those that are kept; a [`Query`] asks for a page of
//! a [`Buffer`]'s lines.
//!
//! ```text
//! buffer.rs    where lines belong together: a room, or two accounts
//! line.rs      one stored line, as it was said
//! content.rs   an event of the hub -> what is kept of it
//! query.rs     what is asked for, and the answer from lines in order
//! memory.rs    the lines in memory, bounded; the globally oldest go first
//! presence.rs  since when users are in their rooms, where that counts
//! access.rs    who may read what
//! rules.rs     what is kept, as the host decides
//! recorder.rs  all of it together
//! request.rs   what protocols ask, and the way to the answer
//! ```
//!
//! Invariant: in a buffer, later lines have higher ids and no earlier times, so that a page is a range of both. Above `chat`,
//! whose ids and names it uses. Knows no sockets, no wire format, no tables and no clock.

mod access;
mod buffer;
mod content;
mod line;
mod memory;
mod presence;
mod query;
mod recorder;
mod request;
mod rules;
#[cfg(test)]
mod tests;

pub use access::{HistoryError, Readable, Reader, ReaderScope, Target};
pub use buffer::{Buffer, Pair, shown_name};
pub use line::{Author, Content, Line};
pub use memory::{Beginning, Bounds, Memory};
pub use query::{
    Filter, Found, Lines, PAGE_BYTES_MAX, PAGE_LINES_MAX, Query, Ref, Search, Selector, TargetSeen,
    TargetsQuery, answer, search,
};
pub use recorder::{Change, Recorder};
pub use request::{Asked, HistoryAnswer, HistoryRequest, Question};
pub use rules::{Access, Rules};
