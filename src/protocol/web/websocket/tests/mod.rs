//! The rules of RFC 6455 and the codec's own: what is decoded and answered for any input, under any cut.

use super::*;

mod random;
mod rules;

/// The longest message here.
const LIMIT: u32 = 1000;

/// The longest header, and the longest payload of a control frame: all that may be left of an input.
const KEPT_MAX: usize = 6 + 125;

/// A decoded item, without its borrow.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Text(String),
    Binary(Vec<u8>),
    Ping,
    Pong,
    Closed(Option<u16>, String),
    Failed(Fault),
}

fn text(text: &str) -> Told {
    Told::Text(text.into())
}

fn closed(code: u16, reason: &str) -> Told {
    Told::Closed(Some(code), reason.into())
}

/// One end, fed as a connection would feed it: what is not consumed is kept and comes again.
struct End {
    socket: WebSocket,
    kept: Vec<u8>,
    scratch: Vec<u8>,
    told: Vec<Told>,
    replies: Vec<u8>,
}

impl End {
    fn new(socket: WebSocket) -> Self {
        Self {
            socket,
            kept: Vec::new(),
            scratch: Vec::new(),
            told: Vec::new(),
            replies: Vec::new(),
        }
    }

    fn server() -> Self {
        Self::new(WebSocket::server(LIMIT))
    }

    fn client() -> Self {
        Self::new(WebSocket::client(LIMIT, 7))
    }

    fn feed(&mut self, piece: &[u8]) {
        self.kept.extend_from_slice(piece);
        loop {
            let step = self
                .socket
                .next(&self.kept, &mut self.scratch, &mut self.replies);
            let told = match step.item {
                Received::Incomplete => None,
                Received::Fragment => {
                    self.kept.drain(..step.consumed);
                    continue;
                }
                Received::Text(text) => Some(Told::Text(text.into())),
                Received::Binary(bytes) => Some(Told::Binary(bytes.into())),
                Received::Ping => Some(Told::Ping),
                Received::Pong => Some(Told::Pong),
                Received::Closed { code, reason } => Some(Told::Closed(code, reason.into())),
                Received::Failed(fault) => Some(Told::Failed(fault)),
            };
            self.kept.drain(..step.consumed);
            let Some(told) = told else {
                break;
            };
            self.told.push(told);
        }
        assert!(self.kept.len() < KEPT_MAX, "kept {}", self.kept.len());
        let room = size_of::<Unfinished>() + 2 * LIMIT as usize;
        let held = self.socket.heap_bytes();
        assert!(held <= room, "{held} bytes");
    }
}

/// A client's frame with any first byte: bits, opcode.
fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut out = Vec::new();
    push_masked_frame(Opcode::Text, payload, key, &mut out);
    out[0] = first;
    out
}

/// What the server's side decodes, and what its peer decodes of the answers, for the input in one piece and in pieces of
/// every size.
#[track_caller]
fn check(input: &[u8], told: &[Told], answered: &[Told]) {
    for size in 1..=input.len() {
        let mut server = End::server();
        for piece in input.chunks(size) {
            server.feed(piece);
        }
        assert_eq!(server.told, told, "in pieces of {size}");
        let mut client = End::client();
        client.feed(&server.replies);
        assert_eq!(client.told, answered, "in pieces of {size}");
    }
}

/// A server that is fed this reports the fault, in its Close too, and reads nothing more.
#[track_caller]
fn refused(frames: &[&[u8]], fault: Fault) {
    let mut input = frames.concat();
    input.extend(frame(0x89, "not heard"));
    let words = fault.to_string();
    check(
        &input,
        &[Told::Failed(fault)],
        &[closed(fault.close_code(), &words)],
    );
}

#[test]
fn a_record_stays_small() {
    // An idle browser costs this, beside its user and its connection.
    assert!(size_of::<WebSocket>() <= 24, "{}", size_of::<WebSocket>());
}

