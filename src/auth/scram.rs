//! The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677): three messages, without I/O.
//!
//! ```text
//! client                                        server
//! n,,n=user,r=NONCE                        -->  ClientFirst::parse, the account is looked up, Scram::begin
//!                                          <--  r=NONCE+OURS,s=SALT,i=ROUNDS
//! c=biws,r=NONCE+OURS,p=PROOF              -->  Scram::finish
//!                                          <--  v=SIGNATURE
//! ```
//!
//! No message holds a password, and the proof is good for this exchange alone. An account that does not exist has a
//! salt too ([`FalseSalts`](super::FalseSalts)), and its exchange differs from that of a wrong password in nothing.
//! Channel binding is not offered. Does not know names' rules, nor where nonces come from.

use super::credentials::{Credentials, FalseSalts, Key, hmac};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::{borrow::Cow, fmt};

/// Why an exchange failed. The texts are those of RFC 5802 section 7, `server-error-value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    /// The data of channel binding is not what the first message said.
    #[error("channel-bindings-dont-match")]
    BindingsDontMatch,
    /// The client asks for channel binding, which is not offered.
    #[error("channel-binding-not-supported")]
    BindingNotSupported,
    /// The client asks for an extension that it must not go on without.
    #[error("extensions-not-supported")]
    ExtensionsNotSupported,
    /// A part is no base64.
    #[error("invalid-encoding")]
    InvalidEncoding,
    /// The password is wrong, or there is no such account.
    #[error("invalid-proof")]
    InvalidProof,
    /// The user name is not encoded as it has to be.
    #[error("invalid-username-encoding")]
    InvalidUsername,
    /// The message has another form.
    #[error("other-error")]
    Malformed,
}

/// The client's first message, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientFirst<'a> {
    /// The account.
    pub name: Cow<'a, str>,
    /// As whom the client wants to act, if it says so.
    pub authzid: Option<Cow<'a, str>>,
    /// With its last comma.
    gs2_header: &'a str,
    bare: &'a str,
    nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    /// Takes a first message apart.
    ///
    /// # Errors
    /// It is none, or it asks for something that is not offered.
    pub fn parse(message: &'a [u8]) -> Result<Self, ScramError> {
        let text = std::str::from_utf8(message).map_err(|_| ScramError::Malformed)?;
        if text.starts_with("p=") {
            return Err(ScramError::BindingNotSupported);
        }
        let rest = text.strip_prefix("n,").or_else(|| text.strip_prefix("y,"));
        let rest = rest.ok_or(ScramError::Malformed)?;
        let (authzid, bare) = rest.split_once(',').ok_or(ScramError::Malformed)?;
        let authzid = match authzid.strip_prefix("a=") {
            Some(name) => Some(unescape(name)?),
            None if authzid.is_empty() => None,
            None => return Err(ScramError::Malformed),
        };
        if bare.starts_with("m=") {
            return Err(ScramError::ExtensionsNotSupported);
        }
        let mut parts = bare.split(',');
        let mut attribute = |key| parts.next().and_then(|part| part.strip_prefix(key));
        let name = attribute("n=").ok_or(ScramError::Malformed)?;
        let nonce = attribute("r=").ok_or(ScramError::Malformed)?;
        if nonce.is_empty() || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ScramError::Malformed);
        }
        Ok(Self {
            name: unescape(name)?,
            authzid,
            gs2_header: &text[..text.len() - bare.len()],
            bare,
            nonce,
        })
    }
}

/// A name as it is written in a message: `=2C` is a comma, `=3D` an equals sign.
fn unescape(text: &str) -> Result<Cow<'_, str>, ScramError> {
    let mut pieces = text.split('=');
    let first = pieces.next().unwrap_or_default();
    if text.is_empty() || text.contains('\0') {
        return Err(ScramError::InvalidUsername);
    }
    if first.len() == text.len() {
        return Ok(Cow::Borrowed(text));
    }
    let mut name = first.to_owned();
    for piece in pieces {
        let (character, rest) = match (piece.strip_prefix("2C"), piece.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return Err(ScramError::InvalidUsername),
        };
        name.push(character);
        name.push_str(rest);
    }
    Ok(Cow::Owned(name))
}

/// What an exchange is checked against.
#[derive(Clone, Copy, Debug)]
pub enum Claimed<'a> {
    /// An account with these credentials.
    Account(&'a Credentials),
    /// There is no such account, or it has no password.
    Nobody {
        /// The name, folded.
        folded_name: &'a str,
        /// Where its salt comes from.
        salts: &'a FalseSalts,
        /// The rounds of new credentials.
        rounds: u32,
    },
}

