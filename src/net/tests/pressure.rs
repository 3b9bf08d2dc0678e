//! Rule 5: back-pressure. A soft mark, a hard limit, a ceiling for the whole process, and flood control by not reading.

use super::{
    script::Script,
    stage::{Stage, Told, WRITABLE, chunk},
};
use crate::net::{ConnId, Limits, Phase, Tick};
use std::{io::ErrorKind, time::Duration};

fn connection() -> (Stage, Script, ConnId) {
    let (mut stage, script) = (Stage::new(), Script::new());
    let id = stage.adopt(&script);
    (stage, script, id)
}

#[test]
fn past_the_soft_mark_a_peer_is_not_read_from_until_it_reads() {
    let (mut stage, script, id) = connection();
    stage.limit(id, 4, 1000);
    script.is_full(true).arrives(b"more\n");
    stage.send(id, "12345");
    stage.turn();
    stage.readable(id);
    stage.settle();
    assert_eq!(script.reads(), 0);
    // One byte less is at the mark, and at the mark it is served; the writable event is all that comes.
    script
        .is_full(false)
        .takes(1)
        .refuses(ErrorKind::WouldBlock);
    stage.writable(id);
    stage.settle();
    assert_eq!(stage.lines(id), ["more"]);
}

#[test]
fn a_peer_that_asks_for_more_than_it_reads_waits_with_the_frames_in_hand() {
    let (mut stage, script, id) = connection();
    stage.limit(id, 0, 1000);
    stage.handler.lines_at_once = 1;
    stage.react(move |net, told| {
        if let Told::Line(_, line) = told {
            net.send(id, &chunk(line));
        }
    });
    script.arrives(b"one\ntwo\nthree\n").takes(2);
    stage.readable(id);
    assert_eq!(stage.lines(id), ["one"]);
    stage.settle();
    assert_eq!(stage.lines(id), [""; 0]);
    stage.writable(id);
    stage.settle();
    assert_eq!(stage.lines(id), ["two", "three"]);
    assert_eq!(script.written(), "onetwothree");
}

#[test]
fn an_echo_that_is_drained_at_once_reads_on_without_any_event() {
    let (mut stage, script, id) = connection();
    stage.limit(id, 0, u32::MAX);
    stage.react(move |net, told| {
        if let Told::Line(_, line) = told {
            net.send(id, &chunk(line));
        }
    });
    for _ in 0..20 {
        script.arrives(b"line\n");
    }
    stage.readable(id);
    stage.settle();
    assert_eq!(stage.lines(id).len(), 20);
}

#[test]
fn a_higher_soft_mark_lets_a_held_peer_speak_without_any_event() {
    let (mut stage, script, id) = connection();
    stage.limit(id, 0, 1000);
    script.is_full(true).arrives(b"more\n");
    stage.send(id, "12345");
    stage.turn();
    stage.readable(id);
    assert_eq!(script.reads(), 0);
    stage.limit(id, 5, 1000);
    stage.settle();
    assert_eq!(stage.lines(id), ["more"]);
}

#[test]
fn a_healthy_peer_is_not_cut_off_for_a_burst_past_its_limit() {
    let (mut stage, script, id) = connection();
    stage.limit(id, 4, 8);
    stage.send(id, "twenty bytes at once");
    stage.turn();
    assert_eq!(script.written(), "twenty bytes at once");
    assert_eq!(stage.told(), []);
}

#[test]
fn what_is_left_after_a_flush_decides_about_an_overflow() {
    let (mut stage, script, id) = connection();
    stage.limit(id, 4, 8);
    script.takes(12);
    stage.send(id, "twenty bytes at once");
    stage.turn();
    assert_eq!(stage.told(), [], "eight bytes are left, and eight it may");
    stage.send(id, "!");
    script.is_full(true);
    stage.turn();
    assert_eq!(stage.told(), [Told::Overflow(id)]);
    assert_eq!(stage.net().phase(id), Phase::Draining);
    script.is_full(false);
    stage.writable(id);
    assert_eq!(script.written(), "twenty bytes at once!");
}

