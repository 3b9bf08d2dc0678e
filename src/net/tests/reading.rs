//! Rule 1: a source is read until it would block, or carried over. No connection starves, nothing is forgotten.

use super::{
    closing::over_the_kernel,
    script::Script,
    test_loop::{Call, READABLE, TestLoop, chunk},
};
use crate::net::{ConnId, Readiness, Tick};
use socket2::SockRef;
use std::{
    io::{ErrorKind, Write},
    net::Shutdown,
    time::Duration,
};

fn with_input(bytes: &[u8]) -> (TestLoop, Script, ConnId) {
    let (mut test, script) = (TestLoop::new(), Script::new());
    script.arrives(bytes);
    let id = test.adopt(&script);
    (test, script, id)
}

#[test]
fn one_edge_is_enough_to_read_everything() {
    let (mut test, script, id) = with_input(b"one\ntwo\n");
    script.arrives(b"three\n");
    test.readable(id);
    assert_eq!(test.lines(id), ["one", "two", "three"]);
    assert!(!test.net().has_work());
    assert_eq!(
        script.reads(),
        3,
        "two that bring something, one that is blocked"
    );
}

#[test]
fn input_past_the_budget_is_carried_over_without_a_second_edge() {
    let text = "x".repeat(999) + "\n";
    let (mut test, _, id) = with_input(text.repeat(200).as_bytes());
    test.readable(id);
    let first = test.lines(id).len();
    assert!(
        (1..=66).contains(&first),
        "{first} lines in a turn of 64 KiB"
    );
    assert!(test.net().has_work(), "the next turn must not wait");
    let turns = test.settle();
    assert_eq!(first + test.lines(id).len(), 200);
    assert!((2..=4).contains(&turns), "{turns}");
}

#[test]
fn a_turn_with_carried_over_work_does_not_wait() {
    let (mut test, script, id) = with_input(b"");
    script.never_stops(b'\n');
    test.net().inject(id, READABLE);
    for _ in 0..3 {
        test.turn_without_wait();
    }
    assert!(test.net().has_work());
}

#[test]
fn frames_left_by_the_handler_are_offered_again_next_turn() {
    let (mut test, script, id) = with_input(b"one\ntwo\nthree\nfo");
    test.handler.lines_at_once = 1;
    test.readable(id);
    assert_eq!(test.lines(id), ["one"], "each is asked once in a turn");
    let reads = script.reads();
    test.turn();
    assert_eq!(test.lines(id), ["two"]);
    assert_eq!(script.reads(), reads, "what is in hand goes first");
    test.settle();
    assert_eq!(test.lines(id), ["three"]);
    script.arrives(b"ur\n");
    test.readable(id);
    assert_eq!(test.lines(id), ["four"]);
}

#[test]
fn after_a_pause_whole_frames_in_hand_need_no_event() {
    let (mut test, _, id) = with_input(b"one\ntwo\n");
    test.handler.lines_at_once = 1;
    test.handler.rest = Some(Duration::from_millis(100));
    test.readable(id);
    assert_eq!(test.lines(id), ["one"]);
    assert!(!test.net().has_work(), "a pause is no work");
    assert_eq!(test.net().nearest_deadline(), Some(Tick(1100)));
    test.at(1100);
    test.turns(2);
    assert_eq!(test.lines(id), ["two"]);
}

#[test]
fn the_end_of_the_stream_is_read_in_the_turn_of_the_last_bytes() {
    let (mut test, script, id) = with_input(b"quit\n");
    script.ends();
    test.readable(id);
    let calls = test.calls();
    assert_eq!(calls[..2], [Call::Line(id, "quit".into()), Call::End(id)]);
}

#[test]
fn the_end_of_file_is_reported_after_all_frames() {
    let (mut test, script, id) = with_input(b"one\ntwo\nthree\n");
    script.ends();
    test.handler.lines_at_once = 1;
    test.readable(id);
    test.settle();
    let calls = test.calls();
    let line = |text: &str| Call::Line(id, text.into());
    assert_eq!(
        calls[..4],
        [line("one"), line("two"), line("three"), Call::End(id)]
    );
}

#[test]
fn an_interrupted_read_is_tried_again() {
    let (mut test, script, id) = with_input(b"one\n");
    script.fails(ErrorKind::Interrupted).arrives(b"two\n");
    test.readable(id);
    assert!(test.net().has_work());
    test.settle();
    assert_eq!(test.lines(id), ["one", "two"]);
}

#[test]
fn spurious_readiness_and_empty_turns_are_normal() {
    let (mut test, script, id) = with_input(b"");
    test.turns(3);
    assert_eq!(script.reads(), 0, "nobody said that there is anything");
    for _ in 0..3 {
        test.readable(id);
        test.writable(id);
    }
    assert_eq!(script.reads(), 3);
    assert_eq!(script.writes(), 0);
    assert_eq!(test.calls(), []);
}

#[test]
fn readiness_of_an_unknown_source_is_counted_and_skipped() {
    let mut test = TestLoop::new();
    let nobody = ConnId {
        slot: 7,
        generation: 7,
    };
    test.readable(nobody);
    assert_eq!(test.net().stats().stale_tokens, 1);
    assert_eq!(test.calls(), []);
}

