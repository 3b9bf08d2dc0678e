//! The loop's time: [`Tick`], read once a turn and passed down (invariant 8).
//!
//! Monotonic milliseconds since the loop was made; it is not the time of day. Tests hold the clock still and move it by hand.

use std::time::{Duration, Instant};

/// Nanoseconds in a millisecond.
const NANOS_PER_TICK: u64 = 1_000_000;

/// A moment of the loop's monotonic clock, in milliseconds since the loop was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);

impl Tick {
    /// Later than every moment: "no deadline".
    pub const NEVER: Self = Self(u64::MAX);

    pub(crate) fn of_nanos(nanos: u64) -> Self {
        Self(nanos / NANOS_PER_TICK)
    }

    /// This moment plus a span; stops short of [`NEVER`](Self::NEVER).
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(span).min(u64::MAX - 1))
    }

    /// The next moment on a grid of this many milliseconds. Deadlines that need no precision go on a coarse grid, so that those
    /// of thousands of connections fall due in one wake-up.
    #[must_use]
    pub fn on_grid(self, milliseconds: u64) -> Self {
        if self == Self::NEVER {
            return self;
        }
        Self(self.0.div_ceil(milliseconds).saturating_mul(milliseconds))
    }

    /// How long it is from here until `later`; zero if that has passed.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(later.0.saturating_sub(self.0))
    }
}

/// A loop that comes back this much later than it asked to was not run: the process was stopped, or the whole machine. A
/// busy machine delays a process by some hundred milliseconds.
const PAUSE_AT_LEAST: Duration = Duration::from_secs(1);

/// Where ticks come from.
#[derive(Debug)]
enum Source {
    /// The system's monotonic clock, counted from here.
    System(Instant),
    /// Held by a test.
    Held(Tick),
}

/// The loop's clock: the system's monotonic clock, without the time in which the process was stopped, if pauses are left
/// out.
///
/// The system's clock already stands still while the machine is suspended. While the process alone is stopped (SIGSTOP, a
/// debugger), or a virtual machine is, it goes on, and every deadline passes before the answers that arrived
/// meanwhile are read. With pauses left out no deadline comes nearer in that time.
#[derive(Debug)]
pub(crate) struct Clock {
    source: Source,
    /// The sum of all pauses, in nanoseconds.
    left_out: u64,
    /// Whether pauses are looked for.
    leaves_out: bool,
}

impl Clock {
    /// The system's clock, from now on.
    pub(crate) fn new() -> Self {
        Self {
            source: Source::System(Instant::now()),
            left_out: 0,
            leaves_out: false,
        }
    }

    /// A clock that stands still.
    pub(crate) fn held(at: Tick) -> Self {
        Self {
            source: Source::Held(at),
            left_out: 0,
            leaves_out: false,
        }
    }

    /// From now on pauses are left out.
    pub(crate) fn leave_out_pauses(&mut self) {
        self.leaves_out = matches!(self.source, Source::System(_));
    }

    pub(crate) fn now(&self) -> Tick {
        Tick::of_nanos(self.nanos())
    }

    /// The same in nanoseconds, to see how long something takes. They last for 584 years.
    pub(crate) fn nanos(&self) -> u64 {
        let nanos = match self.source {
            Source::System(origin) => origin.elapsed().as_nanos() as u64,
            Source::Held(tick) => tick.0.saturating_mul(NANOS_PER_TICK),
        };
        nanos.saturating_sub(self.left_out)
    }

    /// Leaves out what has passed since a moment, if it is far more than was asked for; returns how much that was. None of it
    /// counts, not even what was asked for: the pause may have begun at any moment of it. `None`: any wait was asked for.
    pub(crate) fn leave_out_pause(&mut self, since: u64, asked: Option<Duration>) -> u64 {
        let passed = self.nanos().saturating_sub(since);
        if !self.leaves_out || !is_pause(passed, asked) {
            return 0;
        }
        self.left_out += passed;
        passed
    }
}

/// Whether so many nanoseconds are far more than what was asked for.
fn is_pause(passed: u64, asked: Option<Duration>) -> bool {
    asked.is_some_and(|asked| Duration::from_nanos(passed) >= asked.saturating_add(PAUSE_AT_LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_far_more_than_was_asked_for() {
        let ms = |ms| Duration::from_millis(ms);
        for (passed_ms, asked, is_one) in [
            (999, Some(ms(0)), false),
            (1_000, Some(ms(0)), true),
            (60_999, Some(ms(60_000)), false),
            (61_000, Some(ms(60_000)), true),
            (86_400_000, None, false),
            (86_400_000, Some(Duration::MAX), false),
        ] {
            let passed = passed_ms * NANOS_PER_TICK;
            assert_eq!(is_pause(passed, asked), is_one, "{passed_ms} of {asked:?}");
        }
    }

    #[test]
    fn a_clock_goes_on_from_where_a_pause_began() {
        let hour = Duration::from_secs(3_600);
        let origin = Instant::now().checked_sub(2 * hour).expect("booted before");
        let mut clock = Clock::new();
        clock.source = Source::System(origin);
        let since = hour.as_nanos() as u64;
        assert_eq!(
            clock.leave_out_pause(since, Some(ms_of(5))),
            0,
            "not asked to"
        );
        clock.leave_out_pauses();
        assert_eq!(clock.leave_out_pause(since, Some(2 * hour)), 0, "asked for");
        let left_out = Duration::from_nanos(clock.leave_out_pause(since, Some(ms_of(5))));
        assert!(left_out >= hour, "{left_out:?}");
        assert!(clock.now() >= Tick(3_600_000) && clock.now() < Tick(7_200_000));
    }

    fn ms_of(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn spans_and_grids_do_not_overflow() {
        assert_eq!(Tick(5).after(Duration::from_millis(7)), Tick(12));
        assert!(Tick(5).after(Duration::MAX) < Tick::NEVER);
        assert_eq!(Tick(1001).on_grid(1000), Tick(2000));
        assert_eq!(Tick(1000).on_grid(1000), Tick(1000));
        assert_eq!(Tick::NEVER.on_grid(1000), Tick::NEVER);
        assert_eq!(Tick(9).until(Tick(4)), Duration::ZERO);
    }
}
