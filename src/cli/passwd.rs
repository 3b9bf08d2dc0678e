//! `madang passwd`: hash a password for `[[operator]]`.

use super::{failure::Failure, stdout::print};
use crate::{
    config::PasswordHash,
    os::{hidden_input::HiddenInput, io_error::plain},
};
use std::{
    io::{self, BufRead, ErrorKind, IsTerminal, Write},
    os::fd::AsFd as _,
};

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
    let password = match io::stdin().is_terminal() {
        true => ask_twice()?,
        false => read_line()?,
    };
    check(&password)?;
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

fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|error| unread(&error))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks for the password on the terminal, twice because typing errors cannot be seen.
fn ask_twice() -> Result<String, Failure> {
    let stdin = io::stdin().lock();
    let mut input = HiddenInput::start(stdin.as_fd()).map_err(|error| unread(&error))?;
    let mut ask = |prompt: &str| {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{prompt}").and_then(|()| stderr.flush());
        let typed = input.read_line(PASSWORD_BYTES_MAX);
        let _ = writeln!(stderr);
        let typed = typed.map_err(|error| unread(&error))?;
        String::from_utf8(typed).map_err(|_| Failure::Usage("the password is not UTF-8".into()))
    };
    let password = ask("password: ")?;
    check(&password)?;
    if ask("again: ")? != password {
        return Err(Failure::Usage("the two passwords differ".into()));
    }
    Ok(password)
}

fn unread(error: &io::Error) -> Failure {
    Failure::Runtime(match error.kind() {
        ErrorKind::Interrupted => "interrupted".into(),
        _ => format!("cannot read the password: {}", plain(error)),
    })
}
