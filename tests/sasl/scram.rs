//! The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), written from the specification and not from the server's code.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// What a client answers to a challenge, and what the server must then send.
pub(crate) struct Answer {
    pub(crate) message: String,
    pub(crate) signature: String,
}

/// A value of a server's first message.
#[track_caller]
pub(crate) fn value<'a>(challenge: &'a str, key: &str) -> &'a str {
    let found = challenge.split(',').find_map(|part| part.strip_prefix(key));
    found.unwrap_or_else(|| panic!("no {key} in {challenge}"))
}

/// The answer to a challenge, if the client's first message was `n,,{first}`.
pub(crate) fn answer(first: &str, challenge: &str, password: &str) -> Answer {
    let nonce = value(challenge, "r=");
    let salt = BASE64_STANDARD
        .decode(value(challenge, "s="))
        .expect("base64");
    let rounds = value(challenge, "i=").parse().expect("a number");
    let salted = hi(password.as_bytes(), &salt, rounds);
    let client_key = hmac(&salted, b"Client Key");
    let without_proof = format!("c=biws,r={nonce}");
    let messages = format!("{first},{challenge},{without_proof}");
    let signature = hmac(&Sha256::digest(client_key), messages.as_bytes());
    let proof: Vec<u8> = client_key
        .iter()
        .zip(signature)
        .map(|(l, r)| l ^ r)
        .collect();
    let server_key = hmac(&salted, b"Server Key");
    let signature = hmac(&server_key, messages.as_bytes());
    Answer {
        message: format!("{without_proof},p={}", BASE64_STANDARD.encode(proof)),
        signature: format!("v={}", BASE64_STANDARD.encode(signature)),
    }
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut keyed = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    keyed.update(text);
    keyed.finalize().into_bytes().into()
}

/// `Hi` of RFC 5802 section 2.2.
fn hi(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let mut last = hmac(password, &[salt, &[0, 0, 0, 1]].concat());
    let mut sum = last;
    for _ in 1..rounds {
        last = hmac(password, &last);
        sum.iter_mut()
            .zip(last)
            .for_each(|(sum, byte)| *sum ^= byte);
    }
    sum
}
