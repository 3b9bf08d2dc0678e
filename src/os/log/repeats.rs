//! Repeated lines: of each kind a burst is logged, then a few a second, and the rest is counted and reported in one
//! line from time to time.
//!
//! Strangers cause most lines of a busy log: for example, a peer that connects and sends a TLS hello to a plain port,
//! a thousand times a second. The budget holds for every kind of line alike, so that no use of `tracing` can forget
//! it. A kind is a place in the code and, where the event has one, a reason. So a flood of one kind hides no other
//! kind, and the whole log is bounded by the number of places in the code.
//!
//! Knows neither the stream nor the clock.

use rustc_hash::FxHashMap;
use std::{
    mem,
    time::{Duration, Instant},
};
use tracing::Level;

/// How long after the first line that was left out the count is reported. Long enough that a flood adds little to the
/// log, short enough for someone who reads along.
const TOLD_AFTER: Duration = Duration::from_secs(5);

/// Kinds that have a budget of their own. There are some hundred; if a mistake makes more, the rest share one budget.
const KINDS_MAX: usize = 1024;

/// The kind of the rest.
const OTHERS: u64 = u64::MAX;

/// How fast lines of one kind may come.
#[derive(Clone, Copy, Debug)]
struct Budget {
    burst: u32,
    /// After the burst: one line in this time.
    every: Duration,
}

/// Levels that are on in normal operation: a few events of a kind show what is going on.
const SHOWN: Budget = Budget {
    burst: 50,
    every: Duration::from_millis(200),
};

/// Levels for debugging: ten times as much, some 50 KB a second for a few kinds together.
const DETAILED: Budget = Budget {
    burst: 500,
    every: Duration::from_millis(20),
};

fn budget(level: Level) -> Budget {
    if level <= Level::INFO {
        SHOWN
    } else {
        DETAILED
    }
}

#[derive(Debug)]
struct Kind {
    level: Level,
    /// The text that its lines have in common.
    label: Box<str>,
    /// When the whole burst is available again (GCRA's theoretical arrival time).
    full_at: Instant,
    left_out: u64,
    /// When the first of them was left out.
    since: Instant,
}

/// How many lines of one kind were left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) level: Level,
    pub(super) label: Box<str>,
    pub(super) lines: u64,
    pub(super) within: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Repeats {
    kinds: FxHashMap<u64, Kind>,
    /// When there is something to report. `None` while nothing was left out.
    due: Option<Instant>,
    left_out: u64,
}

impl Repeats {
    /// Whether a line of this kind is logged. `label` is called once for each kind.
    pub(super) fn admit(
        &mut self,
        kind: u64,
        level: Level,
        label: impl FnOnce() -> String,
        now: Instant,
    ) -> bool {
        let has_own = self.kinds.len() < KINDS_MAX || self.kinds.contains_key(&kind);
        let kind = if has_own { kind } else { OTHERS };
        let known = self.kinds.entry(kind).or_insert_with(|| Kind {
            level,
            label: if has_own { label() } else { "others".into() }.into(),
            full_at: now,
            left_out: 0,
            since: now,
        });
        let Budget { burst, every } = budget(level);
        let full_at = known.full_at.max(now) + every;
        if full_at <= now + every * burst {
            known.full_at = full_at;
            return true;
        }
        self.left_out += 1;
        known.left_out += 1;
        if known.left_out == 1 {
            known.since = now;
            let due = now + TOLD_AFTER;
            self.due = Some(self.due.map_or(due, |other| other.min(due)));
        }
        false
    }

    /// When [`take_due`](Self::take_due) has something to report. `None` while nothing was left out.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The counts that are due to be reported now.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Summary> {
        match self.due {
            Some(due) if due <= now => self.take(now, TOLD_AFTER),
            _ => Vec::new(),
        }
    }

    /// The counts of those kinds whose first missing line is at least this old.
    pub(super) fn take(&mut self, now: Instant, age: Duration) -> Vec<Summary> {
        let mut summaries = Vec::new();
        self.due = None;
        for kind in self.kinds.values_mut().filter(|kind| kind.left_out > 0) {
            if kind.since + age <= now {
                summaries.push(Summary {
                    level: kind.level,
                    label: kind.label.clone(),
                    lines: mem::take(&mut kind.left_out),
                    within: now - kind.since,
                });
            } else {
                let due = kind.since + TOLD_AFTER;
                self.due = Some(self.due.map_or(due, |other| other.min(due)));
            }
        }
        summaries
    }

    /// Lines left out so far.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offers lines of one kind, so many a second for so many seconds; returns how many were admitted.
    fn offer(
        repeats: &mut Repeats,
        kind: u64,
        from: Instant,
        per_second: u32,
        seconds: u32,
    ) -> u32 {
        let every = Duration::from_secs(1) / per_second;
        let at = (0..per_second * seconds).map(|count| from + every * count);
        let admitted =
            at.filter(|at| repeats.admit(kind, Level::INFO, || format!("kind {kind}"), *at));
        admitted.count() as u32
    }

    #[test]
    fn a_kind_has_a_burst_and_then_a_few_lines_a_second() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        assert_eq!(offer(&mut repeats, 1, start, 50, 1), 50);
        let (flood, later) = (
            start + Duration::from_secs(1),
            start + Duration::from_secs(60),
        );
        let admitted = offer(&mut repeats, 1, flood, 1000, 10);
        assert!((50..=56).contains(&admitted), "{admitted} in ten seconds");
        assert_eq!(repeats.left_out(), u64::from(10_000 - admitted));
        // Another kind has its own budget, and a minute later the first kind's is full again.
        assert_eq!(offer(&mut repeats, 2, flood, 50, 1), 50);
        assert_eq!(offer(&mut repeats, 1, later, 50, 1), 50);
    }

    #[test]
    fn missing_lines_are_reported_once_even_if_nothing_follows() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        assert_eq!(offer(&mut repeats, 1, start, 50, 1), 50);
        assert_eq!(repeats.due(), None);
        let (flood, of_two) = (
            start + Duration::from_secs(1),
            start + Duration::from_secs(3),
        );
        let left_out = 100 - offer(&mut repeats, 1, flood, 100, 1);
        offer(&mut repeats, 2, of_two, 100, 1);
        let due = repeats.due().unwrap();
        assert!(due > flood && due <= flood + Duration::from_secs(1) + TOLD_AFTER);
        assert_eq!(repeats.take_due(due - Duration::from_millis(1)), []);
        let told = repeats.take_due(due);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(
            (&*told[0].label, told[0].lines),
            ("kind 1", u64::from(left_out))
        );
        assert_eq!(told[0].within, TOLD_AFTER);
        let next = repeats.due().unwrap();
        assert!(next > due, "the other kind is still to be told");
        assert_eq!(repeats.take_due(next).len(), 1);
        assert_eq!(repeats.due(), None);
    }

    #[test]
    fn kinds_are_bounded() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        for kind in 0..2 * KINDS_MAX as u64 {
            repeats.admit(kind, Level::WARN, String::new, start);
        }
        assert_eq!(repeats.kinds.len(), KINDS_MAX + 1);
        assert!(repeats.left_out() > KINDS_MAX as u64 / 2);
    }
}
