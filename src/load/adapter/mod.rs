//! The client's side of each chat protocol: registration, rooms, messages. One file for each protocol.
//!
//! An adapter is a few bytes of state for each connection; names are made from numbers whenever they are needed. It
//! works on whole lines and appends to the caller's buffer. Knows no sockets, no time, and not what is measured.

mod identity;
mod irc;
mod telnet;

pub(super) use identity::{Identity, Incoming, Nick, RoomName, Run};
pub(super) use irc::Message;

use super::target::{ClientMode, Protocol};
use std::io::Write as _;

/// The client's side of one connection's protocol.
#[derive(Clone, Copy, Debug)]
pub(super) enum Adapter {
    /// IRC.
    Irc(irc::Irc),
    /// madang's `telnet://`.
    Telnet(telnet::Telnet),
    /// Neither sends nor interprets anything: a bare connection.
    Silent,
}

impl Adapter {
    /// For clients in this mode of a protocol.
    pub(super) fn new(protocol: Protocol, mode: ClientMode) -> Self {
        match protocol {
            _ if mode == ClientMode::ConnectOnly => Self::Silent,
            Protocol::Irc | Protocol::Ircs | Protocol::Ws | Protocol::Wss => {
                Self::Irc(irc::Irc::default())
            }
            Protocol::Telnet => Self::Telnet(telnet::Telnet::default()),
            Protocol::Echo | Protocol::EchoUdp => Self::Silent,
        }
    }

    /// The connection is made: writes the first lines. Returns whether the client is ready with that.
    pub(super) fn greet(&mut self, identity: Identity, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Irc(irc) => irc.greet(identity, out),
            // The server asks first.
            Self::Telnet(_) => {}
            Self::Silent => return true,
        }
        false
    }

    /// Handles a line, without its end, and appends the answer if it needs one.
    pub(super) fn receive<'a>(
        &mut self,
        identity: Identity,
        line: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Incoming<'a> {
        match self {
            Self::Irc(irc) => irc.receive(identity, line, out),
            Self::Telnet(telnet) => telnet.receive(identity, line, out),
            Self::Silent => Incoming::Nothing,
        }
    }

    /// Writes a message to a room; `text` writes its text.
    pub(super) fn say(&self, room: RoomName, out: &mut Vec<u8>, text: impl FnOnce(&mut Vec<u8>)) {
        match self {
            Self::Irc(_) => {
                let _ = write!(out, "PRIVMSG {room} :");
                text(out);
            }
            // A line of text goes to the room that was entered last.
            Self::Telnet(_) => text(out),
            Self::Silent => return,
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Writes the command to quit. The server then ends the connection.
    pub(super) fn leave(&self, out: &mut Vec<u8>) {
        match self {
            Self::Irc(_) => out.extend_from_slice(b"QUIT\r\n"),
            Self::Telnet(_) => out.extend_from_slice(b"/quit\r\n"),
            Self::Silent => {}
        }
    }

    /// Whether the server ends the connection after our command to quit.
    pub(super) fn can_leave(&self) -> bool {
        !matches!(self, Self::Silent)
    }

    /// The longest text of a message, in bytes.
    pub(super) fn longest_text(protocol: Protocol) -> usize {
        match protocol {
            // A line has 512 bytes with its end (RFC 2812 section 2.3), and the server prepends the source.
            Protocol::Irc | Protocol::Ircs | Protocol::Ws | Protocol::Wss => 350,
            Protocol::Telnet => 3500,
            Protocol::Echo | Protocol::EchoUdp => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adapter_stays_small() {
        assert!(size_of::<Adapter>() <= 8, "{}", size_of::<Adapter>());
    }
}