#[test]
fn an_endless_sender_does_not_delay_the_line_of_another() {
    let mut test = TestLoop::new();
    let noisy: Vec<Script> = (0..20).map(|_| Script::new()).collect();
    for script in &noisy {
        let id = test.adopt(script);
        script.never_stops(b'\n');
        test.net().inject(id, READABLE);
    }
    test.turn();
    let quiet = Script::new();
    let id = test.adopt(&quiet);
    quiet.arrives(b"psst\n");
    test.calls();
    test.readable(id);
    assert_eq!(test.lines(id), ["psst"]);
    for script in &noisy {
        assert_eq!(
            script.reads(),
            8,
            "four reads of 16 KiB in each of two turns"
        );
    }
}

#[test]
fn connections_left_over_in_a_full_turn_come_first_next_turn() {
    let mut test = TestLoop::new();
    let scripts: Vec<Script> = (0..3).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| test.adopt(script)).collect();
    for (script, id) in scripts.iter().zip(&ids) {
        script.arrives(b"1\n");
        test.net().inject(*id, READABLE);
    }
    // The line of the first makes the turn full.
    let (loud, big) = (ids[0], chunk(&"x".repeat(33 * 1024 * 1024)));
    test.react(move |net, call| {
        if *call == Call::Line(loud, "1".into()) {
            net.send(loud, &big);
        }
    });
    let line = |id: ConnId, text: &str| Call::Line(id, text.into());
    test.turn();
    assert_eq!(test.calls(), [line(loud, "1")]);
    scripts[0].arrives(b"2\n");
    test.net().inject(loud, READABLE);
    test.turn();
    let expected = [line(ids[1], "1"), line(ids[2], "1"), line(loud, "2")];
    assert_eq!(test.calls(), expected);
}

#[test]
fn too_many_deliveries_make_a_turn_full_too() {
    let (mut test, _, id) = with_input(b"all\nlater\n");
    let (other, reader) = (Script::new(), Script::new());
    let (other, reader) = (test.adopt(&other), test.adopt(&reader));
    test.handler.lines_at_once = 1;
    let one = chunk("x");
    test.react(move |net, call| {
        if *call == Call::Line(id, "all".into()) {
            for _ in 0..=256 * 1024 {
                net.send(reader, &one);
            }
            assert!(net.is_turn_full());
        }
    });
    test.net().inject(id, READABLE);
    test.readable(other);
    test.turn();
    assert!(!test.net().is_turn_full(), "the next turn has room again");
    assert_eq!(test.lines(id), ["all", "later"]);
}

#[test]
fn a_line_that_comes_byte_by_byte_is_one_line() {
    let (mut test, script, id) = with_input(b"");
    for byte in b"slowly\n" {
        script.arrives(&[*byte]);
        test.readable(id);
    }
    assert_eq!(test.lines(id), ["slowly"]);
}

#[test]
fn a_frame_without_end_ends_the_connection() {
    let (mut test, script, id) = with_input(b"");
    script.never_stops(b'x');
    test.readable(id);
    test.settle();
    let calls = test.calls();
    assert!(
        matches!(&calls[..], [Call::Lost(_, why), Call::Reaped(_)] if why.contains("unfinished"))
    );
    assert!(script.reads() <= 18, "256 KiB in reads of 16 KiB");
}

#[test]
fn readiness_in_both_directions_at_once_is_taken_up_in_one_turn() {
    let (mut test, script, id) = with_input(b"in\n");
    script.is_full(true);
    test.send(id, "out");
    test.turn();
    script.is_full(false);
    let both = Readiness {
        readable: true,
        writable: true,
    };
    test.net().inject(id, both);
    test.turn();
    assert_eq!(test.lines(id), ["in"]);
    assert_eq!(script.written(), "out");
}

#[test]
#[cfg(target_os = "linux")]
fn one_read_takes_a_line_from_the_kernel() {
    let (mut test, id, mut peer) = over_the_kernel();
    for line in ["one", "two", "three"] {
        let before = test.net().stats().reads;
        peer.write_all(format!("{line}\n").as_bytes()).unwrap();
        test.turn_until(|test| !test.handler.calls.is_empty());
        test.settle();
        assert_eq!(test.lines(id), [line]);
        assert_eq!(test.net().stats().reads - before, 1, "{line}");
    }
}

#[test]
fn an_end_of_file_is_read_with_the_bytes_before_it() {
    let (mut test, id, mut peer) = over_the_kernel();
    peer.write_all(b"one\n").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    test.turn_until(|test| test.handler.calls.contains(&Call::End(id)));
    assert_eq!(test.lines(id), ["one"]);
}

/// Linux ends a read at the mark of urgent data, though more has arrived behind it. `telnet` sends such a mark with Ctrl-C.
#[test]
fn an_urgent_mark_does_not_hide_the_bytes_behind_it() {
    let (mut test, id, mut peer) = over_the_kernel();
    peer.write_all(b"one\n").unwrap();
    SockRef::from(&peer).send_out_of_band(b"!").unwrap();
    peer.write_all(b"two\nthree\n").unwrap();
    test.turn_until(|test| test.handler.calls.len() == 3);
    assert_eq!(test.lines(id), ["one", "!two", "three"]);
}
