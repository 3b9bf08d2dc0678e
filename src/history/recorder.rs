//! The recorder: takes events in, as they leave the hub, and answers from memory what can be answered from there.
//!
//! Owns the lines in memory, and those that are new since they were taken to be stored. Where there is a store, memory is the
//! tail of each room and answers what is asked most: the latest lines of rooms in which people talk. Invariant: what is
//! answered from memory is what the store would answer. Does not know the store.

use super::{
    access::{Readable, Reader, ReaderScope},
    buffer::{Buffer, Pair, shown_name},
    content,
    line::{Author, Content, Line},
    memory::{Beginning, Bounds, Memory},
    presence::Presence,
    query::{Found, Lines, Query, Search, TargetSeen, TargetsQuery, answer, search},
    rules::Rules,
};
use crate::chat::{
    AccountId, Body, Destination, Event, Hub, RoomId, RoomSerial, UserId, WallTime, mode::Rank,
};
use std::{mem, rc::Rc};

/// Lines of one buffer in memory.
const LINES_IN_MEMORY: usize = 100;

/// What is to be done to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A line is new. One that says that a message was taken back takes that message with it.
    Add(Buffer, Rc<Line>),
    /// A buffer is gone.
    Forget(Buffer),
    /// All buffers of an account with this folded name are gone.
    ForgetAccount(Box<str>),
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Recorder {
    rules: Rules,
    memory: Memory,
    presence: Presence,
    /// The author of the last line.
    author: Rc<Author>,
    /// Rooms with a greater number were founded by this process.
    old_rooms: RoomSerial,
    changes: Vec<Change>,
    recorded: u64,
}

