//! Rule 6: how a connection ends. Drain, end of file, linger; error flags are hints, and what came before them is read.

use super::{
    script::Script,
    test_loop::{Call, TestLoop, chunk},
};
use crate::net::{ConnId, Phase, Tick, listen_tcp};
use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
};

fn connection() -> (TestLoop, Script, ConnId) {
    let (mut test, script) = (TestLoop::new(), Script::new());
    let id = test.adopt(&script);
    (test, script, id)
}

/// A connection of the loop and the peer's end of it, over the real kernel. The peer's reads have a deadline.
pub(super) fn over_the_kernel() -> (TestLoop, ConnId, TcpStream) {
    let mut test = TestLoop::new();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let listener = listen_tcp(any, &Default::default()).unwrap();
    let address = listener.local_addr().unwrap();
    let gate = test.net().add_listener(Box::new(listener), chunk(""));
    let peer = TcpStream::connect(address).unwrap();
    let patience = std::time::Duration::from_secs(10);
    peer.set_read_timeout(Some(patience)).unwrap();
    test.turn_until(|test| !test.handler.calls.is_empty());
    let [Call::Accepted(id)] = test.calls()[..] else {
        panic!("one caller")
    };
    test.net().close(gate.unwrap());
    (test, id, peer)
}

#[test]
fn only_a_write_that_the_end_of_file_follows_is_marked_as_the_last() {
    let (mut test, script, id) = connection();
    test.send(id, "first words");
    test.turn();
    assert_eq!(script.last_writes(), 0);
    test.send(id, ", last words");
    test.net().close(id);
    test.turns(2);
    assert_eq!(script.last_writes(), 1);
    assert_eq!(script.written(), "first words, last words");
    assert!(script.is_shut());
}

#[test]
fn last_bytes_reach_the_peer_with_the_end_of_file() {
    let (mut test, id, mut peer) = over_the_kernel();
    test.send(id, "last words");
    test.net().close(id);
    test.turn_until(|test| test.net().phase(id) == Phase::Lingering);
    let mut heard = String::new();
    peer.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "last words");
}

#[test]
fn closing_drains_then_ends_the_stream_then_lingers() {
    let (mut test, script, id) = connection();
    script.takes(3).refuses(ErrorKind::WouldBlock);
    test.send(id, "last words");
    test.net().close(id);
    test.send(id, " and more");
    test.turn();
    assert_eq!(test.net().phase(id), Phase::Draining);
    assert!(
        !script.is_shut(),
        "the end of the stream comes after the bytes"
    );
    test.turns(2);
    assert_eq!(test.net().phase(id), Phase::Draining);
    test.writable(id);
    test.writable(id);
    assert_eq!(script.written(), "last words");
    assert!(script.is_shut());
    assert_eq!(test.net().phase(id), Phase::Lingering);
    assert!(!script.wants_writable());
    test.settle();
    assert!(!script.is_dropped(), "it waits for the peer");
    script.arrives(b"input nobody wants\n").ends();
    test.readable(id);
    assert_eq!(test.calls(), [Call::Reaped(id)]);
    assert!(script.is_dropped());
}

#[test]
fn closing_with_nothing_queued_ends_the_stream_in_the_same_turn() {
    let (mut test, script, id) = connection();
    test.net().close(id);
    test.turn();
    assert!(script.is_shut());
    assert_eq!(test.net().phase(id), Phase::Lingering);
}

#[test]
fn a_peer_that_ended_its_stream_is_not_lingered_for() {
    let (mut test, script, id) = connection();
    script.arrives(b"bye\n").ends();
    test.react(|net, call| {
        if let Call::End(id) = call {
            net.send(*id, &chunk("bye\n"));
        }
    });
    test.readable(id);
    assert_eq!(script.written(), "bye\n");
    assert!(script.is_shut() && script.is_dropped());
}

#[test]
fn input_while_lingering_is_discarded() {
    let (mut test, script, id) = connection();
    script.never_stops(b'\n');
    test.net().close(id);
    test.readable(id);
    test.turns(3);
    assert_eq!(test.net().phase(id), Phase::Lingering);
    assert!(script.reads() > 4, "read so that it is not in the way");
    test.at(3250);
    test.turn();
    assert_eq!(test.calls(), [Call::Reaped(id)]);
    assert!(test.settle() <= 1);
}

#[test]
fn draining_to_a_peer_that_does_not_read_ends_in_time() {
    let (mut test, script, id) = connection();
    script.is_full(true);
    test.send(id, "last words");
    test.net().close(id);
    test.turn();
    test.at(5999);
    test.turn();
    assert_eq!(test.net().phase(id), Phase::Draining);
    test.at(6000);
    test.turn();
    assert_eq!(test.calls(), [Call::Reaped(id)]);
    assert!(script.is_dropped() && !script.is_shut());
    assert_eq!(test.net().buffers().bytes(), 0);
}

