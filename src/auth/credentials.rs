//! Credentials of accounts: what is stored in place of a password (RFC 5802 section 3, RFC 7677).
//!
//! A [`Derivation`] makes them from a password, in slices. From the stored key a client's proof of SCRAM can be checked,
//! and a password too; neither the key nor the credentials as a whole let anyone log in who has stolen them.
//!
//! Invariant: the rounds of [`Credentials`] are bounded. Knows no names, no clock and no source of salt.

use super::{
    password::{HASH_BYTES, Hashing, ROUNDS_MAX, SALT_BYTES, same},
    prepare::prepare,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// A key, a signature or a proof of SCRAM-SHA-256.
pub(super) type Key = [u8; HASH_BYTES];

/// What is stored of an account's password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    salt: [u8; SALT_BYTES],
    rounds: u32,
    stored_key: Key,
    server_key: Key,
}

impl Credentials {
    /// Rounds for new credentials: some 10 ms of one core. RFC 7677 asks for 4096 at least. An operator's password has
    /// more, but this is computed for each login by PLAIN, and by each client, phones too.
    pub const ROUNDS: u32 = 32_768;

    /// Credentials that were stored; `None`: the number of rounds is out of bounds.
    pub fn from_parts(
        salt: [u8; 16],
        rounds: u32,
        stored_key: [u8; 32],
        server_key: [u8; 32],
    ) -> Option<Self> {
        let is_bounded = (1..=ROUNDS_MAX).contains(&rounds);
        is_bounded.then_some(Self {
            salt,
            rounds,
            stored_key,
            server_key,
        })
    }

    /// Credentials of an account that does not exist, for a SCRAM exchange that must look like any other. No password
    /// and no proof has these keys.
    pub(super) fn of_nobody(salt: [u8; SALT_BYTES], rounds: u32) -> Self {
        Self {
            salt,
            rounds: rounds.clamp(1, ROUNDS_MAX),
            stored_key: [0; HASH_BYTES],
            server_key: [0; HASH_BYTES],
        }
    }

    /// The salt.
    pub fn salt(&self) -> &[u8; 16] {
        &self.salt
    }

    /// How many rounds the hash has.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// `StoredKey`: the hash of the client's key.
    pub fn stored_key(&self) -> &[u8; 32] {
        &self.stored_key
    }

    /// `ServerKey`: with it the server proves that it has the credentials.
    pub fn server_key(&self) -> &[u8; 32] {
        &self.server_key
    }

    /// Whether this is the client's key. Takes the same time wherever the two differ.
    pub(super) fn has_client_key(&self, client_key: &Key) -> bool {
        let hash: Zeroizing<Key> = Zeroizing::new(Sha256::digest(client_key).into());
        same(&self.stored_key, &*hash)
    }

    /// Whether this is `SaltedPassword`, the hash of the password.
    pub(super) fn has_salted_password(&self, salted: &Key) -> bool {
        self.has_client_key(&client_key(salted))
    }

    /// Starts to hash a password with the salt and rounds of these; the result goes to
    /// [`has_salted_password`](Self::has_salted_password).
    pub(super) fn begin(&self, password: &str) -> Hashing {
        Hashing::new(&prepare(password), &self.salt, self.rounds)
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        self.stored_key.zeroize();
        self.server_key.zeroize();
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({} rounds)", self.rounds)
    }
}

/// Credentials that are being made from a new password. They are as good as the password until then.
#[derive(Debug)]
pub struct Derivation {
    hashing: Hashing,
    salt: [u8; SALT_BYTES],
    rounds: u32,
}

impl Derivation {
    /// Begins. The salt must be random.
    pub fn new(password: &str, salt: [u8; 16], rounds: u32) -> Self {
        let rounds = rounds.clamp(1, ROUNDS_MAX);
        Self {
            hashing: Hashing::new(&prepare(password), &salt, rounds),
            salt,
            rounds,
        }
    }

    /// Goes on for at most so many rounds; the credentials, if that was the end of it.
    pub fn advance(&mut self, rounds: u32) -> Option<Credentials> {
        let salted = Zeroizing::new(self.hashing.advance(rounds)?);
        Some(Credentials {
            salt: self.salt,
            rounds: self.rounds,
            stored_key: Sha256::digest(client_key(&salted)).into(),
            server_key: hmac(&*salted, b"Server Key"),
        })
    }

