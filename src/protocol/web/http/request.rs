//! One request: its method and target, and the header fields by name.
//!
//! Invariant: a [`Request`] was checked where a mistake could mean two things: one version that we speak, exactly one
//! host in HTTP/1.1, a target that is a path. Borrows the head. Does not know which paths there are.

use super::status::Status;
use httparse::{EMPTY_HEADER, Error, Header};

/// The most header fields. Browsers send some 15.
pub const HEADERS_MAX: usize = 32;

/// The method, as far as it makes a difference here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The page.
    Get,
    /// What would come with the page, but not the page.
    Head,
    /// Anything else: none of it is done here.
    Other,
}

/// The version of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// One request for each connection, unless the client asks for more.
    Http10,
    /// Any number of requests, unless one side ends that.
    Http11,
}

/// One request without its body.
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The target's path as it was written, percent signs included; `*` means the whole server.
    pub path: &'a str,
    /// The text after the target's `?`.
    pub query: Option<&'a str>,
    /// Its version.
    pub version: Version,
    /// Host and port that the client thinks it is talking to, as it wrote them. HTTP/1.0 has no need of it.
    pub host: Option<&'a str>,
    /// Its answer is the last on this connection, whatever the client wants.
    is_last: bool,
    headers: [Header<'a>; HEADERS_MAX],
    header_count: usize,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl<'a> Request<'a> {
    /// Reads a head that was found to be whole.
    pub(super) fn parse(head: &'a [u8]) -> Result<Self, Status> {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut parser = httparse::Request::new(&mut headers);
        match parser.parse(head) {
            Ok(httparse::Status::Complete(length)) if length == head.len() => {}
            // The parser sees another end than we do.
            Ok(_) => return Err(Status::BadRequest),
            Err(Error::TooManyHeaders) => return Err(Status::HeadTooLarge),
            // The version was looked at before: the mistake is a superfluous word in front of it.
            Err(_) => return Err(Status::BadRequest),
        }
        let method = match parser.method {
            Some("GET") => Method::Get,
            Some("HEAD") => Method::Head,
            _ => Method::Other,
        };
        let version = match parser.version {
            Some(0) => Version::Http10,
            _ => Version::Http11,
        };
        let target = parser.path.unwrap_or_default();
        let header_count = parser.headers.len();
        let mut request = Self {
            method,
            path: "*",
            query: None,
            version,
            host: None,
            is_last: false,
            headers,
            header_count,
        };
        request.host = request.only_host()?;
        request.take_target(target)?;
        Ok(request)
    }

    /// The host: exactly one in HTTP/1.1 (RFC 9112 section 3.2).
    fn only_host(&self) -> Result<Option<&'a str>, Status> {
        let mut hosts = self.all("host");
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host,
            (None, _) if self.version == Version::Http10 => return Ok(None),
            _ => return Err(Status::BadRequest),
        };
        let fit = |byte: &u8| byte.is_ascii_graphic() && !b"/?#@\\,\"<>".contains(byte);
        match std::str::from_utf8(host) {
            Ok(text) if host.iter().all(fit) => Ok(Some(text)),
            _ => Err(Status::BadRequest),
        }
    }

    /// The forms of a target (RFC 9112 section 3.2): a path; a whole URL, as proxies are sent it; the server itself.
    fn take_target(&mut self, target: &'a str) -> Result<(), Status> {
        let path = match strip_scheme(target) {
            Some(rest) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                // It counts more than the header field.
                self.host = Some(&rest[..end]).filter(|host| !host.is_empty());
                if self.host.is_none() || rest[..end].contains('@') {
                    return Err(Status::BadRequest);
                }
                match &rest[end..] {
                    "" => "/",
                    path => path,
                }
            }
            // What CONNECT has for a target is not looked at: it is refused for its method.
            None if target == "*" || self.method == Method::Other => return Ok(()),
            None => target,
        };
        let (path, query) = match path.split_once('?') {
            Some(("", query)) => ("/", Some(query)),
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        if !path.starts_with('/') || path.contains('#') {
            return Err(Status::BadRequest);
        }
        (self.path, self.query) = (path, query);
        Ok(())
    }

    /// The value of the first header field of this name (in lower case), without white space around it.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The values of all header fields of this name.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        let headers = self.headers[..self.header_count].iter();
        headers
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.trim_ascii())
    }

    /// Whether there is a header field of this name.
    pub fn has(&self, name: &str) -> bool {
        self.header(name).is_some()
    }

    /// All header fields as they came, names and values: for the handshake of WebSocket.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + '_ {
        let headers = self.headers[..self.header_count].iter();
        headers.map(|header| (header.name, header.value))
    }

    /// The parts of a header field that is a list, those of all fields of this name one after the other (RFC 9110
    /// section 5.6.1).
    pub fn list<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        let parts = self
            .all(name)
            .flat_map(|value| value.split(|byte| *byte == b','));
        parts
            .map(<[u8]>::trim_ascii)
            .filter(|part| !part.is_empty())
    }

    /// Whether such a list has this part, whatever its case.
    pub fn lists(&self, name: &str, part: &str) -> bool {
        self.list(name)
            .any(|found| found.eq_ignore_ascii_case(part.as_bytes()))
    }

    /// Ends the connection with the answer to this request, which announces it (RFC 9112 section 9.6).
    pub fn end_with_it(&mut self) {
        self.is_last = true;
    }

    /// Whether the connection is kept: the client wants it, and so do we (RFC 9112 section 9.3). A client that waits for
    /// a go-ahead before its body (`Expect`) gets its answer at once; the body may still come or not, so the connection
    /// ends.
    pub fn keeps_alive(&self) -> bool {
        let wants = match self.version {
            Version::Http10 => self.lists("connection", "keep-alive"),
            Version::Http11 => true,
        };
        wants && !self.is_last && !self.lists("connection", "close") && !self.has("expect")
    }
}

/// Whether a request line names a version that we speak, as far as it alone shows that.
pub(super) fn check_line(line: &[u8]) -> Result<(), Status> {
    let mut words = line.rsplit(|byte| *byte == b' ');
    match words.next() {
        Some(b"HTTP/1.1" | b"HTTP/1.0") => Ok(()),
        Some(last) if last.starts_with(b"HTTP/") => Err(Status::VersionNotSupported),
        // HTTP/0.9, or no HTTP at all.
        _ => Err(Status::BadRequest),
    }
}

/// What follows the scheme of a URL of the web.
fn strip_scheme(target: &str) -> Option<&str> {
    ["http://", "https://"].iter().find_map(|scheme| {
        let start = target.get(..scheme.len())?;
        start
            .eq_ignore_ascii_case(scheme)
            .then(|| &target[scheme.len()..])
    })
}
