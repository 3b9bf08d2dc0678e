//! Where and with what an attack is made: its people, rooms and masks, and what the server offers.
//!
//! Names are made from numbers whenever they are needed. Invariant: no two attacks of a run share a name or a room.

use super::features::ServerFeatures;
use crate::load::adapter::{Nick, RoomName, Run};

/// Where and with what an attack is made.
#[derive(Clone, Debug)]
pub(super) struct AttackContext {
    pub(super) run: Run,
    /// The attack's number in the run: its people and rooms have names of their own.
    pub(super) turn: u32,
    /// Attackers.
    pub(super) attackers: u32,
    /// Rooms with full lists.
    pub(super) rooms: u32,
    /// Masks in each list.
    pub(super) masks: u32,
    /// Attackers may be in many rooms at once, but no more than the server lets them.
    pub(super) features: ServerFeatures,
    /// Addresses the attackers come from.
    pub(super) sources: Vec<String>,
}

/// People and rooms of an attack before those of the next.
const STRIDE: u32 = 100_000;

impl AttackContext {
    /// The number of an attacker, which makes the name.
    pub(super) fn number(&self, attacker: u32) -> u32 {
        (self.turn + 1) * STRIDE + attacker
    }

    pub(super) fn nick(&self, attacker: u32, tries: u8) -> Nick {
        Nick(self.run, self.number(attacker % self.attackers), tries)
    }

    /// The room that all stand in.
    pub(super) fn common(&self) -> RoomName {
        RoomName(self.run, self.turn * STRIDE)
    }

    pub(super) fn room(&self, n: u32) -> RoomName {
        RoomName(self.run, self.turn * STRIDE + 1 + n)
    }

    /// The rooms that one attacker founds.
    pub(super) fn own_rooms(&self, attacker: u32) -> impl Iterator<Item = RoomName> + '_ {
        let rooms = (attacker..self.rooms).step_by(self.attackers.max(1) as usize);
        rooms.map(|n| self.room(n))
    }

    /// Letters of the lists that are filled: bans, and exceptions where the server has them.
    pub(super) fn lists(&self) -> impl Iterator<Item = char> {
        let exceptions = self.features.token("EXCEPTS").map(|letter| {
            let letter = letter.chars().next();
            letter.unwrap_or('e')
        });
        [Some('b'), exceptions].into_iter().flatten()
    }

    /// A mask that nobody matches, and that takes a while to find out; the last of a list matches everyone where
    /// exceptions undo that again.
    pub(super) fn mask(&self, n: u32) -> String {
        if n + 1 == self.masks && self.features.token("EXCEPTS").is_some() {
            return "*!*@*".into();
        }
        // No name of ours has this sign in it.
        format!("*b*0*_{n}*!*b*n*h*@*")
    }
}
