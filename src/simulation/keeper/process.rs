//! The keeper's part of the simulation: a process with a map for a database, at the other end of a wire.
//!
//! Owns the rows, which outlive each process, and what is on its way. Does not know what the rows mean.

use crate::{
    simulation::network::Random,
    store::{Answer, Change, Frames, Key, Request, Row, push_frame},
};
use std::collections::BTreeMap;

/// What is in the database.
pub(super) type Rows = BTreeMap<Key, Row>;

/// The other end of the wire is closed.
#[derive(Debug)]
pub(super) struct Gone;

/// How the keepers of a run behave; odds in percent of the steps.
#[derive(Clone, Debug)]
pub(super) struct Manners {
    /// A keeper ends, wherever it is.
    dies: usize,
    /// It does nothing in this step.
    idles: usize,
    /// The disk is full from now on, or has room again.
    disk_changes: usize,
    /// A write fails alone.
    fails: usize,
    /// It hangs until it is ended.
    hangs: usize,
    /// No process can be started, or the database cannot be opened.
    cannot_start: usize,
    /// It sends what is no answer.
    raves: usize,
    /// Answers come in any order.
    is_unordered: bool,
}

impl Manners {
    /// Draws them: each kind of fault is absent, rare or frequent.
    pub(super) fn draw(random: &mut Random) -> Self {
        let mut odds = || [0, 0, 2, 10][random.below(4)];
        Self {
            dies: odds(),
            idles: odds() * 8,
            disk_changes: odds(),
            fails: odds() * 2,
            hangs: odds() / 2,
            cannot_start: odds() * 7,
            raves: odds() / 2,
            is_unordered: odds() > 0,
        }
    }

    fn good() -> Self {
        Self {
            dies: 0,
            idles: 0,
            disk_changes: 0,
            fails: 0,
            hangs: 0,
            cannot_start: 0,
            raves: 0,
            is_unordered: false,
        }
    }
}

/// All keepers of a run, one at a time.
#[derive(Debug)]
pub(super) struct Keeper {
    manners: Manners,
    rows: Rows,
    is_disk_full: bool,
    is_gone_for_good: bool,
    process: Option<Process>,
    /// What the last process sent and nobody has read. Ends with a process that was lost.
    unread: Vec<u8>,
    /// The link holds its end of the wire.
    is_linked: bool,
}

#[derive(Debug, Default)]
struct Process {
    unread: Vec<u8>,
    frames: Frames,
    /// Taken and not yet committed.
    writes: Vec<(u64, Vec<Change>)>,
    /// Committed and not yet sent.
    answers: Vec<Answer>,
    hangs: bool,
}

impl Keeper {
    pub(super) fn new(manners: Manners) -> Self {
        Self {
            manners,
            rows: Rows::new(),
            is_disk_full: false,
            is_gone_for_good: false,
            process: Some(Process::default()),
            unread: Vec::new(),
            is_linked: true,
        }
    }

    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// From now on it does what it should.
    pub(super) fn behave(&mut self) {
        self.manners = Manners::good();
        self.is_disk_full = false;
        if self.process.as_ref().is_some_and(|process| process.hangs) {
            self.process = None;
        }
    }

    /// It ends, and none can be started any more.
    pub(super) fn leave_for_good(&mut self) {
        self.process = None;
        self.is_gone_for_good = true;
    }

    /// From now on no keeper answers, and none ends.
    pub(super) fn hang_for_good(&mut self) {
        self.manners = Manners {
            hangs: 100,
            ..Manners::good()
        };
    }

    /// Starts a process; whether there is one.
    pub(super) fn start(&mut self, random: &mut Random) -> bool {
        if self.is_gone_for_good || random.percent(self.manners.cannot_start / 2) {
            return false;
        }
        self.is_linked = true;
        self.process = Some(Process::default());
        true
    }

    /// Ends the process, and what was on its way.
    pub(super) fn end(&mut self) {
        self.is_linked = false;
        self.process = None;
        self.unread.clear();
    }

