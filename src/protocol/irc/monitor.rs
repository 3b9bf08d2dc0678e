//! MONITOR: who waits for whom to come and go (IRCv3 monitor).
//!
//! Owns the lists of all watchers, by the name that is watched. Invariant: a name without watchers has no entry. Each
//! watcher's own list is kept with their session; the two name each other. Does not know who is here.

use super::{
    call::Heading,
    numeric::{RPL_MONOFFLINE, RPL_MONONLINE},
};
use crate::chat::{Nick, User, UserId};
use smallvec::SmallVec;
use std::collections::HashMap;

/// Names that one person may watch (ISUPPORT's MONITOR).
pub const TARGETS_MAX: usize = 100;

/// Bytes of memory that one watched name costs in the table of watchers, at most: its name, a watcher, and what the
/// table keeps free.
pub(super) const ENTRY_BYTES: usize = 2 * size_of::<(Nick, SmallVec<[UserId; 2]>)>();

/// Watchers by the watched.
#[derive(Debug, Default)]
pub struct Monitors {
    // Peers choose the names: the standard map's keyed hash keeps them from choosing collisions.
    watchers: HashMap<Nick, SmallVec<[UserId; 2]>>,
}

impl Monitors {
    /// Begins to watch. Twice is once.
    pub fn watch(&mut self, watcher: UserId, target: &Nick) {
        let watchers = self.watchers.entry(target.clone()).or_default();
        if !watchers.contains(&watcher) {
            watchers.push(watcher);
        }
    }

    /// Ceases to watch.
    pub fn forget(&mut self, watcher: UserId, target: &Nick) {
        if let Some(watchers) = self.watchers.get_mut(target) {
            watchers.retain(|other| *other != watcher);
            if watchers.is_empty() {
                self.watchers.remove(target);
            }
        }
    }

    /// Whether nobody watches anybody.
    pub fn is_empty(&self) -> bool {
        self.watchers.is_empty()
    }

    /// Who watches this name.
    pub fn of(&self, target: &Nick) -> &[UserId] {
        if self.watchers.is_empty() {
            // By far the most usual: nobody watches anybody.
            return &[];
        }
        self.watchers.get(target).map_or(&[], |watchers| watchers)
    }
}

/// Appends that someone who is watched has come.
pub fn come(server: &str, reader: &User, user: &User, out: &mut Vec<u8>) {
    let client = reader.nick().as_str();
    let heading = Heading { server, client };
    let line = heading.numeric(RPL_MONONLINE, out);
    line.text(user.mask()).end();
}

/// Appends that someone who was watched has gone.
pub fn gone(server: &str, reader: &User, nick: &Nick, out: &mut Vec<u8>) {
    let client = reader.nick().as_str();
    let heading = Heading { server, client };
    let line = heading.numeric(RPL_MONOFFLINE, out);
    line.text(nick).end();
}
