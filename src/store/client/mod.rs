//! The server's side of the store, without a socket: what is to be written, what was acknowledged, what is sent again.
//!
//! Changes that someone waits for ([`Policy::Answer`]) succeed or fail once. Those that have taken effect already
//! ([`Policy::Keep`]), such as a ban, are tried again until they are written or replaced by a later change of the same row.
//! When the keeper is gone, everything that it did not acknowledge is sent to the next one: it may have been written, and
//! is written again, which changes nothing. What is older than an acknowledged change of the same row is not sent again, for
//! that would undo it.
//!
//! Invariants: requests are sent in order; at most [`BYTES_MAX`] wait; each write that someone waits for has one completion,
//! each other has at most one. A change with [`Policy::Keep`] is of one row, and a full queue loses it only until there is
//! room again: then the owner is asked for the row as it is ([`Client::next_overdue`]). Knows no clock: the owner says when to
//! try again.

use super::{
    frame::{BadFrame, Frames, push_frame},
    lines::Question,
    message::{Answer, Request},
    records::{Change, Key},
};
use rustc_hash::FxHashMap;
use std::collections::{BTreeSet, VecDeque};

mod lines;
#[cfg(test)]
mod tests;

pub use lines::{Lines, QuestionId};

/// What may wait for the keeper. Past it nothing more is taken: the disk is full or hangs, and memory is no way out.
const BYTES_MAX: usize = 4 << 20;

/// With fewer bytes that wait, the rows that a full queue did not take are written.
const BYTES_LOW: usize = BYTES_MAX / 2;

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
    /// The rows are longer than a message may be.
    #[error("the row is too long to be stored")]
    TooLong,
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
    /// A later change of a row of its is on the disk.
    is_overtaken: bool,
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
    /// Rows whose last change found no room in the queue.
    overdue: BTreeSet<Key>,
    /// Of kept changes that failed, or of a database that cannot be used, until one is written again.
    pub trouble: Option<String>,
    /// Lines of history, and questions about them.
    pub lines: Lines,
    /// The trouble is that of a keeper which could not open the database.
    is_unusable: bool,
}

