//! Answers to requests: the status, the header fields that go with it, and the page itself.
//!
//! Everything served is safe to be looked at: no script but our own, no frame around it, no guess at its kind. Owns
//! the texts of statuses. Does not know which pages there are.

use super::{
    request::{Method, Request},
    status::Status,
};
use crate::{chat::WallTime, protocol::time::HttpDate};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

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
    // 96 bits: an attacker gains nothing by two pages with one tag.
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
    let persistence = Persistence::of(request);
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
    write_head(status, Some(now), persistence, out);
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
    persistence == Persistence::KeepAlive
}

/// Appends a refusal of a request that was understood. Says whether the connection is to be kept.
pub fn refuse(request: &Request<'_>, status: Status, now: WallTime, out: &mut Vec<u8>) -> bool {
    let persistence = Persistence::of(request);
    write_refusal(status, Some(now), persistence, request.method, out);
    persistence == Persistence::KeepAlive
}

/// Appends the answer to a client when the server is full, before a request was read and whatever the time is (RFC 9110
/// section 6.6.1: such an answer needs no date).
pub fn turn_away(out: &mut Vec<u8>) {
    write_refusal(
        Status::ServiceUnavailable,
        None,
        Persistence::Close,
        Method::Get,
        out,
    );
}

/// Appends a refusal of a request that was not understood, or not awaited. The connection is to be closed.
pub fn respond_early(status: Status, now: WallTime, out: &mut Vec<u8>) {
    write_refusal(status, Some(now), Persistence::Close, Method::Get, out);
}

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Persistence {
    Close,
    KeepAlive,
}

impl Persistence {
    fn of(request: &Request<'_>) -> Self {
        match request.keeps_alive() {
            true => Self::KeepAlive,
            false => Self::Close,
        }
    }
}

/// Appends a refusal; HEAD gets its header fields alone.
fn write_refusal(
    status: Status,
    now: Option<WallTime>,
    persistence: Persistence,
    method: Method,
    out: &mut Vec<u8>,
) {
    let (words, advice) = (status.line(), status.advice());
    write_head(status, now, persistence, out);
    field(out, "Cache-Control", "no-store");
    // Lines, for readers at a terminal.
    write_entity(
        "text/plain; charset=utf-8",
        words.len() + 1 + advice.len(),
        out,
    );
    out.extend_from_slice(b"\r\n");
    if method != Method::Head {
        out.extend_from_slice(words.as_bytes());
        out.push(b'\n');
        out.extend_from_slice(advice.as_bytes());
    }
}

/// Appends the status line and the header fields that go with every answer.
fn write_head(status: Status, now: Option<WallTime>, persistence: Persistence, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.line().as_bytes());
    out.extend_from_slice(b"\r\n");
    if let Some(now) = now {
        field(out, "Date", &HttpDate(now).to_string());
    }
    out.extend_from_slice(status.fields().as_bytes());
    match (status, persistence) {
        (Status::UpgradeRequired, Persistence::KeepAlive) => field(out, "Connection", "Upgrade"),
        (Status::UpgradeRequired, Persistence::Close) => field(out, "Connection", "Upgrade, close"),
        // Asked for by HTTP/1.0's clients, understood by all.
        (_, Persistence::KeepAlive) => field(out, "Connection", "keep-alive"),
        (_, Persistence::Close) => field(out, "Connection", "close"),
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
