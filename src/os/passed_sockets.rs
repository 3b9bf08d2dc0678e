//! Sockets that a service manager opened for us (sd_listen_fds(3)).
//!
//! Finds the sockets, their names and their addresses. Does not know what they are used for.

use listenfd::ListenFd;
use std::{
    env, io,
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
};

/// No service manager passes more sockets than this. Each of them would be examined, whether it exists or not.
const SOCKETS_MAX: u64 = 1024;

/// A socket that was passed, and where it is bound.
#[derive(Debug)]
pub enum PassedSocket {
    /// A TCP socket that listens.
    Tcp(OwnedFd, SocketAddr),
    /// A UDP socket.
    Udp(OwnedFd, SocketAddr),
    /// A Unix socket that listens, and its path.
    Unix(OwnedFd, PathBuf),
}

/// The sockets that were passed, each with its name (empty if it has none), in order. There are none unless a service
/// manager started us. A socket of another kind is an error: a connection (`Accept=yes` in the socket unit), or
/// neither a stream nor UDP.
pub fn take() -> impl Iterator<Item = (String, io::Result<PassedSocket>)> {
    let mut passed = if is_too_many(&env::var("LISTEN_FDS").unwrap_or_default()) {
        tracing::warn!("LISTEN_FDS names more sockets than can be; none is taken");
        ListenFd::empty()
    } else {
        ListenFd::from_env()
    };
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let names: Vec<String> = names.split(':').map(str::to_owned).collect();
    // If there are fewer names than sockets, the remaining sockets have no name.
    let names = names.into_iter().chain(std::iter::repeat(String::new()));
    (0..passed.len())
        .zip(names)
        .map(move |(index, name)| (name, PassedSocket::take(&mut passed, index)))
}

/// Whether `LISTEN_FDS` claims more sockets than there can be.
fn is_too_many(count: &str) -> bool {
    count.parse().is_ok_and(|count: u64| count > SOCKETS_MAX)
}

impl PassedSocket {
    fn take(passed: &mut ListenFd, index: usize) -> io::Result<Self> {
        if let Ok(Some(socket)) = passed.take_tcp_listener(index) {
            refuse_connection(&socket)?;
            let local = socket.local_addr()?;
            return Ok(Self::Tcp(socket.into(), local));
        }
        if let Ok(Some(socket)) = passed.take_unix_listener(index) {
            refuse_connection(&socket)?;
            let local = socket.local_addr()?;
            let path = local.as_pathname().map(PathBuf::from);
            let nameless = || io::Error::other("a Unix socket without a path");
            return Ok(Self::Unix(socket.into(), path.ok_or_else(nameless)?));
        }
        match passed.take_udp_socket(index) {
            Ok(Some(socket)) => {
                let local = socket.local_addr()?;
                Ok(Self::Udp(socket.into(), local))
            }
            _ => Err(io::Error::other("neither a TCP, a UDP nor a Unix socket")),
        }
    }
}

/// Refuses a connection: the library checks the type alone, and a connection is a stream socket too.
fn refuse_connection(socket: impl AsFd) -> io::Result<()> {
    match rustix::net::getpeername(&socket) {
        Ok(_) => Err(io::Error::other(
            "it is a connection, and a listening socket is needed; one server takes all callers, so the \
             socket unit has to say Accept=no",
        )),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_passed_sockets_are_refused_before_any_is_examined() {
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
