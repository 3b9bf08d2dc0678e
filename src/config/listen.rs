//! Where to listen, for what, and with which socket options: `any://127.0.0.1:7777?backlog=4096`.
//!
//! Owns the form of the URL and the defaults of the socket options; their rows stand in `keys`, and the query of a URL and the
//! keys of `[[listen]]` share them. Opens no sockets; [`ListenUrl::resolve`] asks the system's resolver, nothing else does I/O.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    str::FromStr,
};

use super::{
    DEFAULT_PORT, Host, Invalid, Scheme, Transport,
    error::{Listing, suggest},
    field::Raw,
    host::parse_host_port,
    keys::LISTEN_OPTIONS,
};

/// How a listening socket and the connections it accepts are set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// How many connections may wait to be accepted; the kernel may cut it (Linux: `net.core.somaxconn`). TCP only.
    pub backlog: u32,
    /// `SO_KEEPALIVE` on accepted connections: a vanished peer is noticed. TCP only.
    pub keepalive: bool,
    /// `TCP_NODELAY` on accepted connections: lines are not held back. TCP only.
    pub nodelay: bool,
    /// `SO_RCVBUF` in bytes; `None` leaves it to the kernel, which tunes it as it goes.
    pub rcvbuf: Option<usize>,
    /// `SO_REUSEADDR`: a restart need not wait for old connections to time out.
    pub reuseaddr: bool,
    /// `SO_REUSEPORT`: several processes may share the port.
    pub reuseport: bool,
    /// `SO_SNDBUF` in bytes; `None` leaves it to the kernel.
    pub sndbuf: Option<usize>,
    /// `IPV6_V6ONLY`: an IPv6 socket takes no IPv4 callers. `None`: as [`ListenUrl::is_v6only_beside`] says.
    pub v6only: Option<bool>,
}

impl SocketOptions {
    /// The defaults for a transport.
    pub fn new(transport: Transport) -> Self {
        Self {
            backlog: 1024,
            keepalive: true,
            nodelay: true,
            rcvbuf: None,
            // On UDP it would let a second server take the port over in silence.
            reuseaddr: transport == Transport::Tcp,
            reuseport: false,
            sndbuf: None,
            v6only: None,
        }
    }
}

/// One listener: a checked URL. `Display` prints it without its options: `any://127.0.0.1:7777`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenUrl {
    /// What is spoken there.
    pub scheme: Scheme,
    /// The address or name to bind. `[::]` means both families.
    pub host: Host,
    /// The port; 0 asks the system for a free one.
    pub port: u16,
    /// Socket options.
    pub options: SocketOptions,
}

impl ListenUrl {
    /// A listener with the default options of its scheme.
    pub fn new(scheme: Scheme, host: Host, port: u16) -> Self {
        let options = SocketOptions::new(scheme.transport());
        Self {
            scheme,
            host,
            port,
            options,
        }
    }

