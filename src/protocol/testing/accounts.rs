//! The secrets of accounts for the tests of protocols, beside the hub's names of them.

use crate::{
    auth::{Credentials, Limiter},
    chat::AccountId,
    protocol::account::AccountError,
};

/// Rounds of every password here.
pub(super) const ROUNDS: u32 = 10;

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Accounts {
    /// The account of everyone's certificate.
    pub of_certificate: Option<AccountId>,
    /// Whether everyone has one.
    pub has_certificate: bool,
    /// Why nothing is begun.
    pub error: Option<AccountError>,
    /// Whether every account is suspended.
    pub is_suspended: bool,
    pub(super) credentials: Vec<(AccountId, Credentials)>,
    pub(super) limiter: Limiter,
}

impl Accounts {
    pub(super) fn credentials_of(&self, account: Option<AccountId>) -> Option<&Credentials> {
        let mut all = self.credentials.iter();
        let found = all.find(|(id, _)| Some(*id) == account);
        found.map(|(_, credentials)| credentials)
    }
}
