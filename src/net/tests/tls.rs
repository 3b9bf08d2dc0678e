//! TLS in the loop: the rules of readiness hold for a transport that speaks for itself. Single rules, on scripts.

use super::{
    script::Script,
    stage::{READABLE, Stage, Told},
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
struct Call {
    stage: Stage,
    id: ConnId,
    script: Script,
    tls: ClientConnection,
    /// How much of what was written the client has seen.
    seen: usize,
}

impl Call {
    fn new() -> Self {
        let mut stage = Stage::new();
        let script = Script::new();
        let id = stage.adopt(&script);
        let server = server();
        stage
            .net()
            .wrap(id, |stream: Stream| server.over(stream, &[]));
        stage.turn();
        Self {
            stage,
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
        self.stage.readable(self.id);
    }

    /// What the client has heard since it was asked last.
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
fn what_waits_for_a_handshake_asks_for_no_room_and_goes_out_when_it_is_done() {
    let mut call = Call::new();
    call.stage.send(call.id, "welcome\n");
    call.stage.turn();
    assert!(!call.wants_writable(), "the peer is waited for, not room");
    assert_eq!(call.script.writes(), 0);
    call.client_sends();
    assert!(call.client_hears().is_empty());
    assert!(!call.wants_writable());
    // The last flight of the handshake is the only event that there is.
    call.client_sends();
    assert_eq!(call.client_hears(), b"welcome\n");
    assert!(!call.wants_writable());
}

#[test]
fn a_handshake_that_does_not_fit_asks_for_room() {
    let mut call = Call::new();
    call.script.is_full(true);
    call.client_sends();
    assert!(call.wants_writable(), "our half of the handshake is unsent");
    call.script.is_full(false);
    call.stage.writable(call.id);
    assert!(!call.wants_writable());
    assert!(call.client_hears().is_empty());
    call.client_sends();
    assert!(!call.tls.is_handshaking());
}

#[test]
fn ciphertext_that_the_kernel_did_not_take_is_unsent() {
    let mut call = Call::new();
    call.shake_hands();
    call.script.is_full(true);
    call.stage.send(call.id, "one\n");
    call.stage.net().notify_drained(call.id);
    call.stage.turn();
    assert_eq!(call.stage.net().queued(call.id), 0, "TLS has it");
    assert!(call.wants_writable());
    // What comes behind it stays in the queue, where it counts.
    call.stage.send(call.id, "two\n");
    call.stage.turn();
    assert_eq!(call.stage.net().queued(call.id), 4);
    call.script.is_full(false);
    call.stage.writable(call.id);
    assert!(!call.wants_writable());
    assert_eq!(call.client_hears(), b"one\ntwo\n");
}

#[test]
fn a_fan_out_whose_last_record_does_not_fit_asks_for_room() {
    let mut call = Call::new();
    call.shake_hands();
    call.script.is_full(true);
    let _ = call.stage.net().begin_fan_out(None);
    call.stage.send_in_lane(call.id, 1, "to all\n");
    call.stage.turn();
    assert!(call.wants_writable());
    call.script.is_full(false);
    call.stage.writable(call.id);
    assert!(!call.wants_writable());
    assert_eq!(call.client_hears(), b"to all\n");
}

#[test]
fn the_last_word_goes_before_our_end_of_stream_also_when_there_is_no_room() {
    for by_half in [false, true] {
        let mut call = Call::new();
        call.shake_hands();
        call.stage.send(call.id, "bye\n");
        call.stage.turn();
        call.script.is_full(true);
        if by_half {
            call.stage.net().half_close(call.id);
        } else {
            call.stage.net().close(call.id);
        }
        call.stage.turn();
        assert!(!call.script.is_shut());
        assert!(call.wants_writable(), "close_notify is unsent");
        call.script.is_full(false);
        call.stage.writable(call.id);
        assert!(call.script.is_shut());
        assert!(!call.wants_writable());
        assert_eq!(call.client_hears(), b"bye\n");
        let end = call.tls.reader().read(&mut [0]);
        assert_eq!(end.expect("close_notify"), 0);
    }
}

#[test]
fn who_goes_before_a_handshake_is_done_is_not_waited_for() {
    let mut call = Call::new();
    call.stage.net().close(call.id);
    call.stage.turn();
    assert!(call.script.is_shut());
}

#[test]
fn a_stream_without_end_stays_in_the_budget_and_is_carried_over() {
    let mut call = Call::new();
    call.shake_hands();
    call.tls.set_buffer_limit(None);
    let line = [b'x'; 1023];
    for _ in 0..400 {
        call.tls.writer().write_all(&line).unwrap();
        call.tls.writer().write_all(b"\n").unwrap();
    }
    call.client_sends();
    let first = call.stage.lines(call.id).len();
    assert!(
        (1..=64).contains(&first),
        "{first} lines of a KiB in one turn"
    );
    // No second event.
    call.stage.settle();
    assert_eq!(first + call.stage.lines(call.id).len(), 400);
}

#[test]
fn records_without_content_are_told_and_their_sender_can_be_paused() {
    let mut call = Call::new();
    call.shake_hands();
    let handshake = std::mem::take(&mut call.stage.handler.overhead);
    assert!((200..8_000).contains(&handshake), "{handshake}");
    call.tls.writer().write_all(b"a line\n").unwrap();
    call.client_sends();
    let record = std::mem::take(&mut call.stage.handler.overhead);
    assert!((5..64).contains(&record), "what a record adds: {record}");
    call.stage.handler.pauses_for_overhead = true;
    for _ in 0..20 {
        call.tls.refresh_traffic_keys().unwrap();
        let _ = call.client_hears();
    }
    call.client_sends();
    assert!(call.stage.handler.overhead > 20 * 22);
    call.tls.writer().write_all(b"another\n").unwrap();
    call.client_sends();
    assert_eq!(call.stage.lines(call.id), ["a line"], "it is paused");
    call.stage.at(2_001);
    call.stage.turn();
    call.stage.settle();
    assert_eq!(call.stage.lines(call.id), ["another"]);
}

#[test]
fn a_rush_of_handshakes_is_taken_by_handfuls_and_those_who_talk_are_heard_between() {
    let mut stage = Stage::new();
    let server = server();
    let calls: Vec<(ConnId, Script)> = (0..100)
        .map(|_| {
            let script = Script::new();
            let id = stage.adopt(&script);
            stage.net().wrap(id, |stream| server.over(stream, &[]));
            (id, script)
        })
        .collect();
    stage.settle();
    let mut hello = Vec::new();
    client().write_tls(&mut hello).unwrap();
    for (id, script) in &calls {
        script.arrives(&hello);
        stage.net().inject(*id, READABLE);
    }
    // One who is in, and comes last.
    let talker = Script::new();
    let id = stage.adopt(&talker);
    talker.arrives(b"hello\n");
    stage.readable(id);
    assert_eq!(stage.lines(id), ["hello"]);
    let answered =
        |calls: &[(ConnId, Script)]| calls.iter().filter(|(_, s)| s.writes() > 0).count();
    assert_eq!(answered(&calls), 16);
    // No event is needed for the others.
    stage.settle();
    assert_eq!(answered(&calls), 100);
}

#[test]
fn a_cut_stream_is_an_end_and_a_broken_one_a_loss() {
    let mut call = Call::new();
    call.shake_hands();
    call.script.ends();
    call.stage.readable(call.id);
    assert!(call.stage.told().contains(&Told::End(call.id)));

    let mut call = Call::new();
    call.shake_hands();
    call.script.arrives(b"this is no record, is it?");
    call.stage.readable(call.id);
    let told = call.stage.told();
    assert!(
        told.iter().any(|told| matches!(told, Told::Lost(..))),
        "{told:?}"
    );
    // An alert says what it was.
    let written = call.script.written_bytes();
    assert!(written.len() > call.seen);
}

#[test]
fn after_traffic_tls_owns_no_buffer() {
    // What rustls itself keeps is measured by benches/tls_idle.rs.
    let mut call = Call::new();
    call.shake_hands();
    call.tls.writer().write_all(b"hello\n").unwrap();
    call.client_sends();
    call.stage.send(call.id, "hello yourself\n");
    call.stage.turn();
    assert_eq!(call.client_hears(), b"hello yourself\n");
    let connection = call.stage.net().table.connection(call.id).unwrap();
    assert!(!connection.stream.holds_unsent());
    assert_eq!(connection.input.capacity(), 0);
}
