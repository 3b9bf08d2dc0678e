//! Rule 5: back-pressure. A high-water mark, a limit, a ceiling for the whole process, and flood control by not reading.

use super::{
    script::Script,
    test_loop::{Call, TestLoop, WRITABLE, chunk},
};
use crate::net::{ConnId, Limits, Phase, Tick};
use std::{io::ErrorKind, time::Duration};

fn connection() -> (TestLoop, Script, ConnId) {
    let (mut test, script) = (TestLoop::new(), Script::new());
    let id = test.adopt(&script);
    (test, script, id)
}

#[test]
fn past_the_high_water_mark_a_peer_is_not_read_from() {
    let (mut test, script, id) = connection();
    test.limit(id, 4, 1000);
    script.is_full(true).arrives(b"more\n");
    test.send(id, "12345");
    test.turn();
    test.readable(id);
    test.settle();
    assert_eq!(script.reads(), 0);
    // One byte less is at the mark, and at the mark it is served; the writable event is all that comes.
    script
        .is_full(false)
        .takes(1)
        .refuses(ErrorKind::WouldBlock);
    test.writable(id);
    test.settle();
    assert_eq!(test.lines(id), ["more"]);
}

#[test]
fn a_peer_that_reads_too_little_keeps_its_frames_waiting() {
    let (mut test, script, id) = connection();
    test.limit(id, 0, 1000);
    test.handler.lines_at_once = 1;
    test.react(move |net, call| {
        if let Call::Line(_, line) = call {
            net.send(id, &chunk(line));
        }
    });
    script.arrives(b"one\ntwo\nthree\n").takes(2);
    test.readable(id);
    assert_eq!(test.lines(id), ["one"]);
    test.settle();
    assert_eq!(test.lines(id), [""; 0]);
    test.writable(id);
    test.settle();
    assert_eq!(test.lines(id), ["two", "three"]);
    assert_eq!(script.written(), "onetwothree");
}

#[test]
fn an_echo_that_is_drained_at_once_reads_on_without_any_event() {
    let (mut test, script, id) = connection();
    test.limit(id, 0, u32::MAX);
    test.react(move |net, call| {
        if let Call::Line(_, line) = call {
            net.send(id, &chunk(line));
        }
    });
    for _ in 0..20 {
        script.arrives(b"line\n");
    }
    test.readable(id);
    test.settle();
    assert_eq!(test.lines(id).len(), 20);
}

#[test]
fn a_higher_high_water_mark_ends_a_hold_without_an_event() {
    let (mut test, script, id) = connection();
    test.limit(id, 0, 1000);
    script.is_full(true).arrives(b"more\n");
    test.send(id, "12345");
    test.turn();
    test.readable(id);
    assert_eq!(script.reads(), 0);
    test.limit(id, 5, 1000);
    test.settle();
    assert_eq!(test.lines(id), ["more"]);
}

#[test]
fn a_healthy_peer_is_not_cut_off_for_a_burst_past_its_limit() {
    let (mut test, script, id) = connection();
    test.limit(id, 4, 8);
    test.send(id, "twenty bytes at once");
    test.turn();
    assert_eq!(script.written(), "twenty bytes at once");
    assert_eq!(test.calls(), []);
}

#[test]
fn what_is_left_after_a_flush_decides_about_an_overflow() {
    let (mut test, script, id) = connection();
    test.limit(id, 4, 8);
    script.takes(12);
    test.send(id, "twenty bytes at once");
    test.turn();
    assert_eq!(test.calls(), [], "eight bytes are left, and eight it may");
    test.send(id, "!");
    script.is_full(true);
    test.turn();
    assert_eq!(test.calls(), [Call::Overflow(id)]);
    assert_eq!(test.net().phase(id), Phase::Draining);
    script.is_full(false);
    test.writable(id);
    assert_eq!(script.written(), "twenty bytes at once!");
}

