//! The fault swarm: the whole server, stepped turn by turn over a network that misbehaves, with everything drawn from
//! a seed.
//!
//! Clients talk, rename, come and go with good manners and bad ones. Each checks what it receives against a model
//! (`oracle`), and the results of all are compared with each other and with the hub (`checks`). Between two turns the
//! server's state must be consistent, and when all clients have gone none of it is left. Time stands still but for jumps
//! to the next deadline. Every run is bounded in steps, so a server that hangs or spins fails.
//!
//! `MADANG_SEED=n cargo test swarm` plays one run again.

mod checks;
mod client;
mod echo_client;
mod oracle;
mod plan;
mod script;
mod texts;
mod ws_client;

use crate::server::{Server, State};
use crate::{
    chat::WallTime,
    net::{Phase, Tick},
    simulation::network::{self, Network, Random},
};
use client::{Client, Cue, ROUNDS};
use echo_client::EchoClient;
use plan::{Family, GATES, Plan};
use std::{panic, time::Duration};
use ws_client::WsClient;

/// Runs of each family.
const RUNS: u64 = 800;

/// Runs that are played twice.
const TWICE: u64 = 15;

/// The time of day when a run begins: in November 2023.
const WALL_MS: i64 = 1_700_000_000_000;

/// No run takes so many steps; one that hangs does.
const STEPS: usize = 60_000;

const FAMILIES: [Family; 3] = [Family::Calm, Family::Tight, Family::Rough];

#[test]
fn a_client_that_reads_receives_everything_in_order() {
    play(Family::Calm);
}

#[test]
fn a_client_that_is_closed_costs_the_others_nothing() {
    play(Family::Tight);
}

#[test]
fn every_client_gets_the_farewell_when_the_server_stops() {
    play(Family::Rough);
}

#[test]
fn a_seed_gives_the_same_run_each_time() {
    for seed in 0..TWICE {
        for family in FAMILIES {
            let seed = seed_of(family, seed);
            assert!(run(family, seed) == run(family, seed), "seed {seed}");
        }
    }
}

/// Families do not share seeds, so that one number plays one run again.
fn seed_of(family: Family, run: u64) -> u64 {
    FAMILIES.len() as u64 * run + family as u64
}

fn play(family: Family) {
    let given = std::env::var("MADANG_SEED").ok();
    let given: Option<u64> = given.map(|seed| seed.parse().expect("MADANG_SEED is a number"));
    let runs = match given {
        Some(seed) => seed / FAMILIES.len() as u64..1 + seed / FAMILIES.len() as u64,
        None => 0..RUNS,
    };
    let mut ends = Vec::new();
    for seed in runs.map(|run| seed_of(family, run)) {
        if given.is_some_and(|given| given != seed) {
            continue;
        }
        match panic::catch_unwind(|| run(family, seed)) {
            Ok(mut account) => ends.append(&mut account.ends),
            Err(_) => panic!("play it again with MADANG_SEED={seed}"),
        }
    }
    for end in family.ends() {
        let met = ends.iter().any(|met| met.contains(end));
        assert!(met || given.is_some(), "no run had this end: {end}");
    }
}

/// The outcome of a run.
#[derive(PartialEq)]
struct Outcome {
    /// All bytes that each client received.
    heard: Vec<Vec<u8>>,
    /// The steps of the run and the counts of the loop.
    fared: String,
    /// The farewells that clients received, and other ends of the run.
    ends: Vec<String>,
}

/// Everything of one run.
struct Swarm {
    random: Random,
    /// For setting the wall clock. Apart from the other, so that it changes nothing else.
    clock_setter: Random,
    network: Network,
    server: Server,
    plan: Plan,
    clients: Vec<Client>,
    echo_clients: Vec<EchoClient>,
    ws_clients: Vec<WsClient>,
    cue: Cue,
    accepted_at_stop: u64,
    /// Nothing was under way in the last step.
    quiet: bool,
}

