//! Masks beside a slow model that tries everything; and completing a mask is done after once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::chat::mask::{MASK_BYTES_MAX, Mask, Subject, complete, fold, glob};

fuzz_target!(|input: &str| {
    let (pattern, text) = input.split_once('\n').unwrap_or((input, "nick!user@host"));
    let (letters, wanted): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    // The model's table; what is longer is only looked at for time (cargo-fuzz's -timeout) and panics.
    let matched = glob(pattern, text);
    if letters.len() * wanted.len() <= 1 << 16 {
        assert_eq!(matched, model(&wanted, &letters), "{pattern:?} {text:?}");
    }
    assert_eq!(
        fold(&fold(text)),
        fold(text),
        "folding a folded text changes nothing"
    );
    if let Some(mask) = Mask::parse(pattern) {
        assert!(pattern.len() <= MASK_BYTES_MAX + "~m:~a:".len());
        let shown = mask.as_str();
        assert!(
            !shown.starts_with(':') && !shown.contains(char::is_whitespace),
            "{shown:?} is no parameter"
        );
        let again = Mask::parse(shown).filter(|again| again.as_str() == shown);
        // A completed one may have grown past the limit.
        assert!(
            again.is_some_and(|again| again.is_same(&mask)) || shown.len() > MASK_BYTES_MAX,
            "{shown:?}"
        );
        assert_eq!(complete(&complete(pattern)), complete(pattern));
        let subject = Subject::new("Nick", "~user", text);
        let _ = mask.matches(&subject);
        let all = Mask::parse("*!*@*").expect("the mask of all");
        assert!(all.matches(&subject));
    }
});

/// `table[t]`: whether the pattern so far matches the first `t` characters.
fn model(pattern: &[char], text: &[char]) -> bool {
    let mut table = vec![false; text.len() + 1];
    table[0] = true;
    for &wanted in pattern {
        let before = table.clone();
        for t in 0..=text.len() {
            table[t] = match wanted {
                '*' => before[t] || (t > 0 && table[t - 1]),
                '?' => t > 0 && before[t - 1],
                wanted => t > 0 && before[t - 1] && text[t - 1] == wanted,
            };
        }
    }
    table[text.len()]
}
