//! The server's side of the store, without a socket: what is to be written, what was acknowledged, what is sent again.
//!
//! Changes that someone waits for ([`Policy::Answer`]) succeed or fail once. Those that have taken effect already
//! ([`Policy::Keep`]), such as a ban, are tried again until they are written or replaced by a later change of the same row.
//! When the keeper is gone, everything that it did not acknowledge is sent to the next one: it may have been written, and
//! is written again, which changes nothing.
//!
//! Invariants: requests are sent in order; at most [`BYTES_MAX`] wait. Knows no clock: the owner says when to try again.

use super::{
    frame::{BadFrame, Frames, push_frame},
    message::{Answer, Request},
    records::{Change, Key},
};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// What may wait for the keeper. Past it nothing more is taken: the disk is full or hangs, and memory is no way out.
const BYTES_MAX: usize = 4 << 20;

/// So many keepers may end while a request waits: a second or two, for the pauses between them grow.
const LOSSES_MAX: u8 = 5;

/// Names a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WriteId(u64);

/// What is done if changes cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// They fail: someone waits for the answer, and undoes what depends on it.
    Answer,
    /// They have taken effect, and are tried again.
    Keep,
}

/// Why changes were not written; `Display` is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The keeper could not.
    #[error("{0}")]
    Failed(String),
    /// Too much waits already.
    #[error("too much waits for the disk")]
    Full,
}

/// The end of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Which.
    pub id: WriteId,
    /// Whether it is on the disk.
    pub result: Result<(), WriteError>,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    policy: Policy,
    keys: Vec<Key>,
    frame: Vec<u8>,
    state: State,
    /// How many keepers have ended while it waited.
    losses: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not sent to this keeper yet.
    Queued,
    Sent,
    /// It failed, and waits to be tried again.
    Postponed,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Client {
    last: u64,
    waiting: VecDeque<Waiting>,
    /// Bytes of all frames that wait.
    bytes: usize,
    frames: Frames,
    completions: VecDeque<Completion>,
    /// The last change of each row that waits.
    latest: FxHashMap<Key, u64>,
    /// Of kept changes that failed, until one is written again.
    pub trouble: Option<String>,
}

impl Client {
    /// Takes changes to be written, all or none.
    pub fn write(&mut self, changes: Vec<Change>, policy: Policy) -> WriteId {
        self.last += 1;
        let id = self.last;
        let keys: Vec<Key> = changes.iter().map(Change::key).collect();
        let mut frame = Vec::new();
        let fits = push_frame(&Request::Write { id, changes }, &mut frame).is_ok();
        if !fits || self.bytes + frame.len() > BYTES_MAX {
            let (id, result) = (WriteId(id), Err(WriteError::Full));
            self.completions.push_back(Completion { id, result });
            return id;
        }
        // Whatever its policy, a later change of a row is what holds.
        self.supersede(&keys);
        for key in &keys {
            self.latest.insert(key.clone(), id);
        }
        self.bytes += frame.len();
        self.waiting.push_back(Waiting {
            id,
            policy,
            keys,
            frame,
            state: State::Queued,
            losses: 0,
        });
        WriteId(id)
    }

    /// Forgets changes that failed and are replaced now.
    fn supersede(&mut self, keys: &[Key]) {
        let bytes = &mut self.bytes;
        self.waiting.retain(|it| {
            let is_replaced =
                it.state == State::Postponed && it.keys.iter().all(|k| keys.contains(k));
            *bytes -= if is_replaced { it.frame.len() } else { 0 };
            !is_replaced
        });
    }

    /// Appends what is to be sent now.
    pub fn send(&mut self, out: &mut Vec<u8>) {
        for it in &mut self.waiting {
            if it.state == State::Queued {
                out.extend_from_slice(&it.frame);
                it.state = State::Sent;
            }
        }
    }