/// An exchange of which the first two messages are sent.
pub struct Scram {
    credentials: Credentials,
    /// Without this, no proof is right.
    exists: bool,
    gs2_header: Box<str>,
    /// The client's first message without its header, a comma, and our own: what the proof is made over, as far as it
    /// is known.
    messages: String,
    /// Of both sides.
    nonce: Box<str>,
}

impl Scram {
    /// Whether the exchange is about these credentials: the password may have been changed meanwhile.
    pub fn is_about(&self, credentials: &Credentials) -> bool {
        self.credentials == *credentials
    }

    /// Begins an exchange, and writes our first message. The nonce must be random, printable and without comma.
    pub fn begin(first: &ClientFirst<'_>, claimed: Claimed<'_>, nonce: &str) -> (Self, String) {
        let (credentials, exists) = match claimed {
            Claimed::Account(credentials) => (credentials.clone(), true),
            Claimed::Nobody {
                folded_name,
                salts,
                rounds,
            } => (Credentials::of_nobody(salts.of(folded_name), rounds), false),
        };
        let nonce = [first.nonce, nonce].concat();
        let salt = BASE64_STANDARD.encode(credentials.salt());
        let challenge = format!("r={nonce},s={salt},i={}", credentials.rounds());
        let scram = Self {
            credentials,
            exists,
            gs2_header: first.gs2_header.into(),
            messages: format!("{},{challenge}", first.bare),
            nonce: nonce.into(),
        };
        (scram, challenge)
    }

    /// Checks the client's last message; our last one.
    ///
    /// # Errors
    /// The password was wrong, or it is no such message.
    pub fn finish(self, message: &[u8]) -> Result<String, ScramError> {
        let text = std::str::from_utf8(message).map_err(|_| ScramError::Malformed)?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(ScramError::Malformed)?;
        let mut parts = without_proof.split(',');
        let mut attribute = |key| parts.next().and_then(|part| part.strip_prefix(key));
        let binding = attribute("c=").ok_or(ScramError::Malformed)?;
        let nonce = attribute("r=").ok_or(ScramError::Malformed)?;
        let binding = decode(binding)?;
        if binding != self.gs2_header.as_bytes() {
            return Err(ScramError::BindingsDontMatch);
        }
        if *nonce != *self.nonce {
            return Err(ScramError::Malformed);
        }
        let proof: Key = decode(proof)?
            .try_into()
            .map_err(|_| ScramError::InvalidProof)?;
        let messages = format!("{},{without_proof}", self.messages);
        let signature = hmac(self.credentials.stored_key(), messages.as_bytes());
        let mut client_key = proof;
        for (byte, mask) in client_key.iter_mut().zip(signature) {
            *byte ^= mask;
        }
        // Both are computed, whether the account exists or not.
        let is_right = self.credentials.has_client_key(&client_key) & self.exists;
        let signature = hmac(self.credentials.server_key(), messages.as_bytes());
        match is_right {
            true => Ok(format!("v={}", BASE64_STANDARD.encode(signature))),
            false => Err(ScramError::InvalidProof),
        }
    }

    /// Bytes of memory outside of the record.
    pub fn memory(&self) -> usize {
        self.gs2_header.len() + self.messages.capacity() + self.nonce.len()
    }
}

impl fmt::Debug for Scram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scram")
    }
}

fn decode(text: &str) -> Result<Vec<u8>, ScramError> {
    let decoded = BASE64_STANDARD.decode(text);
    decoded.map_err(|_| ScramError::InvalidEncoding)
}

#[cfg(test)]
mod tests {
    use super::{super::Derivation, *};

    /// The example of RFC 7677 section 3.
    const FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const OUR_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const CHALLENGE: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const SIGNATURE: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    fn credentials() -> Credentials {
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        Derivation::new("pencil", salt.try_into().unwrap(), 4096).finish()
    }

    fn begin(first: &str, credentials: &Credentials) -> (Scram, String) {
        let first = ClientFirst::parse(first.as_bytes()).unwrap();
        Scram::begin(&first, Claimed::Account(credentials), OUR_NONCE)
    }

    #[test]
    fn the_example_of_rfc_7677() {
        let (scram, challenge) = begin(FIRST, &credentials());
        assert_eq!(challenge, CHALLENGE);
        assert_eq!(scram.finish(FINAL.as_bytes()).unwrap(), SIGNATURE);
    }

