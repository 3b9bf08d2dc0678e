//! How a request ended: statuses, their texts, and the header fields that go with them.

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
    /// 411: a body without a length in the head.
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
    /// Its number and text (RFC 9110 section 15, RFC 6585).
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

    /// Advice to the reader of the answer; a line, or nothing.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::MisdirectedRequest => {
                "This server does not know itself by the name in that address. Whoever runs it can add the name to \
                 hosts in the section [web] of its configuration.\n"
            }
            _ => "",
        }
    }

    /// The header fields that this status calls for.
    pub(super) fn fields(self) -> &'static str {
        match self {
            Self::MethodNotAllowed => "Allow: GET, HEAD\r\n",
            Self::UpgradeRequired => "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            // A minute: long enough that a crowd of waiting pages is no load.
            Self::ServiceUnavailable => "Retry-After: 60\r\n",
            _ => "",
        }
    }
}
