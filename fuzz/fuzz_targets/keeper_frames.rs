//! The stream between server and keeper, in both directions: any cut gives the same messages, and messages written again are
//! the same; whatever a keeper answers, no write ends twice, and what waits is counted rightly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::store::{Answer, Change, Client, Frames, Key, Policy, Request, push_frame};
use std::collections::BTreeSet;

fuzz_target!(|input: &[u8]| {
    let Some((cut, stream)) = input.split_first() else {
        return;
    };
    let piece = 1 + usize::from(*cut);
    let requests = read(stream, piece, Frames::take::<Request>);
    assert_eq!(requests, read(stream, usize::MAX, Frames::take::<Request>));
    assert_eq!(requests.0, read(&write(&requests.0), piece, Frames::take::<Request>).0);
    let answers = read(stream, piece, Frames::take::<Answer>);
    assert_eq!(answers, read(stream, usize::MAX, Frames::take::<Answer>));
    assert_eq!(answers.0, read(&write(&answers.0), piece, Frames::take::<Answer>).0);
    play(stream, piece);
});

/// The messages of a stream, and whether it makes sense to its end.
fn read<T, E>(
    stream: &[u8],
    piece: usize,
    take: impl Fn(&mut Frames) -> Result<Option<T>, E>,
) -> (Vec<T>, bool) {
    let (mut frames, mut messages) = (Frames::default(), Vec::new());
    for bytes in stream.chunks(piece) {
        frames.push(bytes);
        loop {
            match take(&mut frames) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(_) => return (messages, false),
            }
        }
    }
    (messages, true)
}

fn write<T: serde::Serialize>(messages: &[T]) -> Vec<u8> {
    let mut stream = Vec::new();
    for message in messages {
        push_frame(message, &mut stream).expect("it was read");
    }
    stream
}

/// A client with writes under way hears all that from its keeper, and loses it.
fn play(stream: &[u8], piece: usize) {
    let mut client = Client::default();
    for name in ["a", "b", "a", "c"] {
        let key = Key::Ban(name.into());
        client.write(vec![Change::Drop(key.clone())], Policy::Keep);
        client.write(vec![Change::Drop(key)], Policy::Answer);
        client.send(&mut Vec::new());
    }
    for bytes in stream.chunks(piece) {
        if client.receive(bytes).is_err() {
            client.lost();
            client.send(&mut Vec::new());
        }
    }
    client.fail_askers("it is enough");
    let mut ended = BTreeSet::new();
    while let Some(end) = client.next_completion() {
        assert!(ended.insert(end.id), "a write ends once");
    }
    assert!(!client.has_askers());
    assert_eq!(client.is_idle(), client.bytes() == 0);
}
