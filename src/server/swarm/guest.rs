//! One guest of the swarm: someone at a terminal, with good manners or bad ones. It hears by an [`Ear`] and speaks by a
//! [`Mouth`].

use super::{
    ear::Ear,
    mouth::Mouth,
    plan::{ECHO_DOOR, Plan},
};
use crate::net::sim::{Network, Peer, Random};
use std::net::SocketAddr;

/// How a guest behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manners {
    /// Talks, reads on until nothing is under way, and then leaves in one of all ways.
    LineProtocol,
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
    pub(super) mouth: Mouth,
    listener: usize,
    calls_at: usize,
    /// Bytes it reads at once.
    appetite: usize,
    /// Things to be said yet.
    budget: usize,
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
    /// It stood there when the server stopped, so it has a right to the last words.
    pub(super) owed_last_words: bool,
}

impl Guest {
    pub(super) fn new(number: usize, plan: &Plan, random: &mut Random) -> Self {
        use Manners::*;
        let crowd = [
            LineProtocol,
            LineProtocol,
            LineProtocol,
            LineProtocol,
            Quitter,
            HalfCloser,
            Resetter,
            Deaf,
            Mute,
            Ghost,
        ];
        let manners = crowd[random.below(crowd.len())];
        Self {
            number,
            manners,
            peer: None,
            ear: Ear::new(number),
            mouth: Mouth::new(number, manners == Ghost, plan, random),
            listener: random.below(ECHO_DOOR),
            calls_at: [0, random.below(300)][random.below(2)],
            appetite: [3, 200, 200][random.below(3)],
            budget: 1 + random.below(plan.lines),
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
        if self.peer.is_none() && cue.step >= self.calls_at {
            self.peer = Some(network.call(self.listener, Self::address(self.number)));
        }
        if self.gone || self.peer.is_none() {
            return;
        }
        let resetter = self.manners == Manners::Resetter && self.mouth.entered;
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
        let answers = self.mouth.speaks_telnet && self.manners != Manners::Ghost && !self.parted;
        assert!(
            probes == 0 || self.mouth.speaks_telnet,
            "asked in a foreign tongue"
        );
        for _ in 0..if answers { probes } else { 0 } {
            let verb = [251, 252][random.below(2)];
            self.mouth.unsaid.extend([255, verb, 6]);
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
        if !self.mouth.unsaid.is_empty() && random.percent(30) {
            let count = 1 + random.below(self.mouth.unsaid.len());
            let said: Vec<u8> = self.mouth.unsaid.drain(..count).collect();
            peer.sends(&said);
        }
    }

    /// Makes up what to say or do next, once all before is said.
    fn think(&mut self, random: &mut Random, cue: Cue) {
        if !self.mouth.unsaid.is_empty() || self.is_leaving() {
            return;
        }
        if self.budget > 0 {
            self.budget -= 1;
            return match (self.mouth.entered, self.manners) {
                (false, Manners::Mute) => self.mouth.mumble(random),
                (false, _) => self.mouth.enter(random),
                (true, _) => self.mouth.run_protocol(random),
            };
        }
        match self.manners {
            Manners::Quitter => self.quit(random),
            Manners::HalfCloser => self.end(),
            Manners::LineProtocol => self.keep_time(random, cue),
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
            self.mouth.answer_roll_call(random);
        }
        self.round += 1;
        self.mouth.say(&format!("/sync{}", self.round), random);
    }

    fn quit(&mut self, random: &mut Random) {
        self.mouth.quit(random);
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

    /// Whether it waits for others to act, or for time to pass.
    pub(super) fn is_quiet(&self, cue: Cue) -> bool {
        let Some(peer) = &self.peer else {
            return cue.stopped;
        };
        let silent = self.mouth.unsaid.is_empty() && (self.is_leaving() || self.budget == 0);
        let hears = !self.is_deaf() && peer.has_mail();
        self.gone || silent && !hears && !self.is_about_to_act(cue)
    }

    fn is_about_to_act(&self, cue: Cue) -> bool {
        let acts = match self.manners {
            Manners::Quitter | Manners::HalfCloser => true,
            Manners::LineProtocol => self.round <= cue.round,
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
        self.manners == Manners::LineProtocol && !self.gone && !self.is_leaving()
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
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let heard = self.peer.as_ref().map_or(&[][..], |peer| peer.heard());
        f.debug_struct("Guest")
            .field("number", &self.number)
            .field("manners", &self.manners)
            .field("door", &self.listener)
            .field("budget", &self.budget)
            .field("unsaid", &String::from_utf8_lossy(&self.mouth.unsaid))
            .field("rooms", &self.mouth.rooms)
            .field("round", &(self.round, self.ear.synced))
            .field("gone", &self.gone)
            .field("heard", &String::from_utf8_lossy(heard))
            .finish_non_exhaustive()
    }
}
