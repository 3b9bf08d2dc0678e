//! A listener as configured: the protocol, the address, the socket options, and how two listeners affect each other.
//!
//! Owns the defaults of the socket options. Does not know how they are written. Opens no sockets;
//! [`ListenUrl::resolve`] uses the system's resolver, nothing else does I/O.

use super::{
    host::Host,
    scheme::{Scheme, Transport},
};
use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// The options of a listening socket and of the connections it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// How many connections may wait to be accepted; the kernel may lower it (Linux: `net.core.somaxconn`). TCP only.
    pub backlog: u32,
    /// `SO_KEEPALIVE` on accepted connections: the kernel notices a vanished peer. TCP only.
    pub keepalive: bool,
    /// `TCP_NODELAY` on accepted connections: the kernel sends lines at once. TCP only.
    pub nodelay: bool,
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
    /// The defaults for a transport.
    pub fn new(transport: Transport) -> Self {
        Self {
            backlog: 1024,
            keepalive: true,
            nodelay: true,
            rcvbuf: None,
            // On UDP it would let a second server take over the port unnoticed.
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
    /// The protocol.
    pub scheme: Scheme,
    /// The address or name to bind. `[::]` means IPv6 and IPv4.
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

    /// The same listener at the real address and port that a socket was bound to.
    #[must_use]
    pub fn at(&self, local: SocketAddr) -> Self {
        Self {
            host: Host::of(local),
            port: local.port(),
            ..self.clone()
        }
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
            self.port != 0
                && others.any(|other| {
                    other.has_port_of(self) && other.is_every(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
                })
        })
    }

    /// Whether the system lets only one of two listeners, whose addresses are known, have their port: they would
    /// accept the same peers.
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
    /// section 6.3), because clients try either. Blocks while a name is looked up: for start-up only.
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
}

impl fmt::Display for ListenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.name(), self.host, self.port)
    }
}
