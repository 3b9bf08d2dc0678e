//! What is wrong with a configuration: where it stands, and what would be right.
//!
//! Two sizes: [`Invalid`] is about one value and knows no place; [`Error`] puts it in its place, in words for the person who
//! wrote the file. [`Errors`] holds all that were found, so that one reading of the file mends it. Does not print.

use std::{fmt, path::PathBuf};

/// What is wrong with one value and what would be right, as a clause without place: `not a size; write it like "1 MiB"`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl From<crate::auth::BadHash> for Invalid {
    fn from(error: crate::auth::BadHash) -> Self {
        Self::new(error.to_string())
    }
}

impl Invalid {
    pub(super) fn new(clause: impl Into<String>) -> Self {
        Self(clause.into())
    }
}

/// Where something wrong was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In a file.
    File {
        /// Its path as it was given.
        path: PathBuf,
        /// Line, counted from 1, if it is about a line.
        line: Option<usize>,
        /// Column in characters, counted from 1; only if the message names no key by which to find it.
        column: Option<usize>,
    },
    /// On the command line: the flag's name with its dashes.
    Flag(&'static str),
}

/// One thing wrong with the configuration. `Display` is one line: place, key and value, what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {message}")]
pub struct Error {
    /// Where it stands.
    pub location: Location,
    /// What is wrong and what would be right.
    pub message: String,
}

/// All that is wrong with the configuration, in the order of the lines; never empty. `Display` puts each on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors(Vec<Error>);

impl Errors {
    /// All of them, or `Ok` if there are none.
    ///
    /// # Errors
    /// `found` is not empty.
    pub(super) fn check(mut found: Vec<Error>) -> Result<(), Self> {
        if found.is_empty() {
            return Ok(());
        }
        found.sort_by_key(|error| match error.location {
            Location::File { line, column, .. } => (line, column),
            Location::Flag(_) => (None, None),
        });
        Err(Self(found))
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Error> {
        self.0.iter()
    }
}

impl From<Error> for Errors {
    fn from(error: Error) -> Self {
        Self(vec![error])
    }
}

impl std::error::Error for Errors {}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => {
                write!(f, "{}", path.display())?;
                for number in [line, column].into_iter().flatten() {
                    write!(f, ":{number}")?;
                }
                Ok(())
            }
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// The remedy for a wrong word: the nearest right one, or all of them.
pub(super) fn suggest<'a>(
    given: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    listing: Listing,
) -> String {
    let list = || format!("known are {}", known.clone().collect::<Vec<_>>().join(", "));
    match (nearest(given, known.clone()), listing) {
        (Some(near), Listing::Always) => format!("{}; did you mean {near:?}?", list()),
        (Some(near), Listing::WhenNoneIsNear) => format!("did you mean {near:?}?"),
        (None, _) => list(),
    }
}

/// When [`suggest`] lists all right words.
#[derive(Clone, Copy, Debug)]
pub(super) enum Listing {
    /// Also beside the nearest one.
    Always,
    /// Only if there is no nearest one.
    WhenNoneIsNear,
}

/// The nearest of some words, unless even that has little in common with what was given.
fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // The measure and the bound that clap uses for flags, so that files and flags are forgiven alike.
    const ALIKE: f64 = 0.7;
    known
        .map(|word| (strsim::jaro(given, word), word))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_word() {
        let known = ["name", "motd", "unicode_names"];
        for (given, expected) in [
            ("nmae", Some("name")),
            ("Motd", Some("motd")),
            ("unicode-names", Some("unicode_names")),
            ("zzz", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, known.into_iter()), expected, "{given:?}");
        }
    }
}
