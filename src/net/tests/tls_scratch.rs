//! A room of clients over TLS on the simulated network, drawn from seeds: whatever that does, each client gets every line, and
//! a good end. `MADANG_SEED` plays one run again.

use super::{
    test_loop::check_invariants,
    tls::{client, server},
};
use crate::net::{
    BufferKey, ConnId, Consumed, EventLoop, FanOutKey, Handler, Limits, Loss, Net, Next, Notice,
    Tick, tls::Server,
};
use crate::simulation::network::{Network, Peer, Random};
use rustls::ClientConnection;
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::SocketAddr,
    rc::Rc,
};

const RUNS: u64 = 60;

/// Nothing takes longer than this; a loop that hangs or spins does.
const STEPS: usize = 60_000;

/// A room over TLS: each client gets every line.
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
    fn tell(&mut self, net: &mut Net, line: &[u8]) {
        self.turn += 1;
        let _ = net.begin_fan_out(Some(FanOutKey(1, self.turn)));
        let chunk = net.make_chunk(BufferKey::PRIVATE, |out| {
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
    fn handle_accept(&mut self, net: &mut Net, _: ConnId, id: ConnId, peer: SocketAddr) {
        let unlimited = Limits {
            high_water: u32::MAX,
            limit: u32::MAX,
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
        net: &mut Net,
        _: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed {
        let then = Next::ReadMore;
        let Some(end) = input.iter().rposition(|byte| *byte == b'\n') else {
            *searched = input.len();
            return Consumed {
                bytes: 0,
                next: then,
            };
        };
        let bytes = end + 1;
        for line in input[..bytes].split_inclusive(|byte| *byte == b'\n') {
            self.lines += 1;
            self.tell(net, line);
        }
        *searched = input.len() - bytes;
        Consumed { bytes, next: then }
    }

    fn handle_notice(&mut self, _: &mut Net, id: ConnId, notice: &Notice) {
        assert!(self.ports.contains_key(&id));
        self.secured += usize::from(matches!(notice, Notice::Secured(_)));
    }

    fn handle_lost(&mut self, _: &mut Net, _: ConnId, loss: &Loss) {
        panic!("nobody did anything wrong: {loss}");
    }
}

/// A client on the network, TLS of the library's other API on its side.
struct Guest {
    port: u16,
    peer: Peer,
    tls: ClientConnection,
    /// How much of what the peer read TLS has seen.
    seen: usize,
    heard: Vec<u8>,
    eof: bool,
}

impl Guest {
    /// Reads some, and sends what TLS wants to send.
    fn work(&mut self, random: &mut Random) {
        if self.eof {
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
        if self.peer.sees_end() && !self.eof && !self.peer.is_speaking() {
            // Only after close_notify is this an end, and no cut.
            let end = self.tls.reader().read(&mut part);
            assert_eq!(end.expect("close_notify came before the end"), 0);
            self.eof = true;
            self.peer.ends();
        }
    }
}

#[test]
fn faults_cost_no_member_of_a_tls_room_a_line() {
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
    let mut event_loop = EventLoop::new().unwrap();
    let farewell: Rc<[u8]> = b"full\n"[..].into();
    let listener = event_loop.net_mut().add_listener(network.gate(0), farewell);
    listener.unwrap();
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
                eof: false,
            }
        })
        .collect();
    let (mut said, mut over) = (0, false);
    for step in 0.. {
        assert!(step < STEPS, "it hangs: {:?}", event_loop.net().stats());
        if step > STEPS / 2 {
            network.calm_down();
        }
        event_loop.net_mut().hold_clock(Tick(step as u64));
        for guest in &mut guests {
            guest.work(&mut random);
            // A client in a handshake may still be shed, and its line would be lost.
            if said < 20 && random.percent(10) && !guest.tls.is_handshaking() {
                let line = vec![b'a' + said as u8; random.below(250)];
                guest.tls.writer().write_all(&line).unwrap();
                guest.tls.writer().write_all(b"\n").unwrap();
                said += 1;
            }
        }
        network.pass(event_loop.net_mut());
        event_loop
            .turn(&mut room, Some(std::time::Duration::ZERO))
            .unwrap();
        let net = event_loop.net_mut();
        check_invariants(net);
        guests.retain(|guest| !guest.peer.was_shed());
        if !over && said == 20 && room.lines == 20 && room.secured == guests.len() {
            over = true;
            room.tell(net, b"bye\n");
            for id in std::mem::take(&mut room.here) {
                net.close(id);
            }
        }
        if guests.iter().all(|guest| guest.eof) && net.connection_count() == 0 {
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
