//! The keys of a password that the host gives: made in the host's program, so that the server neither sees the password
//! nor spends its turns on the hash.
//!
//! The rules are those of the server that gave its greeting. Does not ask for the password.

use super::request::Greeting;
use crate::{
    auth::{Credentials, Derivation},
    protocol::account::{AccountError, check_password},
};

/// Why there are no keys; `Display` is a sentence.
#[derive(Debug, thiserror::Error)]
pub enum BadPassword {
    /// The password is against the rules.
    #[error(transparent)]
    Refused(#[from] AccountError),
    /// There is no salt.
    #[error("the system has no randomness: {0}")]
    NoRandomness(getrandom::Error),
}

/// Whether a password is good for an account.
///
/// # Errors
/// Why it is not.
pub fn check(name: &str, password: &str, greeting: Greeting) -> Result<(), BadPassword> {
    check_password(name, password, greeting.password_bytes_min)?;
    Ok(())
}

/// Makes the keys of a password for an account. Takes some 10 ms.
///
/// # Errors
/// It is no good password, or the system has no randomness.
pub fn keys_of(name: &str, password: &str, greeting: Greeting) -> Result<Credentials, BadPassword> {
    check(name, password, greeting)?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(BadPassword::NoRandomness)?;
    Ok(Derivation::new(password, salt, greeting.rounds).finish())
}
