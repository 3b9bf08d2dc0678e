//! Datagram sockets: whole datagrams in, whole datagrams out.
//!
//! Reading is bounded in each turn like everywhere. A datagram that the kernel has no room for is kept, one for each
//! socket, and nothing more is read until it has gone: the answer to one sender never pushes out the answer to
//! another in our hands. Knows no protocol.

use super::{
    budget::VISIT,
    core::Net,
    handler::Handler,
    listener::{SocketOptions, bound_socket, size_buffers},
    table::Source,
    token::ConnId,
};
use mio::{Interest, net::UdpSocket};
use socket2::{Socket, Type};
use std::{
    io::{self, ErrorKind},
    mem,
    net::SocketAddr,
    os::fd::OwnedFd,
};

/// Datagrams read from one socket in one turn.
const DATAGRAMS_PER_TURN: usize = 64;

/// The loop's record of one datagram socket.
#[derive(Debug)]
pub(super) struct Datagrams {
    socket: UdpSocket,
    unsent: Option<(SocketAddr, Box<[u8]>)>,
    /// Over; it goes at the end of the turn, and hears nothing more until then.
    pub(super) over: bool,
    pub(super) in_ready_list: bool,
}

/// Makes a bound UDP socket.
///
/// # Errors
/// What the system says: the address is in use, is not ours, the port needs privileges.
pub fn bind_udp(address: SocketAddr, options: &SocketOptions) -> io::Result<UdpSocket> {
    let socket = bound_socket(address, Type::DGRAM, options)?;
    Ok(UdpSocket::from_std(socket.into()))
}

/// Makes a UDP socket of one that was bound by someone else.
///
/// # Errors
/// What the system says to the options.
pub fn take_udp(socket: OwnedFd, options: &SocketOptions) -> io::Result<UdpSocket> {
    let socket = Socket::from(socket);
    socket.set_nonblocking(true)?;
    size_buffers(&socket, options)?;
    Ok(UdpSocket::from_std(socket.into()))
}

impl Net {
    /// Takes a datagram socket into the loop.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn add_datagrams(&mut self, socket: UdpSocket) -> io::Result<ConnId> {
        let id = self.table.insert(Source::Datagrams(Box::new(Datagrams {
            socket,
            unsent: None,
            over: false,
            in_ready_list: false,
        })));
        if let Err(error) = self.register_datagrams(id, Interest::READABLE, false) {
            self.table.remove(id);
            return Err(error);
        }
        Ok(id)
    }

    fn register_datagrams(
        &mut self,
        id: ConnId,
        interest: Interest,
        again: bool,
    ) -> io::Result<()> {
        let Some(datagrams) = self.table.datagrams_mut(id) else {
            return Ok(());
        };
        let (registry, socket) = (&self.registry, &mut datagrams.socket);
        if again {
            registry.reregister(socket, id.token(), interest)
        } else {
            registry.register(socket, id.token(), interest)
        }
    }

    /// Sends a datagram. If the kernel has no room it is kept, and reading from this socket waits for it; only one is
    /// kept, so call this at most once for each datagram received. Any other failure concerns the one addressee and
    /// is theirs to notice (RFC 768 promises nothing).
    pub fn send_datagram(&mut self, id: ConnId, to: SocketAddr, bytes: &[u8]) {
        let Some(datagrams) = self.table.datagrams_mut(id) else {
            return;
        };
        match datagrams.socket.send_to(bytes, to) {
            Ok(_) => self.stats.datagrams_out += 1,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                datagrams.unsent = Some((to, bytes.into()));
                // Registering again asks for an edge even if there is room by now.
                let both = Interest::READABLE | Interest::WRITABLE;
                if let Err(error) = self.register_datagrams(id, both, true) {
                    tracing::warn!(%error, "a datagram socket cannot wait for room");
                }
            }
            Err(error) => tracing::debug!(%error, %to, "datagram not sent"),
        }
    }

    /// Sends what was kept, then reads on. Called for every event of the socket and when it was carried over. Datagrams
    /// are charged to the turn alone: their source can be forged, so that a charge could be aimed at anyone.
    pub(super) fn serve_datagrams(
        &mut self,
        id: ConnId,
        scratch: &mut [u8],
        handler: &mut impl Handler,
    ) {
        let Some(datagrams) = self.table.datagrams_mut(id) else {
            return;
        };
        datagrams.in_ready_list = false;
        if let Some((to, bytes)) = datagrams.unsent.take() {
            let _ = self.register_datagrams(id, Interest::READABLE, true);
            self.send_datagram(id, to, &bytes);
        }
        for _ in 0..DATAGRAMS_PER_TURN {
            let Some(datagrams) = self.table.datagrams_mut(id) else {
                return;
            };
            if datagrams.unsent.is_some() || datagrams.over {
                return;
            }
            match datagrams.socket.recv_from(scratch) {
                Ok((length, from)) => {
                    self.stats.datagrams_in += 1;
                    self.note_effort(VISIT);
                    self.budget.note_bytes(length);
                    handler.handle_datagram(self, id, from, &scratch[..length]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The network's answer to a datagram we sent earlier (nobody listens there); it concerns none that waits here.
                Err(error) => tracing::debug!(%error, "datagram socket"),
            }
        }
        self.list_datagrams(id);
    }

    /// Puts a datagram socket on the carry-over list.
    pub(super) fn list_datagrams(&mut self, id: ConnId) {
        if let Some(datagrams) = self.table.datagrams_mut(id) {
            if !mem::replace(&mut datagrams.in_ready_list, true) {
                self.ready.push_back(id);
            }
        }
    }
}

impl Datagrams {
    /// What to deregister.
    pub(super) fn source(&mut self) -> &mut UdpSocket {
        &mut self.socket
    }
}
