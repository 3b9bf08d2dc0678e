//! The opening handshake (RFC 6455 section 4) without its HTTP: what an upgrade's header fields must say, and what is
//! answered; and the client's half of the same.
//!
//! Reads fields as pairs of a name and a value, whichever parser made them. Keeps nothing. Whether an `Origin` is welcome
//! and which subprotocol is spoken, the caller decides.

use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, general_purpose::PAD},
};
use sha1::{Digest, Sha1};

mod client;

pub use client::{Answer, BadAnswer, push_request, read_answer};

/// The text that is hashed after the client's key (section 1.3).
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// As strict as it need be: clients that choose random letters may leave bits after the last byte.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    PAD.with_decode_allow_trailing_bits(true),
);

/// The one version there is.
const VERSION: &str = "13";

/// The value of `Sec-WebSocket-Accept` for a client's key.
///
/// ```
/// // The example of RFC 6455 section 1.3.
/// let accept = madang::protocol::web::websocket::handshake::accept_key("dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
pub fn accept_key(key: &str) -> String {
    let hash = Sha1::new().chain_update(key).chain_update(MAGIC);
    BASE64.encode(hash.finalize())
}

/// Whether a value is a `Sec-WebSocket-Key`: sixteen bytes in base64 (section 4.1).
pub fn is_key(value: &str) -> bool {
    BASE64.decode(value).is_ok_and(|bytes| bytes.len() == 16)
}

/// A client's wish to speak WebSocket, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    key: &'a str,
    protocols: Vec<&'a str>,
    /// The page that the client is part of, if it is a browser.
    pub origin: Option<&'a str>,
}

/// Why an upgrade is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not ask for WebSocket at all: 426 where nothing else is served.
    #[error("WebSocket is spoken here; ask for an upgrade")]
    NotAsked,
    /// The key is missing, given twice, or not sixteen bytes in base64: 400.
    #[error("Sec-WebSocket-Key must be sixteen bytes in base64")]
    Key,
    /// Another version: 426 with `Sec-WebSocket-Version: 13` (section 4.4).
    #[error("the version of WebSocket that is spoken here is 13")]
    Version,
}

impl Refusal {
    /// The status that it is answered with. To 426 belong `Upgrade: websocket` and `Sec-WebSocket-Version: 13`.
    pub fn status(self) -> u16 {
        match self {
            Self::Key => 400,
            Self::NotAsked | Self::Version => 426,
        }
    }
}

/// Reads what the header fields of a GET request (HTTP/1.1 or later) say about WebSocket.
///
/// # Errors
/// It is no upgrade to WebSocket, or not in order; [`Refusal::NotAsked`] is the answer for every other request too.
pub fn read_request<'a>(
    fields: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<Request<'a>, Refusal> {
    let (mut upgrade, mut connection, mut version) = (false, false, None);
    let (mut key, mut keys) = (None, 0);
    let mut request = Request {
        key: "",
        protocols: Vec::new(),
        origin: None,
    };
    for (name, value) in fields {
        // Values with bytes beyond ASCII mean nothing in any of these.
        let value = std::str::from_utf8(value).unwrap_or_default().trim();
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        if is("upgrade") {
            upgrade |= tokens(value).any(|token| token.eq_ignore_ascii_case("websocket"));
        } else if is("connection") {
            connection |= tokens(value).any(|token| token.eq_ignore_ascii_case("upgrade"));
        } else if is("sec-websocket-version") {
            version = Some(value);
        } else if is("sec-websocket-key") {
            (key, keys) = (Some(value), keys + 1);
        } else if is("sec-websocket-protocol") {
            request.protocols.extend(tokens(value));
        } else if is("origin") {
            request.origin = Some(value);
        }
    }
    if !upgrade || !connection {
        return Err(Refusal::NotAsked);
    }
    if version != Some(VERSION) {
        return Err(Refusal::Version);
    }
    request.key = key
        .filter(|key| keys == 1 && is_key(key))
        .ok_or(Refusal::Key)?;
    Ok(request)
}

impl<'a> Request<'a> {
    /// The subprotocols that the client can speak, what it likes best first.
    pub fn protocols(&self) -> &[&'a str] {
        &self.protocols
    }

    /// Appends the answer that lets the client in, with the subprotocol that was chosen among its own.
    pub fn accept(&self, protocol: Option<&str>, out: &mut Vec<u8>) {
        let accept = accept_key(self.key);
        out.extend_from_slice(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        );
        push_field("Sec-WebSocket-Accept", &accept, out);
        if let Some(protocol) = protocol {
            push_field("Sec-WebSocket-Protocol", protocol, out);
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn push_field(name: &str, value: &str, out: &mut Vec<u8>) {
    for part in [name, ": ", value, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// The elements of a list with commas (RFC 9110 section 5.6.1).
fn tokens(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests;
