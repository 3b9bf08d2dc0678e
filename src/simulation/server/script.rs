//! The script of one client of the swarm: lines of a conversation, made so that it always knows where its texts go.
//!
//! It may send many lines before it reads an answer, and some answers it never reads. So no line has an uncertain result:
//! its own names are always free, rooms always open, and after a name that may be taken it gives one that is free.

use super::{
    plan::Plan,
    texts::{CONTESTED, ROOMS, junk, line, own_name, private, text},
};
use crate::simulation::network::Random;
use std::collections::BTreeMap;

/// Lines of a paste: more than the server takes in one turn.
const PASTE: usize = 40;

/// See the module's documentation.
pub(super) struct Script {
    client: usize,
    /// Bytes that are still to be sent.
    pub(super) unsaid: Vec<u8>,
    /// It may be pinged.
    pub(super) speaks_telnet: bool,
    /// It sends a telnet command at once.
    shows_telnet: bool,
    /// It keeps its name and enters no room twice.
    pub(super) steady: bool,
    /// The longest line that is taken.
    cap: usize,
    /// The percentage of texts that are a whole page.
    pastes: usize,
    pub(super) entered: bool,
    /// How often it changed its name.
    names: usize,
    /// Its rooms when all its lines are handled, in the order of entering.
    pub(super) rooms: Vec<&'static str>,
    /// The room that its texts go to.
    pub(super) current: Option<&'static str>,
    been_in: Vec<&'static str>,
    /// How many texts it sent to each target.
    pub(super) said: BTreeMap<String, u32>,
}

impl Script {
    pub(super) fn new(client: usize, shows_telnet: bool, plan: &Plan, random: &mut Random) -> Self {
        Self {
            client,
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

    /// One more text, by which the others see that they missed none before.
    pub(super) fn answer_roll_call(&mut self, random: &mut Random) {
        if let Some(room) = self.current {
            self.tell(room, "", random);
        }
    }

    pub(super) fn quit(&mut self, random: &mut Random) {
        let reason = ["/quit", "/quit so long", "/bye \x07"][random.below(3)];
        self.say(reason, random);
        // It may go on sending lines that are not read.
        if random.percent(30) {
            self.say("and another thing", random);
        }
    }

    /// Sends bytes that are no name, or not yet.
    pub(super) fn mumble(&mut self, random: &mut Random) {
        let mumbles: [&[u8]; 5] = [b"NI C", b"no name\r\n", b"GE T", b" \r\0", b"\xff"];
        self.unsaid.extend(mumbles[random.below(5)]);
    }

    /// Gives a name that may be taken, then one that is not; or at once its own.
    pub(super) fn enter(&mut self, random: &mut Random) {
        if self.shows_telnet {
            self.unsaid.extend([255, 241]);
        }
        let own = own_name(self.client, 0);
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

    /// Sends one numbered text, after a command or none.
    fn tell(&mut self, place: &str, command: &str, random: &mut Random) {
        let n = self.said.entry(place.to_owned()).or_default();
        *n += 1;
        let text = text(self.client, place, *n);
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
                // `//text` sends `/text`.
                let command = [command, "//"][usize::from(command == "/")];
                self.tell(current, command, random);
            }
            (_, None) => self.join(random),
        }
    }

    /// Enters a room, or talks there again. It takes a new name for each room it comes back to, so that no two arrivals
    /// have the same line.
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
        let name = own_name(self.client, self.names);
        self.say(&format!("/nick {name}"), random);
    }
}
