//! Why a text is no name.
//!
//! Owns the sentences for the person who typed it. Does not know which protocol they used.

use std::fmt;

/// Why a text is no name; `Display` is a sentence for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Holds a character that is neither letter nor digit nor one of the few signs that IRC allows.
    #[error("a name must not contain {}", Shown(*.character))]
    BadCharacter {
        /// The first such character.
        character: char,
    },
    /// Breaks RFC 5893's Bidi rule, without which the order of its characters on the screen would be unclear.
    #[error(
        "a name with right-to-left letters must not have left-to-right ones, and starts with a letter and ends with \
         a letter or digit"
    )]
    Direction,
    /// Nothing is there.
    #[error("a name must not be empty")]
    Empty,
    /// Starts with a hyphen.
    #[error("a name must not start with '-'")]
    LeadingHyphen,
    /// A combining mark without a letter or digit before it.
    #[error("the combining mark {} in a name must follow a letter or a digit", Shown(*.character))]
    LooseMark {
        /// The mark.
        character: char,
    },
    /// Digits of two systems.
    #[error("a name must have digits of one kind, and {} is of another", Shown(*.character))]
    MixedDigits {
        /// The first digit of another system than those before it.
        character: char,
    },
    /// A word of scripts that do not go together.
    #[error("a word in a name must be of one script, and {} is of another than the letters before it", Shown(*.character))]
    MixedScripts {
        /// The first character of another script.
        character: char,
    },
    /// Holds a character beyond ASCII where names are ASCII only.
    #[error("names are plain ASCII here, and {} is not", Shown(*.character))]
    NotAscii {
        /// The first such character.
        character: char,
    },
    /// The same mark twice on one letter.
    #[error("a name must not have the mark {} twice in a row", Shown(*.character))]
    RepeatedMark {
        /// The mark.
        character: char,
    },
    /// Holds a space.
    #[error("a name must not contain a space")]
    Space,
    /// Has too many characters.
    #[error("a name may have at most {max} characters")]
    TooLong {
        /// How many are allowed.
        max: usize,
    },
    /// Piles marks on one letter.
    #[error("a name may have at most {max} combining marks in a row")]
    TooManyMarks {
        /// How many are allowed.
        max: usize,
    },
}

/// One character for a sentence: itself where it is sure to be seen, its number where it is not plain ASCII.
struct Shown(char);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(character) = *self;
        if character.is_ascii_graphic() {
            return write!(f, "'{character}'");
        }
        let number = u32::from(character);
        // `escape_debug` leaves a character as it is only if it is printable by itself: no control, no mark.
        if character.escape_debug().len() == 1 {
            return write!(f, "'{character}' (U+{number:04X})");
        }
        write!(f, "U+{number:04X}")
    }
}
