//! What a turn may cost: time, and bytes over all connections. What is left comes first in the next turn.

use super::{
    script::Script,
    stage::{READABLE, Stage, Told, WRITABLE},
};
use crate::net::{ConnId, Tick};

/// Enough for the loop to look at its clock.
const MUCH_EFFORT: u32 = 1_000;

/// Connections on each of which these lines wait.
fn with_lines(count: usize, lines: &[u8]) -> (Stage, Vec<Script>, Vec<ConnId>) {
    let mut stage = Stage::new();
    let scripts: Vec<Script> = (0..count).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| stage.adopt(script)).collect();
    for (script, id) in scripts.iter().zip(&ids) {
        script.arrives(lines);
        stage.net().inject(*id, READABLE);
    }
    (stage, scripts, ids)
}

/// Whatever happens takes so many milliseconds.
fn everything_takes(stage: &mut Stage, milliseconds: u64) {
    stage.react(move |net, _| {
        let later = Tick(net.now().0 + milliseconds);
        net.hold_clock(later);
        net.note_effort(MUCH_EFFORT);
    });
}

#[test]
fn a_turn_yields_when_its_time_is_used_up_and_goes_on_where_it_stopped() {
    let (mut stage, _scripts, ids) = with_lines(5, b"line\n");
    everything_takes(&mut stage, 3);
    let line = |id: &ConnId| Told::Line(*id, "line".into());
    for served in ids.chunks(2) {
        stage.turn();
        let expected: Vec<Told> = served.iter().map(line).collect();
        assert_eq!(stage.told(), expected);
        // Someone who spoke already speaks again: they wait behind those who did not.
        stage.net().inject(ids[0], READABLE);
    }
    assert_eq!(stage.net().stats().slices_spent, 2);
}

#[test]
fn who_sends_much_is_heard_as_often_as_the_others_when_all_is_dear() {
    let (mut stage, _scripts, ids) = with_lines(3, b"1\n2\n3\n4\n");
    stage.handler.lines_at_once = 1;
    everything_takes(&mut stage, 6);
    let mut order = Vec::new();
    for _ in 0..12 {
        stage.turn();
        let told = stage.told();
        assert_eq!(
            told.len(),
            1,
            "one piece of work is always done, and no more fits"
        );
        order.extend(told.into_iter().filter_map(|told| match told {
            Told::Line(id, _) => ids.iter().position(|other| *other == id),
            _ => None,
        }));
    }
    assert_eq!(order, [0, 1, 2].repeat(4));
}

#[test]
fn cheap_work_does_not_look_at_the_clock() {
    let (mut stage, _scripts, ids) = with_lines(3, b"line\n");
    stage.react(|net, _| {
        let later = Tick(net.now().0 + 100);
        net.hold_clock(later);
    });
    stage.turn();
    assert_eq!(stage.told().len(), ids.len());
}

#[test]
fn the_bytes_of_a_turn_are_bounded_over_all_connections_and_shared_among_those_who_send() {
    let (mut stage, scripts, ids) = with_lines(1_000, b"");
    for (script, id) in scripts.iter().zip(&ids) {
        script.never_stops(b'\n');
        stage.net().inject(*id, READABLE);
    }
    stage.turn();
    let read = stage.net().stats().bytes_in;
    assert!(read <= 2 * 1024 * 1024, "{read} bytes in one turn");
    let served = scripts.iter().filter(|script| script.reads() > 0).count();
    assert_eq!(served, 512, "4 KiB of each");
    stage.turn();
    let twice = scripts.iter().filter(|script| script.reads() > 1).count();
    assert_eq!(twice, 1_024 - 1_000, "who was not read yet comes first");
}

#[test]
fn due_deadlines_are_cut_in_pieces_too() {
    let (mut stage, _scripts, ids) = with_lines(4, b"");
    for id in &ids {
        stage.net().set_deadline(*id, Tick(2_000));
    }
    stage.turn();
    stage.at(2_000);
    everything_takes(&mut stage, 4);
    for _ in &ids {
        stage.turn_without_wait();
        assert_eq!(stage.told().len(), 1);
    }
    stage.turn();
    assert_eq!(stage.told(), []);
}

#[test]
fn so_are_those_who_go_on_with_long_replies() {
    let (mut stage, _scripts, ids) = with_lines(4, b"");
    stage.turn();
    everything_takes(&mut stage, 4);
    for id in &ids {
        stage.net().notify_drained(*id);
        stage.net().inject(*id, WRITABLE);
    }
    let mut told = Vec::new();
    for turn in 1..=ids.len() {
        stage.turn();
        told.extend(stage.told());
        assert_eq!(told.len(), turn);
    }
    let expected: Vec<Told> = ids.iter().map(|id| Told::Drained(*id)).collect();
    assert_eq!(told, expected);
}
