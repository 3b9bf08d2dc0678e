//! From listener URLs to listening sockets in the loop.

use super::{
    listener::Adopter,
    socket_file::{self, SocketFile},
};
use crate::{
    config::{self, Config, Endpoint, Host, ListenUrl, Transport},
    net::{self, SocketOptions},
    os::io_error::plain,
    server::{error::Error, settings::socket_options},
};
use mio::net::{TcpListener, UdpSocket};
use rustix::io::Errno;
use std::{io, net::SocketAddr, path::Path};

/// How often another port is tried if the port that the system chose for one address of a name is taken at the next.
const PORT_TRIES: usize = 16;

/// Binds one listener. A host name may stand for several addresses (`localhost`: one of each family); all that this
/// host has are bound, with the same port. `listening` are those that were bound before.
///
/// Returns a URL for each address, with the port that was given by the system if none was asked for.
///
/// # Errors
/// The name is unknown, or none of its addresses could be bound, or one is taken.
pub(crate) fn bind(
    adopter: &mut Adopter<'_>,
    url: &ListenUrl,
    config: &Config,
    listening: &[ListenUrl],
) -> Result<Vec<ListenUrl>, Error> {
    let failed = |reason: String| Error::Listen {
        place: url.endpoint.to_string(),
        reason,
    };
    if let Endpoint::Unix(path) = &url.endpoint {
        bind_path(adopter, url, path, config).map_err(|error| failed(plain(&error)))?;
        return Ok(vec![url.clone()]);
    }
    let mut url = url.clone();
    let others = config.listen.iter().chain(listening);
    url.options.v6only = Some(url.is_v6only_beside(others));
    let addresses = url.resolve().map_err(|error| failed(plain(&error)))?;
    let sockets = bind_all(&url, &addresses, &options_of(&url, config))
        .map_err(|(address, error)| failed(reason(&url, address, &error, listening)))?;
    let mut bound = Vec::new();
    for socket in sockets {
        let local = match socket {
            Bound::Tcp(listener) => adopter.adopt_tcp(&url, listener),
            Bound::Udp(socket) => adopter.adopt_udp(&url, socket),
        };
        bound.push(url.at(local.map_err(|error| failed(plain(&error)))?));
    }
    Ok(bound)
}

/// Binds a Unix socket.
fn bind_path(
    adopter: &mut Adopter<'_>,
    url: &ListenUrl,
    path: &Path,
    config: &Config,
) -> io::Result<()> {
    socket_file::remove_stale(path)?;
    let mode = url.options.mode.unwrap_or(config::SocketOptions::UNIX_MODE);
    let listener = net::listen_unix(path, mode, &options_of(url, config))?;
    let file = SocketFile::at(path)?;
    adopter.adopt_unix(url, listener, Some(file))
}

/// The text for an address that could not be bound, with the way out.
fn reason(url: &ListenUrl, address: SocketAddr, error: &io::Error, ours: &[ListenUrl]) -> String {
    let mut reason = plain(error);
    if matches!(url.host(), Some(Host::Name(_))) {
        reason = format!("{address}: {reason}");
    }
    let wanted = url.at(address);
    if error.kind() == io::ErrorKind::AddrInUse {
        if let Some(own) = ours.iter().find(|own| own.is_in_the_way_of(&wanted)) {
            reason += &format!(" by our own listener {own}");
            let pairs = [(own, &wanted), (&wanted, own)];
            let is_four =
                |url: &ListenUrl| matches!(url.host(), Some(Host::Ip(ip)) if ip.is_ipv4());
            let mut both = pairs.into_iter().filter(|(_, other)| is_four(other));
            if let Some((both, _)) = both.find(|(both, _)| both.is_dual_stack()) {
                reason += &format!("; {both} takes IPv4 callers too, unless it says v6only=true");
            }
        }
    }
    if let SocketAddr::V6(v6) = address {
        if v6.ip().is_unicast_link_local() && v6.scope_id() == 0 {
            let ip = v6.ip();
            reason += &format!("; a link-local address needs its network interface: [{ip}%eth0]");
        }
    }
    reason
}

/// A socket that has its address.
enum Bound {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl Bound {
    fn local(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr(),
            Self::Udp(socket) => socket.local_addr(),
        }
    }
}

/// Binds all addresses of a listener to one port.
fn bind_all(
    url: &ListenUrl,
    addresses: &[SocketAddr],
    options: &SocketOptions,
) -> Result<Vec<Bound>, (SocketAddr, io::Error)> {
    let mut tries = if url.port() == Some(0) { PORT_TRIES } else { 1 };
    loop {
        tries -= 1;
        match bind_each(url, addresses, options) {
            Err((_, error)) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            outcome => return outcome,
        }
    }
}

fn bind_each(
    url: &ListenUrl,
    addresses: &[SocketAddr],
    options: &SocketOptions,
) -> Result<Vec<Bound>, (SocketAddr, io::Error)> {
    let asked = url.port().unwrap_or_default();
    let mut port = asked;
    let mut bound = Vec::new();
    let mut unavailable = None;
    for &(mut address) in addresses {
        address.set_port(port);
        let socket = match url.scheme.transport() {
            Transport::Tcp | Transport::Unix => net::listen_tcp(address, options).map(Bound::Tcp),
            Transport::Udp => net::bind_udp(address, options).map(Bound::Udp),
        };
        match socket {
            Ok(socket) => {
                port = socket.local().map_err(|error| (address, error))?.port();
                bound.push(socket);
            }
            // The name has an address of a family that this host is not set up for.
            Err(error) if is_not_ours(&error) => unavailable = Some((address, error)),
            Err(error) => return Err((address, error)),
        }
    }
    match unavailable {
        Some(unavailable) if bound.is_empty() => Err(unavailable),
        _ if bound.is_empty() => {
            let nowhere = SocketAddr::new(std::net::Ipv4Addr::UNSPECIFIED.into(), asked);
            Err((nowhere, io::Error::other("the name has no address")))
        }
        _ => Ok(bound),
    }
}

/// Whether a host has no such address, or not even its family (a kernel without IPv6).
fn is_not_ours(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || Errno::from_io_error(error) == Some(Errno::AFNOSUPPORT)
}

/// A listener's options in the loop's terms.
pub(crate) fn options_of(url: &ListenUrl, config: &Config) -> SocketOptions {
    socket_options(&url.options, config.limits.ping)
}
