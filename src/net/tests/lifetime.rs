//! Rule 3: a token names one connection for good; slots are freed at the end of the turn, with one call for each connection.

use super::{
    script::Script,
    test_loop::{Call, READABLE, TestLoop, WRITABLE, chunk},
};
use crate::net::{ConnId, Net, Phase, Tick, listen_tcp};
use std::{
    io::{ErrorKind, Write},
    net::SocketAddr,
};

fn connection() -> (TestLoop, Script, ConnId) {
    let (mut test, script) = (TestLoop::new(), Script::new());
    let id = test.adopt(&script);
    (test, script, id)
}

#[test]
fn late_readiness_does_not_reach_a_newcomer_in_the_same_slot() {
    let (mut test, old, old_id) = connection();
    test.net().abort(old_id);
    test.turn();
    assert!(old.is_dropped());
    let new = Script::new();
    let new_id = test.adopt(&new);
    assert_eq!(new_id.slot, old_id.slot, "the slot is used again");
    test.net().inject(old_id, READABLE);
    test.net().inject(old_id, WRITABLE);
    test.net().send(old_id, &chunk("for the old one"));
    test.net().set_deadline(old_id, Tick(1));
    test.net().close(old_id);
    test.net().abort(old_id);
    test.turn();
    assert_eq!((new.reads(), new.written().as_str()), (0, ""));
    assert_eq!(test.net().phase(new_id), Phase::Open);
    assert_eq!(test.net().phase(old_id), Phase::Closed);
    assert_eq!(test.net().stats().stale_tokens, 2);
}

#[test]
fn a_late_event_of_the_kernel_finds_nothing() {
    let (mut test, old, old_id) = connection();
    let token = old.source().token().unwrap();
    // Another process keeps the descriptor in the poll under the old token.
    let (mut keeper, sender) = std::os::unix::net::UnixStream::pair()
        .map(|(a, b)| (b, a))
        .unwrap();
    sender.set_nonblocking(true).unwrap();
    let mut source = mio::net::UnixStream::from_std(sender);
    let registry = &test.net().state.registry;
    registry
        .register(&mut source, token, mio::Interest::READABLE)
        .unwrap();
    test.net().abort(old_id);
    test.turn();
    let new = Script::new();
    assert_eq!(test.adopt(&new).slot, old_id.slot);
    keeper.write_all(b"late").unwrap();
    let before = test.net().stats().stale_tokens;
    test.turn_until(|test| test.net().stats().stale_tokens > before);
    assert_eq!(new.reads(), 0);
}

#[test]
fn slots_are_freed_only_at_the_end_of_the_turn() {
    let (mut test, first, id) = connection();
    let victim = Script::new();
    let victim_id = test.adopt(&victim);
    first.arrives(b"kill\n");
    victim.arrives(b"never heard\n");
    let newcomer = Script::new();
    let joins = newcomer.clone();
    test.react(move |net, call| {
        if matches!(call, Call::Line(..)) {
            net.abort(victim_id);
            let new_id = net.add_connection(joins.stream()).unwrap();
            assert_ne!(new_id.slot, victim_id.slot, "the slot is not free yet");
        }
    });
    // Both are readable in the same batch, the second one twice.
    for id in [id, victim_id, victim_id] {
        test.net().inject(id, READABLE);
    }
    test.turn();
    assert_eq!(victim.reads(), 0);
    assert_eq!(newcomer.reads(), 0);
    let calls = [Call::Line(id, "kill".into()), Call::Reaped(victim_id)];
    assert_eq!(test.calls(), calls);
}

#[test]
fn a_connection_ended_many_times_is_reaped_once() {
    let (mut test, script, id) = connection();
    script.arrives(b"bye\n").fails(ErrorKind::ConnectionReset);
    test.react(move |net, _| {
        net.abort(id);
        net.close(id);
        net.abort(id);
        net.send(id, &chunk("nobody hears this"));
        net.set_deadline(id, Tick(1));
    });
    test.readable(id);
    test.turns(3);
    let calls = [Call::Line(id, "bye".into()), Call::Reaped(id)];
    assert_eq!(test.calls(), calls);
    assert_eq!(script.written(), "");
    assert_eq!(test.net().connection_count(), 0);
}

#[test]
fn a_source_is_deregistered_before_it_is_dropped() {
    let (mut test, script, id) = connection();
    assert!(script.source().interest().is_some());
    test.net().abort(id);
    assert!(!script.is_dropped());
    test.turn();
    assert!(script.is_dropped());
    assert!(script.source().interest().is_none(), "deregistered");
}

