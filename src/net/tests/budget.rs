//! What a turn may cost: time, and bytes over all connections. What is left comes first in the next turn.

use super::{
    script::Script,
    test_loop::{Call, READABLE, TestLoop, WRITABLE},
};
use crate::net::{ConnId, Tick};

/// Enough for the loop to look at its clock.
const MUCH_EFFORT: u32 = 1_000;

/// Connections on each of which these lines wait.
fn with_lines(count: usize, lines: &[u8]) -> (TestLoop, Vec<Script>, Vec<ConnId>) {
    let mut test = TestLoop::new();
    let scripts: Vec<Script> = (0..count).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| test.adopt(script)).collect();
    for (script, id) in scripts.iter().zip(&ids) {
        script.arrives(lines);
        test.net().inject(*id, READABLE);
    }
    (test, scripts, ids)
}

/// Every call to the handler takes so many milliseconds.
fn everything_takes(test: &mut TestLoop, milliseconds: u64) {
    test.react(move |net, _| {
        let later = Tick(net.now().0 + milliseconds);
        net.hold_clock(later);
        net.note_effort(MUCH_EFFORT);
    });
}

#[test]
fn a_turn_yields_when_its_time_is_used_up() {
    let (mut test, _scripts, ids) = with_lines(5, b"line\n");
    everything_takes(&mut test, 3);
    let line = |id: &ConnId| Call::Line(*id, "line".into());
    for served in ids.chunks(2) {
        test.turn();
        let expected: Vec<Call> = served.iter().map(line).collect();
        assert_eq!(test.calls(), expected);
        // A peer that was read already sends again: it waits after those that were not.
        test.net().inject(ids[0], READABLE);
    }
    assert_eq!(test.net().stats().slices_spent, 2);
}

#[test]
fn a_busy_sender_takes_its_turn_when_lines_are_dear() {
    let (mut test, _scripts, ids) = with_lines(3, b"1\n2\n3\n4\n");
    test.handler.lines_at_once = 1;
    everything_takes(&mut test, 6);
    let mut order = Vec::new();
    for _ in 0..12 {
        test.turn();
        let calls = test.calls();
        assert_eq!(
            calls.len(),
            1,
            "one piece of work is always done, and no more fits"
        );
        order.extend(calls.into_iter().filter_map(|call| match call {
            Call::Line(id, _) => ids.iter().position(|other| *other == id),
            _ => None,
        }));
    }
    assert_eq!(order, [0, 1, 2].repeat(4));
}

#[test]
fn cheap_work_does_not_look_at_the_clock() {
    let (mut test, _scripts, ids) = with_lines(3, b"line\n");
    test.react(|net, _| {
        let later = Tick(net.now().0 + 100);
        net.hold_clock(later);
    });
    test.turn();
    assert_eq!(test.calls().len(), ids.len());
}

#[test]
fn the_bytes_of_a_turn_are_bounded_and_shared() {
    let (mut test, scripts, ids) = with_lines(1_000, b"");
    for (script, id) in scripts.iter().zip(&ids) {
        script.never_stops(b'\n');
        test.net().inject(*id, READABLE);
    }
    test.turn();
    let read = test.net().stats().bytes_in;
    assert!(read <= 2 * 1024 * 1024, "{read} bytes in one turn");
    let served = scripts.iter().filter(|script| script.reads() > 0).count();
    assert_eq!(served, 512, "4 KiB of each");
    test.turn();
    let twice = scripts.iter().filter(|script| script.reads() > 1).count();
    assert_eq!(twice, 1_024 - 1_000, "who was not read yet comes first");
}

#[test]
fn due_deadlines_are_cut_in_pieces_too() {
    let (mut test, _scripts, ids) = with_lines(4, b"");
    for id in &ids {
        test.net().set_deadline(*id, Tick(2_000));
    }
    test.turn();
    test.at(2_000);
    everything_takes(&mut test, 4);
    for _ in &ids {
        test.turn_without_wait();
        assert_eq!(test.calls().len(), 1);
    }
    test.turn();
    assert_eq!(test.calls(), []);
}

#[test]
fn long_replies_are_cut_in_pieces_too() {
    let (mut test, _scripts, ids) = with_lines(4, b"");
    test.turn();
    everything_takes(&mut test, 4);
    for id in &ids {
        test.net().notify_drained(*id);
        test.net().inject(*id, WRITABLE);
    }
    let mut calls = Vec::new();
    for turn in 1..=ids.len() {
        test.turn();
        calls.extend(test.calls());
        assert_eq!(calls.len(), turn);
    }
    let expected: Vec<Call> = ids.iter().map(|id| Call::Drained(*id)).collect();
    assert_eq!(calls, expected);
}
