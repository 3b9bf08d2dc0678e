//! `madang passwd`: hash a password for `[[operator]]`.

use super::{failure::Failure, password, stdout::print};
use crate::config::PasswordHash;

/// Longest password in bytes; far more than a line of IRC can carry.
const PASSWORD_BYTES_MAX: usize = 400;

/// Hash an operator's password for the configuration
///
/// Reads a password, one line, from standard input and prints its hash for `password` in `[[operator]]`. On a terminal it asks
/// twice and does not show what is typed. The password itself need not be kept anywhere.
///
/// Example: madang passwd < secret.txt
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Reads a password and prints its hash.
///
/// # Errors
/// There is no password on stdin, the two on a terminal differ, or there is no randomness for the salt.
pub(super) fn run(_args: &Args) -> Result<(), Failure> {
    let password = password::read(PASSWORD_BYTES_MAX, check)?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)
        .map_err(|e| Failure::Runtime(format!("the system has no randomness: {e}")))?;
    let hash = PasswordHash::new(&password, salt, PasswordHash::ROUNDS);
    print(format!("{hash}\n"))
}

fn check(password: &str) -> Result<(), Failure> {
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX || password.starts_with(':') {
        let message = format!(
            "a password has 1 to {PASSWORD_BYTES_MAX} bytes and begins with no colon; give it on standard input"
        );
        return Err(Failure::Usage(message));
    }
    Ok(())
}