#[test]
fn a_connection_aborted_between_turns_is_reaped() {
    let (mut test, script, id) = connection();
    test.net().abort(id);
    assert!(test.net().has_work(), "or the loop would sleep over it");
    test.turn_without_wait();
    assert!(script.is_dropped());
    assert!(!test.net().has_work());
}

#[test]
fn a_connection_aborted_during_the_reap_goes_next_turn() {
    let (mut test, _, id) = connection();
    let partner = Script::new();
    let partner_id = test.adopt(&partner);
    test.react(move |net, call| {
        if *call == Call::Reaped(id) {
            net.abort(partner_id);
        }
    });
    test.net().abort(id);
    test.settle();
    assert_eq!(test.calls(), [Call::Reaped(id), Call::Reaped(partner_id)]);
    assert!(partner.is_dropped());
}

#[test]
fn a_source_that_cannot_be_registered_leaves_nothing() {
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let mut test = TestLoop::new();
    let next_slot = |test: &mut TestLoop| {
        let id = test.adopt(&Script::new());
        test.net().abort(id);
        test.turn();
        id.slot
    };
    let free = next_slot(&mut test);
    // A poll refuses a source that another one has.
    let elsewhere = mio::Poll::new().unwrap();
    let readable = mio::Interest::READABLE;
    let registry = elsewhere.registry();
    let mut listener = listen_tcp(any, &Default::default()).unwrap();
    registry
        .register(&mut listener, mio::Token(0), readable)
        .unwrap();
    let address = listener.local_addr().unwrap();
    assert!(
        test.net()
            .add_listener(Box::new(listener), chunk(""))
            .is_err()
    );
    assert_eq!(next_slot(&mut test), free, "after a listener");
    let mut socket = crate::net::bind_udp(any, &Default::default()).unwrap();
    registry
        .register(&mut socket, mio::Token(1), readable)
        .unwrap();
    assert!(test.net().add_datagrams(socket).is_err());
    assert_eq!(next_slot(&mut test), free, "after a datagram socket");
    let mut stream = mio::net::TcpStream::connect(address).unwrap();
    registry
        .register(&mut stream, mio::Token(2), readable)
        .unwrap();
    assert!(test.net().add_connection(stream.into()).is_err());
    assert_eq!(next_slot(&mut test), free, "after a connection");
}

#[test]
fn every_callback_may_end_its_own_connection_and_any_other() {
    type End = fn(&mut Net, ConnId);
    let ends: [End; 2] = [Net::close, Net::abort];
    for (which, end) in ends.into_iter().enumerate() {
        for target in 0..2 {
            for moment in 0..6 {
                let (mut test, script, id) = connection();
                let other = Script::new();
                let ids = [id, test.adopt(&other)];
                test.handler.closes = false;
                test.limit(id, 64, 4);
                test.net().set_deadline(id, Tick(1000));
                test.react(move |net, call| {
                    let now = match call {
                        Call::Line(..) => moment == 0,
                        Call::End(_) => moment == 1,
                        Call::Overflow(_) => moment == 2,
                        Call::Lost(..) => moment == 3,
                        Call::Deadline(_) => moment == 4,
                        Call::Reaped(_) => moment == 5,
                        _ => false,
                    };
                    if now {
                        end(net, ids[target]);
                        net.send(ids[target], &chunk("too late"));
                        net.set_deadline(ids[target], Tick(1));
                        net.inject(ids[target], READABLE);
                    }
                });
                script.arrives(b"one\ntwo\n");
                match moment {
                    1 => script.ends(),
                    3 => script.fails(ErrorKind::ConnectionReset),
                    _ => script.takes(1),
                };
                test.send(id, "far too much");
                test.readable(id);
                test.settle();
                test.at(20_000);
                test.turns(3);
                let eof = test.net().phase(ids[target]);
                assert!(
                    eof == Phase::Closed || moment == 5,
                    "{which} of {target} at {moment}: {eof:?}"
                );
                test.net().abort(ids[0]);
                test.net().abort(ids[1]);
                test.settle();
                let calls = test.calls();
                for id in ids {
                    let reaped = calls.iter().filter(|call| **call == Call::Reaped(id));
                    assert_eq!(reaped.count(), 1, "{which} of {target} at {moment}");
                }
                assert_eq!(test.net().buffers().bytes(), 0);
                assert_eq!(test.net().connection_count(), 0);
            }
        }
    }
}
