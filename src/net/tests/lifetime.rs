//! Rule 3: a token names one connection for ever; slots are freed at the end of the turn, and whoever is in them is told so once.

use super::{
    script::Script,
    stage::{READABLE, Stage, Told, WRITABLE, chunk},
};
use crate::net::{ConnId, Net, Phase, Stream, Tick, listen_tcp};
use std::{
    io::{ErrorKind, Write},
    net::SocketAddr,
};

fn connection() -> (Stage, Script, ConnId) {
    let (mut stage, script) = (Stage::new(), Script::new());
    let id = stage.adopt(&script);
    (stage, script, id)
}

#[test]
fn late_readiness_does_not_reach_a_newcomer_in_the_same_slot() {
    let (mut stage, old, old_id) = connection();
    stage.net().abort(old_id);
    stage.turn();
    assert!(old.is_dropped());
    let new = Script::new();
    let new_id = stage.adopt(&new);
    assert_eq!(new_id.slot, old_id.slot, "the slot is used again");
    stage.net().inject(old_id, READABLE);
    stage.net().inject(old_id, WRITABLE);
    stage.net().send(old_id, &chunk("for the old one"));
    stage.net().set_deadline(old_id, Tick(1));
    stage.net().close(old_id);
    stage.net().abort(old_id);
    stage.turn();
    assert_eq!((new.reads(), new.written().as_str()), (0, ""));
    assert_eq!(stage.net().phase(new_id), Phase::Open);
    assert_eq!(stage.net().phase(old_id), Phase::Closed);
    assert_eq!(stage.net().stats().stale_tokens, 2);
}

#[test]
fn a_late_event_of_the_kernel_finds_nothing() {
    let (mut stage, old, old_id) = connection();
    let token = old.source().token().unwrap();
    // Someone else keeps the descriptor in the poll under the old token.
    let (mut keeper, sender) = std::os::unix::net::UnixStream::pair()
        .map(|(a, b)| (b, a))
        .unwrap();
    sender.set_nonblocking(true).unwrap();
    let mut source = mio::net::UnixStream::from_std(sender);
    let registry = &stage.net().state.registry;
    registry
        .register(&mut source, token, mio::Interest::READABLE)
        .unwrap();
    stage.net().abort(old_id);
    stage.turn();
    let new = Script::new();
    assert_eq!(stage.adopt(&new).slot, old_id.slot);
    keeper.write_all(b"late").unwrap();
    let before = stage.net().stats().stale_tokens;
    stage.turn_until(|stage| stage.net().stats().stale_tokens > before);
    assert_eq!(new.reads(), 0);
}

#[test]
fn slots_are_freed_only_at_the_end_of_the_turn() {
    let (mut stage, first, id) = connection();
    let victim = Script::new();
    let victim_id = stage.adopt(&victim);
    first.arrives(b"kill\n");
    victim.arrives(b"never heard\n");
    let newcomer = Script::new();
    let joins = newcomer.clone();
    stage.react(move |net, told| {
        if matches!(told, Told::Line(..)) {
            net.abort(victim_id);
            let new_id = net.add_connection(joins.stream()).unwrap();
            assert_ne!(new_id.slot, victim_id.slot, "the slot is not free yet");
        }
    });
    // Both are readable in the same batch, the second one twice.
    for id in [id, victim_id, victim_id] {
        stage.net().inject(id, READABLE);
    }
    stage.turn();
    assert_eq!(victim.reads(), 0);
    assert_eq!(newcomer.reads(), 0);
    let told = [Told::Line(id, "kill".into()), Told::Reaped(victim_id)];
    assert_eq!(stage.told(), told);
}

#[test]
fn every_connection_is_reaped_exactly_once_however_often_it_is_ended() {
    let (mut stage, script, id) = connection();
    script.arrives(b"bye\n").fails(ErrorKind::ConnectionReset);
    stage.react(move |net, _| {
        net.abort(id);
        net.close(id);
        net.abort(id);
        net.send(id, &chunk("nobody hears this"));
        net.set_deadline(id, Tick(1));
    });
    stage.readable(id);
    stage.turns(3);
    let told = [Told::Line(id, "bye".into()), Told::Reaped(id)];
    assert_eq!(stage.told(), told);
    assert_eq!(script.written(), "");
    assert_eq!(stage.net().connection_count(), 0);
}

