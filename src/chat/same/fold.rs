//! The form in which names are compared: equal names have equal folds.
//!
//! It is Unicode's canonical caseless matching (Unicode 3.13, D145) with the forms of width made ordinary, made wide
//! enough that no change of case leads out of it: a character is taken to capitals and back until nothing changes. So
//! all sigmas are one, `ß` is `ẞ` and `ss`, `ı` is `I` is `i`, and titlecase digraphs, Cherokee and Georgian Mtavruli
//! are their small letters. Names that RFC 8265's UsernameCaseMapped profile calls equal are equal here; a few more are.
//!
//! Invariants, each with a property test:
//! - No neighbour changes what a character contributes, but for marks, which belong to the letter before them. So the
//!   fold of a text that is cut in front of a letter is the fold of its pieces: a mask may hold any piece of a name.
//! - Folding twice is folding once; folding changes no `!`, `@`, `*`, `?` and makes none.
//!
//! Does not know which texts are names.

use unicode_normalization::{UnicodeNormalization, char::decompose_compatible};

/// Folds a text.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.nfd() {
        push_width_folded(c, &mut folded);
    }
    folded.nfc().collect()
}

/// Halfwidth and fullwidth forms become the ordinary letters. A sign stays what it is: a fullwidth `＊` is no wildcard.
fn push_width_folded(c: char, out: &mut String) {
    const FORMS: std::ops::RangeInclusive<char> = '\u{ff01}'..='\u{ffee}';
    if !FORMS.contains(&c) {
        return push_case_folded(c, CASE_STEPS_MAX, out);
    }
    let mut ordinary = String::new();
    decompose_compatible(c, |c| ordinary.push(c));
    if ordinary.contains(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()) {
        return out.push(c);
    }
    for c in ordinary.chars() {
        push_case_folded(c, CASE_STEPS_MAX, out);
    }
}

/// How often a character may change before it is the same in all cases; `ẞ` takes the longest way, by `ß` to `ss`. (A
/// test goes through all of Unicode.)
const CASE_STEPS_MAX: u32 = 4;

fn push_case_folded(c: char, steps_left: u32, out: &mut String) {
    if c.is_ascii() {
        return out.push(c.to_ascii_lowercase());
    }
    let lowered = || c.to_uppercase().flat_map(char::to_lowercase);
    if steps_left == 0 || lowered().eq([c]) {
        return out.push(c);
    }
    for c in lowered() {
        push_case_folded(c, steps_left - 1, out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::char::is_combining_mark;

    use super::*;

    #[track_caller]
    fn check_same(texts: &[&str]) {
        for text in texts {
            assert_eq!(fold(text), fold(texts[0]), "{text} {}", texts[0]);
        }
    }

    #[test]
    fn case_makes_no_difference_in_any_script() {
        check_same(&["ΑΣ", "ας", "ασ", "Ας"]);
        check_same(&["ΟΔΥΣΣΕΥΣ", "οδυσσευς", "Οδυσσευσ"]);
        check_same(&["Straße", "STRASSE", "STRAẞE", "straße"]);
        check_same(&["ı", "I", "i"]);
        check_same(&["İ", "i\u{307}", "I\u{307}"]);
        check_same(&["ǅ", "Ǆ", "ǆ"]);
        check_same(&["Ꭰ", "ꭰ"]);
        check_same(&["Ა", "ა"]);
        check_same(&["Ａｌｉｃｅ", "alice", "ALICE"]);
        check_same(&["ｶﾞ", "ガ", "カ\u{3099}"]);
        check_same(&["José", "JOSE\u{301}", "jose\u{301}"]);
        check_same(&["\u{212a}", "k", "K"]);
        check_same(&["ﬁ", "FI"]);
        check_same(&["ᾳ", "ΑΙ", "αι", "ᾼ"]);
        check_same(&["ΐ", "Ϊ́", "ϊ\u{301}"]);
        check_same(&["\u{1112}\u{1161}\u{11ab}", "한"]);
    }

    #[test]
    fn what_is_not_the_same_stays_so() {
        for (one, other) in [
            ("jose", "josé"),
            ("İ", "i"),
            ("к", "k"),
            ("о", "o"),
            ("ö", "o"),
        ] {
            assert_ne!(fold(one), fold(other));
        }
    }

    #[test]
    fn no_wildcard_comes_of_folding() {
        for c in '\u{80}'..='\u{1ffff}' {
            let folded = fold(&c.to_string());
            assert!(
                !folded.contains(['*', '?', '!', '@', ' ', ',', ':']),
                "{c:?} {folded}"
            );
        }
    }

    #[test]
    fn each_character_of_unicode_is_the_same_in_all_its_cases() {
        // Nothing else has cases or is decomposed.
        let has_form = |c: &char| c.is_alphanumeric() || is_combining_mark(*c);
        for c in (char::MIN..=char::MAX).filter(has_form) {
            let text = c.to_string();
            let folded = fold(&text);
            assert_eq!(fold(&folded), folded, "{c:?}: folding again");
            assert_eq!(fold(&text.to_uppercase()), folded, "{c:?}: capitals");
            assert_eq!(fold(&text.to_lowercase()), folded, "{c:?}: small letters");
            let decomposed: String = text.nfd().collect();
            assert_eq!(fold(&decomposed), folded, "{c:?}: decomposed");
        }
    }

    /// Texts of all of Unicode, and of what is hard about it.
    fn texts() -> impl Strategy<Value = String> {
        let hard: Vec<char> =
            "aAiIıİßẞΣσςΑαΙι\u{345}\u{301}\u{307}\u{323}\u{331}ǅǆJ\u{30c}ǰẖŉﬁＡｶﾞ한ㅎ\
                               \u{1112}\u{1161}\u{11ab}Ꭰꭰაა*?!@"
                .chars()
                .collect();
        prop_oneof![
            any::<String>(),
            prop::collection::vec(prop::sample::select(hard), 0..8).prop_map(String::from_iter),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_fold_is_the_same_for_all_spellings(text in texts()) {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), &*folded);
            prop_assert_eq!(fold(&text.to_lowercase()), &*folded);
            prop_assert_eq!(fold(&text.nfc().collect::<String>()), &*folded);
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(fold(&decomposed), &*folded);
            // The iota below (U+0345) becomes a letter among capitals, which marks that followed it do not survive.
            if !decomposed.contains('\u{345}') {
                prop_assert_eq!(fold(&text.to_uppercase()), &*folded);
            }
        }

        #[test]
        fn the_fold_of_pieces_makes_the_fold_of_the_whole(text in texts()) {
            // What composes backwards: marks, and the parts of a decomposed syllable of Hangul.
            let joins = |c: char| is_combining_mark(c) || ('\u{1100}'..='\u{11ff}').contains(&c)
                || ('\u{ff9e}'..='\u{ffdc}').contains(&c);
            for (at, _) in text.char_indices().filter(|&(_, c)| !joins(c)) {
                let (head, tail) = text.split_at(at);
                prop_assert_eq!(fold(head) + &fold(tail), fold(&text), "{:?} {:?}", head, tail);
            }
        }
    }
}
