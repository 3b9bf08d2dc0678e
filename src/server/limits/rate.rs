//! Flood control: how fast one connection's commands are taken, and until when the next one has to wait.
//!
//! No connection is closed and nothing is dropped: the server stops reading, and TCP's flow control slows the sender.
//! The rule is the generic cell rate algorithm (ITU-T I.371, "virtual scheduling"): instead of counting tokens,
//! remember the instant at which the next command would be due if all came evenly, and how far ahead of it one may be.
//!
//! Owns eight bytes for each connection. Does not know commands, and reads no clock: each call passes in milliseconds of
//! any clock that does not run backwards.

use crate::chat::effort::PER_LINE;

/// Nanoseconds in a millisecond.
const NANOS_PER_MILLI: u64 = 1_000_000;
/// Nanoseconds in a second.
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// No command makes its author wait longer than this. The network that it came from pays for the rest.
const DEBT_NS_MAX: u64 = 10 * NANOS_PER_SECOND;

/// How much one connection may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Commands a second in the long run; 0 switches flood control off.
    pub(crate) per_second: u32,
    /// Commands that may come at once after a silence; 0 counts as 1, for else no command would ever be taken.
    pub(crate) burst: u32,
}

impl Rate {
    /// Time between two commands that come evenly. Rounded up: rather a nanosecond too strict than too lax.
    fn interval_ns(self) -> u64 {
        NANOS_PER_SECOND.div_ceil(u64::from(self.per_second.max(1)))
    }

    /// How far ahead of its even schedule a connection may be. At most 2^32 seconds, so it fits.
    fn tolerance_ns(self) -> u64 {
        u64::from(self.burst.max(1) - 1) * self.interval_ns()
    }
}

/// The part of its [`Rate`] that one connection has left.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowance {
    /// When the next command is due if all come evenly, in nanoseconds of the caller's clock; in the past after a
    /// silence. Good for 584 years after that clock's zero, then everything is let through.
    due_ns: u64,
}

impl Allowance {
    /// Takes one command at `now_ms`.
    ///
    /// # Errors
    /// Too soon; holds the first instant, in milliseconds of the same clock, at which it will be granted. A refused call
    /// costs nothing.
    pub(crate) fn take(&mut self, now_ms: u64, rate: Rate) -> Result<(), u64> {
        if rate.per_second == 0 {
            return Ok(());
        }
        let now_ns = now_ms.saturating_mul(NANOS_PER_MILLI);
        let tolerance_ns = rate.tolerance_ns();
        let interval_ns = rate.interval_ns();
        // The upper bound matters only after a change of the rate: no debt from a slower one outlives it.
        let latest_ns = now_ns
            .saturating_add(tolerance_ns)
            .saturating_add(interval_ns);
        if self.due_ns > latest_ns.saturating_add(DEBT_NS_MAX) {
            self.due_ns = latest_ns;
        }
        self.due_ns = self.due_ns.max(now_ns);
        if self.due_ns - now_ns > tolerance_ns {
            return Err((self.due_ns - tolerance_ns).div_ceil(NANOS_PER_MILLI));
        }
        self.due_ns = self.due_ns.saturating_add(interval_ns);
        Ok(())
    }

    /// Charges for [effort](crate::chat::effort) beyond what a line includes: as many lines as it would fill, and parts of one.
    /// They are paid for by waiting; nothing is refused.
    pub(crate) fn charge(&mut self, now_ms: u64, rate: Rate, units: u64) {
        if rate.per_second == 0 {
            return;
        }
        let now_ns = now_ms.saturating_mul(NANOS_PER_MILLI);
        let price_ns = rate.interval_ns().saturating_mul(units) / u64::from(PER_LINE);
        let most_ns = now_ns
            .saturating_add(rate.tolerance_ns())
            .saturating_add(DEBT_NS_MAX);
        let due_ns = self.due_ns.max(now_ns).saturating_add(price_ns);
        self.due_ns = due_ns.min(most_ns).max(self.due_ns);
    }

