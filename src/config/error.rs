//! Errors in a configuration: where they are, and what would be right.
//!
//! There are two sizes: [`Invalid`] is about one value and knows no location; [`Error`] adds the location, in a text
//! for the author of the file. [`Errors`] holds all errors of a file, so that the author can mend them at once. Does
//! not print.

use std::{fmt, path::PathBuf};

/// What is wrong with one value and what would be right, as a clause without location: `not a size; write it like "1
/// MiB"`.
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

/// The location of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In a file.
    File {
        /// Its path as it was given.
        path: PathBuf,
        /// The line, counted from 1, if the error is in one.
        line: Option<usize>,
        /// The column in characters, counted from 1; only if the message names no key by which to find it.
        column: Option<usize>,
    },
    /// On the command line: the flag's name with its dashes.
    Flag(&'static str),
}

/// One error in the configuration. `Display` is one line: location, key and value, what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {message}")]
pub struct Error {
    /// Where the error is.
    pub location: Location,
    /// What is wrong and what would be right.
    pub message: String,
}

/// All errors of a configuration, in the order of the lines; never empty. `Display` puts each on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors(Vec<Error>);

impl Errors {
    /// Wraps the errors that were found, or returns `Ok` if there are none.
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

    /// The errors in their order.
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

/// Suggests the known word that is nearest to a wrong one, or lists all known words.
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

/// When [`suggest`] lists all known words.
#[derive(Clone, Copy, Debug)]
pub(super) enum Listing {
    /// Always, beside the nearest one.
    Always,
    /// Only if no known word is near.
    WhenNoneIsNear,
}

/// The nearest of some words; `None` if even that one is not similar.
fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // The measure and the threshold that clap uses for flags, so that files and flags tolerate the same misspellings.
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
    fn the_nearest_word_is_suggested() {
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
