//! Names and password hashes of operators, and the proof that a client knows one of the passwords.
//!
//! Invariant: every proof of one verifier takes the same number of rounds, whatever the name and the password, so that the
//! time of an answer does not reveal which names there are. A name with fewer rounds than the dearest is filled up with
//! rounds whose result is thrown away; an unknown name consists of those alone.

use super::password::{Hashing, PasswordHash};
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
            parts.push((hash.begin(password), Some(hash.clone())));
        }
        if filling > 0 {
            parts.push((Hashing::new(password, &NO_SALT, filling), None));
        }
        // Taken from the end.
        parts.reverse();
        Proof {
            parts,
            is_right: false,
        }
    }
}

/// A check that is going on.
#[derive(Debug)]
pub struct Proof {
    /// The hashes still to be computed, the next last, each with the one to compare it with.
    parts: Vec<(Hashing, Option<PasswordHash>)>,
    is_right: bool,
}

impl Proof {
    /// Goes on for at most so many rounds; whether the password was right, once that is known.
    pub fn advance(&mut self, mut rounds: u32) -> Option<bool> {
        while let Some((hashing, expected)) = self.parts.last_mut() {
            let before = hashing.left();
            let hash = hashing.advance(rounds)?;
            rounds -= before;
            self.is_right |= expected.as_ref().is_some_and(|it| it.matches(&hash));
            self.parts.pop();
        }
        Some(self.is_right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
