//! Sockets that a service manager opened for us (sd_listen_fds(3), systemd.socket(5)): the server can be started by its
//! first caller, restarted without a port being closed, and needs no right to open a low one.
//!
//! What is spoken at a socket is told by its name. Does not know how listeners work.

use super::{
    Error,
    bind::{self, adopt_tcp, adopt_udp},
    connections::Connections,
    plain,
};
use crate::{
    config::{Config, Invalid, ListenUrl, Transport},
    net::{self, Net},
};
use listenfd::ListenFd;
use std::{env, io, net::SocketAddr};

/// More sockets than this nobody passes; each would be looked at, whether it is there or not.
const SOCKETS_MAX: u64 = 1024;

/// Takes over all sockets that were passed, in order; there are none unless a service manager started us.
///
/// # Errors
/// One is no TCP listener and no UDP socket, or a connection (`Accept=yes` in the socket unit), or its name asks for what it
/// cannot be.
pub(super) fn take_passed(
    net: &mut Net,
    connections: &mut Connections,
    config: &Config,
) -> Result<Vec<ListenUrl>, Error> {
    if is_too_many(&env::var("LISTEN_FDS").unwrap_or_default()) {
        tracing::warn!("LISTEN_FDS names more sockets than can be; none is taken");
        return Ok(Vec::new());
    }
    let mut passed = ListenFd::from_env();
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    // Fewer names than sockets: the others have none.
    let names = names.split(':').chain(std::iter::repeat(""));
    let mut listening = Vec::new();
    for (index, name) in (0..passed.len()).zip(names) {
        let failed = |reason: String| Error::Listen {
            place: format!("socket {index} named {name:?}"),
            reason,
        };
        let socket = Socket::take(&mut passed, index).map_err(|error| failed(plain(&error)))?;
        let url = socket
            .url(name)
            .map_err(|error| failed(error.to_string()))?;
        let options = bind::options_of(&url, config);
        let taken = match socket {
            Socket::Tcp(fd, _) => net::take_tcp(fd, &options)
                .and_then(|socket| adopt_tcp(net, connections, &url, socket)),
            Socket::Udp(fd, _) => net::take_udp(fd, &options)
                .and_then(|socket| adopt_udp(net, connections, &url, socket)),
        };
        taken.map_err(|error| failed(plain(&error)))?;
        listening.push(url);
    }
    Ok(listening)
}

/// Whether more sockets are said to have been passed than can be.
fn is_too_many(count: &str) -> bool {
    count.parse().is_ok_and(|count: u64| count > SOCKETS_MAX)
}

/// A socket that was passed, and where it is bound.
enum Socket {
    Tcp(std::os::fd::OwnedFd, SocketAddr),
    Udp(std::os::fd::OwnedFd, SocketAddr),
}

impl Socket {
    fn take(passed: &mut ListenFd, index: usize) -> io::Result<Self> {
        if let Ok(Some(socket)) = passed.take_tcp_listener(index) {
            // The library looks at the type alone, and a connection is a stream socket too.
            if rustix::net::getpeername(&socket).is_ok() {
                return Err(io::Error::other(
                    "it is a connection, and a listening socket is needed; one server takes all callers, so the \
                     socket unit has to say Accept=no",
                ));
            }
            let local = socket.local_addr()?;
            return Ok(Self::Tcp(socket.into(), local));
        }
        match passed.take_udp_socket(index) {
            Ok(Some(socket)) => {
                let local = socket.local_addr()?;
                Ok(Self::Udp(socket.into(), local))
            }
            _ => Err(io::Error::other("neither a TCP nor a UDP socket")),
        }
    }

    /// What is spoken there, by the socket's name.
    fn url(&self, name: &str) -> Result<ListenUrl, Invalid> {
        let (local, transport) = match self {
            Self::Tcp(_, local) => (local, Transport::Tcp),
            Self::Udp(_, local) => (local, Transport::Udp),
        };
        ListenUrl::of_socket(name, *local, transport)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_sockets_that_cannot_be_is_known_before_they_are_looked_for() {
        for (count, expected) in [
            ("", false),
            ("1", false),
            ("1024", false),
            ("x", false),
            ("1025", true),
            ("2000000000", true),
        ] {
            assert_eq!(is_too_many(count), expected, "{count}");
        }
    }
}
