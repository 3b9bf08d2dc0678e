//! Fan-outs: written straight to peers that have nothing queued, joined to the one before if it had the same peers, and
//! in order with everything else.

use super::{script::Script, test_loop::TestLoop};
use crate::net::{BufferKey, Chunk, ConnId, FanOut, FanOutKey};
use std::io::ErrorKind;

const ROOM: Option<FanOutKey> = Some(FanOutKey(1, 1));

/// Some peers and a way to send to them.
struct Broadcast {
    test: TestLoop,
    peers: Vec<(Script, ConnId)>,
    /// The chunk of the last fan-out.
    last: Option<Chunk>,
}

impl Broadcast {
    fn of(count: usize) -> Self {
        let mut test = TestLoop::new();
        let peers = (0..count).map(|_| {
            let script = Script::new();
            let id = test.adopt(&script);
            (script, id)
        });
        Self {
            peers: peers.collect(),
            test,
            last: None,
        }
    }

    fn make_chunk(&mut self, text: &str) -> Chunk {
        let chunk = self.test.net().make_chunk(BufferKey(0), |out| {
            out.extend_from_slice(text.as_bytes());
            true
        });
        chunk.expect("the text is not empty")
    }

    /// Sends a line to all peers; returns whether it was joined to the one before.
    fn tell(&mut self, key: Option<FanOutKey>, text: &str) -> bool {
        if self.test.net().begin_fan_out(key) == FanOut::Repeat {
            let next = self.make_chunk(text);
            let last = self.last.expect("there was a fan-out before");
            self.last = Some(self.test.net().extend_broadcast(last, next));
            return true;
        }
        let chunk = self.make_chunk(text);
        for (_, id) in &self.peers {
            self.test.net().share(*id, chunk);
        }
        self.last = Some(chunk);
        false
    }

    #[track_caller]
    fn check(&self, peer: usize, written: &str, writes: usize) {
        let script = &self.peers[peer].0;
        assert_eq!(script.written(), written, "peer {peer}");
        assert_eq!(script.writes(), writes, "calls for peer {peer}");
    }
}

#[test]
fn a_broadcast_is_one_write_per_peer_and_no_segment() {
    let mut broadcast = Broadcast::of(3);
    broadcast.tell(None, "hello\n");
    assert_eq!(broadcast.test.net().buffers().segments().0, 0);
    broadcast.test.turn();
    for peer in 0..3 {
        broadcast.check(peer, "hello\n", 1);
    }
    assert!(!broadcast.test.net().has_work());
    assert_eq!(broadcast.test.net().stats().deliveries, 3);
}

#[test]
fn lines_for_the_same_peers_are_joined() {
    let mut broadcast = Broadcast::of(2);
    let mut expected = String::new();
    for line in 0..16 {
        let text = format!("line {line}\n");
        assert_eq!(broadcast.tell(ROOM, &text), line > 0);
        expected += &text;
    }
    broadcast.test.turn();
    broadcast.check(0, &expected, 1);
    broadcast.check(1, &expected, 1);
    assert_eq!(broadcast.test.net().stats().deliveries, 32);
}

#[test]
fn joined_lines_that_fill_many_buffers_keep_their_order() {
    let mut broadcast = Broadcast::of(2);
    let mut expected = String::new();
    for letter in ["a", "b", "c", "d"] {
        let text = letter.repeat(40_000);
        broadcast.tell(ROOM, &text);
        expected += &text;
    }
    broadcast.test.turn();
    assert_eq!(broadcast.peers[0].0.written(), expected);
    assert_eq!(broadcast.peers[1].0.written(), expected);
}

#[test]
fn other_peers_are_another_fan_out() {
    let mut broadcast = Broadcast::of(2);
    assert!(!broadcast.tell(ROOM, "one\n"));
    assert!(!broadcast.tell(Some(FanOutKey(1, 2)), "two\n"));
    assert!(!broadcast.tell(None, "three\n"));
    assert!(
        !broadcast.tell(None, "four\n"),
        "what is for nobody in particular is never the same"
    );
    broadcast.test.turn();
    broadcast.check(0, "one\ntwo\nthree\nfour\n", 1);
}

