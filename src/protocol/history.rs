//! What a protocol may ask of the server about history, and the answers, which may come later: what is not in memory is read
//! by the keeper. Until then the connection's lines wait.
//!
//! The server checks who may read; a protocol parses, and words the answer. Owns the rules that protocols need to know.

pub use crate::history::{
    Author, Content, HistoryAnswer, HistoryError, HistoryRequest, Line, PAGE_LINES_MAX, Ref,
    Search, Selector, Target, TargetSeen, TargetsQuery,
};

/// What came of a request.
pub type HistoryDone = Result<HistoryAnswer, HistoryError>;

/// What protocols need to know of the server's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRules {
    /// Lines that a client gets unasked when it joins a room, if it does not ask itself.
    pub replay: usize,
    /// Joins, parts, quits and nicks are kept too.
    pub events: bool,
    /// What is said between accounts is kept too.
    pub private: bool,
}