#[test]
fn a_slow_peer_is_drained_as_long_as_it_reads() {
    let (mut test, script, id) = connection();
    let words = "last words";
    for _ in 1..words.len() {
        script.takes(1);
    }
    test.send(id, words);
    test.net().close(id);
    test.turn();
    for second in 1..words.len() as u64 {
        test.at(1000 + 4000 * second);
        test.writable(id);
    }
    assert_eq!(script.written(), words);
    assert!(script.is_shut());
}

#[test]
fn lingering_without_end_of_file_ends_at_its_deadline() {
    let (mut test, script, id) = connection();
    test.net().close(id);
    test.turn();
    test.at(2999);
    test.turn();
    assert_eq!(test.net().phase(id), Phase::Lingering);
    test.at(3250);
    test.turn();
    assert_eq!(test.calls(), [Call::Reaped(id)]);
    assert!(script.is_dropped());
}

#[test]
fn shortened_linger_waits_half_a_second_for_a_silent_peer() {
    // Begun before, and after.
    for hurry_first in [false, true] {
        let (mut test, script, id) = connection();
        if hurry_first {
            test.net().shorten_linger();
        }
        test.net().close(id);
        test.turn();
        assert_eq!(test.net().phase(id), Phase::Lingering);
        test.net().shorten_linger();
        test.at(1499);
        test.turn();
        assert!(!script.is_dropped());
        test.at(1500);
        test.turn();
        assert!(script.is_dropped(), "hurry first: {hurry_first}");
    }
}

#[test]
fn shortened_linger_reads_a_sending_peer_to_its_pause() {
    let (mut test, script, id) = connection();
    test.net().shorten_linger();
    test.net().close(id);
    test.turn();
    for at in [1400, 1800, 2200, 2600] {
        test.at(at);
        script.arrives(b"still pasting\n");
        test.readable(id);
        assert_eq!(test.net().phase(id), Phase::Lingering, "at {at}");
    }
    // Not for longer than without the hurry.
    test.at(2999);
    test.turn();
    assert!(!script.is_dropped());
    test.at(3000);
    test.turn();
    assert!(script.is_dropped());
}

#[test]
fn the_handler_s_deadline_does_not_outlive_the_close() {
    let (mut test, _, id) = connection();
    test.net().set_deadline(id, Tick(1500));
    test.net().close(id);
    test.turn();
    test.net().set_deadline(id, Tick(1600));
    test.at(2000);
    test.turn();
    assert_eq!(test.calls(), []);
    assert_eq!(test.net().phase(id), Phase::Lingering);
}

#[test]
fn a_failed_write_keeps_the_line_from_before_the_reset() {
    let (mut test, script, id) = connection();
    script
        .arrives(b"QUIT :bye\n")
        .fails(ErrorKind::ConnectionReset);
    script.refuses(ErrorKind::BrokenPipe);
    test.send(id, "hello");
    test.turn();
    test.settle();
    let calls = test.calls();
    assert_eq!(calls[0], Call::Line(id, "QUIT :bye".into()));
    assert!(
        matches!(calls[1..], [Call::Lost(..), Call::Reaped(_)]),
        "{calls:?}"
    );
}

#[test]
fn after_a_failed_write_a_pause_still_holds() {
    let (mut test, script, id) = connection();
    script
        .arrives(b"one\nQUIT\n")
        .fails(ErrorKind::ConnectionReset);
    test.handler.lines_at_once = 1;
    test.handler.rest = Some(std::time::Duration::from_millis(100));
    test.readable(id);
    script.refuses(ErrorKind::ConnectionReset);
    test.send(id, "hello");
    test.settle();
    assert_eq!(test.lines(id), ["one"]);
    for turn in 1..5 {
        test.at(1000 + 100 * turn);
        test.turns(2);
    }
    let calls = test.calls();
    assert_eq!(calls[0], Call::Line(id, "QUIT".into()));
    assert!(
        matches!(calls[1..], [Call::Lost(..), Call::Reaped(_)]),
        "{calls:?}"
    );
}

#[test]
fn input_from_before_a_failed_write_is_read_for_ten_seconds() {
    let (mut test, script, id) = connection();
    script.arrives("line\n".repeat(100).as_bytes());
    test.handler.lines_at_once = 1;
    test.handler.rest = Some(std::time::Duration::from_secs(1));
    test.readable(id);
    script.refuses(ErrorKind::ConnectionReset);
    test.send(id, "hello");
    test.settle();
    // Neither a later failure nor a deadline of the handler makes it longer.
    test.net().set_deadline(id, Tick(60_000));
    for second in 2..=11 {
        test.net().half_close(id);
        test.at(1000 * second);
        test.turns(2);
    }
    let calls = test.calls();
    let heard = calls.iter().filter(|t| matches!(t, Call::Line(..))).count();
    assert!((9..=11).contains(&heard), "{heard}");
    assert!(
        matches!(calls[heard..], [Call::Lost(..), Call::Reaped(_)]),
        "{calls:?}"
    );
    assert_eq!(test.net().nearest_deadline(), None);
}

