//! TLS in the loop: the rules of readiness hold for a transport that speaks for itself. A room of callers over TLS on
//! the simulated network, drawn from seeds, and single rules on scripts. `MADANG_SEED` plays one run again.

use super::{
    script::Script,
    stage::{READABLE, Stage, Told, check_invariants},
};
use crate::net::{
    ConnId, FanOut, Handler, Lane, Limits, Notice, Poller, Stream, Taken, Then, Tick,
    sim::{Network, Peer, Random},
    tls::{self, Certificate, Server},
};
use rustls::{ClientConnection, crypto::ring, pki_types::PrivateKeyDer, sign::CertifiedKey};
use std::{collections::BTreeMap, io::Read, io::Write, net::SocketAddr, rc::Rc, sync::Arc};

const RUNS: u64 = 60;

/// Nothing takes longer than this; a loop that hangs or spins does.
const STEPS: usize = 60_000;

/// A server with a certificate of its own making.
fn server() -> Server {
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

fn client() -> ClientConnection {
    let config = tls::unverified_client().config().clone();
    let name = "chat.example".try_into().unwrap();
    ClientConnection::new(config, name).unwrap()
}

/// A room over TLS: everyone hears every line.
struct Room {
    server: Server,
    here: Vec<ConnId>,
    /// What was sent to each since it came.
    sent: BTreeMap<ConnId, Vec<u8>>,
    ports: BTreeMap<ConnId, u16>,
    secured: usize,
    lines: usize,
    turn: u64,
}

impl Room {
    fn tell(&mut self, net: &mut Poller, line: &[u8]) {
        self.turn += 1;
        net.begin_fan_out(Some(FanOut(1, self.turn)));
        let chunk = net.compose(Lane::PRIVATE, |out| {
            out.extend_from_slice(line);
            true
        });
        for id in &self.here {
            net.share(*id, chunk.unwrap());
            self.sent.get_mut(id).unwrap().extend_from_slice(line);
        }
    }
}

impl Handler for Room {
    fn handle_accept(&mut self, net: &mut Poller, _: ConnId, id: ConnId, peer: SocketAddr) {
        let unlimited = Limits {
            soft: u32::MAX,
            hard: u32::MAX,
        };
        net.set_limits(id, unlimited);
        net.wrap(id, |stream| self.server.over(stream, &[]));
        // Said before there is a handshake: it waits.
        net.send(id, b"welcome\n");
        self.sent.insert(id, b"welcome\n".to_vec());
        self.ports.insert(id, peer.port());
        self.here.push(id);
    }

    fn handle_input(
        &mut self,
        net: &mut Poller,
        _: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Taken {
        let then = Then::ReadOn;
        let Some(end) = input.iter().rposition(|byte| *byte == b'\n') else {
            *searched = input.len();
            return Taken { bytes: 0, then };
        };
        let bytes = end + 1;
        for line in input[..bytes].split_inclusive(|byte| *byte == b'\n') {
            self.lines += 1;
            self.tell(net, line);
        }
        *searched = input.len() - bytes;
        Taken { bytes, then }
    }

    fn handle_notice(&mut self, _: &mut Poller, id: ConnId, notice: &Notice) {
        assert!(self.ports.contains_key(&id));
        self.secured += usize::from(matches!(notice, Notice::Secured(_)));
    }

    fn handle_lost(&mut self, _: &mut Poller, _: ConnId, loss: &crate::net::Loss) {
        panic!("nobody did anything wrong: {loss}");
    }
}

/// A caller on the network, TLS of the library's other API on its side.
struct Guest {
    port: u16,
    peer: Peer,
    tls: ClientConnection,
    /// How much of what the peer heard TLS has seen.
    seen: usize,
    heard: Vec<u8>,
    ended: bool,
}

impl Guest {
    /// Reads some, and sends what TLS wants to send.
    fn work(&mut self, random: &mut Random) {
        if self.ended {
            return;
        }
        let most = 1 + random.below(3_000);
        self.peer.reads(most);
        let mut fresh = &self.peer.heard()[self.seen..];
        self.seen += fresh.len();
        while !fresh.is_empty() {
            self.tls.read_tls(&mut fresh).unwrap();
            self.tls
                .process_new_packets()
                .expect("right records, in order");
        }
        let mut part = [0; 4096];
        while let Ok(count @ 1..) = self.tls.reader().read(&mut part) {
            self.heard.extend(&part[..count]);
        }
        let mut out = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut out).unwrap();
        }
        self.peer.sends(&out);
        if self.peer.sees_end() && !self.ended && !self.peer.is_speaking() {
            // Only after close_notify is this an end, and no cut.
            let end = self.tls.reader().read(&mut part);
            assert_eq!(end.expect("close_notify came before the end"), 0);
            self.ended = true;
            self.peer.ends();
        }
    }
}