    #[test]
    fn an_account_that_does_not_exist_has_a_salt_and_no_proof() {
        let salts = FalseSalts::new([5; 32]);
        let first = ClientFirst::parse(FIRST.as_bytes()).unwrap();
        let claimed = Claimed::Nobody {
            folded_name: "user",
            salts: &salts,
            rounds: 4096,
        };
        let (scram, challenge) = Scram::begin(&first, claimed, OUR_NONCE);
        let (again, same) = Scram::begin(&first, claimed, OUR_NONCE);
        assert_eq!(challenge, same);
        assert_eq!(challenge.len(), CHALLENGE.len());
        for (scram, message) in [(scram, FINAL), (again, &FINAL.replace("dHzb", "AAAA"))] {
            let failure = scram.finish(message.as_bytes());
            assert_eq!(failure, Err(ScramError::InvalidProof));
        }
    }

    #[test]
    fn names_are_unescaped_and_the_authorized_one_is_given() {
        let first = ClientFirst::parse(b"y,a=bob,n=a=2Cb=3Dc,r=x,ext=1").unwrap();
        assert_eq!(first.name, "a,b=c");
        assert_eq!(first.authzid.as_deref(), Some("bob"));
        assert_eq!(first.gs2_header, "y,a=bob,");
        // The header is compared with the last message.
        let credentials = credentials();
        let binding = BASE64_STANDARD.encode("y,a=bob,");
        for (c, error) in [
            ("biws", ScramError::BindingsDontMatch),
            (&*binding, ScramError::InvalidProof),
        ] {
            let (scram, _) = begin("y,a=bob,n=user,r=x", &credentials);
            let message = format!("c={c},r=x{OUR_NONCE},p=AAAA");
            assert_eq!(scram.finish(message.as_bytes()), Err(error));
        }
    }

    #[test]
    fn first_messages_that_are_none() {
        for (message, error) in [
            ("", ScramError::Malformed),
            ("n", ScramError::Malformed),
            ("n,,", ScramError::Malformed),
            ("n,,n=user", ScramError::Malformed),
            ("n,,n=user,r=", ScramError::Malformed),
            ("n,,n=user,r=a b", ScramError::Malformed),
            ("n,,r=x,n=user", ScramError::Malformed),
            ("n,b,n=user,r=x", ScramError::Malformed),
            ("q,,n=user,r=x", ScramError::Malformed),
            ("n,a=,n=user,r=x", ScramError::InvalidUsername),
            ("n,,n=,r=x", ScramError::InvalidUsername),
            ("n,,n=a=2c,r=x", ScramError::InvalidUsername),
            ("n,,n=a=,r=x", ScramError::InvalidUsername),
            ("n,,m=1,n=user,r=x", ScramError::ExtensionsNotSupported),
            (
                "p=tls-exporter,,n=user,r=x",
                ScramError::BindingNotSupported,
            ),
        ] {
            let parsed = ClientFirst::parse(message.as_bytes());
            assert_eq!(parsed, Err(error), "{message}");
        }
        assert_eq!(
            ClientFirst::parse(b"n,,n=\xff,r=x"),
            Err(ScramError::Malformed)
        );
    }

    #[test]
    fn last_messages_that_are_none() {
        let credentials = credentials();
        for (message, error) in [
            ("", ScramError::Malformed),
            (",p=", ScramError::Malformed),
            (&FINAL.replace(",p=", ",q="), ScramError::Malformed),
            (&FINAL.replace("c=", "d="), ScramError::Malformed),
            (&FINAL.replace("r=rO", "r=rP"), ScramError::Malformed),
            (&FINAL.replace("$k0", "$k"), ScramError::Malformed),
            (&FINAL.replace("biws", "bi"), ScramError::InvalidEncoding),
            (
                &FINAL.replace("biws", "eSws"),
                ScramError::BindingsDontMatch,
            ),
            (&FINAL.replace("dHzb", "????"), ScramError::InvalidEncoding),
            (&FINAL.replace("dHzb", "eHzb"), ScramError::InvalidProof),
            (&FINAL.replace("dHzb", ""), ScramError::InvalidProof),
            (&FINAL.replace("VQ=", "VQ=="), ScramError::InvalidEncoding),
        ] {
            let (scram, _) = begin(FIRST, &credentials);
            assert_eq!(scram.finish(message.as_bytes()), Err(error), "{message}");
        }
        let (scram, _) = begin(FIRST, &credentials);
        assert_eq!(scram.finish(b"\xff,p="), Err(ScramError::Malformed));
    }

    #[test]
    fn a_proof_is_good_for_its_own_exchange_alone() {
        let credentials = credentials();
        let first = ClientFirst::parse(FIRST.as_bytes()).unwrap();
        let (scram, _) = Scram::begin(&first, Claimed::Account(&credentials), "another");
        let message = FINAL.replace(OUR_NONCE, "another");
        let failure = scram.finish(message.as_bytes());
        assert_eq!(failure, Err(ScramError::InvalidProof));
    }
}
