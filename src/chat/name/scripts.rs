//! Which scripts and digits may be together in a name (UTS 39 sections 5.2 and 5.3).
//!
//! A word of a name, between signs like `_` and `-`, has one script, or a mix that is in use: all of the scripts of China,
//! Japan and Korea together, Latin letters with those, and Latin letters with one other script of today that is not
//! Cyrillic or Greek, whose letters look like Latin ones. So `иван_work` is a name and `аdmin` with a Cyrillic `а` is
//! none. Digits are of one system in the whole name.
//!
//! Does not know other names: `lookalike` compares them.

use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, ScriptExtension, UnicodeScript};

use super::NameError;

/// The scripts of China, Japan and Korea: they are mixed every day, and their letters do not look like Latin ones.
const EAST_ASIAN: [Script; 5] = [
    Script::Bopomofo,
    Script::Han,
    Script::Hangul,
    Script::Hiragana,
    Script::Katakana,
];

/// Refuses a name with a word of scripts that do not belong together, or with digits of several systems.
pub(super) fn check(shown: &str) -> Result<(), NameError> {
    let is_sign = |c: char| !c.is_alphanumeric() && !is_combining_mark(c);
    shown.split(is_sign).try_for_each(check_word)?;
    check_digits(shown)
}

fn check_word(word: &str) -> Result<(), NameError> {
    // What all letters so far have in common, and what those have that are not Latin.
    let (mut all, mut others) = (None, None::<ScriptExtension>);
    let (mut has_latin, mut is_east_asian) = (false, true);
    let mut base = None;
    for c in word.chars() {
        if c.script() == Script::Inherited {
            // A mark that goes with letters of many scripts.
            continue;
        }
        let scripts = c.script_extension();
        let mixed = NameError::MixedScripts { character: c };
        if is_combining_mark(c) {
            if base.is_some_and(|base: ScriptExtension| base.intersection(scripts).is_empty()) {
                return Err(mixed);
            }
        } else {
            base = Some(scripts);
        }
        if scripts.is_common() {
            continue;
        }
        narrow(&mut all, scripts);
        if scripts.contains_script(Script::Latin) {
            has_latin = true;
        } else {
            is_east_asian &= EAST_ASIAN.iter().any(|&it| scripts.contains_script(it));
            narrow(&mut others, scripts);
        }
        let is_one = |scripts: Option<ScriptExtension>| scripts.is_none_or(|it| !it.is_empty());
        let goes_with_latin = |scripts: ScriptExtension| {
            let is_lookalike = |it| matches!(it, Script::Cyrillic | Script::Greek);
            scripts
                .iter()
                .any(|it| it.is_recommended() && !is_lookalike(it))
        };
        let is_fine =
            is_one(all) || is_east_asian || has_latin && others.is_some_and(goes_with_latin);
        if !is_fine {
            return Err(mixed);
        }
    }
    Ok(())
}

fn narrow(scripts: &mut Option<ScriptExtension>, by: ScriptExtension) {
    *scripts = Some(scripts.map_or(by, |scripts| scripts.intersection(by)));
}

/// The zeros of all systems of decimal digits that a name can have; the nine others follow each (Unicode 16, general
/// category Nd, without those that width mapping or the profile takes away).
const ZEROS: [char; 67] = [
    '\u{30}',
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{b66}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{d66}',
    '\u{de6}',
    '\u{e50}',
    '\u{ed0}',
    '\u{f20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17e0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19d0}',
    '\u{1a80}',
    '\u{1a90}',
    '\u{1b50}',
    '\u{1bb0}',
    '\u{1c40}',
    '\u{1c50}',
    '\u{a620}',
    '\u{a8d0}',
    '\u{a900}',
    '\u{a9d0}',
    '\u{a9f0}',
    '\u{aa50}',
    '\u{abf0}',
    '\u{104a0}',
    '\u{10d30}',
    '\u{10d40}',
    '\u{11066}',
    '\u{110f0}',
    '\u{11136}',
    '\u{111d0}',
    '\u{112f0}',
    '\u{11450}',
    '\u{114d0}',
    '\u{11650}',
    '\u{116c0}',
    '\u{116d0}',
    '\u{116da}',
    '\u{11730}',
    '\u{118e0}',
    '\u{11950}',
    '\u{11bf0}',
    '\u{11c50}',
    '\u{11d50}',
    '\u{11da0}',
    '\u{11f50}',
    '\u{16a60}',
    '\u{16ac0}',
    '\u{16b50}',
    '\u{16d70}',
    '\u{1e140}',
    '\u{1e2f0}',
    '\u{1e4f0}',
    '\u{1e5f0}',
    '\u{1e950}',
];

/// The zero of the system that a digit belongs to.
fn zero_of(c: char) -> Option<char> {
    let index = ZEROS.partition_point(|&zero| zero <= c).checked_sub(1)?;
    let zero = ZEROS[index];
    (u32::from(c) - u32::from(zero) < 10).then_some(zero)
}

fn check_digits(shown: &str) -> Result<(), NameError> {
    let mut system = None;
    for character in shown.chars() {
        let zero = zero_of(character);
        if zero.is_some() && system.is_some() && zero != system {
            return Err(NameError::MixedDigits { character });
        }
        system = system.or(zero);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_one_word_go_together() {
        for name in [
            "alice",
            "홍길동",
            "k팝",
            "東京tower",
            "さくらサクラ桜",
            "한국の友達",
            "ㄅㄆ中文abc",
            "สวัสดีbob",
            "अनीता123",
            "Łukasz_77",
            "иван_work",
            "[Мария]alice",
            "мария2",
            "vocaloid初音ミク",
            "שָׂרָה",
            "a\u{323}b",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for (name, character) in [
            ("аlice", 'l'),
            ("atк", 'к'),
            ("ρaul", 'a'),
            ("aΙice", 'Ι'),
            ("bіll", 'і'),
            ("οса", 'с'),
            ("иванwork", 'w'),
            ("work_ивanов", 'a'),
            ("aᎠ", 'Ꭰ'),
            ("한к", 'к'),
            ("aאб", 'б'),
            ("a\u{5b8}", '\u{5b8}'),
        ] {
            assert_eq!(
                check(name),
                Err(NameError::MixedScripts { character }),
                "{name}"
            );
        }
    }

    #[test]
    fn digits_are_of_one_system() {
        for name in ["a12", "عمر٣٤", "अ१२", "７"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for (name, character) in [("1٣", '٣'), ("अ१2", '2'), ("عمر_٣۳", '۳')] {
            assert_eq!(
                check(name),
                Err(NameError::MixedDigits { character }),
                "{name}"
            );
        }
    }

    #[test]
    fn the_zeros_stand_in_order_and_are_followed_by_nine() {
        assert!(
            ZEROS
                .windows(2)
                .all(|pair| u32::from(pair[1]) - u32::from(pair[0]) >= 10)
        );
        for zero in ZEROS {
            for digit in 0..10 {
                let c = char::from_u32(u32::from(zero) + digit).expect("digits are characters");
                assert!(zero_of(c) == Some(zero));
            }
        }
        assert_eq!(zero_of('a'), None);
        assert_eq!(zero_of('한'), None);
    }
}
