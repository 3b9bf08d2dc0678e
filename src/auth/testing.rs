//! The client's side of SCRAM, for the tests of whatever speaks it.

use super::{Credentials, Derivation, credentials::hmac};
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// The text in base64.
pub(crate) fn text_of(base64: &str) -> String {
    let bytes = BASE64_STANDARD
        .decode(base64)
        .expect("the server sends base64");
    String::from_utf8(bytes).expect("the server sends text")
}

/// The client's last message, in answer to this challenge.
pub(crate) fn client_final(name: &str, password: &str, nonce: &str, challenge: &str) -> String {
    let attribute = |key: &str| {
        let mut parts = challenge.split(',');
        let value = parts.find_map(|part| part.strip_prefix(key));
        value.expect("a challenge has nonce, salt and rounds")
    };
    let salt = BASE64_STANDARD
        .decode(attribute("s="))
        .expect("the salt is base64");
    let salt = salt.try_into().expect("it has sixteen bytes");
    let rounds = attribute("i=").parse().expect("the rounds are a number");
    let credentials: Credentials = Derivation::new(password, salt, rounds).finish();
    let client_key = Derivation::client_key(password, salt, rounds);
    let without_proof = format!("c=biws,r={}", attribute("r="));
    let messages = format!("n={name},r={nonce},{challenge},{without_proof}");
    let signature = hmac(credentials.stored_key(), messages.as_bytes());
    let proof: Vec<u8> = client_key
        .iter()
        .zip(signature)
        .map(|(key, it)| key ^ it)
        .collect();
    format!("{without_proof},p={}", BASE64_STANDARD.encode(proof))
}
