//! The client's half of the opening handshake (RFC 6455 section 4.1): what it asks, and whether it was let in.

use super::{BASE64, Engine, VERSION, accept_key, push_field, tokens};

/// Header fields of an answer that are looked at. More than any server sends.
const FIELDS_MAX: usize = 64;

/// The longest head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Appends a request for an upgrade and returns its key, which [`read_answer`] needs.
///
/// `host` is the name with the port, as in a URL; `path` begins with a slash. The nonce should be hard to guess and new for
/// each connection.
pub fn push_request(
    host: &str,
    path: &str,
    nonce: [u8; 16],
    protocols: &[&str],
    out: &mut Vec<u8>,
) -> String {
    let key = BASE64.encode(nonce);
    out.extend_from_slice(format!("GET {path} HTTP/1.1\r\n").as_bytes());
    push_field("Host", host, out);
    push_field("Upgrade", "websocket", out);
    push_field("Connection", "Upgrade", out);
    push_field("Sec-WebSocket-Version", VERSION, out);
    push_field("Sec-WebSocket-Key", &key, out);
    if !protocols.is_empty() {
        push_field("Sec-WebSocket-Protocol", &protocols.join(", "), out);
    }
    out.extend_from_slice(b"\r\n");
    key
}

/// A server let us in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// So many bytes of the input were its answer; frames follow.
    pub consumed: usize,
    /// The subprotocol that it chose.
    pub protocol: Option<&'a str>,
}

/// A server did not let us in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// What came is not HTTP, or too long.
    #[error("no answer in HTTP")]
    NotHttp,
    /// It answered with another status.
    #[error("answered with status {0} instead of 101")]
    Status(u16),
    /// A field is missing or has another value.
    #[error("its {0} is missing or wrong")]
    Field(&'static str),
}

/// Reads the answer to [`push_request`]. `None` if it is not whole yet. `protocols` are those that were asked for.
///
/// # Errors
/// The server does not speak WebSocket with us; the connection is of no use any more.
pub fn read_answer<'a>(
    input: &'a [u8],
    key: &str,
    protocols: &[&str],
) -> Result<Option<Answer<'a>>, BadAnswer> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut response = httparse::Response::new(&mut fields);
    let consumed = match response.parse(input) {
        Ok(httparse::Status::Complete(consumed)) => consumed,
        Ok(httparse::Status::Partial) if input.len() < HEAD_BYTES_MAX => return Ok(None),
        Ok(httparse::Status::Partial) | Err(_) => return Err(BadAnswer::NotHttp),
    };
    match response.code {
        Some(101) => {}
        status => return Err(BadAnswer::Status(status.unwrap_or_default())),
    }
    let field = |name: &'static str| {
        let found = response
            .headers
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name));
        found.map(|field| std::str::from_utf8(field.value).unwrap_or_default())
    };
    let has = |name, token: &str| {
        let mut values = field(name).into_iter().flat_map(tokens);
        let found = values.any(|value| value.eq_ignore_ascii_case(token));
        found.then_some(()).ok_or(BadAnswer::Field(name))
    };
    has("Upgrade", "websocket")?;
    has("Connection", "upgrade")?;
    if field("Sec-WebSocket-Accept") != Some(&accept_key(key)) {
        return Err(BadAnswer::Field("Sec-WebSocket-Accept"));
    }
    if field("Sec-WebSocket-Extensions").is_some() {
        // None was asked for.
        return Err(BadAnswer::Field("Sec-WebSocket-Extensions"));
    }
    let protocol = field("Sec-WebSocket-Protocol");
    if protocol.is_some_and(|protocol| !protocols.contains(&protocol)) {
        return Err(BadAnswer::Field("Sec-WebSocket-Protocol"));
    }
    Ok(Some(Answer { consumed, protocol }))
}
