//! A listener as configured: the protocol, the address, the socket options, and how two listeners affect each other.
//!
//! Owns the defaults of the socket options. Does not know how they are written. Opens no sockets;
//! [`ListenUrl::resolve`] uses the system's resolver, nothing else does I/O.

use super::{
    host::Host,
    proxy_peer::ProxyPeer,
    scheme::{Scheme, Transport},
};
use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

/// The options of a listening socket and of the connections it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// How many connections may wait to be accepted; the kernel may lower it (Linux: `net.core.somaxconn`). Not of UDP.
    pub backlog: u32,
    /// `SO_KEEPALIVE` on accepted connections: the kernel notices a vanished peer. TCP only.
    pub keepalive: bool,
    /// The mode of a Unix socket's file; `None` is [`UNIX_MODE`](Self::UNIX_MODE).
    pub mode: Option<u32>,
    /// `TCP_NODELAY` on accepted connections: the kernel sends lines at once. TCP only.
    pub nodelay: bool,
    /// Proxies that say whose connections they forward. No other peer is believed.
    pub proxy: Vec<ProxyPeer>,
    /// Whether they say so by the PROXY protocol, and else by header fields of HTTP. `None`: as
    /// [`ListenUrl::has_proxy_header`] decides.
    pub proxy_protocol: Option<bool>,
    /// `SO_RCVBUF` in bytes; `None` leaves it to the kernel, which adjusts it while running.
    pub rcvbuf: Option<usize>,
    /// `SO_REUSEADDR`: a restart need not wait until old connections time out.
    pub reuseaddr: bool,
    /// `SO_REUSEPORT`: several processes may share the port.
    pub reuseport: bool,
    /// `SO_SNDBUF` in bytes; `None` leaves it to the kernel.
    pub sndbuf: Option<usize>,
    /// `IPV6_V6ONLY`: an IPv6 socket accepts no IPv4 peers. `None`: as [`ListenUrl::is_v6only_beside`] decides.
    pub v6only: Option<bool>,
}

impl SocketOptions {
    /// Who may connect to a Unix socket unless the configuration says otherwise: the server's user and group.
    pub const UNIX_MODE: u32 = 0o660;

    /// The defaults for a transport.
    pub fn new(transport: Transport) -> Self {
        Self {
            backlog: 1024,
            keepalive: true,
            mode: None,
            nodelay: true,
            proxy: Vec::new(),
            proxy_protocol: None,
            rcvbuf: None,
            // On UDP it would let a second server take over the port unnoticed.
            reuseaddr: transport == Transport::Tcp,
            reuseport: false,
            sndbuf: None,
            v6only: None,
        }
    }
}

/// The place at which a listener listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// An address in a network.
    Inet {
        /// The address or name to bind. `[::]` means IPv6 and IPv4.
        host: Host,
        /// The port; 0 asks the system for a free one.
        port: u16,
    },
    /// The file of a Unix socket, by its absolute path.
    Unix(PathBuf),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// One listener: a checked URL. `Display` prints it without its options: `any://127.0.0.1:7777`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenUrl {
    /// The protocol.
    pub scheme: Scheme,
    /// Where it is spoken.
    pub endpoint: Endpoint,
    /// Socket options.
    pub options: SocketOptions,
}

impl ListenUrl {
    /// A listener with the default options of its scheme.
    pub fn new(scheme: Scheme, host: Host, port: u16) -> Self {
        Self {
            scheme,
            endpoint: Endpoint::Inet { host, port },
            options: SocketOptions::new(scheme.transport()),
        }
    }

    /// A listener at a Unix socket.
    pub fn at_path(scheme: Scheme, path: PathBuf) -> Self {
        Self {
            scheme,
            endpoint: Endpoint::Unix(path),
            options: SocketOptions::new(Transport::Unix),
        }
    }

    /// The same listener at the real address and port that a socket was bound to.
    #[must_use]
    pub fn at(&self, local: SocketAddr) -> Self {
        Self {
            endpoint: Endpoint::Inet {
                host: Host::of(local),
                port: local.port(),
            },
            ..self.clone()
        }
    }

