//! A connection's phase, and the deadline that goes with it: the handler's while open, the loop's own on the way out.
//!
//! There is one reminder in the timers' heap that counts. It may come up too early, for traffic moves the deadline without
//! touching the heap; then it is put in again for the right moment. Eleven bytes without alignment: an idle client
//! pays for them.

use super::{phase::Phase, token::ConnId};
use crate::net::{
    state::{GRID, LINGER, LoopState},
    time::clock::Tick,
};
use std::time::Duration;

/// How long a closing connection may take nothing of what is owed to it. A peer on a slow link gets its last bytes too.
const DRAIN: Duration = Duration::from_secs(5);

/// How long after a failed write the input that came before is still handed over. What waits because of flood control could
/// take an hour; a paste of two hundred lines is through by then.
const READ_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Life {
    /// The reminder that counts.
    timer_at: Reminder,
    deadline: Deadline,
    phase: Phase,
}

impl Life {
    pub(crate) fn new(phase: Phase) -> Self {
        Self {
            timer_at: Reminder::NONE,
            deadline: Deadline::of(Tick::NEVER),
            phase,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// The connection is made.
    pub(crate) fn open(&mut self) {
        self.phase.advance(Phase::Open);
    }

    /// Our side ends once all is delivered.
    pub(crate) fn drain(&mut self, now: Tick) {
        self.phase.advance(Phase::Draining);
        self.note_progress(now);
    }

    /// The peer takes what is owed to it, so it may have more time. The reminder for the earlier moment looks again.
    pub(crate) fn note_progress(&mut self, now: Tick) {
        if self.phase == Phase::Draining {
            self.deadline = Deadline::of(now.after(DRAIN));
        }
    }

    /// Our end of file is sent: waits for the peer's.
    pub(crate) fn linger(&mut self, state: &LoopState) {
        self.phase.advance(Phase::Lingering);
        self.deadline = Deadline::of(state.linger_until());
    }

    /// A lingering peer has sent something. Where lingering is cut short, that is what it is for, as long as we would have
    /// waited otherwise.
    pub(crate) fn linger_on(&mut self, state: &LoopState) {
        if let (Phase::Lingering, Some(shortened_at)) = (self.phase, state.shortened_at) {
            let until = state.linger_until().min(shortened_at.after(LINGER));
            self.deadline = Deadline::of(self.deadline.tick().max(until));
        }
    }

    /// The process is about to end: a lingering peer is waited for until this moment at most.
    pub(crate) fn shorten_linger(&mut self, until: Tick) {
        if self.phase == Phase::Lingering {
            self.deadline = Deadline::of(self.deadline.tick().min(until));
        }
    }

    /// A write failed: what can still be read gets its time, and no other deadline counts.
    pub(crate) fn limit_reading(&mut self, now: Tick) {
        if self.phase == Phase::Open {
            self.deadline = Deadline::of(now.after(READ_AFTER_FAILURE).on_grid(GRID));
        }
    }

    /// It is over.
    pub(crate) fn close(&mut self) {
        self.phase.advance(Phase::Closed);
    }

    /// Sets the handler's deadline.
    pub(crate) fn set_deadline(&mut self, at: Tick) {
        self.deadline = Deadline::of(at);
    }

    /// Makes sure that there is a reminder for the deadline, or for the end of a pause if that is nearer.
    pub(crate) fn rearm(&mut self, id: ConnId, paused_until: Tick, state: &mut LoopState) {
        let now = state.now;
        let deadline = self.deadline.tick();
        let due = match paused_until > now {
            true => deadline.min(paused_until),
            false => deadline,
        };
        if due < self.timer_at.tick(now) {
            let at = due.min(Reminder::latest(now));
            self.timer_at = Reminder::of(at);
            state.timers.arm(at, id.slot);
        }
    }

    /// Whether the reminder at this moment counts.
    pub(crate) fn counts_reminder(&self, at: Tick) -> bool {
        self.timer_at == Reminder::of(at)
    }

    /// Its reminder came up: returns whether the deadline is due. [`rearm`](Self::rearm) must follow.
    pub(crate) fn take_due(&mut self, now: Tick) -> bool {
        self.timer_at = Reminder::NONE;
        let is_due = self.deadline.tick() <= now;
        if is_due {
            self.deadline = Deadline::of(Tick::NEVER);
        }
        is_due
    }
}

/// A tick in six bytes: enough for 8,900 years, and for [`Tick::NEVER`].
#[derive(Clone, Copy, Debug)]
struct Deadline([u8; 6]);

impl Deadline {
    fn of(tick: Tick) -> Self {
        let [a, b, c, d, e, f, ..] = tick.0.min((1 << 48) - 1).to_le_bytes();
        Self([a, b, c, d, e, f])
    }

    fn tick(self) -> Tick {
        match self.0 {
            [u8::MAX, u8::MAX, u8::MAX, u8::MAX, u8::MAX, u8::MAX] => Tick::NEVER,
            [a, b, c, d, e, f] => Tick(u64::from_le_bytes([a, b, c, d, e, f, 0, 0])),
        }
    }
}

/// When a reminder comes up, by the low half of its tick. It is at most 24 days away, so the high half follows from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reminder([u8; 4]);

impl Reminder {
    const NONE: Self = Self([u8::MAX; 4]);

    fn of(at: Tick) -> Self {
        // One moment in 49 days would have the number of `NONE`; it shares that of the moment before.
        Self((at.0 as u32).min(u32::MAX - 1).to_le_bytes())
    }

    /// The latest reminder that may be put in now. A later deadline gets another when this one came up.
    fn latest(now: Tick) -> Tick {
        Tick(now.0 + i32::MAX as u64)
    }

    fn tick(self, now: Tick) -> Tick {
        if self == Self::NONE {
            return Tick::NEVER;
        }
        let away = u32::from_le_bytes(self.0).wrapping_sub(now.0 as u32) as i32;
        Tick(now.0.saturating_add_signed(i64::from(away)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_six_bytes_is_the_same_moment() {
        for tick in [0, 1, 65_535, 65_536, 1 << 32, (1 << 48) - 2] {
            assert_eq!(Deadline::of(Tick(tick)).tick(), Tick(tick));
        }
        assert_eq!(Deadline::of(Tick::NEVER).tick(), Tick::NEVER);
    }

    #[test]
    fn a_reminder_in_four_bytes_is_the_same_moment() {
        let days = |days: u64| days * 86_400_000;
        for now in [0, 1000, days(50), days(300)] {
            for at in [now.saturating_sub(5), now, now + 5, now + days(24)] {
                assert_eq!(Reminder::of(Tick(at)).tick(Tick(now)), Tick(at));
            }
            assert_eq!(Reminder::NONE.tick(Tick(now)), Tick::NEVER);
            assert_ne!(Reminder::of(Tick(u64::from(u32::MAX))), Reminder::NONE);
        }
    }
}
