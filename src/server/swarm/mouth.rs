//! What one guest of the swarm says: lines of a conversation, so that it always knows where its words go.
//!
//! It may say many lines before it hears an answer, and some answers it never hears. So it says nothing that leaves it in
//! doubt: its own names are always free, rooms always open, and after a name that may be taken it gives one that is not.

use super::{
    plan::Plan,
    words::{CONTESTED, ROOMS, junk, line, own_name, private, text},
};
use crate::net::sim::Random;
use std::collections::BTreeMap;

/// Lines of a paste: more than the server takes in one turn.
const PASTE: usize = 40;

/// See the module's documentation.
pub(super) struct Mouth {
    guest: usize,
    /// Bytes that are to be sent yet.
    pub(super) unsaid: Vec<u8>,
    /// It may be asked for a sign of life.
    pub(super) speaks_telnet: bool,
    /// It lets that be known at once.
    shows_telnet: bool,
    /// It keeps its name and enters no room twice.
    pub(super) steady: bool,
    /// The longest line that is taken.
    cap: usize,
    /// In so many percent of the cases it has a whole page to say.
    pastes: usize,
    pub(super) entered: bool,
    /// How often it changed its name.
    names: usize,
    /// Rooms it will stand in when all it said is done, in the order of entering.
    pub(super) rooms: Vec<&'static str>,
    /// The one of them that its words go to.
    pub(super) current: Option<&'static str>,
    been_in: Vec<&'static str>,
    /// How many texts it said to each place.
    pub(super) said: BTreeMap<String, u32>,
}

impl Mouth {
    pub(super) fn new(guest: usize, shows_telnet: bool, plan: &Plan, random: &mut Random) -> Self {
        Self {
            guest,
            unsaid: Vec::new(),
            speaks_telnet: shows_telnet || random.percent(30),
            shows_telnet,
            steady: random.percent(60),
            cap: plan.config.limits.line,
            pastes: if plan.room < 100 { 0 } else { 20 },
            entered: false,
            names: 0,
            rooms: Vec::new(),
            current: None,
            been_in: Vec::new(),
            said: BTreeMap::new(),
        }
    }

    /// One more text, so that others can tell that they missed none before.
    pub(super) fn answer_roll_call(&mut self, random: &mut Random) {
        if let Some(room) = self.current {
            self.tell(room, "", random);
        }
    }

    pub(super) fn quit(&mut self, random: &mut Random) {
        let reason = ["/quit", "/quit so long", "/bye \x07"][random.below(3)];
        self.say(reason, random);
        // It may go on talking to deaf ears.
        if random.percent(30) {
            self.say("and another thing", random);
        }
    }

    /// Says bytes that are no name, or not yet.
    pub(super) fn mumble(&mut self, random: &mut Random) {
        let mumbles: [&[u8]; 5] = [b"NI C", b"no name\r\n", b"GE T", b" \r\0", b"\xff"];
        self.unsaid.extend(mumbles[random.below(5)]);
    }

    /// Gives a name that may be taken, then one that is not; or at once its own.
    pub(super) fn enter(&mut self, random: &mut Random) {
        if self.shows_telnet {
            self.unsaid.extend([255, 241]);
        }
        let own = own_name(self.guest, 0);
        if random.percent(25) {
            self.say(CONTESTED[random.below(CONTESTED.len())], random);
            self.say(&format!("/nick {own}"), random);
        } else {
            self.say(&[own.clone(), format!("  {own} ")][random.below(2)], random);
        }
        self.entered = true;
        self.go(ROOMS[0]);
    }

    fn go(&mut self, room: &'static str) {
        if !self.rooms.contains(&room) {
            self.rooms.push(room);
            self.been_in.push(room);
        }
        self.current = Some(room);
    }

    pub(super) fn say(&mut self, text: &str, random: &mut Random) {
        let line = line(text, self.speaks_telnet, random);
        self.unsaid.extend(line);
    }

    /// Says one numbered text, behind a command or none.
    fn tell(&mut self, place: &str, command: &str, random: &mut Random) {
        let n = self.said.entry(place.to_owned()).or_default();
        *n += 1;
        let text = text(self.guest, place, *n);
        self.say(&format!("{command}{text}"), random);
    }

    /// One or more lines of a conversation.
    pub(super) fn run_protocol(&mut self, random: &mut Random) {
        match (random.below(16), self.current) {
            (0, _) => self.join(random),
            (1, Some(current)) => self.leave(current, random),
            (2, _) => self.rename(random),
            (3 | 4, _) => {
                let to = random.below(8);
                self.tell(&private(to), &format!("/msg {} ", own_name(to, 0)), random);
            }
            (5, _) => self.unsaid.extend(junk(self.cap, random)),
            (6, Some(_)) => {
                let lines = [
                    "/topic tea",
                    "/away out",
                    "/who",
                    "/rooms",
                    "/help",
                    "/names",
                ];
                self.say(lines[random.below(lines.len())], random);
            }
            (7, Some(current)) if random.percent(self.pastes) => {
                for _ in 0..PASTE {
                    self.tell(current, "", random);
                }
            }
            (_, Some(current)) => {
                let command = ["", "", "", "/me ", "/"][random.below(5)];
                // `//text` says `/text`.
                let command = [command, "//"][usize::from(command == "/")];
                self.tell(current, command, random);
            }
            (_, None) => self.join(random),
        }
    }

    /// Enters a room, or talks there again. It has a new name for each room it comes back to, so that no two arrivals
    /// look the same.
    fn join(&mut self, random: &mut Random) {
        let room = ROOMS[random.below(ROOMS.len())];
        if !self.rooms.contains(&room) && self.been_in.contains(&room) {
            if self.steady {
                return;
            }
            self.rename_to_own(random);
        }
        let name = [room, &room[1..]][random.below(2)];
        self.say(&format!("/join {name}"), random);
        self.go(room);
    }

    fn leave(&mut self, current: &'static str, random: &mut Random) {
        let room = self.rooms[random.below(self.rooms.len())];
        self.rooms.retain(|other| *other != room);
        if room == current {
            self.current = self.rooms.last().copied();
            let words = ["/leave".to_owned(), format!("/part {room}")];
            self.say(&words[random.below(2)], random);
        } else {
            self.say(&format!("/leave {room}"), random);
        }
    }

    fn rename(&mut self, random: &mut Random) {
        if self.steady {
            return;
        }
        if random.percent(30) {
            let name = CONTESTED[random.below(CONTESTED.len())];
            self.say(&format!("/nick {name}"), random);
        }
        self.rename_to_own(random);
    }

    fn rename_to_own(&mut self, random: &mut Random) {
        self.names += 1;
        let name = own_name(self.guest, self.names);
        self.say(&format!("/nick {name}"), random);
    }
}
