//! Rule 1: a source is read until it would block, or carried over. Nobody starves, nothing is forgotten.

use super::{
    closing::over_the_kernel,
    script::Script,
    stage::{READABLE, Stage, Told, chunk},
};
use crate::net::{ConnId, Readiness, Tick};
use socket2::SockRef;
use std::{
    io::{ErrorKind, Write},
    net::Shutdown,
    time::Duration,
};

fn with_input(bytes: &[u8]) -> (Stage, Script, ConnId) {
    let (mut stage, script) = (Stage::new(), Script::new());
    script.arrives(bytes);
    let id = stage.adopt(&script);
    (stage, script, id)
}

#[test]
fn one_edge_is_enough_to_read_everything() {
    let (mut stage, script, id) = with_input(b"one\ntwo\n");
    script.arrives(b"three\n");
    stage.readable(id);
    assert_eq!(stage.lines(id), ["one", "two", "three"]);
    assert!(!stage.net().has_work());
    assert_eq!(
        script.reads(),
        3,
        "two that bring something, one that is blocked"
    );
}

#[test]
fn input_past_the_budget_is_carried_over_without_a_second_edge() {
    let text = "x".repeat(999) + "\n";
    let (mut stage, _, id) = with_input(text.repeat(200).as_bytes());
    stage.readable(id);
    let first = stage.lines(id).len();
    assert!(
        (1..=66).contains(&first),
        "{first} lines in a turn of 64 KiB"
    );
    assert!(stage.net().has_work(), "the next turn must not wait");
    let turns = stage.settle();
    assert_eq!(first + stage.lines(id).len(), 200);
    assert!((2..=4).contains(&turns), "{turns}");
}

#[test]
fn a_turn_with_carried_over_work_does_not_wait() {
    let (mut stage, script, id) = with_input(b"");
    script.never_stops(b'\n');
    stage.net().inject(id, READABLE);
    for _ in 0..3 {
        stage.turn_without_wait();
    }
    assert!(stage.net().has_work());
}

#[test]
fn frames_left_by_the_handler_are_offered_again_next_turn() {
    let (mut stage, script, id) = with_input(b"one\ntwo\nthree\nfo");
    stage.handler.lines_at_once = 1;
    stage.readable(id);
    assert_eq!(stage.lines(id), ["one"], "each is asked once in a turn");
    let reads = script.reads();
    stage.turn();
    assert_eq!(stage.lines(id), ["two"]);
    assert_eq!(script.reads(), reads, "what is in hand goes first");
    stage.settle();
    assert_eq!(stage.lines(id), ["three"]);
    script.arrives(b"ur\n");
    stage.readable(id);
    assert_eq!(stage.lines(id), ["four"]);
}

#[test]
fn after_a_pause_whole_frames_in_hand_need_no_event() {
    let (mut stage, _, id) = with_input(b"one\ntwo\n");
    stage.handler.lines_at_once = 1;
    stage.handler.rest = Some(Duration::from_millis(100));
    stage.readable(id);
    assert_eq!(stage.lines(id), ["one"]);
    assert!(!stage.net().has_work(), "a pause is no work");
    assert_eq!(stage.net().nearest_deadline(), Some(Tick(1100)));
    stage.at(1100);
    stage.turns(2);
    assert_eq!(stage.lines(id), ["two"]);
}

#[test]
fn the_end_of_the_stream_is_read_in_the_turn_of_the_last_bytes() {
    let (mut stage, script, id) = with_input(b"quit\n");
    script.ends();
    stage.readable(id);
    let told = stage.told();
    assert_eq!(told[..2], [Told::Line(id, "quit".into()), Told::End(id)]);
}

#[test]
fn the_end_is_told_after_all_frames_even_if_they_take_several_turns() {
    let (mut stage, script, id) = with_input(b"one\ntwo\nthree\n");
    script.ends();
    stage.handler.lines_at_once = 1;
    stage.readable(id);
    stage.settle();
    let told = stage.told();
    let line = |text: &str| Told::Line(id, text.into());
    assert_eq!(
        told[..4],
        [line("one"), line("two"), line("three"), Told::End(id)]
    );
}

#[test]
fn an_interrupted_read_is_tried_again() {
    let (mut stage, script, id) = with_input(b"one\n");
    script.fails(ErrorKind::Interrupted).arrives(b"two\n");
    stage.readable(id);
    assert!(stage.net().has_work());
    stage.settle();
    assert_eq!(stage.lines(id), ["one", "two"]);
}

#[test]
fn spurious_readiness_and_empty_turns_are_normal() {
    let (mut stage, script, id) = with_input(b"");
    stage.turns(3);
    assert_eq!(script.reads(), 0, "nobody said that there is anything");
    for _ in 0..3 {
        stage.readable(id);
        stage.writable(id);
    }
    assert_eq!(script.reads(), 3);
    assert_eq!(script.writes(), 0);
    assert_eq!(stage.told(), []);
}

#[test]
fn readiness_of_a_stranger_is_counted_and_skipped() {
    let mut stage = Stage::new();
    let nobody = ConnId {
        slot: 7,
        generation: 7,
    };
    stage.readable(nobody);
    assert_eq!(stage.net().stats().stale_tokens, 1);
    assert_eq!(stage.told(), []);
}

