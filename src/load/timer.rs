//! Waking up on time, to the microsecond: a clock of the kernel as one more source of the loop.
//!
//! The loop's own timeouts are whole milliseconds, which is right for deadlines and wrong for a schedule of sends: a
//! message that leaves half a millisecond late makes every latency half a millisecond longer. On Linux a `timerfd`
//! becomes readable at the microsecond asked for. Other systems have none, and [`Timer::arm`] returns false.

use super::clock::Moment;
use crate::net::{External, Net};
use std::{io, time::Duration};

/// A source that becomes readable at the moment for which it was armed.
#[derive(Debug)]
pub(super) struct Timer {
    #[cfg(target_os = "linux")]
    descriptor: rustix::fd::OwnedFd,
    armed: Option<Moment>,
}

#[cfg(target_os = "linux")]
impl Timer {
    /// A timer registered with the loop under this name.
    pub(super) fn register(net: &mut Net, name: External) -> io::Result<Self> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        use std::os::fd::AsRawFd as _;
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let descriptor = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        net.register_external(&mut mio::unix::SourceFd(&descriptor.as_raw_fd()), name)?;
        Ok(Self {
            descriptor,
            armed: None,
        })
    }

    /// Arms the timer for `due`; returns whether that is possible. Arming it again for the same moment costs nothing.
    pub(super) fn arm(&mut self, now: Moment, due: Moment) -> bool {
        if self.armed == Some(due) {
            return true;
        }
        self.armed = Some(due);
        // A duration of zero would disarm it.
        let span = now.until(due).max(Duration::from_nanos(1));
        self.set(span).is_ok()
    }

    fn set(&self, span: Duration) -> io::Result<()> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        let zero = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let once = Itimerspec {
            it_interval: zero,
            it_value: Timespec::try_from(span).unwrap_or(zero),
        };
        timerfd_settime(&self.descriptor, TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }

    /// The timer has fired. Arming it again makes the next edge, so nothing needs to be read.
    pub(super) fn note_ring(&mut self) {
        self.armed = None;
    }
}

#[cfg(not(target_os = "linux"))]
impl Timer {
    pub(super) fn register(_: &mut Net, _: External) -> io::Result<Self> {
        Ok(Self { armed: None })
    }

    pub(super) fn arm(&mut self, _: Moment, _: Moment) -> bool {
        false
    }

    pub(super) fn note_ring(&mut self) {
        self.armed = None;
    }
}
