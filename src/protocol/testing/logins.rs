//! What the server does about accounts, for the tests of protocols. What takes it a while is done when the test asks for it.

use super::{At, World, accounts::ROUNDS};
use crate::{
    auth::{Caller, Claimed, ClientFirst, Derivation, FalseSalts, PasswordKind, Proof, Scram},
    chat::{AccountId, Nick},
    protocol::{
        account::{AccountError, AccountOutcome, AccountRules, Registration},
        irc::{Logins, ScramLogin},
    },
};
use std::time::Duration;

impl World {
    /// Rules under which everything is allowed.
    pub const ACCOUNT_RULES: AccountRules = AccountRules {
        registration: Registration::Open,
        plain_text_login: true,
        password_bytes_min: 5,
        before_connect: true,
        custom_names: true,
    };

    /// An account with this password.
    pub fn add_account(&mut self, name: &str, password: &str) -> AccountId {
        let name = Nick::parse(name, self.hub.rules()).expect("tests use valid names");
        let id = self.hub.add_account(name).expect("the name is free");
        let credentials = Derivation::new(password, [7; 16], ROUNDS).finish();
        self.accounts.credentials.push((id, credentials));
        id
    }

    /// Does what a client asked for: the last request.
    ///
    /// # Errors
    /// The name or the password is wrong.
    pub fn finish_account(&mut self) -> Result<AccountOutcome, AccountError> {
        let request = self.account_requests.pop().expect("a request was made");
        if let Some(rest) = request.strip_prefix("register ") {
            let (name, password) = rest.split_once(' ').expect("name and password");
            return Ok(AccountOutcome::Registered(self.add_account(name, password)));
        }
        let Some(rest) = request.strip_prefix("log in ") else {
            return Err(AccountError::NotStored);
        };
        let (name, password) = rest.split_once(' ').expect("name and password");
        let account = self.find_account(name);
        let credentials = self.accounts.credentials_of(account);
        let mut proof = Proof::of_account(password, credentials, ROUNDS);
        let is_right = proof.advance(u32::MAX).expect("all rounds are done");
        let account = account.filter(|_| is_right).ok_or(AccountError::Wrong)?;
        Ok(AccountOutcome::LoggedIn(account))
    }

    fn find_account(&self, name: &str) -> Option<AccountId> {
        let name = Nick::parse(name, self.hub.rules()).ok()?;
        self.hub.accounts().find(&name)
    }
}

impl Logins for At<'_> {
    fn has_certificate(&self) -> bool {
        self.world.accounts.has_certificate
    }

    fn begin_scram(
        &mut self,
        first: &ClientFirst<'_>,
    ) -> Result<(ScramLogin, String), AccountError> {
        if let Some(error) = self.world.accounts.error.clone() {
            return Err(error);
        }
        let account = self.world.find_account(&first.name);
        let accounts = &mut self.world.accounts;
        let caller = Caller {
            network: [192, 0, 2, 7].into(),
            certificate: None,
            is_first: true,
        };
        let attempt = accounts
            .limiter
            .admit(PasswordKind::Account, &first.name, caller, Duration::ZERO)
            .expect("tests make few mistakes");
        let salts = FalseSalts::new([1; 32]);
        let claimed = match accounts.credentials_of(account) {
            Some(credentials) => Claimed::Account(credentials),
            None => Claimed::Nobody {
                folded_name: &first.name,
                salts: &salts,
                rounds: ROUNDS,
            },
        };
        let (scram, challenge) = Scram::begin(first, claimed, "ours");
        let login = ScramLogin {
            scram,
            attempt,
            account,
        };
        Ok((login, challenge))
    }

    fn finish_scram(
        &mut self,
        login: ScramLogin,
        last: &[u8],
    ) -> Result<(AccountId, String), AccountError> {
        let result = login.scram.finish(last);
        let limiter = &mut self.world.accounts.limiter;
        limiter.settle(login.attempt, result.is_ok(), Duration::ZERO);
        let account = login.account.ok_or(AccountError::Wrong)?;
        Ok((account, result.map_err(|_| AccountError::Wrong)?))
    }

    fn log_in_by_certificate(&mut self, name: Option<&str>) -> Result<AccountId, AccountError> {
        let account = self.world.accounts.of_certificate;
        let named = name.map(|name| self.world.find_account(name));
        let is_named = named.is_none_or(|named| named == account);
        account.filter(|_| is_named).ok_or(AccountError::Wrong)
    }
}
