//! Sockets that are bound: their options, and how listening and datagram sockets are made or taken over.
//!
//! Knows no loop: what is made here is registered elsewhere.

use mio::net::{TcpListener, UdpSocket, UnixListener};
use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};
use std::{
    fs::{self, Permissions},
    io,
    net::SocketAddr,
    os::{fd::OwnedFd, unix::fs::PermissionsExt as _},
    path::Path,
    time::Duration,
};

/// Options of a listening or datagram socket. Those of connections are set on the listener and inherited by what it accepts
/// (so Linux and the BSDs do it), which saves several system calls for each connection.
#[derive(Clone, Debug)]
pub struct SocketOptions {
    /// How many connections may wait to be accepted (`listen`'s backlog; the system may cap it).
    pub backlog: u32,
    /// `TCP_NODELAY`: small messages go out at once instead of waiting for the acknowledgement of earlier ones
    /// (Nagle's algorithm).
    pub nodelay: bool,
    /// `SO_KEEPALIVE`: after this long without traffic the kernel asks whether the peer is still there. `None`: never.
    pub keepalive: Option<Duration>,
    /// `SO_SNDBUF` in bytes; `None` leaves the system's automatic tuning on.
    pub sndbuf: Option<usize>,
    /// `SO_RCVBUF` in bytes; `None` leaves the system's automatic tuning on.
    pub rcvbuf: Option<usize>,
    /// `SO_REUSEADDR`: bind although old connections of the same port are still in `TIME_WAIT`.
    pub reuseaddr: bool,
    /// `SO_REUSEPORT`: let several processes listen on the same port.
    pub reuseport: bool,
    /// `IPV6_V6ONLY`: an IPv6 socket accepts no IPv4 connections. Matters for `[::]` alone, which takes both otherwise.
    pub v6only: bool,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            backlog: 1024,
            nodelay: true,
            keepalive: Some(Duration::from_secs(120)),
            sndbuf: None,
            rcvbuf: None,
            reuseaddr: true,
            reuseport: false,
            v6only: false,
        }
    }
}

/// A bound socket of this type with all options set that go before `bind`.
fn bound_socket(address: SocketAddr, kind: Type, options: &SocketOptions) -> io::Result<Socket> {
    let protocol = if kind == Type::STREAM {
        Protocol::TCP
    } else {
        Protocol::UDP
    };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        // Systems differ in their default.
        socket.set_only_v6(options.v6only)?;
    }
    socket.set_reuse_address(options.reuseaddr)?;
    #[cfg(unix)]
    socket.set_reuse_port(options.reuseport)?;
    // Before `listen`: the window that a connection announces is derived from it.
    size_buffers(&socket, options)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Sets how much the kernel holds for a socket, where the options set it.
fn size_buffers(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    if let Some(bytes) = options.sndbuf {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.rcvbuf {
        socket.set_recv_buffer_size(bytes)?;
    }
    Ok(())
}

/// Makes a listening TCP socket.
///
/// # Errors
/// The system's: the address is in use, is not ours, the port needs privileges.
pub fn listen_tcp(address: SocketAddr, options: &SocketOptions) -> io::Result<TcpListener> {
    let socket = bound_socket(address, Type::STREAM, options)?;
    set_inherited(&socket, options)?;
    listen(socket, options)
}

/// Makes a listening TCP socket of one that another process has bound (a service manager). Mostly it listens already.
///
/// # Errors
/// The system's, about the options.
pub fn take_tcp(socket: OwnedFd, options: &SocketOptions) -> io::Result<TcpListener> {
    let socket = Socket::from(socket);
    socket.set_nonblocking(true)?;
    size_buffers(&socket, options)?;
    set_inherited(&socket, options)?;
    if socket.is_listener()? {
        return Ok(TcpListener::from_std(socket.into()));
    }
    listen(socket, options)
}

fn listen(socket: Socket, options: &SocketOptions) -> io::Result<TcpListener> {
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Sets what connections inherit from the socket that accepts them.
fn set_inherited(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    socket.set_tcp_nodelay(options.nodelay)?;
    // Urgent data stays in the stream: telnet marks its Synch so (RFC 854), and out of band we would never see it.
    socket.set_out_of_band_inline(true)?;
    if let Some(idle) = options.keepalive {
        socket.set_keepalive(true)?;
        // Four probes in as long again: a peer that vanished is noticed after twice the span.
        let interval = (idle / 4).max(Duration::from_secs(1));
        let idle = idle.max(Duration::from_secs(1)); // The system counts whole seconds, and refuses none.
        let keepalive = TcpKeepalive::new().with_time(idle).with_interval(interval);
        socket.set_tcp_keepalive(&keepalive.with_retries(4))?;
    }
    Ok(())
}

/// Makes a listening Unix socket, whose file has this mode before the first connection can be made.
///
/// # Errors
/// The system's: there is such a file already, or its directory is missing or not ours.
pub fn listen_unix(path: &Path, mode: u32, options: &SocketOptions) -> io::Result<UnixListener> {
    let address = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address)?;
    // Nobody can connect before `listen`, so it does not matter with which mode the file was made.
    let listening = fs::set_permissions(path, Permissions::from_mode(mode))
        .and_then(|()| listen_here(socket, options));
    if listening.is_err() {
        let _ = fs::remove_file(path);
    }
    listening
}

/// Makes a listening Unix socket of one that another process has bound (a service manager).
///
/// # Errors
/// The system's, about the options.
pub fn take_unix(socket: OwnedFd, options: &SocketOptions) -> io::Result<UnixListener> {
    let socket = Socket::from(socket);
    socket.set_nonblocking(true)?;
    listen_here(socket, options)
}

/// Listens, or listens with another backlog.
fn listen_here(socket: Socket, options: &SocketOptions) -> io::Result<UnixListener> {
    size_buffers(&socket, options)?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(UnixListener::from_std(OwnedFd::from(socket).into()))
}

/// Makes a bound UDP socket.
///
/// # Errors
/// The system's: the address is in use, is not ours, the port needs privileges.
pub fn bind_udp(address: SocketAddr, options: &SocketOptions) -> io::Result<UdpSocket> {
    let socket = bound_socket(address, Type::DGRAM, options)?;
    Ok(UdpSocket::from_std(socket.into()))
}

/// Makes a UDP socket of one that another process has bound.
///
/// # Errors
/// The system's, about the options.
pub fn take_udp(socket: OwnedFd, options: &SocketOptions) -> io::Result<UdpSocket> {
    let socket = Socket::from(socket);
    socket.set_nonblocking(true)?;
    size_buffers(&socket, options)?;
    Ok(UdpSocket::from_std(socket.into()))
}
