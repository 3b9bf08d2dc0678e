//! Rules 3 and 6: a token names one connection for ever, and how a connection ends: drain, end of stream, linger.

use super::{
    script::Script,
    stage::{READABLE, Stage, Told, WRITABLE, chunk},
};
use crate::net::{ConnId, Phase, Poller, Stream, Tick, listen_tcp};
use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
};

fn connection() -> (Stage, Script, ConnId) {
    let (mut stage, script) = (Stage::new(), Script::new());
    let id = stage.adopt(&script);
    (stage, script, id)
}

/// A connection of the loop and the peer's end of it, over the real kernel. The peer's reads have a deadline.
fn over_the_kernel() -> (Stage, ConnId, TcpStream) {
    let mut stage = Stage::new();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let listener = listen_tcp(any, &Default::default()).unwrap();
    let address = listener.local_addr().unwrap();
    let gate = stage.net.adopt_listener(Box::new(listener), chunk(""));
    let peer = TcpStream::connect(address).unwrap();
    let patience = std::time::Duration::from_secs(10);
    peer.set_read_timeout(Some(patience)).unwrap();
    stage.turn_until(|stage| !stage.handler.told.is_empty());
    let [Told::Accepted(id)] = stage.told()[..] else {
        panic!("one caller")
    };
    stage.net.close(gate.unwrap());
    (stage, id, peer)
}

// Rule 3.

#[test]
fn late_readiness_does_not_reach_a_newcomer_in_the_same_slot() {
    let (mut stage, old, old_id) = connection();
    stage.net.abort(old_id);
    stage.turn();
    assert!(old.is_dropped());
    let new = Script::new();
    let new_id = stage.adopt(&new);
    assert_eq!(new_id.slot, old_id.slot, "the slot is used again");
    stage.net.inject(old_id, READABLE);
    stage.net.inject(old_id, WRITABLE);
    stage.net.send(old_id, &chunk("for the old one"));
    stage.net.set_alarm(old_id, Tick(1));
    stage.net.close(old_id);
    stage.net.abort(old_id);
    stage.turn();
    assert_eq!((new.reads(), new.written().as_str()), (0, ""));
    assert_eq!(stage.net.phase(new_id), Phase::Open);
    assert_eq!(stage.net.phase(old_id), Phase::Closed);
    assert_eq!(stage.net.stats().stale_tokens, 2);
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
    let registry = stage.net.poll.registry();
    registry
        .register(&mut source, token, mio::Interest::READABLE)
        .unwrap();
    stage.net.abort(old_id);
    stage.turn();
    let new = Script::new();
    assert_eq!(stage.adopt(&new).slot, old_id.slot);
    keeper.write_all(b"late").unwrap();
    let before = stage.net.stats().stale_tokens;
    stage.turn_until(|stage| stage.net.stats().stale_tokens > before);
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
            let new_id = net.adopt(joins.stream()).unwrap();
            assert_ne!(new_id.slot, victim_id.slot, "the slot is not free yet");
        }
    });
    // Both are readable in the same batch, the second one twice.
    for id in [id, victim_id, victim_id] {
        stage.net.inject(id, READABLE);
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
        net.set_alarm(id, Tick(1));
    });
    stage.readable(id);
    stage.turns(3);
    let told = [Told::Line(id, "bye".into()), Told::Reaped(id)];
    assert_eq!(stage.told(), told);
    assert_eq!(script.written(), "");
    assert_eq!(stage.net.connection_count(), 0);
}

#[test]
fn a_source_is_deregistered_before_it_is_dropped() {
    let (mut stage, script, id) = connection();
    assert!(script.source().interest().is_some());
    stage.net.abort(id);
    assert!(!script.is_dropped());
    stage.turn();
    assert!(script.is_dropped());
    assert!(script.source().interest().is_none(), "deregistered");
}