    pub(super) fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// Takes what the link wrote.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        if let Some(process) = &mut self.process {
            process.unread.extend_from_slice(bytes);
        }
    }

    /// What the link reads now. A process that has ended may have left something, of which the link sees all or nothing.
    pub(super) fn read(&mut self, random: &mut Random) -> Result<Vec<u8>, Gone> {
        let is_over = self.is_linked && self.process.is_none();
        if is_over && (self.unread.is_empty() || random.percent(30)) {
            return Err(Gone);
        }
        let count = random.below(self.unread.len() + 1);
        let rest = self.unread.split_off(count);
        Ok(std::mem::replace(&mut self.unread, rest))
    }

    /// A little of its work.
    pub(super) fn act(&mut self, random: &mut Random) {
        if random.percent(self.manners.disk_changes) {
            self.is_disk_full = !self.is_disk_full;
        }
        let Some(process) = &mut self.process else {
            return;
        };
        process.hangs |= random.percent(self.manners.hangs);
        if process.hangs || random.percent(self.manners.idles) {
            // A process that hangs is killed by its host some day.
            if process.hangs && random.percent(2) {
                self.process = None;
            }
            return;
        }
        let count = random.below(process.unread.len() + 1);
        process.frames.push(&process.unread[..count]);
        process.unread.drain(..count);
        while let Some(request) = process.frames.take().expect("requests") {
            match request {
                Request::Open { .. } if random.percent(self.manners.cannot_start / 2) => {
                    let why = Answer::Unusable("no such disk".into());
                    push(&why, &mut self.unread);
                    self.process = None;
                    return;
                }
                Request::Open { .. } => push(&Answer::Loaded, &mut self.unread),
                Request::Write { id, changes } => process.writes.push((id, changes)),
                Request::Append { .. } | Request::Ask { .. } | Request::Sweep { .. } => {
                    unreachable!("nothing is said in this simulation")
                }
            }
        }
        if random.percent(self.manners.dies) {
            self.process = None;
            return;
        }
        if random.percent(60) {
            self.commit(random);
        }
        if random.percent(self.manners.dies) {
            self.process = None;
            return;
        }
        self.answer(random);
    }

    /// One transaction of all that was taken.
    fn commit(&mut self, random: &mut Random) {
        let Some(process) = &mut self.process else {
            return;
        };
        for (id, changes) in process.writes.drain(..) {
            let why = match () {
                () if self.is_disk_full => Some("disk full"),
                () if random.percent(self.manners.fails) => Some("bad sector"),
                () => None,
            };
            if let Some(why) = why {
                let why = why.to_owned();
                process.answers.push(Answer::Failed { id, why });
                continue;
            }
            for change in changes {
                match change {
                    Change::Put(row) => {
                        self.rows.insert(row.key(), row);
                    }
                    Change::Drop(key) => {
                        self.rows.remove(&key);
                    }
                }
            }
            process.answers.push(Answer::Done { id });
        }
    }

    /// Sends some of the answers, and dies in the middle of one in some runs.
    fn answer(&mut self, random: &mut Random) {
        let Some(process) = &mut self.process else {
            return;
        };
        if random.percent(self.manners.raves) {
            // A length that no message has.
            self.unread.extend(u32::MAX.to_le_bytes());
            return;
        }
        for _ in 0..random.below(process.answers.len() + 1) {
            let next = if self.manners.is_unordered {
                random.below(process.answers.len())
            } else {
                0
            };
            let answer = process.answers.remove(next);
            let before = self.unread.len();
            push(&answer, &mut self.unread);
            if random.percent(self.manners.dies) {
                let length = self.unread.len() - before;
                self.unread.truncate(before + random.below(length));
                self.process = None;
                return;
            }
        }
    }
}

fn push(answer: &Answer, out: &mut Vec<u8>) {
    push_frame(answer, out).expect("it is short");
}
