//! What the host asks of accounts, by name: no limit for one address and no password to prove, and the keys of a new password
//! are made already.
//!
//! Does not know how the host asks.

use super::{
    requests::{Rules, find},
    state::{Accounts, By, HostRequest, New, Whose},
};
use crate::{
    auth::Credentials,
    chat::{AccountId, Hub, Nick, Now},
    protocol::account::AccountError,
    server::shared::store::Store,
};

/// What operators read in place of a nick.
const HOST: &str = "the host";

/// A request, with what it needs.
pub(crate) struct HostAsker<'a> {
    pub(crate) request: HostRequest,
    pub(crate) rules: &'a Rules,
    pub(crate) now: Now,
    pub(crate) store: &'a mut Store,
}

impl HostAsker<'_> {
    fn by(&self) -> By {
        By::Host(self.request)
    }
}

impl Accounts {
    /// Begins to make an account.
    ///
    /// # Errors
    /// Its name is not free, or there are too many accounts.
    pub(crate) fn host_add(
        &mut self,
        name: &str,
        credentials: Credentials,
        asker: HostAsker<'_>,
        hub: &mut Hub,
    ) -> Result<(), AccountError> {
        let name = Nick::parse(name, hub.rules()).map_err(AccountError::BadName)?;
        if hub.accounts().len() >= asker.rules.accounts_max {
            return Err(AccountError::Full);
        }
        let new = New {
            name,
            whose: Whose::Another,
            invitation: None,
            counted: None,
        };
        let by = (asker.by(), None);
        self.make(new, credentials, by, asker.now, hub, asker.store)
    }

    /// Begins to give an account another password.
    ///
    /// # Errors
    /// There is no such account, or it is being changed.
    pub(crate) fn host_passwd(
        &mut self,
        name: &str,
        credentials: Credentials,
        asker: HostAsker<'_>,
        hub: &Hub,
    ) -> Result<(), AccountError> {
        let account = named(hub, name)?;
        let by = asker.by();
        self.set_password(account, credentials, by, hub, asker.store)
    }

    /// Begins to end an account.
    ///
    /// # Errors
    /// There is no such account, or it is being changed.
    pub(crate) fn host_drop(
        &mut self,
        name: &str,
        asker: HostAsker<'_>,
        hub: &Hub,
    ) -> Result<(), AccountError> {
        let by = asker.by();
        self.begin_drop(named(hub, name)?, by, hub, asker.store)
    }

    /// Suspends an account; with the account, whose users are to be logged out.
    ///
    /// # Errors
    /// There is no such account, or it is being changed.
    pub(crate) fn host_suspend(
        &mut self,
        (name, reason): (&str, &str),
        asker: HostAsker<'_>,
        hub: &Hub,
    ) -> Result<AccountId, AccountError> {
        let account = named(hub, name)?;
        let by = (asker.by(), asker.now);
        self.suspend(account, (reason, HOST), by, hub, asker.store)?;
        Ok(account)
    }

    /// Lets the owner of a suspended account log in again.
    ///
    /// # Errors
    /// There is no such account, it is not suspended, or it is being changed.
    pub(crate) fn host_unsuspend(
        &mut self,
        name: &str,
        asker: HostAsker<'_>,
        hub: &Hub,
    ) -> Result<(), AccountError> {
        let by = asker.by();
        self.unsuspend(named(hub, name)?, by, hub, asker.store)
    }

    /// Begins to make an invitation.
    ///
    /// # Errors
    /// The server takes none, or there are too many.
    pub(crate) fn host_invite(
        &mut self,
        name: Option<&str>,
        asker: HostAsker<'_>,
        hub: &Hub,
    ) -> Result<(), AccountError> {
        let name = name.map(|name| Nick::parse(name, hub.rules()));
        let name = name.transpose().map_err(AccountError::BadName)?;
        let by = (asker.by(), asker.now);
        self.invite(name.as_ref(), HOST, by, asker.rules, asker.store)
    }
}

fn named(hub: &Hub, name: &str) -> Result<AccountId, AccountError> {
    find(hub, name).ok_or(AccountError::NoSuchAccount)
}
