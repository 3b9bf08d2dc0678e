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

use super::{
    record::Record,
    state::{Accounts, Storing, UnderWay, Whose},
};
use crate::{
    auth::Derivation,
    chat::{AccountId, Hub, Nick, Now, UserId, hub::network_of},
    config::AlwaysOn,
    net::ConnId,
    protocol::{
        Checked,
        account::{
            AccountError, AccountOutcome, AccountRequest, AccountRules, PASSWORD_BYTES_MAX,
            Registration,
        },
        irc::TryAgain,
    },
    server::shared::{
        password_checks::{Guesser, PasswordChecks},
        rooms,
        store::Store,
    },
    store::{AccountRecord, Change, Key, Row, WriteId},
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

/// Whether an account is there after a change of it has failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Registered {
    NotAnyMore,
    Still,
}

/// The users of an account who are concerned by a change that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concerned {
    /// The account is still there: log its users out, then call [`Accounts::finish_drop`].
    OfDropped(AccountId),
    /// Log out those who are not the one that asked: they may have come in by the former password.
    OfNewPassword(AccountId),
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
            AccountRequest::Register { name, password } => {
                if rules.known.registration == Registration::Closed {
                    return Err(AccountError::Closed);
                }
                check_password(name, password, &rules.known)?;
                hub.may_register(name, user)?;
                let network = network_of(guesser.address);
                if hub.accounts().len() >= rules.accounts_max
                    || !(is_exempt || self.may_make_one(network, now.moment))
                {
                    return Err(AccountError::TooMany);
                }
                let counted = (!is_exempt).then_some(network);
                begin_credentials(password, rules.rounds, guesser, checks)
                    .inspect_err(|_| self.uncount(counted))?;
                UnderWay::Register(name.clone(), Whose::Own, counted)
            }
            AccountRequest::RegisterFor { name, password } => {
                check_password(name, password, &rules.known)?;
                hub.may_register_for(name)?;
                if hub.accounts().len() >= rules.accounts_max {
                    return Err(AccountError::Full);
                }
                begin_credentials(password, rules.rounds, guesser, checks)?;
                UnderWay::Register(name.clone(), Whose::Another, None)
            }
            AccountRequest::Suspend { account, reason } => {
                return self.suspend(account, reason, asker, hub, store);
            }
            AccountRequest::Unsuspend { account } => {
                return self.unsuspend(account, guesser.id, hub, store);
            }
            AccountRequest::RegisterRoom { .. } | AccountRequest::DropRoom { .. } => {
                debug_assert!(false, "no password is hashed for a room");
                return Err(AccountError::Busy);
            }
            AccountRequest::SetPassword { account, password } => {
                let name = hub.accounts().name(account).ok_or(AccountError::Wrong)?;
                check_password(name, password, &rules.known)?;
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
                let name = hub.accounts().name(account).filter(|_| is_right);
                let Some(name) = name else {
                    return Some(Step::Done(Err(AccountError::Wrong)));
                };
                if self.is_being_written(account) {
                    return Some(Step::Done(Err(AccountError::Busy)));
                }
                let mut changes = vec![Change::Drop(Key::Account(name.to_string()))];
                changes.extend(rooms::changes_with_account(hub, account));
                let write = store.write(changes);
                self.storing.insert(write, Storing::Drop(id, account));
                Step::Storing
            }
            (UnderWay::Register(name, whose, counted), Checked::NewCredentials(credentials)) => {
                // Another client may have made the account, or taken the nick, while the password was hashed.
                let free = match whose {
                    Whose::Own => hub.may_register(&name, user),
                    Whose::Another => hub.may_register_for(&name),
                };
                if let Err(refusal) = free {
                    self.uncount(counted);
                    return Some(Step::Done(Err(refusal.into())));
                }
                let shown = name.to_string();
                let Some(account) = hub.add_account(name) else {
                    self.uncount(counted);
                    return Some(Step::Done(Err(AccountError::NotStored)));
                };
                let record = Record::new(credentials, now.wall);
                let put = Change::Put(Row::Account(record.row(&shown)));
                self.insert(account, record);
                let write = store.write(vec![put]);
                let storing = Storing::Register(id, account, whose, counted);
                self.storing.insert(write, storing);
                Step::Storing
            }
            (UnderWay::SetPassword(account), Checked::NewCredentials(credentials)) => {
                let name = hub.accounts().name(account);
                let (Some(name), Some(record)) = (name, self.get(account)) else {
                    return Some(Step::Done(Err(AccountError::Wrong)));
                };
                if self.is_being_written(account) {
                    return Some(Step::Done(Err(AccountError::Busy)));
                }
                let mut changed = record.clone();
                changed.credentials = credentials.clone();
                let put = Change::Put(Row::Account(changed.row(name.as_str())));
                let write = store.write(vec![put]);
                let storing = Storing::SetPassword(id, account, credentials);
                self.storing.insert(write, storing);
                Step::Storing
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

    /// The store has written a change, or could not; `None` if it is none of an account. What is to be done then to the users
    /// of an account comes with it.
    pub(crate) fn stored(
        &mut self,
        write: WriteId,
        is_stored: bool,
        hub: &mut Hub,
        store: &mut Store,
    ) -> Option<(
        ConnId,
        Result<AccountOutcome, AccountError>,
        Option<Concerned>,
    )> {
        let storing = self.storing.remove(&write)?;
        let id = storing.asker();
        let not_stored = Err(AccountError::NotStored);
        let (outcome, concerned) = match (storing, is_stored) {
            (Storing::Register(_, account, Whose::Own, _), true) => {
                (Ok(AccountOutcome::Registered(account)), None)
            }
            (Storing::Register(_, account, Whose::Another, _), true) => {
                (Ok(AccountOutcome::RegisteredFor(account)), None)
            }
            (Storing::Register(_, account, _, counted), false) => {
                self.uncount(counted);
                self.write_what_holds(account, Registered::NotAnyMore, hub, store);
                self.remove(account);
                hub.remove_account(account);
                (not_stored, None)
            }
            (Storing::SetPassword(_, account, credentials), true) => {
                if let Some(record) = self.get_mut(account) {
                    record.credentials = credentials;
                }
                let concerned = Concerned::OfNewPassword(account);
                (Ok(AccountOutcome::PasswordSet), Some(concerned))
            }
            (Storing::Certificates(_, account, certificates), true) => {
                self.set_certificates(account, certificates);
                (Ok(AccountOutcome::CertificatesChanged), None)
            }
            (Storing::Drop(_, account), true) => {
                let concerned = Concerned::OfDropped(account);
                (Ok(AccountOutcome::Dropped), Some(concerned))
            }
            (Storing::Drop(_, account), false) => {
                self.write_what_holds(account, Registered::Still, hub, store);
                // The rows of its rooms would have gone with it.
                let mut rooms = hub.rooms_of_account(account);
                rooms.extend(hub.rooms_with_rank_of(account));
                for room in rooms {
                    hub.touch_room(room);
                }
                (not_stored, None)
            }
            (Storing::Certificates(_, account, _) | Storing::SetPassword(_, account, _), false) => {
                self.write_what_holds(account, Registered::Still, hub, store);
                (not_stored, None)
            }
            (Storing::AlwaysOn(_, _, stays), true) => {
                (Ok(AccountOutcome::AlwaysOnSet(stays)), None)
            }
            (Storing::AlwaysOn(_, account, stays), false) => {
                if let Some(record) = self.get_mut(account) {
                    record.always_on = Some(!stays);
                }
                self.write_what_holds(account, Registered::Still, hub, store);
                (not_stored, None)
            }
            (Storing::Suspension(_, account), true) => (Ok(self.suspension_stored(account)), None),
            (Storing::Suspension(_, account), false) => {
                self.write_what_holds(account, Registered::Still, hub, store);
                (Err(AccountError::NotStoredYet), None)
            }
            (Storing::RegisterRoom(..), true) => (Ok(AccountOutcome::RoomRegistered), None),
            (Storing::RegisterRoom(_, room), false) => {
                if let Some(room) = hub.room(room) {
                    store.keep(Change::Drop(Key::Room(room.name().to_string())));
                }
                hub.unregister_room(room);
                (not_stored, None)
            }
            (Storing::DropRoom(_, room), true) => {
                hub.unregister_room(room);
                (Ok(AccountOutcome::RoomDropped), None)
            }
            (Storing::DropRoom(_, room), false) => {
                hub.touch_room(room);
                (not_stored, None)
            }
        };
        Some((id, outcome, concerned))
    }

    /// After a change that failed: it may be on the disk all the same, if the keeper ended before it could say so. So the
    /// row is written as it holds.
    fn write_what_holds(&self, account: AccountId, is: Registered, hub: &Hub, store: &mut Store) {
        let name = hub.accounts().name(account);
        let (Some(name), Some(record)) = (name, self.get(account)) else {
            return;
        };
        store.keep(match is {
            Registered::Still => Change::Put(Row::Account(record.row(name.as_str()))),
            Registered::NotAnyMore => Change::Drop(Key::Account(name.to_string())),
        });
    }

    /// The row of an account as it is now. The outer `None`: a change of it is being written, which decides what holds.
    #[allow(clippy::option_option)] // No row is an answer too.
    pub(crate) fn current_row(&self, name: &str, hub: &Hub) -> Option<Option<AccountRecord>> {
        let account = find(hub, name).filter(|&id| {
            // Another spelling of the name is another row.
            hub.accounts()
                .name(id)
                .is_some_and(|it| it.as_str() == name)
        });
        let Some(account) = account else {
            return Some(None);
        };
        if self.is_being_written(account) {
            return None;
        }
        Some(self.get(account).map(|record| record.row(name)))
    }

    /// Removes an account to which no user is logged in any more.
    pub(crate) fn finish_drop(&mut self, account: AccountId, hub: &mut Hub) {
        self.remove(account);
        hub.remove_account(account);
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

fn check_password(name: &Nick, password: &str, rules: &AccountRules) -> Result<(), AccountError> {
    let bytes_min = rules.password_bytes_min;
    if password.len() < bytes_min {
        return Err(AccountError::PasswordTooShort { bytes_min });
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(AccountError::PasswordTooLong);
    }
    if password.chars().any(char::is_control) {
        return Err(AccountError::PasswordHasControls);
    }
    if password.eq_ignore_ascii_case(name.as_str()) {
        return Err(AccountError::PasswordIsName);
    }
    Ok(())
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
