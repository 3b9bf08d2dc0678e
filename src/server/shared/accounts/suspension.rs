//! Suspended accounts: nobody can log in to them, and they keep their owner.
//!
//! A suspension is like a ban: it holds at once, and if it cannot be stored it is tried again. Logging the account's users
//! out is the caller's. Does not know who may suspend.

use super::state::{Accounts, By, Storing};
use crate::{
    chat::{AccountId, Hub, Now, cut},
    protocol::{
        account::{AccountError, AccountInfo, AccountOutcome, Suspension},
        sanitize,
    },
    server::shared::store::Store,
    store::{Change, Row},
};

/// Bytes of a reason that are kept: with its sentence it fits into one line of IRC.
const REASON_BYTES_MAX: usize = 300;

impl Accounts {
    /// Suspends an account.
    ///
    /// # Errors
    /// It is gone, or is being changed.
    pub(super) fn suspend(
        &mut self,
        account: AccountId,
        (reason, by): (&str, &str),
        (asker, now): (By, Now),
        hub: &Hub,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        let reason = sanitize::clean(reason);
        let suspension = Suspension {
            reason: cut(&reason, REASON_BYTES_MAX).into(),
            by: by.into(),
            since: now.wall,
        };
        let suspension = Some(Box::new(suspension));
        self.set_suspension(account, suspension, asker, hub, store)
    }

    /// Ends that.
    ///
    /// # Errors
    /// It is not suspended, or is being changed.
    pub(super) fn unsuspend(
        &mut self,
        account: AccountId,
        asker: By,
        hub: &Hub,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        if !self.is_suspended(account) {
            return Err(AccountError::NotSuspended);
        }
        self.set_suspension(account, None, asker, hub, store)
    }

    /// Whether an account is suspended.
    pub(crate) fn is_suspended(&self, account: AccountId) -> bool {
        let record = self.get(account);
        record.is_some_and(|record| record.suspended.is_some())
    }

    /// What operators of the server are shown of an account.
    pub(crate) fn info(&self, account: AccountId) -> Option<AccountInfo> {
        let record = self.get(account)?;
        Some(AccountInfo {
            registered: record.registered,
            last_login: record.last_login,
            suspension: record.suspended.as_deref().cloned(),
        })
    }

    /// The outcome of a suspension, or of its end, that was stored.
    pub(super) fn suspension_stored(&self, account: AccountId) -> AccountOutcome {
        match self.is_suspended(account) {
            true => AccountOutcome::Suspended(account),
            false => AccountOutcome::Unsuspended(account),
        }
    }

    fn set_suspension(
        &mut self,
        account: AccountId,
        suspension: Option<Box<Suspension>>,
        asker: By,
        hub: &Hub,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        if self.is_being_written(account) {
            // What is on its way was made without this, and would undo it in the store.
            return Err(AccountError::BeingChanged);
        }
        let name = hub.accounts().name(account).ok_or(AccountError::Wrong)?;
        let record = self.get_mut(account).ok_or(AccountError::Wrong)?;
        record.suspended = suspension;
        let put = Change::Put(Row::Account(record.row(name.as_str())));
        let write = store.write(vec![put]);
        self.storing
            .insert(write, Storing::Suspension(asker, account));
        Ok(())
    }
}
