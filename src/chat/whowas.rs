//! Former bearers of names: a bounded memory of users who quit or changed their nick (Modern IRC, "WHOWAS message").
//!
//! Owns a ring, the newest at its end. A look-up walks over all of it: it is short, and asked rarely.
//! Does not know the present users.

use super::{
    Nick, WallTime,
    persona::{Origin, Persona},
};
use std::collections::VecDeque;

/// How many are remembered in all, under whatever name; some 150 KiB when full.
pub const REMEMBERED_MAX: usize = 1024;

/// A user who bore a nick until it quit or took another.
#[derive(Clone, Debug)]
pub struct Was {
    /// The name.
    pub nick: Nick,
    /// When the user gave it up.
    pub at: WallTime,
    pub(super) persona: Persona,
}

impl Was {
    /// Heap bytes of the entry. The origin counts for each, for the entry may be all that keeps it.
    fn bytes(&self) -> usize {
        let origin = size_of::<Origin>()
            + self.persona.origin.host.len()
            + self.persona.origin.address.len();
        self.nick.name().memory() + self.persona.heap_bytes() + origin
    }

    /// IRC's user name.
    pub fn username(&self) -> &str {
        self.persona.username()
    }

    /// IRC's "real name".
    pub fn realname(&self) -> &str {
        self.persona.realname(self.nick.as_str())
    }

    /// The host that was shown.
    pub fn host(&self) -> &str {
        &self.persona.origin.host
    }

    /// The real address, for operators.
    pub fn address(&self) -> &str {
        &self.persona.origin.address
    }
}

/// The ring.
#[derive(Debug, Default)]
pub(super) struct Whowas {
    ring: VecDeque<Was>,
    /// Heap bytes of the entries.
    bytes: usize,
}

impl Whowas {
    /// Bytes of memory, room kept for later included.
    pub(super) fn memory(&self) -> usize {
        self.ring.capacity() * size_of::<Was>() + self.bytes
    }

    pub(super) fn remember(&mut self, was: Was) {
        if self.ring.len() == REMEMBERED_MAX {
            let oldest = self.ring.pop_front();
            self.bytes -= oldest.map_or(0, |was| was.bytes());
        }
        self.bytes += was.bytes();
        self.ring.push_back(was);
    }

    /// Panics if the count of bytes is not what a walk finds.
    pub(super) fn check_invariants(&self) {
        let bytes: usize = self.ring.iter().map(Was::bytes).sum();
        assert_eq!(self.bytes, bytes, "whowas: bytes by a walk");
    }

    /// All former bearers of a nick, the newest first.
    pub(super) fn of(&self, nick: Nick) -> impl Iterator<Item = &Was> {
        self.ring.iter().rev().filter(move |was| was.nick == nick)
    }
}
