//! Which texts are names, and which names are the same.

use std::hash::BuildHasher;

use proptest::prelude::*;

use unicode_normalization::char::is_combining_mark;

use super::{lookalike::keys, *};
use crate::chat::{
    mask::{Mask, Subject},
    same::fold,
};

const UNICODE: NameRules = NameRules { unicode: true };
const ASCII: NameRules = NameRules { unicode: false };

/// A nick is accepted, and shown like this.
#[track_caller]
fn check(typed: &str, shown: &str) {
    let nick = Nick::parse(typed, UNICODE).unwrap_or_else(|error| panic!("{typed:?}: {error}"));
    assert_eq!(nick.as_str(), shown);
}

#[track_caller]
fn check_refused(typed: &str, sentence: &str) {
    let error = Nick::parse(typed, UNICODE).expect_err(typed);
    assert_eq!(error.to_string(), sentence);
}

#[track_caller]
fn check_room(typed: &str, shown: &str) {
    let room = RoomName::parse(typed, UNICODE).unwrap_or_else(|error| panic!("{typed:?}: {error}"));
    assert_eq!(room.as_str(), shown);
}

#[track_caller]
fn check_room_refused(typed: &str, sentence: &str) {
    let error = RoomName::parse(typed, UNICODE).expect_err(typed);
    assert_eq!(error.to_string(), sentence);
}

fn nick(typed: &str) -> Nick {
    Nick::parse(typed, UNICODE).unwrap_or_else(|error| panic!("{typed:?}: {error}"))
}

#[test]
fn a_name_stays_small() {
    assert!(size_of::<Nick>() <= 24);
    assert!(size_of::<RoomName>() <= 24);
    // The records rely on the niche: an `Option` around them is free.
    assert_eq!(size_of::<Option<Nick>>(), size_of::<Nick>());
}

#[test]
fn names_of_all_scripts() {
    check("alice", "alice");
    check("Alice", "Alice");
    check("[]\\`_^{|}-", "[]\\`_^{|}-");
    check("7of9", "7of9");
    check("홍길동", "홍길동");
    check("李明", "李明");
    check("さくら", "さくら");
    check("Мария", "Мария");
    check("Αλίκη", "Αλίκη");
    check("José", "José");
    check("שרה", "שרה");
    check("عمر", "عمر");
    check("अनीता", "अनीता");
    check("ไก่", "ไก่");
    check("Łukasz_77", "Łukasz_77");
    check(&"x".repeat(30), &"x".repeat(30));
    check(&"한".repeat(30), &"한".repeat(30));
}

#[test]
fn vocalised_names_may_have_marks_inside() {
    check("שָׂרָה", "שָׂרָה");
    check("مُحَمَّد", "مُحَمَّد");
    check("ޢަލީ", "ޢަލީ");
}

#[test]
fn a_name_is_shown_in_its_composed_and_ordinary_form() {
    check("Jose\u{301}", "José");
    check("\u{1112}\u{1161}\u{11ab}", "한");
    check("Ａｌｉｃｅ", "Alice");
    check("ｶﾞﾝ", "ガン");
}

#[test]
fn names_that_are_none() {
    check_refused("", "a name must not be empty");
    check_refused("-x", "a name must not start with '-'");
    check_refused("two words", "a name must not contain a space");
    check_refused("a,b", "a name must not contain ','");
    check_refused("#a", "a name must not contain '#'");
    check_refused("@a", "a name must not contain '@'");
    check_refused("a!b", "a name must not contain '!'");
    check_refused("a\u{7}", "a name must not contain U+0007");
    check_refused("a\x1b[2J", "a name must not contain U+001B");
    check_refused("a★", "a name must not contain '★' (U+2605)");
    check_refused("😀", "a name must not contain '😀' (U+1F600)");
    check_refused("a\u{202e}b", "a name must not contain U+202E");
    check_refused("a\u{200b}b", "a name must not contain U+200B");
    check_refused("a\u{200d}b", "a name must not contain U+200D");
    check_refused("a\u{a0}b", "a name must not contain U+00A0");
    check_refused("ªb", "a name must not contain 'ª' (U+00AA)");
    check_refused("x²", "a name must not contain '²' (U+00B2)");
    // Invisible, but classified as a printable letter: the code point shows what it is.
    check_refused("\u{3164}", "a name must not contain '\u{3164}' (U+3164)");
    check_refused(&"x".repeat(31), "a name may have at most 30 characters");
    check_refused(&"한".repeat(31), "a name may have at most 30 characters");
}

