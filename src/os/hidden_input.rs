//! Lines that are typed on a terminal and not shown: for passwords.
//!
//! While a [`HiddenInput`] exists, the terminal sends each key as it is typed and shows none. Keys that edit the line are
//! handled here, and so is Ctrl-C, which would otherwise end the process and leave the terminal without echo. Knows
//! nothing of passwords.

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use std::{
    io::{self, ErrorKind},
    os::fd::BorrowedFd,
};

const INTERRUPT: u8 = 0x03;
const END_OF_INPUT: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const ERASE_LINE: u8 = 0x15;
const DELETE: u8 = 0x7f;

/// A terminal that does not show what is typed.
pub struct HiddenInput<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl<'a> HiddenInput<'a> {
    /// Switches the echo off; what was typed before is discarded. Dropping the value switches it on again.
    ///
    /// # Errors
    /// It is not a terminal.
    pub fn start(terminal: BorrowedFd<'a>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        hidden
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal, OptionalActions::Flush, &hidden)?;
        Ok(Self { terminal, before })
    }

    /// Reads a line, without its end. Bytes beyond `bytes_max` are dropped, except the first, so that the caller can see that
    /// the line is too long.
    ///
    /// # Errors
    /// The terminal cannot be read, or the user has typed Ctrl-C ([`ErrorKind::Interrupted`]).
    pub fn read_line(&mut self, bytes_max: usize) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            let mut key = [0];
            let count = match rustix::io::read(self.terminal, &mut key) {
                Err(rustix::io::Errno::INTR) => continue,
                read => read?,
            };
            if count == 0 || is_end(&mut line, key[0], bytes_max)? {
                return Ok(line);
            }
        }
    }
}

impl Drop for HiddenInput<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

/// Applies a key to the line; returns whether the line ends with it.
fn is_end(line: &mut Vec<u8>, key: u8, bytes_max: usize) -> io::Result<bool> {
    match key {
        b'\r' | b'\n' | END_OF_INPUT => return Ok(true),
        INTERRUPT => return Err(ErrorKind::Interrupted.into()),
        ERASE_LINE => line.clear(),
        BACKSPACE | DELETE => {
            // All bytes of the last character (UTF-8): those that continue it, and its first.
            while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
        }
        key if line.len() <= bytes_max => line.push(key),
        _ => {}
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(keys: &str, expected: &str) {
        let mut line = Vec::new();
        for key in keys.bytes() {
            if is_end(&mut line, key, 10).unwrap() {
                break;
            }
        }
        assert_eq!(String::from_utf8(line).unwrap(), expected, "{keys:?}");
    }

    #[test]
    fn keys_edit_the_line() {
        check("secret\nmore", "secret");
        check("sex\x7fcret\r", "secret");
        check("마당\x08\n", "마");
        check("\x7f\x7fa\n", "a");
        check("wrong\x15right\n", "right");
        check("01234567890123\n", "01234567890");
        check("a\x04", "a");
    }

    #[test]
    fn ctrl_c_is_an_error() {
        let error = is_end(&mut Vec::new(), INTERRUPT, 10).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    }
}
