//! The server's activity: counts since its start, and the last seconds one by one.
//!
//! The seconds are a ring that is written when a turn ends and read when a report is made: an idle server is not woken up
//! to find that nothing was done. Decides nothing.

use crate::{chat::Body, net::Tick};

/// Plain counts that only grow. The loop has its own, in [`Stats`](crate::net::Stats).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    /// Whole lines, requests and messages that were taken from clients.
    pub(crate) lines: u64,
    /// Messages in rooms and in private.
    pub(crate) messages: u64,
    /// The estimated cost of all work, in units of effort.
    pub(crate) effort: u64,
    /// How often a connection's input had to wait because its network had used more than its share.
    pub(crate) shares_spent: u64,
    /// How often an event was encoded: once for each flavour and view in its audience.
    pub(crate) encoded: u64,
}

impl Counters {
    /// Counts an event if it is a message.
    pub(crate) fn note_event(&mut self, body: &Body) {
        if matches!(body, Body::Said { .. } | Body::SaidLines { .. }) {
            self.messages += 1;
        }
    }
}

/// Seconds that are remembered: those that reports need, the running one, and some to spare.
const KEPT: usize = 16;

/// Messages a second are the mean over so many whole seconds.
const MESSAGES_OVER: u64 = 5;

/// Recent turns are those of so many seconds, the running one included.
const TURNS_OVER: u64 = 10;

/// The activity of one second.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// The second, in seconds of the loop's time. A bucket that was not written since holds an earlier one.
    at: u64,
    messages: u64,
    turns: u32,
    busy_ns: u64,
    longest_ns: u64,
}

/// The last seconds.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    ring: [Bucket; KEPT],
    /// All messages up to the last turn.
    messages: u64,
}

impl Activity {
    /// Notes a turn that has ended: all messages so far, and how long it took.
    pub(crate) fn note_turn(&mut self, now: Tick, messages: u64, took_ns: u64) {
        let at = now.0 / 1000;
        let second = &mut self.ring[at as usize % KEPT];
        if second.at != at {
            *second = Bucket {
                at,
                ..Bucket::default()
            };
        }
        second.messages += messages - self.messages;
        second.turns += 1;
        second.busy_ns += took_ns;
        second.longest_ns = second.longest_ns.max(took_ns);
        self.messages = messages;
    }

    /// Messages a second, over the last whole seconds.
    pub(crate) fn messages_per_second(&self, now: Tick) -> f64 {
        let this = now.0 / 1000;
        let seconds = self.between(this.saturating_sub(MESSAGES_OVER), this);
        seconds.map(|second| second.messages).sum::<u64>() as f64 / MESSAGES_OVER as f64
    }

    /// The longest recent turn, in seconds; zero if there was none.
    pub(crate) fn longest_turn_s(&self, now: Tick) -> f64 {
        let longest = self.recent(now).map(|second| second.longest_ns).max();
        longest.unwrap_or_default() as f64 / 1e9
    }

    /// The mean length of recent turns, in seconds; zero if there was none.
    pub(crate) fn mean_turn_s(&self, now: Tick) -> f64 {
        let add = |(turns, busy), second: &Bucket| {
            (turns + u64::from(second.turns), busy + second.busy_ns)
        };
        let (turns, busy_ns): (u64, u64) = self.recent(now).fold((0, 0), add);
        busy_ns as f64 / 1e9 / turns.max(1) as f64
    }

    fn recent(&self, now: Tick) -> impl Iterator<Item = &Bucket> {
        let this = now.0 / 1000;
        self.between((this + 1).saturating_sub(TURNS_OVER), this + 1)
    }

    /// The buckets from one second up to another, which is not included.
    fn between(&self, from: u64, to: u64) -> impl Iterator<Item = &Bucket> {
        let seconds = self.ring.iter();
        seconds.filter(move |second| (from..to).contains(&second.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rate: f64, expected: f64) {
        assert!((rate - expected).abs() < 1e-9, "{rate}, not {expected}");
    }

    #[test]
    fn messages_are_counted_by_the_second_and_forgotten() {
        let mut activity = Activity::default();
        activity.note_turn(Tick(100_200), 7, 0);
        check(activity.messages_per_second(Tick(100_900)), 0.0);
        check(activity.messages_per_second(Tick(101_000)), 7.0 / 5.0);
        activity.note_turn(Tick(102_000), 10, 0);
        activity.note_turn(Tick(102_999), 11, 0);
        check(activity.messages_per_second(Tick(103_000)), 11.0 / 5.0);
        check(activity.messages_per_second(Tick(106_000)), 4.0 / 5.0);
        // Nothing happens, and no turn was needed to notice it.
        check(activity.messages_per_second(Tick(108_000)), 0.0);
        check(activity.messages_per_second(Tick(100_000 + 16_000)), 0.0);
        check(activity.messages_per_second(Tick(500_000)), 0.0);
    }

    #[test]
    fn a_slot_is_used_again() {
        let mut activity = Activity::default();
        activity.note_turn(Tick(1_000), 5, 3_000_000);
        activity.note_turn(Tick(17_000), 6, 1_000_000);
        check(activity.messages_per_second(Tick(18_000)), 1.0 / 5.0);
        check(activity.longest_turn_s(Tick(17_500)), 0.001);
    }

    #[test]
    fn recent_turns_have_a_longest_and_a_mean() {
        let mut activity = Activity::default();
        check(activity.longest_turn_s(Tick(0)), 0.0);
        check(activity.mean_turn_s(Tick(0)), 0.0);
        activity.note_turn(Tick(20_000), 0, 3_000_000);
        activity.note_turn(Tick(20_100), 0, 1_000_000);
        activity.note_turn(Tick(25_000), 0, 2_000_000);
        check(activity.longest_turn_s(Tick(29_999)), 0.003);
        check(activity.mean_turn_s(Tick(29_999)), 0.002);
        check(activity.longest_turn_s(Tick(30_000)), 0.002);
        check(activity.longest_turn_s(Tick(35_000)), 0.0);
    }
}
