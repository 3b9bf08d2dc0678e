//! Answers to requests: the status, the header fields that go with it, and the page itself.
//!
//! Everything served is safe to be looked at: no script but our own, no frame around it, no guess at its kind. Owns
//! the texts of statuses. Does not know which pages there are.

use super::{Method, Request};
use crate::{chat::WallTime, protocol::time::Imf};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 200
    Ok,
    /// 304: the client has it already.
    NotModified,
    /// 400: not HTTP, or HTTP that can be understood in two ways.
    BadRequest,
    /// 403: a page of another site may not do this.
    Forbidden,
    /// 404
    NotFound,
    /// 405: something other than looking at it.
    MethodNotAllowed,
    /// 408: the head did not come in time.
    RequestTimeout,
    /// 411: a body whose length is not told beforehand.
    LengthRequired,
    /// 413: a longer body than would be read over.
    ContentTooLarge,
    /// 421: the name in the address is not known to be ours (see [`Hosts`](crate::protocol::web::host::Hosts)).
    MisdirectedRequest,
    /// 426: there is nothing here but WebSocket, in the version that we speak.
    UpgradeRequired,
    /// 431: a longer head than [`HEAD_BYTES_MAX`](super::HEAD_BYTES_MAX), or more fields than
    /// [`HEADERS_MAX`](super::HEADERS_MAX).
    HeadTooLarge,
    /// 501: a coding that we do not know.
    NotImplemented,
    /// 503: there is no room; later perhaps.
    ServiceUnavailable,
    /// 505: neither HTTP/1.1 nor 1.0.
    VersionNotSupported,
}

impl Status {
    /// Its number and its words (RFC 9110 section 15, RFC 6585).
    pub fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::NotModified => "304 Not Modified",
            Self::BadRequest => "400 Bad Request",
            Self::Forbidden => "403 Forbidden",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::RequestTimeout => "408 Request Timeout",
            Self::LengthRequired => "411 Length Required",
            Self::ContentTooLarge => "413 Content Too Large",
            Self::MisdirectedRequest => "421 Misdirected Request",
            Self::UpgradeRequired => "426 Upgrade Required",
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
            Self::NotImplemented => "501 Not Implemented",
            Self::ServiceUnavailable => "503 Service Unavailable",
            Self::VersionNotSupported => "505 HTTP Version Not Supported",
        }
    }

    /// Its number.
    pub fn code(self) -> u16 {
        let digits = &self.line()[..3];
        digits.parse().expect("every line begins with three digits")
    }

    /// What can be done about it, for whoever reads the answer; a line, or nothing.
    fn advice(self) -> &'static str {
        match self {
            Self::MisdirectedRequest => {
                "This server does not know itself by the name in that address. Whoever runs it can add the name to \
                 hosts in the section [web] of its configuration.\n"
            }
            _ => "",
        }
    }

    /// The header fields that this status calls for.
    fn fields(self) -> &'static str {
        match self {
            Self::MethodNotAllowed => "Allow: GET, HEAD\r\n",
            Self::UpgradeRequired => "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            // A minute: long enough that a crowd of waiting pages is no load.
            Self::ServiceUnavailable => "Retry-After: 60\r\n",
            _ => "",
        }
    }
}

/// How long a page may be kept by the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// Kept, and asked after each time whether it is still the same: a new version is seen at once.
    Revalidate,
    /// Not at all: it is different each time.
    Never,
}

/// A page's content.
pub type Body<'a> = Cow<'a, [u8]>;

/// Something that is served.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// Its media type, with the charset if it is text.
    pub content_type: &'a str,
    /// Its content.
    pub body: Body<'a>,
    /// A name for exactly this content, in quotes: see [`etag`].
    pub etag: Option<&'a str>,
    /// How long it may be kept.
    pub cache: Cache,
}

/// Only what this server itself serves may run, look or connect (Content Security Policy, level 3). A WebSocket to
/// the same host is 'self' to today's browsers (level 3 section 6.7.2.8).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'";

/// A strong entity tag for a content: the same for the same bytes, in every process (RFC 9110 section 8.8.3).
pub fn etag(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    // 96 bits: nobody gains by a page that looks like another of ours.
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12]))
}