#[test]
fn whatever_the_network_does_everyone_in_a_room_over_tls_hears_everything() {
    let given = std::env::var("MADANG_SEED").ok();
    let seeds = match given.map(|seed| seed.parse().expect("MADANG_SEED is a number")) {
        Some(seed) => seed..seed + 1,
        None => 0..RUNS,
    };
    let server = server();
    for seed in seeds {
        let run = std::panic::AssertUnwindSafe(|| play(seed, &server));
        if std::panic::catch_unwind(run).is_err() {
            panic!("play it again with MADANG_SEED={seed}");
        }
    }
}

fn play(seed: u64, server: &Server) {
    let mut random = Random::new(seed);
    let network = Network::new(random.clone());
    let mut net = Poller::new().unwrap();
    let farewell: Rc<[u8]> = b"full\n"[..].into();
    net.adopt_listener(network.gate(0), farewell).unwrap();
    let mut room = Room {
        server: server.clone(),
        here: Vec::new(),
        sent: BTreeMap::new(),
        ports: BTreeMap::new(),
        secured: 0,
        lines: 0,
        turn: 0,
    };
    let mut guests: Vec<Guest> = (0..1 + random.below(5))
        .map(|n| {
            let port = 1000 + n as u16;
            Guest {
                port,
                peer: network.call(0, ([192, 0, 2, 1], port).into()),
                tls: client(),
                seen: 0,
                heard: Vec::new(),
                ended: false,
            }
        })
        .collect();
    let (mut said, mut over) = (0, false);
    for step in 0.. {
        assert!(step < STEPS, "it hangs: {:?}", net.stats());
        if step > STEPS / 2 {
            network.calm_down();
        }
        net.hold_clock(Tick(step as u64));
        for guest in &mut guests {
            guest.work(&mut random);
            // Who is in a handshake may still be turned away, and nobody would hear the line.
            if said < 20 && random.percent(10) && !guest.tls.is_handshaking() {
                let line = vec![b'a' + said as u8; random.below(250)];
                guest.tls.writer().write_all(&line).unwrap();
                guest.tls.writer().write_all(b"\n").unwrap();
                said += 1;
            }
        }
        network.pass(&mut net);
        net.turn(&mut room, Some(std::time::Duration::ZERO))
            .unwrap();
        check_invariants(&net);
        guests.retain(|guest| !guest.peer.was_shed());
        if !over && said == 20 && room.lines == 20 && room.secured == guests.len() {
            over = true;
            room.tell(&mut net, b"bye\n");
            for id in std::mem::take(&mut room.here) {
                net.close(id);
            }
        }
        if guests.iter().all(|guest| guest.ended) && net.connection_count() == 0 {
            break;
        }
    }
    for guest in guests {
        let id = room.ports.iter().find(|(_, port)| **port == guest.port);
        assert!(
            guest.heard == room.sent[id.unwrap().0],
            "{} heard another",
            guest.port
        );
    }
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
            .net
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
    call.stage.net.tell_drained(call.id);
    call.stage.turn();
    assert_eq!(call.stage.net.queued(call.id), 0, "TLS has it");
    assert!(call.wants_writable());
    // What comes behind it stays in the queue, where it counts.
    call.stage.send(call.id, "two\n");
    call.stage.turn();
    assert_eq!(call.stage.net.queued(call.id), 4);
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
    call.stage.net.begin_fan_out(None);
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
            call.stage.net.half_close(call.id);
        } else {
            call.stage.net.close(call.id);
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
    call.stage.net.close(call.id);
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
fn a_rush_of_handshakes_is_taken_by_handfuls_and_those_who_talk_are_heard_between() {
    let mut stage = Stage::new();
    let server = server();
    let calls: Vec<(ConnId, Script)> = (0..100)
        .map(|_| {
            let script = Script::new();
            let id = stage.adopt(&script);
            stage.net.wrap(id, |stream| server.over(stream, &[]));
            (id, script)
        })
        .collect();
    stage.settle();
    let mut hello = Vec::new();
    client().write_tls(&mut hello).unwrap();
    for (id, script) in &calls {
        script.arrives(&hello);
        stage.net.inject(*id, READABLE);
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
    let connection = call.stage.net.table.connection(call.id).unwrap();
    assert!(!connection.stream.holds_unsent());
    assert_eq!(connection.input.capacity(), 0);
}
