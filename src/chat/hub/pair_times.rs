//! The times of the last messages between two accounts, as far as they are ahead of the clock.
//!
//! Owns them, and forgets them when the clock has caught up. Does not know the messages.

use crate::chat::{AccountId, WallTime};
use rustc_hash::FxHashMap;

/// So many pairs are remembered before those that matter no more are looked for.
const PAIRS_BEFORE_SWEEP: usize = 64;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct PairTimes {
    by_pair: FxHashMap<(AccountId, AccountId), WallTime>,
    sweep_at: usize,
}

impl PairTimes {
    /// The time of the next message between two accounts, not before `time`.
    pub(super) fn next(&mut self, one: AccountId, other: AccountId, time: WallTime) -> WallTime {
        if self.by_pair.len() >= self.sweep_at {
            self.by_pair.retain(|_, last| *last >= time);
            self.sweep_at = PAIRS_BEFORE_SWEEP.max(2 * self.by_pair.len());
        }
        let pair = (one.min(other), one.max(other));
        let last = self
            .by_pair
            .entry(pair)
            .or_insert(WallTime::from_unix_ms(i64::MIN));
        *last = time.max(last.next());
        *last
    }
}