impl Client {
    /// Takes changes to be written, all or none.
    pub fn write(&mut self, changes: Vec<Change>, policy: Policy) -> WriteId {
        self.last += 1;
        let id = self.last;
        let keys: Vec<Key> = changes.iter().map(Change::key).collect();
        let mut frame = Vec::new();
        let pushed = push_frame(&Request::Write { id, changes }, &mut frame);
        let bytes_max = match policy {
            Policy::Answer => BYTES_MAX,
            // So that it finds room when it is overdue.
            Policy::Keep => BYTES_MAX - BYTES_LOW,
        };
        let fits = pushed.is_ok() && frame.len() <= bytes_max;
        if !fits || self.bytes + frame.len() > BYTES_MAX {
            if fits && policy == Policy::Keep {
                self.overdue.extend(keys);
            }
            let why = if fits {
                WriteError::Full
            } else {
                WriteError::TooLong
            };
            let (id, result) = (WriteId(id), Err(why));
            self.completions.push_back(Completion { id, result });
            return id;
        }
        debug_assert!(
            policy == Policy::Answer || keys.len() == 1,
            "what is kept is one row"
        );
        // Whatever its policy, a later change of a row is what holds.
        self.supersede(&keys);
        for key in &keys {
            self.overdue.remove(key);
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
            is_overtaken: false,
        });
        WriteId(id)
    }

    /// Forgets kept changes that no keeper has, and that are replaced now.
    fn supersede(&mut self, keys: &[Key]) {
        let is_replaced = |it: &Waiting| {
            let is_here = it.policy == Policy::Keep && it.state != State::Sent;
            is_here && it.keys.iter().all(|key| keys.contains(key))
        };
        while let Some(position) = self.waiting.iter().position(is_replaced) {
            self.forget(position);
        }
    }

    /// Appends what is to be sent now.
    pub fn send(&mut self, out: &mut Vec<u8>) {
        for it in &mut self.waiting {
            if it.state == State::Queued {
                out.extend_from_slice(&it.frame);
                it.state = State::Sent;
            }
        }
        self.lines.send(&mut self.last, out);
    }

    /// Asks about lines; the answer is one of [`Lines::next_reply`].
    pub fn ask(&mut self, question: Question) -> QuestionId {
        self.last += 1;
        self.lines.ask(self.last, question);
        QuestionId(self.last)
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
                Answer::Loaded => self.opened(),
                Answer::Reply { id, reply } => self.lines.reply(id, reply),
                Answer::Unswept => self.lines.note_unswept(),
                Answer::BufferEnd(_) | Answer::Row(_) => return Err(BadFrame),
                Answer::Unusable(why) => {
                    self.trouble = Some(why);
                    self.is_unusable = true;
                }
            }
        }
        Ok(())
    }

    /// A keeper that was started again has opened the database.
    fn opened(&mut self) {
        if std::mem::take(&mut self.is_unusable) {
            self.trouble = None;
        }
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.waiting.iter().position(|it| it.id == id)
    }

    /// An answer to a request that is not known any more changes nothing.
    fn done(&mut self, id: u64) {
        if self.lines.done(id) {
            if !self.has_postponed() {
                self.trouble = None;
            }
            return;
        }
        let Some(position) = self.position(id) else {
            return;
        };
        let policy = self.waiting[position].policy;
        let keys = self.waiting[position].keys.clone();
        self.finish(position, Ok(()));
        self.overtake(id, &keys);
        if self.trouble.is_some() && (policy == Policy::Keep || !self.has_postponed()) {
            self.trouble = None;
        }
    }

    /// Rows are on the disk as a write has them: no older change of them may come after it.
    fn overtake(&mut self, id: u64, keys: &[Key]) {
        let is_older = |it: &Waiting| it.keys.iter().any(|key| keys.contains(key));
        // They are in order: mostly the first is done, and none is older.
        for it in self.waiting.iter_mut().take_while(|it| it.id < id) {
            it.is_overtaken |= is_older(it);
        }
        let is_replaced = |it: &Waiting| it.is_overtaken && it.policy == Policy::Keep;
        loop {
            let mut older = self.waiting.iter().take_while(|it| it.id < id);
            let Some(position) = older.position(is_replaced) else {
                return;
            };
            self.forget(position);
        }
    }

    fn failed(&mut self, id: u64, why: String) {
        if let Some(is_postponed) = self.lines.failed(id) {
            if is_postponed {
                self.trouble = Some(why);
            }
            return;
        }
        let Some(position) = self.position(id) else {
            return;
        };
        if self.put_off(position, &why) {
            self.trouble = Some(why);
        }
    }

    /// A write that failed is tried again later, if nobody waits for it and no later one replaces it. Returns whether it is.
    fn put_off(&mut self, position: usize, why: &str) -> bool {
        let it = &mut self.waiting[position];
        let is_latest = |key| self.latest.get(key) == Some(&it.id);
        match it.policy {
            Policy::Answer => self.finish(position, Err(WriteError::Failed(why.to_owned()))),
            Policy::Keep if it.keys.iter().any(is_latest) => {
                (it.state, it.losses) = (State::Postponed, 0);
                return true;
            }
            Policy::Keep => self.forget(position),
        }
        false
    }

    fn finish(&mut self, position: usize, result: Result<(), WriteError>) {
        let id = WriteId(self.waiting[position].id);
        self.forget(position);
        self.completions.push_back(Completion { id, result });
    }

    /// Lets go of a write without a completion: it came to its end, or a later one replaces it.
    fn forget(&mut self, position: usize) {
        let Some(it) = self.waiting.remove(position) else {
            return;
        };
        self.bytes -= it.frame.len();
        for key in &it.keys {
            if self.latest.get(key) == Some(&it.id) {
                self.latest.remove(key);
            }
        }
    }

    /// The keeper is gone: the next one gets all that was not acknowledged. But what one keeper after the other does not
    /// survive, or cannot take because none can start, fails or is postponed.
    pub fn lost(&mut self) {
        self.frames = Frames::default();
        self.lines.lost();
        for it in &mut self.waiting {
            it.losses = it.losses.saturating_add(1);
            if it.state == State::Sent {
                it.state = State::Queued;
            }
        }
        while let Some(position) = self.waiting.iter().position(|it| it.is_overtaken) {
            let why = "the keeper ended before it answered".to_owned();
            self.finish(position, Err(WriteError::Failed(why)));
        }
        while let Some(position) = self.waiting.iter().position(|it| it.losses >= LOSSES_MAX) {
            self.put_off(position, "the keeper ends again and again");
        }
    }

    /// Tries again what failed.
    pub fn try_again(&mut self) {
        for it in &mut self.waiting {
            if it.state == State::Postponed {
                it.state = State::Queued;
            }
        }
        self.lines.try_again();
    }

    /// Whether someone waits for an answer.
    pub fn has_askers(&self) -> bool {
        self.waiting.iter().any(|it| it.policy == Policy::Answer) || self.lines.has_askers()
    }

    /// Fails what someone waits for. It may be written all the same: the asker has to say what holds then, by a change with
    /// [`Policy::Keep`].
    pub fn fail_askers(&mut self, why: &str) {
        let is_asked = |it: &Waiting| it.policy == Policy::Answer;
        while let Some(position) = self.waiting.iter().position(is_asked) {
            self.finish(position, Err(WriteError::Failed(why.to_owned())));
        }
        self.lines.fail_askers();
    }

    /// Whether something failed that is to be tried again.
    pub fn has_postponed(&self) -> bool {
        self.waiting.iter().any(|it| it.state == State::Postponed) || self.lines.is_postponed()
    }

    /// A row whose last change found no room in the queue, when there is room again. The owner writes it as it is now, with
    /// [`Policy::Keep`].
    pub fn next_overdue(&mut self) -> Option<Key> {
        let has_room = self.bytes < BYTES_LOW;
        has_room.then(|| self.overdue.pop_first()).flatten()
    }

    /// The next write that came to its end.
    pub fn next_completion(&mut self) -> Option<Completion> {
        self.completions.pop_front()
    }

    /// Whether nothing waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.lines.is_idle()
    }

    /// Bytes that wait for the keeper.
    pub fn bytes(&self) -> usize {
        self.bytes + self.lines.bytes()
    }
}
