//! Watches: which connections of users are to be informed when a nick comes and goes.
//!
//! Owns the lists of watchers, by the nick that is watched. Invariant: a nick without watchers has no entry. Each
//! watcher's own list is kept with its connection; the two name each other. Does not know which nicks are in use.

use super::{Nick, SessionId};
use smallvec::SmallVec;
use std::collections::HashMap;

/// Bytes of memory that one watched nick costs in the table, at most: the nick, a watcher, and what the table keeps
/// free.
pub const ENTRY_BYTES: usize = 2 * size_of::<(Nick, SmallVec<[SessionId; 2]>)>();

/// Watchers by the watched nick.
#[derive(Debug, Default)]
pub struct Watches {
    // Peers choose the nicks: the standard map's keyed hash keeps them from choosing collisions.
    watchers: HashMap<Nick, SmallVec<[SessionId; 2]>>,
}

impl Watches {
    /// Begins to watch. Twice is once.
    pub fn watch(&mut self, watcher: SessionId, target: &Nick) {
        let watchers = self.watchers.entry(target.clone()).or_default();
        if !watchers.contains(&watcher) {
            watchers.push(watcher);
        }
    }

    /// Ceases to watch.
    pub fn forget(&mut self, watcher: SessionId, target: &Nick) {
        if let Some(watchers) = self.watchers.get_mut(target) {
            watchers.retain(|other| *other != watcher);
            if watchers.is_empty() {
                self.watchers.remove(target);
            }
        }
    }

    /// Whether no nick is watched.
    pub fn is_empty(&self) -> bool {
        self.watchers.is_empty()
    }

    /// The connections that watch this nick.
    pub fn of(&self, target: &Nick) -> &[SessionId] {
        if self.watchers.is_empty() {
            // By far the most usual: no nick is watched.
            return &[];
        }
        self.watchers.get(target).map_or(&[], |watchers| watchers)
    }
}