#[test]
fn a_slow_reader_costs_the_others_nothing() {
    let (mut stage, slow, slow_id) = connection();
    let quick = Script::new();
    let quick_id = stage.adopt(&quick);
    stage.limit(slow_id, 10, 100);
    slow.is_full(true);
    for _ in 0..50 {
        let line = chunk("0123456789");
        stage.net().send(slow_id, &line);
        stage.net().send(quick_id, &line);
        stage.turn();
    }
    assert_eq!(stage.told(), [Told::Overflow(slow_id)]);
    assert_eq!(quick.written().len(), 500);
    assert!(stage.net().buffers().bytes_peak() <= 130);
}

#[test]
fn past_the_ceiling_the_largest_queues_go_and_the_others_keep_theirs() {
    let mut stage = Stage::new();
    stage.net().set_ceiling(100);
    let scripts: Vec<Script> = (0..4).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| stage.adopt(script)).collect();
    for (script, (id, bytes)) in scripts.iter().zip(ids.iter().zip([20, 70, 30, 50])) {
        script.is_full(true);
        stage.send(*id, &"x".repeat(bytes));
    }
    stage.turn();
    let told = stage.told();
    let [Told::Lost(lost, why), Told::Reaped(reaped)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((lost, reaped), (&ids[1], &ids[1]));
    assert!(why.contains("holds too much"), "{why}");
    assert_eq!(stage.net().buffers().bytes(), 100);
    assert_eq!(stage.net().stats().over_ceiling, 1);
    for (script, id) in scripts.iter().zip(&ids) {
        script.is_full(false);
        stage.net().inject(*id, WRITABLE);
    }
    stage.turn();
    let written: Vec<usize> = scripts.iter().map(|s| s.written().len()).collect();
    assert_eq!(written, [20, 0, 30, 50]);
}

#[test]
fn the_ceiling_counts_only_what_the_kernel_did_not_take() {
    let (mut stage, script, id) = connection();
    stage.net().set_ceiling(10);
    stage.send(id, &"x".repeat(1000));
    stage.turn();
    assert_eq!(stage.told(), []);
    assert_eq!(script.written().len(), 1000);
}

#[test]
fn nothing_is_read_during_a_pause_and_nothing_is_lost_by_it() {
    let (mut stage, script, id) = connection();
    stage.handler.lines_at_once = 2;
    stage.handler.rest = Some(Duration::from_millis(500));
    script.arrives(b"1\n2\n3\n");
    stage.readable(id);
    let reads = script.reads();
    script.arrives(b"4\n5\n");
    for now in [1000, 1001, 1250, 1499] {
        stage.at(now);
        stage.readable(id);
        stage.writable(id);
        assert!(!stage.net().has_work(), "held, so nothing to do");
    }
    assert_eq!(script.reads(), reads);
    assert_eq!(stage.lines(id), ["1", "2"]);
    stage.at(1500);
    stage.turn();
    stage.settle();
    assert_eq!(stage.lines(id), ["3", "4", "5"]);
}

#[test]
fn a_pause_with_an_empty_hand_holds_what_comes_later() {
    let (mut stage, script, id) = connection();
    stage.handler.lines_at_once = 1;
    stage.handler.rest = Some(Duration::from_millis(500));
    script.arrives(b"1\n");
    stage.readable(id);
    script.arrives(b"2\n");
    stage.readable(id);
    assert_eq!(stage.lines(id), ["1"]);
    stage.at(1500);
    stage.turns(2);
    assert_eq!(stage.lines(id), ["2"]);
}

