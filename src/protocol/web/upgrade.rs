//! From HTTP to WebSocket: whether a request asks for it, may have it, and which subprotocol is spoken then.
//!
//! Decides; the bytes of the handshake are `websocket/handshake.rs`'s. A browser sends with every upgrade which page
//! it is on (`Origin`), and only that keeps pages of other sites from chatting in the name of their readers
//! (RFC 6455 section 10.2). Programs send nothing, and could send anything.

use super::{
    http::{Method, Request, Status, Version},
    websocket::{
        Kind,
        handshake::{self, Refusal},
    },
};

/// Where WebSocket is spoken: beside the page, so that one URL is enough, and where nothing else is.
const PATHS: [&str; 2] = ["/", ALONE];

/// Where nothing else is served.
const ALONE: &str = "/ws";

/// Subprotocols (IRCv3 websocket), and the kind of the messages that carry them.
const PROTOCOLS: [(&str, Kind); 2] = [
    ("binary.ircv3.net", Kind::Binary),
    ("text.ircv3.net", Kind::Text),
];

/// The decision about a request, as far as WebSocket is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// It asks for something else.
    NotAsked,
    /// The answer was appended; what follows are messages of this kind.
    Accepted(Kind),
    /// It asks in a wrong way, or for what it may not have.
    Refused(Status),
}

/// Looks at a request, and answers if it is an upgrade in order. `others` are origins that are welcome beside this
/// host's own; `*` is any.
pub fn upgrade(request: &Request<'_>, others: &[Box<str>], out: &mut Vec<u8>) -> Upgrade {
    if request.method == Method::Other || !PATHS.contains(&request.path) {
        return Upgrade::NotAsked;
    }
    let is_able = request.method == Method::Get && request.version == Version::Http11;
    let asked = match handshake::read_request(request.fields()) {
        Ok(asked) if is_able => asked,
        Ok(_) | Err(Refusal::NotAsked) if request.path != ALONE => return Upgrade::NotAsked,
        Ok(_) | Err(Refusal::NotAsked | Refusal::Version) => {
            return Upgrade::Refused(Status::UpgradeRequired);
        }
        Err(Refusal::Key) => return Upgrade::Refused(Status::BadRequest),
    };
    if request.header("content-length").unwrap_or(b"0") != b"0" {
        // Is what follows a body, or the first message?
        return Upgrade::Refused(Status::BadRequest);
    }
    if asked
        .origin
        .is_some_and(|origin| !is_welcome(origin, request.host, others))
    {
        return Upgrade::Refused(Status::Forbidden);
    }
    // The client names first what it likes best.
    let find = |name: &&str| PROTOCOLS.into_iter().find(|(known, _)| known == name);
    let chosen = asked.protocols().iter().find_map(find);
    asked.accept(chosen.map(|(name, _)| name), out);
    Upgrade::Accepted(chosen.map_or(Kind::Text, |(_, kind)| kind))
}

/// Whether a page of this origin may speak with us: a page of our own host, or one that the host named.
fn is_welcome(origin: &str, host: Option<&str>, others: &[Box<str>]) -> bool {
    // Browsers leave a default port out; the configuration may have it.
    let bare = bare_origin(origin);
    let mut others = others.iter().map(|other| &**other);
    if others.any(|other| other == "*" || bare.eq_ignore_ascii_case(bare_origin(other))) {
        return true;
    }
    let (Some((scheme, authority)), Some(host)) = (bare.split_once("://"), host) else {
        return false;
    };
    let Some(port) = default_port(scheme) else {
        return false;
    };
    authority.eq_ignore_ascii_case(host.strip_suffix(port).unwrap_or(host))
}

/// The port that a URL of this scheme need not name.
fn default_port(scheme: &str) -> Option<&'static str> {
    match scheme {
        "http" => Some(":80"),
        "https" => Some(":443"),
        _ => None,
    }
}

