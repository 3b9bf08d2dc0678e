//! What the server has done: a tally since its start, and the last seconds one by one.
//!
//! The seconds are a ring that is written when a turn ends and read when someone asks: a server with nothing to do is
//! not woken up to find that nothing was done. Decides nothing.

use crate::{chat::Body, net::Tick};

/// Plain counts that only grow. The loop has its own, in [`Stats`](crate::net::Stats).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    /// Whole lines that were taken from people and programs.
    pub(crate) lines: u64,
    /// Messages said in rooms and in private.
    pub(crate) messages: u64,
    /// What all that was done is estimated to have cost, in units of effort.
    pub(crate) effort: u64,
    /// How often a connection's input had to wait because its network had used more than its share.
    pub(crate) shares_spent: u64,
    /// How often an event became bytes: once for each flavour among those who hear of it.
    pub(crate) encoded: u64,
}

impl Counters {
    /// Counts an event if it is something said.
    pub(crate) fn note_event(&mut self, body: &Body) {
        if matches!(body, Body::Said { .. } | Body::SaidLines { .. }) {
            self.messages += 1;
        }
    }
}

/// Seconds that are remembered: those that are asked for, the one that is running, and some to spare.
const KEPT: usize = 16;

/// Messages a second are the mean of so many whole seconds.
const MESSAGES_OVER: u64 = 5;

/// Turns of so many seconds count as those of late, the running one included.
const TURNS_OVER: u64 = 10;

/// What was done in one second.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// Which it was, in seconds of the loop's time. A slot that was not written since belongs to an earlier one.
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
    /// Notes a turn that is over: how many messages there were in all by then, and how long it took.
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

    /// The longest turn of late, in seconds; zero if there was none.
    pub(crate) fn longest_turn_s(&self, now: Tick) -> f64 {
        let longest = self.of_late(now).map(|second| second.longest_ns).max();
        longest.unwrap_or_default() as f64 / 1e9
    }

    /// How long turns of late took on the average, in seconds; zero if there was none.
    pub(crate) fn mean_turn_s(&self, now: Tick) -> f64 {
        let add = |(turns, busy), second: &Bucket| {
            (turns + u64::from(second.turns), busy + second.busy_ns)
        };
        let (turns, busy_ns): (u64, u64) = self.of_late(now).fold((0, 0), add);
        busy_ns as f64 / 1e9 / turns.max(1) as f64
    }

    fn of_late(&self, now: Tick) -> impl Iterator<Item = &Bucket> {
        let this = now.0 / 1000;
        self.between((this + 1).saturating_sub(TURNS_OVER), this + 1)
    }

    /// What was noted from one second on and before another.
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
        // Nothing happens, and nobody had to come by to notice.
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
    fn turns_of_late_have_a_longest_and_a_mean() {
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