#[test]
fn a_pause_and_an_alarm_come_each_at_its_time() {
    let (mut stage, script, id) = connection();
    stage.handler.lines_at_once = 1;
    stage.handler.rest = Some(Duration::from_millis(500));
    stage.net().set_deadline(id, Tick(1200));
    script.arrives(b"1\n2\n");
    stage.readable(id);
    stage.react(move |net, told| {
        if matches!(told, Told::Alarm(_)) && net.now() < Tick(1400) {
            net.set_deadline(id, Tick(1400));
        }
    });
    let mut told = Vec::new();
    for _ in 0..4 {
        let Some(next) = stage.net().nearest_deadline() else {
            break;
        };
        stage.at(next.0);
        stage.turns(2);
        told.extend(stage.told().into_iter().map(|told| (next.0, told)));
    }
    let line = |text: &str| Told::Line(id, text.into());
    let deadline = Told::Alarm(id);
    let expected = [
        (1200, line("1")),
        (1200, deadline.clone()),
        (1400, deadline),
        (1500, line("2")),
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_overflow_is_told_to_an_owner_that_answers_with_a_farewell() {
    let (mut stage, script, id) = connection();
    stage.limit(id, 2, 4);
    script.takes(1);
    stage.react(move |net, told| {
        if matches!(told, Told::Overflow(_)) {
            net.send(id, &chunk("SendQ exceeded"));
        }
    });
    stage.send(id, "123456");
    stage.turn();
    stage.settle();
    assert_eq!(script.written(), "123456SendQ exceeded");
    assert!(script.is_shut());
}

#[test]
fn limits_of_one_are_not_limits_of_another() {
    let (mut stage, script, id) = connection();
    let other = Script::new();
    let other_id = stage.adopt(&other);
    let limits = Limits {
        high_water: 1,
        limit: 1,
    };
    stage.net().set_limits(id, limits);
    script.is_full(true);
    other.is_full(true);
    stage.send(id, "12");
    stage.send(other_id, "12");
    stage.turn();
    assert_eq!(stage.told(), [Told::Overflow(id)]);
    assert_eq!(stage.net().queued(other_id), 2);
}

#[test]
fn the_farewells_of_those_past_the_ceiling_push_nobody_else_over_it() {
    let mut stage = Stage::new();
    stage.net().set_ceiling(110);
    let scripts: Vec<Script> = (0..10).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| stage.adopt(script)).collect();
    for (script, id) in scripts.iter().zip(&ids).take(3) {
        script.is_full(true);
        stage.send(*id, &"x".repeat(40));
    }
    let everyone = ids.clone();
    stage.react(move |net, told| {
        if let Told::Lost(lost, _) = told {
            for id in everyone.iter().filter(|id| *id != lost) {
                net.send(*id, &chunk("someone quit\n"));
            }
        }
    });
    stage.turn();
    let told = stage.told();
    assert!(
        matches!(told[..], [Told::Lost(..), Told::Reaped(_)]),
        "{told:?}"
    );
    // Most of them read: what they were told is gone before anyone looks at the ceiling again.
    stage.turn();
    assert_eq!(stage.told(), []);
}

#[test]
fn who_has_more_to_say_goes_on_in_the_next_turn_and_after_a_pause() {
    let (mut stage, script, id) = connection();
    stage.limit(id, 4, 1000);
    script.is_full(true);
    stage.send(id, "12345");
    stage.net().notify_drained(id);
    stage.turns(2);
    assert_eq!(stage.told(), []);
    script.is_full(false);
    stage.writable(id);
    assert_eq!(stage.told(), [Told::Drained(id)]);
    assert!(!stage.net().has_work(), "it was told once");
}

#[test]
fn many_who_have_more_to_say_take_turns_and_no_turn_is_long() {
    let mut stage = Stage::new();
    let ids: Vec<_> = (0..300).map(|_| stage.adopt(&Script::new())).collect();
    for id in &ids {
        stage.net().notify_drained(*id);
    }
    // Each has still more to say.
    stage.react(|net, told| {
        if let Told::Drained(id) = told {
            net.send(*id, b"a piece");
            net.notify_drained(*id);
        }
    });
    let mut told = Vec::new();
    while told.len() < 2 * ids.len() {
        stage.turn();
        let in_turn = stage.told();
        assert!((1..=64).contains(&in_turn.len()), "{}", in_turn.len());
        assert!(stage.net().has_work(), "nobody waits for an event");
        told.extend(in_turn);
    }
    let in_order: Vec<_> = ids.iter().map(|id| Told::Drained(*id)).collect();
    assert_eq!(told[..300], in_order);
    assert_eq!(told[300..600], in_order);
}

#[test]
fn who_has_more_to_say_is_not_kept_waiting_by_a_failed_write() {
    let (mut stage, script, id) = connection();
    stage.handler.lines_at_once = 0;
    script.arrives(b"QUIT\n").refuses(ErrorKind::BrokenPipe);
    stage.readable(id);
    // Until it has said it, its owner takes no line; so that the lines come to an end, it must be told.
    stage.react(|net, told| {
        if let Told::Drained(id) = told {
            net.close(*id);
        }
    });
    stage.send(id, "a piece");
    stage.net().notify_drained(id);
    stage.settle();
    let expected = [Told::Drained(id), Told::Reaped(id)];
    assert_eq!(stage.told(), expected);
}

#[test]
fn what_is_held_beside_queues_counts_for_the_ceiling_and_strangers_go_first() {
    let mut stage = Stage::new();
    let scripts: Vec<Script> = (0..4).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| stage.adopt(script)).collect();
    // Half a line each, so long that memory is held for it.
    for (script, length) in scripts.iter().zip([10, 4000, 6000, 3000]) {
        script.arrives("x".repeat(length).as_bytes());
    }
    stage.handler.strangers = vec![ids[0], ids[1], ids[3]];
    for id in &ids {
        stage.readable(*id);
    }
    assert_eq!(stage.told(), []);
    let held = stage.net().held();
    assert!((13_000..16_000).contains(&held), "{held}");
    assert_eq!(held, stage.net().held_beside_queues());
    // Less than all that is held: one has to go. Not the one who holds most, for we know them; not the stranger who
    // holds little.
    stage.net().set_ceiling(held - 1000);
    stage.turn();
    let lost = |told: Vec<Told>| -> Vec<ConnId> {
        let lost = told.into_iter().filter_map(|told| match told {
            Told::Lost(id, _) => Some(id),
            _ => None,
        });
        lost.collect()
    };
    assert_eq!(lost(stage.told()), [ids[1]]);
    // Then the other stranger who holds much, and only then the one we know. Nobody goes who holds little.
    stage.net().set_ceiling(5000);
    stage.turn();
    assert_eq!(lost(stage.told()), [ids[3], ids[2]]);
    stage.net().set_ceiling(100);
    stage.turn();
    assert_eq!(stage.told(), []);
    assert_eq!(stage.net().phase(ids[0]), Phase::Open);
}

