//! One guest of the swarm: a person who talks, with good manners or bad ones, and hears by an [`Ear`].

use super::{
    ear::Ear,
    plan::{DOORS, ECHO_DOOR},
    words::{CONTESTED, ROOMS, junk, line, own_name, private, text},
};
use crate::net::sim::{Network, Peer, Random};
use std::{collections::BTreeMap, net::SocketAddr};

/// How a guest behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manners {
    /// Talks, reads on until nothing is under way, and then leaves in one of all ways.
    Talker,
    /// Says all it has to say and `/quit`.
    Quitter,
    /// Says all it has to say, ends its stream, and goes on reading.
    HalfCloser,
    /// Goes without a word.
    Resetter,
    /// Talks and never reads.
    Deaf,
    /// Gives no name.
    Mute,
    /// Speaks telnet, and gives no sign of life when asked.
    Ghost,
}

/// How far the run has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cue {
    pub(super) step: usize,
    /// The round that is played; see [`ROUNDS`].
    pub(super) round: u32,
    pub(super) stopped: bool,
}

/// Everyone talks in round 0, says one thing more in round 1 when all have heard the end of that, and leaves in round 2.
pub(super) const ROUNDS: u32 = 2;

/// See the module's documentation.
pub(super) struct Guest {
    pub(super) number: usize,
    pub(super) manners: Manners,
    pub(super) peer: Option<Peer>,
    pub(super) ear: Ear,
    door: usize,
    calls_at: usize,
    /// Bytes it reads at once.
    appetite: usize,
    speaks_telnet: bool,
    /// Keeps its name and enters no room twice.
    steady: bool,
    cap: usize,
    /// Lines to be said yet, and bytes of them.
    budget: usize,
    unsaid: Vec<u8>,
    entered: bool,
    names: usize,
    /// Rooms it will stand in when all it said is done; the last is the one entered last.
    rooms: Vec<&'static str>,
    current: Option<&'static str>,
    been_in: Vec<&'static str>,
    /// How many texts it said to each place.
    pub(super) said: BTreeMap<String, u32>,
    /// The last round of which it has said the end.
    round: u32,
    /// It has said `/quit`.
    pub(super) quitting: bool,
    /// It has ended its stream.
    parted: bool,
    /// It went without hearing the end.
    pub(super) dropped_out: bool,
    /// It wants nothing any more.
    pub(super) gone: bool,
    /// It was open when the server stopped, so it has a right to the last words.
    pub(super) owed_last_words: bool,
}

impl Guest {
    pub(super) fn new(number: usize, lines: usize, cap: usize, random: &mut Random) -> Self {
        use Manners::*;
        let crowd = [
            Talker, Talker, Talker, Talker, Quitter, HalfCloser, Resetter, Deaf, Mute, Ghost,
        ];
        let manners = crowd[random.below(crowd.len())];
        Self {
            number,
            manners,
            peer: None,
            ear: Ear::new(number),
            door: random.below(ECHO_DOOR),
            calls_at: [0, random.below(300)][random.below(2)],
            appetite: [3, 200, 200][random.below(3)],
            speaks_telnet: manners == Ghost || random.percent(30),
            steady: random.percent(60),
            cap,
            budget: 1 + random.below(lines),
            unsaid: Vec::new(),
            entered: false,
            names: 0,
            rooms: Vec::new(),
            current: None,
            been_in: Vec::new(),
            said: BTreeMap::new(),
            round: 0,
            quitting: false,
            parted: false,
            dropped_out: false,
            gone: false,
            owed_last_words: false,
        }
    }

    /// Where it calls from: three addresses for all, a port for each.
    pub(super) fn address(number: usize) -> SocketAddr {
        let host = 1 + (number % 3) as u8;
        ([192, 0, 2, host], 2000 + number as u16).into()
    }

