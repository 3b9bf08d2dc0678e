//! Rule 2: write first, then ask. Writable interest exists only while bytes are unsent, and a short write keeps the cursor.

use super::{
    script::Script,
    stage::{Stage, Told, chunk},
};
use crate::net::ConnId;
use std::io::ErrorKind;

fn connection() -> (Stage, Script, ConnId) {
    let (mut stage, script) = (Stage::new(), Script::new());
    let id = stage.adopt(&script);
    (stage, script, id)
}

#[test]
fn every_schedule_of_short_writes_gives_the_same_bytes() {
    let chunks = ["a", "bc", "", "defg", "hijklmno"];
    let expected = chunks.concat();
    for first in 1..=expected.len() {
        for second in 1..=expected.len() {
            let (mut stage, script, id) = connection();
            for chunk in chunks {
                stage.send(id, chunk);
            }
            script
                .takes(first)
                .takes(second)
                .refuses(ErrorKind::WouldBlock);
            for turns in 0.. {
                assert!(turns < 20, "{first}, {second}: no end");
                script.takes(second);
                stage.writable(id);
                if stage.net().queued(id) == 0 {
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
    let (mut stage, script, id) = connection();
    stage.send(id, "hello");
    assert_eq!(script.written(), "", "a send only queues");
    stage.turn();
    assert_eq!(script.written(), "hello");
    assert_eq!(script.writes(), 1);
    assert_eq!(
        script.source().calls(),
        1,
        "registered once, and that was all"
    );
    assert!(!stage.net().has_work());
}

#[test]
fn writable_interest_exists_only_while_bytes_are_unsent() {
    let (mut stage, script, id) = connection();
    assert!(!script.wants_writable());
    script.takes(2);
    stage.send(id, "hello");
    stage.turn();
    assert!(script.wants_writable());
    assert!(
        !stage.net().has_work(),
        "it waits for an event, not in a spin"
    );
    stage.turns(3);
    assert_eq!(script.writes(), 1, "not tried again without an event");
    stage.writable(id);
    assert_eq!(script.written(), "hello");
    assert!(!script.wants_writable());
}

#[test]
fn many_chunks_for_one_peer_go_out_in_one_call() {
    let (mut stage, script, id) = connection();
    for _ in 0..10 {
        stage.send(id, "line\n");
    }
    stage.turn();
    assert_eq!(script.writes(), 1);
    assert_eq!(script.written(), "line\n".repeat(10));
}

#[test]
fn more_chunks_than_slices_still_go_out_in_one_turn() {
    let (mut stage, script, id) = connection();
    for index in 0..1000 {
        // Chunks of one lane would be one slice.
        stage.send_in_lane(id, index % 2, "line\n");
    }
    stage.turn();
    assert_eq!(script.written(), "line\n".repeat(1000));
    assert_eq!(script.writes(), 16, "64 slices in each");
    assert!(!script.wants_writable());
}

#[test]
fn an_interrupted_write_is_tried_again_at_once() {
    let (mut stage, script, id) = connection();
    script.refuses(ErrorKind::Interrupted);
    stage.send(id, "hello");
    stage.turn();
    assert_eq!(script.written(), "hello");
}

#[test]
fn a_write_that_takes_nothing_ends_the_connection() {
    let (mut stage, script, id) = connection();
    script.takes(0);
    stage.send(id, "hello");
    stage.turn();
    stage.settle();
    assert!(matches!(
        &stage.told()[..],
        [Told::Lost(..), Told::Reaped(_)]
    ));
    assert!(script.is_dropped());
    assert_eq!(stage.net().buffers().bytes(), 0);
}

#[test]
fn a_blocked_write_is_resumed_where_it_stopped() {
    let (mut stage, script, id) = connection();
    script.takes(7).refuses(ErrorKind::WouldBlock);
    for line in ["one\n", "two\n", "three\n"] {
        stage.send(id, line);
    }
    stage.turn();
    stage.send(id, "four\n");
    stage.turn();
    assert_eq!(script.written(), "one\ntwo");
    stage.writable(id);
    assert_eq!(script.written(), "one\ntwo\nthree\nfour\n");
}

#[test]
fn what_is_sent_in_every_stage_of_a_turn_goes_out() {
    let (mut stage, script, id) = connection();
    let other = Script::new();
    let other_id = stage.adopt(&other);
    other.arrives(b"line\n").ends();
    let now = stage.net().now();
    stage.net().set_deadline(other_id, now);
    stage.react(move |net, told| net.send(id, &chunk(&format!("{told:?}\n"))));
    stage.readable(other_id);
    stage.settle();
    let written = script.written();
    let told = stage.told().into_iter();
    let expected: String = told.map(|told| format!("{told:?}\n")).collect();
    assert_eq!(written, expected);
    assert!(written.contains("Reaped"), "{written}");
}
