//! The header of the PROXY protocol, by which a proxy says whose connection it forwards ("The PROXY protocol", versions 1
//! and 2, of HAProxy's documentation).
//!
//! It is the very first that is sent on a connection, before TLS too. A receiver has to be configured to expect it, for
//! any client could send one: who may send it, and must, is not decided here. Invariants: a header is whole or refused as
//! soon as it can be neither; its length is bounded; a header that names a client names a real address. Owns nothing,
//! knows no sockets.
//!
//! `text.rs` has version 1, one line; `binary.rs` has version 2; `client.rs` what both can say.

mod binary;
mod client;
#[cfg(test)]
mod tests;
mod text;

pub use client::{Client, Fault, HEADER_BYTES_MAX};

/// The result of a look at what has come so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is the beginning of a header.
    Incomplete,
    /// It begins with a header of so many bytes.
    Whole(Client, usize),
    /// It is no header, or a wrong one.
    Wrong(Fault),
}

/// Reads the header at the beginning of a connection. All bytes that came so far are given each time.
pub fn read(input: &[u8]) -> Step {
    let read = if begins(input, text::OPENING) {
        text::read(input)
    } else if begins(input, &binary::SIGNATURE) {
        binary::read(input)
    } else {
        Err(Fault::Missing)
    };
    match read {
        Ok(Some((client, length))) => Step::Whole(client, length),
        Ok(None) => Step::Incomplete,
        Err(fault) => Step::Wrong(fault),
    }
}

/// Whether the input begins with an opening, as far as it goes.
fn begins(input: &[u8], opening: &[u8]) -> bool {
    let length = input.len().min(opening.len());
    input[..length] == opening[..length]
}
