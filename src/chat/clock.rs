//! The two clocks: one for what is shown, one for what is waited for.
//!
//! The system's wall clock may be set to any moment at any time, by hand or by NTP; a wait that is measured with it ends
//! early, late or never. So a [`WallTime`] can be compared with another and be written down, but it has no arithmetic:
//! nothing here makes a span out of two of them. A [`Moment`] has one, but no date.
//!
//! Knows no clock: the hub's caller reads both, once for the whole turn.

use std::time::Duration;

/// A date and time of day, as the system's clock has it: milliseconds since the Unix epoch. For what users and clients
/// are shown; never for waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(i64);

impl WallTime {
    /// From milliseconds since the Unix epoch.
    pub const fn from_unix_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch, to be written down.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// The least time that is later: time stamps are whole milliseconds.
    #[must_use]
    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A moment of the server's monotonic clock: milliseconds since it started. It never jumps, and it stops while the
/// machine sleeps or the process is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// From milliseconds since the server started.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// This moment plus a span.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(span))
    }

    /// The span since the server started.
    pub fn since_start(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// How long ago another moment was; zero if it is yet to come.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Both clocks, read at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For texts that users read.
    pub wall: WallTime,
    /// For spans and deadlines.
    pub moment: Moment,
}

impl Now {
    /// Both clocks at the same number of milliseconds; for tests, benches and examples, whose time is data.
    pub const fn at_ms(ms: u64) -> Self {
        Self {
            wall: WallTime::from_unix_ms(ms as i64),
            moment: Moment::from_ms(ms),
        }
    }
}