    /// Takes what the keeper sent.
    ///
    /// # Errors
    /// It makes no sense: end this keeper, and call [`lost`](Self::lost).
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), BadFrame> {
        self.frames.push(bytes);
        while let Some(answer) = self.frames.take::<Answer>()? {
            match answer {
                Answer::Done { id } => self.done(id),
                Answer::Failed { id, why } => self.failed(id, why),
                // A keeper that was started again has opened the database.
                Answer::Loaded => {}
                Answer::Row(_) => return Err(BadFrame),
                Answer::Unusable(why) => self.trouble = Some(why),
            }
        }
        Ok(())
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.waiting.iter().position(|it| it.id == id)
    }

    /// An answer to a request that is not known any more changes nothing.
    fn done(&mut self, id: u64) {
        let Some(position) = self.position(id) else {
            return;
        };
        if self.waiting[position].policy == Policy::Keep {
            self.trouble = None;
        }
        self.finish(position, Ok(()));
    }

    fn failed(&mut self, id: u64, why: String) {
        let Some(position) = self.position(id) else {
            return;
        };
        let it = &mut self.waiting[position];
        let is_latest = |key| self.latest.get(key) == Some(&id);
        if it.policy == Policy::Keep && it.keys.iter().any(is_latest) {
            it.state = State::Postponed;
            self.trouble = Some(why);
        } else {
            self.finish(position, Err(WriteError::Failed(why)));
        }
    }

    fn finish(&mut self, position: usize, result: Result<(), WriteError>) {
        let Some(it) = self.waiting.remove(position) else {
            return;
        };
        self.bytes -= it.frame.len();
        for key in &it.keys {
            if self.latest.get(key) == Some(&it.id) {
                self.latest.remove(key);
            }
        }
        let id = WriteId(it.id);
        self.completions.push_back(Completion { id, result });
    }

    /// The keeper is gone: the next one gets all that was not acknowledged. But what one keeper after the other does not
    /// survive, or cannot take because none can start, fails or is postponed.
    pub fn lost(&mut self) {
        self.frames = Frames::default();
        for it in &mut self.waiting {
            it.state = State::Queued;
            it.losses = it.losses.saturating_add(1);
            if it.losses >= LOSSES_MAX && it.policy == Policy::Keep {
                (it.state, it.losses) = (State::Postponed, 0);
            }
        }
        while let Some(position) = self.waiting.iter().position(|it| it.losses >= LOSSES_MAX) {
            let why = "the keeper ends again and again".to_owned();
            self.finish(position, Err(WriteError::Failed(why)));
        }
    }

    /// Tries again what failed.
    pub fn try_again(&mut self) {
        for it in &mut self.waiting {
            if it.state == State::Postponed {
                it.state = State::Queued;
            }
        }
    }

    /// Whether someone waits for an answer.
    pub fn has_askers(&self) -> bool {
        self.waiting.iter().any(|it| it.policy == Policy::Answer)
    }

    /// Fails what someone waits for. It may be written all the same: the asker has to say what holds then, by a change with
    /// [`Policy::Keep`].
    pub fn fail_askers(&mut self, why: &str) {
        let is_asked = |it: &Waiting| it.policy == Policy::Answer;
        while let Some(position) = self.waiting.iter().position(is_asked) {
            self.finish(position, Err(WriteError::Failed(why.to_owned())));
        }
    }

    /// Whether something failed that is to be tried again.
    pub fn has_postponed(&self) -> bool {
        self.waiting.iter().any(|it| it.state == State::Postponed)
    }

    /// The next write that came to its end.
    pub fn next_completion(&mut self) -> Option<Completion> {
        self.completions.pop_front()
    }

    /// Whether nothing waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Bytes that wait for the keeper.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::records::{Row, SettingRecord};

    fn put(name: &str, value: u8) -> Vec<Change> {
        vec![Change::Put(Row::Setting(SettingRecord {
            name: name.into(),
            value: vec![value],
        }))]
    }

    /// The ids of the writes that are sent now.
    fn sent(client: &mut Client) -> Vec<u64> {
        let (mut out, mut frames, mut ids) = (Vec::new(), Frames::default(), Vec::new());
        client.send(&mut out);
        frames.push(&out);
        while let Some(Request::Write { id, .. }) = frames.take().unwrap() {
            ids.push(id);
        }
        ids
    }

    fn answer(client: &mut Client, answer: &Answer) {
        let mut bytes = Vec::new();
        push_frame(answer, &mut bytes).unwrap();
        client.receive(&bytes).unwrap();
    }

    fn failed(id: u64) -> Answer {
        let why = "disk full".into();
        Answer::Failed { id, why }
    }

    #[test]
    fn what_was_not_acknowledged_is_sent_to_the_next_keeper_in_order() {
        let mut client = Client::default();
        for n in 0..4 {
            client.write(put("a", n), Policy::Answer);
        }
        assert_eq!(sent(&mut client), [1, 2, 3, 4]);
        assert_eq!(sent(&mut client), [0; 0]);
        answer(&mut client, &Answer::Done { id: 2 });
        client.lost();
        assert_eq!(sent(&mut client), [1, 3, 4]);
        for id in [4, 1, 1, 99, 3] {
            answer(&mut client, &Answer::Done { id });
        }
        let done = std::iter::from_fn(|| client.next_completion());
        let done: Vec<_> = done.map(|it| (it.id.0, it.result.is_ok())).collect();
        assert_eq!(done, [(2, true), (4, true), (1, true), (3, true)]);
        assert!(client.is_idle() && client.bytes() == 0);
    }

    #[test]
    fn a_failure_is_an_answer_or_is_tried_again_by_policy() {
        let mut client = Client::default();
        client.write(put("a", 1), Policy::Answer);
        client.write(put("ban", 1), Policy::Keep);
        sent(&mut client);
        answer(&mut client, &failed(1));
        answer(&mut client, &failed(2));
        let failure = client.next_completion().unwrap();
        assert_eq!((failure.id.0, failure.result.is_err()), (1, true));
        assert!(client.next_completion().is_none() && client.has_postponed());
        assert_eq!(client.trouble.as_deref(), Some("disk full"));
        assert_eq!(sent(&mut client), [0; 0]);
        client.try_again();
        assert_eq!(sent(&mut client), [2]);
        answer(&mut client, &Answer::Done { id: 2 });
        assert_eq!(client.trouble, None);
    }

    #[test]
    fn a_later_change_of_a_row_replaces_one_that_failed() {
        let mut client = Client::default();
        client.write(put("ban", 1), Policy::Keep);
        client.write(put("ban", 2), Policy::Keep);
        sent(&mut client);
        // The first fails when the second is on its way: to try it again would undo the second.
        answer(&mut client, &failed(1));
        answer(&mut client, &failed(2));
        client.try_again();
        assert_eq!(sent(&mut client), [2]);
        answer(&mut client, &failed(2));
        client.write(put("ban", 3), Policy::Keep);
        client.try_again();
        assert_eq!(sent(&mut client), [3]);
        answer(&mut client, &Answer::Done { id: 3 });
        assert!(client.is_idle() && client.bytes() == 0);
    }

    #[test]
    fn what_no_keeper_survives_fails_or_is_postponed() {
        let mut client = Client::default();
        client.write(put("a", 1), Policy::Answer);
        client.write(put("ban", 1), Policy::Keep);
        for _ in 1..LOSSES_MAX {
            assert_eq!(sent(&mut client), [1, 2]);
            client.lost();
        }
        client.lost();
        assert!(
            client
                .next_completion()
                .is_some_and(|it| it.result.is_err())
        );
        assert_eq!(sent(&mut client), [0; 0]);
        client.try_again();
        assert_eq!(sent(&mut client), [2]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut client = Client::default();
        let big = || {
            vec![Change::Put(Row::Setting(SettingRecord {
                name: "big".into(),
                value: vec![0; 1 << 20],
            }))]
        };
        for _ in 0..3 {
            client.write(big(), Policy::Answer);
        }
        assert!(client.next_completion().is_none());
        let id = client.write(big(), Policy::Keep);
        let refused = client.next_completion().unwrap();
        assert_eq!((refused.id, refused.result), (id, Err(WriteError::Full)));
        assert!(client.bytes() <= BYTES_MAX);
    }
}