/// An origin without its scheme's default port (RFC 6454 section 6.1).
fn bare_origin(origin: &str) -> &str {
    let scheme = origin.split_once("://").map(|(scheme, _)| scheme);
    let port = scheme.and_then(default_port);
    port.and_then(|port| origin.strip_suffix(port))
        .unwrap_or(origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        Decoded,
        web::http::{Http, Step},
    };

    const ASKED: &str = "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    /// What becomes of an upgrade with these lines, in order, for a server that welcomes `others` too; and the
    /// subprotocol that was answered.
    fn ask(line: &str, fields: &str, others: &[&str]) -> (Upgrade, Option<String>) {
        let head = format!("{line}\r\nHost: chat.example:8080\r\n{fields}\r\n");
        let Decoded { item: step, .. } = Http::default().next(head.as_bytes(), &mut 0);
        let Step::Request(request) = step else {
            panic!("{step:?}")
        };
        let others: Vec<Box<str>> = others.iter().map(|&other| other.into()).collect();
        let mut out = Vec::new();
        let upgrade = upgrade(&request, &others, &mut out);
        let answer = String::from_utf8(out).unwrap();
        let is_answered = answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\n");
        assert_eq!(matches!(upgrade, Upgrade::Accepted(_)), is_answered);
        assert_eq!(answer.is_empty(), !is_answered);
        let chosen = answer.lines();
        let chosen = chosen.filter_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "));
        (upgrade, chosen.map(str::to_owned).next())
    }

    const ACCEPTED: Upgrade = Upgrade::Accepted(Kind::Text);

    #[track_caller]
    fn check(line: &str, fields: &str, expected: Upgrade) {
        assert_eq!(ask(line, fields, &[]).0, expected);
    }

    #[test]
    fn both_paths_are_upgraded_and_only_by_get() {
        let refused = |status| Upgrade::Refused(status);
        check("GET / HTTP/1.1", ASKED, ACCEPTED);
        check("GET /ws?x HTTP/1.1", ASKED, ACCEPTED);
        check("GET /wsx HTTP/1.1", ASKED, Upgrade::NotAsked);
        check("GET / HTTP/1.1", "", Upgrade::NotAsked);
        check("GET /ws HTTP/1.1", "", refused(Status::UpgradeRequired));
        check("HEAD / HTTP/1.1", ASKED, Upgrade::NotAsked);
        check("HEAD /ws HTTP/1.1", ASKED, refused(Status::UpgradeRequired));
        check("GET /ws HTTP/1.0", ASKED, refused(Status::UpgradeRequired));
        check("POST /ws HTTP/1.1", ASKED, Upgrade::NotAsked);
    }

    #[test]
    fn an_upgrade_has_to_be_in_order() {
        let refused = |status| Upgrade::Refused(status);
        let other_version = ASKED.replace("13", "8");
        check(
            "GET / HTTP/1.1",
            &other_version,
            refused(Status::UpgradeRequired),
        );
        let bad_key = ASKED.replace("dGhl", "");
        check("GET / HTTP/1.1", &bad_key, refused(Status::BadRequest));
        let with_body = format!("{ASKED}Content-Length: 1\r\n");
        check("GET / HTTP/1.1", &with_body, refused(Status::BadRequest));
        let without_body = format!("{ASKED}Content-Length: 0\r\n");
        check("GET / HTTP/1.1", &without_body, ACCEPTED);
    }

    #[test]
    fn the_clients_first_acceptable_subprotocol_wins() {
        let chosen = |protocols: &str| {
            let fields = format!("{ASKED}Sec-WebSocket-Protocol: {protocols}\r\n");
            ask("GET / HTTP/1.1", &fields, &[])
        };
        let (text, binary) = ("text.ircv3.net", "binary.ircv3.net");
        let both = format!("x, {binary}, {text}");
        assert_eq!(
            chosen(&both),
            (Upgrade::Accepted(Kind::Binary), Some(binary.into()))
        );
        let both = format!("{text},{binary}");
        assert_eq!(chosen(&both), (ACCEPTED, Some(text.into())));
        assert_eq!(chosen("soap, wamp"), (ACCEPTED, None));
    }

    #[track_caller]
    fn check_origin(origin: &str, others: &[&str], expected: bool) {
        let fields = format!("{ASKED}Origin: {origin}\r\n");
        let (found, _) = ask("GET / HTTP/1.1", &fields, others);
        let expected = match expected {
            true => ACCEPTED,
            false => Upgrade::Refused(Status::Forbidden),
        };
        assert_eq!(found, expected, "{origin}");
    }

    #[test]
    fn pages_of_this_host_and_of_those_named_are_welcome() {
        check_origin("http://chat.example:8080", &[], true);
        check_origin("https://Chat.Example:8080", &[], true);
        check_origin("http://chat.example", &[], false);
        check_origin("http://chat.example:8081", &[], false);
        check_origin("http://evil.example:8080", &[], false);
        check_origin("http://chat.example:8080.evil.example", &[], false);
        check_origin("ftp://chat.example:8080", &[], false);
        check_origin("null", &[], false);
        check_origin("", &[], false);
        let named = ["https://a.example", "https://b.example"];
        check_origin("https://b.example", &named, true);
        check_origin("http://b.example", &named, false);
        check_origin("http://chat.example:8080", &named, true);
        check_origin("null", &["*"], true);
    }

    #[test]
    fn a_default_port_may_be_given_or_not() {
        assert!(is_welcome("http://a", Some("a:80"), &[]));
        assert!(is_welcome("https://a:443", Some("a"), &[]));
        assert!(!is_welcome("http://a", Some("a:443"), &[]));
        let named = ["https://b:443".into(), "http://c".into()];
        assert!(is_welcome("https://b", Some("a"), &named));
        assert!(is_welcome("http://c:80", Some("a"), &named));
        assert!(!is_welcome("http://b", Some("a"), &named));
        assert!(!is_welcome("http://c:443", Some("a"), &named));
        assert!(!is_welcome("http://a", None, &[]));
    }
}
