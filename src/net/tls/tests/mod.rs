//! TLS over a wire that gives and takes as little as it likes: both sides of ours talk to each other, without a loop.

mod choice;
mod ending;
mod hostile;
mod unfit;
mod wire;

use super::{Certificate, Fingerprint, HANDSHAKE, scratch::RECORD_BYTES};
use crate::net::Notice;
use std::io::{ErrorKind, IoSlice};
use wire::{Pair, Wire};

/// Every step a wire may make, from a byte at a time to more than a record.
const STEPS: [usize; 6] = [1, 2, 7, 100, 4096, 40_000];

/// Bytes that show their position.
fn text(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

#[test]
fn bytes_arrive_in_order_however_the_wire_takes_them() {
    for version in wire::VERSIONS {
        for step in STEPS {
            let mut pair = Pair::new(&Wire::stepping(step), version);
            pair.shake_hands();
            let (there, back) = (text(30_000), text(20_011));
            pair.client.says(&there);
            pair.server.says(&back);
            pair.run();
            assert!(pair.server.heard == there, "{version:?} by {step}, there");
            assert!(pair.client.heard == back, "{version:?} by {step}, back");
            pair.server.is_at_rest();
            pair.client.is_at_rest();
        }
    }
}

#[test]
fn calls_that_would_block_or_are_interrupted_lose_nothing() {
    for seed in 0..20 {
        let mut pair = Pair::new(&Wire::stumbling(seed), wire::VERSIONS[1]);
        pair.shake_hands();
        pair.client.says(&text(20_000));
        pair.server.says(&text(10_000));
        pair.run();
        assert!(pair.server.heard == text(20_000), "seed {seed}");
        assert!(pair.client.heard == text(10_000), "seed {seed}");
    }
}

#[test]
fn the_handshake_is_reported_before_the_bytes_after_it() {
    let mut pair = Pair::new(&Wire::stepping(100_000), wire::VERSIONS[1]);
    // The client's last flight and its first words arrive in one read of ours.
    pair.client.says(b"hello");
    pair.run();
    assert_eq!(pair.server.heard, b"hello");
    assert_eq!(pair.server.heard_before_news, 0);
    let Some(Notice::Secured(secured)) = pair.server.notices.first() else {
        panic!("{:?}", pair.server.notices);
    };
    assert_eq!(secured.version, "TLS 1.3");
    assert_eq!(secured.peer, None);
}

#[test]
fn plaintext_that_a_reader_has_no_room_for_is_never_forgotten() {
    let mut pair = Pair::new(&Wire::stepping(100_000), wire::VERSIONS[1]);
    pair.shake_hands();
    pair.client.says(&text(5_000));
    pair.client.work();
    // One read of ciphertext, taken by bytes: the wire is empty, and no event would come for the rest.
    let mut heard = Vec::new();
    let mut byte = [0];
    while let Ok(1) = pair.server.stream.transport().read(&mut byte) {
        heard.extend(byte);
    }
    assert!(heard == text(5_000));
}

#[test]
fn a_half_record_waits_in_no_more_memory_than_it_needs() {
    let mut pair = Pair::new(&Wire::stepping(10_000), wire::VERSIONS[1]);
    pair.shake_hands();
    pair.server.is_at_rest();
    let idle = pair.server.stream.memory();
    pair.client.says(&text(60_000));
    pair.client.work();
    // Five whole records, and a little of the next.
    let record = RECORD_BYTES + 22;
    pair.wire
        .to_server
        .borrow_mut()
        .bytes
        .truncate(5 * record + 100);
    pair.server.work();
    assert_eq!(pair.server.heard.len(), 5 * RECORD_BYTES);
    let waiting = pair.server.stream.memory() - idle;
    assert!((100..200).contains(&waiting), "{waiting}");
}

#[test]
fn nothing_can_be_written_before_the_handshake_is_done() {
    let mut pair = Pair::new(&Wire::stepping(100_000), wire::VERSIONS[1]);
    let server = pair.server.stream.transport();
    assert!(!server.takes_output());
    let refused = server.write_vectored(&[IoSlice::new(b"welcome")]);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(server.unsent() == 0, "it waits for the peer, not for room");
    pair.shake_hands();
    pair.server.says(b"welcome");
    pair.run();
    assert_eq!(pair.client.heard, b"welcome");
}

#[test]
fn at_most_one_unread_record_waits_in_the_transport() {
    let mut pair = Pair::new(&Wire::stepping(100_000), wire::VERSIONS[1]);
    pair.shake_hands();
    pair.wire.set_room(20_000);
    let much = text(200_000);
    let stream = pair.server.stream.transport();
    let taken = stream.write_vectored(&[IoSlice::new(&much)]).unwrap();
    assert!(stream.unsent() > 0);
    assert!(taken <= 20_000 + RECORD_BYTES, "{taken}");
    let refused = stream.write_vectored(&[IoSlice::new(&much[taken..])]);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::WouldBlock);
    // And once there is room it goes on where it stopped.
    pair.wire.set_room(usize::MAX);
    pair.server.says(&much[taken..]);
    pair.run();
    assert!(pair.client.heard == much);
}

#[test]
fn many_slices_make_few_records() {
    let mut pair = Pair::new(&Wire::stepping(100_000), wire::VERSIONS[1]);
    pair.shake_hands();
    let before = pair.wire.calls();
    let lines: Vec<Vec<u8>> = (0..64).map(|n| text(n * 3)).collect();
    let slices: Vec<IoSlice<'_>> = lines.iter().map(|line| IoSlice::new(line)).collect();
    let offered: usize = lines.iter().map(Vec::len).sum();
    let stream = pair.server.stream.transport();
    assert_eq!(stream.write_vectored(&slices).unwrap(), offered);
    assert_eq!(pair.wire.calls() - before, 1, "one record, one call");
    pair.run();
    assert!(pair.client.heard == lines.concat());
}

#[test]
fn what_was_read_before_tls_began_is_not_lost() {
    for version in wire::VERSIONS {
        let wire = Wire::stepping(100_000);
        let mut pair = Pair::new(&wire, version);
        pair.client.work();
        let first = wire.take_what_the_client_sent();
        assert_eq!(first[0], HANDSHAKE);
        for cut in [1, 5, 100, first.len()] {
            let wire = Wire::stepping(100_000);
            let mut pair = Pair::with_first_bytes(&wire, version, cut);
            pair.shake_hands();
            pair.client.says(b"hi");
            pair.run();
            assert_eq!(pair.server.heard, b"hi", "after {cut} bytes");
        }
    }
}
