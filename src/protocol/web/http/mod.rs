//! HTTP/1.1 and 1.0 as a server without uploads speaks it (RFC 9110, RFC 9112): bytes in, whole requests out.
//!
//! The caller keeps the input and an [`Http`] for each connection, asks it for the next [`Step`], and lets
//! [`respond`] write the answer. Heads are read by `httparse`; what they mean for the connection is decided here.
//!
//! Invariants: however the input is cut, the same steps come out; each byte of a head is searched once and parsed
//! once; a caller never keeps more than [`HEAD_BYTES_MAX`] bytes. Whatever could be understood in two ways (two
//! lengths, a length and a coding, folded lines, a missing host) is refused, and after a refusal nothing is read any
//! more: where the next request would begin is not known then (RFC 9112 section 11.2, request smuggling).
//!
//! Does not know what is served, nor what time it is.

mod request;
mod response;
mod status;

pub use request::{HEADERS_MAX, Method, Request, Version};
pub use response::{Body, Cache, Page, etag, refuse, respond, respond_early, turn_away};
pub use status::Status;

use crate::protocol::decoded::Decoded;
use memchr::memchr;

/// The longest head, from the request line to the empty line. Browsers send some 600 bytes.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;

/// The longest body that is read over, so that the connection can be kept. None of our resources wants one.
pub const BODY_BYTES_MAX: u64 = 8 * 1024;

/// The state of a connection between its requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Http {
    /// So much of a body is still to be read over.
    skip: u16,
}

/// The next thing in the input.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a kibibyte on the stack of one call, where a box would be an allocation for each request"
)]
pub enum Step<'a> {
    /// Nothing whole yet; ask again when more has come. Some input may have been consumed all the same.
    Incomplete,
    /// A whole request. Its body, if it has one, is read over by the calls that follow.
    Request(Request<'a>),
    /// The input is refused with this status, and the connection is to be closed: see [`respond_early`].
    Refused(Status),
}

impl Http {
    /// Takes the next request off the input. `searched` is kept by the caller
    /// between calls: how far the input was looked through in vain, from its first byte that is not consumed.
    pub fn next<'a>(&mut self, input: &'a [u8], searched: &mut usize) -> Decoded<Step<'a>> {
        let skipped = usize::from(self.skip).min(input.len());
        self.skip -= skipped as u16;
        // Empty lines before a request are passed over (RFC 9112 section 2.2).
        let lines = input[skipped..]
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let start = skipped + lines.count();
        *searched = searched.saturating_sub(start);
        let rest = &input[start..];
        if self.skip > 0 || rest.is_empty() {
            return Decoded {
                item: Step::Incomplete,
                consumed: start,
            };
        }
        let (item, consumed) = match find_end(rest, searched) {
            Found::Head(length) => {
                *searched = 0;
                (self.parse(&rest[..length]), start + length)
            }
            Found::Nothing => (Step::Incomplete, start),
            Found::Fault(status) => (Step::Refused(status), input.len()),
        };
        Decoded { item, consumed }
    }

    fn parse<'a>(&mut self, head: &'a [u8]) -> Step<'a> {
        match Request::parse(head).and_then(|request| Ok((body_length(&request)?, request))) {
            Ok((length, request)) => {
                self.skip = length;
                Step::Request(request)
            }
            Err(status) => Step::Refused(status),
        }
    }
}

/// The result of a search for the end of a head.
enum Found {
    /// A head of so many bytes.
    Head(usize),
    Nothing,
    Fault(Status),
}

/// Looks for the empty line. CR LF ends a line, and LF alone too, as users of `nc` send it (RFC 9112 section 2.2).
fn find_end(input: &[u8], searched: &mut usize) -> Found {
    let known = &input[..input.len().min(HEAD_BYTES_MAX)];
    let mut from = (*searched).min(known.len());
    while let Some(at) = memchr(b'\n', &known[from..]) {
        let end = from + at;
        let line = known[..end].strip_suffix(b"\r").unwrap_or(&known[..end]);
        if line.ends_with(b"\n") {
            return Found::Head(end + 1);
        }
        if !line.contains(&b'\n') {
            // The request line: who speaks another version, or none, need not be waited for.
            if let Err(status) = request::check_line(line) {
                return Found::Fault(status);
            }
        }
        from = end + 1;
    }
    if input.len() >= HEAD_BYTES_MAX {
        return Found::Fault(Status::HeadTooLarge);
    }
    *searched = input.len();
    Found::Nothing
}

/// How long the body is that follows (RFC 9112 section 6).
fn body_length(request: &Request<'_>) -> Result<u16, Status> {
    let mut lengths = request.all("content-length");
    let length = match lengths.next() {
        None => 0,
        // A list of equal lengths would be allowed; no client has reason to send one.
        Some(_) if lengths.next().is_some() => return Err(Status::BadRequest),
        Some(digits) => parse_length(digits)?,
    };
    if let Some(coding) = request.header("transfer-encoding") {
        let is_ambiguous = request.has("content-length") || request.version == Version::Http10;
        let is_chunked = coding.trim_ascii().eq_ignore_ascii_case(b"chunked");
        return Err(match (is_ambiguous, is_chunked) {
            (true, _) => Status::BadRequest,
            (false, true) => Status::LengthRequired,
            (false, false) => Status::NotImplemented,
        });
    }
    if length > BODY_BYTES_MAX {
        return Err(Status::ContentTooLarge);
    }
    Ok(length as u16)
}

fn parse_length(digits: &[u8]) -> Result<u64, Status> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_number);
    let text = text.ok_or(Status::BadRequest)?;
    // More digits than fit are a length all the same.
    Ok(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
