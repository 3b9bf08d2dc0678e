//! From listener URLs to listening sockets in the loop.

use super::{Error, court::Court, plain, settings::socket_options};
use crate::{
    config::{Config, ListenUrl, Scheme, Transport},
    net::{self, Poller, SocketOptions},
};
use mio::net::{TcpListener, UdpSocket};
use std::{io, net::SocketAddr};

/// Binds one listener. A host name may stand for several addresses (`localhost`: one of each family); all that this
/// host has are bound, with the same port.
///
/// Returns the URL with the port that was given by the system if none was asked for.
///
/// # Errors
/// The name is unknown, or none of its addresses could be bound, or one is taken.
pub(super) fn bind(
    net: &mut Poller,
    court: &mut Court,
    url: &ListenUrl,
    config: &Config,
) -> Result<ListenUrl, Error> {
    let failed = |error: &io::Error| Error::Listen {
        place: format!("{}:{}", url.host, url.port),
        reason: plain(error),
    };
    let mut port = url.port;
    let mut bound = 0;
    let mut unavailable = None;
    for mut address in url.resolve().map_err(|error| failed(&error))? {
        address.set_port(port);
        match bind_address(net, court, url, address, config) {
            Ok(local) => {
                port = local.port();
                bound += 1;
            }
            // A name may resolve to a family that this host is not set up for.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                unavailable = Some(error)
            }
            Err(error) => return Err(failed(&error)),
        }
    }
    match (bound, unavailable) {
        (0, Some(error)) => Err(failed(&error)),
        (0, None) => Err(failed(&io::Error::other("the name has no address"))),
        _ => Ok(url.with_port(port)),
    }
}

fn bind_address(
    net: &mut Poller,
    court: &mut Court,
    url: &ListenUrl,
    address: SocketAddr,
    config: &Config,
) -> io::Result<SocketAddr> {
    let options = options_of(url, config);
    match url.scheme.transport() {
        Transport::Tcp => adopt_tcp(net, court, url, net::listen_tcp(address, &options)?),
        Transport::Udp => adopt_udp(net, court, url, net::bind_udp(address, &options)?),
    }
}

/// A listener's options in the loop's terms.
pub(super) fn options_of(url: &ListenUrl, config: &Config) -> SocketOptions {
    socket_options(&url.options, config.limits.ping)
}

/// Opens a door: takes a listening socket into the loop. Returns where it is.
pub(super) fn adopt_tcp(
    net: &mut Poller,
    court: &mut Court,
    url: &ListenUrl,
    listener: TcpListener,
) -> io::Result<SocketAddr> {
    let local = listener.local_addr()?;
    let farewell = court.settings.farewell_at(url.scheme);
    let id = net.adopt_listener(Box::new(listener), farewell)?;
    court.doors.insert(id, url.scheme);
    if url.scheme == Scheme::Metrics && !local.ip().is_loopback() {
        let advice =
            "the metrics listener can be reached from other hosts: whoever asks sees inside";
        tracing::warn!(%local, "{advice}");
    }
    Ok(local)
}

/// The same for datagrams.
pub(super) fn adopt_udp(
    net: &mut Poller,
    court: &mut Court,
    url: &ListenUrl,
    socket: UdpSocket,
) -> io::Result<SocketAddr> {
    let local = socket.local_addr()?;
    let id = net.adopt_datagrams(socket)?;
    court.doors.insert(id, url.scheme);
    Ok(local)
}