#[test]
fn imitations_of_prefixes_and_signs_are_refused_not_mapped() {
    check_refused("＃a", "a name must not contain '＃' (U+FF03)");
    check_refused("＠a", "a name must not contain '＠' (U+FF20)");
    check_refused("﹟a", "a name must not contain '﹟' (U+FE5F)");
    check_refused("＿a", "a name must not contain '＿' (U+FF3F)");
    check_refused("\u{1fef}", "a name must not contain '\u{1fef}' (U+1FEF)");
    check_room_refused("＃lobby", "a name must not contain '＃' (U+FF03)");
    check_room_refused("#＃lobby", "a name must not contain '＃' (U+FF03)");
    check_room_refused("a，b", "a name must not contain '，' (U+FF0C)");
}

#[test]
fn marks_stand_on_letters_and_are_few() {
    check("a\u{323}\u{331}b", "ạ\u{331}b");
    check_refused(
        "\u{301}a",
        "the combining mark U+0301 in a name must follow a letter or a digit",
    );
    check_refused(
        "_\u{301}",
        "the combining mark U+0301 in a name must follow a letter or a digit",
    );
    check_room_refused(
        "#\u{301}a",
        "the combining mark U+0301 in a name must follow a letter or a digit",
    );
    check_refused(
        "x\u{331}\u{331}",
        "a name must not have the mark U+0331 twice in a row",
    );
    let flood = format!("x{}", "\u{331}\u{332}".repeat(10));
    check_refused(&flood, "a name may have at most 4 combining marks in a row");
}

#[test]
fn directions_are_not_mixed() {
    let sentence = NameError::Direction.to_string();
    check_refused("abcעבר", &sentence);
    check_refused("עברabc", &sentence);
    check_refused("1עבר", &sentence);
    check("עבר1", "עבר1");
    // The prefix is no part of it, or no Hebrew room could ever be.
    check_room("#עבר", "#עבר");
}

#[test]
fn nothing_invisible_is_in_a_name() {
    let ignorable = [
        0xad..=0xad,
        0x34f..=0x34f,
        0x61c..=0x61c,
        0x115f..=0x1160,
        0x17b4..=0x17b5,
        0x180b..=0x180f,
        0x200b..=0x200f,
        0x202a..=0x202e,
        0x2060..=0x206f,
        0x2800..=0x2800,
        0x3164..=0x3164,
        0xfe00..=0xfe0f,
        0xfeff..=0xfeff,
        0xffa0..=0xffa0,
        0xfff0..=0xfff8,
        0x13441..=0x13442,
        0x16fe4..=0x16fe4,
        0x1bca0..=0x1bca3,
        0x1d173..=0x1d17a,
        0xe0000..=0xe0fff_u32,
    ];
    for c in ignorable.into_iter().flatten().filter_map(char::from_u32) {
        for text in [format!("a{c}b"), format!("한{c}"), format!("{c}")] {
            assert!(Nick::parse(&text, UNICODE).is_err(), "{c:?}");
            assert!(RoomName::parse(&text, UNICODE).is_err(), "{c:?}");
        }
    }
}

#[test]
fn ascii_only_where_the_host_wants_it() {
    assert!(Nick::parse("alice", ASCII).is_ok());
    let error = Nick::parse("josé", ASCII).unwrap_err();
    assert_eq!(
        error.to_string(),
        "names are plain ASCII here, and 'é' (U+00E9) is not"
    );
    assert!(RoomName::parse("마당", ASCII).is_err());
}

#[test]
fn names_of_rooms() {
    check_room("lobby", "#lobby");
    check_room("#lobby", "#lobby");
    check_room("##x", "##x");
    check_room("#C++", "#C++");
    check_room("#a:b!@", "#a:b!@");
    check_room("마당", "#마당");
    check_room(&"x".repeat(63), &format!("#{}", "x".repeat(63)));
    check_room_refused("", "a name must not be empty");
    check_room_refused("#", "a name must not be empty");
    check_room_refused("#a b", "a name must not contain a space");
    check_room_refused("#a,b", "a name must not contain ','");
    check_room_refused("#a\u{7}", "a name must not contain U+0007");
    check_room_refused(&"x".repeat(64), "a name may have at most 64 characters");
}

#[test]
fn hostile_texts_cost_little() {
    // Refused by length, before anything is normalised.
    for unit in ["x", "한", "\u{301}", "\u{1d160}", "\u{fdfa}"] {
        let huge = unit.repeat(1 << 20);
        let error = Nick::parse(&huge, UNICODE).unwrap_err();
        assert_eq!(error, NameError::TooLong { max: 30 });
    }
}

#[test]
fn decomposed_names_of_full_length_are_not_too_long() {
    // U+0390 decomposes into three characters of two bytes each.
    let typed = "\u{3b9}\u{308}\u{301}".repeat(30);
    check(&typed, &"\u{390}".repeat(30));
}

