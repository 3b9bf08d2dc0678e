//! The schedule of an open loop: when each message is due, whatever became of those before it.
//!
//! Message `n` is due `n / rate` after the beginning, in whole microseconds that do not drift. Latency counts from
//! there: if the tool or the server is held up and sends late, the latency gets longer, and no sample is missing
//! ("coordinated omission"). Knows no clock: moments are arguments.

use super::clock::Moment;

/// A schedule of sends at a constant rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    start: Moment,
    /// In messages per 1,000 seconds, so that fractions of a message per second are whole numbers.
    per_kilosecond: u64,
    /// How many have been taken.
    taken: u64,
}

impl Schedule {
    /// A schedule that begins at `start` with `rate` messages a second.
    pub(super) fn new(start: Moment, rate: Rate) -> Self {
        Self {
            start,
            per_kilosecond: rate.0.max(1),
            taken: 0,
        }
    }

    /// When the next message is due.
    pub(super) fn due(&self) -> Moment {
        let micros = u128::from(self.taken) * 1_000_000_000 / u128::from(self.per_kilosecond);
        Moment(self.start.0 + u64::try_from(micros).unwrap_or(u64::MAX / 2))
    }

    /// Takes the next message from the schedule if it is due by `now`, and returns its planned moment.
    pub(super) fn take(&mut self, now: Moment) -> Option<Moment> {
        let due = self.due();
        (due <= now).then(|| {
            self.taken += 1;
            due
        })
    }
}

/// Messages a second, exact to a thousandth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(u64);

impl Rate {
    /// From whole thousandths a second; `None` for zero.
    pub fn from_thousandths(thousandths: u64) -> Option<Self> {
        (thousandths > 0).then_some(Self(thousandths))
    }

    /// Messages a second.
    pub fn per_second(self) -> f64 {
        self.0 as f64 / 1e3
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/s", self.per_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn due_moments_do_not_drift() {
        let mut schedule = Schedule::new(Moment(500), Rate(3_000));
        let mut due = Vec::new();
        while due.len() < 7 {
            due.extend(schedule.take(Moment(u64::MAX)).map(|m| m.0));
        }
        assert_eq!(
            due,
            [
                500, 333_833, 667_166, 1_000_500, 1_333_833, 1_667_166, 2_000_500
            ]
        );
    }

    #[test]
    fn nothing_is_due_early_and_late_sends_keep_their_moment() {
        let mut schedule = Schedule::new(Moment(0), Rate(1_000_000));
        assert_eq!(schedule.take(Moment(0)), Some(Moment(0)));
        assert_eq!(schedule.take(Moment(999)), None);
        assert_eq!(schedule.due(), Moment(1_000));
        // Held up for three messages: each still counts from its own moment.
        assert_eq!(schedule.take(Moment(3_500)), Some(Moment(1_000)));
        assert_eq!(schedule.take(Moment(3_500)), Some(Moment(2_000)));
        assert_eq!(schedule.take(Moment(3_500)), Some(Moment(3_000)));
        assert_eq!(schedule.take(Moment(3_500)), None);
    }

    proptest! {
        #[test]
        fn as_many_are_due_as_the_rate_demands(rate in 1_u64..10_000_000, millis in 0_u64..100_000) {
            let mut schedule = Schedule::new(Moment(0), Rate(rate));
            schedule.taken = u64::from(u32::MAX).min(rate * millis / 1_000_000);
            let now = Moment(millis * 1000);
            prop_assert!(schedule.due() <= now || schedule.taken == 0);
            schedule.taken += 1;
            prop_assert!(schedule.due() >= now);
        }
    }
}