#[test]
fn who_is_ended_between_two_turns_is_reaped_without_an_event() {
    let (mut stage, script, id) = connection();
    stage.net.abort(id);
    assert!(stage.net.has_work(), "or the loop would sleep over it");
    stage.turn_without_wait();
    assert!(script.is_dropped());
    assert!(!stage.net.has_work());
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
    stage.net.abort(id);
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
        stage.net.abort(id);
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
            .net
            .adopt_listener(Box::new(listener), chunk(""))
            .is_err()
    );
    assert_eq!(next_slot(&mut stage), free, "after a listener");
    let mut socket = crate::net::bind_udp(any, &Default::default()).unwrap();
    registry
        .register(&mut socket, mio::Token(1), readable)
        .unwrap();
    assert!(stage.net.adopt_datagrams(socket).is_err());
    assert_eq!(next_slot(&mut stage), free, "after a datagram socket");
    let mut stream = mio::net::TcpStream::connect(address).unwrap();
    registry
        .register(&mut stream, mio::Token(2), readable)
        .unwrap();
    assert!(stage.net.adopt(Stream::Tcp(stream)).is_err());
    assert_eq!(next_slot(&mut stage), free, "after a connection");
}

// Rule 6.

#[test]
fn closing_drains_then_ends_the_stream_then_lingers() {
    let (mut stage, script, id) = connection();
    script.takes(3).refuses(ErrorKind::WouldBlock);
    stage.send(id, "last words");
    stage.net.close(id);
    stage.send(id, " and more");
    stage.turn();
    assert_eq!(stage.net.phase(id), Phase::Draining);
    assert!(
        !script.is_shut(),
        "the end of the stream comes after the bytes"
    );
    stage.turns(2);
    assert_eq!(stage.net.phase(id), Phase::Draining);
    stage.writable(id);
    stage.writable(id);
    assert_eq!(script.written(), "last words");
    assert!(script.is_shut());
    assert_eq!(stage.net.phase(id), Phase::Lingering);
    assert!(!script.wants_writable());
    stage.settle();
    assert!(!script.is_dropped(), "it waits for the peer");
    script.arrives(b"input nobody wants\n").ends();
    stage.readable(id);
    assert_eq!(stage.told(), [Told::Reaped(id)]);
    assert!(script.is_dropped());
}

#[test]
fn closing_with_nothing_queued_ends_the_stream_in_the_same_turn() {
    let (mut stage, script, id) = connection();
    stage.net.close(id);
    stage.turn();
    assert!(script.is_shut());
    assert_eq!(stage.net.phase(id), Phase::Lingering);
}

#[test]
fn who_has_ended_its_stream_already_is_not_lingered_for() {
    let (mut stage, script, id) = connection();
    script.arrives(b"bye\n").ends();
    stage.react(|net, told| {
        if let Told::End(id) = told {
            net.send(*id, &chunk("bye\n"));
        }
    });
    stage.readable(id);
    assert_eq!(script.written(), "bye\n");
    assert!(script.is_shut() && script.is_dropped());
}

#[test]
fn input_while_lingering_is_discarded_and_does_not_prevent_the_end() {
    let (mut stage, script, id) = connection();
    script.never_stops(b'\n');
    stage.net.close(id);
    stage.readable(id);
    stage.turns(3);
    assert_eq!(stage.net.phase(id), Phase::Lingering);
    assert!(script.reads() > 4, "read so that it is not in the way");
    stage.at(3250);
    stage.turn();
    assert_eq!(stage.told(), [Told::Reaped(id)]);
    assert!(stage.settle() <= 1);
}

#[test]
fn a_peer_that_does_not_read_its_last_words_is_given_up_after_the_drain_deadline() {
    let (mut stage, script, id) = connection();
    script.is_full(true);
    stage.send(id, "last words");
    stage.net.close(id);
    stage.turn();
    stage.at(5999);
    stage.turn();
    assert_eq!(stage.net.phase(id), Phase::Draining);
    stage.at(6000);
    stage.turn();
    assert_eq!(stage.told(), [Told::Reaped(id)]);
    assert!(script.is_dropped() && !script.is_shut());
    assert_eq!(stage.net.backlog().bytes(), 0);
}

#[test]
fn a_peer_that_does_not_end_its_stream_is_given_up_after_the_linger_deadline() {
    let (mut stage, script, id) = connection();
    stage.net.close(id);
    stage.turn();
    stage.at(2999);
    stage.turn();
    assert_eq!(stage.net.phase(id), Phase::Lingering);
    stage.at(3250);
    stage.turn();
    assert_eq!(stage.told(), [Told::Reaped(id)]);
    assert!(script.is_dropped());
}

