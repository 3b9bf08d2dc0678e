//! The lists of sources with work: which to accept from, to read from, to flush, to notify, to reap.
//!
//! Invariant: a source is on each list at most once. Its [`Marks`] record that, so a push takes the marks along with the id;
//! who takes an id off a list clears the mark. Knows no source and no order of the stages.

use super::source::{marks::Marks, token::ConnId};
use std::collections::VecDeque;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct WorkLists {
    /// Listeners that may have connections waiting.
    pub(crate) accepting: VecDeque<ConnId>,
    /// Connections and datagram sockets to read from; those carried over from the turn before come first.
    pub(crate) ready: VecDeque<ConnId>,
    /// Connections to flush.
    pub(crate) dirty: Vec<ConnId>,
    /// Connections whose handler has more to send, now that their queue is below the low-water mark.
    pub(crate) below_low_water: VecDeque<ConnId>,
    /// Sources to reap at the end of the turn.
    pub(crate) closed: Vec<ConnId>,
}

impl WorkLists {
    pub(crate) fn push_accepting(&mut self, id: ConnId, marks: &mut Marks) {
        if marks.insert(Marks::IN_READY_LIST) {
            self.accepting.push_back(id);
        }
    }

    pub(crate) fn push_ready(&mut self, id: ConnId, marks: &mut Marks) {
        if marks.insert(Marks::IN_READY_LIST) {
            self.ready.push_back(id);
        }
    }

    pub(crate) fn push_dirty(&mut self, id: ConnId, marks: &mut Marks) {
        if marks.insert(Marks::DIRTY) {
            self.dirty.push(id);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.accepting.is_empty()
            && self.ready.is_empty()
            && self.dirty.is_empty()
            && self.below_low_water.is_empty()
            && self.closed.is_empty()
    }
}
