//! Requests about accounts: from the first question through hash and store to the outcome.
//!
//! ```text
//! begin ──refused──> AccountError
//!   │ password to be hashed
//!   ▼
//! hashed ──wrong──> AccountError          a login is done here
//!   │ change to be written
//!   ▼
//! stored ──failed──> undone, AccountError
//!   └─────> AccountOutcome
//! ```
//!
//! Does not know who is called with the outcome.

use super::state::{Accounts, By, New, Storing, UnderWay, Whose};
use crate::{
    auth::Derivation,
    chat::{AccountId, Hub, Nick, Now, UserId, hub::network_of},
    config::AlwaysOn,
    net::ConnId,
    protocol::{
        Checked,
        account::{
            AccountError, AccountOutcome, AccountRequest, AccountRules, PASSWORD_BYTES_MAX,
            Registration, check_password,
        },
        irc::TryAgain,
    },
    server::shared::{
        password_checks::{Guesser, PasswordChecks},
        store::Store,
    },
};
use std::time::Duration;

/// The rules for accounts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Those that protocols know.
    pub(crate) known: AccountRules,
    /// Rounds of the hash of new passwords.
    pub(crate) rounds: u32,
    pub(crate) accounts_max: usize,
    /// Whose users stay without a connection.
    pub(crate) always_on: AlwaysOn,
    /// How long a user may stay without a connection.
    pub(crate) always_on_expires: Duration,
}

/// A client that asks.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) guesser: Guesser<'a>,
    pub(crate) user: Option<UserId>,
    /// Its address is exempt from limits for one address.
    pub(crate) is_exempt: bool,
    pub(crate) now: Now,
}

/// How far a request came.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is answered.
    Done(Result<AccountOutcome, AccountError>),
    /// It is being written.
    Storing,
}

impl Accounts {
    /// Begins a request.
    ///
    /// # Errors
    /// Why it is refused at once.
    pub(crate) fn begin(
        &mut self,
        request: AccountRequest<'_>,
        rules: &Rules,
        asker: Asker<'_>,
        hub: &Hub,
        (checks, store): (&mut PasswordChecks, &mut Store),
    ) -> Result<(), AccountError> {
        let Asker {
            guesser,
            user,
            is_exempt,
            now,
        } = asker;
        if self.is_waiting(guesser.id) {
            return Err(AccountError::Busy);
        }
        let under_way = match request {
            AccountRequest::AddCertificate { account } => {
                return self.add_certificate(account, asker, hub, store);
            }
            AccountRequest::RemoveCertificate {
                account,
                fingerprint,
            } => return self.remove_certificate(account, fingerprint, asker, hub, store),
            AccountRequest::SetAlwaysOn { account, stays } => {
                if rules.always_on == AlwaysOn::Off {
                    return Err(AccountError::NoAlwaysOn);
                }
                return self.set_always_on(account, stays, guesser.id, hub, store);
            }
            AccountRequest::LogIn { name, password } => {
                let account = find(hub, name);
                self.begin_check(name, account, password, rules.rounds, asker, hub, checks)?;
                UnderWay::LogIn(account.and_then(|id| self.login_by_password(id)))
            }
            AccountRequest::Drop { account, password } => {
                let name = hub.accounts().name(account).ok_or(AccountError::Wrong)?;
                let (name, id) = (name.as_str(), Some(account));
                self.begin_check(name, id, password, rules.rounds, asker, hub, checks)?;
                UnderWay::Drop(account)
            }
            AccountRequest::Register {
                name,
                password,
                invitation,
            } => {
                if rules.known.registration == Registration::Closed {
                    return Err(AccountError::Closed);
                }
                check_password(name.as_str(), password, rules.known.password_bytes_min)?;
                hub.may_register(name, user)?;
                let invitation = self.admit(name, invitation, rules, asker, checks)?;
                let network = network_of(guesser.address);
                // Who invites has counted.
                let is_counted = invitation.is_none() && !is_exempt;
                if hub.accounts().len() >= rules.accounts_max
                    || is_counted && !self.may_make_one(network, now.moment)
                {
                    return Err(AccountError::TooMany);
                }
                let counted = is_counted.then_some(network);
                begin_credentials(password, rules.rounds, guesser, checks)
                    .inspect_err(|_| self.uncount(counted))?;
                UnderWay::Register(New {
                    name: name.clone(),
                    whose: Whose::Own,
                    invitation,
                    counted,
                })
            }
            AccountRequest::Invite { name } => {
                let by = user.and_then(|user| hub.user(user));
                let by = by.map_or("", |user| user.nick().as_str());
                let id = By::Client(guesser.id);
                return self.invite(name, by, (id, now), rules, store);
            }
            AccountRequest::RegisterFor { name, password } => {
                check_password(name.as_str(), password, rules.known.password_bytes_min)?;
                hub.may_register_for(name)?;
                if hub.accounts().len() >= rules.accounts_max {
                    return Err(AccountError::Full);
                }
                begin_credentials(password, rules.rounds, guesser, checks)?;
                UnderWay::Register(New {
                    name: name.clone(),
                    whose: Whose::Another,
                    invitation: None,
                    counted: None,
                })
            }
            AccountRequest::Suspend { account, reason } => {
                let by = user.and_then(|user| hub.user(user));
                let by = by.map_or("", |user| user.nick().as_str());
                let id = By::Client(guesser.id);
                return self.suspend(account, (reason, by), (id, now), hub, store);
            }
            AccountRequest::Unsuspend { account } => {
                return self.unsuspend(account, By::Client(guesser.id), hub, store);
            }
            AccountRequest::RegisterRoom { .. } | AccountRequest::DropRoom { .. } => {
                debug_assert!(false, "no password is hashed for a room");
                return Err(AccountError::Busy);
            }
            AccountRequest::SetPassword { account, password } => {
                let name = hub.accounts().name(account).ok_or(AccountError::Wrong)?;
                check_password(name.as_str(), password, rules.known.password_bytes_min)?;
                begin_credentials(password, rules.rounds, guesser, checks)?;
                UnderWay::SetPassword(account)
            }
        };
        self.under_way.insert(guesser.id, under_way);
        Ok(())
    }