/// Plays one run.
fn run(family: Family, seed: u64) -> Outcome {
    let mut swarm = Swarm::new(family, seed);
    while !swarm.is_over() {
        assert!(
            swarm.cue.step < STEPS,
            "no end: {:#?} {:#?}",
            swarm.clients,
            swarm.ws_clients
        );
        swarm.step();
        swarm.check();
    }
    swarm.check_ends();
    swarm.check_emptiness();
    swarm.account()
}

impl Swarm {
    fn new(family: Family, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::draw(family, &mut random);
        let network = Network::new(Random::new(random.next()));
        network.set_room(plan.room);
        let mut server = Server::new(plan.config.clone()).expect("a poll");
        server.event_loop.net_mut().hold_clock(Tick(1000));
        server
            .connections
            .shared
            .wall_clock
            .hold(WallTime::from_unix_ms(WALL_MS));
        if let Some(limits) = plan.limits {
            server.connections.shared.settings.chat = limits;
        }
        for (number, scheme) in GATES.into_iter().enumerate() {
            let gate = network.gate(number);
            server.listen_to(gate, scheme).expect("registered");
        }
        let client = |number| Client::new(number, &plan, &mut random);
        let clients = (0..plan.clients).map(client).collect();
        let echo = |number| EchoClient::new(number, plan.room, &mut random, &network);
        let echo_clients = (0..plan.echo_clients).map(echo).collect();
        let ws_client = |number| WsClient::new(number, plan.lines, &mut random, &network);
        let ws_clients = (0..plan.ws_clients).map(ws_client).collect();
        Self {
            random,
            clock_setter: Random::new(seed),
            network,
            server,
            plan,
            clients,
            echo_clients,
            ws_clients,
            cue: Cue {
                step: 0,
                round: 0,
                stopped: false,
            },
            accepted_at_stop: 0,
            quiet: false,
        }
    }

    /// Each client acts, the network passes some of the bytes on, time may move, and the server takes a turn.
    fn step(&mut self) {
        self.cue.step += 1;
        let (random, cue) = (&mut self.random, self.cue);
        for client in &mut self.clients {
            client.act(random, &self.network, cue);
        }
        for echo in &mut self.echo_clients {
            echo.act(random);
        }
        for ws_client in &mut self.ws_clients {
            ws_client.act(random);
        }
        let net = self.server.event_loop.net_mut();
        let busy = net.has_work();
        let moved = self.network.pass(net);
        self.quiet = !(busy || moved)
            && self.clients.iter().all(|client| client.is_quiet(cue))
            && self.echo_clients.iter().all(EchoClient::is_quiet)
            && self.ws_clients.iter().all(WsClient::is_quiet);
        if self.plan.stop_at == Some(cue.step) {
            self.stop();
        } else if !(self.quiet && self.play_on()) {
            self.move_time();
        }
        let state = self.server.turn(Some(Duration::ZERO)).expect("poll");
        let gone = self.server.event_loop.net().connection_count() == 0;
        match (self.cue.stopped, gone) {
            (false, _) => assert_eq!(state, State::Running),
            (true, true) => assert_eq!(state, State::Stopped),
            // In a run with fast time a stop may end before all output is sent.
            (true, false) => {}
        }
    }

    /// Nothing is under way: begins the next round if all have come to the end of one.
    fn play_on(&mut self) -> bool {
        let Cue { round, stopped, .. } = self.cue;
        let ended = self.clients.iter().all(|client| client.is_in_step(round));
        if stopped || !ended || round == ROUNDS {
            return false;
        }
        self.cue.round += 1;
        if self.cue.round == ROUNDS {
            self.check_agreement();
        }
        true
    }

