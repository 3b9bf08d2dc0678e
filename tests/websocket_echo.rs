//! The WebSocket layer from outside, by `examples/websocket_echo.rs`: real sockets, real frames, one behaviour per test.
//!
//! To run this file alone, `cargo build --examples` comes first. The rules of the protocol one by one are tested beside the
//! codec (`src/protocol/web/websocket/tests`); here is what only a server can show.

mod common;

use common::{Dice, PATIENCE, Process};
use madang::protocol::web::websocket::{
    Opcode, Received, WebSocket,
    handshake::{push_request, read_answer},
    push_masked_frame,
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

const MIB: usize = 1024 * 1024;

/// The running example; it ends with its test.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start() -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_madang"));
        let folder = binary.parent().expect("it lies in a folder");
        let mut child = Command::new(folder.join("examples/websocket_echo"))
            .args(["--listen", "http://127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{error}; build it: cargo build --examples"));
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it was piped");
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening http://");
        let address = address.unwrap_or_else(|| panic!("{line:?}"));
        Self {
            address: address.parse().unwrap(),
            child,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    fn process(&self) -> Process {
        Process(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that was let in.
struct Peer {
    stream: TcpStream,
    socket: WebSocket,
    kept: Vec<u8>,
}

/// What a peer hears, without its borrow.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Text(String),
    Binary(Vec<u8>),
    Pong,
    Closed(Option<u16>),
}

impl Peer {
    fn new(server: &Server) -> Self {
        let mut stream = server.connect();
        let mut request = Vec::new();
        let host = server.address.to_string();
        let key = push_request(&host, "/", [3; 16], &[], &mut request);
        stream.write_all(&request).unwrap();
        let mut kept = Vec::new();
        let length = loop {
            if let Some(answer) = read_answer(&kept, &key, &[]).unwrap() {
                break answer.consumed;
            }
            read_more(&mut stream, &mut kept);
        };
        kept.drain(..length);
        let socket = WebSocket::client(u32::MAX, 1);
        Self {
            stream,
            socket,
            kept,
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn hear(&mut self) -> Heard {
        let (mut scratch, mut replies) = (Vec::new(), Vec::new());
        loop {
            let step = self.socket.next(&self.kept, &mut scratch, &mut replies);
            let heard = match step.item {
                Received::Incomplete => None,
                Received::Text(text) => Some(Heard::Text(text.into())),
                Received::Binary(bytes) => Some(Heard::Binary(bytes.into())),
                Received::Pong => Some(Heard::Pong),
                Received::Closed { code, .. } => Some(Heard::Closed(code)),
                other => panic!("an echo server says no {other:?}"),
            };
            self.kept.drain(..step.consumed);
            if let Some(heard) = heard {
                return heard;
            }
            read_more(&mut self.stream, &mut self.kept);
        }
    }

    /// The server ends the connection, and not we.
    #[track_caller]
    fn expect_end(&mut self) {
        assert_eq!(self.kept, b"");
        assert_eq!(self.stream.read(&mut [0; 100]).unwrap(), 0);
    }
}

#[track_caller]
fn read_more(stream: &mut TcpStream, kept: &mut Vec<u8>) {
    let mut part = [0; 16 * 1024];
    let count = stream.read(&mut part).unwrap();
    assert!(count > 0, "the server ended the connection");
    kept.extend_from_slice(&part[..count]);
}

fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_masked_frame(opcode, payload, [9, 8, 7, 6], &mut out);
    out
}

/// A fragment that is not the last.
fn fragment(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = frame(opcode, payload);
    out[0] &= 0x7f;
    out
}

fn noise(length: usize) -> Vec<u8> {
    let mut dice = Dice(length as u64);
    let words = std::iter::repeat_with(|| dice.next().to_ne_bytes());
    words.flatten().take(length).collect()
}

#[test]
fn messages_of_all_lengths_come_back() {
    let server = Server::start();
    let mut peer = Peer::new(&server);
    for length in [0, 1, 125, 126, 65_535, 65_536, 70_000, 16 * MIB] {
        let bytes = noise(length);
        peer.send(&frame(Opcode::Binary, &bytes));
        assert!(peer.hear() == Heard::Binary(bytes), "{length} bytes");
    }
    let text = "\u{ae4c}\u{ce58} ".repeat(200_000);
    peer.send(&frame(Opcode::Text, text.as_bytes()));
    assert!(peer.hear() == Heard::Text(text));
}

#[test]
fn thousands_of_fragments_make_one_message_and_a_ping_is_answered_between_them() {
    let server = Server::start();
    let mut peer = Peer::new(&server);
    let piece = noise(1024);
    let mut sent = fragment(Opcode::Binary, &piece);
    for _ in 0..8000 {
        sent.extend(fragment(Opcode::Continuation, &piece));
    }
    sent.extend(frame(Opcode::Ping, b"still there?"));
    peer.send(&sent);
    assert_eq!(peer.hear(), Heard::Pong);
    peer.send(&frame(Opcode::Continuation, b""));
    assert!(peer.hear() == Heard::Binary(piece.repeat(8001)));
}

#[test]
fn bytes_one_by_one_are_understood() {
    let server = Server::start();
    let mut stream = server.connect();
    let mut input = Vec::new();
    let key = push_request("localhost", "/", [1; 16], &[], &mut input);
    input.extend(fragment(Opcode::Text, b"one "));
    input.extend(frame(Opcode::Continuation, b"by one"));
    for byte in input {
        stream.write_all(&[byte]).unwrap();
    }
    let mut kept = Vec::new();
    while !kept.ends_with(b"\x81\x0aone by one") {
        read_more(&mut stream, &mut kept);
    }
    assert!(read_answer(&kept, &key, &[]).unwrap().is_some());
}

#[test]
fn frames_that_come_with_the_request_are_not_lost() {
    let server = Server::start();
    let mut stream = server.connect();
    let mut input = Vec::new();
    push_request("localhost", "/", [1; 16], &[], &mut input);
    input.extend(frame(Opcode::Text, b"early"));
    stream.write_all(&input).unwrap();
    let mut kept = Vec::new();
    while !kept.ends_with(b"\r\n\r\n\x81\x05early") {
        read_more(&mut stream, &mut kept);
    }
}

#[test]
fn a_close_is_answered_and_the_server_ends_first() {
    let server = Server::start();
    let mut peer = Peer::new(&server);
    peer.send(&frame(Opcode::Text, b"last words"));
    peer.send(&frame(Opcode::Close, &4001u16.to_be_bytes()));
    assert_eq!(peer.hear(), Heard::Text("last words".into()));
    assert_eq!(peer.hear(), Heard::Closed(Some(4001)));
    peer.expect_end();
}

#[test]
fn who_breaks_the_rules_is_told_which_and_nobody_else_is_disturbed() {
    let server = Server::start();
    let mut bystander = Peer::new(&server);
    bystander.send(&fragment(Opcode::Text, b"half "));
    let too_long = b"\x82\xff\0\0\0\0\x01\0\0\x01\0\0\0\0";
    for (bytes, code) in [
        (&b"\x81\x05hello"[..], 1002),
        (b"\xc1\x80\0\0\0\0", 1002),
        (b"\x83\x80\0\0\0\0", 1002),
        (b"\x81\x82\0\0\0\0\xc3\x28", 1007),
        // Not a byte more than it takes to know.
        (b"\x81\xfe\xff\xff\0\0\0\0\xff", 1007),
        (too_long, 1009),
    ] {
        let mut peer = Peer::new(&server);
        peer.send(bytes);
        assert_eq!(peer.hear(), Heard::Closed(Some(code)), "{bytes:x?}");
        peer.expect_end();
    }
    bystander.send(&frame(Opcode::Continuation, b"whole"));
    assert_eq!(bystander.hear(), Heard::Text("half whole".into()));
}

#[test]
fn who_ends_without_a_close_gets_what_is_owed() {
    let server = Server::start();
    let mut peer = Peer::new(&server);
    peer.send(&frame(Opcode::Text, b"and gone"));
    peer.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(peer.hear(), Heard::Text("and gone".into()));
    peer.expect_end();
}

#[test]
fn other_requests_get_a_proper_answer() {
    let server = Server::start();
    let upgrade = "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n".into(), "426"),
        ("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n".into(), "426"),
        ("POST / HTTP/1.1\r\nHost: x\r\n\r\n".into(), "405"),
        (
            format!("GET / HTTP/1.0\r\n{upgrade}{key}Sec-WebSocket-Version: 13\r\n\r\n"),
            "426",
        ),
        (
            format!("GET / HTTP/1.1\r\n{upgrade}{key}Sec-WebSocket-Version: 8\r\n\r\n"),
            "426",
        ),
        (
            format!("GET / HTTP/1.1\r\n{upgrade}Sec-WebSocket-Version: 13\r\n\r\n"),
            "400",
        ),
        ("no HTTP at all\r\n\r\n".into(), "400"),
    ] {
        let mut stream = server.connect();
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{request}\n{answer}");
        if status == "426" {
            assert!(
                answer.contains("\r\nSec-WebSocket-Version: 13\r\n"),
                "{answer}"
            );
        }
    }
}

#[test]
fn a_peer_that_does_not_read_is_not_read_from() {
    let server = Server::start();
    let before = server.process().usage().resident;
    let (size, count) = (64 * 1024, 512);
    let mut peer = Peer::new(&server);
    let mut writing = peer.stream.try_clone().unwrap();
    let sender = thread::spawn(move || {
        for _ in 0..count {
            let bytes = frame(Opcode::Binary, &noise(size));
            writing.write_all(&bytes).unwrap();
        }
    });
    // Until the server rests: all buffers on the way are full.
    let (mut rested, mut last) = (0, server.process().usage().cpu);
    common::wait_for("a server at rest", || {
        thread::sleep(Duration::from_millis(100));
        let cpu = std::mem::replace(&mut last, server.process().usage().cpu);
        rested = if cpu == last { rested + 1 } else { 0 };
        (rested >= 10).then_some(())
    });
    assert!(
        !sender.is_finished(),
        "all was taken from one who reads nothing"
    );
    let grown = server.process().usage().resident.saturating_sub(before);
    assert!(grown < 4 * MIB, "grown by {grown}");
    // Nobody else waits for that one.
    let mut other = Peer::new(&server);
    other.send(&frame(Opcode::Text, b"hello"));
    assert_eq!(other.hear(), Heard::Text("hello".into()));
    let expected = noise(size);
    for at in 0..count {
        assert!(
            peer.hear() == Heard::Binary(expected.clone()),
            "message {at}"
        );
    }
    sender.join().unwrap();
}