#[test]
fn an_endless_sender_does_not_delay_the_line_of_another() {
    let mut stage = Stage::new();
    let noisy: Vec<Script> = (0..20).map(|_| Script::new()).collect();
    for script in &noisy {
        let id = stage.adopt(script);
        script.never_stops(b'\n');
        stage.net().inject(id, READABLE);
    }
    stage.turn();
    let quiet = Script::new();
    let id = stage.adopt(&quiet);
    quiet.arrives(b"psst\n");
    stage.told();
    stage.readable(id);
    assert_eq!(stage.lines(id), ["psst"]);
    for script in &noisy {
        assert_eq!(
            script.reads(),
            8,
            "four reads of 16 KiB in each of two turns"
        );
    }
}

#[test]
fn those_left_over_when_the_turn_was_full_come_first_next_turn() {
    let mut stage = Stage::new();
    let scripts: Vec<Script> = (0..3).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| stage.adopt(script)).collect();
    for (script, id) in scripts.iter().zip(&ids) {
        script.arrives(b"1\n");
        stage.net().inject(*id, READABLE);
    }
    // The line of the first makes the turn full.
    let (loud, big) = (ids[0], chunk(&"x".repeat(33 * 1024 * 1024)));
    stage.react(move |net, told| {
        if *told == Told::Line(loud, "1".into()) {
            net.send(loud, &big);
        }
    });
    let line = |id: ConnId, text: &str| Told::Line(id, text.into());
    stage.turn();
    assert_eq!(stage.told(), [line(loud, "1")]);
    scripts[0].arrives(b"2\n");
    stage.net().inject(loud, READABLE);
    stage.turn();
    let expected = [line(ids[1], "1"), line(ids[2], "1"), line(loud, "2")];
    assert_eq!(stage.told(), expected);
}

#[test]
fn too_many_deliveries_make_a_turn_full_too() {
    let (mut stage, _, id) = with_input(b"all\nlater\n");
    let (other, reader) = (Script::new(), Script::new());
    let (other, reader) = (stage.adopt(&other), stage.adopt(&reader));
    stage.handler.lines_at_once = 1;
    let one = chunk("x");
    stage.react(move |net, told| {
        if *told == Told::Line(id, "all".into()) {
            for _ in 0..=256 * 1024 {
                net.send(reader, &one);
            }
            assert!(net.is_turn_full());
        }
    });
    stage.net().inject(id, READABLE);
    stage.readable(other);
    stage.turn();
    assert!(!stage.net().is_turn_full(), "the next turn has room again");
    assert_eq!(stage.lines(id), ["all", "later"]);
}

#[test]
fn a_line_that_comes_byte_by_byte_is_one_line() {
    let (mut stage, script, id) = with_input(b"");
    for byte in b"slowly\n" {
        script.arrives(&[*byte]);
        stage.readable(id);
    }
    assert_eq!(stage.lines(id), ["slowly"]);
}

#[test]
fn a_frame_that_never_ends_is_given_up() {
    let (mut stage, script, id) = with_input(b"");
    script.never_stops(b'x');
    stage.readable(id);
    stage.settle();
    let told = stage.told();
    assert!(
        matches!(&told[..], [Told::Lost(_, why), Told::Reaped(_)] if why.contains("unfinished"))
    );
    assert!(script.reads() <= 18, "256 KiB in reads of 16 KiB");
}

#[test]
fn readiness_in_both_directions_at_once_is_taken_up_in_one_turn() {
    let (mut stage, script, id) = with_input(b"in\n");
    script.is_full(true);
    stage.send(id, "out");
    stage.turn();
    script.is_full(false);
    let both = Readiness {
        readable: true,
        writable: true,
    };
    stage.net().inject(id, both);
    stage.turn();
    assert_eq!(stage.lines(id), ["in"]);
    assert_eq!(script.written(), "out");
}

#[test]
#[cfg(target_os = "linux")]
fn one_read_takes_a_line_from_the_kernel() {
    let (mut stage, id, mut peer) = over_the_kernel();
    for line in ["one", "two", "three"] {
        let before = stage.net().stats().reads;
        peer.write_all(format!("{line}\n").as_bytes()).unwrap();
        stage.turn_until(|stage| !stage.handler.told.is_empty());
        stage.settle();
        assert_eq!(stage.lines(id), [line]);
        assert_eq!(stage.net().stats().reads - before, 1, "{line}");
    }
}

#[test]
fn an_end_of_file_is_read_with_the_bytes_before_it() {
    let (mut stage, id, mut peer) = over_the_kernel();
    peer.write_all(b"one\n").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    stage.turn_until(|stage| stage.handler.told.contains(&Told::End(id)));
    assert_eq!(stage.lines(id), ["one"]);
}

/// Linux ends a read at the mark of urgent data, though more has arrived behind it. `telnet` sends such a mark with Ctrl-C.
#[test]
fn an_urgent_mark_does_not_hide_the_bytes_behind_it() {
    let (mut stage, id, mut peer) = over_the_kernel();
    peer.write_all(b"one\n").unwrap();
    SockRef::from(&peer).send_out_of_band(b"!").unwrap();
    peer.write_all(b"two\nthree\n").unwrap();
    stage.turn_until(|stage| stage.handler.told.len() == 3);
    assert_eq!(stage.lines(id), ["one", "!two", "three"]);
}
