//! A visitor who speaks HTTP, and one who speaks IRC over WebSocket; a deadline on every read.

use super::PATIENCE;
use madang::protocol::web::websocket::{
    Kind, Opcode, Received, WebSocket,
    handshake::{Answer as Upgraded, push_request, read_answer},
    push_masked_frame,
};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

/// An answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header field that is there once.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> &str {
        let mut found = self.fields.iter().filter(|(n, _)| n == name);
        let (_, value) = found
            .next()
            .unwrap_or_else(|| panic!("no {name}: {self:?}"));
        assert!(found.next().is_none(), "{name} twice: {self:?}");
        value
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a text")
    }
}

/// One connection that speaks HTTP.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

impl Visitor {
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).expect("it listens"))
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a TCP socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        let unread = Vec::new();
        Self { stream, unread }
    }

    #[track_caller]
    pub(crate) fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).expect("it reads");
    }

    /// Asks for a page, and sees what comes.
    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        self.answer()
    }

    pub(crate) fn end_input(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// The next answer, with its body.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        let length = answer.fields.iter().find(|(n, _)| n == "content-length");
        let length = length.map_or(0, |(_, value)| value.parse().expect("a length"));
        while self.unread.len() < length {
            assert_ne!(self.read_more(), 0, "the end within a body");
        }
        answer.body = self.unread.drain(..length).collect();
        answer
    }

    /// The next answer without a body, as HEAD has it.
    #[track_caller]
    pub(crate) fn head(&mut self) -> Answer {
        let end = loop {
            let found = self.unread.windows(4).position(|w| w == b"\r\n\r\n");
            if let Some(at) = found {
                break at + 4;
            }
            assert_ne!(self.read_more(), 0, "the end instead of an answer");
        };
        let head: Vec<u8> = self.unread.drain(..end).collect();
        let head = String::from_utf8(head).expect("a head is ASCII");
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let fields = lines.map(|line| {
            let (name, value) = line.split_once(": ").expect("a header field");
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Answer {
            status: status.and_then(|s| s.parse().ok()).expect("a status"),
            fields: fields.collect(),
            body: Vec::new(),
        }
    }

    /// Sees that the stream ends here, and well.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) {
        assert_eq!(self.read_more(), 0, "more: {:?}", self.unread);
        assert!(self.unread.is_empty(), "more: {:?}", self.unread);
    }

    #[track_caller]
    fn read_more(&mut self) -> usize {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(count) => {
                    self.unread.extend_from_slice(&buffer[..count]);
                    return count;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("{error}; unread: {:?}", self.unread),
            }
        }
    }
}

/// What was heard on a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Line(String),
    Ping,
    Pong,
    /// The server closed, with this number.
    Closed(u16),
}

/// One connection that speaks IRC over WebSocket.
#[derive(Debug)]
pub(crate) struct Socket {
    visitor: Visitor,
    codec: WebSocket,
    /// The kind of messages that both sides send.
    pub(crate) kind: Kind,
    /// Whether pings are answered.
    pub(crate) answers: bool,
}

impl Socket {
    /// Upgrades; the first of `protocols` has to be chosen, if there are any.
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr, protocols: &[&str]) -> Self {
        let mut visitor = Visitor::connect(address);
        let mut out = Vec::new();
        let host = address.to_string();
        let key = push_request(&host, "/", [7; 16], protocols, &mut out);
        visitor.stream.write_all(&out).expect("it reads");
        loop {
            match read_answer(&visitor.unread, &key, protocols).expect("it lets us in") {
                Some(Upgraded { consumed, protocol }) => {
                    assert_eq!(protocol, protocols.first().copied());
                    visitor.unread.drain(..consumed);
                    break;
                }
                None => assert_ne!(visitor.read_more(), 0, "the end instead of an upgrade"),
            }
        }
        let kind = match protocols.first() {
            Some(&"binary.ircv3.net") => Kind::Binary,
            _ => Kind::Text,
        };
        Self {
            visitor,
            codec: WebSocket::client(1 << 20, 7),
            kind,
            answers: true,
        }
    }

    /// Comes in as text, registers and joins the lobby.
    #[track_caller]
    pub(crate) fn enter(address: SocketAddr, nick: &str) -> Self {
        let mut socket = Self::connect(address, &["text.ircv3.net"]);
        socket.register(nick);
        socket
    }

    #[track_caller]
    pub(crate) fn register(&mut self, nick: &str) {
        self.send(&format!("NICK {nick}"));
        self.send(&format!("USER {nick} 0 * :{nick}"));
        self.find(" 422 ");
        self.send("JOIN #lobby");
        self.find(" 366 ");
    }

    #[track_caller]
    pub(crate) fn send(&mut self, line: &str) {
        self.send_frame(self.kind.opcode(), line.as_bytes());
    }

    #[track_caller]
    pub(crate) fn send_frame(&mut self, opcode: Opcode, payload: &[u8]) {
        let mut out = Vec::new();
        push_masked_frame(opcode, payload, [1, 2, 3, 4], &mut out);
        self.send_bytes(&out);
    }

    #[track_caller]
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.visitor.stream.write_all(bytes).expect("it reads");
    }

    /// Whatever comes next.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Heard {
        loop {
            let (mut scratch, mut replies) = (Vec::new(), Vec::new());
            let unread = &self.visitor.unread;
            let step = self.codec.next(unread, &mut scratch, &mut replies);
            let (consumed, kind) = (step.consumed, self.kind);
            let line = |text: &str, of: Kind| {
                assert_eq!(of, kind, "the wrong kind of message");
                assert!(!text.contains(['\r', '\n']), "{text:?}");
                Some(Heard::Line(text.to_owned()))
            };
            let heard = match step.item {
                Received::Incomplete => None,
                Received::Text(text) => line(text, Kind::Text),
                Received::Binary(bytes) => {
                    line(std::str::from_utf8(bytes).expect("UTF-8"), Kind::Binary)
                }
                Received::Ping => Some(Heard::Ping),
                Received::Pong => Some(Heard::Pong),
                Received::Closed { code, .. } => Some(Heard::Closed(code.expect("a number"))),
                other => panic!("a server of lines says no {other:?}"),
            };
            self.visitor.unread.drain(..consumed);
            if self.answers && !replies.is_empty() {
                // It may be gone already.
                let _ = self.visitor.stream.write_all(&replies);
            }
            match heard {
                Some(heard) => return heard,
                None => assert_ne!(self.visitor.read_more(), 0, "the end without a Close"),
            }
        }
    }

    /// The next line; pings and pongs are passed over.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        loop {
            match self.next() {
                Heard::Line(line) => return line,
                Heard::Ping | Heard::Pong => {}
                Heard::Closed(code) => panic!("closed with {code} instead of a line"),
            }
        }
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Reads on up to a line with these words.
    #[track_caller]
    pub(crate) fn find(&mut self, words: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Sees that the server closes with this number, and then ends the stream.
    #[track_caller]
    pub(crate) fn expect_closed(&mut self, code: u16) {
        assert_eq!(self.next(), Heard::Closed(code));
        self.visitor.expect_end();
    }
}