/// Same name or not, in both directions, and with the hash that belongs to it.
#[track_caller]
fn check_same(one: &str, other: &str, same: bool) {
    let (one, other) = (nick(one), nick(other));
    assert_eq!(one == other, same, "{one} {other}");
    assert_eq!(other == one, same, "{other} {one}");
    let hasher = std::hash::RandomState::new();
    assert_eq!(hasher.hash_one(&one) == hasher.hash_one(&other), same);
    assert_eq!(one.0.fold() == other.0.fold(), same);
}

#[test]
fn names_are_compared_without_case() {
    check_same("alice", "ALICE", true);
    check_same("alice", "bob", false);
    check_same("José", "JOSÉ", true);
    check_same("ÉA", "éA", true);
    check_same("МАРИЯ", "мария", true);
    check_same("Ａlice", "aLICE", true);
    check_same("ΑΣ", "ας", true);
    check_same("ΑΣ", "ασ", true);
    check_same("Straße", "STRASSE", true);
    check_same("straẞe", "strasse", true);
    check_same("ılgaz", "ILGAZ", true);
    check_same("홍길동", "홍길동", true);
    check_same("jose", "josé", false);
    // The casemapping is `ascii`: these are not the capitals of one another, as RFC 1459 had it.
    check_same("a[", "a{", false);
    check_same("a\\", "a|", false);
    let long = "A23456789012345678901234567890";
    check_same(long, &long.to_lowercase(), true);
}

/// Whether a name may not be had beside another. Of texts: a word of two scripts is no name to begin with.
#[track_caller]
fn check_looks(one: &str, other: &str, alike: bool) {
    let keys = |text: &str| lookalike::keys_without(text, |_| false);
    let keys_of_other = keys(other);
    let shared = keys(one).iter().any(|key| keys_of_other.contains(key));
    let both_ascii = one.is_ascii() && other.is_ascii();
    assert_eq!(shared && !both_ascii, alike, "{one} {other}");
    for text in [one, other] {
        if let Ok(nick) = Nick::parse(text, UNICODE) {
            assert_eq!(lookalike::keys(&nick.0), keys(nick.as_str()), "{nick}");
        }
    }
}

#[test]
fn known_attacks_with_confusables() {
    // Cyrillic and Greek letters for Latin ones, lower and upper case.
    check_looks("аlice", "alice", true);
    check_looks("раураl", "paypal", true);
    check_looks("αlice", "alice", true);
    check_looks("ΑLICE", "alice", true);
    // Capitals whose lower case looks like something else.
    check_looks("ΗILDA", "hilda", true);
    check_looks("Ηans", "HANS", true);
    check_looks("Νick", "nick", true);
    check_looks("Νick", "vick", true);
    // The capital i and the small L, mixed as one likes.
    check_looks("aΙice", "Alice", true);
    check_looks("AΙice", "alice", true);
    check_looks("ΗIΙda", "hilda", true);
    check_looks("Іan", "Lan", true);
    check_looks("bіll", "bill", true);
    // Dotless i, long s, digits, sequences.
    check_looks("ırma", "irma", true);
    check_looks("ɡeorge", "george", true);
    check_looks("rnаx", "max", true);
    check_looks("0lga", "Оlga", true);
    // Other scripts among themselves: Cyrillic against Greek.
    check_looks("оса", "οса", true);
    // Letters that look like small capitals, or like others as capitals alone; a dot above a dot.
    check_looks("atк", "atk", true);
    check_looks("АТК", "atk", true);
    check_looks("атк", "ATK", true);
    check_looks("кот", "KOT", true);
    check_looks("тома", "Toma", true);
    check_looks("мах", "max", true);
    check_looks("ανναι", "ANNAI", true);
    check_looks("ᴀʟɪᴄᴇ", "alice", true);
    check_looks("i\u{307}rma", "irma", true);
    check_looks("İrma", "irma", true);
}

#[test]
fn honest_names_do_not_look_alike() {
    check_looks("lan", "Ian", false);
    check_looks("rnax", "max", false);
    check_looks("jose", "josé", false);
    check_looks("홍길동", "홍길순", false);
    check_looks("мария", "марина", false);
    check_looks("müller", "muller", false);
}

/// Texts near the border: letters with and without case, marks, forms of width, signs, invisible ones.
fn texts() -> impl Strategy<Value = String> {
    let near = prop::sample::select(
        "aAbIlm019_-[#,@ éÉİıßΣσςαΑΗηКаАЖ한ㅎ\u{1112}\u{1161}\u{11ab}あｱｶﾞＡ＃ﾠעב\u{5b8}عم\u{64e}٣۳\u{301}\u{331}\
         \u{345}\u{200d}\u{202e}\u{212a}\u{212b}ǅǆﬁªⅣᏣꭰ𐐀𐐨😀"
            .chars()
            .collect::<Vec<_>>(),
    );
    prop_oneof![
        any::<String>(),
        prop::collection::vec(near, 0..12).prop_map(String::from_iter),
        prop::collection::vec(any::<char>(), 1..4).prop_map(String::from_iter),
    ]
}

