//! Which texts are names.
//!
//! One rule for users and rooms of all protocols: ASCII as IRC allows it (RFC 2812 sections 1.3 and 2.3.1), and
//! beyond ASCII letters, digits and their marks within RFC 8265's UsernameCaseMapped profile, of scripts that go together
//! (`scripts`). Pure ASCII never reaches a library.
//!
//! Invariant: the work is bounded by [`BYTES_PER_CHAR_MAX`] before anything is normalised. Does not know which names
//! are in use.

use precis_profiles::{
    UsernameCaseMapped,
    precis_core::{
        Error as ProfileError, UnexpectedError,
        profile::{Profile, Rules},
    },
};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{error::NameError, scripts, text::Name};
use crate::chat::same::fold;

/// Which names are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRules {
    /// Letters and digits of any script (true), or ASCII alone.
    pub unicode: bool,
}

/// Longest nick, in characters after normalisation. Room for names of all languages, short enough for a column.
pub const NICK_CHARS_MAX: usize = 30;

/// Longest name of a room, in characters after normalisation, its `#` included. IRC's old limit is 50; 64 leaves room
/// for bridged names.
pub const ROOM_CHARS_MAX: usize = 64;

/// A text longer than this many bytes for each allowed character is refused unread: UTF-8 needs four at most, and
/// decomposing makes a text at most three times as long (Unicode's normalisation FAQ), so no name is lost.
const BYTES_PER_CHAR_MAX: usize = 12;

/// More marks than these on one letter are no language but an attempt to write over the neighbours' lines; UTS 39
/// section 5.4 draws the same line.
const MARKS_IN_A_ROW_MAX: usize = 4;

/// Checks the name of a person.
pub(super) fn nick(text: &str, rules: NameRules) -> Result<Name, NameError> {
    if text.starts_with('-') {
        return Err(NameError::LeadingHyphen);
    }
    check("", text, NICK_CHARS_MAX, is_ascii_of_nick, rules)
}

/// Checks the name of a room, with or without its `#`.
pub(super) fn room(text: &str, rules: NameRules) -> Result<Name, NameError> {
    let body = text.strip_prefix('#').unwrap_or(text);
    check("#", body, ROOM_CHARS_MAX, is_ascii_of_room, rules)
}

/// RFC 2812's `letter / digit / special` and the hyphen.
fn is_ascii_of_nick(c: char) -> bool {
    c.is_ascii_alphanumeric() || "[]\\`_^{|}-".contains(c)
}

/// RFC 2812's `chanstring`; a colon ends nothing today (Modern IRC, "Channels").
fn is_ascii_of_room(c: char) -> bool {
    c.is_ascii_graphic() && c != ','
}

/// Checks `body`, which follows `prefix`; together they may have `max` characters.
fn check(
    prefix: &'static str,
    body: &str,
    max: usize,
    is_ascii_allowed: fn(char) -> bool,
    rules: NameRules,
) -> Result<Name, NameError> {
    let body_max = max - prefix.len();
    if body.is_empty() {
        return Err(NameError::Empty);
    }
    if body.len() > body_max * BYTES_PER_CHAR_MAX {
        return Err(NameError::TooLong { max });
    }
    check_characters(body, is_ascii_allowed, rules)?;
    if body.is_ascii() {
        if body.len() > body_max {
            return Err(NameError::TooLong { max });
        }
        return Ok(Name::new(prefix, body, None));
    }
    let shown = shown_form(body)?;
    if shown.chars().count() > body_max {
        return Err(NameError::TooLong { max });
    }
    // Once more: the forms of width have become other characters.
    check_characters(&shown, is_ascii_allowed, rules)?;
    check_marks(&shown)?;
    check_class(&shown)?;
    scripts::check(&shown)?;
    let fold = fold(&shown);
    check_case(&shown, &fold)?;
    check_direction(&fold)?;
    Ok(Name::new(prefix, &shown, Some(&fold)))
}

/// Refuses what is neither letter nor digit nor mark nor allowed in ASCII. This comes before any mapping, so that a
/// fullwidth `＃` or `＠` is refused and not quietly turned into the prefix that it imitates.
fn check_characters(
    text: &str,
    is_ascii_allowed: fn(char) -> bool,
    rules: NameRules,
) -> Result<(), NameError> {
    for character in text.chars() {
        if character == ' ' {
            return Err(NameError::Space);
        }
        if character.is_ascii() {
            if !is_ascii_allowed(character) {
                return Err(NameError::BadCharacter { character });
            }
        } else if !rules.unicode {
            return Err(NameError::NotAscii { character });
        } else if is_blank(character)
            || !character.is_alphanumeric() && !is_combining_mark(character)
        {
            return Err(NameError::BadCharacter { character });
        }
    }
    Ok(())
}