    /// The address or name that it is at, unless it is at a path.
    pub fn host(&self) -> Option<&Host> {
        match &self.endpoint {
            Endpoint::Inet { host, .. } => Some(host),
            Endpoint::Unix(_) => None,
        }
    }

    /// The port, unless it is at a path.
    pub fn port(&self) -> Option<u16> {
        match self.endpoint {
            Endpoint::Inet { port, .. } => Some(port),
            Endpoint::Unix(_) => None,
        }
    }

    /// The transport.
    pub fn transport(&self) -> Transport {
        match self.endpoint {
            Endpoint::Inet { .. } => self.scheme.transport(),
            Endpoint::Unix(_) => Transport::Unix,
        }
    }

    /// Whether proxies begin their connections with a header of the PROXY protocol here. Where HTTP alone is spoken they
    /// are web servers unless the configuration says otherwise, and write the client into each request.
    pub fn has_proxy_header(&self) -> bool {
        let is_web = matches!(self.scheme, Scheme::Http | Scheme::Https);
        self.options.proxy_protocol.unwrap_or(!is_web)
    }

    /// Whether this listener's IPv6 socket accepts IPv4 peers too: so for `[::]`, unless `v6only` says otherwise.
    pub fn is_dual_stack(&self) -> bool {
        self.is_every(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) && self.options.v6only != Some(true)
    }

    /// Whether the IPv6 socket of this listener refuses IPv4 peers: if that was asked for, or if one of the other
    /// listeners takes all of them, because the system lets only one socket have them.
    pub fn is_v6only_beside<'a>(&self, others: impl IntoIterator<Item = &'a Self>) -> bool {
        let mut others = others.into_iter();
        self.options.v6only.unwrap_or_else(|| {
            self.port() != Some(0)
                && others.any(|other| {
                    other.has_port_of(self) && other.is_every(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
                })
        })
    }

    /// Whether the system lets only one of two listeners, whose addresses are known, have their port: they would
    /// accept the same peers.
    pub fn is_in_the_way_of(&self, other: &Self) -> bool {
        let takes = |one: &Self, other: &Self| match (one.host(), other.host()) {
            (Some(Host::Ip(one_ip)), Some(Host::Ip(ip))) if one_ip.is_unspecified() => {
                one_ip.is_ipv4() == ip.is_ipv4() || ip.is_ipv4() && one.is_dual_stack()
            }
            (Some(Host::Ip(one_ip)), Some(Host::Zoned(..))) => {
                one_ip.is_unspecified() && one_ip.is_ipv6()
            }
            (one, other) => one == other,
        };
        self.has_port_of(other) && (takes(self, other) || takes(other, self))
    }

    fn has_port_of(&self, other: &Self) -> bool {
        self.transport() == other.transport() && self.port() == other.port()
    }

    fn is_every(&self, address: IpAddr) -> bool {
        matches!(self.host(), Some(Host::Ip(ip)) if *ip == address)
    }

    /// The addresses to bind, none at a path, each once: of `localhost` both loopback addresses, whatever the resolver
    /// says (RFC 6761 section 6.3), because clients try either. Blocks while a name is looked up: for start-up only.
    ///
    /// # Errors
    /// The resolver does not know the name, or cannot be reached; there is no such network interface.
    pub fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let Endpoint::Inet { host, port } = &self.endpoint else {
            return Ok(Vec::new());
        };
        if host.is_localhost() {
            let loopback = [
                IpAddr::from(Ipv4Addr::LOCALHOST),
                Ipv6Addr::LOCALHOST.into(),
            ];
            return Ok(loopback.map(|ip| SocketAddr::new(ip, *port)).into());
        }
        host.resolve(*port)
    }
}

impl fmt::Display for ListenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.endpoint, self.scheme) {
            // What `any` is for TCP: the first bytes choose.
            (Endpoint::Unix(path), Scheme::Any) => write!(f, "unix://{}", path.display()),
            (Endpoint::Unix(path), scheme) => {
                write!(f, "{}+unix://{}", scheme.name(), path.display())
            }
            (Endpoint::Inet { host, port }, scheme) => {
                write!(f, "{}://{host}:{port}", scheme.name())
            }
        }
    }
}
