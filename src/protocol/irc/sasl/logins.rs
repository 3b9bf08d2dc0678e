//! What SASL needs of the server beyond a password's check ([`Context::begin_account`](crate::protocol::Context)): the
//! exchange of SCRAM, and certificates. The server implements it, tests fake it.

use crate::{
    auth::{Attempt, ClientFirst, Scram},
    chat::AccountId,
    protocol::account::AccountError,
};

/// An exchange of SCRAM that is going on.
#[derive(Debug)]
pub struct ScramLogin {
    /// The exchange.
    pub scram: Scram,
    /// To be settled at its end.
    pub attempt: Attempt,
    /// `None`: there is no such account; the client is refused at the end, as if its password were wrong.
    pub account: Option<AccountId>,
}

/// Logging in by other means than a password that is sent.
pub trait Logins {
    /// Whether the client has proved to have a certificate.
    fn has_certificate(&self) -> bool;

    /// Begins an exchange of SCRAM; with the server's first message.
    ///
    /// # Errors
    /// The client may not try now.
    fn begin_scram(
        &mut self,
        first: &ClientFirst<'_>,
    ) -> Result<(ScramLogin, String), AccountError>;

    /// Ends it with the client's last message; the account, and the server's last message.
    ///
    /// # Errors
    /// The client does not know the password, or the account is suspended.
    fn finish_scram(
        &mut self,
        login: ScramLogin,
        last: &[u8],
    ) -> Result<(AccountId, String), AccountError>;

    /// The account that the client's certificate belongs to; if a name is given, it must be that of the account.
    ///
    /// # Errors
    /// There is none, it is suspended, or the client may not try now.
    fn log_in_by_certificate(&mut self, name: Option<&str>) -> Result<AccountId, AccountError>;
}
