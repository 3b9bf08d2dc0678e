//! Resume tokens: a client whose connection died without an end takes its name back by a secret that only it was sent.
//!
//! Owns the secrets: one for each connection whose client asked, from the system's randomness, until the connection or the
//! process ends. A token has a public part, which finds the connection, and a secret part, which is compared in constant
//! time. Does not know how often a client may guess, nor protocols.

use crate::{
    auth::same,
    chat::{SessionId, UserId},
    net::ConnId,
};
use rustc_hash::FxHashMap;
use std::fmt::Write as _;

/// 128 bits: no number of guesses comes near.
const SECRET_BYTES: usize = 16;

type Secret = [u8; SECRET_BYTES];

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct ResumeTokens {
    secrets: FxHashMap<ConnId, (UserId, Secret)>,
}

impl ResumeTokens {
    /// A new token for a connection of a user, in place of an earlier one; `None` if the system has no randomness.
    pub(crate) fn issue(&mut self, user: UserId, conn: ConnId) -> Option<String> {
        let mut secret = Secret::default();
        getrandom::fill(&mut secret).ok()?;
        self.secrets.insert(conn, (user, secret));
        Some(format!("{}{}", public(conn), hex(&secret)))
    }

    /// The connection whose token this is, and its user.
    pub(crate) fn owner(&self, token: &str) -> Option<SessionId> {
        let (name, given) = split(token);
        let conn = named(name);
        // Compared in any case, so that the time does not reveal which connections have tokens.
        let known = conn.and_then(|conn| self.secrets.get(&conn));
        let secret = known.map_or(&[0; SECRET_BYTES], |(_, secret)| secret);
        let is_right = same(hex(secret).as_bytes(), given.as_bytes());
        let (user, _) = known.filter(|_| is_right)?;
        let number = conn?.slot;
        Some(SessionId {
            user: *user,
            number,
        })
    }

    /// Forgets the token of a connection that is gone.
    pub(crate) fn forget(&mut self, conn: ConnId) {
        self.secrets.remove(&conn);
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        self.secrets.capacity() * (size_of::<(ConnId, UserId, Secret)>() + 1)
    }
}

/// The part of a token that names its connection; guesses are counted for it.
pub(crate) fn split(token: &str) -> (&str, &str) {
    token.split_at(token.rfind('-').map_or(0, |at| at + 1))
}

fn public(conn: ConnId) -> String {
    format!("{:x}-{:x}-", conn.slot, conn.generation)
}

fn named(name: &str) -> Option<ConnId> {
    let (slot, generation) = name.strip_suffix('-')?.split_once('-')?;
    let number = |text: &str| u32::from_str_radix(text, 16).ok();
    Some(ConnId {
        slot: number(slot)?,
        generation: number(generation)?,
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
    use std::num::NonZero;

    fn user(slot: u32) -> UserId {
        UserId {
            slot,
            generation: NonZero::new(7).unwrap(),
        }
    }

    fn conn(slot: u32) -> ConnId {
        let generation = 7;
        ConnId { slot, generation }
    }

    fn session(slot: u32) -> Option<SessionId> {
        let (user, number) = (user(slot), slot);
        Some(SessionId { user, number })
    }

    #[test]
    fn a_token_is_its_users_alone_and_no_other_text_is_one() {
        let mut tokens = ResumeTokens::default();
        let (first, second) = (
            tokens.issue(user(1), conn(1)).unwrap(),
            tokens.issue(user(2), conn(2)).unwrap(),
        );
        assert_eq!(first.len(), "1-7-".len() + 2 * SECRET_BYTES);
        assert_eq!(tokens.owner(&first), session(1));
        assert_eq!(tokens.owner(&second), session(2));
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
        let renewed = tokens.issue(user(1), conn(1)).unwrap();
        assert_eq!(
            (tokens.owner(&first), tokens.owner(&renewed)),
            (None, session(1))
        );
        tokens.forget(conn(1));
        assert_eq!(tokens.owner(&renewed), None);
    }
}
