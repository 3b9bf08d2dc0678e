//! Sockets that a service manager opened for us (systemd.socket(5)): the server can be started by its first connection,
//! restarted without a port being closed, and needs no right to open a low one.
//!
//! The protocol of a socket follows from its name. Does not know how listeners work.

use super::{bind, listener::Adopter};
use crate::{
    config::{Config, Endpoint, Host, ListenUrl, Transport},
    net,
    os::{
        io_error::plain,
        passed_sockets::{self, PassedSocket},
    },
    server::error::Error,
};
use std::net::SocketAddr;

/// Takes over all sockets that were passed, in order; there are none unless a service manager started the process.
///
/// # Errors
/// One is neither a listener nor a UDP socket, or its name asks for a protocol that it cannot carry.
pub(crate) fn take_passed(
    adopter: &mut Adopter<'_>,
    config: &Config,
) -> Result<Vec<ListenUrl>, Error> {
    let mut listening = Vec::new();
    for (index, (name, socket)) in passed_sockets::take().enumerate() {
        let failed = |reason: String| Error::Listen {
            place: format!("socket {index} named {name:?}"),
            reason,
        };
        let socket = socket.map_err(|error| failed(plain(&error)))?;
        let (local, transport) = match &socket {
            PassedSocket::Tcp(_, local) => (at(*local), Transport::Tcp),
            PassedSocket::Udp(_, local) => (at(*local), Transport::Udp),
            PassedSocket::Unix(_, path) => (Endpoint::Unix(path.clone()), Transport::Unix),
        };
        let url = ListenUrl::of_socket(&name, local, transport)
            .map_err(|error| failed(error.to_string()))?;
        let options = bind::options_of(&url, config);
        let taken = match socket {
            PassedSocket::Tcp(fd, _) => {
                let taken = net::take_tcp(fd, &options);
                taken.and_then(|socket| adopter.adopt_tcp(&url, socket).map(drop))
            }
            PassedSocket::Udp(fd, _) => {
                let taken = net::take_udp(fd, &options);
                taken.and_then(|socket| adopter.adopt_udp(&url, socket).map(drop))
            }
            // Its file is the service manager's.
            PassedSocket::Unix(fd, _) => {
                let taken = net::take_unix(fd, &options);
                taken.and_then(|socket| adopter.adopt_unix(&url, socket, None))
            }
        };
        taken.map_err(|error| failed(plain(&error)))?;
        listening.push(url);
    }
    Ok(listening)
}

fn at(local: SocketAddr) -> Endpoint {
    Endpoint::Inet {
        host: Host::Ip(local.ip()),
        port: local.port(),
    }
}
