//! Which names look the same: keys that are equal for names that a person may mistake for one another.
//!
//! Built on the skeletons of UTS 39 section 4. A skeleton alone cannot be trusted with names that are compared without
//! case, for it is made from one spelling: Greek `Η` looks like `H` while its lower case `η` looks like `n`, and `I`
//! looks like `l` although it is an `i`. So a name has the key of its fold and that of its shown form, a key is lowered
//! *after* the confusables are resolved, and `i` and `l` count as one.
//!
//! Invariant: an ASCII name has one key, whatever its case. Does not know which names are in use.

use smallvec::{SmallVec, smallvec};
use std::sync::LazyLock;
use unicode_security::skeleton;

use super::Name;

/// The keys of one name: one, or two that differ.
pub(in crate::chat) type Keys = SmallVec<[String; 2]>;

/// The keys of a name. Names look the same if they share a key and are not both pure ASCII: those are told apart by
/// case alone, as everyone on IRC expects of `lan` and `Ian`.
pub(in crate::chat) fn keys(name: &Name) -> Keys {
    if name.is_ascii() {
        return smallvec![ascii_key(name.fold_source())];
    }
    let of_fold = key(&name.fold());
    let of_shown = key(name.as_str());
    if of_shown == of_fold {
        return smallvec![of_fold];
    }
    smallvec![of_fold, of_shown]
}

/// The keys of single ASCII characters. No neighbour changes what a character contributes, so these make the key of any
/// ASCII name; to walk through Unicode's tables for each would be a sixth of what a session costs.
static OF_ASCII: LazyLock<[Box<str>; 128]> =
    LazyLock::new(|| std::array::from_fn(|byte| key(&char::from(byte as u8).to_string()).into()));

/// The key of an ASCII name, whatever its case.
fn ascii_key(name: &[u8]) -> String {
    let of_each = name.iter().map(|byte| &*OF_ASCII[usize::from(*byte)]);
    of_each.collect()
}

/// The key of one spelling.
fn key(text: &str) -> String {
    let lower: String = skeleton(text).flat_map(char::to_lowercase).collect();
    // A second time, for lowering makes new ones: `M` is its own skeleton, that of `m` is `rn`.
    skeleton(&lower)
        .map(|c| if c == 'i' { 'l' } else { c })
        .collect()
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
                ascii_key(format!("x{c}x").as_bytes()),
                format!("x{lower}x"),
                "{c}"
            );
        }
    }
}
