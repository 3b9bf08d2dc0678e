//! History, where connections ask for it: the recorder, and the requests that are not answered yet.
//!
//! An answer from memory waits until the line at hand is done, for the protocol's method is running. Owns both. Does not know
//! connections' protocols.

use crate::{
    chat::{Hub, Now, UserId},
    history::{Asked, HistoryError, HistoryRequest, Recorder, Rules},
    net::ConnId,
    protocol::history::HistoryDone,
};
use rustc_hash::FxHashSet;
use std::collections::VecDeque;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) recorder: Recorder,
    /// Connections that were not answered yet.
    waiting: FxHashSet<ConnId>,
    answers: VecDeque<(ConnId, HistoryDone)>,
    /// Requests that were taken.
    pub(crate) requests: u64,
}

impl History {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            recorder: Recorder::new(rules),
            waiting: FxHashSet::default(),
            answers: VecDeque::new(),
            requests: 0,
        }
    }

    /// Takes a user's request.
    ///
    /// # Errors
    /// It is refused.
    pub(crate) fn begin(
        &mut self,
        id: ConnId,
        user: UserId,
        request: HistoryRequest<'_>,
        hub: &Hub,
    ) -> Result<(), HistoryError> {
        if self.is_waiting(id) {
            return Err(HistoryError::Busy);
        }
        let answer = match self.recorder.ask(hub, user, request)? {
            Asked::Answered(answer) => Ok(answer),
            Asked::Store(_) => Err(HistoryError::Away),
        };
        self.requests += 1;
        self.waiting.insert(id);
        self.answers.push_back((id, answer));
        Ok(())
    }

    /// The next answer, and to whom.
    pub(crate) fn next_answer(&mut self) -> Option<(ConnId, HistoryDone)> {
        while let Some((id, answer)) = self.answers.pop_front() {
            if self.waiting.remove(&id) {
                return Some((id, answer));
            }
        }
        None
    }

    /// Whether this connection was not answered yet.
    pub(crate) fn is_waiting(&self, id: ConnId) -> bool {
        self.waiting.contains(&id)
    }

    /// Forgets a connection that is gone.
    pub(crate) fn forget(&mut self, id: ConnId) {
        self.waiting.remove(&id);
    }

    /// Replaces the rules.
    pub(crate) fn set_rules(&mut self, rules: Rules, hub: &Hub, now: Now) {
        self.recorder.set_rules(rules, hub, now.wall);
    }
}
