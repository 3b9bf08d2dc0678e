//! Rule 2: write first, then ask. Writable interest exists only while bytes are unsent, and a short write keeps the cursor.

use super::{
    script::Script,
    test_loop::{Call, TestLoop, chunk},
};
use crate::net::ConnId;
use std::io::ErrorKind;

fn connection() -> (TestLoop, Script, ConnId) {
    let (mut test, script) = (TestLoop::new(), Script::new());
    let id = test.adopt(&script);
    (test, script, id)
}

#[test]
fn every_schedule_of_short_writes_gives_the_same_bytes() {
    let chunks = ["a", "bc", "", "defg", "hijklmno"];
    let expected = chunks.concat();
    for first in 1..=expected.len() {
        for second in 1..=expected.len() {
            let (mut test, script, id) = connection();
            for chunk in chunks {
                test.send(id, chunk);
            }
            script
                .takes(first)
                .takes(second)
                .refuses(ErrorKind::WouldBlock);
            for turns in 0.. {
                assert!(turns < 20, "{first}, {second}: no end");
                script.takes(second);
                test.writable(id);
                if test.net().queued(id) == 0 {
                    break;
                }
            }
            assert_eq!(script.written(), expected, "{first}, {second}");
            assert!(!script.wants_writable());
        }
    }
}

#[test]
fn what_fits_goes_out_without_asking_for_writable_events() {
    let (mut test, script, id) = connection();
    test.send(id, "hello");
    assert_eq!(script.written(), "", "a send only queues");
    test.turn();
    assert_eq!(script.written(), "hello");
    assert_eq!(script.writes(), 1);
    assert_eq!(
        script.source().calls(),
        1,
        "registered once, and that was all"
    );
    assert!(!test.net().has_work());
}

#[test]
fn writable_interest_exists_only_while_bytes_are_unsent() {
    let (mut test, script, id) = connection();
    assert!(!script.wants_writable());
    script.takes(2);
    test.send(id, "hello");
    test.turn();
    assert!(script.wants_writable());
    assert!(
        !test.net().has_work(),
        "it waits for an event, not in a spin"
    );
    test.turns(3);
    assert_eq!(script.writes(), 1, "not tried again without an event");
    test.writable(id);
    assert_eq!(script.written(), "hello");
    assert!(!script.wants_writable());
}

#[test]
fn many_chunks_for_one_peer_go_out_in_one_call() {
    let (mut test, script, id) = connection();
    for _ in 0..10 {
        test.send(id, "line\n");
    }
    test.turn();
    assert_eq!(script.writes(), 1);
    assert_eq!(script.written(), "line\n".repeat(10));
}

#[test]
fn more_chunks_than_slices_still_go_out_in_one_turn() {
    let (mut test, script, id) = connection();
    for index in 0..1000 {
        // Chunks of one key would be one slice.
        test.send_in_lane(id, index % 2, "line\n");
    }
    test.turn();
    assert_eq!(script.written(), "line\n".repeat(1000));
    assert_eq!(script.writes(), 16, "64 slices in each");
    assert!(!script.wants_writable());
}

#[test]
fn an_interrupted_write_is_tried_again_at_once() {
    let (mut test, script, id) = connection();
    script.refuses(ErrorKind::Interrupted);
    test.send(id, "hello");
    test.turn();
    assert_eq!(script.written(), "hello");
}

#[test]
fn a_write_that_takes_nothing_ends_the_connection() {
    let (mut test, script, id) = connection();
    script.takes(0);
    test.send(id, "hello");
    test.turn();
    test.settle();
    assert!(matches!(
        &test.calls()[..],
        [Call::Lost(..), Call::Reaped(_)]
    ));
    assert!(script.is_dropped());
    assert_eq!(test.net().buffers().bytes(), 0);
}

#[test]
fn a_blocked_write_is_resumed_where_it_stopped() {
    let (mut test, script, id) = connection();
    script.takes(7).refuses(ErrorKind::WouldBlock);
    for line in ["one\n", "two\n", "three\n"] {
        test.send(id, line);
    }
    test.turn();
    test.send(id, "four\n");
    test.turn();
    assert_eq!(script.written(), "one\ntwo");
    test.writable(id);
    assert_eq!(script.written(), "one\ntwo\nthree\nfour\n");
}

#[test]
fn what_is_sent_in_every_stage_of_a_turn_goes_out() {
    let (mut test, script, id) = connection();
    let other = Script::new();
    let other_id = test.adopt(&other);
    other.arrives(b"line\n").ends();
    let now = test.net().now();
    test.net().set_deadline(other_id, now);
    test.react(move |net, call| net.send(id, &chunk(&format!("{call:?}\n"))));
    test.readable(other_id);
    test.settle();
    let written = script.written();
    let calls = test.calls().into_iter();
    let expected: String = calls.map(|call| format!("{call:?}\n")).collect();
    assert_eq!(written, expected);
    assert!(written.contains("Reaped"), "{written}");
}
