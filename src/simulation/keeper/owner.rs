//! The server's part of the simulation: it changes rows as accounts, registered rooms and bans do, and knows from what was
//! acknowledged what must be in the database.
//!
//! Three kinds of rows. Of an *account* one change is under way at a time, and holds when it is written. A *room* is
//! registered and dropped so, and changes meanwhile. A *ban* holds at once. Does not know the keeper.

use super::process::Rows;
use crate::{
    net::Tick,
    simulation::network::Random,
    store::{Change, Client, Key, Policy, Row, SettingRecord, WriteId},
};
use std::collections::BTreeMap;

const ACCOUNTS: usize = 4;
const ROOMS: usize = 4;
const BANS: usize = 4;
const ROWS: usize = ACCOUNTS + ROOMS + BANS;

/// The value of a row; `None`: there is none.
type Value = Option<u32>;

/// When a change with an answer holds in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Holds {
    /// At once; it is taken back if it cannot be written.
    AtOnce,
    WhenWritten,
}

/// A write that someone waits for.
#[derive(Debug)]
struct Asked {
    holds: Holds,
    /// Which row becomes what.
    changes: Vec<(usize, Value)>,
    /// For each of them, its number among all changes.
    numbers: Vec<usize>,
}

/// What is known of a row.
#[derive(Debug, Default)]
struct Known {
    /// In memory.
    value: Value,
    /// All changes, in order: number and value.
    changes: Vec<(usize, Value)>,
    /// The latest change that was acknowledged.
    acknowledged: usize,
}

/// See the module's documentation.
pub(super) struct Owner {
    pub(super) client: Client,
    rows: Vec<Known>,
    asked: BTreeMap<WriteId, Asked>,
    /// Writes that nobody waits for, and what they change.
    kept: BTreeMap<WriteId, (usize, usize)>,
    /// Changes so far.
    count: usize,
    /// Bytes of a row.
    size: usize,
}

impl Owner {
    pub(super) fn new(random: &mut Random) -> Self {
        Self {
            client: Client::default(),
            rows: (0..ROWS).map(|_| Known::default()).collect(),
            asked: BTreeMap::new(),
            kept: BTreeMap::new(),
            count: 0,
            // In some runs the queue is full after a few.
            size: if random.below(60) == 0 { 400_000 } else { 4 },
        }
    }

    /// Changes something.
    pub(super) fn act(&mut self, random: &mut Random, now: Tick) {
        let row = random.below(ROWS);
        let value = (!random.percent(30)).then_some(self.count as u32 + 1);
        if row >= ACCOUNTS + ROOMS {
            return self.keep(row, value);
        }
        let is_asked = self.is_asked(row);
        if row >= ACCOUNTS && self.rows[row].value.is_some() && random.percent(50) {
            // Its topic changes, say, whatever is under way.
            self.keep(row, Some(self.count as u32 + 1));
        } else if !is_asked {
            let mut changes = vec![(row, value)];
            let room = ACCOUNTS + random.below(ROOMS);
            let ends_with_it = row < ACCOUNTS && value.is_none() && !self.is_asked(room);
            if ends_with_it && random.percent(50) {
                changes.push((room, None));
            }
            let is_new = value.is_some() && self.rows[row].value.is_none();
            let holds = [Holds::WhenWritten, Holds::AtOnce][usize::from(is_new)];
            self.ask(holds, changes);
        }
        self.note_ends(now);
    }

    fn is_asked(&self, row: usize) -> bool {
        let mut changes = self.asked.values().flat_map(|asked| &asked.changes);
        changes.any(|(other, _)| *other == row)
    }

    fn ask(&mut self, holds: Holds, changes: Vec<(usize, Value)>) {
        let mut numbers = Vec::new();
        for &(row, value) in &changes {
            numbers.push(self.note_change(row, value));
            if holds == Holds::AtOnce {
                self.rows[row].value = value;
            }
        }
        let made = changes.iter().map(|&(row, value)| self.change(row, value));
        let made = made.collect();
        let id = self.client.write(made, Policy::Answer);
        let asked = Asked {
            holds,
            changes,
            numbers,
        };
        self.asked.insert(id, asked);
    }

    /// A row is this from now on.
    fn keep(&mut self, row: usize, value: Value) {
        self.rows[row].value = value;
        let number = self.note_change(row, value);
        let id = self
            .client
            .write(vec![self.change(row, value)], Policy::Keep);
        self.kept.insert(id, (row, number));
    }

