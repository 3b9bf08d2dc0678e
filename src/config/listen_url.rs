//! The form of a listener's URL, `any://127.0.0.1:7777?backlog=4096` or `irc+unix:///run/madang/irc.sock`, and of the
//! name of a passed socket.

use super::{
    error::Invalid,
    host::{parse_host_port, split_url},
    listen::{Endpoint, ListenUrl, SocketOptions},
    scheme::{DEFAULT_PORT, Scheme, Transport},
};
use std::{path::PathBuf, str::FromStr};

impl FromStr for ListenUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let Some((scheme, rest)) = split_url(text) else {
            let example = format!("any://127.0.0.1:{DEFAULT_PORT}");
            return Err(Invalid::new(format!("not a URL; write it like {example}")));
        };
        let (place, query) = match rest.split_once('?') {
            Some((place, query)) => (place, Some(query)),
            None => (rest, None),
        };
        let mut listen = match unix_scheme(scheme)? {
            Some(scheme) => Self::at_path(scheme, unix_path(place)?),
            None => Self::at_authority(scheme.parse()?, place)?,
        };
        if let Some(query) = query {
            listen.read_query(query)?;
        }
        Ok(listen)
    }
}

/// What follows a protocol that is spoken at a Unix socket.
const UNIX: &str = "unix";

/// The longest path that fits into a socket's address, on Linux with its final NUL in 108 bytes and elsewhere in 104.
const PATH_BYTES_MAX: usize = 103;

/// Reads the scheme of a Unix socket: `unix`, where the first bytes choose the protocol, or `irc+unix`; `None` if it is
/// that of an address.
fn unix_scheme(text: &str) -> Result<Option<Scheme>, Invalid> {
    if text.eq_ignore_ascii_case(UNIX) {
        return Ok(Some(Scheme::Any));
    }
    let (scheme, transport) = text.rsplit_once('+').unwrap_or((text, ""));
    if !transport.eq_ignore_ascii_case(UNIX) {
        return Ok(None);
    }
    let scheme: Scheme = scheme.parse()?;
    match scheme.transport() {
        Transport::Udp => Err(Invalid::new(
            "a Unix socket here carries streams; echo+unix is one",
        )),
        Transport::Tcp | Transport::Unix => Ok(Some(scheme)),
    }
}

fn unix_path(text: &str) -> Result<PathBuf, Invalid> {
    let example = "write it like unix:///run/madang/irc.sock";
    if !text.starts_with('/') || text.ends_with('/') {
        let message = format!("a Unix socket is named by the absolute path of a file; {example}");
        return Err(Invalid::new(message));
    }
    if text.chars().any(char::is_control) {
        return Err(Invalid::new("the path has control characters in it"));
    }
    if text.len() > PATH_BYTES_MAX {
        let message =
            format!("the path is too long for a Unix socket; {PATH_BYTES_MAX} bytes is the most");
        return Err(Invalid::new(message));
    }
    Ok(text.into())
}

impl ListenUrl {
    fn at_authority(scheme: Scheme, authority: &str) -> Result<Self, Invalid> {
        // URLs that were copied from a browser end with a slash.
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.is_empty() || authority.starts_with(':') && !authority.starts_with("::") {
            let remedy = "the host is missing; 0.0.0.0 is every IPv4 address, [::] every address";
            return Err(Invalid::new(remedy));
        }
        let (host, port) = parse_host_port(authority, scheme.default_port())?;
        Ok(Self::new(scheme, host, port))
    }

