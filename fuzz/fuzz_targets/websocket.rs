//! Frames, at either end: any cut of the input gives the same items and the same answers, little is kept, and the answers are
//! in order for the other end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::protocol::web::websocket::{Fault, Opcode, Received, WebSocket, push_masked_frame};

/// Short, so that the fuzzer finds messages that are too long.
const LIMIT: u32 = 64;

/// What may be left of an input: less than the longest header and the longest control frame together.
const KEPT_MAX: usize = 6 + 125;

/// A decoded item, without its borrow.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Message(Opcode, Vec<u8>),
    Ping,
    Pong,
    Closed(Option<u16>, String),
    Failed(Fault),
}

fuzz_target!(|input: &[u8]| {
    let Some((&first, input)) = input.split_first() else {
        return;
    };
    let is_client = first & 1 != 0;
    // With frames put together for it in half of the inputs, the fuzzer gets further.
    let input = if first & 2 != 0 {
        masked(input)
    } else {
        input.to_vec()
    };
    let piece = usize::from(first >> 2).max(1);
    let whole = feed(is_client, std::iter::once(&input[..]));
    assert_eq!(feed(is_client, input.chunks(piece)), whole);
    let (told, _) = feed(!is_client, std::iter::once(&whole.1[..]));
    let is_in_order = |told: &Told| matches!(told, Told::Pong | Told::Closed(..));
    assert!(told.iter().all(is_in_order), "{told:?}");
});

/// Frames of a client made of: first byte, length, payload.
fn masked(mut input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let [first, length, rest @ ..] = input {
        let (payload, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        let start = out.len();
        push_masked_frame(Opcode::Binary, payload, [1, 2, 3, *length], &mut out);
        out[start] = *first;
        input = rest;
    }
    out
}

/// Hands in pieces as a connection would, keeping what was not consumed.
fn feed<'a>(is_client: bool, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Told>, Vec<u8>) {
    let mut socket = if is_client {
        WebSocket::client(LIMIT, 7)
    } else {
        WebSocket::server(LIMIT)
    };
    let (mut kept, mut scratch) = (Vec::new(), Vec::new());
    let (mut all, mut replies) = (Vec::new(), Vec::new());
    for piece in pieces {
        kept.extend_from_slice(piece);
        loop {
            let step = socket.next(&kept, &mut scratch, &mut replies);
            let told = match step.item {
                Received::Incomplete => None,
                Received::Fragment => {
                    kept.drain(..step.consumed);
                    continue;
                }
                Received::Text(text) => Some(Told::Message(Opcode::Text, text.into())),
                Received::Binary(bytes) => Some(Told::Message(Opcode::Binary, bytes.into())),
                Received::Ping => Some(Told::Ping),
                Received::Pong => Some(Told::Pong),
                Received::Closed { code, reason } => Some(Told::Closed(code, reason.into())),
                Received::Failed(fault) => Some(Told::Failed(fault)),
            };
            kept.drain(..step.consumed);
            let Some(told) = told else {
                break;
            };
            all.push(told);
        }
        assert!(kept.len() < KEPT_MAX, "kept {}", kept.len());
        assert!(socket.heap_bytes() < 512, "{}", socket.heap_bytes());
    }
    (all, replies)
}
