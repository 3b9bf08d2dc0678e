//! The names that an attack uses, its numbers, and the features of the server.
//!
//! Names are made from numbers whenever they are needed. Invariant: no two attacks of a run share a name or a room.

use super::features::ServerFeatures;
use crate::load::adapter::{Nick, RoomName, Run};

/// What the lines of an attack are made from.
#[derive(Clone, Debug)]
pub(super) struct AttackContext {
    pub(super) run: Run,
    /// The attack's number in the run: its clients and rooms have names of their own.
    pub(super) turn: u32,
    /// Attackers.
    pub(super) attackers: u32,
    /// Rooms with full lists.
    pub(super) rooms: u32,
    /// Masks in each list.
    pub(super) masks: u32,
    /// The server's features: an attack stays within the limits that the server announces.
    pub(super) features: ServerFeatures,
    /// The addresses that attackers connect from.
    pub(super) sources: Vec<String>,
}

/// How many numbers each attack has for its clients and rooms.
const STRIDE: u32 = 100_000;

impl AttackContext {
    /// The number for the name of an attacker.
    pub(super) fn number(&self, attacker: u32) -> u32 {
        (self.turn + 1) * STRIDE + attacker
    }

    pub(super) fn nick(&self, attacker: u32, tries: u8) -> Nick {
        Nick(self.run, self.number(attacker % self.attackers), tries)
    }

    /// The room that all attackers join.
    pub(super) fn common(&self) -> RoomName {
        RoomName(self.run, self.turn * STRIDE)
    }

    pub(super) fn room(&self, n: u32) -> RoomName {
        RoomName(self.run, self.turn * STRIDE + 1 + n)
    }

    /// The rooms that one attacker creates.
    pub(super) fn own_rooms(&self, attacker: u32) -> impl Iterator<Item = RoomName> + '_ {
        let rooms = (attacker..self.rooms).step_by(self.attackers.max(1) as usize);
        rooms.map(|n| self.room(n))
    }

    /// Letters of the lists that are filled: bans, and exceptions if the server has them.
    pub(super) fn lists(&self) -> impl Iterator<Item = char> {
        let exceptions = self.features.token("EXCEPTS").map(|letter| {
            let letter = letter.chars().next();
            letter.unwrap_or('e')
        });
        [Some('b'), exceptions].into_iter().flatten()
    }

    /// A mask that matches no user and takes long to compare. The last of a list matches every user if exceptions
    /// undo that.
    pub(super) fn mask(&self, n: u32) -> String {
        if n + 1 == self.masks && self.features.token("EXCEPTS").is_some() {
            return "*!*@*".into();
        }
        // No name of ours has an underscore.
        format!("*b*0*_{n}*!*b*n*h*@*")
    }
}