    /// Time stands still while anything is under way, but for a little, and in some runs for a lot.
    fn move_time(&mut self) {
        if self.clock_setter.percent(2) {
            // To any time within a year of the first, forwards or back: no deadline may change by it.
            let hours = self.clock_setter.below(2 * 365 * 24) as i64 - 365 * 24;
            let wall = WallTime::from_unix_ms(WALL_MS + hours * 3_600_000);
            self.server.connections.shared.wall_clock.hold(wall);
        }
        let net = self.server.event_loop.net_mut();
        let now = net.now();
        if self.quiet || self.random.below(1000) < self.plan.hurry {
            let next = net.nearest_deadline().unwrap_or(now);
            net.hold_clock(next.max(now));
        } else if self.random.percent(1) {
            net.hold_clock(Tick(now.0 + 1));
        }
    }

    fn stop(&mut self) {
        for (id, session) in self.server.connections.sessions.iter() {
            let open = self.server.event_loop.net().phase(id) == Phase::Open;
            let peer = session.client.peer.to_string();
            let is_at = |client: &&mut Client| Client::address(client.number).to_string() == peer;
            if let Some(client) = self.clients.iter_mut().find(is_at) {
                client.owed_farewell = open && !client.is_leaving();
            }
        }
        self.server.stop();
        self.cue.stopped = true;
        self.accepted_at_stop = self.server.stats().accepted;
    }

    fn is_over(&self) -> bool {
        let cue = self.cue;
        self.server.event_loop.net().connection_count() == 0
            && self.clients.iter().all(|client| client.is_done(cue))
            && self.echo_clients.iter().all(|echo| echo.is_done(cue))
            && self
                .ws_clients
                .iter()
                .all(|ws_client| ws_client.is_done(cue))
    }

    /// When all clients have gone, nothing is left of them.
    fn check_emptiness(&mut self) {
        self.network.calm_down();
        let server = &mut self.server;
        // A listener may still be resting.
        for _ in 0..20 {
            self.network.pass(server.event_loop.net_mut());
            if let Some(next) = server.event_loop.net().nearest_deadline() {
                server.event_loop.net_mut().hold_clock(next);
            }
            server.turn(Some(Duration::ZERO)).expect("poll");
        }
        network::check_at_rest(server.event_loop.net());
        let connections = &server.connections;
        connections.shared.hub.check_invariants();
        assert_eq!(connections.shared.hub.user_count(), 0, "users");
        assert_eq!(connections.shared.hub.room_count(), 0, "rooms");
        assert_eq!(connections.sessions.iter().count(), 0, "sessions");
        assert_eq!(connections.shared.routes.count(), 0, "routes");
        assert!(
            connections
                .shared
                .limits
                .admission
                .counts()
                .next()
                .is_none(),
            "{:?}",
            connections.shared.limits.admission
        );
        let ended: u64 = server.closes().map(|(_, count)| count).sum();
        let stats = server.stats();
        assert_eq!(ended, stats.accepted + stats.shed, "ends with a reason");
        if self.cue.stopped {
            assert!(connections.listeners.is_empty(), "listeners");
            let accepted = server.stats().accepted;
            assert_eq!(accepted, self.accepted_at_stop, "accepted after the stop");
        }
    }

    fn account(&self) -> Outcome {
        let stats = self.server.stats();
        let clients = self
            .clients
            .iter()
            .filter_map(|client| client.peer.as_ref());
        let clients = clients.map(|peer| peer.heard().to_vec());
        let echo_clients = self.echo_clients.iter().map(|echo| echo.heard().to_vec());
        let ws_clients = self.ws_clients.iter().map(WsClient::account);
        let farewells = self.ws_clients.iter().filter_map(WsClient::farewell);
        let mut ends: Vec<String> = self.clients.iter().filter_map(Client::farewell).collect();
        ends.extend(farewells);
        let counted = [
            ("agreement", u64::from(self.cue.round == ROUNDS)),
            ("shed", stats.shed),
            ("rest", stats.rests),
            ("over the ceiling", stats.over_ceiling),
        ];
        let counted = counted.iter().filter(|(_, count)| *count > 0);
        ends.extend(counted.map(|(end, _)| (*end).to_owned()));
        Outcome {
            heard: clients.chain(echo_clients).chain(ws_clients).collect(),
            fared: format!("{:?} {stats:?}", self.cue),
            ends,
        }
    }
}
