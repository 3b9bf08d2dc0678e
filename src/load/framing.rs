//! How lines are transported: as they are, each with its end, or each in a frame of a WebSocket (RFC 6455, IRCv3
//! `websocket`).
//!
//! Invariant: however the input is cut, the same lines come out. Knows no sockets, and not what lines mean.

use super::target::{ClientMode, Protocol};
use crate::protocol::{
    Frame,
    lines::Lines,
    web::websocket::{Opcode, Received, WebSocket, handshake, push_masked_frame},
};
use std::borrow::Cow;

/// The longest line that is accepted. Servers keep to 512 or a few thousand bytes; a longer line is skipped, or ends
/// a WebSocket.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// The subprotocols that we ask for: IRC in text frames.
const SUBPROTOCOLS: &[&str] = &["text.ircv3.net"];

/// How the lines of one connection are transported.
#[derive(Debug)]
pub(super) enum Framing {
    /// Each line with its end.
    Lines(Lines),
    /// In frames, once the server has accepted the upgrade. The number makes the keys.
    Upgrading(u32),
    /// In frames.
    Socket(Box<WebSocket>),
}

/// What the input begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unit<'a> {
    /// A line, without its end.
    Line(Cow<'a, [u8]>),
    /// The server agreed: lines can be sent from now on.
    Opened,
    /// Something that is not a line.
    Other,
    /// Nothing complete yet.
    Incomplete,
    /// The server ended the connection or violated the protocol, and how.
    Over(String),
}

impl Framing {
    /// For a protocol; `number` makes connections different. A client that only connects sends nothing, not even the
    /// request for an upgrade.
    pub(super) fn new(protocol: Protocol, number: u32, mode: ClientMode) -> Self {
        if protocol.is_websocket() && mode == ClientMode::Register {
            Self::Upgrading(number)
        } else {
            Self::Lines(Lines::default())
        }
    }

    /// The connection is made: writes the request that must come first. Returns whether lines have to wait for its
    /// answer.
    pub(super) fn open(&self, host: &str, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Upgrading(number) => {
                handshake::push_request(host, "/ws", nonce(*number), SUBPROTOCOLS, out);
                true
            }
            Self::Lines(_) | Self::Socket(_) => false,
        }
    }

    /// Appends lines, each with its CR LF, in transported form.
    pub(super) fn wrap(&self, lines: &[u8], out: &mut Vec<u8>) {
        if let Self::Lines(_) = self {
            return out.extend_from_slice(lines);
        }
        for line in lines.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() {
                // A constant mask is enough: between a load tool and its server there is no proxy to protect.
                push_masked_frame(Opcode::Text, line, [0x6d, 0x61, 0x64, 0x61], out);
            }
        }
    }

    /// Takes the first unit of `input` and returns its length in bytes. `scratch` holds messages until the next call;
    /// answers to pings are appended to `replies`.
    pub(super) fn next<'a>(
        &mut self,
        input: &'a [u8],
        searched: &mut usize,
        scratch: &'a mut Vec<u8>,
        replies: &mut Vec<u8>,
    ) -> (usize, Unit<'a>) {
        match self {
            Self::Lines(lines) => {
                let cut = lines.next(input, searched, LINE_BYTES_MAX);
                let unit = match cut.item {
                    Frame::Line(line) => Unit::Line(line),
                    Frame::TooLong => Unit::Other,
                    Frame::Incomplete => Unit::Incomplete,
                };
                (cut.consumed, unit)
            }
            Self::Upgrading(number) => {
                let number = *number;
                let key = handshake::push_request("", "/", nonce(number), &[], &mut Vec::new());
                match handshake::read_answer(input, &key, SUBPROTOCOLS) {
                    Ok(None) => (0, Unit::Incomplete),
                    Ok(Some(answer)) => {
                        let consumed = answer.consumed;
                        *self = Self::Socket(Box::new(WebSocket::client(
                            LINE_BYTES_MAX as u32,
                            number,
                        )));
                        (consumed, Unit::Opened)
                    }
                    Err(fault) => (input.len(), Unit::Over(format!("no WebSocket: {fault}"))),
                }
            }
            Self::Socket(socket) => {
                let step = socket.next(input, scratch, replies);
                let unit = match step.item {
                    Received::Incomplete => Unit::Incomplete,
                    Received::Text(text) => Unit::Line(Cow::Borrowed(text.as_bytes())),
                    Received::Binary(bytes) => Unit::Line(Cow::Borrowed(bytes)),
                    Received::Fragment | Received::Ping | Received::Pong => Unit::Other,
                    Received::Closed { code, .. } => {
                        let code = code.map_or("none".into(), |code| code.to_string());
                        Unit::Over(format!("the server closed the WebSocket (code {code})"))
                    }
                    Received::Failed(fault) => {
                        Unit::Over(format!("a fault of the WebSocket: {fault}"))
                    }
                };
                (step.consumed, unit)
            }
        }
    }
}

