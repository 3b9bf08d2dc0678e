//! Buffers: where lines belong together and have one order.
//!
//! A room's buffer is the room's from its founding to its end: a room that is founded again has another. Two accounts share
//! one for both directions. Does not know what is in them.

use crate::chat::{AccountId, Hub, Nick, RoomSerial};

/// A sequence of lines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Buffer {
    /// What was said between two accounts.
    Pair(Pair),
    /// What was said in a room.
    Room(RoomSerial),
}

/// Two accounts, or one that talks to itself, by their folded names. Invariant: in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    lesser: Box<str>,
    greater: Box<str>,
}

impl Pair {
    /// Of two folded names, in any order.
    pub fn new(one: &str, other: &str) -> Self {
        Self {
            lesser: one.min(other).into(),
            greater: one.max(other).into(),
        }
    }

    /// Of two accounts; `None` if one is gone.
    pub fn of(hub: &Hub, one: AccountId, other: AccountId) -> Option<Self> {
        let folded = |id| hub.accounts().name(id).map(|name| name.folded());
        Some(Self::new(&folded(one)?, &folded(other)?))
    }

    /// The folded names, in order.
    pub fn names(&self) -> (&str, &str) {
        (&self.lesser, &self.greater)
    }

    /// The folded name of the other account; that of the same one if it talks to itself. `None`: this is not its buffer.
    pub fn partner_of(&self, name: &str) -> Option<&str> {
        match name {
            _ if *self.lesser == *name => Some(&self.greater),
            _ if *self.greater == *name => Some(&self.lesser),
            _ => None,
        }
    }
}

impl Buffer {
    /// Bytes of memory outside of the value.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Pair(pair) => pair.lesser.len() + pair.greater.len(),
            Self::Room(_) => 0,
        }
    }
}

/// The name of an account as it is shown.
pub fn shown_name(folded: &str, hub: &Hub) -> Box<str> {
    let name = Nick::parse(folded, hub.rules()).ok();
    let account = name.and_then(|name| hub.accounts().find(&name));
    let shown = account.and_then(|account| hub.accounts().name(account));
    shown.map_or(folded.into(), |name| name.as_str().into())
}
