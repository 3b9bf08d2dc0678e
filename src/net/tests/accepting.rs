//! Rule 4: accepting is bounded, and out of descriptors connections are shed and the listener rests. Never a spin, never
//! a silent stall.

use super::{
    script::{Gate, Script},
    test_loop::{Call, READABLE, TestLoop, chunk},
};
use crate::net::{ConnId, listen_tcp};
use rustix::{
    io::Errno,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use std::{
    fs::File,
    io::{ErrorKind, Read},
    net::{SocketAddr, TcpStream},
    os::fd::AsRawFd,
    time::Duration,
};

fn listener() -> (TestLoop, Gate, ConnId) {
    let (mut test, gate) = (TestLoop::new(), Gate::default());
    let id = test.adopt_gate(&gate);
    (test, gate, id)
}

#[test]
fn a_rush_is_accepted_a_bounded_number_at_a_time_with_one_edge() {
    let (mut test, gate, listener) = listener();
    let callers: Vec<Script> = (0..150).map(|_| gate.calls()).collect();
    test.readable(listener);
    assert_eq!(test.calls().len(), 64);
    assert!(test.net().has_work());
    test.turn();
    assert_eq!(test.calls().len(), 64);
    test.settle();
    assert_eq!(test.calls().len(), callers.len() - 128);
    assert_eq!(gate.accepts(), 151);
    assert_eq!(test.net().connection_count(), 150);
}

#[test]
fn a_rush_at_one_listener_does_not_delay_another() {
    let (mut test, gate, listener) = listener();
    let other = Gate::default();
    let other_id = test.adopt_gate(&other);
    let broadcast: Vec<Script> = (0..1000).map(|_| gate.calls()).collect();
    let guest = other.calls();
    test.net().inject(listener, READABLE);
    test.net().inject(other_id, READABLE);
    test.turn();
    assert!(guest.source().interest().is_some(), "taken in");
    assert!(
        broadcast
            .last()
            .is_some_and(|last| last.source().interest().is_none())
    );
}

#[test]
fn many_failed_accepts_make_the_listener_rest() {
    let (mut test, gate, listener) = listener();
    for _ in 0..200 {
        gate.fails(Errno::PERM.into());
    }
    test.readable(listener);
    assert_eq!(gate.accepts(), 64);
    assert!(!test.net().has_work(), "it must not spin");
    assert_eq!(test.net().stats().rests, 1);
}

#[test]
fn aborted_callers_are_skipped() {
    let (mut test, gate, listener) = listener();
    for error in [
        ErrorKind::ConnectionAborted.into(),
        ErrorKind::Interrupted.into(),
        Errno::PROTO.into(),
        Errno::NETUNREACH.into(),
    ] {
        gate.fails(error);
        gate.calls();
    }
    test.readable(listener);
    assert_eq!(test.calls().len(), 4);
    assert!(!test.net().has_work());
    assert_eq!(test.net().stats().rests, 0);
}

#[test]
fn out_of_descriptors_a_connection_is_shed_without_a_spin() {
    let (mut test, gate, listener) = listener();
    gate.is_out_of_descriptors(true);
    let caller = gate.calls();
    test.readable(listener);
    assert_eq!(caller.written(), "full, try later\n");
    assert!(caller.is_shut() && caller.is_dropped());
    assert_eq!(test.calls(), [], "it was never a connection");
    assert_eq!(test.net().stats().shed, 1);
    // `accept` goes on failing although nothing waits; that is no reason to go on.
    test.settle();
    assert!(gate.accepts() <= 4, "{} calls of accept", gate.accepts());
    let later = gate.calls();
    test.readable(listener);
    assert_eq!(later.written(), "full, try later\n");
    gate.is_out_of_descriptors(false);
    gate.calls();
    test.readable(listener);
    assert!(matches!(test.calls()[..], [Call::Accepted(_)]));
}

#[test]
fn a_rush_without_descriptors_makes_the_listener_rest() {
    let (mut test, gate, listener) = listener();
    gate.is_out_of_descriptors(true);
    let broadcast: Vec<Script> = (0..300).map(|_| gate.calls()).collect();
    test.readable(listener);
    let turns = test.settle();
    assert!(turns <= 1, "{turns} turns");
    assert!(gate.accepts() <= 130, "{} calls of accept", gate.accepts());
    assert!(gate.source().interest().is_none(), "out of the poll");
    assert_eq!(test.net().stats().rests, 1);
    test.turns(5);
    assert_eq!(test.net().stats().rests, 1);
    // Descriptors come free while it rests. No event reports that; its timer brings it back.
    gate.is_out_of_descriptors(false);
    let wake = test.net().nearest_deadline().expect("a deadline");
    test.at(wake.0);
    test.turn();
    assert!(gate.source().interest().is_some(), "back in the poll");
    test.settle();
    assert_eq!(gate.waiting(), 0);
    let (shed, taken) = (test.net().stats().shed, test.calls().len() as u64);
    assert_eq!(shed + taken, broadcast.len() as u64);
}

#[test]
fn without_descriptors_accept_is_tried_four_times_a_second() {
    let (mut test, gate, listener) = listener();
    for _ in 0..10_000 {
        gate.fails(Errno::NOMEM.into());
    }
    test.readable(listener);
    let turns = test.net().stats().turns;
    for _ in 0..40 {
        test.settle();
        let next = test.net().nearest_deadline().expect("it comes back");
        test.at(next.0);
        test.turn();
    }
    assert_eq!(test.net().now().0, 1000 + 40 * 250);
    assert_eq!(gate.accepts(), 40);
    assert!(test.net().stats().turns - turns <= 80);
}

#[test]
fn an_unknown_accept_error_makes_the_listener_rest() {
    for error in [Errno::NOBUFS, Errno::NOMEM, Errno::NFILE, Errno::IO] {
        let (mut test, gate, listener) = listener();
        gate.fails(error.into());
        gate.fails(error.into());
        gate.calls();
        test.readable(listener);
        test.settle();
        for _ in 0..3 {
            if let Some(wake) = test.net().nearest_deadline() {
                test.at(wake.0);
            }
            test.turn();
            test.settle();
        }
        assert!(matches!(test.calls()[..], [Call::Accepted(_)]), "{error}");
        assert!(gate.accepts() <= 6, "{error}");
    }
}

#[test]
fn a_lost_spare_descriptor_is_opened_again_after_the_rest() {
    let (mut test, gate, listener) = listener();
    gate.fails(Errno::NFILE.into());
    gate.fails(Errno::NFILE.into());
    test.readable(listener);
    // Another thread took the descriptor that we gave up.
    test.event_loop.spare.give_up();
    test.at(1250);
    test.turn();
    assert!(
        test.event_loop.spare.is_held(),
        "now, not when there is none left"
    );
}

#[test]
fn a_closed_listener_accepts_nothing_more() {
    let (mut test, gate, listener) = listener();
    let callers = [gate.calls(), gate.calls()];
    test.react(move |net, call| {
        if matches!(call, Call::Accepted(_)) {
            net.close(listener);
            net.close(listener);
        }
    });
    test.readable(listener);
    test.settle();
    assert_eq!(test.calls().len(), 1);
    assert!(callers[1].source().interest().is_none());
    assert!(gate.source().interest().is_none(), "deregistered");
}

#[test]
fn a_listener_may_be_closed_while_it_rests() {
    let (mut test, gate, listener) = listener();
    gate.fails(Errno::NOMEM.into());
    test.readable(listener);
    test.net().close(listener);
    assert!(test.net().has_work());
    test.turn();
    test.at(5000);
    test.turn();
    assert!(gate.source().interest().is_none());
    assert_eq!(gate.accepts(), 1);
    assert_eq!(test.net().nearest_deadline(), None);
}

/// Lowers the descriptor limit of its whole process, so it runs in a child that runs nothing else.
#[test]
fn out_of_descriptors_connections_are_shed_over_the_kernel() {
    const CHILD: &str = "MADANG_TEST_CHILD";
    if std::env::var_os(CHILD).is_none() {
        let name = "net::tests::accepting::out_of_descriptors_connections_are_shed_over_the_kernel";
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1");
        let output = child.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let mut test = TestLoop::new();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let listener = listen_tcp(any, &Default::default()).unwrap();
    let address = listener.local_addr().unwrap();
    let farewell = chunk("full, try later\n");
    test.net()
        .add_listener(Box::new(listener), farewell)
        .unwrap();
    // The peers' own descriptors are in this process too: they connect first, then the limit falls to what is in use.
    let patience = Duration::from_secs(10);
    let mut callers: Vec<TcpStream> = (0..5)
        .map(|_| {
            let caller = TcpStream::connect(address).unwrap();
            caller.set_read_timeout(Some(patience)).unwrap();
            caller
        })
        .collect();
    let before = getrlimit(Resource::Nofile);
    let limit = |current| setrlimit(Resource::Nofile, Rlimit { current, ..before }).unwrap();
    let highest = File::open("/dev/null").unwrap().as_raw_fd();
    limit(Some(highest as u64));
    // Gaps below it are filled.
    let held: Vec<File> = (0..highest)
        .map_while(|_| File::open("/dev/null").ok())
        .collect();
    test.turn_until(|test| test.net().stats().shed >= 5);
    for caller in &mut callers {
        let mut word = String::new();
        caller.read_to_string(&mut word).unwrap();
        assert_eq!(word, "full, try later\n");
    }
    let turns = test.net().stats().turns;
    for now in 0..100 {
        test.at(1000 + now);
        test.turn();
        test.settle();
    }
    assert!(test.net().stats().turns - turns <= 110, "it spins");
    limit(before.current);
    drop(held);
    let _guest = TcpStream::connect(address).unwrap();
    test.at(5000);
    test.turn_until(|test| !test.handler.calls.is_empty());
    assert!(matches!(test.calls()[..], [Call::Accepted(_)]));
}
