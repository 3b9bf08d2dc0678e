//! Any input, under any cut: the same is decoded and answered, and little is kept (`End::feed` holds that).

use super::*;
use proptest::{collection::vec, prelude::*, sample::Index};

/// A message or a control frame, as a peer would send it.
#[derive(Clone, Debug)]
enum Said {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        "\\PC{0,40}".prop_map(Said::Text),
        vec(any::<u8>(), 0..400).prop_map(Said::Binary),
        vec(any::<u8>(), 0..=125).prop_map(Said::Ping),
        vec(any::<u8>(), 0..=125).prop_map(Said::Pong),
    ]
}

impl Said {
    fn told(&self) -> Told {
        match self {
            Self::Text(text) => Told::Text(text.clone()),
            Self::Binary(bytes) => Told::Binary(bytes.clone()),
            Self::Ping(_) => Told::Ping,
            Self::Pong(_) => Told::Pong,
        }
    }

    /// A client's frames: messages in fragments, with a Pong between any two of them.
    fn frames(&self, key: [u8; 4], cuts: &[Index], out: &mut Vec<u8>) -> usize {
        let (opcode, payload) = match self {
            Self::Text(text) => (1, text.as_bytes()),
            Self::Binary(bytes) => (2, &bytes[..]),
            Self::Ping(bytes) => (9, &bytes[..]),
            Self::Pong(bytes) => (10, &bytes[..]),
        };
        let mut pieces = pieces(payload, if opcode < 8 { cuts } else { &[] });
        let (last, first) = pieces.split_last_mut().expect("there is one at least");
        for (index, piece) in first.iter().enumerate() {
            push_with(if index == 0 { opcode } else { 0 }, piece, key, out);
            push_with(0x8a, b"between", key, out);
        }
        let continues = if first.is_empty() { opcode } else { 0 };
        push_with(0x80 | continues, last, key, out);
        first.len()
    }
}

fn push_with(first: u8, payload: &[u8], key: [u8; 4], out: &mut Vec<u8>) {
    let start = out.len();
    push_masked_frame(Opcode::Text, payload, key, out);
    out[start] = first;
}

/// Cuts at any places, empty pieces included.
fn pieces<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|place| &bytes[place[0]..place[1]])
        .collect()
}

fn told<'a>(input: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Told>, Vec<u8>) {
    let mut server = End::server();
    for piece in input {
        server.feed(piece);
    }
    (server.told, server.replies)
}

proptest! {
    #[test]
    fn messages_arrive_in_any_fragments_masks_and_cuts(
        conversation in vec((said(), any::<[u8; 4]>(), vec(any::<Index>(), 0..4)), 0..6),
        cuts in vec(any::<Index>(), 0..20),
    ) {
        let (mut input, mut expected) = (Vec::new(), Vec::new());
        for (said, key, cuts) in &conversation {
            let pongs = said.frames(*key, cuts, &mut input);
            expected.extend(std::iter::repeat_n(Told::Pong, pongs));
            expected.push(said.told());
        }
        let (whole, replies) = told([&input[..]]);
        prop_assert_eq!(&whole, &expected);
        prop_assert_eq!(told(pieces(&input, &cuts)), (whole, replies.clone()));
        prop_assert_eq!(told(input.chunks(1)).0, expected);
        // The answers are in order too.
        let mut pongs = Vec::new();
        for (said, ..) in &conversation {
            if let Said::Ping(payload) = said {
                push_frame(Opcode::Pong, payload, &mut pongs);
            }
        }
        prop_assert_eq!(replies, pongs);
    }

    #[test]
    fn messages_of_a_server_reach_its_client(conversation in vec(said(), 0..6)) {
        let mut out = Vec::new();
        for said in &conversation {
            match said {
                Said::Text(text) => push_frame(Opcode::Text, text.as_bytes(), &mut out),
                Said::Binary(bytes) => push_frame(Opcode::Binary, bytes, &mut out),
                Said::Ping(bytes) => push_ping(bytes, &mut out),
                Said::Pong(bytes) => push_frame(Opcode::Pong, bytes, &mut out),
            }
        }
        let mut client = End::client();
        for piece in out.chunks(7) {
            client.feed(piece);
        }
        let expected: Vec<_> = conversation.iter().map(Said::told).collect();
        prop_assert_eq!(client.told, expected);
    }

    #[test]
    fn junk_is_the_same_junk_under_any_cut(
        frames in vec((any::<u8>(), vec(any::<u8>(), 0..200), any::<[u8; 4]>()), 0..6),
        tail in vec(any::<u8>(), 0..30),
        is_plausible in any::<bool>(),
        cuts in vec(any::<Index>(), 0..20),
    ) {
        let mut input = Vec::new();
        for (first, payload, key) in frames {
            // Few bytes are a frame's first; most runs should come further than that.
            let first = if is_plausible { first & 0x83 } else { first };
            push_with(first, &payload, key, &mut input);
        }
        input.extend(tail);
        let whole = told([&input[..]]);
        prop_assert_eq!(&told(pieces(&input, &cuts)), &whole);
        prop_assert_eq!(&told(input.chunks(1)), &whole);
    }
}