#[test]
fn a_reset_is_reported_after_the_lines_before_it() {
    let (mut test, script, id) = connection();
    script.arrives(b"one\n").fails(ErrorKind::ConnectionReset);
    test.readable(id);
    let calls = test.calls();
    assert_eq!(calls[0], Call::Line(id, "one".into()));
    assert!(
        matches!(calls[1..], [Call::Lost(..), Call::Reaped(_)]),
        "{calls:?}"
    );
}

#[test]
fn a_silent_peer_whose_writes_fail_is_lost() {
    let (mut test, script, id) = connection();
    script.refuses(ErrorKind::BrokenPipe);
    test.send(id, "hello");
    test.turn();
    test.settle();
    assert!(matches!(
        &test.calls()[..],
        [Call::Lost(..), Call::Reaped(_)]
    ));
}

#[test]
fn a_peer_that_breaks_after_its_end_of_file_is_lost() {
    let (mut test, script, id) = connection();
    test.handler.closes = false;
    script.ends();
    test.readable(id);
    assert_eq!(test.calls(), [Call::End(id)]);
    // Its reset comes as another readable event; there is nothing to read any more.
    test.readable(id);
    assert!(!test.net().has_work());
    script.refuses(ErrorKind::BrokenPipe);
    test.send(id, "still there?");
    test.turn();
    test.settle();
    assert!(matches!(
        &test.calls()[..],
        [Call::Lost(..), Call::Reaped(_)]
    ));
}

#[test]
fn a_failed_write_while_draining_is_the_end() {
    let (mut test, script, id) = connection();
    script.refuses(ErrorKind::ConnectionReset);
    test.send(id, "last words");
    test.net().close(id);
    test.turn();
    assert_eq!(test.calls(), [Call::Reaped(id)]);
    assert!(script.is_dropped());
}

#[test]
fn the_end_of_file_after_an_unfinished_frame_is_reported() {
    let (mut test, script, id) = connection();
    script.arrives(b"whole\nunfinished").ends();
    test.readable(id);
    let calls = test.calls();
    let line = Call::Line(id, "whole".into());
    assert_eq!(calls, [line, Call::End(id), Call::Reaped(id)]);
}

#[test]
fn the_end_of_file_is_not_reported_during_a_pause() {
    let (mut test, script, id) = connection();
    script.arrives(b"one\ntwo\n").ends();
    test.handler.lines_at_once = 1;
    test.handler.rest = Some(std::time::Duration::from_millis(100));
    test.readable(id);
    for now in [1050, 1100, 1150] {
        test.at(now);
        test.turns(2);
    }
    let line = |text: &str| Call::Line(id, text.into());
    assert_eq!(test.calls(), [line("one"), line("two")]);
    test.at(1200);
    test.turns(2);
    assert_eq!(test.calls(), [Call::End(id), Call::Reaped(id)]);
}

#[test]
fn a_farewell_reaches_a_peer_whose_input_was_never_read() {
    let (mut test, id, mut peer) = over_the_kernel();
    // It pauses without end: nothing more is read of what comes.
    test.handler.lines_at_once = 1;
    test.handler.rest = Some(std::time::Duration::from_secs(3600));
    peer.write_all("one\n".repeat(50_000).as_bytes()).unwrap();
    test.turn_until(|test| !test.handler.calls.is_empty());
    test.send(id, "last words\n");
    test.net().close(id);
    test.turn_until(|test| test.net().phase(id) == Phase::Lingering);
    let mut heard = String::new();
    peer.read_to_string(&mut heard).expect("no reset");
    assert_eq!(heard, "last words\n");
    drop(peer);
    test.turn_until(|test| test.net().connection_count() == 0);
    assert!(
        !test
            .handler
            .calls
            .iter()
            .any(|call| matches!(call, Call::Lost(..)))
    );
}

#[test]
fn a_quit_before_a_reset_is_read_though_a_write_fails() {
    let (mut test, id, mut peer) = over_the_kernel();
    test.send(id, "unread by the peer: its close becomes a reset\n");
    test.turn();
    peer.write_all(b"QUIT\n").unwrap();
    drop(peer);
    test.send(id, "into the void\n");
    test.turn();
    test.turn_until(|test| test.net().connection_count() == 0);
    assert_eq!(test.lines(id), ["QUIT"]);
}

#[test]
fn a_peer_that_half_closes_gets_all_it_is_owed() {
    let (mut test, id, mut peer) = over_the_kernel();
    let owed = "x".repeat(8 * 1024 * 1024);
    test.limit(id, u32::MAX, u32::MAX);
    test.send(id, &owed);
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    test.turn_until(|test| !test.handler.calls.is_empty());
    assert_eq!(test.calls(), [Call::End(id)]);
    peer.set_nonblocking(true).unwrap();
    let (mut got, mut buffer) = (0, vec![0; 1 << 20]);
    test.turn_until(|_| {
        match peer.read(&mut buffer) {
            Ok(0) => return true,
            Ok(count) => got += count,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        false
    });
    assert_eq!(got, owed.len());
}