    /// The same listener on another port: the real one, once the system has chosen it.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        Self {
            port,
            ..self.clone()
        }
    }

    /// What is spoken at a socket that was passed to us, by its name: a scheme (`irc`), with options if need be
    /// (`irc?nodelay=false`), or a URL of which only these count; a service manager allows no colons, so they are
    /// written `%3A`. Any other name, also none, is a stranger's word for it, and the first bytes choose.
    ///
    /// # Errors
    /// The scheme cannot be spoken over this transport, or an option is wrong.
    pub fn of_socket(name: &str, local: SocketAddr, transport: Transport) -> Result<Self, Invalid> {
        let name = name.replace("%3A", ":").replace("%3a", ":");
        let (rest, query) = match name.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (&*name, None),
        };
        let scheme = rest.split_once("://").map_or(rest, |(scheme, _)| scheme);
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

    /// The same listener at the real address and port that a socket was bound to.
    #[must_use]
    pub fn at(&self, local: SocketAddr) -> Self {
        Self {
            host: Host::of(local),
            port: local.port(),
            ..self.clone()
        }
    }

    /// Whether IPv4 callers shall come in through this listener's IPv6 socket: so for `[::]`, unless told otherwise.
    pub fn is_dual_stack(&self) -> bool {
        self.is_every(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) && self.options.v6only != Some(true)
    }

    /// Whether its IPv6 socket shall leave IPv4 callers alone: if that was asked for, or if one of the others is to take
    /// them all, for the system lets only one socket have them.
    pub fn is_v6only_beside<'a>(&self, others: impl IntoIterator<Item = &'a Self>) -> bool {
        let mut others = others.into_iter();
        self.options.v6only.unwrap_or_else(|| {
            self.port != 0
                && others.any(|other| {
                    other.has_port_of(self) && other.is_every(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
                })
        })
    }

    /// Whether the system lets only one of two listeners, whose addresses are known, have their port: they would take
    /// the same callers.
    pub fn is_in_the_way_of(&self, other: &Self) -> bool {
        let takes = |one: &Self, other: &Self| match (&one.host, &other.host) {
            (Host::Ip(one_ip), Host::Ip(ip)) if one_ip.is_unspecified() => {
                one_ip.is_ipv4() == ip.is_ipv4() || ip.is_ipv4() && one.is_dual_stack()
            }
            (Host::Ip(one_ip), Host::Zoned(..)) => one_ip.is_unspecified() && one_ip.is_ipv6(),
            (one, other) => one == other,
        };
        self.has_port_of(other) && (takes(self, other) || takes(other, self))
    }

    fn has_port_of(&self, other: &Self) -> bool {
        self.scheme.transport() == other.scheme.transport() && self.port == other.port
    }

    fn is_every(&self, address: IpAddr) -> bool {
        matches!(self.host, Host::Ip(ip) if ip == address)
    }

    /// The addresses to bind, each once: of `localhost` both loopback addresses, whatever the resolver says (RFC 6761
    /// section 6.3), for callers try either. Blocks while a name is looked up: for start-up only.
    ///
    /// # Errors
    /// The resolver does not know the name, or cannot be reached; there is no such network interface.
    pub fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        if self.host.is_localhost() {
            let loopback = [
                IpAddr::from(Ipv4Addr::LOCALHOST),
                Ipv6Addr::LOCALHOST.into(),
            ];
            return Ok(loopback.map(|ip| SocketAddr::new(ip, self.port)).into());
        }
        self.host.resolve(self.port)
    }

    /// Refuses an option that this listener's transport does not have.
    pub(super) fn check_option(&self, name: &str) -> Result<(), Invalid> {
        const TCP_ONLY: [&str; 3] = ["backlog", "keepalive", "nodelay"];
        if self.scheme.transport() == Transport::Udp && TCP_ONLY.contains(&name) {
            let known = LISTEN_OPTIONS.iter().map(|key| key.name);
            let known: Vec<_> = known.filter(|name| !TCP_ONLY.contains(name)).collect();
            return Err(Invalid::new(format!(
                "{name} makes no sense for {}, which has no connections; known are {}",
                self.scheme.name(),
                known.join(", ")
            )));
        }
        Ok(())
    }

    fn read_query(&mut self, query: &str) -> Result<(), Invalid> {
        let mut seen: Vec<&str> = Vec::new();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(key) = LISTEN_OPTIONS.iter().find(|key| key.name == name) else {
                let known = LISTEN_OPTIONS.iter().map(|key| key.name);
                let remedy = suggest(name, known, Listing::Always);
                return Err(Invalid::new(format!("unknown option {name:?}; {remedy}")));
            };
            if seen.contains(&name) {
                return Err(Invalid::new(format!("option {name} is given twice")));
            }
            seen.push(name);
            self.check_option(name)?;
            key.field
                .read(self, Raw::from_query(value), Path::new(""))
                .map_err(|e| Invalid::new(format!("option {pair}: {e}")))?;
        }
        Ok(())
    }
}

impl FromStr for ListenUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let Some((scheme, rest)) = text.split_once("://") else {
            let example = format!("any://127.0.0.1:{DEFAULT_PORT}");
            return Err(Invalid::new(format!("not a URL; write it like {example}")));
        };
        let scheme: Scheme = scheme.parse()?;
        let (authority, query) = match rest.split_once('?') {
            Some((authority, query)) => (authority, Some(query)),
            None => (rest, None),
        };
        // What people copy from a browser ends with a slash.
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

impl fmt::Display for ListenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.name(), self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        match text.parse::<ListenUrl>() {
            Ok(listen) => format!("ok: {listen}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn names_of_sockets() {
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
    fn good_urls() {
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
    fn bad_urls() {
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
    fn options_of_the_query() {
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
    fn the_real_port() {
        let listen: ListenUrl = "any://[::1]:0?backlog=7".parse().unwrap();
        let real = listen.with_port(4711);
        assert_eq!(real.to_string(), "any://[::1]:4711");
        assert_eq!(real.options.backlog, 7);
    }

    #[test]
    fn resolving() {
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
    fn ipv4_callers_are_left_to_a_listener_that_is_for_all_of_them() {
        let url = |text: &str| text.parse::<ListenUrl>().unwrap();
        for (text, other, expected) in [
            ("any://[::]:5", "irc://0.0.0.0:5", true),
            ("any://[::]:5?v6only=false", "any://0.0.0.0:5", false),
            ("any://[::]:5?v6only=true", "any://0.0.0.0:6", true),
            ("any://[::]:5", "any://0.0.0.0:6", false),
            ("any://[::]:5", "any://127.0.0.1:5", false),
            ("any://[::]:5", "echo+udp://0.0.0.0:5", false),
            // The system gives each a port of its own.
            ("any://[::]:0", "any://0.0.0.0:0", false),
        ] {
            let found = url(text).is_v6only_beside(&[url(other)]);
            assert_eq!(found, expected, "{text} beside {other}");
        }
    }

    #[test]
    fn listeners_that_would_take_the_same_callers_are_in_each_others_way() {
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
    fn both_families() {
        let both = |text: &str| text.parse::<ListenUrl>().unwrap().is_dual_stack();
        assert!(both("any://[::]"));
        assert!(!both("any://[::1]") && !both("any://0.0.0.0"));
        assert!(!both("any://[::]?v6only=true") && both("any://[::]?v6only=false"));
    }
}