#[test]
fn a_source_is_deregistered_before_it_is_dropped() {
    let (mut stage, script, id) = connection();
    assert!(script.source().interest().is_some());
    stage.net().abort(id);
    assert!(!script.is_dropped());
    stage.turn();
    assert!(script.is_dropped());
    assert!(script.source().interest().is_none(), "deregistered");
}

#[test]
fn who_is_ended_between_two_turns_is_reaped_without_an_event() {
    let (mut stage, script, id) = connection();
    stage.net().abort(id);
    assert!(stage.net().has_work(), "or the loop would sleep over it");
    stage.turn_without_wait();
    assert!(script.is_dropped());
    assert!(!stage.net().has_work());
}

#[test]
fn who_is_ended_while_another_is_reaped_goes_in_the_next_turn() {
    let (mut stage, _, id) = connection();
    let partner = Script::new();
    let partner_id = stage.adopt(&partner);
    stage.react(move |net, told| {
        if *told == Told::Reaped(id) {
            net.abort(partner_id);
        }
    });
    stage.net().abort(id);
    stage.settle();
    assert_eq!(stage.told(), [Told::Reaped(id), Told::Reaped(partner_id)]);
    assert!(partner.is_dropped());
}

#[test]
fn a_source_that_cannot_be_registered_leaves_nothing_behind() {
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let mut stage = Stage::new();
    let next_slot = |stage: &mut Stage| {
        let id = stage.adopt(&Script::new());
        stage.net().abort(id);
        stage.turn();
        id.slot
    };
    let free = next_slot(&mut stage);
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
        stage
            .net()
            .add_listener(Box::new(listener), chunk(""))
            .is_err()
    );
    assert_eq!(next_slot(&mut stage), free, "after a listener");
    let mut socket = crate::net::bind_udp(any, &Default::default()).unwrap();
    registry
        .register(&mut socket, mio::Token(1), readable)
        .unwrap();
    assert!(stage.net().add_datagrams(socket).is_err());
    assert_eq!(next_slot(&mut stage), free, "after a datagram socket");
    let mut stream = mio::net::TcpStream::connect(address).unwrap();
    registry
        .register(&mut stream, mio::Token(2), readable)
        .unwrap();
    assert!(stage.net().add_connection(Stream::Tcp(stream)).is_err());
    assert_eq!(next_slot(&mut stage), free, "after a connection");
}

#[test]
fn every_callback_may_end_its_own_connection_and_any_other() {
    type End = fn(&mut Net, ConnId);
    let ends: [End; 2] = [Net::close, Net::abort];
    for (which, end) in ends.into_iter().enumerate() {
        for target in 0..2 {
            for moment in 0..6 {
                let (mut stage, script, id) = connection();
                let other = Script::new();
                let ids = [id, stage.adopt(&other)];
                stage.handler.closes = false;
                stage.limit(id, 64, 4);
                stage.net().set_deadline(id, Tick(1000));
                stage.react(move |net, told| {
                    let now = match told {
                        Told::Line(..) => moment == 0,
                        Told::End(_) => moment == 1,
                        Told::Overflow(_) => moment == 2,
                        Told::Lost(..) => moment == 3,
                        Told::Alarm(_) => moment == 4,
                        Told::Reaped(_) => moment == 5,
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
                stage.send(id, "far too much");
                stage.readable(id);
                stage.settle();
                stage.at(20_000);
                stage.turns(3);
                let eof = stage.net().phase(ids[target]);
                assert!(
                    eof == Phase::Closed || moment == 5,
                    "{which} of {target} at {moment}: {eof:?}"
                );
                stage.net().abort(ids[0]);
                stage.net().abort(ids[1]);
                stage.settle();
                let told = stage.told();
                for id in ids {
                    let reaped = told.iter().filter(|told| **told == Told::Reaped(id));
                    assert_eq!(reaped.count(), 1, "{which} of {target} at {moment}");
                }
                assert_eq!(stage.net().buffers().bytes(), 0);
                assert_eq!(stage.net().connection_count(), 0);
            }
        }
    }
}
