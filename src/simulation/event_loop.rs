//! A fault test of the loop alone: a crowd that relays lines over a network that misbehaves, drawn from a seed.
//!
//! Whatever the network does, each reader hears a prefix of what was sent to it, in order; those that behave hear all of it
//! and are heard; and when everyone has gone the loop owns nothing and sleeps. `MADANG_SEED` plays one run again.

use crate::net::tests::test_loop::check_invariants;
use crate::net::{ConnId, Consumed, EventLoop, Handler, Limits, Loss, Net, Next, Phase, Tick};
use crate::simulation::network::{Network, Peer, Random};
use std::{collections::BTreeMap, net::SocketAddr, panic, rc::Rc, time::Duration};

const RUNS: u64 = 300;

/// Nothing takes longer than this; a loop that hangs or spins does.
const STEPS: usize = 60_000;

const FAREWELL: &[u8] = b"full\n";

/// How a guest behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manners {
    /// Says all its lines, hears everything, answers our end of stream with its own.
    Polite,
    /// Ends its stream after its last line, and goes on hearing.
    HalfCloser,
    /// Goes without a word.
    Resetter,
    /// Reads nothing.
    Deaf,
    /// Goes on talking until it has read our end of stream, and a little longer.
    Chatterbox,
}

struct Guest {
    port: u16,
    manners: Manners,
    peer: Peer,
    /// All it wants to say, and what of that it has not said.
    text: Vec<u8>,
    unsaid: Vec<u8>,
    gone: bool,
}

/// The relay, and what it remembers in order to judge.
#[derive(Default)]
struct Relay {
    here: BTreeMap<ConnId, u16>,
    /// What was queued for each guest (by its port), and each guest's lines as they were heard.
    sent: BTreeMap<u16, Vec<u8>>,
    heard: BTreeMap<u16, Vec<u8>>,
    lines_at_once: usize,
    rest: Option<Duration>,
    limits: Option<Limits>,
    deaf: Vec<u16>,
    over: bool,
}

impl Relay {
    fn relay(&mut self, net: &mut Net, from: u16, line: &[u8]) {
        self.heard.entry(from).or_default().extend_from_slice(line);
        let chunk: Rc<[u8]> = line.into();
        for (id, port) in &self.here {
            if net.phase(*id) == Phase::Open {
                net.send(*id, &chunk);
                self.sent.entry(*port).or_default().extend_from_slice(line);
            }
        }
    }
}

impl Handler for Relay {
    fn handle_accept(&mut self, net: &mut Net, _: ConnId, id: ConnId, peer: SocketAddr) {
        let unlimited = Limits {
            high_water: u32::MAX,
            limit: u32::MAX,
        };
        let mut limits = self.limits.unwrap_or(unlimited);
        if self.deaf.contains(&peer.port()) {
            limits.limit = 200;
        }
        net.set_limits(id, limits);
        net.set_deadline(id, net.now().after(Duration::from_secs(60)));
        assert!(self.here.insert(id, peer.port()).is_none());
        self.sent.insert(peer.port(), Vec::new());
        if self.over {
            net.close(id);
        }
    }

    fn handle_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed {
        let from = self.here[&id];
        let mut bytes = 0;
        for _ in 0..self.lines_at_once {
            let start = bytes + *searched;
            let Some(length) = input[start..].iter().position(|byte| *byte == b'\n') else {
                *searched = input.len() - bytes;
                let then = Next::ReadMore;
                return Consumed { bytes, next: then };
            };
            let end = start + length + 1;
            self.relay(net, from, &input[bytes..end]);
            (bytes, *searched) = (end, 0);
        }
        let then = match self.rest {
            Some(rest) => Next::PauseUntil(net.now().after(rest)),
            None => Next::Yield,
        };
        Consumed { bytes, next: then }
    }

    fn handle_end(&mut self, net: &mut Net, id: ConnId) {
        net.close(id);
    }

    fn handle_lost(&mut self, _: &mut Net, id: ConnId, loss: &Loss) {
        assert!(self.here.contains_key(&id), "{loss} after the end");
    }

    fn handle_deadline(&mut self, net: &mut Net, id: ConnId) {
        net.set_deadline(id, net.now().after(Duration::from_secs(60)));
    }

    fn handle_reaped(&mut self, _: &mut Net, id: ConnId) {
        let port = self.here.remove(&id);
        assert!(port.is_some(), "reaped twice");
    }
}

