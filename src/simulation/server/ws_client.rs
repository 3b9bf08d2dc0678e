//! A WebSocket client of the swarm: upgrades, registers, and talks with others of its kind in a room of their own.
//!
//! Each line that it receives there is the next of its speaker's: none is lost, none comes twice, and all of them are
//! whole, however the frames were cut in either direction.

use super::{client::Cue, plan::WEB_GATE};
use crate::protocol::web::websocket::{
    Opcode, Received, WebSocket,
    handshake::{Answer, push_request, read_answer},
    push_masked_frame,
};
use crate::simulation::network::{Network, Peer, Random};
use std::{collections::BTreeMap, net::SocketAddr};

const PROTOCOL: &str = "text.ircv3.net";

/// See the module's documentation.
pub(super) struct WsClient {
    number: usize,
    peer: Peer,
    codec: WebSocket,
    key: String,
    /// So many of the received bytes are parsed.
    taken: usize,
    stage: Stage,
    unsent: Vec<u8>,
    said: u32,
    lines: u32,
    /// The percentage of steps in which it reads.
    reads: usize,
    /// How it leaves when it has sent everything.
    exit: Exit,
    ended: bool,
    gone: bool,
    /// The last line that it received from each other client.
    heard: BTreeMap<String, u32>,
    /// The last line of all.
    last: String,
    /// The server's close code.
    pub(super) closed: Option<u16>,
}

/// The progress of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Asking,
    TurnedAway,
    Upgraded,
    Talking,
    Leaving,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Close,
    EndOfStream,
    Quit,
    Reset,
}

impl WsClient {
    pub(super) fn new(number: usize, lines: usize, random: &mut Random, network: &Network) -> Self {
        let address: SocketAddr = ([192, 0, 2, 8], 4000 + number as u16).into();
        let mut unsent = Vec::new();
        let nonce = [number as u8; 16];
        let key = push_request("localhost", "/ws", nonce, &[PROTOCOL], &mut unsent);
        Self {
            number,
            peer: network.call(WEB_GATE, address),
            codec: WebSocket::client(1 << 16, number as u32),
            key,
            taken: 0,
            stage: Stage::Asking,
            unsent,
            said: 0,
            lines: random.below(lines) as u32,
            reads: [10, 30, 80][random.below(3)],
            exit: [
                Exit::Close,
                Exit::EndOfStream,
                Exit::Quit,
                Exit::Quit,
                Exit::Reset,
            ][random.below(5)],
            ended: false,
            gone: false,
            heard: BTreeMap::new(),
            last: String::new(),
            closed: None,
        }
    }

    pub(super) fn act(&mut self, random: &mut Random) {
        if self.gone {
            return;
        }
        if random.percent(self.reads) {
            self.peer.reads(1 + random.below(3000));
            self.understand();
        }
        if self.peer.sees_end() {
            self.understand();
            if !self.ended {
                self.peer.ends();
            }
            self.gone = true;
        } else if self.ended {
            // Nothing more can be sent.
        } else if !self.unsent.is_empty() {
            let count = 1 + random.below(self.unsent.len());
            let bytes: Vec<u8> = self.unsent.drain(..count).collect();
            self.peer.sends(&bytes);
        } else {
            self.go_on(random);
        }
    }

    /// All that it has made is sent: makes the next message.
    fn go_on(&mut self, random: &mut Random) {
        match self.stage {
            Stage::Asking => {}
            Stage::Upgraded => {
                let nick = format!("web{}", self.number);
                self.say(&format!("NICK {nick}"), random);
                self.say(&format!("USER {nick} 0 * :{nick}"), random);
                self.say("JOIN #web", random);
                self.stage = Stage::Talking;
            }
            Stage::Talking if self.said < self.lines => {
                let text = format!("PRIVMSG #web :{} 마당", self.said);
                self.said += 1;
                self.say(&text, random);
            }
            Stage::Talking => {
                self.stage = Stage::Leaving;
                match self.exit {
                    Exit::Close => self.push(Opcode::Close, true, &1000u16.to_be_bytes(), random),
                    Exit::Quit => self.say("QUIT :good night", random),
                    Exit::EndOfStream => {}
                    Exit::Reset => {
                        self.peer.resets(random);
                        self.gone = true;
                    }
                }
            }
            Stage::Leaving | Stage::TurnedAway => {
                self.peer.ends();
                self.ended = true;
            }
        }
    }

    /// A line as one message, in one frame or in several, with a ping between.
    fn say(&mut self, line: &str, random: &mut Random) {
        let bytes = line.as_bytes();
        if random.percent(70) {
            return self.push(Opcode::Text, true, bytes, random);
        }
        let (first, second) = bytes.split_at(random.below(bytes.len()));
        self.push(Opcode::Text, false, first, random);
        if random.percent(50) {
            self.push(Opcode::Ping, true, b"?", random);
        }
        self.push(Opcode::Continuation, true, second, random);
    }

    fn push(&mut self, opcode: Opcode, is_final: bool, payload: &[u8], random: &mut Random) {
        let start = self.unsent.len();
        let key = (random.next() as u32).to_be_bytes();
        push_masked_frame(opcode, payload, key, &mut self.unsent);
        if !is_final {
            self.unsent[start] &= 0x7f;
        }
    }

