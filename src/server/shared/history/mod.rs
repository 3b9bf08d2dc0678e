//! History, where connections ask for it: the recorder, and the requests that are not answered yet.
//!
//! An answer from memory waits until the line at hand is done, for the protocol's method is running; another one until the
//! keeper has read it. Owns both, and hands new lines over to the store. Does not know connections' protocols.

mod records;
pub(crate) mod restore;
#[cfg(test)]
mod tests;

use super::store::Store;
use crate::{
    chat::{Hub, Now, UserId},
    history::{
        Asked, Buffer, HistoryAnswer, HistoryError, HistoryRequest, Question, Recorder, Rules,
        TargetSeen, shown_name,
    },
    net::ConnId,
    protocol::history::HistoryDone,
    store::{BufferKey, LineChange, QuestionId, Reply},
};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) recorder: Recorder,
    /// Connections that were not answered yet, and what the keeper is asked for them.
    waiting: FxHashMap<ConnId, Option<QuestionId>>,
    asked: FxHashMap<QuestionId, (ConnId, Question)>,
    answers: VecDeque<(ConnId, HistoryDone)>,
    /// Requests that were taken.
    pub(crate) requests: u64,
    /// Those of them that the keeper was asked.
    pub(crate) questions: u64,
    /// That lines are dropped was logged.
    is_gap_logged: bool,
}

impl History {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            recorder: Recorder::new(rules),
            waiting: FxHashMap::default(),
            asked: FxHashMap::default(),
            answers: VecDeque::new(),
            requests: 0,
            questions: 0,
            is_gap_logged: false,
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
        (hub, store): (&Hub, &mut Store),
    ) -> Result<(), HistoryError> {
        if self.is_waiting(id) {
            return Err(HistoryError::Busy);
        }
        let mut question_id = None;
        match self.recorder.ask(hub, user, request)? {
            Asked::Answered(answer) => self.answers.push_back((id, Ok(answer))),
            Asked::Store(question) => {
                // What was said before is to be in the answer.
                self.hand_over(store);
                let asked = store.client.ask(records::question(&question));
                self.asked.insert(asked, (id, question));
                question_id = Some(asked);
                self.questions += 1;
            }
        }
        self.requests += 1;
        self.waiting.insert(id, question_id);
        Ok(())
    }

    /// Hands over to the store what is new.
    pub(crate) fn hand_over(&mut self, store: &mut Store) {
        let lines = &mut store.client.lines;
        for change in self.recorder.take_changes() {
            lines.add(records::change(change));
        }
        if lines.has_gap() != self.is_gap_logged {
            self.is_gap_logged = lines.has_gap();
            match self.is_gap_logged {
                true => {
                    tracing::error!("too much waits for the disk: what is said now is not stored")
                }
                false => tracing::info!(
                    lines = lines.dropped,
                    "what is said is stored again; so many lines were not, since the start"
                ),
            }
        }
    }

    /// Takes the keeper's answers.
    pub(crate) fn take_replies(&mut self, hub: &Hub, store: &mut Store) {
        while let Some((id, reply)) = store.client.lines.next_reply() {
            let Some((conn, question)) = self.asked.remove(&id) else {
                continue;
            };
            let answer = reply.ok_or(HistoryError::Away);
            let answer = answer.map(|reply| answer_of(reply, &question, hub));
            self.answers.push_back((conn, answer));
        }
    }

    /// The next answer, and to whom.
    pub(crate) fn next_answer(&mut self) -> Option<(ConnId, HistoryDone)> {
        while let Some((id, answer)) = self.answers.pop_front() {
            if self.waiting.remove(&id).is_some() {
                return Some((id, answer));
            }
        }
        None
    }

    /// Whether this connection was not answered yet.
    pub(crate) fn is_waiting(&self, id: ConnId) -> bool {
        self.waiting.contains_key(&id)
    }

    /// Whether the keeper is asked for this connection.
    pub(crate) fn is_asking(&self, id: ConnId) -> bool {
        self.waiting.get(&id).is_some_and(Option::is_some)
    }

    /// Forgets a connection that is gone.
    pub(crate) fn forget(&mut self, id: ConnId, store: &mut Store) {
        if let Some(question) = self.waiting.remove(&id).flatten() {
            self.asked.remove(&question);
            store.client.lines.cancel(question);
        }
    }

    /// Forgets what an account that is not there any more has said in private: the server ended before it was forgotten.
    pub(crate) fn forget_account_of_old(&mut self, name: &str, store: &mut Store) {
        let change = LineChange::ForgetAccount(name.to_owned());
        store.client.lines.add(change);
    }

    /// Replaces the rules.
    pub(crate) fn set_rules(&mut self, rules: Rules, hub: &Hub, now: Now) {
        self.recorder.set_rules(rules, hub, now.wall);
    }
}

fn answer_of(reply: Reply, question: &Question, hub: &Hub) -> HistoryAnswer {
    match (reply, question) {
        (Reply::Targets(found), Question::Targets(scope, query)) => {
            let name_of = |key: BufferKey| match records::buffer(key) {
                Buffer::Pair(pair) => {
                    let partner = pair.partner_of(scope.account.as_deref()?)?;
                    Some(shown_name(partner, hub))
                }
                room => {
                    let mut rooms = scope.rooms.iter();
                    let (name, _) = rooms.find(|(_, it)| it.buffer == room)?;
                    Some(name.clone())
                }
            };
            let seen = found.into_iter().filter_map(|(key, time_ms)| {
                let time = crate::chat::WallTime::from_unix_ms(time_ms);
                let name = name_of(key)?;
                Some(TargetSeen { name, time })
            });
            HistoryAnswer::Targets(query.select(seen.collect()))
        }
        (Reply::Targets(_), _) => HistoryAnswer::Targets(Vec::new()),
        (Reply::Lines(lines), _) => {
            HistoryAnswer::Lines(lines.into_iter().map(records::line).collect())
        }
    }
}
