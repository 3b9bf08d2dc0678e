//! Names of people and rooms: valid once made, compared by casemapping, cheap to copy and to keep.
//!
//! Owns the two types [`Nick`] and [`RoomName`] and how they lie in memory; which texts are names is decided in
//! `rule`, which names look the same in `lookalike`.
//!
//! Invariants: a name is never empty, was accepted by `rule`, and is kept as it is shown (width-mapped and in
//! Unicode's form NFC). Two names are equal, and hash alike, exactly if their folds are the same.
//!
//! Does not know who or what bears the name, nor which names are in use.

use std::{
    fmt,
    hash::{Hash, Hasher},
    rc::Rc,
};

mod error;
pub(super) mod lookalike;
pub(super) mod reserved;
mod rule;
mod scripts;
#[cfg(test)]
mod tests;

pub use error::NameError;
pub use rule::{NICK_CHARS_MAX, ROOM_CHARS_MAX};

/// Which names are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRules {
    /// Letters and digits of any script (true), or ASCII alone.
    pub unicode: bool,
}

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

/// What nicks and room names have in common: a shown text and its fold, in 24 bytes and at most one allocation.
///
/// The fold (the form in which names are compared) is kept only where lowering the ASCII letters of the shown text
/// would not give it; that is rare, for most scripts outside of Europe have no case.
#[derive(Clone)]
pub(super) enum Name {
    /// Short and with a derivable fold, as almost all names are: no allocation at all. With tens of thousands of idle
    /// users that is 32 to 48 bytes less for each.
    Inline { len: u8, bytes: [u8; INLINE_MAX] },
    /// Anything else: the shown text, then the fold if it has to be kept.
    Shared { shown_len: u16, text: Rc<str> },
}

/// What fits beside the tag and the length into 24 bytes, the size that [`Name::Shared`] has anyway.
const INLINE_MAX: usize = 22;

impl Name {
    /// Puts a checked name together. `shown` and `fold` both lack the `prefix`.
    fn new(prefix: &'static str, shown: &str, fold: Option<&str>) -> Self {
        let shown_len = prefix.len() + shown.len();
        let fold = fold.filter(|fold| !is_derivable(shown, fold));
        if fold.is_none() && shown_len <= INLINE_MAX {
            let mut bytes = [0; INLINE_MAX];
            bytes[..prefix.len()].copy_from_slice(prefix.as_bytes());
            bytes[prefix.len()..shown_len].copy_from_slice(shown.as_bytes());
            let len = u8::try_from(shown_len).expect("INLINE_MAX is below 256");
            return Self::Inline { len, bytes };
        }
        let text = match fold {
            None => [prefix, shown].concat(),
            Some(fold) => [prefix, shown, prefix, fold].concat(),
        };
        Self::Shared {
            shown_len: u16::try_from(shown_len).expect("rule.rs allows 64 characters at most"),
            text: text.into(),
        }
    }

    /// As it is shown.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Inline { len, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*len)]).expect("`new` copied whole strs")
            }
            Self::Shared { shown_len, text } => &text[..usize::from(*shown_len)],
        }
    }

    /// Bytes of memory outside of the record. What is shared counts for each who shares it.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Inline { .. } => 0,
            Self::Shared { text, .. } => text.len(),
        }
    }

    /// The form in which names are compared.
    pub(super) fn fold(&self) -> String {
        let mut fold = self.fold_source().to_vec();
        fold.make_ascii_lowercase();
        String::from_utf8(fold).expect("lowering ASCII letters keeps a str a str")
    }

    /// Whether it is pure ASCII; such names are told apart by case alone.
    pub(super) fn is_ascii(&self) -> bool {
        // The shown part alone: the fold of `straße` is ASCII.
        self.as_str().is_ascii()
    }

    /// The bytes that give the fold when their ASCII letters are lowered.
    pub(super) fn fold_source(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Self::Shared { shown_len, text } => match &text.as_bytes()[usize::from(*shown_len)..] {
                [] => text.as_bytes(),
                fold => fold,
            },
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.fold_source().eq_ignore_ascii_case(other.fold_source())
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_fold(self.fold_source(), state);
    }
}

/// Hashes the fold of a name, given its [`fold_source`](Name::fold_source); for an ASCII text that is the text itself.
pub(super) fn hash_fold(source: &[u8], state: &mut impl Hasher) {
    // Lowered in small pieces on the stack: a lookup allocates nothing, and the hasher is not fed byte by byte.
    let mut piece = [0; 32];
    for chunk in source.chunks(piece.len()) {
        let piece = &mut piece[..chunk.len()];
        piece.copy_from_slice(chunk);
        piece.make_ascii_lowercase();
        state.write(piece);
    }
    state.write_u8(0xff);
}

/// Whether lowering the ASCII letters of `shown` gives `fold`.
fn is_derivable(shown: &str, fold: &str) -> bool {
    shown.len() == fold.len()
        && shown
            .bytes()
            .zip(fold.bytes())
            .all(|(shown, fold)| shown.to_ascii_lowercase() == fold)
}