impl Recorder {
    /// One that begins now; all rooms that are there already may have lines elsewhere.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            memory: Memory::default(),
            presence: Presence::default(),
            author: Rc::default(),
            old_rooms: RoomSerial::default(),
            changes: Vec::new(),
            recorded: 0,
        }
    }

    /// Rooms up to this number were there before: what is in memory of them is not all.
    pub fn note_old_rooms(&mut self, last: RoomSerial) {
        self.old_rooms = last;
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Replaces the rules. What is kept already stays, until it is the oldest.
    pub fn set_rules(&mut self, rules: Rules, hub: &Hub, now: WallTime) {
        let before = mem::replace(&mut self.rules, rules);
        if !rules.needs_presence() {
            self.presence = Presence::default();
        } else if !before.needs_presence() {
            self.presence = Presence::of_all(hub, now);
        }
    }

    /// Takes an event in. Call it before the next command is applied: until then the records that the event names can be
    /// read.
    pub fn record(&mut self, event: &Event, hub: &Hub) {
        if self.rules.lines == 0 {
            return;
        }
        let left = match self.rules.needs_presence() {
            true => self.presence.follow(event, hub),
            false => Default::default(),
        };
        if let Some(destination) = event.body.destination_of_message() {
            return self.record_message(event, destination, hub);
        }
        match &event.body {
            Body::Kicked { room, .. }
            | Body::ModesChanged { room, .. }
            | Body::RoomRenamed { room, .. }
            | Body::TopicChanged { room } => {
                if let Some(content) = content::content_of(event, hub, "") {
                    self.add_to_room(event, *room, (None, content, "".into()), hub);
                }
            }
            Body::Joined { room } | Body::Left { room, .. } => {
                self.record_presence(event, &[*room], hub);
            }
            Body::Quit { .. } => self.record_presence(event, &left, hub),
            Body::Renamed { .. } => {
                let rooms: Vec<RoomId> = hub.rooms_of(event.author).collect();
                self.record_presence(event, &rooms, hub);
            }
            _ => {}
        }
    }

    fn record_message(&mut self, event: &Event, destination: Destination, hub: &Hub) {
        let tags = content::kept_tags(event);
        let Some(content) = content::content_of(event, hub, &tags) else {
            return;
        };
        match destination {
            Destination::Room(room) => self.add_to_room(event, room, (None, content, tags), hub),
            Destination::Ranked(rank, room) => {
                self.add_to_room(event, room, (Some(rank), content, tags), hub);
            }
            Destination::User(user) if self.rules.private => {
                let account = |user| hub.user(user).and_then(|user| user.account_id());
                let both = account(event.author).zip(account(user));
                let pair = both.and_then(|(one, other)| Pair::of(hub, one, other));
                if let (Some(pair), Some(to)) = (pair, hub.user(user)) {
                    let target = to.nick().as_str().into();
                    self.add(
                        event,
                        Buffer::Pair(pair),
                        target,
                        (None, content, tags),
                        hub,
                    );
                }
            }
            Destination::User(_) => {}
        }
    }

    fn record_presence(&mut self, event: &Event, rooms: &[RoomId], hub: &Hub) {
        let author = hub.user(event.author);
        let content = author.and_then(|user| content::content_of_presence(event, user));
        let Some(content) = content.filter(|_| self.rules.events) else {
            return;
        };
        for &room in rooms {
            self.add_to_room(event, room, (None, content.clone(), "".into()), hub);
        }
    }

    fn add_to_room(
        &mut self,
        event: &Event,
        room: RoomId,
        what: (Option<Rank>, Content, Box<str>),
        hub: &Hub,
    ) {
        if let Some(room) = hub.room(room) {
            let target = room.name().as_str().into();
            self.add(event, Buffer::Room(room.serial()), target, what, hub);
        }
    }

    fn add(
        &mut self,
        event: &Event,
        buffer: Buffer,
        target: Box<str>,
        (rank, content, tags): (Option<Rank>, Content, Box<str>),
        hub: &Hub,
    ) {
        let Some(user) = hub.user(event.author) else {
            return;
        };
        if !content::is_by(&self.author, event, user) {
            self.author = Rc::new(content::author_of(event, user));
        }
        if let Content::Redacted { message, .. } = content {
            self.memory.remove(&buffer, message);
        }
        // The hub gives rising times to all but those who quit or take another nick, in several rooms at once.
        let last = self.memory.last_time(&buffer).unwrap_or(event.time);
        let line = Rc::new(Line {
            id: event.id,
            time: event.time.max(last),
            author: self.author.clone(),
            target,
            rank,
            tags,
            content,
        });
        self.recorded += 1;
        let begins = match buffer {
            Buffer::Room(serial) if serial > self.old_rooms => Beginning::Here,
            _ if !self.rules.is_stored => Beginning::Here,
            _ => Beginning::Elsewhere,
        };
        let bounds = Bounds {
            lines: self.rules.lines.min(LINES_IN_MEMORY),
            bytes: self.rules.bytes,
        };
        self.memory.push(&buffer, line.clone(), begins, bounds);
        if self.rules.is_stored {
            self.changes.push(Change::Add(buffer, line));
        }
    }

    /// Forgets the rooms that have ended.
    pub fn forget_ended(&mut self, hub: &mut Hub) {
        for serial in hub.take_ended_rooms() {
            self.forget(Buffer::Room(serial));
        }
    }

    /// Forgets what an account has said to others, and they to it, for the account ends: nobody who takes its name later may
    /// read that.
    pub fn forget_account(&mut self, account: AccountId, hub: &Hub) {
        let Some(name) = hub.accounts().name(account) else {
            return;
        };
        let name = name.folded();
        for buffer in self.pairs_of(&name) {
            self.memory.forget(&buffer);
        }
        if self.rules.is_stored {
            self.changes.push(Change::ForgetAccount(name.into()));
        }
    }

    fn forget(&mut self, buffer: Buffer) {
        self.memory.forget(&buffer);
        if self.rules.is_stored {
            self.changes.push(Change::Forget(buffer));
        }
    }

    /// The buffers of an account in memory, by its folded name.
    fn pairs_of(&self, name: &str) -> Vec<Buffer> {
        let is_its = |buffer: &&Buffer| match buffer {
            Buffer::Pair(pair) => pair.partner_of(name).is_some(),
            Buffer::Room(_) => false,
        };
        self.memory.buffers().filter(is_its).cloned().collect()
    }

    /// Takes what is to be done to the store since the last call, in order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        mem::take(&mut self.changes)
    }

    /// A reader, whose rights can be asked for.
    pub fn reader<'a>(&'a self, hub: &'a Hub, user: UserId) -> Reader<'a> {
        Reader {
            hub,
            rules: &self.rules,
            presence: &self.presence,
            user,
        }
    }

    /// Answers a query from memory; `None`: the store has to be asked.
    pub fn page(&self, buffer: &Buffer, query: &Query) -> Option<Vec<Rc<Line>>> {
        self.in_memory(buffer, |lines| answer(lines, query))
    }

    /// Searches in memory; `None`: the store has to be asked.
    pub fn search(&self, readable: &Readable, what: &Search) -> Option<Vec<Rc<Line>>> {
        self.in_memory(&readable.buffer, |lines| {
            search(lines, what, &readable.filter)
        })
    }

    fn in_memory(&self, buffer: &Buffer, find: impl Fn(&Lines) -> Found) -> Option<Vec<Rc<Line>>> {
        let Some((lines, is_whole)) = self.memory.lines(buffer) else {
            return (!self.may_be_elsewhere(buffer)).then(Vec::new);
        };
        let found = find(lines);
        let is_all = is_whole || !found.is_cut || !self.rules.is_stored;
        is_all.then_some(found.lines)
    }

    /// Whether a buffer that is not in memory may have lines elsewhere.
    fn may_be_elsewhere(&self, buffer: &Buffer) -> bool {
        match buffer {
            Buffer::Room(serial) => self.rules.is_stored && *serial <= self.old_rooms,
            Buffer::Pair(_) => self.rules.is_stored,
        }
    }

    /// Which of a reader's targets have their last line in a span of time, from memory alone.
    pub fn targets(&self, scope: &ReaderScope, query: &TargetsQuery, hub: &Hub) -> Vec<TargetSeen> {
        let rooms = scope.rooms.iter().filter_map(|(name, readable)| {
            let time = self.memory.last_time(&readable.buffer)?;
            let name = name.clone();
            Some(TargetSeen { name, time })
        });
        let mut found: Vec<_> = rooms.collect();
        let account = scope.account.as_deref();
        for buffer in account.map_or(Vec::new(), |account| self.pairs_of(account)) {
            let (Buffer::Pair(pair), Some(account)) = (&buffer, account) else {
                continue;
            };
            let (partner, time) = (pair.partner_of(account), self.memory.last_time(&buffer));
            if let (Some(partner), Some(time)) = (partner, time) {
                let name = shown_name(partner, hub);
                found.push(TargetSeen { name, time });
            }
        }
        query.select(found)
    }

    /// Lines of a buffer in memory.
    pub(super) fn lines_in(&self, buffer: &Buffer) -> usize {
        self.memory
            .lines(buffer)
            .map_or(0, |(lines, _)| lines.len())
    }

    /// Buffers in memory.
    pub(super) fn buffers_in_memory(&self) -> usize {
        self.memory.buffers().len()
    }

    /// Lines that were recorded.
    pub fn recorded(&self) -> u64 {
        self.recorded
    }

    /// Lines in memory.
    pub fn lines_in_memory(&self) -> usize {
        self.memory.len()
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.memory.bytes() + self.presence.memory()
    }
}