    /// Parses the bytes that came.
    fn understand(&mut self) {
        if self.stage == Stage::Asking {
            let input = &self.peer.heard()[self.taken..];
            match read_answer(input, &self.key, &[PROTOCOL]) {
                Ok(None) => return,
                Ok(Some(Answer { consumed, protocol })) => {
                    assert_eq!(protocol, Some(PROTOCOL));
                    self.taken += consumed;
                    self.stage = Stage::Upgraded;
                }
                Err(_) => {
                    let known = [&b"HTTP/1.1 503 "[..], b"HTTP/1.1 408 "];
                    let known = known.iter().any(|status| input.starts_with(status));
                    assert!(known, "{}", input.escape_ascii());
                    self.stage = Stage::TurnedAway;
                }
            }
        }
        if self.stage == Stage::TurnedAway {
            self.taken = self.peer.heard().len();
        }
        let (mut scratch, mut replies) = (Vec::new(), Vec::new());
        while self.taken < self.peer.heard().len() {
            let input = &self.peer.heard()[self.taken..];
            let step = self.codec.next(input, &mut scratch, &mut replies);
            self.taken += step.consumed;
            match step.item {
                Received::Incomplete => break,
                Received::Text(line) => {
                    let line = line.to_owned();
                    self.hear(line);
                }
                Received::Fragment | Received::Ping | Received::Pong => {}
                Received::Closed { code, .. } => self.closed = Some(code.expect("a number")),
                Received::Binary(_) | Received::Failed(_) => panic!("{:?}", step.item),
            }
        }
        // Not in the middle of a message.
        if self.stage != Stage::Leaving && !self.ended && self.unsent.is_empty() {
            self.unsent = replies;
        }
    }

    fn hear(&mut self, line: String) {
        assert_eq!(self.closed, None, "after the Close: {line}");
        assert!(!line.contains(['\r', '\n']), "{line:?}");
        let mut words = line.splitn(4, ' ');
        let speaker = words.next().and_then(|word| word.strip_prefix(":web"));
        if let (Some(speaker), Some("PRIVMSG"), Some("#web"), Some(text)) =
            (speaker, words.next(), words.next(), words.next())
        {
            let (nick, _) = speaker.split_once('!').expect("a full name");
            let number = text.strip_prefix(':').and_then(|t| t.strip_suffix(" 마당"));
            let number: u32 = number.and_then(|n| n.parse().ok()).expect("a whole line");
            let before = self.heard.insert(nick.to_owned(), number);
            // It may have come when others had begun.
            assert!(
                before.is_none_or(|before| number == before + 1),
                "{before:?}, then {line}"
            );
        }
        self.last = line;
    }

    pub(super) fn is_quiet(&self) -> bool {
        let waits = self.ended || self.stage == Stage::Asking && self.unsent.is_empty();
        self.gone || waits && !self.peer.has_mail()
    }

    pub(super) fn is_done(&self, cue: Cue) -> bool {
        if self.peer.is_waiting() {
            cue.stopped
        } else {
            self.gone
        }
    }

    /// The lines that it received. Not the bytes: they contain the time, and cloaks whose key is new with each server.
    pub(super) fn account(&self) -> Vec<u8> {
        let (count, heard) = (self.peer.heard().len(), &self.heard);
        format!("{count} bytes, {heard:?}, {:?}", self.closed).into_bytes()
    }

    /// Its end: the close code, and the part of the last line that is the same in each run.
    pub(super) fn farewell(&self) -> Option<String> {
        let known = ["Quit: ", "Ping timeout", "SendQ exceeded", "shutting down"];
        let words = known.into_iter().find(|words| self.last.contains(words));
        self.closed
            .map(|code| format!("by websocket: {code} {}", words.unwrap_or_default()))
    }

    /// A client that was not closed early got whole messages up to the end, then a last line and the Close that fits it.
    pub(super) fn check_end(&self, forced: bool) {
        if let Some(code) = self.closed {
            let expected = match code {
                1000 if self.exit == Exit::Close => "",
                1000 => "ERROR :Closing Link: ",
                1001 => "ERROR :Closing Link: madang.local is shutting down",
                _ => "ERROR :Closing Link: ",
            };
            let fits = self.last.starts_with(expected) || self.exit == Exit::EndOfStream;
            assert!(fits, "{self:?}");
        }
        let went = self.exit == Exit::Reset || self.peer.was_shed() || self.peer.is_waiting();
        if forced || went || self.stage == Stage::TurnedAway {
            return;
        }
        assert!(!self.peer.was_reset(), "{self:?}");
        assert!(
            self.closed.is_some() || self.peer.heard().is_empty(),
            "no Close: {self:?}"
        );
    }
}

impl std::fmt::Debug for WsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            number,
            stage,
            exit,
            said,
            closed,
            last,
            gone,
            ..
        } = self;
        write!(
            f,
            "web{number}: {stage:?}, {said} said, to leave by {exit:?}, closed: {closed:?}, {last:?}, gone: {gone}"
        )
    }
}