#[test]
fn what_is_sent_to_one_peer_in_between_keeps_its_order() {
    let mut broadcast = Broadcast::of(2);
    let first = broadcast.peers[0].1;
    broadcast.tell(ROOM, "one\n");
    broadcast.test.send(first, "psst\n");
    assert!(
        !broadcast.tell(ROOM, "two\n"),
        "something happened in between"
    );
    broadcast.test.turn();
    broadcast.check(0, "one\npsst\ntwo\n", 1);
    broadcast.check(1, "one\ntwo\n", 1);
}

#[test]
fn a_broadcast_reaches_a_peer_that_is_closed_after_it() {
    let mut broadcast = Broadcast::of(2);
    let first = broadcast.peers[0].1;
    broadcast.tell(ROOM, "one\n");
    broadcast.test.net().close(first);
    assert!(!broadcast.tell(ROOM, "two\n"));
    broadcast.test.turn();
    broadcast.check(0, "one\n", 1);
    assert!(broadcast.peers[0].0.is_shut());
    broadcast.check(1, "one\ntwo\n", 1);
}

#[test]
fn a_broadcast_leaves_out_a_peer_that_is_aborted_after_it() {
    let mut broadcast = Broadcast::of(2);
    let first = broadcast.peers[0].1;
    broadcast.tell(ROOM, "one\n");
    broadcast.test.net().abort(first);
    assert!(broadcast.tell(ROOM, "two\n"));
    broadcast.test.turn();
    assert_eq!(broadcast.peers[0].0.written(), "");
    broadcast.check(1, "one\ntwo\n", 1);
    assert_eq!(broadcast.test.net().buffers().bytes(), 0);
}

#[test]
fn what_the_kernel_does_not_take_waits_in_the_queue() {
    let mut broadcast = Broadcast::of(2);
    let (script, id) = &broadcast.peers[0];
    let (script, id) = (script.clone(), *id);
    script.takes(2).refuses(ErrorKind::WouldBlock);
    broadcast.tell(ROOM, "hello\n");
    broadcast.test.turn();
    assert_eq!(script.written(), "he");
    assert!(script.wants_writable());
    assert_eq!(broadcast.test.net().queued(id), 4);
    // The next line comes after it, not before.
    script.refuses(ErrorKind::WouldBlock);
    broadcast.tell(ROOM, "again\n");
    broadcast.test.turn();
    assert_eq!(script.written(), "he");
    broadcast.test.writable(id);
    assert_eq!(script.written(), "hello\nagain\n");
    assert!(!script.wants_writable());
    broadcast.check(1, "hello\nagain\n", 2);
}

#[test]
fn an_interrupted_call_and_a_broken_connection_go_the_usual_way() {
    let mut broadcast = Broadcast::of(3);
    broadcast.peers[0].0.refuses(ErrorKind::Interrupted);
    broadcast.peers[1].0.refuses(ErrorKind::BrokenPipe);
    broadcast.peers[1].0.ends();
    broadcast.tell(ROOM, "hello\n");
    broadcast.test.turn();
    broadcast.test.settle();
    assert_eq!(broadcast.peers[0].0.written(), "hello\n");
    assert_eq!(
        broadcast.test.net().connection_count(),
        2,
        "the broken one is gone"
    );
    broadcast.check(2, "hello\n", 1);
    assert_eq!(broadcast.test.net().buffers().bytes(), 0);
}

#[test]
fn a_turn_is_full_of_a_large_broadcast() {
    let mut broadcast = Broadcast::of(100);
    let text = "x".repeat(30_000);
    let mut lines = 0;
    while !broadcast.test.net().is_turn_full() {
        broadcast.tell(ROOM, &text);
        lines += 1;
        assert!(lines < 1000, "a turn that is never full");
    }
    broadcast.test.turn();
    assert_eq!(broadcast.peers[99].0.written().len(), 30_000 * lines);
}