#[test]
fn before_anyone_goes_what_is_kept_only_to_be_shown_goes() {
    let mut stage = Stage::new();
    let script = Script::new();
    let id = stage.adopt(&script);
    script.is_full(true);
    stage.send(id, &"x".repeat(60));
    stage.turn();
    stage.net().set_ceiling(100);
    stage.net().set_kept_elsewhere(45);
    // What is told of it under pressure.
    stage.handler.kept_under_pressure = Some(10);
    stage.turn();
    assert_eq!(stage.told(), []);
    assert_eq!(stage.net().held(), 70);
    // It does not go for what others keep, as long as it holds no more than its share.
    stage.handler.kept_under_pressure = None;
    stage.net().set_kept_elsewhere(1_000_000);
    stage.turn();
    let lost = matches!(stage.told()[..], [Told::Lost(..), Told::Reaped(_)]);
    assert!(lost, "it holds 60, and half of the ceiling is 50");
}

#[test]
fn nobody_goes_who_holds_less_than_an_equal_share() {
    let mut stage = Stage::new();
    let scripts: Vec<Script> = (0..10).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| stage.adopt(script)).collect();
    stage.net().set_ceiling(1000);
    stage.net().set_kept_elsewhere(1_000_000);
    for (script, id) in scripts.iter().zip(&ids) {
        script.is_full(true);
        // Half of the ceiling, among ten.
        stage.send(*id, &"x".repeat(49));
    }
    stage.turn();
    stage.turn();
    assert_eq!(stage.told(), []);
    assert_eq!(stage.net().stats().over_ceiling, 0);
}
