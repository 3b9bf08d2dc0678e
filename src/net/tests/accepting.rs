//! Rule 4: accepting is bounded, and out of descriptors callers are told and the listener rests. Never a spin, never
//! a silent stall.

use super::{
    script::{Gate, Script},
    stage::{READABLE, Stage, Told, chunk},
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

fn listener() -> (Stage, Gate, ConnId) {
    let (mut stage, gate) = (Stage::new(), Gate::default());
    let id = stage.adopt_gate(&gate);
    (stage, gate, id)
}

#[test]
fn a_rush_is_accepted_a_bounded_number_at_a_time_with_one_edge() {
    let (mut stage, gate, listener) = listener();
    let callers: Vec<Script> = (0..150).map(|_| gate.calls()).collect();
    stage.readable(listener);
    assert_eq!(stage.told().len(), 64);
    assert!(stage.net().has_work());
    stage.turn();
    assert_eq!(stage.told().len(), 64);
    stage.settle();
    assert_eq!(stage.told().len(), callers.len() - 128);
    assert_eq!(gate.accepts(), 151);
    assert_eq!(stage.net().connection_count(), 150);
}

#[test]
fn a_rush_at_one_listener_does_not_delay_another() {
    let (mut stage, gate, listener) = listener();
    let other = Gate::default();
    let other_id = stage.adopt_gate(&other);
    let broadcast: Vec<Script> = (0..1000).map(|_| gate.calls()).collect();
    let guest = other.calls();
    stage.net().inject(listener, READABLE);
    stage.net().inject(other_id, READABLE);
    stage.turn();
    assert!(guest.source().interest().is_some(), "taken in");
    assert!(
        broadcast
            .last()
            .is_some_and(|last| last.source().interest().is_none())
    );
}

#[test]
fn an_error_of_one_caller_after_the_other_makes_the_listener_rest() {
    let (mut stage, gate, listener) = listener();
    for _ in 0..200 {
        gate.fails(Errno::PERM.into());
    }
    stage.readable(listener);
    assert_eq!(gate.accepts(), 64);
    assert!(!stage.net().has_work(), "it must not spin");
    assert_eq!(stage.net().stats().rests, 1);
}

#[test]
fn aborted_callers_are_skipped() {
    let (mut stage, gate, listener) = listener();
    for error in [
        ErrorKind::ConnectionAborted.into(),
        ErrorKind::Interrupted.into(),
        Errno::PROTO.into(),
        Errno::NETUNREACH.into(),
    ] {
        gate.fails(error);
        gate.calls();
    }
    stage.readable(listener);
    assert_eq!(stage.told().len(), 4);
    assert!(!stage.net().has_work());
    assert_eq!(stage.net().stats().rests, 0);
}

#[test]
fn out_of_descriptors_a_caller_is_told_and_nothing_spins() {
    let (mut stage, gate, listener) = listener();
    gate.is_out_of_descriptors(true);
    let caller = gate.calls();
    stage.readable(listener);
    assert_eq!(caller.written(), "full, try later\n");
    assert!(caller.is_shut() && caller.is_dropped());
    assert_eq!(stage.told(), [], "it was never a connection");
    assert_eq!(stage.net().stats().shed, 1);
    // `accept` goes on failing although nobody waits; that is no reason to go on.
    stage.settle();
    assert!(gate.accepts() <= 4, "{} calls of accept", gate.accepts());
    let later = gate.calls();
    stage.readable(listener);
    assert_eq!(later.written(), "full, try later\n");
    gate.is_out_of_descriptors(false);
    gate.calls();
    stage.readable(listener);
    assert!(matches!(stage.told()[..], [Told::Accepted(_)]));
}

#[test]
fn a_crowd_at_a_closed_gate_makes_the_listener_rest_and_come_back_by_itself() {
    let (mut stage, gate, listener) = listener();
    gate.is_out_of_descriptors(true);
    let broadcast: Vec<Script> = (0..300).map(|_| gate.calls()).collect();
    stage.readable(listener);
    let turns = stage.settle();
    assert!(turns <= 1, "{turns} turns");
    assert!(gate.accepts() <= 130, "{} calls of accept", gate.accepts());
    assert!(gate.source().interest().is_none(), "out of the poll");
    assert_eq!(stage.net().stats().rests, 1);
    stage.turns(5);
    assert_eq!(stage.net().stats().rests, 1);
    // Descriptors come free while it rests. No event tells; its deadline does.
    gate.is_out_of_descriptors(false);
    let wake = stage.net().nearest_deadline().expect("a deadline");
    stage.at(wake.0);
    stage.turn();
    assert!(gate.source().interest().is_some(), "back in the poll");
    stage.settle();
    assert_eq!(gate.waiting(), 0);
    let (shed, taken) = (stage.net().stats().shed, stage.told().len() as u64);
    assert_eq!(shed + taken, broadcast.len() as u64);
}

#[test]
fn a_gate_that_stays_closed_costs_four_looks_a_second() {
    let (mut stage, gate, listener) = listener();
    for _ in 0..10_000 {
        gate.fails(Errno::NOMEM.into());
    }
    stage.readable(listener);
    let turns = stage.net().stats().turns;
    for _ in 0..40 {
        stage.settle();
        let next = stage.net().nearest_deadline().expect("it comes back");
        stage.at(next.0);
        stage.turn();
    }
    assert_eq!(stage.net().now().0, 1000 + 40 * 250);
    assert_eq!(gate.accepts(), 40);
    assert!(stage.net().stats().turns - turns <= 80);
}

#[test]
fn an_unknown_failure_makes_the_listener_rest_not_spin_and_not_die() {
    for error in [Errno::NOBUFS, Errno::NOMEM, Errno::NFILE, Errno::IO] {
        let (mut stage, gate, listener) = listener();
        gate.fails(error.into());
        gate.fails(error.into());
        gate.calls();
        stage.readable(listener);
        stage.settle();
        for _ in 0..3 {
            if let Some(wake) = stage.net().nearest_deadline() {
                stage.at(wake.0);
            }
            stage.turn();
            stage.settle();
        }
        assert!(matches!(stage.told()[..], [Told::Accepted(_)]), "{error}");
        assert!(gate.accepts() <= 6, "{error}");
    }
}

#[test]
fn a_spare_descriptor_that_was_lost_is_taken_again_after_the_rest() {
    let (mut stage, gate, listener) = listener();
    gate.fails(Errno::NFILE.into());
    gate.fails(Errno::NFILE.into());
    stage.readable(listener);
    // Someone else was quicker to take what we let go.
    stage.event_loop.spare.give_up();
    stage.at(1250);
    stage.turn();
    assert!(
        stage.event_loop.spare.is_held(),
        "now, not when there is none left"
    );
}

#[test]
fn a_listener_that_is_closed_takes_nobody_in_any_more() {
    let (mut stage, gate, listener) = listener();
    let callers = [gate.calls(), gate.calls()];
    stage.react(move |net, told| {
        if matches!(told, Told::Accepted(_)) {
            net.close(listener);
            net.close(listener);
        }
    });
    stage.readable(listener);
    stage.settle();
    assert_eq!(stage.told().len(), 1);
    assert!(callers[1].source().interest().is_none());
    assert!(gate.source().interest().is_none(), "deregistered");
}

#[test]
fn a_listener_may_be_closed_while_it_rests() {
    let (mut stage, gate, listener) = listener();
    gate.fails(Errno::NOMEM.into());
    stage.readable(listener);
    stage.net().close(listener);
    assert!(stage.net().has_work());
    stage.turn();
    stage.at(5000);
    stage.turn();
    assert!(gate.source().interest().is_none());
    assert_eq!(gate.accepts(), 1);
    assert_eq!(stage.net().nearest_deadline(), None);
}

/// Lowers the descriptor limit of its whole process, so it runs in a child that runs nothing else.
#[test]
fn out_of_descriptors_the_real_kernel_lets_us_tell_callers_and_come_back() {
    const CHILD: &str = "MADANG_TEST_CHILD";
    if std::env::var_os(CHILD).is_none() {
        let name = "net::tests::accepting::out_of_descriptors_the_real_kernel_lets_us_tell_callers_and_come_back";
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1");
        let output = child.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let mut stage = Stage::new();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let listener = listen_tcp(any, &Default::default()).unwrap();
    let address = listener.local_addr().unwrap();
    let farewell = chunk("full, try later\n");
    stage
        .net()
        .add_listener(Box::new(listener), farewell)
        .unwrap();
    // The callers' own descriptors are in this process too: they call first, then the limit falls to what is in use.
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
    stage.turn_until(|stage| stage.net().stats().shed >= 5);
    for caller in &mut callers {
        let mut word = String::new();
        caller.read_to_string(&mut word).unwrap();
        assert_eq!(word, "full, try later\n");
    }
    let turns = stage.net().stats().turns;
    for now in 0..100 {
        stage.at(1000 + now);
        stage.turn();
        stage.settle();
    }
    assert!(stage.net().stats().turns - turns <= 110, "it spins");
    limit(before.current);
    drop(held);
    let _guest = TcpStream::connect(address).unwrap();
    stage.at(5000);
    stage.turn_until(|stage| !stage.handler.told.is_empty());
    assert!(matches!(stage.told()[..], [Told::Accepted(_)]));
}
