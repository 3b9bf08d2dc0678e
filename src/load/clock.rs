//! The tool's clock: microseconds since the run began.
//!
//! A server needs the time once a turn; a measurement needs the moment itself, so this clock is read for every batch
//! of input. Knows nothing of the loop's ticks, which are milliseconds.

use std::time::{Duration, Instant};

/// A moment of the run: microseconds since its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) u64);

impl Moment {
    /// This moment plus a span.
    #[must_use]
    pub(super) fn after(self, span: Duration) -> Self {
        let span = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(span))
    }

    /// Microseconds from `earlier` to here; zero if it is later.
    pub(super) fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// How long it is from here until `later`; zero if that has passed.
    pub(super) fn until(self, later: Self) -> Duration {
        Duration::from_micros(later.0.saturating_sub(self.0))
    }

    /// Seconds since the beginning of the run.
    pub(super) fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// The source of moments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    /// A clock that begins now.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// The current moment.
    pub(super) fn now(self) -> Moment {
        Moment(self.0.elapsed().as_micros() as u64)
    }
}
