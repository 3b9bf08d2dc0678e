//! Passwords: whether a client may try one, the work in progress (checks, new credentials), and the outcomes.
//!
//! Owns the limiter, the queue of work and the counts (`auth` has their rules). A password that a client gives
//! is neither logged nor kept; a check holds hashes of it alone. Does not know sessions, nor which accounts there are.

use crate::{
    auth::{
        Attempt, Caller, Credentials, Derivation, Done, Limiter, PasswordKind, Proof, Queue,
        Verifier, Work, same,
    },
    chat::{Now, hub::network_of},
    net::ConnId,
    protocol::{Checked, PasswordCheck, irc::TryAgain},
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

    fn of(is_right: bool) -> Self {
        match is_right {
            true => Self::Right,
            false => Self::Wrong,
        }
    }

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

/// Work that is done.
#[derive(Debug)]
pub(crate) struct Finished {
    /// For whom.
    pub(crate) id: ConnId,
    pub(crate) checked: Checked,
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
                self.note(PasswordKind::Server, Outcome::of(is_right), guesser.address);
                match is_right {
                    true => PasswordCheck::Right,
                    false => PasswordCheck::Wrong,
                }
            }
        }
    }

    /// Counts a resume token that a client gave. The name is the public part of it.
    ///
    /// # Errors
    /// Why it does not count, right or wrong.
    pub(crate) fn check_resume_token(
        &mut self,
        name: &str,
        is_right: bool,
        guesser: Guesser<'_>,
        now: Now,
    ) -> Result<(), TryAgain> {
        self.check_token(PasswordKind::Resume, name, is_right, guesser, now)
    }

    /// Counts the token of an invitation, for an account of this name.
    ///
    /// # Errors
    /// Why it does not count, right or wrong.
    pub(crate) fn check_invitation(
        &mut self,
        folded_name: &str,
        is_right: bool,
        guesser: Guesser<'_>,
        now: Now,
    ) -> Result<(), TryAgain> {
        self.check_token(
            PasswordKind::Invitation,
            folded_name,
            is_right,
            guesser,
            now,
        )
    }

    fn check_token(
        &mut self,
        kind: PasswordKind,
        name: &str,
        is_right: bool,
        guesser: Guesser<'_>,
        now: Now,
    ) -> Result<(), TryAgain> {
        let now = now.moment.since_start();
        let attempt = self.admit(kind, name, guesser, now).map_err(|wait| {
            self.note(kind, Outcome::Delayed, guesser.address);
            TryAgain::After(wait)
        })?;
        self.limiter.settle(attempt, is_right, now);
        self.note(kind, Outcome::of(is_right), guesser.address);
        Ok(())
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
        let attempt = self.admit_to_queue(PasswordKind::Operator, name, guesser, now)?;
        let proof = verifier.begin(name, password);
        self.push(guesser, Work::Check(attempt, proof));
        Ok(())
    }

    /// Begins to check the password of a gateway: one of those in the verifier, under any name.
    ///
    /// # Errors
    /// Why it is not checked.
    pub(crate) fn begin_gateway(
        &mut self,
        verifier: &Verifier,
        password: &str,
        guesser: Guesser<'_>,
        now: Now,
    ) -> Result<(), TryAgain> {
        let attempt = self.admit_to_queue(PasswordKind::Gateway, "", guesser, now)?;
        self.push(guesser, Work::Check(attempt, verifier.begin("", password)));
        Ok(())
    }

    /// Begins to check the password of an account; `None`: there is no such account, or it has no password. `rounds` is
    /// how many new credentials would have.
    ///
    /// # Errors
    /// Why it is not checked.
    pub(crate) fn begin_account(
        &mut self,
        (folded_name, password): (&str, &str),
        credentials: Option<&Credentials>,
        rounds: u32,
        guesser: Guesser<'_>,
        now: Now,
    ) -> Result<(), TryAgain> {
        let attempt = self.admit_to_queue(PasswordKind::Account, folded_name, guesser, now)?;
        let proof = Proof::of_account(password, credentials, rounds);
        self.push(guesser, Work::Check(attempt, proof));
        Ok(())
    }

    /// Begins to make credentials.
    ///
    /// # Errors
    /// There is no room.
    pub(crate) fn begin_credentials(
        &mut self,
        derivation: impl FnOnce() -> Derivation,
        guesser: Guesser<'_>,
    ) -> Result<(), TryAgain> {
        let network = network_of(guesser.address);
        let kind = PasswordKind::Account;
        let room = self.queue.check_room(guesser.id, network, kind, false);
        if room.is_err() {
            return Err(TryAgain::Busy);
        }
        self.push(guesser, Work::Derive(derivation()));
        Ok(())
    }

    /// Lets a client prove by itself that it knows the password of an account, as SCRAM does. The attempt goes to
    /// [`settle_account`](Self::settle_account).
    ///
    /// # Errors
    /// Why it may not.
    pub(crate) fn admit_account(
        &mut self,
        folded_name: &str,
        guesser: Guesser<'_>,
        now: Now,
    ) -> Result<Attempt, TryAgain> {
        let kind = PasswordKind::Account;
        self.admit(kind, folded_name, guesser, now.moment.since_start())
            .map_err(|wait| {
                self.note(kind, Outcome::Delayed, guesser.address);
                TryAgain::After(wait)
            })
    }

    /// The result of an attempt that was not in the queue.
    pub(crate) fn settle_account(
        &mut self,
        attempt: Attempt,
        is_right: bool,
        address: IpAddr,
        now: Now,
    ) {
        let kind = attempt.kind();
        self.limiter
            .settle(attempt, is_right, now.moment.since_start());
        self.note(kind, Outcome::of(is_right), address);
    }

    /// Lets a client try a password that takes work to check.
    fn admit_to_queue(
        &mut self,
        kind: PasswordKind,
        name: &str,
        guesser: Guesser<'_>,
        now: Now,
    ) -> Result<Attempt, TryAgain> {
        let is_first = !self.tried.contains(&guesser.id);
        let attempt = self
            .admit(kind, name, guesser, now.moment.since_start())
            .map_err(|wait| {
                self.note(kind, Outcome::Delayed, guesser.address);
                TryAgain::After(wait)
            })?;
        let (id, network) = (guesser.id, network_of(guesser.address));
        let room = self.queue.check_room(id, network, kind, attempt.is_known());
        if room.is_err() {
            self.limiter.give_back(&attempt);
            if is_first {
                // It was no attempt, so the next one is the first.
                self.tried.remove(&guesser.id);
            }
            self.note(kind, Outcome::Busy, guesser.address);
            return Err(TryAgain::Busy);
        }
        Ok(attempt)
    }

    fn push(&mut self, guesser: Guesser<'_>, work: Work) {
        let network = network_of(guesser.address);
        let pushed = self.queue.push(guesser.id, network, work);
        debug_assert!(pushed.is_ok(), "there was room");
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
            is_first: kind != PasswordKind::Server && self.tried.insert(guesser.id),
        };
        self.limiter.admit(kind, name, caller, now)
    }

    /// Takes a piece of the work whose turn it is; its result if that was the last piece.
    pub(crate) fn advance(&mut self, now: Now) -> Option<Finished> {
        let (id, done) = self.queue.advance(ROUNDS_PER_TURN)?;
        let checked = match done {
            Done::Derived(credentials) => Checked::NewCredentials(credentials),
            Done::Checked { attempt, is_right } => {
                let kind = attempt.kind();
                self.limiter
                    .settle(attempt, is_right, now.moment.since_start());
                match kind {
                    PasswordKind::Account => Checked::Account { is_right },
                    PasswordKind::Gateway => Checked::Gateway {
                        is_right: Some(is_right),
                    },
                    PasswordKind::Operator
                    | PasswordKind::Invitation
                    | PasswordKind::Resume
                    | PasswordKind::Server => Checked::Operator { is_right },
                }
            }
        };
        Some(Finished { id, checked })
    }

    /// Counts and logs a check that is done, if its connection is still there.
    pub(crate) fn note_checked(&mut self, checked: &Checked, address: IpAddr) {
        let (kind, is_right) = match checked {
            Checked::Account { is_right } => (PasswordKind::Account, *is_right),
            Checked::Operator { is_right } => (PasswordKind::Operator, *is_right),
            Checked::Gateway {
                is_right: Some(is_right),
            } => (PasswordKind::Gateway, *is_right),
            Checked::Gateway { is_right: None } | Checked::NewCredentials(_) => return,
        };
        self.note(kind, Outcome::of(is_right), address);
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
            (_, Outcome::Right) => {
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
