//! Writing results to standard output.

use super::failure::Failure;
use crate::os::io_error::plain;
use std::io::{self, Write};

/// Writes all of a text to stdout. If the reader has gone (`madang man | head -1`), that is not an error.
pub(super) fn print(text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_ref());
    accept_closed_pipe(written.and_then(|()| stdout.flush()))
}

pub(super) fn accept_closed_pipe(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(&error)),
        _ => Ok(()),
    }
}

/// The failure of a standard output that takes nothing.
pub(super) fn unwritten(error: &io::Error) -> Failure {
    Failure::Runtime(format!("cannot write to standard output: {}", plain(error)))
}