    /// Does a little of everything.
    pub(super) fn act(&mut self, random: &mut Random, network: &Network, cue: Cue) {
        debug_assert!(DOORS.len() > self.door);
        if self.peer.is_none() && !cue.stopped && cue.step >= self.calls_at {
            self.peer = Some(network.call(self.door, Self::address(self.number)));
        }
        if self.gone || self.peer.is_none() {
            return;
        }
        let resetter = self.manners == Manners::Resetter && self.entered;
        if (resetter || self.dropped_out) && random.percent(2) {
            return self.reset(random);
        }
        self.read(random);
        if !self.gone {
            self.think(random, cue);
            self.speak(random);
        }
    }

    fn read(&mut self, random: &mut Random) {
        if self.is_deaf() {
            return;
        }
        let Some(peer) = &mut self.peer else { return };
        if random.percent(50) {
            peer.reads(1 + random.below(self.appetite));
            self.ear.listen(peer.heard());
        }
        let probes = std::mem::take(&mut self.ear.probes);
        let answers = self.speaks_telnet && self.manners != Manners::Ghost && !self.parted;
        assert!(
            probes == 0 || self.speaks_telnet,
            "asked in a foreign tongue"
        );
        for _ in 0..if answers { probes } else { 0 } {
            let verb = [251, 252][random.below(2)];
            self.unsaid.extend([255, verb, 6]);
        }
        if peer.sees_end() {
            if !self.parted {
                self.parted = true;
                peer.ends();
            }
            self.gone = true;
        }
    }

    fn speak(&mut self, random: &mut Random) {
        let Some(peer) = &mut self.peer else { return };
        if !self.unsaid.is_empty() && random.percent(30) {
            let count = 1 + random.below(self.unsaid.len());
            let said: Vec<u8> = self.unsaid.drain(..count).collect();
            peer.sends(&said);
        }
    }

    /// Makes up what to say or do next, once all before is said.
    fn think(&mut self, random: &mut Random, cue: Cue) {
        if !self.unsaid.is_empty() || self.is_leaving() {
            return;
        }
        if self.budget > 0 {
            self.budget -= 1;
            return match (self.entered, self.manners) {
                (false, Manners::Mute) => self.mumble(random),
                (false, _) => self.enter(random),
                (true, _) => self.converse(random),
            };
        }
        match self.manners {
            Manners::Quitter => self.quit(random),
            Manners::HalfCloser => self.end(),
            Manners::Talker => self.keep_time(random, cue),
            Manners::Deaf | Manners::Resetter if cue.round == ROUNDS => self.drop_out(random),
            _ => {}
        }
    }

    /// Ends a round when all is said in it.
    fn keep_time(&mut self, random: &mut Random, cue: Cue) {
        if self.round > cue.round {
            return;
        }
        if cue.round == ROUNDS {
            return match random.below(3) {
                0 => self.quit(random),
                1 => self.end(),
                _ => self.drop_out(random),
            };
        }
        if self.round == 1 {
            if let Some(room) = self.current {
                self.tell(room, "", random);
            }
        }
        self.round += 1;
        self.say(&format!("/sync{}", self.round), random);
    }

    fn quit(&mut self, random: &mut Random) {
        let reason = ["/quit", "/quit so long", "/bye \x07"][random.below(3)];
        self.say(reason, random);
        // It may go on talking to deaf ears.
        if random.percent(30) {
            self.say("and another thing", random);
        }
        self.quitting = true;
    }

    fn end(&mut self) {
        if let Some(peer) = &mut self.peer {
            peer.ends();
        }
        self.parted = true;
    }

    /// Goes without a word; or ends its stream, reads nothing more, and is gone some time later.
    fn drop_out(&mut self, random: &mut Random) {
        self.dropped_out = true;
        if random.percent(50) {
            self.reset(random);
        } else {
            self.end();
        }
    }

    fn reset(&mut self, random: &mut Random) {
        if let Some(peer) = &mut self.peer {
            peer.resets(random);
        }
        self.gone = true;
    }

