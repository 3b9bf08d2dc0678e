//! The message of the day: a text file that greets new users.
//!
//! Invariants of a [`Motd`]: UTF-8, at most [`Motd::BYTES_MAX`] bytes, and no NUL or stray CR, which would break the
//! lines of a protocol. It is read once, when the configuration is loaded. Does not know how it is shown.

use std::path::{Path, PathBuf};

use super::{error::Invalid, regular_file::read_bounded};

/// The message of the day, and the path of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Motd {
    path: PathBuf,
    text: String,
}

impl Motd {
    /// Longest text in bytes. Every new user is sent all of it.
    pub const BYTES_MAX: usize = 64 << 10;

    /// No text at all.
    pub fn none() -> Self {
        Self {
            path: PathBuf::new(),
            text: String::new(),
        }
    }

    /// Whether there is no text, and no file.
    pub fn is_none(&self) -> bool {
        self.path.as_os_str().is_empty()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, is not a regular file, is too long, or is not a text.
    pub(super) fn load(path: &Path) -> Result<Self, Invalid> {
        let refuse = |e: Invalid| Invalid::new(format!("{} {e}", path.display()));
        let text = Self::read(path).map_err(refuse)?;
        let path = path.to_owned();
        Ok(Self { path, text })
    }

    fn read(path: &Path) -> Result<String, Invalid> {
        let bytes = read_bounded(path, Self::BYTES_MAX)?;
        let text = String::from_utf8(bytes).map_err(|_| Invalid::new("is not UTF-8"))?;
        let strange = |line: &str| line.contains(['\0', '\r']);
        if let Some(index) = text.lines().position(strange) {
            let message = format!("holds a NUL or a carriage return in line {}", index + 1);
            return Err(Invalid::new(message));
        }
        Ok(text)
    }

    /// The file it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its lines without their ends. They may hold escape sequences: the text is the host's own.
    pub fn lines(&self) -> std::str::Lines<'_> {
        self.text.lines()
    }

    /// Length in bytes.
    pub(super) fn size(&self) -> usize {
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Loads a file with these bytes; errors are without its path.
    fn load(name: &str, bytes: &[u8]) -> Result<Vec<String>, String> {
        let name = format!("madang-motd-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, bytes).unwrap();
        let loaded = Motd::load(&path);
        fs::remove_file(&path).unwrap();
        let path = format!("{} ", path.display());
        loaded
            .map(|motd| motd.lines().map(str::to_owned).collect())
            .map_err(|e| e.to_string().replace(&path, ""))
    }

    #[test]
    fn texts_are_read_as_lines() {
        let lines = load("good", "마당\r\n\n\x1b[1mwelcome".as_bytes());
        assert_eq!(lines.unwrap(), ["마당", "", "\x1b[1mwelcome"]);
        assert_eq!(load("empty", b"").unwrap(), [""; 0]);
        assert!(load("longest", &[b'a'; Motd::BYTES_MAX]).is_ok());
    }

    #[test]
    fn files_that_are_no_texts_are_refused() {
        for (name, bytes, expected) in [
            ("latin1", &b"caf\xe9"[..], "is not UTF-8"),
            (
                "nul",
                b"a\nb\0",
                "holds a NUL or a carriage return in line 2",
            ),
            ("cr", b"a\rb", "holds a NUL or a carriage return in line 1"),
            (
                "long",
                &[b'a'; Motd::BYTES_MAX + 1],
                "is longer than 64 KiB",
            ),
        ] {
            assert_eq!(load(name, bytes), Err(expected.to_owned()));
        }
    }
}