/// Different for each connection, which is enough for a load test.
fn nonce(number: u32) -> [u8; 16] {
    let mut nonce = *b"madang bench....";
    nonce[12..].copy_from_slice(&number.to_be_bytes());
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::web::websocket::{push_frame, push_ping};

    fn lines_of(framing: &mut Framing, input: &[u8]) -> (Vec<String>, Vec<u8>) {
        let (mut taken, mut searched) = (0, 0);
        let (mut lines, mut scratch, mut replies) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let (consumed, unit) =
                framing.next(&input[taken..], &mut searched, &mut scratch, &mut replies);
            taken += consumed;
            match unit {
                Unit::Line(line) => lines.push(String::from_utf8(line.to_vec()).unwrap()),
                Unit::Incomplete => return (lines, replies),
                Unit::Over(why) => {
                    lines.push(why);
                    return (lines, replies);
                }
                Unit::Opened | Unit::Other => {}
            }
        }
    }

    #[test]
    fn plain_lines_are_cut() {
        let mut framing = Framing::new(Protocol::Irc, 1, ClientMode::Register);
        assert!(!framing.open("h", &mut Vec::new()));
        assert_eq!(lines_of(&mut framing, b"a b\r\nc\nhalf").0, ["a b", "c"]);
        let mut out = Vec::new();
        framing.wrap(b"x\r\ny\r\n", &mut out);
        assert_eq!(out, b"x\r\ny\r\n");
    }

    #[test]
    fn lines_travel_in_frames_after_the_upgrade() {
        let mut framing = Framing::new(Protocol::Ws, 1, ClientMode::Register);
        let mut asked = Vec::new();
        assert!(framing.open("host:1", &mut asked));
        let head = String::from_utf8(asked.clone()).unwrap();
        assert!(head.starts_with("GET /ws HTTP/1.1\r\n"), "{head}");
        let key = head
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let mut answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: text.ircv3.net\r\n\r\n",
            handshake::accept_key(key.unwrap())
        )
        .into_bytes();
        push_frame(Opcode::Text, b"hello", &mut answer);
        push_ping(b"?", &mut answer);
        push_frame(Opcode::Text, b"again", &mut answer);
        let (lines, replies) = lines_of(&mut framing, &answer);
        assert_eq!(lines, ["hello", "again"]);
        assert!(!replies.is_empty());
        // A server can read what we send.
        let mut out = Vec::new();
        framing.wrap(b"PRIVMSG #a :b\r\nQUIT\r\n", &mut out);
        let mut server = Framing::Socket(Box::new(WebSocket::server(1000)));
        assert_eq!(lines_of(&mut server, &out).0, ["PRIVMSG #a :b", "QUIT"]);
    }

    #[test]
    fn a_server_that_refuses_the_upgrade_is_reported() {
        let mut framing = Framing::new(Protocol::Ws, 1, ClientMode::Register);
        let (lines, _) = lines_of(
            &mut framing,
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        );
        assert!(lines[0].starts_with("no WebSocket: "), "{lines:?}");
    }
}
