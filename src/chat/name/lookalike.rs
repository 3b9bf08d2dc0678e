//! Which names look the same: keys that are equal for names that a person may mistake for one another.
//!
//! Built on the skeletons of UTS 39 section 4. A skeleton alone cannot be trusted with names that are compared without
//! case, for it is made from one spelling: Greek `Η` looks like `H` while its lower case `η` looks like `n`, and `I`
//! looks like `l` although it is an `i`. So a name has the keys of its fold, of its shown form and of its capitals, a
//! key is lowered *after* the confusables are resolved, and `i` and `l` count as one. Unicode's table takes Cyrillic
//! `к` for a small capital, like `ᴋ`, and no further: a small capital counts as its letter here.
//!
//! Invariant: an ASCII name has one key, whatever its case. Does not know which names are in use.

use smallvec::{SmallVec, smallvec};
use std::sync::LazyLock;
use unicode_security::skeleton;

use super::Name;
use crate::chat::same::fold;

/// The keys of one name: one, or up to three that differ.
pub(in crate::chat) type Keys = SmallVec<[String; 2]>;

/// The keys of a name. Names look the same if they share a key and are not both pure ASCII: those are told apart by
/// case alone, as everyone on IRC expects of `lan` and `Ian`.
pub(in crate::chat) fn keys(name: &Name) -> Keys {
    let shown = name.as_str();
    if shown.is_ascii() {
        return smallvec![ascii_key(shown.bytes())];
    }
    keys_of_spellings(&name.fold(), shown)
}

/// The keys of a text without some of its characters; the text need not be a name.
pub(super) fn keys_without(text: &str, is_left_out: fn(char) -> bool) -> Keys {
    if text.is_ascii() {
        let bytes = text.bytes().filter(|&byte| !is_left_out(char::from(byte)));
        return smallvec![ascii_key(bytes)];
    }
    let text: String = text.chars().filter(|&c| !is_left_out(c)).collect();
    keys_of_spellings(&fold(&text), &text)
}

fn keys_of_spellings(folded: &str, shown: &str) -> Keys {
    let mut keys = Keys::new();
    for spelling in [folded, shown, &shown.to_uppercase()] {
        let key = key(spelling);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// The keys of single ASCII characters. No neighbour changes what a character contributes, so these make the key of any
/// ASCII name; to walk through Unicode's tables for each would be a sixth of what a session costs.
static OF_ASCII: LazyLock<[Box<str>; 128]> =
    LazyLock::new(|| std::array::from_fn(|byte| key(&char::from(byte as u8).to_string()).into()));

/// The key of an ASCII name, whatever its case.
fn ascii_key(name: impl Iterator<Item = u8>) -> String {
    name.map(|byte| &*OF_ASCII[usize::from(byte)]).collect()
}

/// The key of one spelling.
fn key(text: &str) -> String {
    let lower = skeleton(text).map(full_letter).flat_map(char::to_lowercase);
    let lower: String = lower.collect();
    let mut key = String::with_capacity(lower.len());
    // A second time, for lowering makes new ones: `M` is its own skeleton, that of `m` is `rn`.
    for c in skeleton(&lower).map(full_letter) {
        match c {
            'i' => key.push('l'),
            // A dot on a letter that has one cannot be seen.
            DOT_ABOVE if key.ends_with(['l', 'j']) => {}
            c => key.push(c),
        }
    }
    key
}

const DOT_ABOVE: char = '\u{307}';

/// The letter of a small capital, which differs from it in nothing but size.
fn full_letter(c: char) -> char {
    match c {
        'ᴀ' => 'a',
        'ʙ' => 'b',
        'ᴄ' => 'c',
        'ᴅ' => 'd',
        'ᴇ' => 'e',
        'ꜰ' => 'f',
        'ɢ' => 'g',
        'ʜ' => 'h',
        'ɪ' => 'i',
        'ᴊ' => 'j',
        'ᴋ' | 'ĸ' => 'k',
        'ʟ' => 'l',
        // What Unicode's table makes of `ᴍ` and of Cyrillic `м`, though it is a turned `w`.
        'ᴍ' | 'ʍ' => 'm',
        'ɴ' => 'n',
        'ᴏ' => 'o',
        'ᴘ' => 'p',
        'ʀ' => 'r',
        'ꜱ' => 's',
        'ᴛ' => 't',
        'ᴜ' => 'u',
        'ᴠ' => 'v',
        'ᴡ' => 'w',
        'ʏ' => 'y',
        'ᴢ' => 'z',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ascii_name_has_one_key_whatever_its_case() {
        for byte in b'!'..=b'~' {
            let c = char::from(byte);
            let lower = key(&c.to_ascii_lowercase().to_string());
            assert_eq!(key(&c.to_string()), lower, "{c}");
            // No neighbour changes what a character contributes, so single characters prove it for all names.
            assert_eq!(key(&format!("x{c}x")), format!("x{lower}x"), "{c}");
            assert_eq!(
                ascii_key(format!("x{c}x").bytes()),
                format!("x{lower}x"),
                "{c}"
            );
        }
    }
}