#[test]
fn a_name_that_case_would_change_is_refused() {
    // In capitals the halfwidth voicing mark would be on the iota that comes from below the alpha.
    for text in ["α\u{ff9e}\u{345}", "α\u{345}\u{3099}"] {
        let refused = Nick::parse(text, UNICODE);
        assert!(
            matches!(refused, Err(NameError::MixedScripts { .. })),
            "{text:?}"
        );
    }
    for text in ["ᾳδης", "Ἅιδης", "Straße", "ΑΣ"] {
        assert!(Nick::parse(text, UNICODE).is_ok(), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn parsing_never_panics_and_what_is_shown_is_a_name(text in texts()) {
        for rules in [UNICODE, ASCII] {
            if let Ok(nick) = Nick::parse(&text, rules) {
                let again = Nick::parse(nick.as_str(), rules).expect("a shown name is a name");
                prop_assert_eq!(again.as_str(), nick.as_str());
                prop_assert_eq!(again.0.fold(), nick.0.fold());
                prop_assert!(nick.as_str().chars().count() <= NICK_CHARS_MAX);
                prop_assert_eq!(nick.0.is_ascii(), nick.as_str().is_ascii());
                prop_assert!(!keys(&nick.0).is_empty());
            }
            if let Ok(room) = RoomName::parse(&text, rules) {
                let again = RoomName::parse(room.as_str(), rules).expect("a shown name is a name");
                prop_assert_eq!(again.as_str(), room.as_str());
                prop_assert!(room.as_str().starts_with('#'));
                prop_assert!(room.as_str().chars().count() <= ROOM_CHARS_MAX);
            }
        }
    }

    #[test]
    fn equality_is_an_equivalence_by_fold(a in texts(), b in texts(), c in texts()) {
        let names: Vec<Nick> = [&a, &b, &c]
            .iter()
            .flat_map(|text| [text.to_string(), text.to_uppercase(), text.to_lowercase()])
            .filter_map(|text| Nick::parse(&text, UNICODE).ok())
            .collect();
        for one in &names {
            for other in &names {
                let same = one.0.fold() == other.0.fold();
                prop_assert_eq!(one == other, same);
            }
        }
    }

    #[test]
    fn a_fold_is_its_own_fold(text in texts()) {
        if let Ok(nick) = Nick::parse(&text, UNICODE) {
            if let Ok(folded) = Nick::parse(&nick.0.fold(), UNICODE) {
                prop_assert_eq!(&folded, &nick);
            }
        }
    }

    /// Whatever the case: a name is itself as a mask, and so is any piece of it that cuts no mark from its letter.
    #[test]
    fn a_name_matches_itself_and_its_pieces_as_masks(text in texts()) {
        let Ok(nick) = Nick::parse(&text, UNICODE) else { return Ok(()) };
        let shown = nick.as_str();
        prop_assert_eq!(fold(shown), nick.0.fold());
        let cases = [shown.to_owned(), shown.to_uppercase(), shown.to_lowercase(), nick.0.fold()];
        let subjects: Vec<_> = cases.iter().map(|case| Subject::new(case, "~u", "h")).collect();
        let matches = |typed: &str| {
            let mask = Mask::parse(typed).expect("a piece of a name is a mask");
            subjects.iter().all(|subject| mask.matches(subject))
        };
        for case in &cases {
            for mask in [case.clone(), format!("{case}*"), format!("*{case}"), format!("*{case}*")] {
                prop_assert!(matches(&mask), "{:?}", mask);
            }
            let is_cut = |&(at, c): &(usize, char)| at > 0 && !is_combining_mark(c);
            for (at, _) in case.char_indices().filter(is_cut) {
                let (head, tail) = case.split_at(at);
                prop_assert!(matches(&format!("{head}*")), "{:?}*", head);
                prop_assert!(matches(&format!("*{tail}")), "*{:?}", tail);
                prop_assert!(matches(&format!("{head}*{tail}")), "{:?}*{:?}", head, tail);
            }
        }
    }

    /// Names that RFC 8265 calls equal, and names that differ in case alone, are one.
    #[test]
    fn names_that_differ_in_case_alone_are_one(text in texts()) {
        let Ok(nick) = Nick::parse(&text, UNICODE) else { return Ok(()) };
        for other in [nick.as_str().to_uppercase(), nick.as_str().to_lowercase()] {
            if let Ok(other) = Nick::parse(&other, UNICODE) {
                prop_assert_eq!(&nick, &other);
            }
        }
    }
}
