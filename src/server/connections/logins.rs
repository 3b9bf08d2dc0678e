//! Logins of one connection by other means than a password that is sent: the server's side of [`Logins`].
//!
//! There are no accounts yet, so every login fails.

use super::context::CommandContext;
use crate::{
    auth::ClientFirst,
    chat::AccountId,
    protocol::{
        account::AccountError,
        irc::{Logins, ScramLogin},
    },
};

impl Logins for CommandContext<'_> {
    fn has_certificate(&self) -> bool {
        self.certificate().is_some()
    }

    fn begin_scram(
        &mut self,
        _first: &ClientFirst<'_>,
    ) -> Result<(ScramLogin, String), AccountError> {
        Err(AccountError::NoAccounts)
    }

    fn finish_scram(
        &mut self,
        _login: ScramLogin,
        _last: &[u8],
    ) -> Result<(AccountId, String), AccountError> {
        Err(AccountError::NoAccounts)
    }

    fn log_in_by_certificate(&mut self, _name: Option<&str>) -> Result<AccountId, AccountError> {
        Err(AccountError::NoAccounts)
    }
}
