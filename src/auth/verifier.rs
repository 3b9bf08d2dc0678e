//! Names and password hashes of operators, and the proof that a client knows a password: an operator's or an account's.
//!
//! Invariant: every proof of one verifier takes the same number of rounds, whatever the name and the password, so that the
//! time of an answer does not reveal which names there are. A name with fewer rounds than the dearest is filled up with
//! rounds whose result is thrown away; an unknown name consists of those alone.

use super::{
    credentials::Credentials,
    password::{Hashing, PasswordHash},
};
use std::collections::HashMap;

/// The salt of rounds that are done for their time alone.
const NO_SALT: [u8; 16] = [0; 16];

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    entries: Vec<(Box<str>, PasswordHash)>,
    /// Rounds of every proof.
    rounds: u32,
}

impl Verifier {
    /// For these operators. Names are compared byte by byte, as they are in the configuration; several entries of one name are
    /// one name with several passwords.
    pub fn new(entries: Vec<(Box<str>, PasswordHash)>) -> Self {
        let mut by_name: HashMap<&str, u32> = HashMap::new();
        for (name, hash) in &entries {
            let sum = by_name.entry(name).or_default();
            *sum = sum.saturating_add(hash.rounds());
        }
        let rounds = by_name.values().copied().max().unwrap_or(0);
        Self { entries, rounds }
    }

    /// Begins to see whether this is a password of that name.
    pub fn begin(&self, name: &str, password: &str) -> Proof {
        let mut parts = Vec::new();
        let mut filling = self.rounds;
        for (_, hash) in self.entries.iter().filter(|(known, _)| **known == *name) {
            filling = filling.saturating_sub(hash.rounds());
            parts.push((hash.begin(password), Expected::Hash(hash.clone())));
        }
        Proof::new(parts, password, filling)
    }
}

/// What a computed hash is compared with.
#[derive(Debug)]
enum Expected {
    Credentials(Credentials),
    Hash(PasswordHash),
    /// The rounds are done for their time alone.
    Nothing,
}

impl Expected {
    fn is_met_by(&self, hash: &[u8; 32]) -> bool {
        match self {
            Self::Credentials(credentials) => credentials.has_salted_password(hash),
            Self::Hash(expected) => expected.matches(hash),
            Self::Nothing => false,
        }
    }
}

/// A check that is going on.
#[derive(Debug)]
pub struct Proof {
    /// The hashes still to be computed, the next last, each with the one to compare it with.
    parts: Vec<(Hashing, Expected)>,
    is_right: bool,
}

impl Proof {
    /// Begins to see whether this is the password of an account with these credentials; `None`: there is no such
    /// account, or it has no password. Every proof has as many rounds as new credentials would have, or more if these
    /// have more.
    pub fn of_account(password: &str, credentials: Option<&Credentials>, rounds: u32) -> Self {
        let mut filling = rounds;
        let mut parts = Vec::with_capacity(2);
        if let Some(credentials) = credentials {
            filling = filling.saturating_sub(credentials.rounds());
            let expected = Expected::Credentials(credentials.clone());
            parts.push((credentials.begin(password), expected));
        }
        Self::new(parts, password, filling)
    }

    /// With these parts, and some rounds for their time alone.
    fn new(mut parts: Vec<(Hashing, Expected)>, password: &str, filling: u32) -> Self {
        if filling > 0 {
            let hashing = Hashing::new(password, &NO_SALT, filling);
            parts.push((hashing, Expected::Nothing));
        }
        // Taken from the end.
        parts.reverse();
        Self {
            parts,
            is_right: false,
        }
    }

    /// Goes on for at most so many rounds; whether the password was right, once that is known.
    pub fn advance(&mut self, mut rounds: u32) -> Option<bool> {
        while let Some((hashing, expected)) = self.parts.last_mut() {
            let before = hashing.left();
            let hash = hashing.advance(rounds)?;
            rounds -= before;
            self.is_right |= expected.is_met_by(&hash);
            self.parts.pop();
        }
        Some(self.is_right)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::credentials::Derivation, *};

    fn verifier() -> Verifier {
        let entry = |name: &str, password, rounds| {
            let name = Box::from(name);
            (name, PasswordHash::new(password, [9; 16], rounds))
        };
        Verifier::new(vec![
            entry("root", "one", 40),
            entry("root", "two", 60),
            entry("ann", "three", 70),
        ])
    }

    /// The verdict, and how many rounds it took to it.
    fn prove(name: &str, password: &str) -> (bool, u32) {
        let mut proof = verifier().begin(name, password);
        let mut rounds = 0;
        loop {
            if let Some(is_right) = proof.advance(1) {
                return (is_right, rounds);
            }
            rounds += 1;
        }
    }

    #[test]
    fn each_name_and_password_takes_the_same_work() {
        let (_, usual) = prove("nobody", "x");
        for (name, password, is_right) in [
            ("root", "one", true),
            ("root", "two", true),
            ("root", "three", false),
            ("ann", "three", true),
            ("ann", "two", false),
            ("Ann", "three", false),
            ("", "", false),
        ] {
            let (verdict, rounds) = prove(name, password);
            assert_eq!(verdict, is_right, "{name} {password}");
            // The first round of a part is done when it begins.
            assert!(usual.abs_diff(rounds) <= 2, "{name}: {rounds} and {usual}");
        }
    }

    #[test]
    fn each_account_takes_the_same_work_whether_it_exists_or_not() {
        let credentials = Derivation::new("secret", [3; 16], 60).finish();
        for (of, password, is_right) in [
            (Some(&credentials), "secret", true),
            (Some(&credentials), "Secret", false),
            (None, "secret", false),
            (None, "", false),
        ] {
            let mut proof = Proof::of_account(password, of, 100);
            let mut rounds = 0;
            let verdict = loop {
                match proof.advance(1) {
                    Some(verdict) => break verdict,
                    None => rounds += 1,
                }
            };
            assert_eq!(verdict, is_right, "{password}");
            assert!((97..=100).contains(&rounds), "{rounds}");
        }
        // The setting was lower when the account was made, or is now.
        let mut proof = Proof::of_account("secret", Some(&credentials), 10);
        assert_eq!(proof.advance(59), Some(true));
    }

    #[test]
    fn slices_make_no_difference_and_no_names_take_no_time() {
        for slice in [1, 3, 99, 100, 1000] {
            let mut proof = verifier().begin("root", "two");
            let verdict = std::iter::repeat_with(|| proof.advance(slice)).find_map(|it| it);
            assert_eq!(verdict, Some(true));
        }
        let mut proof = Verifier::default().begin("root", "two");
        assert_eq!(proof.advance(0), Some(false));
    }
}
