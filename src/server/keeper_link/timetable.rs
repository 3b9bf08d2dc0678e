//! The deadlines of the link to the keeper: when the next one is started, when what failed is written again, and when those
//! who wait for an answer get one in any case.
//!
//! Owns these and the pause between two keepers. Knows no processes and no sockets: the link has them, and in tests a
//! simulation.

use crate::{net::Tick, store::Client};
use std::time::Duration;

/// Before a keeper that is gone is started again; the pause doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// When the disk is full, how often what has taken effect already is written again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// A keeper that does not answer for so long is not waited for: its disk hangs.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(10);

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Timetable {
    /// When the next keeper is started.
    start_at: Option<Tick>,
    pause: Duration,
    /// When what failed is written again.
    try_again_at: Option<Tick>,
    /// When those who wait for an answer get one in any case.
    give_up_at: Option<Tick>,
}

impl Timetable {
    /// A keeper runs, and nothing waits.
    pub(crate) fn new() -> Self {
        Self {
            start_at: None,
            pause: FIRST_PAUSE,
            try_again_at: None,
            give_up_at: None,
        }
    }

    /// When to look again, if nothing happens before.
    pub(crate) fn due_in(&self, now: Tick) -> Option<Duration> {
        let next = [self.start_at, self.try_again_at, self.give_up_at];
        next.into_iter().flatten().map(|at| now.until(at)).min()
    }

    /// Whether the next keeper is to be started now.
    pub(crate) fn take_start(&mut self, now: Tick) -> bool {
        self.start_at.take_if(|at| *at <= now).is_some()
    }

    /// Before the client sends: tries again what failed, if it is time.
    pub(crate) fn try_again(&mut self, client: &mut Client, now: Tick) {
        if self.try_again_at.take_if(|at| *at <= now).is_some() {
            client.try_again();
        }
    }

    /// After the client has sent: sets the deadlines of what waits, and fails what someone has waited for too long.
    pub(crate) fn note_sent(&mut self, client: &mut Client, now: Tick) {
        if client.has_postponed() && self.try_again_at.is_none() {
            self.try_again_at = Some(now.after(TRY_AGAIN));
        }
        if !client.has_askers() {
            self.give_up_at = None;
            return;
        }
        match self.give_up_at {
            Some(at) if at <= now => {
                self.give_up_at = None;
                client.fail_askers("the keeper does not answer; the disk may hang");
            }
            Some(_) => {}
            None => self.give_up_at = Some(now.after(ANSWER_MAX)),
        }
    }

    /// The keeper has ended a write, so it works. That it has started is not enough: it may end at the first write.
    pub(crate) fn note_progress(&mut self) {
        self.give_up_at = None;
        self.pause = FIRST_PAUSE;
    }

    /// The keeper is gone; the pause before the next one.
    pub(crate) fn note_lost(&mut self, now: Tick) -> Duration {
        let pause = self.pause;
        self.start_at = Some(now.after(pause));
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        pause
    }

    /// The next keeper cannot be started yet.
    pub(crate) fn put_off_start(&mut self, now: Tick) {
        self.start_at = Some(now.after(self.pause));
    }
}