/// Appends the answer to a request: the page, or why there is none. `page` is what is served at its path. Says
/// whether the connection is to be kept.
pub fn respond(
    request: &Request<'_>,
    page: Option<&Page<'_>>,
    now: WallTime,
    out: &mut Vec<u8>,
) -> bool {
    let keep = request.keeps_alive();
    let page = match (request.method, page) {
        (Method::Other, _) => return refuse(request, Status::MethodNotAllowed, now, out),
        (_, None) => return refuse(request, Status::NotFound, now, out),
        (_, Some(page)) => page,
    };
    let is_known = page.etag.is_some_and(|etag| {
        request
            .list("if-none-match")
            .any(|known| known == b"*" || without_weak(known) == etag.as_bytes())
    });
    let status = if is_known {
        Status::NotModified
    } else {
        Status::Ok
    };
    write_head(status, Some(now), keep, out);
    field(
        out,
        "Cache-Control",
        match page.cache {
            Cache::Revalidate => "no-cache",
            Cache::Never => "no-store",
        },
    );
    if let Some(etag) = page.etag {
        field(out, "ETag", etag);
    }
    if !is_known {
        write_entity(page.content_type, page.body.len(), out);
    }
    out.extend_from_slice(b"\r\n");
    if request.method == Method::Get && !is_known {
        out.extend_from_slice(&page.body);
    }
    keep
}

/// Appends a refusal of a request that was understood. Says whether the connection is to be kept.
pub fn refuse(request: &Request<'_>, status: Status, now: WallTime, out: &mut Vec<u8>) -> bool {
    let keep = request.keeps_alive();
    write_refusal(status, Some(now), keep, request.method != Method::Head, out);
    keep
}

/// Appends the answer to a caller for whom there is no room, before a request was read and whatever the time is (RFC 9110
/// section 6.6.1: such an answer needs no date).
pub fn turn_away(out: &mut Vec<u8>) {
    write_refusal(Status::ServiceUnavailable, None, false, true, out);
}

/// Appends a refusal to someone whose request was not understood, or not waited for. The connection is to be closed.
pub fn respond_early(status: Status, now: WallTime, out: &mut Vec<u8>) {
    write_refusal(status, Some(now), false, true, out);
}

fn write_refusal(
    status: Status,
    now: Option<WallTime>,
    keep: bool,
    with_body: bool,
    out: &mut Vec<u8>,
) {
    let (words, advice) = (status.line(), status.advice());
    write_head(status, now, keep, out);
    field(out, "Cache-Control", "no-store");
    // Lines, for whoever reads them at a terminal.
    write_entity(
        "text/plain; charset=utf-8",
        words.len() + 1 + advice.len(),
        out,
    );
    out.extend_from_slice(b"\r\n");
    if with_body {
        out.extend_from_slice(words.as_bytes());
        out.push(b'\n');
        out.extend_from_slice(advice.as_bytes());
    }
}

/// Appends the status line and the header fields that go with every answer.
fn write_head(status: Status, now: Option<WallTime>, keep: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.line().as_bytes());
    out.extend_from_slice(b"\r\n");
    if let Some(now) = now {
        field(out, "Date", &Imf(now).to_string());
    }
    out.extend_from_slice(status.fields().as_bytes());
    match (status, keep) {
        (Status::UpgradeRequired, true) => field(out, "Connection", "Upgrade"),
        (Status::UpgradeRequired, false) => field(out, "Connection", "Upgrade, close"),
        // Asked for by HTTP/1.0's clients, understood by all.
        (_, true) => field(out, "Connection", "keep-alive"),
        (_, false) => field(out, "Connection", "close"),
    }
    field(out, "Content-Security-Policy", POLICY);
    field(out, "X-Content-Type-Options", "nosniff");
    field(out, "Referrer-Policy", "no-referrer");
}

/// Appends one header field.
fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    for part in [name, ": ", value, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

fn write_entity(content_type: &str, length: usize, out: &mut Vec<u8>) {
    field(out, "Content-Type", content_type);
    field(out, "Content-Length", &length.to_string());
}

/// An entity tag without the mark of a weak one: whether two are the same content does not hang on it here (RFC 9110
/// section 13.1.2).
fn without_weak(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}