#[test]
fn a_slow_reader_costs_the_others_nothing() {
    let (mut test, slow, slow_id) = connection();
    let quick = Script::new();
    let quick_id = test.adopt(&quick);
    test.limit(slow_id, 10, 100);
    slow.is_full(true);
    for _ in 0..50 {
        let line = chunk("0123456789");
        test.net().send(slow_id, &line);
        test.net().send(quick_id, &line);
        test.turn();
    }
    assert_eq!(test.calls(), [Call::Overflow(slow_id)]);
    assert_eq!(quick.written().len(), 500);
    assert!(test.net().buffers().bytes_peak() <= 130);
}

#[test]
fn past_the_ceiling_the_largest_queues_go() {
    let mut test = TestLoop::new();
    test.net().set_ceiling(100);
    let scripts: Vec<Script> = (0..4).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| test.adopt(script)).collect();
    for (script, (id, bytes)) in scripts.iter().zip(ids.iter().zip([20, 70, 30, 50])) {
        script.is_full(true);
        test.send(*id, &"x".repeat(bytes));
    }
    test.turn();
    let calls = test.calls();
    let [Call::Lost(lost, why), Call::Reaped(reaped)] = &calls[..] else {
        panic!("{calls:?}")
    };
    assert_eq!((lost, reaped), (&ids[1], &ids[1]));
    assert!(why.contains("holds too much"), "{why}");
    assert_eq!(test.net().buffers().bytes(), 100);
    assert_eq!(test.net().stats().over_ceiling, 1);
    for (script, id) in scripts.iter().zip(&ids) {
        script.is_full(false);
        test.net().inject(*id, WRITABLE);
    }
    test.turn();
    let written: Vec<usize> = scripts.iter().map(|s| s.written().len()).collect();
    assert_eq!(written, [20, 0, 30, 50]);
}

#[test]
fn the_ceiling_counts_only_what_the_kernel_did_not_take() {
    let (mut test, script, id) = connection();
    test.net().set_ceiling(10);
    test.send(id, &"x".repeat(1000));
    test.turn();
    assert_eq!(test.calls(), []);
    assert_eq!(script.written().len(), 1000);
}

#[test]
fn nothing_is_read_during_a_pause_and_nothing_is_lost_by_it() {
    let (mut test, script, id) = connection();
    test.handler.lines_at_once = 2;
    test.handler.rest = Some(Duration::from_millis(500));
    script.arrives(b"1\n2\n3\n");
    test.readable(id);
    let reads = script.reads();
    script.arrives(b"4\n5\n");
    for now in [1000, 1001, 1250, 1499] {
        test.at(now);
        test.readable(id);
        test.writable(id);
        assert!(!test.net().has_work(), "held, so nothing to do");
    }
    assert_eq!(script.reads(), reads);
    assert_eq!(test.lines(id), ["1", "2"]);
    test.at(1500);
    test.turn();
    test.settle();
    assert_eq!(test.lines(id), ["3", "4", "5"]);
}

#[test]
fn a_pause_without_input_holds_what_comes_later() {
    let (mut test, script, id) = connection();
    test.handler.lines_at_once = 1;
    test.handler.rest = Some(Duration::from_millis(500));
    script.arrives(b"1\n");
    test.readable(id);
    script.arrives(b"2\n");
    test.readable(id);
    assert_eq!(test.lines(id), ["1"]);
    test.at(1500);
    test.turns(2);
    assert_eq!(test.lines(id), ["2"]);
}

