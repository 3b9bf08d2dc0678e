//! Rule 6: how a connection ends. Drain, end of stream, linger; error flags are hints, and what came before them is heard.

use super::{
    script::Script,
    stage::{Stage, Told, chunk},
};
use crate::net::{ConnId, Phase, Tick, listen_tcp};
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
pub(super) fn over_the_kernel() -> (Stage, ConnId, TcpStream) {
    let mut stage = Stage::new();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let listener = listen_tcp(any, &Default::default()).unwrap();
    let address = listener.local_addr().unwrap();
    let gate = stage.net().add_listener(Box::new(listener), chunk(""));
    let peer = TcpStream::connect(address).unwrap();
    let patience = std::time::Duration::from_secs(10);
    peer.set_read_timeout(Some(patience)).unwrap();
    stage.turn_until(|stage| !stage.handler.told.is_empty());
    let [Told::Accepted(id)] = stage.told()[..] else {
        panic!("one caller")
    };
    stage.net().close(gate.unwrap());
    (stage, id, peer)
}

#[test]
fn closing_drains_then_ends_the_stream_then_lingers() {
    let (mut stage, script, id) = connection();
    script.takes(3).refuses(ErrorKind::WouldBlock);
    stage.send(id, "last words");
    stage.net().close(id);
    stage.send(id, " and more");
    stage.turn();
    assert_eq!(stage.net().phase(id), Phase::Draining);
    assert!(
        !script.is_shut(),
        "the end of the stream comes after the bytes"
    );
    stage.turns(2);
    assert_eq!(stage.net().phase(id), Phase::Draining);
    stage.writable(id);
    stage.writable(id);
    assert_eq!(script.written(), "last words");
    assert!(script.is_shut());
    assert_eq!(stage.net().phase(id), Phase::Lingering);
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
    stage.net().close(id);
    stage.turn();
    assert!(script.is_shut());
    assert_eq!(stage.net().phase(id), Phase::Lingering);
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
    stage.net().close(id);
    stage.readable(id);
    stage.turns(3);
    assert_eq!(stage.net().phase(id), Phase::Lingering);
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
    stage.net().close(id);
    stage.turn();
    stage.at(5999);
    stage.turn();
    assert_eq!(stage.net().phase(id), Phase::Draining);
    stage.at(6000);
    stage.turn();
    assert_eq!(stage.told(), [Told::Reaped(id)]);
    assert!(script.is_dropped() && !script.is_shut());
    assert_eq!(stage.net().buffers().bytes(), 0);
}

#[test]
fn a_peer_that_reads_its_last_words_slowly_gets_them_all() {
    let (mut stage, script, id) = connection();
    let words = "last words";
    for _ in 1..words.len() {
        script.takes(1);
    }
    stage.send(id, words);
    stage.net().close(id);
    stage.turn();
    for second in 1..words.len() as u64 {
        stage.at(1000 + 4000 * second);
        stage.writable(id);
    }
    assert_eq!(script.written(), words);
    assert!(script.is_shut());
}

#[test]
fn a_peer_that_does_not_end_its_stream_is_given_up_after_the_linger_deadline() {
    let (mut stage, script, id) = connection();
    stage.net().close(id);
    stage.turn();
    stage.at(2999);
    stage.turn();
    assert_eq!(stage.net().phase(id), Phase::Lingering);
    stage.at(3250);
    stage.turn();
    assert_eq!(stage.told(), [Told::Reaped(id)]);
    assert!(script.is_dropped());
}

#[test]
fn in_a_hurry_a_peer_that_stays_silent_is_waited_for_half_a_second() {
    // Begun before, and after.
    for hurry_first in [false, true] {
        let (mut stage, script, id) = connection();
        if hurry_first {
            stage.net().shorten_linger();
        }
        stage.net().close(id);
        stage.turn();
        assert_eq!(stage.net().phase(id), Phase::Lingering);
        stage.net().shorten_linger();
        stage.at(1499);
        stage.turn();
        assert!(!script.is_dropped());
        stage.at(1500);
        stage.turn();
        assert!(script.is_dropped(), "hurry first: {hurry_first}");
    }
}

#[test]
fn in_a_hurry_a_peer_that_is_still_sending_is_read_to_its_pause() {
    let (mut stage, script, id) = connection();
    stage.net().shorten_linger();
    stage.net().close(id);
    stage.turn();
    for at in [1400, 1800, 2200, 2600] {
        stage.at(at);
        script.arrives(b"still pasting\n");
        stage.readable(id);
        assert_eq!(stage.net().phase(id), Phase::Lingering, "at {at}");
    }
    // Not for longer than without the hurry.
    stage.at(2999);
    stage.turn();
    assert!(!script.is_dropped());
    stage.at(3000);
    stage.turn();
    assert!(script.is_dropped());
}

#[test]
fn an_alarm_of_the_owner_does_not_outlive_the_close() {
    let (mut stage, _, id) = connection();
    stage.net().set_deadline(id, Tick(1500));
    stage.net().close(id);
    stage.turn();
    stage.net().set_deadline(id, Tick(1600));
    stage.at(2000);
    stage.turn();
    assert_eq!(stage.told(), []);
    assert_eq!(stage.net().phase(id), Phase::Lingering);
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
fn what_a_broken_peer_said_before_is_heard_for_a_bounded_time() {
    let (mut stage, script, id) = connection();
    script.arrives("line\n".repeat(100).as_bytes());
    stage.handler.lines_at_once = 1;
    stage.handler.rest = Some(std::time::Duration::from_secs(1));
    stage.readable(id);
    script.refuses(ErrorKind::ConnectionReset);
    stage.send(id, "hello");
    stage.settle();
    // Neither a later failure nor an alarm of the owner makes it longer.
    stage.net().set_deadline(id, Tick(60_000));
    for second in 2..=11 {
        stage.net().half_close(id);
        stage.at(1000 * second);
        stage.turns(2);
    }
    let told = stage.told();
    let heard = told.iter().filter(|t| matches!(t, Told::Line(..))).count();
    assert!((9..=11).contains(&heard), "{heard}");
    assert!(
        matches!(told[heard..], [Told::Lost(..), Told::Reaped(_)]),
        "{told:?}"
    );
    assert_eq!(stage.net().nearest_deadline(), None);
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
    assert!(!stage.net().has_work());
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
    stage.net().close(id);
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
fn last_words_reach_a_peer_whose_input_was_never_read() {
    let (mut stage, id, mut peer) = over_the_kernel();
    // It pauses for ever: nothing more is read of what comes.
    stage.handler.lines_at_once = 1;
    stage.handler.rest = Some(std::time::Duration::from_secs(3600));
    peer.write_all("one\n".repeat(50_000).as_bytes()).unwrap();
    stage.turn_until(|stage| !stage.handler.told.is_empty());
    stage.send(id, "last words\n");
    stage.net().close(id);
    stage.turn_until(|stage| stage.net().phase(id) == Phase::Lingering);
    let mut heard = String::new();
    peer.read_to_string(&mut heard).expect("no reset");
    assert_eq!(heard, "last words\n");
    drop(peer);
    stage.turn_until(|stage| stage.net().connection_count() == 0);
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
    stage.turn_until(|stage| stage.net().connection_count() == 0);
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
