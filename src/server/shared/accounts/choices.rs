//! What the owner of an account has chosen: whether its user stays without a connection.
//!
//! Does not know users.

use super::state::{Accounts, By, Storing};
use crate::{
    chat::{AccountId, Hub},
    net::ConnId,
    protocol::account::AccountError,
    server::shared::store::Store,
    store::{Change, Row},
};

impl Accounts {
    /// Lets the user of an account stay without a connection, or no longer.
    ///
    /// # Errors
    /// The account is gone, or is being changed.
    pub(super) fn set_always_on(
        &mut self,
        account: AccountId,
        stays: bool,
        asker: ConnId,
        hub: &Hub,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        if self.is_being_written(account) {
            return Err(AccountError::BeingChanged);
        }
        let name = hub.accounts().name(account).ok_or(AccountError::Wrong)?;
        let record = self.get_mut(account).ok_or(AccountError::Wrong)?;
        record.always_on = Some(stays);
        let put = Change::Put(Row::Account(record.row(name.as_str())));
        let write = store.write(vec![put]);
        let storing = Storing::AlwaysOn(By::Client(asker), account, stays);
        self.storing.insert(write, storing);
        Ok(())
    }
}
