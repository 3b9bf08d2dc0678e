//! Logins without a password that is sent: SCRAM and certificates.
//!
//! Does not know the messages of SASL.

use super::{
    requests::{Asker, Rules, find, fold, refusal},
    state::Accounts,
};
use crate::{
    auth::{Claimed, ClientFirst, Scram},
    chat::{AccountId, Hub},
    net::tls::Fingerprint,
    protocol::{
        account::{AccountError, AccountOutcome},
        irc::ScramLogin,
    },
    server::shared::password_checks::PasswordChecks,
};
use std::fmt::Write as _;

impl Accounts {
    /// Begins an exchange of SCRAM; with the server's first message.
    ///
    /// # Errors
    /// The client may not try now.
    pub(crate) fn begin_scram(
        &self,
        first: &ClientFirst<'_>,
        rules: &Rules,
        asker: Asker<'_>,
        hub: &Hub,
        checks: &mut PasswordChecks,
    ) -> Result<(ScramLogin, String), AccountError> {
        let folded_name = fold(hub, &first.name);
        let Asker { guesser, now, .. } = asker;
        let attempt = checks
            .admit_account(&folded_name, guesser, now)
            .map_err(refusal)?;
        let account = find(hub, &first.name);
        let claimed = match account.and_then(|id| self.get(id)) {
            Some(record) => Claimed::Account(&record.credentials),
            None => Claimed::Nobody {
                folded_name: &folded_name,
                salts: &self.false_salts,
                rounds: rules.rounds,
            },
        };
        let nonce = nonce().ok_or(AccountError::Busy)?;
        let (scram, challenge) = Scram::begin(first, claimed, &nonce);
        let login = ScramLogin {
            scram,
            attempt,
            account,
        };
        Ok((login, challenge))
    }

    /// Ends it; the account, and the server's last message.
    ///
    /// # Errors
    /// The client does not know the password, or the account is suspended.
    pub(crate) fn finish_scram(
        &mut self,
        login: ScramLogin,
        last: &[u8],
        asker: Asker<'_>,
        checks: &mut PasswordChecks,
    ) -> Result<(AccountId, String), AccountError> {
        let record = login.account.and_then(|id| self.get(id));
        let is_current = record.is_some_and(|it| login.scram.is_about(&it.credentials));
        let proof = login.scram.finish(last).ok().filter(|_| is_current);
        let is_right = proof.is_some();
        let Asker { guesser, now, .. } = asker;
        checks.settle_account(login.attempt, is_right, guesser.address, now);
        let proof = proof.ok_or(AccountError::Wrong)?;
        match self.log_in(login.account, now)? {
            AccountOutcome::LoggedIn(account) => Ok((account, proof)),
            _ => Err(AccountError::Wrong),
        }
    }

    /// The account that a certificate belongs to; if a name is given, it must be that of the account.
    ///
    /// # Errors
    /// There is none, or it is suspended.
    pub(crate) fn log_in_by_certificate(
        &mut self,
        certificate: Fingerprint,
        name: Option<&str>,
        asker: Asker<'_>,
        hub: &Hub,
    ) -> Result<AccountId, AccountError> {
        let account = self.of_certificate(certificate);
        let is_named = name.is_none_or(|name| find(hub, name) == account);
        match self.log_in(account.filter(|_| is_named), asker.now)? {
            AccountOutcome::LoggedIn(account) => Ok(account),
            _ => Err(AccountError::Wrong),
        }
    }
}

/// The server's part of a nonce: printable, without a comma (RFC 5802 section 5.1).
fn nonce() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").ok()?;
    }
    Some(text)
}
