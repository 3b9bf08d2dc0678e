//! TLS in the loop: the rules of readiness hold for a transport with a life of its own. Single rules, on scripts.

use super::{
    script::Script,
    test_loop::{Call, READABLE, TestLoop},
};
use crate::net::{
    ConnId, Stream,
    tls::{self, Certificate, Server},
};
use rustls::{ClientConnection, crypto::ring, pki_types::PrivateKeyDer, sign::CertifiedKey};
use std::{
    io::{Read, Write},
    sync::Arc,
};

/// A server with a certificate of its own making.
pub(super) fn server() -> Server {
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["chat.example".to_owned()];
    let certificate = rcgen::CertificateParams::new(names.clone()).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let secret = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let chain = vec![certificate.der().clone()];
    let key = CertifiedKey::from_der(chain, secret, &ring::default_provider()).unwrap();
    let key = Arc::new(key);
    Server::new(vec![Certificate { names, key }])
        .unwrap()
        .unwrap()
}

pub(super) fn client() -> ClientConnection {
    let config = tls::unverified_client().config().clone();
    let name = "chat.example".try_into().unwrap();
    ClientConnection::new(config, name).unwrap()
}

/// A loop with one connection over TLS, on a script whose other end the test plays.
struct TlsPeer {
    test: TestLoop,
    id: ConnId,
    script: Script,
    tls: ClientConnection,
    /// How much of what was written the client has seen.
    seen: usize,
}

impl TlsPeer {
    fn new() -> Self {
        let mut test = TestLoop::new();
        let script = Script::new();
        let id = test.adopt(&script);
        let server = server();
        test.net()
            .wrap(id, |stream: Stream| server.over(stream, &[]));
        test.turn();
        Self {
            test,
            id,
            script,
            tls: client(),
            seen: 0,
        }
    }

    /// What the client wants to send arrives, with an event.
    fn client_sends(&mut self) {
        let mut out = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut out).unwrap();
        }
        self.script.arrives(&out);
        self.test.readable(self.id);
    }

    /// What the client has read since this was last asked.
    fn client_hears(&mut self) -> Vec<u8> {
        let written = self.script.written_bytes();
        let mut fresh = &written[self.seen..];
        self.seen = written.len();
        let (mut heard, mut part) = (Vec::new(), [0; 4096]);
        while !fresh.is_empty() {
            self.tls.read_tls(&mut fresh).unwrap();
            self.tls.process_new_packets().unwrap();
            while let Ok(count @ 1..) = self.tls.reader().read(&mut part) {
                heard.extend(&part[..count]);
            }
        }
        heard
    }

    fn shake_hands(&mut self) {
        self.client_sends();
        assert!(self.client_hears().is_empty());
        self.client_sends();
        let _ = self.client_hears();
        assert!(!self.tls.is_handshaking());
    }

    fn wants_writable(&self) -> bool {
        let interest = self.script.source().interest();
        interest.is_some_and(mio::Interest::is_writable)
    }
}

#[test]
fn output_waits_for_the_handshake_without_writable_interest() {
    let mut peer = TlsPeer::new();
    peer.test.send(peer.id, "welcome\n");
    peer.test.turn();
    assert!(!peer.wants_writable(), "the peer is waited for, not room");
    assert_eq!(peer.script.writes(), 0);
    peer.client_sends();
    assert!(peer.client_hears().is_empty());
    assert!(!peer.wants_writable());
    // The last flight of the handshake is the only event that there is.
    peer.client_sends();
    assert_eq!(peer.client_hears(), b"welcome\n");
    assert!(!peer.wants_writable());
}

#[test]
fn a_handshake_that_does_not_fit_asks_for_room() {
    let mut peer = TlsPeer::new();
    peer.script.is_full(true);
    peer.client_sends();
    assert!(peer.wants_writable(), "our half of the handshake is unsent");
    peer.script.is_full(false);
    peer.test.writable(peer.id);
    assert!(!peer.wants_writable());
    assert!(peer.client_hears().is_empty());
    peer.client_sends();
    assert!(!peer.tls.is_handshaking());
}

#[test]
fn ciphertext_that_the_kernel_did_not_take_is_unsent() {
    let mut peer = TlsPeer::new();
    peer.shake_hands();
    peer.script.is_full(true);
    peer.test.send(peer.id, "one\n");
    peer.test.net().notify_drained(peer.id);
    peer.test.turn();
    assert_eq!(peer.test.net().queued(peer.id), 0, "TLS has it");
    assert!(peer.wants_writable());
    // What follows it stays in the queue, where it counts.
    peer.test.send(peer.id, "two\n");
    peer.test.turn();
    assert_eq!(peer.test.net().queued(peer.id), 4);
    peer.script.is_full(false);
    peer.test.writable(peer.id);
    assert!(!peer.wants_writable());
    assert_eq!(peer.client_hears(), b"one\ntwo\n");
}

#[test]
fn a_fan_out_whose_last_record_does_not_fit_asks_for_room() {
    let mut peer = TlsPeer::new();
    peer.shake_hands();
    peer.script.is_full(true);
    let _ = peer.test.net().begin_fan_out(None);
    peer.test.send_in_lane(peer.id, 1, "to all\n");
    peer.test.turn();
    assert!(peer.wants_writable());
    peer.script.is_full(false);
    peer.test.writable(peer.id);
    assert!(!peer.wants_writable());
    assert_eq!(peer.client_hears(), b"to all\n");
}

