//! Hashes of passwords: PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2), computed in slices.
//!
//! A hash is made slow on purpose, so that a stolen file gives nothing away; one thread that serves everyone cannot
//! wait for it. So a [`Hashing`] is a computation that goes on for as many rounds as one gives it at a time.
//!
//! Invariant: a [`PasswordHash`] is well-formed, its rounds are bounded, and its `Display` reads back as itself.
//! Knows no clock and no source of salt.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use std::{fmt, str::FromStr};
use zeroize::Zeroize as _;

/// How a hash begins; this distinguishes it from a password in clear.
const SCHEME: &str = "pbkdf2-sha256";

/// Bytes of a salt, and of a hash: one block of SHA-256 output.
pub(super) const SALT_BYTES: usize = 16;
pub(super) const HASH_BYTES: usize = 32;

/// The most rounds that are accepted: some ten seconds of one core.
pub(super) const ROUNDS_MAX: u32 = 10_000_000;

/// The hash of a password. `Display` is its form in the configuration: `pbkdf2-sha256$ROUNDS$SALT$HASH`, in
/// hexadecimal.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    rounds: u32,
    salt: [u8; SALT_BYTES],
    hash: [u8; HASH_BYTES],
}

impl PasswordHash {
    /// Rounds for new hashes: what OWASP's Password Storage Cheat Sheet asks of this scheme. Some 200 ms on one core.
    pub const ROUNDS: u32 = 600_000;

    /// Hashes a password at once; for programs that may wait.
    pub fn new(password: &str, salt: [u8; SALT_BYTES], rounds: u32) -> Self {
        let mut hashing = Hashing::new(password, &salt, rounds.clamp(1, ROUNDS_MAX));
        let hash = loop {
            if let Some(hash) = hashing.advance(u32::MAX) {
                break hash;
            }
        };
        Self {
            rounds: rounds.clamp(1, ROUNDS_MAX),
            salt,
            hash,
        }
    }

    /// Starts to hash a password with the salt and rounds of this hash; the result goes to [`matches`](Self::matches).
    pub(super) fn begin(&self, password: &str) -> Hashing {
        Hashing::new(password, &self.salt, self.rounds)
    }

    /// Whether a computed hash is this one. Takes the same time wherever the two differ.
    pub(super) fn matches(&self, computed: &[u8; HASH_BYTES]) -> bool {
        same(&self.hash, computed)
    }

    /// What it costs to compute it.
    pub(super) fn rounds(&self) -> u32 {
        self.rounds
    }
}

/// Whether two secrets are the same. The time reveals neither where they differ nor how long the unknown one is:
/// their digests are compared, and those have one length.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    let (left, right) = (Sha256::digest(left), Sha256::digest(right));
    let differences = left.iter().zip(&right).map(|(l, r)| l ^ r);
    std::hint::black_box(differences.fold(0, |all, one| all | one)) == 0
}

/// A text that is no hash of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a hash of a password; let `madang passwd` make one")]
pub struct BadHash;

/// A hash that is being computed. Its state is overwritten at the end, for it is as good as the password.
pub(super) struct Hashing {
    keyed: Hmac<Sha256>,
    last: [u8; HASH_BYTES],
    sum: [u8; HASH_BYTES],
    left: u32,
}

impl Hashing {
    pub(super) fn new(password: &str, salt: &[u8], rounds: u32) -> Self {
        let keyed = Hmac::<Sha256>::new_from_slice(password.as_bytes())
            .expect("HMAC takes keys of any length");
        // The first and only block of output; RFC 8018 counts from one.
        let mut first = keyed.clone();
        first.update(salt);
        first.update(&1_u32.to_be_bytes());
        let last: [u8; HASH_BYTES] = first.finalize().into_bytes().into();
        Self {
            keyed,
            last,
            sum: last,
            left: rounds.saturating_sub(1),
        }
    }

    /// Rounds that are still to do.
    pub(super) fn left(&self) -> u32 {
        self.left
    }

    /// Goes on for at most so many rounds; the hash, if that was the end of it.
    pub(super) fn advance(&mut self, rounds: u32) -> Option<[u8; HASH_BYTES]> {
        let now = rounds.min(self.left);
        for _ in 0..now {
            let mut round = self.keyed.clone();
            round.update(&self.last);
            self.last = round.finalize().into_bytes().into();
            for (sum, byte) in self.sum.iter_mut().zip(self.last) {
                *sum ^= byte;
            }
        }
        self.left -= now;
        (self.left == 0).then_some(self.sum)
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.last.zeroize();
        self.sum.zeroize();
        self.keyed = Hmac::<Sha256>::new_from_slice(&[]).expect("HMAC takes keys of any length");
        // So that the compiler does not leave it out: nobody reads it any more.
        std::hint::black_box(&self.keyed);
    }
}

impl fmt::Debug for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state is as good as the password.
        write!(f, "Hashing({} rounds left)", self.left)
    }
}

impl FromStr for PasswordHash {
    type Err = BadHash;

    fn from_str(text: &str) -> Result<Self, BadHash> {
        let mut parts = text.split('$');
        let mut next = || parts.next().unwrap_or_default();
        let (scheme, rounds, salt, hash) = (next(), next(), next(), next());
        let rounds = rounds.parse().ok().filter(|n| (1..=ROUNDS_MAX).contains(n));
        match (rounds, from_hex(salt), from_hex(hash), parts.next()) {
            (Some(rounds), Some(salt), Some(hash), None) if scheme == SCHEME => {
                Ok(Self { rounds, salt, hash })
            }
            _ => Err(BadHash),
        }
    }
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}${}$", self.rounds)?;
        self.salt.iter().try_for_each(|b| write!(f, "{b:02x}"))?;
        f.write_str("$")?;
        self.hash.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordHash({} rounds)", self.rounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From RFC 7914 section 11, which has vectors for PBKDF2 with HMAC-SHA-256 (the first 32 of 64 bytes).
    #[test]
    fn it_is_pbkdf2() {
        let mut hashing = Hashing::new("passwd", b"salt", 1);
        let hash = hashing.advance(1).unwrap();
        let expected = "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc";
        assert_eq!(hash, from_hex::<32>(expected).unwrap());
        let mut hashing = Hashing::new("Password", b"NaCl", 80_000);
        let hash = hashing.advance(u32::MAX).unwrap();
        let expected = "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56";
        assert_eq!(hash, from_hex::<32>(expected).unwrap());
    }

    #[test]
    fn slices_give_the_same_hash_and_the_text_reads_back() {
        let whole = PasswordHash::new("마당", [7; 16], 100);
        let again: PasswordHash = whole.to_string().parse().unwrap();
        assert_eq!(again, whole);
        for slice in [1, 7, 99, 100] {
            let mut hashing = again.begin("마당");
            let hash = std::iter::repeat_with(|| hashing.advance(slice)).find_map(|hash| hash);
            assert!(again.matches(&hash.unwrap()));
        }
        let wrong = again.begin("마당 ").advance(100).unwrap();
        assert!(!again.matches(&wrong));
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        let good = PasswordHash::new("x", [0; 16], 1).to_string();
        for text in [
            "",
            "secret",
            &good.replace("sha256", "sha1"),
            &good.replace("$1$", "$0$"),
            &good.replace("$1$", "$99999999$"),
            &good[..good.len() - 1],
            &format!("{good}$"),
            &good.replace("$00", "$é"),
        ] {
            assert!(text.parse::<PasswordHash>().is_err(), "{text:?}");
        }
    }
}
