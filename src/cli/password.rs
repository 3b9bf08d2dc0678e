//! A password from a terminal, where it is not shown, or from standard input.
//!
//! Knows no rules of passwords.

use super::failure::Failure;
use crate::os::{hidden_input::HiddenInput, io_error::plain};
use std::{
    io::{self, BufRead, ErrorKind, IsTerminal, Write},
    os::fd::AsFd as _,
};

/// Reads a password that `check` finds good: one line of standard input, or asked for twice on a terminal.
///
/// # Errors
/// There is none, it is not good, or the two on a terminal differ.
pub(super) fn read(
    bytes_max: usize,
    check: impl Fn(&str) -> Result<(), Failure>,
) -> Result<String, Failure> {
    let password = match io::stdin().is_terminal() {
        true => ask_twice(bytes_max, &check)?,
        false => read_line()?,
    };
    check(&password)?;
    Ok(password)
}

fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|error| unread(&error))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks for the password on the terminal, twice because typing errors cannot be seen.
fn ask_twice(
    bytes_max: usize,
    check: impl Fn(&str) -> Result<(), Failure>,
) -> Result<String, Failure> {
    let stdin = io::stdin().lock();
    let mut input = HiddenInput::start(stdin.as_fd()).map_err(|error| unread(&error))?;
    let mut ask = |prompt: &str| {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{prompt}").and_then(|()| stderr.flush());
        let typed = input.read_line(bytes_max);
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
