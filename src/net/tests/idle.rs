//! Rules 7 and 8: idle costs nothing, and time comes in once a turn.

use super::{
    script::Script,
    test_loop::{Call, READABLE, Recorder, TestLoop, chunk},
};
use crate::net::{ConnId, EventLoop, Tick, listen_tcp};
use std::{
    cell::RefCell,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    rc::Rc,
    time::{Duration, Instant},
};

fn connection() -> (TestLoop, Script, ConnId) {
    let (mut test, script) = (TestLoop::new(), Script::new());
    let id = test.adopt(&script);
    (test, script, id)
}

#[test]
fn after_traffic_a_connection_owns_no_buffer() {
    let (mut test, script, id) = connection();
    script.arrives(b"half a li").takes(3);
    test.send(id, "hello");
    test.readable(id);
    test.writable(id);
    script.arrives(b"ne\n");
    test.readable(id);
    assert_eq!(test.lines(id), ["half a line"]);
    let connection = test.net().table.connection(id).unwrap();
    assert_eq!(connection.input.capacity(), 0);
    assert!(connection.output.is_empty());
    assert_eq!(test.net().buffers().segments().0, 0);
}

#[test]
fn an_unfinished_tail_keeps_little_more_than_its_bytes() {
    let (mut test, script, id) = connection();
    test.handler.lines_at_once = 1;
    script.arrives(("line\n".repeat(3000) + "x").as_bytes());
    test.readable(id);
    for _ in 0..4000 {
        test.turn();
    }
    assert_eq!(test.lines(id).len(), 3000);
    let connection = test.net().table.connection(id).unwrap();
    assert_eq!(connection.input.len(), 1);
    assert!(connection.input.capacity() <= 1024);
}

#[test]
fn a_loop_with_nothing_due_sleeps_without_a_timeout() {
    let (mut test, script, id) = connection();
    assert_eq!(test.net().nearest_deadline(), None);
    script.arrives(b"one\n");
    test.send(id, "two");
    test.readable(id);
    test.settle();
    assert_eq!(test.net().nearest_deadline(), None);
    assert!(!test.net().has_work());
}

#[test]
fn reminders_of_closed_connections_wake_no_loop() {
    let mut test = TestLoop::new();
    for round in 0..1000 {
        let script = Script::new();
        let id = test.adopt(&script);
        test.net().set_deadline(id, Tick(100_000 + round));
        script.ends();
        test.readable(id);
    }
    assert_eq!(test.net().connection_count(), 0);
    assert_eq!(test.net().nearest_deadline(), None);
    assert_eq!(test.net().state.timers.len(), 0);
}

#[test]
fn the_memory_of_a_burst_is_given_back() {
    let (mut test, _, id) = connection();
    for index in 0..10_000 {
        test.send_in_lane(id, index % 2, "x");
    }
    assert_eq!(test.net().buffers().segments().0, 10_000);
    test.turn();
    assert_eq!(test.net().buffers().segments(), (0, 0));
}

#[test]
fn setting_deadlines_does_not_grow_the_heap() {
    let mut test = TestLoop::new();
    let scripts: Vec<Script> = (0..10).map(|_| Script::new()).collect();
    let ids: Vec<ConnId> = scripts.iter().map(|script| test.adopt(script)).collect();
    for round in 0..1000 {
        for id in &ids {
            test.net().set_deadline(*id, Tick(1_000_000 - round));
        }
        test.turn();
    }
    assert!(
        test.net().state.timers.len() <= 100,
        "{}",
        test.net().state.timers.len()
    );
    assert_eq!(test.net().nearest_deadline(), Some(Tick(999_001)));
    for round in 0..1000 {
        test.net().set_deadline(ids[0], Tick(2_000_000 + round));
        test.turn();
    }
    assert!(
        test.net().state.timers.len() <= 100,
        "{}",
        test.net().state.timers.len()
    );
}

#[test]
fn traffic_under_flood_control_does_not_grow_the_heap() {
    let (mut test, script, id) = connection();
    test.handler.lines_at_once = 1;
    test.handler.rest = Some(Duration::from_millis(10));
    for round in 0..1000 {
        // A keep-alive that traffic moves away, again and again.
        let keep_alive_at = Tick(test.net().now().0 + 120_000);
        test.net().set_deadline(id, keep_alive_at);
        script.arrives(b"line\n");
        test.readable(id);
        test.at(1010 + round * 10);
        test.turn();
    }
    assert_eq!(test.lines(id).len(), 1000);
    assert!(
        test.net().state.timers.len() <= 100,
        "{}",
        test.net().state.timers.len()
    );
}

#[test]
fn a_deadline_comes_once_and_at_its_time() {
    let (mut test, _, id) = connection();
    test.net().set_deadline(id, Tick(2000));
    test.net().set_deadline(id, Tick(1500));
    test.net().set_deadline(id, Tick(1800));
    for now in [1499, 1500, 1799] {
        test.at(now);
        test.turns(2);
        assert_eq!(test.calls(), [], "at {now}");
    }
    assert_eq!(test.net().nearest_deadline(), Some(Tick(1800)));
    test.at(1800);
    test.turns(3);
    assert_eq!(test.calls(), [Call::Deadline(id)]);
    assert_eq!(test.net().nearest_deadline(), None);
    test.net().set_deadline(id, Tick(3000));
    test.net().set_deadline(id, Tick::NEVER);
    test.at(4000);
    test.turns(2);
    assert_eq!(test.calls(), []);
}

#[test]
fn a_deadline_set_for_now_in_a_deadline_comes_next_turn() {
    let (mut test, _, id) = connection();
    test.net().set_deadline(id, Tick(1000));
    test.react(move |net, call| {
        if matches!(call, Call::Deadline(_)) {
            net.set_deadline(id, net.now());
        }
    });
    test.turns(3);
    assert_eq!(test.calls().len(), 3, "one in each turn");
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
    let mut test = TestLoop::new();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let listener = listen_tcp(any, &Default::default()).unwrap();
    let address = listener.local_addr().unwrap();
    test.net()
        .add_listener(Box::new(listener), chunk(""))
        .unwrap();
    let mut peer = TcpStream::connect(address).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    test.react(|net, call| {
        if let Call::Line(id, _) = call {
            net.send(*id, &chunk("pong\n"));
        }
    });
    peer.write_all(b"ping\n").unwrap();
    test.turn_until(|test| test.net().stats().writes == 1);
    let mut answer = [0; 5];
    peer.read_exact(&mut answer).unwrap();
    test.turns(2);
    // A turn that finds an event would read or write in vain.
    let before = test.net().stats().clone();
    test.turns(20);
    let after = test.net().stats();
    assert_eq!((after.reads, after.writes), (before.reads, before.writes));
    assert!(!test.net().has_work());
    assert_eq!(test.net().nearest_deadline(), None);
    let id = test.net().table.connections().next().unwrap().0;
    test.net().inject(id, READABLE);
    test.turn();
    assert_eq!(
        test.net().stats().reads,
        before.reads + 1,
        "an event would show"
    );
}
