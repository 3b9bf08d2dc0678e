//! The time of day, read once for each moment of the loop.
//!
//! The loop's clock never jumps but knows no date; the system's knows the date but may be set at any moment. So the
//! date is asked for anew with every turn that needs it.

use crate::{chat::Time, net::Tick};
use std::time::SystemTime;

/// Remembers the time of day of one tick.
#[derive(Debug, Default)]
pub(super) struct Wall {
    read: Option<(Tick, Time)>,
}

impl Wall {
    /// The time of day at this moment of the loop. Before 1970 it is 1970.
    pub(super) fn at(&mut self, tick: Tick) -> Time {
        match self.read {
            Some((read_at, time)) if read_at == tick => time,
            _ => {
                let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                let time = Time(since_epoch.map_or(0, |since| since.as_millis() as i64));
                self.read = Some((tick, time));
                time
            }
        }
    }
}
