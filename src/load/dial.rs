//! Placing calls: one socket to the target, from the next of the addresses to call from.
//!
//! Owns the options of the tool's own sockets. Invariant: nothing here blocks; the loop tells how a call went. Does not
//! count ports: that is the plan's.

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

/// Calls the target.
#[derive(Debug)]
pub(super) struct Dialer {
    address: SocketAddr,
    /// Name and port, as the target was given.
    host: String,
    sources: Vec<IpAddr>,
    placed: usize,
    /// For targets that are called over TLS: with whom, by what name.
    tls: Option<(tls::Client, ServerName<'static>)>,
}

/// How a call's socket differs from the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Manner {
    /// As a client of people would.
    #[default]
    Usual,
    /// It is dropped with a reset: one side vanishes, and no port waits (`TIME_WAIT`) for what it may still have sent.
    Abrupt,
    /// It has room for as little unread input as the system allows: a reader that will be slow.
    Narrow,
}

impl Dialer {
    /// For this target, from these addresses in turn; from none: the system chooses.
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

    /// Where calls go.
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
    /// There is no socket to be had.
    pub(super) fn datagrams(&mut self) -> io::Result<UdpSocket> {
        let unspecified = match self.address {
            SocketAddr::V4(_) => IpAddr::from([0; 4]),
            SocketAddr::V6(_) => IpAddr::from([0; 16]),
        };
        let source = self.next_source().unwrap_or(unspecified);
        // With it, the system might give two of them the same port.
        let options = SocketOptions {
            reuseaddr: false,
            ..SocketOptions::default()
        };
        bind_udp(SocketAddr::new(source, 0), &options)
    }

    /// Places one call.
    ///
    /// # Errors
    /// There is no socket or no port to be had, or the system refuses at once.
    pub(super) fn call(&mut self, manner: Manner) -> io::Result<Stream> {
        let socket = Socket::new(
            Domain::for_address(self.address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_nonblocking(true)?;
        // A message is worth a packet, as on the server's side.
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
        let stream = Stream::Tcp(TcpStream::from_std(socket.into()));
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

/// What a certificate of the target would be for. It is sent for servers with several; nobody is asked to prove it.
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

/// `bind` alone would reserve a port that nobody else may use, before it is known whom we call; asked this way, the
/// system chooses it when we connect, and only the four numbers together must be new.
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