#[test]
fn an_alarm_of_the_owner_does_not_outlive_the_close() {
    let (mut stage, _, id) = connection();
    stage.net.set_alarm(id, Tick(1500));
    stage.net.close(id);
    stage.turn();
    stage.net.set_alarm(id, Tick(1600));
    stage.at(2000);
    stage.turn();
    assert_eq!(stage.told(), []);
    assert_eq!(stage.net.phase(id), Phase::Lingering);
}

#[test]
fn a_failed_write_does_not_lose_the_line_that_came_before_the_reset() {
    let (mut stage, script, id) = connection();
    script
        .arrives(b"QUIT :bye\n")
        .fails(ErrorKind::ConnectionReset);
    script.refuses(ErrorKind::BrokenPipe);
    stage.send(id, "hello");
    stage.turn();
    stage.settle();
    let told = stage.told();
    assert_eq!(told[0], Told::Line(id, "QUIT :bye".into()));
    assert!(
        matches!(told[1..], [Told::Lost(..), Told::Reaped(_)]),
        "{told:?}"
    );
}

#[test]
fn a_failed_write_waits_for_a_pause_to_end_before_the_rest_is_read() {
    let (mut stage, script, id) = connection();
    script
        .arrives(b"one\nQUIT\n")
        .fails(ErrorKind::ConnectionReset);
    stage.handler.lines_at_once = 1;
    stage.handler.rest = Some(std::time::Duration::from_millis(100));
    stage.readable(id);
    script.refuses(ErrorKind::ConnectionReset);
    stage.send(id, "hello");
    stage.settle();
    assert_eq!(stage.lines(id), ["one"]);
    for turn in 1..5 {
        stage.at(1000 + 100 * turn);
        stage.turns(2);
    }
    let told = stage.told();
    assert_eq!(told[0], Told::Line(id, "QUIT".into()));
    assert!(
        matches!(told[1..], [Told::Lost(..), Told::Reaped(_)]),
        "{told:?}"
    );
}

#[test]
fn a_reset_after_lines_is_heard_after_the_lines() {
    let (mut stage, script, id) = connection();
    script.arrives(b"one\n").fails(ErrorKind::ConnectionReset);
    stage.readable(id);
    let told = stage.told();
    assert_eq!(told[0], Told::Line(id, "one".into()));
    assert!(
        matches!(told[1..], [Told::Lost(..), Told::Reaped(_)]),
        "{told:?}"
    );
}

#[test]
fn one_that_cannot_be_written_to_and_is_silent_is_lost() {
    let (mut stage, script, id) = connection();
    script.refuses(ErrorKind::BrokenPipe);
    stage.send(id, "hello");
    stage.turn();
    stage.settle();
    assert!(matches!(
        &stage.told()[..],
        [Told::Lost(..), Told::Reaped(_)]
    ));
}

#[test]
fn one_that_ended_its_stream_and_then_broke_is_lost() {
    let (mut stage, script, id) = connection();
    stage.handler.closes = false;
    script.ends();
    stage.readable(id);
    assert_eq!(stage.told(), [Told::End(id)]);
    // Its reset comes as another readable event; there is nothing to read any more.
    stage.readable(id);
    assert!(!stage.net.has_work());
    script.refuses(ErrorKind::BrokenPipe);
    stage.send(id, "still there?");
    stage.turn();
    stage.settle();
    assert!(matches!(
        &stage.told()[..],
        [Told::Lost(..), Told::Reaped(_)]
    ));
}

#[test]
fn a_failed_write_while_draining_is_the_end() {
    let (mut stage, script, id) = connection();
    script.refuses(ErrorKind::ConnectionReset);
    stage.send(id, "last words");
    stage.net.close(id);
    stage.turn();
    assert_eq!(stage.told(), [Told::Reaped(id)]);
    assert!(script.is_dropped());
}

#[test]
fn the_end_of_input_with_an_unfinished_frame_is_told() {
    let (mut stage, script, id) = connection();
    script.arrives(b"whole\nunfinished").ends();
    stage.readable(id);
    let told = stage.told();
    let line = Told::Line(id, "whole".into());
    assert_eq!(told, [line, Told::End(id), Told::Reaped(id)]);
}

