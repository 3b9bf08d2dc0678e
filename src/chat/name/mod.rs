//! Names of users and rooms: valid once made, compared by casemapping, cheap to copy and to keep.
//!
//! Owns the two types [`Nick`] and [`RoomName`] and how they lie in memory; which texts are names is decided in
//! `rule`, which names look the same in `lookalike`.
//!
//! Invariants: a name is never empty, was accepted by `rule`, and is kept as it is shown (width-mapped and in
//! Unicode's form NFC). Two names are equal, and hash alike, exactly if their folds are the same.
//!
//! Does not know who or what bears the name, nor which names are in use.

use std::fmt;

mod error;
pub(super) mod lookalike;
pub(super) mod reserved;
mod rule;
mod scripts;
#[cfg(test)]
mod tests;
mod text;

pub use error::NameError;
pub use rule::{NICK_CHARS_MAX, NameRules, ROOM_CHARS_MAX};
pub(super) use text::{Name, hash_fold};

/// A valid name of a person: 1 to [`NICK_CHARS_MAX`] characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Nick(Name);

/// A valid name of a room: `#` and at least one more character, [`ROOM_CHARS_MAX`] at most.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RoomName(Name);

impl Nick {
    /// Checks a text.
    ///
    /// In ASCII a nick has letters, digits and ``[]\`_^{|}-`` (RFC 2812 section 2.3.1), but a digit may come first;
    /// beyond ASCII, what RFC 8265's UsernameCaseMapped profile allows and is a letter, a digit or a mark on one.
    ///
    /// # Errors
    /// What is wrong with the text. The work is bounded, however long the text is.
    pub fn parse(text: &str, rules: NameRules) -> Result<Self, NameError> {
        rule::nick(text, rules).map(Self)
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The form in which nicks are compared: equal nicks have equal texts.
    pub fn folded(&self) -> String {
        self.0.fold()
    }

    /// What the hub's index compares and hashes.
    pub(super) fn name(&self) -> &Name {
        &self.0
    }
}

impl RoomName {
    /// Checks a text; a missing `#` is added, so that `lobby` is `#lobby`.
    ///
    /// In ASCII a room's name may hold anything printable but space and comma (RFC 2812 section 1.3); beyond ASCII the
    /// same as a nick.
    ///
    /// # Errors
    /// What is wrong with the text. The work is bounded, however long the text is.
    pub fn parse(text: &str, rules: NameRules) -> Result<Self, NameError> {
        rule::room(text, rules).map(Self)
    }

    /// As it is shown, with its `#`.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What the hub's index compares and hashes.
    pub(super) fn name(&self) -> &Name {
        &self.0
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nick({:?})", self.as_str())
    }
}

impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomName({:?})", self.as_str())
    }
}