#[test]
fn close_notify_goes_before_our_end_also_without_room() {
    for by_half in [false, true] {
        let mut peer = TlsPeer::new();
        peer.shake_hands();
        peer.test.send(peer.id, "bye\n");
        peer.test.turn();
        peer.script.is_full(true);
        if by_half {
            peer.test.net().half_close(peer.id);
        } else {
            peer.test.net().close(peer.id);
        }
        peer.test.turn();
        assert!(!peer.script.is_shut());
        assert!(peer.wants_writable(), "close_notify is unsent");
        peer.script.is_full(false);
        peer.test.writable(peer.id);
        assert!(peer.script.is_shut());
        assert!(!peer.wants_writable());
        assert_eq!(peer.client_hears(), b"bye\n");
        let end = peer.tls.reader().read(&mut [0]);
        assert_eq!(end.expect("close_notify"), 0);
    }
}

#[test]
fn a_peer_gone_in_the_handshake_is_not_waited_for() {
    let mut peer = TlsPeer::new();
    peer.test.net().close(peer.id);
    peer.test.turn();
    assert!(peer.script.is_shut());
}

#[test]
fn a_stream_without_end_stays_in_the_budget_and_is_carried_over() {
    let mut peer = TlsPeer::new();
    peer.shake_hands();
    peer.tls.set_buffer_limit(None);
    let line = [b'x'; 1023];
    for _ in 0..400 {
        peer.tls.writer().write_all(&line).unwrap();
        peer.tls.writer().write_all(b"\n").unwrap();
    }
    peer.client_sends();
    let first = peer.test.lines(peer.id).len();
    assert!(
        (1..=64).contains(&first),
        "{first} lines of a KiB in one turn"
    );
    // No second event.
    peer.test.settle();
    assert_eq!(first + peer.test.lines(peer.id).len(), 400);
}

#[test]
fn records_without_content_are_reported_as_overhead() {
    let mut peer = TlsPeer::new();
    peer.shake_hands();
    let handshake = std::mem::take(&mut peer.test.handler.overhead);
    assert!((200..8_000).contains(&handshake), "{handshake}");
    peer.tls.writer().write_all(b"a line\n").unwrap();
    peer.client_sends();
    let record = std::mem::take(&mut peer.test.handler.overhead);
    assert!((5..64).contains(&record), "what a record adds: {record}");
    peer.test.handler.pauses_for_overhead = true;
    for _ in 0..20 {
        peer.tls.refresh_traffic_keys().unwrap();
        let _ = peer.client_hears();
    }
    peer.client_sends();
    assert!(peer.test.handler.overhead > 20 * 22);
    peer.tls.writer().write_all(b"another\n").unwrap();
    peer.client_sends();
    assert_eq!(peer.test.lines(peer.id), ["a line"], "it is paused");
    peer.test.at(2_001);
    peer.test.turn();
    peer.test.settle();
    assert_eq!(peer.test.lines(peer.id), ["another"]);
}

#[test]
fn a_rush_of_handshakes_leaves_time_for_the_others() {
    let mut test = TestLoop::new();
    let server = server();
    let calls: Vec<(ConnId, Script)> = (0..100)
        .map(|_| {
            let script = Script::new();
            let id = test.adopt(&script);
            test.net().wrap(id, |stream| server.over(stream, &[]));
            (id, script)
        })
        .collect();
    test.settle();
    let mut hello = Vec::new();
    client().write_tls(&mut hello).unwrap();
    for (id, script) in &calls {
        script.arrives(&hello);
        test.net().inject(*id, READABLE);
    }
    // A connection that is secured, and comes last.
    let talker = Script::new();
    let id = test.adopt(&talker);
    talker.arrives(b"hello\n");
    test.readable(id);
    assert_eq!(test.lines(id), ["hello"]);
    let answered =
        |calls: &[(ConnId, Script)]| calls.iter().filter(|(_, s)| s.writes() > 0).count();
    assert_eq!(answered(&calls), 16);
    // No event is needed for the others.
    test.settle();
    assert_eq!(answered(&calls), 100);
}

#[test]
fn a_cut_stream_is_an_end_and_a_broken_one_a_loss() {
    let mut peer = TlsPeer::new();
    peer.shake_hands();
    peer.script.ends();
    peer.test.readable(peer.id);
    assert!(peer.test.calls().contains(&Call::End(peer.id)));

    let mut peer = TlsPeer::new();
    peer.shake_hands();
    peer.script.arrives(b"this is no record, is it?");
    peer.test.readable(peer.id);
    let calls = peer.test.calls();
    assert!(
        calls.iter().any(|calls| matches!(calls, Call::Lost(..))),
        "{calls:?}"
    );
    // An alert names the reason.
    let written = peer.script.written_bytes();
    assert!(written.len() > peer.seen);
}

#[test]
fn after_traffic_tls_owns_no_buffer() {
    // What rustls itself keeps is measured by benches/tls_idle.rs.
    let mut peer = TlsPeer::new();
    peer.shake_hands();
    peer.tls.writer().write_all(b"hello\n").unwrap();
    peer.client_sends();
    peer.test.send(peer.id, "hello yourself\n");
    peer.test.turn();
    assert_eq!(peer.client_hears(), b"hello yourself\n");
    let connection = peer.test.net().table.connection(peer.id).unwrap();
    assert!(!connection.stream.holds_unsent());
    assert_eq!(connection.input.capacity(), 0);
}
