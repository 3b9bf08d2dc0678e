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

    pub(super) fn of_nanos(nanos: u64) -> Self {
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

/// Where ticks come from.
#[derive(Debug)]
pub(super) enum Clock {
    /// The system's monotonic clock, counted from here.
    System(Instant),
    /// A test's hand.
    Held(Tick),
}

impl Clock {
    pub(super) fn now(&self) -> Tick {
        Tick::of_nanos(self.nanos())
    }

    /// The same in nanoseconds, to see how long something takes. They last for 584 years.
    pub(super) fn nanos(&self) -> u64 {
        match self {
            Self::System(origin) => origin.elapsed().as_nanos() as u64,
            Self::Held(tick) => tick.0.saturating_mul(NANOS_PER_TICK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