#[test]
fn the_end_of_input_is_not_told_before_a_pause_is_over() {
    let (mut stage, script, id) = connection();
    script.arrives(b"one\ntwo\n").ends();
    stage.handler.lines_at_once = 1;
    stage.handler.rest = Some(std::time::Duration::from_millis(100));
    stage.readable(id);
    for now in [1050, 1100, 1150] {
        stage.at(now);
        stage.turns(2);
    }
    let line = |text: &str| Told::Line(id, text.into());
    assert_eq!(stage.told(), [line("one"), line("two")]);
    stage.at(1200);
    stage.turns(2);
    assert_eq!(stage.told(), [Told::End(id), Told::Reaped(id)]);
}

#[test]
fn every_callback_may_end_its_own_connection_and_any_other() {
    type End = fn(&mut Poller, ConnId);
    let ends: [End; 2] = [Poller::close, Poller::abort];
    for (which, end) in ends.into_iter().enumerate() {
        for target in 0..2 {
            for moment in 0..6 {
                let (mut stage, script, id) = connection();
                let other = Script::new();
                let ids = [id, stage.adopt(&other)];
                stage.handler.closes = false;
                stage.limit(id, 64, 4);
                stage.net.set_alarm(id, Tick(1000));
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
                        net.set_alarm(ids[target], Tick(1));
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
                let ended = stage.net.phase(ids[target]);
                assert!(
                    ended == Phase::Closed || moment == 5,
                    "{which} of {target} at {moment}: {ended:?}"
                );
                stage.net.abort(ids[0]);
                stage.net.abort(ids[1]);
                stage.settle();
                let told = stage.told();
                for id in ids {
                    let reaped = told.iter().filter(|told| **told == Told::Reaped(id));
                    assert_eq!(reaped.count(), 1, "{which} of {target} at {moment}");
                }
                assert_eq!(stage.net.backlog().bytes(), 0);
                assert_eq!(stage.net.connection_count(), 0);
            }
        }
    }
}

#[test]
fn last_words_reach_a_peer_whose_input_was_never_read() {
    let (mut stage, id, mut peer) = over_the_kernel();
    // It pauses for ever: nothing more is read of what comes.
    stage.handler.lines_at_once = 1;
    stage.handler.rest = Some(std::time::Duration::from_secs(3600));
    peer.write_all("one\n".repeat(50_000).as_bytes()).unwrap();
    stage.turn_until(|stage| !stage.handler.told.is_empty());
    stage.send(id, "last words\n");
    stage.net.close(id);
    stage.turn_until(|stage| stage.net.phase(id) == Phase::Lingering);
    let mut heard = String::new();
    peer.read_to_string(&mut heard).expect("no reset");
    assert_eq!(heard, "last words\n");
    drop(peer);
    stage.turn_until(|stage| stage.net.connection_count() == 0);
    assert!(
        !stage
            .handler
            .told
            .iter()
            .any(|told| matches!(told, Told::Lost(..)))
    );
}

#[test]
fn a_quit_line_is_heard_although_the_peer_resets_and_a_write_fails() {
    let (mut stage, id, mut peer) = over_the_kernel();
    stage.send(id, "unread by the peer: its close becomes a reset\n");
    stage.turn();
    peer.write_all(b"QUIT\n").unwrap();
    drop(peer);
    stage.send(id, "into the void\n");
    stage.turn();
    stage.turn_until(|stage| stage.net.connection_count() == 0);
    assert_eq!(stage.lines(id), ["QUIT"]);
}

#[test]
fn a_peer_that_half_closes_gets_all_it_is_owed() {
    let (mut stage, id, mut peer) = over_the_kernel();
    let owed = "x".repeat(8 * 1024 * 1024);
    stage.limit(id, u32::MAX, u32::MAX);
    stage.send(id, &owed);
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    stage.turn_until(|stage| !stage.handler.told.is_empty());
    assert_eq!(stage.told(), [Told::End(id)]);
    peer.set_nonblocking(true).unwrap();
    let (mut got, mut buffer) = (0, vec![0; 1 << 20]);
    stage.turn_until(|_| {
        match peer.read(&mut buffer) {
            Ok(0) => return true,
            Ok(count) => got += count,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        false
    });
    assert_eq!(got, owed.len());
}
