//! Logins of one connection by other means than a password that is sent: the server's side of [`Logins`].
//!
//! The rules are those of [`shared::accounts`](crate::server::shared::accounts).

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
        first: &ClientFirst<'_>,
    ) -> Result<(ScramLogin, String), AccountError> {
        self.with_accounts(|accounts, parts, asker| {
            accounts.begin_scram(first, parts.rules, asker, parts.hub, parts.checks)
        })
    }

    fn finish_scram(
        &mut self,
        login: ScramLogin,
        last: &[u8],
    ) -> Result<(AccountId, String), AccountError> {
        self.with_accounts(|accounts, parts, asker| {
            accounts.finish_scram(login, last, asker, parts.checks)
        })
    }

    fn log_in_by_certificate(&mut self, name: Option<&str>) -> Result<AccountId, AccountError> {
        let certificate = self.certificate().ok_or(AccountError::Wrong)?;
        self.with_accounts(|accounts, parts, asker| {
            accounts.log_in_by_certificate(certificate, name, asker, parts.hub)
        })
    }
}
