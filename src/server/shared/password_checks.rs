//! Passwords: whether a client may try one, the checks in progress, and their outcomes.
//!
//! Owns the limiter, the queue of checks and the counts (`auth` has their rules). A password that a client gives
//! is neither logged nor kept; a check holds hashes of it alone. Does not know sessions.

use crate::{
    auth::{Attempt, Caller, Limiter, PasswordKind, Queue, Verdict, Verifier, same},
    chat::{Now, hub::network_of},
    net::ConnId,
    protocol::{PasswordCheck, irc::TryAgain},
};
use rustc_hash::FxHashSet;
use std::{net::IpAddr, time::Duration};

/// Rounds of a password's hash in one turn: some half a millisecond.
const ROUNDS_PER_TURN: u32 = 1_000;

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The password was right.
    Right,
    /// It was wrong.
    Wrong,
    /// It was not checked, for there were too many wrong ones before.
    Delayed,
    /// It was not checked, for too many were being checked.
    Busy,
}

impl Outcome {
    /// All, in the order of their numbers.
    pub(crate) const ALL: [Self; 4] = [Self::Right, Self::Wrong, Self::Delayed, Self::Busy];

    /// Its name in the log and in the metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Delayed => "delayed",
            Self::Busy => "busy",
        }
    }
}

/// A client that gives a password.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guesser<'a> {
    pub(crate) id: ConnId,
    pub(crate) address: IpAddr,
    pub(crate) certificate: Option<&'a str>,
}

/// The result of a check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checked {
    pub(crate) id: ConnId,
    pub(crate) is_right: bool,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct PasswordChecks {
    limiter: Limiter,
    queue: Queue<ConnId>,
    outcomes: [[u64; Outcome::ALL.len()]; PasswordKind::ALL.len()],
    /// Connections that have tried, with any outcome. They are forgotten when they end.
    tried: FxHashSet<ConnId>,
}

impl PasswordChecks {
    /// Whether this is the server's password.
    pub(crate) fn check_server_password(
        &mut self,
        password: &str,
        said: &[u8],
        guesser: Guesser<'_>,
        now: Now,
    ) -> PasswordCheck {
        let now = now.moment.since_start();
        if said.is_empty() {
            // No guess: the client does not know that there is a password.
            return PasswordCheck::Wrong;
        }
        match self.admit(PasswordKind::Server, "", guesser, now) {
            Err(wait) => {
                self.note(PasswordKind::Server, Outcome::Delayed, guesser.address);
                PasswordCheck::TooSoon(wait)
            }
            Ok(attempt) => {
                let is_right = same(password.as_bytes(), said);
                self.limiter.settle(attempt, is_right, now);
                let (outcome, check) = match is_right {
                    true => (Outcome::Right, PasswordCheck::Right),
                    false => (Outcome::Wrong, PasswordCheck::Wrong),
                };
                self.note(PasswordKind::Server, outcome, guesser.address);
                check
            }
        }
    }

    /// Begins to check an operator's password.
    ///
    /// # Errors
    /// Why it is not checked.
    pub(crate) fn begin_operator(
        &mut self,
        verifier: &Verifier,
        (name, password): (&str, &str),
        guesser: Guesser<'_>,
        now: Now,
    ) -> Result<(), TryAgain> {
        let (kind, now) = (PasswordKind::Operator, now.moment.since_start());
        let attempt = self.admit(kind, name, guesser, now).map_err(|wait| {
            self.note(kind, Outcome::Delayed, guesser.address);
            TryAgain::After(wait)
        })?;
        let (id, network) = (guesser.id, network_of(guesser.address));
        let room = self.queue.check_room(id, network, attempt.is_known());
        if room.is_err() {
            self.limiter.give_back(&attempt);
            self.note(kind, Outcome::Busy, guesser.address);
            return Err(TryAgain::Busy);
        }
        let proof = verifier.begin(name, password);
        let pushed = self.queue.push(id, network, (attempt, proof));
        debug_assert!(pushed.is_ok(), "there was room");
        Ok(())
    }

    fn admit(
        &mut self,
        kind: PasswordKind,
        name: &str,
        guesser: Guesser<'_>,
        now: Duration,
    ) -> Result<Attempt, Duration> {
        let caller = Caller {
            network: network_of(guesser.address),
            certificate: guesser.certificate,
            // For the server's password a connection has a few attempts only, and every guess would be a first one.
            is_first: kind == PasswordKind::Operator && self.tried.insert(guesser.id),
        };
        self.limiter.admit(kind, name, caller, now)
    }

    /// Takes a piece of the check whose turn it is; its result if that was the last piece.
    pub(crate) fn advance(&mut self, now: Now) -> Option<Checked> {
        let Verdict {
            key: id,
            attempt,
            is_right,
        } = self.queue.advance(ROUNDS_PER_TURN)?;
        self.limiter
            .settle(attempt, is_right, now.moment.since_start());
        Some(Checked { id, is_right })
    }

    /// Counts and logs a check that is done, if its connection is still there.
    pub(crate) fn note_checked(&mut self, checked: &Checked, address: IpAddr) {
        let outcome = match checked.is_right {
            true => Outcome::Right,
            false => Outcome::Wrong,
        };
        self.note(PasswordKind::Operator, outcome, address);
    }

    /// Counts and logs the outcome of an attempt.
    fn note(&mut self, kind: PasswordKind, outcome: Outcome, address: IpAddr) {
        self.outcomes[kind as usize][outcome as usize] += 1;
        // The log's budget is by reason, so a flood of one kind does not hide the others.
        let reason = format_args!("{}_{}", kind.name(), outcome.name());
        match (kind, outcome) {
            (PasswordKind::Operator, Outcome::Right) => {
                tracing::info!(%address, %reason, "a password was right");
            }
            (PasswordKind::Server, Outcome::Right) => {
                tracing::debug!(%address, %reason, "a password was right");
            }
            (_, Outcome::Wrong) => {
                tracing::warn!(%address, %reason, "a password was not accepted");
            }
            (_, Outcome::Delayed | Outcome::Busy) => {
                tracing::warn!(%address, %reason, "a password was not looked at");
            }
        }
    }

    /// Forgets a connection that has ended.
    pub(crate) fn forget(&mut self, id: ConnId) {
        self.queue.remove(id);
        self.tried.remove(&id);
    }

    /// Whether a password of this connection is being checked.
    pub(crate) fn is_checking(&self, id: ConnId) -> bool {
        self.queue.contains(id)
    }

    /// How many checks wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Attempts by what the password opens and by outcome, in the order of both.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = (PasswordKind, Outcome, u64)> {
        PasswordKind::ALL.into_iter().flat_map(|kind| {
            let of_kind = self.outcomes[kind as usize];
            Outcome::ALL
                .into_iter()
                .map(move |outcome| (kind, outcome, of_kind[outcome as usize]))
        })
    }
}
