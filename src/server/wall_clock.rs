//! Both clocks, read once for each moment of the loop: the only place of the server that asks for the time of day
//! (`os::wall_clock`).
//!
//! The loop's clock never jumps but knows no date; the system's knows the date but may be set at any moment. So the
//! date is read again in every turn that needs it, is shown, and is never waited for. Tests hold it and move it, both
//! ways.

use crate::{
    chat::{Moment, Now, WallTime},
    net::Tick,
    os::wall_clock,
};

/// Where the time of day comes from; remembers that of one tick.
#[derive(Debug, Default)]
pub(crate) struct WallClock {
    read: Option<(Tick, WallTime)>,
    /// Set by a test, in place of the system's.
    #[cfg(test)]
    held: Option<WallTime>,
}

impl WallClock {
    /// Both clocks at this moment of the loop.
    pub(super) fn at(&mut self, tick: Tick) -> Now {
        let wall = match self.read {
            Some((read_at, wall)) if read_at == tick => wall,
            _ => self.read(),
        };
        self.read = Some((tick, wall));
        let moment = Moment::from_ms(tick.0);
        Now { wall, moment }
    }

    /// Before 1970 it is 1970.
    fn read(&self) -> WallTime {
        #[cfg(test)]
        if let Some(held) = self.held {
            return held;
        }
        WallTime::from_unix_ms(wall_clock::since_epoch().as_millis() as i64)
    }

    /// Holds the time of day, as if the clock had been set.
    #[cfg(test)]
    pub(crate) fn hold(&mut self, wall: WallTime) {
        self.held = Some(wall);
        self.read = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_the_clock_moves_what_is_shown_and_nothing_else() {
        let mut wall = WallClock::default();
        for (ms, tick) in [(5_000, 10), (-5_000, 20), (9_000_000, 30)] {
            wall.hold(WallTime::from_unix_ms(ms));
            let now = wall.at(Tick(tick));
            assert_eq!(now.wall, WallTime::from_unix_ms(ms));
            assert_eq!(now.moment, Moment::from_ms(tick));
        }
    }
}
