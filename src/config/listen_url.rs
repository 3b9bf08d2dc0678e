//! The form of a listener's URL, `any://127.0.0.1:7777?backlog=4096`, and of the name of a passed socket.

use super::{
    error::Invalid,
    host::{Host, parse_host_port, split_url},
    listen::ListenUrl,
    scheme::{DEFAULT_PORT, Scheme, Transport},
};
use std::{net::SocketAddr, str::FromStr};

impl FromStr for ListenUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let Some((scheme, rest)) = split_url(text) else {
            let example = format!("any://127.0.0.1:{DEFAULT_PORT}");
            return Err(Invalid::new(format!("not a URL; write it like {example}")));
        };
        let scheme: Scheme = scheme.parse()?;
        let (authority, query) = match rest.split_once('?') {
            Some((authority, query)) => (authority, Some(query)),
            None => (rest, None),
        };
        // URLs that were copied from a browser end with a slash.
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.is_empty() || authority.starts_with(':') && !authority.starts_with("::") {
            let remedy = "the host is missing; 0.0.0.0 is every IPv4 address, [::] every address";
            return Err(Invalid::new(remedy));
        }
        let (host, port) = parse_host_port(authority, scheme.default_port())?;
        let mut listen = Self::new(scheme, host, port);
        if let Some(query) = query {
            listen.read_query(query)?;
        }
        Ok(listen)
    }
}

impl ListenUrl {
    /// The listener of a socket that was passed to us. Its name is a scheme (`irc`), with options if need be
    /// (`irc?nodelay=false`), or a URL of which only scheme and options count; a service manager allows no colons, so
    /// they are written `%3A`. With any other name, or without one, the first bytes of a connection choose the
    /// protocol.
    ///
    /// # Errors
    /// The scheme does not exist over this transport, or an option is wrong.
    pub fn of_socket(name: &str, local: SocketAddr, transport: Transport) -> Result<Self, Invalid> {
        let name = name.replace("%3A", ":").replace("%3a", ":");
        let (rest, query) = match name.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (&*name, None),
        };
        let scheme = split_url(rest).map_or(rest, |(scheme, _)| scheme);
        let (scheme, query) = match scheme.parse::<Scheme>() {
            Ok(scheme) => (scheme, query),
            Err(_) if transport == Transport::Tcp => (Scheme::Any, None),
            Err(_) => return Err(Invalid::new("a UDP socket has to be named echo+udp")),
        };
        if scheme.transport() != transport {
            let by = format!("{transport:?}").to_uppercase();
            let message = format!("{} cannot be spoken over {by}", scheme.name());
            return Err(Invalid::new(message));
        }
        let mut listen = Self::new(scheme, Host::Ip(local.ip()), local.port());
        if let Some(query) = query {
            listen.read_query(query)?;
        }
        Ok(listen)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::listen::SocketOptions, *};

    fn message(text: &str) -> String {
        match text.parse::<ListenUrl>() {
            Ok(listen) => format!("ok: {listen}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_name_of_a_socket_chooses_its_protocol() {
        use Transport::{Tcp, Udp};
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
            (
                "irc?nodelay=x",
                Tcp,
                "option nodelay=x: it is either true or false",
            ),
        ] {
            let local = "127.0.0.1:9".parse().unwrap();
            let found = match ListenUrl::of_socket(name, local, transport) {
                Ok(listen) => format!("ok: {listen}"),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{name:?}");
        }
        let local = "127.0.0.1:9".parse().unwrap();
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
        ];
        let said = urls.map(|url| format!("{url}\n    {}\n", message(url)));
        insta::assert_snapshot!(said.concat());
    }

    #[test]
    fn options_in_the_query_are_read() {
        let text = "any://x?backlog=4096&nodelay=false&keepalive=false&sndbuf=65536&rcvbuf=64KiB\
                    &reuseport=true&reuseaddr=false&v6only=false";
        let listen: ListenUrl = text.parse().unwrap();
        let expected = SocketOptions {
            backlog: 4096,
            keepalive: false,
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
        let real = listen.with_port(4711);
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
    fn an_ipv6_listener_may_be_dual_stack() {
        let both = |text: &str| text.parse::<ListenUrl>().unwrap().is_dual_stack();
        assert!(both("any://[::]"));
        assert!(!both("any://[::1]") && !both("any://0.0.0.0"));
        assert!(!both("any://[::]?v6only=true") && both("any://[::]?v6only=false"));
    }
}
