//! One telnet client of the swarm, with good manners or bad ones: an [`Oracle`] checks what it receives, a [`Script`] makes
//! what it sends.

use super::{
    oracle::Oracle,
    plan::{ECHO_GATE, Plan},
    script::Script,
};
use crate::simulation::network::{Network, Peer, Random};
use std::net::SocketAddr;

/// The behaviour of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manners {
    /// Talks, reads until nothing is under way, and then leaves in one of all ways.
    LineProtocol,
    /// Sends its whole script and `/quit`.
    Quitter,
    /// Sends its whole script, closes its write side, and goes on reading.
    HalfCloser,
    /// Resets the connection.
    Resetter,
    /// Talks and never reads.
    Deaf,
    /// Gives no name.
    Mute,
    /// Speaks telnet, and does not answer pings.
    Ghost,
}

/// The progress of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cue {
    pub(super) step: usize,
    /// The current round; see [`ROUNDS`].
    pub(super) round: u32,
    pub(super) stopped: bool,
}

/// All clients talk in round 0, send one more text in round 1 when all have received the end of round 0, and leave in round
/// 2.
pub(super) const ROUNDS: u32 = 2;

/// See the module's documentation.
pub(super) struct Client {
    pub(super) number: usize,
    pub(super) manners: Manners,
    pub(super) peer: Option<Peer>,
    pub(super) oracle: Oracle,
    pub(super) script: Script,
    listener: usize,
    calls_at: usize,
    /// Bytes it reads at once.
    appetite: usize,
    /// Lines that are still to be sent.
    budget: usize,
    /// The last round whose end it has sent.
    round: u32,
    /// It has sent `/quit`.
    pub(super) quitting: bool,
    /// It has closed its write side.
    parted: bool,
    /// It left without reading to the end.
    pub(super) dropped_out: bool,
    /// It does nothing any more.
    pub(super) gone: bool,
    /// It was connected when the server stopped, so it must receive the farewell.
    pub(super) owed_farewell: bool,
}

impl Client {
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
            oracle: Oracle::new(number),
            script: Script::new(number, manners == Ghost, plan, random),
            listener: random.below(ECHO_GATE),
            calls_at: [0, random.below(300)][random.below(2)],
            appetite: [3, 200, 200][random.below(3)],
            budget: 1 + random.below(plan.lines),
            round: 0,
            quitting: false,
            parted: false,
            dropped_out: false,
            gone: false,
            owed_farewell: false,
        }
    }

    /// Its address: three for all clients, a port for each.
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
        let resetter = self.manners == Manners::Resetter && self.script.entered;
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
            self.oracle.listen(peer.heard());
        }
        let probes = std::mem::take(&mut self.oracle.probes);
        let answers = self.script.speaks_telnet && self.manners != Manners::Ghost && !self.parted;
        assert!(
            probes == 0 || self.script.speaks_telnet,
            "a ping to a client that speaks no telnet"
        );
        for _ in 0..if answers { probes } else { 0 } {
            let verb = [251, 252][random.below(2)];
            self.script.unsaid.extend([255, verb, 6]);
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
        if !self.script.unsaid.is_empty() && random.percent(30) {
            let count = 1 + random.below(self.script.unsaid.len());
            let said: Vec<u8> = self.script.unsaid.drain(..count).collect();
            peer.sends(&said);
        }
    }

    /// Makes the next lines or actions, once all before is sent.
    fn think(&mut self, random: &mut Random, cue: Cue) {
        if !self.script.unsaid.is_empty() || self.is_leaving() {
            return;
        }
        if self.budget > 0 {
            self.budget -= 1;
            return match (self.script.entered, self.manners) {
                (false, Manners::Mute) => self.script.mumble(random),
                (false, _) => self.script.enter(random),
                (true, _) => self.script.run_protocol(random),
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

    /// Ends a round when all its lines are sent.
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
            self.script.answer_roll_call(random);
        }
        self.round += 1;
        self.script.say(&format!("/sync{}", self.round), random);
    }

    fn quit(&mut self, random: &mut Random) {
        self.script.quit(random);
        self.quitting = true;
    }

    fn end(&mut self) {
        if let Some(peer) = &mut self.peer {
            peer.ends();
        }
        self.parted = true;
    }

    /// Resets the connection; or closes its write side, reads nothing more, and is gone some time later.
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
        let silent = self.script.unsaid.is_empty() && (self.is_leaving() || self.budget == 0);
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

    /// Whether it receives everything and stays until all leave.
    pub(super) fn stays(&self) -> bool {
        self.manners == Manners::LineProtocol && !self.gone && !self.is_leaving()
    }

    /// Whether it has received the end of this round, if its behaviour lets it.
    pub(super) fn is_in_step(&self, round: u32) -> bool {
        !self.stays() || self.oracle.synced > round
    }

    /// Whether it will do nothing more.
    pub(super) fn is_done(&self, cue: Cue) -> bool {
        match &self.peer {
            Some(peer) if !peer.is_waiting() => self.gone || self.is_deaf(),
            _ => cue.stopped,
        }
    }

    /// The server's farewell, if it received one.
    pub(super) fn farewell(&self) -> Option<String> {
        self.oracle.farewell.clone()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let heard = self.peer.as_ref().map_or(&[][..], |peer| peer.heard());
        f.debug_struct("Client")
            .field("number", &self.number)
            .field("manners", &self.manners)
            .field("door", &self.listener)
            .field("budget", &self.budget)
            .field("unsaid", &String::from_utf8_lossy(&self.script.unsaid))
            .field("rooms", &self.script.rooms)
            .field("round", &(self.round, self.oracle.synced))
            .field("gone", &self.gone)
            .field("heard", &String::from_utf8_lossy(heard))
            .finish_non_exhaustive()
    }
}