    /// Begins to check the password of an account, at the same cost whether it exists or not.
    #[allow(clippy::too_many_arguments)] // What is checked, by whom, and where.
    fn begin_check(
        &self,
        name: &str,
        account: Option<AccountId>,
        password: &str,
        rounds: u32,
        asker: Asker<'_>,
        hub: &Hub,
        checks: &mut PasswordChecks,
    ) -> Result<(), AccountError> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(AccountError::PasswordTooLong);
        }
        let folded = fold(hub, name);
        let record = account.and_then(|id| self.get(id));
        let credentials = record.map(|record| &record.credentials);
        let Asker { guesser, now, .. } = asker;
        checks
            .begin_account((&folded, password), credentials, rounds, guesser, now)
            .map_err(refusal)
    }

    /// The password of a request was hashed; `None` if there is no such request.
    pub(crate) fn hashed(
        &mut self,
        id: ConnId,
        checked: Checked,
        user: Option<UserId>,
        now: Now,
        hub: &mut Hub,
        store: &mut Store,
    ) -> Option<Step> {
        let step = match (self.under_way.remove(&id)?, checked) {
            (UnderWay::LogIn(account), Checked::Account { is_right }) => {
                let account = account.filter(|login| is_right && self.is_current(login));
                Step::Done(self.log_in(account.map(|login| login.account), now))
            }
            (UnderWay::Drop(account), Checked::Account { is_right }) => {
                let dropped = match is_right {
                    true => self.begin_drop(account, By::Client(id), hub, store),
                    false => Err(AccountError::Wrong),
                };
                dropped.map_or_else(|error| Step::Done(Err(error)), |()| Step::Storing)
            }
            (UnderWay::Register(new), Checked::NewCredentials(credentials)) => {
                // Another client may have made the account, or taken the nick, while the password was hashed.
                let made = self.make(new, credentials, (By::Client(id), user), now, hub, store);
                made.map_or_else(|error| Step::Done(Err(error)), |()| Step::Storing)
            }
            (UnderWay::SetPassword(account), Checked::NewCredentials(credentials)) => {
                let set = self.set_password(account, credentials, By::Client(id), hub, store);
                set.map_or_else(|error| Step::Done(Err(error)), |()| Step::Storing)
            }
            (_, _) => {
                debug_assert!(false, "each request has its own kind of work");
                Step::Done(Err(AccountError::Busy))
            }
        };
        Some(step)
    }

    /// A login whose password or certificate was right, if it was.
    ///
    /// # Errors
    /// It was wrong, or the account is suspended.
    pub(crate) fn log_in(
        &mut self,
        account: Option<AccountId>,
        now: Now,
    ) -> Result<AccountOutcome, AccountError> {
        let account = account.ok_or(AccountError::Wrong)?;
        let mut storing = self.storing.values();
        if storing.any(|it| matches!(it, Storing::Register(_, new, ..) if *new == account)) {
            // It is not stored yet, and may never be.
            return Err(AccountError::Wrong);
        }
        let record = self.get_mut(account).ok_or(AccountError::Wrong)?;
        if let Some(suspension) = &record.suspended {
            let reason = suspension.reason.clone();
            return Err(AccountError::Suspended { reason });
        }
        record.last_login = now.wall;
        Ok(AccountOutcome::LoggedIn(account))
    }
}

/// The account with this name, as typed.
pub(super) fn find(hub: &Hub, name: &str) -> Option<AccountId> {
    hub.accounts().find(&Nick::parse(name, hub.rules()).ok()?)
}

/// A name as the limiter counts it: equal names are equal texts.
pub(super) fn fold(hub: &Hub, name: &str) -> String {
    match Nick::parse(name, hub.rules()) {
        Ok(nick) => nick.folded(),
        // No account has such a name.
        Err(_) => String::new(),
    }
}

fn begin_credentials(
    password: &str,
    rounds: u32,
    guesser: Guesser<'_>,
    checks: &mut PasswordChecks,
) -> Result<(), AccountError> {
    let mut salt = [0; 16];
    // Without randomness there is no safe salt, and no account.
    getrandom::fill(&mut salt).map_err(|_| AccountError::NotStored)?;
    let derivation = || Derivation::new(password, salt, rounds);
    checks
        .begin_credentials(derivation, guesser)
        .map_err(refusal)
}

pub(super) fn refusal(why: TryAgain) -> AccountError {
    match why {
        TryAgain::After(wait) => AccountError::TooSoon(wait),
        TryAgain::Busy => AccountError::Busy,
    }
}
