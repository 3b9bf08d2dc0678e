//! The message of the day: a text file that greets newcomers.
//!
//! Invariants of a [`Motd`]: UTF-8, at most [`Motd::BYTES_MAX`] bytes, and no NUL or stray CR, which would break the lines of a protocol.
//! It is read once, when the configuration is loaded. Does not know how it is shown.

use std::path::{Path, PathBuf};

use super::{Invalid, read_bounded};

/// The message of the day, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Motd {
    path: PathBuf,
    text: String,
}

impl Motd {
    /// Longest text in bytes. Every newcomer is sent all of it.
    pub const BYTES_MAX: usize = 64 << 10;

    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no regular file, is too long, or is no text.
    pub(super) fn load(path: &Path) -> Result<Self, Invalid> {
        // A pipe would be waited for, and the loop that reads its configuration again cannot wait.
        let is_file = path
            .metadata()
            .map_err(|e| cannot_read(path, &e))?
            .is_file();
        if !is_file {
            let message = format!("{} is not a regular file", path.display());
            return Err(Invalid::new(message));
        }
        let bytes = read_bounded(path, Self::BYTES_MAX)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Invalid::new(format!("{} is not UTF-8", path.display())))?;
        let bare = |line: &str| !line.contains(['\0', '\r']);
        if let Some(index) = text.lines().position(|line| !bare(line)) {
            let message = format!(
                "{} is not a text: line {} holds a NUL or a carriage return",
                path.display(),
                index + 1
            );
            return Err(Invalid::new(message));
        }
        let path = path.to_owned();
        Ok(Self { path, text })
    }

    /// The file it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its lines without their ends. They may hold escape sequences: it is the host's own text.
    pub fn lines(&self) -> std::str::Lines<'_> {
        self.text.lines()
    }

    /// Length in bytes.
    pub(super) fn size(&self) -> usize {
        self.text.len()
    }
}

/// `cannot read FILE: No such file or directory`.
pub(super) fn cannot_read(path: &Path, error: &std::io::Error) -> Invalid {
    Invalid::new(format!("cannot read {}: {}", path.display(), cause(error)))
}

/// The error without Rust's "(os error 2)", which tells nobody anything.
fn cause(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((cause, _)) => cause.to_owned(),
        None => text,
    }
}
