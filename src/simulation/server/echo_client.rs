//! An echo client of the swarm: all bytes that it sends come back, in order, and no others.

use super::{client::Cue, plan::ECHO_GATE};
use crate::simulation::network::{Network, Peer, Random};
use std::net::SocketAddr;

/// See the module's documentation.
pub(super) struct EchoClient {
    peer: Peer,
    sent: Vec<u8>,
    unsent: usize,
    /// The percentage of steps in which it reads.
    reads: usize,
    resets: bool,
    ended: bool,
    gone: bool,
}

impl EchoClient {
    pub(super) fn new(number: usize, room: usize, random: &mut Random, network: &Network) -> Self {
        let address: SocketAddr = ([192, 0, 2, 9], 3000 + number as u16).into();
        Self {
            peer: network.call(ECHO_GATE, address),
            sent: Vec::new(),
            unsent: random.below(20 * room.min(2000)),
            reads: [2, 30, 80][random.below(3)],
            resets: random.percent(15),
            ended: false,
            gone: false,
        }
    }

    pub(super) fn act(&mut self, random: &mut Random) {
        if self.gone {
            return;
        }
        if random.percent(self.reads) {
            self.peer.reads(1 + random.below(3000));
        }
        let heard = self.peer.heard();
        assert!(self.sent.starts_with(heard), "other bytes than it sent");
        if self.peer.sees_end() {
            if !self.ended {
                self.peer.ends();
            }
            self.gone = true;
        } else if self.unsent > 0 {
            let bytes: Vec<u8> = (0..1 + random.below(self.unsent))
                .map(|_| random.next() as u8)
                .collect();
            self.unsent -= bytes.len();
            self.peer.sends(&bytes);
            self.sent.extend(bytes);
        } else if self.resets {
            self.peer.resets(random);
            self.gone = true;
        } else if !self.ended {
            self.peer.ends();
            self.ended = true;
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.gone || self.ended && !self.peer.has_mail()
    }

    pub(super) fn is_done(&self, cue: Cue) -> bool {
        if self.peer.is_waiting() {
            cue.stopped
        } else {
            self.gone
        }
    }

    pub(super) fn heard(&self) -> &[u8] {
        self.peer.heard()
    }

    /// A client that was admitted and not closed has all bytes back.
    pub(super) fn check_end(&self, given_up: bool, limited: bool) {
        let turned_away = self.peer.was_shed() || limited && self.peer.heard().is_empty();
        if given_up || turned_away || self.resets {
            return;
        }
        assert_eq!(self.peer.heard().len(), self.sent.len(), "{self:?}");
        assert!(!self.peer.was_reset(), "{self:?}");
    }
}

impl std::fmt::Debug for EchoClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sent, heard) = (self.sent.len(), self.peer.heard().len());
        let Self { unsent, gone, .. } = self;
        write!(
            f,
            "echo: {sent} sent, {unsent} unsent, {heard} heard, gone: {gone}"
        )
    }
}
