//! How streams end: with TLS's own word, without it, or in the middle.

use super::{
    text,
    wire::{Pair, VERSIONS, Wire},
};
use crate::net::Notice;
use std::io::ErrorKind;

#[test]
fn close_notify_is_the_end_of_the_stream_and_goes_before_ours() {
    for version in VERSIONS {
        let mut pair = Pair::new(&Wire::stepping(100_000), version);
        pair.shake_hands();
        pair.server.says(b"bye");
        pair.server.work();
        pair.server.stream.transport().shutdown_write().unwrap();
        assert!(pair.wire.to_client.borrow().eof);
        pair.run();
        assert_eq!(pair.client.heard, b"bye");
        assert!(pair.client.eof && pair.client.error.is_none());
        assert_eq!(pair.client.notices.len(), 1, "nothing was cut");
        // Ours has ended; the peer's has not (TLS 1.3 has a half-close).
        pair.client.says(b"and to you");
        pair.run();
        assert_eq!(pair.server.heard, b"and to you");
        pair.client.stream.transport().shutdown_write().unwrap();
        pair.run();
        assert!(pair.server.eof && pair.server.error.is_none());
    }
}

#[test]
fn an_end_without_close_notify_is_reported() {
    let mut pair = Pair::new(&Wire::stepping(100_000), VERSIONS[1]);
    pair.shake_hands();
    pair.client.says(b"last words");
    pair.client.work();
    pair.wire.to_server.borrow_mut().eof = true;
    pair.run();
    assert_eq!(pair.server.heard, b"last words");
    assert!(pair.server.eof && pair.server.error.is_none());
    assert_eq!(pair.server.notices.last(), Some(&Notice::Truncated));
}

#[test]
fn a_stream_cut_in_a_record_keeps_the_records_before_it() {
    let mut pair = Pair::new(&Wire::stepping(100_000), VERSIONS[1]);
    pair.shake_hands();
    pair.client.says(b"whole");
    pair.client.work();
    let whole = pair.wire.to_server.borrow().bytes.len();
    pair.client.says(b"cut");
    pair.client.work();
    pair.wire.to_server.borrow_mut().bytes.truncate(whole + 9);
    pair.wire.to_server.borrow_mut().eof = true;
    pair.run();
    assert_eq!(pair.server.heard, b"whole");
    let error = pair.server.error.unwrap();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(
        error.to_string(),
        "the stream was cut in the middle of a TLS record"
    );
}

#[test]
fn a_handshake_may_be_cut_at_each_byte() {
    for version in VERSIONS {
        let mut whole = Pair::new(&Wire::stepping(100_000), version);
        whole.client.work();
        let hello = whole.wire.take_what_the_client_sent();
        for cut in 0..=hello.len() {
            let mut pair = Pair::new(&Wire::stepping(100_000), version);
            let mut lane = pair.wire.to_server.borrow_mut();
            lane.bytes.extend(&hello[..cut]);
            lane.eof = true;
            drop(lane);
            pair.server.work();
            let error = pair.server.error.expect("it is over");
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "at {cut}");
            assert!(pair.server.notices.is_empty());
            // A whole hello too is not worth a signature to a client that is gone.
            assert!(pair.wire.to_client.borrow().bytes.is_empty());
        }
    }
}

#[test]
fn the_last_word_waits_for_room() {
    let mut pair = Pair::new(&Wire::stepping(100_000), VERSIONS[1]);
    pair.shake_hands();
    pair.wire.set_room(0);
    for _ in 0..2 {
        let refused = pair.server.stream.transport().shutdown_write();
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(pair.server.stream.holds_unsent());
    }
    pair.wire.set_room(5);
    let refused = pair.server.stream.transport().shutdown_write();
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::WouldBlock);
    pair.wire.set_room(1_000);
    pair.server.stream.transport().shutdown_write().unwrap();
    pair.run();
    assert!(pair.client.eof && pair.client.error.is_none());
    assert_eq!(pair.client.notices.len(), 1, "nothing was cut");
}

#[test]
fn an_end_during_a_handshake_sends_no_close_notify() {
    let mut pair = Pair::new(&Wire::stepping(100_000), VERSIONS[1]);
    pair.server.stream.transport().shutdown_write().unwrap();
    assert!(pair.wire.to_client.borrow().eof);
    assert!(pair.wire.to_client.borrow().bytes.is_empty());
}

#[test]
fn nothing_can_be_written_after_our_end() {
    let mut pair = Pair::new(&Wire::stepping(100_000), VERSIONS[1]);
    pair.shake_hands();
    pair.server.stream.transport().shutdown_write().unwrap();
    pair.server.says(&text(10));
    pair.server.work();
    let error = pair.server.error.unwrap();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}
