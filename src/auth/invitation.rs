//! Tokens of invitations: whoever has one may make an account.
//!
//! A token is random, and shown once; its hash is what is kept. With a hundred random bits no search finds one, so the hash
//! needs neither salt nor rounds. Knows no clock and no source of randomness.

use sha2::{Digest as _, Sha256};
use std::fmt;

/// Letters and digits that are not taken for each other (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// So many of them: a hundred bits.
const LETTERS: usize = 20;

/// In groups, for people who type it.
const GROUP: usize = 5;

/// The hash of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvitationHash(pub [u8; 32]);

/// A token; `Display` is its text, `Debug` is not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InvitationToken([u8; LETTERS]);

impl InvitationToken {
    /// A token of random bytes.
    pub fn new(random: [u8; LETTERS]) -> Self {
        Self(random.map(|byte| ALPHABET[usize::from(byte % 32)]))
    }

    /// A text that somebody gives as a token, in capitals or not, with or without its dashes; `None`: it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut letters = [0; LETTERS];
        let mut given = text.bytes().filter(|byte| *byte != b'-');
        for letter in &mut letters {
            *letter = given.next()?.to_ascii_lowercase();
            ALPHABET.contains(letter).then_some(())?;
        }
        given.next().is_none().then_some(Self(letters))
    }

    /// What is kept of it.
    pub fn hash(&self) -> InvitationHash {
        InvitationHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Display for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, group) in self.0.chunks(GROUP).enumerate() {
            let dash = if number > 0 { "-" } else { "" };
            f.write_str(dash)?;
            f.write_str(std::str::from_utf8(group).unwrap_or_default())?;
        }
        Ok(())
    }
}

impl fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_people_type_it() {
        let token = InvitationToken::new(std::array::from_fn(|n| n as u8 * 13));
        let text = token.to_string();
        assert_eq!((text.len(), text.matches('-').count()), (23, 3));
        for typed in [text.clone(), text.to_uppercase(), text.replace('-', "")] {
            let same = InvitationToken::parse(&typed).map(|it| it.hash());
            assert_eq!(same, Some(token.hash()), "{typed}");
        }
        for wrong in [
            "",
            "open-sesame",
            &text[1..],
            &format!("{text}0"),
            &text.replace('0', "u"),
        ] {
            assert_eq!(InvitationToken::parse(wrong), None, "{wrong}");
        }
        assert!(!format!("{token:?}").contains(&text));
    }
}