    fn note_change(&mut self, row: usize, value: Value) -> usize {
        self.count += 1;
        self.rows[row].changes.push((self.count, value));
        self.count
    }

    fn change(&self, row: usize, value: Value) -> Change {
        match value {
            Some(value) => {
                let mut bytes = value.to_le_bytes().to_vec();
                bytes.resize(self.size, 0);
                Change::Put(Row::Setting(SettingRecord {
                    name: name(row),
                    value: bytes,
                }))
            }
            None => Change::Drop(Key::Setting(name(row))),
        }
    }

    /// What the server does in a turn with the rows that found no room before.
    pub(super) fn write_overdue(&mut self, now: Tick) {
        while let Some(Key::Setting(name)) = self.client.next_overdue() {
            let row = name.parse().expect("a number");
            // Of an account only one change is under way, and its end decides.
            if row >= ACCOUNTS || !self.is_asked(row) {
                self.keep(row, self.rows[row].value);
            }
        }
        self.note_ends(now);
    }

    /// Takes the writes that came to their end.
    pub(super) fn note_ends(&mut self, _: Tick) {
        while let Some(completion) = self.client.next_completion() {
            let is_written = completion.result.is_ok();
            if let Some((row, number)) = self.kept.remove(&completion.id) {
                if is_written {
                    self.note_acknowledged(row, number);
                }
                continue;
            }
            let asked = self.asked.remove(&completion.id);
            let asked = asked.expect("each write ends once");
            for (&(row, value), &number) in asked.changes.iter().zip(&asked.numbers) {
                if is_written {
                    self.note_acknowledged(row, number);
                }
                self.note_end(row, value, number, (asked.holds, is_written));
            }
        }
    }

    /// What the end of a write means for one of its rows.
    fn note_end(&mut self, row: usize, value: Value, number: usize, end: (Holds, bool)) {
        let is_latest = self.rows[row].changes.last().map(|&(n, _)| n) == Some(number);
        match end {
            (Holds::AtOnce, true) => {}
            (Holds::AtOnce, false) => self.keep(row, None),
            (Holds::WhenWritten, true) if is_latest => self.rows[row].value = value,
            // It changed meanwhile: what was asked for holds, and is the last word.
            (Holds::WhenWritten, true) => self.keep(row, value),
            // It may be written all the same.
            (Holds::WhenWritten, false) => self.keep(row, self.rows[row].value),
        }
    }

    fn note_acknowledged(&mut self, row: usize, number: usize) {
        let known = &mut self.rows[row];
        known.acknowledged = known.acknowledged.max(number);
    }

    /// Whether someone waits for an answer.
    pub(super) fn waits(&self) -> bool {
        !self.asked.is_empty()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.client.is_idle() && !self.waits()
    }

    /// Of each row the database has a change that is not older than the latest which was acknowledged.
    pub(super) fn check(&self, rows: &Rows) {
        for (row, known) in self.rows.iter().enumerate() {
            let stored = value_of(rows, row);
            let changes = known.changes.iter().rev();
            let mut late_enough = changes.take_while(|(number, _)| *number >= known.acknowledged);
            let is_one = late_enough.any(|(_, value)| *value == stored);
            let is_first = known.acknowledged == 0 && stored.is_none();
            assert!(is_one || is_first, "row {row} is {stored:?}: {known:?}");
        }
    }

    /// All is written: the database is as the memory.
    pub(super) fn check_at_rest(&self, rows: &Rows) {
        for (row, known) in self.rows.iter().enumerate() {
            assert_eq!(value_of(rows, row), known.value, "row {row}: {known:?}");
        }
        assert_eq!(self.client.trouble, None);
        assert_eq!(self.client.bytes(), 0);
    }
}

fn name(row: usize) -> String {
    row.to_string()
}

fn value_of(rows: &Rows, row: usize) -> Value {
    match rows.get(&Key::Setting(name(row)))? {
        Row::Setting(setting) => {
            let bytes = setting.value.first_chunk().expect("a number");
            Some(u32::from_le_bytes(*bytes))
        }
        other => panic!("{other:?}"),
    }
}

impl std::fmt::Debug for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Owner")
            .field("asked", &self.asked)
            .field("waiting", &self.client.bytes())
            .field("postponed", &self.client.has_postponed())
            .finish_non_exhaustive()
    }
}
