//! A datagram socket: whole datagrams in, whole datagrams out.
//!
//! A datagram that the kernel has no room for is kept, one for each socket, and nothing more is read until it is sent: the
//! answer to one sender never displaces the answer to another. Knows no protocol.

use super::{marks::Marks, token::ConnId};
use crate::net::{state::LoopState, stats::Stats};
use mio::{Interest, net::UdpSocket};
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
};

/// The loop's record of one datagram socket.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: UdpSocket,
    unsent: Option<(SocketAddr, Box<[u8]>)>,
    /// It is reaped at the end of the turn, and reads nothing more until then.
    is_closed: bool,
    pub(crate) marks: Marks,
    /// Which of its slot's sources it is.
    pub(super) generation: u32,
}

/// What a read brought.
pub(crate) enum Received {
    /// So many bytes, possibly none, at the start of the buffer.
    Datagram(usize, SocketAddr),
    /// Nothing that concerns us; there may be more.
    Nothing,
    /// Nothing more may be read now.
    Blocked,
}

impl Datagrams {
    pub(crate) fn new(socket: UdpSocket) -> Self {
        Self {
            socket,
            unsent: None,
            is_closed: false,
            marks: Marks::default(),
            generation: 0,
        }
    }

    /// Registers it with the poll.
    pub(crate) fn register(&mut self, id: ConnId, state: &LoopState) -> io::Result<()> {
        let registry = &state.registry;
        registry.register(&mut self.socket, id.token(), Interest::READABLE)
    }

    /// Takes it out of the poll.
    pub(crate) fn deregister(&mut self, state: &LoopState) {
        let _ = state.registry.deregister(&mut self.socket);
    }

    /// Reads one datagram, if none waits to be sent.
    pub(crate) fn receive(&mut self, buffer: &mut [u8], stats: &mut Stats) -> Received {
        if self.unsent.is_some() || self.is_closed {
            return Received::Blocked;
        }
        match self.socket.recv_from(buffer) {
            Ok((length, from)) => {
                stats.datagrams_in += 1;
                Received::Datagram(length, from)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Received::Blocked,
            // The network's answer to a datagram we sent earlier (no socket is there); it concerns none that waits here.
            Err(error) => {
                tracing::debug!(%error, "datagram socket");
                Received::Nothing
            }
        }
    }

    /// Sends a datagram. If the kernel has no room it is kept, and reading waits for it. Any other failure concerns the one
    /// addressee, who will miss it (RFC 768 promises nothing).
    pub(crate) fn send(&mut self, id: ConnId, to: SocketAddr, bytes: &[u8], state: &mut LoopState) {
        match self.socket.send_to(bytes, to) {
            Ok(_) => state.stats.datagrams_out += 1,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.unsent = Some((to, bytes.into()));
                // Registering again asks for an edge even if there is room by now.
                let both = Interest::READABLE | Interest::WRITABLE;
                if let Err(error) = self.reregister(id, both, state) {
                    tracing::warn!(%error, "a datagram socket cannot wait for room");
                }
            }
            Err(error) => tracing::debug!(%error, %to, "datagram not sent"),
        }
    }

    /// Sends the datagram that waited for room, if one did.
    pub(crate) fn send_unsent(&mut self, id: ConnId, state: &mut LoopState) {
        if let Some((to, bytes)) = self.unsent.take() {
            let _ = self.reregister(id, Interest::READABLE, state);
            self.send(id, to, &bytes, state);
        }
    }

    /// Closes it at the end of the turn.
    pub(crate) fn close(&mut self, id: ConnId, state: &mut LoopState) {
        if !self.is_closed {
            self.is_closed = true;
            state.work.closed.push(id);
        }
    }

    fn reregister(&mut self, id: ConnId, interest: Interest, state: &LoopState) -> io::Result<()> {
        let registry = &state.registry;
        registry.reregister(&mut self.socket, id.token(), interest)
    }
}
