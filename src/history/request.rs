//! Requests for history, as protocols make them: answered from memory at once, or a question to the store.
//!
//! Owns nothing. Does not know the store, nor who is called with the answer.

use super::{
    access::{HistoryError, Readable, ReaderScope, Target},
    line::Line,
    query::{Query, Search, Selector, TargetSeen, TargetsQuery},
    recorder::Recorder,
};
use crate::chat::{Hub, UserId, effort};
use std::rc::Rc;

/// A request of a user.
#[derive(Clone, Debug)]
pub enum HistoryRequest<'a> {
    /// Lines of one target.
    Page {
        /// Whose.
        target: Target<'a>,
        /// Which.
        selector: Selector,
        /// How many.
        limit: usize,
        /// Events too.
        with_events: bool,
    },
    /// Messages of one target in which words are.
    Search {
        /// Whose.
        target: Target<'a>,
        /// Which.
        search: Search,
    },
    /// The reader's targets that have their last line in a span of time.
    Targets(TargetsQuery),
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryAnswer {
    /// Lines in their order: those of a page, or those that were found.
    Lines(Vec<Rc<Line>>),
    /// Targets in the order of their last lines.
    Targets(Vec<TargetSeen>),
}

/// What the store is asked, with the reader's rights in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A page.
    Page(Readable, Query),
    /// A search.
    Search(Readable, Search),
    /// Targets.
    Targets(ReaderScope, TargetsQuery),
}

/// How far a request came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is answered.
    Answered(HistoryAnswer),
    /// The store has to be asked.
    Store(Question),
}

impl Recorder {
    /// Takes a user's request.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn ask(
        &self,
        hub: &Hub,
        user: UserId,
        request: HistoryRequest<'_>,
    ) -> Result<Asked, HistoryError> {
        hub.charge(effort::COMMAND);
        let reader = self.reader(hub, user);
        let asked = match request {
            HistoryRequest::Page {
                target,
                selector,
                limit,
                with_events,
            } => {
                let readable = reader.readable(target)?;
                let mut filter = readable.filter.clone();
                filter.with_events = with_events;
                let query = Query {
                    selector,
                    limit,
                    filter,
                };
                match self.page(&readable.buffer, &query) {
                    Some(lines) => Asked::Answered(HistoryAnswer::Lines(lines)),
                    None => Asked::Store(Question::Page(readable, query)),
                }
            }
            HistoryRequest::Search { target, search } => {
                let readable = reader.readable(target)?;
                // A search looks at everything, the lines that it does not find included.
                hub.charge_each(self.lines_in(&readable.buffer), effort::MASK);
                match self.search(&readable, &search) {
                    Some(lines) => Asked::Answered(HistoryAnswer::Lines(lines)),
                    None => Asked::Store(Question::Search(readable, search)),
                }
            }
            HistoryRequest::Targets(query) => {
                if self.rules().lines == 0 {
                    return Err(HistoryError::NotKept);
                }
                let scope = reader.scope();
                hub.charge_each(self.buffers_in_memory(), effort::LOOKED_AT);
                match self.rules().is_stored {
                    true => Asked::Store(Question::Targets(scope, query)),
                    false => {
                        let found = self.targets(&scope, &query, hub);
                        Asked::Answered(HistoryAnswer::Targets(found))
                    }
                }
            }
        };
        if let Asked::Answered(HistoryAnswer::Lines(lines)) = &asked {
            hub.charge_each(lines.len(), effort::LISTED);
        }
        Ok(asked)
    }
}