    /// Says bytes that are no name, or not yet.
    fn mumble(&mut self, random: &mut Random) {
        let mumbles: [&[u8]; 5] = [b"NI C", b"no name\r\n", b"GE T", b" \r\0", b"\xff"];
        self.unsaid.extend(mumbles[random.below(5)]);
    }

    /// Gives a name that may be taken, then one that is not; or at once its own.
    fn enter(&mut self, random: &mut Random) {
        if self.manners == Manners::Ghost {
            self.unsaid.extend([255, 241]);
        }
        let own = own_name(self.number, 0);
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

    fn say(&mut self, text: &str, random: &mut Random) {
        let line = line(text, self.speaks_telnet, random);
        self.unsaid.extend(line);
    }

    /// Says one numbered text, behind a command or none.
    fn tell(&mut self, place: &str, command: &str, random: &mut Random) {
        let n = self.said.entry(place.to_owned()).or_default();
        *n += 1;
        let text = text(self.number, place, *n);
        self.say(&format!("{command}{text}"), random);
    }

    /// One or more lines of a conversation.
    fn converse(&mut self, random: &mut Random) {
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
        let name = own_name(self.number, self.names);
        self.say(&format!("/nick {name}"), random);
    }

    /// Whether it waits for others to act, or for time to pass.
    pub(super) fn is_quiet(&self, cue: Cue) -> bool {
        let Some(peer) = &self.peer else {
            return cue.stopped;
        };
        let silent = self.unsaid.is_empty() && (self.is_leaving() || self.budget == 0);
        let hears = !self.is_deaf() && peer.has_mail();
        self.gone || silent && !hears && !self.is_about_to_act(cue)
    }

    fn is_about_to_act(&self, cue: Cue) -> bool {
        let acts = match self.manners {
            Manners::Quitter | Manners::HalfCloser => true,
            Manners::Talker => self.round <= cue.round,
            Manners::Deaf | Manners::Resetter => cue.round == ROUNDS,
            Manners::Mute | Manners::Ghost => false,
        };
        acts && !self.is_leaving()
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.parted || self.quitting
    }

    fn is_deaf(&self) -> bool {
        self.manners == Manners::Deaf || self.dropped_out
    }

    /// Whether it hears everything and stays until all leave.
    pub(super) fn stays(&self) -> bool {
        self.manners == Manners::Talker && !self.gone && !self.is_leaving()
    }

    /// Whether it has heard the end of this round, if it is one who would.
    pub(super) fn is_in_step(&self, round: u32) -> bool {
        !self.stays() || self.ear.synced > round
    }

    /// Whether nothing is to be awaited from it.
    pub(super) fn is_done(&self, cue: Cue) -> bool {
        match &self.peer {
            Some(peer) if !peer.is_waiting() => self.gone || self.is_deaf(),
            _ => cue.stopped,
        }
    }

    /// The last word that it heard, if the server had one for it.
    pub(super) fn farewell(&self) -> Option<String> {
        self.ear.farewell.clone()
    }

    /// Where its words go.
    pub(super) fn current_room(&self) -> Option<&'static str> {
        self.current
    }

    /// Whether it keeps its first name while it is here.
    pub(super) fn is_steady(&self) -> bool {
        self.steady
    }
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let heard = self.peer.as_ref().map_or(&[][..], |peer| peer.heard());
        f.debug_struct("Guest")
            .field("number", &self.number)
            .field("manners", &self.manners)
            .field("door", &self.door)
            .field("budget", &self.budget)
            .field("unsaid", &String::from_utf8_lossy(&self.unsaid))
            .field("rooms", &self.rooms)
            .field("round", &(self.round, self.ear.synced))
            .field("gone", &self.gone)
            .field("heard", &String::from_utf8_lossy(heard))
            .finish_non_exhaustive()
    }
}