/// Whether a character that counts as a letter or a mark shows as nothing: those of Unicode's
/// Default_Ignorable_Code_Point, and blanks of Khitan and Egyptian writing.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{13441}'..='\u{13442}'
            | '\u{16fe4}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A mark belongs to a letter or a digit, and there are not too many on one.
fn check_marks(shown: &str) -> Result<(), NameError> {
    // How many more marks may follow; none at the start of a name, nor after a sign like `_`.
    let mut marks_left = None;
    let mut last = None;
    for character in shown.chars() {
        let is_repeated = last.replace(character) == Some(character);
        if is_combining_mark(character) {
            // Two of the same lie on top of each other (UTS 39 section 5.4).
            if is_repeated {
                return Err(NameError::RepeatedMark { character });
            }
            marks_left = match marks_left {
                None => return Err(NameError::LooseMark { character }),
                Some(0) => {
                    return Err(NameError::TooManyMarks {
                        max: MARKS_IN_A_ROW_MAX,
                    });
                }
                Some(left) => Some(left - 1),
            };
        } else {
            marks_left = character.is_alphanumeric().then_some(MARKS_IN_A_ROW_MAX);
        }
    }
    Ok(())
}

/// The text as it will be shown: fullwidth and halfwidth forms become the ordinary ones, then NFC (RFC 8265 section
/// 3.4.2 keeps a name so when it preserves case).
///
/// The profile would look at the characters before it composes them; composing first also lets in who types decomposed
/// Hangul, and the check comes afterwards all the same.
fn shown_form(body: &str) -> Result<String, NameError> {
    let wide = UsernameCaseMapped::new()
        .width_mapping_rule(body)
        .map_err(|error| name_error(&error, body))?;
    Ok(wide.nfc().collect())
}

/// Case may not make another name. It would where a Greek iota below, which becomes a letter of its own in capitals, has
/// a mark of another script beside it: the two change places, and the mark is then on another letter.
fn check_case(shown: &str, folded: &str) -> Result<(), NameError> {
    let is_same = |text: String| fold(&text) == folded;
    if is_same(shown.to_uppercase()) && is_same(shown.to_lowercase()) {
        return Ok(());
    }
    let marks = shown.nfd().filter(|&c| is_combining_mark(c));
    let character = marks.last().unwrap_or('\u{345}');
    Err(NameError::MixedScripts { character })
}

/// Only characters of RFC 8264's IdentifierClass, each in its right context.
fn check_class(shown: &str) -> Result<(), NameError> {
    UsernameCaseMapped::new()
        .prepare(shown)
        .map(drop)
        .map_err(|error| name_error(&error, shown))
}

/// RFC 5893's Bidi rule, which the profile applies to any name with a right-to-left letter.
///
/// The rule lets marks stand anywhere but at the start, where [`check_marks`] has refused them. The library wants them
/// at the end only, which would forbid vocalised Arabic and Hebrew, and all of Thaana: it gets the text without marks.
fn check_direction(fold: &str) -> Result<(), NameError> {
    let letters: String = fold.chars().filter(|&c| !is_combining_mark(c)).collect();
    match UsernameCaseMapped::new().directionality_rule(letters) {
        Ok(_) => Ok(()),
        Err(_) => Err(NameError::Direction),
    }
}

/// The library's error as a sentence about the character that it names.
fn name_error(error: &ProfileError, text: &str) -> NameError {
    let named = match error {
        ProfileError::BadCodepoint(info)
        | ProfileError::Unexpected(
            UnexpectedError::ContextRuleNotApplicable(info)
            | UnexpectedError::MissingContextRule(info),
        ) => char::from_u32(info.cp),
        ProfileError::Invalid | ProfileError::Unexpected(_) => None,
    };
    // Where it names none, the first one beyond ASCII is the likeliest: ASCII has no rules of context.
    let character = named.or_else(|| text.chars().find(|c| !c.is_ascii()));
    character.map_or(NameError::Empty, |character| NameError::BadCharacter {
        character,
    })
}
