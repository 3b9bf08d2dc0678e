//! What a member of the crew says and understands: registration, rooms, messages. One file for each protocol.
//!
//! A speaker is a few bytes of state for each connection; names are made anew from numbers whenever they are needed.
//! Works on whole lines and appends to the caller's buffer. Knows no sockets, no time, and not what is measured.

mod irc;
mod telnet;

pub(super) use irc::Message;

use super::target::Protocol;
use std::{fmt, io::Write as _};

/// Everything that two runs must not share: the prefix of names and rooms, and the stamp of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run(pub(super) u16);

/// Who a member is, and in which room they stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who {
    /// Which run they belong to.
    pub(super) run: Run,
    /// Their number in the run, which makes their name.
    pub(super) number: u32,
    /// Their room's number; `None`: they stand in none.
    pub(super) room: Option<u32>,
}

/// Shows a member's name: at most nine characters (RFC 1459 section 1.2) up to sixty million members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nick(pub(super) Run, pub(super) u32, pub(super) u8);

/// Shows a room's name, with the sign in front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room(pub(super) Run, pub(super) u32);

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The first letters of a name may not be a digit, and a name that was taken goes to another letter.
        let first = char::from(b'b' + self.2 % 24);
        write!(
            f,
            "{first}{}{}",
            Base36(self.0.0.into(), 2),
            Base36(self.1, 1)
        )
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#bench{}-{}", Base36(self.0.0.into(), 2), self.1)
    }
}

/// A number in digits and small letters, with zeros in front up to a width.
struct Base36(u32, usize);

impl fmt::Display for Base36 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut digits, mut at, mut rest) = ([b'0'; 8], 8, self.0);
        while rest > 0 || at > 8 - self.1 {
            at -= 1;
            digits[at] = b"0123456789abcdefghijklmnopqrstuvwxyz"[rest as usize % 36];
            rest /= 36;
        }
        f.write_str(std::str::from_utf8(&digits[at..]).unwrap_or_default())
    }
}

/// What a line from the server means to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// Nothing that matters here.
    Nothing,
    /// We are registered, and in our room if we wanted one.
    Ready,
    /// Someone said this in our room.
    Said(&'a [u8]),
    /// The person of this name is gone.
    Left(&'a [u8]),
    /// We are not let in, or let go; the server's words.
    Refused(&'a [u8]),
}

/// How one member speaks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Speaker {
    /// IRC.
    Irc(irc::Irc),
    /// Lines for people.
    Telnet(telnet::Telnet),
    /// Says nothing and understands nothing: a bare connection.
    Silent,
}

impl Speaker {
    /// For a protocol; `raw` members only hold their connection.
    pub(super) fn new(protocol: Protocol, raw: bool) -> Self {
        match protocol {
            _ if raw => Self::Silent,
            Protocol::Irc | Protocol::Ircs | Protocol::Ws | Protocol::Wss => {
                Self::Irc(irc::Irc::default())
            }
            Protocol::Telnet => Self::Telnet(telnet::Telnet::default()),
            Protocol::Echo | Protocol::EchoUdp => Self::Silent,
        }
    }

    /// The connection is made: says what comes first. Whether we are ready with that.
    pub(super) fn greet(&mut self, who: Who, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Irc(irc) => irc.greet(who, out),
            // The server asks first.
            Self::Telnet(_) => {}
            Self::Silent => return true,
        }
        false
    }

    /// Takes a line, without its end. Answers what must be answered.
    pub(super) fn hear<'a>(&mut self, who: Who, line: &'a [u8], out: &mut Vec<u8>) -> Heard<'a> {
        match self {
            Self::Irc(irc) => irc.hear(who, line, out),
            Self::Telnet(telnet) => telnet.hear(who, line, out),
            Self::Silent => Heard::Nothing,
        }
    }

    /// Says a text in a room; `text` writes it.
    pub(super) fn say(&self, room: Room, out: &mut Vec<u8>, text: impl FnOnce(&mut Vec<u8>)) {
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
    fn names_are_short_and_differ() {
        let nick = |number, tries| Nick(Run(1295), number, tries).to_string();
        assert_eq!(nick(0, 0), "bzz0");
        assert_eq!(nick(15_000, 0), "bzzbko");
        assert_eq!(nick(15_000, 1), "czzbko");
        assert!(nick(60_000_000, 0).len() <= 9);
        assert_eq!(Room(Run(1), 12).to_string(), "#bench01-12");
    }

    #[test]
    fn a_speaker_stays_small() {
        assert!(size_of::<Speaker>() <= 8, "{}", size_of::<Speaker>());
    }
}
