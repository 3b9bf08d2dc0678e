//! The client's side of each chat protocol: registration, rooms, messages. One file for each protocol.
//!
//! An adapter is a few bytes of state for each connection; names are made anew from numbers whenever they are needed.
//! Works on whole lines and appends to the caller's buffer. Knows no sockets, no time, and not what is measured.

mod identity;
mod irc;
mod telnet;

pub(super) use identity::{Identity, Incoming, Nick, RoomName, Run};
pub(super) use irc::Message;

use super::target::{ClientMode, Protocol};
use std::io::Write as _;

/// How one client speaks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Adapter {
    /// IRC.
    Irc(irc::Irc),
    /// Lines for people.
    Telnet(telnet::Telnet),
    /// Says nothing and understands nothing: a bare connection.
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

    /// The connection is made: says what comes first. Whether we are ready with that.
    pub(super) fn greet(&mut self, identity: Identity, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Irc(irc) => irc.greet(identity, out),
            // The server asks first.
            Self::Telnet(_) => {}
            Self::Silent => return true,
        }
        false
    }

    /// Takes a line, without its end. Answers what must be answered.
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

    /// Says a text in a room; `text` writes it.
    pub(super) fn say(&self, room: RoomName, out: &mut Vec<u8>, text: impl FnOnce(&mut Vec<u8>)) {
        match self {
            Self::Irc(_) => {
                let _ = write!(out, "PRIVMSG {room} :");
                text(out);
            }
            // What is typed goes to the room we entered last.
            Self::Telnet(_) => text(out),
            Self::Silent => return,
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Says goodbye. The server ends the connection then.
    pub(super) fn leave(&self, out: &mut Vec<u8>) {
        match self {
            Self::Irc(_) => out.extend_from_slice(b"QUIT\r\n"),
            Self::Telnet(_) => out.extend_from_slice(b"/quit\r\n"),
            Self::Silent => {}
        }
    }

    /// Whether the server will end the connection when we say goodbye.
    pub(super) fn can_leave(&self) -> bool {
        !matches!(self, Self::Silent)
    }

    /// The longest text of a message, in bytes.
    pub(super) fn longest_text(protocol: Protocol) -> usize {
        match protocol {
            // A line has 512 bytes with its end (RFC 2812 section 2.3), and the server puts the source in front.
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
    fn a_speaker_stays_small() {
        assert!(size_of::<Adapter>() <= 8, "{}", size_of::<Adapter>());
    }
}