    /// Whether at `now_ms` it is like a new one, and need not be remembered.
    pub(crate) fn is_whole(&self, now_ms: u64) -> bool {
        self.due_ns <= now_ms.saturating_mul(NANOS_PER_MILLI)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Takes at each instant; `wanted` has the answers.
    #[track_caller]
    fn check(per_second: u32, burst: u32, at_ms: &[u64], wanted: &[Result<(), u64>]) {
        let rate = Rate { per_second, burst };
        let mut allowance = Allowance::default();
        let answers: Vec<_> = at_ms.iter().map(|&at| allowance.take(at, rate)).collect();
        assert_eq!(answers, wanted);
    }

    #[test]
    fn takes_a_burst_and_then_an_even_stream() {
        check(
            10,
            3,
            &[0, 0, 0, 0, 99, 100, 100, 200],
            &[
                Ok(()),
                Ok(()),
                Ok(()),
                Err(100),
                Err(100),
                Ok(()),
                Err(200),
                Ok(()),
            ],
        );
    }

    #[test]
    fn a_refusal_names_the_moment_of_the_next_command() {
        check(2, 1, &[1_000, 1_100, 1_500], &[Ok(()), Err(1_500), Ok(())]);
    }

    #[test]
    fn a_silence_earns_no_more_than_the_burst() {
        check(
            1,
            2,
            &[0, 60_000, 60_000, 60_000],
            &[Ok(()), Ok(()), Ok(()), Err(61_000)],
        );
    }

    #[test]
    fn rate_zero_is_off() {
        check(0, 0, &[5; 4], &[Ok(()); 4]);
    }

    #[test]
    fn burst_zero_still_takes_one() {
        check(1, 0, &[0, 0, 1_000], &[Ok(()), Err(1_000), Ok(())]);
    }

    #[test]
    fn extreme_rates_and_clocks_do_not_overflow() {
        for per_second in [1, u32::MAX] {
            for burst in [0, 1, u32::MAX] {
                for now_ms in [0, 1, u64::MAX / NANOS_PER_MILLI, u64::MAX] {
                    let mut allowance = Allowance::default();
                    for _ in 0..3 {
                        let _ = allowance.take(now_ms, Rate { per_second, burst });
                    }
                }
            }
        }
    }

    #[test]
    fn a_faster_rate_forgets_the_debt_of_a_slower_one() {
        let mut allowance = Allowance::default();
        let slow = Rate {
            per_second: 1,
            burst: 100,
        };
        while allowance.take(0, slow).is_ok() {}
        let fast = Rate {
            per_second: 1_000,
            burst: 1,
        };
        assert_eq!(allowance.take(0, fast), Err(1));
        assert_eq!(allowance.take(1, fast), Ok(()));
    }

    #[test]
    fn effort_beyond_a_line_is_paid_for_in_lines() {
        let rate = Rate {
            per_second: 10,
            burst: 3,
        };
        let mut allowance = Allowance::default();
        assert_eq!(allowance.take(0, rate), Ok(()));
        allowance.charge(0, rate, u64::from(PER_LINE) / 2);
        assert_eq!(allowance.take(0, rate), Ok(()), "the burst has room for it");
        assert_eq!(allowance.take(0, rate), Err(50));
        assert_eq!(allowance.take(50, rate), Ok(()));
        allowance.charge(50, rate, u64::from(PER_LINE) * 20);
        assert_eq!(allowance.take(50, rate), Err(2_150));
        assert_eq!(allowance.take(2_149, rate), Err(2_150));
        assert_eq!(allowance.take(2_150, rate), Ok(()));
    }

    #[test]
    fn no_effort_makes_its_author_wait_longer_than_the_limit() {
        for (per_second, burst) in [(1, 1), (20, 60), (u32::MAX, u32::MAX), (1, u32::MAX)] {
            let rate = Rate { per_second, burst };
            let mut allowance = Allowance::default();
            allowance.charge(1_000, rate, u64::MAX);
            allowance.charge(1_000, rate, u64::MAX);
            let until = allowance.take(1_000, rate).err();
            assert!(until.is_none_or(|until| until <= 11_000), "{until:?}");
        }
    }

    #[test]
    fn effort_costs_nothing_where_flood_control_is_off() {
        let rate = Rate {
            per_second: 0,
            burst: 1,
        };
        let mut allowance = Allowance::default();
        allowance.charge(5, rate, u64::MAX);
        assert!(allowance.is_whole(5));
    }

    #[test]
    fn an_allowance_is_whole_again_when_all_is_earned() {
        let rate = Rate {
            per_second: 10,
            burst: 3,
        };
        let mut allowance = Allowance::default();
        assert!(allowance.is_whole(0));
        assert_eq!(allowance.take(50, rate), Ok(()));
        assert_eq!(allowance.take(50, rate), Ok(()));
        assert!(!allowance.is_whole(249));
        assert!(allowance.is_whole(250));
    }

    #[test]
    fn an_allowance_is_eight_bytes() {
        assert_eq!(size_of::<Allowance>(), 8);
    }

    proptest! {
        /// In any window, the burst and what the rate gives for its length is the most that is taken.
        #[test]
        fn never_takes_more_than_burst_and_rate(
            per_second in 1..5_000_u32,
            burst in 1..50_u32,
            steps_ms in prop::collection::vec(0..40_u64, 1..300),
        ) {
            let rate = Rate { per_second, burst };
            let mut allowance = Allowance::default();
            let mut now_ms = 7;
            let mut taken_ms = Vec::new();
            for step in steps_ms {
                now_ms += step;
                // Greedy, up to a few at each instant.
                for _ in 0..4 {
                    if allowance.take(now_ms, rate).is_ok() {
                        taken_ms.push(now_ms);
                    }
                }
            }
            for (first, &from) in taken_ms.iter().enumerate() {
                for (last, &to) in taken_ms.iter().enumerate().skip(first) {
                    let taken = (last - first + 1) as u64;
                    let earned = (to - from) * u64::from(per_second) / 1_000;
                    prop_assert!(taken <= u64::from(burst) + earned);
                }
            }
        }

        /// A command is granted at the instant that the refusal named, and a millisecond earlier it is refused.
        #[test]
        fn the_instant_of_a_refusal_is_the_first_that_is_granted(
            per_second in 1..=u32::MAX,
            burst in 0..100_u32,
            start_ms in 0..1_u64 << 42,
        ) {
            let rate = Rate { per_second, burst };
            let mut allowance = Allowance::default();
            let mut refused = None;
            for _ in 0..200 {
                if let Err(until_ms) = allowance.take(start_ms, rate) {
                    refused = Some(until_ms);
                    break;
                }
            }
            if let Some(until_ms) = refused {
                prop_assert!(until_ms > start_ms);
                prop_assert_eq!(allowance.take(until_ms - 1, rate), Err(until_ms));
                prop_assert_eq!(allowance.take(until_ms, rate), Ok(()));
            }
        }
    }
}