    /// The key that a client proves to have.
    #[cfg(test)]
    pub(super) fn client_key(password: &str, salt: [u8; SALT_BYTES], rounds: u32) -> Key {
        let mut hashing = Hashing::new(&prepare(password), &salt, rounds);
        let salted = hashing.advance(u32::MAX).expect("all rounds are done");
        *client_key(&salted)
    }

    /// Derives credentials at once; for programs that may wait.
    pub fn finish(mut self) -> Credentials {
        loop {
            if let Some(credentials) = self.advance(u32::MAX) {
                return credentials;
            }
        }
    }
}

fn client_key(salted: &Key) -> Zeroizing<Key> {
    Zeroizing::new(hmac(salted, b"Client Key"))
}

/// HMAC-SHA-256.
pub(super) fn hmac(key: &[u8], text: &[u8]) -> Key {
    let mut keyed = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    keyed.update(text);
    keyed.finalize().into_bytes().into()
}

/// Salts for accounts that do not exist, so that a client which asks for the salt of a name does not learn whether there
/// is such an account: the same name has the same salt each time.
#[derive(Clone)]
pub struct FalseSalts {
    key: [u8; 32],
}

impl FalseSalts {
    /// With a random key. It has to be the same after a restart, or two restarts would reveal which salts are false.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The salt of this name, which is folded: names that count as equal are equal bytes.
    pub(super) fn of(&self, folded_name: &str) -> [u8; SALT_BYTES] {
        let hash = hmac(&self.key, folded_name.as_bytes());
        let mut salt = [0; SALT_BYTES];
        salt.copy_from_slice(&hash[..SALT_BYTES]);
        salt
    }
}

impl fmt::Debug for FalseSalts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FalseSalts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derive(password: &str, slice: u32) -> Credentials {
        let mut derivation = Derivation::new(password, [7; 16], 100);
        let made = std::iter::repeat_with(|| derivation.advance(slice)).find_map(|it| it);
        made.expect("it goes on until it is made")
    }

    #[test]
    fn slices_give_the_same_credentials_and_only_their_password_fits() {
        let credentials = derive("secret", u32::MAX);
        for slice in [1, 7, 99, 100] {
            assert_eq!(derive("secret", slice), credentials);
        }
        for (password, fits) in [("secret", true), ("Secret", false), ("", false)] {
            let salted = credentials.begin(password).advance(100).unwrap();
            assert_eq!(credentials.has_salted_password(&salted), fits, "{password}");
        }
        let (salt, stored_key) = (*credentials.salt(), *credentials.stored_key());
        let server_key = *credentials.server_key();
        let again = Credentials::from_parts(salt, credentials.rounds(), stored_key, server_key);
        assert_eq!(again, Some(credentials));
        for rounds in [0, ROUNDS_MAX + 1] {
            assert!(Credentials::from_parts(salt, rounds, stored_key, server_key).is_none());
        }
    }

    #[test]
    fn two_ways_to_type_a_password_are_one() {
        let credentials = derive("caf\u{e9}", 100);
        let salted = credentials.begin("cafe\u{301}").advance(100).unwrap();
        assert!(credentials.has_salted_password(&salted));
    }

    #[test]
    fn false_salts_are_stable_and_differ_by_name_and_key() {
        let salts = FalseSalts::new([1; 32]);
        assert_eq!(salts.of("alice"), salts.of("alice"));
        assert_ne!(salts.of("alice"), salts.of("bob"));
        assert_ne!(salts.of("alice"), FalseSalts::new([2; 32]).of("alice"));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let credentials = derive("secret", 100);
        let derivation = Derivation::new("secret", [7; 16], 1000);
        let salts = FalseSalts::new([1; 32]);
        assert_eq!(
            format!("{credentials:?} {salts:?}"),
            "Credentials(100 rounds) FalseSalts"
        );
        let text = format!("{derivation:?}");
        assert!(text.contains("hashing: Hashing(999 rounds left), salt: [7, 7, "));
    }
}
