//! `madang passwd`: hash a password for `[[operator]]`.

use std::io::{self, BufRead, IsTerminal, Write};

use super::{failure::Failure, stdout::print};
use crate::config::PasswordHash;

/// Longest password in bytes; far more than a line of IRC can carry.
const PASSWORD_BYTES_MAX: usize = 400;

/// Hash an operator's password for the configuration
///
/// Reads a password, one line, from standard input and prints its hash for `password` in `[[operator]]`. The password itself
/// need not be kept anywhere.
///
/// Example: madang passwd < secret.txt
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Reads a password and prints its hash.
///
/// # Errors
/// There is no password on stdin, or no randomness for the salt.
pub(super) fn run(_args: &Args) -> Result<(), Failure> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "password (it is shown): ").and_then(|()| stderr.flush());
    }
    let mut line = String::new();
    let read = stdin.read_line(&mut line);
    read.map_err(|e| Failure::Runtime(format!("cannot read the password: {e}")))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX || password.starts_with(':') {
        let message = format!(
            "a password has 1 to {PASSWORD_BYTES_MAX} bytes and begins with no colon; give it on standard input"
        );
        return Err(Failure::Usage(message));
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)
        .map_err(|e| Failure::Runtime(format!("the system has no randomness: {e}")))?;
    let hash = PasswordHash::new(password, salt, PasswordHash::ROUNDS);
    print(format!("{hash}\n"))
}
