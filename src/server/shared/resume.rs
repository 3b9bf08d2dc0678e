//! Resume tokens: a client whose connection died without an end takes its name back by a secret that only it was sent.
//!
//! Owns the secrets: one for each user that asked, from the system's randomness, until the user quits or the process ends.
//! A token has a public part, which finds the user, and a secret part, which is compared in constant time. Does not know how
//! often a client may guess, nor protocols.

use crate::{auth::same, chat::UserId};
use rustc_hash::FxHashMap;
use std::{fmt::Write as _, num::NonZero};

/// 128 bits: no number of guesses comes near.
const SECRET_BYTES: usize = 16;

type Secret = [u8; SECRET_BYTES];

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct ResumeTokens {
    secrets: FxHashMap<UserId, Secret>,
}

impl ResumeTokens {
    /// A new token for a user, in place of an earlier one; `None` if the system has no randomness.
    pub(crate) fn issue(&mut self, user: UserId) -> Option<String> {
        let mut secret = Secret::default();
        getrandom::fill(&mut secret).ok()?;
        self.secrets.insert(user, secret);
        Some(format!("{}{}", public(user), hex(&secret)))
    }

    /// The user whose token this is.
    pub(crate) fn owner(&self, token: &str) -> Option<UserId> {
        let (name, given) = split(token);
        let user = named(name);
        // Compared in any case, so that the time does not reveal which users have tokens.
        let secret = user.and_then(|user| self.secrets.get(&user));
        let is_right = same(
            hex(secret.unwrap_or(&[0; SECRET_BYTES])).as_bytes(),
            given.as_bytes(),
        );
        user.filter(|_| is_right && secret.is_some())
    }

    /// Forgets the token of a user who has quit.
    pub(crate) fn forget(&mut self, user: UserId) {
        self.secrets.remove(&user);
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        self.secrets.capacity() * (size_of::<(UserId, Secret)>() + 1)
    }
}

/// The part of a token that names its user; guesses are counted for it.
pub(crate) fn split(token: &str) -> (&str, &str) {
    token.split_at(token.rfind('-').map_or(0, |at| at + 1))
}

fn public(user: UserId) -> String {
    format!("{:x}-{:x}-", user.slot, user.generation)
}

fn named(name: &str) -> Option<UserId> {
    let (slot, generation) = name.strip_suffix('-')?.split_once('-')?;
    let number = |text: &str| u32::from_str_radix(text, 16).ok();
    Some(UserId {
        slot: number(slot)?,
        generation: NonZero::new(number(generation)?)?,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(slot: u32) -> UserId {
        UserId {
            slot,
            generation: NonZero::new(7).unwrap(),
        }
    }

    #[test]
    fn a_token_is_its_users_alone_and_no_other_text_is_one() {
        let mut tokens = ResumeTokens::default();
        let (first, second) = (
            tokens.issue(user(1)).unwrap(),
            tokens.issue(user(2)).unwrap(),
        );
        assert_eq!(first.len(), "1-7-".len() + 2 * SECRET_BYTES);
        assert_eq!(tokens.owner(&first), Some(user(1)));
        assert_eq!(tokens.owner(&second), Some(user(2)));
        let mixed = format!("{}{}", split(&first).0, split(&second).1);
        let zero = format!("9-7-{}", "0".repeat(2 * SECRET_BYTES));
        for wrong in [
            "",
            "-",
            "1-7-",
            "é-",
            &first[1..],
            &first[..first.len() - 1],
            &mixed,
            &zero,
        ] {
            assert_eq!(tokens.owner(wrong), None, "{wrong}");
        }
        let renewed = tokens.issue(user(1)).unwrap();
        assert_eq!(
            (tokens.owner(&first), tokens.owner(&renewed)),
            (None, Some(user(1)))
        );
        tokens.forget(user(1));
        assert_eq!(tokens.owner(&renewed), None);
    }
}
