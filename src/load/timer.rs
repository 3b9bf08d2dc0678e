//! Waking up on time, to the microsecond: a clock of the kernel as one more source of the loop.
//!
//! The loop's own time-outs are whole milliseconds, which is right for deadlines and wrong for a schedule of sends: a
//! message that leaves half a millisecond late makes every latency half a millisecond longer. On Linux a `timerfd`
//! becomes readable at the microsecond asked for. Elsewhere there is none, and [`Timer::arm`] says so.

use super::clock::Moment;
use crate::net::{External, Net};
use std::{io, time::Duration};

/// A source that becomes readable at the moment it was armed for.
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

    /// Asks to be woken up at `due`; whether that will happen. Asking for the same moment again costs nothing.
    pub(super) fn arm(&mut self, now: Moment, due: Moment) -> bool {
        if self.armed == Some(due) {
            return true;
        }
        self.armed = Some(due);
        // A span of zero would switch it off.
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

    /// It rang. Setting it anew makes the next edge, so nothing needs to be read.
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
