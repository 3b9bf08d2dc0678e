//! What a protocol may ask of the server about accounts, and the answers, which come later: passwords are hashed a slice
//! at a time, and nothing is granted before it is stored.
//!
//! Owns the types alone; the server has the accounts. Does not know how a protocol words an answer.

use crate::auth::InvitationToken;
use crate::chat::{AccountId, NameError, Nick, Refusal, RoomId, WallTime};
use std::time::Duration;

/// Who may make an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Any client.
    #[default]
    Open,
    /// Clients with an invitation.
    Invited,
    /// No client; operators of the server make accounts.
    Closed,
}

/// The rules for accounts that protocols need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRules {
    /// Who may make one.
    pub registration: Registration,
    /// Whether passwords are taken over connections that are not encrypted.
    pub plain_text_login: bool,
    /// Bytes that a new password has at least.
    pub password_bytes_min: usize,
    /// Whether a client may make an account before it is a user.
    pub before_connect: bool,
    /// Whether an account may have another name than the nick of the user who makes it.
    pub custom_names: bool,
}

/// That an operator of the server, or the host, has suspended an account: it stays its owner's, who cannot log in to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// Why; its owner is shown it.
    pub reason: Box<str>,
    /// The nick of the operator.
    pub by: Box<str>,
    /// When.
    pub since: WallTime,
}

/// What operators of the server are shown of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountInfo {
    /// When it was made.
    pub registered: WallTime,
    /// When somebody logged in to it last.
    pub last_login: WallTime,
    /// Whether it is suspended.
    pub suspension: Option<Suspension>,
}

/// Bytes that a password has at most. A longer one makes no account safer.
pub const PASSWORD_BYTES_MAX: usize = 600;

/// Whether this may be the password of an account with this name.
///
/// # Errors
/// Why it may not.
pub fn check_password(name: &str, password: &str, bytes_min: usize) -> Result<(), AccountError> {
    if password.len() < bytes_min {
        return Err(AccountError::PasswordTooShort { bytes_min });
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(AccountError::PasswordTooLong);
    }
    if password.chars().any(char::is_control) {
        return Err(AccountError::PasswordHasControls);
    }
    if password.eq_ignore_ascii_case(name) {
        return Err(AccountError::PasswordIsName);
    }
    Ok(())
}

/// A request that is answered later. Until then the connection's lines wait.
#[derive(Clone, Copy)]
pub enum AccountRequest<'a> {
    /// Let the certificate of this connection log in to an account.
    AddCertificate {
        /// Which.
        account: AccountId,
    },
    /// Let a certificate no longer log in to an account.
    RemoveCertificate {
        /// Which.
        account: AccountId,
        /// In hexadecimal.
        fingerprint: &'a str,
    },
    /// Log in with a password.
    LogIn {
        /// The account's name, as typed.
        name: &'a str,
        /// Its password.
        password: &'a str,
    },
    /// Make an account, and log in to it.
    Register {
        /// Its name.
        name: &'a Nick,
        /// Its password.
        password: &'a str,
        /// The token of an invitation, if the client gave one.
        invitation: Option<&'a str>,
    },
    /// Make an invitation, for an operator of the server.
    Invite {
        /// The only name that may be registered with it.
        name: Option<&'a Nick>,
    },
    /// Make an account for another person, for an operator of the server. Nobody is logged in to it.
    RegisterFor {
        /// Its name.
        name: &'a Nick,
        /// Its password.
        password: &'a str,
    },
    /// Suspend an account, for an operator of the server. It holds at once, and its users are logged out.
    Suspend {
        /// Which.
        account: AccountId,
        /// Why.
        reason: &'a str,
    },
    /// Let the owner of a suspended account log in again, for an operator of the server. It holds at once.
    Unsuspend {
        /// Which.
        account: AccountId,
    },
    /// Let the user of an account stay without a connection, or no longer.
    SetAlwaysOn {
        /// Which.
        account: AccountId,
        /// Whether it is to stay.
        stays: bool,
    },
    /// Give an account another password.
    SetPassword {
        /// Which.
        account: AccountId,
        /// The new password.
        password: &'a str,
    },
    /// End an account, after its password was checked once more.
    Drop {
        /// Which.
        account: AccountId,
        /// Its password.
        password: &'a str,
    },
    /// Have a room stored that the hub has just registered.
    RegisterRoom {
        /// Which.
        room: RoomId,
    },
    /// End the registration of a room; the hub was asked whether the user may.
    DropRoom {
        /// Which.
        room: RoomId,
    },
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountOutcome {
    /// The choice is stored: the account's user stays without a connection, or does not.
    AlwaysOnSet(bool),
    /// The certificates of an account are stored.
    CertificatesChanged,
    /// The invitation is stored; nobody is shown its token again.
    Invited(InvitationToken),
    /// The account is ended, and nobody is logged in to it any more.
    Dropped,
    /// The password was right. The protocol makes the login take effect.
    LoggedIn(AccountId),
    /// The account exists and is stored. The protocol makes the login take effect.
    Registered(AccountId),
    /// The account for another person exists and is stored.
    RegisteredFor(AccountId),
    /// The new password is stored.
    PasswordSet,
    /// The room is not registered any more.
    RoomDropped,
    /// The registered room is stored.
    RoomRegistered,
    /// It is stored that the account is suspended.
    Suspended(AccountId),
    /// It is stored that the account is not suspended any more.
    Unsuspended(AccountId),
}