#[test]
fn faults_cost_no_peer_more_than_the_end_of_its_stream() {
    let given = std::env::var("MADANG_SEED").ok();
    let seeds = match given.map(|seed| seed.parse().expect("MADANG_SEED is a number")) {
        Some(seed) => seed..seed + 1,
        None => 0..RUNS,
    };
    for seed in seeds {
        let played = panic::catch_unwind(|| run(seed));
        assert!(played.is_ok(), "play it again with MADANG_SEED={seed}");
    }
}

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let network = Network::new(Random::new(random.next()));
    let mut event_loop = EventLoop::new().unwrap();
    event_loop.net_mut().hold_clock(Tick(0));
    let gate = network.gate(0);
    event_loop
        .net_mut()
        .add_listener(gate, FAREWELL.into())
        .unwrap();
    let mut relay = Relay {
        lines_at_once: [1, 2, usize::MAX][random.below(3)],
        rest: [None, Some(Duration::from_millis(20))][random.below(2)],
        limits: [None, Some(0), Some(50)][random.below(3)].map(|high_water| Limits {
            high_water,
            limit: u32::MAX,
        }),
        ..Relay::default()
    };
    let mut guests = invite(&mut random, &network, &mut relay);
    let patience = random.below(400);
    for step in 0.. {
        assert!(step < STEPS, "it does not come to an end: {guests:?}");
        for guest in &mut guests {
            guest.act(&mut random, relay.over);
        }
        let net = event_loop.net_mut();
        let quiet = !network.pass(net) && guests.iter().all(Guest::is_quiet);
        if quiet || random.percent(1) {
            net.hold_clock(Tick(net.now().0 + if quiet { 10 } else { 1 }));
        }
        event_loop.turn(&mut relay, Some(Duration::ZERO)).unwrap();
        let net = event_loop.net_mut();
        check_invariants(net);
        for guest in &guests {
            guest.check_prefix(&relay);
        }
        if step > patience && !relay.over && guests.iter().all(|guest| guest.is_heard(&relay)) {
            // The server shuts down: everyone is owed what is queued, and our end of stream.
            relay.over = true;
            for id in relay.here.keys() {
                net.close(*id);
            }
        }
        if relay.over && net.connection_count() == 0 && guests.iter().all(Guest::is_done) {
            break;
        }
    }
    for guest in &guests {
        guest.check_end(&relay);
    }
    network.calm_down();
    for _ in 0..10 {
        network.pass(event_loop.net_mut());
        event_loop.turn(&mut relay, Some(Duration::ZERO)).unwrap();
    }
    let net = event_loop.net();
    assert!(!net.has_work(), "nobody is here and there is work");
    assert_eq!(net.buffers().bytes(), 0);
    assert!(relay.here.is_empty());
    let rests = net.stats().rests > 0;
    assert!(
        rests || net.nearest_deadline().is_none(),
        "nobody is here to be reminded of"
    );
}

fn invite(random: &mut Random, network: &Network, relay: &mut Relay) -> Vec<Guest> {
    use Manners::*;
    let mut guests = Vec::new();
    for port in 1000..1002 + random.below(8) as u16 {
        let manners = [Polite, Polite, HalfCloser, Resetter, Deaf, Chatterbox][random.below(6)];
        if manners == Deaf {
            relay.deaf.push(port);
        }
        let mut text = Vec::new();
        for line in 0..random.below(15) {
            let filler = "x".repeat(random.below(30));
            text.extend(format!("{port} {line} {filler}\n").bytes());
        }
        guests.push(Guest {
            port,
            manners,
            peer: network.call(0, ([192, 0, 2, 1], port).into()),
            unsaid: text.clone(),
            text,
            gone: false,
        });
    }
    guests
}

impl Guest {
    /// Does one thing, or nothing.
    fn act(&mut self, random: &mut Random, over: bool) {
        if self.gone {
            return;
        }
        if self.hears() && random.percent(50) {
            self.peer.reads(1 + random.below(200));
        }
        if !self.unsaid.is_empty() && random.percent(30) {
            let count = 1 + random.below(self.unsaid.len());
            let said: Vec<u8> = self.unsaid.drain(..count).collect();
            self.peer.sends(&said);
        }
        let (silent, eof) = (self.unsaid.is_empty(), self.peer.sees_end());
        match self.manners {
            Manners::HalfCloser if silent && random.percent(20) => {
                self.peer.ends();
                self.gone = eof;
            }
            Manners::Resetter if random.percent(1) => {
                self.peer.resets(random);
                self.gone = true;
            }
            Manners::Polite if eof => self.leave(),
            Manners::Chatterbox if eof && random.percent(20) => self.leave(),
            Manners::Chatterbox if over && silent && !self.peer.is_speaking() => {
                self.peer.sends(b"and another thing\n")
            }
            _ => {}
        }
    }

    fn leave(&mut self) {
        self.unsaid.clear();
        self.peer.ends();
        self.gone = true;
    }

    fn hears(&self) -> bool {
        self.manners != Manners::Deaf
    }

    /// Whether it waits for others to act, or for time to pass.
    fn is_quiet(&self) -> bool {
        let said = self.unsaid.is_empty();
        self.gone || (said && (!self.hears() || !self.peer.has_mail()))
    }

    /// Whether it behaves so well that it may expect everything.
    fn is_polite(&self) -> bool {
        !matches!(self.manners, Manners::Deaf | Manners::Resetter)
    }

    fn is_done(&self) -> bool {
        self.gone || !self.is_polite()
    }

    /// Whether all it wants to say was heard, if it has a right to that.
    fn is_heard(&self, relay: &Relay) -> bool {
        let heard = relay.heard.get(&self.port).map_or(&[][..], |heard| heard);
        let turned_away = self.gone && !relay.sent.contains_key(&self.port);
        heard.starts_with(&self.text) || !self.is_polite() || turned_away
    }

    fn check_prefix(&self, relay: &Relay) {
        let sent = relay.sent.get(&self.port).map_or(FAREWELL, |sent| sent);
        assert!(
            sent.starts_with(self.peer.heard()),
            "{self:?} was sent {sent:?}"
        );
    }

    fn check_end(&self, relay: &Relay) {
        let Some(sent) = relay.sent.get(&self.port).filter(|_| self.is_polite()) else {
            return;
        };
        assert!(!self.peer.was_reset(), "{self:?}");
        assert_eq!(self.peer.heard().len(), sent.len(), "{self:?}");
        assert!(self.is_heard(relay), "{self:?}");
    }
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            port,
            manners,
            unsaid,
            gone,
            ..
        } = self;
        let (unsaid, heard) = (unsaid.len(), self.peer.heard().len());
        write!(
            f,
            "{port} ({manners:?}, {unsaid} unsaid, {heard} heard, gone: {gone})"
        )
    }
}
