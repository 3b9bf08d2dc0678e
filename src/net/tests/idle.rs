//! Rules 7 and 8: idle costs nothing, and time comes in once a turn.

use super::{
    script::Script,
    stage::{READABLE, Recorder, Stage, Told, chunk},
};
use crate::net::{ConnId, EventLoop, Tick, listen_tcp};
use std::{
    cell::RefCell,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    rc::Rc,
    time::{Duration, Instant},
};

fn connection() -> (Stage, Script, ConnId) {
    let (mut stage, script) = (Stage::new(), Script::new());
    let id = stage.adopt(&script);
    (stage, script, id)
}

#[test]
fn after_traffic_a_connection_owns_no_buffer() {
    let (mut stage, script, id) = connection();
    script.arrives(b"half a li").takes(3);
    stage.send(id, "hello");
    stage.readable(id);
    stage.writable(id);
    script.arrives(b"ne\n");
    stage.readable(id);
    assert_eq!(stage.lines(id), ["half a line"]);
    let connection = stage.net().table.connection(id).unwrap();
    assert_eq!(connection.input.capacity(), 0);
    assert!(connection.output.is_empty());
    assert_eq!(stage.net().buffers().segments().0, 0);
}

#[test]
fn an_unfinished_tail_keeps_little_more_memory_than_it_has_bytes() {
    let (mut stage, script, id) = connection();
    stage.handler.lines_at_once = 1;
    script.arrives(("line\n".repeat(3000) + "x").as_bytes());
    stage.readable(id);
    for _ in 0..4000 {
        stage.turn();
    }
    assert_eq!(stage.lines(id).len(), 3000);
    let connection = stage.net().table.connection(id).unwrap();
    assert_eq!(connection.input.len(), 1);
    assert!(connection.input.capacity() <= 1024);
}

#[test]
fn a_loop_with_nothing_due_sleeps_without_a_timeout() {
    let (mut stage, script, id) = connection();
    assert_eq!(stage.net().nearest_deadline(), None);
    script.arrives(b"one\n");
    stage.send(id, "two");
    stage.readable(id);
    stage.settle();
    assert_eq!(stage.net().nearest_deadline(), None);
    assert!(!stage.net().has_work());
}

#[test]
fn the_reminders_of_those_who_left_wake_nobody() {
    let mut stage = Stage::new();
    for round in 0..1000 {
        let script = Script::new();
        let id = stage.adopt(&script);
        stage.net().set_deadline(id, Tick(100_000 + round));
        script.ends();
        stage.readable(id);
    }
    assert_eq!(stage.net().connection_count(), 0);
    assert_eq!(stage.net().nearest_deadline(), None);
    assert_eq!(stage.net().state.timers.len(), 0);
}

#[test]
fn the_memory_of_a_burst_is_given_back() {
    let (mut stage, _, id) = connection();
    for index in 0..10_000 {
        stage.send_in_lane(id, index % 2, "x");
    }
    assert_eq!(stage.net().buffers().segments().0, 10_000);
    stage.turn();
    assert_eq!(stage.net().buffers().segments(), (0, 0));
}

#[test]
fn setting_alarms_does_not_grow_the_heap() {
    let mut stage = Stage::new();
    let scripts: Vec<Script> = (0..10).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| stage.adopt(script)).collect();
    for round in 0..1000 {
        for id in &ids {
            stage.net().set_deadline(*id, Tick(1_000_000 - round));
        }
        stage.turn();
    }
    assert!(
        stage.net().state.timers.len() <= 100,
        "{}",
        stage.net().state.timers.len()
    );
    assert_eq!(stage.net().nearest_deadline(), Some(Tick(999_001)));
    for round in 0..1000 {
        stage.net().set_deadline(ids[0], Tick(2_000_000 + round));
        stage.turn();
    }
    assert!(
        stage.net().state.timers.len() <= 100,
        "{}",
        stage.net().state.timers.len()
    );
}