    /// The listener of a socket that was passed to us. Its name is a scheme (`irc`), with options if need be
    /// (`irc?nodelay=false`), or a URL of which only scheme and options count; a service manager allows no colons, so
    /// they are written `%3A`. With any other name, or without one, the first bytes of a connection choose the
    /// protocol.
    ///
    /// # Errors
    /// The scheme does not exist over this transport, or an option is wrong.
    pub fn of_socket(name: &str, local: Endpoint, transport: Transport) -> Result<Self, Invalid> {
        let name = name.replace("%3A", ":").replace("%3a", ":");
        let (rest, query) = match name.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (&*name, None),
        };
        let scheme = split_url(rest).map_or(rest, |(scheme, _)| scheme);
        let scheme = match unix_scheme(scheme) {
            Ok(Some(scheme)) if transport == Transport::Unix => scheme.name(),
            _ => scheme,
        };
        let (scheme, query) = match scheme.parse::<Scheme>() {
            Ok(scheme) => (scheme, query),
            Err(_) if transport != Transport::Udp => (Scheme::Any, None),
            Err(_) => return Err(Invalid::new("a UDP socket has to be named echo+udp")),
        };
        if (scheme.transport() == Transport::Udp) != (transport == Transport::Udp) {
            let by = match transport {
                Transport::Tcp => "TCP",
                Transport::Udp => "UDP",
                Transport::Unix => "a Unix socket",
            };
            let message = format!("{} cannot be spoken over {by}", scheme.name());
            return Err(Invalid::new(message));
        }
        let mut listen = Self {
            scheme,
            endpoint: local,
            options: SocketOptions::new(transport),
        };
        if let Some(query) = query {
            listen.read_query(query)?;
        }
        Ok(listen)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::proxy_peer::ProxyPeer, *};
    use std::net::SocketAddr;

    fn at_nine() -> Endpoint {
        Endpoint::Inet {
            host: "127.0.0.1".parse().unwrap(),
            port: 9,
        }
    }

    fn message(text: &str) -> String {
        match text.parse::<ListenUrl>() {
            Ok(listen) => format!("ok: {listen}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_name_of_a_socket_chooses_its_protocol() {
        use Transport::{Tcp, Udp, Unix};
        for (name, transport, expected) in [
            ("irc", Tcp, "ok: irc://127.0.0.1:9"),
            ("IRC", Tcp, "ok: irc://127.0.0.1:9"),
            ("irc?nodelay=false", Tcp, "ok: irc://127.0.0.1:9"),
            ("irc%3A//0.0.0.0%3a6667", Tcp, "ok: irc://127.0.0.1:9"),
            ("irc://h:1?backlog=5", Tcp, "ok: irc://127.0.0.1:9"),
            ("metrics", Tcp, "ok: metrics://127.0.0.1:9"),
            ("madang.socket", Tcp, "ok: any://127.0.0.1:9"),
            ("unknown?x=y", Tcp, "ok: any://127.0.0.1:9"),
            ("", Tcp, "ok: any://127.0.0.1:9"),
            ("echo+udp", Udp, "ok: echo+udp://127.0.0.1:9"),
            ("", Udp, "a UDP socket has to be named echo+udp"),
            ("irc", Udp, "irc cannot be spoken over UDP"),
            ("echo+udp", Tcp, "echo+udp cannot be spoken over TCP"),
            ("irc", Unix, "ok: irc+unix:///run/x"),
            ("irc+unix", Unix, "ok: irc+unix:///run/x"),
            ("unix?backlog=5", Unix, "ok: unix:///run/x"),
            ("madang.socket", Unix, "ok: unix:///run/x"),
            (
                "echo+udp",
                Unix,
                "echo+udp cannot be spoken over a Unix socket",
            ),
            (
                "irc?nodelay=x",
                Tcp,
                "option nodelay=x: it is either true or false",
            ),
        ] {
            let local = match transport {
                Unix => Endpoint::Unix("/run/x".into()),
                Tcp | Udp => at_nine(),
            };
            let found = match ListenUrl::of_socket(name, local, transport) {
                Ok(listen) => format!("ok: {listen}"),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{name:?}");
        }
        let local = at_nine();
        let listen = ListenUrl::of_socket("irc://h:1?backlog=5", local, Tcp).unwrap();
        assert_eq!(listen.options.backlog, 5);
    }

    #[test]
    fn good_urls_are_parsed() {
        for (text, expected) in [
            ("any://127.0.0.1:7777", "any://127.0.0.1:7777"),
            ("any://127.0.0.1", "any://127.0.0.1:7777"),
            ("ANY://127.0.0.1", "any://127.0.0.1:7777"),
            ("any://localhost:0/", "any://localhost:0"),
            ("telnet://[::]:23", "telnet://[::]:23"),
            ("telnet://[0:0::1]", "telnet://[::1]:7777"),
            ("echo://0.0.0.0", "echo://0.0.0.0:7"),
            ("echo+udp://0.0.0.0?reuseport=true", "echo+udp://0.0.0.0:7"),
            ("unix:///run/madang/a.sock", "unix:///run/madang/a.sock"),
            ("any+unix:///a", "unix:///a"),
            ("IRC+Unix:///a?mode=0600", "irc+unix:///a"),
            ("echo+unix:///a b", "echo+unix:///a b"),
        ] {
            assert_eq!(message(text), format!("ok: {expected}"), "{text:?}");
        }
    }

    #[test]
    fn bad_urls_are_explained() {
        let urls = [
            "127.0.0.1:7777",
            "",
            "telnt://127.0.0.1",
            "gopher://127.0.0.1",
            "any://",
            "any://:7777",
            "any://::1",
            "any://[::1",
            "any://127.0.0.1:70000",
            "any://me@127.0.0.1",
            "any://127.0.0.1/path",
            "any://x?",
            "any://x?baklog=1",
            "any://x?backlog",
            "any://x?backlog=0",
            "any://x?backlog=5&backlog=6",
            "any://x?nodelay=1",
            "any://x?sndbuf=1MB",
            "any://x?sndbuf=-1",
            "echo+udp://x?backlog=5",
            "any://[::]?v6only=1",
            "unix://relative/path",
            "unix:///directory/",
            "irc+unix://",
            "irk+unix:///a",
            "echo+udp+unix:///a",
            "unix:///a?nodelay=true",
            "unix:///a?mode=0999",
            "unix:///a?mode=1660",
            "any://x?mode=0600",
            "any://x?proxy=192.0.2.0/33",
            "any://x?proxy=unix",
            "any://x?proxy=",
            "unix:///a?proxy=192.0.2.0/24",
            "echo+udp://x?proxy=192.0.2.0/24",
        ];
        let said = urls.map(|url| format!("{url}\n    {}\n", message(url)));
        insta::assert_snapshot!(said.concat());
    }

    #[test]
    fn options_in_the_query_are_read() {
        let text = "any://x?backlog=4096&nodelay=false&keepalive=false&sndbuf=65536&rcvbuf=64KiB\
                    &reuseport=true&reuseaddr=false&v6only=false&proxy=192.0.2.0/24,::1&proxy_protocol=false";
        let listen: ListenUrl = text.parse().unwrap();
        let expected = SocketOptions {
            backlog: 4096,
            keepalive: false,
            mode: None,
            proxy: vec![
                ProxyPeer::Network("192.0.2.0/24".parse().unwrap()),
                ProxyPeer::Network("::1".parse().unwrap()),
            ],
            proxy_protocol: Some(false),
            nodelay: false,
            rcvbuf: Some(65536),
            reuseaddr: false,
            reuseport: true,
            sndbuf: Some(65536),
            v6only: Some(false),
        };
        assert_eq!(listen.options, expected);
    }

    #[test]
    fn the_real_port_replaces_zero() {
        let listen: ListenUrl = "any://[::1]:0?backlog=7".parse().unwrap();
        let real = listen.at("[::1]:4711".parse().unwrap());
        assert_eq!(real.to_string(), "any://[::1]:4711");
        assert_eq!(real.options.backlog, 7);
    }

    #[test]
    fn literal_addresses_are_not_looked_up() {
        let resolve = |text: &str| text.parse::<ListenUrl>().unwrap().resolve();
        let expected: SocketAddr = "[::1]:5".parse().unwrap();
        assert_eq!(resolve("any://[::1]:5").unwrap(), [expected]);
        // Reserved never to exist by RFC 6761.
        assert!(resolve("any://madang.invalid:5").is_err());
    }

    #[test]
    fn localhost_is_both_loopback_addresses() {
        let expected: [SocketAddr; 2] = ["127.0.0.1:5", "[::1]:5"].map(|ip| ip.parse().unwrap());
        for text in ["any://localhost:5", "any://LocalHost.:5"] {
            assert_eq!(
                text.parse::<ListenUrl>().unwrap().resolve().unwrap(),
                expected
            );
        }
    }

    #[test]
    fn ipv4_is_left_to_a_listener_for_all_of_ipv4() {
        let url = |text: &str| text.parse::<ListenUrl>().unwrap();
        for (text, other, expected) in [
            ("any://[::]:5", "irc://0.0.0.0:5", true),
            ("any://[::]:5?v6only=false", "any://0.0.0.0:5", false),
            ("any://[::]:5?v6only=true", "any://0.0.0.0:6", true),
            ("any://[::]:5", "any://0.0.0.0:6", false),
            ("any://[::]:5", "any://127.0.0.1:5", false),
            ("any://[::]:5", "echo+udp://0.0.0.0:5", false),
            // The system gives each listener a port of its own.
            ("any://[::]:0", "any://0.0.0.0:0", false),
        ] {
            let found = url(text).is_v6only_beside(&[url(other)]);
            assert_eq!(found, expected, "{text} beside {other}");
        }
    }

    #[test]
    fn listeners_for_the_same_peers_conflict() {
        let url = |text: &str| text.parse::<ListenUrl>().unwrap();
        for (one, other, expected) in [
            ("any://[::]:5", "irc://127.0.0.1:5", true),
            ("any://[::]:5", "irc://0.0.0.0:5", true),
            ("any://[::]:5", "irc://[::1]:5", true),
            ("any://[::]:5", "irc://[fe80::1%2]:5", true),
            ("any://[::]:5?v6only=true", "irc://127.0.0.1:5", false),
            ("any://0.0.0.0:5", "irc://127.0.0.1:5", true),
            ("any://0.0.0.0:5", "irc://[::1]:5", false),
            ("any://127.0.0.1:5", "irc://127.0.0.1:5", true),
            ("any://127.0.0.1:5", "irc://127.0.0.2:5", false),
            ("any://127.0.0.1:5", "irc://127.0.0.1:6", false),
            ("any://127.0.0.1:5", "echo+udp://127.0.0.1:5", false),
            ("any://[fe80::1%2]:5", "irc://[fe80::1%3]:5", false),
        ] {
            for (one, other) in [(one, other), (other, one)] {
                let found = url(one).is_in_the_way_of(&url(other));
                assert_eq!(found, expected, "{one} and {other}");
            }
        }
    }

    #[test]
    fn proxies_of_the_web_speak_http_and_others_the_proxy_protocol() {
        for (text, expected) in [
            ("any://x?proxy=::1", true),
            ("ircs://x?proxy=::1", true),
            ("http://x?proxy=::1", false),
            ("https+unix:///x?proxy=unix,10.0.0.0/8", false),
            ("https://x?proxy=::1&proxy_protocol=true", true),
            ("any://x?proxy_protocol=false", false),
        ] {
            let url: ListenUrl = text.parse().unwrap();
            assert_eq!(url.has_proxy_header(), expected, "{text}");
        }
    }

    #[test]
    fn an_ipv6_listener_may_be_dual_stack() {
        let both = |text: &str| text.parse::<ListenUrl>().unwrap().is_dual_stack();
        assert!(both("any://[::]"));
        assert!(!both("any://[::1]") && !both("any://0.0.0.0"));
        assert!(!both("any://[::]?v6only=true") && both("any://[::]?v6only=false"));
    }
}
