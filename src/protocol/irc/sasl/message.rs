//! Messages of SASL in lines of IRC: base64 in pieces of 400 bytes (IRCv3 sasl-3.1), of which the first shorter one is the
//! last; and what the messages of PLAIN and EXTERNAL hold.
//!
//! Invariant: what is collected is bounded, and is overwritten when it is dropped.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

/// Base64 in one line.
pub(crate) const PIECE_BYTES: usize = 400;

/// Base64 of one message: 1,800 bytes, enough for the longest password that may be chosen with two of the longest names.
const MESSAGE_BYTES_MAX: usize = 6 * PIECE_BYTES;

/// The parameter that stands for an empty piece.
const EMPTY: &str = "+";

/// A message that is being collected.
#[derive(Debug, Default)]
pub(crate) struct Pieces(Zeroizing<String>);

/// What a piece brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Collected {
    /// More is to come.
    Incomplete,
    /// It was no base64.
    Malformed,
    /// It was longer than a piece or a message may be.
    TooLong,
    /// The message is complete.
    Whole(Zeroizing<Vec<u8>>),
}

impl Pieces {
    /// Takes one piece.
    pub(crate) fn push(&mut self, piece: &str) -> Collected {
        let text = if piece == EMPTY { "" } else { piece };
        if text.len() > PIECE_BYTES || self.0.len() + text.len() > MESSAGE_BYTES_MAX {
            return Collected::TooLong;
        }
        if self.0.len() + text.len() > self.0.capacity() {
            // A string that grows leaves a copy behind.
            let mut larger = Zeroizing::new(String::with_capacity(self.0.len() + PIECE_BYTES));
            larger.push_str(&self.0);
            self.0 = larger;
        }
        self.0.push_str(text);
        if text.len() == PIECE_BYTES {
            return Collected::Incomplete;
        }
        let whole = std::mem::take(&mut self.0);
        let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(whole.len())]);
        match BASE64_STANDARD.decode_slice(whole.as_bytes(), &mut bytes) {
            Ok(len) => {
                bytes.truncate(len);
                Collected::Whole(bytes)
            }
            Err(_) => Collected::Malformed,
        }
    }

    /// Bytes of memory outside of the record.
    pub(crate) fn memory(&self) -> usize {
        self.0.capacity()
    }
}

/// The pieces of a message of ours, each one the parameter of a line.
pub(crate) fn pieces_of(message: &[u8]) -> Vec<String> {
    let text = BASE64_STANDARD.encode(message);
    let piece = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut pieces: Vec<_> = text.as_bytes().chunks(PIECE_BYTES).map(piece).collect();
    if text.len() % PIECE_BYTES == 0 {
        pieces.push(EMPTY.to_owned());
    }
    pieces
}

/// What a message of PLAIN holds (RFC 4616).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plain<'a> {
    /// As whom the client wants to act; empty: as the account.
    pub(crate) authzid: &'a str,
    pub(crate) name: &'a str,
    pub(crate) password: &'a str,
}

impl<'a> Plain<'a> {
    /// `None`: it is no such message.
    pub(crate) fn parse(message: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok()?;
        let mut parts = text.split('\0');
        let (authzid, name, password) = (parts.next()?, parts.next()?, parts.next()?);
        let is_whole = parts.next().is_none() && !name.is_empty() && !password.is_empty();
        is_whole.then_some(Self {
            authzid,
            name,
            password,
        })
    }
}

/// What a message of EXTERNAL holds: as whom the client wants to act, or nothing. `None`: it is no text.
pub(crate) fn parse_external(message: &[u8]) -> Option<Option<&str>> {
    let text = std::str::from_utf8(message).ok()?;
    let is_name = !text.contains('\0');
    is_name.then_some((!text.is_empty()).then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(message: &[u8]) -> Vec<u8> {
        let mut pieces = Pieces::default();
        let mut lines = pieces_of(message).into_iter();
        loop {
            let line = lines.next().expect("the last piece is short");
            assert!(line.len() <= PIECE_BYTES);
            match pieces.push(&line) {
                Collected::Incomplete => {}
                Collected::Whole(bytes) => {
                    assert!(lines.next().is_none() && pieces.memory() == 0);
                    return bytes.to_vec();
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn messages_of_any_length_come_in_pieces() {
        for length in [0, 1, 2, 3, 299, 300, 301, 599, 600, 1000, 1799] {
            let message: Vec<u8> = (0..length).map(|n| n as u8).collect();
            assert_eq!(collect(&message), message, "{length}");
        }
        assert_eq!(pieces_of(&[0; 300]).len(), 2);
        assert_eq!(pieces_of(b""), ["+"]);
    }

    #[test]
    fn what_is_too_long_or_no_base64() {
        let long = "A".repeat(PIECE_BYTES + 1);
        assert_eq!(Pieces::default().push(&long), Collected::TooLong);
        let mut pieces = Pieces::default();
        let full = "A".repeat(PIECE_BYTES);
        for _ in 0..6 {
            assert_eq!(pieces.push(&full), Collected::Incomplete);
        }
        assert!(pieces.memory() <= MESSAGE_BYTES_MAX);
        assert_eq!(pieces.push("AAAA"), Collected::TooLong);
        for text in ["A", "AB=", "A+", "=", "\u{e9}", "AA AA", "AAA="] {
            let expected = match text {
                "AAA=" => Collected::Whole(Zeroizing::new(vec![0, 0])),
                _ => Collected::Malformed,
            };
            assert_eq!(Pieces::default().push(text), expected, "{text}");
        }
    }

    #[test]
    fn plain_has_three_parts() {
        let whole = Plain {
            authzid: "",
            name: "alice",
            password: "pass word",
        };
        assert_eq!(Plain::parse(b"\0alice\0pass word"), Some(whole));
        let parsed = Plain::parse(b"bob\0alice\0x").map(|it| it.authzid);
        assert_eq!(parsed, Some("bob"));
        for message in [
            &b""[..],
            b"\0",
            b"alice\0x",
            b"\0alice\0",
            b"\0\0x",
            b"\0alice\0x\0",
            b"\0alice\0\xff",
        ] {
            assert_eq!(Plain::parse(message), None, "{message:?}");
        }
    }

    #[test]
    fn external_may_name_the_account() {
        assert_eq!(parse_external(b""), Some(None));
        assert_eq!(parse_external(b"alice"), Some(Some("alice")));
        assert_eq!(parse_external(b"a\0b"), None);
        assert_eq!(parse_external(b"\xff"), None);
    }
}