#[test]
fn traffic_under_flood_control_does_not_grow_the_heap() {
    let (mut stage, script, id) = connection();
    stage.handler.lines_at_once = 1;
    stage.handler.rest = Some(Duration::from_millis(10));
    for round in 0..1000 {
        // A keep-alive that traffic moves away, again and again.
        let keep_alive_at = Tick(stage.net().now().0 + 120_000);
        stage.net().set_deadline(id, keep_alive_at);
        script.arrives(b"line\n");
        stage.readable(id);
        stage.at(1010 + round * 10);
        stage.turn();
    }
    assert_eq!(stage.lines(id).len(), 1000);
    assert!(
        stage.net().state.timers.len() <= 100,
        "{}",
        stage.net().state.timers.len()
    );
}

#[test]
fn an_alarm_comes_once_and_at_its_time() {
    let (mut stage, _, id) = connection();
    stage.net().set_deadline(id, Tick(2000));
    stage.net().set_deadline(id, Tick(1500));
    stage.net().set_deadline(id, Tick(1800));
    for now in [1499, 1500, 1799] {
        stage.at(now);
        stage.turns(2);
        assert_eq!(stage.told(), [], "at {now}");
    }
    assert_eq!(stage.net().nearest_deadline(), Some(Tick(1800)));
    stage.at(1800);
    stage.turns(3);
    assert_eq!(stage.told(), [Told::Alarm(id)]);
    assert_eq!(stage.net().nearest_deadline(), None);
    stage.net().set_deadline(id, Tick(3000));
    stage.net().set_deadline(id, Tick::NEVER);
    stage.at(4000);
    stage.turns(2);
    assert_eq!(stage.told(), []);
}

#[test]
fn an_alarm_that_is_set_for_now_from_inside_an_alarm_does_not_hold_up_the_turn() {
    let (mut stage, _, id) = connection();
    stage.net().set_deadline(id, Tick(1000));
    stage.react(move |net, told| {
        if matches!(told, Told::Alarm(_)) {
            net.set_deadline(id, net.now());
        }
    });
    stage.turns(3);
    assert_eq!(stage.told().len(), 3, "one in each turn");
}

#[test]
fn time_stands_still_within_a_turn_and_moves_between_turns() {
    let (mut handler, script) = (Recorder::default(), Script::new());
    let mut event_loop = EventLoop::new().unwrap();
    let net = event_loop.net_mut();
    let id = net.add_connection(script.stream()).unwrap();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let notes = seen.clone();
    handler.reaction = Box::new(move |net, _| {
        notes.borrow_mut().push(net.now());
        // Long enough for the system's clock to move on.
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(2) {}
    });
    script.arrives(b"one\ntwo\n").ends();
    net.set_deadline(id, Tick::default());
    net.inject(id, READABLE);
    event_loop.turn(&mut handler, Some(Duration::ZERO)).unwrap();
    let seen = seen.take();
    assert_eq!(seen.len(), 4, "two lines, the end, reaped");
    assert_eq!(seen, [seen[0]; 4]);
    event_loop.turn(&mut handler, Some(Duration::ZERO)).unwrap();
    assert!(event_loop.net().now().0 >= seen[0].0 + 8);
}

#[test]
fn an_idle_connection_causes_no_wake_up_over_the_real_kernel() {
    let mut stage = Stage::new();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let listener = listen_tcp(any, &Default::default()).unwrap();
    let address = listener.local_addr().unwrap();
    stage
        .net()
        .add_listener(Box::new(listener), chunk(""))
        .unwrap();
    let mut peer = TcpStream::connect(address).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stage.react(|net, told| {
        if let Told::Line(id, _) = told {
            net.send(*id, &chunk("pong\n"));
        }
    });
    peer.write_all(b"ping\n").unwrap();
    stage.turn_until(|stage| stage.net().stats().writes == 1);
    let mut answer = [0; 5];
    peer.read_exact(&mut answer).unwrap();
    stage.turns(2);
    // A turn that finds an event would read or write in vain.
    let before = stage.net().stats().clone();
    stage.turns(20);
    let after = stage.net().stats();
    assert_eq!((after.reads, after.writes), (before.reads, before.writes));
    assert!(!stage.net().has_work());
    assert_eq!(stage.net().nearest_deadline(), None);
    let id = stage.net().table.connections().next().unwrap().0;
    stage.net().inject(id, READABLE);
    stage.turn();
    assert_eq!(
        stage.net().stats().reads,
        before.reads + 1,
        "an event would show"
    );
}