#[test]
fn a_pause_and_a_deadline_come_each_at_its_time() {
    let (mut test, script, id) = connection();
    test.handler.lines_at_once = 1;
    test.handler.rest = Some(Duration::from_millis(500));
    test.net().set_deadline(id, Tick(1200));
    script.arrives(b"1\n2\n");
    test.readable(id);
    test.react(move |net, call| {
        if matches!(call, Call::Deadline(_)) && net.now() < Tick(1400) {
            net.set_deadline(id, Tick(1400));
        }
    });
    let mut calls = Vec::new();
    for _ in 0..4 {
        let Some(next) = test.net().nearest_deadline() else {
            break;
        };
        test.at(next.0);
        test.turns(2);
        calls.extend(test.calls().into_iter().map(|call| (next.0, call)));
    }
    let line = |text: &str| Call::Line(id, text.into());
    let deadline = Call::Deadline(id);
    let expected = [
        (1200, line("1")),
        (1200, deadline.clone()),
        (1400, deadline),
        (1500, line("2")),
    ];
    assert_eq!(calls, expected);
}

#[test]
fn a_handler_may_answer_an_overflow_with_a_farewell() {
    let (mut test, script, id) = connection();
    test.limit(id, 2, 4);
    script.takes(1);
    test.react(move |net, call| {
        if matches!(call, Call::Overflow(_)) {
            net.send(id, &chunk("SendQ exceeded"));
        }
    });
    test.send(id, "123456");
    test.turn();
    test.settle();
    assert_eq!(script.written(), "123456SendQ exceeded");
    assert!(script.is_shut());
}

#[test]
fn limits_of_one_are_not_limits_of_another() {
    let (mut test, script, id) = connection();
    let other = Script::new();
    let other_id = test.adopt(&other);
    let limits = Limits {
        high_water: 1,
        limit: 1,
    };
    test.net().set_limits(id, limits);
    script.is_full(true);
    other.is_full(true);
    test.send(id, "12");
    test.send(other_id, "12");
    test.turn();
    assert_eq!(test.calls(), [Call::Overflow(id)]);
    assert_eq!(test.net().queued(other_id), 2);
}

#[test]
fn farewells_push_no_other_connection_over_the_ceiling() {
    let mut test = TestLoop::new();
    test.net().set_ceiling(110);
    let scripts: Vec<Script> = (0..10).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| test.adopt(script)).collect();
    for (script, id) in scripts.iter().zip(&ids).take(3) {
        script.is_full(true);
        test.send(*id, &"x".repeat(40));
    }
    let everyone = ids.clone();
    test.react(move |net, call| {
        if let Call::Lost(lost, _) = call {
            for id in everyone.iter().filter(|id| *id != lost) {
                net.send(*id, &chunk("someone quit\n"));
            }
        }
    });
    test.turn();
    let calls = test.calls();
    assert!(
        matches!(calls[..], [Call::Lost(..), Call::Reaped(_)]),
        "{calls:?}"
    );
    // Most of them read: what they were sent is gone before the ceiling is looked at again.
    test.turn();
    assert_eq!(test.calls(), []);
}

#[test]
fn a_long_reply_goes_on_in_the_next_turn_and_after_a_pause() {
    let (mut test, script, id) = connection();
    test.limit(id, 4, 1000);
    script.is_full(true);
    test.send(id, "12345");
    test.net().notify_drained(id);
    test.turns(2);
    assert_eq!(test.calls(), []);
    script.is_full(false);
    test.writable(id);
    assert_eq!(test.calls(), [Call::Drained(id)]);
    assert!(!test.net().has_work(), "it was calls once");
}

#[test]
fn many_long_replies_take_turns_and_no_turn_is_long() {
    let mut test = TestLoop::new();
    let ids: Vec<_> = (0..300).map(|_| test.adopt(&Script::new())).collect();
    for id in &ids {
        test.net().notify_drained(*id);
    }
    // Each has still more to send.
    test.react(|net, call| {
        if let Call::Drained(id) = call {
            net.send(*id, b"a piece");
            net.notify_drained(*id);
        }
    });
    let mut calls = Vec::new();
    while calls.len() < 2 * ids.len() {
        test.turn();
        let in_turn = test.calls();
        assert!((1..=64).contains(&in_turn.len()), "{}", in_turn.len());
        assert!(test.net().has_work(), "nobody waits for an event");
        calls.extend(in_turn);
    }
    let in_order: Vec<_> = ids.iter().map(|id| Call::Drained(*id)).collect();
    assert_eq!(calls[..300], in_order);
    assert_eq!(calls[300..600], in_order);
}

