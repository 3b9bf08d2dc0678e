//! The oracle of one client of the swarm: checks each line that it receives against a model of the lines that may come.
//!
//! It knows no more than a user at a terminal. From that it keeps the members of its rooms, and fails on everything that
//! does not fit: lines of no known shape (docs/CLIENTS.md lists them), a text from a user who is not there, a text twice,
//! out of order or changed, anything after a farewell. The lines of each room are kept, so that those of several clients
//! can be compared.

use super::texts::{origin, owner, private};
use std::collections::{BTreeMap, BTreeSet};

const IAC: u8 = 255;
/// The server's ping: DO TIMING-MARK.
const PROBE: [u8; 2] = [253, 6];

/// One stay in one room: all its lines, from the client's own arrival on.
#[derive(Debug)]
pub(super) struct View {
    pub(super) room: String,
    /// The line about the client's arrival, if no other arrival has the same.
    pub(super) arrival: Option<String>,
    /// Each line, with the client that caused it.
    pub(super) told: Vec<(Option<usize>, String)>,
    /// The client is still there.
    pub(super) open: bool,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    me: usize,
    /// How much of the received bytes was checked, and the part of it that is no whole line yet.
    listened: usize,
    pub(super) rest: Vec<u8>,
    pub(super) name: Option<String>,
    /// The client's rooms, and the names of their members.
    pub(super) rooms: BTreeMap<String, BTreeSet<String>>,
    /// The room whose names are being listed.
    arriving: Option<String>,
    /// The last text of each client to each target.
    pub(super) last: BTreeMap<(usize, String), u32>,
    pub(super) views: Vec<View>,
    /// The last round whose end has come back from the server.
    pub(super) synced: u32,
    /// Pings that were not answered yet.
    pub(super) probes: usize,
    pub(super) lines: usize,
    /// The last line from the server.
    pub(super) farewell: Option<String>,
}

impl Oracle {
    pub(super) fn new(me: usize) -> Self {
        Self {
            me,
            ..Self::default()
        }
    }

    /// Checks the new part of all bytes that were received.
    pub(super) fn listen(&mut self, heard: &[u8]) {
        self.rest.extend(&heard[self.listened..]);
        self.listened = heard.len();
        let mut rest = std::mem::take(&mut self.rest);
        let mut taken = 0;
        while let Some(length) = self.take(&rest[taken..]) {
            taken += length;
        }
        rest.drain(..taken);
        self.rest = rest;
    }

