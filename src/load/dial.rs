//! Connecting: one socket to the target, from the next of the source addresses.
//!
//! Owns the options of the tool's own sockets. Invariant: nothing here blocks; the loop reports the result of a call.
//! Does not count ports: the plan does.

use super::target::Target;
use crate::net::{SocketOptions, Stream, bind_udp, tls};
use mio::net::{TcpStream, UdpSocket};
use rustls_pki_types::ServerName;
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// Makes connections to the target.
#[derive(Debug)]
pub(super) struct Dialer {
    address: SocketAddr,
    /// Name and port, as the target was given.
    host: String,
    sources: Vec<IpAddr>,
    placed: usize,
    /// For targets that speak TLS: our side of it, and the server's name.
    tls: Option<(tls::Client, ServerName<'static>)>,
}

/// How the socket of a call differs from the usual one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Manner {
    /// Like the socket of a common client.
    #[default]
    Usual,
    /// It is closed with a reset: the connection vanishes, and no port stays in `TIME_WAIT`.
    Abrupt,
    /// Its receive buffer is as small as the system allows, for a client that will not read.
    Narrow,
}

impl Dialer {
    /// Connects to this target from these addresses in turn; without any, the system chooses.
    pub(super) fn new(target: &Target, sources: Vec<IpAddr>) -> Self {
        Self {
            address: target.address,
            host: target.authority.clone(),
            sources,
            placed: 0,
            tls: target
                .protocol
                .is_tls()
                .then(|| (tls::unverified_client(), server_name(target))),
        }
    }

    /// The target's address.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Name and port of the target.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// A socket for datagrams to and from the target.
    ///
    /// # Errors
    /// The system gives us no socket.
    pub(super) fn datagrams(&mut self) -> io::Result<UdpSocket> {
        let unspecified = match self.address {
            SocketAddr::V4(_) => IpAddr::from([0; 4]),
            SocketAddr::V6(_) => IpAddr::from([0; 16]),
        };
        let source = self.next_source().unwrap_or(unspecified);
        // With it, the system might give two sockets the same port.
        let options = SocketOptions {
            reuseaddr: false,
            ..SocketOptions::default()
        };
        bind_udp(SocketAddr::new(source, 0), &options)
    }

    /// Begins one connection.
    ///
    /// # Errors
    /// There is no socket or no free port, or the system refuses at once.
    pub(super) fn call(&mut self, manner: Manner) -> io::Result<Stream> {
        let socket = Socket::new(
            Domain::for_address(self.address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_nonblocking(true)?;
        // Small messages are sent at once, as on the server's side.
        socket.set_tcp_nodelay(true)?;
        match manner {
            Manner::Usual => {}
            Manner::Abrupt => socket.set_linger(Some(Duration::ZERO))?,
            Manner::Narrow => socket.set_recv_buffer_size(1)?,
        }
        if let Some(source) = self.next_source() {
            choose_port_late(&socket);
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        match socket.connect(&self.address.into()) {
            Ok(()) => {}
            Err(error) if is_under_way(&error) => {}
            Err(error) => return Err(error),
        }
        let stream = Stream::from(TcpStream::from_std(socket.into()));
        match &self.tls {
            None => Ok(stream),
            Some((client, name)) => client.over(stream, name.clone()).map_err(io::Error::other),
        }
    }

    fn next_source(&mut self) -> Option<IpAddr> {
        let turn = self.placed % self.sources.len().max(1);
        self.placed += 1;
        self.sources.get(turn).copied()
    }
}

/// The name for the target's certificate. It is sent for servers with several; the certificate is not checked.
fn server_name(target: &Target) -> ServerName<'static> {
    let (host, _) = target
        .authority
        .rsplit_once(':')
        .unwrap_or((&target.authority, ""));
    let name = ServerName::try_from(host.to_owned());
    name.unwrap_or_else(|_| ServerName::IpAddress(target.address.ip().into()))
}

/// A call that is not answered at once goes on in the background (`EINPROGRESS`).
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// `bind` alone reserves a port that no other socket may use. With this option the system chooses the port in
/// `connect`, and only the pair of addresses and ports must be unique.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn choose_port_late(socket: &Socket) {
    use nix::sys::socket::{setsockopt, sockopt::IpBindAddressNoPort};
    // Older systems (Linux before 4.2) do without.
    let _ = setsockopt(socket, IpBindAddressNoPort, &true);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn choose_port_late(_: &Socket) {}

#[cfg(test)]
mod tests {
    use super::{super::target, *};
    // Tests may block.
    use std::net as blocking;

    #[test]
    fn calls_come_from_the_sources_in_turn() {
        let listener = blocking::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let target = Target {
            protocol: target::Protocol::Irc,
            authority: address.to_string(),
            address,
        };
        let sources: [IpAddr; 2] = [[127, 0, 1, 1].into(), [127, 0, 1, 2].into()];
        let mut dialer = Dialer::new(&target, sources.into());
        let manners = [Manner::Usual, Manner::Abrupt, Manner::Narrow];
        let calls = manners.map(|manner| dialer.call(manner).unwrap());
        let mut from = Vec::new();
        for _ in &calls {
            from.push(listener.accept().unwrap().1.ip());
        }
        assert_eq!(from, [sources[0], sources[1], sources[0]]);
    }
}
