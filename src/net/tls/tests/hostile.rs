//! What a peer may send that is no TLS, or not any more.

use super::{
    text,
    wire::{Pair, VERSIONS, Wire},
};
use crate::net::Notice;
use std::io::ErrorKind;

/// A server that was sent these bytes and no more; what it said of them and what it sent.
fn sent(bytes: &[u8]) -> (Option<String>, Vec<u8>) {
    let mut pair = Pair::new(&Wire::stepping(100_000), VERSIONS[1]);
    pair.wire.to_server.borrow_mut().bytes.extend(bytes);
    pair.server.work();
    let error = pair.server.error.map(|error| {
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        error.to_string()
    });
    let said = pair.wire.to_client.borrow().bytes.iter().copied().collect();
    (error, said)
}

#[test]
fn junk_ends_it_with_a_reason_and_an_alert() {
    let (_, said) = sent(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(said[..2], [21, 3], "an alert says what it was");
    for junk in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",
        b"\x17\x03\x03\x00\x01x",
        b"\x16\x03\x01\x00\x00",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10",
    ] {
        let (error, said) = sent(junk);
        let error = error.unwrap_or_else(|| panic!("{junk:?} was taken"));
        assert!(!error.is_empty());
        let is_alert = said.first().is_none_or(|first| *first == 21);
        assert!(is_alert, "{junk:?}: {error}: {said:?}");
    }
}

#[test]
fn a_record_that_claims_to_be_long_costs_what_arrived() {
    let mut pair = Pair::new(&Wire::stepping(100_000), VERSIONS[1]);
    pair.shake_hands();
    // The largest that there may be, of which nothing follows.
    let claim = [23, 3, 3, 0x41, 0];
    pair.wire.to_server.borrow_mut().bytes.extend(claim);
    pair.server.work();
    assert!(pair.server.error.is_none(), "it may still come");
    // And one that there may not be.
    let mut pair = Pair::new(&Wire::stepping(100_000), VERSIONS[1]);
    pair.shake_hands();
    let claim = [23, 3, 3, 0xff, 0xff];
    pair.wire.to_server.borrow_mut().bytes.extend(claim);
    pair.server.work();
    assert_eq!(pair.server.error.unwrap().kind(), ErrorKind::InvalidData);
}

#[test]
fn a_handshake_with_any_byte_wrong_does_no_harm() {
    for version in VERSIONS {
        let mut whole = Pair::new(&Wire::stepping(100_000), version);
        whole.client.work();
        let hello = whole.wire.take_what_the_client_sent();
        for at in 0..hello.len() {
            let mut wrong = hello.clone();
            wrong[at] ^= 0x41;
            let mut pair = Pair::new(&Wire::stepping(100_000), version);
            pair.wire.to_server.borrow_mut().bytes.extend(&wrong);
            pair.server.work();
            assert!(pair.server.notices.is_empty(), "nobody has answered yet");
        }
    }
}

#[test]
fn a_record_that_was_tampered_with_is_never_delivered() {
    for version in VERSIONS {
        for at in [3, 5, 20, 60] {
            let mut pair = Pair::new(&Wire::stepping(100_000), version);
            pair.shake_hands();
            pair.client.says(&text(100));
            pair.client.work();
            pair.wire.to_server.borrow_mut().bytes[at] ^= 1;
            pair.wire.to_server.borrow_mut().eof = true;
            pair.server.work();
            assert!(pair.server.heard.is_empty(), "{version:?} at {at}");
            let error = pair.server.error.expect("it is over");
            let kind = error.kind();
            let known = [ErrorKind::InvalidData, ErrorKind::UnexpectedEof];
            assert!(known.contains(&kind), "{version:?} at {at}: {error}");
        }
    }
}

#[test]
fn what_came_before_a_broken_record_is_delivered() {
    let mut pair = Pair::new(&Wire::stepping(100_000), VERSIONS[1]);
    pair.shake_hands();
    pair.client.says(b"QUIT :bye\r\n");
    pair.client.work();
    pair.wire
        .to_server
        .borrow_mut()
        .bytes
        .extend(b"junk that is no record");
    pair.server.work();
    assert_eq!(pair.server.heard, b"QUIT :bye\r\n");
    assert_eq!(pair.server.error.unwrap().kind(), ErrorKind::InvalidData);
}

#[test]
fn an_endless_stream_of_nothing_ends() {
    let mut pair = Pair::new(&Wire::stepping(100_000), VERSIONS[0]);
    let nothing = [0x14, 3, 3, 0, 1, 1].repeat(1_000);
    pair.wire.to_server.borrow_mut().bytes.extend(nothing);
    pair.server.work();
    assert!(pair.server.error.is_some());
    assert!(
        !pair
            .server
            .notices
            .iter()
            .any(|n| matches!(n, Notice::Secured(_)))
    );
}