    /// Takes one line, or one of telnet's commands, which come between lines only; its length.
    fn take(&mut self, rest: &[u8]) -> Option<usize> {
        if let [IAC, command @ ..] = rest {
            let command = command.get(..2)?;
            assert!(matches!(command[0], 251..=254), "telnet: {command:?}");
            self.probes += usize::from(command == PROBE);
            return Some(3);
        }
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&rest[..end]).expect("lines are UTF-8");
        let line = line.strip_suffix('\r').expect("lines end in CR LF");
        assert!(!line.contains(char::is_control), "{line:?}");
        assert_eq!(self.farewell, None, "and then came {line:?}");
        self.lines += 1;
        self.hear(line);
        Some(end + 1)
    }

    fn hear(&mut self, line: &str) {
        let arriving = self.arriving.take();
        if let Some(refusal) = line.strip_prefix("! ") {
            self.hear_refusal(refusal);
        } else if let Some(sent) = line.strip_prefix("-> *") {
            let (_, text) = sent.split_once("* ").expect("a name and a text");
            assert_eq!(origin(text).0, self.me, "sent by another client");
        } else if let Some(news) = line.strip_prefix("* ") {
            if self.hear_names(news, arriving.as_deref()) {
                self.arriving = arriving;
            } else if !self.is_general(news) && !self.hear_of_me(news) {
                self.hear_of_others(news, line);
            }
        } else if let Some(speech) = line.strip_prefix('*') {
            let (name, text) = speech.split_once("* ").expect("a name and a text");
            let (from, place, n) = origin(text);
            assert_eq!(place, private(self.me), "not for this client: {line}");
            self.count(from, name, place, n);
        } else {
            self.hear_speech(line);
        }
    }

    fn hear_refusal(&mut self, refusal: &str) {
        assert!(!refusal.is_empty());
        let round = refusal.strip_prefix("unknown command /sync");
        if let Some(round) = round.and_then(|rest| rest.split(';').next()) {
            let round = round.parse().expect("a number");
            assert_eq!(self.synced + 1, round, "rounds come in order");
            self.synced = round;
        }
        let last = ["good-bye", "try again later", "from your address"];
        if last.iter().any(|word| refusal.contains(word)) {
            self.farewell = Some(refusal.to_owned());
        }
    }

    /// `in #room: names`: on arrival these are all members, later they can only be some of the known ones.
    fn hear_names(&mut self, news: &str, arriving: Option<&str>) -> bool {
        let Some((room, names)) = news.strip_prefix("in ").and_then(|n| n.split_once(":")) else {
            return arriving.is_some_and(|room| news.starts_with(&format!("topic of {room}: ")));
        };
        let names = names.split(' ').filter(|word| !word.is_empty());
        let names = names.filter(|word| *word != "(away)").map(str::to_owned);
        let Some(present) = self.rooms.get_mut(room) else {
            return false;
        };
        if arriving == Some(room) {
            present.extend(names);
        } else {
            let names: BTreeSet<_> = names.collect();
            assert!(names.is_subset(present), "{names:?} of {present:?}");
        }
        true
    }

    /// Lines that change nothing in the model.
    fn is_general(&mut self, news: &str) -> bool {
        let last = ["goodbye", "madang.local is shutting down, good-bye"];
        if last.contains(&news) {
            self.farewell = Some(news.to_owned());
            return true;
        }
        let begins = ["welcome to ", "topic of #", "#", "/", "in #"];
        let whole = ["what is your name?", "madang is here"];
        begins.iter().any(|begin| news.starts_with(begin)) || whole.contains(&news)
    }

    fn hear_of_me(&mut self, news: &str) -> bool {
        let Some(news) = news.strip_prefix("you ") else {
            return false;
        };
        if let Some(room) = news.strip_prefix("left ") {
            assert!(self.rooms.remove(room).is_some(), "not in {room}");
            self.last.retain(|(_, place), _| place != room);
            self.view(room).open = false;
        } else if let Some(new) = news.strip_prefix("are now known as ") {
            let old = self.name.replace(new.to_owned()).expect("we had a name");
            self.rename(&old, new);
        } else {
            let begins = [
                "are now talking in #",
                "are in no room; ",
                "changed the topic of #",
            ];
            let begins = begins.iter().any(|begin| news.starts_with(begin));
            let known = news == "are back" || news.starts_with("are away: ");
            assert!(begins || known, "of no known shape: you {news}");
        }
        true
    }

    fn hear_of_others(&mut self, news: &str, line: &str) {
        let (name, what) = news.split_once(' ').expect("a name and what it did");
        owner(name);
        if let Some(room) = what.strip_prefix("joined ") {
            if *self.name.get_or_insert_with(|| name.to_owned()) == name {
                self.arrive(room, name, line);
            } else {
                self.note(room, name, line);
                assert!(self.present(room).insert(name.to_owned()), "{line}");
            }
        } else if let Some(room) = what.strip_prefix("left ") {
            assert!(self.present(room).remove(name), "{line}");
            self.note(room, name, line);
        } else if what == "quit" || what.starts_with("quit (") {
            let stood = |present: &mut BTreeSet<String>| present.remove(name);
            let stood = self.rooms.values_mut().map(stood).filter(|stood| *stood);
            assert!(stood.count() > 0, "{line}");
        } else if let Some(new) = what.strip_prefix("is now known as ") {
            self.rename(name, new);
        } else if let Some(topic) = what.strip_prefix("changed the topic of ") {
            let (room, _) = topic.split_once(" to: ").expect("a topic");
            self.note(room, name, line);
        } else {
            let answer = what.starts_with("is away: ");
            assert!(answer, "of no known shape: {line:?}");
        }
    }

    /// `#room <name> text` and `#room * name text`.
    fn hear_speech(&mut self, line: &str) {
        let (room, speech) = line.split_once(' ').expect("a room and what was said");
        let (name, text) = match speech.strip_prefix("* ") {
            Some(action) => action.split_once(' ').expect("a name and an action"),
            None => {
                let speech = speech.strip_prefix('<').expect("a name in brackets");
                speech.split_once("> ").expect("a name and a text")
            }
        };
        assert!(self.present(room).contains(name), "not there: {line}");
        let (from, place, n) = origin(text.strip_prefix('/').unwrap_or(text));
        assert_eq!(place, room, "sent elsewhere: {line}");
        assert_ne!(from, self.me, "its own text: {line}");
        self.count(from, name, place, n);
        let view = self.view(room);
        view.told.push((Some(from), line.to_owned()));
    }

    /// Texts of one client to one target come in order, and none is missing.
    fn count(&mut self, from: usize, name: &str, place: String, n: u32) {
        let owner = owner(name);
        assert!(owner.is_none_or(|owner| owner == from), "{name} is {from}");
        let last = self.last.insert((from, place), n);
        assert!(last.is_none_or(|last| last + 1 == n), "{n} after {last:?}");
    }

    fn arrive(&mut self, room: &str, name: &str, line: &str) {
        let present = BTreeSet::from([name.to_owned()]);
        let before = self.rooms.insert(room.to_owned(), present);
        assert!(before.is_none(), "twice: {line}");
        self.arriving = Some(room.to_owned());
        self.views.push(View {
            room: room.to_owned(),
            arrival: owner(name).map(|_| line.to_owned()),
            told: Vec::new(),
            open: true,
        });
    }

    fn rename(&mut self, old: &str, new: &str) {
        let mut stood = false;
        for present in self.rooms.values_mut() {
            if present.remove(old) {
                assert!(present.insert(new.to_owned()), "{new} twice");
                stood = true;
            }
        }
        let ours = self.name.as_deref() == Some(new);
        assert!(stood || ours && self.rooms.is_empty(), "{old}, {new}");
    }

    fn note(&mut self, room: &str, name: &str, line: &str) {
        let view = self.view(room);
        view.told.push((owner(name), line.to_owned()));
    }

    fn present(&mut self, room: &str) -> &mut BTreeSet<String> {
        self.rooms.get_mut(room).expect("told of a room of ours")
    }

    fn view(&mut self, room: &str) -> &mut View {
        let of_room = |view: &&mut View| view.room == room;
        let view = self.views.iter_mut().rev().find(of_room);
        view.expect("told of a room that we were in")
    }
}