#[test]
fn between_messages_nothing_is_owned() {
    let mut server = End::server();
    let message = [frame(0x01, "half "), frame(0x80, "whole")].concat();
    server.feed(&message[..8]);
    assert!(server.socket.heap_bytes() > 0);
    server.feed(&message[8..]);
    assert_eq!(server.told, [text("half whole")]);
    assert_eq!(server.socket.heap_bytes(), 0);
    // One that comes whole never needs any.
    server.feed(&frame(0x81, "whole"));
    assert_eq!(server.socket.heap_bytes(), 0);
    // Nor does one that ends in the middle of things.
    server.feed(&frame(0x01, "half "));
    server.feed(&frame(0x88, ""));
    assert_eq!(server.socket.heap_bytes(), 0);
}

#[test]
fn a_claimed_length_reserves_nothing() {
    let mut end = End::new(WebSocket::server(u32::MAX));
    // Four GiB less one byte are announced, and two bytes come.
    end.feed(b"\x82\xff\0\0\0\0\xff\xff\xff\xff\x01\x02\x03\x04ab");
    assert_eq!(end.told, []);
    assert!(
        end.socket.heap_bytes() < 1024,
        "{}",
        end.socket.heap_bytes()
    );
}

#[test]
fn a_long_message_leaves_the_scratch_area_small() {
    let mut end = End::new(WebSocket::server(10_000_000));
    let long = vec![b'x'; 5_000_000];
    let mut input = frame(0x82, &long);
    let (mut scratch, mut replies) = (Vec::new(), Vec::new());
    let step = end.socket.next(&input, &mut scratch, &mut replies);
    assert!(step.item == Received::Binary(&long));
    input.drain(..step.consumed);
    let step = end.socket.next(&input, &mut scratch, &mut replies);
    assert_eq!(step.item, Received::Incomplete);
    assert!(scratch.capacity() <= SCRATCH_KEPT);
}

#[test]
fn our_close_is_sent_once_and_input_is_read_until_the_peer_s() {
    let (mut server, mut client) = (End::server(), End::client());
    assert!(server.socket.is_open());
    server.socket.close(1001, "going away", &mut server.replies);
    server.socket.close(1000, "again", &mut server.replies);
    assert!(!server.socket.is_open());
    // Under way before it arrived at the client.
    server.feed(&frame(0x81, "wait"));
    server.feed(&frame(0x89, "there?"));
    client.feed(&std::mem::take(&mut server.replies));
    assert_eq!(client.told, [closed(1001, "going away"),]);
    server.feed(&client.replies);
    server.feed(&frame(0x81, "too late"));
    assert_eq!(server.told, [text("wait"), Told::Ping, closed(1001, "")]);
    assert_eq!(server.replies, b"");
}

#[test]
fn a_client_takes_unmasked_frames_and_masks_its_own() {
    let mut client = End::client();
    let mut said = Vec::new();
    push_frame(Opcode::Text, b"hello", &mut said);
    push_ping(b"one", &mut said);
    push_ping(b"two", &mut said);
    push_close(1000, "bye", &mut said);
    client.feed(&said);
    assert_eq!(
        client.told,
        [text("hello"), Told::Ping, Told::Ping, closed(1000, "bye")]
    );
    // Not with the same key twice.
    assert_ne!(client.replies[2..6], client.replies[11..15]);
    let mut server = End::server();
    server.feed(&client.replies);
    assert_eq!(server.told, [Told::Pong, Told::Pong, closed(1000, "")]);

    let mut client = End::client();
    client.feed(&frame(0x81, "masked"));
    assert_eq!(client.told, [Told::Failed(Fault::Mask)]);
}

#[test]
fn lines_of_irc_come_out_as_messages() {
    let mut out = Vec::new();
    frame_lines(b"PING one\r\nPING two\r\n", Kind::Text, &mut out);
    frame_lines(b"PING three\r\n", Kind::Binary, &mut out);
    let mut client = End::client();
    client.feed(&out);
    let three = Told::Binary(b"PING three".to_vec());
    assert_eq!(client.told, [text("PING one"), text("PING two"), three]);
}