/// Why a request was refused; `Display` is a sentence for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The name is no name.
    #[error("that is no name for an account: {0}")]
    BadName(NameError),
    /// Another change of the account is on its way to the disk.
    #[error("another change of the account is being stored; try again in a moment")]
    BeingChanged,
    /// The host lets no user stay without a connection.
    #[error("on this server nobody stays without a connection")]
    NoAlwaysOn,
    /// Too many passwords are being checked.
    #[error("too many passwords are being checked; try again in a few seconds")]
    Busy,
    /// The certificate logs in to an account already.
    #[error("that certificate belongs to an account already")]
    CertificateTaken,
    /// Clients make no accounts here.
    #[error("accounts are made by the operators of this server; ask one")]
    Closed,
    /// Clients make accounts by invitation.
    #[error(
        "accounts are made by invitation here; ask an operator of this server for one, and then NickServ: \
         REGISTER PASSWORD INVITATION"
    )]
    InvitationNeeded,
    /// The server takes no invitations.
    #[error(
        "[accounts] registration is not \"invite\"; no invitation is needed, or none would help"
    )]
    NoInvitations,
    /// The invitation is wrong.
    #[error("that invitation is wrong, used or out of date, or for another name")]
    WrongInvitation,
    /// There are too many invitations.
    #[error("there are {max} open invitations already; they end after a week")]
    TooManyInvitations {
        /// So many.
        max: usize,
    },
    /// Accounts exist only where the server has a directory for them.
    #[error("this server has no accounts")]
    NoAccounts,
    /// The connection has no certificate.
    #[error("your connection has no certificate; connect by TLS with one")]
    NoCertificate,
    /// There is no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// The account has no such certificate.
    #[error("the account has no such certificate; CERT LIST shows those that it has")]
    NoSuchCertificate,
    /// The connection is not encrypted.
    #[error("passwords are taken over encrypted connections only; come by TLS")]
    NotEncrypted,
    /// What holds already is not stored.
    #[error("it holds from now on, but is not stored yet; the server goes on trying")]
    NotStoredYet,
    /// The store did not take it.
    #[error("the server could not store it; try again later")]
    NotStored,
    /// There are as many accounts as there may be.
    #[error("there are as many accounts as [accounts] max allows")]
    Full,
    /// The hub's refusal of a name.
    #[error(transparent)]
    Name(#[from] Refusal),
    /// The password has control characters, which not every way to log in can carry.
    #[error("a password has no control characters")]
    PasswordHasControls,
    /// The password is the account's name.
    #[error("the name is no password")]
    PasswordIsName,
    /// The password is too long.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    PasswordTooLong,
    /// The password is too short.
    #[error("a password has at least {bytes_min} characters")]
    PasswordTooShort {
        /// How long it has to be.
        bytes_min: usize,
    },
    /// The account is not suspended.
    #[error("the account is not suspended")]
    NotSuspended,
    /// An operator has suspended the account.
    #[error("the account is suspended: {reason}")]
    Suspended {
        /// Why.
        reason: Box<str>,
    },
    /// There are as many accounts as there may be, or too many were made from that address.
    #[error("no more accounts can be made from your address now; try again in an hour")]
    TooMany,
    /// An account has as many certificates as it may have.
    #[error("an account has at most {max} certificates")]
    TooManyCertificates {
        /// So many.
        max: usize,
    },
    /// There were too many wrong passwords.
    #[error("too many wrong passwords; try again in {} seconds", super::time::seconds_to_wait(*.0))]
    TooSoon(Duration),
    /// The password or the account's name is wrong.
    #[error("wrong name or password")]
    Wrong,
}