#[test]
fn a_long_reply_does_not_wait_after_a_failed_write() {
    let (mut test, script, id) = connection();
    test.handler.lines_at_once = 0;
    script.arrives(b"QUIT\n").refuses(ErrorKind::BrokenPipe);
    test.readable(id);
    // Until the reply is complete its handler takes no line; so that the lines come to an end, it must be called.
    test.react(|net, call| {
        if let Call::Drained(id) = call {
            net.close(*id);
        }
    });
    test.send(id, "a piece");
    test.net().notify_drained(id);
    test.settle();
    let expected = [Call::Drained(id), Call::Reaped(id)];
    assert_eq!(test.calls(), expected);
}

#[test]
fn strangers_go_first_past_the_ceiling() {
    let mut test = TestLoop::new();
    let scripts: Vec<Script> = (0..4).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| test.adopt(script)).collect();
    // Half a line each, so long that memory is held for it.
    for (script, length) in scripts.iter().zip([10, 4000, 6000, 3000]) {
        script.arrives("x".repeat(length).as_bytes());
    }
    test.handler.strangers = vec![ids[0], ids[1], ids[3]];
    for id in &ids {
        test.readable(*id);
    }
    assert_eq!(test.calls(), []);
    let held = test.net().held();
    assert!((13_000..16_000).contains(&held), "{held}");
    assert_eq!(held, test.net().held_beside_queues());
    // Less than all that is held: one has to go. Not the one that holds most, for it is known; not the stranger that
    // holds little.
    test.net().set_ceiling(held - 1000);
    test.turn();
    let lost = |calls: Vec<Call>| -> Vec<ConnId> {
        let lost = calls.into_iter().filter_map(|call| match call {
            Call::Lost(id, _) => Some(id),
            _ => None,
        });
        lost.collect()
    };
    assert_eq!(lost(test.calls()), [ids[1]]);
    // Then the other stranger that holds much, and only then the one that is known. None goes that holds little.
    test.net().set_ceiling(5000);
    test.turn();
    assert_eq!(lost(test.calls()), [ids[3], ids[2]]);
    test.net().set_ceiling(100);
    test.turn();
    assert_eq!(test.calls(), []);
    assert_eq!(test.net().phase(ids[0]), Phase::Open);
}

#[test]
fn caches_go_before_any_connection() {
    let mut test = TestLoop::new();
    let script = Script::new();
    let id = test.adopt(&script);
    script.is_full(true);
    test.send(id, &"x".repeat(60));
    test.turn();
    test.net().set_ceiling(100);
    test.net().set_kept_elsewhere(45);
    // What is kept elsewhere under pressure.
    test.handler.kept_under_pressure = Some(10);
    test.turn();
    assert_eq!(test.calls(), []);
    assert_eq!(test.net().held(), 70);
    // It does not go for what others keep, as long as it holds no more than its share.
    test.handler.kept_under_pressure = None;
    test.net().set_kept_elsewhere(1_000_000);
    test.turn();
    let lost = matches!(test.calls()[..], [Call::Lost(..), Call::Reaped(_)]);
    assert!(lost, "it holds 60, and half of the ceiling is 50");
}

#[test]
fn no_connection_goes_that_holds_less_than_its_share() {
    let mut test = TestLoop::new();
    let scripts: Vec<Script> = (0..10).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| test.adopt(script)).collect();
    test.net().set_ceiling(1000);
    test.net().set_kept_elsewhere(1_000_000);
    for (script, id) in scripts.iter().zip(&ids) {
        script.is_full(true);
        // Half of the ceiling, among ten.
        test.send(*id, &"x".repeat(49));
    }
    test.turn();
    test.turn();
    assert_eq!(test.calls(), []);
    assert_eq!(test.net().stats().over_ceiling, 0);
}
