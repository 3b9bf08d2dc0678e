//! Sockets that a service manager opened for us (systemd.socket(5)): the server can be started by its first connection,
//! restarted without a port being closed, and needs no right to open a low one.
//!
//! The protocol of a socket follows from its name. Does not know how listeners work.

use super::{bind, listener::Adopter};
use crate::{
    config::{Config, ListenUrl, Transport},
    net,
    os::{
        io_error::plain,
        passed_sockets::{self, PassedSocket},
    },
    server::error::Error,
};

/// Takes over all sockets that were passed, in order; there are none unless a service manager started the process.
///
/// # Errors
/// One is no TCP listener and no UDP socket, or its name asks for a protocol that it cannot carry.
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
            PassedSocket::Tcp(_, local) => (*local, Transport::Tcp),
            PassedSocket::Udp(_, local) => (*local, Transport::Udp),
        };
        let url = ListenUrl::of_socket(&name, local, transport)
            .map_err(|error| failed(error.to_string()))?;
        let options = bind::options_of(&url, config);
        let taken = match socket {
            PassedSocket::Tcp(fd, _) => {
                net::take_tcp(fd, &options).and_then(|socket| adopter.adopt_tcp(&url, socket))
            }
            PassedSocket::Udp(fd, _) => {
                net::take_udp(fd, &options).and_then(|socket| adopter.adopt_udp(&url, socket))
            }
        };
        taken.map_err(|error| failed(plain(&error)))?;
        listening.push(url);
    }
    Ok(listening)
}
